//! The case record as Torch sends it: tolerant in, additive out.
//!
//! Every byte of the record that Torch sends passes through in the order it came, fields that nobody
//! here knows included; what is derived is added behind it. Torch is not trusted all the same: a
//! record is bounded in size, and a field of the wrong type, a missing one or another case's record
//! is an [error](CaseError) with a name. Shape: torch-api.txt, "Data model (beta)".
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt;

use crate::json::{self, Malformed};
use crate::receipt::ReceiptNumber;
use crate::status::Normalized;
use crate::time::UnixSeconds;

/// The largest answer of Torch that is read, in bytes: 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;

/// The member that what we derive stands under.
const OURS: &str = "normalized";
/// The same where Torch itself sends a member of that name.
const OURS_BESIDE_TORCHS: &str = "torch_edge_normalized";

/// The names that the environment gives to Torch's fields ("Field names … may evolve during beta").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldNames {
    /// Torch's `receipt_number`.
    pub receipt_number: String,
    /// Torch's `status_text`.
    pub status_text: String,
    /// Torch's `status_category`.
    pub status_category: String,
    /// Torch's `last_checked_at`.
    pub last_checked_at: String,
    /// Torch's `last_status_at`.
    pub last_status_at: String,
}

impl Default for FieldNames {
    fn default() -> Self {
        Self {
            receipt_number: "receipt_number".into(),
            status_text: "status_text".into(),
            status_category: "status_category".into(),
            last_checked_at: "last_checked_at".into(),
            last_status_at: "last_status_at".into(),
        }
    }
}

impl FieldNames {
    /// Gives Torch's field `field` the name `name`; false where Torch has no such field.
    pub fn rename(&mut self, field: &str, name: &str) -> bool {
        let slot = match field {
            "receipt_number" => &mut self.receipt_number,
            "status_text" => &mut self.status_text,
            "status_category" => &mut self.status_category,
            "last_checked_at" => &mut self.last_checked_at,
            "last_status_at" => &mut self.last_status_at,
            _ => return false,
        };
        name.clone_into(slot);
        true
    }
}

/// One case record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<'a> {
    /// Whose record it is.
    pub receipt: ReceiptNumber,
    /// The official text.
    pub status_text: Cow<'a, str>,
    /// Torch's own label.
    pub status_category: Option<Cow<'a, str>>,
    /// When Torch last looked; `None` where it does not say or says it in a way that is no RFC 3339.
    pub last_checked_at: Option<UnixSeconds>,
    /// When Torch first saw this text; `None` as above.
    pub last_status_at: Option<UnixSeconds>,
    record: &'a str,
    has_normalized: bool,
}

impl<'a> Case<'a> {
    /// Reads the answer of `GET /case-status`.
    ///
    /// # Errors
    /// [`CaseError`] where it is no case record.
    pub fn read(body: &'a [u8], names: &FieldNames) -> Result<Self, CaseError> {
        Self::from_record(as_text(body)?, names)
    }

    /// Reads the answer of `GET /case-status/batch`: each record on its own, so that a bad one fails
    /// nobody else.
    ///
    /// # Errors
    /// [`CaseError`] where it is no array.
    pub fn read_batch(
        body: &'a [u8],
        names: &FieldNames,
    ) -> Result<Vec<Result<Self, CaseError>>, CaseError> {
        let whole = json::trimmed(as_text(body)?);
        if !whole.starts_with('[') {
            return Err(CaseError::other_than("an array", "the answer", whole));
        }
        Ok(json::array(whole)
            .map_err(CaseError::not_json)?
            .into_iter()
            .map(|record| Self::from_record(record, names))
            .collect())
    }

    /// Reads one record.
    pub(crate) fn from_record(record: &'a str, names: &FieldNames) -> Result<Self, CaseError> {
        let record = json::trimmed(record);
        if !record.starts_with('{') {
            return Err(CaseError::other_than("an object", "the record", record));
        }
        let fields = json::object(record).map_err(CaseError::not_json)?;
        let mut found = Found::default();
        for (name, value) in &fields {
            let slot = match name.as_ref() {
                name if name == names.receipt_number => &mut found.receipt_number,
                name if name == names.status_text => &mut found.status_text,
                name if name == names.status_category => &mut found.status_category,
                name if name == names.last_checked_at => &mut found.last_checked_at,
                name if name == names.last_status_at => &mut found.last_status_at,
                "error" | "errors" if !is_empty(value) => {
                    return Err(CaseError::new(
                        "error_inside",
                        None,
                        "it carries an error in place of a status",
                    ));
                }
                OURS => {
                    found.has_normalized = true;
                    continue;
                }
                _ => continue,
            };
            // Two values for one name: no telling which one Torch means.
            if slot.replace(*value).is_some() {
                return Err(CaseError::new(
                    "duplicate_field",
                    Some(name),
                    "stands there twice",
                ));
            }
        }
        let required = |name: &str, value: Option<&'a str>| match text(name, value)? {
            Some(text) => Ok(text),
            None => Err(CaseError::new("missing_field", Some(name), "is missing")),
        };
        let moment = |name: &str, value: Option<&'a str>| {
            text(name, value).map(|text| text.and_then(|text| UnixSeconds::from_rfc3339(&text)))
        };
        let receipt = required(&names.receipt_number, found.receipt_number)?
            .parse()
            .map_err(|_| {
                CaseError::new(
                    "wrong_type",
                    Some(&names.receipt_number),
                    "is no receipt number",
                )
            })?;
        Ok(Self {
            receipt,
            status_text: required(&names.status_text, found.status_text)?,
            status_category: text(&names.status_category, found.status_category)?,
            last_checked_at: moment(&names.last_checked_at, found.last_checked_at)?,
            last_status_at: moment(&names.last_status_at, found.last_status_at)?,
            record,
            has_normalized: found.has_normalized,
        })
    }

    /// The record, byte for byte.
    pub fn record(&self) -> &'a str {
        self.record
    }

    /// The record, byte for byte, with `normalized` added as its last field.
    ///
    /// Should Torch itself come to send a field of that name, Torch's stays as it is and ours is
    /// named `torch_edge_normalized`: what Torch sends is never replaced.
    pub fn with_normalized(&self, normalized: &Normalized) -> String {
        let name = if self.has_normalized {
            OURS_BESIDE_TORCHS
        } else {
            OURS
        };
        // A map of strings and flags: it cannot fail to serialise.
        let value = serde_json::to_string(normalized).unwrap_or_else(|_| "null".into());
        // The record is an object with two fields at least: it ends in a brace, and a comma may follow.
        let open = self.record.strip_suffix('}').unwrap_or(self.record);
        format!("{open},\"{name}\":{value}}}")
    }
}

/// Torch's own record within a body that [`Case::with_normalized`] made; `None` where it is none.
///
/// So that a body of an older taxonomy can be normalized anew.
pub fn without_normalized(body: &str) -> Option<String> {
    // Ours is the last member, and nothing within it looks like a beginning of it.
    let ours = [OURS, OURS_BESIDE_TORCHS].map(|name| {
        let begin = format!(",\"{name}\":{{");
        let mut places = body.as_bytes().windows(begin.len());
        places.rposition(|place| place == begin.as_bytes())
    });
    let at = ours.into_iter().flatten().max()?;
    Some(format!("{}}}", body.get(..at)?))
}

#[derive(Default)]
struct Found<'a> {
    receipt_number: Option<&'a str>,
    status_text: Option<&'a str>,
    status_category: Option<&'a str>,
    last_checked_at: Option<&'a str>,
    last_status_at: Option<&'a str>,
    has_normalized: bool,
}

fn as_text(body: &[u8]) -> Result<&str, CaseError> {
    if body.len() > MAX_BODY {
        return Err(CaseError::too_large());
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    str::from_utf8(body).map_err(|_| CaseError::new("not_utf8", None, "it is not UTF-8"))
}

/// A field's text; `null` is as good as absent.
pub(crate) fn text<'a>(
    name: &str,
    value: Option<&'a str>,
) -> Result<Option<Cow<'a, str>>, CaseError> {
    match value {
        None | Some("null") => Ok(None),
        Some(value) if value.starts_with('"') => {
            json::string(value).map(Some).map_err(CaseError::not_json)
        }
        Some(value) => Err(CaseError::wrong_type(name, value, "a string")),
    }
}

fn is_empty(value: &str) -> bool {
    matches!(value, "null" | "false" | "\"\"" | "[]" | "{}" | "0")
}

/// Why an answer of Torch is no case record. It names the fault and the field, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseError {
    code: &'static str,
    field: Option<String>,
    says: Cow<'static, str>,
}

impl CaseError {
    pub(crate) fn new(
        code: &'static str,
        field: Option<&str>,
        says: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            field: field.map(str::to_owned),
            says: says.into(),
        }
    }

    pub(crate) fn not_json(error: Malformed) -> Self {
        let says = if error.cut_off {
            "it is cut off"
        } else {
            "it is not JSON"
        };
        Self::new("not_json", None, says)
    }

    /// What is wrong with a text that does not begin as what it should be: it is something else, or no
    /// JSON at all.
    pub(crate) fn other_than(expected: &str, name: &str, text: &str) -> Self {
        match json::value(text) {
            Ok(value) => Self::wrong_type(name, value, expected),
            Err(error) => Self::not_json(error),
        }
    }

    fn wrong_type(name: &str, value: &str, expected: &str) -> Self {
        let is = match value.bytes().next() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "true or false",
            Some(b'n') => "null",
            _ => "a number",
        };
        Self::new("wrong_type", Some(name), format!("is {is}, not {expected}"))
    }

    /// That the answer is above [`MAX_BODY`].
    pub fn too_large() -> Self {
        Self::new("too_large", None, "it is larger than 1 MiB")
    }

    /// That the record is another case's than the one asked for.
    pub fn wrong_case() -> Self {
        Self::new("wrong_case", None, "it is the record of another case")
    }

    /// The same, where the record is the member `name` of something.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.field = self.field.map(|field| match field.as_str() {
            "the record" => name.to_owned(),
            field => format!("{name}.{field}"),
        });
        self
    }

    /// The field that is at fault, and what is wrong with it.
    pub(crate) fn fault(&self) -> (Option<&str>, &str) {
        (self.field.as_deref(), &self.says)
    }

    /// A stable word for the fault: `too_large`, `not_utf8`, `not_json`, `error_inside`,
    /// `missing_field`, `wrong_type`, `duplicate_field` or `wrong_case`.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "Torch's answer cannot be used: {field} {}", self.says),
            None => write!(f, "Torch's answer cannot be used: {}", self.says),
        }
    }
}

impl std::error::Error for CaseError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::normalize;
    use proptest::prelude::*;

    fn read(body: &str) -> Result<Case<'_>, CaseError> {
        Case::read(body.as_bytes(), &FieldNames::default())
    }

    const RECORD: &str = "{ \"receipt_number\" : \"ABC1234567890\",\n \"status_text\":\"Case Was \\u0041pproved \u{e9}<b>\", \"x\": [1.0, {\"y\":1e5}],\
        \"status_category\":\"Approved\",\"last_checked_at\":\"2025-01-15T14:03:27Z\",\"last_status_at\":null,\"source_hint\":\"h\" }";

    #[test]
    fn ok_every_byte_of_the_record_passes_through_and_ours_stands_behind() {
        let case = read(RECORD).unwrap();
        assert_eq!(case.receipt.as_str(), "ABC1234567890");
        assert_eq!(case.status_text, "Case Was Approved \u{e9}<b>");
        assert_eq!(case.status_category.as_deref(), Some("Approved"));
        assert_eq!(case.last_checked_at, Some(UnixSeconds(1_736_949_807)));
        assert_eq!(case.last_status_at, None);
        let out = case.with_normalized(&normalize("", Some("Approved")));
        let (ours, theirs) = (out.as_str(), RECORD.strip_suffix('}').unwrap());
        assert!(
            ours.starts_with(&format!(
                "{theirs},\"normalized\":{{\"category\":\"approved\""
            )),
            "{ours}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(ours).is_ok());
    }

    #[test]
    fn ok_a_field_named_normalized_stays_torchs_own() {
        let record = r#"{"receipt_number":"ABC1234567890","status_text":"x","normalized":7}"#;
        let out = read(record).unwrap().with_normalized(&normalize("x", None));
        assert!(out.starts_with(r#"{"receipt_number":"ABC1234567890","status_text":"x","normalized":7,"torch_edge_normalized":{"#));
        assert_eq!(without_normalized(&out).as_deref(), Some(record));
    }

    #[test]
    fn ok_an_environment_may_name_the_fields_otherwise() {
        let mut names = FieldNames::default();
        assert!(names.rename("status_text", "text") && names.rename("receipt_number", "id"));
        assert!(!names.rename("statustext", "text"));
        let body = br#"{"id":"ABC1234567890","text":"Case Was Approved","status_text":5}"#;
        assert_eq!(
            Case::read(body, &names).unwrap().status_text,
            "Case Was Approved"
        );
    }

    #[test]
    fn err_each_fault_has_a_name() {
        for (body, code, says) in [
            ("", "not_json", "it is cut off"),
            ("<html>", "not_json", "it is not JSON"),
            (r#"{"receipt_number":"ABC12"#, "not_json", "it is cut off"),
            ("[]", "wrong_type", "the record is an array, not an object"),
            ("{}", "missing_field", "receipt_number is missing"),
            (
                r#"{"receipt_number":"ABC1234567890"}"#,
                "missing_field",
                "status_text is missing",
            ),
            (
                r#"{"receipt_number":"ABC1234567890","status_text":null}"#,
                "missing_field",
                "status_text is missing",
            ),
            (
                r#"{"receipt_number":1234567890,"status_text":"x"}"#,
                "wrong_type",
                "receipt_number is a number, not a string",
            ),
            (
                r#"{"receipt_number":"no","status_text":"x"}"#,
                "wrong_type",
                "receipt_number is no receipt number",
            ),
            (
                r#"{"receipt_number":"ABC1234567890","status_text":["x"]}"#,
                "wrong_type",
                "status_text is an array, not a string",
            ),
            (
                r#"{"receipt_number":"ABC1234567890","status_text":"x","last_status_at":{}}"#,
                "wrong_type",
                "last_status_at is an object, not a string",
            ),
            (
                r#"{"receipt_number":"ABC1234567890","status_text":"x","status_category":true}"#,
                "wrong_type",
                "status_category is true or false, not a string",
            ),
            (
                r#"{"receipt_number":"ABC1234567890","status_text":"x","status_text":"y"}"#,
                "duplicate_field",
                "status_text stands there twice",
            ),
            (
                r#"{"error":{"code":"503"},"receipt_number":"ABC1234567890","status_text":"x"}"#,
                "error_inside",
                "it carries an error in place of a status",
            ),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(
                (error.code(), error.to_string()),
                (code, format!("Torch's answer cannot be used: {says}")),
                "{body}"
            );
        }
        let names = FieldNames::default();
        assert_eq!(
            Case::read(b"\xff{}", &names).unwrap_err().code(),
            "not_utf8"
        );
        assert_eq!(
            Case::read(&vec![b' '; MAX_BODY + 1], &names)
                .unwrap_err()
                .code(),
            "too_large"
        );
    }

    #[test]
    fn ok_in_a_batch_each_record_fails_alone() {
        let body = br#" [ {"receipt_number":"ABC1234567890","status_text":"x"}, {"receipt_number":"ABC1234567891"}, 5 ] "#;
        let records = Case::read_batch(body, &FieldNames::default()).unwrap();
        let codes: Vec<_> = records
            .iter()
            .map(|record| record.as_ref().map_or_else(CaseError::code, |_| "ok"))
            .collect();
        assert_eq!(codes, ["ok", "missing_field", "wrong_type"]);
        assert_eq!(
            Case::read_batch(b"{}", &FieldNames::default())
                .unwrap_err()
                .code(),
            "wrong_type"
        );
    }

    #[test]
    fn ok_an_error_field_that_is_empty_is_a_field_like_others() {
        assert!(
            read(
                r#"{"error":null,"errors":[],"receipt_number":"ABC1234567890","status_text":"x"}"#
            )
            .is_ok()
        );
    }

    proptest! {
        // T3
        #[test]
        fn t3_any_bytes_are_a_record_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let names = FieldNames::default();
            let _ = (Case::read(&body, &names), Case::read_batch(&body, &names).map(|records| records.len()));
        }

        #[test]
        fn t3_a_damaged_record_is_a_record_or_an_error(at in 0..RECORD.len(), byte: u8, cut: bool) {
            let mut body = RECORD.as_bytes().to_vec();
            if cut { body.truncate(at) } else { body[at] = byte }
            if let Ok(case) = Case::read(&body, &FieldNames::default()) {
                let out = case.with_normalized(&normalize(&case.status_text, None));
                prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
            }
        }

        #[test]
        fn ok_any_text_and_any_further_field_pass_through(text: String, name in "[a-z]{1,8}_x", extra: i64) {
            let record = format!("{{\"{name}\":{extra},\"receipt_number\":\"ABC1234567890\",\"status_text\":{}}}", serde_json::to_string(&text).unwrap());
            let case = read(&record).unwrap();
            prop_assert_eq!(case.status_text.as_ref(), text.as_str());
            let out = case.with_normalized(&normalize(&text, None));
            let theirs = record.strip_suffix('}').unwrap();
            prop_assert!(out.starts_with(theirs));
            prop_assert_eq!(without_normalized(&out), Some(record));
        }

        #[test]
        fn t3_any_text_has_a_record_in_it_or_none(text: String) {
            let _ = without_normalized(&text);
        }
    }
}
