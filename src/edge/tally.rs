//! What this isolate has answered by itself, until the gate is told: how many reads, and of which
//! cases. So the gate knows what the cache saves, and which cases are read though it is not asked.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// How long it is kept back where no other request goes to the gate, in seconds.
const LATEST: i64 = 30;
/// More cases are not remembered at once.
const MOST: usize = 2000;

/// Reads that were answered from the cache.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) hits: i64,
    pub(super) seen: HashSet<ReceiptNumber>,
    /// When the first of them was.
    since: Option<UnixSeconds>,
}

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
}

/// Counts a read that was answered from the cache.
pub(super) fn hit(receipt: ReceiptNumber, now: UnixSeconds) {
    TALLY.with_borrow_mut(|tally| {
        tally.hits = tally.hits.saturating_add(1);
        tally.since.get_or_insert(now);
        if tally.seen.len() < MOST {
            tally.seen.insert(receipt);
        }
    });
}

/// Whether it is time to tell the gate.
pub(super) fn is_due(now: UnixSeconds) -> bool {
    TALLY.with_borrow(|tally| tally.since.is_some_and(|since| now.since(since) >= LATEST))
}

/// What is to be told; from now on it counts anew.
pub(super) fn take() -> Tally {
    TALLY.take()
}
