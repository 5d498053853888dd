//! What a ledger keeps in its SQLite: the case's rows, and the outbox of what endpoints are still to be
//! told. docs/STORAGE.md tells of the tables.

use crate::edge::glue::{self, State};
use crate::edge::rows::{Cells, StorageError, cell, parse, select, text, unreadable};
use crate::history::{Current, Hash, History, Kind, Observation, Row};
use crate::json::{self, Array};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS own (receipt TEXT NOT NULL, cached_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    event_id TEXT,
    event_type TEXT,
    status_text TEXT,
    status_category TEXT,
    last_status_at INTEGER,
    seen_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    key TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS event_id ON event (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_key ON event (key);
CREATE TABLE IF NOT EXISTS outbox (
    endpoint TEXT NOT NULL,
    seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL DEFAULT 0,
    dead_at INTEGER,
    reason TEXT,
    PRIMARY KEY (endpoint, seq)
) WITHOUT ROWID;
";

/// The columns of a row of the ledger, as [`row`] reads them.
const ROW: &str = "seq, kind, source, event_id, event_type, status_text, status_category, last_status_at, \
                   seen_at, record, hash";

/// Where `due_at` stands behind them.
const DUE_AT: usize = 11;

type Result<T> = std::result::Result<T, StorageError>;

/// Whether anything is stored: a ledger that was only looked at has no tables.
pub(super) fn exists(state: &State) -> Result<bool> {
    let found = select(
        state,
        "SELECT 1 FROM sqlite_master WHERE name = 'event'",
        Array::new(),
    )?;
    Ok(!found.is_empty())
}

/// What is known of the ledger, and the `seq` of the row whose status KV is known to have.
pub(super) fn open(state: &State, receipt: ReceiptNumber) -> Result<(History, u32)> {
    let last = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1";
    // The current row is the last of those that were current when they were appended.
    let past: Vec<String> = Kind::ALL
        .iter()
        .filter(|kind| !kind.is_current())
        .map(|kind| format!("'{}'", kind.id()))
        .collect();
    let current = format!(
        "SELECT seq, at, status_text FROM event WHERE kind NOT IN ({}) ORDER BY seq DESC LIMIT 1",
        past.join(", ")
    );
    let mut history = History::begin(receipt);
    if let Some(cells) = select(state, last, Array::new())?.first() {
        history.next_seq = parse::<u32>(cells, 0)?.saturating_add(1);
        history.last_hash = parse(cells, 1)?;
    }
    if let Some(cells) = select(state, &current, Array::new())?.first() {
        history.current = Some(Current {
            seq: parse(cells, 0)?,
            at: UnixSeconds(parse(cells, 1)?),
            status_text: text(cells, 2).ok_or_else(unreadable)?,
        });
    }
    let own = select(state, "SELECT cached_seq FROM own", Array::new())?;
    Ok((history, own.first().map_or(Ok(0), |cells| parse(cells, 0))?))
}

/// Whose ledger this is; `None` where nothing is stored.
pub(super) fn receipt(state: &State) -> Result<Option<ReceiptNumber>> {
    if !exists(state)? {
        return Ok(None);
    }
    let own = select(state, "SELECT receipt FROM own", Array::new())?;
    own.first().map(|cells| parse(cells, 0)).transpose()
}

/// Whether a row has this event id, and whether one has this key.
pub(super) fn known(state: &State, id: Option<&str>, key: &str) -> Result<(bool, bool)> {
    let statement = "SELECT EXISTS (SELECT 1 FROM event WHERE event_id = ?1),
        EXISTS (SELECT 1 FROM event WHERE key = ?2)";
    let found = select(state, statement, Array::new().maybe(id).text(key))?;
    let cells = found.first().ok_or_else(unreadable)?;
    Ok((cell(cells, 0) == Some("1"), cell(cells, 1) == Some("1")))
}

/// What is known and not stored yet: that endpoints have taken rows, and that KV has a status. A commit of its
/// own for each would be half of what a webhook costs.
#[derive(Default)]
pub(super) struct Notes {
    /// Endpoints, each with the `seq`s that it has taken, as a JSON array.
    pub(super) done: Vec<(String, String)>,
    /// Up to which row KV has the status, where that is news.
    pub(super) cached: Option<u32>,
}

impl Notes {
    fn statements(&self) -> Result<Array> {
        let mut statements = Array::new();
        for (endpoint, seqs) in &self.done {
            for seq in json::array(seqs).map_err(|_| unreadable())? {
                let done = Array::new()
                    .text("DELETE FROM outbox WHERE endpoint = ?1 AND seq = ?2")
                    .text(endpoint)
                    .raw(seq);
                statements = statements.raw(&done.end());
            }
        }
        if let Some(seq) = self.cached {
            let cached = Array::new()
                .text("UPDATE own SET cached_seq = ?1 WHERE cached_seq < ?1")
                .number(seq.into());
            statements = statements.raw(&cached.end());
        }
        Ok(statements)
    }

    /// Stores them.
    pub(super) fn write(&self, state: &State) -> Result<()> {
        if self.done.is_empty() && self.cached.is_none() {
            return Ok(());
        }
        Ok(glue::commit(state, &self.statements()?.end())?)
    }
}

/// Appends a row and what endpoints are to be told of it, and stores the notes, in one transaction. The first
/// row makes the tables.
pub(super) fn append(
    state: &State,
    receipt: ReceiptNumber,
    row: &Row,
    key: &str,
    endpoints: &[&str],
    notes: &Notes,
) -> Result<()> {
    let seen: &Observation = &row.observation;
    let seq = i64::from(row.seq);
    let mut statements = notes.statements()?;
    if seq == 1 {
        let own = "INSERT INTO own SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM own)";
        statements = statements
            .raw(&Array::new().text(SCHEMA).end())
            .raw(&Array::new().text(own).text(receipt.as_str()).end());
    }
    let last_status_at = seen.last_status_at.map(|at| at.0.to_string());
    let event = Array::new()
        .text("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .number(seq)
        .text(row.kind.id())
        .text(seen.source.id())
        .maybe(seen.event_id.as_deref())
        .maybe(seen.event_type.as_deref())
        .maybe(seen.status_text.as_deref())
        .maybe(seen.status_category.as_deref())
        .raw(last_status_at.as_deref().unwrap_or("null"))
        .number(seen.seen_at.0)
        .text(&seen.record)
        .text(&row.hash.to_string())
        .number(seen.at().0)
        .text(key);
    statements = statements.raw(&event.end());
    for endpoint in endpoints {
        let outbox = Array::new()
            .text("INSERT INTO outbox (endpoint, seq) VALUES (?, ?)")
            .text(endpoint)
            .number(seq);
        statements = statements.raw(&outbox.end());
    }
    Ok(glue::commit(state, &statements.end())?)
}

/// When something was last seen of the case.
pub(super) fn last_seen(state: &State) -> Result<UnixSeconds> {
    let last = "SELECT seen_at FROM event ORDER BY seq DESC LIMIT 1";
    let rows = select(state, last, Array::new())?;
    let seen_at = rows.first().map_or(Ok(i64::MIN), |cells| parse(cells, 0))?;
    Ok(UnixSeconds(seen_at))
}

/// Rows of the ledger in the order of `seq`: those of a condition.
pub(super) fn events(state: &State, condition: &str, values: Array) -> Result<Vec<Row>> {
    let statement = format!("SELECT {ROW} FROM event WHERE {condition} ORDER BY seq");
    let rows = select(state, &statement, values)?;
    rows.iter().map(row).collect()
}

fn row(cells: &Cells) -> Result<Row> {
    let last_status_at = cell(cells, 7).map(|_| parse(cells, 7)).transpose()?;
    Ok(Row {
        seq: parse(cells, 0)?,
        kind: parse(cells, 1)?,
        observation: Observation {
            source: parse(cells, 2)?,
            event_id: text(cells, 3),
            event_type: text(cells, 4),
            status_text: text(cells, 5),
            status_category: text(cells, 6),
            last_status_at: last_status_at.map(UnixSeconds),
            seen_at: UnixSeconds(parse(cells, 8)?),
            record: text(cells, 9).ok_or_else(unreadable)?,
        },
        hash: parse::<Hash>(cells, 10)?,
    })
}

/// When the first delivery of an endpoint is due that still has one.
pub(super) struct Head {
    pub(super) endpoint: String,
    pub(super) due_at: UnixSeconds,
}

/// The endpoints that are still to be told something.
pub(super) fn heads(state: &State) -> Result<Vec<Head>> {
    // SQLite gives the other columns of the row that has the least.
    let statement =
        "SELECT endpoint, due_at, min(seq) FROM outbox WHERE dead_at IS NULL GROUP BY endpoint";
    let rows = select(state, statement, Array::new())?;
    let heads = rows.iter().map(|cells| {
        Ok(Head {
            endpoint: parse(cells, 0)?,
            due_at: UnixSeconds(parse(cells, 1)?),
        })
    });
    heads.collect()
}

/// The first deliveries of an endpoint, in their order: `most` rows, each with when it is due.
pub(super) fn waiting(
    state: &State,
    endpoint: &str,
    most: usize,
) -> Result<Vec<(Row, UnixSeconds)>> {
    // CROSS: the outbox first. It is short, and in order already.
    let statement = format!(
        "SELECT {ROW}, due_at FROM outbox CROSS JOIN event USING (seq)
         WHERE endpoint = ?1 AND dead_at IS NULL ORDER BY seq LIMIT {most}"
    );
    let rows = select(state, &statement, Array::new().text(endpoint))?;
    let rows = rows
        .iter()
        .map(|cells| Ok((row(cells)?, UnixSeconds(parse(cells, DUE_AT)?))));
    rows.collect()
}

/// How often an endpoint was tried with a row.
pub(super) fn attempts(state: &State, endpoint: &str, seq: i64) -> Result<u32> {
    let statement = "SELECT attempts FROM outbox WHERE endpoint = ?1 AND seq = ?2";
    let rows = select(state, statement, Array::new().text(endpoint).number(seq))?;
    rows.first().map_or(Ok(0), |cells| parse(cells, 0))
}

/// Notes that an attempt failed, and when the next one is.
pub(super) fn failed(
    state: &State,
    endpoint: &str,
    seq: i64,
    due_at: UnixSeconds,
    reason: &str,
) -> Result<()> {
    let statement = "UPDATE outbox SET attempts = attempts + 1, due_at = ?3, reason = ?4
        WHERE endpoint = ?1 AND seq = ?2";
    let values = Array::new()
        .text(endpoint)
        .number(seq)
        .number(due_at.0)
        .text(reason);
    select(state, statement, values).map(drop)
}

/// Gives up on a delivery of an endpoint after one more attempt, or on all of them without one.
pub(super) fn give_up(
    state: &State,
    endpoint: &str,
    seq: Option<i64>,
    reason: &str,
    now: UnixSeconds,
) -> Result<()> {
    let statement =
        "UPDATE outbox SET attempts = attempts + (?2 IS NOT NULL), dead_at = ?3, reason = ?4
        WHERE endpoint = ?1 AND dead_at IS NULL AND seq = coalesce(?2, seq)";
    let values = Array::new().text(endpoint);
    let values = match seq {
        Some(seq) => values.number(seq),
        None => values.raw("null"),
    };
    select(state, statement, values.number(now.0).text(reason)).map(drop)
}

/// Forgets what waits for an endpoint.
pub(super) fn let_go(state: &State, endpoint: &str) -> Result<()> {
    let statement = "DELETE FROM outbox WHERE endpoint = ?1";
    select(state, statement, Array::new().text(endpoint)).map(drop)
}

/// The dead letters that the relay's store has not taken over yet: endpoint, seq, attempts, reason,
/// dead_at.
pub(super) fn dead(state: &State) -> Result<Vec<Cells>> {
    let statement =
        "SELECT endpoint, seq, attempts, reason, dead_at FROM outbox WHERE dead_at IS NOT NULL
        ORDER BY endpoint, seq LIMIT 100";
    select(state, statement, Array::new())
}

/// Strikes out a dead letter that the relay's store has taken over, unless it was put back meanwhile.
pub(super) fn buried(state: &State, endpoint: &str, seq: i64) -> Result<()> {
    let statement = "DELETE FROM outbox WHERE endpoint = ?1 AND seq = ?2 AND dead_at IS NOT NULL";
    select(state, statement, Array::new().text(endpoint).number(seq)).map(drop)
}

/// Puts deliveries of an endpoint back, as if none had been tried.
pub(super) fn revive(state: &State, endpoint: &str, seqs: &str) -> Result<()> {
    let statement = "INSERT OR REPLACE INTO outbox (endpoint, seq)
        SELECT ?1, seq FROM event WHERE seq IN (SELECT value FROM json_each(?2))";
    select(state, statement, Array::new().text(endpoint).text(seqs)).map(drop)
}
