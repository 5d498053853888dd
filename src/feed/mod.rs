//! The feed: changes of all cases in the order in which they came, and who is told of which.
//!
//! A subscriber has a socket. Over it come each change of the cases that it names, in the feed's order, each with
//! a cursor; and who comes back with the last cursor gets what came meanwhile. Where the feed does not remember
//! that any more it says so, in a `resync`. What is decided here works on whatever keeps the feed, a [`Store`];
//! between two calls it knows nothing, so it does not matter how often its memory is lost.
#![forbid(unsafe_code)]

mod request;

pub use request::{Asked, Fault, Request};

use std::collections::HashSet;

use crate::json::{self, Array};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The subprotocol that is spoken here.
pub const PROTOCOL: &str = "torch-edge.v1";

/// How many cases a socket may be told of, and how many one message may name.
pub const MAX_RECEIPTS: usize = 1_000;

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// How many messages a minute a socket may send.
pub const MAX_MESSAGES: u32 = 120;

/// How many sockets may be open with one grant: a browser's tabs.
pub const MAX_OF_GRANT: i64 = 20;

/// How many sockets may be open with a client's own token.
pub const MAX_OF_CLIENT: i64 = 1_000;

/// How many sockets may be open in all: the platform lets an object have 32,768.
pub const MAX_SOCKETS: i64 = 30_000;

/// How long changes are kept for who comes back, in seconds.
pub const KEPT_SECONDS: i64 = 86_400;

/// How many changes are kept at most.
pub const KEPT: i64 = 50_000;

/// So many more than that may be there before they are struck out together.
const SLACK: i64 = 500;

/// A longer event is not kept and not sent: who is told of the case is told to read it again.
pub const MAX_EVENT: usize = 64 * 1024;

/// So many changes at most are sent to who comes back, and so many bytes; else it is told to read again.
const REPLAYED: i64 = 1_000;
const REPLAYED_BYTES: i64 = 4 * 1024 * 1024;

/// A socket, by the number that it is known by here.
pub type Socket = i64;

/// A change's place in the feed.
pub type Place = i64;

/// A change on its way into the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is known by: one that comes again is the same.
    pub id: String,
    /// Whose it is.
    pub receipt: ReceiptNumber,
    /// What is told of it, as JSON; nothing where that is [too long](MAX_EVENT).
    pub event: Option<String>,
}

impl Change {
    /// The change that tells this event.
    pub fn new(id: String, receipt: ReceiptNumber, event: String) -> Self {
        let event = Some(event).filter(|event| event.len() <= MAX_EVENT);
        Self { id, receipt, event }
    }
}

/// Where the feed stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What this feed is known by: a cursor of another one says nothing here.
    pub epoch: String,
    /// Up to here changes may have been struck out.
    pub floor: Place,
    /// The last change.
    pub last: Place,
}

impl Mark {
    fn cursor(&self, place: Place) -> String {
        format!("{}.{place}", self.epoch)
    }

    /// The place that a cursor names, where all that came behind it is still there.
    fn resume(&self, cursor: &str) -> Option<Place> {
        let (epoch, place) = cursor.split_once('.')?;
        let place = place.parse().ok()?;
        (epoch == self.epoch && place >= self.floor).then_some(place)
    }

    /// The message that tells of a change.
    fn change(&self, place: Place, receipt: ReceiptNumber, event: Option<&str>) -> String {
        let cursor = self.cursor(place);
        match event {
            Some(event) => format!(
                r#"{{"type":"change","cursor":"{cursor}","receipt":"{}","event":{event}}}"#,
                receipt.as_str()
            ),
            None => self.resync(place, &[receipt]),
        }
    }

    fn resync(&self, place: Place, receipts: &[ReceiptNumber]) -> String {
        format!(
            r#"{{"type":"resync","receipts":{},"cursor":"{}"}}"#,
            list(receipts),
            self.cursor(place)
        )
    }
}

/// What keeps a feed. What is written is durable before anything that was sent afterwards arrives.
pub trait Store {
    /// That it fails.
    type Error;

    /// Where the feed stands.
    fn mark(&self) -> Result<Mark, Self::Error>;

    /// Appends changes in their order, without those whose id is there already. Gives the places of the others, each
    /// with its index among `changes`, in order. A place is never used twice.
    fn append(
        &self,
        changes: &[Change],
        now: UnixSeconds,
    ) -> Result<Vec<(Place, usize)>, Self::Error>;

    /// How many changes of these cases there are behind a place, and how many bytes their events have.
    fn weigh(&self, place: Place, receipts: &[ReceiptNumber]) -> Result<(i64, i64), Self::Error>;

    /// Those changes, in their order: place, case and event.
    #[expect(clippy::type_complexity, reason = "a row of a table")]
    fn since(
        &self,
        place: Place,
        receipts: &[ReceiptNumber],
    ) -> Result<Vec<(Place, ReceiptNumber, Option<String>)>, Self::Error>;

    /// Strikes out all changes up to a place, and sets the floor there, unless it is higher.
    fn strike_out(&self, place: Place) -> Result<(), Self::Error>;

    /// The cases that a socket is told of.
    fn subscribed(&self, socket: Socket) -> Result<Vec<ReceiptNumber>, Self::Error>;

    /// The sockets that are told of a case and may be.
    fn subscribers(
        &self,
        receipt: ReceiptNumber,
        now: UnixSeconds,
    ) -> Result<Vec<Socket>, Self::Error>;

    /// From now on a socket is told of these cases.
    fn subscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<(), Self::Error>;

    /// And of these no longer.
    fn unsubscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<(), Self::Error>;
}

/// Puts changes into the feed. Gives what is to be sent, in this order, each message to these sockets.
///
/// # Errors
/// Those of the store; nothing is in the feed then.
pub fn push<S: Store>(
    store: &S,
    changes: &[Change],
    now: UnixSeconds,
) -> Result<Vec<(Vec<Socket>, String)>, S::Error> {
    let mut messages = Vec::new();
    let new = store.append(changes, now)?;
    let mark = store.mark()?;
    for (place, index) in new {
        let Some(change) = changes.get(index) else {
            continue;
        };
        let sockets = store.subscribers(change.receipt, now)?;
        if !sockets.is_empty() {
            let message = mark.change(place, change.receipt, change.event.as_deref());
            messages.push((sockets, message));
        }
    }
    let oldest = mark.last.saturating_sub(KEPT);
    if oldest > mark.floor.saturating_add(SLACK) {
        store.strike_out(oldest)?;
    }
    Ok(messages)
}

/// Carries out what a socket asks for. `grant`: what it is limited to, if anything; `id`: for a problem. Gives what
/// is to be sent to it, in this order.
///
/// # Errors
/// Those of the store.
pub fn carry_out<S: Store>(
    store: &S,
    socket: Socket,
    grant: Option<&[ReceiptNumber]>,
    request: Request,
    id: impl Fn() -> String,
) -> Result<Vec<String>, S::Error> {
    let (asked, cursor) = match request {
        Request::Unsubscribe(asked) => {
            let receipts: Vec<_> = asked.into_iter().filter_map(Result::ok).collect();
            store.unsubscribe(socket, &receipts)?;
            return Ok(Vec::new());
        }
        Request::Subscribe { receipts, cursor } => (receipts, cursor),
    };
    let mut told: HashSet<ReceiptNumber> = store.subscribed(socket)?.into_iter().collect();
    let (mut all, mut new, mut refused) = (Vec::new(), Vec::new(), Array::new());
    for one in asked {
        let receipt = one.and_then(|receipt| match grant {
            Some(grant) if !grant.contains(&receipt) => Err(not_granted(receipt)),
            _ if told.len() >= MAX_RECEIPTS && !told.contains(&receipt) => Err(too_many(receipt)),
            _ => Ok(receipt),
        });
        match receipt {
            Ok(receipt) => {
                let is_new = told.insert(receipt);
                if is_new {
                    new.push(receipt);
                }
                if is_new || !all.contains(&receipt) {
                    all.push(receipt);
                }
            }
            Err((typed, problem)) => {
                let receipt = json::quoted(&typed);
                let problem = problem.to_json(&id());
                refused = refused.raw(&format!(r#"{{"receipt":{receipt},"problem":{problem}}}"#));
            }
        }
    }
    store.subscribe(socket, &new)?;
    let mark = store.mark()?;
    let mut messages = Vec::new();
    // Of the others it has been told all the time.
    if let Some(cursor) = cursor.filter(|_| !new.is_empty()) {
        match replay(store, &mark, &cursor, &new)? {
            Some(changes) => messages = changes,
            None => messages.push(mark.resync(mark.last, &new)),
        }
    }
    messages.push(format!(
        r#"{{"type":"subscribed","receipts":{},"cursor":"{}","refused":{}}}"#,
        list(&all),
        mark.cursor(mark.last),
        refused.end()
    ));
    Ok(messages)
}

/// What came of these cases behind a cursor; `None` where that is not known any more, or too much.
fn replay<S: Store>(
    store: &S,
    mark: &Mark,
    cursor: &str,
    receipts: &[ReceiptNumber],
) -> Result<Option<Vec<String>>, S::Error> {
    let Some(place) = mark.resume(cursor) else {
        return Ok(None);
    };
    let (count, bytes) = store.weigh(place, receipts)?;
    if count > REPLAYED || bytes > REPLAYED_BYTES {
        return Ok(None);
    }
    let changes = store.since(place, receipts)?.into_iter();
    let told = changes.map(|(place, receipt, event)| mark.change(place, receipt, event.as_deref()));
    Ok(Some(told.collect()))
}

/// The message that tells of a problem.
pub fn error(problem: &Problem, id: &str) -> String {
    format!(r#"{{"type":"error","problem":{}}}"#, problem.to_json(id))
}

/// Receipt numbers as a JSON array.
pub fn list(receipts: &[ReceiptNumber]) -> String {
    let list = receipts.iter();
    list.fold(Array::new(), |list, one| list.text(one.as_str()))
        .end()
}

fn not_granted(receipt: ReceiptNumber) -> (String, Problem) {
    let detail = format!(
        "This grant is not good for {receipt}. Have one minted for the cases that are shown."
    );
    let problem = Problem::new(Code::ReceiptNotGranted, detail);
    (receipt.as_str().to_owned(), problem)
}

fn too_many(receipt: ReceiptNumber) -> (String, Problem) {
    let detail = format!(
        "A socket is told of {MAX_RECEIPTS} cases at most. Unsubscribe from others, or open another one."
    );
    let problem = Problem::new(Code::TooManyReceipts, detail);
    (receipt.as_str().to_owned(), problem)
}

#[cfg(test)]
mod tests;
