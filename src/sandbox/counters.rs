//! What was asked of the sandbox, for tests that count calls.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
}

impl Counters {
    /// Counts one call and its answer.
    pub(super) fn count(&mut self, route: &str, receipts: usize, status: u16) {
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
    }
}
