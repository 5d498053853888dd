//! What becomes of those who wait when a call comes back.
#![forbid(unsafe_code)]
use super::waiting::{Hold, limited};
use super::{Dispatch, Part, Reader};
use crate::budget::{Purpose, Saved};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::reply::{Answer, Reply, key_refused, may_be_too_large};
use crate::retry::backoff;
use crate::time::UnixMillis;

/// A call is tried again only where so many milliseconds are left for it.
const LEAST_ATTEMPT: i64 = 3_000;

/// How many times a case is asked for on a reader's behalf.
const ATTEMPTS: u32 = 3;

/// The ceiling of the first pause before another try, and of any, in milliseconds.
const PAUSE: u64 = 200;
const LONGEST_PAUSE: u64 = 2_000;

/// A batch that was rejected, perhaps for its size, and is being halved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// Parts of it that are not answered.
    open: u32,
    /// Whether a case was rejected alone: then that was the cause.
    found: bool,
    /// The most cases that were taken in one call.
    largest: usize,
}

impl<A: Answer> Dispatch<A> {
    /// What a call came to. `random` is at least 0 and below 1.
    pub fn answered(&mut self, id: u64, key: usize, reply: Reply<A>, now: UnixMillis, random: f64) {
        let Some(place) = self.flights.iter().position(|(call, _)| *call == id) else {
            return;
        };
        let (_, flight) = self.flights.swap_remove(place);
        if !matches!(reply, Reply::Failed { .. }) {
            self.breaker.succeeded();
        }
        if !matches!(reply, Reply::Failed { .. } | Reply::KeyRefused { .. }) {
            self.keys.taken(key, now.seconds());
        }
        if !matches!(reply, Reply::Failed { .. } | Reply::Limited { .. }) {
            self.budget.not_limited();
        }
        match reply {
            Reply::Cases(cases) => self.cases(flight, cases),
            Reply::Rejected { problem, status } => self.rejected(flight, problem, status, now),
            Reply::KeyRefused { status } => {
                self.keys.refused(key, status, now.seconds());
                match self.keys.choose(now.seconds()) {
                    // It was no try: Torch has not looked at the cases.
                    Ok(_) => self.parts.push(Part {
                        ready_at: now,
                        ..flight
                    }),
                    Err(none) => {
                        let wait = none.until.since(now.seconds()).max(1);
                        let answer = A::refused(key_refused(status, Some(wait)), Some(status));
                        self.give_up(&flight, &answer);
                    }
                }
            }
            Reply::Limited { retry_after } => {
                let until = self.budget.limited(retry_after, now.seconds());
                let wait = until.since(now.seconds());
                let hold = Hold {
                    until: until.millis(),
                    problem: limited(wait),
                };
                let attempt = flight.attempt.saturating_add(1);
                if attempt < ATTEMPTS {
                    let left = self.hold(&flight.receipts, &hold, Some(429), now);
                    self.part(left, hold.until, attempt, None);
                    self.forget_split(flight.split);
                } else {
                    self.give_up(&flight, &A::refused(hold.problem, Some(429)));
                }
            }
            Reply::Failed {
                problem,
                status,
                retry_after,
            } => {
                // The repeated failure of one case may be its own.
                if flight.attempt == 0 || flight.receipts.len() > 1 {
                    self.breaker.failed(retry_after, now, random);
                }
                self.failed(flight, problem, status, now, random);
            }
        }
    }

    pub(super) fn part(
        &mut self,
        receipts: Vec<ReceiptNumber>,
        ready_at: UnixMillis,
        attempt: u32,
        split: Option<u64>,
    ) {
        if !receipts.is_empty() {
            self.parts.push(Part {
                receipts,
                ready_at,
                attempt,
                split,
            });
        }
    }

    pub(super) fn cases(&mut self, flight: Part, cases: Vec<(ReceiptNumber, A)>) {
        let read = flight.receipts.iter().filter(|receipt| {
            let wanted = self.wanted.get(*receipt);
            wanted.is_some_and(|wanted| !wanted.readers.is_empty())
        });
        let read = i64::try_from(read.count()).unwrap_or(0);
        self.budget.save(Saved {
            batching: read.saturating_sub(1).max(0),
            ..Saved::default()
        });
        for (receipt, answer) in cases {
            self.tell(receipt, &answer, true, |_| false);
        }
        self.split_closes(flight.split, flight.receipts.len());
        // None is left out: but who waited for one that was, would wait for ever.
        let problem = Problem::new(
            Code::Internal,
            "The proxy lost this case's answer. Ask again in a moment.",
        );
        let lost = A::refused(problem.after(Some(1)), None);
        for receipt in flight.receipts {
            self.tell(receipt, &lost, true, |_| false);
        }
    }

    pub(super) fn rejected(
        &mut self,
        flight: Part,
        problem: Problem,
        status: u16,
        now: UnixMillis,
    ) {
        let (read, riders): (Vec<ReceiptNumber>, Vec<ReceiptNumber>) =
            flight.receipts.iter().partition(|receipt| {
                let wanted = self.wanted.get(receipt);
                wanted.is_some_and(|wanted| !wanted.readers.is_empty())
            });
        if flight.receipts.len() <= 1 {
            if let Some(split) = self.split(flight.split) {
                split.found = true;
            }
            let answer = A::refused(problem, Some(status));
            for receipt in flight.receipts {
                self.tell(receipt, &answer, true, |_| false);
            }
            self.split_closes(flight.split, 0);
            return;
        }
        if !read.is_empty() && !riders.is_empty() {
            // It may be one of those that only rode along: people's cases do not suffer for them.
            let answer = A::refused(problem, Some(status));
            for receipt in riders {
                self.tell(receipt, &answer, true, |_| false);
            }
            self.part(read, now, flight.attempt, None);
            self.forget_split(flight.split);
            return;
        }
        let split = match flight.split {
            Some(id) => Some(id),
            None if may_be_too_large(status) => {
                self.serial = self.serial.wrapping_add(1);
                let split = Split {
                    open: 1,
                    found: false,
                    largest: 0,
                };
                self.splits.push((self.serial, split));
                Some(self.serial)
            }
            None => None,
        };
        if let Some(split) = self.split(split) {
            split.open = split.open.saturating_add(1);
        }
        for half in halves(flight.receipts) {
            self.part(half, now, flight.attempt, split);
        }
    }

    pub(super) fn failed(
        &mut self,
        flight: Part,
        problem: Problem,
        status: Option<u16>,
        now: UnixMillis,
        random: f64,
    ) {
        let attempt = flight.attempt.saturating_add(1);
        let pause = backoff(flight.attempt, PAUSE, LONGEST_PAUSE, random);
        let ready_at = now.plus(i64::try_from(pause).unwrap_or(0));
        let in_time = ready_at.plus(LEAST_ATTEMPT);
        let answer = A::refused(problem, status);
        let mut again = Vec::new();
        for &receipt in &flight.receipts {
            let tries = |reader: &Reader| {
                let worth = reader.purpose == Purpose::Read && in_time <= reader.deadline;
                attempt < ATTEMPTS && worth
            };
            if self.tell(receipt, &answer, true, tries) {
                again.push(receipt);
            }
        }
        self.forget_split(flight.split);
        // In halves: should one case be what makes Torch fail, the others are not lost with it.
        for half in halves(again) {
            self.part(half, ready_at, attempt, None);
        }
    }

    pub(super) fn split(&mut self, id: Option<u64>) -> Option<&mut Split> {
        let mut splits = self.splits.iter_mut();
        splits
            .find(|(split, _)| Some(*split) == id)
            .map(|(_, split)| split)
    }

    /// A part of a split was answered, with `count` cases in it.
    pub(super) fn split_closes(&mut self, id: Option<u64>, count: usize) {
        let (Some(id), Some(split)) = (id, self.split(id)) else {
            return;
        };
        split.open = split.open.saturating_sub(1);
        split.largest = split.largest.max(count);
        if split.open == 0 {
            // Every case was taken, only not all in one call: it was their number.
            if !split.found {
                let largest = split.largest;
                self.batch_max = largest.clamp(1, self.batch_max);
            }
            self.splits.retain(|(split, _)| *split != id);
        }
    }

    /// A split whose parts come to different ends tells nothing.
    pub(super) fn forget_split(&mut self, id: Option<u64>) {
        if let Some(id) = id {
            self.splits.retain(|(split, _)| *split != id);
        }
    }
}

/// A list in two, without the empty ones.
fn halves(mut receipts: Vec<ReceiptNumber>) -> impl Iterator<Item = Vec<ReceiptNumber>> {
    let second = receipts.split_off(receipts.len().div_ceil(2));
    [receipts, second]
        .into_iter()
        .filter(|half| !half.is_empty())
}
