//! `POST /webhooks/torch`: takes what Torch tells, once it is known to be Torch's, and answers once it is
//! durable.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use web_sys::{Request, Response};
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;

use super::config::{self, Config};
use super::{glue, ledger, observe, relay, respond, store};
use crate::problem::{Code, Problem};
use crate::time::UnixSeconds;
use crate::webhook::{Event, Joined, MAX_EVENT, Verified, WhichSecret};

/// One webhook.
pub(super) async fn receive(request: &Request, env: &Env) -> Result<Response, Problem> {
    let config = config::of(env)?;
    let body = body(request, MAX_EVENT).await?;
    let now = UnixSeconds::from_millis(js_sys::Date::now());
    let verified = verify(&config, request, &body, now)?;
    let event = Event::read(&body, &config.events, &config.names).map_err(|error| {
        observe::error("an authentic webhook cannot be used", &[("fault", &error)]);
        Problem::new(Code::EventUnusable, format!("{error}."))
    })?;
    if event.case.is_err() {
        observe::warn(
            "a webhook tells no status: it is kept as it came",
            &[("type", &event.event_type)],
        );
    }
    let message_id = verified.message_id.as_deref();
    let Some(receipt) = event.receipt else {
        relay::unrouted(env, &event, message_id).await?;
        return Ok(respond::received("unrouted"));
    };
    let told = ledger::tell(env, receipt, message_id, event.as_str()).await?;
    if let Some(stored) = told.stored {
        // So that nobody whom this isolate answers is told an older status from now on.
        store::remember(receipt, Some(stored), now);
    }
    Ok(respond::received(&told.outcome))
}

/// A request's body, of `most` bytes at most.
pub(super) async fn body(request: &Request, most: usize) -> Result<Vec<u8>, Problem> {
    let read = JsFuture::from(glue::read(request, most as f64)).await;
    let read = read.map_err(|_| {
        Problem::new(
            Code::BodyMalformed,
            "The body broke off. Send the request again.",
        )
    })?;
    let bytes = read.dyn_into::<Uint8Array>().map_err(|_| {
        let detail = format!("The body has more than {} KiB.", most / 1024);
        Problem::new(Code::BodyTooLarge, detail)
    })?;
    Ok(bytes.to_vec())
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
