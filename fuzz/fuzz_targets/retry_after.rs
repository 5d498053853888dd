//! Any field that says how long to wait, or how much is left: no panic, and no wait above a day.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::outbox::next_attempt;
use torch_edge::ratelimit::{Fields, windows};
use torch_edge::retry::{LONGEST_WAIT, retry_after};
use torch_edge::time::UnixSeconds;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let now = UnixSeconds(line().parse().unwrap_or(1_800_000_000));
    let wait = retry_after(line(), now);
    assert!(wait.is_none_or(|wait| (0..=LONGEST_WAIT).contains(&wait)));
    for attempts in 0..9 {
        let next = next_attempt(attempts, wait, now);
        assert!(next.is_none_or(|next| (0..=LONGEST_WAIT).contains(&next.since(now)) || now.0 > i64::MAX / 2));
    }
    let (limits, policies, remaining, reset) = (line(), line(), line(), line());
    let _ = windows(Fields { limits, policies, remaining, reset }, now);
});
