//! How long an answer serves: the table, the windows after it, and what a request asks of it.
//!
//! RFC 9111 (caching), RFC 5861 (stale-while-revalidate, stale-if-error).
#![forbid(unsafe_code)]

use sha2::{Digest, Sha256};

use crate::receipt::ReceiptNumber;
use crate::status::Category;
use crate::time::UnixSeconds;

/// A case is not asked of Torch again within this many seconds, whatever a request demands.
pub const REVALIDATE_FLOOR: i64 = 30;

/// An entry that claims to have been fetched this many seconds in the future was written by a clock
/// that is wrong: it is not believed.
const CLOCK_TOLERANCE: i64 = 300;

/// The largest duration that configuration and requests may name, in seconds: a year.
const LONGEST: i64 = 31_536_000;

/// The rows of the freshness table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The case is being worked on.
    Active,
    /// It waits for the applicant.
    Waiting,
    /// It is decided, and documents are on their way.
    Moving,
    /// Nothing more is expected.
    Final,
    /// Torch does not recognise the receipt number.
    NotFound,
    /// What the status means cannot be told.
    Unknown,
}

impl Group {
    /// The row that a category stands in.
    pub fn of(category: Category) -> Self {
        match category {
            Category::Unknown => Self::Unknown,
            category if category.is_final() => Self::Final,
            Category::Approved
            | Category::DocumentProduced
            | Category::DocumentMailed
            | Category::DocumentInTransit => Self::Moving,
            category if category.action_required() => Self::Waiting,
            _ => Self::Active,
        }
    }
}

/// The freshness table: how many seconds an answer of each group is fresh, and how long it may serve
/// beyond that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    active: i64,
    waiting: i64,
    moving: i64,
    finished: i64,
    not_found: i64,
    unknown: i64,
    stale_while_revalidate: i64,
    stale_if_error: i64,
    by_category: Vec<(Category, i64)>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            active: 15 * 60,
            waiting: 30 * 60,
            moving: 2 * 3600,
            finished: 24 * 3600,
            not_found: 2 * 60,
            unknown: 10 * 60,
            stale_while_revalidate: 24 * 3600,
            stale_if_error: 7 * 24 * 3600,
            by_category: Vec::new(),
        }
    }
}

impl Table {
    /// Overrides one row: a group (`active`, `waiting`, `moving`, `final`, `not_found`, `unknown`), a
    /// category's id, `stale_while_revalidate` or `stale_if_error`. False where there is no such row
    /// or the number of seconds is not between 0 and a year.
    ///
    /// `unknown` is the group and the category alike.
    pub fn set(&mut self, row: &str, seconds: i64) -> bool {
        if !(0..=LONGEST).contains(&seconds) {
            return false;
        }
        let slot = match row {
            "active" => &mut self.active,
            "waiting" => &mut self.waiting,
            "moving" => &mut self.moving,
            "final" => &mut self.finished,
            "not_found" => &mut self.not_found,
            "unknown" => &mut self.unknown,
            "stale_while_revalidate" => &mut self.stale_while_revalidate,
            "stale_if_error" => &mut self.stale_if_error,
            _ => match row.parse() {
                Ok(category) => {
                    self.by_category.push((category, seconds));
                    return true;
                }
                Err(_) => return false,
            },
        };
        *slot = seconds;
        true
    }

    /// How many seconds an answer of this category is fresh, before jitter.
    pub fn lifetime(&self, category: Category) -> i64 {
        let by_category = self
            .by_category
            .iter()
            .rev()
            .find(|(row, _)| *row == category);
        by_category.map_or_else(|| self.group(Group::of(category)), |(_, seconds)| *seconds)
    }

    fn group(&self, group: Group) -> i64 {
        match group {
            Group::Active => self.active,
            Group::Waiting => self.waiting,
            Group::Moving => self.moving,
            Group::Final => self.finished,
            Group::NotFound => self.not_found,
            Group::Unknown => self.unknown,
        }
    }

    /// The window of a status fetched at `now`.
    pub fn window(&self, category: Category, receipt: ReceiptNumber, now: UnixSeconds) -> Window {
        let fresh_until = now.plus(jittered(self.lifetime(category), receipt));
        Window {
            fetched_at: now,
            fresh_until,
            stale_until: fresh_until.plus(self.stale_while_revalidate),
            error_until: fresh_until.plus(self.stale_if_error),
        }
    }

    /// The window of Torch's word, at `now`, that it does not recognise a receipt. It never serves
    /// stale: a case that has just been entered must not stay unrecognised behind an old answer.
    pub fn window_not_found(&self, receipt: ReceiptNumber, now: UnixSeconds) -> Window {
        let fresh_until = now.plus(jittered(self.not_found, receipt));
        Window {
            fetched_at: now,
            fresh_until,
            stale_until: fresh_until,
            error_until: fresh_until,
        }
    }
}

/// `seconds`, up to a tenth less or more: always the same for one receipt, so that a firm's cases do
/// not all come due in one second.
fn jittered(seconds: i64, receipt: ReceiptNumber) -> i64 {
    let digest = Sha256::digest(receipt.as_str().as_bytes());
    let two = digest
        .iter()
        .take(2)
        .fold(0_i64, |all, byte| all.wrapping_shl(8) | i64::from(*byte));
    // `two` is 0 to 65,535: from -1 to +1 tenth in steps of a 655,350th.
    let permil = two
        .saturating_mul(200)
        .checked_div(65_535)
        .unwrap_or(100)
        .saturating_sub(100);
    seconds.saturating_add(
        seconds
            .saturating_mul(permil)
            .checked_div(1000)
            .unwrap_or(0),
    )
}

/// The moments that bound an entry's service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When Torch gave the answer.
    pub fetched_at: UnixSeconds,
    /// Until then it serves as it is.
    pub fresh_until: UnixSeconds,
    /// Until then it serves while it is refreshed behind the answer.
    pub stale_until: UnixSeconds,
    /// Until then it serves where Torch fails.
    pub error_until: UnixSeconds,
}

impl Window {
    /// Whether the moments stand in order.
    pub fn is_sound(&self) -> bool {
        self.fetched_at <= self.fresh_until
            && self.fresh_until <= self.stale_until
            && self.fresh_until <= self.error_until
    }

    /// The answer's age at `now`, in seconds; never negative, whatever the clocks say.
    pub fn age(&self, now: UnixSeconds) -> i64 {
        now.since(self.fetched_at).max(0)
    }

    /// For how many seconds after `fetched_at` the answer is fresh: `max-age`.
    pub fn lifetime(&self) -> i64 {
        self.fresh_until.since(self.fetched_at).max(0)
    }

    /// For how many more seconds it is fresh; negative where it is stale.
    pub fn ttl(&self, now: UnixSeconds) -> i64 {
        self.lifetime().saturating_sub(self.age(now))
    }

    /// Whether it was written by a clock that runs ahead by more than can be believed.
    fn is_from_the_future(&self, now: UnixSeconds) -> bool {
        self.fetched_at.since(now) > CLOCK_TOLERANCE
    }
}

/// What a request's `Cache-Control` asks (RFC 9111, 5.2.1). Unknown directives are ignored;
/// `no-store` too: one entry serves every client, and this request adds nothing private to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Directives {
    /// `no-cache`.
    pub no_cache: bool,
    /// `only-if-cached`.
    pub only_if_cached: bool,
    /// `max-age`, in seconds.
    pub max_age: Option<i64>,
    /// `max-stale`, in seconds; without a value it is the longest there is.
    pub max_stale: Option<i64>,
    /// `min-fresh`, in seconds.
    pub min_fresh: Option<i64>,
}

impl Directives {
    /// Reads a `Cache-Control` field. Whatever it holds, it holds directives or nothing.
    pub fn parse(field: &str) -> Self {
        let mut all = Self::default();
        for directive in field.split(',') {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (directive.trim(), None),
            };
            let seconds = || match value {
                // More than fits is as good as for ever (RFC 9111, 1.2.2).
                Some(value)
                    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) =>
                {
                    Some(value.parse().unwrap_or(LONGEST).min(LONGEST))
                }
                _ => None,
            };
            if name.eq_ignore_ascii_case("no-cache") {
                all.no_cache = true;
            } else if name.eq_ignore_ascii_case("only-if-cached") {
                all.only_if_cached = true;
            } else if name.eq_ignore_ascii_case("max-age") {
                // What cannot be read asks for the most careful thing (RFC 9111, 4.2.1).
                all.max_age = Some(seconds().unwrap_or(0));
            } else if name.eq_ignore_ascii_case("max-stale") {
                all.max_stale = match value {
                    None => Some(LONGEST),
                    Some(_) => Some(seconds().unwrap_or(0)),
                };
            } else if name.eq_ignore_ascii_case("min-fresh") {
                all.min_fresh = Some(seconds().unwrap_or(LONGEST));
            }
        }
        all
    }
}

/// What to do with an entry, or with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer from it.
    Serve,
    /// Answer from it, and refresh it behind the answer.
    ServeAndRefresh,
    /// Ask Torch first. Where Torch fails, [`serves_on_error`] says whether the entry may answer.
    Revalidate,
    /// Answer 504: the request asks for what is cached and nothing that suits it is.
    NotCached,
}

/// What to do with an entry of this window for a request with these directives.
pub fn decide(window: Option<&Window>, asked: &Directives, now: UnixSeconds) -> Verdict {
    let ask = if asked.only_if_cached {
        Verdict::NotCached
    } else {
        Verdict::Revalidate
    };
    let Some(window) = window.filter(|window| !window.is_from_the_future(now)) else {
        return ask;
    };
    let (age, ttl) = (window.age(now), window.ttl(now));
    // The floor: who demands a new look gets the last one if that was a moment ago.
    let just_fetched = age < REVALIDATE_FLOOR && ttl > 0;
    if just_fetched && !asked.only_if_cached {
        return Verdict::Serve;
    }
    let too_old = asked.max_age.is_some_and(|max| age > max);
    let not_fresh_enough = asked.min_fresh.is_some_and(|min| ttl < min);
    if asked.no_cache || too_old || not_fresh_enough {
        return ask;
    }
    if ttl > 0 {
        return Verdict::Serve;
    }
    let staleness = ttl.saturating_neg();
    let in_window = now < window.stale_until;
    let acceptable = match (asked.max_stale, asked.max_age) {
        (Some(max), _) => staleness <= max,
        // A client that limits the age accepts nothing stale unless it says so (RFC 9111, 5.2.1.1).
        (None, Some(_)) => false,
        (None, None) => true,
    };
    match (in_window && acceptable, asked.only_if_cached) {
        (true, false) => Verdict::ServeAndRefresh,
        (true, true) => Verdict::Serve,
        (false, _) => ask,
    }
}

/// Whether an entry of this window may answer where Torch fails.
pub fn serves_on_error(window: &Window, now: UnixSeconds) -> bool {
    !window.is_from_the_future(now) && now < window.error_until
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn receipt() -> ReceiptNumber {
        "IOE0012345678".parse().unwrap()
    }

    /// Fetched `age` seconds ago, fresh for 900, with the default windows behind.
    fn window(age: i64) -> Window {
        let fetched_at = NOW.plus(-age);
        let fresh_until = fetched_at.plus(900);
        Window {
            fetched_at,
            fresh_until,
            stale_until: fresh_until.plus(86_400),
            error_until: fresh_until.plus(604_800),
        }
    }

    fn verdict(age: i64, field: &str) -> Verdict {
        decide(Some(&window(age)), &Directives::parse(field), NOW)
    }

    #[test]
    fn ok_the_table_of_the_design() {
        let table = Table::default();
        for (category, seconds) in [
            (Category::Received, 900),
            (Category::UnderReview, 900),
            (Category::ResponseReceived, 900),
            (Category::AppealPending, 900),
            (Category::RequestForEvidence, 1800),
            (Category::InterviewScheduled, 1800),
            (Category::IntentToDeny, 1800),
            (Category::Approved, 7200),
            (Category::DocumentProduced, 7200),
            (Category::DocumentMailed, 7200),
            (Category::DocumentInTransit, 7200),
            (Category::Denied, 86_400),
            (Category::Rejected, 86_400),
            (Category::DocumentDelivered, 86_400),
            (Category::Withdrawn, 86_400),
            (Category::Unknown, 600),
        ] {
            assert_eq!(table.lifetime(category), seconds, "{category}");
        }
        assert_eq!(table.group(Group::NotFound), 120);
    }

    #[test]
    fn ok_each_row_can_be_overridden_and_a_category_stands_above_its_group() {
        let mut table = Table::default();
        assert!(
            table.set("active", 60)
                && table.set("received", 5)
                && table.set("stale_if_error", 0)
                && table.set("not_found", 1)
        );
        assert!(
            !table.set("actve", 60)
                && !table.set("active", -1)
                && !table.set("active", LONGEST + 1)
        );
        assert_eq!(
            (
                table.lifetime(Category::UnderReview),
                table.lifetime(Category::Received)
            ),
            (60, 5)
        );
        let window = table.window(Category::Received, receipt(), NOW);
        assert_eq!(window.error_until, window.fresh_until);
    }

    #[test]
    fn ok_an_answer_goes_from_fresh_to_stale_to_gone() {
        assert_eq!(verdict(0, ""), Verdict::Serve);
        assert_eq!(verdict(899, ""), Verdict::Serve);
        assert_eq!(verdict(900, ""), Verdict::ServeAndRefresh);
        assert_eq!(verdict(900 + 86_399, ""), Verdict::ServeAndRefresh);
        assert_eq!(verdict(900 + 86_400, ""), Verdict::Revalidate);
        assert_eq!(
            decide(None, &Directives::default(), NOW),
            Verdict::Revalidate
        );
    }

    #[test]
    fn k12_the_end_of_the_error_window() {
        assert!(serves_on_error(&window(900 + 604_799), NOW));
        assert!(!serves_on_error(&window(900 + 604_800), NOW));
        let absent = Table::default().window_not_found(receipt(), NOW);
        assert!(serves_on_error(&absent, NOW) && !serves_on_error(&absent, absent.fresh_until));
    }

    #[test]
    fn ok_no_cache_revalidates_but_not_within_the_floor() {
        assert_eq!(verdict(29, "no-cache"), Verdict::Serve);
        assert_eq!(verdict(30, "no-cache"), Verdict::Revalidate);
        assert_eq!(verdict(30, "max-age=0"), Verdict::Revalidate);
        assert_eq!(verdict(10, "min-fresh=5000"), Verdict::Serve);
    }

    #[test]
    fn ok_request_directives_are_obeyed() {
        assert_eq!(verdict(100, "max-age=100"), Verdict::Serve);
        assert_eq!(verdict(101, "max-age=100"), Verdict::Revalidate);
        assert_eq!(verdict(100, "min-fresh=800"), Verdict::Serve);
        assert_eq!(verdict(101, "min-fresh=800"), Verdict::Revalidate);
        assert_eq!(verdict(1000, "max-stale=100"), Verdict::ServeAndRefresh);
        assert_eq!(verdict(1001, "max-stale=100"), Verdict::Revalidate);
        assert_eq!(verdict(1000, "max-stale"), Verdict::ServeAndRefresh);
        assert_eq!(verdict(1000, "max-age=5000"), Verdict::Revalidate);
        assert_eq!(
            verdict(1000, "max-age=5000, max-stale"),
            Verdict::ServeAndRefresh
        );
        assert_eq!(verdict(900 + 86_400, "max-stale"), Verdict::Revalidate);
    }

    #[test]
    fn ok_only_if_cached_never_asks() {
        let asked = Directives::parse("only-if-cached");
        assert_eq!(decide(None, &asked, NOW), Verdict::NotCached);
        assert_eq!(verdict(0, "only-if-cached"), Verdict::Serve);
        assert_eq!(verdict(1000, "only-if-cached"), Verdict::Serve);
        assert_eq!(verdict(900 + 86_400, "only-if-cached"), Verdict::NotCached);
        assert_eq!(
            verdict(100, "only-if-cached, max-age=5"),
            Verdict::NotCached
        );
    }

    #[test]
    fn k8_clocks_that_disagree() {
        assert_eq!(verdict(-300, ""), Verdict::Serve);
        assert_eq!(window(-300).age(NOW), 0);
        assert_eq!(verdict(-301, ""), Verdict::Revalidate);
        assert_eq!(verdict(-301, "only-if-cached"), Verdict::NotCached);
        assert!(!serves_on_error(&window(-301), NOW));
    }

    #[test]
    fn ok_directives_are_read_as_browsers_and_people_write_them() {
        let all = Directives::parse(
            "No-Cache, MAX-AGE = 5 ,max-stale, min-fresh=\"7\",only-if-cached, x=y,,",
        );
        let expected = Directives {
            no_cache: true,
            only_if_cached: true,
            max_age: Some(5),
            max_stale: Some(LONGEST),
            min_fresh: Some(7),
        };
        assert_eq!(all, expected);
        assert_eq!(
            Directives::parse("max-age=99999999999999999999").max_age,
            Some(LONGEST)
        );
        assert_eq!(Directives::parse("max-age=-1").max_age, Some(0));
        assert_eq!(Directives::parse("max-age").max_age, Some(0));
    }

    proptest! {
        #[test]
        fn ok_jitter_stays_within_a_tenth_and_is_the_receipts_own(digits in "[0-9]{10}", seconds in 0..LONGEST) {
            let receipt: ReceiptNumber = format!("IOE{digits}").parse().unwrap();
            let once = jittered(seconds, receipt);
            prop_assert_eq!(once, jittered(seconds, receipt));
            prop_assert!((once - seconds).abs() <= seconds / 10);
        }

        #[test]
        fn ok_any_field_and_any_window_give_a_verdict(field: String, moments: [i64; 4], now: i64) {
            let [fetched_at, fresh_until, stale_until, error_until] = moments.map(UnixSeconds);
            let window = Window { fetched_at, fresh_until, stale_until, error_until };
            let now = UnixSeconds(now);
            let _ = (decide(Some(&window), &Directives::parse(&field), now), serves_on_error(&window, now), window.ttl(now));
        }
    }

    #[test]
    fn ok_jitter_spreads() {
        let table = Table::default();
        let lifetimes: std::collections::BTreeSet<i64> = (0..500)
            .map(|n| {
                table
                    .window(
                        Category::Received,
                        format!("IOE{n:010}").parse().unwrap(),
                        NOW,
                    )
                    .lifetime()
            })
            .collect();
        assert!(
            lifetimes.len() > 100
                && lifetimes
                    .iter()
                    .all(|seconds| (810..=990).contains(seconds)),
            "{lifetimes:?}"
        );
    }
}
