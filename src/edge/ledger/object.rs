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

use super::cache::Cache;
use super::storage::{self, Notes};
use crate::case::{self, Case};
use crate::edge::config::{self, Config};
use crate::edge::glue::{self, State};
use crate::edge::rows::StorageError;
use crate::edge::store;
use crate::entry::{self, Entry};
use crate::history::{self, History, Lookup, Observation, Outcome, Row, Source, csv};
use crate::json::Array;
use crate::outbox::{Lanes, Nudge};
use crate::receipt::ReceiptNumber;
use crate::time::{UnixMillis, UnixSeconds};
use crate::webhook::{Event, notice};

/// How long after something new the alarm looks whether all that follows from it has been done, in
/// seconds.
const ALARM: i64 = 10;
/// How often the alarm looks whether an endpoint is still paused, in seconds.
const PAUSED: i64 = 900;
/// How long Torch may have been asked for an answer, in seconds.
const ASKING: i64 = 15;
/// The lane of the outbox that leads to the feed: no endpoint's name has a slash in it.
pub(super) const FEED: &str = "/feed";

/// The Durable Object, as JavaScript sees it.
#[wasm_bindgen]
#[expect(missing_debug_implementations, reason = "it is JavaScript's")]
pub struct Ledger(Rc<Shared>);

pub(super) struct Shared {
    pub(super) state: State,
    pub(super) env: Env,
    /// No borrow of it is held over an `.await`.
    pub(super) inner: RefCell<Inner>,
}

/// What is in memory, and can be lost.
#[derive(Default)]
pub(super) struct Inner {
    /// From the first look into the storage on.
    history: Option<History>,
    pub(super) lanes: Lanes,
    /// What the last claim is known by.
    token: i64,
    /// What the alarm is set to, as far as this instance knows.
    alarm: Option<UnixSeconds>,
    /// What goes with the next write, or by the alarm. Where it is lost, the same is delivered or put twice.
    notes: Notes,
    pub(super) cache: Cache,
    /// How many hand something to the feed at the moment.
    pub(super) feeding: u32,
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
pub(super) struct Asked<'a> {
    pub(super) ledger: &'a Rc<Shared>,
    pub(super) config: &'a Rc<Config>,
    pub(super) receipt: ReceiptNumber,
    pub(super) now: UnixSeconds,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        ledger: &'a Rc<Shared>,
        config: &'a Rc<Config>,
        receipt: ReceiptNumber,
    ) -> Self {
        let now = UnixSeconds::from_millis(Date::now());
        Self {
            ledger,
            config,
            receipt,
            now,
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.ledger.state
    }

    pub(super) fn with<T>(&self, make: impl FnOnce(&mut Inner) -> T) -> T {
        make(&mut self.ledger.inner.borrow_mut())
    }

    /// What is known of the ledger: read from the storage once. `None`: it has no rows.
    pub(super) fn open(&self) -> Result<Option<History>, StorageError> {
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

    /// Sets the alarm, unless it comes sooner anyway.
    pub(super) fn wake(&self, at: UnixSeconds) -> Result<(), StorageError> {
        if self.with(|inner| inner.alarm.is_some_and(|alarm| alarm <= at)) {
            return Ok(());
        }
        glue::alarm(self.state(), at.millis().0 as f64)?;
        self.with(|inner| inner.alarm = Some(at));
        Ok(())
    }

    /// What the next claim is known by.
    pub(super) fn token(&self) -> i64 {
        self.with(|inner| {
            // By the clock, so that it is another one than those of an instance before this.
            let now = UnixMillis::from_js(Date::now()).0;
            inner.token = now.max(inner.token.saturating_add(1));
            inner.token
        })
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
    pub(super) fn look(&self) -> Result<(), StorageError> {
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
}

impl Shared {
    /// Notes something, which is stored later where the alarm is near, and else now.
    pub(super) fn note(
        &self,
        note: impl FnOnce(&mut Notes),
        now: UnixSeconds,
    ) -> Result<(), StorageError> {
        let near = {
            let mut inner = self.inner.borrow_mut();
            note(&mut inner.notes);
            inner.alarm.is_some_and(|at| at <= now.plus(ALARM))
        };
        if near { Ok(()) } else { self.write() }
    }

    /// Stores what was noted.
    pub(super) fn write(&self) -> Result<(), StorageError> {
        let mut inner = self.inner.borrow_mut();
        inner.notes.write(&self.state)?;
        inner.notes = Notes::default();
        Ok(())
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
