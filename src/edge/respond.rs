//! Answers, as the runtime's objects.

use std::fmt::Write;

use js_sys::{Array, JsString};
use web_sys::Response;

use super::glue;
use super::observe::quoted;
use super::route::ALLOW;
use super::store::Stored;
use crate::http::{CACHE_NAME, CacheStatus, Validators};
use crate::problem::{self, Code, Problem};
use crate::status::TAXONOMY;
use crate::time::UnixSeconds;

/// A case as it is kept, without its validators asked: the fast lane's answer.
pub(super) fn hit(stored: &Stored, now: UnixSeconds) -> Response {
    let window = &stored.meta.window;
    glue::hit(&stored.page, window.age(now) as f64, window.ttl(now) as f64)
}

/// A case as it is kept; 304 where the client has it already.
pub(super) fn case(
    stored: &Stored,
    cache: CacheStatus,
    validators: &Validators<'_>,
    now: UnixSeconds,
) -> Response {
    let meta = &stored.meta;
    let cache = CacheStatus {
        ttl: Some(meta.window.ttl(now)),
        ..cache
    };
    let status = if validators.not_modified(meta.etag.as_str(), meta.last_status_at) {
        304
    } else {
        200
    };
    glue::reply(
        &stored.page,
        status,
        meta.window.age(now) as f64,
        &cache.to_string(),
    )
}

/// Several cases: a batch's answer. `items` are pages and JSON texts.
pub(super) fn batch(
    items: &Array,
    etag: &str,
    age: i64,
    left: i64,
    cache: CacheStatus,
    validators: &Validators<'_>,
) -> Response {
    let cache = CacheStatus {
        ttl: Some(left),
        ..cache
    };
    let status = if validators.not_modified(etag, None) {
        304
    } else {
        200
    };
    // What is left of freshness is the least of all; what counts it down is the age.
    let max_age = age.saturating_add(left.max(0));
    let body = if status == 304 {
        JsString::from("")
    } else {
        glue::join(items)
    };
    let page = glue::page(&format!("private, max-age={max_age}\n\"{etag}\"\n"), &body);
    glue::reply(&page, status, age as f64, &cache.to_string())
}

/// That the Worker lives, and which one it is.
pub(super) fn health() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let body = format!(
        r#"{{"status":"ok","name":"{CACHE_NAME}","version":"{version}","taxonomy":"{TAXONOMY}"}}"#
    );
    glue::respond(
        200,
        "Content-Type
application/json
Cache-Control
no-store",
        &body,
    )
}

/// A problem document for this request.
pub(super) fn problem(problem: &Problem, cache: Option<CacheStatus>) -> Response {
    let id = glue::uuid();
    let mut headers = format!(
        "Content-Type\n{}\nCache-Control\nno-store\nX-Request-Id\n{id}",
        problem::MEDIA_TYPE
    );
    // Writing to a string cannot fail.
    if let Some(seconds) = problem.retry_after {
        let _ = write!(headers, "\nRetry-After\n{seconds}");
    }
    if let Some(cache) = cache {
        let _ = write!(headers, "\nCache-Status\n{cache}");
    }
    match problem.code {
        Code::MethodNotAllowed => headers.push_str(&format!("\nAllow\n{ALLOW}")),
        Code::Unauthorized | Code::TorchUnauthorized => {
            headers.push_str("\nWWW-Authenticate\nBearer realm=\"torch-edge\"")
        }
        _ => {}
    }
    glue::respond(problem.code.status(), &headers, &problem.to_json(&id))
}

/// One case of a batch that has a problem in place of a status.
pub(super) fn failed_item(receipt: &str, problem: &Problem) -> String {
    let receipt = quoted(receipt);
    format!(
        "{{\"receipt_number\":{receipt},\"error\":{}}}",
        problem.to_json(&glue::uuid())
    )
}
