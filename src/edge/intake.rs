//! `POST /webhooks/torch`: takes what Torch tells, once it is known to be Torch's, and answers once it is
//! durable.

use crate::edge::glue::Env;
use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};

use super::config::Config;
use super::store::{self, Stored};
use super::{ask, glue, observe, relay};
use crate::problem::{Code, Problem};
use crate::time::UnixSeconds;
use crate::webhook::{Event, Joined, STATUS_UPDATED, Verified, WhichSecret};

/// One webhook.
pub(super) async fn receive(
    config: &Config,
    request: &Request,
    body: &[u8],
    env: &Env,
) -> Result<Response, Problem> {
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let verified = verify(config, request, body, now)?;
    let event = Event::read(body, &config.events, &config.names).map_err(|error| {
        observe::error("an authentic webhook cannot be used", &[("fault", &error)]);
        Problem::new(Code::EventUnusable, format!("{error}."))
    })?;
    if event.event_type != STATUS_UPDATED {
        observe::warn(
            "a webhook of another type than case.status.updated: it is kept as it came",
            &[("type", &event.event_type)],
        );
    }
    let message_id = verified.message_id.as_deref();
    let promise = match event.receipt {
        Some(receipt) => {
            let text = format!("{}\n{}", message_id.unwrap_or_default(), event.as_str());
            glue::ledger(env, receipt.as_str(), "told", &text)
        }
        None => glue::relay(env, "unrouted", &relay::unrouted(&event, message_id)),
    };
    // Until here nothing is durable, and a failure is no 2xx: Torch tells it again.
    let told = ask(promise).await?;
    let (Some(receipt), Some(told)) = (event.receipt, told.dyn_ref::<Array>()) else {
        return Ok(glue::received(&"unrouted".into()));
    };
    let entry: JsValue = told.get(1);
    if let Some(stored) = entry.dyn_ref::<JsString>().and_then(Stored::from_js) {
        // So that nobody whom this isolate answers is told an older status from now on.
        store::remember(receipt, Some(stored), now);
    }
    Ok(glue::received(&told.get(0)))
}

fn verify(
    config: &Config,
    request: &Request,
    body: &[u8],
    now: UnixSeconds,
) -> Result<Verified, Problem> {
    let Some(verifier) = &config.verifier else {
        observe::error("a webhook came, and no WEBHOOK_SECRET is set", &[]);
        let detail = "Webhooks are not set up here; set WEBHOOK_HEADER and WEBHOOK_SECRET. Send it again later.";
        return Err(Problem::new(Code::Misconfigured, detail).after(Some(60)));
    };
    let headers = Joined(|name: &str| glue::field(request, name));
    let verified = verifier.verify_at(&headers, body, now).map_err(|reason| {
        observe::warn("a webhook is refused", &[("code", &reason.code()), ("reason", &reason)]);
        // Not the reason: who guesses learns nothing from it.
        let detail = "This webhook is not authentic by the scheme and secret that are set here; the log says why.";
        Problem::new(Code::WebhookUnauthorized, detail)
    })?;
    if verified.secret == WhichSecret::Previous {
        observe::warn(
            "a webhook came with WEBHOOK_SECRET: Torch does not use WEBHOOK_SECRET_NEXT yet",
            &[],
        );
    }
    Ok(verified)
}
