//! The feed over a store in memory; and what subscribers get of it, whatever happens.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// What the Durable Object keeps in SQLite.
#[derive(Debug, Default)]
struct Memory(RefCell<Kept>);

#[derive(Debug, Default)]
struct Kept {
    changes: BTreeMap<Place, Change>,
    /// One that was struck out is not used again.
    last: Place,
    floor: Place,
    told: BTreeSet<(ReceiptNumber, Socket)>,
}

impl Store for Memory {
    type Error = Infallible;

    fn mark(&self) -> Result<Mark, Infallible> {
        let kept = self.0.borrow();
        let last = kept.changes.keys().last().copied();
        Ok(Mark {
            epoch: "e".into(),
            floor: kept.floor,
            last: last.unwrap_or(kept.floor),
        })
    }

    fn append(
        &self,
        changes: &[Change],
        _now: UnixSeconds,
    ) -> Result<Vec<(Place, usize)>, Infallible> {
        let mut kept = self.0.borrow_mut();
        let mut new = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            if kept.changes.values().all(|known| known.id != change.id) {
                kept.last += 1;
                let place = kept.last;
                kept.changes.insert(place, change.clone());
                new.push((place, index));
            }
        }
        Ok(new)
    }

    fn weigh(&self, place: Place, receipts: &[ReceiptNumber]) -> Result<(i64, i64), Infallible> {
        let since = self.since(place, receipts)?;
        let bytes = since
            .iter()
            .map(|(.., event)| event.as_ref().map_or(0, String::len) as i64);
        Ok((since.len() as i64, bytes.sum()))
    }

    fn since(
        &self,
        place: Place,
        receipts: &[ReceiptNumber],
    ) -> Result<Vec<(Place, ReceiptNumber, Option<String>)>, Infallible> {
        let kept = self.0.borrow();
        let behind = kept.changes.range(place + 1..);
        let theirs = behind.filter(|(_, change)| receipts.contains(&change.receipt));
        Ok(theirs
            .map(|(place, change)| (*place, change.receipt, change.event.clone()))
            .collect())
    }

    fn strike_out(&self, place: Place) -> Result<(), Infallible> {
        let mut kept = self.0.borrow_mut();
        kept.changes.retain(|known, _| *known > place);
        kept.floor = kept.floor.max(place);
        Ok(())
    }

    fn subscribed(&self, socket: Socket) -> Result<Vec<ReceiptNumber>, Infallible> {
        let kept = self.0.borrow();
        let mine = kept.told.iter().filter(|(_, one)| *one == socket);
        Ok(mine.map(|(receipt, _)| *receipt).collect())
    }

    fn subscribers(
        &self,
        receipt: ReceiptNumber,
        _now: UnixSeconds,
    ) -> Result<Vec<Socket>, Infallible> {
        let kept = self.0.borrow();
        let theirs = kept.told.iter().filter(|(one, _)| *one == receipt);
        Ok(theirs.map(|(_, socket)| *socket).collect())
    }

    fn subscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<(), Infallible> {
        let mine = receipts.iter().map(|receipt| (*receipt, socket));
        self.0.borrow_mut().told.extend(mine);
        Ok(())
    }

    fn unsubscribe(&self, socket: Socket, receipts: &[ReceiptNumber]) -> Result<(), Infallible> {
        let mut kept = self.0.borrow_mut();
        kept.told
            .retain(|(receipt, one)| *one != socket || !receipts.contains(receipt));
        Ok(())
    }
}

impl Memory {
    /// What a socket gets for a message.
    fn ask(&self, socket: Socket, message: &Value) -> Vec<Value> {
        self.ask_as(socket, None, message)
    }

    fn ask_as(
        &self,
        socket: Socket,
        grant: Option<&[ReceiptNumber]>,
        message: &Value,
    ) -> Vec<Value> {
        let request = Request::read(&message.to_string()).unwrap();
        let Ok(messages) = carry_out(self, socket, grant, request, || "r-1".into());
        messages.iter().map(|text| parsed(text)).collect()
    }

    fn push(&self, changes: &[Change]) -> Vec<(Vec<Socket>, Value)> {
        let Ok(messages) = push(self, changes, NOW);
        let messages = messages.into_iter();
        messages.map(|(to, text)| (to, parsed(&text))).collect()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn receipt(n: usize) -> ReceiptNumber {
    format!("IOE{n:010}").parse().unwrap()
}

/// The change that is the `n`th of a case.
fn change(case: usize, n: usize) -> Change {
    Change::new(
        format!("msg_{case}_{n}"),
        receipt(case),
        json!({ "id": n }).to_string(),
    )
}

fn subscribe(receipts: &[&str], cursor: Option<&str>) -> Value {
    json!({ "type": "subscribe", "receipts": receipts, "cursor": cursor })
}

#[test]
fn ok_a_change_goes_to_whoever_is_told_of_its_case_once() {
    let feed = Memory::default();
    let answer = feed.ask(1, &subscribe(&["ioe-000-000-0001", "IOE0000000001"], None));
    assert_eq!(
        answer,
        [
            json!({ "type": "subscribed", "receipts": ["IOE0000000001"], "cursor": "e.0", "refused": [] })
        ]
    );
    feed.ask(2, &subscribe(&["IOE0000000001", "IOE0000000002"], None));
    let told = json!({ "type": "change", "cursor": "e.1", "receipt": "IOE0000000001", "event": { "id": 0 } });
    assert_eq!(feed.push(&[change(1, 0)]), [(vec![1, 2], told)]);
    assert_eq!(feed.push(&[change(1, 0)]), [], "it is there already");
    assert_eq!(feed.push(&[change(3, 0)]), [], "nobody wants to know");
    let both = feed.push(&[change(1, 0), change(2, 0), change(1, 1)]);
    let to: Vec<_> = both
        .iter()
        .map(|(to, text)| (to.clone(), text["cursor"].clone()))
        .collect();
    assert_eq!(to, [(vec![2], json!("e.3")), (vec![1, 2], json!("e.4"))]);
    feed.ask(
        1,
        &json!({ "type": "unsubscribe", "receipts": ["IOE0000000001", "nonsense"] }),
    );
    assert_eq!(feed.push(&[change(1, 2)])[0].0, [2]);
}

#[test]
fn ok_who_comes_back_gets_what_came_meanwhile_or_is_told_to_read_again() {
    let feed = Memory::default();
    for n in 0..3 {
        feed.push(&[change(1, n), change(2, n)]);
    }
    let ask = |socket, cursor: &str| feed.ask(socket, &subscribe(&["IOE0000000001"], Some(cursor)));
    let types = |messages: &[Value]| -> Vec<String> {
        messages
            .iter()
            .map(|one| format!("{} {}", one["type"], one["cursor"]).replace('"', ""))
            .collect()
    };
    assert_eq!(
        types(&ask(1, "e.1")),
        ["change e.3", "change e.5", "subscribed e.6"]
    );
    assert_eq!(
        types(&ask(1, "e.1")),
        ["subscribed e.6"],
        "it has been told of them all the time"
    );
    assert_eq!(types(&ask(2, "e.6")), ["subscribed e.6"]);
    for (socket, cursor) in [(3, "other.5"), (4, "e"), (5, "e.x"), (6, "")] {
        assert_eq!(
            types(&ask(socket, cursor)),
            ["resync e.6", "subscribed e.6"],
            "{cursor}"
        );
    }
    let Ok(()) = feed.strike_out(2);
    assert_eq!(
        types(&ask(7, "e.2")),
        ["change e.3", "change e.5", "subscribed e.6"]
    );
    assert_eq!(
        ask(8, "e.1")[0],
        json!({ "type": "resync", "receipts": ["IOE0000000001"], "cursor": "e.6" })
    );
}

#[test]
fn ok_the_feed_keeps_so_many_and_replays_so_many() {
    let feed = Memory::default();
    let changes: Vec<Change> = (0..=REPLAYED as usize).map(|n| change(1, n)).collect();
    feed.push(&changes);
    let answer =
        |socket, cursor: &str| feed.ask(socket, &subscribe(&["IOE0000000001"], Some(cursor)));
    assert_eq!(answer(1, "e.1").len(), REPLAYED as usize + 1);
    assert_eq!(answer(2, "e.0")[0]["type"], "resync");
    feed.0.borrow_mut().last = KEPT + SLACK;
    feed.push(&[change(2, 0)]);
    assert_eq!(feed.0.borrow().floor, SLACK + 1);
    assert_eq!(answer(3, &format!("e.{SLACK}"))[0]["type"], "resync");
    assert_eq!(
        answer(4, &format!("e.{}", SLACK + 1))[0]["cursor"],
        format!("e.{}", SLACK + 2)
    );
}

#[test]
fn ok_an_event_that_is_too_long_is_a_reason_to_read_again() {
    let feed = Memory::default();
    feed.ask(1, &subscribe(&["IOE0000000001"], None));
    let long = Change::new("msg_1".into(), receipt(1), "x".repeat(MAX_EVENT + 1));
    let resync = json!({ "type": "resync", "receipts": ["IOE0000000001"], "cursor": "e.1" });
    assert_eq!(feed.push(&[long]), [(vec![1], resync.clone())]);
    assert_eq!(
        feed.ask(2, &subscribe(&["IOE0000000001"], Some("e.0")))[0],
        resync
    );
}

#[test]
fn err_what_may_not_be_told_is_refused_one_by_one() {
    let feed = Memory::default();
    let grant = [receipt(1)];
    let asked = subscribe(&["IOE0000000001", "IOE0000000002", "nonsense"], None);
    let answer = &feed.ask_as(1, Some(&grant), &asked)[0];
    assert_eq!(answer["receipts"], json!(["IOE0000000001"]));
    let refused: Vec<_> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let detail = one["problem"]["detail"].as_str().unwrap();
            assert!(
                !detail.contains("0000000002") && one["problem"]["request_id"] == "r-1",
                "{detail}"
            );
            (one["receipt"].clone(), one["problem"]["code"].clone())
        })
        .collect();
    assert_eq!(
        refused,
        [
            (json!("IOE0000000002"), json!("receipt_not_granted")),
            (json!("nonsense"), json!("receipt_malformed"))
        ]
    );
    assert_eq!(feed.push(&[change(2, 0)]), []);

    let many: Vec<String> = (0..MAX_RECEIPTS)
        .map(|n| receipt(n).as_str().to_owned())
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        feed.ask(2, &subscribe(&many, None))[0]["refused"],
        json!([])
    );
    let answer = &feed.ask(2, &subscribe(&["IOE9000000000", many[0]], None))[0];
    assert_eq!(answer["receipts"], json!([many[0]]));
    assert_eq!(answer["refused"][0]["problem"]["code"], "too_many_receipts");
}

#[test]
fn err_what_is_no_message_is_a_problem_and_may_end_it() {
    for (message, code, closes) in [
        ("", Code::BodyMalformed, Some(4400)),
        ("[]", Code::BodyMalformed, Some(4400)),
        ("{}", Code::BodyMalformed, Some(4400)),
        (r#"{"type":1}"#, Code::BodyMalformed, Some(4400)),
        (r#"{"type":"subscribe"}"#, Code::BodyMalformed, Some(4400)),
        (
            r#"{"type":"subscribe","receipts":[1]}"#,
            Code::BodyMalformed,
            Some(4400),
        ),
        (
            r#"{"type":"subscribe","receipts":[],"cursor":5}"#,
            Code::BodyMalformed,
            Some(4400),
        ),
        (r#"{"type":"hello"}"#, Code::BodyMalformed, None),
        (
            &format!(
                r#"{{"type":"subscribe","receipts":[{}]}}"#,
                vec!["\"\""; MAX_RECEIPTS + 1].join(",")
            ),
            Code::TooManyReceipts,
            None,
        ),
        (&" ".repeat(MAX_MESSAGE + 1), Code::BodyTooLarge, Some(1009)),
    ] {
        let fault = Request::read(message).unwrap_err();
        assert_eq!(
            (fault.problem.code, fault.closes),
            (code, closes),
            "{message:.60}"
        );
    }
    let newer = r#"{"type":"subscribe","receipts":[],"cursor":null,"more":{}}"#;
    assert!(Request::read(newer).is_ok());
}

/// What may happen.
#[derive(Debug, Clone)]
enum Step {
    /// New changes of a case are pushed, behind so many that were pushed before.
    Push {
        case: usize,
        new: usize,
        again: usize,
    },
    /// The same, and before anything is sent all sockets are gone.
    PushAndDie { case: usize, new: usize },
    /// A subscriber reads so many of its messages.
    Read { who: usize, most: usize },
    /// Its connection breaks, with what it has not read.
    Drop { who: usize },
    /// It comes back, if it is away, with its cursor.
    Return { who: usize },
    /// It wants to be told of one more case.
    Add { who: usize, case: usize },
    /// The feed forgets all but so many places.
    Forget { but: Place },
}

fn step() -> impl Strategy<Value = Step> {
    let (case, who) = (0..3_usize, 0..3_usize);
    prop_oneof![
        6 => (case.clone(), 0..3_usize, 0..3_usize).prop_map(|(case, new, again)| Step::Push { case, new, again }),
        1 => (case.clone(), 0..3_usize).prop_map(|(case, new)| Step::PushAndDie { case, new }),
        4 => (who.clone(), 1..5_usize).prop_map(|(who, most)| Step::Read { who, most }),
        2 => who.clone().prop_map(|who| Step::Drop { who }),
        3 => who.clone().prop_map(|who| Step::Return { who }),
        2 => (who, case).prop_map(|(who, case)| Step::Add { who, case }),
        1 => (0..8_i64).prop_map(|but| Step::Forget { but }),
    ]
}

/// One that speaks the protocol as it should.
#[derive(Debug, Default)]
struct Client {
    socket: Option<Socket>,
    cursor: Option<String>,
    wants: BTreeSet<usize>,
    /// What is on its way.
    inbox: Vec<Value>,
    /// By case, how many of its changes there were as far as it knows: told, or read again.
    knows: BTreeMap<usize, usize>,
}

struct World {
    feed: Memory,
    clients: Vec<Client>,
    /// By case, how many changes there are.
    changes: [usize; 3],
    sockets: Socket,
}

impl World {
    fn push(&mut self, case: usize, new: usize, again: usize, sent: bool) {
        let first = self.changes[case].saturating_sub(again);
        self.changes[case] += new;
        let changes: Vec<Change> = (first..self.changes[case])
            .map(|n| change(case, n))
            .collect();
        for (to, message) in self.feed.push(&changes) {
            let theirs = self
                .clients
                .iter_mut()
                .filter(|one| one.socket.is_some_and(|socket| to.contains(&socket)));
            theirs
                .filter(|_| sent)
                .for_each(|one| one.inbox.push(message.clone()));
        }
    }

    fn leave(&mut self, who: usize) {
        let client = &mut self.clients[who];
        client.inbox.clear();
        if let Some(socket) = client.socket.take() {
            let Ok(all) = self.feed.subscribed(socket);
            let Ok(()) = self.feed.unsubscribe(socket, &all);
        }
    }

    fn ask(&mut self, who: usize, cases: &BTreeSet<usize>, cursor: Option<String>) {
        let names: Vec<String> = cases
            .iter()
            .map(|case| receipt(*case).as_str().to_owned())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let socket = self.clients[who].socket.unwrap();
        let answers = self.feed.ask(socket, &subscribe(&names, cursor.as_deref()));
        self.clients[who].inbox.extend(answers);
    }

    fn enter(&mut self, who: usize) {
        self.sockets += 1;
        self.clients[who].socket = Some(self.sockets);
        let (wants, cursor) = (
            self.clients[who].wants.clone(),
            self.clients[who].cursor.clone(),
        );
        self.ask(who, &wants, cursor);
    }

    /// One message, as a client takes it that reads a case as soon as it is told of it or told to.
    fn read(&mut self, who: usize) -> Result<(), TestCaseError> {
        let client = &mut self.clients[who];
        let message = client.inbox.remove(0);
        let cases = |value: &Value| -> Vec<usize> {
            let list = value.as_array().unwrap().iter();
            list.map(|one| one.as_str().unwrap().get(3..).unwrap().parse().unwrap())
                .collect()
        };
        let place = |cursor: &str| cursor.get(2..).unwrap().parse::<Place>().unwrap();
        let cursor = message["cursor"].as_str().unwrap().to_owned();
        let before = client.cursor.replace(cursor.clone());
        if let Some(before) = before.filter(|_| message["type"] == "change") {
            prop_assert!(
                place(&cursor) > place(&before),
                "{} after {}",
                cursor,
                before
            );
        }
        match message["type"].as_str().unwrap() {
            "change" => {
                let case = cases(&json!([message["receipt"]]))[0];
                let n = message["event"]["id"].as_u64().unwrap() as usize;
                if let Some(known) = client.knows.get_mut(&case) {
                    // What it has read again may run ahead of what it is told.
                    prop_assert!(n <= *known, "change {} of case {} after {}", n, case, known);
                    *known = (*known).max(n + 1);
                }
            }
            "resync" => {
                for case in cases(&message["receipts"]) {
                    client.knows.insert(case, self.changes[case]);
                }
            }
            _ => {
                for case in cases(&message["receipts"]) {
                    client.knows.entry(case).or_insert(self.changes[case]);
                }
            }
        }
        Ok(())
    }
}

proptest! {
    /// However pushes, repeats, deaths, drops and returns follow each other: nobody misses a change of a case that it
    /// was told of, nor gets one twice over one connection.
    #[test]
    fn ok_nothing_is_missed_and_nothing_told_twice(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World {
            feed: Memory::default(),
            clients: (0..3).map(|_| Client::default()).collect(),
            changes: [0; 3],
            sockets: 0,
        };
        for step in steps {
            match step {
                Step::Push { case, new, again } => world.push(case, new, again, true),
                Step::PushAndDie { case, new } => {
                    world.push(case, new, 0, false);
                    (0..3).for_each(|who| world.leave(who));
                }
                Step::Read { who, most } => {
                    for _ in 0..most.min(world.clients[who].inbox.len()) {
                        world.read(who)?;
                    }
                }
                Step::Drop { who } => world.leave(who),
                Step::Return { who } if world.clients[who].socket.is_none() => world.enter(who),
                Step::Return { .. } => {}
                Step::Add { who, case } => {
                    if world.clients[who].wants.insert(case) && world.clients[who].socket.is_some() {
                        world.ask(who, &BTreeSet::from([case]), None);
                    }
                }
                Step::Forget { but } => {
                    let Ok(mark) = world.feed.mark();
                    let Ok(()) = world.feed.strike_out(mark.last - but);
                }
            }
        }
        for who in 0..3 {
            if world.clients[who].socket.is_none() {
                world.enter(who);
            }
            while !world.clients[who].inbox.is_empty() {
                world.read(who)?;
            }
            for case in world.clients[who].wants.clone() {
                prop_assert_eq!(world.clients[who].knows[&case], world.changes[case], "case {} of {}", case, who);
            }
        }
    }

    #[test]
    fn ok_any_message_is_a_request_or_a_fault(message: String) {
        let _ = Request::read(&message);
    }
}
