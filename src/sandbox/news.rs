//! Which changes of which cases are told, in what order, and under which ids.
//!
//! All of it follows from the cases' lives: whoever asks for the same changes again gets the same events.
#![forbid(unsafe_code)]

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::life::{Life, Step};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// One status of one case, as news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    pub(super) receipt: ReceiptNumber,
    step: Step,
}

/// The body of a webhook, its fields in the documented order.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    sent_at: Option<String>,
}

#[derive(Serialize)]
struct Data<'a> {
    receipt_number: ReceiptNumber,
    status_text: &'a str,
    status_category: &'a str,
    last_status_at: Option<String>,
}

/// The status that each case has at `now`, in the order of the receipts. What is not recognised has none.
pub(super) fn current(receipts: &[ReceiptNumber], now: UnixSeconds) -> Vec<News> {
    let news = receipts.iter().filter_map(|&receipt| {
        let step = Life::of(&receipt)?.at(now);
        Some(News { receipt, step })
    });
    news.collect()
}

/// Every change after `since`, up to and including `until`, in the order of time.
pub(super) fn between(
    receipts: &[ReceiptNumber],
    since: UnixSeconds,
    until: UnixSeconds,
) -> Vec<News> {
    let mut all = Vec::new();
    for &receipt in receipts {
        if let Some(life) = Life::of(&receipt) {
            let steps = life.transitions(since, until);
            all.extend(steps.map(|&step| News { receipt, step }));
        }
    }
    // What happens in one second stays in the order of the receipts.
    all.sort_by_key(|news| news.step.at);
    all
}

impl News {
    /// The event's id: the same for one status of one case, whenever it is told.
    pub(super) fn id(&self) -> String {
        let Step { at, title } = &self.step;
        // Not as it displays, which is masked.
        let receipt = self.receipt.as_str();
        id(&format!("{receipt}\0{}\0{}", at.0, title.text))
    }

    /// The webhook's body, told at `sent_at`.
    pub(super) fn body(&self, r#type: &str, id: Option<&str>, sent_at: UnixSeconds) -> String {
        let body = Body {
            r#type,
            data: Data {
                receipt_number: self.receipt,
                status_text: &self.step.text(),
                status_category: self.step.title.category.label_en(),
                last_status_at: self.step.at.to_rfc3339(),
            },
            id,
            sent_at: sent_at.to_rfc3339(),
        };
        // Strings only: it cannot fail to serialise.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// An id that follows from `what`.
pub(super) fn id(what: &str) -> String {
    let mut hash = Sha256::new();
    hash.update("torch-sandbox/event/1\0");
    hash.update(what);
    let digits: String = hex::encode(hash.finalize()).chars().take(26).collect();
    format!("evt_{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{STATUS_UPDATED, Sample};
    use std::collections::BTreeSet;

    fn receipts() -> Vec<ReceiptNumber> {
        // The first and the last digits alike.
        let numbers = (0..20).map(|n| format!("IOE09{n:04}5678"));
        numbers.map(|text| text.parse().unwrap()).collect()
    }

    fn all() -> Vec<News> {
        between(&receipts(), UnixSeconds(0), UnixSeconds(i64::MAX))
    }

    #[test]
    fn ok_the_body_is_the_documented_one() {
        let sent_at = UnixSeconds(1_795_521_630);
        for news in all() {
            let sample = Sample {
                id: &news.id(),
                receipt: news.receipt,
                status_text: &news.step.text(),
                status_category: news.step.title.category.label_en(),
                last_status_at: news.step.at,
            };
            let body = news.body(STATUS_UPDATED, Some(&news.id()), sent_at);
            assert_eq!(body, sample.to_json(sent_at));
            let nameless = news.body(STATUS_UPDATED, None, sent_at);
            let id = format!(r#""id":"{}","#, news.id());
            assert_eq!(nameless, body.replace(&id, ""));
        }
    }

    #[test]
    fn ok_each_change_has_its_own_id_for_ever() {
        let ids: BTreeSet<String> = all().iter().map(News::id).collect();
        assert_eq!(ids.len(), all().len());
        // As early as this all cases have one status, since one moment.
        let alike = current(&receipts(), UnixSeconds(0));
        let ids: BTreeSet<String> = alike.iter().map(News::id).collect();
        assert_eq!(ids.len(), receipts().len());
        let receipt = "IOE0912345678".parse().unwrap();
        let [news] = current(&[receipt], UnixSeconds(1_795_521_630))[..] else {
            panic!("one case, one status");
        };
        // Recorded: an id is what a receiver knows an event by.
        assert_eq!(news.id(), "evt_1df23dbe0ebbad6e4a2f5122f3");
        let [same] = between(
            &[receipt],
            news.step.at.plus(-1),
            UnixSeconds(1_795_521_630),
        )[..] else {
            panic!("its last change");
        };
        assert_eq!(same, news);
    }

    #[test]
    fn ok_changes_come_in_the_order_of_time_whatever_case_they_are_of() {
        let all = all();
        assert!(all.is_sorted_by_key(|news| news.step.at));
        let first = all.first().unwrap().receipt;
        assert!(
            all.windows(2)
                .any(|pair| pair[0].receipt != pair[1].receipt)
        );
        assert!(all.iter().filter(|news| news.receipt == first).count() > 1);
    }

    #[test]
    fn err_what_is_not_recognised_has_no_news() {
        let receipt = ["ZZZ0912345678".parse().unwrap()];
        assert_eq!(current(&receipt, UnixSeconds(1_795_521_630)), []);
        assert_eq!(between(&receipt, UnixSeconds(0), UnixSeconds(i64::MAX)), []);
    }
}
