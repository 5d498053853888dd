//! What the npm package calls: strings in, plain objects out.

use js_sys::JSON;
use wasm_bindgen::prelude::*;

use crate::receipt::ReceiptNumber;
use crate::status;
use crate::time::UnixSeconds;
use crate::webhook::{Scheme, Secret, Verifier};

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

/// Verifies webhooks by one scheme with one secret, or two while it rotates.
#[wasm_bindgen(js_name = WebhookVerifier)]
#[derive(Debug)]
pub struct WebhookVerifier(Verifier);

#[wasm_bindgen(js_class = WebhookVerifier)]
impl WebhookVerifier {
    /// `scheme` and `header` as `WEBHOOK_SCHEME` and `WEBHOOK_HEADER` name them. Throws a sentence where
    /// one of them or a secret cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        scheme: &str,
        header: Option<String>,
        secret: &str,
        previous: Option<String>,
    ) -> Result<Self, JsError> {
        let scheme = Scheme::parse(scheme, header.as_deref())?;
        let previous = previous.map(|secret| Secret::parse(&secret)).transpose()?;
        let secret = Secret::parse(secret)?;
        Ok(Self(Verifier::new(scheme, &secret, previous.as_ref())?))
    }

    /// Why a webhook is not authentic, in a sentence; `undefined` where it is. `headers` are names and
    /// values by turns, a line each; `body` the raw bytes; `now` milliseconds since 1970.
    pub fn verify(&self, headers: &str, body: &[u8], now: f64) -> Option<String> {
        let mut lines = headers.split('\n');
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
            pairs.push((name, value));
        }
        let now = UnixSeconds::from_millis(now);
        let verified = self.0.verify_at(pairs.as_slice(), body, now);
        verified.err().map(|reason| reason.to_string())
    }
}

/// A plain object of JavaScript.
fn object(value: &impl serde::Serialize) -> JsValue {
    let json = serde_json::to_string(value).unwrap_or_default();
    JSON::parse(&json).unwrap_or(JsValue::UNDEFINED)
}
