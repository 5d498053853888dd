//! The pure core of **torch-edge**, which stands between applications and Parley's Torch API
//! (USCIS case status).
//!
//! # What this is
//! Types and decisions: what a [receipt number](receipt) is, what a [case record](case) holds, what
//! its [`status`] means, [how long an answer serves](freshness), how it is [kept](entry), what
//! an HTTP cache [says](http) of it and how an error is [told](problem); how a [`webhook`] is verified
//! and read, what a case's [`history`] does with what was seen, and what of it is [still to be told](outbox).
//!
//! # What this is not
//! It is not a client of USCIS, and no legal advice: the official text of a status passes through it
//! unchanged, and what it derives stands beside that text. It knows no clock, no randomness and no
//! network: time is an argument, always in [seconds since 1970](time::UnixSeconds).
//!
//! # Features
//! None by default: the pure core. `worker`, `browser` and `sandbox` each build one WebAssembly
//! artefact and exclude one another.
//!
//! ```
//! use torch_edge::receipt::ReceiptNumber;
//! use torch_edge::status::normalize;
//!
//! let receipt: ReceiptNumber = " ioe-0912-345-678 ".parse()?;
//! assert_eq!(receipt.as_str(), "IOE0912345678");
//! assert_eq!(receipt.to_string(), "IOE******5678", "what is shown is masked");
//!
//! let normalized = normalize("Case Was Approved", None);
//! assert_eq!(normalized.category.id(), "approved");
//! # Ok::<(), torch_edge::receipt::ReceiptError>(())
//! ```

// Tests may count as they like; `cargo clippy` checks the same code without them.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

#[cfg(any(
    all(feature = "worker", feature = "browser"),
    all(feature = "worker", feature = "sandbox"),
    all(feature = "browser", feature = "sandbox"),
))]
compile_error!(
    "the features `worker`, `browser` and `sandbox` are builds of their own: choose one"
);

mod base64;
pub mod breaker;
pub mod budget;
pub mod case;
pub mod dispatch;
pub mod entry;
pub mod feed;
pub mod freshness;
pub mod grant;
pub mod history;
pub mod http;
mod json;
pub mod keys;
pub mod memo;
pub mod outbox;
pub mod problem;
pub mod ratelimit;
pub mod receipt;
pub mod reply;
pub mod report;
pub mod retry;
pub mod roster;
pub mod shield;
pub mod status;
pub mod time;
pub mod webhook;

#[cfg(feature = "browser")]
#[doc(hidden)]
pub mod browser;
#[cfg(feature = "worker")]
mod edge;
#[cfg(feature = "sandbox")]
mod sandbox;

#[cfg(test)]
mod words;

/// The README's example is run like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
