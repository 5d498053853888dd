//! A ledger as JSON.
//!
//! ```json
//! {"receipt_number": "…", "chain": {"valid": true, "length": 2, "head": "9f86…"}, "events": [
//!   {"seq": 1, "kind": "case.status.updated", "source": "webhook", "event_id": "evt_1", "event_type": "…",
//!    "status_text": "…", "status_category": "…", "last_status_at": "2025-01-15T14:03:27Z",
//!    "seen_at": "2025-01-15T14:03:30Z", "normalized": {…}, "hash": "…", "record": "{…}"}, …]}
//! ```
//! Rows stand in the order of `seq`. `record` is a string, because the [chain](super::chain) covers its
//! bytes: with it whoever has the answer can verify the chain. Where it breaks, `chain` has `broken_at`,
//! the first `seq` that does not follow.
#![forbid(unsafe_code)]

use serde::Serialize;

use super::chain::{Chain, Hash};
use super::row::Row;
use crate::receipt::ReceiptNumber;
use crate::status::normalize;
use crate::time::UnixSeconds;

/// A whole ledger, its rows in the order of `seq` from 1.
pub fn to_json(receipt: ReceiptNumber, rows: &[Row]) -> String {
    let mut chain = Chain::begin(receipt);
    let broken = rows.iter().find_map(|row| chain.follow(row).err());
    let head = rows.last().map_or(Hash::ZERO, |row| row.hash);
    let mut json = format!(
        "{{\"receipt_number\":\"{}\",\"chain\":{{\"valid\":{},\"length\":{},\"head\":\"{head}\"",
        receipt.as_str(),
        broken.is_none(),
        rows.len(),
    );
    if let Some(broken) = broken {
        json.push_str(&format!(",\"broken_at\":{}", broken.seq));
    }
    json.push_str("},\"events\":[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        self::row(&mut json, row);
    }
    json.push_str("]}");
    json
}

fn row(json: &mut String, row: &Row) {
    let seen = &row.observation;
    let moment = |at: UnixSeconds| at.to_rfc3339().unwrap_or_else(|| at.0.to_string());
    let last_status_at = seen.last_status_at.map(moment);
    let normalized = seen
        .status_text
        .as_deref()
        .map(|text| normalize(text, seen.status_category.as_deref()));
    json.push_str(&format!("{{\"seq\":{}", row.seq));
    for (name, value) in [
        ("kind", Some(row.kind.id())),
        ("source", Some(seen.source.id())),
        ("event_id", seen.event_id.as_deref()),
        ("event_type", seen.event_type.as_deref()),
        ("status_text", seen.status_text.as_deref()),
        ("status_category", seen.status_category.as_deref()),
        ("last_status_at", last_status_at.as_deref()),
        ("seen_at", Some(moment(seen.seen_at).as_str())),
    ] {
        member(json, name, &value);
    }
    member(json, "normalized", &normalized);
    member(json, "hash", &row.hash.to_string());
    member(json, "record", &seen.record);
    json.push('}');
}

fn member(json: &mut String, name: &str, value: &impl Serialize) {
    // Strings, and a map of strings and flags: they cannot fail to serialise.
    let value = serde_json::to_string(value).unwrap_or_else(|_| "null".into());
    json.push_str(&format!(",\"{name}\":{value}"));
}

#[cfg(test)]
mod tests {
    use super::super::{History, Observation, Source};
    use super::*;
    use serde_json::Value;

    fn rows() -> (ReceiptNumber, Vec<Row>) {
        let receipt: ReceiptNumber = "IOE0912345678".parse().unwrap();
        let mut history = History::begin(receipt);
        let seen = |n: i64, text: Option<&str>| Observation {
            source: Source::Webhook,
            event_id: Some(format!("evt_{n}")),
            event_type: Some("case.status.updated".into()),
            status_text: text.map(str::to_owned),
            status_category: None,
            last_status_at: text.map(|_| UnixSeconds(1_736_949_807 + n)),
            seen_at: UnixSeconds(1_736_949_810 + n),
            record: "{\"a\": \"\\n\"}".into(),
        };
        let told = [seen(1, Some("Case Was \"Received\"")), seen(2, None)];
        let rows = told.map(|seen| {
            let outcome = history.observe(seen, |_| Ok::<_, ()>(false)).unwrap();
            let row = outcome.row().unwrap().clone();
            history.advance(&row);
            row
        });
        (receipt, rows.to_vec())
    }

    #[test]
    fn ok_a_ledger_as_json_holds_what_its_chain_is_verified_with() {
        let (receipt, rows) = rows();
        let json: Value = serde_json::from_str(&to_json(receipt, &rows)).unwrap();
        assert_eq!(json["receipt_number"], "IOE0912345678");
        let head = rows[1].hash.to_string();
        assert_eq!(
            json["chain"],
            serde_json::json!({"valid": true, "length": 2, "head": head})
        );
        let [first, second] = [0, 1].map(|at| &json["events"][at]);
        assert_eq!(
            (&first["seq"], &first["kind"]),
            (&1.into(), &"case.status.updated".into())
        );
        assert_eq!(first["status_text"], "Case Was \"Received\"");
        assert_eq!(first["last_status_at"], "2025-01-15T14:03:28Z");
        assert_eq!(first["normalized"]["category"], "received");
        assert_eq!(first["record"], rows[0].observation.record.as_str());
        assert_eq!(
            (&second["normalized"], &second["status_text"]),
            (&Value::Null, &Value::Null)
        );
    }

    #[test]
    fn ok_a_broken_chain_says_where() {
        let (receipt, mut rows) = rows();
        rows[1].observation.status_text = Some("Case Was Approved".into());
        let json: Value = serde_json::from_str(&to_json(receipt, &rows)).unwrap();
        assert_eq!(
            (&json["chain"]["valid"], &json["chain"]["broken_at"]),
            (&false.into(), &2.into())
        );
    }

    #[test]
    fn ok_a_ledger_without_rows() {
        let (receipt, _) = rows();
        let zero = "0".repeat(64);
        let empty = format!(
            r#"{{"receipt_number":"IOE0912345678","chain":{{"valid":true,"length":0,"head":"{zero}"}},"events":[]}}"#
        );
        assert_eq!(to_json(receipt, &[]), empty);
    }
}
