//! What an HTTP cache says of its answers, and what a client's validators say of theirs.
#![forbid(unsafe_code)]

use std::fmt::{self, Write};

use crate::time::UnixSeconds;

/// The name that this cache goes by in `Cache-Status`.
pub const CACHE_NAME: &str = "torch-edge";

/// Why a request went on to Torch (RFC 9211, 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// Nothing was cached.
    Miss,
    /// What was cached is stale.
    Stale,
    /// The request's directives demanded it.
    Request,
}

impl Forward {
    const fn id(self) -> &'static str {
        match self {
            // RFC 9211 tells `uri-miss` from `vary-miss`; nothing here varies.
            Self::Miss => "uri-miss",
            Self::Stale => "stale",
            Self::Request => "request",
        }
    }
}

/// Where an answer comes from (RFC 9211, 2.1 and 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// From the cache: Torch was not asked.
    #[default]
    Hit,
    /// From Torch, or from the cache because Torch failed when it was asked.
    Forward(Forward),
    /// From neither: Torch was not asked, and nothing was cached.
    Neither,
}

/// A `Cache-Status` field (RFC 9211).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheStatus {
    /// Where the answer comes from.
    pub source: Source,
    /// The status that Torch answered with, where it answered.
    pub forward_status: Option<u16>,
    /// Whether Torch's answer was kept.
    pub stored: bool,
    /// Whether the call to Torch was another request's.
    pub collapsed: bool,
    /// What is left of freshness, in seconds; negative where the answer is stale.
    pub ttl: Option<i64>,
    /// A word more; a token (RFC 9651).
    pub detail: Option<&'static str>,
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CACHE_NAME)?;
        match self.source {
            Source::Hit => f.write_str("; hit")?,
            Source::Forward(forward) => write!(f, "; fwd={}", forward.id())?,
            Source::Neither => {}
        }
        if let Some(status) = self.forward_status {
            write!(f, "; fwd-status={status}")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if self.collapsed {
            f.write_str("; collapsed")?;
        }
        if let Some(detail) = self.detail {
            write!(f, "; detail={detail}")?;
        }
        Ok(())
    }
}

/// How old a case of a batch is and what is left of its freshness, in seconds, and its `detail`.
pub type Item = (i64, i64, Option<&'static str>);

/// In bytes.
pub const LONGEST_ITEMS: usize = 12_000;

/// `Torch-Edge-Items` of a batch: of each case in its place how old it is, in seconds, with the `ttl` and, where it is
/// stale, the `detail` of Cache-Status as parameters. A List (RFC 9651); one that failed is `?0`. A stale case without
/// `detail` has that of the whole: in an outage each of hundreds would say the same. Clients read headers of 16 KB, Node
/// among them, and fail on more: what would be longer than [`LONGEST_ITEMS`] is empty, and what is said of the whole holds.
pub fn items(items: &[Option<Item>], whole: Option<&str>) -> String {
    let mut field = String::new();
    for item in items {
        if !field.is_empty() {
            field.push_str(", ");
        }
        let Some((age, ttl, detail)) = item else {
            field.push_str("?0");
            continue;
        };
        // Writing to a string cannot fail.
        let _ = write!(field, "{age};ttl={ttl}");
        if *ttl < 0 && *detail != whole {
            let _ = write!(field, ";detail={}", detail.unwrap_or("none"));
        }
    }
    if field.len() > LONGEST_ITEMS {
        field.clear();
    }
    field
}

/// A request's validators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validators<'a> {
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<&'a str>,
}

impl Validators<'_> {
    /// Whether the client has this representation already, and 304 is the answer (RFC 9110, 13.2.2).
    ///
    /// `etag` is without its quotation marks. A weak comparison, as 13.1.2 asks;
    /// `If-Modified-Since` counts only where there is no `If-None-Match`.
    pub fn not_modified(&self, etag: &str, last_modified: Option<UnixSeconds>) -> bool {
        if let Some(field) = self.if_none_match {
            return field.trim() == "*" || tags(field).any(|tag| tag == etag);
        }
        match (
            self.if_modified_since.and_then(UnixSeconds::from_http_date),
            last_modified,
        ) {
            (Some(since), Some(modified)) => modified <= since,
            _ => false,
        }
    }
}

/// The opaque tags of an `If-None-Match` list, weak or strong; what is malformed is passed over.
fn tags(field: &str) -> impl Iterator<Item = &str> {
    // No tag of ours holds a comma, so a list may be cut at each: a foreign tag that holds one falls
    // into pieces that match nothing of ours.
    field.split(',').filter_map(|tag| {
        let tag = tag.trim();
        tag.strip_prefix("W/")
            .unwrap_or(tag)
            .strip_prefix('"')?
            .strip_suffix('"')
    })
}

/// Whether an `Accept` field wants CSV rather than JSON (RFC 9110, 12.5.1): where both would do, JSON.
pub fn prefers_csv(accept: &str) -> bool {
    let (mut csv, mut json, mut any) = (0, None, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(1000, thousandths);
        if name.eq_ignore_ascii_case("text/csv") {
            csv = weight;
        } else if name.eq_ignore_ascii_case("application/json") {
            json = Some(weight);
        } else if matches!(name, "*/*" | "application/*") {
            any = any.max(weight);
        }
    }
    // Who names CSV means it, whatever stands beside it for anything else.
    match json {
        Some(json) => csv > json,
        None => csv > 0 && csv >= any,
    }
}

/// A weight such as `0.5` in thousandths (RFC 9110, 12.4.2); what is none counts as nothing. Parsed by
/// hand: the library's numbers with a point weigh 12 KB.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = format!("{whole}{fraction:0<3}");
    if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ok_a_cache_status_says_what_happened() {
        let hit = CacheStatus {
            ttl: Some(812),
            ..Default::default()
        };
        assert_eq!(hit.to_string(), "torch-edge; hit; ttl=812");
        let miss = CacheStatus {
            source: Source::Forward(Forward::Miss),
            forward_status: Some(200),
            stored: true,
            collapsed: true,
            ttl: Some(900),
            detail: None,
        };
        assert_eq!(
            miss.to_string(),
            "torch-edge; fwd=uri-miss; fwd-status=200; ttl=900; stored; collapsed"
        );
        let stale = CacheStatus {
            source: Source::Forward(Forward::Stale),
            ttl: Some(-5),
            detail: Some("torch_timeout"),
            ..Default::default()
        };
        assert_eq!(
            stale.to_string(),
            "torch-edge; fwd=stale; ttl=-5; detail=torch_timeout"
        );
        let refused = CacheStatus {
            source: Source::Neither,
            detail: Some("quota_exhausted"),
            ..Default::default()
        };
        assert_eq!(refused.to_string(), "torch-edge; detail=quota_exhausted");
    }

    #[test]
    fn ok_a_batch_says_of_each_item_how_old_it_is_and_why() {
        let told = [
            Some((12, 888, None)),
            Some((1_000, -100, Some("refreshing"))),
            Some((2_000, -1_100, Some("torch_timeout"))),
            None,
            Some((950, -50, None)),
        ];
        let field = "12;ttl=888, 1000;ttl=-100;detail=refreshing, 2000;ttl=-1100, ?0, 950;ttl=-50;detail=none";
        assert_eq!(items(&told, Some("torch_timeout")), field);
        assert_eq!(items(&[], None), "");
        let long = items(
            &[Some((604_800, -518_400, Some("circuit_open"))); 500],
            Some("circuit_open"),
        );
        assert!(long.len() > 9_000, "{}", long.len());
        let renewed = vec![Some((4_500, -3_600, Some("refreshing"))); 499];
        assert_eq!(
            items(&renewed, None),
            "",
            "17 KB, which a client would fail on"
        );
    }

    #[test]
    fn k11_validators_of_every_form() {
        let modified = Some(UnixSeconds(784_111_777));
        let matches = |if_none_match, if_modified_since| {
            Validators {
                if_none_match,
                if_modified_since,
            }
            .not_modified("abc", modified)
        };
        for field in [
            "\"abc\"",
            "W/\"abc\"",
            "\"x\", \"abc\"",
            "*",
            " * ",
            "\"x\",W/\"abc\" ,",
            "\"a,b\", \"abc\"",
        ] {
            assert!(matches(Some(field), None), "{field}");
        }
        for field in [
            "\"abcd\"",
            "abc",
            "\"x\"",
            "",
            "w/\"abc\"",
            "\"\"",
            "\"ABC\"",
            "\"*\"",
            "*, \"x\"",
        ] {
            assert!(!matches(Some(field), None), "{field}");
        }
        let (same, before) = (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:36 GMT",
        );
        assert!(
            matches(None, Some(same))
                && !matches(None, Some(before))
                && !matches(None, Some("yesterday"))
        );
        assert!(
            !matches(Some("\"x\""), Some(same)),
            "If-Modified-Since is ignored beside If-None-Match"
        );
        assert!(
            !Validators {
                if_none_match: None,
                if_modified_since: Some(same)
            }
            .not_modified("abc", None)
        );
    }

    proptest! {
        #[test]
        fn ok_any_validators_are_compared(if_none_match: Option<String>, if_modified_since: Option<String>) {
            let validators = Validators { if_none_match: if_none_match.as_deref(), if_modified_since: if_modified_since.as_deref() };
            let _ = validators.not_modified("abc", Some(UnixSeconds(5)));
        }
    }

    #[test]
    fn ok_csv_is_for_who_asks_for_it() {
        for (accept, csv) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("text/csv", true),
            ("Text/CSV; charset=utf-8", true),
            ("text/csv, */*", true),
            ("text/csv, */*;q=0.1", true),
            ("text/csv;q=0.5, */*", false),
            ("text/csv, application/json", false),
            ("application/json;q=0.5, text/csv", true),
            ("text/csv;q=0.25, application/json;q=0.125", true),
            ("text/csv;q=0", false),
            ("text/csv;q=nonsense", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
        ] {
            assert_eq!(prefers_csv(accept), csv, "{accept}");
        }
    }
}
