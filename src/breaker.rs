//! The circuit breaker: after repeated failures nothing is asked for a while, then one probe.
#![forbid(unsafe_code)]

use crate::budget::Numbers;
use crate::retry::backoff;
use crate::time::UnixMillis;

/// So many failed calls in a row open it.
pub const THRESHOLD: u32 = 5;

/// The first rest, and the longest, in milliseconds. Each is between half and the whole of its length.
const REST: u64 = 5_000;
const LONGEST_REST: u64 = 120_000;

/// A probe that nothing was heard of for so many milliseconds, more than any call may take, was lost
/// with the memory that waited for it.
const PROBE: i64 = 10_500;

/// While a probe is on its way, look again after so many milliseconds.
const LOOK_AGAIN: i64 = 1_000;

/// What the breaker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls go through.
    Closed,
    /// None does.
    Open,
    /// One may go, or is on its way.
    HalfOpen,
}

impl State {
    /// The word for it in `/budget`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// A circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    /// Failures in a row.
    failures: u32,
    /// How many times it has opened since the last success; 0 is closed.
    trips: u32,
    open_until: UnixMillis,
    /// When the probe that is on its way set out.
    probing: Option<UnixMillis>,
}

impl Breaker {
    /// Whether a call may be made.
    ///
    /// # Errors
    /// The moment to look again.
    pub fn admit(&self, now: UnixMillis) -> Result<(), UnixMillis> {
        if self.trips == 0 {
            return Ok(());
        }
        if now < self.open_until {
            return Err(self.open_until);
        }
        match self.probing.map(|since| since.plus(PROBE)) {
            // Its answer opens or closes the breaker, and comes when it comes.
            Some(lost) if now < lost => Err(lost.min(now.plus(LOOK_AGAIN))),
            _ => Ok(()),
        }
    }

    /// Notes that a call sets out.
    pub fn called(&mut self, now: UnixMillis) {
        if self.trips > 0 {
            self.probing = Some(now);
        }
    }

    /// Torch answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A call failed. `retry_after`: seconds that Torch asked to wait, with a 503. `random` is at
    /// least 0 and below 1.
    pub fn failed(&mut self, retry_after: Option<i64>, now: UnixMillis, random: f64) {
        self.failures = self.failures.saturating_add(1);
        let probed = self.probing.take().is_some();
        let asked = retry_after.filter(|seconds| *seconds > 0);
        if !probed && self.failures < THRESHOLD && asked.is_none() {
            return;
        }
        // Calls that were on their way when it opened do not open it further.
        if !probed && now < self.open_until && asked.is_none() {
            return;
        }
        // Half of it for certain: a rest of nothing would be none.
        let half = backoff(self.trips, REST, LONGEST_REST, 0.5);
        let rest = half.saturating_add(backoff(self.trips, REST, LONGEST_REST, random * 0.5));
        let rest = i64::try_from(rest).unwrap_or(i64::MAX);
        let asked = asked.map_or(0, |seconds| seconds.saturating_mul(1000));
        self.trips = self.trips.saturating_add(1);
        self.open_until = self.open_until.max(now.plus(rest.max(asked)));
    }

    /// What it does at `now`.
    pub fn state(&self, now: UnixMillis) -> State {
        match self.trips {
            0 => State::Closed,
            _ if now < self.open_until => State::Open,
            _ => State::HalfOpen,
        }
    }

    /// Failures in a row, and when an open one will let a probe through.
    pub fn detail(&self, now: UnixMillis) -> (u32, Option<UnixMillis>) {
        (
            self.failures,
            Some(self.open_until).filter(|until| self.trips > 0 && now < *until),
        )
    }

    /// Its numbers by name, to be stored. A probe on its way is not: it is lost with the memory.
    pub fn numbers(&self, numbers: &mut Numbers) {
        for (name, value) in [
            ("breaker_failures", i64::from(self.failures)),
            ("breaker_trips", i64::from(self.trips)),
            ("breaker_open_until", self.open_until.0),
        ] {
            if value != 0 {
                numbers.push((name.to_owned(), value));
            }
        }
    }

    /// Takes the numbers that [`Breaker::numbers`] gave.
    pub fn restore(&mut self, name: &str, value: i64) {
        let count = u32::try_from(value).unwrap_or(0);
        match name {
            "breaker_failures" => self.failures = count,
            "breaker_trips" => self.trips = count,
            "breaker_open_until" => self.open_until = UnixMillis(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failing(times: u32, at: UnixMillis) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..times {
            breaker.called(at);
            breaker.failed(None, at, 0.0);
        }
        breaker
    }

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    #[test]
    fn ok_it_opens_after_repeated_failures_and_one_success_closes_it() {
        assert_eq!(failing(THRESHOLD - 1, NOW).admit(NOW), Ok(()));
        let mut breaker = failing(THRESHOLD, NOW);
        assert_eq!(breaker.admit(NOW), Err(NOW.plus(2500)));
        assert_eq!(breaker.state(NOW), State::Open);
        breaker.succeeded();
        assert_eq!(
            (breaker.admit(NOW), breaker.state(NOW)),
            (Ok(()), State::Closed)
        );
    }

    #[test]
    fn ok_half_open_lets_one_probe_through_and_rests_longer_each_time() {
        let mut breaker = failing(THRESHOLD, NOW);
        let mut now = NOW;
        for rest in [5_000, 10_000, 20_000, 40_000, 60_000, 60_000] {
            now = breaker.detail(now).1.unwrap();
            assert_eq!(breaker.state(now), State::HalfOpen);
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.called(now);
            assert!(breaker.admit(now).is_err(), "one probe, not two");
            breaker.failed(None, now, 0.0);
            assert_eq!(breaker.admit(now), Err(now.plus(rest)));
        }
    }

    #[test]
    fn ok_a_probe_that_is_lost_does_not_hold_it_for_ever() {
        let mut breaker = failing(THRESHOLD, NOW);
        let now = NOW.plus(2500);
        breaker.called(now);
        assert_eq!(breaker.admit(now), Err(now.plus(LOOK_AGAIN)));
        let last = now.plus(PROBE - 1);
        assert_eq!(breaker.admit(last), Err(last.plus(1)));
        assert_eq!(breaker.admit(now.plus(PROBE)), Ok(()));
    }

    #[test]
    fn ok_calls_that_were_on_their_way_do_not_open_it_further() {
        let mut breaker = failing(THRESHOLD, NOW);
        breaker.failed(None, NOW.plus(1), 0.0);
        breaker.failed(None, NOW.plus(2), 0.0);
        assert_eq!(breaker.admit(NOW.plus(2)), Err(NOW.plus(2500)));
    }

    #[test]
    fn ok_a_retry_after_of_torchs_own_opens_it_at_once() {
        let mut breaker = Breaker::default();
        breaker.failed(Some(90), NOW, 0.0);
        assert_eq!(breaker.admit(NOW), Err(NOW.plus(90_000)));
        assert_eq!(breaker.admit(NOW.plus(90_000)), Ok(()));
    }

    #[test]
    fn ok_it_is_stored_and_restored() {
        let breaker = failing(THRESHOLD, NOW);
        let mut numbers = Numbers::new();
        breaker.numbers(&mut numbers);
        let mut back = Breaker::default();
        for (name, value) in &numbers {
            back.restore(name, *value);
        }
        assert_eq!(back, breaker);
    }

    proptest! {
        /// Whatever happens, there is a moment at which a call may be made, and it is not far off.
        #[test]
        fn ok_it_never_holds_longer_than_it_should(steps in proptest::collection::vec((0..4_u8, 0..200_000_i64, 0.0..1.0_f64), 0..60)) {
            let mut breaker = Breaker::default();
            let mut now = NOW;
            for (step, millis, random) in steps {
                now = now.plus(millis);
                match step {
                    0 => breaker.succeeded(),
                    1 => breaker.called(now),
                    _ => breaker.failed(None, now, random),
                }
                if let Err(until) = breaker.admit(now) {
                    prop_assert!(until > now && until.since(now) <= 120_000);
                }
            }
        }
    }
}
