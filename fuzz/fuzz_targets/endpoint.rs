//! Any url as a relay's endpoint: no panic; what is taken is https, with a host of letters and dots.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::webhook::Endpoint;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(endpoint) = Endpoint::parse(&text, false) {
        assert!(endpoint.as_str().to_ascii_lowercase().starts_with("https://"));
        let host = endpoint.host();
        assert!(host.contains('.') && host.bytes().any(|byte| byte.is_ascii_alphabetic()));
        assert!(!host.contains(['@', ':', '[', '%', '/', '\\']));
    }
    let _ = Endpoint::parse(&text, true);
});
