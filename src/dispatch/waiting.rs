//! Who waits, and for how long it is worth while.
#![forbid(unsafe_code)]

use super::{Dispatch, PATIENCE, Part, Reader, Settled, Wanted};
use crate::budget::{Purpose, Shortage};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::reply::{Answer, key_refused};
use crate::time::UnixMillis;

/// Somebody waits for a window to open only where so many milliseconds are left after that.
const LEAST_AFTER_WAIT: i64 = 1_000;

/// Why no call may be made, as it is told to a reader.
pub(super) struct Hold {
    pub(super) until: UnixMillis,
    pub(super) problem: Problem,
}

impl<A: Answer> Dispatch<A> {
    /// Why a call for `purpose` may not be made now, if it may not.
    pub(super) fn held(&self, purpose: Purpose, now: UnixMillis) -> Option<Hold> {
        let second = now.seconds();
        if let Err(none) = self.keys.choose(second) {
            let wait = none.until.since(second).max(1);
            return Some(Hold {
                until: none.until.millis(),
                problem: key_refused(none.status, Some(wait)),
            });
        }
        if let Err(until) = self.breaker.admit(now) {
            let wait = until.since(now).saturating_add(999).div_euclid(1000);
            let problem = Problem::new(
                Code::CircuitOpen,
                "Torch has failed repeatedly, so it is left alone for a moment. Ask again after the time in Retry-After.",
            );
            return Some(Hold {
                until,
                problem: problem.after(Some(wait)),
            });
        }
        let denied = self.budget.admit(purpose, second).err()?;
        let wait = denied.until.since(second).max(1);
        let problem = match denied.shortage {
            Shortage::Limited => limited(wait),
            Shortage::Minute => exhausted("This minute's calls to Torch are used up.", wait),
            Shortage::Day => exhausted("Today's calls to Torch are used up.", wait),
            Shortage::Reserve | Shortage::Pace => exhausted(
                "What is left of today's calls to Torch is kept for cases that nothing is known of.",
                wait,
            ),
        };
        Some(Hold {
            until: denied.until.millis(),
            problem,
        })
    }

    /// Keeps those waiting for whom it is worth while, and tells the others at once. Gives the cases
    /// that are still wanted.
    pub(super) fn hold(
        &mut self,
        receipts: &[ReceiptNumber],
        hold: &Hold,
        status: Option<u16>,
        now: UnixMillis,
    ) -> Vec<ReceiptNumber> {
        let answer = A::refused(hold.problem.clone(), status);
        let in_time = hold.until.max(now).plus(LEAST_AFTER_WAIT);
        let mut left = Vec::new();
        for &receipt in receipts {
            let waits =
                |reader: &Reader| reader.purpose == Purpose::Read && in_time <= reader.deadline;
            if self.tell(receipt, &answer, status.is_some(), waits) {
                left.push(receipt);
            }
        }
        left
    }

    /// Tells of a case to those who wait for it but do not `stay`. Without any who do it is no longer
    /// wanted, and false is given back.
    pub(super) fn tell(
        &mut self,
        receipt: ReceiptNumber,
        answer: &A,
        asked: bool,
        stay: impl Fn(&Reader) -> bool,
    ) -> bool {
        let Some(wanted) = self.wanted.get_mut(&receipt) else {
            return false;
        };
        let (stay, told): (Vec<Reader>, Vec<Reader>) =
            wanted.readers.drain(..).partition(|reader| stay(reader));
        let stays = !stay.is_empty();
        wanted.readers = stay;
        if !stays {
            self.wanted.remove(&receipt);
        }
        if !told.is_empty() || !stays {
            self.settled.push(Settled {
                receipt,
                readers: told.iter().map(|reader| reader.id).collect(),
                answer: answer.clone(),
                asked,
            });
        }
        stays
    }

    /// Tells all who wait for the cases of a call.
    pub(super) fn give_up(&mut self, flight: &Part, answer: &A) {
        for &receipt in &flight.receipts {
            self.tell(receipt, answer, true, |_| false);
        }
        self.forget_split(flight.split);
    }

    /// Tells those whose time is over.
    pub(super) fn expire(&mut self, now: UnixMillis) {
        if now < self.next_deadline {
            return;
        }
        // A call that is on its way ends by the deadline of the last who waits for it; those who
        // waited less long are told here.
        let late: Vec<ReceiptNumber> = self
            .wanted
            .iter()
            .filter(|(_, wanted)| wanted.readers.iter().any(|reader| reader.deadline <= now))
            .map(|(receipt, _)| *receipt)
            .collect();
        let problem = Problem::new(
            Code::TorchTimeout,
            format!(
                "Torch could not be asked within {} seconds. Ask again later.",
                PATIENCE.div_euclid(1000)
            ),
        );
        let answer = A::refused(problem, None);
        for receipt in late {
            let mut flights = self.flights.iter();
            let on_its_way = flights.any(|(_, flight)| flight.receipts.contains(&receipt));
            let before = self.wanted.get(&receipt).cloned();
            let stays = self.tell(receipt, &answer, on_its_way, |reader| reader.deadline > now);
            if let (false, true, Some(mut wanted)) = (stays, on_its_way, before) {
                // Its answer will come yet, and somebody may still join.
                wanted.readers.clear();
                self.wanted.insert(receipt, wanted);
            }
        }
        let deadlines = self.wanted.values().flat_map(|wanted| &wanted.readers);
        self.next_deadline = deadlines
            .map(|reader| reader.deadline)
            .min()
            .unwrap_or(UnixMillis(i64::MAX));
    }

    pub(super) fn purpose(&self, receipts: &[ReceiptNumber]) -> Purpose {
        let wanted = receipts
            .iter()
            .filter_map(|receipt| self.wanted.get(receipt));
        wanted
            .map(Wanted::purpose)
            .min()
            .unwrap_or(Purpose::Refresh)
    }
}

pub(super) fn limited(wait: i64) -> Problem {
    Problem::new(
        Code::TorchRateLimited,
        "Torch's rate limit is reached. Ask again after the time in Retry-After.",
    )
    .after(Some(wait))
}

pub(super) fn exhausted(what: &'static str, wait: i64) -> Problem {
    Problem::new(
        Code::QuotaExhausted,
        format!("{what} Ask again after the time in Retry-After."),
    )
    .after(Some(wait))
}
