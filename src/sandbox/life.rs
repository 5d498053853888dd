//! The life of a case: which status a receipt has at which time.
//!
//! Everything follows from the receipt number, so every isolate, every run and every machine tells
//! the same story. Nothing of it says anything about a real case.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::dice::Dice;
use super::plot;
use super::titles::Title;
use crate::receipt::ReceiptNumber;
use crate::status::Category;
use crate::time::UnixSeconds;

/// Receipts with these letters are not recognised: the documented 404, at will.
pub(super) const UNRECOGNISED: &str = "ZZZ";

/// One status of a case, from its moment on until the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: UnixSeconds,
    pub(super) title: Title,
}

impl Step {
    /// The official text: the title; where something is asked for, every second time with a sentence that
    /// says by when, as the notice itself does.
    pub(super) fn text(&self) -> Cow<'static, str> {
        let title = self.title.text;
        let days = match self.title.category {
            Category::RequestForEvidence => 84,
            Category::IntentToDeny => 30,
            _ => return title.into(),
        };
        let dates = (date(self.at), date(self.at.plus(DAY.saturating_mul(days))));
        let (true, (Some(sent), Some(by))) = (self.at.0 % 2 == 0, dates) else {
            return title.into();
        };
        format!("{title}\n\nOn {sent}, we sent you a notice that explains what we need from you. Please respond by {by}.").into()
    }
}

const DAY: i64 = 86_400;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day as USCIS writes it, such as "January 20, 2026".
fn date(at: UnixSeconds) -> Option<String> {
    let text = at.to_rfc3339()?;
    let mut parts = text.split(['-', 'T']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some(format!("{month} {}, {year}", day.trim_start_matches('0')))
}

/// A case from its filing to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    /// The form that was filed, such as `I-485`.
    pub(super) form: &'static str,
    first: Step,
    later: Vec<Step>,
}

impl Life {
    /// The life of `receipt`; `None` where Torch would not recognise it.
    pub(super) fn of(receipt: &ReceiptNumber) -> Option<Self> {
        if receipt.as_str().starts_with(UNRECOGNISED) {
            return None;
        }
        let (form, first, later) = plot::write(Dice::of("torch-sandbox/1", receipt.as_str()));
        Some(Self { form, first, later })
    }

    /// Every status in the order of time.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// The status at `now`. Before the filing that is the first one, as of `now`: a sandbox whose
    /// clock stands early still answers, and never with a moment that has yet to come.
    pub(super) fn at(&self, now: UnixSeconds) -> Step {
        let begun = self.later.iter().take_while(|step| step.at <= now).last();
        let step = *begun.unwrap_or(&self.first);
        Step {
            at: step.at.min(now),
            ..step
        }
    }

    /// What changes after `since`, up to and including `until`: what a sender of webhooks would tell.
    pub(super) fn transitions(
        &self,
        since: UnixSeconds,
        until: UnixSeconds,
    ) -> impl Iterator<Item = &Step> {
        self.steps()
            .filter(move |step| step.at > since && step.at <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::super::titles;
    use super::*;
    use crate::status::Stage;
    use std::collections::{BTreeMap, BTreeSet};

    const RECORDED: [(&str, &str); 5] = [
        ("2023-06-14T15:49:30Z", "Case Accepted By The USCIS Lockbox"),
        (
            "2023-06-17T19:49:28Z",
            "Case Was Received and A Receipt Notice Was Emailed",
        ),
        (
            "2023-08-13T20:57:17Z",
            "USCIS Is currently Processing the Case",
        ),
        (
            "2023-10-04T21:21:17Z",
            "Case Was Approved And USCIS Notified The U.S. Consulate or Port of Entry",
        ),
        (
            "2023-10-29T14:40:40Z",
            "Case Was Sent To The Department of State",
        ),
    ];

    fn receipts() -> impl Iterator<Item = ReceiptNumber> {
        ["IOE09", "EAC24", "MSC23", "LIN25"]
            .into_iter()
            .flat_map(|start| {
                (0..)
                    .step_by(7919)
                    .take(1500)
                    .map(move |n| format!("{start}{n:08}"))
            })
            .map(|text| text.parse().unwrap())
    }

    fn lives() -> impl Iterator<Item = Life> {
        receipts().map(|receipt| Life::of(&receipt).unwrap())
    }

    fn on(date: &str) -> UnixSeconds {
        UnixSeconds::from_rfc3339(&format!("{date}T00:00:00Z")).unwrap()
    }

    #[test]
    fn ok_a_receipt_has_one_life_for_ever() {
        let receipt = "IOE0912345678".parse().unwrap();
        assert_eq!(Life::of(&receipt), Life::of(&receipt));
        let life = Life::of(&receipt).unwrap();
        let dates: Vec<String> = life
            .steps()
            .filter_map(|step| step.at.to_rfc3339())
            .collect();
        let texts = life.steps().map(|step| step.title.text);
        let steps: Vec<(&str, &str)> = dates.iter().map(String::as_str).zip(texts).collect();
        // Recorded: whoever changes the story changes what people's notes and tests say.
        assert_eq!(steps, RECORDED);
    }

    #[test]
    fn err_a_receipt_of_zzz_is_not_recognised() {
        assert_eq!(Life::of(&"ZZZ0912345678".parse().unwrap()), None);
        assert!(Life::of(&"ZZY0912345678".parse().unwrap()).is_some());
    }

    #[test]
    fn ok_time_runs_forward_and_no_status_follows_itself() {
        for life in lives() {
            let steps: Vec<&Step> = life.steps().collect();
            for pair in steps.windows(2) {
                assert!(pair[0].at < pair[1].at, "{life:?}");
                assert_ne!(pair[0].title.text, pair[1].title.text, "{life:?}");
            }
            assert!(steps.len() >= 2, "{life:?}");
        }
    }

    #[test]
    fn ok_every_life_ends_in_a_final_status_or_with_the_document_on_its_way() {
        let mut ends: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for life in lives() {
            let end = life.steps().last().unwrap().title.category;
            assert!(
                end.is_final() || end.stage() == Stage::Delivery,
                "{} ends as {end}: {life:?}",
                life.form
            );
            ends.entry(life.form).or_default().insert(end.id());
        }
        assert!(ends.len() >= 12, "{ends:?}");
        for (form, ends) in ends {
            assert!(ends.len() >= 4, "{form} always ends alike: {ends:?}");
        }
    }

    #[test]
    fn ok_every_title_is_some_cases_status() {
        let seen: BTreeSet<&str> = lives()
            .flat_map(|life| life.steps().map(|step| step.title.text).collect::<Vec<_>>())
            .collect();
        let unseen: Vec<&str> = titles::ALL
            .iter()
            .map(|title| title.text)
            .filter(|text| !seen.contains(text))
            .collect();
        assert_eq!(unseen, [""; 0]);
    }

    #[test]
    fn ok_at_any_clock_of_the_years_2024_to_2028_the_cases_stand_at_many_stages() {
        for date in [
            "2024-01-01",
            "2025-01-01",
            "2026-01-20",
            "2026-11-24",
            "2027-06-01",
            "2028-12-31",
        ] {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for life in lives() {
                let category = life.at(on(date)).title.category;
                *counts.entry(category.id()).or_default() += 1;
            }
            println!("{date}: {counts:?}");
            assert!(counts.len() >= 15, "{date}: {counts:?}");
            let most = counts.values().max().unwrap();
            assert!(*most < 6000 * 8 / 10, "{date}: {counts:?}");
        }
    }

    #[test]
    fn ok_half_of_what_asks_for_something_says_by_when_and_means_what_its_title_means() {
        let (mut dated, mut undated) = (0, 0);
        for life in lives() {
            for step in life.steps() {
                let text = step.text();
                let told = crate::status::normalize(&text, None);
                assert_eq!(told.category, step.title.category, "{text}");
                assert!(text.starts_with(step.title.text));
                match told.respond_by {
                    Some(by) => {
                        let days = if step.title.category == Category::IntentToDeny {
                            30
                        } else {
                            84
                        };
                        let due = step.at.plus(days * DAY).to_rfc3339().unwrap();
                        assert!(due.starts_with(&by.to_string()), "{text}");
                        dated += 1;
                    }
                    None if step.title.category == Category::RequestForEvidence => undated += 1,
                    None => {}
                }
            }
        }
        assert!(dated > 500 && undated > 500, "{dated} and {undated}");
    }

    #[test]
    fn ok_the_status_at_a_moment_is_the_last_step_begun() {
        for life in lives().take(300) {
            for step in life.steps() {
                assert_eq!(life.at(step.at), *step);
            }
            let first = life.steps().next().unwrap();
            let early = UnixSeconds(0);
            assert_eq!(life.at(early).title, first.title);
            assert_eq!(life.at(early).at, early, "never a moment yet to come");
            assert!(first.at <= on("2024-01-01"), "filed by the first clock");
        }
    }

    #[test]
    fn ok_the_transitions_between_two_times_are_those_steps() {
        for life in lives().take(300) {
            let steps: Vec<Step> = life.steps().copied().collect();
            let told: Vec<Step> = life
                .transitions(steps[0].at, steps[1].at)
                .copied()
                .collect();
            assert_eq!(told, [steps[1]]);
            let all = life.transitions(UnixSeconds(0), UnixSeconds(i64::MAX));
            assert_eq!(all.count(), steps.len());
        }
    }
}
