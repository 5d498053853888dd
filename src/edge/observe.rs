//! What the operator sees: one JSON line for each thing worth telling, with nothing secret in it.

use std::fmt::Display;

use wasm_bindgen::{JsCast, JsValue};

pub(super) use crate::json::quoted;
use crate::reply::Reply;

/// One line at the level of a warning. Receipts display masked.
pub(super) fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    web_sys::console::warn_1(&line("warn", message, fields).into());
}

/// One line at the level of an error: somebody has to do something.
pub(super) fn error(message: &str, fields: &[(&str, &dyn Display)]) {
    web_sys::console::error_1(&line("error", message, fields).into());
}

fn line(level: &str, message: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut line = format!("{{\"level\":\"{level}\",\"message\":{}", quoted(message));
    for (name, value) in fields {
        line.push_str(&format!(",\"{name}\":{}", quoted(&value.to_string())));
    }
    line.push('}');
    line
}

/// What a call of Torch came to, where that is worth telling.
pub(super) fn reply<A>(reply: &Reply<A>) {
    match reply {
        Reply::KeyRefused { status } => error("Torch refuses a key", &[("status", status)]),
        Reply::Limited { .. } => warn("Torch's rate limit is reached", &[]),
        Reply::Rejected { problem, status } if *status != 404 => error(
            "Torch rejects a request",
            &[("status", status), ("code", &problem.code.id())],
        ),
        Reply::Failed {
            status: Some(status),
            problem,
            ..
        } => error(
            "Torch failed",
            &[("status", status), ("code", &problem.code.id())],
        ),
        // That there was no answer at all was told where it was seen.
        Reply::Cases(_) | Reply::Rejected { .. } | Reply::Failed { .. } => {}
    }
}

/// What a JavaScript error says.
pub(super) fn says(error: &JsValue) -> String {
    let known = error.dyn_ref::<js_sys::Error>();
    known
        .map(|error| String::from(error.message()))
        .unwrap_or_default()
}
