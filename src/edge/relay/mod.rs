//! The relay: delivers to the firm's own endpoints what stands in the ledgers' outboxes, and lists and
//! replays what could not be delivered.
//!
//! A message of the queue `deliveries` is a case and an endpoint, `IOE0912345678 firm`: a nudge. What is
//! to be delivered, in which order and when next, the ledger says.

mod store;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array as JsArray, JsString, Promise};
use sha2::{Digest, Sha256};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::config::{self, Config};
use super::ledger::{Cells, cell};
use super::{glue, ledger, observe};
use crate::json::{Array, Object};
use crate::outbox::{Attempt, TIMEOUT, Verdict};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::retry::retry_after;
use crate::time::UnixSeconds;
use crate::webhook::{Event, Subscriber};

/// So many deliveries to one endpoint are under way at once in one batch of the queue: the platform lets
/// an invocation have six connections, and a slow endpoint must leave some to the others.
const LANES: usize = 3;
/// When what was put off comes again, in seconds: the rest of a batch for an endpoint that is slow.
const PUT_OFF: f64 = 30.0;
/// After so many claims of one case in one go others have their turn.
const CLAIMS: usize = 20;
/// How long this isolate believes what it has heard of endpoints that want nothing, in seconds.
const BELIEVED: i64 = 30;

/// A batch of the queue: a nudge a line. Gives for each line null where it is done, or in how many seconds
/// it is to come again.
pub(super) async fn consume(env: Env, nudges: String) -> JsArray {
    let lines: Vec<&str> = nudges.split('\n').collect();
    let config = match config::of(&env) {
        Ok(config) => config,
        // The log has the sentence. Until it is put right everything waits.
        Err(_) => return lines.iter().map(|_| JsValue::from(PUT_OFF)).collect(),
    };
    let disabled = disabled(&env, &config).await;
    // Several nudges for one case and endpoint are one piece of work.
    let mut works: Vec<Work> = Vec::new();
    for line in &lines {
        if !works.iter().any(|work| work.line == *line) {
            works.push(Work::new(line));
        }
    }
    let work = Rc::new(works);
    let promises = JsArray::new();
    for (at, one) in work.iter().enumerate() {
        let endpoint = one.endpoint.as_str();
        if work.iter().take(at).any(|other| other.endpoint == endpoint) {
            continue;
        }
        let courier = Rc::new(Courier {
            env: env.clone(),
            config: Rc::clone(&config),
            endpoint: endpoint.to_owned(),
            gone: Cell::new(disabled.iter().any(|name| name == endpoint)),
            slow: Cell::new(false),
            next: Cell::new(0),
        });
        for _ in 0..LANES {
            let (courier, work) = (Rc::clone(&courier), Rc::clone(&work));
            promises.push(&future_to_promise(async move {
                courier.run(&work).await;
                Ok(JsValue::UNDEFINED)
            }));
        }
    }
    let _ = JsFuture::from(Promise::all(&promises)).await;
    let verdict = |line: &&str| {
        let work = work.iter().find(|work| work.line == *line);
        work.map_or(JsValue::NULL, |work| work.again.get().into())
    };
    lines.iter().map(verdict).collect()
}

/// A case and an endpoint.
struct Work {
    line: String,
    receipt: String,
    endpoint: String,
    /// In how many seconds it is to come again; none where it is done.
    again: Cell<Option<f64>>,
}

impl Work {
    fn new(line: &str) -> Self {
        // What is no nudge has no ledger, and is done.
        let (receipt, endpoint) = line.split_once(' ').unwrap_or_default();
        Self {
            line: line.to_owned(),
            receipt: receipt.to_owned(),
            endpoint: endpoint.to_owned(),
            again: Cell::new(None),
        }
    }
}

/// Whoever delivers to one endpoint.
struct Courier {
    env: Env,
    config: Rc<Config>,
    endpoint: String,
    /// Whether it wants nothing any more.
    gone: Cell<bool>,
    /// Whether it has let a delivery time out. Then the rest of the batch is put off.
    slow: Cell<bool>,
    /// The next piece of work to look at.
    next: Cell<usize>,
}

impl Courier {
    async fn run(&self, works: &[Work]) {
        loop {
            let at = self.next.get();
            let Some(work) = works.get(at) else { return };
            self.next.set(at.saturating_add(1));
            if work.endpoint != self.endpoint || work.receipt.parse::<ReceiptNumber>().is_err() {
                continue;
            }
            let again = if self.slow.get() {
                Some(PUT_OFF)
            } else {
                self.work(&work.receipt).await
            };
            work.again.set(again);
        }
    }

    /// Delivers what there is of a case, in its order, as far as the endpoint takes it.
    async fn work(&self, receipt: &str) -> Option<f64> {
        let gone = if self.gone.get() { "\ngone" } else { "" };
        let mut told = self
            .ask(receipt, "claim", &format!("{}{gone}", self.endpoint))
            .await;
        for _ in 0..CLAIMS {
            let Some(claim) = told else {
                // The ledger failed: whatever was claimed is claimed for a while.
                return Some(PUT_OFF);
            };
            let (Some(subscriber), 2..) = (self.config.subscriber(&self.endpoint), claim.length())
            else {
                return claim.get(0).as_f64();
            };
            let outcome = self.deliver(subscriber, &claim).await;
            told = self
                .ask(receipt, "settle", &format!("{}\n{outcome}", self.endpoint))
                .await;
        }
        Some(0.0)
    }

    async fn ask(&self, receipt: &str, what: &str, text: &str) -> Option<JsArray> {
        let told = JsFuture::from(glue::ledger(&self.env, receipt, what, text)).await;
        told.map_err(|error| {
            observe::error(
                "a ledger does not answer",
                &[("error", &observe::says(&error))],
            );
        })
        .ok()?
        .dyn_into()
        .ok()
    }

    /// Delivers what was claimed, one behind the other, until one fails. Gives the lines that `settle`
    /// reads behind the endpoint.
    async fn deliver(&self, subscriber: &Subscriber, claim: &JsArray) -> String {
        let mut delivered = Array::new();
        let mut at = 1;
        while at < claim.length() {
            let item = |offset: u32| claim.get(at.saturating_add(offset));
            let seq = item(0).as_f64().map_or(0, |seq| seq as i64);
            let id = item(1).as_string().unwrap_or_default();
            let (attempt, wait) = self
                .attempt(subscriber, &id, item(2).unchecked_into())
                .await;
            match attempt.verdict() {
                Verdict::Delivered => delivered = delivered.number(seq),
                Verdict::Gone => {
                    self.disable(subscriber).await;
                    return format!("{}\ngone", delivered.end());
                }
                Verdict::Failed => {
                    self.slow
                        .set(self.slow.get() || attempt == Attempt::TimedOut);
                    let endpoint = &subscriber.name;
                    let failed: &[(&str, &dyn std::fmt::Display)] = &[
                        ("endpoint", endpoint),
                        ("id", &id),
                        ("reason", &attempt.id()),
                    ];
                    observe::warn("a delivery failed", failed);
                    let wait = wait.map(|wait| wait.to_string()).unwrap_or_default();
                    return format!("{}\n{seq}\n{}\n{wait}", delivered.end(), attempt.id());
                }
            }
            at = at.saturating_add(3);
        }
        delivered.end()
    }

    /// One attempt, signed now; and the endpoint's Retry-After.
    async fn attempt(
        &self,
        subscriber: &Subscriber,
        id: &str,
        body: JsString,
    ) -> (Attempt, Option<i64>) {
        let now = UnixSeconds::from_millis(js_sys::Date::now());
        let text = String::from(&body);
        let mut headers = "content-type\napplication/json\nuser-agent\ntorch-edge".to_owned();
        match subscriber.signer.headers(id, now, text.as_bytes()) {
            Ok(signed) => {
                for (name, value) in signed {
                    headers.push_str(&format!("\n{name}\n{value}"));
                }
            }
            Err(error) => {
                // Never: the id is the ledger's own, and the clock stands after 1970.
                observe::error("a delivery cannot be signed", &[("error", &error)]);
                return (Attempt::Unreachable, None);
            }
        }
        let milliseconds = TIMEOUT.saturating_mul(1000) as f64;
        let reply = glue::deliver(subscriber.endpoint.as_str(), &headers, &body, milliseconds);
        let Ok(reply) = JsFuture::from(reply).await else {
            return (Attempt::Unreachable, None);
        };
        let reply: glue::Reply = reply.unchecked_into();
        match (reply.status(), reply.trouble().as_deref()) {
            (Some(status), _) => {
                let now = UnixSeconds::from_millis(js_sys::Date::now());
                let wait = reply.fields().and_then(|field| retry_after(&field, now));
                (Attempt::Answered(status), wait)
            }
            (None, Some("timeout")) => (Attempt::TimedOut, None),
            (None, _) => (Attempt::Unreachable, None),
        }
    }

    /// Notes for everybody that an endpoint wants nothing any more.
    async fn disable(&self, subscriber: &Subscriber) {
        self.gone.set(true);
        observe::error(
            "an endpoint answered 410 and is left alone from now on: give it another url, or replay its dead letters",
            &[("endpoint", &subscriber.name)],
        );
        let values = Array::new()
            .text(&subscriber.name)
            .text(&url_hash(subscriber))
            .end();
        if asked(&self.env, "disable", &values).await.is_ok() {
            DISABLED.take();
        }
    }
}

/// What tells an endpoint's url from the one it had before: another one is tried again.
fn url_hash(subscriber: &Subscriber) -> String {
    let mut digits = hex::encode(Sha256::digest(subscriber.endpoint.as_str().as_bytes()));
    digits.truncate(16);
    digits
}

thread_local! {
    /// Endpoints that want nothing any more, as the store said it at a moment.
    static DISABLED: RefCell<Option<(UnixSeconds, Vec<String>)>> = const { RefCell::new(None) };
}

/// The endpoints that want nothing any more.
async fn disabled(env: &Env, config: &Config) -> Vec<String> {
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let known = DISABLED.with_borrow(|known| {
        let (at, names) = known.as_ref()?;
        (now.since(*at) < BELIEVED).then(|| names.clone())
    });
    if let Some(names) = known {
        return names;
    }
    // Where the store does not answer, the endpoint says it again itself.
    let rows = asked(env, "disabled", "[]").await.unwrap_or_default();
    let gone = config.subscribers.iter().filter(|one| is_among(one, &rows));
    let names: Vec<String> = gone.map(|one| one.name.clone()).collect();
    DISABLED.set(Some((now, names.clone())));
    names
}

/// Whether an endpoint, as it is now, is among those that want nothing any more.
fn is_among(subscriber: &Subscriber, rows: &[Cells]) -> bool {
    let (name, hash) = (Some(subscriber.name.as_str()), url_hash(subscriber));
    let hash = Some(hash.as_str());
    let of = |cells: &Cells| cell(cells, 0) == name && cell(cells, 1) == hash;
    rows.iter().any(of)
}

/// Keeps an event that names no case.
pub(super) async fn unrouted(
    env: &Env,
    event: &Event<'_>,
    message_id: Option<&str>,
) -> Result<(), Problem> {
    let hash = || hex::encode(Sha256::digest(event.as_str().as_bytes()));
    let identity = event
        .id
        .as_deref()
        .or(message_id)
        .map_or_else(hash, str::to_owned);
    let values = Array::new()
        .text(&identity)
        .text(&event.event_type)
        .text(event.as_str());
    asked(env, "unrouted", &values.end()).await.map(drop)
}

/// Erases a case's dead letters.
pub(super) async fn erase(env: &Env, receipt: ReceiptNumber) -> Result<(), Problem> {
    asked(env, "erase", receipt.as_str()).await.map(drop)
}

/// What `GET /deliveries` answers.
pub(super) async fn deliveries(env: &Env, config: &Config) -> Result<String, Problem> {
    let (told, gone) = (
        asked(env, "list", "[]").await?,
        asked(env, "disabled", "[]").await?,
    );
    let list = told.first().ok_or_else(lost)?;
    let endpoints = config.subscribers.iter().map(|one| {
        // Not the url: its path may be a secret.
        format!(
            "{{\"name\":{},\"host\":{},\"paused\":{},\"disabled\":{}}}",
            observe::quoted(&one.name),
            observe::quoted(one.endpoint.host()),
            one.paused,
            is_among(one, &gone),
        )
    });
    Ok(format!(
        "{{\"endpoints\":[{}],\"dead_letters\":{{\"total\":{},\"newest\":{}}},\"unrouted\":{}}}",
        endpoints.collect::<Vec<_>>().join(","),
        cell(list, 0).unwrap_or("0"),
        cell(list, 1).unwrap_or("[]"),
        cell(list, 2).unwrap_or("[]"),
    ))
}

/// Which dead letters are to be replayed: all that each condition which is there fits.
#[derive(Default)]
struct Which {
    id: Option<String>,
    endpoint: Option<String>,
    since: Option<UnixSeconds>,
    until: Option<UnixSeconds>,
}

impl Which {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let wrong = || {
            Problem::new(
                Code::BodyMalformed,
                "Say in JSON which dead letters to replay, by one or more of these: {\"id\":\"msg_…\",\"endpoint\":\"firm\",\"since\":\"2026-01-15T14:00:00Z\",\"until\":\"2026-01-15T18:00:00Z\"}.",
            )
        };
        let body = str::from_utf8(body).map_err(|_| wrong())?;
        let Object(members): Object<'_, String> =
            serde_json::from_str(body).map_err(|_| wrong())?;
        let mut which = Self::default();
        for (name, value) in members {
            let moment = || UnixSeconds::from_rfc3339(&value).ok_or_else(wrong);
            match name.as_ref() {
                "id" => which.id = Some(value),
                "endpoint" => which.endpoint = Some(value),
                "since" => which.since = Some(moment()?),
                "until" => which.until = Some(moment()?),
                _ => return Err(wrong()),
            }
        }
        let any = which.id.is_some()
            || which.endpoint.is_some()
            || which.since.is_some()
            || which.until.is_some();
        if any { Ok(which) } else { Err(wrong()) }
    }
}

/// Puts dead letters back into their ledgers' outboxes; gives how many. An endpoint that is named is tried
/// again though it wanted nothing any more.
pub(super) async fn replay(env: &Env, config: &Config, body: &[u8]) -> Result<String, Problem> {
    let which = Which::read(body)?;
    if let Some(endpoint) = &which.endpoint {
        if config.subscriber(endpoint).is_none() {
            let detail = "SUBSCRIBERS has no endpoint of this name.";
            return Err(Problem::new(Code::BodyMalformed, detail));
        }
        asked(env, "enable", &Array::new().text(endpoint).end()).await?;
        DISABLED.take();
    }
    let moment =
        |at: Option<UnixSeconds>| at.map_or_else(|| "null".to_owned(), |at| at.0.to_string());
    let values = Array::new()
        .maybe(which.id.as_deref())
        .maybe(which.endpoint.as_deref())
        .raw(&moment(which.since))
        .raw(&moment(which.until));
    let found = asked(env, "find", &values.end()).await?;
    let mut replayed: usize = 0;
    for cells in &found {
        let [receipt, endpoint, seqs, ids, count] =
            [0, 1, 2, 3, 4].map(|at| cell(cells, at).unwrap_or_default());
        let receipt = receipt.parse().map_err(|_| lost())?;
        ledger::revive(env, receipt, endpoint, seqs).await?;
        // Only now: what is lost on the way is replayed once more.
        asked(env, "drop", ids).await?;
        replayed = replayed.saturating_add(count.parse().unwrap_or(0));
    }
    Ok(format!("{{\"replayed\":{replayed}}}"))
}

async fn asked(env: &Env, what: &str, values: &str) -> Result<Vec<Cells>, Problem> {
    let told = JsFuture::from(glue::relay(env, what, values)).await;
    let told = told.map_err(|error| {
        observe::error(
            "the relay's store does not answer",
            &[("error", &observe::says(&error))],
        );
        lost()
    })?;
    let rows = told
        .as_string()
        .and_then(|rows| serde_json::from_str(&rows).ok());
    rows.ok_or_else(lost)
}

fn lost() -> Problem {
    let detail = "The relay's store did not answer. Ask again in a moment.";
    Problem::new(Code::Internal, detail).after(Some(1))
}
