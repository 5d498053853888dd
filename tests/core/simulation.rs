//! The gate's decisions against a simulated Torch in every mood.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use torch_edge::budget::{Limits, Purpose};
use torch_edge::dispatch::{Call, PATIENCE, Step};
use torch_edge::problem::{Code, Problem};
use torch_edge::receipt::ReceiptNumber;
use torch_edge::reply::Reply;
use torch_edge::time::UnixMillis;

use super::dispatch::{Gate, Say, receipt, receipts, said};

/// How the simulated Torch is at a call.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Well,
    Status(u16, Option<i64>),
    TimedOut,
}

fn mood() -> impl Strategy<Value = Mood> {
    let status = prop_oneof![
        Just(400_u16),
        Just(401),
        Just(403),
        Just(404),
        Just(409),
        Just(429),
        Just(500),
        Just(503),
        Just(302)
    ];
    prop_oneof![
        6 => Just(Mood::Well),
        3 => (status, prop::option::of(0..20_i64)).prop_map(|(status, wait)| Mood::Status(status, wait)),
        1 => Just(Mood::TimedOut),
    ]
}

#[derive(Debug, Clone)]
struct Arrival {
    after: i64,
    receipt: u32,
    purpose: Purpose,
    client: usize,
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let purpose = prop_oneof![
        Just(Purpose::Read),
        Just(Purpose::Revalidate),
        Just(Purpose::Refresh)
    ];
    let after = prop_oneof![6 => 0..20_i64, 2 => 0..800_i64, 1 => 0..30_000_i64];
    (after, 0..25_u32, purpose, 0..3_usize).prop_map(|(after, receipt, purpose, client)| Arrival {
        after,
        receipt,
        purpose,
        client,
    })
}

/// A call on its way: when it ends, and how.
struct Flight {
    ends: UnixMillis,
    call: Call,
    mood: Mood,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever comes, in whatever order: each reader is told exactly once and in time, no case is
    /// asked for twice at once, no limit is exceeded, and in the end nothing is left over.
    #[test]
    fn ok_everybody_is_told_once_and_in_time_and_no_limit_is_exceeded(
        arrivals in prop::collection::vec(arrival(), 1..80),
        moods in prop::collection::vec((mood(), 1..4000_i64), 1..60),
        batch_max in 1..12_usize,
        keys in 1..3_usize,
        per_minute in prop::option::of(1..30_u32),
        per_day in prop::option::of(1..60_u32),
        random in 0.0..1.0_f64,
    ) {
        let limits = Limits { per_minute, per_day, day_resets_at: 0 };
        let mut gate = Gate::new(limits, batch_max, keys);
        let mut moods = moods.into_iter().cycle();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut next_arrival = gate.now.plus(arrivals.peek().map_or(0, |one| one.after));
        let mut flights: Vec<Flight> = Vec::new();
        let mut waiting: HashMap<u64, (ReceiptNumber, UnixMillis)> = HashMap::new();
        let mut made: Vec<UnixMillis> = Vec::new();
        let mut rounds = 0;
        loop {
            rounds += 1;
            prop_assert!(rounds < 3_000, "it never comes to an end");
            let mut wake = match gate.dispatch.next(gate.now) {
                Step::Call(mut call) => {
                    if call.room > 0 {
                        gate.dispatch.ride(&mut call, receipts(90..92), gate.now);
                    }
                    let distinct: BTreeSet<_> = call.receipts.iter().collect();
                    prop_assert!(!call.receipts.is_empty() && call.receipts.len() <= batch_max);
                    prop_assert_eq!(distinct.len(), call.receipts.len());
                    for flight in &flights {
                        prop_assert!(call.receipts.iter().all(|one| !flight.call.receipts.contains(one)), "one case in two calls at once");
                    }
                    prop_assert!(flights.len() < 4 && call.key < keys);
                    made.push(gate.now);
                    let minute = made.iter().filter(|at| gate.now.since(**at) <= 60_000).count();
                    prop_assert!(per_minute.is_none_or(|most| minute <= most as usize));
                    let day = |at: UnixMillis| at.seconds().0.div_euclid(86_400);
                    let today = made.iter().filter(|at| day(**at) == day(gate.now)).count();
                    prop_assert!(per_day.is_none_or(|most| today <= most as usize));
                    let (mood, takes) = moods.next().unwrap();
                    let takes = if matches!(mood, Mood::TimedOut) { call.timeout } else { takes.min(call.timeout) };
                    flights.push(Flight { ends: gate.now.plus(takes), call, mood });
                    None
                }
                Step::Wait(until) => {
                    prop_assert!(until > gate.now);
                    Some(until)
                }
                Step::Idle => Some(UnixMillis(i64::MAX)),
            };
            for settled in gate.dispatch.settled() {
                for reader in settled.readers {
                    let Some((receipt, deadline)) = waiting.remove(&reader) else {
                        return Err(TestCaseError::fail("told twice"));
                    };
                    prop_assert_eq!(receipt, settled.receipt);
                    prop_assert!(gate.now <= deadline, "told late");
                    if let Say(Ok(_), _) = settled.answer {
                        prop_assert_eq!(&settled.answer, &said(receipt), "another's answer");
                    }
                }
            }
            let Some(wake) = wake.as_mut() else { continue };
            if let Some(flight) = flights.iter().map(|flight| flight.ends).min() {
                *wake = (*wake).min(flight);
            }
            if arrivals.peek().is_some() {
                *wake = (*wake).min(next_arrival);
            } else if flights.is_empty() && waiting.is_empty() && *wake == UnixMillis(i64::MAX) {
                break;
            }
            prop_assert!(*wake < UnixMillis(i64::MAX), "readers wait, and nothing will come");
            gate.now = gate.now.max(*wake);
            while let Some(at) = flights.iter().position(|flight| flight.ends <= gate.now) {
                let Flight { call, mood, .. } = flights.remove(at);
                let reply = match mood {
                    Mood::Well => Reply::Cases(call.receipts.iter().map(|one| (*one, said(*one))).collect()),
                    Mood::Status(status, wait) => Reply::of_status(status, wait),
                    Mood::TimedOut => Reply::Failed { problem: Problem::new(Code::TorchTimeout, ""), status: None, retry_after: None },
                };
                gate.dispatch.answered(call.id, call.key, reply, gate.now, random);
            }
            while arrivals.peek().is_some() && next_arrival <= gate.now {
                let Arrival { receipt: n, purpose, client, .. } = arrivals.next().unwrap();
                let id = gate.ask_for(n, purpose, ["a", "b", "c"][client]);
                waiting.insert(id, (receipt(n), gate.now.plus(PATIENCE)));
                next_arrival = gate.now.plus(arrivals.peek().map_or(0, |one| one.after));
            }
        }
    }
}
