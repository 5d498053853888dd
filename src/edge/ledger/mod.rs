//! A case's ledger as the Worker's requests and the gate see it. Behind it stands one Durable Object for
//! each case: `object.rs`, and `storage.rs` for its SQLite.

mod object;
mod storage;

use js_sys::{Array, JsString, Promise};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;

use super::store::Stored;
use super::{glue, observe};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;

pub(super) use storage::{Cells, cell};

/// What became of a webhook's event. It is durable.
pub(super) struct Told {
    /// What it is beside those before it, or `duplicate`.
    pub(super) outcome: String,
    /// What the cache is to answer from now on, where the event says what is current.
    pub(super) stored: Option<Stored>,
}

/// Puts an event into its case's ledger. `message_id`: of the webhook, if its scheme has one.
pub(super) async fn tell(
    env: &Env,
    receipt: ReceiptNumber,
    message_id: Option<&str>,
    event: &str,
) -> Result<Told, Problem> {
    let text = format!("{}\n{event}", message_id.unwrap_or_default());
    let told = ask(env, receipt, "told", &text).await?;
    let told: Array = told.dyn_into().map_err(|_| lost())?;
    Ok(Told {
        outcome: told.get(0).as_string().ok_or_else(lost)?,
        stored: told.get(1).dyn_ref::<JsString>().and_then(Stored::from_js),
    })
}

/// Puts what Torch said when it was asked, an entry, into its case's ledger. Gives the entry of what is
/// current, where that is something newer.
///
/// # Errors
/// The ledger does not answer; the log says why.
pub(super) async fn polled(
    env: &Env,
    receipt: ReceiptNumber,
    entry: &str,
) -> Result<Option<String>, Problem> {
    let told = ask(env, receipt, "polled", entry).await?;
    Ok(told.as_string())
}

/// The whole ledger, as CSV or as JSON.
pub(super) async fn history(
    env: &Env,
    receipt: ReceiptNumber,
    csv: bool,
) -> Result<String, Problem> {
    let format = if csv { "csv" } else { "json" };
    let told = ask(env, receipt, "history", format).await?;
    told.as_string().ok_or_else(lost)
}

/// Puts dead letters of an endpoint back into its outbox. `seqs`: a JSON array.
pub(super) async fn revive(
    env: &Env,
    receipt: ReceiptNumber,
    endpoint: &str,
    seqs: &str,
) -> Result<(), Problem> {
    let text = format!("{endpoint}\n{seqs}");
    ask(env, receipt, "revive", &text).await.map(drop)
}

/// Erases the ledger, and the case's entry in KV.
pub(super) async fn erase(env: &Env, receipt: ReceiptNumber) -> Result<(), Problem> {
    answered(receipt, glue::erase(env, receipt.as_str()))
        .await
        .map(drop)
}

async fn ask(
    env: &Env,
    receipt: ReceiptNumber,
    what: &str,
    text: &str,
) -> Result<JsValue, Problem> {
    answered(receipt, glue::ledger(env, receipt.as_str(), what, text)).await
}

async fn answered(receipt: ReceiptNumber, promise: Promise) -> Result<JsValue, Problem> {
    JsFuture::from(promise).await.map_err(|error| {
        let says = observe::says(&error);
        observe::error(
            "a ledger does not answer",
            &[("receipt", &receipt), ("error", &says)],
        );
        lost()
    })
}

/// A problem of ours that passes: whoever told something is to tell it again.
fn lost() -> Problem {
    let detail = "The case's ledger did not answer. Ask again in a moment.";
    Problem::new(Code::Internal, detail).after(Some(1))
}
