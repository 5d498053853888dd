//! What `GET /budget` says: the upstream's state for whoever operates the proxy.
#![forbid(unsafe_code)]

use serde::Serialize;

use crate::dispatch::Dispatch;
use crate::reply::Answer;
use crate::time::{UnixMillis, UnixSeconds};

/// Cases on the roster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Roster {
    /// All that are watched.
    pub size: i64,
    /// Those that were pinned.
    pub pinned: i64,
    /// Those that are due now.
    pub due: i64,
    /// Those that rest: final ones, and what Torch does not recognise.
    pub resting: i64,
}

#[derive(Serialize)]
struct Report<'a> {
    now: Option<String>,
    day: Day,
    minute: Minute,
    limited_until: Option<String>,
    batch_max: usize,
    breaker: Breaker,
    keys: Vec<Key<'a>>,
    clients: Vec<Client<'a>>,
    saved: Saved,
    roster: Roster,
}

#[derive(Serialize)]
struct Day {
    limit: Option<u32>,
    used: i64,
    used_by_people: i64,
    used_in_background: i64,
    left: Option<i64>,
    reserve: i64,
    began_at: Option<String>,
    resets_at: Option<String>,
    calls_an_hour: i64,
    exhausted_at: Option<String>,
}

#[derive(Serialize)]
struct Minute {
    limit: Option<u32>,
    used: u32,
    left: Option<i64>,
}

#[derive(Serialize)]
struct Breaker {
    state: &'static str,
    failures: u32,
    retry_at: Option<String>,
}

#[derive(Serialize)]
struct Key<'a> {
    name: &'static str,
    id: &'a str,
    in_use: bool,
    age_days: Option<i64>,
    first_used_at: Option<String>,
    last_taken_at: Option<String>,
    refused: Option<Refused>,
}

#[derive(Serialize)]
struct Refused {
    status: u16,
    since: Option<String>,
    times: u32,
    retry_at: Option<String>,
}

#[derive(Serialize)]
struct Client<'a> {
    name: &'a str,
    /// Whole ones: a client's part of a call that it shares is counted in thousandths.
    calls: i64,
}

#[derive(Serialize)]
struct Saved {
    by_cache: i64,
    by_coalescing: i64,
    by_batching: i64,
}

/// The answer of `GET /budget` as JSON. Moments are RFC 3339 in UTC, durations say their unit, and
/// what is not known is `null`.
pub fn budget<A: Answer>(dispatch: &Dispatch<A>, roster: Roster, now: UnixMillis) -> String {
    const NAMES: [&str; 2] = ["PARLEY_API_KEY", "PARLEY_API_KEY_NEXT"];
    let second = now.seconds();
    let budget = &dispatch.budget;
    let limits = budget.limits();
    let (people, background) = budget.day_used();
    let (failures, retry_at) = dispatch.breaker.detail(now);
    let saved = budget.saved();
    let at = |moment: Option<UnixSeconds>| moment.and_then(UnixSeconds::to_rfc3339);
    let keys = dispatch
        .keys
        .keys()
        .zip(NAMES)
        .map(|((key, in_use), name)| Key {
            name,
            id: &key.id,
            in_use,
            age_days: key
                .first_used
                .map(|first| second.since(first).div_euclid(86_400)),
            first_used_at: at(key.first_used),
            last_taken_at: at(key.last_taken),
            refused: key.refused.map(|refused| Refused {
                status: refused.status,
                since: at(Some(refused.since)),
                times: refused.times,
                retry_at: at(Some(refused.retry_at)),
            }),
        });
    let report = Report {
        now: at(Some(second)),
        day: Day {
            limit: limits.per_day,
            used: people.saturating_add(background),
            used_by_people: people,
            used_in_background: background,
            left: budget.day_left(),
            reserve: budget.reserve(second),
            began_at: at(Some(budget.day_began())),
            resets_at: at(Some(budget.day_ends())),
            // A float-to-integer `as` saturates.
            calls_an_hour: budget.pace(second).round() as i64,
            exhausted_at: at(budget.forecast(second)),
        },
        minute: Minute {
            limit: limits.per_minute,
            used: budget.minute_used(),
            left: budget.minute_left(),
        },
        limited_until: at(budget.limited_until(second)),
        batch_max: dispatch.batch_max(),
        breaker: Breaker {
            state: dispatch.breaker.state(now).id(),
            failures,
            retry_at: at(retry_at.map(UnixMillis::seconds)),
        },
        keys: keys.collect(),
        clients: budget
            .clients()
            .map(|(name, used)| Client {
                name,
                calls: used.saturating_add(500).div_euclid(1000),
            })
            .collect(),
        saved: Saved {
            by_cache: saved.cache,
            by_coalescing: saved.coalescing,
            by_batching: saved.batching,
        },
        roster,
    };
    // Strings and numbers: it cannot fail to serialise.
    serde_json::to_string(&report).unwrap_or_default()
}
