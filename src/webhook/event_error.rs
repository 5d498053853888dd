//! Why a webhook's body is no event.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt;

use crate::case::CaseError;

/// Why a webhook's body is no event. It names the fault and the member, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    fault: CaseError,
}

impl EventError {
    pub(super) fn new(
        code: &'static str,
        member: Option<&str>,
        says: impl Into<Cow<'static, str>>,
    ) -> Self {
        CaseError::new(code, member, says).into()
    }

    /// That a member is missing, with the names of those that are there: one of them may be it.
    pub(super) fn missing(name: &str, members: &[(Cow<'_, str>, &str)]) -> Self {
        // Names only, and only what looks like one: nothing that could be somebody's data.
        let there: Vec<&str> = members
            .iter()
            .map(|(name, _)| name.as_ref())
            .filter(|name| (1..=32).contains(&name.len()) && name.bytes().all(is_of_a_name))
            .take(8)
            .collect();
        let says = match there.as_slice() {
            [] => Cow::Borrowed("is missing"),
            there => format!(
                "is missing among {}; if one of them is it, FIELD_NAMES says so",
                there.join(", ")
            )
            .into(),
        };
        Self::new("missing_field", Some(name), says)
    }

    /// A stable word for the fault: `too_large`, `not_utf8`, `not_json`, `error_inside`,
    /// `missing_field`, `wrong_type` or `duplicate_field`.
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.')
}

impl From<CaseError> for EventError {
    fn from(fault: CaseError) -> Self {
        Self { fault }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault.fault() {
            (Some(member), says) => write!(f, "The event cannot be used: {member} {says}"),
            (None, says) => write!(f, "The event cannot be used: {says}"),
        }
    }
}

impl std::error::Error for EventError {}
