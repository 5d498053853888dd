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

impl Reason {
    /// A stable word, for logs and counters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "header_missing",
            Self::Doubled { .. } => "header_doubled",
            Self::Empty { .. } => "header_empty",
            Self::IdMalformed { .. } => "id_malformed",
            Self::TimestampMalformed { .. } => "timestamp_malformed",
            Self::NoSignature { .. } => "no_signature",
            Self::TooManySignatures { .. } => "too_many_signatures",
            Self::Mismatch => "signature_mismatch",
            Self::WrongSecret { .. } => "wrong_secret",
            Self::TooOld { .. } => "too_old",
            Self::TooNew { .. } => "too_new",
        }
    }

    /// What is wrong, as `Display` gives it; without `format!`, for the browser's sake.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Missing { header } => {
                let asks = " is missing: is the scheme the one of the onboarding pack?";
                [header, asks].concat()
            }
            Self::Doubled { header } => [header, " is there more than once"].concat(),
            Self::Empty { header } => [header, " is empty"].concat(),
            Self::IdMalformed { header } => {
                let form = " should be 1 to 256 visible ASCII characters without a full stop";
                [header, form].concat()
            }
            Self::TimestampMalformed { place } => {
                [place, " should be seconds since 1970, digits only"].concat()
            }
            Self::NoSignature { header, form } => {
                [header, " holds no signature of the form ", form].concat()
            }
            Self::TooManySignatures { header } => {
                let most = decimal(MAX_SIGNATURES as i64);
                [header, " has more than ", &most, " entries"].concat()
            }
            Self::Mismatch => {
                "no signature matches: the body must be the raw bytes as they came, not parsed and \
                 serialised again, and the secret the one of this endpoint"
                    .to_owned()
            }
            Self::WrongSecret { header } => {
                let compare =
                    " holds another secret: compare it with the one of the onboarding pack";
                [header, compare].concat()
            }
            Self::TooOld { seconds, tolerance } => [
                "signed ",
                &decimal(*seconds),
                " s ago; the tolerance is ",
                &decimal(*tolerance),
                " s; a retry must be signed anew",
            ]
            .concat(),
            Self::TooNew { seconds, tolerance } => [
                "signed ",
                &decimal(*seconds),
                " s ahead of now; the tolerance is ",
                &decimal(*tolerance),
                if *seconds > ANOTHER_UNIT {
                    " s; the timestamp should be seconds, not milliseconds"
                } else {
                    " s"
                },
            ]
            .concat(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for Reason {}
