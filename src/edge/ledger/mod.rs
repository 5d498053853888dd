//! A case's ledger: one Durable Object for each case, `object.rs`; what it puts into KV, `cache.rs`, hands to the feed,
//! `feed.rs`, and has for the relay, `deliver.rs`; and its SQLite, `storage.rs`.

mod cache;
mod deliver;
mod feed;
mod object;
mod storage;

use super::{ask, glue};
use crate::edge::glue::Env;
use crate::receipt::ReceiptNumber;

/// Puts what Torch said when it was asked, an entry, into its case's ledger. Gives the entry of what is
/// current, where that is something newer; nothing where the ledger does not answer, which the log says.
pub(super) async fn polled(env: &Env, receipt: ReceiptNumber, entry: &str) -> Option<String> {
    let promise = glue::ledger(env, receipt.as_str(), "polled", entry);
    ask(promise).await.ok()?.as_string()
}
