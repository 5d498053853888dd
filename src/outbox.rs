//! The outbox of a case's ledger: which endpoint is still to be told what, when the next attempt is, and
//! when to give up.
//!
//! What is to be delivered stands in the ledger until an endpoint has taken it. A message in the queue is
//! a nudge: it says that there is something for an endpoint, whoever works on it claims the [lane](Lanes)
//! of that endpoint and delivers what stands there in its order. So a nudge that comes twice does no harm,
//! and one that is lost is made good by an alarm. Where nothing else waits, the nudge is [loaded](Nudge)
//! with the delivery itself, which is claimed already: that saves the way to the ledger and back.
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

/// When what the feed did not take is handed to it again, after `attempts` that failed before: from 5 seconds on twice
/// as late each time, up to 5 minutes, and without an end.
pub fn next_push(attempts: u32, now: UnixSeconds) -> UnixSeconds {
    let wait = 5_i64.checked_shl(attempts.min(6)).unwrap_or(300);
    now.plus(wait.min(300))
}

/// The deliveries to one endpoint, of which one at a time is under way. It is known in memory only: what
/// is lost with it is that somebody was at work, and then the same is delivered twice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lane {
    endpoint: String,
    /// Who has claimed it, and until when.
    claim: Option<(Token, UnixSeconds)>,
    /// When a nudge was sent that nobody has followed yet.
    nudged_at: Option<UnixSeconds>,
    /// How many nudges in a row nobody has followed.
    in_vain: u32,
    /// Whether there may be more than was claimed.
    more: bool,
    /// Whether it is known that nothing waits in it.
    drained: bool,
}

/// What a claim is known by: whatever is another number for another claim.
pub type Token = i64;

/// What to do about something new for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// Nothing: somebody is at work and will find it, or a nudge is on its way.
    None,
    /// Send a nudge.
    Plain,
    /// Send it along with the nudge: it is all that waits, and claimed for whoever gets it, until then.
    Loaded(UnixSeconds),
}

/// The lanes of one ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lanes {
    lanes: Vec<Lane>,
    /// Whether the ledger began in this memory, so that nothing waits that it does not know of.
    all_known: bool,
}

impl Lanes {
    /// The lanes of a ledger without rows.
    pub fn begin() -> Self {
        Self {
            lanes: Vec::new(),
            all_known: true,
        }
    }

    /// Takes a lane out, or makes one; whoever takes it puts it back.
    fn take(&mut self, endpoint: &str) -> Lane {
        match self.lanes.iter().position(|lane| lane.endpoint == endpoint) {
            Some(at) => self.lanes.swap_remove(at),
            None => Lane {
                endpoint: endpoint.to_owned(),
                claim: None,
                nudged_at: None,
                in_vain: 0,
                more: true,
                drained: self.all_known,
            },
        }
    }

    fn with<T>(&mut self, endpoint: &str, change: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lane = self.take(endpoint);
        let told = change(&mut lane);
        self.lanes.push(lane);
        told
    }

    /// What to do about something new for an endpoint. `token`: of the claim, should it be one.
    pub fn nudge(&mut self, endpoint: &str, token: Token, now: UnixSeconds) -> Nudge {
        self.with(endpoint, |lane| {
            let drained = std::mem::take(&mut lane.drained);
            lane.more = true;
            if lane.claimed_until(now).is_some() {
                Nudge::None
            } else if drained {
                lane.claim_it(token, now);
                lane.more = false;
                Nudge::Loaded(now.plus(LEASE))
            } else if lane.nudged_at.is_some_and(|at| now.since(at) < GRACE) {
                Nudge::None
            } else {
                lane.nudged_at = Some(now);
                Nudge::Plain
            }
        })
    }

    /// Claims a lane, unless somebody else has.
    pub fn claim(&mut self, endpoint: &str, token: Token, now: UnixSeconds) -> bool {
        self.with(endpoint, |lane| {
            let free = lane.claimed_until(now).is_none();
            if free {
                lane.claim_it(token, now);
                (lane.nudged_at, lane.in_vain) = (None, 0);
            }
            free
        })
    }

    /// Notes that all there is has been claimed.
    pub fn claimed_all(&mut self, endpoint: &str) {
        self.with(endpoint, |lane| lane.more = false);
    }

    /// Ends a claim, unless it is another one by now. `all_delivered`: what was claimed is done.
    pub fn release(&mut self, endpoint: &str, token: Token, all_delivered: bool) -> Released {
        self.with(endpoint, |lane| {
            if lane.claim.is_none_or(|(holder, _)| holder != token) {
                return Released::NotHeld;
            }
            lane.claim = None;
            lane.drained = all_delivered && !lane.more;
            if lane.drained {
                Released::Drained
            } else {
                Released::More
            }
        })
    }

    /// Ends whoever's claim, and takes a nudge for followed.
    pub fn clear(&mut self, endpoint: &str) {
        self.with(endpoint, |lane| {
            (lane.claim, lane.nudged_at, lane.in_vain) = (None, None, 0);
        });
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
        self.with(endpoint, |lane| {
            match (lane.claimed_until(now), lane.nudged_at) {
                (Some(until), _) => (false, until),
                (None, Some(at)) if now.since(at) < lane.grace() => (false, at.plus(lane.grace())),
                (None, nudged_at) => {
                    let again = u32::from(nudged_at.is_some());
                    lane.in_vain = lane.in_vain.saturating_add(again);
                    lane.nudged_at = Some(now);
                    lane.drained = false;
                    (true, now.plus(lane.grace()))
                }
            }
        })
    }
}

/// What is known when a claim has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Nothing waits any more.
    Drained,
    /// Something may wait.
    More,
    /// The claim was another's: it had taken too long.
    NotHeld,
}

impl Lane {
    /// Until when somebody is at work, if anybody is.
    fn claimed_until(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let (_, until) = self.claim?;
        (now.since(until) < 0).then_some(until)
    }

    fn claim_it(&mut self, token: Token, now: UnixSeconds) {
        self.claim = Some((token, now.plus(LEASE)));
        (self.more, self.drained) = (true, false);
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
    use proptest::prelude::*;

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
    fn ok_the_feed_is_tried_for_ever() {
        let waits = [0, 1, 5, 6, u32::MAX].map(|attempts| next_push(attempts, NOW).since(NOW));
        assert_eq!(waits, [5, 10, 160, 300, 300]);
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
        assert_eq!(lanes.nudge("firm", 1, NOW), Nudge::Plain);
        assert_eq!(
            lanes.nudge("firm", 2, NOW.plus(3)),
            Nudge::None,
            "one is on its way"
        );
        assert_eq!(
            lanes.nudge("other", 3, NOW.plus(3)),
            Nudge::Plain,
            "each has its own"
        );
        assert_eq!(
            lanes.nudge("firm", 4, NOW.plus(10)),
            Nudge::Plain,
            "it may be lost"
        );
        assert!(lanes.claim("firm", 5, NOW.plus(11)));
        assert!(!lanes.claim("firm", 6, NOW.plus(12)));
        assert_eq!(
            lanes.nudge("firm", 7, NOW.plus(12)),
            Nudge::None,
            "who is at work will find it"
        );
        lanes.claimed_all("firm");
        assert_eq!(lanes.nudge("firm", 8, NOW.plus(12)), Nudge::None);
        assert_eq!(
            lanes.release("firm", 5, true),
            Released::More,
            "there is something new"
        );
        assert!(lanes.claim("firm", 9, NOW.plus(13)));
        let later = NOW.plus(13 + LEASE);
        assert!(
            lanes.claim("firm", 10, later),
            "who claimed it is taken for dead"
        );
        assert_eq!(lanes.release("firm", 9, true), Released::NotHeld);
        assert!(!lanes.claim("firm", 11, later));
        lanes.clear("firm");
        assert!(lanes.claim("firm", 12, later));
    }

    #[test]
    fn ok_what_is_all_there_is_travels_with_the_nudge() {
        let mut lanes = Lanes::begin();
        let loaded = Nudge::Loaded(NOW.plus(LEASE));
        assert_eq!(lanes.nudge("firm", 1, NOW), loaded);
        assert!(
            !lanes.claim("firm", 2, NOW),
            "it is claimed for whoever gets it"
        );
        assert_eq!(lanes.release("firm", 1, true), Released::Drained);
        assert_eq!(lanes.nudge("firm", 3, NOW), loaded);
        assert_eq!(
            lanes.nudge("firm", 4, NOW),
            Nudge::None,
            "the next one waits behind it"
        );
        assert_eq!(lanes.release("firm", 3, true), Released::More);
        assert_eq!(
            lanes.nudge("firm", 5, NOW),
            Nudge::Plain,
            "and nothing overtakes it"
        );
        assert!(lanes.claim("firm", 6, NOW));
        lanes.claimed_all("firm");
        assert_eq!(
            lanes.release("firm", 6, false),
            Released::More,
            "it failed, and still waits"
        );
        assert_eq!(lanes.nudge("firm", 7, NOW), Nudge::Plain);
        assert!(lanes.claim("firm", 8, NOW));
        lanes.claimed_all("firm");
        assert_eq!(lanes.release("firm", 8, true), Released::Drained);
        assert_eq!(lanes.nudge("firm", 9, NOW), loaded);
        let late = NOW.plus(LEASE);
        assert_eq!(
            lanes.nudge("firm", 10, late),
            Nudge::Plain,
            "the message is lost, what it held is not"
        );
        assert_eq!(
            Lanes::default().nudge("firm", 11, NOW),
            Nudge::Plain,
            "who knows what waits"
        );
    }

    proptest! {
        /// However claims, losses and failures follow each other, what waits goes out in its order, and a
        /// nudge is loaded only with the first of it.
        #[test]
        fn ok_nothing_overtakes(steps in prop::collection::vec(0_u8..6, 1..200)) {
            let (mut lanes, mut now) = (Lanes::begin(), NOW);
            let (mut waits, mut next, mut token) = (Vec::new(), 0, 0);
            let mut messages: Vec<(Token, Vec<i32>)> = Vec::new();
            for step in steps {
                token += 1;
                match step {
                    // Something new.
                    0 | 1 => {
                        next += 1;
                        waits.push(next);
                        match lanes.nudge("firm", token, now) {
                            Nudge::Loaded(_) => {
                                prop_assert_eq!(&waits, &[next]);
                                messages.push((token, vec![next]));
                            }
                            Nudge::Plain => messages.push((0, Vec::new())),
                            Nudge::None => {}
                        }
                    }
                    // Somebody gets a message, and delivers all, or fails with the last.
                    2 | 3 if !messages.is_empty() => {
                        let (mut held, mut rows) = messages.remove(0);
                        if held == 0 && lanes.claim("firm", token, now) {
                            rows = waits.iter().take(2).copied().collect();
                            if waits.len() < 2 {
                                lanes.claimed_all("firm");
                            }
                            held = token;
                        }
                        let all = step == 2;
                        let done = if all { rows.len() } else { rows.len().saturating_sub(1) };
                        let done: Vec<i32> = rows.into_iter().take(done).collect();
                        waits.retain(|row| !done.contains(row));
                        if lanes.release("firm", held, all) == Released::Drained {
                            prop_assert!(waits.is_empty());
                        }
                    }
                    // A message is lost.
                    4 if !messages.is_empty() => drop(messages.remove(0)),
                    // Time passes, and the alarm looks.
                    _ => {
                        now = now.plus(LEASE);
                        if !waits.is_empty() && lanes.look("firm", NOW, now).0 {
                            messages.push((0, Vec::new()));
                        }
                    }
                }
            }
        }
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
        assert!(lanes.claim("firm", 1, at));
        assert_eq!(lanes.look("firm", NOW, at), (false, at.plus(LEASE)));
        assert_eq!(lanes.release("firm", 1, false), Released::More);
        assert_eq!(lanes.look("firm", NOW, at), (true, at.plus(10)));
    }

    #[test]
    fn ok_the_alarm_leaves_to_the_queue_what_is_due_later_or_on_its_way() {
        let mut lanes = Lanes::default();
        assert_eq!(
            lanes.look("firm", NOW.plus(300), NOW),
            (false, NOW.plus(310))
        );
        assert_eq!(lanes.nudge("firm", 1, NOW), Nudge::Plain);
        assert_eq!(lanes.look("firm", NOW, NOW.plus(4)), (false, NOW.plus(10)));
    }
}
