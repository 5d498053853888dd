//! What verifying a webhook costs, native, beside the published crate `standardwebhooks`: microseconds a
//! call, the best of several rounds' medians. `npm run bench:webhook` ends with it.
#![allow(clippy::disallowed_methods, reason = "a benchmark asks the clock")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "not shipped"
)]

use std::hint::black_box;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};
use torch_edge::receipt::ReceiptNumber;
use torch_edge::time::UnixSeconds;
use torch_edge::webhook::{Sample, Scheme, Secret, Signer, Verifier, delivery};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The best of the rounds' medians, in microseconds a call.
fn cost(mut verify: impl FnMut()) -> f64 {
    let round = |verify: &mut dyn FnMut()| {
        let mut batches: Vec<f64> = (0..101)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..100 {
                    verify();
                }
                started.elapsed().as_secs_f64() * 1e4
            })
            .collect();
        batches.sort_unstable_by(f64::total_cmp);
        batches[batches.len() / 2]
    };
    (0..9)
        .map(|_| round(&mut verify))
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = UnixSeconds(now.as_secs().try_into().unwrap());
    let secret = Secret::parse(SECRET).unwrap();
    let signer = Signer::new(Scheme::standard(), &secret, None).unwrap();
    let sample = Sample {
        id: "evt_1",
        receipt: "IOE0912345678".parse::<ReceiptNumber>().unwrap(),
        status_text: "Case Was Received",
        status_category: "Case Received",
        last_status_at: now,
    };
    let delivery = delivery(&signer, &sample, now).unwrap();

    let verifier = Verifier::new(Scheme::standard(), &secret, None).unwrap();
    let ours = cost(|| {
        let verified = verifier.verify_at(delivery.headers.as_slice(), &delivery.body, now);
        assert!(black_box(verified).is_ok());
    });
    let published = standardwebhooks::Webhook::new(SECRET).unwrap();
    let headers = delivery
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("webhook-"));
    let headers: HeaderMap<HeaderValue> = headers
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let theirs = cost(|| {
        assert!(black_box(published.verify(&delivery.body, &headers)).is_ok());
    });
    println!("native, {} bytes each:", delivery.body.len());
    println!("  torch-edge: {ours:.2} µs each");
    println!("  crate standardwebhooks: {theirs:.2} µs each");
}
