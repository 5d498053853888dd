//! The only door to Torch: one Durable Object. A case that is being asked for is not asked for again,
//! and an answer that is still fresh serves whoever comes a moment late.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit, Response, State};

use super::store::{self, Stored};
use super::upstream::torch::{self, Said};
use super::{bindings, observe};
use crate::entry::Entry;
use crate::memo::Memo;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The gate's memory of what Torch just said, so that KV's slow spreading costs no calls.
const RECENT_ITEMS: usize = 4096;
/// In bytes.
const RECENT_WEIGHT: usize = 16 * 1024 * 1024;
/// How long that memory lasts at most, in seconds; a fresh answer that is older is in KV everywhere.
const RECENT_SECONDS: i64 = 120;
/// A problem is told to those who come within this many seconds; then Torch is asked again.
const PROBLEM_SECONDS: i64 = 1;

/// What a Worker asks of the gate.
#[derive(Serialize, Deserialize)]
struct Ask {
    receipts: Vec<String>,
    /// An answer that Torch gave before this moment will not do.
    since: i64,
}

/// What the gate answers, for one receipt.
#[derive(Serialize, Deserialize)]
struct Told {
    entry: Option<String>,
    problem: Option<(String, String, Option<i64>)>,
    status: Option<u16>,
    collapsed: bool,
}

/// What the gate answers, read.
pub(super) struct Answer {
    pub(super) outcome: Result<Stored, Problem>,
    /// The status that Torch answered with.
    pub(super) status: Option<u16>,
    /// Whether it was another request's call.
    pub(super) collapsed: bool,
}

impl Answer {
    /// For an answer that never came.
    pub(super) fn lost() -> Self {
        let problem = Problem::new(
            Code::Internal,
            "The proxy's gate did not answer. Ask again in a moment.",
        )
        .after(Some(1));
        Self {
            outcome: Err(problem),
            status: None,
            collapsed: false,
        }
    }
}

impl From<Told> for Answer {
    fn from(told: Told) -> Self {
        let Told {
            entry,
            problem,
            status,
            collapsed,
        } = told;
        let outcome = match (entry.as_deref().and_then(Stored::from_entry), problem) {
            (Some(stored), _) => Ok(stored),
            (None, Some((code, detail, wait))) => Err(Problem::new(
                Code::from_id(&code).unwrap_or(Code::Internal),
                detail,
            )
            .after(wait)),
            (None, None) => return Self::lost(),
        };
        Self {
            outcome,
            status,
            collapsed,
        }
    }
}

/// Asks the gate for some cases; the answers stand in their order. One that Torch gave before
/// `since` will not do.
pub(super) async fn ask(env: &Env, receipts: &[ReceiptNumber], since: UnixSeconds) -> Vec<Answer> {
    let told = async {
        let ask = Ask {
            receipts: receipts
                .iter()
                .map(|receipt| receipt.as_str().to_owned())
                .collect(),
            since: since.0,
        };
        let mut init = RequestInit::new();
        init.with_method(Method::Post)
            .with_body(Some(JsValue::from(serde_json::to_string(&ask)?)));
        let stub = env.durable_object(bindings::GATE)?.get_by_name("torch")?;
        let mut response = stub
            .fetch_with_request(Request::new_with_init("https://gate/", &init)?)
            .await?;
        Ok::<Vec<Told>, worker::Error>(serde_json::from_slice(&response.bytes().await?)?)
    };
    match told.await {
        Ok(told) if told.len() == receipts.len() => told.into_iter().map(Answer::from).collect(),
        Ok(_) | Err(_) => {
            observe::error("the gate did not answer", &[("receipts", &receipts.len())]);
            receipts.iter().map(|_| Answer::lost()).collect()
        }
    }
}

type Waiting = HashMap<ReceiptNumber, Vec<oneshot::Sender<Said>>>;

/// What all of the gate's requests share. No borrow of it is held over an `.await`.
struct Shared {
    waiting: RefCell<Waiting>,
    recent: RefCell<Memo<(Said, UnixSeconds)>>,
}

impl Shared {
    /// What Torch said a moment ago, at `since` or later.
    fn recent(&self, receipt: ReceiptNumber, since: UnixSeconds, now: UnixSeconds) -> Option<Said> {
        self.recent
            .borrow()
            .get(receipt, now)
            .filter(|(_, at)| *at >= since)
            .map(|(said, _)| said.clone())
    }

    /// Passes on what Torch said of a case to all who wait for it.
    fn settle(&self, receipt: ReceiptNumber, said: Said, now: UnixSeconds) {
        let fresh_for = match said.outcome.as_deref().map(Entry::read) {
            Ok(Ok(entry)) => entry.meta.window.ttl(now).min(RECENT_SECONDS),
            _ => PROBLEM_SECONDS,
        };
        let weight = said
            .outcome
            .as_deref()
            .map_or(0, str::len)
            .saturating_add(512);
        self.recent
            .borrow_mut()
            .put(receipt, (said.clone(), now), weight, now.plus(fresh_for));
        for waiter in self
            .waiting
            .borrow_mut()
            .remove(&receipt)
            .unwrap_or_default()
        {
            // One who has gone away needs no answer.
            let _ = waiter.send(said.clone());
        }
    }
}

/// The Durable Object.
#[worker::durable_object(fetch)]
pub struct Gate {
    state: State,
    env: Env,
    shared: Rc<Shared>,
}

impl worker::DurableObject for Gate {
    fn new(state: State, env: Env) -> Self {
        let recent = RefCell::new(Memo::new(RECENT_ITEMS, RECENT_WEIGHT));
        Self {
            state,
            env,
            shared: Rc::new(Shared {
                waiting: RefCell::default(),
                recent,
            }),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        #[cfg(feature = "panic-probe")]
        #[expect(clippy::panic, reason = "it is what this is for")]
        if request.path() == "/__panic" {
            panic!("a panic on purpose, in the gate");
        }
        let Ask { receipts, since } = serde_json::from_slice(&request.bytes().await?)?;
        // The Worker sends receipt numbers; anything else has no answer.
        let receipts: Vec<ReceiptNumber> = receipts
            .iter()
            .filter_map(|receipt| receipt.parse().ok())
            .collect();
        let told = self.tell(&receipts, UnixSeconds(since)).await;
        Response::ok(serde_json::to_string(&told)?)
    }
}

impl Gate {
    async fn tell(&self, receipts: &[ReceiptNumber], since: UnixSeconds) -> Vec<Told> {
        let now = now();
        let mut pending = Vec::with_capacity(receipts.len());
        let mut to_ask = Vec::new();
        for &receipt in receipts {
            if let Some(said) = self.shared.recent(receipt, since, now) {
                pending.push((Err(said), true));
                continue;
            }
            let (sender, receiver) = oneshot::channel();
            let mut waiting = self.shared.waiting.borrow_mut();
            let waiters = waiting.entry(receipt).or_default();
            let collapsed = !waiters.is_empty();
            if !collapsed {
                to_ask.push(receipt);
            }
            waiters.push(sender);
            pending.push((Ok(receiver), collapsed));
        }
        if !to_ask.is_empty() {
            self.call(to_ask);
        }
        let mut told = Vec::with_capacity(pending.len());
        for (said, collapsed) in pending {
            let said = match said {
                Err(said) => Some(said),
                Ok(receiver) => receiver.await.ok(),
            };
            told.push(match said {
                Some(Said {
                    outcome: Ok(entry),
                    status,
                }) => Told {
                    entry: Some(entry),
                    problem: None,
                    status,
                    collapsed,
                },
                Some(Said {
                    outcome: Err(problem),
                    status,
                }) => {
                    let Problem {
                        code,
                        detail,
                        retry_after,
                    } = problem;
                    Told {
                        entry: None,
                        problem: Some((code.id().into(), detail.into(), retry_after)),
                        status,
                        collapsed,
                    }
                }
                None => Told {
                    entry: None,
                    problem: None,
                    status: None,
                    collapsed,
                },
            });
        }
        told
    }

    /// Calls Torch apart from the request that asks first: should that one go away, the others still
    /// get their answer.
    fn call(&self, receipts: Vec<ReceiptNumber>) {
        let (shared, env) = (Rc::clone(&self.shared), self.env.clone());
        self.state.wait_until(async move {
            let config = super::config(&env);
            let mut said = match &config {
                Ok(config) => torch::ask(config, &receipts).await,
                Err(_) => HashMap::new(),
            };
            let now = now();
            let mut entries = Vec::new();
            for receipt in receipts {
                let said = said.remove(&receipt).unwrap_or_else(|| Said {
                    outcome: Err(Problem::new(
                        Code::Internal,
                        "The proxy did not get to ask Torch. Ask again in a moment.",
                    )
                    .after(Some(1))),
                    status: None,
                });
                if let Ok(entry) = &said.outcome {
                    entries.push((receipt, entry.clone()));
                }
                shared.settle(receipt, said, now);
            }
            // Nobody waits for this: the answers are on their way.
            if let Ok(kv) = super::kv(&env) {
                let writes = entries.iter().filter_map(|(receipt, text)| {
                    let meta = Entry::read(text).ok()?.meta;
                    Some(store::write(&kv, *receipt, text, meta, now))
                });
                futures_util::future::join_all(writes).await;
            }
        });
    }
}

fn now() -> UnixSeconds {
    UnixSeconds::from_millis(js_sys::Date::now())
}
