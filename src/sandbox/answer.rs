//! What goes back: a status, headers and bytes, and what the wire is to do with the bytes.
#![forbid(unsafe_code)]

use serde::Serialize;
use serde_json::json;

use super::fault::{BodyFault, Fault};

const JSON: &str = "application/json";

const ERROR_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>502 Bad Gateway</title></head>\
<body><center><h1>502 Bad Gateway</h1></center><hr><center>cloud-edge</center></body></html>\n";

/// An answer, before the platform's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) wire: Wire,
    /// How long it waits before its headers go out.
    pub(super) delay_ms: u32,
}

/// How the bytes go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// As they are.
    Whole,
    /// With their whole length promised, half of them, and then the connection breaks.
    Cut,
    /// With 26 MiB of padding after the first byte.
    Huge,
    /// Over 60 seconds.
    Slow,
}

impl Answer {
    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body,
            wire: Wire::Whole,
            delay_ms: 0,
        }
    }

    /// JSON of anything.
    pub(super) fn json(status: u16, value: &impl Serialize) -> Self {
        Self::new(status, JSON, serde_json::to_vec(value).unwrap_or_default())
    }

    /// An error, as the sandbox words it. `message` never quotes a key.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let error = match status {
            300..400 => "moved",
            400 => "bad_request",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            405 => "method_not_allowed",
            409 => "conflict",
            429 => "rate_limited",
            503 => "unavailable",
            504 => "timeout",
            _ => "server_error",
        };
        // Written by hand for the order of its two fields.
        let body = format!("{{\"error\":\"{error}\",\"message\":{}}}", json!(message));
        Self::new(status, JSON, body.into_bytes())
    }

    /// This answer with a header more.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self.headers.push((name, value));
        self
    }

    /// What is left of this answer when `fault` has happened to it.
    pub(super) fn marred(self, fault: &Fault) -> Self {
        let mut answer = match fault.status {
            Some(status) if status >= 400 => Self::error(status, "a fault that was asked for"),
            Some(status) => Self { status, ..self },
            None => self,
        };
        let status = fault.status.unwrap_or(200);
        match &fault.body {
            Some(BodyFault::Html) => {
                answer = Self::new(status, "text/html; charset=utf-8", ERROR_PAGE.into());
            }
            Some(BodyFault::Raw(text)) => {
                answer = Self::new(status, JSON, text.clone().into_bytes());
            }
            Some(BodyFault::ErrorInside) if fault.receipt.is_none() => {
                answer = Self::error(500, "the case could not be read");
                answer.status = status;
            }
            Some(BodyFault::Redirect) => {
                answer = Self::error(fault.status.unwrap_or(302), "moved").with(
                    "location",
                    "https://elsewhere.invalid/case-status".to_owned(),
                );
            }
            Some(BodyFault::NotUtf8) => answer.body = not_utf8(answer.body),
            Some(BodyFault::Cut) => answer.wire = Wire::Cut,
            Some(BodyFault::Huge) => answer.wire = Wire::Huge,
            Some(BodyFault::Slow) => answer.wire = Wire::Slow,
            // These are made where the records are.
            Some(BodyFault::WrongType | BodyFault::ErrorInside | BodyFault::WrongReceipt)
            | None => {}
        }
        if let Some(text) = &fault.retry_after {
            answer = answer.with("retry-after", text.clone());
        }
        answer.delay_ms = fault.delay_ms.unwrap_or(0);
        answer
    }
}

/// The bytes with two that no UTF-8 has, inside the first status text where there is one.
fn not_utf8(mut body: Vec<u8>) -> Vec<u8> {
    let before = b"\"status_text\":\"";
    let found = body.windows(before.len()).position(|part| part == before);
    let at = found.map_or(body.len(), |at| at.saturating_add(before.len()));
    body.splice(at..at, [0xC3, 0x28, 0xFF]);
    body
}
