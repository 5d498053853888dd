//! The Worker: its entry points. Each decision is the core's; the rooms here carry it out.

mod access;
mod config;
mod gate;
mod glue;
mod lane;
mod observe;
mod parties;
mod read;
mod respond;
mod route;
mod store;
mod tally;
mod upstream;
mod verifier;

use wasm_bindgen::prelude::*;
use web_sys::Response;
use worker::{Context, Env};

use access::Refusal;
use read::Read;
use route::{Head, Route};

use crate::problem::{Code, Problem};
use crate::ratelimit::Allowance;
use crate::time::UnixSeconds;

/// The names of the bindings in wrangler.toml.
mod bindings {
    pub(super) const GATE: &str = "GATE";
    pub(super) const CASES: &str = "CASES";
}

/// Every request that the fast lane does not answer.
#[worker::event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<Response> {
    let packed = glue::pack(&request);
    let head = Head::read(&packed);
    #[cfg(feature = "panic-probe")]
    probe(&head, &ctx).await;
    let answer = answer(&head, &env, &ctx).await;
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

async fn answer(head: &Head<'_>, env: &Env, ctx: &Context) -> Result<Response, Problem> {
    let route = Route::find(head.method, head.path)?;
    if route == Route::Health {
        route::no_parameters(head.query)?;
        return Ok(respond::health());
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
        Route::CaseStatus | Route::Health => read.single(head.query).await,
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
