//! What `normalize` costs, native, in nanoseconds a call: the median over many batches.
//!
//! ```sh
//! cargo bench --bench normalize            # prints the figures
//! cargo bench --bench normalize -- --check # and fails above the bars
//! ```
#![allow(clippy::disallowed_methods, reason = "a benchmark asks the clock")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "not shipped"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use torch_edge::status::{MatchedBy, normalize};

const TITLES: &str = include_str!("../tests/vectors/corpus/titles.tsv");
const UNSEEN: &str = include_str!("../tests/vectors/unseen.tsv");
const DESCRIPTIONS: &str = include_str!("../tests/vectors/descriptions-more.tsv");

/// The texts of one column, for which `keep` holds.
fn texts(tsv: &'static str, column: usize, keep: impl Fn(&str) -> bool) -> Vec<&'static str> {
    tsv.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').nth(column))
        .filter(|text| keep(text))
        .collect()
}

/// The median time of one call over `texts`, in nanoseconds: of several rounds the best, because a
/// shared machine has slow ones.
fn median(texts: &[&str]) -> f64 {
    (0..9).map(|_| round(texts)).fold(f64::INFINITY, f64::min)
}

fn round(texts: &[&str]) -> f64 {
    let mut batches: Vec<Duration> = (0..101)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..8 {
                for text in texts {
                    black_box(normalize(black_box(text), None));
                }
            }
            started.elapsed()
        })
        .collect();
    batches.sort_unstable();
    batches[batches.len() / 2].as_secs_f64() * 1e9 / (8 * texts.len()) as f64
}

fn main() -> ExitCode {
    let by = |text: &str| normalize(text, None).matched_by;
    let known = texts(TITLES, 0, |text| by(text) == MatchedBy::Title);
    let unseen = texts(UNSEEN, 0, |text| by(text) == MatchedBy::Pattern);
    let long = texts(DESCRIPTIONS, 3, |text| (450..=550).contains(&text.len()));
    assert!(
        known.len() > 190 && unseen.len() > 100 && long.len() > 20,
        "the vectors have changed"
    );
    let mut slow = false;
    for (name, texts, bar) in [
        ("known titles", &known, 150.0),
        ("unseen titles", &unseen, 600.0),
        ("500-byte texts", &long, 1_000.0),
    ] {
        let bytes = texts.iter().map(|text| text.len()).sum::<usize>() / texts.len();
        let cost = median(texts);
        slow |= cost > bar;
        println!(
            "normalize, {name:<15} {cost:6.0} ns a call (median; bar {bar} ns; {} texts of {bytes} bytes)",
            texts.len()
        );
    }
    let checking = std::env::args().any(|arg| arg == "--check");
    ExitCode::from(u8::from(checking && slow))
}
