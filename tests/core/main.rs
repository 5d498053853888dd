//! The core, from outside: the shared vectors, and properties that hold for every text.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a test may say what it means"
)]

mod budget;
mod corpus;
mod dispatch;
mod facts;
mod history;
mod noise;
mod simulation;
mod taxonomy;
mod vectors;
mod webhooks;
