//! What the feed gets of a ledger.

use std::rc::Rc;

use js_sys::futures::JsFuture;

use super::object::{Asked, FEED};
use super::storage;
use crate::edge::rows::StorageError;
use crate::edge::{glue, observe};
use crate::history::Row;
use crate::json::Array;
use crate::outbox::{self, Nudge, Released};
use crate::webhook::notice;

impl Asked<'_> {
    /// Hands the feed what it has not got, behind the answer: a new row, or what waits. It goes like a delivery to an
    /// endpoint: one behind the other, and again until the feed has it.
    pub(super) fn feed(&self, new: Option<&Row>) -> Result<(), StorageError> {
        let token = self.token();
        let nudge = new.map(|_| self.with(|inner| inner.lanes.nudge(FEED, token, self.now)));
        let waiting;
        let rows = match (nudge, new) {
            (Some(Nudge::None), _) => return Ok(()),
            // It is all that waits, and claimed.
            (Some(Nudge::Loaded(_)), Some(row)) => std::slice::from_ref(row),
            _ => {
                if !self.with(|inner| inner.lanes.claim(FEED, token, self.now)) {
                    return Ok(());
                }
                self.ledger.write()?;
                let rows = storage::waiting(self.state(), FEED, outbox::CLAIM)?;
                waiting = rows.into_iter().map(|(row, _)| row).collect::<Vec<_>>();
                if waiting.len() < outbox::CLAIM {
                    self.with(|inner| inner.lanes.claimed_all(FEED));
                }
                waiting.as_slice()
            }
        };
        let Some(first) = rows.first().map(|row| row.seq) else {
            self.with(|inner| inner.lanes.release(FEED, token, true));
            return Ok(());
        };
        let (mut changes, mut seqs) = (Array::new(), Array::new());
        for row in rows {
            let change = Array::new().text(&notice::id(row.hash));
            let change = change.text(self.receipt.as_str());
            let event = notice::event(row, &self.config.names);
            changes = changes.raw(&change.text(&event).end());
            seqs = seqs.number(row.seq.into());
        }
        let pushed = glue::feed(&self.ledger.env, "push", &changes.end());
        self.with(|inner| inner.feeding = inner.feeding.saturating_add(1));
        let (ledger, config) = (Rc::clone(self.ledger), Rc::clone(self.config));
        let receipt = self.receipt;
        self.ledger.state.spawn(async move {
            let taken = JsFuture::from(pushed).await.is_ok();
            let asked = Asked::new(&ledger, &config, receipt);
            if let Err(error) = asked.fed(token, first, seqs.end(), taken) {
                observe::error("a ledger's storage failed", &[("error", &error)]);
            }
        });
        Ok(())
    }

    /// What came of handing rows to the feed, whose `seq`s are a JSON array.
    pub(super) fn fed(
        &self,
        token: i64,
        first: u32,
        seqs: String,
        taken: bool,
    ) -> Result<(), StorageError> {
        let released = self.with(|inner| {
            inner.feeding = inner.feeding.saturating_sub(1);
            inner.lanes.release(FEED, token, taken)
        });
        if taken {
            let done = (FEED.to_owned(), seqs);
            self.ledger.note(|notes| notes.done.push(done), self.now)?;
            return match released {
                Released::More => self.feed(None),
                Released::Drained | Released::NotHeld => Ok(()),
            };
        }
        observe::warn("the feed does not answer: a change waits", &[]);
        let attempts = storage::attempts(self.state(), FEED, first.into())?;
        let due_at = outbox::next_push(attempts, self.now);
        storage::failed(self.state(), FEED, first.into(), due_at, "unreachable")?;
        self.wake(due_at)
    }
}
