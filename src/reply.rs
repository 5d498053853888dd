//! What Torch's reply to a call means, before anybody reads its records.
//!
//! Source: torch-api.txt, "Errors and behaviors".
#![forbid(unsafe_code)]

use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;

/// What is told of one case: by Torch, or in its stead.
pub trait Answer: Clone {
    /// That there is none, and why; `status` is Torch's own where it was asked and answered.
    fn refused(problem: Problem, status: Option<u16>) -> Self;
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<A> {
    /// Torch answered: what it says of each case.
    Cases(Vec<(ReceiptNumber, A)>),
    /// Torch rejects the request: for one of its cases, for their number, or for all of them.
    Rejected {
        /// What it is to a case that is rejected alone.
        problem: Problem,
        /// Torch's status.
        status: u16,
    },
    /// Torch refuses the key: 401 or 403.
    KeyRefused {
        /// Torch's status.
        status: u16,
    },
    /// 429.
    Limited {
        /// Seconds, where it has a Retry-After that can be read.
        retry_after: Option<i64>,
    },
    /// It failed in a way that may pass: 5xx, no connection, no answer in time.
    Failed {
        /// What that is to a reader.
        problem: Problem,
        /// Torch's status, where there is one.
        status: Option<u16>,
        /// Seconds, where it has a Retry-After that can be read.
        retry_after: Option<i64>,
    },
}

impl<A> Reply<A> {
    /// What a status other than 200 means. `retry_after` is in seconds.
    pub fn of_status(status: u16, retry_after: Option<i64>) -> Self {
        let rejected = |code, detail| Self::Rejected {
            problem: Problem::new(code, detail),
            status,
        };
        match status {
            400 | 413 | 414 | 422 => rejected(
                Code::TorchBadRequest,
                "Torch rejects the request for this receipt number.",
            ),
            401 | 403 => Self::KeyRefused { status },
            404 => rejected(
                Code::CaseNotFound,
                "Torch does not recognize this receipt number at this time.",
            ),
            409 => rejected(
                Code::TorchConflict,
                "Torch reports a conflicting request. Ask again later.",
            ),
            429 => Self::Limited { retry_after },
            500..600 => Self::Failed {
                problem: Problem::new(Code::TorchFailed, "Torch failed. Ask again later.")
                    .after(retry_after),
                status: Some(status),
                retry_after,
            },
            // Neither an answer nor a failure that passes: a redirect, say.
            _ => rejected(Code::TorchFailed, "Torch failed. Ask again later."),
        }
    }
}

/// Whether a batch that was rejected with this status may have been too large (torch-api.txt has 409
/// for "batch constraints" too, but those are about its cases).
pub fn may_be_too_large(status: u16) -> bool {
    matches!(status, 400 | 413 | 414)
}

/// What a refused key is to a reader; `until_seconds`: when one may be tried again.
pub fn key_refused(status: u16, until_seconds: Option<i64>) -> Problem {
    let (code, detail) = match status {
        403 => (
            Code::TorchForbidden,
            "This proxy's key is not enabled for this Torch environment. Its operator should ask Parley.",
        ),
        _ => (
            Code::TorchUnauthorized,
            "Torch refuses this proxy's key, not your token. Its operator should check PARLEY_API_KEY.",
        ),
    };
    Problem::new(code, detail).after(until_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16) -> Reply<()> {
        Reply::of_status(status, Some(7))
    }

    #[test]
    fn ok_each_status_of_the_documentation() {
        for (status, code) in [
            (400, Code::TorchBadRequest),
            (404, Code::CaseNotFound),
            (409, Code::TorchConflict),
            (302, Code::TorchFailed),
            (418, Code::TorchFailed),
        ] {
            assert!(
                matches!(of(status), Reply::Rejected { problem, .. } if problem.code == code),
                "{status}"
            );
        }
        for status in [401, 403] {
            assert_eq!(of(status), Reply::KeyRefused { status });
        }
        assert_eq!(
            of(429),
            Reply::Limited {
                retry_after: Some(7)
            }
        );
        for status in [500, 502, 503, 599] {
            assert!(matches!(
                of(status),
                Reply::Failed {
                    retry_after: Some(7),
                    ..
                }
            ));
        }
    }
}
