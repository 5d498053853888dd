//! The two reads, once a call is let in: which records an answer holds.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use super::answer::Answer;
use super::fault::{BodyFault, Fault};
use super::life::Life;
use super::quota::{BatchUnknown, Limits};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

const SOURCE_HINT: &str =
    "Simulated by the torch-edge sandbox; official case status remains with USCIS";
const MALFORMED: &str = "a receipt is three capital letters and ten digits";

/// A Status object of Torch, its fields in the documented order.
#[derive(Debug, Serialize)]
struct Status {
    receipt_number: ReceiptNumber,
    status_text: Text,
    status_category: &'static str,
    last_checked_at: Option<String>,
    last_status_at: Option<String>,
    source_hint: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Text {
    Official(Cow<'static, str>),
    Number(u32),
}

/// One element of an answer: a Status, or what a fault has made of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Item {
    Status(Status),
    Error {
        receipt_number: ReceiptNumber,
        error: &'static str,
    },
}

/// `GET /case-status`
pub(super) fn single(receipts: &[String], now: UnixSeconds, fault: Option<&Fault>) -> Answer {
    let receipt = match receipts {
        [] => return Answer::error(400, "the query parameter receipt is missing"),
        [receipt] => receipt,
        _ => return Answer::error(400, "one receipt at a time: /case-status/batch takes more"),
    };
    let Some(receipt) = strict(receipt) else {
        return Answer::error(400, MALFORMED);
    };
    match item(&receipt, now, fault) {
        Some(item) => Answer::json(200, &item),
        None => Answer::error(404, "the receipt is not recognised at this time"),
    }
}

/// `GET /case-status/batch`
pub(super) fn batch(
    receipts: &[String],
    now: UnixSeconds,
    limits: &Limits,
    fault: Option<&Fault>,
) -> Answer {
    if receipts.is_empty() {
        return Answer::error(400, "the query parameter receipt is missing");
    }
    let most = usize::try_from(limits.batch_max).unwrap_or(usize::MAX);
    if receipts.len() > most {
        return Answer::error(400, &format!("a batch takes {most} receipts at most"));
    }
    let Some(numbers) = receipts
        .iter()
        .map(|text| strict(text))
        .collect::<Option<Vec<_>>>()
    else {
        return Answer::error(400, MALFORMED);
    };
    if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
        return Answer::error(409, "a receipt stands in the batch more than once");
    }
    let items: Vec<Item> = numbers
        .iter()
        .filter_map(|receipt| item(receipt, now, fault))
        .collect();
    if items.len() < numbers.len() && limits.batch_unknown == BatchUnknown::Reject {
        return Answer::error(404, "a receipt of the batch is not recognised at this time");
    }
    Answer::json(200, &items)
}

/// A receipt as Torch would have it: capital letters and no dashes, so that a client which passes
/// on what people type is found out here.
pub(super) fn strict(text: &str) -> Option<ReceiptNumber> {
    let receipt = ReceiptNumber::parse(text).ok()?;
    (receipt.as_str() == text).then_some(receipt)
}

/// What there is of `receipt` at `now`, with what `fault` does to it; `None`: not recognised.
fn item(receipt: &ReceiptNumber, now: UnixSeconds, fault: Option<&Fault>) -> Option<Item> {
    let life = Life::of(receipt)?;
    let meant = fault.filter(|fault| fault.means(receipt.as_str()));
    let body = meant.and_then(|fault| fault.body.as_ref());
    let (receipt_number, step) = match body {
        Some(BodyFault::WrongReceipt) => {
            let other = neighbour(receipt)?;
            (other, Life::of(&other)?.at(now))
        }
        _ => (*receipt, life.at(now)),
    };
    if body == Some(&BodyFault::ErrorInside) {
        return Some(Item::Error {
            receipt_number,
            error: "the case could not be read",
        });
    }
    let status_text = match body {
        Some(BodyFault::WrongType) => Text::Number(42),
        _ => Text::Official(step.text()),
    };
    Some(Item::Status(Status {
        receipt_number,
        status_text,
        status_category: step.title.category.label_en(),
        last_checked_at: minute(now).to_rfc3339(),
        last_status_at: step.at.to_rfc3339(),
        source_hint: SOURCE_HINT,
    }))
}

/// The start of a moment's minute: a case is looked at once a minute.
fn minute(now: UnixSeconds) -> UnixSeconds {
    now.plus(now.0.rem_euclid(60).saturating_neg())
}

/// Another receipt: the last digit is one more, nine becoming zero.
fn neighbour(receipt: &ReceiptNumber) -> Option<ReceiptNumber> {
    let mut text = receipt.as_str().to_owned();
    let digit = text.pop()?.to_digit(10)?;
    let next = digit.saturating_add(1).checked_rem(10)?;
    text.push(char::from_digit(next, 10)?);
    text.parse().ok()
}
