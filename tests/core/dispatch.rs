//! The gate's decisions in small stories; `simulation.rs` has the rest.

use std::collections::{BTreeMap, BTreeSet};

use torch_edge::budget::{Budget, Limits, Purpose};
use torch_edge::dispatch::{Call, Dispatch, PATIENCE, Reader, Step};
use torch_edge::keys::KeyRing;
use torch_edge::problem::{Code, Problem};
use torch_edge::receipt::ReceiptNumber;
use torch_edge::reply::{Answer, Reply};
use torch_edge::time::UnixMillis;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// What is told: a case's text, or a problem's code and Torch's status.
pub(super) type Told = Result<u32, (Code, Option<u16>)>;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Say(pub(super) Told, pub(super) Option<i64>);

impl Answer for Say {
    fn refused(problem: Problem, status: Option<u16>) -> Self {
        Self(Err((problem.code, status)), problem.retry_after)
    }
}

pub(super) fn receipt(n: u32) -> ReceiptNumber {
    format!("IOE{n:010}").parse().unwrap()
}

pub(super) fn receipts(range: std::ops::Range<u32>) -> Vec<ReceiptNumber> {
    range.map(receipt).collect()
}

pub(super) struct Gate {
    pub(super) dispatch: Dispatch<Say>,
    pub(super) now: UnixMillis,
    serial: u64,
}

impl Gate {
    pub(super) fn new(limits: Limits, batch_max: usize, keys: usize) -> Self {
        let keys = KeyRing::new((0..keys).map(|n| format!("key{n}")));
        Self {
            dispatch: Dispatch::new(Budget::new(limits, NOW.seconds()), keys, batch_max),
            now: NOW,
            serial: 0,
        }
    }

    fn ample() -> Self {
        Self::new(Limits::default(), 100, 1)
    }

    pub(super) fn ask_for(&mut self, n: u32, purpose: Purpose, client: &str) -> u64 {
        self.serial += 1;
        let reader = Reader {
            id: self.serial,
            purpose,
            deadline: self.now.plus(PATIENCE),
        };
        self.dispatch
            .ask(receipt(n), Some(reader), client, self.now);
        self.serial
    }

    fn ask(&mut self, n: u32) -> u64 {
        self.ask_for(n, Purpose::Read, "client")
    }

    /// The next call, however long it takes to come; `None` where there is nothing to wait for but
    /// deadlines.
    fn call(&mut self) -> Option<Call> {
        for _ in 0..1000 {
            match self.dispatch.next(self.now) {
                Step::Call(call) => return Some(call),
                Step::Wait(until) if until.since(self.now) > 6_000 => return None,
                Step::Wait(until) => {
                    assert!(until > self.now, "a wait is a wait");
                    self.now = until;
                }
                Step::Idle => return None,
            }
        }
        panic!("it never comes to an end");
    }

    fn calls(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.call()).collect()
    }

    fn answer(&mut self, call: &Call, reply: Reply<Say>) {
        self.dispatch
            .answered(call.id, call.key, reply, self.now, 0.5);
    }

    fn answer_well(&mut self, call: &Call) {
        let cases = call
            .receipts
            .iter()
            .map(|receipt| (*receipt, said(*receipt)));
        self.answer(call, Reply::Cases(cases.collect()));
    }

    /// What each reader has been told.
    fn told(&mut self) -> BTreeMap<u64, Say> {
        let mut told = BTreeMap::new();
        for settled in self.dispatch.settled() {
            for reader in settled.readers {
                assert!(told.insert(reader, settled.answer.clone()).is_none());
            }
        }
        told
    }
}

pub(super) fn said(receipt: ReceiptNumber) -> Say {
    Say(
        Ok(receipt.as_str().trim_start_matches("IOE").parse().unwrap()),
        None,
    )
}

fn failed(status: u16) -> Reply<Say> {
    Reply::of_status(status, None)
}

fn per_day(calls: u32) -> Limits {
    Limits {
        per_day: Some(calls),
        ..Limits::default()
    }
}

#[test]
fn ok_who_asks_for_the_same_case_joins_those_who_wait() {
    let mut gate = Gate::ample();
    let readers: Vec<u64> = (0..500).map(|_| gate.ask(1)).collect();
    let call = gate.call().unwrap();
    assert_eq!(call.receipts, receipts(1..2));
    let late = gate.ask(1);
    assert_eq!(gate.call(), None, "it is on its way");
    gate.answer_well(&call);
    let told = gate.told();
    assert!(readers.iter().chain([&late]).all(|id| told[id].0 == Ok(1)));
    assert_eq!(gate.dispatch.budget.saved().coalescing, 500);
    assert_eq!(gate.dispatch.budget.day_used(), (1, 0));
}

#[test]
fn ok_cases_of_the_same_moment_travel_together_and_one_alone_travels_alone() {
    let mut gate = Gate::ample();
    gate.ask(1);
    assert_eq!(gate.dispatch.next(gate.now), Step::Wait(gate.now.plus(5)));
    gate.now = gate.now.plus(3);
    gate.ask(2);
    let call = gate.call().unwrap();
    assert_eq!((call.receipts, gate.now), (receipts(1..3), NOW.plus(8)));
    gate.now = gate.now.plus(1000);
    gate.ask(3);
    let alone = gate.call().unwrap();
    assert_eq!((alone.receipts, alone.room), (receipts(3..4), 99));
}

#[test]
fn ok_a_full_batch_leaves_at_once_and_the_next_fills_while_it_is_on_its_way() {
    let mut gate = Gate::ample();
    for n in 0..250 {
        gate.ask(n);
    }
    let calls = gate.calls();
    let sizes: Vec<usize> = calls.iter().map(|call| call.receipts.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(
        gate.now,
        NOW.plus(100),
        "the last waits for company where so many have come, but not long"
    );
    for call in &calls {
        gate.answer_well(call);
    }
    assert_eq!(gate.told().len(), 250);
    assert_eq!(gate.dispatch.budget.saved().batching, 247);
}

#[test]
fn ok_a_batch_does_not_fill_for_ever() {
    let mut gate = Gate::new(Limits::default(), 500, 1);
    let first = gate.now;
    for n in 0..120 {
        gate.ask(n);
        if let Step::Call(call) = gate.dispatch.next(gate.now) {
            assert_eq!((gate.now.since(first), call.receipts.len()), (400, 101));
            return;
        }
        gate.now = gate.now.plus(4);
    }
    panic!("it still fills");
}

/// How many calls a thousand cases take that come in bursts, with the thread too busy in between to look.
fn calls_of_a_crowd(burst: u32, every: i64) -> usize {
    let mut gate = Gate::ample();
    let mut calls = Vec::new();
    for first in (0..1000).step_by(burst as usize) {
        // What is in line is looked at one by one, the timer that has long been due before it.
        for n in first..first + burst {
            while let Step::Call(call) = gate.dispatch.next(gate.now) {
                gate.answer_well(&call);
                calls.push(call);
            }
            gate.ask(n);
        }
        gate.now = gate.now.plus(every);
    }
    for call in gate.calls() {
        gate.answer_well(&call);
        calls.push(call);
    }
    let asked: Vec<_> = calls.iter().flat_map(|call| &call.receipts).collect();
    assert_eq!(asked.len(), 1000, "each case once");
    calls.len()
}

#[test]
fn k6_however_slowly_a_crowd_comes_a_few_calls_leave_half_empty_and_no_more() {
    for (burst, every) in [
        (1, 1),
        (5, 20),
        (20, 150),
        (50, 350),
        (125, 900),
        (250, 2_000),
    ] {
        let calls = calls_of_a_crowd(burst, every);
        assert!(calls <= 15, "{burst} every {every} ms: {calls} calls");
    }
}

#[test]
fn ok_a_crowd_is_forgotten_and_one_alone_leaves_at_once() {
    let mut gate = Gate::ample();
    for n in 0..20 {
        gate.ask(n);
    }
    let crowd = gate.call().unwrap();
    gate.answer_well(&crowd);
    gate.now = gate.now.plus(4_000);
    let before = gate.now;
    gate.ask(99);
    assert_eq!(gate.call().unwrap().receipts, receipts(99..100));
    assert!(gate.now.since(before) <= 5, "a few milliseconds");
}

#[test]
fn ok_a_rejected_batch_is_halved_until_the_culprit_stands_alone_and_nothing_is_asked_twice() {
    for (status, code) in [(409, Code::TorchConflict), (400, Code::TorchBadRequest)] {
        let mut gate = Gate::ample();
        let readers: Vec<u64> = (0..64).map(|n| gate.ask(n)).collect();
        let (mut answered, mut count) = (BTreeSet::new(), 0);
        while let Some(call) = gate.call() {
            count += 1;
            assert!(call.receipts.iter().all(|one| !answered.contains(one)));
            if call.receipts.contains(&receipt(41)) {
                gate.answer(&call, failed(status));
            } else {
                answered.extend(call.receipts.iter().copied());
                gate.answer_well(&call);
            }
        }
        let told = gate.told();
        for (n, id) in (0..64).zip(&readers) {
            let expected = if n == 41 {
                Err((code, Some(status)))
            } else {
                Ok(n)
            };
            assert_eq!(told[id].0, expected);
        }
        assert_eq!(count, 13, "1 + 2 for each halving of 64");
        assert_eq!(
            gate.dispatch.batch_max(),
            100,
            "it was the case, not the number"
        );
    }
}

#[test]
fn ok_where_torch_takes_fewer_cases_than_was_said_that_is_learnt_and_kept() {
    let mut gate = Gate::ample();
    let torch = |gate: &mut Gate| {
        let mut sizes = Vec::new();
        while let Some(call) = gate.call() {
            sizes.push(call.receipts.len());
            if call.receipts.len() > 30 {
                gate.answer(&call, failed(400));
            } else {
                gate.answer_well(&call);
            }
        }
        sizes
    };
    for n in 0..100 {
        gate.ask(n);
    }
    assert_eq!(torch(&mut gate), [100, 50, 50, 25, 25, 25, 25]);
    assert_eq!(gate.told().len(), 100);
    assert_eq!(gate.dispatch.batch_max(), 25);
    let numbers = gate.dispatch.numbers();
    let pairs = numbers.iter().map(|(name, value)| (name.as_str(), *value));
    for (set, found) in [(100, 25), (50, 50)] {
        let mut next = Gate::new(Limits::default(), set, 1);
        next.dispatch.restore(pairs.clone());
        assert_eq!(
            next.dispatch.batch_max(),
            found,
            "another setting is another matter"
        );
    }
    for n in 0..50 {
        gate.ask(n);
    }
    assert_eq!(torch(&mut gate), [25, 25]);
}

#[test]
fn ok_people_do_not_suffer_for_what_only_rides_along() {
    let mut gate = Gate::ample();
    let reader = gate.ask(1);
    let mut call = gate.call().unwrap();
    gate.dispatch.ride(&mut call, receipts(0..300), gate.now);
    assert_eq!((call.receipts.len(), call.room), (100, 0));
    assert_eq!(call.receipts[..3], [receipt(1), receipt(0), receipt(2)]);
    gate.answer(&call, failed(409));
    let again = gate.call().unwrap();
    assert_eq!(again.receipts, receipts(1..2));
    gate.answer_well(&again);
    assert_eq!(gate.told()[&reader].0, Ok(1));
    assert_eq!(gate.dispatch.budget.day_used(), (2, 0));
}

#[test]
fn ok_a_refresh_rides_with_people_and_goes_alone_where_nobody_comes() {
    let mut gate = Gate::ample();
    gate.ask_for(1, Purpose::Refresh, "client");
    gate.ask(2);
    assert_eq!(gate.call().unwrap().receipts, [receipt(2), receipt(1)]);
    gate.ask_for(3, Purpose::Refresh, "client");
    gate.now = gate.now.plus(50);
    gate.ask_for(4, Purpose::Refresh, "client");
    let asked = gate.now;
    assert_eq!(gate.call().unwrap().receipts, receipts(3..5));
    assert_eq!(
        gate.now,
        asked.plus(50),
        "a tenth of a second after the first"
    );
    assert_eq!(gate.dispatch.budget.day_used(), (1, 1));
    // One that waits to be refreshed gets a reader: it goes with the people.
    gate.ask_for(5, Purpose::Refresh, "client");
    gate.ask(5);
    let asked = gate.now;
    assert_eq!(gate.call().unwrap().receipts, receipts(5..6));
    assert!(gate.now.since(asked) < 30);
    assert_eq!(gate.dispatch.budget.day_used(), (2, 1));
}

#[test]
fn ok_a_failure_is_tried_again_for_those_who_have_nothing_else() {
    let mut gate = Gate::ample();
    let (read, shown) = (gate.ask(1), gate.ask_for(1, Purpose::Revalidate, "client"));
    let first = gate.call().unwrap();
    gate.answer(&first, failed(503));
    let told = gate.told();
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[&shown].0,
        Err((Code::TorchFailed, Some(503))),
        "at once"
    );
    let failed_at = gate.now;
    let second = gate.call().unwrap();
    assert_eq!(
        gate.now.since(failed_at),
        100,
        "half of 200: the ceiling times 0.5"
    );
    gate.answer(&second, failed(500));
    let third = gate.call().unwrap();
    gate.answer_well(&third);
    assert_eq!(gate.told()[&read].0, Ok(1));
}

#[test]
fn err_after_three_tries_the_reader_is_told() {
    let mut gate = Gate::ample();
    let reader = gate.ask(1);
    for _ in 0..3 {
        let call = gate.call().unwrap();
        gate.answer(&call, failed(500));
    }
    assert_eq!(gate.call(), None);
    assert_eq!(gate.told()[&reader].0, Err((Code::TorchFailed, Some(500))));
}

#[test]
fn ok_one_case_that_makes_torch_fail_does_not_take_a_whole_batch_with_it() {
    let mut gate = Gate::ample();
    let readers: Vec<u64> = (0..8).map(|n| gate.ask(n)).collect();
    while let Some(call) = gate.call() {
        if call.receipts.contains(&receipt(3)) {
            gate.answer(&call, failed(500));
        } else {
            gate.answer_well(&call);
        }
    }
    let told = gate.told();
    let fine = readers.iter().filter(|id| told[*id].0.is_ok()).count();
    assert_eq!(
        (told.len(), fine),
        (8, 6),
        "8, 4 and 2 of them were tried with it"
    );
}

#[test]
fn ok_no_call_outlasts_those_who_wait_for_it() {
    let mut gate = Gate::ample();
    gate.ask(1);
    assert_eq!(gate.call().unwrap().timeout, 10_000);
    gate.serial += 1;
    let hurried = Reader {
        id: gate.serial,
        purpose: Purpose::Read,
        deadline: gate.now.plus(700),
    };
    gate.dispatch
        .ask(receipt(2), Some(hurried), "client", gate.now);
    let call = gate.call().unwrap();
    assert!(
        call.timeout <= 700 && call.timeout > 500,
        "{}",
        call.timeout
    );
}

#[test]
fn err_nobody_waits_beyond_their_deadline() {
    let mut gate = Gate::ample();
    let reader = gate.ask(1);
    let call = gate.call().unwrap();
    gate.now = NOW.plus(PATIENCE);
    assert_eq!(gate.dispatch.next(gate.now), Step::Idle);
    assert_eq!(gate.told()[&reader].0, Err((Code::TorchTimeout, None)));
    // The answer comes all the same, for whoever has come meanwhile.
    let other = gate.ask(1);
    assert_eq!(gate.call(), None, "it is on its way still");
    gate.answer_well(&call);
    assert_eq!(gate.told()[&other].0, Ok(1));
}

#[test]
fn k7_a_429_stops_the_gate_and_only_those_wait_for_whom_it_is_worth_while() {
    for (retry_after, waits) in [(Some(2), true), (Some(60), false), (None, false)] {
        let mut gate = Gate::ample();
        let (read, shown) = (gate.ask(1), gate.ask_for(2, Purpose::Revalidate, "client"));
        let call = gate.call().unwrap();
        gate.answer(&call, Reply::Limited { retry_after });
        let wait = retry_after.unwrap_or(60);
        let refused = Say(Err((Code::TorchRateLimited, Some(429))), Some(wait));
        let told = gate.told();
        assert_eq!(told[&shown], refused);
        assert_eq!(told.get(&read), (!waits).then_some(&refused));
        // Who comes now is told without Torch being asked.
        let next = gate.ask(3);
        let again = gate.call();
        if waits {
            assert_eq!(gate.now, NOW.plus(2000).max(gate.now));
            let mut asked = BTreeSet::new();
            let mut call = again;
            while let Some(one) = call {
                assert!(gate.now >= NOW.plus(2000));
                asked.extend(one.receipts.clone());
                gate.answer_well(&one);
                call = gate.call();
            }
            assert_eq!(asked, BTreeSet::from([receipt(1), receipt(3)]));
            let told = gate.told();
            assert_eq!((told[&read].0, told[&next].0), (Ok(1), Ok(3)));
        } else {
            assert_eq!(again, None);
            assert!(matches!(
                gate.told()[&next].0,
                Err((Code::TorchRateLimited, None))
            ));
        }
    }
}

#[test]
fn ok_a_refused_key_is_changed_for_the_other_and_no_reader_notices() {
    let mut gate = Gate::new(Limits::default(), 100, 2);
    let reader = gate.ask(1);
    let first = gate.call().unwrap();
    gate.answer(&first, failed(401));
    let second = gate.call().unwrap();
    assert_eq!(
        (first.key, second.key, &second.receipts),
        (0, 1, &first.receipts)
    );
    gate.answer_well(&second);
    assert_eq!(gate.told()[&reader].0, Ok(1));
    gate.ask(2);
    assert_eq!(gate.call().unwrap().key, 1, "which one works is remembered");
}

#[test]
fn k14_with_both_keys_refused_everybody_is_told_and_torch_is_left_alone() {
    let mut gate = Gate::new(Limits::default(), 100, 2);
    let (read, shown) = (gate.ask(1), gate.ask_for(1, Purpose::Revalidate, "client"));
    for status in [401, 403] {
        let call = gate.call().unwrap();
        gate.answer(&call, failed(status));
    }
    let told = gate.told();
    for id in [read, shown] {
        assert_eq!(told[&id].0, Err((Code::TorchForbidden, Some(403))));
    }
    let next = gate.ask(2);
    assert_eq!(gate.call(), None);
    assert_eq!(gate.told()[&next].0, Err((Code::TorchUnauthorized, None)));
    gate.now = gate.now.plus(30_000);
    gate.ask(3);
    assert!(gate.call().is_some(), "after half a minute it looks again");
}

#[test]
fn ok_the_breaker_opens_and_one_probe_goes_when_it_is_half_open() {
    let mut gate = Gate::ample();
    for n in 0..5 {
        gate.ask_for(n, Purpose::Revalidate, "client");
        let call = gate.call().unwrap();
        gate.answer(&call, failed(502));
    }
    gate.told();
    let shown = gate.ask_for(10, Purpose::Revalidate, "client");
    let read = gate.ask(11);
    assert!(matches!(gate.dispatch.next(gate.now), Step::Wait(_)));
    assert_eq!(
        gate.told().remove(&shown).unwrap().0,
        Err((Code::CircuitOpen, None))
    );
    let opened = gate.now;
    let probe = gate.call().unwrap();
    assert!(
        gate.now.since(opened) >= 2500,
        "the one who has nothing waits for the probe"
    );
    for n in 20..40 {
        gate.ask(n);
    }
    assert!(
        matches!(gate.dispatch.next(gate.now), Step::Wait(_)),
        "one probe only"
    );
    gate.answer_well(&probe);
    assert_eq!(gate.told()[&read].0, Ok(11));
    assert_eq!(gate.call().unwrap().receipts.len(), 20);
}

#[test]
fn ok_what_is_left_of_the_day_is_kept_for_those_who_have_nothing() {
    let mut gate = Gate::new(per_day(20), 100, 1);
    let mut refreshed = 0;
    for n in 0..40 {
        gate.ask_for(n, Purpose::Refresh, "client");
        if let Some(call) = gate.call() {
            refreshed += 1;
            gate.answer_well(&call);
        }
    }
    assert!(refreshed <= 10, "{refreshed}");
    gate.told();
    let mut read = 0;
    while read < 40 {
        let reader = gate.ask(100 + read);
        let Some(call) = gate.call() else {
            let told = gate.told();
            assert!(matches!(told[&reader].0, Err((Code::QuotaExhausted, None))));
            break;
        };
        gate.answer_well(&call);
        read += 1;
    }
    assert_eq!(refreshed + read, 20);
    assert!(read >= 10);
}

#[test]
fn ok_clients_take_turns_in_a_batch_and_one_without_a_share_may_ride() {
    let mut gate = Gate::new(Limits::default(), 10, 1);
    for n in 0..100 {
        gate.ask_for(n, Purpose::Read, "heavy");
    }
    gate.ask_for(500, Purpose::Read, "light");
    let call = gate.call().unwrap();
    assert!(
        call.receipts.contains(&receipt(500)),
        "it does not wait behind a hundred others"
    );

    let mut gate = Gate::new(per_day(10), 2, 1);
    gate.ask_for(500, Purpose::Refresh, "light");
    gate.call();
    for n in 0..9 {
        gate.ask_for(n, Purpose::Read, "heavy");
        if let Some(call) = gate.call() {
            gate.answer_well(&call);
        }
    }
    let told: Vec<Told> = gate.told().into_values().map(|say| say.0).collect();
    let fine = told.iter().filter(|told| told.is_ok()).count();
    assert_eq!(
        fine, 6,
        "half of the day is its own, and one more is nobody's at this hour"
    );
    assert!(told.contains(&Err((Code::QuotaExhausted, None))));
    let (rides, pays) = (
        gate.ask_for(50, Purpose::Read, "heavy"),
        gate.ask_for(51, Purpose::Read, "light"),
    );
    let call = gate.call().unwrap();
    assert_eq!(call.receipts, [receipt(51), receipt(50)]);
    gate.answer_well(&call);
    assert_eq!(
        gate.told().keys().copied().collect::<Vec<_>>(),
        [rides, pays]
    );
}

#[test]
fn r2_what_is_stored_brings_everything_back_but_those_who_waited() {
    let mut gate = Gate::new(per_day(50), 100, 2);
    for n in 0..7 {
        gate.ask_for(n, Purpose::Revalidate, "client");
        if let Some(call) = gate.call() {
            gate.answer(&call, failed(if n == 0 { 401 } else { 500 }));
        }
    }
    let numbers = gate.dispatch.numbers();
    let mut back = Gate::new(per_day(50), 100, 2);
    back.dispatch
        .restore(numbers.iter().map(|(name, value)| (name.as_str(), *value)));
    assert_eq!(back.dispatch.numbers(), numbers);
    assert_eq!(back.dispatch.budget, gate.dispatch.budget);
    assert_eq!(back.dispatch.keys, gate.dispatch.keys);
}
