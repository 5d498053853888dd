//! What a webhook says: tolerant in, every byte kept.
//!
//! Shape: torch-api.txt, "Webhook payload (beta) example". Types that nobody here knows are events all
//! the same, and so are members that nobody here knows: [`Event::as_str`] is the whole event and
//! [`Event::record`] its `data`, byte for byte.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::event_error::EventError;
use super::event_names::EventNames;
use crate::case::{self, Case, CaseError, FieldNames};
use crate::history::{Key, Observation, Source};
use crate::json;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The largest event that is read, in bytes: 256 KiB.
pub const MAX_EVENT: usize = 256 * 1024;

/// The one type that torch-api.txt names. "Additional types may be added during beta."
pub const STATUS_UPDATED: &str = "case.status.updated";

/// One event, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The type, as Torch wrote it.
    pub event_type: Cow<'a, str>,
    /// The event's id, the same at every retry; `None` where there is none or it is empty.
    pub id: Option<Cow<'a, str>>,
    /// When it was sent; `None` where that is not said, or in a way that is no RFC 3339.
    pub sent_at: Option<UnixSeconds>,
    /// Whose case it is; `None` only for a type other than [`STATUS_UPDATED`].
    pub receipt: Option<ReceiptNumber>,
    /// The case record in `data`, or why it is none. Of a [`STATUS_UPDATED`] it is never an error.
    pub case: Result<Case<'a>, EventError>,
    whole: &'a str,
    data: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// Reads a webhook's raw body.
    ///
    /// # Errors
    /// [`EventError`] where it is no event, or an event of the type [`STATUS_UPDATED`] without a case
    /// record.
    pub fn read(
        body: &'a [u8],
        names: &EventNames,
        fields: &FieldNames,
    ) -> Result<Self, EventError> {
        let whole = json::trimmed(as_text(body)?);
        if !whole.starts_with('{') {
            return Err(CaseError::other_than("an object", "the event", whole).into());
        }
        let members = json::object(whole).map_err(CaseError::not_json)?;
        let [mut event_type, mut data, mut id, mut sent_at] = [None; 4];
        for (name, value) in &members {
            let slot = match name.as_ref() {
                name if name == names.r#type => &mut event_type,
                name if name == names.data => &mut data,
                name if name == names.id => &mut id,
                name if name == names.sent_at => &mut sent_at,
                _ => continue,
            };
            if slot.replace(*value).is_some() {
                return Err(EventError::new(
                    "duplicate_field",
                    Some(name),
                    "stands there twice",
                ));
            }
        }
        let event_type = case::text(&names.r#type, event_type)?
            .ok_or_else(|| EventError::missing(&names.r#type, &members))?;
        let case = match data {
            None => Err(EventError::missing(&names.data, &members)),
            Some(data) => Case::from_record(data, fields)
                .map_err(|error| EventError::from(error.within(&names.data))),
        };
        let case = match case {
            Err(error) if event_type == STATUS_UPDATED => return Err(error),
            case => case,
        };
        let receipt = match (&case, data) {
            (Ok(case), _) => Some(case.receipt),
            (Err(_), data) => data.and_then(|data| receipt_in(data, fields)),
        };
        Ok(Self {
            event_type,
            id: id_text(&names.id, id)?,
            sent_at: sent_at
                .and_then(|sent_at| case::text(&names.sent_at, Some(sent_at)).ok()?)
                .and_then(|text| UnixSeconds::from_rfc3339(&text)),
            receipt,
            case,
            whole,
            data,
        })
    }

    /// The whole event, byte for byte.
    pub fn as_str(&self) -> &'a str {
        self.whole
    }

    /// `data`, byte for byte: the case record of a [`STATUS_UPDATED`].
    pub fn record(&self) -> Option<&'a str> {
        self.data
    }

    /// What it is told from others by: its id, otherwise receipt, last_status_at and status text.
    ///
    /// `None` for an event that has neither an id nor a receipt.
    pub fn identity(&self) -> Option<Identity<'_>> {
        match (&self.id, self.observation(None, UnixSeconds(0))) {
            (Some(id), _) => Some(Identity::Id(id)),
            (None, Some((receipt, observation))) => Some(Identity::Key(observation.key(receipt))),
            (None, None) => None,
        }
    }

    /// Whose ledger it belongs to, and what it adds there, seen at `seen_at`.
    ///
    /// `message_id`, which the scheme secures ([`Verified`](super::Verified)), is the id of an event
    /// that has none of its own. `None` for an event that names no receipt.
    pub fn observation(
        &self,
        message_id: Option<&str>,
        seen_at: UnixSeconds,
    ) -> Option<(ReceiptNumber, Observation)> {
        let receipt = self.receipt?;
        let case = self.case.as_ref().ok();
        let observation = Observation {
            source: Source::Webhook,
            event_id: self.id.as_deref().or(message_id).map(str::to_owned),
            event_type: Some(self.event_type.clone().into_owned()),
            status_text: case.map(|case| case.status_text.clone().into_owned()),
            status_category: case
                .and_then(|case| case.status_category.clone())
                .map(Cow::into_owned),
            last_status_at: case.and_then(|case| case.last_status_at),
            seen_at,
            record: self.data.unwrap_or("null").to_owned(),
        };
        Some((receipt, observation))
    }
}

/// What tells an event from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity<'a> {
    /// Its id.
    Id(&'a str),
    /// What it says of whom, for an event without an id.
    Key(Key),
}

fn as_text(body: &[u8]) -> Result<&str, EventError> {
    if body.len() > MAX_EVENT {
        return Err(EventError::new(
            "too_large",
            None,
            "it is larger than 256 KiB",
        ));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    str::from_utf8(body).map_err(|_| EventError::new("not_utf8", None, "it is not UTF-8"))
}

/// An id as text; a number's digits are one too.
fn id_text<'a>(name: &str, value: Option<&'a str>) -> Result<Option<Cow<'a, str>>, EventError> {
    let id = match value {
        Some(number) if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Some(number.into())
        }
        value => case::text(name, value)?,
    };
    Ok(id.filter(|id| !id.is_empty()))
}

/// The receipt number in something that is no whole case record.
fn receipt_in(data: &str, fields: &FieldNames) -> Option<ReceiptNumber> {
    let members = json::object(data).ok()?;
    let mut values = members
        .iter()
        .filter(|(name, _)| *name == fields.receipt_number);
    let (Some((name, value)), None) = (values.next(), values.next()) else {
        return None;
    };
    case::text(name, Some(value)).ok()??.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str) -> Result<Event<'_>, EventError> {
        Event::read(
            body.as_bytes(),
            &EventNames::default(),
            &FieldNames::default(),
        )
    }

    /// torch-api.txt, "Webhook payload (beta) example", with members that nobody knows.
    const EVENT: &str = r#" { "type" : "case.status.updated", "data": { "receipt_number":"ABC1234567890",
 "status_text":"Case Was Rec\u0065ived", "status_category": "Case Received", "last_status_at": "2025-01-15T14:03:27Z", "y": 1.0 },
 "id": "evt_01hx", "sent_at": "2025-01-15T14:03:30Z", "attempt": {"n": 1e0} } "#;

    #[test]
    fn ok_the_documented_event_is_read_and_every_byte_of_it_kept() {
        let event = read(EVENT).unwrap();
        assert_eq!(event.event_type, STATUS_UPDATED);
        assert_eq!(event.id.as_deref(), Some("evt_01hx"));
        assert_eq!(event.sent_at, Some(UnixSeconds(1_736_949_810)));
        assert_eq!(event.as_str(), EVENT.trim());
        let record = event.record().unwrap();
        assert!(record.starts_with("{ \"receipt_number\"") && record.ends_with("\"y\": 1.0 }"));
        let case = event.case.as_ref().unwrap();
        assert_eq!(case.record(), record);
        assert_eq!(case.status_text, "Case Was Received");
        assert_eq!(event.identity(), Some(Identity::Id("evt_01hx")));

        let (receipt, seen) = event.observation(Some("msg_1"), UnixSeconds(7)).unwrap();
        assert_eq!(receipt.as_str(), "ABC1234567890");
        assert_eq!(seen.source, Source::Webhook);
        assert_eq!(seen.event_id.as_deref(), Some("evt_01hx"));
        assert_eq!(seen.event_type.as_deref(), Some(STATUS_UPDATED));
        assert_eq!(seen.status_text.as_deref(), Some("Case Was Received"));
        assert_eq!(seen.status_category.as_deref(), Some("Case Received"));
        assert_eq!(seen.last_status_at, Some(UnixSeconds(1_736_949_807)));
        assert_eq!(
            (seen.seen_at, seen.record.as_str()),
            (UnixSeconds(7), record)
        );
    }

    #[test]
    fn ok_an_event_without_an_id_is_known_by_what_it_says() {
        let anonymous = |id: &str| EVENT.replace("\"evt_01hx\"", id);
        let key = match read(&anonymous("null")).unwrap().identity() {
            Some(Identity::Key(key)) => key,
            other => panic!("{other:?}"),
        };
        let (receipt, seen) = read(EVENT)
            .unwrap()
            .observation(None, UnixSeconds(7))
            .unwrap();
        assert_eq!(
            key,
            seen.key(receipt),
            "whatever its id and whenever it is seen"
        );
        assert_eq!(
            read(&anonymous("\"\"")).unwrap().identity(),
            Some(Identity::Key(key))
        );
        assert_eq!(
            read(&anonymous("12")).unwrap().identity(),
            Some(Identity::Id("12"))
        );
        let body = anonymous("null");
        let (_, seen) = read(&body)
            .unwrap()
            .observation(Some("msg_1"), UnixSeconds(7))
            .unwrap();
        assert_eq!(seen.event_id.as_deref(), Some("msg_1"));
    }

    #[test]
    fn w11_an_unknown_type_is_an_event_with_a_case_or_without() {
        let body = EVENT.replace(STATUS_UPDATED, "case.noted");
        assert_eq!(
            read(&body).unwrap().case.unwrap().status_text,
            "Case Was Received"
        );

        let event =
            read(r#"{"type":"case.deleted","data":{"receipt_number":"ABC1234567890"}}"#).unwrap();
        assert_eq!(event.case.as_ref().unwrap_err().code(), "missing_field");
        let (receipt, seen) = event.observation(None, UnixSeconds(7)).unwrap();
        assert_eq!(receipt.as_str(), "ABC1234567890");
        assert_eq!(seen.status_text, None);
        assert_eq!(seen.record, r#"{"receipt_number":"ABC1234567890"}"#);

        for body in [
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","data":null}"#,
            r#"{"type":"ping","data":{"receipt_number":7},"sent_at":7}"#,
        ] {
            let event = read(body).unwrap();
            assert_eq!((event.receipt, event.identity()), (None, None), "{body}");
            assert_eq!(event.observation(None, UnixSeconds(7)), None);
        }
    }

    #[test]
    fn ok_an_environment_may_name_the_members_otherwise() {
        let (mut names, mut fields) = (EventNames::default(), FieldNames::default());
        assert!(names.rename("type", "event") && names.rename("data", "case"));
        assert!(names.rename("id", "event_id") && names.rename("sent_at", "at"));
        assert!(!names.rename("status_text", "text") && fields.rename("status_text", "text"));
        let body = br#"{"event":"case.status.updated","case":{"receipt_number":"ABC1234567890","text":"x"},"event_id":"e","at":"2025-01-15T14:03:30Z","type":5}"#;
        let event = Event::read(body, &names, &fields).unwrap();
        assert_eq!(event.case.unwrap().status_text, "x");
        assert_eq!(
            (event.id.as_deref(), event.sent_at.is_some()),
            (Some("e"), true)
        );
    }

    #[test]
    fn err_each_fault_is_told_with_its_place_and_without_values() {
        for (body, code, says) in [
            ("", "not_json", "it is cut off"),
            ("{} {}", "not_json", "it is not JSON"),
            ("[]", "wrong_type", "the event is an array, not an object"),
            ("{}", "missing_field", "type is missing"),
            (
                r#"{"event":"x","data":{},"ABC1234567890":1,"a b":1}"#,
                "missing_field",
                "type is missing among event, data; if one of them is it, FIELD_NAMES says so",
            ),
            (
                r#"{"type":7}"#,
                "wrong_type",
                "type is a number, not a string",
            ),
            (
                r#"{"type":"x","id":[]}"#,
                "wrong_type",
                "id is an array, not a string",
            ),
            (
                r#"{"type":"x","id":"a","id":"b"}"#,
                "duplicate_field",
                "id stands there twice",
            ),
            (
                r#"{"type":"case.status.updated","payload":{}}"#,
                "missing_field",
                "data is missing among type, payload; if one of them is it, FIELD_NAMES says so",
            ),
            (
                r#"{"type":"case.status.updated","data":"ABC1234567890"}"#,
                "wrong_type",
                "data is a string, not an object",
            ),
            (
                r#"{"type":"case.status.updated","data":{"receipt_number":"ABC1234567890"}}"#,
                "missing_field",
                "data.status_text is missing",
            ),
            (
                r#"{"type":"case.status.updated","data":{"receipt_number":"ABC12345678901","status_text":"x"}}"#,
                "wrong_type",
                "data.receipt_number is no receipt number",
            ),
            (
                r#"{"type":"case.status.updated","data":{"error":"ABC1234567890"}}"#,
                "error_inside",
                "it carries an error in place of a status",
            ),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(
                (error.code(), error.to_string()),
                (code, format!("The event cannot be used: {says}")),
                "{body}"
            );
        }
    }

    #[test]
    fn w6_an_event_is_bounded_and_utf8() {
        let read = |body: &[u8]| {
            let event = Event::read(body, &EventNames::default(), &FieldNames::default());
            event.map(|_| ()).map_err(|error| error.code().to_owned())
        };
        assert_eq!(read(b"\xff"), Err("not_utf8".into()));
        let mut body = EVENT.as_bytes().to_vec();
        body.resize(MAX_EVENT, b' ');
        assert_eq!(read(&body), Ok(()));
        body.push(b' ');
        assert_eq!(read(&body), Err("too_large".into()));
        assert_eq!(read(&[b'['; MAX_EVENT]), Err("not_json".into()));
        assert_eq!(read(&[b"\xef\xbb\xbf", EVENT.as_bytes()].concat()), Ok(()));
    }

    proptest! {
        #[test]
        fn t3_any_bytes_are_an_event_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Event::read(&body, &EventNames::default(), &FieldNames::default());
        }

        #[test]
        fn t3_a_damaged_event_is_an_event_or_an_error_that_holds_no_receipt(at in 0..EVENT.len(), byte: u8, cut: bool) {
            let mut body = EVENT.as_bytes().to_vec();
            if cut { body.truncate(at) } else { body[at] = byte }
            match Event::read(&body, &EventNames::default(), &FieldNames::default()) {
                Ok(event) => drop((event.observation(None, UnixSeconds(0)), event.identity().is_some())),
                Err(error) => {
                    let told = format!("{error} {error:?}");
                    prop_assert!(!told.contains("1234567890"), "{}", told);
                }
            }
        }

        #[test]
        fn w11_any_type_is_kept_as_it_came(event_type: String) {
            let body = serde_json::json!({ "type": event_type, "data": { "receipt_number": "ABC1234567890", "status_text": "x" } }).to_string();
            prop_assert_eq!(read(&body).unwrap().event_type, event_type);
        }
    }
}
