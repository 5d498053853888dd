//! Deliveries as the control routes plan them.

use super::super::control::{Next, control};
use super::super::world::{Request, World};
use super::*;
use crate::webhook::{Secret, Verifier};

/// 2026-11-24T12:00:30Z
const REAL: i64 = 1_795_521_630_000;
const HOOK: &str = r#"{"url":"http://127.0.0.1:1/hook","secret":"hush hush"}"#;

fn ask(world: &mut World, method: &str, name: &str, body: &str) -> Next {
    let request = Request {
        method,
        ..Request::default()
    };
    control(world, name, request, body.as_bytes(), REAL)
}

fn answer(world: &mut World, method: &str, name: &str, body: &str) -> (u16, Value) {
    match ask(world, method, name, body) {
        Next::Answer(answer) => (answer.status, serde_json::from_slice(&answer.body).unwrap()),
        Next::Deliver(plan) => panic!("{plan:?}"),
    }
}

fn plan(world: &mut World, method: &str, name: &str, body: &str) -> Plan {
    match ask(world, method, name, body) {
        Next::Deliver(plan) => *plan,
        Next::Answer(answer) => panic!("{}", String::from_utf8_lossy(&answer.body)),
    }
}

fn world() -> World {
    let mut world = World::default();
    assert_eq!(answer(&mut world, "PUT", "webhook", HOOK).0, 200);
    world
}

fn deliver(body: &str) -> Plan {
    plan(&mut world(), "POST", "deliver", body)
}

#[test]
fn ok_the_endpoint_is_set_kept_shown_without_its_secret_and_removed() {
    let world = &mut world();
    let shown = answer(world, "GET", "webhook", "");
    assert_eq!(shown.1["secret"], "[redacted]");
    assert_eq!(answer(world, "GET", "state", "").1["webhook"], shown.1);
    let mut back = World::restore(Some(&world.store()), world.settings.clone());
    assert_eq!(answer(&mut back, "GET", "webhook", ""), shown);
    assert_eq!(back.webhook, world.webhook);
    assert!(!format!("{world:?}").contains("hush"));
    assert_eq!(answer(world, "PUT", "webhook", "{}").0, 400);
    assert_eq!(answer(world, "GET", "webhook", ""), shown, "as it was");
    assert_eq!(answer(world, "DELETE", "webhook", ""), (200, Value::Null));
    let order = r#"{"receipts":["IOE0912345678"]}"#;
    assert_eq!(answer(world, "POST", "deliver", order).0, 400);
    assert_eq!(answer(world, "GET", "deliver", "").0, 405);
}

#[test]
fn ok_tries_go_on_after_longer_and_longer_pauses_until_one_is_taken_or_there_were_enough() {
    let pauses = |order: &str, status: u16| {
        let plan = deliver(&format!(r#"{{"raw":"x"{order}}}"#));
        let mut statuses = Vec::new();
        let mut pauses = Vec::new();
        loop {
            statuses.push(status);
            match plan.pause(&statuses) {
                Some(pause) => pauses.push(pause.as_millis()),
                None => return pauses,
            }
        }
    };
    for status in [0, 199, 301, 302, 400, 410, 429, 500, 503] {
        assert_eq!(pauses("", status), [200, 400, 800, 1600], "{status}");
    }
    for status in [200, 202, 204, 299] {
        assert_eq!(pauses("", status), [0_u128; 0], "{status}");
    }
    let order = r#","attempts":10,"backoff_ms":1000"#;
    let longest = [
        1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ];
    assert_eq!(pauses(order, 500), longest);
    assert_eq!(pauses(r#","attempts":3,"backoff_ms":0"#, 500), [0, 0]);
}

#[test]
fn ok_each_scheme_signs_at_the_moment_of_the_try_and_spoilt_it_is_no_longer_authentic() {
    for (scheme, header) in [
        ("shared-secret", "x-torch-secret"),
        ("standard-webhooks", "webhook"),
        ("timestamped-hex", "x-torch-signature"),
        ("sha256-hex", "x-torch-signature"),
    ] {
        let hook = format!(
            r#"{{"url":"https://hooks.example/","scheme":"{scheme}","header":"{header}","secret":"MDEyMzQ1"}}"#
        );
        let scheme = Scheme::parse(scheme, Some(header)).unwrap();
        let verifier = Verifier::new(scheme, &Secret::parse("MDEyMzQ1").unwrap(), None).unwrap();
        let authentic = |order: &str, at: UnixSeconds| {
            let world = &mut World::default();
            answer(world, "PUT", "webhook", &hook);
            answer(world, "PUT", "clock", r#"{"advance":"300d"}"#);
            let plan = plan(world, "POST", "deliver", order);
            let it = plan.request(&plan.messages[0], at).unwrap();
            let fields: Vec<(&str, &str)> = it
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert!(fields.contains(&("content-type", "application/json")));
            verifier.verify_at(&fields[..], &it.body, at).is_ok()
        };
        let at = UnixSeconds(REAL / 1000);
        let order = r#"{"receipts":["IOE0912345678"]}"#;
        assert!(authentic(order, at) && authentic(order, at.plus(4000)));
        let order = r#"{"receipts":["IOE0912345678"],"tamper":"signature"}"#;
        assert!(!authentic(order, at), "{header}");
        let order =
            format!(r#"{{"raw":"x","headers":{{"{header}":null,"{header}-signature":"v1,"}}}}"#);
        assert!(!authentic(&order, at), "{header}");
    }
}

#[test]
fn ok_headers_of_ones_own_stand_over_the_others_and_null_leaves_one_out() {
    let plan = deliver(
        r#"{"raw":"x","headers":{"X-Torch-Secret":"guess","Content-Type":null,"x-more":"1"}}"#,
    );
    let request = plan.request(&plan.messages[0], UnixSeconds(0)).unwrap();
    let own = [("x-more", "1"), ("x-torch-secret", "guess")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut headers = request.headers;
    headers.sort();
    assert_eq!(headers, own);
}

#[test]
fn ok_the_report_says_what_became_of_each_and_counts() {
    let plan = deliver(r#"{"receipts":["IOE0912345678"],"duplicate":2}"#);
    let id = plan.messages[0].id.clone();
    let (counts, report) = plan.report(&[vec![500, 0, 204], vec![302, 302]]);
    let event = |attempts: Value, delivered: bool| {
        json!({
            "id": id,
            "receipt_number": "IOE0912345678",
            "attempts": attempts,
            "delivered": delivered,
        })
    };
    assert_eq!(
        report,
        json!({
            "events": [event(json!([500, 0, 204]), true), event(json!([302, 302]), false)],
            "sent": 5,
            "delivered": 1,
            "failed": 1,
        })
    );
    let mut all = Webhooks::default();
    all.add(&counts);
    all.add(&counts);
    assert_eq!(json!(all), json!({"sent": 10, "delivered": 2, "failed": 2}));
}

#[test]
fn ok_a_move_of_the_clock_tells_what_it_passed_over() {
    let world = &mut world();
    let set = r#"{"now":"2023-06-15T00:00:00Z","frozen":true}"#;
    answer(world, "PUT", "clock", set);
    let announce = r#""announce":["IOE0912345678","ZZZ0912345678"]"#;
    let told = plan(
        world,
        "PUT",
        "clock",
        &format!(r#"{{"advance":"90d",{announce}}}"#),
    );
    let texts: Vec<&str> = told.messages.iter().map(|message| &*message.body).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains(r#""last_status_at":"2023-06-17T19:49:28Z""#));
    assert!(texts[1].contains(r#""last_status_at":"2023-08-13T20:57:17Z""#));
    assert!(texts[1].contains(r#""sent_at":"2023-09-13T00:00:00Z""#));
    let (_, report) = told.report(&[vec![200], vec![200]]);
    assert_eq!(report["now"], "2023-09-13T00:00:00Z");
    assert_eq!(report["delivered"]["delivered"], 2);
    assert_eq!(answer(world, "GET", "clock", "").1["now"], report["now"]);
    let back = plan(
        world,
        "PUT",
        "clock",
        &format!(r#"{{"advance":"-90d",{announce}}}"#),
    );
    assert_eq!(back.messages, []);

    answer(world, "DELETE", "webhook", "");
    let (_, clock) = answer(
        world,
        "PUT",
        "clock",
        &format!(r#"{{"advance":"90d",{announce}}}"#),
    );
    assert_eq!(clock["delivered"], Value::Null);
    assert_eq!(clock.as_object().unwrap().len(), 4);
    let (_, clock) = answer(world, "PUT", "clock", r#"{"advance":"1d"}"#);
    assert_eq!(clock.as_object().unwrap().len(), 3, "nobody has asked");
}

#[test]
fn err_what_cannot_be_told_has_not_happened() {
    let world = &mut world();
    let before = answer(world, "GET", "clock", "").1;
    let many: Vec<String> = (0..100).map(|n| format!("IOE09{n:08}")).collect();
    let many = json!({"now": "2030-01-01T00:00:00Z", "announce": many});
    answer(
        world,
        "PUT",
        "clock",
        r#"{"now":"2022-01-01T00:00:00Z","frozen":true}"#,
    );
    let (status, told) = answer(world, "PUT", "clock", &many.to_string());
    assert!(status == 400 && told["message"].as_str().unwrap().contains("200 at most"));
    for body in [
        r#"{"advance":1,"announce":["x"]}"#,
        r#"{"announce":"IOE0912345678"}"#,
    ] {
        assert_eq!(answer(world, "PUT", "clock", body).0, 400, "{body}");
    }
    let after = answer(world, "GET", "clock", "").1;
    assert_eq!(after["now"], "2022-01-01T00:00:00Z");
    assert_ne!(before, after);
}

#[test]
fn err_what_the_scheme_cannot_sign_is_said_before_anything_is_sent() {
    let world = &mut world();
    let order = r#"{"receipts":["IOE0912345678"],"tamper":"timestamp"}"#;
    assert_eq!(answer(world, "POST", "deliver", order).0, 400);
    let hook = r#"{"url":"http://[::1]:1/","secret":"aHVzaA==","scheme":"standard-webhooks"}"#;
    answer(world, "PUT", "webhook", hook);
    assert_eq!(plan(world, "POST", "deliver", order).messages.len(), 1);
    let order = r#"{"raw":"x","event_id":"evt.1"}"#;
    assert_eq!(answer(world, "POST", "deliver", order).0, 400);
}
