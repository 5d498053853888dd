//! The functions of glue.js: one list of them, for wasm-bindgen makes one module of one list.

use std::pin::Pin;

use js_sys::futures::future_to_promise;
use js_sys::{Array, JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Request, Response};

use super::store::Kv;

#[wasm_bindgen(raw_module = "#glue")]
extern "C" {
    /// A body with the header values that belong to it, on the JavaScript side.
    #[derive(Clone)]
    pub(super) type Page;

    /// The request in six lines, as `Head` reads it.
    pub(super) fn pack(request: &Request) -> String;

    /// A page: Cache-Control, ETag and Last-Modified (or nothing), a line each, and a body.
    pub(super) fn page(values: &str, body: &JsString) -> Page;

    /// A page's body.
    pub(super) fn body(page: &Page) -> JsString;

    /// The 200 or 304 that a page makes.
    pub(super) fn reply(
        page: &Page,
        status: u16,
        age: f64,
        cache_status: &str,
        quota: u32,
        left: u32,
        resets_in: u32,
    ) -> Response;

    /// The 200 that a page makes as a hit.
    pub(super) fn hit(
        page: &Page,
        age: f64,
        ttl: f64,
        quota: u32,
        left: u32,
        resets_in: u32,
        client: u32,
    ) -> Response;

    /// Notes what the log says of an answer beside what it shows itself: the route's pattern, the client's
    /// name and the case, masked; empty where there is none.
    pub(super) fn note(response: &Response, route: &str, client: &str, receipt: &str);

    /// What is served as it lies there: gives a response.
    pub(super) fn page_of(env: &Env, request: &Request) -> Promise;

    /// Tells the platform's rate-limit binding of a client; gives whether it may go on.
    pub(super) fn limit(env: &Env, client: &str) -> Promise;

    /// Any other answer: names and values of its headers by turns, a line each, and a body.
    pub(super) fn respond(status: u16, headers: &str, body: &str) -> Response;

    /// Pages' bodies and other JSON texts as one JSON array.
    pub(super) fn join(items: &Array) -> JsString;

    /// Puts texts into KV: key, text and seconds by turns. Gives how many could not be put.
    pub(super) fn keep(kv: &Kv, items: &Array) -> Promise;

    /// Asks the gate for something; gives what it answers.
    pub(super) fn gate(env: &Env, what: &str, text: &str) -> Promise;

    /// Runs a statement on a Durable Object's SQLite, with a text for `?1`; gives its rows as lines, the
    /// columns parted by tabs.
    #[wasm_bindgen(catch)]
    pub(super) fn sql(state: &State, statement: &str, text: &str) -> Result<String, JsValue>;

    /// Runs a statement on a Durable Object's SQLite, with a JSON array of what is bound; gives its rows as
    /// a JSON array of arrays of texts and nulls.
    #[wasm_bindgen(catch)]
    pub(super) fn rows(state: &State, statement: &str, values: &str) -> Result<String, JsValue>;

    /// Runs statements in one transaction: a JSON array of arrays, each a statement and what is bound.
    #[wasm_bindgen(catch)]
    pub(super) fn commit(state: &State, statements: &str) -> Result<(), JsValue>;

    /// Sets a Durable Object's alarm, in milliseconds since 1970.
    #[wasm_bindgen(catch)]
    pub(super) fn alarm(state: &State, milliseconds: f64) -> Result<(), JsValue>;

    /// Removes all that a Durable Object has stored, and its alarm.
    pub(super) fn forget(state: &State) -> Promise;

    /// Asks a case's ledger for something; gives what it answers.
    pub(super) fn ledger(env: &Env, receipt: &str, what: &str, text: &str) -> Promise;

    /// Erases a case: its ledger, its entry in KV, its place on the roster, its dead letters.
    pub(super) fn erase(env: &Env, receipt: &str) -> Promise;

    /// Puts dead letters back: those of a JSON array of id, endpoint, since and until, null for any.
    pub(super) fn replay(env: &Env, which: &str) -> Promise;

    /// Asks the relay's store for something; gives what it answers.
    pub(super) fn relay(env: &Env, what: &str, text: &str) -> Promise;

    /// Puts a nudge into the queue, behind the answer.
    pub(super) fn nudge(state: &State, env: &Env, text: &str);

    /// Has the feed open a socket, of which `socket` says whose it is; gives the answer that hands it over, or nothing
    /// where there are too many.
    pub(super) fn live(env: &Env, socket: &str, protocol: &str) -> Promise;

    /// Tells the feed something; gives what it answers.
    pub(super) fn feed(env: &Env, what: &str, text: &str) -> Promise;

    /// Sends a message to a socket, or to those of a JSON array of numbers.
    pub(super) fn tell(state: &State, sockets: &str, message: &str);

    /// That a webhook's event is durable, and what became of it.
    pub(super) fn received(outcome: &JsValue) -> Response;

    /// A request's header field; several of one name are joined.
    pub(super) fn field(request: &Request, name: &str) -> Option<String>;

    /// Removes a key from KV.
    pub(super) fn remove(kv: &Kv, key: &str) -> Promise;

    /// Waits for some milliseconds.
    pub(super) fn sleep(milliseconds: f64) -> Promise;

    /// One call of Torch: gives a [`Reply`].
    pub(super) fn call(url: &str, authorization: &str, milliseconds: f64, most: f64) -> Promise;

    /// A random UUID.
    pub(super) fn uuid() -> String;
}

#[wasm_bindgen]
extern "C" {
    /// The Worker's bindings: variables, secrets, objects.
    #[derive(Debug, Clone)]
    pub type Env;

    /// The state of a Durable Object, or the context of a request.
    #[derive(Clone)]
    pub(super) type State;

    #[wasm_bindgen(method, js_name = waitUntil)]
    pub(super) fn wait_until(this: &State, promise: &Promise);

    /// What a call came to.
    pub(super) type Reply;

    /// The status; none where there was no answer.
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Reply) -> Option<u16>;

    /// Some header fields, a line each.
    #[wasm_bindgen(method, getter)]
    pub(super) fn fields(this: &Reply) -> Option<String>;

    /// The body of a 200.
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Reply) -> Option<Uint8Array>;

    /// `timeout`, `broken` or `too_large`.
    #[wasm_bindgen(method, getter)]
    pub(super) fn trouble(this: &Reply) -> Option<String>;
}

impl State {
    /// Does something behind the answer.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        // Boxed: one kind of promise for all.
        let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
        self.wait_until(&future_to_promise(async {
            future.await;
            Ok(JsValue::UNDEFINED)
        }));
    }
}
