//! What the relay tells an endpoint of a row of a case's ledger: a message of its own, in the shape of
//! Standard Webhooks.
//!
//! ```json
//! {"type": "case.status.updated", "timestamp": "2026-01-15T14:03:30Z",
//!  "data": {"receipt_number": "…", "status_text": "…", …, "normalized": {…}}}
//! ```
//! `data` is Torch's record, byte for byte, with `normalized` behind it; `timestamp` is when the row was
//! seen here.
#![forbid(unsafe_code)]

use crate::case::{Case, FieldNames};
use crate::history::{Hash, Kind, Row};
use crate::status::{Category, normalize};

/// What a row's message is known by. It tells nothing of the case.
pub fn id(row: Hash) -> String {
    let mut digits = row.to_string();
    digits.truncate(24);
    format!("msg_{digits}")
}

/// The same for one endpoint: at every attempt and at every replay.
pub fn message_id(row: Hash, endpoint: &str) -> String {
    format!("{}_{endpoint}", id(row))
}

/// Whether endpoints are told of such a row.
///
/// A status that a poll finds first of all is known now, not new now; and one that Torch only dates anew
/// is no news. One that comes late is told as `case.status.late`: it may have a deadline in it, though
/// another has followed.
pub fn is_told(kind: Kind) -> bool {
    match kind {
        Kind::Updated | Kind::Late | Kind::Other => true,
        Kind::FirstSeen | Kind::Touched => false,
    }
}

/// What a row's status means, if it has one: what endpoints choose by.
pub fn category(row: &Row) -> Option<Category> {
    let seen = &row.observation;
    let text = seen.status_text.as_deref()?;
    Some(normalize(text, seen.status_category.as_deref()).category)
}

/// The message's type: what the row is, or for an event that tells no status the type that Torch gave it.
pub fn message_type(row: &Row) -> &str {
    match (row.kind, &row.observation.event_type) {
        (Kind::Other, Some(event_type)) => event_type,
        (kind, _) => kind.id(),
    }
}

/// The message's body.
pub fn body(row: &Row, names: &FieldNames) -> String {
    written(row, names, "")
}

/// The same for a socket, where no header has the id.
pub fn event(row: &Row, names: &FieldNames) -> String {
    written(row, names, &format!(r#""id":"{}","#, id(row.hash)))
}

fn written(row: &Row, names: &FieldNames, id: &str) -> String {
    let seen = &row.observation;
    let data = match Case::read(seen.record.as_bytes(), names) {
        Ok(case) => case.with_normalized(&normalize(
            &case.status_text,
            case.status_category.as_deref(),
        )),
        Err(_) => seen.record.clone(),
    };
    let timestamp = seen.seen_at.to_rfc3339().unwrap_or_default();
    let message_type = crate::json::quoted(message_type(row));
    format!("{{\"type\":{message_type},{id}\"timestamp\":\"{timestamp}\",\"data\":{data}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Observation, Outcome, Source};
    use crate::time::UnixSeconds;

    fn row(event_type: &str, status_text: Option<&str>, record: &str) -> Row {
        let seen = Observation {
            source: Source::Webhook,
            event_id: Some("evt_1".into()),
            event_type: Some(event_type.into()),
            status_text: status_text.map(str::to_owned),
            status_category: None,
            last_status_at: Some(UnixSeconds(1_736_949_807)),
            seen_at: UnixSeconds(1_736_949_810),
            record: record.into(),
        };
        let history = History::begin("IOE0912345678".parse().unwrap());
        match history.observe(seen, |_| Ok::<_, ()>(false)).unwrap() {
            Outcome::Appended(row) | Outcome::Touched(row) => row,
            Outcome::Duplicate => panic!("nothing is there yet"),
        }
    }

    #[test]
    fn ok_a_message_is_torchs_record_with_what_it_means() {
        let record =
            r#"{ "receipt_number":"IOE0912345678","status_text":"Case Was Approved", "new":1 }"#;
        let row = row("case.status.updated", Some("Case Was Approved"), record);
        let body = body(&row, &FieldNames::default());
        let start = r#"{"type":"case.status.updated","timestamp":"2025-01-15T14:03:30Z","data":{ "receipt_number":"IOE0912345678","status_text":"Case Was Approved", "new":1 ,"normalized":{"category":"approved","#;
        assert!(body.starts_with(start), "{body}");
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
        let of_a_socket = event(&row, &FieldNames::default());
        let id = format!(r#""id":"{}","#, id(row.hash));
        assert_eq!(of_a_socket.replacen(&id, "", 1), body);
        assert_eq!(category(&row), Some(Category::Approved));
        let id = message_id(row.hash, "firm");
        assert_eq!(
            (id.len(), id.ends_with("_firm"), id.contains("0912345678")),
            (33, true, false)
        );
    }

    #[test]
    fn ok_an_event_of_another_type_keeps_its_type() {
        let row = row("case.\"note\"", None, "null");
        assert_eq!(
            body(&row, &FieldNames::default()),
            r#"{"type":"case.\"note\"","timestamp":"2025-01-15T14:03:30Z","data":null}"#
        );
        assert_eq!((category(&row), is_told(row.kind)), (None, true));
    }

    #[test]
    fn ok_what_is_no_news_is_not_told() {
        let told = Kind::ALL.map(|kind| (kind.id(), is_told(kind)));
        let no_news: Vec<&str> = told
            .iter()
            .filter(|(_, told)| !told)
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(no_news, ["case.first_seen", "case.touched"]);
    }
}
