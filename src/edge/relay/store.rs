//! The relay's Durable Object: what must be known of all cases together. Dead letters, endpoints that want
//! nothing any more, and events that name no case. docs/STORAGE.md tells of the tables.

use crate::edge::glue::Env;
use js_sys::Date;
use wasm_bindgen::prelude::*;

use crate::edge::glue::{self, State};
use crate::json::Array;
use crate::time::UnixSeconds;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS dead (
    id TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    receipt TEXT NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    dead_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (endpoint TEXT PRIMARY KEY, url_hash TEXT NOT NULL, gone_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unrouted (
    identity TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    event TEXT NOT NULL
) WITHOUT ROWID;
";

/// So many dead letters are listed.
const LISTED: i64 = 1000;

/// So many events that name no case are kept, the newest, and so many of them are listed.
const UNROUTED: i64 = 10_000;
const SHOWN: i64 = 100;

/// Which dead letters: `?1` id, `?2` endpoint, `?3` and `?4` from when and until when they were seen; null
/// is any.
const WHICH: &str = "(?1 IS NULL OR id = ?1) AND (?2 IS NULL OR endpoint = ?2)
    AND (?3 IS NULL OR seen_at >= ?3) AND (?4 IS NULL OR seen_at <= ?4)";

/// A moment as it is told.
fn moment(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%SZ', {column}, 'unixepoch')")
}

/// The Durable Object, as JavaScript sees it.
#[wasm_bindgen]
#[expect(missing_debug_implementations, reason = "it is JavaScript's")]
pub struct Relay {
    state: State,
    ready: bool,
}

#[wasm_bindgen]
impl Relay {
    /// The runtime makes one.
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, _env: Env) -> Self {
        Self {
            state: state.unchecked_into(),
            ready: false,
        }
    }

    /// Answers a request: `what` is wanted, and `values`, a JSON array of what it is about. The answer is
    /// rows as `rows` of glue.js gives them, and for `list` a JSON object.
    pub fn ask(&mut self, what: &str, values: &str) -> Result<String, JsValue> {
        if !self.ready {
            glue::commit(
                &self.state,
                &Array::new().raw(&Array::new().text(SCHEMA).end()).end(),
            )?;
            self.ready = true;
        }
        let now = UnixSeconds::from_millis(Date::now()).0;
        let text = Array::new().text(values).end();
        let run = |statement: &str, values: &str| glue::rows(&self.state, statement, values);
        match what {
            // Dead letters, each an array in the order of the columns.
            "bury" => run(
                "INSERT OR REPLACE INTO dead SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                 value ->> 5, value ->> 6, value ->> 7, value ->> 8 FROM json_each(?1)",
                &text,
            ),
            // Which of them: receipt, endpoint and the `seq`s together.
            "find" => run(
                &format!(
                    "SELECT receipt, endpoint, json_group_array(seq), json_group_array(id)
                     FROM (SELECT * FROM dead WHERE {WHICH} ORDER BY seen_at, seq LIMIT {LISTED}) GROUP BY receipt, endpoint"
                ),
                values,
            ),
            // Those with these ids have been put back.
            "drop" => run("DELETE FROM dead WHERE id IN (SELECT value FROM json_each(?1))", &text),
            "erase" => run("DELETE FROM dead WHERE receipt = ?1", &text),
            // An endpoint and its url's hash: it answered 410. Or it is to be tried again.
            "disable" => run(
                &format!("INSERT OR REPLACE INTO gone VALUES (?1, ?2, {now})"),
                values,
            ),
            "enable" => run("DELETE FROM gone WHERE endpoint = ?1", values),
            "disabled" => run("SELECT endpoint, url_hash FROM gone", "[]"),
            // An event that names no case: what it is told from others by, its type, and the whole.
            "unrouted" => {
                run(&format!("INSERT OR IGNORE INTO unrouted VALUES (?1, ?2, {now}, ?3)"), values)?;
                run(
                    &format!("DELETE FROM unrouted WHERE identity IN (SELECT identity FROM unrouted ORDER BY seen_at DESC LIMIT -1 OFFSET {UNROUTED})"),
                    "[]",
                )
            }
            // The endpoints that there are: name, host, whether paused, hash of the url.
            "list" => glue::sql(
                &self.state,
                &format!(
                    "SELECT json_object(
                     'endpoints', (SELECT json_group_array(json_object('name', value ->> 0, 'host', value ->> 1, 'paused', json(value -> 2),
                         'disabled_at', (SELECT {gone_at} FROM gone WHERE endpoint = value ->> 0 AND url_hash = value ->> 3))) FROM json_each(?1)),
                     'dead_letters', json_object('total', (SELECT count(*) FROM dead), 'newest', (SELECT json_group_array(json_object('id', id,
                         'endpoint', endpoint, 'receipt_number', receipt, 'seq', seq, 'type', type, 'seen_at', {seen_at}, 'attempts', attempts,
                         'reason', reason, 'failed_at', {dead_at})) FROM (SELECT * FROM dead ORDER BY dead_at DESC, seq DESC LIMIT {LISTED}))),
                     'unrouted', (SELECT json_group_array(json_object('type', type, 'seen_at', {seen_at}, 'event', event))
                         FROM (SELECT * FROM unrouted ORDER BY seen_at DESC LIMIT {SHOWN})))",
                    gone_at = moment("gone_at"),
                    seen_at = moment("seen_at"),
                    dead_at = moment("dead_at"),
                ),
                values,
            ),
            _ => Err("the relay's store knows no such thing".into()),
        }
    }
}
