//! What the feed's object (`feed.js`) asks of Rust, and what Rust does in its SQLite. docs/STORAGE.md tells of the
//! tables.

use js_sys::Date;
use wasm_bindgen::prelude::*;

use crate::edge::glue::{self, State};
use crate::edge::rows::{StorageError, parse, select, text, unreadable};
use crate::feed::{
    self, Change, Fault, KEPT_SECONDS, MAX_MESSAGES, Mark, Place, Request, Socket, Store,
};
use crate::json::{self, Array};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// Changes of some cases behind a place: `?1`, and `?2` as a JSON array.
const BEHIND: &str =
    "FROM change WHERE place > ?1 AND receipt IN (SELECT value FROM json_each(?2))";

type Result<T> = std::result::Result<T, StorageError>;

/// Puts changes into the feed and sends them to whoever is told of them: a JSON array, each an array of id, receipt
/// number and event.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn feed_push(state: &JsValue, changes: &str) -> std::result::Result<(), JsValue> {
    let store = Log(state.unchecked_ref());
    let rows = json::table(changes).map_err(|_| unreadable())?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        let mut cells = row.into_iter();
        let mut cell = || cells.next().flatten().ok_or_else(unreadable);
        let (id, receipt, event) = (cell()?, cell()?, cell()?);
        let receipt = receipt.parse().map_err(|_| unreadable())?;
        changes.push(Change::new(id, receipt, event));
    }
    for (sockets, message) in feed::push(&store, &changes, now())? {
        let sockets = sockets.into_iter().fold(Array::new(), Array::number);
        glue::tell(store.0, &sockets.end(), &message);
    }
    Ok(())
}

/// Carries out what a socket says, if it says it as a text, and answers it. `grant`: the cases that it is limited to,
/// as a JSON array; `sent`: how many messages it has sent within this minute. Gives the code by which it is to be
/// closed.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn feed_message(
    state: &JsValue,
    number: &str,
    grant: Option<String>,
    sent: u32,
    message: Option<String>,
) -> std::result::Result<Option<u16>, JsValue> {
    let store = Log(state.unchecked_ref());
    let socket = number.parse().map_err(|_| unreadable())?;
    let grant = grant.as_deref().map(receipts).transpose()?;
    let request = match message {
        _ if sent > MAX_MESSAGES => Err(Fault::too_many_messages()),
        Some(message) => Request::read(&message),
        None => Err(Fault::malformed()),
    };
    let (messages, closes) = match request {
        Ok(request) => {
            let told = feed::carry_out(&store, socket, grant.as_deref(), request, glue::uuid)?;
            (told, None)
        }
        Err(Fault { problem, closes }) => (vec![feed::error(&problem, &glue::uuid())], closes),
    };
    for message in messages {
        glue::tell(store.0, number, &message);
    }
    Ok(closes)
}

/// Strikes out the changes that are too old.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn feed_tidy(state: &JsValue) -> std::result::Result<(), JsValue> {
    let store = Log(state.unchecked_ref());
    let oldest = now().plus(KEPT_SECONDS.saturating_neg());
    let statement = "SELECT coalesce(max(place), 0) FROM change WHERE at < ?1";
    let rows = select(store.0, statement, Array::new().number(oldest.0))?;
    let place = rows.first().map_or(Ok(0), |cells| parse(cells, 0))?;
    Ok(store.strike_out(place)?)
}

fn now() -> UnixSeconds {
    UnixSeconds::from_millis(Date::now())
}

fn receipts(list: &str) -> Result<Vec<ReceiptNumber>> {
    let receipts = json::array(list).map_err(|_| unreadable())?;
    let receipts = receipts.into_iter().map(|one| {
        let one = json::string(one).map_err(|_| unreadable())?;
        one.parse().map_err(|_| unreadable())
    });
    receipts.collect()
}

/// The feed's SQLite.
struct Log<'a>(&'a State);

impl Store for Log<'_> {
    type Error = StorageError;

    fn mark(&self) -> Result<Mark> {
        let statement = "SELECT epoch, floor, max(floor, (SELECT coalesce(max(place), 0) FROM change)) FROM own";
        let rows = select(self.0, statement, Array::new())?;
        let cells = rows.first().ok_or_else(unreadable)?;
        Ok(Mark {
            epoch: parse(cells, 0)?,
            floor: parse(cells, 1)?,
            last: parse(cells, 2)?,
        })
    }

    fn append(&self, changes: &[Change], now: UnixSeconds) -> Result<Vec<(Place, usize)>> {
        let statement = "INSERT INTO change (id, receipt, event, at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING RETURNING place";
        let mut new = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let values = Array::new().text(&change.id).text(change.receipt.as_str());
            let values = values.maybe(change.event.as_deref()).number(now.0);
            if let Some(cells) = select(self.0, statement, values)?.first() {
                new.push((parse(cells, 0)?, index));
            }
        }
        Ok(new)
    }

    fn weigh(&self, place: Place, receipts: &[ReceiptNumber]) -> Result<(i64, i64)> {
        let statement = format!("SELECT count(*), coalesce(sum(length(event)), 0) {BEHIND}");
        let values = Array::new().number(place).text(&feed::list(receipts));
        let rows = select(self.0, &statement, values)?;
        let cells = rows.first().ok_or_else(unreadable)?;
        Ok((parse(cells, 0)?, parse(cells, 1)?))
    }

    fn since(
        &self,
        place: Place,
        receipts: &[ReceiptNumber],
    ) -> Result<Vec<(Place, ReceiptNumber, Option<String>)>> {
        let statement = format!("SELECT place, receipt, event {BEHIND} ORDER BY place");
        let values = Array::new().number(place).text(&feed::list(receipts));
        let rows = select(self.0, &statement, values)?;
        let rows = rows
            .iter()
            .map(|cells| Ok((parse(cells, 0)?, parse(cells, 1)?, text(cells, 2))));
        rows.collect()
    }

    fn strike_out(&self, place: Place) -> Result<()> {
        for statement in [
            "UPDATE own SET floor = ?1 WHERE floor < ?1",
            "DELETE FROM change WHERE place <= ?1",
        ] {
            select(self.0, statement, Array::new().number(place))?;
        }
        Ok(())
    }

    fn subscribed(&self, socket: Socket) -> Result<Vec<ReceiptNumber>> {
        let statement = "SELECT receipt FROM subscription WHERE socket = ?1";
        let rows = select(self.0, statement, Array::new().number(socket))?;
        rows.iter().map(|cells| parse(cells, 0)).collect()
    }

    fn subscribers(&self, receipt: ReceiptNumber, now: UnixSeconds) -> Result<Vec<Socket>> {
        let statement = "SELECT id FROM subscription JOIN socket ON id = socket
            WHERE receipt = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
        let values = Array::new().text(receipt.as_str()).number(now.0);
        let rows = select(self.0, statement, values)?;
        rows.iter().map(|cells| parse(cells, 0)).collect()
    }

    fn subscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<()> {
        let statement = "INSERT OR IGNORE INTO subscription SELECT value, ?1 FROM json_each(?2)";
        let values = Array::new().number(socket).text(&feed::list(receipts));
        select(self.0, statement, values).map(drop)
    }

    fn unsubscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<()> {
        let statement = "DELETE FROM subscription
            WHERE socket = ?1 AND receipt IN (SELECT value FROM json_each(?2))";
        let values = Array::new().number(socket).text(&feed::list(receipts));
        select(self.0, statement, values).map(drop)
    }
}
