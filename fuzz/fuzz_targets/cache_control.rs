//! Any fields of a request that decide how it is served: no panic, and no negative number of seconds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::freshness::Directives;
use torch_edge::http::{Validators, prefers_csv};
use torch_edge::time::UnixSeconds;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let asked = Directives::parse(line());
    for seconds in [asked.max_age, asked.max_stale, asked.min_fresh] {
        assert!(seconds.is_none_or(|seconds| seconds >= 0));
    }
    let validators = Validators {
        if_none_match: Some(line()).filter(|line| !line.is_empty()),
        if_modified_since: Some(line()).filter(|line| !line.is_empty()),
    };
    let tag = "839b74877cc6c12ba465f76f471ea877";
    let _ = validators.not_modified(tag, Some(UnixSeconds(1_800_000_000)));
    let _ = prefers_csv(line());
});
