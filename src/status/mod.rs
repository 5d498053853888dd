//! What a status text means: the taxonomy, and the way from a text to its category.
#![forbid(unsafe_code)]

pub mod category;
mod normalize;

pub use category::{Category, Outcome, Stage, TAXONOMY};
pub use normalize::{MatchedBy, Normalized, normalize};
