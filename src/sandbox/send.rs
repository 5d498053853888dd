//! Webhooks over HTTP: a few at a time, each try bounded, the pauses as the plan has them.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, join4, select};
use js_sys::Uint8Array;
use worker::{
    AbortController, Date, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
    Response,
};

use super::deliver::{LANES, Plan};
use super::order::Message;
use crate::time::UnixSeconds;

/// How long a receiver may take for its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of an answer's body so many bytes are read, for so long, that its connection may serve again. Nobody
/// looks at them.
const WANTED: usize = 65_536;
const READING: Duration = Duration::from_secs(1);

/// Delivers everything. Gives the statuses of each message's tries, in the plan's order.
pub(super) async fn all(plan: &Plan) -> Vec<Vec<u16>> {
    let next = Cell::new(0_usize);
    let tried = RefCell::new(vec![Vec::new(); plan.messages.len()]);
    let (next, held) = (&next, &tried);
    // Each lane takes the next message that none has taken, so they set out in their order.
    let lane = |number: usize| async move {
        while number < plan.concurrency.min(LANES) {
            let place = next.get();
            let Some(message) = plan.messages.get(place) else {
                return;
            };
            next.set(place.saturating_add(1));
            let statuses = deliver(plan, message).await;
            if let Some(held) = held.borrow_mut().get_mut(place) {
                *held = statuses;
            }
        }
    };
    join4(lane(0), lane(1), lane(2), lane(3)).await;
    tried.into_inner()
}

async fn deliver(plan: &Plan, message: &Message) -> Vec<u16> {
    let mut statuses = Vec::new();
    loop {
        statuses.push(once(plan, message).await.unwrap_or(0));
        match plan.pause(&statuses) {
            Some(pause) => Delay::from(pause).await,
            None => return statuses,
        }
    }
}

/// One try. `None`: there was no answer, or none in time.
async fn once(plan: &Plan, message: &Message) -> Option<u16> {
    let real_millis = i64::try_from(Date::now().as_millis()).ok()?;
    let at = UnixSeconds(real_millis.div_euclid(1000));
    let delivery = plan.request(message, at).ok()?;
    let headers = Headers::new();
    for (name, value) in &delivery.headers {
        headers.set(name, value).ok()?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(Uint8Array::from(delivery.body.as_slice()).into()))
        // A redirect would carry the secret to whatever host it names.
        .with_redirect(RequestRedirect::Manual);
    let request = Fetch::Request(Request::new_with_init(&plan.url, &init).ok()?);

    let abort = AbortController::default();
    let signal = abort.signal();
    let answered = request.send_with_signal(&signal);
    let answer = match select(pin!(answered), pin!(Delay::from(PATIENCE))).await {
        Either::Left((answer, _)) => Some(answer.ok()?),
        Either::Right(_) => None,
    };
    let Some(mut response) = answer else {
        abort.abort();
        return None;
    };
    let status = response.status_code();
    let drained = drained(&mut response);
    let whole = match select(pin!(drained), pin!(Delay::from(READING))).await {
        Either::Left((whole, _)) => whole,
        Either::Right(_) => false,
    };
    if !whole {
        abort.abort();
    }
    Some(status)
}

/// Reads what there is of a body. Whether that was all of it.
async fn drained(response: &mut Response) -> bool {
    let Ok(mut body) = response.stream() else {
        return true;
    };
    let mut size = 0_usize;
    while let Some(chunk) = body.next().await {
        size = size.saturating_add(chunk.map_or(WANTED, |chunk| chunk.len()));
        if size >= WANTED {
            return false;
        }
    }
    true
}
