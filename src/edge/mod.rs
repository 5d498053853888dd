//! The Worker: its entry points. Each decision is the core's; the rooms here carry it out.

mod access;
mod config;
mod gate;
mod glue;
mod intake;
mod lane;
mod ledger;
mod observe;
mod parties;
mod read;
mod relay;
mod respond;
mod route;
mod store;
mod tally;
mod upstream;
mod verifier;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::{Request, Response};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Context, Env};

use access::Refusal;
use config::Config;
use read::Read;
use route::{Head, Route};

use crate::http::prefers_csv;
use crate::problem::{Code, Problem};
use crate::ratelimit::Allowance;
use crate::time::UnixSeconds;

/// The largest body of a client's request, in bytes.
const MAX_REQUEST: usize = 16 * 1024;

/// The names of the bindings in wrangler.toml.
mod bindings {
    pub(super) const CASES: &str = "CASES";
    /// All of them: objects, each of which must be there.
    pub(super) const ALL: [&str; 5] = ["GATE", CASES, "LEDGER", "RELAY", "DELIVERIES"];
}

/// Every request that the fast lane does not answer.
#[worker::event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> worker::Result<Response> {
    let packed = glue::pack(&request);
    let head = Head::read(&packed);
    #[cfg(feature = "panic-probe")]
    probe(&head, &ctx).await;
    let answer = answer(&request, &head, &env, &ctx).await;
    if tally::is_due(UnixSeconds::from_millis(js_sys::Date::now())) {
        let env = env.clone();
        ctx.wait_until(async move { gate::report(&env).await });
    }
    Ok(answer.unwrap_or_else(|problem| respond::problem(&problem, None, None)))
}

/// The first half of the fast lane: see [`lane::open`].
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn lane(packed: &str, now: f64) -> JsValue {
    lane::open(packed, UnixSeconds::from_millis(now))
}

/// The second half of the fast lane: see [`lane::read`].
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn lane_read(packed: &str, value: &JsValue, now: f64) -> JsValue {
    lane::read(packed, value, UnixSeconds::from_millis(now))
}

/// A batch of the queue: see [`relay::consume`].
#[wasm_bindgen(js_name = relay)]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn relay_nudges(env: Env, nudges: String) -> Promise {
    future_to_promise(async move { Ok(relay::consume(env, nudges).await.into()) })
}

async fn answer(
    request: &Request,
    head: &Head<'_>,
    env: &Env,
    ctx: &Context,
) -> Result<Response, Problem> {
    let route = Route::find(head.method, head.path)?;
    if route == Route::Health {
        route::no_parameters(head.query)?;
        return Ok(respond::health());
    }
    if route == Route::Webhook {
        route::no_parameters(head.query)?;
        return intake::receive(request, env).await;
    }
    let config = config::of(env)?;
    let admitted = access::admit(&config.clients, head.authorization, route.scope());
    if let Err(Refusal::Scope(client)) = &admitted {
        observe::warn(
            "a client asked for more than its scopes allow",
            &[("client", client)],
        );
    }
    let client = admitted?;
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let allowance = client.count(now);
    let read = Read {
        config: &config,
        client,
        allowance,
        env,
        ctx,
        kv: store::kv(env),
        now,
        directives: head.directives,
        validators: head.validators,
    };
    let answer = match route {
        _ if allowance.exceeded => Err(exceeded(allowance)),
        Route::Batch => read.batch(head.query).await,
        Route::Budget => budget(head, env, allowance).await,
        Route::Watch | Route::Unwatch => watch(head, env, route == Route::Watch, allowance).await,
        Route::History => history(request, head, env, allowance).await,
        Route::Erase => erase(head, env, allowance).await,
        Route::Deliveries => deliveries(head, &config, env, allowance).await,
        Route::Replay => replay(request, head, &config, env, allowance).await,
        Route::CaseStatus | Route::Health | Route::Webhook => read.single(head.query).await,
    };
    Ok(answer.unwrap_or_else(|problem| respond::problem(&problem, None, Some(allowance))))
}

async fn budget(head: &Head<'_>, env: &Env, allowance: Allowance) -> Result<Response, Problem> {
    route::no_parameters(head.query)?;
    Ok(respond::json(&gate::budget(env).await?, allowance))
}

async fn watch(
    head: &Head<'_>,
    env: &Env,
    watched: bool,
    allowance: Allowance,
) -> Result<Response, Problem> {
    let receipt = route::single(head.query)?;
    let told = gate::watch(env, receipt, watched).await?;
    Ok(respond::json(&told, allowance))
}

async fn history(
    request: &Request,
    head: &Head<'_>,
    env: &Env,
    allowance: Allowance,
) -> Result<Response, Problem> {
    let receipt = route::single(head.query)?;
    let csv = prefers_csv(&glue::field(request, "accept").unwrap_or_default());
    let history = ledger::history(env, receipt, csv).await?;
    Ok(respond::history(
        &history,
        csv.then_some(receipt),
        allowance,
    ))
}

/// Erases a case: what can be asked for it again comes last, so that one who is told of a failure can
/// ask again for the whole.
async fn erase(head: &Head<'_>, env: &Env, allowance: Allowance) -> Result<Response, Problem> {
    let receipt = route::single(head.query)?;
    gate::forget(env, receipt).await?;
    ledger::erase(env, receipt).await?;
    relay::erase(env, receipt).await?;
    store::forget(receipt);
    let receipt = receipt.as_str();
    let told = format!("{{\"receipt_number\":\"{receipt}\",\"erased\":true}}");
    Ok(respond::json(&told, allowance))
}

async fn deliveries(
    head: &Head<'_>,
    config: &Config,
    env: &Env,
    allowance: Allowance,
) -> Result<Response, Problem> {
    route::no_parameters(head.query)?;
    Ok(respond::json(
        &relay::deliveries(env, config).await?,
        allowance,
    ))
}

async fn replay(
    request: &Request,
    head: &Head<'_>,
    config: &Config,
    env: &Env,
    allowance: Allowance,
) -> Result<Response, Problem> {
    route::no_parameters(head.query)?;
    let body = intake::body(request, MAX_REQUEST).await?;
    Ok(respond::json(
        &relay::replay(env, config, &body).await?,
        allowance,
    ))
}

fn exceeded(allowance: Allowance) -> Problem {
    let detail = format!(
        "This client may make {} requests a minute. Ask again after the time in Retry-After.",
        allowance.quota
    );
    Problem::new(Code::RateLimited, detail).after(Some(i64::from(allowance.resets_in)))
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
