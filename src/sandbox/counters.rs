//! What was asked of the sandbox, for tests that count calls.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::quota::abbreviated;

/// Names of keys that are counted, and the name of all that were never known.
const MOST_NAMES: usize = 20;
const UNKNOWN: &str = "unknown";

/// Counts since the start or the last reset.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counters {
    /// Calls to the case-status routes, however they were answered.
    pub(super) calls: u64,
    by_route: BTreeMap<String, u64>,
    by_status: BTreeMap<u16, u64>,
    /// Answers that a fault had a part in.
    pub(super) faulted: u64,
    /// `receipt` parameters, over all calls.
    receipts: u64,
    max_receipts_in_a_call: u64,
    /// Calls that were answered 429.
    refused: u64,
    /// Calls by their key, abbreviated. Those that share a name share its count, and the calls of a
    /// name too many are not counted here.
    by_key: BTreeMap<String, u64>,
    pub(super) webhooks: Webhooks,
}

/// What became of the webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Webhooks {
    /// Requests, every try included.
    sent: u64,
    /// Those that were taken in the end, and those that were given up.
    delivered: u64,
    failed: u64,
}

impl Webhooks {
    /// Counts one that was tried so many times.
    pub(super) fn count(&mut self, tries: usize, delivered: bool) {
        let sent = u64::try_from(tries).unwrap_or(u64::MAX);
        let (delivered, failed) = (u64::from(delivered), u64::from(!delivered));
        self.add(&Self {
            sent,
            delivered,
            failed,
        });
    }

    /// Adds the counts of a delivery.
    pub(super) fn add(&mut self, more: &Self) {
        self.sent = self.sent.saturating_add(more.sent);
        self.delivered = self.delivered.saturating_add(more.delivered);
        self.failed = self.failed.saturating_add(more.failed);
    }
}

impl Counters {
    /// Counts one call and its answer. `key`: what it carried, if such a key is known.
    pub(super) fn count(&mut self, route: &str, key: Option<&str>, receipts: usize, status: u16) {
        let receipts = u64::try_from(receipts).unwrap_or(u64::MAX);
        self.calls = self.calls.saturating_add(1);
        self.receipts = self.receipts.saturating_add(receipts);
        self.max_receipts_in_a_call = self.max_receipts_in_a_call.max(receipts);
        for count in [
            self.by_route.entry(route.to_owned()).or_default(),
            self.by_status.entry(status).or_default(),
        ] {
            *count = count.saturating_add(1);
        }
        if status == 429 {
            self.refused = self.refused.saturating_add(1);
        }
        let name = key.map_or_else(|| UNKNOWN.to_owned(), abbreviated);
        if self.by_key.len() < MOST_NAMES || self.by_key.contains_key(&name) {
            let count = self.by_key.entry(name).or_default();
            *count = count.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_calls_are_counted_by_key_for_so_many_names() {
        let mut counters = Counters::default();
        for call in 0..30 {
            counters.count("/case-status", Some(&format!("k{call:02}-key")), 1, 200);
        }
        counters.count("/case-status", Some("k00--another"), 1, 429);
        counters.count("/case-status", None, 1, 401);
        assert_eq!(counters.by_key.len(), MOST_NAMES);
        assert_eq!(counters.by_key.get("k00-…"), Some(&2));
        assert_eq!(counters.by_key.get("k19-…"), Some(&1));
        assert_eq!((counters.calls, counters.refused), (32, 1));
    }
}
