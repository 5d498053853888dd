//! When to ask again: Retry-After as servers write it, and backoff where they write nothing.
#![forbid(unsafe_code)]

use crate::time::UnixSeconds;

/// The longest wait that a Retry-After is believed for, in seconds: a day.
pub const LONGEST_WAIT: i64 = 86_400;

/// How many seconds a Retry-After field asks to wait from `now` (RFC 9110, 10.2.3).
///
/// Seconds or a date; the past is 0, more than a [day](LONGEST_WAIT) is a day. `None` for what is
/// neither: the field is then as good as absent.
pub fn retry_after(field: &str, now: UnixSeconds) -> Option<i64> {
    let field = field.trim();
    if !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only digits: what does not fit is huge.
        return Some(field.parse().unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT));
    }
    UnixSeconds::from_http_date(field).map(|until| until.since(now).clamp(0, LONGEST_WAIT))
}

/// How many milliseconds to wait before try number `attempt` (the first is 0) is repeated:
/// exponential from `base`, at most `cap`, with full jitter. `random` is at least 0 and below 1.
pub fn backoff(attempt: u32, base: u64, cap: u64, random: f64) -> u64 {
    let ceiling = base
        .saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX))
        .min(cap);
    // A float-to-integer `as` saturates.
    (ceiling as f64 * random.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ok_a_retry_after_in_every_form() {
        let now = UnixSeconds(784_111_777);
        for (field, wait) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("86401", Some(LONGEST_WAIT)),
            ("99999999999999999999999999", Some(LONGEST_WAIT)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:40:37 GMT", Some(LONGEST_WAIT)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(field, now), wait, "{field:?}");
        }
    }

    #[test]
    fn ok_the_ceiling_doubles_up_to_the_cap() {
        let waits: Vec<u64> = (0..6)
            .map(|attempt| backoff(attempt, 100, 1000, 1.0))
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff(3, 100, 1000, 0.0), 0);
    }

    proptest! {
        #[test]
        fn ok_a_wait_is_never_above_the_cap(attempt: u32, base: u64, cap in 0..u64::from(u32::MAX), random: f64) {
            prop_assert!(backoff(attempt, base, cap, random) <= cap);
        }

        #[test]
        fn ok_any_field_is_a_bounded_wait_or_none(field: String, now: i64) {
            if let Some(wait) = retry_after(&field, UnixSeconds(now)) {
                prop_assert!((0..=LONGEST_WAIT).contains(&wait));
            }
        }
    }
}
