//! Webhooks on demand: how often each is tried, and what came of it.
//!
//! What an event says follows from the case's life and the sandbox's clock. The moment that a signature
//! is of is the real one: a receiver holds it against its own clock, which nobody has turned.
#![forbid(unsafe_code)]

use std::time::Duration;

use serde_json::{Value, json};

use super::counters::Webhooks;
use super::endpoint::Endpoint;
use super::news;
use super::order::{self, Message, Order};
use super::spoil::Tamper;
use crate::time::UnixSeconds;
use crate::webhook::{Delivery, Scheme, Signer};

/// Webhooks that are under way at once, at most.
pub(super) const LANES: usize = 4;
/// Milliseconds: the longest pause, first or later.
pub(super) const LONGEST_PAUSE: u64 = 60_000;

/// All that a delivery takes, checked: nothing of it fails but the sending.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) url: String,
    /// In the order in which they set out.
    pub(super) messages: Vec<Message>,
    /// From 1 to [`LANES`].
    pub(super) concurrency: usize,
    scheme: Scheme,
    signer: Signer,
    headers: Vec<(String, Option<String>)>,
    tamper: Option<Tamper>,
    attempts: u32,
    backoff_ms: u64,
    /// The answer that the report becomes `delivered` of; without one it is the answer.
    within: Option<Value>,
}

/// What `order` comes to at `now`.
///
/// # Errors
/// A sentence about the part that cannot be done.
pub(super) fn ordered(
    order: &Order,
    endpoint: Option<&Endpoint>,
    now: UnixSeconds,
) -> Result<Plan, String> {
    let endpoint = endpoint.ok_or("no endpoint is set: PUT /__sandbox/webhook first")?;
    Plan::new(endpoint, order, order.messages(now)?)
}

/// The changes of `receipts` that a move of the clock passed over. What is not recognised is passed over
/// too: a list of cases may hold some that Torch does not know yet. `within`: the answer to the move.
///
/// # Errors
/// A sentence about what cannot be told.
pub(super) fn announced(
    receipts: &[String],
    endpoint: &Endpoint,
    (since, until): (UnixSeconds, UnixSeconds),
    within: Value,
) -> Result<Plan, String> {
    let order = Order::default();
    let news = news::between(&order::numbers(receipts)?, since, until);
    let plan = Plan::new(endpoint, &order, order.events(&news, until)?)?;
    Ok(Plan {
        within: Some(within),
        ..plan
    })
}

impl Plan {
    fn new(endpoint: &Endpoint, order: &Order, messages: Vec<Message>) -> Result<Self, String> {
        order.check()?;
        let headers = order.headers.iter();
        let plan = Self {
            url: endpoint.url.clone(),
            messages,
            concurrency: order.concurrency.unwrap_or(LANES),
            scheme: endpoint.scheme()?,
            signer: endpoint.signer()?,
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            tamper: order.tamper,
            attempts: order.attempts.unwrap_or(5),
            backoff_ms: order.backoff_ms.unwrap_or(200),
            within: None,
        };
        // Whether a message can be signed and spoilt does not depend on its body.
        for message in &plan.messages {
            let bare = Message {
                body: "".into(),
                ..message.clone()
            };
            plan.request(&bare, UnixSeconds(0))?;
        }
        Ok(plan)
    }

    /// The request that `message` is, signed at `at`: each try anew, for a signature has its time.
    ///
    /// # Errors
    /// A sentence where the scheme cannot sign this message.
    pub(super) fn request(&self, message: &Message, at: UnixSeconds) -> Result<Delivery, String> {
        let body = message.body.as_bytes().to_vec();
        let headers = self.signer.headers(&message.id, at, &body);
        let mut headers = headers.map_err(|error| error.to_string())?;
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let mut delivery = Delivery { headers, body };
        if let Some(tamper) = self.tamper {
            tamper.spoil(&self.scheme, &mut delivery)?;
        }
        for (name, value) in &self.headers {
            delivery.headers.retain(|(held, _)| held != name);
            let value = value.clone();
            delivery
                .headers
                .extend(value.map(|value| (name.clone(), value)));
        }
        Ok(delivery)
    }

    /// How long to wait until the next try, after those that were answered with `statuses`; `None` where
    /// there is none, because one was taken or there were enough. 0 is a try without an answer.
    pub(super) fn pause(&self, statuses: &[u16]) -> Option<Duration> {
        let tries = u32::try_from(statuses.len()).unwrap_or(u32::MAX);
        if taken(statuses) || tries >= self.attempts {
            return None;
        }
        let doublings = tries.saturating_sub(1);
        let factor = 2_u64.saturating_pow(doublings);
        let millis = self.backoff_ms.saturating_mul(factor).min(LONGEST_PAUSE);
        Some(Duration::from_millis(millis))
    }

    /// What has come of it: the counts, and the answer. `tried`: the statuses of each message's tries.
    pub(super) fn report(self, tried: &[Vec<u16>]) -> (Webhooks, Value) {
        let mut counts = Webhooks::default();
        let mut events = Vec::with_capacity(tried.len());
        for (message, statuses) in self.messages.iter().zip(tried) {
            let delivered = taken(statuses);
            counts.count(statuses.len(), delivered);
            events.push(json!({
                "id": message.told_id,
                "receipt_number": message.receipt,
                "attempts": statuses,
                "delivered": delivered,
            }));
        }
        let mut report = json!(counts);
        if let Some(report) = report.as_object_mut() {
            report.insert("events".to_owned(), events.into());
        }
        let Some(mut answer) = self.within else {
            return (counts, report);
        };
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("delivered".to_owned(), report);
        }
        (counts, answer)
    }
}

/// Whether the last try was answered 2xx.
fn taken(statuses: &[u16]) -> bool {
    statuses
        .last()
        .is_some_and(|status| (200..300).contains(status))
}

#[cfg(test)]
mod tests;
