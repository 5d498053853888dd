//! A ledger's Durable Object: carries out what the core's `history` and `outbox` decide.
//!
//! All but the putting into KV and the sending of nudges is done at once, in one turn of the runtime: so
//! nothing comes between what is looked up and what is written, and no answer leaves before that is
//! durable.

use std::cell::RefCell;
use std::rc::Rc;

use crate::edge::glue::Env;
use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Array as JsArray, Date, Promise};
use wasm_bindgen::prelude::*;

use super::storage::{self, Notes};
use crate::case::{self, Case};
use crate::edge::config::{self, Config};
use crate::edge::glue::{self, State};
use crate::edge::rows::{self, StorageError};
use crate::edge::{observe, relay, store};
use crate::entry::{self, Entry};
use crate::history::{self, History, Lookup, Observation, Outcome, Row, Source, csv};
use crate::json::Array;
use crate::outbox::{self, Attempt, Lanes, Nudge, Released};
use crate::receipt::ReceiptNumber;
use crate::time::{UnixMillis, UnixSeconds};
use crate::webhook::{Event, Subscriber, notice};

/// How long after something new the alarm looks whether all that follows from it has been done, in
/// seconds.
const ALARM: i64 = 10;
/// How often the alarm looks whether an endpoint is still paused, in seconds.
const PAUSED: i64 = 900;
/// How long Torch may have been asked for an answer, in seconds.
const ASKING: i64 = 15;
/// KV takes one write a second for a key, in milliseconds.
const KV_PACE: i64 = 1_000;
/// A body of so many bytes at most travels with its nudge: a message of the queue has 128 KB at most.
const MAX_LOAD: usize = 96 * 1024;
/// The lane of the outbox that leads to the feed: no endpoint's name has a slash in it.
const FEED: &str = "/feed";
/// How long a nudge that came too early waits at most before it comes again, in seconds; one that came
/// far too early was for something else.
const EARLY: i64 = 5;

/// The Durable Object, as JavaScript sees it.
#[wasm_bindgen]
#[expect(missing_debug_implementations, reason = "it is JavaScript's")]
pub struct Ledger(Rc<Shared>);

struct Shared {
    state: State,
    env: Env,
    /// No borrow of it is held over an `.await`.
    inner: RefCell<Inner>,
}

/// What is in memory, and can be lost.
#[derive(Default)]
struct Inner {
    /// From the first look into the storage on.
    history: Option<History>,
    lanes: Lanes,
    /// What the last claim is known by.
    token: i64,
    /// What the alarm is set to, as far as this instance knows.
    alarm: Option<UnixSeconds>,
    /// What goes with the next write, or by the alarm. Where it is lost, the same is delivered or put twice.
    notes: Notes,
    cache: Cache,
    /// How many hand something to the feed at the moment.
    feeding: u32,
}

/// The case's entry in KV.
#[derive(Default)]
struct Cache {
    /// Up to which row KV is known to have the status.
    seq: u32,
    /// The entry that KV is to have next, and whose row's it is.
    wanted: Option<(u32, String)>,
    /// Whether somebody is putting.
    putting: bool,
    put_at: Option<UnixMillis>,
}

#[wasm_bindgen]
impl Ledger {
    /// The runtime makes one for each case.
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: Env) -> Self {
        Self(Rc::new(Shared {
            state: state.unchecked_into(),
            env,
            inner: RefCell::default(),
        }))
    }

    /// Answers a request, whose first line is the receipt number.
    pub fn ask(&self, what: &str, text: &str) -> Result<JsValue, JsValue> {
        let (number, text) = text.split_once('\n').unwrap_or((text, ""));
        let receipt = number
            .parse()
            .map_err(|_| JsValue::from("no receipt number"))?;
        let config = config::of(&self.0.env).map_err(|problem| problem.code.id())?;
        let asked = Asked::new(&self.0, &config, receipt);
        let answer = match what {
            "told" => asked.told(text),
            "polled" => asked.polled(text),
            "claim" => asked.claim(text),
            "settle" => asked.settle(text, false),
            "leave" => asked.settle(text, true),
            "revive" => asked.revive(text),
            "history" => asked.history(text),
            _ => return Err("a ledger knows no such thing".into()),
        };
        Ok(answer?)
    }

    /// Erases the case: everything here, and its entry in KV.
    pub fn erase(&self, number: String) -> Promise {
        let shared = Rc::clone(&self.0);
        future_to_promise(async move { shared.erase(&number).await })
    }

    /// The alarm: sees to what is left to be done.
    pub fn alarm(&self) -> Result<(), JsValue> {
        self.0.inner.borrow_mut().alarm = None;
        let Some(receipt) = storage::receipt(&self.0.state)? else {
            return Ok(());
        };
        let config = config::of(&self.0.env).map_err(|problem| problem.code.id())?;
        let asked = Asked::new(&self.0, &config, receipt);
        Ok(asked.look()?)
    }
}

/// One request, with what it needs.
struct Asked<'a> {
    ledger: &'a Rc<Shared>,
    config: &'a Rc<Config>,
    receipt: ReceiptNumber,
    now: UnixSeconds,
}

impl<'a> Asked<'a> {
    fn new(ledger: &'a Rc<Shared>, config: &'a Rc<Config>, receipt: ReceiptNumber) -> Self {
        let now = UnixSeconds::from_millis(Date::now());
        Self {
            ledger,
            config,
            receipt,
            now,
        }
    }

    fn state(&self) -> &State {
        &self.ledger.state
    }

    fn with<T>(&self, make: impl FnOnce(&mut Inner) -> T) -> T {
        make(&mut self.ledger.inner.borrow_mut())
    }

    /// What is known of the ledger: read from the storage once. `None`: it has no rows.
    fn open(&self) -> Result<Option<History>, StorageError> {
        if let Some(history) = self.with(|inner| inner.history.clone()) {
            return Ok(Some(history));
        }
        if !storage::exists(self.state())? {
            return Ok(None);
        }
        let (history, seq) = storage::open(self.state(), self.receipt)?;
        self.with(|inner| {
            inner.cache.seq = seq;
            inner.history = Some(history.clone());
        });
        Ok(Some(history))
    }

    /// A webhook: the message's id or nothing, a line break, and the event.
    ///
    /// Answers what became of it and, where the status is current now, the entry that tells of it.
    fn told(&self, text: &str) -> Result<JsValue, StorageError> {
        let (message_id, body) = text.split_once('\n').unwrap_or_default();
        let message_id = Some(message_id).filter(|id| !id.is_empty());
        let event = Event::read(body.as_bytes(), &self.config.events, &self.config.names);
        let seen = event
            .as_ref()
            .ok()
            .and_then(|event| event.observation(message_id, self.now));
        let (Ok(event), Some((_, seen))) = (&event, seen) else {
            // Never: the intake has read it.
            return Ok(JsValue::NULL);
        };
        let answer = JsArray::new();
        let Some(row) = self.append(seen)? else {
            answer.push(&"duplicate".into());
            return Ok(answer.into());
        };
        answer.push(&row.kind.id().into());
        if let Some(case) = event.case.as_ref().ok().filter(|_| row.kind.is_current()) {
            let entry = Entry::of_case(case, &self.config.table, self.now);
            answer.push(&entry.as_str().into());
            self.cache(row.seq, entry);
        }
        Ok(answer.into())
    }

    /// What Torch said when it was asked, as an entry. Answers the entry of what is current, where that is
    /// something else.
    fn polled(&self, text: &str) -> Result<JsValue, StorageError> {
        let Ok(entry) = Entry::read(text) else {
            return Ok(JsValue::NULL);
        };
        let fetched_at = entry.meta.window.fetched_at;
        if entry.meta.kind == entry::Kind::Absent {
            return self.absent(text, fetched_at);
        }
        let Some(record) = case::without_normalized(entry.body) else {
            return Ok(JsValue::NULL);
        };
        let Ok(case) = Case::read(record.as_bytes(), &self.config.names) else {
            return Ok(JsValue::NULL);
        };
        let seen = Observation::of_poll(&case, fetched_at);
        self.append(seen)?;
        let current = self.with(|inner| inner.history.as_ref()?.current.clone());
        let Some(current) = current else {
            return Ok(JsValue::NULL);
        };
        // The same text is the same status, whatever date Torch gives it now.
        if current.status_text == case.status_text {
            self.cache(current.seq, text.to_owned());
            return Ok(JsValue::NULL);
        }
        let entry = self.entry(current.seq)?;
        Ok(entry.map_or(JsValue::NULL, |entry| entry.as_str().into()))
    }

    /// That Torch does not recognise the case. Where something was seen of it while Torch was asked, that is
    /// the newer word.
    fn absent(&self, text: &str, fetched_at: UnixSeconds) -> Result<JsValue, StorageError> {
        let current = self.open()?.and_then(|history| history.current);
        if let Some(current) = current
            && storage::last_seen(self.state())? >= fetched_at.plus(ASKING.saturating_neg())
        {
            let entry = self.entry(current.seq)?;
            return Ok(entry.map_or(JsValue::NULL, |entry| entry.as_str().into()));
        }
        // It is no row's status.
        self.cache(0, text.to_owned());
        Ok(JsValue::NULL)
    }

    /// Appends what was seen; `None` where it is there already.
    fn append(&self, seen: Observation) -> Result<Option<Row>, StorageError> {
        let known = self.open()?;
        let key = seen.key(self.receipt).to_string();
        let (by_id, by_key) = match &known {
            Some(_) => storage::known(self.state(), seen.event_id.as_deref(), &key)?,
            None => (false, false),
        };
        let mut history = known.unwrap_or_else(|| History::begin(self.receipt));
        let outcome = history.observe(seen, |lookup| {
            Ok::<_, StorageError>(match lookup {
                Lookup::Id(_) => by_id,
                Lookup::Key(_) => by_key,
            })
        })?;
        let (Outcome::Appended(row) | Outcome::Touched(row)) = outcome else {
            return Ok(None);
        };
        let category = notice::category(&row);
        let takers = self.config.subscribers.iter();
        let takers = takers.filter(|one| notice::is_told(row.kind) && one.takes(category));
        let live = notice::is_told(row.kind) && self.config.is_live();
        let endpoints = takers.clone().map(|one| one.name.as_str());
        let endpoints: Vec<&str> = endpoints.chain(live.then_some(FEED)).collect();
        if row.observation.source == Source::Webhook || !endpoints.is_empty() {
            // Before the row, and in the same breath: a row without an alarm behind it could wait for ever.
            // What a poll finds and nobody is to be told, the next poll finds again.
            self.wake(self.now.plus(ALARM))?;
        }
        self.with(|inner| {
            storage::append(
                self.state(),
                self.receipt,
                &row,
                &key,
                &endpoints,
                &inner.notes,
            )
        })?;
        history.advance(&row);
        self.with(|inner| {
            inner.notes = Notes::default();
            inner.history = Some(history);
            if row.seq == 1 {
                inner.lanes = Lanes::begin();
            }
        });
        for one in takers {
            let endpoint = one.name.as_str();
            let token = self.token();
            let nudge = self.with(|inner| inner.lanes.nudge(endpoint, token, self.now));
            match nudge {
                _ if one.paused => self.with(|inner| inner.lanes.clear(endpoint)),
                Nudge::None => {}
                Nudge::Plain => self.nudge(endpoint, ""),
                Nudge::Loaded(until) => {
                    self.nudge(endpoint, &self.load(&row, endpoint, token, until))
                }
            }
        }
        if live {
            self.feed(Some(&row))?;
        }
        Ok(Some(row))
    }

    /// Hands the feed what it has not got, behind the answer: a new row, or what waits. It goes like a delivery to an
    /// endpoint: one behind the other, and again until the feed has it.
    fn feed(&self, new: Option<&Row>) -> Result<(), StorageError> {
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
    fn fed(&self, token: i64, first: u32, seqs: String, taken: bool) -> Result<(), StorageError> {
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

    /// Sets the alarm, unless it comes sooner anyway.
    fn wake(&self, at: UnixSeconds) -> Result<(), StorageError> {
        if self.with(|inner| inner.alarm.is_some_and(|alarm| alarm <= at)) {
            return Ok(());
        }
        glue::alarm(self.state(), at.millis().0 as f64)?;
        self.with(|inner| inner.alarm = Some(at));
        Ok(())
    }

    /// What the next claim is known by.
    fn token(&self) -> i64 {
        self.with(|inner| {
            // By the clock, so that it is another one than those of an instance before this.
            let now = UnixMillis::from_js(Date::now()).0;
            inner.token = now.max(inner.token.saturating_add(1));
            inner.token
        })
    }

    /// Says through the queue that there is something for an endpoint.
    fn nudge(&self, endpoint: &str, load: &str) {
        let text = format!("{} {endpoint}{load}", self.receipt.as_str());
        glue::nudge(self.state(), &self.ledger.env, &text);
    }

    /// What makes a nudge a loaded one: until when it is good, and what `claim` would give, the body behind a
    /// line break. Nothing where that is too much for a message.
    fn load(&self, row: &Row, endpoint: &str, token: i64, until: UnixSeconds) -> String {
        let (seq, id) = (row.seq, notice::message_id(row.hash, endpoint));
        let body = notice::body(row, &self.config.names);
        if body.len() > MAX_LOAD {
            self.with(|inner| inner.lanes.clear(endpoint));
            return String::new();
        }
        format!(" {} {token} {seq} {id}\n{body}", until.0)
    }

    /// The entry of the row `seq`, as of the time at which it was seen.
    fn entry(&self, seq: u32) -> Result<Option<String>, StorageError> {
        let rows = storage::events(self.state(), "seq = ?1", Array::new().number(seq.into()))?;
        let entry = rows.first().and_then(|row| {
            let seen = &row.observation;
            let case = Case::read(seen.record.as_bytes(), &self.config.names).ok()?;
            Some(Entry::of_case(&case, &self.config.table, seen.seen_at))
        });
        Ok(entry)
    }

    /// Puts an entry into KV, behind the answer. Only the ledger puts a case there, one entry after
    /// another, so that no older status lands behind a newer.
    fn cache(&self, seq: u32, entry: String) {
        let idle = self.with(|inner| {
            inner.cache.wanted = Some((seq, entry));
            !std::mem::replace(&mut inner.cache.putting, true)
        });
        if idle {
            let (ledger, receipt) = (Rc::clone(self.ledger), self.receipt);
            self.ledger
                .state
                .spawn(async move { ledger.put(receipt).await });
        }
    }

    /// What is to be delivered to an endpoint, for somebody who will do it: an endpoint's name, and the hash
    /// of the url that wants nothing any more, if one does.
    ///
    /// Answers in how many seconds to come again, or null; and where there is something what the claim is
    /// known by, then for each delivery its `seq`, the message's id and its body.
    fn claim(&self, text: &str) -> Result<JsValue, StorageError> {
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
    fn settle(&self, text: &str, enough: bool) -> Result<JsValue, StorageError> {
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
    fn revive(&self, text: &str) -> Result<JsValue, StorageError> {
        let (endpoint, seqs) = text.split_once('\n').unwrap_or_default();
        if self.open()?.is_some() {
            // What was taken before may be among them.
            self.ledger.write()?;
            storage::revive(self.state(), endpoint, seqs)?;
            self.look()?;
        }
        Ok(JsValue::TRUE)
    }

    /// The whole ledger: `csv`, or JSON.
    fn history(&self, format: &str) -> Result<JsValue, StorageError> {
        let rows = match self.open()? {
            Some(_) => storage::events(self.state(), "true", Array::new())?,
            None => Vec::new(),
        };
        let text = match format {
            "csv" => csv::to_csv(self.receipt, &rows),
            _ => history::to_json(self.receipt, &rows),
        };
        Ok(text.into())
    }

    /// Sees to all that is left to be done, and sets the alarm to when to look again.
    fn look(&self) -> Result<(), StorageError> {
        let Some(history) = self.open()? else {
            return Ok(());
        };
        self.ledger.write()?;
        let mut next: Option<UnixSeconds> = None;
        let mut wake = |at: UnixSeconds| next = Some(next.map_or(at, |next| next.min(at)));
        for head in storage::heads(self.state())? {
            let endpoint = head.endpoint.as_str();
            if endpoint == FEED && !self.config.is_live() {
                storage::let_go(self.state(), FEED)?;
                continue;
            }
            if self
                .config
                .subscriber(endpoint)
                .is_some_and(|one| one.paused)
            {
                wake(self.now.plus(PAUSED));
                continue;
            }
            let (nudge, at) = self.with(|inner| inner.lanes.look(endpoint, head.due_at, self.now));
            match nudge {
                true if endpoint == FEED => self.feed(None)?,
                true => self.nudge(endpoint, ""),
                false => {}
            }
            wake(at);
        }
        let current = history.current.map_or(0, |current| current.seq);
        if self.with(|inner| inner.cache.seq) < current {
            wake(self.now.plus(ALARM));
            if let Some(entry) = self.entry(current)? {
                self.cache(current, entry);
            }
        }
        if self.bury()? {
            wake(self.now.plus(ALARM));
        }
        next.map_or(Ok(()), |next| self.wake(next))
    }

    /// Hands dead letters over to the relay's store, behind the answer; says whether there are any.
    fn bury(&self) -> Result<bool, StorageError> {
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

impl Shared {
    /// Notes something, which is stored later where the alarm is near, and else now.
    fn note(&self, note: impl FnOnce(&mut Notes), now: UnixSeconds) -> Result<(), StorageError> {
        let near = {
            let mut inner = self.inner.borrow_mut();
            note(&mut inner.notes);
            inner.alarm.is_some_and(|at| at <= now.plus(ALARM))
        };
        if near { Ok(()) } else { self.write() }
    }

    /// Stores what was noted.
    fn write(&self) -> Result<(), StorageError> {
        let mut inner = self.inner.borrow_mut();
        inner.notes.write(&self.state)?;
        inner.notes = Notes::default();
        Ok(())
    }

    /// Puts what is wanted into KV, until nothing is.
    async fn put(self: Rc<Self>, receipt: ReceiptNumber) {
        loop {
            let wait = {
                let mut inner = self.inner.borrow_mut();
                let cache = &mut inner.cache;
                if cache.wanted.is_none() {
                    cache.putting = false;
                    return;
                }
                let since = cache
                    .put_at
                    .map(|at| UnixMillis::from_js(Date::now()).since(at));
                since.map_or(0, |since| KV_PACE.saturating_sub(since))
            };
            if wait > 0 {
                let _ = JsFuture::from(glue::sleep(wait as f64)).await;
            }
            // What was wanted while this waited is newer.
            let wanted = self.inner.borrow_mut().cache.wanted.take();
            let Some((seq, entry)) = wanted else { continue };
            let items = JsArray::new();
            store::entry(
                &items,
                receipt,
                &entry,
                UnixSeconds::from_millis(Date::now()),
            );
            let kept = store::keep(&store::kv(&self.env), &items).await;
            let mut inner = self.inner.borrow_mut();
            inner.cache.put_at = Some(UnixMillis::from_js(Date::now()));
            if !kept {
                // The alarm tries again.
                inner.cache.putting = false;
                return;
            }
            if seq > inner.cache.seq {
                inner.cache.seq = seq;
                drop(inner);
                let now = UnixSeconds::from_millis(Date::now());
                if let Err(error) = self.note(|notes| notes.cached = Some(seq), now) {
                    observe::error("a ledger's storage failed", &[("error", &error)]);
                }
            }
        }
    }

    async fn erase(self: Rc<Self>, number: &str) -> Result<JsValue, JsValue> {
        let receipt = number
            .parse::<ReceiptNumber>()
            .map_err(|_| JsValue::from("no receipt number"))?;
        // What is on its way into KV, or to the feed, must not land behind this.
        self.inner.borrow_mut().cache.wanted = None;
        let busy = |inner: &Inner| inner.cache.putting || inner.feeding > 0;
        while busy(&self.inner.borrow()) {
            let _ = JsFuture::from(glue::sleep(20.0)).await;
        }
        *self.inner.borrow_mut() = Inner::default();
        JsFuture::from(glue::forget(&self.state)).await?;
        JsFuture::from(glue::remove(&store::kv(&self.env), &entry::key(receipt))).await?;
        Ok(JsValue::TRUE)
    }
}
