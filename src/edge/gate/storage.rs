//! What the gate keeps in its SQLite: the numbers of its state, and the roster. docs/STORAGE.md tells
//! of both tables.

use wasm_bindgen::JsValue;

use crate::budget::Numbers;
use crate::edge::glue::{self, State};
use crate::edge::observe;
use crate::edge::upstream::torch::Due;
use crate::receipt::ReceiptNumber;
use crate::report::Roster;
use crate::roster::{AFTER_TROUBLE, READ_SECONDS};
use crate::time::UnixSeconds;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roster (
    receipt TEXT PRIMARY KEY,
    due_at INTEGER,
    read_at INTEGER NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    recognised INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS roster_due ON roster (due_at) WHERE due_at IS NOT NULL;
";

/// What is due: of the cases that are not recognised, the pinned ones only.
const IS_DUE: &str = "due_at <= CAST(?1 AS INTEGER) AND (recognised OR pinned)";

/// A case that is read day after day is written down once an hour.
const READ_STEP: i64 = 3600;

/// What is known of one case, to be written into the roster.
pub(super) struct Row {
    pub(super) receipt: ReceiptNumber,
    pub(super) due: Due,
    /// Whether it was read, and not only refreshed.
    pub(super) read: bool,
}

/// The gate's SQLite.
pub(super) struct Storage {
    /// The numbers as they are stored, in the order of their names.
    numbers: Numbers,
}

impl Storage {
    /// Opens it, and reads the numbers.
    pub(super) fn open(state: &State) -> Self {
        run(state, SCHEMA, "");
        let rows = run(state, "SELECT name, value FROM number ORDER BY name", "");
        let numbers = rows.lines().filter_map(|row| {
            let (name, value) = row.split_once('\t')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self {
            numbers: numbers.collect(),
        }
    }

    /// The numbers as they are stored.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&str, i64)> + Clone {
        self.numbers
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// Writes what has changed among the numbers.
    pub(super) fn keep(&mut self, state: &State, numbers: Numbers) {
        let changed = numbers
            .iter()
            .filter(|(name, value)| value_of(&self.numbers, name) != Some(*value))
            .map(|(name, value)| format!("[{},{value}]", observe::quoted(name)));
        let changed = list(changed);
        let gone = self
            .numbers
            .iter()
            .filter(|(name, _)| value_of(&numbers, name).is_none())
            .map(|(name, _)| observe::quoted(name));
        let gone = list(gone);
        if changed != "[]" {
            run(
                state,
                "INSERT OR REPLACE INTO number SELECT value ->> 0, value ->> 1 FROM json_each(?1)",
                &changed,
            );
        }
        if gone != "[]" {
            run(
                state,
                "DELETE FROM number WHERE name IN (SELECT value FROM json_each(?1))",
                &gone,
            );
        }
        self.numbers = numbers;
    }
}

/// The value of a name among numbers that are in order.
fn value_of(numbers: &Numbers, name: &str) -> Option<i64> {
    let place = numbers.binary_search_by(|(known, _)| known.as_str().cmp(name));
    numbers.get(place.ok()?).map(|(_, value)| *value)
}

/// Writes what is known of some cases into the roster.
pub(super) fn enter(state: &State, rows: &[Row], now: UnixSeconds) {
    let rows = rows.iter().map(|row| {
        let (due, recognised) = match row.due {
            Due::At(at) => (at.0.to_string(), 1),
            Due::Rests => ("null".to_owned(), 1),
            Due::Unrecognised(at) => (at.0.to_string(), 0),
            Due::Unknown => (now.plus(AFTER_TROUBLE).0.to_string(), 1),
        };
        let read_at = if row.read { now.0 } else { 0 };
        format!(
            "[\"{}\",{due},{read_at},{recognised}]",
            row.receipt.as_str()
        )
    });
    let rows = list(rows);
    if rows == "[]" {
        return;
    }
    run(
        state,
        "INSERT INTO roster (receipt, due_at, read_at, recognised)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
         ON CONFLICT (receipt) DO UPDATE SET due_at = excluded.due_at, recognised = excluded.recognised,
         read_at = max(read_at, excluded.read_at)",
        &rows,
    );
}

/// Notes that these cases were shown stale and could not be refreshed: they are due.
pub(super) fn overdue(
    state: &State,
    receipts: impl Iterator<Item = ReceiptNumber>,
    now: UnixSeconds,
) {
    let now = now.0;
    note(
        state,
        receipts,
        now,
        now,
        &format!("read_at = {now}, due_at = min(coalesce(due_at, {now}), {now})"),
    );
}

/// Notes that these cases were read from the cache. One that is not on the roster is due at `due_at`.
pub(super) fn seen(
    state: &State,
    receipts: impl Iterator<Item = ReceiptNumber>,
    due_at: UnixSeconds,
    now: UnixSeconds,
) {
    let now = now.0;
    note(
        state,
        receipts,
        due_at.0,
        now,
        &format!("read_at = {now} WHERE read_at < {now} - {READ_STEP}"),
    );
}

fn note(
    state: &State,
    receipts: impl Iterator<Item = ReceiptNumber>,
    due_at: i64,
    now: i64,
    update: &str,
) {
    let receipts = list(receipts.map(|receipt| format!("\"{}\"", receipt.as_str())));
    if receipts != "[]" {
        let statement = format!(
            "INSERT INTO roster (receipt, due_at, read_at)
             SELECT value, {due_at}, {now} FROM json_each(?1) WHERE true
             ON CONFLICT (receipt) DO UPDATE SET {update}"
        );
        run(state, &statement, &receipts);
    }
}

/// Pins a case, so that it is watched though nobody reads it; or no longer.
pub(super) fn pin(
    state: &State,
    receipt: ReceiptNumber,
    pinned: bool,
    now: UnixSeconds,
) -> Result<(), JsValue> {
    let statement = if pinned {
        format!(
            "INSERT INTO roster (receipt, due_at, read_at, pinned) VALUES (?1, {0}, {0}, 1)
             ON CONFLICT (receipt) DO UPDATE SET pinned = 1",
            now.0
        )
    } else {
        "UPDATE roster SET pinned = 0 WHERE receipt = ?1".to_owned()
    };
    glue::sql(state, &statement, receipt.as_str()).map(drop)
}

/// Strikes out a case.
pub(super) fn forget(state: &State, receipt: ReceiptNumber) -> Result<(), JsValue> {
    let statement = "DELETE FROM roster WHERE receipt = ?1";
    glue::sql(state, statement, receipt.as_str()).map(drop)
}

/// The cases that are due, those first that have been for the longest.
pub(super) fn due(state: &State, most: usize, now: UnixSeconds) -> Vec<ReceiptNumber> {
    let statement =
        format!("SELECT receipt FROM roster WHERE {IS_DUE} ORDER BY due_at LIMIT {most}");
    let rows = run(state, &statement, &now.0.to_string());
    rows.lines().filter_map(|row| row.parse().ok()).collect()
}

/// Strikes out what nobody has read for long and nobody has pinned.
pub(super) fn prune(state: &State, now: UnixSeconds) {
    let oldest = now.plus(READ_SECONDS.saturating_neg());
    run(
        state,
        "DELETE FROM roster WHERE read_at < CAST(?1 AS INTEGER) AND NOT pinned",
        &oldest.0.to_string(),
    );
}

/// How many cases are on the roster.
pub(super) fn count(state: &State, now: UnixSeconds) -> Roster {
    let statement = format!(
        "SELECT count(*), coalesce(sum(pinned), 0), coalesce(sum({IS_DUE}), 0),
         coalesce(sum(due_at IS NULL OR NOT (recognised OR pinned)), 0) FROM roster"
    );
    let row = run(state, &statement, &now.0.to_string());
    let mut columns = row.split('\t').map(|text| text.parse().unwrap_or(0));
    let mut next = || columns.next().unwrap_or(0);
    Roster {
        size: next(),
        pinned: next(),
        due: next(),
        resting: next(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// Runs a statement. That one fails is a fault of ours or of the storage: it is logged, and the gate
/// goes on with what it has in memory.
fn run(state: &State, statement: &str, text: &str) -> String {
    glue::sql(state, statement, text).unwrap_or_else(|error| {
        observe::error(
            "the gate's storage failed",
            &[("error", &observe::says(&error))],
        );
        String::new()
    })
}
