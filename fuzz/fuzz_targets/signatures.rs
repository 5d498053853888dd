//! Any headers, any body, by each scheme: no panic, and nothing is taken for authentic; what is signed is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use torch_edge::time::UnixSeconds;
use torch_edge::webhook::{Scheme, Secret, Signer, Verifier};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let values = [line(), line(), line()];
    let body = line();
    for id in Scheme::IDS {
        let header = (id != "standard-webhooks").then_some("x-signature");
        let scheme = Scheme::parse(id, header).expect("a scheme");
        let secret = Secret::parse(SECRET).expect("a secret");
        let verifier = Verifier::new(scheme.clone(), &secret, None).expect("a verifier");
        let names = match header {
            Some(name) => [name, "other", "another"],
            None => ["webhook-signature", "webhook-timestamp", "webhook-id"],
        };
        let headers: Vec<(&str, &str)> = names.into_iter().zip(values).collect();
        let verified = verifier.verify_at(headers.as_slice(), body.as_bytes(), NOW);
        // Nobody guesses the secret, nor a signature by it.
        assert!(verified.is_err() || values[0] == SECRET);
        let signer = Signer::new(scheme, &secret, None).expect("a signer");
        if let Ok(headers) = signer.headers(values[2], NOW, body.as_bytes()) {
            let verified = verifier.verify_at(headers.as_slice(), body.as_bytes(), NOW);
            assert!(verified.is_ok());
        }
    }
});
