//! Rate-limit fields: what Torch may say of its windows, and what we say of a client's own.
//!
//! `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10, and what came
//! before it: `RateLimit-Limit`, `-Remaining`, `-Reset`, with and without `X-`. Torch's documentation
//! names none of them, so each is read where it stands, and what cannot be read says nothing.
#![forbid(unsafe_code)]

use crate::time::UnixSeconds;

/// The longest window that is believed, in seconds: two days.
const LONGEST: i64 = 172_800;

/// A window of at least this many seconds is the day's.
const LONG_WINDOW: i64 = 3601;

/// More than so many windows nobody has.
const MOST_WINDOWS: usize = 8;

/// Torch's fields as they stand in an answer, empty where they do not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    /// `RateLimit`.
    pub limits: &'a str,
    /// `RateLimit-Policy`.
    pub policies: &'a str,
    /// `RateLimit-Remaining` or `X-RateLimit-Remaining`.
    pub remaining: &'a str,
    /// `RateLimit-Reset` or `X-RateLimit-Reset`: seconds, or seconds since 1970.
    pub reset: &'a str,
}

/// What Torch says of one of its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Calls that are left in it.
    pub left: i64,
    /// Seconds until it begins anew.
    pub resets_in: i64,
    /// Its length in seconds, where it is said.
    pub length: Option<i64>,
}

impl Window {
    /// Whether it is a day's window rather than a minute's.
    pub fn is_of_a_day(&self) -> bool {
        self.length.unwrap_or(self.resets_in) >= LONG_WINDOW
    }
}

/// The windows that the fields of an answer tell of.
pub fn windows(fields: Fields<'_>, now: UnixSeconds) -> Vec<Window> {
    let lengths: Vec<_> = list(fields.policies)
        .filter_map(|item| Some((item.name, item.parameter("w")?)))
        .collect();
    let mut windows: Vec<Window> = list(fields.limits)
        .filter_map(|item| {
            let length = lengths
                .iter()
                .find(|(name, _)| *name == item.name)
                .map(|(_, length)| *length);
            // Without `t` the window is over when its length is, at the latest.
            let resets_in = item.parameter("t").or(length)?;
            Some(Window {
                left: item.parameter("r")?,
                resets_in: resets_in.min(LONGEST),
                length,
            })
        })
        .take(MOST_WINDOWS)
        .collect();
    if let (Some(left), Some(reset)) = (whole(fields.remaining), whole(fields.reset)) {
        // A large number is a moment.
        let resets_in = match UnixSeconds(reset).since(now) {
            _ if reset <= LONGEST => reset,
            until => until.clamp(0, LONGEST),
        };
        windows.push(Window {
            left,
            resets_in,
            length: None,
        });
    }
    windows
}

/// An item of a structured list (RFC 9651): a name and its parameters.
struct Item<'a> {
    name: &'a str,
    parameters: &'a str,
}

impl Item<'_> {
    fn parameter(&self, key: &str) -> Option<i64> {
        self.parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            (name.trim() == key).then(|| whole(value))?
        })
    }
}

/// The items of a list. A name that holds a comma or a semicolon falls into pieces that have no
/// numbers and so say nothing.
fn list(field: &str) -> impl Iterator<Item = Item<'_>> {
    field.split(',').map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        Item {
            name: name.trim().trim_matches('"'),
            parameters,
        }
    })
}

/// A whole number, not negative; a fraction is cut off.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.split_once('.').map_or(text, |(digits, _)| digits);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(i64::MAX))
}

/// How many requests a minute the platform's rate-limit binding lets through for a client, by
/// `[[ratelimits]]` in wrangler.toml. It has one limit for all: so an isolate tells it of a client's requests
/// in [packets](Meter::fills_packet), of which every client has so many.
pub const PACKETS: u32 = 600;

/// A client's requests in one minute, counted where they come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meter {
    minute: i64,
    used: u32,
}

/// What a client has left of its allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a minute.
    pub quota: u32,
    /// What is left of them after this request.
    pub left: u32,
    /// Seconds until the minute is over.
    pub resets_in: u32,
    /// Whether this request was one too many.
    pub exceeded: bool,
}

impl Meter {
    /// Whether the next request fills a packet, of which the binding is to be told.
    pub fn fills_packet(&self, quota: u32, now: UnixSeconds) -> bool {
        let used = match now.0.div_euclid(60) == self.minute {
            true => self.used,
            false => 0,
        };
        let packet = quota.div_ceil(PACKETS).max(1);
        used.saturating_add(1).checked_rem(packet) == Some(0)
    }

    /// The rest of this minute's allowance was used up elsewhere.
    pub fn use_up(&mut self, quota: u32, now: UnixSeconds) {
        *self = Self {
            minute: now.0.div_euclid(60),
            used: quota,
        };
    }

    /// Counts a request at `now`.
    pub fn count(&mut self, quota: u32, now: UnixSeconds) -> Allowance {
        let minute = now.0.div_euclid(60);
        if minute != self.minute {
            *self = Self { minute, used: 0 };
        }
        let exceeded = self.used >= quota;
        if !exceeded {
            self.used = self.used.saturating_add(1);
        }
        let into = u32::try_from(now.0.rem_euclid(60)).unwrap_or(0);
        Allowance {
            quota,
            left: quota.saturating_sub(self.used),
            resets_in: 60_u32.saturating_sub(into),
            exceeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn window(left: i64, resets_in: i64, length: Option<i64>) -> Window {
        Window {
            left,
            resets_in,
            length,
        }
    }

    #[test]
    fn ok_the_fields_of_the_draft() {
        let fields = Fields {
            limits: "\"minute\";r=599;t=42, \"day\";r=49999;t=12345",
            policies: "\"minute\";q=600;w=60, \"day\";q=50000;w=86400;pk=:cHk=:",
            ..Fields::default()
        };
        let told = windows(fields, NOW);
        assert_eq!(
            told,
            [
                window(599, 42, Some(60)),
                window(49_999, 12_345, Some(86_400))
            ]
        );
        assert_eq!(
            told.iter().map(Window::is_of_a_day).collect::<Vec<_>>(),
            [false, true]
        );
        let bare = Fields {
            limits: "default; r=0 ; t=7",
            ..Fields::default()
        };
        assert_eq!(windows(bare, NOW), [window(0, 7, None)]);
    }

    #[test]
    fn ok_the_older_fields_with_seconds_or_a_moment() {
        for (reset, seconds) in [
            ("30", 30),
            ("1800000030", 30),
            ("1799999999", 0),
            ("0", 0),
            ("99999999999999999999", LONGEST),
        ] {
            let fields = Fields {
                remaining: "5",
                reset,
                ..Fields::default()
            };
            assert_eq!(windows(fields, NOW), [window(5, seconds, None)], "{reset}");
        }
    }

    #[test]
    fn err_what_cannot_be_read_says_nothing() {
        for limits in [
            "",
            "\"a\"",
            "\"a\";r=5",
            "\"a\";t=5",
            "\"a\";r=-1;t=5",
            "\"a\";r=x;t=5",
            "r=5;t=5",
            ";;;,,,",
            "60",
        ] {
            let fields = Fields {
                limits,
                ..Fields::default()
            };
            assert_eq!(windows(fields, NOW), [], "{limits}");
        }
        for (remaining, reset) in [("5", ""), ("", "5"), ("-1", "5"), ("5", "soon")] {
            let fields = Fields {
                remaining,
                reset,
                ..Fields::default()
            };
            assert_eq!(windows(fields, NOW), []);
        }
    }

    #[test]
    fn ok_an_allowance_is_counted_by_the_minute() {
        let mut meter = Meter::default();
        let minute = UnixSeconds(NOW.0 - NOW.0.rem_euclid(60));
        let count = |meter: &mut Meter, second| {
            let allowance = meter.count(2, minute.plus(second));
            (allowance.left, allowance.resets_in, allowance.exceeded)
        };
        assert_eq!(count(&mut meter, 0), (1, 60, false));
        assert_eq!(count(&mut meter, 30), (0, 30, false));
        assert_eq!(count(&mut meter, 59), (0, 1, true));
        assert_eq!(count(&mut meter, 60), (1, 60, false));
    }

    #[test]
    fn ok_the_binding_is_told_of_packets_and_what_it_refuses_is_used_up() {
        let minute = UnixSeconds(NOW.0 - NOW.0.rem_euclid(60));
        for (quota, packet) in [
            (1, 1),
            (600, 1),
            (601, 2),
            (60_000, 100),
            (u32::MAX, 7_158_279),
        ] {
            let mut meter = Meter {
                minute: minute.0 / 60,
                used: packet - 2.min(packet),
            };
            if packet > 1 {
                assert!(!meter.fills_packet(quota, minute));
                meter.count(quota, minute);
            }
            assert!(meter.fills_packet(quota, minute), "{quota}");
        }
        let mut meter = Meter::default();
        assert!(!meter.count(5, minute).exceeded);
        meter.use_up(5, minute);
        assert!(meter.count(5, minute).exceeded);
        assert!(!meter.count(5, minute.plus(60)).exceeded);
    }

    proptest! {
        #[test]
        fn ok_any_fields_are_windows_or_nothing(limits: String, policies: String, remaining: String, reset: String, now: i64) {
            let fields = Fields { limits: &limits, policies: &policies, remaining: &remaining, reset: &reset };
            for window in windows(fields, UnixSeconds(now)) {
                prop_assert!(window.left >= 0 && (0..=LONGEST).contains(&window.resets_in));
            }
        }
    }
}
