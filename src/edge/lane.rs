//! The fast lane: a plain read of one case that is fresh, with as few steps between the runtime and
//! Rust as there can be. What it does not answer takes the long way, which can do all that this does
//! and everything else; so here `undefined` is never wrong, only slower.

use wasm_bindgen::JsValue;

use super::access::{self, Scope};
use super::route::Head;
use super::store::{self, Remembered, Stored};
use super::{config, respond};
use crate::entry::{self, Kind};
use crate::freshness::{Verdict, decide};
use crate::http::Validators;
use crate::time::UnixSeconds;

/// The answer, from what this isolate remembers; or the KV key to look under, for [`read`]; or
/// `undefined`. Needs no promise.
pub(super) fn open(packed: &str, now: UnixSeconds) -> JsValue {
    let head = Head::read(packed);
    let Some(receipt) = head.plain() else {
        return JsValue::UNDEFINED;
    };
    let admitted = config::with(|config| {
        access::admit(&config.clients, head.authorization, Scope::Read).is_ok()
    });
    if admitted != Some(true) {
        return JsValue::UNDEFINED;
    }
    match store::remembered(receipt, now) {
        Remembered::Stored(stored) => answer(&head, &stored, now),
        Remembered::Missing => JsValue::UNDEFINED,
        Remembered::Nothing => entry::key(receipt).into(),
    }
}

/// The answer, from what KV holds for a request that [`open`] let in; or `undefined`. Whatever KV
/// holds is remembered, so that the long way need not look again.
pub(super) fn read(packed: &str, value: &JsValue, now: UnixSeconds) -> JsValue {
    let head = Head::read(packed);
    let stored = head
        .plain()
        .and_then(|receipt| store::take(receipt, value, now));
    stored.map_or(JsValue::UNDEFINED, |stored| answer(&head, &stored, now))
}

fn answer(head: &Head<'_>, stored: &Stored, now: UnixSeconds) -> JsValue {
    let meta = &stored.meta;
    let fresh = meta.kind == Kind::Found && meta.current_taxonomy && meta.window.ttl(now) > 0;
    let served = decide(Some(&meta.window), &head.directives, now) == Verdict::Serve;
    if fresh && served && head.validators == Validators::default() {
        respond::hit(stored, now).into()
    } else {
        JsValue::UNDEFINED
    }
}
