//! The roster: the cases that are watched, and when each is next due.
#![forbid(unsafe_code)]

use crate::freshness::Window;
use crate::time::UnixSeconds;

/// A case that nobody has read for this many seconds is no longer watched, unless it is pinned.
pub const READ_SECONDS: i64 = 30 * 86_400;

/// A pinned case that Torch does not recognise yet is looked for this often, in seconds: a new case
/// "can take some days to appear", and somebody waits for it.
const UNRECOGNISED: i64 = 3600;

/// Of a case that Torch rejects or fails on alone the next try comes after this many seconds.
pub const AFTER_TROUBLE: i64 = 1800;

/// A status that has stood for a month is looked at half as often, up to a fifth: what has not moved
/// for long seldom moves today. Its readers are not told an older answer for it: a read of a stale
/// answer refreshes it whatever the roster says.
const MONTH: i64 = 30 * 86_400;
const SLOWEST: i64 = 4;

/// When a case is next due that was answered with this window; `None`: it rests.
///
/// `is_final`: nothing more is expected of it. Otherwise it is due when its answer is no longer fresh,
/// by its category, and later the longer its status has stood.
pub fn next_due(
    window: &Window,
    is_final: bool,
    last_status_at: Option<UnixSeconds>,
) -> Option<UnixSeconds> {
    if is_final {
        return None;
    }
    let stood = last_status_at.map_or(0, |since| window.fetched_at.since(since).max(0));
    let slower = window
        .lifetime()
        .saturating_mul(stood.min(MONTH.saturating_mul(SLOWEST)));
    Some(
        window
            .fresh_until
            .plus(slower.checked_div(MONTH).unwrap_or(0)),
    )
}

/// When a pinned case is next due that Torch did not recognise at `at`.
pub fn next_due_unrecognised(at: UnixSeconds) -> UnixSeconds {
    at.plus(UNRECOGNISED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let [fetched_at, fresh_until, stale_until, error_until] =
            [0, 900, 87_300, 605_700].map(|second| UnixSeconds(1_800_000_000 + second));
        Window {
            fetched_at,
            fresh_until,
            stale_until,
            error_until,
        }
    }

    #[test]
    fn ok_a_case_is_due_when_it_is_stale_and_later_the_longer_its_status_has_stood() {
        let at = window().fetched_at;
        let due = |days: i64| {
            next_due(&window(), false, Some(at.plus(days * -86_400)))
                .unwrap()
                .since(at)
        };
        assert_eq!(
            [-5, 0, 15, 30, 60, 120, 4000].map(due),
            [900, 900, 1350, 1800, 2700, 4500, 4500]
        );
        assert_eq!(next_due(&window(), false, None).unwrap().since(at), 900);
    }

    #[test]
    fn ok_a_final_case_rests() {
        assert_eq!(next_due(&window(), true, None), None);
    }
}
