//! The fast lane: a plain read of one case that is fresh, with as few steps between the runtime and
//! Rust as there can be. What it does not answer takes the long way, which can do all that this does
//! and everything else; so here `undefined` is never wrong, only slower.

use wasm_bindgen::JsValue;

use super::access::{self, Client, Scope};
use super::route::Head;
use super::store::{self, Remembered, Stored};
use super::{config, respond, tally};
use crate::entry::{self, Kind};
use crate::freshness::{Verdict, decide};
use crate::http::Validators;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The answer, from what this isolate remembers; or the KV key to look under, for [`read`]; or
/// `undefined`. Needs no promise.
pub(super) fn open(packed: &str, now: UnixSeconds) -> JsValue {
    let head = Head::read(packed);
    let Some(receipt) = head.plain().filter(|_| !tally::is_due(now)) else {
        return JsValue::UNDEFINED;
    };
    let known = config::with(|config| {
        let client = access::admit(&config.clients, head.authorization, Scope::Read).ok()?;
        Some(match store::remembered(receipt, now) {
            Remembered::Stored(stored) => answer(&head, client, receipt, &stored, now),
            Remembered::Missing => JsValue::UNDEFINED,
            Remembered::Nothing => entry::key(receipt).into(),
        })
    });
    known.flatten().unwrap_or_default()
}

/// The second half, with what KV holds under the key that [`open`] gave: the answer or `undefined`.
/// Whatever KV holds is remembered, so that the long way need not look again.
pub(super) fn read(packed: &str, value: &JsValue, now: UnixSeconds) -> JsValue {
    let head = Head::read(packed);
    let Some((receipt, stored)) = head
        .plain()
        .and_then(|receipt| Some((receipt, store::take(receipt, value, now)?)))
    else {
        return JsValue::UNDEFINED;
    };
    let known = config::with(|config| {
        let client = access::admit(&config.clients, head.authorization, Scope::Read).ok()?;
        Some(answer(&head, client, receipt, &stored, now))
    });
    known.flatten().unwrap_or_default()
}

fn answer(
    head: &Head<'_>,
    (index, client): (usize, &Client),
    receipt: ReceiptNumber,
    stored: &Stored,
    now: UnixSeconds,
) -> JsValue {
    let meta = &stored.meta;
    let fresh = meta.kind == Kind::Found && meta.current_taxonomy && meta.window.ttl(now) > 0;
    let served = decide(Some(&meta.window), &head.directives, now) == Verdict::Serve;
    if !fresh || !served || head.validators != Validators::default() {
        return JsValue::UNDEFINED;
    }
    // Of a packet the long way tells.
    if client.fills_packet(now) {
        return JsValue::UNDEFINED;
    }
    // Counted only here: the long way counts for itself.
    let allowance = client.count(now);
    if allowance.exceeded {
        return JsValue::UNDEFINED;
    }
    tally::hit(receipt, now);
    respond::hit(stored, allowance, index, now).into()
}
