//! Keys, and how much each may ask: a fixed window a minute and one a day, the day by UTC unless
//! another hour is set for it.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ratelimit::RateLimitFields;

/// Milliseconds.
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

const LONGEST_KEY: usize = 256;

/// Whether a key can be this text, where one is named by hand: keys are stored in one value.
pub(super) fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

/// A key by its first four characters: enough to tell keys apart, too little to use one.
pub(super) fn abbreviated(key: &str) -> String {
    let start: String = key.chars().take(4).collect();
    format!("{start}…")
}

/// What a key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyState {
    /// It is good.
    Active,
    /// It is known, and not enabled for this environment: 403.
    Forbidden,
    /// It was good once: 401, as for a key that never was.
    Revoked,
}

/// What a batch does with a receipt that is not recognised. Torch's documentation does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BatchUnknown {
    /// The array goes without it.
    #[default]
    Omit,
    /// The whole batch is a 404.
    Reject,
}

/// The limits in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Limits {
    pub(super) per_minute: u32,
    pub(super) per_day: u32,
    /// Seconds after midnight UTC at which the day's window begins anew.
    pub(super) day_resets_at: u32,
    pub(super) batch_max: u32,
    pub(super) batch_unknown: BatchUnknown,
    pub(super) headers: RateLimitFields,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_minute: 600,
            per_day: 50_000,
            day_resets_at: 0,
            batch_max: 100,
            batch_unknown: BatchUnknown::Omit,
            headers: RateLimitFields::None,
        }
    }
}

/// Limits that were set by hand, each over the configured one: `PUT /__sandbox/limits`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsSet {
    per_minute: Option<u32>,
    per_day: Option<u32>,
    day_resets_at: Option<u32>,
    batch_max: Option<u32>,
    batch_unknown: Option<BatchUnknown>,
    headers: Option<RateLimitFields>,
}

impl LimitsSet {
    /// # Errors
    /// A sentence about the part that cannot be done.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.day_resets_at.is_some_and(|second| second >= 86_400) {
            return Err("`day_resets_at` must be a second of the day, from 0 to 86399".to_owned());
        }
        Ok(())
    }

    /// These, and where they say nothing, what was set before.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            per_minute: self.per_minute.or(before.per_minute),
            per_day: self.per_day.or(before.per_day),
            day_resets_at: self.day_resets_at.or(before.day_resets_at),
            batch_max: self.batch_max.or(before.batch_max),
            batch_unknown: self.batch_unknown.or(before.batch_unknown),
            headers: self.headers.or(before.headers),
        }
    }

    /// These over the configured ones.
    pub(super) fn over(self, configured: Limits) -> Limits {
        Limits {
            per_minute: self.per_minute.unwrap_or(configured.per_minute),
            per_day: self.per_day.unwrap_or(configured.per_day),
            day_resets_at: self.day_resets_at.unwrap_or(configured.day_resets_at),
            batch_max: self.batch_max.unwrap_or(configured.batch_max),
            batch_unknown: self.batch_unknown.unwrap_or(configured.batch_unknown),
            headers: self.headers.unwrap_or(configured.headers),
        }
    }
}

/// One fixed window: which one, and how many calls it has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    index: i64,
    used: u32,
}

impl Window {
    fn used(self, index: i64) -> u32 {
        if self.index == index { self.used } else { 0 }
    }

    fn count(&mut self, index: i64) {
        *self = Self {
            index,
            used: self.used(index).saturating_add(1),
        };
    }
}

/// How windows of one length follow each other, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Cycle {
    length: i64,
    /// What the first begins at: the windows are counted from there.
    start: i64,
}

impl Cycle {
    const MINUTE: Self = Self {
        length: MINUTE,
        start: 0,
    };

    fn day(limits: &Limits) -> Self {
        Self {
            length: DAY,
            start: i64::from(limits.day_resets_at).saturating_mul(1000),
        }
    }

    fn index(self, running: i64) -> i64 {
        running.saturating_sub(self.start).div_euclid(self.length)
    }

    /// Whole seconds until the window ends, rounded up: who waits them finds the next one.
    fn seconds_left(self, running: i64) -> i64 {
        let gone = running.saturating_sub(self.start).rem_euclid(self.length);
        let left = self.length.saturating_sub(gone);
        left.saturating_add(999).div_euclid(1000)
    }

    fn standing(self, name: &'static str, limit: u32, window: Window, running: i64) -> Standing {
        Standing {
            name,
            limit,
            used: window.used(self.index(running)),
            seconds: self.length.div_euclid(1000),
            resets_in: self.seconds_left(running),
        }
    }
}

/// How a key stands in the window of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) name: &'static str,
    pub(super) limit: u32,
    pub(super) used: u32,
    /// How long the window is.
    pub(super) seconds: i64,
    /// Seconds until it ends, rounded up.
    pub(super) resets_in: i64,
}

impl Standing {
    /// Calls that are left. A limit may have been lowered below what is used.
    pub(super) fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// What one key has asked so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Usage {
    minute: Window,
    day: Window,
}

/// What every key has asked so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Quota(BTreeMap<String, Usage>);

impl Quota {
    /// Counts a call of `key` at `running` (milliseconds), unless a window is full.
    ///
    /// # Errors
    /// The seconds until no window is full. A call that is refused is not counted.
    pub(super) fn take(&mut self, key: &str, limits: &Limits, running: i64) -> Result<(), i64> {
        let windows = self.standing(key, limits, running);
        let full = windows.iter().filter(|window| window.left() == 0);
        if let Some(seconds) = full.map(|window| window.resets_in).max() {
            return Err(seconds);
        }
        let usage = self.0.entry(key.to_owned()).or_default();
        usage.minute.count(Cycle::MINUTE.index(running));
        usage.day.count(Cycle::day(limits).index(running));
        Ok(())
    }

    /// How `key` stands in the minute and in the day of `running`.
    pub(super) fn standing(&self, key: &str, limits: &Limits, running: i64) -> [Standing; 2] {
        let usage = self.0.get(key).copied().unwrap_or_default();
        let day = Cycle::day(limits);
        [
            Cycle::MINUTE.standing("minute", limits.per_minute, usage.minute, running),
            day.standing("day", limits.per_day, usage.day, running),
        ]
    }

    /// Begins every key's day anew. Days that begin at another second are counted differently, and a
    /// count of before must not come back as one of them.
    pub(super) fn forget_days(&mut self) {
        for usage in self.0.values_mut() {
            usage.day = Window::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 20_000 * DAY + DAY / 2;

    fn used(quota: &Quota, key: &str, running: i64) -> [u32; 2] {
        let windows = quota.standing(key, &Limits::default(), running);
        windows.map(|window| window.used)
    }

    #[test]
    fn ok_a_full_minute_says_how_long_and_the_next_one_is_open() {
        let (mut quota, limits) = (
            Quota::default(),
            Limits {
                per_minute: 2,
                ..Limits::default()
            },
        );
        assert_eq!(quota.take("k", &limits, NOON + 100), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + 200), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + 200), Err(60));
        assert_eq!(quota.take("k", &limits, NOON + 59_999), Err(1));
        assert_eq!(used(&quota, "k", NOON + 59_999), [2, 2]);
        assert_eq!(quota.take("other", &limits, NOON + 59_999), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + 60_000), Ok(()));
        assert_eq!(used(&quota, "k", NOON + 60_000), [1, 3]);
    }

    #[test]
    fn ok_a_full_day_lasts_until_midnight_utc() {
        let (mut quota, limits) = (
            Quota::default(),
            Limits {
                per_day: 1,
                ..Limits::default()
            },
        );
        assert_eq!(quota.take("k", &limits, NOON), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + MINUTE), Err(43_140));
        assert_eq!(quota.take("k", &limits, NOON + DAY / 2), Ok(()));
    }

    #[test]
    fn ok_a_day_can_begin_at_any_second_and_a_wait_is_for_both_windows() {
        let (mut quota, limits) = (
            Quota::default(),
            Limits {
                per_minute: 2,
                per_day: 1,
                day_resets_at: 43_205,
                ..Limits::default()
            },
        );
        assert_eq!(quota.take("k", &limits, NOON + 1), Ok(()));
        let [minute, day] = quota.standing("k", &limits, NOON + 1);
        assert_eq!((minute.left(), minute.resets_in), (1, 60));
        assert_eq!((day.left(), day.resets_in), (0, 5));
        assert_eq!(quota.take("k", &limits, NOON + 4_999), Err(1));
        assert_eq!(quota.take("k", &limits, NOON + 5_000), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + 5_000), Err(86_400));
        quota.forget_days();
        assert_eq!(quota.take("k", &limits, NOON + 5_000), Err(55));

        let both = Limits {
            per_minute: 1,
            ..limits
        };
        assert_eq!(quota.take("l", &both, NOON), Ok(()));
        assert_eq!(quota.take("l", &both, NOON), Err(60), "not the day's 5");
    }

    #[test]
    fn ok_a_clock_set_back_opens_a_window_of_its_own() {
        let (mut quota, limits) = (
            Quota::default(),
            Limits {
                per_minute: 1,
                ..Limits::default()
            },
        );
        assert_eq!(quota.take("k", &limits, NOON), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON - 400 * DAY), Ok(()));
        assert_eq!(quota.take("k", &limits, -1), Ok(()));
        assert_eq!(quota.take("k", &limits, -1), Err(1));
    }

    #[test]
    fn ok_limits_set_by_hand_stand_over_the_configured_ones_one_by_one() {
        let first: LimitsSet = serde_json::from_str(r#"{"per_minute":5}"#).unwrap();
        let second: LimitsSet = serde_json::from_str(r#"{"batch_unknown":"reject"}"#).unwrap();
        let limits = second.or(first).over(Limits::default());
        assert_eq!(
            (limits.per_minute, limits.per_day, limits.batch_unknown),
            (5, 50_000, BatchUnknown::Reject)
        );
        assert!(serde_json::from_str::<LimitsSet>(r#"{"per_hour":5}"#).is_err());
    }
}
