//! The Worker: the entry points and what they share. Each decision is the core's; this carries it
//! out.

mod access;
mod config;
mod gate;
mod glue;
mod observe;
mod read;
mod respond;
mod route;
mod store;
mod upstream;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::Response;
use worker::{Context, Env};

use access::{Refusal, Scope};
use config::Config;
use read::Read;
use route::Route;
use store::Kv;

use crate::entry;
use crate::freshness::{Directives, Verdict, decide};
use crate::http::Validators;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::status::TAXONOMY;
use crate::time::UnixSeconds;

/// The names of the bindings in wrangler.toml.
mod bindings {
    pub(super) const GATE: &str = "GATE";
    pub(super) const CASES: &str = "CASES";
}

thread_local! {
    static CONFIG: RefCell<Option<Result<Rc<Config>, Problem>>> = const { RefCell::new(None) };
}

/// The configuration: read and checked at the first request, and kept.
fn config(env: &Env) -> Result<Rc<Config>, Problem> {
    if let Some(config) = CONFIG.with_borrow(Clone::clone) {
        return config;
    }
    let var = |name: &str| {
        Reflect::get(env, &name.into())
            .ok()
            .and_then(|value| value.as_string())
    };
    let bound = |name: &str| Reflect::get(env, &name.into()).is_ok_and(|value| value.is_object());
    let unbound = [bindings::GATE, bindings::CASES]
        .into_iter()
        .find(|name| !bound(name));
    let config = match unbound {
        Some(name) => Err(format!("the binding {name} is missing in wrangler.toml")),
        None => Config::read(var),
    };
    let config = config.map(Rc::new).map_err(|sentence| {
        observe::error(&format!("configuration: {sentence}"), &[]);
        Problem::new(
            Code::Misconfigured,
            "The proxy's configuration is incomplete or wrong; its log says where.",
        )
        .after(Some(60))
    });
    CONFIG.with_borrow_mut(|kept| *kept = Some(config.clone()));
    config
}

fn kv(env: &Env) -> Result<Kv, Problem> {
    let kv = Reflect::get(env, &bindings::CASES.into());
    kv.map(|kv| kv.unchecked_into())
        .map_err(|_| Problem::new(Code::Misconfigured, "The proxy's cache is not bound."))
}

/// What a request says, of all that it could: everything else changes nothing (K2).
struct Head<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    authorization: &'a str,
    directives: Directives,
    validators: Validators<'a>,
}

impl<'a> Head<'a> {
    /// From the six lines that `pack` of glue.js writes.
    fn read(packed: &'a str) -> Self {
        let mut lines = packed.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, (path, query), authorization) = (line(), route::split(line()), line());
        let directives = Directives::parse(line());
        let mut field = || Some(line()).filter(|line| !line.is_empty());
        let validators = Validators {
            if_none_match: field(),
            if_modified_since: field(),
        };
        Self {
            method,
            path,
            query,
            authorization,
            directives,
            validators,
        }
    }

    /// The case, where this is a plain read of one.
    fn plain(&self) -> Option<ReceiptNumber> {
        let is_read =
            self.method == "GET" && Route::find(self.method, self.path) == Ok(Route::CaseStatus);
        let typed = self.query.strip_prefix("receipt=").filter(|_| is_read)?;
        typed.parse().ok()
    }
}

/// The Worker's `fetch`: every request that the fast lane does not answer.
#[worker::event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<Response> {
    let packed = glue::pack(&request);
    let head = Head::read(&packed);
    let answer = answer(&head, &env, &ctx).await;
    Ok(answer.unwrap_or_else(|problem| respond::problem(&problem, None)))
}

async fn answer(head: &Head<'_>, env: &Env, ctx: &Context) -> Result<Response, Problem> {
    #[cfg(feature = "panic-probe")]
    probe(head, ctx).await;
    let route = Route::find(head.method, head.path)?;
    if route == Route::Health {
        route::no_parameters(head.query)?;
        let version = env!("CARGO_PKG_VERSION");
        return Ok(respond::json(&format!(
            r#"{{"status":"ok","name":"torch-edge","version":"{version}","taxonomy":"{TAXONOMY}"}}"#
        )));
    }
    let config = config(env)?;
    access::admit(&config.clients, head.authorization, Scope::Read).map_err(refused)?;
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let read = Read {
        env,
        ctx,
        kv: kv(env)?,
        now,
        directives: head.directives,
        validators: head.validators,
    };
    match route {
        Route::Batch => read.batch(head.query).await,
        Route::CaseStatus | Route::Health => read.single(head.query).await,
    }
}

/// Panics where it is asked to, so that a test can see what becomes of the next request.
#[cfg(feature = "panic-probe")]
#[expect(clippy::panic, reason = "it is what this is for")]
async fn probe(head: &Head<'_>, ctx: &Context) {
    match head.path {
        "/__panic/now" => panic!("a panic on purpose"),
        "/__panic/after-waiting" => {
            worker::Delay::from(std::time::Duration::from_millis(20)).await;
            panic!("a panic on purpose, after waiting");
        }
        "/__panic/behind" => ctx.wait_until(async {
            worker::Delay::from(std::time::Duration::from_millis(50)).await;
            panic!("a panic on purpose, behind the answer");
        }),
        _ => {}
    }
}

fn refused(refusal: Refusal<'_>) -> Problem {
    match refusal {
        Refusal::Missing => Problem::new(
            Code::Unauthorized,
            "Send the header `Authorization: Bearer TOKEN` with a client token of this proxy.",
        ),
        Refusal::Unknown => Problem::new(
            Code::Unauthorized,
            "No client of this proxy has this token. Use a client token, not the Torch key.",
        ),
        Refusal::Scope(client) => {
            observe::warn(
                "a client asked for more than its scopes allow",
                &[("client", &client)],
            );
            Problem::new(
                Code::Forbidden,
                "This client's scopes do not include `read`.",
            )
        }
    }
}

/// The fast lane: a plain read of one case that this isolate remembers is answered in one call, with
/// no promise. Otherwise it gives the KV key to look under, for [`lane_read`]; or `undefined`, and the
/// request takes the long way through `fetch`, which can do all that this does and everything else.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn lane(packed: &str, now: f64) -> JsValue {
    let head = Head::read(packed);
    let Some(receipt) = head.plain() else {
        return JsValue::UNDEFINED;
    };
    let admitted = CONFIG.with_borrow(|config| match config {
        Some(Ok(config)) => access::admit(&config.clients, head.authorization, Scope::Read).is_ok(),
        _ => false,
    });
    if !admitted {
        return JsValue::UNDEFINED;
    }
    let now = UnixSeconds::from_millis(now);
    match store::remembered(receipt, now) {
        store::Remembered::Stored(stored) => from_lane(&head, &stored, now),
        store::Remembered::Missing => JsValue::UNDEFINED,
        store::Remembered::Nothing => entry::key(receipt).into(),
    }
}

/// What the fast lane makes of KV's answer: the response, or `undefined` as above. Whatever KV holds
/// is remembered, so that the long way need not look again.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn lane_read(packed: &str, value: &JsValue, now: f64) -> JsValue {
    let head = Head::read(packed);
    let Some(receipt) = head.plain() else {
        return JsValue::UNDEFINED;
    };
    let now = UnixSeconds::from_millis(now);
    match store::take(receipt, value, now) {
        Some(stored) => from_lane(&head, &stored, now),
        None => JsValue::UNDEFINED,
    }
}

fn from_lane(head: &Head<'_>, stored: &store::Stored, now: UnixSeconds) -> JsValue {
    let meta = &stored.meta;
    let plain = meta.kind == entry::Kind::Found
        && meta.current_taxonomy
        && head.validators == Validators::default();
    if plain
        && meta.window.ttl(now) > 0
        && decide(Some(&meta.window), &head.directives, now) == Verdict::Serve
    {
        respond::hit(stored, now).into()
    } else {
        JsValue::UNDEFINED
    }
}
