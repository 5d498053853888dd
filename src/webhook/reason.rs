//! Why a webhook is refused.
#![forbid(unsafe_code)]

use std::fmt;

use super::claim::MAX_SIGNATURES;
use crate::time::decimal;

/// A difference of more than this many seconds comes of another unit, not of a slow clock: a year.
const ANOTHER_UNIT: i64 = 31_536_000;

/// Why a webhook is refused. It names headers, never their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A header is not there.
    Missing {
        /// Its name.
        header: String,
    },
    /// A header is there more than once: no telling which one is meant.
    Doubled {
        /// Its name.
        header: String,
    },
    /// A header is there, with nothing in it.
    Empty {
        /// Its name.
        header: String,
    },
    /// The id of the message is none.
    IdMalformed {
        /// The header's name.
        header: String,
    },
    /// The timestamp is no number of seconds.
    TimestampMalformed {
        /// The header's name, or where in it.
        place: String,
    },
    /// There is no signature of the kind and form that the scheme has.
    NoSignature {
        /// The header's name.
        header: String,
        /// The form that it should have.
        form: &'static str,
    },
    /// There are more than [`MAX_SIGNATURES`] entries.
    TooManySignatures {
        /// The header's name.
        header: String,
    },
    /// No signature is of this body by these secrets.
    Mismatch,
    /// The header holds another secret.
    WrongSecret {
        /// The header's name.
        header: String,
    },
    /// It is authentic, and was signed too long ago.
    TooOld {
        /// How long ago.
        seconds: i64,
        /// How long ago it may be.
        tolerance: i64,
    },
    /// It is authentic, and was signed in the future.
    TooNew {
        /// How far ahead.
        seconds: i64,
        /// How far ahead it may be.
        tolerance: i64,
    },
}

/// The code and the sentence of each kind; `{0}` and `{1}` stand for what it [holds](Reason::holds). The npm
/// package has them from here (`src/words.rs`): they would be a twentieth of the wasm that a browser loads.
pub(crate) const SENTENCES: [(&str, &str); 12] = [
    (
        "header_missing",
        "{0} is missing: is the scheme the one of the onboarding pack?",
    ),
    ("header_doubled", "{0} is there more than once"),
    ("header_empty", "{0} is empty"),
    (
        "id_malformed",
        "{0} should be 1 to 256 visible ASCII characters without a full stop",
    ),
    (
        "timestamp_malformed",
        "{0} should be seconds since 1970, digits only",
    ),
    ("no_signature", "{0} holds no signature of the form {1}"),
    ("too_many_signatures", "{0} has more than {1} entries"),
    (
        "signature_mismatch",
        "no signature matches: the body must be the raw bytes as they came, not parsed and serialised again, \
         and the secret the one of this endpoint",
    ),
    (
        "wrong_secret",
        "{0} holds another secret: compare it with the one of the onboarding pack",
    ),
    (
        "too_old",
        "signed {0} s ago; the tolerance is {1} s; a retry must be signed anew",
    ),
    (
        "too_new",
        "signed {0} s ahead of now; the tolerance is {1} s",
    ),
    (
        "too_new",
        "signed {0} s ahead of now; the tolerance is {1} s; the timestamp should be seconds, not milliseconds",
    ),
];

impl Reason {
    /// Its place in [`SENTENCES`].
    pub(crate) fn place(&self) -> usize {
        match self {
            Self::Missing { .. } => 0,
            Self::Doubled { .. } => 1,
            Self::Empty { .. } => 2,
            Self::IdMalformed { .. } => 3,
            Self::TimestampMalformed { .. } => 4,
            Self::NoSignature { .. } => 5,
            Self::TooManySignatures { .. } => 6,
            Self::Mismatch => 7,
            Self::WrongSecret { .. } => 8,
            Self::TooOld { .. } => 9,
            Self::TooNew { seconds, .. } if *seconds > ANOTHER_UNIT => 11,
            Self::TooNew { .. } => 10,
        }
    }

    /// What the sentence is about.
    pub(crate) fn holds(&self) -> [String; 2] {
        match self {
            Self::Mismatch => [String::new(), String::new()],
            Self::Missing { header }
            | Self::Doubled { header }
            | Self::Empty { header }
            | Self::IdMalformed { header }
            | Self::TimestampMalformed { place: header }
            | Self::WrongSecret { header } => [header.clone(), String::new()],
            Self::NoSignature { header, form } => [header.clone(), (*form).to_owned()],
            Self::TooManySignatures { header } => [header.clone(), decimal(MAX_SIGNATURES as i64)],
            Self::TooOld { seconds, tolerance } | Self::TooNew { seconds, tolerance } => {
                [decimal(*seconds), decimal(*tolerance)]
            }
        }
    }

    /// A stable word, for logs and counters.
    pub fn code(&self) -> &'static str {
        SENTENCES.get(self.place()).map_or("", |(code, _)| code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = SENTENCES
            .get(self.place())
            .map_or("", |(_, sentence)| sentence);
        let [first, second] = self.holds();
        f.write_str(&sentence.replace("{1}", &second).replace("{0}", &first))
    }
}

impl std::error::Error for Reason {}
