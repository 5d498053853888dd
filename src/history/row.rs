//! What is observed of a case, and the row that it becomes.
#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::chain::{Fields, Hash};
use crate::case::Case;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// A status that is said to have begun more than this many seconds after it was seen was dated by a
/// clock that is wrong.
const CLOCK_TOLERANCE: i64 = 300;

/// How an observation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Torch was asked.
    Poll,
    /// Torch told.
    Webhook,
}

/// What a row is, beside those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The first status of a case that a poll finds: known now, not changed now.
    FirstSeen,
    /// A new status, which is current from here on.
    Updated,
    /// The current status, which Torch dates anew.
    Touched,
    /// A status older than the current one, recorded in its place in time.
    Late,
    /// An event that tells no status.
    Other,
}

/// A word that is none of a row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no word of a history's rows")
    }
}

impl std::error::Error for Unknown {}

impl Source {
    /// The stable word.
    pub fn id(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Webhook => "webhook",
        }
    }
}

impl FromStr for Source {
    type Err = Unknown;

    fn from_str(id: &str) -> Result<Self, Unknown> {
        [Self::Poll, Self::Webhook]
            .into_iter()
            .find(|source| source.id() == id)
            .ok_or(Unknown)
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::FirstSeen,
        Self::Updated,
        Self::Touched,
        Self::Late,
        Self::Other,
    ];

    /// The stable word: what an event of this kind is called.
    pub fn id(self) -> &'static str {
        match self {
            Self::FirstSeen => "case.first_seen",
            Self::Updated => "case.status.updated",
            Self::Touched => "case.touched",
            Self::Late => "case.status.late",
            Self::Other => "case.event",
        }
    }

    /// Whether the row's status was current when it was appended.
    pub fn is_current(self) -> bool {
        matches!(self, Self::FirstSeen | Self::Updated | Self::Touched)
    }
}

impl FromStr for Kind {
    type Err = Unknown;

    fn from_str(id: &str) -> Result<Self, Unknown> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.id() == id)
            .ok_or(Unknown)
    }
}

/// What was seen of a case, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// How it came.
    pub source: Source,
    /// The event's id, if it has one; a poll has none.
    pub event_id: Option<String>,
    /// The event's type as Torch wrote it; a poll has none.
    pub event_type: Option<String>,
    /// The official text; `None` for an event that tells no status.
    pub status_text: Option<String>,
    /// Torch's label.
    pub status_category: Option<String>,
    /// When Torch first saw this text, if it says so.
    pub last_status_at: Option<UnixSeconds>,
    /// When it was seen here.
    pub seen_at: UnixSeconds,
    /// Torch's record, byte for byte.
    pub record: String,
}

impl Observation {
    /// What a read of Torch at `seen_at` tells. An event's is
    /// [`Event::observation`](crate::webhook::Event::observation).
    pub fn of_poll(case: &Case<'_>, seen_at: UnixSeconds) -> Self {
        Self {
            source: Source::Poll,
            event_id: None,
            event_type: None,
            status_text: Some(case.status_text.clone().into_owned()),
            status_category: case.status_category.as_deref().map(str::to_owned),
            last_status_at: case.last_status_at,
            seen_at,
            record: case.record().to_owned(),
        }
    }

    /// The moment that it is ordered by: `last_status_at`, or `seen_at` where Torch gives none or one
    /// that lies more than 300 seconds after it was seen. One wrong date must not outrank every status
    /// to come.
    pub fn at(&self) -> UnixSeconds {
        match self.last_status_at {
            Some(at) if at <= self.seen_at.plus(CLOCK_TOLERANCE) => at,
            _ => self.seen_at,
        }
    }

    /// What it says of whom, whatever its id.
    pub fn key(&self, receipt: ReceiptNumber) -> Key {
        let mut fields = Fields::default();
        fields.text(Some(receipt.as_str()));
        fields.moment(self.last_status_at);
        fields.text(self.status_text.as_deref());
        if self.status_text.is_none() {
            // Without a status the rest is all there is to tell it by.
            fields.text(self.event_type.as_deref());
            fields.text(Some(&self.record));
        }
        Key(Hash(Sha256::digest(fields.as_bytes()).into()))
    }
}

/// SHA-256 of (receipt_number, last_status_at, status_text), each as in the [chain](super::chain): what
/// an event without an id is known by. `Display` and `FromStr` are 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(Hash);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Key {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        text.parse().map(Self)
    }
}

/// A row of the ledger.
///
/// A table of rows keeps beside these fields [`Observation::at`], to order by, and
/// [`Observation::key`], to look up by; both follow from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the ledger, from 1.
    pub seq: u32,
    /// What it is, beside those before it.
    pub kind: Kind,
    /// What was seen.
    pub observation: Observation,
    /// The [chain](super::chain)'s link: of the row before and of this one.
    pub hash: Hash,
}

/// Puts rows in the order in which their statuses began; those that began together, in the order in
/// which they were seen.
pub fn in_time(rows: &mut [Row]) {
    rows.sort_by_key(|row| (row.observation.at(), row.seq));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::FieldNames;

    #[test]
    fn ok_words_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.id().parse(), Ok(kind));
        }
        for source in [Source::Poll, Source::Webhook] {
            assert_eq!(source.id().parse(), Ok(source));
        }
        assert_eq!("Poll".parse::<Source>(), Err(Unknown));
        assert_eq!("".parse::<Kind>(), Err(Unknown));
    }

    #[test]
    fn ok_a_poll_is_observed_with_its_record_byte_for_byte() {
        let record = r#"{ "receipt_number":"ABC1234567890","status_text":"x","last_status_at":"1994-11-06T08:49:37Z","y":1.0}"#;
        let case = Case::read(record.as_bytes(), &FieldNames::default()).unwrap();
        let seen = Observation::of_poll(&case, UnixSeconds(784_111_800));
        assert_eq!(seen.record, record);
        assert_eq!(seen.at(), UnixSeconds(784_111_777));
        assert_eq!(
            (seen.event_id.as_ref(), seen.event_type.as_ref()),
            (None, None)
        );
    }

    #[test]
    fn ok_a_key_is_of_whom_when_and_what() {
        let receipt: ReceiptNumber = "ABC1234567890".parse().unwrap();
        let seen = Observation {
            source: Source::Poll,
            event_id: None,
            event_type: None,
            status_text: Some("x".into()),
            status_category: None,
            last_status_at: None,
            seen_at: UnixSeconds(1),
            record: "{}".into(),
        };
        let key = seen.key(receipt);
        assert_eq!(key.to_string().parse(), Ok(key));
        let same = Observation {
            source: Source::Webhook,
            event_id: Some("e".into()),
            event_type: Some("t".into()),
            status_category: Some("c".into()),
            seen_at: UnixSeconds(2),
            record: "[]".into(),
            ..seen.clone()
        };
        assert_eq!(same.key(receipt), key);
        let other = Observation {
            last_status_at: Some(UnixSeconds(0)),
            ..seen.clone()
        };
        assert_ne!(other.key(receipt), key);
        assert_ne!(seen.key("ABC1234567891".parse().unwrap()), key);
    }
}
