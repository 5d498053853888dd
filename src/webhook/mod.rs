//! Webhooks: whether one is Torch's, what it says, how ours are signed and who is sent them.
//!
//! A request goes through [`Verifier::verify_at`] first, with its raw bytes, then through
//! [`Event::read`]. What was verified is authentic; it may still be late, doubled or out of order,
//! which is for [`history`](crate::history) to settle. Source: torch-api.txt, "Webhooks", and the
//! Standard Webhooks specification 1.0.0.
//!
//! ```
//! use torch_edge::time::UnixSeconds;
//! use torch_edge::webhook::{Event, EventNames, Scheme, Secret, Verifier};
//!
//! let scheme = Scheme::parse("shared-secret", Some("X-Torch-Secret"))?;
//! let verifier = Verifier::new(scheme, &Secret::parse("correct horse battery")?, None)?;
//!
//! let headers = [("x-torch-secret", "correct horse battery")];
//! let body = br#"{"type":"case.status.updated","id":"evt_1","data":
//!     {"receipt_number":"ABC1234567890","status_text":"Case Was Received"}}"#;
//! verifier.verify_at(&headers[..], body, UnixSeconds(1_736_949_810))?;
//!
//! let event = Event::read(body, &EventNames::default(), &Default::default())?;
//! assert_eq!(event.case?.status_text, "Case Was Received");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod claim;
mod endpoint;
mod event;
mod event_error;
mod event_names;
mod headers;
pub mod notice;
mod reason;
mod scheme;
mod secret;
mod sign;
mod subscriber;
mod verify;

#[cfg(test)]
mod tests;

pub use claim::MAX_SIGNATURES;
pub use endpoint::{Endpoint, EndpointError};
pub use event::{Event, Identity, MAX_EVENT, STATUS_UPDATED};
pub use event_error::EventError;
pub use event_names::EventNames;
pub use headers::{Field, Headers, Joined};
pub use reason::Reason;
#[cfg(test)]
pub(crate) use reason::SENTENCES;
pub use scheme::{Scheme, SchemeError};
pub(crate) use secret::Key;
pub use secret::{Secret, SecretError};
pub use sign::{Delivery, Sample, SignError, Signer, delivery};
pub use subscriber::{Subscriber, SubscriberError};
pub use verify::{Tolerance, Verified, Verifier, WhichSecret};
