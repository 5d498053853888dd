//! The upstream quota: how many calls of Torch there are, who may have one, and when the next is due.
//!
//! A pure state machine. Torch "enforces per-minute and daily limits" (torch-api.txt, "Rate limits and
//! fair use") and says neither how large they are nor how its windows lie, so:
//!
//! - a minute is any sixty seconds, which keeps a fixed window and a sliding one alike;
//! - the day is fixed, and begins when the operator says;
//! - what Torch says in rate-limit fields counts where it is stricter ([`Budget::told`]);
//! - a 429 stops everything until its Retry-After ([`Budget::limited`]).
//!
//! People go before background work: part of the day is [reserved](Budget::reserve) for them, and
//! refreshes keep to the day's pace. Clients share the day: one that has had its part may have more
//! only where the others' parts are safe ([`Budget::share`]).
//!
//! Every number of it survives through [`Budget::numbers`] and [`Budget::restore`].
#![forbid(unsafe_code)]

mod limits;
mod numbers;

use std::collections::VecDeque;

pub use limits::Limits;

use crate::ratelimit::Window;
use crate::time::UnixSeconds;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// For how many seconds a call counts against the minute: sixty, and one because a call is counted by
/// the second it was made in.
const MINUTE: i64 = 61;

/// Without a usable Retry-After a 429 holds until the shortest window that may have caused it is over,
/// a minute; each further one twice as long, up to a quarter of an hour, in seconds.
const PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 900;

/// One part in so many of the day is kept for people: half of it. A stale answer is a small evil, none
/// at all a great one, and people's calls carry what is due.
const RESERVE_PART: f64 = 2.0;
/// What has passed of a day is taken for one part in so many of it at least: a morning tells little.
const MORNING_PART: f64 = 4.0;
/// One part in so many of a minute is kept for people.
const MINUTE_RESERVE_PART: u32 = 5;
/// One part in so many of the day may background work have before its time.
const BURST_PART: f64 = 50.0;

/// Over how many seconds the pace is averaged.
const PACE_SECONDS: f64 = 3600.0;

/// A client that has not asked for this many seconds has no share of the day.
const CLIENT_SECONDS: i64 = 7 * DAY;
/// So many clients have shares; more than these share what is there as they come.
const MOST_CLIENTS: usize = 64;

/// Numbers by name, to be stored.
pub type Numbers = Vec<(String, i64)>;

/// What a call is for, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Somebody waits who has nothing else to look at.
    Read,
    /// Somebody waits who can be shown an older answer.
    Revalidate,
    /// Nobody waits: a refresh behind an answer, or reconciliation.
    Refresh,
}

/// Why there is no call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// Torch answered 429.
    Limited,
    /// The minute is used up.
    Minute,
    /// The day is used up.
    Day,
    /// What is left of the day or the minute is kept for people.
    Reserve,
    /// Background work is ahead of the day's pace.
    Pace,
}

/// No call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub shortage: Shortage,
    /// When to look again.
    pub until: UnixSeconds,
}

/// Calls that were not made, since the day began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Reads answered from the cache.
    pub cache: i64,
    /// Reads answered by a call that another had made.
    pub coalescing: i64,
    /// Cases that travelled in a call with others.
    pub batching: i64,
}

/// A rate: calls an hour, averaged over the last hour or so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Pace {
    per_hour: f64,
    at: UnixSeconds,
}

impl Pace {
    fn at(self, now: UnixSeconds) -> f64 {
        let elapsed = now.since(self.at).max(0) as f64;
        self.per_hour * PACE_SECONDS / (PACE_SECONDS + elapsed)
    }

    fn count(&mut self, now: UnixSeconds) {
        *self = Self {
            per_hour: self.at(now) + 1.0,
            at: now,
        };
    }
}

/// A window that Torch itself speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    left: i64,
    until: UnixSeconds,
}

/// What a client has had of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Share {
    client: String,
    /// In thousandths of a call: a batch is shared by those who travel in it.
    used: i64,
    seen_at: UnixSeconds,
}

/// Whether a client may have a call of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allotted {
    /// Yes.
    Yes,
    /// Its share is used up, and what is left is the others'. It may travel with another's call.
    UsedUp,
}

/// The upstream quota of one Torch account.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    limits: Limits,
    /// Calls by the second they were made in, oldest first.
    minute: VecDeque<(UnixSeconds, u32)>,
    day: UnixSeconds,
    people: i64,
    background: i64,
    pace: Pace,
    limited_until: UnixSeconds,
    /// 429s in a row.
    limited_in_a_row: u32,
    told_minute: Option<Told>,
    told_day: Option<Told>,
    clients: Vec<Share>,
    saved: Saved,
}

impl Budget {
    /// A budget of which nothing is used, on the day of `now`.
    pub fn new(limits: Limits, now: UnixSeconds) -> Self {
        Self {
            limits,
            minute: VecDeque::new(),
            day: limits.day_of(now),
            people: 0,
            background: 0,
            pace: Pace::default(),
            limited_until: UnixSeconds::default(),
            limited_in_a_row: 0,
            told_minute: None,
            told_day: None,
            clients: Vec::new(),
            saved: Saved::default(),
        }
    }

    /// Turns to the day and the minute of `now`. To be called before anything else is asked.
    pub fn roll(&mut self, now: UnixSeconds) {
        let today = self.limits.day_of(now);
        // A clock that is set back a little does not bring yesterday's calls back.
        if today > self.day || self.day.since(today) > DAY {
            self.day = today;
            (self.people, self.background) = (0, 0);
            self.saved = Saved::default();
            self.clients
                .retain(|share| now.since(share.seen_at) <= CLIENT_SECONDS);
            for share in &mut self.clients {
                share.used = 0;
            }
        }
        self.minute
            .retain(|(second, _)| now.since(*second).abs() < MINUTE);
        for told in [&mut self.told_minute, &mut self.told_day] {
            if told.is_some_and(|told| told.until <= now) {
                *told = None;
            }
        }
    }

    /// Whether there is a call for `purpose` at `now`.
    ///
    /// # Errors
    /// [`Denied`]: why there is none, and when to look again.
    pub fn admit(&self, purpose: Purpose, now: UnixSeconds) -> Result<(), Denied> {
        let denied = |shortage, until| Err(Denied { shortage, until });
        if self.limited_until > now {
            return denied(Shortage::Limited, self.limited_until);
        }
        if let Some(told) = self.told_minute.filter(|told| told.left <= 0) {
            return denied(Shortage::Minute, told.until);
        }
        if let Some(per_minute) = self.limits.per_minute {
            let kept = per_minute.checked_div(MINUTE_RESERVE_PART).unwrap_or(0);
            let most = match purpose {
                Purpose::Refresh => per_minute.saturating_sub(kept).max(1),
                Purpose::Read | Purpose::Revalidate => per_minute,
            };
            if self.minute_used() >= most {
                let oldest = self.minute.front().map_or(now, |(second, _)| *second);
                return denied(
                    if most < per_minute {
                        Shortage::Reserve
                    } else {
                        Shortage::Minute
                    },
                    oldest.plus(MINUTE),
                );
            }
        }
        let Some(left) = self.day_left() else {
            return Ok(());
        };
        if left <= 0 {
            return denied(Shortage::Day, self.day_ends());
        }
        if purpose != Purpose::Read && left <= self.reserve(now) {
            return denied(Shortage::Reserve, self.day_ends());
        }
        match self.next_refresh() {
            Some(until) if purpose == Purpose::Refresh && until > now => {
                denied(Shortage::Pace, until)
            }
            _ => Ok(()),
        }
    }

    /// Counts a call at `now`, before it is made. Those who have it share it.
    pub fn take(&mut self, purpose: Purpose, clients: &[&str], now: UnixSeconds) {
        match self.minute.back_mut().filter(|(second, _)| *second >= now) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.minute.push_back((now, 1)),
        }
        for told in [&mut self.told_minute, &mut self.told_day]
            .into_iter()
            .flatten()
        {
            told.left = told.left.saturating_sub(1);
        }
        self.pace.count(now);
        if purpose == Purpose::Refresh {
            self.background = self.background.saturating_add(1);
        } else {
            self.people = self.people.saturating_add(1);
        }
        let each = i64::try_from(clients.len())
            .ok()
            .and_then(|count| 1000_i64.checked_div(count))
            .unwrap_or(0);
        for client in clients {
            if let Some(share) = self.share_of(client) {
                share.used = share.used.saturating_add(each);
            }
        }
    }

    /// Notes that a client asks for something.
    pub fn seen(&mut self, client: &str, now: UnixSeconds) {
        if let Some(share) = self.share_of(client) {
            // By the hour is enough, and is not written at each read.
            if now.since(share.seen_at) >= 3600 {
                share.seen_at = now;
            }
        } else if !client.is_empty() && self.clients.len() < MOST_CLIENTS {
            self.with_client(client, |share| share.seen_at = now);
        }
    }

    /// Whether a client may have a call of its own: as long as it has had less than its fair share,
    /// the day divided by the clients of the last week; beyond that, as long as more is left than
    /// what the others have not had of theirs. What is held for them shrinks as the day runs out.
    pub fn share(&self, client: &str, now: UnixSeconds) -> Allotted {
        let (Some(limit), Some(left)) = (self.limits.per_day, self.day_left()) else {
            return Allotted::Yes;
        };
        let count = i64::try_from(self.clients.len()).unwrap_or(1).max(1);
        let fair = i64::from(limit)
            .saturating_mul(1000)
            .checked_div(count)
            .unwrap_or(0);
        let own = self.clients.iter().find(|share| share.client == client);
        let used = own.map_or(0, |share| share.used);
        if used < fair {
            return Allotted::Yes;
        }
        let others = self.clients.iter().filter(|share| share.client != client);
        let held: i64 = others
            .map(|share| fair.saturating_sub(share.used).max(0))
            .fold(0, i64::saturating_add);
        if left as f64 * 1000.0 > held as f64 * self.day_fraction_left(now) {
            Allotted::Yes
        } else {
            Allotted::UsedUp
        }
    }

    /// Torch answered 429 with this Retry-After, in seconds, where it had one that can be read.
    /// Gives the moment until which nothing is asked.
    pub fn limited(&mut self, retry_after: Option<i64>, now: UnixSeconds) -> UnixSeconds {
        let doubled = |seconds: i64| {
            let factor = 1_i64.checked_shl(self.limited_in_a_row.min(16));
            seconds.saturating_mul(factor.unwrap_or(1))
        };
        let wait = match retry_after {
            // "Now", said again and again, is not what it is told: a second, two, four … a minute.
            Some(seconds) => seconds.max(doubled(1).min(PAUSE)),
            None => doubled(PAUSE).min(LONGEST_PAUSE),
        };
        self.limited_in_a_row = self.limited_in_a_row.saturating_add(1);
        self.limited_until = self.limited_until.max(now.plus(wait));
        self.limited_until
    }

    /// Torch answered something else than 429.
    pub fn not_limited(&mut self) {
        self.limited_in_a_row = 0;
    }

    /// Takes what Torch says of its windows; where it is stricter than what is known, it counts.
    pub fn told(&mut self, windows: &[Window], now: UnixSeconds) {
        for window in windows {
            let until = now.plus(window.resets_in);
            let slot = if window.is_of_a_day() {
                &mut self.told_day
            } else {
                &mut self.told_minute
            };
            // Answers overtake each other: within one window what is left only shrinks.
            let left = match slot {
                Some(told) if told.until.since(until).abs() <= 5 => told.left.min(window.left),
                _ => window.left,
            };
            *slot = Some(Told { left, until });
        }
    }

    /// Counts calls that were not made.
    pub fn save(&mut self, saved: Saved) {
        let Saved {
            cache,
            coalescing,
            batching,
        } = &mut self.saved;
        *cache = cache.saturating_add(saved.cache);
        *coalescing = coalescing.saturating_add(saved.coalescing);
        *batching = batching.saturating_add(saved.batching);
    }

    /// Calls of the last minute.
    pub fn minute_used(&self) -> u32 {
        self.minute
            .iter()
            .map(|(_, count)| *count)
            .fold(0, u32::saturating_add)
    }

    /// What is left of the minute; `None` where no limit is known.
    pub fn minute_left(&self) -> Option<i64> {
        let own = self
            .limits
            .per_minute
            .map(|limit| i64::from(limit.saturating_sub(self.minute_used())));
        least(own, self.told_minute.map(|told| told.left.max(0)))
    }

    /// Calls since the day began: people's and background work's.
    pub fn day_used(&self) -> (i64, i64) {
        (self.people, self.background)
    }

    /// What is left of the day; `None` where no limit is known.
    pub fn day_left(&self) -> Option<i64> {
        let used = self.people.saturating_add(self.background);
        let own = self
            .limits
            .per_day
            .map(|limit| i64::from(limit).saturating_sub(used).max(0));
        least(own, self.told_day.map(|told| told.left.max(0)))
    }

    /// When the day began.
    pub fn day_began(&self) -> UnixSeconds {
        self.day
    }

    /// When the next day begins: the limits' own day, or, where that is what binds, Torch's.
    pub fn day_ends(&self) -> UnixSeconds {
        let own = self.day.plus(DAY);
        match self.told_day {
            Some(told) if told.left <= 0 => told.until,
            _ => own,
        }
    }

    /// The limits that the operator set.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many calls of what is left of the day are kept for people: half of the day for the whole of
    /// it and less as it runs out, or what they will want if the rest of the day is like what
    /// has passed of it, whichever is more.
    pub fn reserve(&self, now: UnixSeconds) -> i64 {
        let (Some(limit), Some(left)) = (self.limits.per_day, self.day_left()) else {
            return 0;
        };
        let rest = self.day_fraction_left(now);
        let half = f64::from(limit) * rest / RESERVE_PART;
        let wanted = self.people as f64 * rest / (1.0 - rest).max(1.0 / MORNING_PART);
        // A float-to-integer `as` saturates.
        (half.max(wanted).ceil() as i64).min(left)
    }

    /// When the day's calls will be used up at the pace of the last hour; `None` where they last.
    pub fn forecast(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let left = self.day_left()? as f64;
        let pace = self.pace.at(now);
        let hours = if left <= 0.0 { 0.0 } else { left / pace };
        let end = now.plus((hours * 3600.0).min(1e12) as i64);
        (end < self.day_ends()).then_some(end)
    }

    /// Calls an hour, averaged over the last.
    pub fn pace(&self, now: UnixSeconds) -> f64 {
        self.pace.at(now)
    }

    /// Whether the day's calls will not last: then it is worth waiting a little longer for others to
    /// travel with.
    pub fn is_tight(&self, now: UnixSeconds) -> bool {
        self.forecast(now).is_some()
    }

    /// Until when a 429 holds everything back, if one does.
    pub fn limited_until(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        Some(self.limited_until).filter(|until| *until > now)
    }

    /// What was saved since the day began.
    pub fn saved(&self) -> Saved {
        self.saved
    }

    /// Each client's name and what it has had of the day, in thousandths of a call.
    pub fn clients(&self) -> impl Iterator<Item = (&str, i64)> {
        self.clients
            .iter()
            .map(|share| (share.client.as_str(), share.used))
    }

    fn day_fraction_left(&self, now: UnixSeconds) -> f64 {
        let left = self.day.plus(DAY).since(now).clamp(0, DAY);
        left as f64 / DAY as f64
    }

    /// When background work may have its next call: what is not kept of the day, in step with the time.
    fn next_refresh(&self) -> Option<UnixSeconds> {
        let limit = f64::from(self.limits.per_day?);
        let whole = limit - limit / RESERVE_PART;
        let burst = (limit / BURST_PART).max(1.0);
        let fraction = (self.background as f64 + 1.0 - burst) / whole.max(1.0);
        Some(
            self.day
                .plus(((fraction * DAY as f64).ceil() as i64).min(DAY)),
        )
    }
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}
