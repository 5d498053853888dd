//! Keys, and how much each may ask: a fixed window a minute and one a day, the day by UTC.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

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
    pub(super) batch_max: u32,
    pub(super) batch_unknown: BatchUnknown,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_minute: 600,
            per_day: 50_000,
            batch_max: 100,
            batch_unknown: BatchUnknown::Omit,
        }
    }
}

/// Limits that were set by hand, each over the configured one: `PUT /__sandbox/limits`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsSet {
    per_minute: Option<u32>,
    per_day: Option<u32>,
    batch_max: Option<u32>,
    batch_unknown: Option<BatchUnknown>,
}

impl LimitsSet {
    /// These, and where they say nothing, what was set before.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            per_minute: self.per_minute.or(before.per_minute),
            per_day: self.per_day.or(before.per_day),
            batch_max: self.batch_max.or(before.batch_max),
            batch_unknown: self.batch_unknown.or(before.batch_unknown),
        }
    }

    /// These over the configured ones.
    pub(super) fn over(self, configured: Limits) -> Limits {
        Limits {
            per_minute: self.per_minute.unwrap_or(configured.per_minute),
            per_day: self.per_day.unwrap_or(configured.per_day),
            batch_max: self.batch_max.unwrap_or(configured.batch_max),
            batch_unknown: self.batch_unknown.unwrap_or(configured.batch_unknown),
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
    /// The seconds until the full window ends. A call that is refused is not counted.
    pub(super) fn take(&mut self, key: &str, limits: &Limits, running: i64) -> Result<(), i64> {
        let usage = self.0.entry(key.to_owned()).or_default();
        let (minute, day) = (running.div_euclid(MINUTE), running.div_euclid(DAY));
        if usage.day.used(day) >= limits.per_day {
            return Err(seconds_left(running, DAY));
        }
        if usage.minute.used(minute) >= limits.per_minute {
            return Err(seconds_left(running, MINUTE));
        }
        usage.minute.count(minute);
        usage.day.count(day);
        Ok(())
    }

    /// Calls of `key` in the minute and in the day of `running`.
    pub(super) fn used(&self, key: &str, running: i64) -> (u32, u32) {
        let usage = self.0.get(key).copied().unwrap_or_default();
        (
            usage.minute.used(running.div_euclid(MINUTE)),
            usage.day.used(running.div_euclid(DAY)),
        )
    }
}

/// Whole seconds until the window of this length ends, rounded up: who waits them finds it open.
fn seconds_left(running: i64, length: i64) -> i64 {
    let left = length.saturating_sub(running.rem_euclid(length));
    left.saturating_add(999).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 20_000 * DAY + DAY / 2;

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
        assert_eq!(quota.used("k", NOON + 59_999), (2, 2));
        assert_eq!(quota.take("other", &limits, NOON + 59_999), Ok(()));
        assert_eq!(quota.take("k", &limits, NOON + 60_000), Ok(()));
        assert_eq!(quota.used("k", NOON + 60_000), (1, 3));
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
