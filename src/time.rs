//! Moments, as everything here counts them: whole seconds since 1970, UTC; milliseconds where a wait
//! is shorter than that.
#![forbid(unsafe_code)]

use std::fmt;
use std::time::UNIX_EPOCH;

use chrono::{Datelike, Timelike};

/// The last second that an HTTP date can name: the end of the year 9999.
const LAST_HTTP_SECOND: i64 = 253_402_300_799;

/// Whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// From a count of milliseconds, as JavaScript's `Date.now()` gives it. Not a number is 1970.
    pub fn from_millis(millis: f64) -> Self {
        // A float-to-integer `as` saturates: no input is out of range.
        Self((millis / 1000.0).floor() as i64)
    }

    /// This moment and `seconds` more.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// How many seconds this moment lies after `earlier`; negative where it lies before.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment in milliseconds: where its second begins.
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(1000))
    }

    /// The moment that an RFC 3339 date-time names, cut to the second.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        chrono::DateTime::parse_from_rfc3339(text.trim())
            .ok()
            .map(|moment| Self(moment.timestamp()))
    }

    /// This moment as RFC 3339 in UTC; `None` where its year has not four digits.
    pub fn to_rfc3339(self) -> Option<String> {
        let moment = moment(self)?;
        Some(format!(
            "{:04}-{:02}-{:02}T{}Z",
            moment.year(),
            moment.month(),
            moment.day(),
            Clock(moment)
        ))
    }

    /// The moment that an HTTP date names, in any of its three forms (RFC 9110, 5.6.7).
    pub fn from_http_date(text: &str) -> Option<Self> {
        let moment = httpdate::parse_http_date(text.trim()).ok()?;
        let since = moment.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok().map(Self)
    }

    /// This moment as an HTTP date; years before 1970 and after 9999 are cut to those.
    pub fn http_date(self) -> HttpDate {
        HttpDate(self)
    }
}

/// Whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// From a count of milliseconds, as JavaScript's `Date.now()` gives it. Not a number is 1970.
    pub fn from_js(millis: f64) -> Self {
        // A float-to-integer `as` saturates: no input is out of range.
        Self(millis as i64)
    }

    /// The second that this moment lies in.
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0.div_euclid(1000))
    }

    /// This moment and `millis` more.
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// How many milliseconds this moment lies after `earlier`; negative where it lies before.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Displays a moment as an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[derive(Debug, Clone, Copy)]
pub struct HttpDate(UnixSeconds);

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = UnixSeconds(self.0.0.clamp(0, LAST_HTTP_SECOND));
        // There is a moment for each second between them.
        let moment = moment(seconds).unwrap_or_default();
        let name = |names: &'static str, at: u32| {
            let at = usize::try_from(at).unwrap_or(0).saturating_mul(3);
            names.get(at..at.saturating_add(3)).unwrap_or_default()
        };
        write!(
            f,
            "{}, {:02} {} {:04} {} GMT",
            name(
                "MonTueWedThuFriSatSun",
                moment.weekday().num_days_from_monday()
            ),
            moment.day(),
            name("JanFebMarAprMayJunJulAugSepOctNovDec", moment.month0()),
            moment.year(),
            Clock(moment)
        )
    }
}

/// The date and time of a moment, in UTC, where its year has four digits.
fn moment(at: UnixSeconds) -> Option<chrono::NaiveDateTime> {
    let moment = chrono::DateTime::from_timestamp(at.0, 0)?.naive_utc();
    (0..=9999).contains(&moment.year()).then_some(moment)
}

/// The time of day: `08:49:37`.
struct Clock(chrono::NaiveDateTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at) = self;
        write!(f, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    }
}

/// A number's digits, without `format!`, whose machinery would be a twentieth of what a browser loads.
pub(crate) fn decimal(number: i64) -> String {
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    push_digits(number.unsigned_abs(), &mut text);
    text
}

fn push_digits(number: u64, out: &mut String) {
    if number > 9 {
        push_digits(number / 10, out);
    }
    out.push(char::from(b'0'.wrapping_add((number % 10) as u8)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ok_dates_of_both_kinds_are_read_and_written() {
        let moment = UnixSeconds(784_111_777);
        assert_eq!(
            moment.http_date().to_string(),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(UnixSeconds::from_http_date(text), Some(moment), "{text}");
        }
        assert_eq!(
            UnixSeconds::from_rfc3339("1994-11-06T08:49:37Z"),
            Some(moment)
        );
        assert_eq!(
            UnixSeconds::from_rfc3339("1994-11-06T09:49:37.9+01:00"),
            Some(moment)
        );
        assert_eq!(moment.to_rfc3339().as_deref(), Some("1994-11-06T08:49:37Z"));
    }

    #[test]
    fn err_what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "1994-11-06",
            "1994-13-06T08:49:37Z",
            "06/11/1994",
        ] {
            assert_eq!(UnixSeconds::from_rfc3339(text), None, "{text}");
            assert_eq!(UnixSeconds::from_http_date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn ok_any_moment_has_an_http_date_and_those_in_range_come_back(seconds: i64) {
            let moment = UnixSeconds(seconds);
            let back = UnixSeconds::from_http_date(&moment.http_date().to_string());
            prop_assert!(back.is_some());
            if (0..=253_402_300_799).contains(&seconds) {
                prop_assert_eq!(back, Some(moment));
            }
        }

        #[test]
        fn ok_any_text_at_all_is_a_date_or_none(text: String) {
            let _ = (UnixSeconds::from_http_date(&text), UnixSeconds::from_rfc3339(&text));
        }

        #[test]
        fn ok_any_milliseconds_are_a_moment(millis: f64) {
            let _ = UnixSeconds::from_millis(millis);
        }
    }
}
