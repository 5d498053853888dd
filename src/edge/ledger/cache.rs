//! The case's entry in KV, which its ledger alone puts there.

use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Array as JsArray, Date};

use super::object::{Asked, Shared};
use super::storage;
use crate::case::Case;
use crate::edge::rows::StorageError;
use crate::edge::{glue, observe, store};
use crate::entry::Entry;
use crate::json::Array;
use crate::receipt::ReceiptNumber;
use crate::time::{UnixMillis, UnixSeconds};

/// KV takes one write a second for a key, in milliseconds.
const KV_PACE: i64 = 1_000;

/// The case's entry in KV.
#[derive(Default)]
pub(super) struct Cache {
    /// Up to which row KV is known to have the status.
    pub(super) seq: u32,
    /// The entry that KV is to have next, and whose row's it is.
    pub(super) wanted: Option<(u32, String)>,
    /// Whether somebody is putting.
    pub(super) putting: bool,
    put_at: Option<UnixMillis>,
}

impl Asked<'_> {
    /// The entry of the row `seq`, as of the time at which it was seen.
    pub(super) fn entry(&self, seq: u32) -> Result<Option<String>, StorageError> {
        let rows = storage::events(self.state(), "seq = ?1", Array::new().number(seq.into()))?;
        let entry = rows.first().and_then(|row| {
            let seen = &row.observation;
            let case = Case::read(seen.record.as_bytes(), &self.config.names).ok()?;
            Some(Entry::of_case(&case, &self.config.table, seen.seen_at))
        });
        Ok(entry)
    }

    /// Puts an entry into KV, behind the answer. Only the ledger puts a case there, one entry after
    /// another, so that no older status lands behind a newer.
    pub(super) fn cache(&self, seq: u32, entry: String) {
        let idle = self.with(|inner| {
            inner.cache.wanted = Some((seq, entry));
            !std::mem::replace(&mut inner.cache.putting, true)
        });
        if idle {
            let (ledger, receipt) = (Rc::clone(self.ledger), self.receipt);
            self.ledger
                .state
                .spawn(async move { ledger.put(receipt).await });
        }
    }
}

impl Shared {
    /// Puts what is wanted into KV, until nothing is.
    async fn put(self: Rc<Self>, receipt: ReceiptNumber) {
        loop {
            let wait = {
                let mut inner = self.inner.borrow_mut();
                let cache = &mut inner.cache;
                if cache.wanted.is_none() {
                    cache.putting = false;
                    return;
                }
                let since = cache
                    .put_at
                    .map(|at| UnixMillis::from_js(Date::now()).since(at));
                since.map_or(0, |since| KV_PACE.saturating_sub(since))
            };
            if wait > 0 {
                let _ = JsFuture::from(glue::sleep(wait as f64)).await;
            }
            // What was wanted while this waited is newer.
            let wanted = self.inner.borrow_mut().cache.wanted.take();
            let Some((seq, entry)) = wanted else { continue };
            let items = JsArray::new();
            store::entry(
                &items,
                receipt,
                &entry,
                UnixSeconds::from_millis(Date::now()),
            );
            let kept = store::keep(&store::kv(&self.env), &items).await;
            let mut inner = self.inner.borrow_mut();
            inner.cache.put_at = Some(UnixMillis::from_js(Date::now()));
            if !kept {
                // The alarm tries again.
                inner.cache.putting = false;
                return;
            }
            if seq > inner.cache.seq {
                inner.cache.seq = seq;
                drop(inner);
                let now = UnixSeconds::from_millis(Date::now());
                if let Err(error) = self.note(|notes| notes.cached = Some(seq), now) {
                    observe::error("a ledger's storage failed", &[("error", &error)]);
                }
            }
        }
    }
}
