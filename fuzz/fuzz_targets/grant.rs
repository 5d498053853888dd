//! Any token is no grant; any header and claims that are signed are a grant as there may be one, or an error.
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use torch_edge::grant::{GrantKeys, MAX_LIFETIME, MAX_RECEIPTS};
use torch_edge::time::UnixSeconds;
use torch_edge::webhook::Secret;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const SECRET: &str = "a-secret-of-thirty-two-bytes-----";

fuzz_target!(|bytes: &[u8]| {
    let secret = Secret::parse(SECRET).expect("a secret");
    let keys = GrantKeys::new(&secret, None).expect("keys");
    let text = String::from_utf8_lossy(bytes);
    assert!(keys.verify(&text, NOW).is_err(), "nobody guesses a signature");

    // The first byte that parts them is no line break: JSON may have those.
    let mut halves = bytes.splitn(2, |byte| *byte == 0);
    let mut part = || Base64UrlUnpadded::encode_string(halves.next().unwrap_or_default());
    let signed = format!("{}.{}", part(), part());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(signed.as_bytes());
    let code = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
    if let Ok(grant) = keys.verify(&format!("{signed}.{code}"), NOW) {
        assert!((1..=MAX_RECEIPTS).contains(&grant.receipts.len()));
        assert!((1..=MAX_LIFETIME).contains(&grant.expires_at.since(grant.issued_at)));
        assert!(grant.expires_at > NOW);
        let minted = keys.mint(&grant).expect("a grant as there may be one");
        assert_eq!(keys.verify(&minted, NOW), Ok(grant));
    }
});
