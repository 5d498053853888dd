//! Which cases travel together, and when.
#![forbid(unsafe_code)]
use std::collections::{HashSet, VecDeque};

use super::waiting::{Hold, exhausted};
use super::{ATTEMPT, Call, Dispatch, Part, Place};
use crate::budget::{Allotted, Purpose};
use crate::receipt::ReceiptNumber;
use crate::reply::Answer;
use crate::time::UnixMillis;

/// Calls on their way at once. Six connections are the platform's limit.
pub(super) const MOST_CALLS: usize = 4;

/// How a batch fills, in milliseconds: it leaves when nobody has come for `quiet`, or for `busy` while
/// another call is on its way, or for `crowded` where many have just come; when its first has waited
/// for `longest`; and with nobody waiting, after `behind`. While a crowd lasts, `longest`
/// [doubles](Dispatch::patience) with each of its calls that left with room.
struct Gathering {
    quiet: i64,
    busy: i64,
    crowded: i64,
    longest: i64,
    behind: i64,
}

const AMPLE: Gathering = Gathering {
    quiet: 5,
    busy: 25,
    crowded: 100,
    longest: 400,
    behind: 100,
};

/// Where the day's calls will not last, a call saved is worth a moment's waiting.
const TIGHT: Gathering = Gathering {
    quiet: 250,
    busy: 250,
    crowded: 250,
    longest: 1_000,
    behind: 1_000,
};

/// A call with so many cases tells of a crowd, for so many milliseconds.
const CROWD: usize = 5;

const CROWDED: i64 = 4_000;

/// A look that comes so much too late tells of a thread that was busy, in milliseconds.
const LATE: i64 = 25;

/// In a crowd the longest wait doubles so often at most. However slowly a thousand come, a few of their
/// calls leave half empty and no more.
const DOUBLINGS: u32 = 3;

/// Nobody's call waits longer for others, in milliseconds.
const LONGEST: i64 = 3_200;

/// One client's cases.
struct Queue<'a> {
    client: &'a str,
    /// Whether it may have a call of its own.
    pays: bool,
    receipts: VecDeque<ReceiptNumber>,
}

impl<A: Answer> Dispatch<A> {
    pub(super) fn ready_part(&mut self, now: UnixMillis) -> Option<Part> {
        if self.flights.len() >= MOST_CALLS {
            return None;
        }
        let at = self.parts.iter().position(|part| part.ready_at <= now)?;
        Some(self.parts.remove(at))
    }

    pub(super) fn send_part(&mut self, mut part: Part, now: UnixMillis) -> Option<Call> {
        part.receipts
            .retain(|receipt| self.wanted.contains_key(receipt));
        if part.receipts.is_empty() {
            self.forget_split(part.split);
            return None;
        }
        let purpose = self.purpose(&part.receipts);
        match self.held(purpose, now) {
            None => Some(self.send(part, purpose, now)),
            Some(hold) => {
                let left = self.hold(&part.receipts, &hold, None, now);
                self.part(left, hold.until.max(now.plus(1)), part.attempt, part.split);
                None
            }
        }
    }

    /// The next batch of those who have just come, if it is time.
    pub(super) fn gather(&mut self, now: UnixMillis) -> Result<Option<Call>, UnixMillis> {
        let wanted = &self.wanted;
        // One that was told, or that has changed its place, still stands here, and perhaps twice.
        let mut seen = HashSet::new();
        let mut stands = |receipt: &ReceiptNumber, place| {
            let is_there = wanted.get(receipt).is_some_and(|one| one.place == place);
            is_there && seen.insert(*receipt)
        };
        self.people.retain(|receipt| stands(receipt, Place::People));
        self.behind.retain(|receipt| stands(receipt, Place::Behind));
        let since = |queue: &VecDeque<ReceiptNumber>| {
            let first = queue.front().and_then(|receipt| wanted.get(receipt));
            first.map(|wanted| wanted.since)
        };
        let (people_since, behind_since) = (since(&self.people), since(&self.behind));
        let gathering = if self.budget.is_tight(now.seconds()) {
            TIGHT
        } else {
            AMPLE
        };
        let mut wake = None;
        if let Some(since) = people_since {
            match self.let_through(now) {
                Some(until) => wake = Some(until),
                None if self.people.is_empty() => {}
                None => {
                    let full =
                        self.people.len().saturating_add(self.behind.len()) >= self.batch_max;
                    let times = self.patience(now);
                    let (pause, longest) = match times {
                        Some(times) => (
                            gathering.crowded,
                            gathering.longest.saturating_mul(times).min(LONGEST),
                        ),
                        None if self.flights.is_empty() => (gathering.quiet, gathering.longest),
                        None => (gathering.busy, gathering.longest),
                    };
                    // Where a crowd keeps the thread busy, the look comes late, and those who came
                    // meanwhile stand behind it: that was no quiet moment.
                    if times.is_some() && now.since(self.last_came.plus(pause)) > LATE {
                        self.last_came = now;
                    }
                    let due = since.plus(longest).min(self.last_came.plus(pause));
                    if !full && now < due {
                        return Err(due);
                    }
                    if let Some(call) = self.batch(now) {
                        return Ok(Some(call));
                    }
                }
            }
        }
        if let Some(since) = behind_since.filter(|_| self.people.is_empty()) {
            if let Some(hold) = self.held(Purpose::Refresh, now) {
                // Nobody waits: those who set out to refresh are told, and it stays due.
                let behind: Vec<_> = self.behind.drain(..).collect();
                self.hold(&behind, &hold, None, now);
                return wake.map_or(Ok(None), Err);
            }
            let due = since.plus(gathering.behind);
            if self.behind.len() < self.batch_max && now < due {
                return Err(due);
            }
            let count = self.behind.len().min(self.batch_max);
            let receipts = self.behind.drain(..count).collect();
            return Ok(Some(self.send_new(receipts, Purpose::Refresh, now)));
        }
        wake.map_or(Ok(None), Err)
    }

    /// While a crowd lasts, how many times as long as usual a call of it waits for more.
    fn patience(&self, now: UnixMillis) -> Option<i64> {
        let (at, with_room) = self.crowd;
        (at.since(now).abs() < CROWDED).then(|| 1 << with_room.min(DOUBLINGS))
    }

    /// Tells those of the people for whom there is no call and who will not wait for one. Gives the
    /// moment to look again where nobody may be asked for now.
    pub(super) fn let_through(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        for purpose in [Purpose::Revalidate, Purpose::Read] {
            let Some(hold) = self.held(purpose, now) else {
                continue;
            };
            let of_purpose: Vec<ReceiptNumber> = self
                .people
                .iter()
                .copied()
                .filter(|receipt| self.purpose(&[*receipt]) == purpose)
                .collect();
            self.hold(&of_purpose, &hold, None, now);
            let wanted = &self.wanted;
            self.people.retain(|receipt| wanted.contains_key(receipt));
            if purpose == Purpose::Read {
                return (!self.people.is_empty()).then_some(hold.until);
            }
        }
        None
    }

    /// A batch of people's cases, the clients by turns, with what else is due as far as there is room.
    pub(super) fn batch(&mut self, now: UnixMillis) -> Option<Call> {
        let mut queues: Vec<Queue<'_>> = Vec::new();
        for &receipt in &self.people {
            let Some(wanted) = self.wanted.get(&receipt) else {
                continue;
            };
            let client = wanted.client.as_str();
            match queues.iter_mut().find(|queue| queue.client == client) {
                Some(queue) => queue.receipts.push_back(receipt),
                None => queues.push(Queue {
                    client,
                    pays: self.budget.share(client, now.seconds()) == Allotted::Yes,
                    receipts: VecDeque::from([receipt]),
                }),
            }
        }
        let mut receipts = Vec::new();
        // First those who may have a call of their own, then, if one goes, those who may only join it.
        for pays in [true, false] {
            if !pays && receipts.is_empty() {
                break;
            }
            while receipts.len() < self.batch_max {
                let before = receipts.len();
                for queue in queues.iter_mut().filter(|queue| queue.pays == pays) {
                    if receipts.len() < self.batch_max {
                        receipts.extend(queue.receipts.pop_front());
                    }
                }
                if receipts.len() == before {
                    break;
                }
            }
        }
        let beyond: Vec<ReceiptNumber> = queues
            .into_iter()
            .filter(|queue| !queue.pays)
            .flat_map(|queue| queue.receipts)
            .collect();
        if !beyond.is_empty() {
            let until = self.budget.day_ends();
            let problem = exhausted(
                "This client's share of today's calls to Torch is used up, and the rest is the other clients'.",
                until.since(now.seconds()).max(1),
            );
            let hold = Hold {
                until: until.millis(),
                problem,
            };
            self.hold(&beyond, &hold, None, now);
        }
        if receipts.is_empty() {
            return None;
        }
        let room = self.batch_max.saturating_sub(receipts.len());
        if receipts.len() >= CROWD {
            let before = self.patience(now).map_or(0, |_| self.crowd.1);
            self.crowd = (now, before.saturating_add(u32::from(room > 0)));
        }
        let purpose = self.purpose(&receipts);
        let riders = room.min(self.behind.len());
        receipts.extend(self.behind.drain(..riders));
        Some(self.send_new(receipts, purpose, now))
    }

    pub(super) fn send_new(
        &mut self,
        receipts: Vec<ReceiptNumber>,
        purpose: Purpose,
        now: UnixMillis,
    ) -> Call {
        for receipt in &receipts {
            if let Some(wanted) = self.wanted.get_mut(receipt) {
                wanted.place = Place::Apart;
            }
        }
        let room = self.batch_max.saturating_sub(receipts.len());
        let part = Part {
            receipts,
            ready_at: now,
            attempt: 0,
            split: None,
        };
        let call = self.send(part, purpose, now);
        Call { room, ..call }
    }

    pub(super) fn send(&mut self, part: Part, purpose: Purpose, now: UnixMillis) -> Call {
        let clients: Vec<&str> = part
            .receipts
            .iter()
            .filter_map(|receipt| self.wanted.get(receipt))
            .filter(|wanted| wanted.purpose() != Purpose::Refresh)
            .map(|wanted| wanted.client.as_str())
            .collect();
        self.budget.take(purpose, &clients, now.seconds());
        self.breaker.called(now);
        let deadlines = part
            .receipts
            .iter()
            .filter_map(|receipt| self.wanted.get(receipt))
            .flat_map(|wanted| wanted.readers.iter().map(|reader| reader.deadline));
        let timeout = deadlines
            .max()
            .map_or(ATTEMPT, |last| last.since(now).clamp(1, ATTEMPT));
        self.serial = self.serial.wrapping_add(1);
        let call = Call {
            id: self.serial,
            receipts: part.receipts.clone(),
            // That there is one, `held` has seen.
            key: self.keys.choose(now.seconds()).unwrap_or(0),
            timeout,
            room: 0,
        };
        self.flights.push((call.id, part));
        call
    }
}
