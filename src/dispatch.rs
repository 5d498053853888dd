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

use std::collections::{HashMap, HashSet, VecDeque};

use crate::breaker::Breaker;
use crate::budget::{Allotted, Budget, Numbers, Purpose, Saved, Shortage};
use crate::keys::KeyRing;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::reply::{Answer, Reply, key_refused, may_be_too_large};
use crate::retry::backoff;
use crate::time::UnixMillis;

/// How long a reader waits at most, in milliseconds: less than the 15 seconds after which the client
/// of Torch's own quickstart gives up.
pub const PATIENCE: i64 = 12_000;

/// How long one call may take, in milliseconds.
pub const ATTEMPT: i64 = 10_000;

/// A call is tried again only where so many milliseconds are left for it, and somebody waits for a
/// window to open only where so many are left after that.
const LEAST_ATTEMPT: i64 = 3_000;
const LEAST_AFTER_WAIT: i64 = 1_000;

/// How many times a case is asked for on a reader's behalf.
const ATTEMPTS: u32 = 3;

/// The ceiling of the first pause before another try, and of any, in milliseconds.
const PAUSE: u64 = 200;
const LONGEST_PAUSE: u64 = 2_000;

/// Calls on their way at once. Six connections are the platform's limit.
const MOST_CALLS: usize = 4;

/// How a batch fills, in milliseconds: it leaves when nobody has come for `quiet`, or for `busy` while
/// another call is on its way, or for `crowded` where many have just come; when its first has waited
/// for `longest`; and with nobody waiting, after `behind`.
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
const CROWDED: i64 = 1_000;

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

/// A batch that was rejected, perhaps for its size, and is being halved.
#[derive(Debug, Clone, Copy)]
struct Split {
    /// Parts of it that are not answered.
    open: u32,
    /// Whether a case was rejected alone: then that was the cause.
    found: bool,
    /// The most cases that were taken in one call.
    largest: usize,
}

/// One client's cases.
struct Queue<'a> {
    client: &'a str,
    /// Whether it may have a call of its own.
    pays: bool,
    receipts: VecDeque<ReceiptNumber>,
}

/// Why no call may be made, as it is told to a reader.
struct Hold {
    until: UnixMillis,
    problem: Problem,
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
    /// When a call last left with many who had come together.
    crowd: UnixMillis,
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
            crowd: UnixMillis::default(),
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
        numbers.sort_unstable();
        numbers
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

    /// Why a call for `purpose` may not be made now, if it may not.
    fn held(&self, purpose: Purpose, now: UnixMillis) -> Option<Hold> {
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
    fn hold(
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
    fn tell(
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
    fn give_up(&mut self, flight: &Part, answer: &A) {
        for &receipt in &flight.receipts {
            self.tell(receipt, answer, true, |_| false);
        }
        self.forget_split(flight.split);
    }

    fn part(
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

    /// Tells those whose time is over.
    fn expire(&mut self, now: UnixMillis) {
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

    fn ready_part(&mut self, now: UnixMillis) -> Option<Part> {
        if self.flights.len() >= MOST_CALLS {
            return None;
        }
        let at = self.parts.iter().position(|part| part.ready_at <= now)?;
        Some(self.parts.remove(at))
    }

    fn send_part(&mut self, mut part: Part, now: UnixMillis) -> Option<Call> {
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
    fn gather(&mut self, now: UnixMillis) -> Result<Option<Call>, UnixMillis> {
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
                    let pause = match self.crowd.since(now).abs() < CROWDED {
                        true => gathering.crowded,
                        false if self.flights.is_empty() => gathering.quiet,
                        false => gathering.busy,
                    };
                    let due = since
                        .plus(gathering.longest)
                        .min(self.last_came.plus(pause));
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

    /// Tells those of the people for whom there is no call and who will not wait for one. Gives the
    /// moment to look again where nobody may be asked for now.
    fn let_through(&mut self, now: UnixMillis) -> Option<UnixMillis> {
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
    fn batch(&mut self, now: UnixMillis) -> Option<Call> {
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
        if receipts.len() >= CROWD {
            self.crowd = now;
        }
        let purpose = self.purpose(&receipts);
        let room = self.batch_max.saturating_sub(receipts.len());
        let riders = room.min(self.behind.len());
        receipts.extend(self.behind.drain(..riders));
        Some(self.send_new(receipts, purpose, now))
    }

    fn send_new(
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

    fn send(&mut self, part: Part, purpose: Purpose, now: UnixMillis) -> Call {
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

    fn purpose(&self, receipts: &[ReceiptNumber]) -> Purpose {
        let wanted = receipts
            .iter()
            .filter_map(|receipt| self.wanted.get(receipt));
        wanted
            .map(Wanted::purpose)
            .min()
            .unwrap_or(Purpose::Refresh)
    }

    fn cases(&mut self, flight: Part, cases: Vec<(ReceiptNumber, A)>) {
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

    fn rejected(&mut self, flight: Part, problem: Problem, status: u16, now: UnixMillis) {
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

    fn failed(
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

    fn split(&mut self, id: Option<u64>) -> Option<&mut Split> {
        let mut splits = self.splits.iter_mut();
        splits
            .find(|(split, _)| Some(*split) == id)
            .map(|(_, split)| split)
    }

    /// A part of a split was answered, with `count` cases in it.
    fn split_closes(&mut self, id: Option<u64>, count: usize) {
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
    fn forget_split(&mut self, id: Option<u64>) {
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

fn limited(wait: i64) -> Problem {
    Problem::new(
        Code::TorchRateLimited,
        "Torch's rate limit is reached. Ask again after the time in Retry-After.",
    )
    .after(Some(wait))
}

fn exhausted(what: &'static str, wait: i64) -> Problem {
    Problem::new(
        Code::QuotaExhausted,
        format!("{what} Ask again after the time in Retry-After."),
    )
    .after(Some(wait))
}
