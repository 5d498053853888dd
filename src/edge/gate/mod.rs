//! The gate, the only door to Torch, as the Worker's requests see it. What stands behind it is one
//! Durable Object: `object.rs`, and `storage.rs` for what it keeps. What it decides is the core's
//! `dispatch.rs`.
//!
//! A request to it is a text of lines, and what it answers is JSON.

mod object;
mod storage;

use crate::edge::glue::Env;
use js_sys::Array;
use js_sys::futures::JsFuture;
use wasm_bindgen::{JsCast, JsValue};

use super::store::Stored;
use super::tally::{self, Tally};
use super::{glue, observe};
use crate::budget::Purpose;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// What the gate answers, for one receipt.
pub(super) struct Answer {
    pub(super) outcome: Result<Stored, Problem>,
    /// The status that Torch answered with.
    pub(super) status: Option<u16>,
    /// Whether Torch was asked for the case, by this request or by another.
    pub(super) asked: bool,
    /// Whether it was another request's call.
    pub(super) collapsed: bool,
}

impl Answer {
    /// For an answer that never came.
    pub(super) fn lost() -> Self {
        let problem = Problem::new(
            Code::Internal,
            "The proxy's gate did not answer. Ask again in a moment.",
        )
        .after(Some(1));
        Self {
            outcome: Err(problem),
            status: None,
            asked: false,
            collapsed: false,
        }
    }

    /// From the seven values that `object::told` writes.
    fn read(told: &JsValue) -> Option<Self> {
        let told: &Array = told.dyn_ref()?;
        let text = |at: u32| told.get(at).as_string();
        let whole = |at: u32| told.get(at).as_f64().map(|number| number as i64);
        let outcome = match told.get(0).dyn_ref().and_then(Stored::from_js) {
            Some(stored) => Ok(stored),
            None => Err(Problem::new(Code::from_id(&text(1)?)?, text(2)?).after(whole(3))),
        };
        Some(Self {
            outcome,
            status: whole(4).and_then(|status| u16::try_from(status).ok()),
            asked: told.get(5).is_truthy(),
            collapsed: told.get(6).is_truthy(),
        })
    }
}

/// One case that is asked of the gate, and what for.
pub(super) type Ask = (ReceiptNumber, Purpose);

/// How a purpose is written in a request to the gate.
const PURPOSES: [(Purpose, char); 3] = [
    (Purpose::Read, 'r'),
    (Purpose::Revalidate, 'v'),
    (Purpose::Refresh, 'b'),
];

/// Asks the gate for some cases on a client's behalf; the answers stand in their order. One that Torch
/// gave before `since` will not do.
pub(super) async fn ask(env: &Env, client: &str, asks: &[Ask], since: UnixSeconds) -> Vec<Answer> {
    let cases: Vec<String> = asks
        .iter()
        .map(|(receipt, purpose)| {
            let letter = PURPOSES.iter().find(|(known, _)| known == purpose);
            let letter = letter.map_or('r', |(_, letter)| *letter);
            format!("{letter}{}", receipt.as_str())
        })
        .collect();
    let text = format!(
        "{}\n{}\n{client}\n{}",
        lines(tally::take()),
        since.0,
        cases.join(" ")
    );
    let told = JsFuture::from(glue::gate(env, "ask", &text)).await;
    let told = told.ok().and_then(|told| told.dyn_into::<Array>().ok());
    let answers: Option<Vec<Answer>> =
        told.and_then(|told| told.iter().map(|one| Answer::read(&one)).collect());
    match answers {
        Some(answers) if answers.len() == asks.len() => answers,
        _ => {
            observe::error("the gate did not answer", &[("receipts", &asks.len())]);
            asks.iter().map(|_| Answer::lost()).collect()
        }
    }
}

/// Tells the gate what this isolate has answered by itself.
pub(super) async fn report(env: &Env) {
    let text = lines(tally::take());
    // What is lost is a few counts.
    let _ = JsFuture::from(glue::gate(env, "report", &text)).await;
}

/// A tally in two lines: the number of hits, and the cases.
pub(super) fn lines(tally: Tally) -> String {
    let seen: Vec<&str> = tally.seen.iter().map(ReceiptNumber::as_str).collect();
    format!("{}\n{}", tally.hits, seen.join(" "))
}
