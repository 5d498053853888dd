//! Moments, as everything here counts them: whole seconds since 1970, UTC; milliseconds where a wait
//! is shorter than that.
#![forbid(unsafe_code)]

use std::fmt;

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

    /// Which day of the week it is in, from Monday, which is 0.
    const fn weekday(self) -> i64 {
        // The first day of 1970 was a Thursday.
        self.0.div_euclid(DAY).saturating_add(3).rem_euclid(7)
    }

    /// This moment in milliseconds: where its second begins.
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(1000))
    }

    /// The moment that an RFC 3339 date-time names, cut to the second.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (civil, rest) = Civil::read(text.trim(), "YYYY-mm-ddtHH:MM:SS")?;
        let rest = match rest.strip_prefix('.') {
            None => rest,
            Some(fraction) => {
                let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
                (rest.len() < fraction.len()).then_some(rest)?
            }
        };
        // A leap second is the one before it.
        let second = if civil.second == 60 { 59 } else { civil.second };
        let local = Civil { second, ..civil }.moment()?;
        if matches!(rest, "Z" | "z") {
            return Some(local);
        }
        let west = rest.strip_prefix('+').is_none();
        let ahead = rest.strip_prefix(['+', '-', '\u{2212}'])?;
        let (offset, "") = Civil::read(ahead, "HH:MM")? else {
            return None;
        };
        // The first day that there is serves for any.
        let ahead = offset.on_the_first_day()?.0;
        Some(local.plus(if west { ahead } else { ahead.saturating_neg() }))
    }

    /// This moment as RFC 3339 in UTC; `None` where its year has not four digits.
    pub fn to_rfc3339(self) -> Option<String> {
        let civil = Civil::of(self)?;
        let Civil {
            year, month, day, ..
        } = civil;
        Some(format!("{year:04}-{month:02}-{day:02}T{}Z", Clock(civil)))
    }

    /// The moment that an HTTP date names, in any of its three forms (RFC 9110, 5.6.7).
    pub fn from_http_date(text: &str) -> Option<Self> {
        let text = text.trim();
        let (weekday, rest) = text.split_at_checked(text.find([',', ' '])?)?;
        let short = |name: &str| name.get(..3) == Some(weekday);
        let (civil, day) = match rest.strip_suffix(" GMT") {
            None => (
                Civil::read(rest, " b ed HH:MM:SS YYYY")?,
                WEEKDAYS.map(short),
            ),
            Some(rest) => match Civil::read(rest, ", dd b YYYY HH:MM:SS") {
                Some(read) => (read, WEEKDAYS.map(short)),
                None => {
                    let (mut civil, rest) = Civil::read(rest, ", dd-b-YY HH:MM:SS")?;
                    // As RFC 6265 has it, and everybody.
                    let century = if civil.year < 70 { 2000 } else { 1900 };
                    civil.year = civil.year.saturating_add(century);
                    ((civil, rest), WEEKDAYS.map(|name| name == weekday))
                }
            },
        };
        let (civil, "") = civil else { return None };
        let moment = civil.moment().filter(|moment| moment.0 >= 0)?;
        let right = usize::try_from(moment.weekday()).ok()?;
        day.get(right).is_some_and(|said| *said).then_some(moment)
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
        // There is a date for each second between them.
        let civil = Civil::of(seconds).unwrap_or_default();
        let name = |names: &[&'static str], at: i64| {
            let name = usize::try_from(at).ok().and_then(|at| names.get(at));
            name.and_then(|name| name.get(..3)).unwrap_or_default()
        };
        write!(
            f,
            "{}, {:02} {} {:04} {} GMT",
            name(&WEEKDAYS, seconds.weekday()),
            civil.day,
            name(&MONTHS, civil.month.saturating_sub(1)),
            civil.year,
            Clock(civil)
        )
    }
}

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date of the Gregorian calendar and a time of day, as they are written.
///
/// Of all that `chrono` and `httpdate` know of dates this is what is needed here; the two weigh 7 KB gzipped, which
/// the Worker has not. The tests hold it to what they say.
#[derive(Debug, Clone, Copy, Default)]
struct Civil {
    year: i64,
    /// From 1 on.
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// The date and time of a moment, in UTC, where its year has four digits.
    fn of(at: UnixSeconds) -> Option<Self> {
        let days = at.0.div_euclid(DAY);
        let time = at.0.rem_euclid(DAY);
        let year = last(10_000, |year| first_of(year, 0) <= days)?;
        if first_of(10_000, 0) <= days {
            return None;
        }
        let month = last(12, |month| first_of(year, month) <= days)?;
        Some(Self {
            year,
            month: month.saturating_add(1),
            day: days.saturating_sub(first_of(year, month)).saturating_add(1),
            hour: time.div_euclid(3600),
            minute: time.div_euclid(60).rem_euclid(60),
            second: time.rem_euclid(60),
        })
    }

    /// The moment that it is, in UTC; `None` where there is no such date or time.
    fn moment(self) -> Option<UnixSeconds> {
        let month = self.month.saturating_sub(1);
        let first = first_of(self.year, month);
        let length = first_of(self.year, self.month).saturating_sub(first);
        let sound = (0..12).contains(&month)
            && (1..=length).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        let days = first.saturating_add(self.day).saturating_sub(1);
        let time = self.hour.saturating_mul(3600);
        let time = time.saturating_add(self.minute.saturating_mul(60));
        let moment = days.saturating_mul(DAY).saturating_add(time);
        sound.then(|| UnixSeconds(moment.saturating_add(self.second)))
    }

    /// The time of day alone: a moment of the first day of 1970.
    fn on_the_first_day(self) -> Option<UnixSeconds> {
        let (year, month, day) = (1970, 1, 1);
        Self {
            year,
            month,
            day,
            ..self
        }
        .moment()
    }

    /// What stands at the beginning of a text by a pattern, and what follows. In a pattern `Y`, `m`, `d`, `H`, `M` and
    /// `S` are a digit each; `e` is a digit or a space; `b` is a month's name; `t` parts date and time; all else is
    /// itself.
    fn read<'a>(text: &'a str, pattern: &str) -> Option<(Self, &'a str)> {
        let (mut civil, mut rest) = (Self::default(), text);
        for form in pattern.chars() {
            if form == 'b' {
                let (name, behind) = rest.split_at_checked(3)?;
                let month = MONTHS.iter().position(|month| *month == name)?;
                civil.month = i64::try_from(month).ok()?.saturating_add(1);
                rest = behind;
                continue;
            }
            let next = rest.chars().next()?;
            rest = rest.get(next.len_utf8()..)?;
            let place = match form {
                'Y' => &mut civil.year,
                'm' => &mut civil.month,
                'd' => &mut civil.day,
                'H' => &mut civil.hour,
                'M' => &mut civil.minute,
                'S' => &mut civil.second,
                'e' if next == ' ' => continue,
                'e' => &mut civil.day,
                't' if matches!(next, 'T' | 't' | ' ') => continue,
                form if form == next => continue,
                _ => return None,
            };
            let digit = i64::from(next.to_digit(10)?);
            *place = place.saturating_mul(10).saturating_add(digit);
        }
        Some((civil, rest))
    }
}

/// The last of the numbers from 0 up to `end` for which something holds that holds for all below it.
fn last(end: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    low.checked_sub(1).filter(|found| *found >= 0)
}

/// How many days of a year lie before each of its months, and before its end.
const BEFORE: [u16; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// How many days after 1970-01-01 a month begins; the first is 0, and 12 is the next year's first.
fn first_of(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let before = year.saturating_sub(1);
    let leaps = before.div_euclid(4).saturating_sub(before.div_euclid(100));
    let leaps = leaps.saturating_add(before.div_euclid(400));
    let before = usize::try_from(month).ok().and_then(|at| BEFORE.get(at));
    let days = before.map_or(0, |days| i64::from(*days));
    let days = days.saturating_add((leap && month > 1).into());
    year.saturating_mul(365)
        .saturating_add(leaps)
        .saturating_add(days)
        .saturating_sub(719_527)
}

/// A day in seconds.
const DAY: i64 = 86_400;

/// The time of day: `08:49:37`.
struct Clock(Civil);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at) = self;
        write!(f, "{:02}:{:02}:{:02}", at.hour, at.minute, at.second)
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

        /// What is written in any of the forms, sound or with a slip in it, is read as `httpdate` and `chrono` read it.
        #[test]
        fn ok_dates_are_read_and_written_as_others_do(
            seconds in prop_oneof![-62_167_219_300_i64..253_402_300_900, 0..4_102_444_800_i64, any::<i64>()],
            form in 0_usize..7,
            zone in prop_oneof!["[+-][0-2][0-9]:[0-6][0-9]", "[zZ]", "\u{2212}01:30", ""],
            slip in prop::option::weighted(0.7, (any::<prop::sample::Index>(), "[0-9 :,.A-Za-z\u{2212}-]{0,2}")),
        ) {
            let theirs = chrono::DateTime::from_timestamp(seconds, 0);
            let theirs = theirs.filter(|at| (0..=9999).contains(&chrono::Datelike::year(at)));
            let ours = UnixSeconds(seconds).to_rfc3339();
            prop_assert_eq!(&ours, &theirs.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()));
            let Some(at) = theirs else { return Ok(()) };
            let mut text = at.format([
                "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y",
                "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:60.1234567890", "%Y-02-29t%H:%M:%S.5", "%a, 29 Feb %Y %H:%M:%S GMT",
            ][form]).to_string();
            if (3..6).contains(&form) {
                text.push_str(&zone);
            }
            if let Some((at, with)) = slip {
                let at = at.index(text.len());
                if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                    text.replace_range(at..=at, &with);
                }
            }
            let http = httpdate::parse_http_date(text.trim()).ok();
            let http = http.map(|at| at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs());
            prop_assert_eq!(UnixSeconds::from_http_date(&text), http.map(|at| UnixSeconds(at.cast_signed())), "{}", text);
            let other = chrono::DateTime::parse_from_rfc3339(text.trim()).ok();
            prop_assert_eq!(UnixSeconds::from_rfc3339(&text), other.map(|at| UnixSeconds(at.timestamp())), "{}", text);
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
