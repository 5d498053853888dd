//! The gate's Durable Object: carries out what the core's `dispatch.rs` decides.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::edge::glue::Env;
use futures_channel::oneshot;
use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Array, Date, Math, Promise};
use wasm_bindgen::prelude::*;

use super::storage::{self, Row, Storage};
use super::{Ask, PURPOSES};
use crate::budget::{Budget, Purpose, Saved};
use crate::dispatch::{Call, Dispatch, PATIENCE, Reader, Settled, Step};
use crate::edge::config::{self, Config};
use crate::edge::glue::{self, State};
use crate::edge::upstream::torch::{self, Said};
use crate::edge::{ledger, observe};
use crate::entry::Entry;
use crate::keys::KeyRing;
use crate::memo::Memo;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::reply::Answer;
use crate::report;
use crate::shield::{Pace, Shield};
use crate::time::{UnixMillis, UnixSeconds};

/// The gate's memory of what Torch just said, so that KV's slow spreading costs no calls.
const RECENT_ITEMS: usize = 4096;
/// In bytes.
const RECENT_WEIGHT: usize = 16 * 1024 * 1024;
/// How long that memory lasts at most, in seconds; a fresh answer that is older is in KV everywhere.
const RECENT_SECONDS: i64 = 120;
/// A problem is told to those who come within this many seconds; then Torch is asked again.
const PROBLEM_SECONDS: i64 = 1;

/// A timer is set for so many milliseconds at most.
const LONGEST_SLEEP: i64 = 1_000;

/// At one tick of the cron trigger, a minute, so many calls' worth of due cases are looked at.
const CALLS_A_TICK: usize = 10;

/// A case that is read from the cache and that the roster does not know is due after so many seconds:
/// by then an active case's answer is stale.
const UNKNOWN_SECONDS: i64 = 900;

/// What one who waits is told: what was said, and whether Torch was asked.
type Heard = (Said, bool);

/// The Durable Object, as JavaScript sees it.
#[wasm_bindgen]
#[expect(missing_debug_implementations, reason = "it is JavaScript's")]
pub struct Gate(Rc<Shared>);

struct Shared {
    state: State,
    env: Env,
    /// From the first request on. No borrow of it is held over an `.await`.
    inner: RefCell<Option<Inner>>,
}

struct Inner {
    config: Rc<Config>,
    dispatch: Dispatch<Said>,
    storage: Storage,
    waiting: HashMap<u64, oneshot::Sender<Heard>>,
    recent: Memo<(Said, UnixSeconds)>,
    serial: u64,
    /// The moment that a timer is set to.
    wake: Option<UnixMillis>,
    /// By client.
    shields: Vec<(String, Shield)>,
}

#[wasm_bindgen]
impl Gate {
    /// The runtime makes one.
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, env: Env) -> Self {
        Self(Rc::new(Shared {
            state: state.unchecked_into(),
            env,
            inner: RefCell::default(),
        }))
    }

    /// Answers a request: `what` is its path, `text` its body.
    pub fn fetch(&self, what: String, text: String) -> Promise {
        let shared = Rc::clone(&self.0);
        future_to_promise(async move { shared.answer(&what, &text).await })
    }
}

impl Shared {
    async fn answer(self: Rc<Self>, what: &str, text: &str) -> Result<JsValue, JsValue> {
        #[cfg(feature = "panic-probe")]
        #[expect(clippy::panic, reason = "it is what this is for")]
        if what == "__panic" {
            panic!("a panic on purpose, in the gate");
        }
        self.open()?;
        let now = now();
        let mut lines = text.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        match what {
            "ask" => {
                self.tally(line(), line(), now);
                let (since, client) = (line().parse().unwrap_or(0), line());
                return Ok(self.slowed(line(), client, UnixSeconds(since), now).await);
            }
            "report" => self.tally(line(), line(), now),
            "tick" => self.reconcile(now),
            "forget" => {
                let receipt = line().parse().map_err(|_| "no receipt number")?;
                storage::forget(&self.state, receipt)?;
                self.with(|inner| inner.recent.remove(receipt));
                return Ok("".into());
            }
            "watch" | "unwatch" => return self.watch(line(), what == "watch", now),
            "budget" => {
                self.tally(line(), line(), now);
                return Ok(self.report(now).into());
            }
            _ => return Err("the gate knows no such thing".into()),
        }
        Ok(JsValue::TRUE)
    }

    /// Reads the configuration and what is stored, at the first request.
    fn open(&self) -> Result<(), JsValue> {
        let mut inner = self.inner.borrow_mut();
        if inner.is_some() {
            return Ok(());
        }
        let config = config::of(&self.env).map_err(|problem| JsValue::from(problem.code.id()))?;
        let storage = Storage::open(&self.state);
        let keys = KeyRing::new(config.keys.iter().map(|key| key.id()));
        let budget = Budget::new(config.limits, now().seconds());
        let mut dispatch = Dispatch::new(budget, keys, config.batch_max);
        dispatch.restore(storage.numbers());
        *inner = Some(Inner {
            config,
            dispatch,
            storage,
            waiting: HashMap::new(),
            recent: Memo::new(RECENT_ITEMS, RECENT_WEIGHT),
            serial: 0,
            wake: None,
            shields: Vec::new(),
        });
        Ok(())
    }

    fn with<T>(&self, make: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        self.inner.borrow_mut().as_mut().map(make)
    }

    /// [`Shared::ask`], as fast as the client may go.
    async fn slowed(
        self: &Rc<Self>,
        cases: &str,
        client: &str,
        since: UnixSeconds,
        now: UnixMillis,
    ) -> JsValue {
        let cases: Vec<Ask> = cases.split(' ').filter_map(case).collect();
        let second = now.seconds();
        // For the others something is known: it is a case that somebody here reads.
        let new = cases
            .iter()
            .filter(|(_, purpose)| *purpose == Purpose::Read);
        let new: Vec<ReceiptNumber> = new.map(|(receipt, _)| *receipt).collect();
        let paced = self.with(|inner| {
            let shield = inner.shield(client);
            let (request, pace) = (shield.begin(second), shield.pace(&new, second));
            (request, pace, pace != Pace::Free && shield.tells(second))
        });
        let (request, pace, tells) = paced.unwrap_or((0, Pace::Free, false));
        if tells {
            let says = "a client walks neighbouring receipt numbers: it is slowed (README, the enumeration shield)";
            observe::warn(says, &[("client", &client)]);
        }
        let told = match pace {
            Pace::Refused(wait) => refused(&cases, wait),
            Pace::Held(seconds) => {
                let _ = JsFuture::from(glue::sleep(seconds.saturating_mul(1000) as f64)).await;
                self.ask(&cases, client, since, self::now()).await
            }
            Pace::Free => self.ask(&cases, client, since, now).await,
        };
        self.with(|inner| inner.shield(client).end(request));
        told
    }

    /// Cases for readers.
    async fn ask(
        self: &Rc<Self>,
        cases: &[Ask],
        client: &str,
        since: UnixSeconds,
        now: UnixMillis,
    ) -> JsValue {
        let mut pending = Vec::new();
        for &(receipt, purpose) in cases {
            let asked = self.with(|inner| inner.ask(receipt, purpose, client, since, now));
            let Some((receiver, recent)) = asked else {
                continue;
            };
            let collapsed = match recent {
                Recent::Said(said, sender) => {
                    self.tell(receipt, said, true, vec![sender]);
                    true
                }
                Recent::Nothing { joins } => joins,
            };
            pending.push((receipt, purpose, receiver, collapsed));
        }
        self.drive();
        let told = Array::new();
        let mut overdue = Vec::new();
        for (receipt, purpose, receiver, collapsed) in pending {
            let heard = receiver.await.ok();
            if purpose == Purpose::Refresh && matches!(heard, Some((_, false))) {
                overdue.push(receipt);
            }
            told.push(&self::told(heard, collapsed));
        }
        // What could not be refreshed stays due, and travels with the next call that has room.
        storage::overdue(&self.state, overdue.into_iter(), now.seconds());
        told.into()
    }

    /// Takes the next steps, as far as there are any now.
    fn drive(self: &Rc<Self>) {
        loop {
            let now = now();
            let Some(step) = self.with(|inner| inner.dispatch.next(now)) else {
                return;
            };
            self.settle(now);
            match step {
                Step::Call(call) => self.call(call, now),
                Step::Wait(until) => {
                    self.wake_at(until, now);
                    break;
                }
                Step::Idle => break,
            }
        }
        // Before any call leaves: what the runtime sends out waits for what was written before it.
        self.with(|inner| {
            let numbers = inner.dispatch.numbers();
            inner.storage.keep(&self.state, numbers);
        });
    }

    fn wake_at(self: &Rc<Self>, until: UnixMillis, now: UnixMillis) {
        // Not for longer at a time: most deadlines are never reached, and a timer that nobody needs
        // any more keeps the object in memory.
        let until = until.min(now.plus(LONGEST_SLEEP));
        let is_sooner = self.with(|inner| {
            let is_sooner = inner.wake.is_none_or(|wake| until < wake || wake <= now);
            if is_sooner {
                inner.wake = Some(until);
            }
            is_sooner
        });
        if is_sooner != Some(true) {
            return;
        }
        let shared = Rc::clone(self);
        self.state.spawn(async move {
            let _ = JsFuture::from(glue::sleep(until.since(now) as f64)).await;
            shared.with(|inner| {
                if inner.wake == Some(until) {
                    inner.wake = None;
                }
            });
            shared.drive();
        });
    }

    /// Makes a call, with what is due for company where there is room. Apart from the request that
    /// asks: should that one go away, the others still get their answer.
    fn call(self: &Rc<Self>, mut call: Call, now: UnixMillis) {
        let room = call.room;
        let config = self.with(|inner| {
            if room > 0 {
                // Some of those that are due are wanted already.
                let most = room.saturating_add(call.receipts.len());
                let due = storage::due(&self.state, most, now.seconds());
                inner.dispatch.ride(&mut call, due, now);
            }
            Rc::clone(&inner.config)
        });
        let Some(config) = config else { return };
        let shared = Rc::clone(self);
        self.state.spawn(async move {
            let Call {
                id,
                receipts,
                key,
                timeout,
                ..
            } = call;
            let second = || self::now().seconds();
            let (reply, windows) = torch::ask(&config, &receipts, key, timeout, second).await;
            let now = self::now();
            observe::reply(&reply);
            shared.with(|inner| {
                inner.dispatch.budget.told(&windows, now.seconds());
                inner.dispatch.answered(id, key, reply, now, Math::random());
            });
            shared.settle(now);
            shared.drive();
        });
    }

    /// Passes on what is settled, and keeps it.
    fn settle(self: &Rc<Self>, now: UnixMillis) {
        let settled = self.with(|inner| inner.dispatch.settled());
        let mut rows = Vec::new();
        for settled in settled.unwrap_or_default() {
            let Settled {
                receipt,
                readers,
                answer,
                asked,
            } = settled;
            if asked {
                rows.push(Row {
                    receipt,
                    due: answer.due,
                    read: !readers.is_empty(),
                });
            }
            let senders = self.with(|inner| {
                if asked {
                    inner.remember(receipt, &answer, now.seconds());
                }
                let readers = readers.iter();
                readers
                    .filter_map(|reader| inner.waiting.remove(reader))
                    .collect()
            });
            self.tell(receipt, answer, asked, senders.unwrap_or_default());
        }
        storage::enter(&self.state, &rows, now.seconds());
    }

    /// Tells those who wait what was said. An answer goes through the case's ledger first: it keeps what is
    /// new, puts it into KV, and knows better where a webhook has told of something newer.
    fn tell(
        self: &Rc<Self>,
        receipt: ReceiptNumber,
        mut said: Said,
        asked: bool,
        senders: Vec<oneshot::Sender<Heard>>,
    ) {
        let pass_on = move |said: Said| {
            for sender in senders {
                // One who has gone away needs no answer.
                let _ = sender.send((said.clone(), asked));
            }
        };
        let Ok(entry) = said.outcome.clone() else {
            return pass_on(said);
        };
        let shared = Rc::clone(self);
        self.state.spawn(async move {
            // Where the ledger does not answer Torch's own word is told, and is not kept.
            if let Some(newer) = ledger::polled(&shared.env, receipt, &entry).await {
                said.outcome = Ok(newer);
            }
            pass_on(said);
        });
    }

    /// Refreshes what is due, as far as the budget goes.
    fn reconcile(self: &Rc<Self>, now: UnixMillis) {
        storage::prune(&self.state, now.seconds());
        self.with(|inner| {
            let most = inner.dispatch.batch_max().saturating_mul(CALLS_A_TICK);
            for receipt in storage::due(&self.state, most, now.seconds()) {
                inner.dispatch.ask(receipt, None, "", now);
            }
        });
        self.drive();
    }

    fn watch(&self, number: &str, watched: bool, now: UnixMillis) -> Result<JsValue, JsValue> {
        let receipt = number
            .parse::<ReceiptNumber>()
            .map_err(|_| JsValue::from("no receipt number"))?;
        storage::pin(&self.state, receipt, watched, now.seconds())?;
        let answer = format!("{{\"receipt_number\":\"{number}\",\"watched\":{watched}}}");
        Ok(answer.into())
    }

    /// Takes what an isolate has answered by itself: how many reads, and of which cases.
    fn tally(&self, hits: &str, seen: &str, now: UnixMillis) {
        let hits: i64 = hits.parse().unwrap_or(0);
        let second = now.seconds();
        self.with(|inner| {
            inner.dispatch.budget.roll(second);
            inner.dispatch.budget.save(Saved {
                cache: hits,
                ..Saved::default()
            });
            let numbers = inner.dispatch.numbers();
            inner.storage.keep(&self.state, numbers);
        });
        let seen = seen.split(' ').filter_map(|number| number.parse().ok());
        storage::seen(&self.state, seen, second.plus(UNKNOWN_SECONDS), second);
    }

    fn report(&self, now: UnixMillis) -> String {
        let roster = storage::count(&self.state, now.seconds());
        let report = self.with(|inner| {
            inner.dispatch.budget.roll(now.seconds());
            report::budget(&inner.dispatch, roster, now)
        });
        report.unwrap_or_default()
    }
}

impl Inner {
    fn shield(&mut self, client: &str) -> &mut Shield {
        let known = self.shields.iter().position(|(name, _)| name == client);
        let shield = match known {
            Some(at) => self.shields.swap_remove(at),
            None => (client.to_owned(), Shield::default()),
        };
        &mut self.shields.push_mut(shield).1
    }

    /// The end of what will bring the case's answer, and what was said of it just now.
    fn ask(
        &mut self,
        receipt: ReceiptNumber,
        purpose: Purpose,
        client: &str,
        since: UnixSeconds,
        now: UnixMillis,
    ) -> (oneshot::Receiver<Heard>, Recent) {
        let (sender, receiver) = oneshot::channel();
        let recent = self.recent.get(receipt, now.seconds());
        if let Some((said, _)) = recent.filter(|(_, at)| *at >= since) {
            let said = said.clone();
            self.dispatch.budget.save(Saved {
                coalescing: 1,
                ..Saved::default()
            });
            return (receiver, Recent::Said(said, sender));
        }
        self.serial = self.serial.wrapping_add(1);
        self.waiting.insert(self.serial, sender);
        let reader = Reader {
            id: self.serial,
            purpose,
            deadline: now.plus(PATIENCE),
        };
        let joins = self.dispatch.ask(receipt, Some(reader), client, now);
        (receiver, Recent::Nothing { joins })
    }

    /// Remembers for a moment what was said of a case.
    fn remember(&mut self, receipt: ReceiptNumber, said: &Said, now: UnixSeconds) {
        let fresh_for = match said.outcome.as_deref().map(Entry::read) {
            Ok(Ok(entry)) => entry.meta.window.ttl(now).min(RECENT_SECONDS),
            _ => PROBLEM_SECONDS,
        };
        let weight = said.outcome.as_deref().map_or(0, str::len);
        self.recent.put(
            receipt,
            (said.clone(), now),
            weight.saturating_add(512),
            now.plus(fresh_for),
        );
    }
}

/// What the gate knows of a case that it is asked for.
enum Recent {
    /// What was said just now, and where it is to go.
    Said(Said, oneshot::Sender<Heard>),
    /// Nothing that will do; whether the case joins another's call.
    Nothing { joins: bool },
}

/// A case as it is asked of the gate: `r`, `v` or `b` for the purpose, and the number. The Worker sends what
/// it should; anything else has no answer.
fn case(text: &str) -> Option<Ask> {
    let (letter, number) = text.split_at_checked(1)?;
    let mut purposes = PURPOSES.iter();
    let purpose = purposes.find(|(_, known)| letter.starts_with(*known));
    Some((
        number.parse().ok()?,
        purpose.map_or(Purpose::Read, |(purpose, _)| *purpose),
    ))
}

/// What a client hears that walks too fast.
fn refused(cases: &[Ask], wait: i64) -> JsValue {
    let detail = "This client has asked for too many neighbouring receipt numbers that nobody here knows. Ask for your own cases; the others come one by one.";
    let problem = Problem::new(Code::RateLimited, detail).after(Some(wait));
    let said = Said::refused(problem, None);
    let told = |_: &Ask| told(Some((said.clone(), false)), false);
    cases.iter().map(told).collect::<Array>().into()
}

/// Seven values for `Answer::read`: an entry; or a problem's code, its detail and its wait; then Torch's
/// status, whether it was asked, and whether by another's call.
fn told(heard: Option<Heard>, collapsed: bool) -> JsValue {
    let Some((said, asked)) = heard else {
        return JsValue::NULL;
    };
    let values = Array::new();
    match said.outcome {
        Ok(entry) => {
            values.push(&entry.into());
            for _ in 0..3 {
                values.push(&JsValue::NULL);
            }
        }
        Err(problem) => {
            values.push(&JsValue::NULL);
            values.push(&problem.code.id().into());
            values.push(&problem.detail.as_ref().into());
            values.push(&problem.retry_after.map(|wait| wait as f64).into());
        }
    }
    values.push(&said.status.into());
    values.push(&asked.into());
    values.push(&(asked && collapsed).into());
    values.into()
}

fn now() -> UnixMillis {
    UnixMillis::from_js(Date::now())
}
