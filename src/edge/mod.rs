//! The Worker: its entry points. Each decision is the core's; the rooms here carry it out.

mod access;
mod config;
mod feed;
mod gate;
mod glue;
mod grants;
mod intake;
mod lane;
mod ledger;
mod observe;
mod parties;
mod read;
mod relay;
mod respond;
mod route;
mod rows;
mod store;
mod tally;
mod upstream;
mod verifier;

use std::rc::Rc;

use crate::edge::glue::Env;
use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Request, Response};

use access::Admitted;
use config::Config;
use glue::State;
use read::Read;
use route::{Head, Route};

use crate::http::prefers_csv;
use crate::problem::{Code, Problem};
use crate::ratelimit::Allowance;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The names of the bindings in wrangler.toml.
mod bindings {
    pub(super) const CASES: &str = "CASES";
    /// All of them: objects, each of which must be there.
    pub(super) const ALL: [&str; 6] = ["GATE", CASES, "LEDGER", "RELAY", "FEED", "DELIVERIES"];
}

/// In each new instance: what a panic says goes to the log. That it ends the instance, revive.js sees.
#[wasm_bindgen(start, private)]
fn start() {
    std::panic::set_hook(Box::new(|info| {
        observe::error("a panic", &[("says", info)])
    }));
}

/// Every request that the fast lane does not answer. `body`: of a POST, null where it is too large.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn fetch(request: Request, env: Env, ctx: JsValue, body: JsValue) -> Promise {
    let ctx: State = ctx.unchecked_into();
    future_to_promise(async move {
        let packed = glue::pack(&request);
        let head = Head::read(&packed);
        #[cfg(feature = "panic-probe")]
        probe(&head, &ctx).await;
        let asked = Asked {
            request: &request,
            head: &head,
            body: &body,
            env: &env,
            ctx: &ctx,
        };
        let mut note = Note::default();
        let answer = asked.answer(&mut note).await;
        if tally::is_due(UnixSeconds::from_millis(js_sys::Date::now())) {
            let env = env.clone();
            ctx.spawn(async move { gate::report(&env).await });
        }
        let answer = answer.unwrap_or_else(|problem| respond::problem(&problem, None, None));
        note.of(&answer);
        Ok(answer.into())
    })
}

/// The name of a client by its place in `CLIENTS`, for the log.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn client_name(index: usize) -> Option<String> {
    config::with(|config| Some(config.clients.get(index)?.name.clone())).flatten()
}

/// Whether a page of this origin may read what stands under a url.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn shares(env: &Env, url: &str, origin: &str) -> bool {
    let (path, _) = route::split(url);
    let shared = Route::find("GET", path).is_ok_and(Route::is_shared);
    shared && config::of(env).is_ok_and(|config| config.origins.iter().any(|one| one == origin))
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

/// What the log says of a request.
#[derive(Default)]
struct Note {
    route: &'static str,
    client: String,
    receipt: Option<ReceiptNumber>,
}

impl Note {
    fn of(&self, answer: &Response) {
        let receipt = self.receipt.map(|receipt| receipt.to_string());
        glue::note(
            answer,
            self.route,
            &self.client,
            &receipt.unwrap_or_default(),
        );
    }
}

/// A request, and what it came with.
struct Asked<'a> {
    request: &'a Request,
    head: &'a Head<'a>,
    body: &'a JsValue,
    env: &'a Env,
    ctx: &'a State,
}

impl Asked<'_> {
    async fn answer(&self, note: &mut Note) -> Result<Response, Problem> {
        let Self { head, env, .. } = self;
        let route = Route::find(head.method, head.path)?;
        note.route = route.pattern();
        if route.takes_receipt() && route != Route::Batch {
            note.receipt = route::single(head.query).ok();
        }
        if !route.takes_receipt() {
            route::no_parameters(head.query)?;
        }
        if route == Route::Health {
            return Ok(respond::health());
        }
        if matches!(route, Route::Contract | Route::Page) {
            return Ok(ask(glue::page_of(env, self.request))
                .await?
                .unchecked_into());
        }
        let config = config::of(env)?;
        if route == Route::Webhook {
            return intake::receive(&config, self.request, &self.body()?, env).await;
        }
        let now = UnixSeconds::from_millis(js_sys::Date::now());
        let offered = match route {
            Route::Live => feed::bearer(self.request),
            _ => None,
        };
        let authorization = offered.as_deref().unwrap_or(head.authorization);
        let admitted = access::enter(&config, authorization, route, now)?;
        let client = admitted.client;
        note.client.clone_from(&client.name);
        if client.fills_packet(now) {
            self.tell_limiter(&config, &client.name, now);
        }
        let allowance = client.count(now);
        let read = Read {
            config: &config,
            admitted: &admitted,
            allowance,
            env,
            ctx: self.ctx,
            kv: store::kv(env),
            now,
            directives: head.directives,
            validators: head.validators,
        };
        let answer = match route {
            _ if allowance.exceeded => Err(exceeded(allowance)),
            Route::Batch => read.batch(head.query).await,
            Route::CaseStatus => read.single(head.query).await,
            Route::Grants => self
                .body()
                .and_then(|body| grants::mint(&config, &client.name, &body, now))
                .map(|minted| respond::json(201, &minted, allowance)),
            Route::Live => {
                match feed::enter(env, self.request, &config, &admitted, authorization) {
                    Ok(entered) => ask(entered).await.and_then(feed::entered),
                    Err(problem) => Err(problem),
                }
            }
            _ => self.told(route, &config, &admitted, allowance).await,
        };
        Ok(answer.unwrap_or_else(|problem| respond::problem(&problem, None, Some(allowance))))
    }

    /// Tells the platform's binding of a client's requests, behind the answer.
    fn tell_limiter(&self, config: &Rc<Config>, client: &str, now: UnixSeconds) {
        let (config, name) = (Rc::clone(config), client.to_owned());
        let told = glue::limit(self.env, client);
        self.ctx.spawn(async move {
            // Where the binding fails, each isolate counts for itself.
            let goes_on = JsFuture::from(told).await;
            let client = config.clients.iter().find(|client| client.name == name);
            if let (Ok(goes_on), Some(client)) = (goes_on, client)
                && goes_on.is_falsy()
            {
                client.use_up(now);
            }
        });
    }

    /// What one of the objects tells, or all of them: a text, which is passed on.
    async fn told(
        &self,
        route: Route,
        config: &Config,
        admitted: &Admitted<'_>,
        allowance: Allowance,
    ) -> Result<Response, Problem> {
        let env = self.env;
        let receipt = match route.takes_receipt() {
            true => Some(route::single(self.head.query)?),
            false => None,
        };
        admitted.covers(receipt)?;
        let number = receipt.as_ref().map_or("", |receipt| receipt.as_str());
        let csv = route == Route::History
            && prefers_csv(&glue::field(self.request, "accept").unwrap_or_default());
        let promise = match route {
            Route::History => {
                let format = if csv { "csv" } else { "json" };
                glue::ledger(env, number, "history", format)
            }
            Route::Erase => glue::erase(env, number),
            Route::Deliveries => glue::relay(env, "list", &relay::endpoints(config)),
            Route::Replay => glue::replay(env, &relay::which(config, &self.body()?)?),
            Route::Watch => glue::gate(env, "watch", number),
            Route::Unwatch => glue::gate(env, "unwatch", number),
            // With what this isolate has not told yet.
            _ => glue::gate(env, "budget", &gate::lines(tally::take())),
        };
        let told = ask(promise).await?.as_string().ok_or_else(lost)?;
        if let Some(receipt) = receipt.filter(|_| route == Route::Erase) {
            store::forget(receipt);
        }
        Ok(match receipt.filter(|_| route == Route::History) {
            Some(receipt) => respond::history(&told, csv.then_some(receipt), allowance),
            None => respond::json(200, &told, allowance),
        })
    }

    fn body(&self) -> Result<Vec<u8>, Problem> {
        let bytes = self
            .body
            .dyn_ref::<Uint8Array>()
            .ok_or_else(|| Problem::new(Code::BodyTooLarge, "The body has more than 256 KiB."))?;
        Ok(bytes.to_vec())
    }
}

/// What an object answers; the problem of one that does not is ours, and passes.
async fn ask(promise: Promise) -> Result<JsValue, Problem> {
    JsFuture::from(promise).await.map_err(|error| {
        observe::error(
            "an object does not answer",
            &[("error", &observe::says(&error))],
        );
        lost()
    })
}

fn lost() -> Problem {
    let detail = "A part of the proxy did not answer. Ask again in a moment.";
    Problem::new(Code::Internal, detail).after(Some(1))
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
async fn probe(head: &Head<'_>, ctx: &State) {
    match head.path {
        "/__panic/now" => panic!("a panic on purpose"),
        "/__panic/after-waiting" => {
            let _ = JsFuture::from(glue::sleep(20.0)).await;
            panic!("a panic on purpose, after waiting");
        }
        "/__panic/behind" => ctx.spawn(async {
            let _ = JsFuture::from(glue::sleep(50.0)).await;
            panic!("a panic on purpose, behind the answer");
        }),
        _ => {}
    }
}
