//! Faults on demand: what to answer in place of the truth, to whom and how often.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::quota::{abbreviated, is_key};

/// Faults kept at once, and bytes of a raw body and of the short texts: they are stored in one value
/// of 2 MB at most, where a byte can take six, twice.
const MOST: usize = 20;
const LONGEST_RAW: usize = 8_192;
const LONGEST: usize = 256;
const LONGEST_DELAY: u32 = 120_000;

/// One fault, as `POST /__sandbox/faults` takes it. What it does not say applies to everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fault {
    /// `/case-status` or `/case-status/batch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    /// Only calls that ask for this receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) receipt: Option<String>,
    /// Only calls that carry this key. One that is not good gets its 401 or 403 all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// How many calls more; for ever where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u32>,
    /// The answer's status. From 400 on, the body is an error's unless `body` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// The Retry-After header, as it is to stand there: garbage too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<String>,
    /// How long the answer waits before its headers go out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delay_ms: Option<u32>,
    /// What is wrong with the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<BodyFault>,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum BodyFault {
    /// An HTML error page, with status 200.
    Html,
    /// The connection breaks after half of the promised length.
    Cut,
    /// 26 MiB.
    Huge,
    /// `status_text` is a number.
    WrongType,
    /// Status 200, and an error for a body.
    ErrorInside,
    /// The record of another receipt.
    WrongReceipt,
    /// Bytes that are not UTF-8, inside `status_text`.
    NotUtf8,
    /// The headers come at once, the body over 60 seconds.
    Slow,
    /// 302 to another host.
    Redirect,
    /// This text, whatever it is.
    Raw(String),
}

/// The faults with a fixed name, beside `raw:…`.
const NAMES: [(BodyFault, &str); 9] = [
    (BodyFault::Html, "html"),
    (BodyFault::Cut, "cut"),
    (BodyFault::Huge, "huge"),
    (BodyFault::WrongType, "wrong_type"),
    (BodyFault::ErrorInside, "error_inside"),
    (BodyFault::WrongReceipt, "wrong_receipt"),
    (BodyFault::NotUtf8, "not_utf8"),
    (BodyFault::Slow, "slow"),
    (BodyFault::Redirect, "redirect"),
];

impl TryFrom<String> for BodyFault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(raw) = text.strip_prefix("raw:") {
            return Ok(Self::Raw(raw.to_owned()));
        }
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(fault, _)| fault.clone())
            .ok_or_else(|| {
                let names = NAMES.map(|(_, name)| name).join(", ");
                format!("`body` must be one of {names} or raw:TEXT")
            })
    }
}

impl From<BodyFault> for String {
    fn from(fault: BodyFault) -> Self {
        let name = NAMES.iter().find(|(known, _)| *known == fault);
        match (fault, name) {
            (BodyFault::Raw(text), _) => format!("raw:{text}"),
            (_, Some((_, name))) => (*name).to_owned(),
            (_, None) => Self::new(),
        }
    }
}

impl Fault {
    /// # Errors
    /// A sentence about the part that cannot be done.
    fn check(&self) -> Result<(), String> {
        let wrong = |text: &str| Err(text.to_owned());
        if self.path.as_deref().is_some_and(|path| !is_route(path)) {
            return wrong("`path` must be /case-status or /case-status/batch");
        }
        if (self.receipt.as_ref()).is_some_and(|receipt| receipt.len() > LONGEST) {
            return wrong("`receipt` must be 256 bytes or less");
        }
        if self.key.as_deref().is_some_and(|key| !is_key(key)) {
            return wrong("`key` must be 1 to 256 printable ASCII characters without spaces");
        }
        if self.times == Some(0) {
            return wrong("`times` must be 1 or more");
        }
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return wrong("`status` must be a number from 200 to 599");
        }
        if self.delay_ms.is_some_and(|delay| delay > LONGEST_DELAY) {
            return wrong("`delay_ms` must be 120000 (two minutes) or less");
        }
        let header = self.retry_after.as_deref().unwrap_or_default();
        // A header is what a platform lets through as one; anything else would fail later.
        if header.len() > LONGEST || !header.chars().all(|c| matches!(c, ' '..='~')) {
            return wrong("`retry_after` must be a line of printable ASCII, 256 bytes at most");
        }
        if matches!(&self.body, Some(BodyFault::Raw(text)) if text.len() > LONGEST_RAW) {
            return wrong("a raw body must be 8192 bytes or less");
        }
        Ok(())
    }

    fn meets(&self, route: &str, key: &str, receipts: &[String]) -> bool {
        self.path.as_deref().is_none_or(|path| path == route)
            && self.key.as_deref().is_none_or(|meant| meant == key)
            && (self.receipt.as_ref()).is_none_or(|receipt| receipts.contains(receipt))
    }

    /// Whether an item of a batch is meant: all are, unless the fault names its receipt.
    pub(super) fn means(&self, receipt: &str) -> bool {
        self.receipt.as_deref().is_none_or(|meant| meant == receipt)
    }
}

fn is_route(path: &str) -> bool {
    matches!(path, "/case-status" | "/case-status/batch")
}

/// The faults in force, in the order in which they were asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// # Errors
    /// A sentence, where the fault cannot be done or there are too many.
    pub(super) fn add(&mut self, fault: Fault) -> Result<(), String> {
        fault.check()?;
        if self.0.len() >= MOST {
            return Err("there are 20 faults already: DELETE /__sandbox/faults first".to_owned());
        }
        self.0.push(fault);
        Ok(())
    }

    /// The first fault that meets the call; it has happened once more then.
    pub(super) fn take(&mut self, route: &str, key: &str, receipts: &[String]) -> Option<Fault> {
        let index = self
            .0
            .iter()
            .position(|fault| fault.meets(route, key, receipts))?;
        let fault = self.0.get_mut(index)?;
        let taken = fault.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(index);
            }
        }
        Some(taken)
    }

    /// What the sandbox's own routes show of them: no key stands there whole.
    pub(super) fn show(&self) -> Value {
        let show = |fault: &Fault| {
            json!(Fault {
                key: fault.key.as_deref().map(abbreviated),
                ..fault.clone()
            })
        };
        self.0.iter().map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Result<Fault, String> {
        let fault: Fault = serde_json::from_str(text).map_err(|error| error.to_string())?;
        fault.check().map(|()| fault)
    }

    #[test]
    fn ok_a_fault_reads_back_as_it_was_written() {
        for text in [
            r#"{}"#,
            r#"{"path":"/case-status","receipt":"IOE0912345678","key":"sandbox-torch-key","times":2,"status":503,"retry_after":"soon, perhaps","delay_ms":10,"body":"raw:raw:"}"#,
            r#"{"body":"cut"}"#,
            r#"{"body":"not_utf8"}"#,
        ] {
            assert_eq!(serde_json::to_string(&fault(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn err_what_cannot_be_done_is_refused_with_a_sentence() {
        for (text, says) in [
            (r#"{"path":"/v1/case-status"}"#, "`path` must be"),
            (r#"{"key":"two words"}"#, "`key` must be"),
            (r#"{"times":0}"#, "`times` must be"),
            (r#"{"status":101}"#, "`status` must be"),
            (r#"{"delay_ms":120001}"#, "`delay_ms` must be"),
            (r#"{"retry_after":"a\nb: c"}"#, "`retry_after` must be"),
            (r#"{"body":"wild"}"#, "`body` must be one of html, cut"),
            (r#"{"statsu":503}"#, "unknown field"),
        ] {
            let error = fault(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn ok_the_first_that_meets_the_call_happens_so_many_times() {
        let mut faults = Faults::default();
        for text in [
            r#"{"receipt":"IOE0000000001","status":500}"#,
            r#"{"path":"/case-status/batch","times":1,"status":502}"#,
            r#"{"times":1,"status":503}"#,
        ] {
            faults.add(fault(text).unwrap()).unwrap();
        }
        let mut status = |route, receipt: &str| {
            let taken = faults.take(route, "k", &[receipt.to_owned()]);
            taken.and_then(|fault| fault.status)
        };
        assert_eq!(status("/case-status", "IOE0000000002"), Some(503));
        assert_eq!(status("/case-status", "IOE0000000002"), None);
        assert_eq!(status("/case-status/batch", "IOE0000000002"), Some(502));
        assert_eq!(status("/case-status/batch", "IOE0000000002"), None);
        assert_eq!(status("/case-status", "IOE0000000001"), Some(500));
        assert_eq!(status("/case-status", "IOE0000000001"), Some(500));
    }
}
