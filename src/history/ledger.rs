//! What an observation adds to a ledger.
#![forbid(unsafe_code)]

use super::chain::{self, Hash};
use super::row::{Key, Kind, Observation, Row, Source};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// The current status of a case: of the row that began last, and of those the one seen last.
///
/// In SQL: `WHERE status_text IS NOT NULL ORDER BY at DESC, seq DESC LIMIT 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The row's place.
    pub seq: u32,
    /// The moment that it is ordered by.
    pub at: UnixSeconds,
    /// The official text.
    pub status_text: String,
}

impl Current {
    /// What a row would be as the current one; `None` for a row without a status.
    pub fn of(row: &Row) -> Option<Self> {
        Some(Self {
            seq: row.seq,
            at: row.observation.at(),
            status_text: row.observation.status_text.clone()?,
        })
    }
}

/// What must be known of a ledger to add to it. Load it from the store in the transaction that appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whose ledger it is.
    pub receipt: ReceiptNumber,
    /// The `seq` of the next row: 1 where there is none yet.
    pub next_seq: u32,
    /// The hash of the last row by `seq`: [`Hash::ZERO`] where there is none yet.
    pub last_hash: Hash,
    /// The current status, if there is one.
    pub current: Option<Current>,
}

/// What [`History::observe`] asks of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Whether one has this event id.
    Id(&'a str),
    /// Whether one has this key.
    Key(&'a Key),
}

/// What becomes of an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is new: append this row. Its [`Kind`] says what it is.
    Appended(Row),
    /// It is there already: append nothing.
    Duplicate,
    /// It dates the current status anew: append this row. No new status.
    Touched(Row),
}

impl Outcome {
    /// The row to append.
    pub fn row(&self) -> Option<&Row> {
        match self {
            Self::Appended(row) | Self::Touched(row) => Some(row),
            Self::Duplicate => None,
        }
    }
}

impl History {
    /// A ledger without rows.
    pub fn begin(receipt: ReceiptNumber) -> Self {
        Self {
            receipt,
            next_seq: 1,
            last_hash: Hash::ZERO,
            current: None,
        }
    }

    /// The ledger that has these rows, in the order of `seq`.
    pub fn of_rows<'a>(receipt: ReceiptNumber, rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut history = Self::begin(receipt);
        for row in rows {
            history.advance(row);
        }
        history
    }

    /// What becomes of an observation. `seen` looks up whether a row has an event id or a key; it may
    /// fail, as a store may.
    ///
    /// It changes nothing: once the row is durable, [`History::advance`] goes on to it.
    ///
    /// # Errors
    /// Those of `seen`.
    pub fn observe<E>(
        &self,
        observation: Observation,
        mut seen: impl FnMut(Lookup<'_>) -> Result<bool, E>,
    ) -> Result<Outcome, E> {
        if let Some(id) = &observation.event_id
            && seen(Lookup::Id(id))?
        {
            return Ok(Outcome::Duplicate);
        }
        let Observation {
            source,
            event_id,
            status_text,
            last_status_at,
            ..
        } = &observation;
        let current = self.current.as_ref().map(|current| &current.status_text);
        let same_text = status_text.is_some() && status_text.as_ref() == current;
        let known_by_key = match (status_text, last_status_at, source) {
            (Some(_), None, Source::Poll) if same_text => return Ok(Outcome::Duplicate),
            // A status may come back, and nothing says when this one began.
            (Some(_), None, Source::Poll) => false,
            (Some(_), Some(_), _) => true,
            // Without an id, what was told before cannot be told from a retry; the next poll can.
            (Some(_), None, Source::Webhook) | (None, ..) => event_id.is_none(),
        };
        if known_by_key && seen(Lookup::Key(&observation.key(self.receipt)))? {
            return Ok(Outcome::Duplicate);
        }
        let kind = self.kind(&observation, same_text);
        let bytes = chain::canonical(self.receipt, self.next_seq, kind, &observation);
        let row = Row {
            seq: self.next_seq,
            kind,
            observation,
            hash: chain::link(self.last_hash, &bytes),
        };
        Ok(match kind {
            Kind::Touched => Outcome::Touched(row),
            _ => Outcome::Appended(row),
        })
    }

    fn kind(&self, observation: &Observation, same_text: bool) -> Kind {
        if observation.status_text.is_none() {
            return Kind::Other;
        }
        match (&self.current, observation.source) {
            (Some(current), _) if observation.at() < current.at => Kind::Late,
            (Some(_), _) if same_text => Kind::Touched,
            (None, Source::Poll) => Kind::FirstSeen,
            (Some(_), _) | (None, Source::Webhook) => Kind::Updated,
        }
    }

    /// Goes on to a row that was appended.
    pub fn advance(&mut self, row: &Row) {
        self.next_seq = row.seq.saturating_add(1);
        self.last_hash = row.hash;
        if let Some(new) = Current::of(row)
            && self
                .current
                .as_ref()
                .is_none_or(|current| new.at >= current.at)
        {
            self.current = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{in_time, verify_chain};
    use proptest::prelude::*;

    /// A ledger in memory: what the store does.
    struct Ledger {
        rows: Vec<Row>,
        history: History,
    }

    impl Ledger {
        fn new() -> Self {
            Self {
                rows: Vec::new(),
                history: History::begin(receipt()),
            }
        }

        fn seen(&self, lookup: Lookup<'_>) -> bool {
            self.rows.iter().any(|row| match lookup {
                Lookup::Id(id) => row.observation.event_id.as_deref() == Some(id),
                Lookup::Key(key) => row.observation.key(receipt()) == *key,
            })
        }

        /// The word for what became of it.
        fn observe(&mut self, observation: Observation) -> &'static str {
            let outcome = self
                .history
                .observe(observation, |lookup| Ok::<_, ()>(self.seen(lookup)))
                .unwrap();
            let word = outcome.row().map_or("duplicate", |row| row.kind.id());
            if let Some(row) = outcome.row() {
                self.history.advance(row);
                self.rows.push(row.clone());
            }
            word
        }

        fn current(&self) -> &str {
            &self.history.current.as_ref().unwrap().status_text
        }
    }

    fn receipt() -> ReceiptNumber {
        "ABC1234567890".parse().unwrap()
    }

    fn seen(source: Source, id: &str, text: &str, at: Option<i64>, seen_at: i64) -> Observation {
        let webhook = source == Source::Webhook;
        Observation {
            source,
            event_id: (!id.is_empty()).then(|| id.to_owned()),
            event_type: webhook.then(|| "case.status.updated".to_owned()),
            status_text: (!text.is_empty()).then(|| text.to_owned()),
            status_category: None,
            last_status_at: at.map(UnixSeconds),
            seen_at: UnixSeconds(seen_at),
            record: "{}".to_owned(),
        }
    }

    fn event(id: &str, text: &str, at: i64) -> Observation {
        seen(Source::Webhook, id, text, Some(at), at + 3)
    }

    fn poll(text: &str, at: i64) -> Observation {
        seen(Source::Poll, "", text, Some(at), at + 60)
    }

    #[test]
    fn w7_the_same_event_a_hundred_times_has_one_effect() {
        let mut ledger = Ledger::new();
        assert_eq!(ledger.observe(event("e1", "A", 100)), "case.status.updated");
        for _ in 0..99 {
            assert_eq!(ledger.observe(event("e1", "A", 100)), "duplicate");
        }
        assert_eq!(ledger.rows.len(), 1);
    }

    #[test]
    fn w7_the_same_case_and_time_under_another_id_has_one_effect() {
        let mut ledger = Ledger::new();
        ledger.observe(event("e1", "A", 100));
        assert_eq!(ledger.observe(event("e2", "A", 100)), "duplicate");
        assert_eq!(ledger.observe(event("", "A", 100)), "duplicate");
        assert_eq!(ledger.observe(poll("A", 100)), "duplicate");
        // Another text of the same moment is another event; the later seen is current.
        assert_eq!(ledger.observe(event("e3", "B", 100)), "case.status.updated");
        assert_eq!(ledger.current(), "B");
    }

    #[test]
    fn w8_an_older_event_is_recorded_and_never_becomes_current() {
        let mut ledger = Ledger::new();
        ledger.observe(event("e2", "B", 200));
        assert_eq!(ledger.observe(event("e1", "A", 100)), "case.status.late");
        assert_eq!(ledger.current(), "B");
        assert_eq!(ledger.observe(event("e3", "C", 300)), "case.status.updated");
        assert_eq!(ledger.current(), "C");
        let seqs = |rows: &[Row]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
        assert_eq!(seqs(&ledger.rows), [1, 2, 3]);
        in_time(&mut ledger.rows);
        assert_eq!(seqs(&ledger.rows), [2, 1, 3]);
    }

    #[test]
    fn w10_an_event_is_a_duplicate_however_late_it_comes_again() {
        let mut ledger = Ledger::new();
        ledger.observe(event("e1", "A", 100));
        for day in 1..100 {
            ledger.observe(event(
                &format!("d{day}"),
                &format!("day {day}"),
                day * 86_400,
            ));
        }
        let late = |mut observation: Observation| {
            observation.seen_at = UnixSeconds(100 * 86_400);
            observation
        };
        assert_eq!(ledger.observe(late(event("e1", "A", 100))), "duplicate");
        assert_eq!(ledger.observe(late(event("other", "A", 100))), "duplicate");
    }

    #[test]
    fn w11_an_event_without_a_status_is_recorded_and_changes_none() {
        let mut ledger = Ledger::new();
        ledger.observe(event("e1", "A", 100));
        let mut note = seen(Source::Webhook, "", "", None, 200);
        note.record = r#"{"note":1}"#.to_owned();
        assert_eq!(ledger.observe(note.clone()), "case.event");
        assert_eq!(ledger.observe(note.clone()), "duplicate");
        note.record = r#"{"note":2}"#.to_owned();
        assert_eq!(ledger.observe(note), "case.event");
        assert_eq!(ledger.current(), "A");
    }

    #[test]
    fn ok_the_first_poll_of_a_case_is_no_change_and_a_later_one_may_be() {
        let mut ledger = Ledger::new();
        assert_eq!(ledger.observe(poll("A", 100)), "case.first_seen");
        assert_eq!(ledger.observe(poll("A", 100)), "duplicate");
        assert_eq!(ledger.observe(poll("B", 200)), "case.status.updated");
        assert_eq!(ledger.observe(event("e1", "B", 200)), "duplicate");
    }

    #[test]
    fn ok_a_record_touched_without_a_new_status_is_told_apart() {
        let mut ledger = Ledger::new();
        ledger.observe(poll("A", 100));
        assert_eq!(ledger.observe(poll("A", 150)), "case.touched");
        assert_eq!(ledger.observe(event("e1", "A", 160)), "case.touched");
        assert_eq!(
            ledger.history.current.as_ref().unwrap().at,
            UnixSeconds(160)
        );
        let outcome = ledger
            .history
            .observe(poll("A", 170), |_| Ok::<_, ()>(false));
        assert!(matches!(outcome, Ok(Outcome::Touched(_))));
    }

    #[test]
    fn ok_without_a_moment_a_status_may_come_back_and_a_retry_may_not() {
        let mut ledger = Ledger::new();
        let mut observe = |source, id, text, at| ledger.observe(seen(source, id, text, None, at));
        assert_eq!(observe(Source::Poll, "", "A", 100), "case.first_seen");
        assert_eq!(observe(Source::Poll, "", "A", 200), "duplicate");
        assert_eq!(observe(Source::Poll, "", "B", 300), "case.status.updated");
        assert_eq!(observe(Source::Poll, "", "A", 400), "case.status.updated");
        // Taken while its text was current, it must not turn the next status round when it comes again.
        assert_eq!(observe(Source::Webhook, "e1", "A", 500), "case.touched");
        assert_eq!(observe(Source::Poll, "", "C", 600), "case.status.updated");
        assert_eq!(observe(Source::Webhook, "e1", "A", 700), "duplicate");
        assert_eq!(
            observe(Source::Webhook, "", "D", 800),
            "case.status.updated"
        );
        assert_eq!(
            observe(Source::Webhook, "", "E", 900),
            "case.status.updated"
        );
        assert_eq!(observe(Source::Webhook, "", "D", 950), "duplicate");
    }

    #[test]
    fn ok_a_moment_far_ahead_does_not_outrank_what_comes_after() {
        let mut ledger = Ledger::new();
        ledger.observe(seen(Source::Webhook, "e1", "A", Some(4_000_000_000), 100));
        assert_eq!(
            ledger.history.current.as_ref().unwrap().at,
            UnixSeconds(100)
        );
        assert_eq!(ledger.observe(event("e2", "B", 200)), "case.status.updated");
        // A clock that is a little ahead is believed.
        ledger.observe(seen(Source::Webhook, "e3", "C", Some(600), 300));
        assert_eq!(ledger.observe(event("e4", "D", 500)), "case.status.late");
    }

    #[test]
    fn w9_a_store_that_fails_fails_the_observation() {
        let history = History::begin(receipt());
        assert_eq!(
            history.observe(event("e1", "A", 1), |_| Err("disk")),
            Err("disk")
        );
    }

    fn observations() -> impl Strategy<Value = Vec<Observation>> {
        let one = (
            any::<bool>(),
            "(e[0-9])?",
            "[ABC]?",
            prop::option::of(0..20_i64),
            0..20_i64,
        );
        let one = one.prop_map(
            |(poll, id, text, at, seen_at)| match (poll, text.as_str()) {
                (true, "") => seen(Source::Poll, "", "A", at, seen_at),
                (true, text) => seen(Source::Poll, "", text, at, seen_at),
                (false, text) => seen(Source::Webhook, &id, text, at, seen_at),
            },
        );
        prop::collection::vec(one, 0..40)
    }

    proptest! {
        #[test]
        fn w8_the_current_status_is_the_one_that_began_last_in_any_order(observations in observations()) {
            let mut ledger = Ledger::new();
            for observation in observations {
                ledger.observe(observation);
                let newest = ledger.rows.iter().filter(|row| row.observation.status_text.is_some())
                    .max_by_key(|row| (row.observation.at(), row.seq));
                prop_assert_eq!(ledger.history.current.as_ref().map(|current| current.seq), newest.map(|row| row.seq));
            }
            prop_assert_eq!(verify_chain(receipt(), &ledger.rows), Ok(()));
            prop_assert_eq!(History::of_rows(receipt(), &ledger.rows), ledger.history);
        }

        #[test]
        fn w7_every_event_that_was_taken_is_a_duplicate_ever_after(observations in observations()) {
            let mut ledger = Ledger::new();
            for observation in observations.clone() {
                ledger.observe(observation);
            }
            let rows = ledger.rows.clone();
            for again in observations.into_iter().filter(|seen| seen.source == Source::Webhook) {
                prop_assert_eq!(ledger.observe(again), "duplicate");
            }
            prop_assert_eq!(rows, ledger.rows);
        }

        #[test]
        fn w8_events_of_distinct_moments_end_the_same_in_any_order(order in Just((1..9_i64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut ledger = Ledger::new();
            for at in order {
                ledger.observe(event(&format!("e{at}"), &format!("status {at}"), at * 1000));
            }
            prop_assert_eq!((ledger.current(), ledger.rows.len()), ("status 8", 8));
        }
    }
}
