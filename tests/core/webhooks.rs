//! The shared requests, and the published verifier beside ours.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use torch_edge::time::UnixSeconds;
use torch_edge::webhook::{Scheme, Secret, Signer, Verifier};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    scheme: String,
    header: Option<String>,
    secret: String,
    previous: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_hex: Option<String>,
    now: i64,
    expect: String,
}

fn cases() -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/webhooks.json")).unwrap();
    vectors.cases
}

impl Case {
    fn body(&self) -> Vec<u8> {
        match (&self.body, &self.body_hex) {
            (Some(body), None) => body.clone().into_bytes(),
            (None, Some(digits)) => hex::decode(digits).unwrap(),
            _ => panic!("{}: body or body_hex", self.name),
        }
    }

    fn scheme(&self) -> Scheme {
        Scheme::parse(&self.scheme, self.header.as_deref()).unwrap()
    }

    fn verified(&self) -> &'static str {
        let previous = self.previous.as_deref().map(secret);
        Verifier::new(self.scheme(), &secret(&self.secret), previous.as_ref())
            .unwrap()
            .verify_at(&self.headers[..], &self.body(), UnixSeconds(self.now))
            .map_or_else(|reason| reason.code(), |_| "ok")
    }
}

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

#[test]
fn ok_every_request_becomes_what_the_vectors_say() {
    for case in cases() {
        assert_eq!(case.verified(), case.expect, "{}", case.name);
    }
}

#[test]
fn w1_the_published_vectors_are_verified_and_made() {
    let cases = cases();
    let published: Vec<_> = cases
        .iter()
        .filter(|case| case.name.starts_with("w1_"))
        .collect();
    assert_eq!(published.len(), 3);
    for case in published {
        assert_eq!(case.verified(), "ok", "{}", case.name);
        let lower = case
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()));
        let id = &case.headers[0].1;
        let made = Signer::new(case.scheme(), &secret(&case.secret), None)
            .unwrap()
            .headers(id, UnixSeconds(case.now), &case.body())
            .unwrap();
        assert_eq!(made, lower.collect::<Vec<_>>(), "{}", case.name);
    }
}

/// What the published crate says of a request, its clock left aside: that the signature is right.
fn published_says(key: &str, id: &str, at: i64, body: &[u8]) -> HashMap<String, String> {
    let signature = standardwebhooks::Webhook::new(key)
        .unwrap()
        .sign(id, at, body)
        .unwrap();
    HashMap::from([
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), at.to_string()),
        ("webhook-signature".to_owned(), signature),
    ])
}

proptest! {
    #[test]
    fn ok_the_published_crate_signs_as_ours_does(
        key in prop::collection::vec(any::<u8>(), 1..100), id in "[!-\\-/-~]{1,40}", at in 0..i64::MAX, body: String,
    ) {
        let text = format!("whsec_{}", base64(&key));
        let theirs = published_says(&text, &id, at, body.as_bytes());
        let signer = Signer::new(Scheme::standard(), &secret(&text), None).unwrap();
        let ours = signer.headers(&id, UnixSeconds(at), body.as_bytes()).unwrap();
        prop_assert_eq!(&theirs, &ours.into_iter().collect());
        let verifier = Verifier::new(Scheme::standard(), &secret(&text), None).unwrap();
        let headers: Vec<_> = theirs.into_iter().collect();
        prop_assert!(verifier.verify_at(&headers[..], body.as_bytes(), UnixSeconds(at)).is_ok());
    }

    #[test]
    fn ok_the_published_crate_verifies_what_ours_signs(key in prop::collection::vec(any::<u8>(), 1..100), body: String, flip: bool) {
        // The crate reads the clock: so must its test.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let at = UnixSeconds(i64::try_from(now).unwrap());
        let text = base64(&key);
        let signer = Signer::new(Scheme::standard(), &secret(&text), Some(&secret("b2xk"))).unwrap();
        let mut headers = http::HeaderMap::new();
        for (name, value) in signer.headers("msg_1", at, body.as_bytes()).unwrap() {
            headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        let mut body = body.into_bytes();
        if flip { body.push(b' ') }
        let theirs = standardwebhooks::Webhook::new(&text).unwrap().verify(&body, &headers);
        prop_assert_eq!(theirs.is_ok(), !flip);
    }
}

/// The standard alphabet, padded (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain(&[0; 2])
            .take(3)
            .fold(0, |group, byte| group << 8 | usize::from(*byte));
        for place in 0..4 {
            text.push(if place <= chunk.len() {
                char::from(ALPHABET[group >> (18 - 6 * place) & 63])
            } else {
                '='
            });
        }
    }
    text
}
