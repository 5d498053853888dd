//! What the relay asks of Rust: how a delivery is signed, and what came of it. `relay.js` carries it out;
//! `store.rs` is the Durable Object that knows of all cases together.

mod store;

use crate::edge::glue::Env;
use js_sys::Array as JsArray;
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use super::config::{self, Config};
use super::observe;
use crate::json::{self, Array};
use crate::outbox::{Attempt, TIMEOUT, Verdict};
use crate::problem::{Code, Problem};
use crate::retry::retry_after;
use crate::time::UnixSeconds;
use crate::webhook::{Event, Subscriber};

/// One attempt, signed now: the url, its hash, names and values of the headers by turns, a line each, and how
/// many milliseconds the endpoint has.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn attempt(env: &Env, endpoint: &str, id: &str, body: &str) -> Result<JsArray, JsValue> {
    let config = config::of(env).map_err(|problem| problem.code.id())?;
    let subscriber = config
        .subscriber(endpoint)
        .ok_or("there is no such endpoint")?;
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let signed = subscriber.signer.headers(id, now, body.as_bytes());
    let mut headers = "content-type\napplication/json\nuser-agent\ntorch-edge".to_owned();
    for (name, value) in signed.map_err(|error| error.to_string())? {
        headers.push_str(&format!("\n{name}\n{value}"));
    }
    let patience = TIMEOUT.saturating_mul(1000) as f64;
    Ok(JsArray::of4(
        &subscriber.endpoint.as_str().into(),
        &url_hash(subscriber).into(),
        &headers.into(),
        &patience.into(),
    ))
}

/// What came of an attempt: `delivered`, `gone` or `failed`; a stable word for it; and the Retry-After in
/// seconds, a line each.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn verdict(status: Option<u16>, trouble: Option<String>, field: Option<String>) -> String {
    let attempt = match (status, trouble.as_deref()) {
        (Some(status), _) => Attempt::Answered(status),
        (None, Some("timeout")) => Attempt::TimedOut,
        (None, _) => Attempt::Unreachable,
    };
    let kind = match attempt.verdict() {
        Verdict::Delivered => "delivered",
        Verdict::Gone => "gone",
        Verdict::Failed => "failed",
    };
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let wait = field.and_then(|field| retry_after(&field, now));
    let wait = wait.map(|wait| wait.to_string()).unwrap_or_default();
    format!("{kind}\n{}\n{wait}", attempt.id())
}

/// What tells an endpoint's url from the one that it had before: another one is tried again.
pub(super) fn url_hash(subscriber: &Subscriber) -> String {
    let mut digits = hex::encode(Sha256::digest(subscriber.endpoint.as_str().as_bytes()));
    digits.truncate(16);
    digits
}

/// What the store keeps of an event that names no case: what it is told from others by, its type, and the
/// whole.
pub(super) fn unrouted(event: &Event<'_>, message_id: Option<&str>) -> String {
    let hash = || hex::encode(Sha256::digest(event.as_str().as_bytes()));
    let identity = event.id.as_deref().or(message_id);
    let identity = identity.map_or_else(hash, str::to_owned);
    let values = Array::new().text(&identity).text(&event.event_type);
    values.text(event.as_str()).end()
}

/// The endpoints as the store is told of them for its list: name, host, whether it is paused, and the hash
/// of its url. Not the url: its path may be a secret.
pub(super) fn endpoints(config: &Config) -> String {
    let endpoints = config
        .subscribers
        .iter()
        .fold(Array::new(), |endpoints, one| {
            let paused = if one.paused { "true" } else { "false" };
            let endpoint = Array::new().text(&one.name).text(one.endpoint.host());
            endpoints.raw(&endpoint.raw(paused).text(&url_hash(one)).end())
        });
    endpoints.end()
}

/// Which dead letters a request wants to be replayed: id, endpoint, since and until, as the store takes
/// them. Each that is there narrows it down.
pub(super) fn which(config: &Config, body: &[u8]) -> Result<String, Problem> {
    let wrong = || {
        Problem::new(
            Code::BodyMalformed,
            r#"Say in JSON which dead letters to replay, by one or more of {"id":"msg_…","endpoint":"firm","since":"2026-01-15T14:00:00Z","until":"2026-01-15T18:00:00Z"}."#,
        )
    };
    let text = str::from_utf8(body).map_err(|_| wrong())?;
    let mut values = ["id", "endpoint", "since", "until"].map(|name| (name, None));
    for (name, value) in json::object(text).map_err(|_| wrong())? {
        let value = json::string(value).map_err(|_| wrong())?;
        let place = values.iter_mut().find(|(known, _)| *known == name);
        let (name, place) = place.ok_or_else(wrong)?;
        let value = match *name {
            "id" => observe::quoted(&value),
            "endpoint" if config.subscriber(&value).is_some() => observe::quoted(&value),
            "endpoint" => {
                let detail = "SUBSCRIBERS has no endpoint of this name.";
                return Err(Problem::new(Code::BodyMalformed, detail));
            }
            _ => {
                let moment = UnixSeconds::from_rfc3339(&value).ok_or_else(wrong)?;
                moment.0.to_string()
            }
        };
        *place = Some(value);
    }
    if values.iter().all(|(_, value)| value.is_none()) {
        return Err(wrong());
    }
    let array = values.iter().fold(Array::new(), |array, (_, value)| {
        array.raw(value.as_deref().unwrap_or("null"))
    });
    Ok(array.end())
}
