//! What the operator says of Torch's limits, and when the day begins.
#![forbid(unsafe_code)]

use super::DAY;
use crate::time::UnixSeconds;

/// What the operator says of Torch's limits. `None` is not known: then only Torch's own word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Calls in any sixty seconds.
    pub per_minute: Option<u32>,
    /// Calls in a day.
    pub per_day: Option<u32>,
    /// When the day begins: seconds after midnight UTC.
    pub day_resets_at: i64,
}

impl Limits {
    /// Reads a time of day as `DAY_RESETS_AT` has it: `00:00`, `00:00:00`, with `Z` or an offset such
    /// as `-05:00` where it is not UTC. Gives seconds after midnight UTC.
    pub fn time_of_day(text: &str) -> Option<i64> {
        let text = text.trim();
        let (clock, offset) = match text.find(['Z', '+', '-']) {
            None => (text, 0),
            Some(at) => match (text.get(..at)?, text.get(at..)?) {
                (clock, "Z") => (clock, 0),
                (clock, offset) => {
                    let seconds = seconds_of(offset.get(1..)?)?;
                    let east = offset.starts_with('+');
                    (
                        clock,
                        if east {
                            seconds
                        } else {
                            seconds.saturating_neg()
                        },
                    )
                }
            },
        };
        Some(seconds_of(clock)?.saturating_sub(offset).rem_euclid(DAY))
    }

    /// The beginning of the day that `now` lies in.
    pub(super) fn day_of(&self, now: UnixSeconds) -> UnixSeconds {
        let into = now.0.saturating_sub(self.day_resets_at).rem_euclid(DAY);
        now.plus(into.saturating_neg())
    }
}

/// `HH:MM` or `HH:MM:SS` in seconds.
fn seconds_of(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let mut part = |most: i64| {
        let part = parts.next()?;
        let number = part.parse::<i64>().ok()?;
        (part.len() == 2 && (0..=most).contains(&number)).then_some(number)
    };
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if clock.len() > 5 { part(59)? } else { 0 };
    parts.next().is_none().then(|| {
        hours
            .saturating_mul(3600)
            .saturating_add(minutes.saturating_mul(60))
            .saturating_add(seconds)
    })
}
