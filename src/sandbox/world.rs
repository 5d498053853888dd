//! The simulated Torch as a state machine: a request and the real time go in, an answer comes out.
//!
//! It follows Torch's published documentation (the table of errors, the Status object, the two
//! routes and their optional version segment). Where that is silent there is a setting, or the
//! stricter reading: a client that gets on with this one gets on with a milder one.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::clock::Clock;
use super::counters::Counters;
use super::endpoint::Endpoint;
use super::fault::Faults;
use super::quota::{KeyState, Limits, LimitsSet, Quota};
use super::read;
use crate::time::UnixSeconds;

const SINGLE: &str = "/case-status";
const BATCH: &str = "/case-status/batch";

/// A request, before the platform's types.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// Without its question mark.
    pub(super) query: &'a str,
    pub(super) authorization: Option<&'a str>,
}

/// What the environment configures.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) keys: Vec<String>,
    pub(super) limits: Limits,
}

/// The whole state. As JSON it is what survives a restart; the settings come from the environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct World {
    #[serde(skip)]
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    /// What was said of keys by hand, over the configured ones.
    pub(super) keys: BTreeMap<String, KeyState>,
    pub(super) limits: LimitsSet,
    pub(super) quota: Quota,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    /// Where webhooks go, once one has been set.
    pub(super) webhook: Option<Endpoint>,
}

impl World {
    /// The world that was stored, under the settings of now. What cannot be read is a new world: a
    /// sandbox had better start than explain itself.
    pub(super) fn restore(stored: Option<&str>, settings: Settings) -> Self {
        let held: Option<Self> = stored.and_then(|text| serde_json::from_str(text).ok());
        Self {
            settings,
            ..held.unwrap_or_default()
        }
    }

    /// The text to store.
    pub(super) fn store(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The limits in force.
    pub(super) fn limits(&self) -> Limits {
        self.limits.over(self.settings.limits)
    }

    /// What `key` is good for; `None` for one that never was.
    pub(super) fn key(&self, key: &str) -> Option<KeyState> {
        let configured = self.settings.keys.iter().any(|held| held == key);
        let by_hand = self.keys.get(key).copied();
        by_hand.or(configured.then_some(KeyState::Active))
    }

    /// Answers a request to Torch's own routes.
    pub(super) fn answer(&mut self, request: Request<'_>, real_millis: i64) -> Answer {
        let Some(route) = route(request.path) else {
            return Answer::error(404, "there is nothing at this path");
        };
        let receipts: Vec<String> = form_urlencoded::parse(request.query.as_bytes())
            .filter(|(name, _)| name == "receipt")
            .map(|(_, value)| value.into_owned())
            .collect();
        let key = request.authorization.and_then(bearer).unwrap_or_default();
        let answer = self.reply(request.method, route, key, &receipts, real_millis);
        let known = self.key(key).map(|_| key);
        self.counters
            .count(route, known, receipts.len(), answer.status);
        answer
    }

    fn reply(
        &mut self,
        method: &str,
        route: &str,
        key: &str,
        receipts: &[String],
        real_millis: i64,
    ) -> Answer {
        if !matches!(method, "GET" | "HEAD") {
            return Answer::error(405, "only GET is answered here")
                .with("allow", "GET, HEAD".to_owned());
        }
        match self.key(key) {
            Some(KeyState::Active) => {}
            Some(KeyState::Forbidden) => {
                return Answer::error(403, "this key is not enabled for this environment");
            }
            Some(KeyState::Revoked) | None => {
                return Answer::error(401, "a valid bearer token is needed")
                    .with("www-authenticate", "Bearer".to_owned());
            }
        }
        let (limits, running) = (self.limits(), self.clock.running(real_millis));
        let answer = match self.quota.take(key, &limits, running) {
            Ok(()) => self.read(route, key, receipts, self.clock.now(real_millis)),
            Err(seconds) => Answer::error(429, "too many requests in a window")
                .with("retry-after", seconds.to_string()),
        };
        // A fault's answer too: its call is counted like any other.
        let windows = self.quota.standing(key, &limits, running);
        let fields = limits.headers.of(&windows).into_iter();
        fields.fold(answer, |answer, (name, value)| answer.with(name, value))
    }

    /// What a call reads that its key and its windows let in.
    fn read(&mut self, route: &str, key: &str, receipts: &[String], now: UnixSeconds) -> Answer {
        let fault = self.faults.take(route, key, receipts);
        let answer = match route {
            SINGLE => read::single(receipts, now, fault.as_ref()),
            _ => read::batch(receipts, now, &self.limits(), fault.as_ref()),
        };
        match fault {
            Some(fault) => {
                self.counters.faulted = self.counters.faulted.saturating_add(1);
                answer.marred(&fault)
            }
            None => answer,
        }
    }
}

/// Which of the two routes a path is, with or without the version segment.
fn route(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    [SINGLE, BATCH].into_iter().find(|route| *route == path)
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(key.trim())
        .filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::answer::Wire;
    use super::*;
    use serde_json::Value;

    /// 2026-11-24T12:00:30Z
    const REAL: i64 = 1_795_521_630_000;

    fn world() -> World {
        World::restore(
            None,
            Settings {
                keys: vec!["good-key".to_owned()],
                limits: Limits::default(),
            },
        )
    }

    fn get<'a>(path: &'a str, query: &'a str) -> Request<'a> {
        Request {
            method: "GET",
            path,
            query,
            authorization: Some("Bearer good-key"),
        }
    }

    fn json(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
        let found = answer.headers.iter().find(|(held, _)| *held == name);
        found.map(|(_, value)| value.as_str())
    }

    fn fault(world: &mut World, text: &str) {
        world
            .faults
            .add(serde_json::from_str(text).unwrap())
            .unwrap();
    }

    fn fields(body: &[u8]) -> Vec<String> {
        let text = str::from_utf8(body).unwrap();
        let keys = text.split("\":").filter_map(|part| part.rsplit('"').next());
        keys.filter(|key| !key.is_empty() && !key.ends_with('}'))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn ok_one_receipt_is_a_status_object_with_its_fields_in_order() {
        for path in ["/case-status", "/v1/case-status"] {
            let answer = world().answer(get(path, "receipt=IOE0912345678"), REAL);
            assert_eq!(answer.status, 200);
            assert_eq!(
                fields(&answer.body),
                [
                    "receipt_number",
                    "status_text",
                    "status_category",
                    "last_checked_at",
                    "last_status_at",
                    "source_hint"
                ]
            );
            let body = json(&answer);
            assert_eq!(body["receipt_number"], "IOE0912345678");
            assert_eq!(body["last_checked_at"], "2026-11-24T12:00:00Z");
        }
    }

    #[test]
    fn ok_a_batch_is_an_array_in_the_order_asked_without_those_not_recognised() {
        let query = "receipt=MSC2390000001&receipt=ZZZ0000000001&receipt=IOE0912345678";
        let mut world = world();
        let answer = world.answer(get("/v1/case-status/batch", query), REAL);
        let body = json(&answer);
        let numbers = body.as_array().unwrap().iter();
        assert_eq!(
            numbers
                .map(|item| &item["receipt_number"])
                .collect::<Vec<_>>(),
            ["MSC2390000001", "IOE0912345678"]
        );
        world.limits = serde_json::from_str(r#"{"batch_unknown":"reject"}"#).unwrap();
        assert_eq!(
            world.answer(get("/case-status/batch", query), REAL).status,
            404
        );
    }

    #[test]
    fn err_the_documented_table_of_errors() {
        let mut world = world();
        world.keys.insert("off".to_owned(), KeyState::Forbidden);
        world.keys.insert("old".to_owned(), KeyState::Revoked);
        world.limits = serde_json::from_str(r#"{"batch_max":2}"#).unwrap();
        let one = "receipt=IOE0912345678";
        for (path, query, status) in [
            ("/case-status", "", 400),
            ("/case-status", "receipt=", 400),
            ("/case-status", "receipt=ioe0912345678", 400),
            ("/case-status", "receipt=IOE091234567", 400),
            ("/case-status", "receipt=A&receipt=B", 400),
            ("/case-status", "receipt=ZZZ0912345678", 404),
            ("/case-status/batch", "", 400),
            ("/case-status/batch", "receipt=IOE0912345678&receipt=x", 400),
            (
                "/case-status/batch",
                "receipt=IOE0912345678&receipt=IOE0912345678",
                409,
            ),
            (
                "/case-status/batch",
                "receipt=IOE0912345678&receipt=IOE0912345679&receipt=IOE0912345670",
                400,
            ),
            ("/v2/case-status", one, 404),
            ("/case-status/", one, 404),
        ] {
            let answer = world.answer(get(path, query), REAL);
            assert_eq!(answer.status, status, "{path}?{query}");
            assert_eq!(fields(&answer.body), ["error", "message"]);
        }
        for (authorization, status) in [
            (None, 401),
            (Some("good-key"), 401),
            (Some("Basic good-key"), 401),
            (Some("Bearer "), 401),
            (Some("Bearer other"), 401),
            (Some("Bearer old"), 401),
            (Some("Bearer off"), 403),
            (Some("bearer good-key"), 200),
        ] {
            let request = Request {
                authorization,
                ..get("/case-status", one)
            };
            let answer = world.answer(request, REAL);
            assert_eq!(answer.status, status, "{authorization:?}");
            assert!(!String::from_utf8(answer.body).unwrap().contains("good-key"));
        }
        let post = Request {
            method: "POST",
            ..get("/case-status", one)
        };
        let answer = world.answer(post, REAL);
        assert_eq!(
            (answer.status, header(&answer, "allow")),
            (405, Some("GET, HEAD"))
        );
    }

    #[test]
    fn err_a_full_window_is_a_429_with_its_seconds_and_refused_keys_fill_none() {
        let mut world = world();
        world.limits = serde_json::from_str(r#"{"per_minute":2}"#).unwrap();
        let stranger = Request {
            authorization: Some("Bearer other"),
            ..get("/case-status", "receipt=IOE0912345678")
        };
        for _ in 0..5 {
            assert_eq!(world.answer(stranger, REAL).status, 401);
        }
        let batch = get(
            "/case-status/batch",
            "receipt=IOE0912345678&receipt=IOE0912345679&receipt=IOE0912345670",
        );
        assert_eq!(world.answer(batch, REAL).status, 200, "a batch is one call");
        assert_eq!(world.answer(batch, REAL).status, 200);
        let answer = world.answer(batch, REAL);
        assert_eq!(
            (answer.status, header(&answer, "retry-after")),
            (429, Some("30"))
        );
        assert_eq!(world.answer(batch, REAL + 30_000).status, 200);
        assert_eq!(
            serde_json::to_value(&world.counters).unwrap(),
            serde_json::json!({
                "calls": 9,
                "by_route": {"/case-status": 5, "/case-status/batch": 4},
                "by_status": {"200": 3, "401": 5, "429": 1},
                "faulted": 0,
                "receipts": 17,
                "max_receipts_in_a_call": 3,
                "refused": 1,
                "by_key": {"good…": 4, "unknown": 5},
                "webhooks": {"sent": 0, "delivered": 0, "failed": 0},
            })
        );
    }

    #[test]
    fn ok_faults_mar_the_answer_as_they_are_asked_to() {
        let one = get("/case-status", "receipt=IOE0912345678");
        let mar = |text: &str, request| {
            let mut world = world();
            fault(&mut world, text);
            world.answer(request, REAL)
        };
        let answer = mar(r#"{"status":503,"retry_after":"soon","delay_ms":7}"#, one);
        assert_eq!((answer.status, answer.delay_ms), (503, 7));
        assert_eq!(header(&answer, "retry-after"), Some("soon"));
        assert_eq!(json(&answer)["error"], "unavailable");

        let answer = mar(r#"{"body":"html"}"#, one);
        assert_eq!(
            header(&answer, "content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(mar(r#"{"body":"html","status":502}"#, one).status, 502);
        assert_eq!(
            json(&mar(r#"{"body":"wrong_type"}"#, one))["status_text"],
            42
        );
        let answer = mar(r#"{"body":"error_inside"}"#, one);
        assert_eq!(answer.status, 200);
        assert_eq!(fields(&answer.body), ["error", "message"]);
        let answer = mar(r#"{"body":"wrong_receipt"}"#, one);
        assert_eq!(json(&answer)["receipt_number"], "IOE0912345679");
        let answer = mar(r#"{"body":"not_utf8"}"#, one);
        assert!(String::from_utf8(answer.body).is_err());
        assert_eq!(mar(r#"{"body":"raw:"}"#, one).body, b"");
        assert_eq!(mar(r#"{"body":"redirect"}"#, one).status, 302);
        for (text, wire) in [
            (r#"{"body":"cut"}"#, Wire::Cut),
            (r#"{"body":"huge"}"#, Wire::Huge),
            (r#"{"body":"slow"}"#, Wire::Slow),
        ] {
            let answer = mar(text, one);
            assert_eq!((answer.wire, answer.status), (wire, 200));
            assert!(json(&answer).is_object());
        }
    }

    #[test]
    fn ok_a_fault_of_one_receipt_spoils_its_item_of_a_batch_alone() {
        let request = get(
            "/case-status/batch",
            "receipt=IOE0912345678&receipt=MSC2390000001",
        );
        for body in ["wrong_type", "wrong_receipt", "error_inside"] {
            let (mut spoilt, mut sound) = (world(), world());
            let text = format!(r#"{{"receipt":"MSC2390000001","body":"{body}"}}"#);
            fault(&mut spoilt, &text);
            let spoilt = json(&spoilt.answer(request, REAL));
            let sound = json(&sound.answer(request, REAL));
            assert_eq!(spoilt[0], sound[0], "{body}");
            assert_ne!(spoilt[1], sound[1], "{body}");
        }
    }

    #[test]
    fn ok_a_fault_of_one_receipt_with_a_status_rejects_the_whole_batch_and_the_single_read() {
        let mut world = world();
        fault(&mut world, r#"{"receipt":"MSC2390000001","status":409}"#);
        for (path, query, status) in [
            (
                "/case-status/batch",
                "receipt=IOE0912345678&receipt=MSC2390000001",
                409,
            ),
            ("/case-status", "receipt=MSC2390000001", 409),
            ("/case-status/batch", "receipt=IOE0912345678", 200),
            ("/case-status", "receipt=IOE0912345678", 200),
        ] {
            let answer = world.answer(get(path, query), REAL);
            assert_eq!(answer.status, status, "{path}?{query}");
            assert_eq!(json(&answer)["error"] == "conflict", status == 409);
        }
    }

    #[test]
    fn ok_a_fault_of_one_key_leaves_the_others_alone() {
        let mut world = world();
        world.keys.insert("other".to_owned(), KeyState::Active);
        fault(&mut world, r#"{"key":"good-key","status":401}"#);
        let one = get("/case-status", "receipt=IOE0912345678");
        let other = Request {
            authorization: Some("Bearer other"),
            ..one
        };
        assert_eq!(world.answer(one, REAL).status, 401);
        assert_eq!(world.answer(other, REAL).status, 200);
    }

    #[test]
    fn ok_rate_limit_fields_stand_on_what_a_good_key_gets_once_they_are_asked_for() {
        let mut world = world();
        let one = "receipt=IOE0912345678";
        let batch = "receipt=IOE0912345678&receipt=IOE0912345678";
        let answer = world.answer(get("/case-status", one), REAL);
        assert!(!answer.headers.iter().any(|(name, _)| name.contains("rate")));

        world.limits = serde_json::from_str(r#"{"per_minute":6,"headers":"ietf"}"#).unwrap();
        fault(
            &mut world,
            r#"{"path":"/case-status/batch","times":1,"body":"html","status":502}"#,
        );
        for (path, query, status, left) in [
            ("/case-status", one, 200, [4, 49_998]),
            ("/case-status", "receipt=ZZZ0912345678", 404, [3, 49_997]),
            ("/case-status", "", 400, [2, 49_996]),
            ("/case-status/batch", batch, 502, [1, 49_995]),
            ("/case-status/batch", batch, 409, [0, 49_994]),
            ("/case-status", one, 429, [0, 49_994]),
        ] {
            let answer = world.answer(get(path, query), REAL);
            assert_eq!(answer.status, status, "{path}?{query}");
            assert_eq!(
                header(&answer, "ratelimit-policy"),
                Some(r#""minute";q=6;w=60, "day";q=50000;w=86400"#)
            );
            let [minute, day] = left;
            let told = format!(r#""minute";r={minute};t=30, "day";r={day};t=43170"#);
            assert_eq!(header(&answer, "ratelimit"), Some(told.as_str()));
        }
        let stranger = Request {
            authorization: Some("Bearer other"),
            ..get("/case-status", one)
        };
        let answer = world.answer(stranger, REAL);
        assert_eq!((answer.status, header(&answer, "ratelimit")), (401, None));
    }

    #[test]
    fn ok_what_is_stored_comes_back_and_what_is_not_readable_is_a_new_world() {
        let mut world = world();
        world.limits = serde_json::from_str(r#"{"per_day":1}"#).unwrap();
        world.keys.insert("old".to_owned(), KeyState::Revoked);
        fault(&mut world, r#"{"body":"raw:{","times":3}"#);
        let one = get("/case-status", "receipt=IOE0912345678");
        assert_eq!(world.answer(one, REAL).status, 200);
        let mut back = World::restore(Some(&world.store()), world.settings.clone());
        assert_eq!(back.store(), world.store());
        assert_eq!(back.answer(one, REAL).status, 429, "the day is still full");
        let new = World::restore(Some("{]"), Settings::default());
        assert_eq!(new.store(), World::default().store());
    }

    #[test]
    fn ok_a_world_that_was_stored_before_there_were_webhooks_comes_back() {
        let mut world = world();
        world.limits = serde_json::from_str(r#"{"per_day":1}"#).unwrap();
        let mut older: Value = serde_json::from_str(&world.store()).unwrap();
        older.as_object_mut().unwrap().remove("webhook").unwrap();
        let counters = older["counters"].as_object_mut().unwrap();
        counters.remove("webhooks").unwrap();
        let back = World::restore(Some(&older.to_string()), world.settings.clone());
        assert_eq!(back.store(), world.store());
    }
}
