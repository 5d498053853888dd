//! What is kept of an answer: one line ahead of the body.
//!
//! ```text
//! 1 ok 1800000000 1800000900 1800087300 1800605700 1799990000 2026-11 743 9f86d081884c7d65…\n
//! {"receipt_number":…,"normalized":{…}}
//! ```
//! Version, kind (`ok` or `absent`), fetched_at, fresh_until, stale_until, error_until, last_status_at
//! (or `-`), taxonomy, the body's length in UTF-16 units, ETag. Times are seconds since 1970. A hit
//! reads the line and passes the body on as it stands; the length is in UTF-16 units because a
//! Worker holds the body as a JavaScript string and can compare it without reading it.
//!
//! A line that is not wholly as described, or a body of another length, is no entry: a miss.
#![forbid(unsafe_code)]

use std::fmt::{self, Write};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::case::{self, Case, FieldNames};
use crate::freshness::{Table, Window};
use crate::receipt::ReceiptNumber;
use crate::status::{TAXONOMY, normalize};
use crate::time::UnixSeconds;

const VERSION: &str = "1";

/// The KV key of a case's entry.
pub fn key(receipt: ReceiptNumber) -> String {
    format!("case:{VERSION}:{}", receipt.as_str())
}

/// A strong entity tag without its quotation marks: 32 hexadecimal digits of the body's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ETag([u8; 32]);

impl ETag {
    /// The tag of a body.
    pub fn of(body: &[u8]) -> Self {
        let mut tag = [0; 32];
        // 16 bytes make 32 digits: it cannot fail.
        let _ = hex::encode_to_slice(Sha256::digest(body).get(..16).unwrap_or_default(), &mut tag);
        Self(tag)
    }

    /// The tag of the bodies of these tags, one behind the other.
    pub fn of_all<'a>(tags: impl Iterator<Item = &'a Self>) -> Self {
        Self::of(&tags.flat_map(|tag| tag.0).collect::<Vec<u8>>())
    }

    /// The tag's digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ETag {
    type Err = Corrupt;

    fn from_str(text: &str) -> Result<Self, Corrupt> {
        let digits: [u8; 32] = text.as_bytes().try_into().map_err(|_| Corrupt)?;
        if digits
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            Ok(Self(digits))
        } else {
            Err(Corrupt)
        }
    }
}

/// What Torch said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A case, which the body holds.
    Found,
    /// That it does not recognise the receipt number at this time; the body is empty.
    Absent,
}

/// The line: everything about the body but the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// What Torch said.
    pub kind: Kind,
    /// How long it serves.
    pub window: Window,
    /// When the status began, for `Last-Modified`; never after `fetched_at` (RFC 9110, 8.8.2.1).
    pub last_status_at: Option<UnixSeconds>,
    /// Whether `normalized` is of this version of the taxonomy.
    pub current_taxonomy: bool,
    /// The body's length in UTF-16 units.
    pub length: usize,
    /// The body's tag.
    pub etag: ETag,
}

/// What was read is no entry of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupt;

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no cache entry of this version")
    }
}

impl std::error::Error for Corrupt {}

impl FromStr for Meta {
    type Err = Corrupt;

    fn from_str(line: &str) -> Result<Self, Corrupt> {
        let mut parts = line.split(' ');
        let mut next = || parts.next().ok_or(Corrupt);
        if next()? != VERSION {
            return Err(Corrupt);
        }
        let kind = match next()? {
            "ok" => Kind::Found,
            "absent" => Kind::Absent,
            _ => return Err(Corrupt),
        };
        let moment = |part: &str| part.parse().map(UnixSeconds).map_err(|_| Corrupt);
        let window = Window {
            fetched_at: moment(next()?)?,
            fresh_until: moment(next()?)?,
            stale_until: moment(next()?)?,
            error_until: moment(next()?)?,
        };
        let last_status_at = match next()? {
            "-" => None,
            part => Some(moment(part)?),
        };
        let current_taxonomy = next()? == TAXONOMY;
        let length = next()?.parse().map_err(|_| Corrupt)?;
        let etag = next()?.parse()?;
        if parts.next().is_some() || !window.is_sound() || (kind == Kind::Absent) != (length == 0) {
            return Err(Corrupt);
        }
        Ok(Self {
            kind,
            window,
            last_status_at,
            current_taxonomy,
            length,
            etag,
        })
    }
}

/// An entry: a line, and a body that is ready to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The line.
    pub meta: Meta,
    /// The body; empty where Torch does not recognise the receipt.
    pub body: &'a str,
}

impl<'a> Entry<'a> {
    /// The entry of a case whose body is ready.
    pub fn found(body: &'a str, window: Window, last_status_at: Option<UnixSeconds>) -> Self {
        let last_status_at = last_status_at.map(|moment| moment.min(window.fetched_at));
        Self {
            meta: Meta {
                last_status_at,
                ..meta(Kind::Found, body, window)
            },
            body,
        }
    }

    /// The entry of a receipt that Torch does not recognise.
    pub fn absent(window: Window) -> Self {
        Self {
            meta: meta(Kind::Absent, "", window),
            body: "",
        }
    }

    /// The text to keep of a case that Torch gave at `at`.
    pub fn of_case(case: &Case<'_>, table: &Table, at: UnixSeconds) -> String {
        let normalized = normalize(&case.status_text, case.status_category.as_deref());
        let window = table.window(normalized.category, case.receipt, at);
        let body = case.with_normalized(&normalized);
        Entry::found(&body, window, case.last_status_at).write()
    }

    /// The text to keep in place of this entry, which was normalized by another taxonomy: the same
    /// record of the same moment, normalized anew. `None` where the body holds no record.
    pub fn renewed(&self, names: &FieldNames, table: &Table) -> Option<String> {
        let record = case::without_normalized(self.body)?;
        let case = Case::read(record.as_bytes(), names).ok()?;
        Some(Self::of_case(&case, table, self.meta.window.fetched_at))
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`Corrupt`] where it is none: to be treated as if nothing were there.
    pub fn read(text: &'a str) -> Result<Self, Corrupt> {
        let (line, body) = text.split_once('\n').ok_or(Corrupt)?;
        let meta: Meta = line.parse()?;
        if body.encode_utf16().count() != meta.length {
            return Err(Corrupt);
        }
        Ok(Self { meta, body })
    }

    /// The entry as it is kept.
    pub fn write(&self) -> String {
        let Meta {
            kind,
            window,
            last_status_at,
            length,
            ref etag,
            ..
        } = self.meta;
        let kind = match kind {
            Kind::Found => "ok",
            Kind::Absent => "absent",
        };
        let Window {
            fetched_at,
            fresh_until,
            stale_until,
            error_until,
        } = window;
        let mut text = String::with_capacity(self.body.len().saturating_add(160));
        let status_at =
            last_status_at.map_or_else(|| "-".to_owned(), |moment| moment.0.to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{VERSION} {kind} {} {} {} {} {status_at} {TAXONOMY} {length} {}",
            fetched_at.0,
            fresh_until.0,
            stale_until.0,
            error_until.0,
            etag.as_str(),
        );
        text.push_str(self.body);
        text
    }
}

fn meta(kind: Kind, body: &str, window: Window) -> Meta {
    Meta {
        kind,
        window,
        last_status_at: None,
        current_taxonomy: true,
        length: body.encode_utf16().count(),
        etag: ETag::of(body.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(at: i64) -> Window {
        let [fetched_at, fresh_until, stale_until, error_until] =
            [0, 900, 87_300, 605_700].map(|s| UnixSeconds(at + s));
        Window {
            fetched_at,
            fresh_until,
            stale_until,
            error_until,
        }
    }

    #[test]
    fn ok_the_format_is_the_one_of_the_storage_page() {
        let text = Entry::found(
            "{\"é\":\"😀\"}",
            window(1_800_000_000),
            Some(UnixSeconds(1_799_990_000)),
        )
        .write();
        let (line, body) = text.split_once('\n').unwrap();
        assert_eq!(body, "{\"é\":\"😀\"}");
        let tag = ETag::of(body.as_bytes());
        assert_eq!(
            line,
            format!(
                "1 ok 1800000000 1800000900 1800087300 1800605700 1799990000 {TAXONOMY} 10 {}",
                tag.as_str()
            )
        );
        assert_eq!(
            Entry::absent(window(5)).write(),
            format!(
                "1 absent 5 905 87305 605705 - {TAXONOMY} 0 {}\n",
                ETag::of(b"").as_str()
            )
        );
        assert_eq!(
            key("IOE0012345678".parse().unwrap()),
            "case:1:IOE0012345678"
        );
    }

    #[test]
    fn ok_last_modified_is_never_in_the_future() {
        let entry = Entry::found("{}", window(100), Some(UnixSeconds(500)));
        assert_eq!(entry.meta.last_status_at, Some(UnixSeconds(100)));
    }

    #[test]
    fn ok_another_taxonomy_is_told() {
        let text = Entry::found("{}", window(100), None)
            .write()
            .replace(TAXONOMY, "2025-01");
        assert!(!Entry::read(&text).unwrap().meta.current_taxonomy);
    }

    #[test]
    fn ok_an_entry_of_another_taxonomy_is_normalized_anew_and_keeps_its_moment() {
        let record = r#"{"receipt_number":"ABC1234567890","status_text":"Case Was Approved"}"#;
        let (names, table) = (FieldNames::default(), Table::default());
        let case = Case::read(record.as_bytes(), &names).unwrap();
        let text = Entry::of_case(&case, &table, UnixSeconds(1_800_000_000));
        let old = record.replace(
            '}',
            ",\"normalized\":{\"category\":\"received\",\"taxonomy\":\"2025-01\"}}",
        );
        let old = Entry::found(&old, window(1_800_000_000), None);
        assert_eq!(old.renewed(&names, &table), Some(text));
        assert_eq!(
            Entry::found("{}", window(5), None).renewed(&names, &table),
            None
        );
    }

    #[test]
    fn k10_what_is_corrupt_or_of_another_version_is_no_entry() {
        let good = Entry::found("{}", window(100), None).write();
        assert!(Entry::read(&good).is_ok());
        for bad in [
            "",
            "{}",
            "{\"receipt_number\":\"IOE0012345678\"}\n",
            &good.replace("1 ok", "2 ok"),
            &good.replace("1 ok", "1 maybe"),
            &good.replace("1 ok", "1 absent"),
            &good.replace("100 1000", "1001 1000"),
            &good.replace('\n', " x\n"),
            &good.replace("{}", "{"),
            &good.replace("{}", ""),
            &good.replace('\n', ""),
        ] {
            assert_eq!(Entry::read(bad), Err(Corrupt), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn ok_what_is_written_is_read_back(body in "\\PC{1,200}", at in 0..4_000_000_000_i64, status_at: Option<i64>) {
            let entry = Entry::found(&body, window(at), status_at.map(UnixSeconds));
            let text = entry.write();
            prop_assert_eq!(Entry::read(&text), Ok(entry));
        }

        #[test]
        fn k10_any_text_is_an_entry_or_corrupt(text: String, at in 0..40_usize, c: char) {
            let _ = Entry::read(&text);
            let mut good: Vec<char> = Entry::found("{}", window(100), None).write().chars().collect();
            good[at] = c;
            let _ = Entry::read(&good.into_iter().collect::<String>());
        }
    }
}
