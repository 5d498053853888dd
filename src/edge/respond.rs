//! Answers, as the runtime's objects.

use std::fmt::Write;

use js_sys::{Array, JsString};
use web_sys::Response;

use super::glue::{self, Page};
use super::observe::quoted;
use super::store::Stored;
use crate::http::{self, CACHE_NAME, CacheStatus, Validators};
use crate::problem::{self, Code, Problem};
use crate::ratelimit::Allowance;
use crate::receipt::ReceiptNumber;
use crate::status::TAXONOMY;
use crate::time::UnixSeconds;

const NOT_KEPT: &str = "Content-Type\napplication/json\nCache-Control\nno-store";

/// A case as it is kept, without its validators asked: the fast lane's answer.
/// `client`: its place in the list, for the log.
pub(super) fn hit(
    stored: &Stored,
    allowance: Allowance,
    client: usize,
    now: UnixSeconds,
) -> Response {
    let window = &stored.meta.window;
    glue::hit(
        &stored.page,
        window.age(now) as f64,
        window.ttl(now) as f64,
        allowance.quota,
        allowance.left,
        allowance.resets_in,
        u32::try_from(client).unwrap_or_default(),
    )
}

/// A case as it is kept; 304 where the client has it already.
pub(super) fn case(
    stored: &Stored,
    cache: CacheStatus,
    validators: &Validators<'_>,
    allowance: Allowance,
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
    reply(&stored.page, status, meta.window.age(now), cache, allowance)
}

fn reply(page: &Page, status: u16, age: i64, cache: CacheStatus, allowance: Allowance) -> Response {
    glue::reply(
        page,
        status,
        age as f64,
        &cache.to_string(),
        allowance.quota,
        allowance.left,
        allowance.resets_in,
    )
}

/// Several cases: a batch's answer. `items` are pages and JSON texts.
pub(super) fn batch(
    items: &Array,
    freshness: &[Option<http::Item>],
    etag: &str,
    cache: CacheStatus,
    validators: &Validators<'_>,
    allowance: Allowance,
) -> Response {
    let those = || freshness.iter().flatten();
    let age = those().map(|(age, ..)| *age).max().unwrap_or(0);
    let left = those().map(|(_, left, _)| *left).min().unwrap_or(0);
    // Problems are never kept: what is left of freshness is nothing.
    let left = match freshness.iter().any(Option::is_none) {
        true => left.min(0),
        false => left,
    };
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
    let items = http::items(freshness, cache.detail);
    let values = format!("private, max-age={max_age}\n\"{etag}\"\n\n{items}");
    let page = glue::page(&values, &body);
    reply(&page, status, age, cache, allowance)
}

/// A JSON text that is not to be kept.
pub(super) fn json(status: u16, body: &str, allowance: Allowance) -> Response {
    let mut headers = NOT_KEPT.to_owned();
    tell_allowance(&mut headers, allowance);
    glue::respond(status, &headers, body)
}

/// A case's ledger; as CSV where it is for a file of that case.
pub(super) fn history(history: &str, csv: Option<ReceiptNumber>, allowance: Allowance) -> Response {
    let mut headers = match csv {
        Some(receipt) => format!(
            "Content-Type\ntext/csv; charset=utf-8\nContent-Disposition\nattachment; filename=\"{}.csv\"\nCache-Control\nno-store",
            receipt.as_str()
        ),
        None => NOT_KEPT.to_owned(),
    };
    headers.push_str("\nVary\nAccept");
    tell_allowance(&mut headers, allowance);
    glue::respond(200, &headers, history)
}

/// What a client has left, as `RateLimit` and `RateLimit-Policy` (the IETF's draft).
fn tell_allowance(headers: &mut String, allowance: Allowance) {
    let Allowance {
        quota,
        left,
        resets_in,
        ..
    } = allowance;
    // Writing to a string cannot fail.
    let _ = write!(
        headers,
        "\nRateLimit\n\"client\";r={left};t={resets_in}\nRateLimit-Policy\n\"client\";q={quota};w=60"
    );
}

/// That the Worker lives, and which one it is.
pub(super) fn health() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let body = format!(
        r#"{{"status":"ok","name":"{CACHE_NAME}","version":"{version}","taxonomy":"{TAXONOMY}"}}"#
    );
    glue::respond(200, NOT_KEPT, &body)
}

/// A problem document for this request; with the client's allowance, once it is known who asks.
pub(super) fn problem(
    problem: &Problem,
    cache: Option<CacheStatus>,
    allowance: Option<Allowance>,
) -> Response {
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
    if let Some(allow) = problem.allow {
        let _ = write!(headers, "\nAllow\n{allow}");
    }
    if let Some(allowance) = allowance {
        tell_allowance(&mut headers, allowance);
    }
    match problem.code {
        // RFC 9110, 15.5.2: a 401 says how one authenticates.
        Code::WebhookUnauthorized => headers.push_str("\nWWW-Authenticate\nTorch-Webhook"),
        Code::Unauthorized | Code::GrantExpired | Code::TorchUnauthorized => {
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
