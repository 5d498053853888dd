//! What the npm package calls: strings in, plain objects out.

use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::receipt::ReceiptNumber;
use crate::status;

/// Reads a receipt number as people type it: `{ ok: true, receipt, masked }`, or
/// `{ ok: false, error, position }`. It never throws.
#[wasm_bindgen(js_name = parseReceipt)]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn parse_receipt(text: &str) -> JsValue {
    #[derive(serde::Serialize)]
    #[serde(untagged)]
    enum Parsed {
        Receipt {
            ok: bool,
            receipt: ReceiptNumber,
            masked: String,
        },
        Error {
            ok: bool,
            error: String,
            position: usize,
        },
    }
    object(&match text.parse::<ReceiptNumber>() {
        Ok(receipt) => Parsed::Receipt {
            ok: true,
            receipt,
            masked: receipt.to_string(),
        },
        Err(error) => Parsed::Error {
            ok: false,
            error: error.to_string(),
            position: error.position(),
        },
    })
}

/// What a status text means: the object that the proxy puts under `normalized`.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn normalize(status_text: &str, status_category: Option<String>) -> JsValue {
    object(&status::normalize(status_text, status_category.as_deref()))
}

/// A plain object of JavaScript.
fn object(value: &impl serde::Serialize) -> JsValue {
    let json = serde_json::to_string(value).unwrap_or_default();
    JSON::parse(&json).unwrap_or(JsValue::UNDEFINED)
}
