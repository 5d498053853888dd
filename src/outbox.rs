//! The outbox of a case's ledger: which endpoint is still to be told what, when the next attempt is, and
//! when to give up.
//!
//! What is to be delivered stands in the ledger until an endpoint has taken it. A message in the queue is
//! a nudge and nothing more: it says that there is something for an endpoint, whoever works on it claims
//! the [lane](Lanes) of that endpoint and delivers what stands there in its order. So a nudge that comes
//! twice does no harm, and one that is lost is made good by an alarm.
#![forbid(unsafe_code)]

use crate::retry::LONGEST_WAIT;
use crate::time::UnixSeconds;

/// How long after the one before each attempt is made, in seconds: the schedule of Standard Webhooks.
/// After the last one a delivery is a dead letter.
pub const SCHEDULE: [i64; 7] = [0, 5, 300, 1800, 7200, 18_000, 36_000];

/// How many seconds an endpoint has for its answer (Standard Webhooks: 15 to 30).
pub const TIMEOUT: i64 = 15;

/// So many deliveries are claimed at once.
pub const CLAIM: usize = 8;

/// A claim holds for so many seconds, then whoever made it is taken for dead: by then each delivery has
/// had its time.
const LEASE: i64 = CLAIM as i64 * TIMEOUT + 10;

/// How long after a nudge, or after an attempt was due, the alarm looks whether something came of it, in
/// seconds.
const GRACE: i64 = 10;

/// The longest that the alarm waits, in seconds: a queue that is slow is not to be filled with nudges.
const LONGEST_GRACE: i64 = 900;

/// A queue delays a message for so many seconds at most.
const LONGEST_DELAY: i64 = 43_200;

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The endpoint answered with this status. A redirect is an answer: it is not followed.
    Answered(u16),
    /// It did not answer in time.
    TimedOut,
    /// It cannot be reached, or the connection broke.
    Unreachable,
}

/// What an attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint has it.
    Delivered,
    /// The endpoint wants nothing any more (410, Standard Webhooks): it is to be left alone.
    Gone,
    /// To be tried again.
    Failed,
}

impl Attempt {
    /// What it means.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Answered(200..=299) => Verdict::Delivered,
            Self::Answered(410) => Verdict::Gone,
            _ => Verdict::Failed,
        }
    }

    /// A stable word for it.
    pub fn id(self) -> String {
        match self {
            Self::Answered(status) => format!("http_{status}"),
            Self::TimedOut => "timeout".to_owned(),
            Self::Unreachable => "unreachable".to_owned(),
        }
    }
}

/// When the next attempt is, after `attempts` that failed; `None`: there is none any more. An endpoint's
/// Retry-After may make it later, and never sooner.
pub fn next_attempt(
    attempts: u32,
    retry_after: Option<i64>,
    now: UnixSeconds,
) -> Option<UnixSeconds> {
    let wait = SCHEDULE.get(usize::try_from(attempts).ok()?)?;
    let asked = retry_after
        .unwrap_or(0)
        .min(LONGEST_WAIT.min(LONGEST_DELAY));
    Some(now.plus(asked.max(*wait)))
}

/// The deliveries to one endpoint, of which one at a time is under way. It is known in memory only: what
/// is lost with it is that somebody was at work, and then the same is delivered twice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lane {
    endpoint: String,
    /// Until when somebody has claimed it.
    claimed_until: Option<UnixSeconds>,
    /// When a nudge was sent that nobody has followed yet.
    nudged_at: Option<UnixSeconds>,
    /// How many nudges in a row nobody has followed.
    in_vain: u32,
    /// Whether there may be more than was claimed.
    more: bool,
}

/// The lanes of one ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lanes(Vec<Lane>);

impl Lanes {
    /// Takes a lane out, or makes one; whoever takes it puts it back.
    fn take(&mut self, endpoint: &str) -> Lane {
        match self.0.iter().position(|lane| lane.endpoint == endpoint) {
            Some(at) => self.0.swap_remove(at),
            None => Lane {
                endpoint: endpoint.to_owned(),
                claimed_until: None,
                nudged_at: None,
                in_vain: 0,
                more: true,
            },
        }
    }

    /// Whether to send a nudge for something new: not where somebody is at work, who will find it, and
    /// not where a nudge is on its way.
    pub fn nudge(&mut self, endpoint: &str, now: UnixSeconds) -> bool {
        let mut lane = self.take(endpoint);
        let on_its_way = lane.nudged_at.is_some_and(|at| now.since(at) < GRACE);
        lane.more = true;
        let wanted = !on_its_way && lane.claim(now).is_none();
        if wanted {
            lane.nudged_at = Some(now);
        }
        self.0.push(lane);
        wanted
    }

    /// Claims a lane, unless somebody else has.
    pub fn claim(&mut self, endpoint: &str, now: UnixSeconds) -> bool {
        let mut lane = self.take(endpoint);
        let free = lane.claim(now).is_none();
        if free {
            (lane.nudged_at, lane.in_vain) = (None, 0);
            lane.claimed_until = Some(now.plus(LEASE));
        }
        self.0.push(lane);
        free
    }

    /// Notes that all there is has been claimed.
    pub fn claimed_all(&mut self, endpoint: &str) {
        let mut lane = self.take(endpoint);
        lane.more = false;
        self.0.push(lane);
    }

    /// Ends a claim, and says whether there may be more than was claimed.
    pub fn release(&mut self, endpoint: &str) -> bool {
        let mut lane = self.take(endpoint);
        lane.claimed_until = None;
        let more = lane.more;
        self.0.push(lane);
        more
    }

    /// What the alarm does about an endpoint whose first delivery is due at `due_at`: whether to send a
    /// nudge, and when to look again.
    pub fn look(
        &mut self,
        endpoint: &str,
        due_at: UnixSeconds,
        now: UnixSeconds,
    ) -> (bool, UnixSeconds) {
        if now.since(due_at) < 0 {
            // The queue has a message that comes then.
            return (false, due_at.plus(GRACE));
        }
        let mut lane = self.take(endpoint);
        let told = match (lane.claim(now), lane.nudged_at) {
            (Some(until), _) => (false, until),
            (None, Some(at)) if now.since(at) < lane.grace() => (false, at.plus(lane.grace())),
            (None, nudged_at) => {
                let again = u32::from(nudged_at.is_some());
                lane.in_vain = lane.in_vain.saturating_add(again);
                lane.nudged_at = Some(now);
                (true, now.plus(lane.grace()))
            }
        };
        self.0.push(lane);
        told
    }
}

impl Lane {
    /// Until when somebody is at work, if anybody is.
    fn claim(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        self.claimed_until.filter(|until| now.since(*until) < 0)
    }

    /// How long a nudge is waited for: twice as long after each that nobody has followed.
    fn grace(&self) -> i64 {
        let times = 1_i64.checked_shl(self.in_vain.min(16)).unwrap_or(1);
        GRACE.saturating_mul(times).min(LONGEST_GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    #[test]
    fn ok_a_delivery_is_tried_seven_times_over_eighteen_hours() {
        let waits =
            (0..8).map(|attempts| next_attempt(attempts, None, NOW).map(|at| at.since(NOW)));
        assert_eq!(
            waits.collect::<Vec<_>>(),
            [0, 5, 300, 1800, 7200, 18_000, 36_000]
                .map(Some)
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn ok_a_retry_after_makes_it_later_never_sooner_and_never_endless() {
        let wait = |attempts, asked| next_attempt(attempts, Some(asked), NOW).unwrap().since(NOW);
        assert_eq!([wait(1, 60), wait(1, 1), wait(3, 60)], [60, 5, 1800]);
        assert_eq!(wait(1, i64::MAX), LONGEST_DELAY);
        assert_eq!(
            next_attempt(7, Some(60), NOW),
            None,
            "nor does it make more of them"
        );
    }

    #[test]
    fn ok_what_an_answer_means() {
        for (attempt, verdict, id) in [
            (Attempt::Answered(200), Verdict::Delivered, "http_200"),
            (Attempt::Answered(204), Verdict::Delivered, "http_204"),
            (Attempt::Answered(302), Verdict::Failed, "http_302"),
            (Attempt::Answered(410), Verdict::Gone, "http_410"),
            (Attempt::Answered(429), Verdict::Failed, "http_429"),
            (Attempt::Answered(500), Verdict::Failed, "http_500"),
            (Attempt::TimedOut, Verdict::Failed, "timeout"),
            (Attempt::Unreachable, Verdict::Failed, "unreachable"),
        ] {
            assert_eq!((attempt.verdict(), attempt.id().as_str()), (verdict, id));
        }
    }

    #[test]
    fn ok_one_nudge_is_enough_and_one_at_a_time_is_at_work() {
        let mut lanes = Lanes::default();
        assert!(lanes.nudge("firm", NOW));
        assert!(!lanes.nudge("firm", NOW.plus(3)), "one is on its way");
        assert!(
            lanes.nudge("other", NOW.plus(3)),
            "each endpoint has its own"
        );
        assert!(lanes.nudge("firm", NOW.plus(10)), "it may be lost");
        assert!(lanes.claim("firm", NOW.plus(11)));
        assert!(!lanes.claim("firm", NOW.plus(12)));
        assert!(
            !lanes.nudge("firm", NOW.plus(12)),
            "who is at work will find it"
        );
        assert!(lanes.release("firm"), "there is something new");
        assert!(lanes.nudge("firm", NOW.plus(13)) && lanes.claim("firm", NOW.plus(13)));
        lanes.claimed_all("firm");
        assert!(!lanes.release("firm") && lanes.claim("firm", NOW.plus(13)));
        let later = NOW.plus(13 + LEASE);
        assert!(
            lanes.claim("firm", later),
            "who claimed it is taken for dead"
        );
    }

    #[test]
    fn ok_the_alarm_makes_good_a_lost_nudge_and_more_and_more_seldom() {
        let mut lanes = Lanes::default();
        let (mut at, mut waits) = (NOW, Vec::new());
        for _ in 0..9 {
            let (nudge, next) = lanes.look("firm", NOW, at);
            assert!(nudge);
            waits.push(next.since(at));
            at = next;
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert!(lanes.claim("firm", at));
        assert_eq!(lanes.look("firm", NOW, at), (false, at.plus(LEASE)));
        lanes.release("firm");
        assert_eq!(lanes.look("firm", NOW, at), (true, at.plus(10)));
    }

    #[test]
    fn ok_the_alarm_leaves_to_the_queue_what_is_due_later_or_on_its_way() {
        let mut lanes = Lanes::default();
        assert_eq!(
            lanes.look("firm", NOW.plus(300), NOW),
            (false, NOW.plus(310))
        );
        assert!(lanes.nudge("firm", NOW));
        assert_eq!(lanes.look("firm", NOW, NOW.plus(4)), (false, NOW.plus(10)));
    }
}
