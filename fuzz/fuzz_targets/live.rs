//! Any message of a socket is a request with no more cases than one may name, or a fault that tells nothing of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::feed::{MAX_MESSAGE, MAX_RECEIPTS, Request};

fuzz_target!(|bytes: &[u8]| {
    let message = String::from_utf8_lossy(bytes);
    match Request::read(&message) {
        Ok(Request::Subscribe { receipts, .. } | Request::Unsubscribe(receipts)) => {
            assert!(message.len() <= MAX_MESSAGE && receipts.len() <= MAX_RECEIPTS);
            for (typed, problem) in receipts.into_iter().filter_map(Result::err) {
                assert!(typed.chars().count() <= 64 && problem.code.status() == 400);
            }
        }
        Err(fault) => assert!(fault.problem.code.status() >= 400),
    }
});
