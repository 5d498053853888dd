//! What a ledger has for the relay's endpoints: claims, what came of them, and dead letters.

use std::rc::Rc;

use js_sys::Array as JsArray;
use js_sys::futures::JsFuture;
use wasm_bindgen::JsValue;

use super::object::Asked;
use super::storage;
use crate::edge::rows::{self, StorageError};
use crate::edge::{glue, observe, relay};
use crate::history::Row;
use crate::json::Array;
use crate::outbox::{self, Attempt, Released};
use crate::time::UnixSeconds;
use crate::webhook::{Subscriber, notice};

/// A body of so many bytes at most travels with its nudge: a message of the queue has 128 KB at most.
const MAX_LOAD: usize = 96 * 1024;
/// How long a nudge that came too early waits at most before it comes again, in seconds; one that came
/// far too early was for something else.
const EARLY: i64 = 5;

impl Asked<'_> {
    /// Says through the queue that there is something for an endpoint.
    pub(super) fn nudge(&self, endpoint: &str, load: &str) {
        let text = format!("{} {endpoint}{load}", self.receipt.as_str());
        glue::nudge(self.state(), &self.ledger.env, &text);
    }

    /// What makes a nudge a loaded one: until when it is good, and what `claim` would give, the body behind a
    /// line break. Nothing where that is too much for a message.
    pub(super) fn load(&self, row: &Row, endpoint: &str, token: i64, until: UnixSeconds) -> String {
        let (seq, id) = (row.seq, notice::message_id(row.hash, endpoint));
        let body = notice::body(row, &self.config.names);
        if body.len() > MAX_LOAD {
            self.with(|inner| inner.lanes.clear(endpoint));
            return String::new();
        }
        format!(" {} {token} {seq} {id}\n{body}", until.0)
    }

    /// What is to be delivered to an endpoint, for somebody who will do it: an endpoint's name, and the hash
    /// of the url that wants nothing any more, if one does.
    ///
    /// Answers in how many seconds to come again, or null; and where there is something what the claim is
    /// known by, then for each delivery its `seq`, the message's id and its body.
    pub(super) fn claim(&self, text: &str) -> Result<JsValue, StorageError> {
        let (endpoint, gone) = text.split_once('\n').unwrap_or((text, ""));
        let wants_nothing = |one: &Subscriber| !gone.is_empty() && relay::url_hash(one) == gone;
        let nothing = || JsArray::of1(&JsValue::NULL).into();
        if self.open()?.is_none() {
            return Ok(nothing());
        }
        self.ledger.write()?;
        let subscriber = self.config.subscriber(endpoint);
        if subscriber.is_some_and(|one| one.paused) {
            return Ok(nothing());
        }
        if subscriber.is_none_or(wants_nothing) {
            let removed = subscriber.is_none();
            let reason = if removed {
                "endpoint_removed"
            } else {
                "http_410"
            };
            storage::give_up(self.state(), endpoint, None, reason, self.now)?;
            self.with(|inner| inner.lanes.clear(endpoint));
            self.look()?;
            return Ok(nothing());
        }
        let token = self.token();
        if !self.with(|inner| inner.lanes.claim(endpoint, token, self.now)) {
            return Ok(nothing());
        }
        let waiting = storage::waiting(self.state(), endpoint, outbox::CLAIM)?;
        let due_in = waiting.first().map(|(_, due_at)| due_at.since(self.now));
        let due_in = due_in.unwrap_or(i64::MAX);
        if due_in > 0 {
            self.with(|inner| {
                if waiting.is_empty() {
                    inner.lanes.claimed_all(endpoint);
                }
                inner.lanes.release(endpoint, token, waiting.is_empty());
            });
            return Ok(match due_in {
                ..=EARLY => JsArray::of1(&(due_in as f64).into()).into(),
                _ => nothing(),
            });
        }
        if waiting.len() < outbox::CLAIM {
            self.with(|inner| inner.lanes.claimed_all(endpoint));
        }
        // What stands behind one that was put off waits with it, and is due when that one is done.
        let told = JsArray::of2(&JsValue::NULL, &(token as f64).into());
        for (row, _) in &waiting {
            told.push(&row.seq.into());
            told.push(&notice::message_id(row.hash, endpoint).into());
            told.push(&notice::body(row, &self.config.names).into());
        }
        Ok(told.into())
    }

    /// What came of a claim, in lines: the endpoint; what the claim is known by; the `seq`s that were
    /// delivered, as a JSON array; and where an attempt failed its `seq`, what came of it, and the Retry-After in seconds; where the endpoint
    /// wants nothing any more `gone`, the hash of its url and the `seq`.
    ///
    /// Answers like `claim` with what is next, unless whoever asks has done enough.
    pub(super) fn settle(&self, text: &str, enough: bool) -> Result<JsValue, StorageError> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (endpoint, token, delivered) = (line(), line().parse().unwrap_or(0), line());
        let (failed, reason, retry_after) = (line(), line(), line().parse().ok());
        let released = self.with(|inner| inner.lanes.release(endpoint, token, failed.is_empty()));
        let nothing = || JsArray::of1(&JsValue::NULL).into();
        if self.open()?.is_none() {
            return Ok(nothing());
        }
        if delivered != "[]" {
            let done = (endpoint.to_owned(), delivered.to_owned());
            self.ledger.note(|notes| notes.done.push(done), self.now)?;
        }
        let Ok(seq) = failed.parse::<i64>() else {
            if failed.is_empty() && released != Released::More {
                return Ok(nothing());
            }
            if enough {
                return Ok(JsArray::of1(&0.into()).into());
            }
            if let Some(seq) = retry_after.filter(|_| failed == "gone") {
                let counted = Attempt::Answered(410).id();
                storage::failed(self.state(), endpoint, seq, self.now, &counted)?;
            }
            return self.claim(&format!("{endpoint}\n{reason}"));
        };
        self.ledger.write()?;
        let attempts = storage::attempts(self.state(), endpoint, seq)?.saturating_add(1);
        let next = outbox::next_attempt(attempts, retry_after, self.now);
        match next {
            Some(due_at) => storage::failed(self.state(), endpoint, seq, due_at, reason)?,
            None => storage::give_up(self.state(), endpoint, Some(seq), reason, self.now)?,
        }
        self.look()?;
        match next {
            Some(due_at) => Ok(JsArray::of1(&(due_at.since(self.now) as f64).into()).into()),
            None => self.claim(endpoint),
        }
    }

    /// Puts dead letters back: an endpoint's name and, as a JSON array, their `seq`s.
    pub(super) fn revive(&self, text: &str) -> Result<JsValue, StorageError> {
        let (endpoint, seqs) = text.split_once('\n').unwrap_or_default();
        if self.open()?.is_some() {
            // What was taken before may be among them.
            self.ledger.write()?;
            storage::revive(self.state(), endpoint, seqs)?;
            self.look()?;
        }
        Ok(JsValue::TRUE)
    }

    /// Hands dead letters over to the relay's store, behind the answer; says whether there are any.
    pub(super) fn bury(&self) -> Result<bool, StorageError> {
        let dead = storage::dead(self.state())?;
        if dead.is_empty() {
            return Ok(false);
        }
        let mut letters = Array::new();
        let mut taken: Vec<(String, i64)> = Vec::new();
        for cells in &dead {
            let endpoint: String = rows::parse(cells, 0)?;
            let seq: i64 = rows::parse(cells, 1)?;
            let rows = storage::events(self.state(), "seq = ?1", Array::new().number(seq))?;
            let Some(row) = rows.first() else { continue };
            let letter = Array::new()
                .text(&notice::message_id(row.hash, &endpoint))
                .text(&endpoint)
                .text(self.receipt.as_str())
                .number(seq)
                .text(notice::message_type(row))
                .number(row.observation.seen_at.0)
                .number(rows::parse(cells, 2)?)
                .text(&rows::parse::<String>(cells, 3)?)
                .number(rows::parse(cells, 4)?);
            letters = letters.raw(&letter.end());
            taken.push((endpoint, seq));
        }
        let buried = glue::relay(&self.ledger.env, "bury", &letters.end());
        let ledger = Rc::clone(self.ledger);
        self.ledger.state.spawn(async move {
            if JsFuture::from(buried).await.is_err() {
                observe::error("dead letters wait: the relay's store does not answer", &[]);
                return;
            }
            for (endpoint, seq) in taken {
                if let Err(error) = storage::buried(&ledger.state, &endpoint, seq) {
                    observe::error("a ledger's storage failed", &[("error", &error)]);
                }
            }
        });
        Ok(true)
    }
}
