//! The functions of glue.js: one list of them, for wasm-bindgen makes one module of one list.

use js_sys::{Array, JsString, Promise};
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
    pub(super) fn reply(page: &Page, status: u16, age: f64, cache_status: &str) -> Response;

    /// The 200 that a page makes as a hit.
    pub(super) fn hit(page: &Page, age: f64, ttl: f64) -> Response;

    /// Any other answer: names and values of its headers by turns, a line each, and a body.
    pub(super) fn respond(status: u16, headers: &str, body: &str) -> Response;

    /// Pages' bodies and other JSON texts as one JSON array.
    pub(super) fn join(items: &Array) -> JsString;

    /// Puts a text into KV, for some seconds.
    #[wasm_bindgen(catch)]
    pub(super) fn put(
        kv: &Kv,
        key: &str,
        value: &str,
        expiration_ttl: f64,
    ) -> Result<Promise, JsValue>;

    /// A random UUID.
    pub(super) fn uuid() -> String;
}
