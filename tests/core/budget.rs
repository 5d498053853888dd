//! The upstream quota: what it lets through, against a simple model, and what survives being stored.

use proptest::prelude::*;
use torch_edge::budget::{Allotted, Budget, DAY, Limits, Purpose, Saved, Shortage};
use torch_edge::ratelimit::Window;
use torch_edge::time::UnixSeconds;

/// 2027-01-15T00:00:00Z, the beginning of a day.
const MIDNIGHT: UnixSeconds = UnixSeconds(1_799_971_200);
const PURPOSES: [Purpose; 3] = [Purpose::Read, Purpose::Revalidate, Purpose::Refresh];

fn limits(per_minute: impl Into<Option<u32>>, per_day: impl Into<Option<u32>>) -> Limits {
    Limits {
        per_minute: per_minute.into(),
        per_day: per_day.into(),
        day_resets_at: 0,
    }
}

fn budget(per_minute: impl Into<Option<u32>>, per_day: impl Into<Option<u32>>) -> Budget {
    Budget::new(limits(per_minute, per_day), MIDNIGHT)
}

/// Takes calls for `purpose` at `now` until none is left, and counts them.
fn drain(budget: &mut Budget, purpose: Purpose, now: UnixSeconds) -> u32 {
    let mut count = 0;
    budget.roll(now);
    while budget.admit(purpose, now).is_ok() && count < 10_000 {
        budget.take(purpose, &[], now);
        count += 1;
    }
    count
}

fn shortage(budget: &Budget, purpose: Purpose, now: UnixSeconds) -> Option<(Shortage, i64)> {
    let denied = budget.admit(purpose, now).err()?;
    Some((denied.shortage, denied.until.since(now)))
}

#[test]
fn ok_the_time_of_day_that_the_day_begins_at() {
    for (text, seconds) in [
        ("00:00", 0),
        (" 23:59:59 ", 86_399),
        ("05:30:10", 19_810),
        ("12:00Z", 43_200),
        ("00:00-05:00", 18_000),
        ("00:00+05:30", 66_600),
        ("23:00-02:00", 3_600),
    ] {
        assert_eq!(Limits::time_of_day(text), Some(seconds), "{text}");
    }
    for text in [
        "",
        "24:00",
        "1:00",
        "00:60",
        "00",
        "midnight",
        "00:00:60",
        "00:00:00:00",
        "00:00+",
        "00:00 EST",
        "+1:00",
        "00:00:",
    ] {
        assert_eq!(Limits::time_of_day(text), None, "{text}");
    }
}

#[test]
fn ok_a_minute_is_any_sixty_seconds() {
    let mut budget = budget(10, None);
    assert_eq!(drain(&mut budget, Purpose::Read, MIDNIGHT.plus(50)), 10);
    let after = |seconds: i64| MIDNIGHT.plus(50 + seconds);
    assert_eq!(
        shortage(&budget, Purpose::Read, after(5)),
        Some((Shortage::Minute, 56))
    );
    assert_eq!(
        drain(&mut budget, Purpose::Read, after(60)),
        0,
        "made within one second, they may lie sixty seconds apart"
    );
    assert_eq!(drain(&mut budget, Purpose::Read, after(61)), 10);
}

#[test]
fn ok_a_fifth_of_the_minute_is_kept_for_people() {
    let mut budget = budget(10, None);
    assert_eq!(drain(&mut budget, Purpose::Refresh, MIDNIGHT), 8);
    assert_eq!(
        shortage(&budget, Purpose::Refresh, MIDNIGHT),
        Some((Shortage::Reserve, 61))
    );
    assert_eq!(drain(&mut budget, Purpose::Read, MIDNIGHT), 2);
    let mut least = self::budget(1, None);
    assert_eq!(drain(&mut least, Purpose::Refresh, MIDNIGHT), 1);
}

#[test]
fn ok_half_of_the_day_is_kept_for_people_and_less_as_it_runs_out() {
    let mut budget = budget(None, 100);
    let noon = MIDNIGHT.plus(DAY / 2);
    assert_eq!((budget.reserve(MIDNIGHT), budget.reserve(noon)), (50, 25));
    // Who could be shown an older answer leaves it alone, and it grows with what people ask: it holds
    // what they will want if they go on like that.
    let taken = drain(&mut budget, Purpose::Revalidate, MIDNIGHT);
    let left = 100 - taken;
    assert!((1..50).contains(&taken), "{taken}");
    assert_eq!(budget.reserve(MIDNIGHT), i64::from(left));
    assert_eq!(drain(&mut budget, Purpose::Read, MIDNIGHT), left);
    assert_eq!(
        shortage(&budget, Purpose::Read, noon),
        Some((Shortage::Day, DAY / 2))
    );
}

#[test]
fn ok_background_work_keeps_to_the_days_pace() {
    let mut budget = budget(None, 1000);
    // A fiftieth of the day at once, and from then on half of the day, evenly.
    assert_eq!(drain(&mut budget, Purpose::Refresh, MIDNIGHT), 20);
    let (why, wait) = shortage(&budget, Purpose::Refresh, MIDNIGHT).unwrap();
    assert_eq!((why, wait), (Shortage::Pace, 173));
    assert_eq!(budget.admit(Purpose::Refresh, MIDNIGHT.plus(wait)), Ok(()));
    assert_eq!(
        drain(&mut budget, Purpose::Refresh, MIDNIGHT.plus(DAY / 2)),
        250,
        "what was not used in the morning is there at noon"
    );
    let end = MIDNIGHT.plus(DAY - 1);
    let evening = drain(&mut budget, Purpose::Refresh, end);
    assert!(20 + 250 + evening <= 520, "{evening}");
    assert!(drain(&mut budget, Purpose::Read, end) >= 480);
}

#[test]
fn ok_the_clock_passes_midnight_and_the_day_begins_anew() {
    for resets_at in [0, 1, 18_000, 86_399] {
        let limits = Limits {
            day_resets_at: resets_at,
            ..limits(None, 5)
        };
        let before = MIDNIGHT.plus(resets_at - 1);
        let mut budget = Budget::new(limits, before);
        budget.save(Saved {
            cache: 7,
            ..Saved::default()
        });
        assert_eq!(drain(&mut budget, Purpose::Read, before), 5);
        assert_eq!(
            shortage(&budget, Purpose::Read, before),
            Some((Shortage::Day, 1))
        );
        let after = before.plus(1);
        assert_eq!(drain(&mut budget, Purpose::Read, after), 5);
        assert_eq!(budget.saved(), Saved::default());
        assert_eq!(
            drain(&mut budget, Purpose::Read, before),
            0,
            "a clock set back a little brings nothing back"
        );
    }
}

#[test]
fn k7_a_429_holds_everything_until_its_time() {
    for (field, waits) in [
        (Some(7), [7, 7, 7]),
        (Some(0), [1, 2, 4]),
        (Some(86_400), [86_400; 3]),
        (None, [60, 120, 240]),
    ] {
        let mut budget = budget(None, None);
        let mut now = MIDNIGHT;
        for wait in waits {
            assert_eq!(budget.limited(field, now), now.plus(wait), "{field:?}");
            for purpose in PURPOSES {
                assert_eq!(
                    shortage(&budget, purpose, now),
                    Some((Shortage::Limited, wait))
                );
            }
            now = now.plus(wait);
            assert_eq!(budget.admit(Purpose::Refresh, now), Ok(()));
        }
        budget.not_limited();
        assert_eq!(budget.limited(field, now).since(now), waits[0]);
    }
    let mut budget = budget(None, None);
    for _ in 0..100 {
        budget.limited(None, MIDNIGHT);
    }
    assert_eq!(
        budget.limited_until(MIDNIGHT),
        Some(MIDNIGHT.plus(900)),
        "a quarter of an hour is the most that is made up"
    );
}

#[test]
fn ok_torchs_own_fields_count_where_they_are_stricter() {
    let window = |left, resets_in, length| Window {
        left,
        resets_in,
        length,
    };
    let mut budget = budget(100, 1000);
    budget.told(&[window(3, 20, Some(60))], MIDNIGHT);
    assert_eq!(budget.minute_left(), Some(3));
    assert_eq!(drain(&mut budget, Purpose::Read, MIDNIGHT), 3);
    assert_eq!(
        shortage(&budget, Purpose::Read, MIDNIGHT),
        Some((Shortage::Minute, 20))
    );
    // An answer that was overtaken says more is left than there is.
    budget.told(&[window(50, 20, Some(60))], MIDNIGHT);
    assert_eq!(budget.minute_left(), Some(0));
    let later = MIDNIGHT.plus(20);
    budget.roll(later);
    assert_eq!(budget.admit(Purpose::Read, later), Ok(()));
    budget.told(
        &[window(5000, 40, Some(60)), window(2, 3600, Some(DAY))],
        later,
    );
    assert_eq!(
        budget.minute_left(),
        Some(97),
        "it is not believed where it is laxer"
    );
    assert_eq!(drain(&mut budget, Purpose::Read, later), 2);
    assert_eq!(
        shortage(&budget, Purpose::Read, later),
        Some((Shortage::Day, 3600))
    );
    let mut unknown = self::budget(None, None);
    assert_eq!((unknown.minute_left(), unknown.day_left()), (None, None));
    unknown.told(&[window(1, 50_000, None)], MIDNIGHT);
    assert_eq!(unknown.day_left(), Some(1));
    assert_eq!(drain(&mut unknown, Purpose::Read, MIDNIGHT), 1);
}

#[test]
fn ok_the_forecast_says_when_the_day_ends_at_this_pace() {
    let mut budget = budget(None, 1000);
    assert_eq!(
        budget.forecast(MIDNIGHT),
        None,
        "nothing is asked: it lasts"
    );
    // 120 calls an hour for two hours: 760 left, six hours and a bit.
    let mut now = MIDNIGHT;
    for _ in 0..240 {
        now = now.plus(30);
        budget.take(Purpose::Read, &[], now);
    }
    let hours = budget.forecast(now).unwrap().since(now) as f64 / 3600.0;
    assert!((6.0..10.0).contains(&hours), "{hours}");
    assert!(budget.is_tight(now));
    let rested = now.plus(8 * 3600);
    assert_eq!(
        budget.forecast(rested),
        None,
        "after a quiet night it lasts again"
    );
    drain(&mut budget, Purpose::Read, now);
    assert_eq!(budget.forecast(now), Some(now), "it has ended");
}

#[test]
fn ok_clients_share_the_day_where_it_runs_short() {
    let mut budget = budget(None, 90);
    for client in ["heavy", "light", "rare"] {
        budget.seen(client, MIDNIGHT);
    }
    let mut heavy = 0;
    while budget.share("heavy", MIDNIGHT) == Allotted::Yes {
        budget.take(Purpose::Read, &["heavy"], MIDNIGHT);
        heavy += 1;
    }
    assert_eq!(
        heavy, 30,
        "a third is its own; the rest is held for the others"
    );
    for _ in 0..30 {
        assert_eq!(budget.share("light", MIDNIGHT), Allotted::Yes);
        budget.take(Purpose::Read, &["light"], MIDNIGHT);
    }
    assert_eq!(budget.share("light", MIDNIGHT), Allotted::UsedUp);
    let evening = MIDNIGHT.plus(DAY * 3 / 4);
    assert_eq!(
        budget.share("heavy", evening),
        Allotted::Yes,
        "what is held shrinks as the day runs out"
    );
    assert_eq!(budget.share("rare", MIDNIGHT), Allotted::Yes);
    // A call that several travel in is shared.
    let mut shared = self::budget(None, 10);
    shared.seen("one", MIDNIGHT);
    shared.seen("two", MIDNIGHT);
    shared.take(Purpose::Read, &["one", "two", "two", "two"], MIDNIGHT);
    assert_eq!(
        shared.clients().collect::<Vec<_>>(),
        [("one", 250), ("two", 750)]
    );
    assert_eq!(
        self::budget(None, None).share("anyone", MIDNIGHT),
        Allotted::Yes
    );
}

#[test]
fn ok_one_client_alone_has_the_whole_day() {
    let mut budget = budget(None, 90);
    budget.seen("only", MIDNIGHT);
    for _ in 0..90 {
        assert_eq!(budget.share("only", MIDNIGHT), Allotted::Yes);
        budget.take(Purpose::Read, &["only"], MIDNIGHT);
    }
}

#[derive(Debug, Clone)]
enum Event {
    Pass(i64),
    Ask(u8, u8),
    Limited(Option<i64>),
    Told(i64, i64, Option<i64>),
    Evicted,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..4000_i64).prop_map(Event::Pass),
        2 => (0..30_i64).prop_map(Event::Pass),
        12 => (0..3_u8, 0..4_u8).prop_map(|(purpose, client)| Event::Ask(purpose, client)),
        1 => prop::option::of(0..200_i64).prop_map(Event::Limited),
        1 => (0..20_i64, 0..5000_i64, prop::option::of(prop_oneof![Just(60), Just(DAY)])).prop_map(|(left, reset, length)| Event::Told(left, reset, length)),
        1 => Just(Event::Evicted),
    ]
}

proptest! {
    /// Against the simplest model: a list of the moments at which calls were made.
    #[test]
    fn r2_no_limit_is_ever_exceeded_and_an_eviction_forgets_nothing(
        events in prop::collection::vec(event(), 1..400),
        per_minute in prop::option::of(1..8_u32),
        per_day in prop::option::of(1..60_u32),
        day_resets_at in 0..DAY,
    ) {
        let limits = Limits { per_minute, per_day, day_resets_at };
        let mut now = MIDNIGHT.plus(12_345);
        let mut budget = Budget::new(limits, now);
        let mut made: Vec<UnixSeconds> = Vec::new();
        let mut blocked_until = now;
        for event in events {
            match event {
                Event::Pass(seconds) => now = now.plus(seconds),
                Event::Ask(purpose, client) => {
                    let purpose = PURPOSES[usize::from(purpose)];
                    let client = ["", "a", "b", "c"][usize::from(client)];
                    budget.roll(now);
                    budget.seen(client, now);
                    let day = |at: UnixSeconds| (at.0 - day_resets_at).div_euclid(DAY);
                    let today = made.iter().filter(|at| day(**at) == day(now)).count();
                    let reserve = budget.reserve(now);
                    if budget.admit(purpose, now).is_ok() {
                        if let (Some(per_day), true) = (per_day, purpose != Purpose::Read) {
                            prop_assert!(i64::from(per_day) - today as i64 > reserve, "the reserve is people's");
                        }
                        budget.take(purpose, &[client], now);
                        made.push(now);
                        let minute = made.iter().filter(|at| now.since(**at) <= 60).count();
                        prop_assert!(per_minute.is_none_or(|most| minute <= most as usize));
                        prop_assert!(per_day.is_none_or(|most| today < most as usize));
                        prop_assert!(now >= blocked_until, "a 429 holds");
                    } else {
                        let denied = budget.admit(purpose, now).unwrap_err();
                        prop_assert!(denied.until > now, "{denied:?}");
                    }
                }
                Event::Limited(wait) => blocked_until = budget.limited(wait, now),
                Event::Told(left, resets_in, length) => budget.told(&[Window { left, resets_in, length }], now),
                Event::Evicted => {
                    let numbers = budget.numbers();
                    let mut back = Budget::new(limits, now);
                    back.restore(numbers.iter().map(|(name, value)| (name.as_str(), *value)));
                    prop_assert_eq!(back.numbers(), numbers);
                    budget = back;
                }
            }
        }
    }
}
