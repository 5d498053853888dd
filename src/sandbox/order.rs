//! What is to be delivered: which webhooks a request asks for, in what order, and how.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;

use super::deliver::{LANES, LONGEST_PAUSE};
use super::dice::Dice;
use super::life::Life;
use super::news::{self, News};
use super::read::strict;
use super::spoil::Tamper;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;
use crate::webhook::{MAX_EVENT, STATUS_UPDATED};

/// Webhooks that one request sends, copies included.
const MOST: usize = 200;
const MOST_RECEIPTS: usize = 1_000;
const MOST_ATTEMPTS: u32 = 10;
/// Bytes of a raw text: more than a receiver should take.
const LONGEST_RAW: usize = MAX_EVENT * 4;
/// Bytes of the other texts, headers included, and how many headers there are.
const LONGEST: usize = 8_192;
const MOST_HEADERS: usize = 32;

/// What is to be delivered: `POST /__sandbox/deliver`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Order {
    /// The cases that are told of: each one's current status, or with one of `since` and `until` every
    /// change between them.
    receipts: Vec<String>,
    since: Option<String>,
    until: Option<String>,
    /// This text for a body, whatever it is, in place of an event.
    raw: Option<String>,
    /// Headers over those of the signature; `null` leaves one out.
    pub(super) headers: BTreeMap<String, Option<String>>,
    /// How many times each goes out in all.
    duplicate: Option<usize>,
    /// Another order, the same for the same seed.
    shuffle: Option<u64>,
    /// The id of every event, also the message's. Otherwise it follows from the case and its status.
    event_id: Option<String>,
    /// The events say no id. In Standard Webhooks the message has one all the same.
    no_id: bool,
    r#type: Option<String>,
    /// What is spoilt once it is signed.
    pub(super) tamper: Option<Tamper>,
    /// Tries in all, and milliseconds before the second; each later pause is twice as long.
    pub(super) attempts: Option<u32>,
    pub(super) backoff_ms: Option<u64>,
    /// How many are under way at once, 4 at most. With 1 they arrive in their order.
    pub(super) concurrency: Option<usize>,
}

/// One webhook, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// What Standard Webhooks calls it.
    pub(super) id: String,
    /// What the event calls itself, as far as the sandbox knows.
    pub(super) told_id: Option<String>,
    pub(super) receipt: Option<ReceiptNumber>,
    /// Shared by the copies.
    pub(super) body: Rc<str>,
}

/// The receipts that these texts are.
///
/// # Errors
/// A sentence where one is none, or there are too many.
pub(super) fn numbers(receipts: &[String]) -> Result<Vec<ReceiptNumber>, String> {
    if receipts.len() > MOST_RECEIPTS {
        return Err(format!("{MOST_RECEIPTS} receipts at most"));
    }
    let numbers = receipts.iter().map(|text| strict(text));
    let numbers: Option<Vec<_>> = numbers.collect();
    numbers.ok_or_else(|| "a receipt is three capital letters and ten digits".to_owned())
}

fn moment(name: &str, text: Option<&String>) -> Result<Option<UnixSeconds>, String> {
    let Some(text) = text else { return Ok(None) };
    let moment = UnixSeconds::from_rfc3339(text);
    moment
        .map(Some)
        .ok_or_else(|| format!("`{name}` must be an RFC 3339 date-time"))
}

impl Order {
    /// Every webhook, copies included, in the order in which they set out.
    ///
    /// # Errors
    /// A sentence about the part that cannot be done.
    pub(super) fn messages(&self, now: UnixSeconds) -> Result<Vec<Message>, String> {
        if let Some(raw) = &self.raw {
            let alone = self.receipts.is_empty() && self.since.is_none() && self.until.is_none();
            if !alone || self.no_id || self.r#type.is_some() {
                return Err("`raw` is the whole body: no receipts, times, type or no_id".to_owned());
            }
            if raw.len() > LONGEST_RAW {
                return Err(format!("`raw` must be {LONGEST_RAW} bytes or less"));
            }
            let id = self.event_id.clone().unwrap_or_else(|| news::id(raw));
            return self.copied(vec![Message {
                id,
                told_id: self.event_id.clone(),
                receipt: None,
                body: raw.as_str().into(),
            }]);
        }
        if self.receipts.is_empty() {
            return Err("`receipts` or `raw` must say what to deliver".to_owned());
        }
        let numbers = numbers(&self.receipts)?;
        if let Some(unknown) = numbers.iter().find(|number| Life::of(number).is_none()) {
            return Err(format!("{} is not recognised", unknown.as_str()));
        }
        let since = moment("since", self.since.as_ref())?;
        let until = moment("until", self.until.as_ref())?;
        let news = match (since, until) {
            (None, None) => news::current(&numbers, now),
            _ => news::between(
                &numbers,
                since.unwrap_or(UnixSeconds(i64::MIN)),
                until.unwrap_or(now),
            ),
        };
        self.events(&news, now)
    }

    /// The events that tell of `news`, sent at `sent_at`; copies included.
    ///
    /// # Errors
    /// A sentence where they are too many.
    pub(super) fn events(
        &self,
        news: &[News],
        sent_at: UnixSeconds,
    ) -> Result<Vec<Message>, String> {
        let name = self.r#type.as_deref().unwrap_or(STATUS_UPDATED);
        let events = news.iter().map(|news| {
            let id = self.event_id.clone().unwrap_or_else(|| news.id());
            let told_id = (!self.no_id).then(|| id.clone());
            Message {
                receipt: Some(news.receipt),
                body: news.body(name, told_id.as_deref(), sent_at).into(),
                id,
                told_id,
            }
        });
        self.copied(events.collect())
    }

    fn copied(&self, messages: Vec<Message>) -> Result<Vec<Message>, String> {
        let copies = self.duplicate.unwrap_or(1);
        if copies == 0 {
            return Err("`duplicate` must be 1 or more: how many times in all".to_owned());
        }
        let total = messages.len().saturating_mul(copies);
        if total > MOST {
            return Err(format!(
                "that would be {total} webhooks, and a request sends {MOST} at most: take fewer receipts or a shorter time"
            ));
        }
        let each = |message| std::iter::repeat_n(message, copies);
        let all: Vec<Message> = messages.into_iter().flat_map(each).collect();
        if let Some(seed) = self.shuffle {
            let mut dice = Dice::of("torch-sandbox/shuffle", &seed.to_string());
            let mut draw = || dice.between(0, i64::from(u32::MAX));
            let mut drawn: Vec<_> = all.into_iter().map(|one| (draw(), one)).collect();
            drawn.sort_by_key(|(place, _)| *place);
            return Ok(drawn.into_iter().map(|(_, one)| one).collect());
        }
        Ok(all)
    }

    /// # Errors
    /// A sentence about the option that cannot be taken.
    pub(super) fn check(&self) -> Result<(), String> {
        let texts = [self.event_id.as_ref(), self.r#type.as_ref()];
        let values = self.headers.values().map(Option::as_ref);
        if (texts.into_iter().chain(values).flatten()).any(|text| text.len() > LONGEST) {
            return Err(format!("each text must be {LONGEST} bytes or less"));
        }
        if !(1..=MOST_ATTEMPTS).contains(&self.attempts.unwrap_or(1)) {
            return Err(format!("`attempts` must be from 1 to {MOST_ATTEMPTS}"));
        }
        if self.backoff_ms.unwrap_or(0) > LONGEST_PAUSE {
            return Err(format!("`backoff_ms` must be {LONGEST_PAUSE} or less"));
        }
        if !(1..=LANES).contains(&self.concurrency.unwrap_or(1)) {
            return Err(format!("`concurrency` must be from 1 to {LANES}"));
        }
        if self.headers.len() > MOST_HEADERS {
            return Err(format!("{MOST_HEADERS} headers at most"));
        }
        for (name, value) in &self.headers {
            let named = (1..=256).contains(&name.len())
                && (name.bytes()).all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            let own = ["host", "content-length", "transfer-encoding", "connection"];
            if !named || own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                return Err(
                    "a header's name must be letters, digits and dashes, and none of those that HTTP itself writes"
                        .to_owned(),
                );
            }
            let value = value.as_deref().unwrap_or_default();
            if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return Err("a header's value must be printable ASCII".to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_795_521_630);
    const ALL: &str = r#""receipts":["IOE0912345678","MSC2390000001","EAC2400000007"],"since":"2023-01-01T00:00:00Z""#;

    fn order(text: &str) -> Order {
        serde_json::from_str(&format!("{{{text}}}")).unwrap()
    }

    fn messages(text: &str) -> Vec<Message> {
        order(text).messages(NOW).unwrap()
    }

    fn err(text: &str) -> String {
        let order: Result<Order, _> = serde_json::from_str(&format!("{{{text}}}"));
        let order = match order {
            Ok(order) => order,
            Err(error) => return error.to_string(),
        };
        let checked = order.check();
        (checked.and_then(|()| order.messages(NOW).map(drop))).unwrap_err()
    }

    #[test]
    fn ok_receipts_alone_are_their_status_now_and_with_a_time_their_changes() {
        let now = messages(r#""receipts":["IOE0912345678","MSC2390000001"]"#);
        let texts: Vec<&str> = now.iter().map(|message| &*message.body).collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("IOE0912345678") && texts[1].contains("MSC2390000001"));
        assert!(texts[0].ends_with(r#""sent_at":"2026-11-24T12:00:30Z"}"#));
        let all = messages(r#""receipts":["IOE0912345678"],"until":"2026-01-01T00:00:00Z""#);
        assert_eq!(all.len(), 5);
        assert_eq!(all[4], now[0], "the last change is the status now");
        let some = messages(
            r#""receipts":["IOE0912345678"],"since":"2023-08-13T20:57:16Z","until":"2023-10-04T21:21:16Z""#,
        );
        assert_eq!(some, [all[2].clone()]);
        assert_eq!(
            messages(r#""receipts":["IOE0912345678"],"since":"2027-01-01T00:00:00Z""#),
            []
        );
    }

    #[test]
    fn ok_copies_follow_each_other_and_a_seed_gives_one_order_for_ever() {
        let plain = messages(ALL);
        let twice = messages(&format!("{ALL},\"duplicate\":2"));
        let pairs = plain.iter().flat_map(|one| [one.clone(), one.clone()]);
        assert_eq!(twice, pairs.collect::<Vec<_>>());
        let shuffled = |seed: u64| messages(&format!("{ALL},\"duplicate\":2,\"shuffle\":{seed}"));
        assert_eq!(shuffled(7), shuffled(7));
        assert_ne!(shuffled(7), shuffled(8));
        assert_ne!(shuffled(7), twice);
        let sorted = |mut messages: Vec<Message>| {
            messages.sort_by(|a, b| a.body.cmp(&b.body));
            messages
        };
        assert_eq!(sorted(shuffled(7)), sorted(twice), "and none is lost");
    }

    #[test]
    fn ok_an_event_takes_another_id_or_none_and_another_type() {
        let one = r#""receipts":["IOE0912345678"]"#;
        let [usual] = &messages(one)[..] else {
            panic!()
        };
        assert_eq!(usual.told_id.as_ref(), Some(&usual.id));
        let [named] = &messages(&format!(
            r#"{one},"event_id":"evt \"1\"","type":"case.closed""#
        ))[..] else {
            panic!()
        };
        assert!(named.body.starts_with(r#"{"type":"case.closed","#));
        assert!(named.body.contains(r#""id":"evt \"1\"""#));
        let [nameless] = &messages(&format!(r#"{one},"no_id":true"#))[..] else {
            panic!()
        };
        assert_eq!((&nameless.id, &nameless.told_id), (&usual.id, &None));
        assert!(!nameless.body.contains(r#""id""#));
    }

    #[test]
    fn ok_a_raw_text_goes_as_it_is() {
        let [raw] = &messages(r#""raw":"{\r\n \u0000","headers":{"x-torch":null}"#)[..] else {
            panic!()
        };
        assert_eq!(&*raw.body, "{\r\n \0");
        assert_eq!((&raw.told_id, &raw.receipt), (&None, &None));
        assert_eq!(messages(r#""raw":"","duplicate":200"#).len(), 200);
    }

    #[test]
    fn err_what_cannot_be_ordered_is_said() {
        let one = r#""receipts":["IOE0912345678"]"#;
        for (text, part) in [
            (String::new(), "`receipts`"),
            (r#""receipts":["ioe0912345678"]"#.to_owned(), "ten digits"),
            (
                r#""receipts":["ZZZ0912345678"]"#.to_owned(),
                "ZZZ0912345678",
            ),
            (format!(r#"{one},"since":"then""#), "`since`"),
            (format!(r#"{one},"until":"""#), "`until`"),
            (format!(r#"{one},"raw":"""#), "`raw`"),
            (r#""raw":"","no_id":true"#.to_owned(), "`raw`"),
            (
                format!(r#""raw":"{}""#, "x".repeat(LONGEST_RAW + 1)),
                "`raw`",
            ),
            (format!(r#"{one},"duplicate":0"#), "`duplicate`"),
            (format!(r#"{one},"duplicate":201"#), "201"),
            (format!(r#"{ALL},"duplicate":100"#), "200 at most"),
            (format!(r#"{one},"duplicate":18446744073709551615"#), ""),
            (format!(r#"{one},"attempts":0"#), "`attempts`"),
            (format!(r#"{one},"attempts":11"#), "`attempts`"),
            (format!(r#"{one},"backoff_ms":60001"#), "`backoff_ms`"),
            (format!(r#"{one},"concurrency":5"#), "`concurrency`"),
            (format!(r#"{one},"headers":{{"":""}}"#), "name"),
            (format!(r#"{one},"headers":{{"Host":"x"}}"#), "name"),
            (format!(r#"{one},"headers":{{"x":"a\nb"}}"#), "value"),
            (
                format!(r#"{one},"event_id":"{}""#, "x".repeat(LONGEST + 1)),
                "bytes",
            ),
            (format!(r#"{one},"tamper":"all""#), "signature"),
            (format!(r#"{one},"shuffel":1"#), "shuffel"),
        ] {
            let told = err(&text);
            assert!(told.contains(part), "{text}: {told}");
        }
        let many = vec!["IOE0912345678".to_owned(); MOST_RECEIPTS + 1];
        assert!(numbers(&many).is_err());
    }
}
