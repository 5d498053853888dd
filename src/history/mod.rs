//! The ledger of one case: what was seen, when and how, append-only and chained.
//!
//! [`History`] decides what an [`Observation`] adds; it knows the ledger by a summary and asks of what
//! it has seen before through a closure, so that a case with thousands of rows is never loaded whole.
//! [`chain`] makes the ledger tamper-evident, [`csv`] and [`to_json`] write it.
//!
//! # What is a duplicate
//! - an event whose id is there already;
//! - the same status text of the same `last_status_at`, whatever its id;
//! - where Torch gives no `last_status_at`: an event without an id whose text is there already so, for
//!   nothing tells it from a retry; and a poll that finds the current text.
//!
//! So an event that was taken once is a duplicate ever after, however often and late it comes again.
//!
//! # What is current
//! The status that began last, by [`Observation::at`]; of two that began together, the one that was
//! seen later. An older one is recorded and never becomes current. Rows stand in the order in which
//! they were seen; [`in_time`] puts them in the order in which they began.
//!
//! ```
//! use torch_edge::history::{History, Kind, Observation, Outcome, Source};
//! use torch_edge::time::UnixSeconds;
//!
//! let mut history = History::begin("ABC1234567890".parse()?);
//! let seen = Observation {
//!     source: Source::Webhook,
//!     event_id: Some("evt_1".into()),
//!     event_type: Some("case.status.updated".into()),
//!     status_text: Some("Case Was Received".into()),
//!     status_category: Some("Case Received".into()),
//!     last_status_at: Some(UnixSeconds(1_736_949_807)),
//!     seen_at: UnixSeconds(1_736_949_810),
//!     record: "{}".into(),
//! };
//! let Outcome::Appended(row) = history.observe(seen, |_| Ok::<_, ()>(false)).unwrap() else { panic!() };
//! assert_eq!((row.seq, row.kind), (1, Kind::Updated));
//! // Once the row is durable:
//! history.advance(&row);
//! # Ok::<(), torch_edge::receipt::ReceiptError>(())
//! ```
#![forbid(unsafe_code)]

pub mod chain;
pub mod csv;
mod json;
mod ledger;
mod row;

pub use chain::{BrokenAt, Chain, Hash, verify_chain};
pub use csv::to_csv;
pub use json::to_json;
pub use ledger::{Current, History, Lookup, Outcome};
pub use row::{Key, Kind, Observation, Row, Source, Unknown, in_time};
