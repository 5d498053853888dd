//! Verification and signing, by the numbers of the test cases. The vectors of W1 are in
//! tests/core/webhooks.rs.

mod sign;
mod verify;

use super::*;
use crate::time::UnixSeconds;

const BODY: &[u8] = b"{\"type\": \"case.status.updated\", \"n\": 5.0}";
const NOW: UnixSeconds = UnixSeconds(1_736_949_810);

fn scheme(id: &str) -> Scheme {
    Scheme::parse(id, (id != "standard-webhooks").then_some("X-Torch")).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

fn verifier(scheme: &Scheme, current: &str, previous: Option<&str>) -> Verifier {
    let previous = previous.map(secret);
    Verifier::new(scheme.clone(), &secret(current), previous.as_ref()).unwrap()
}

fn headers(scheme: &Scheme, with: &str, at: UnixSeconds, body: &[u8]) -> Vec<(String, String)> {
    let signer = Signer::new(scheme.clone(), &secret(with), None).unwrap();
    signer.headers("msg_1", at, body).unwrap()
}

/// What becomes of a request that was sound until `change` was at its headers.
fn changed(id: &str, change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<Verified, Reason> {
    let scheme = scheme(id);
    let mut headers = headers(&scheme, "c2VjcmV0", NOW, BODY);
    change(&mut headers);
    verifier(&scheme, "c2VjcmV0", None).verify_at(&headers[..], BODY, NOW)
}

/// What becomes of a request whose header that ends in `name` holds `value`.
fn with(id: &str, name: &str, value: &str) -> &'static str {
    let verified = changed(id, |headers| {
        let (_, slot) = headers
            .iter_mut()
            .find(|(key, _)| key.ends_with(name))
            .unwrap();
        value.clone_into(slot);
    });
    verified.map_or_else(|reason| reason.code(), |_| "ok")
}

fn value(id: &str, name: &str) -> String {
    let headers = headers(&scheme(id), "c2VjcmV0", NOW, BODY);
    let (_, value) = headers
        .into_iter()
        .find(|(key, _)| key.ends_with(name))
        .unwrap();
    value
}
