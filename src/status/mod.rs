//! What a status text means: the taxonomy, and the way from a text to its category.
//!
//! [`category`] is the taxonomy. [`normalize`] is the verb: it reads the text into words ([`clean`]
//! shows which), looks for a known title, asks the grammar, and says what decided; [`explain`] says
//! why. [`facts`] takes out what the text says of form, dates and office.
#![forbid(unsafe_code)]

pub mod category;
mod explain;
mod facts;
mod grammar;
mod guide;
mod lexicon;
mod normalize;
mod read;
mod rules;
mod table;
mod text;
mod titles;
mod upstream;

pub use category::{Category, CategoryId, Outcome, Stage, TAXONOMY};
#[cfg(test)]
pub(crate) use explain::RULES;
#[cfg(feature = "browser")]
pub(crate) use explain::explain_to;
pub use explain::{Explanation, explain};
pub use facts::{Date, Facts, FormNumber, facts};
pub use normalize::{MatchedBy, Normalized, by_words, normalize};
pub use text::clean;
#[cfg(feature = "browser")]
pub(crate) use {normalize::of_bytes, read::Room};
