//! The cache: KV, and this isolate's memory of it for a few seconds.

use std::cell::{Cell, RefCell};

use crate::edge::glue::Env;
use js_sys::futures::JsFuture;
use js_sys::{Array, JsString, Map, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::config::Config;
use super::glue::{self, Page};
use super::{bindings, observe};
use crate::entry::{self, Entry, Kind, Meta};
use crate::memo::Memo;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// How long this isolate answers from its own memory before it looks into KV again, in seconds.
const MEMO_SECONDS: i64 = 5;
/// That KV holds nothing is believed for a moment only.
const MISSING_SECONDS: i64 = 1;
const MEMO_ITEMS: usize = 4096;
/// In UTF-16 units, so 16 MB at most.
const MEMO_WEIGHT: usize = 8 * 1024 * 1024;
/// KV takes this many keys in one operation.
const BULK: usize = 100;
/// KV takes no shorter lifetime, in seconds.
const SHORTEST_TTL: i64 = 60;

#[wasm_bindgen]
extern "C" {
    /// The KV namespace `CASES`.
    #[derive(Clone)]
    pub(super) type Kv;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Kv, key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = get)]
    fn get_many(this: &Kv, keys: &Array) -> Result<Promise, JsValue>;
}

/// The namespace. That it is bound, the configuration has seen.
pub(super) fn kv(env: &Env) -> Kv {
    Reflect::get(env, &bindings::CASES.into())
        .unwrap_or_default()
        .unchecked_into()
}

/// An entry, read: what Rust needs to know of it, and the page that it makes.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) meta: Meta,
    pub(super) page: Page,
}

impl Stored {
    /// From an entry's line and its body; `None` where they are no entry (K10).
    fn new(line: &str, body: &JsString) -> Option<Self> {
        let meta: Meta = line.parse().ok()?;
        if usize::try_from(body.length()).ok()? != meta.length {
            return None;
        }
        let max_age = meta.window.lifetime();
        let modified = meta
            .last_status_at
            .map(|moment| moment.http_date().to_string())
            .unwrap_or_default();
        let values = format!(
            "private, max-age={max_age}\n\"{}\"\n{modified}",
            meta.etag.as_str()
        );
        Some(Self {
            meta,
            page: glue::page(&values, body),
        })
    }

    fn from_entry(text: &str) -> Option<Self> {
        let Entry { body, .. } = Entry::read(text).ok()?;
        let line = text.split_once('\n')?.0;
        Self::new(line, &JsString::from(body))
    }

    /// This, normalized by the taxonomy of this version where it was kept under another; `None` where
    /// that cannot be done. It is not written back: a newer answer may have been kept meanwhile.
    pub(super) fn renewed(self, config: &Config) -> Option<Self> {
        if self.meta.current_taxonomy {
            return Some(self);
        }
        let body = String::from(glue::body(&self.page));
        let entry = Entry {
            meta: self.meta,
            body: &body,
        };
        Self::from_entry(&entry.renewed(&config.names, &config.table)?)
    }

    /// From an entry as it is kept, which stays on the JavaScript side.
    pub(super) fn from_js(text: &JsString) -> Option<Self> {
        // -1 is no index: it becomes a huge one, and the line is then no line.
        let at = u32::try_from(text.index_of("\n", 0)).ok()?;
        let line = String::from(text.substring(0, at));
        Self::new(&line, &text.substring(at.saturating_add(1), text.length()))
    }
}

enum Slot {
    Stored {
        stored: Stored,
        refreshing: Cell<bool>,
    },
    Missing,
}

thread_local! {
    // Finished values only: an isolate's requests may not await one another's work.
    static MEMO: RefCell<Memo<Slot>> = RefCell::new(Memo::new(MEMO_ITEMS, MEMO_WEIGHT));
}

/// What this isolate remembers of a case.
pub(super) enum Remembered {
    Stored(Stored),
    /// KV held nothing a moment ago.
    Missing,
    Nothing,
}

pub(super) fn remembered(receipt: ReceiptNumber, now: UnixSeconds) -> Remembered {
    MEMO.with_borrow(|memo| match memo.get(receipt, now) {
        Some(Slot::Stored { stored, .. }) => Remembered::Stored(stored.clone()),
        Some(Slot::Missing) => Remembered::Missing,
        None => Remembered::Nothing,
    })
}

pub(super) fn remember(receipt: ReceiptNumber, stored: Option<Stored>, now: UnixSeconds) {
    MEMO.with_borrow_mut(|memo| match stored {
        Some(stored) => {
            let weight = stored.meta.length.saturating_add(512);
            memo.put(
                receipt,
                Slot::Stored {
                    stored,
                    refreshing: Cell::new(false),
                },
                weight,
                now.plus(MEMO_SECONDS),
            );
        }
        None => memo.put(receipt, Slot::Missing, 64, now.plus(MISSING_SECONDS)),
    });
}

/// Whether nobody in this isolate has set out to refresh the case in the last few seconds; from now
/// on somebody has.
pub(super) fn claim_refresh(receipt: ReceiptNumber, now: UnixSeconds) -> bool {
    MEMO.with_borrow(|memo| match memo.get(receipt, now) {
        Some(Slot::Stored { refreshing, .. }) => !refreshing.replace(true),
        _ => true,
    })
}

/// Reads what KV gave for a case, a text or nothing, and remembers it.
pub(super) fn take(receipt: ReceiptNumber, value: &JsValue, now: UnixSeconds) -> Option<Stored> {
    let stored = value.dyn_ref::<JsString>().and_then(Stored::from_js);
    if stored.is_none() && !value.is_null() && !value.is_undefined() {
        observe::warn(
            "a cache entry is corrupt or of another version: taken for a miss",
            &[("receipt", &receipt)],
        );
    }
    remember(receipt, stored.clone(), now);
    stored
}

/// The entry of a case, from memory or KV.
pub(super) async fn read(kv: &Kv, receipt: ReceiptNumber, now: UnixSeconds) -> Option<Stored> {
    match remembered(receipt, now) {
        Remembered::Stored(stored) => return Some(stored),
        Remembered::Missing => return None,
        Remembered::Nothing => {}
    }
    let value = match kv.get(&entry::key(receipt)) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    match value {
        Ok(value) => take(receipt, &value, now),
        Err(_) => {
            observe::warn(
                "KV failed to read: taken for a miss",
                &[("receipt", &receipt)],
            );
            None
        }
    }
}

/// The entries of many cases, in their order: what memory lacks comes by one KV operation for each
/// hundred.
pub(super) async fn read_many(
    kv: &Kv,
    receipts: &[ReceiptNumber],
    now: UnixSeconds,
) -> Vec<Option<Stored>> {
    let mut found: Vec<Option<Stored>> = Vec::with_capacity(receipts.len());
    let mut missing: Vec<(usize, ReceiptNumber)> = Vec::new();
    for (index, &receipt) in receipts.iter().enumerate() {
        found.push(match remembered(receipt, now) {
            Remembered::Stored(stored) => Some(stored),
            Remembered::Missing => None,
            Remembered::Nothing => {
                missing.push((index, receipt));
                None
            }
        });
    }
    for chunk in missing.chunks(BULK) {
        let keys: Array = chunk
            .iter()
            .map(|&(_, receipt)| JsValue::from(entry::key(receipt)))
            .collect();
        let values = match kv.get_many(&keys) {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        let Some(values) = values.ok().and_then(|values| values.dyn_into::<Map>().ok()) else {
            observe::warn(
                "KV failed to read: taken for misses",
                &[("keys", &chunk.len())],
            );
            continue;
        };
        for &(index, receipt) in chunk {
            let value = values.get(&JsValue::from(entry::key(receipt)));
            if let Some(slot) = found.get_mut(index) {
                *slot = take(receipt, &value, now);
            }
        }
    }
    found
}

/// Puts an entry among the `items` that [`keep`] writes, for as long as it may serve.
pub(super) fn entry(items: &Array, receipt: ReceiptNumber, text: &str, now: UnixSeconds) {
    let Ok(Entry { meta, .. }) = Entry::read(text) else {
        return;
    };
    let last = match meta.kind {
        Kind::Found => meta.window.error_until.max(meta.window.stale_until),
        Kind::Absent => meta.window.fresh_until,
    };
    items.push(&entry::key(receipt).into());
    items.push(&text.into());
    items.push(&(last.since(now).max(SHORTEST_TTL) as f64).into());
}

/// Keeps entries in KV, and says whether they are kept. A failure is logged: the answers stand without it.
pub(super) async fn keep(kv: &Kv, items: &Array) -> bool {
    let failed = JsFuture::from(glue::keep(kv, items)).await;
    let kept = failed.ok().and_then(|failed| failed.as_f64()) == Some(0.0);
    if !kept {
        observe::warn("KV failed to write: some answers are not cached", &[]);
    }
    kept
}

/// Forgets what this isolate remembers of a case.
pub(super) fn forget(receipt: ReceiptNumber) {
    MEMO.with_borrow_mut(|memo| memo.remove(receipt));
}
