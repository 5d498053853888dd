//! The gate's decisions: which cases travel in which call, when, with which key, and what becomes of
//! those who wait.
//!
//! A pure state machine. Whoever drives it tells it who [asks](Dispatch::ask) and what a call
//! [came to](Dispatch::answered), carries out the [next](Dispatch::next) step, and passes on what is
//! [settled](Dispatch::settled). Time and randomness are arguments.
//!
//! - A case that is wanted already is not wanted again: who asks joins those who wait.
//! - Cases that are wanted within a few milliseconds travel together, and while a call is on its way
//!   the next one fills. One alone travels alone. People's calls carry what else is due.
//! - A rejected batch is halved until the case that it was rejected for stands alone.
//! - What fails is tried again, after a pause with full jitter, as long as somebody waits who has
//!   nothing else to look at. Who has, is told at once.
//! - Nobody waits beyond their deadline, and no call is given longer than the last of those who wait.
#![forbid(unsafe_code)]

mod answers;
mod gather;
mod waiting;

use std::collections::{HashMap, VecDeque};

use answers::Split;
use gather::MOST_CALLS;

use crate::breaker::Breaker;
use crate::budget::{Budget, Numbers, Purpose, Saved};
use crate::keys::KeyRing;
use crate::receipt::ReceiptNumber;
use crate::reply::Answer;
use crate::time::UnixMillis;

/// How long a reader waits at most, in milliseconds: less than the 15 seconds after which the client
/// of Torch's own quickstart gives up.
pub const PATIENCE: i64 = 12_000;

/// How long one call may take, in milliseconds.
pub const ATTEMPT: i64 = 10_000;

/// One who waits for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The driver's own name for it.
    pub id: u64,
    /// What it is to have the answer for.
    pub purpose: Purpose,
    /// Until when it waits.
    pub deadline: UnixMillis,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make this call, and ask for the next step.
    Call(Call),
    /// Nothing before this moment, unless something happens.
    Wait(UnixMillis),
    /// Nothing, until something happens.
    Idle,
}

/// A call to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// To name it in [`Dispatch::answered`].
    pub id: u64,
    /// The cases to ask for, each once; one alone is for the single route.
    pub receipts: Vec<ReceiptNumber>,
    /// Which key to use.
    pub key: usize,
    /// How long it may take, in milliseconds.
    pub timeout: i64,
    /// How many more cases it has room for: see [`Dispatch::ride`].
    pub room: usize,
}

/// What is told of a case to those who waited for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled<A> {
    /// The case.
    pub receipt: ReceiptNumber,
    /// Those who waited, by their names; none where it only rode along.
    pub readers: Vec<u64>,
    /// What is told.
    pub answer: A,
    /// Whether Torch was asked for it.
    pub asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In `people`.
    People,
    /// In `behind`.
    Behind,
    /// In one of `parts`, or on its way.
    Apart,
}

#[derive(Debug, Clone)]
struct Wanted {
    readers: Vec<Reader>,
    client: String,
    since: UnixMillis,
    place: Place,
}

impl Wanted {
    fn purpose(&self) -> Purpose {
        let purposes = self.readers.iter().map(|reader| reader.purpose);
        purposes.min().unwrap_or(Purpose::Refresh)
    }
}

/// Cases that are to travel together and with nobody else.
#[derive(Debug, Clone)]
struct Part {
    receipts: Vec<ReceiptNumber>,
    ready_at: UnixMillis,
    attempt: u32,
    split: Option<u64>,
}

/// The gate's state: who waits for what, and the upstream's limits, health and keys.
#[derive(Debug)]
pub struct Dispatch<A> {
    /// The upstream quota.
    pub budget: Budget,
    /// The circuit breaker.
    pub breaker: Breaker,
    /// The Torch keys.
    pub keys: KeyRing,
    /// What the operator set, and what Torch was found to take.
    batch_set: usize,
    batch_max: usize,
    wanted: HashMap<ReceiptNumber, Wanted>,
    people: VecDeque<ReceiptNumber>,
    behind: VecDeque<ReceiptNumber>,
    parts: Vec<Part>,
    /// The calls that are on their way, and the splits, by their serial numbers: a few.
    flights: Vec<(u64, Part)>,
    splits: Vec<(u64, Split)>,
    serial: u64,
    last_came: UnixMillis,
    /// When a call last left with many who had come together, and how many of that crowd left with room.
    crowd: (UnixMillis, u32),
    /// Nobody's deadline lies before it.
    next_deadline: UnixMillis,
    settled: Vec<Settled<A>>,
}

impl<A: Answer> Dispatch<A> {
    /// A gate at which nobody waits. `batch_max`: how many cases one call may ask for.
    pub fn new(budget: Budget, keys: KeyRing, batch_max: usize) -> Self {
        Self {
            budget,
            breaker: Breaker::default(),
            keys,
            batch_set: batch_max.max(1),
            batch_max: batch_max.max(1),
            wanted: HashMap::new(),
            people: VecDeque::new(),
            behind: VecDeque::new(),
            parts: Vec::new(),
            flights: Vec::new(),
            splits: Vec::new(),
            serial: 0,
            last_came: UnixMillis::default(),
            crowd: (UnixMillis::default(), 0),
            next_deadline: UnixMillis(i64::MAX),
            settled: Vec::new(),
        }
    }

    /// Somebody, or with no reader nobody in particular, wants a case. True where it is wanted already
    /// and this one joins those who wait.
    pub fn ask(
        &mut self,
        receipt: ReceiptNumber,
        reader: Option<Reader>,
        client: &str,
        now: UnixMillis,
    ) -> bool {
        self.budget.seen(client, now.seconds());
        if let Some(reader) = reader {
            self.next_deadline = self.next_deadline.min(reader.deadline);
        }
        let purpose = reader.map_or(Purpose::Refresh, |reader| reader.purpose);
        let joins = self.wanted.contains_key(&receipt);
        let wanted = self.wanted.entry(receipt).or_insert_with(|| Wanted {
            readers: Vec::new(),
            client: client.to_owned(),
            since: now,
            place: Place::Apart,
        });
        wanted.readers.extend(reader);
        let is_new = !joins;
        if is_new && purpose == Purpose::Refresh {
            wanted.place = Place::Behind;
            self.behind.push_back(receipt);
        } else if purpose != Purpose::Refresh && (is_new || wanted.place == Place::Behind) {
            // What was to be refreshed some time has a reader now.
            wanted.place = Place::People;
            client.clone_into(&mut wanted.client);
            wanted.since = now;
            self.people.push_back(receipt);
        }
        if is_new {
            self.last_came = now;
        } else if reader.is_some() {
            self.budget.save(Saved {
                coalescing: 1,
                ..Saved::default()
            });
        }
        joins
    }

    /// The next step at `now`.
    pub fn next(&mut self, now: UnixMillis) -> Step {
        self.budget.roll(now.seconds());
        if self.wanted.is_empty() {
            self.next_deadline = UnixMillis(i64::MAX);
        }
        self.expire(now);
        let mut wake = self.next_deadline;
        while let Some(part) = self.ready_part(now) {
            if let Some(call) = self.send_part(part, now) {
                return Step::Call(call);
            }
        }
        // With as many calls on their way as there may be, the next answer is what to wait for.
        if self.flights.len() < MOST_CALLS {
            if let Some(ready_at) = self.parts.iter().map(|part| part.ready_at).min() {
                wake = wake.min(ready_at);
            }
            match self.gather(now) {
                Ok(Some(call)) => return Step::Call(call),
                Ok(None) => {}
                Err(until) => wake = wake.min(until),
            }
        }
        match wake {
            UnixMillis(i64::MAX) => Step::Idle,
            until => Step::Wait(until.max(now.plus(1))),
        }
    }

    /// Puts cases that are due into a call that has room: nobody waits for them. Those that are wanted
    /// already are passed over.
    pub fn ride(
        &mut self,
        call: &mut Call,
        due: impl IntoIterator<Item = ReceiptNumber>,
        now: UnixMillis,
    ) {
        let mut flights = self.flights.iter_mut();
        let Some((_, flight)) = flights.find(|(id, _)| *id == call.id) else {
            return;
        };
        for receipt in due {
            if call.room == 0 {
                break;
            }
            if self.wanted.contains_key(&receipt) {
                continue;
            }
            let rider = Wanted {
                readers: Vec::new(),
                client: String::new(),
                since: now,
                place: Place::Apart,
            };
            self.wanted.insert(receipt, rider);
            flight.receipts.push(receipt);
            call.receipts.push(receipt);
            call.room = call.room.saturating_sub(1);
        }
    }

    /// What has been settled since this was last asked.
    pub fn settled(&mut self) -> Vec<Settled<A>> {
        std::mem::take(&mut self.settled)
    }

    /// How many cases a call may ask for: what the operator set, or less where Torch takes less.
    pub fn batch_max(&self) -> usize {
        self.batch_max
    }

    /// Every number of it in the order of their names, to be stored. Who waits is not: they are gone with the memory.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = self.budget.numbers();
        self.breaker.numbers(&mut numbers);
        self.keys.numbers(&mut numbers);
        if self.batch_max < self.batch_set {
            let found = i64::try_from(self.batch_max).unwrap_or(1);
            numbers.push((format!("batch_max:{}", self.batch_set), found));
        }
        // Put in one by one: the library's sort is made for more than a hundred, and weighs 3 KB.
        let mut sorted: Numbers = Vec::with_capacity(numbers.len());
        for number in numbers {
            let place = sorted.partition_point(|other| other < &number);
            sorted.insert(place, number);
        }
        sorted
    }

    /// Takes the numbers that [`Dispatch::numbers`] gave.
    pub fn restore<'a>(&mut self, numbers: impl Iterator<Item = (&'a str, i64)> + Clone) {
        self.budget.restore(numbers.clone());
        // What was found of another setting is not true of this one.
        let found = format!("batch_max:{}", self.batch_set);
        for (name, value) in numbers {
            self.breaker.restore(name, value);
            self.keys.restore(name, value);
            if name == found {
                let value = usize::try_from(value).unwrap_or(1);
                self.batch_max = value.clamp(1, self.batch_set);
            }
        }
    }
}
