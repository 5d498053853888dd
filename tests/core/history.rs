//! The shared ledger.

use serde::Deserialize;
use torch_edge::history::{
    History, Kind, Lookup, Observation, Outcome, Row, Source, in_time, verify_chain,
};
use torch_edge::receipt::ReceiptNumber;
use torch_edge::time::UnixSeconds;

#[derive(Deserialize)]
struct Vectors {
    receipt_number: String,
    rows: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    seq: u32,
    kind: String,
    source: String,
    event_id: Option<String>,
    event_type: Option<String>,
    status_text: Option<String>,
    status_category: Option<String>,
    last_status_at: Option<i64>,
    seen_at: i64,
    record: String,
    hash: String,
}

fn ledger() -> (ReceiptNumber, Vec<Row>) {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/history.json")).unwrap();
    let rows = vectors.rows.into_iter().map(|row| Row {
        seq: row.seq,
        kind: row.kind.parse().unwrap(),
        observation: Observation {
            source: row.source.parse().unwrap(),
            event_id: row.event_id,
            event_type: row.event_type,
            status_text: row.status_text,
            status_category: row.status_category,
            last_status_at: row.last_status_at.map(UnixSeconds),
            seen_at: UnixSeconds(row.seen_at),
            record: row.record,
        },
        hash: row.hash.parse().unwrap(),
    });
    (vectors.receipt_number.parse().unwrap(), rows.collect())
}

#[test]
fn ok_the_chain_is_what_another_program_makes_of_its_description() {
    let (receipt, rows) = ledger();
    assert_eq!(verify_chain(receipt, &rows), Ok(()));
    for index in 0..rows.len() {
        let mut rows = rows.clone();
        rows[index].observation.record.push(' ');
        let broken = verify_chain(receipt, &rows).unwrap_err();
        assert_eq!(broken.seq, rows[index].seq);
    }
}

#[test]
fn ok_what_was_observed_becomes_these_rows_and_nothing_twice() {
    let (receipt, rows) = ledger();
    let mut history = History::begin(receipt);
    for (index, row) in rows.iter().enumerate() {
        // As a store does it: the summary loaded anew, the rest looked up.
        let there = &rows[..index];
        let seen = |lookup: Lookup<'_>| {
            Ok::<_, ()>(there.iter().any(|row| match lookup {
                Lookup::Id(id) => row.observation.event_id.as_deref() == Some(id),
                Lookup::Key(key) => row.observation.key(receipt) == *key,
            }))
        };
        let outcome = history.observe(row.observation.clone(), seen).unwrap();
        assert_eq!(outcome.row(), Some(row));
        assert_eq!(
            row.kind == Kind::Touched,
            matches!(outcome, Outcome::Touched(_))
        );
        history.advance(row);
    }
    assert_eq!(history, History::of_rows(receipt, &rows));
    assert_eq!(history.current.as_ref().unwrap().seq, 4);
    let webhooks = rows
        .iter()
        .filter(|row| row.observation.source == Source::Webhook);
    for row in webhooks {
        let again = history.observe(row.observation.clone(), |lookup| match lookup {
            Lookup::Id(id) => Ok::<_, ()>(
                rows.iter()
                    .any(|row| row.observation.event_id.as_deref() == Some(id)),
            ),
            Lookup::Key(key) => Ok(rows.iter().any(|row| row.observation.key(receipt) == *key)),
        });
        assert_eq!(again, Ok(Outcome::Duplicate));
    }
    let mut rows = rows;
    in_time(&mut rows);
    assert_eq!(
        rows.iter().map(|row| row.seq).collect::<Vec<_>>(),
        [3, 1, 2, 4, 5]
    );
}
