//! The sandbox: a Worker that *is* Torch as its documentation describes it, deterministic and without
//! a single real case. Everything in this project runs against it on one machine, with no account.
//!
//! | file | what it decides |
//! |---|---|
//! | `life.rs`, `plot.rs`, `forms.rs`, `titles.rs`, `dice.rs` | which status a receipt has at which time |
//! | `world.rs`, `read.rs` | what Torch answers: keys, limits, the two reads |
//! | `clock.rs`, `quota.rs`, `ratelimit.rs`, `fault.rs`, `counters.rs` | the world's parts |
//! | `endpoint.rs`, `news.rs`, `order.rs`, `deliver.rs`, `spoil.rs` | webhooks: where to, what they say, which go out and how often |
//! | `control.rs` | the sandbox's own routes, `/__sandbox/…` |
//! | `object.rs`, `wire.rs`, `send.rs` | the platform: the Durable Object, streams that break, requests |

mod answer;
mod clock;
mod control;
mod counters;
mod deliver;
mod dice;
mod endpoint;
mod fault;
mod forms;
mod life;
mod news;
mod object;
mod order;
mod plot;
mod quota;
mod ratelimit;
mod read;
mod send;
mod spoil;
mod titles;
mod wire;
mod world;

use worker::{Context, Env, Request, Response, event};

/// Every request goes to the one object that owns the world.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    env.durable_object("TORCH")?
        .get_by_name("torch")?
        .fetch_with_request(request)
        .await
}
