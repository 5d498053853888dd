//! The sandbox's own routes, under `/__sandbox/`: JSON in, JSON out.
//!
//! Nobody is asked who they are: it is a sandbox, it holds no real case and no real key, and whoever
//! reaches it may turn its clock. So it does not belong on an address that strangers know.
#![forbid(unsafe_code)]

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::answer::Answer;
use super::clock::Setting;
use super::deliver::{self, Plan};
use super::endpoint::Endpoint;
use super::fault::Faults;
use super::life::{Life, Step};
use super::quota::{KeyState, LimitsSet, abbreviated, is_key};
use super::read::strict;
use super::world::{Request, World};
use crate::time::UnixSeconds;

/// What the paths of these routes start with.
pub(super) const PREFIX: &str = "/__sandbox/";

/// Keys that can be set by hand: they are stored in one value.
const MOST_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySetting {
    key: String,
    state: KeyState,
}

/// What is to be done for a request.
#[derive(Debug)]
pub(super) enum Next {
    Answer(Answer),
    /// These go out first; what comes of them is the answer.
    Deliver(Box<Plan>),
}

/// Takes a request to the route `name`, which is its path after [`PREFIX`].
pub(super) fn control(
    world: &mut World,
    name: &str,
    request: Request<'_>,
    body: &[u8],
    real_millis: i64,
) -> Next {
    let next = match (request.method, name) {
        ("PUT", "clock") => read(body).and_then(|set| set_clock(world, &set, real_millis)),
        ("POST", "deliver") => read(body).and_then(|order| {
            let now = world.clock.now(real_millis);
            let plan = deliver::ordered(&order, world.webhook.as_ref(), now)?;
            Ok(Next::Deliver(Box::new(plan)))
        }),
        _ => return Next::Answer(at_once(world, name, request, body, real_millis)),
    };
    next.unwrap_or_else(|message| Next::Answer(Answer::error(400, &message)))
}

/// Answers a request to a route that sends nothing.
fn at_once(
    world: &mut World,
    name: &str,
    request: Request<'_>,
    body: &[u8],
    real_millis: i64,
) -> Answer {
    let done = match (request.method, name) {
        ("GET", "state") => Ok(state(world, real_millis)),
        ("GET", "clock") => Ok(world.clock.show(real_millis)),
        ("GET", "faults") => Ok(world.faults.show()),
        ("POST", "faults") => read(body)
            .and_then(|fault| world.faults.add(fault))
            .map(|()| world.faults.show()),
        ("DELETE", "faults") => {
            world.faults = Faults::default();
            Ok(world.faults.show())
        }
        ("GET", "limits") => Ok(json!(world.limits())),
        ("PUT", "limits") => read(body)
            .and_then(|set| set_limits(world, set))
            .map(|()| json!(world.limits())),
        ("GET", "keys") => Ok(keys(world, real_millis)),
        ("PUT", "keys") => read(body)
            .and_then(|setting| set_key(world, setting))
            .map(|()| keys(world, real_millis)),
        ("GET", "webhook") => Ok(webhook(world)),
        ("PUT", "webhook") => read(body)
            .and_then(|endpoint: Endpoint| endpoint.check().map(|()| endpoint))
            .map(|endpoint| {
                world.webhook = Some(endpoint);
                webhook(world)
            }),
        ("DELETE", "webhook") => {
            world.webhook = None;
            Ok(webhook(world))
        }
        ("GET", "counters") => Ok(json!(world.counters)),
        ("POST", "reset") => {
            *world = World::restore(None, world.settings.clone());
            Ok(state(world, real_millis))
        }
        ("GET", "case") => return case(world, request.query, real_millis),
        (_, "state" | "counters" | "case") => return only("GET"),
        (_, "clock" | "limits" | "keys") => return only("GET, PUT"),
        (_, "faults") => return only("GET, POST, DELETE"),
        (_, "webhook") => return only("GET, PUT, DELETE"),
        (_, "reset" | "deliver") => return only("POST"),
        _ => return Answer::error(404, "there is nothing at this path"),
    };
    match done {
        Ok(value) => Answer::json(200, &value),
        Err(message) => Answer::error(400, &message),
    }
}

fn only(methods: &str) -> Answer {
    Answer::error(405, &format!("this route takes {methods}")).with("allow", methods.to_owned())
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body cannot be taken: {error}"))
}

/// Sets the clock, and tells of what the move passed over where that is asked for.
fn set_clock(world: &mut World, setting: &Setting, real_millis: i64) -> Result<Next, String> {
    let before = world.clock.now(real_millis);
    let mut clock = world.clock;
    clock.set(setting, real_millis)?;
    let mut shown = clock.show(real_millis);
    let next = match (&setting.announce, &world.webhook) {
        (None, _) => Next::Answer(Answer::json(200, &shown)),
        (Some(_), None) => {
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("delivered".to_owned(), Value::Null);
            }
            Next::Answer(Answer::json(200, &shown))
        }
        (Some(receipts), Some(endpoint)) => {
            let passed = (before, clock.now(real_millis));
            let plan = deliver::announced(receipts, endpoint, passed, shown)?;
            Next::Deliver(Box::new(plan))
        }
    };
    // Only now: what cannot be told has not happened.
    world.clock = clock;
    Ok(next)
}

fn webhook(world: &World) -> Value {
    json!(world.webhook.as_ref().map(Endpoint::show))
}

fn set_limits(world: &mut World, set: LimitsSet) -> Result<(), String> {
    set.check()?;
    let before = world.limits().day_resets_at;
    world.limits = set.or(world.limits);
    if world.limits().day_resets_at != before {
        world.quota.forget_days();
    }
    Ok(())
}

fn set_key(world: &mut World, setting: KeySetting) -> Result<(), String> {
    let KeySetting { key, state } = setting;
    if !is_key(&key) {
        return Err("`key` must be 1 to 256 printable ASCII characters without spaces".to_owned());
    }
    if world.keys.len() >= MOST_KEYS && !world.keys.contains_key(&key) {
        return Err("100 keys are set already: POST /__sandbox/reset first".to_owned());
    }
    world.keys.insert(key, state);
    Ok(())
}

fn state(world: &World, real_millis: i64) -> Value {
    json!({
        "clock": world.clock.show(real_millis),
        "limits": world.limits(),
        "keys": keys(world, real_millis),
        "faults": world.faults.show(),
        "webhook": webhook(world),
        "counters": world.counters,
    })
}

/// Every key, abbreviated.
fn keys(world: &World, real_millis: i64) -> Value {
    let (limits, running) = (world.limits(), world.clock.running(real_millis));
    let by_hand = world
        .keys
        .keys()
        .filter(|key| !world.settings.keys.contains(key));
    let all = world.settings.keys.iter().chain(by_hand);
    all.map(|key| {
        let [minute, day] = world.quota.standing(key, &limits, running);
        json!({
            "key": abbreviated(key),
            "state": world.key(key),
            "used": { "minute": minute.used, "day": day.used },
        })
    })
    .collect()
}

/// A case's whole life, or with `since` and `until` what changes between them.
fn case(world: &World, query: &str, real_millis: i64) -> Answer {
    let parameter = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let Some(receipt) = parameter("receipt").and_then(|text| strict(&text)) else {
        return Answer::error(400, "a receipt is three capital letters and ten digits");
    };
    let moment = |name: &str, otherwise: i64| match parameter(name) {
        Some(text) => UnixSeconds::from_rfc3339(&text),
        None => Some(UnixSeconds(otherwise)),
    };
    let (Some(since), Some(until)) = (moment("since", i64::MIN), moment("until", i64::MAX)) else {
        return Answer::error(400, "since and until must be RFC 3339 date-times");
    };
    let Some(life) = Life::of(&receipt) else {
        return Answer::error(404, "the receipt is not recognised");
    };
    let show = |step: &Step| {
        json!({
            "at": step.at.to_rfc3339(),
            "status_text": step.text(),
            "status_category": step.title.category.label_en(),
            "category": step.title.category.id(),
        })
    };
    let now = world.clock.now(real_millis);
    let steps: Vec<Value> = life.transitions(since, until).map(show).collect();
    let value = json!({
        "receipt_number": receipt,
        "form": life.form,
        "now": now.to_rfc3339(),
        "current": show(&life.at(now)),
        "steps": steps,
    });
    Answer::json(200, &value)
}

#[cfg(test)]
mod tests {
    use super::super::world::Settings;
    use super::*;

    const REAL: i64 = 1_795_521_630_000;

    fn ask(world: &mut World, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            query,
            ..Request::default()
        };
        let Next::Answer(answer) = control(world, name, request, body.as_bytes(), REAL) else {
            panic!("{method} {path} {body} sends something");
        };
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn world() -> World {
        let keys = vec!["sandbox-torch-key".to_owned()];
        World::restore(
            None,
            Settings {
                keys,
                ..Settings::default()
            },
        )
    }

    #[test]
    fn ok_the_clock_the_limits_and_the_faults_are_set_and_shown() {
        let world = &mut world();
        let (status, clock) = ask(
            world,
            "PUT",
            "clock",
            r#"{"now":"2026-01-20T00:00:00Z","frozen":true}"#,
        );
        assert_eq!(
            (status, &clock["now"]),
            (200, &json!("2026-01-20T00:00:00Z"))
        );
        assert_eq!(ask(world, "GET", "clock", "").1, clock);
        let (_, limits) = ask(world, "PUT", "limits", r#"{"per_minute":3}"#);
        assert_eq!(
            limits,
            json!({
                "per_minute": 3,
                "per_day": 50_000,
                "day_resets_at": 0,
                "batch_max": 100,
                "batch_unknown": "omit",
                "headers": "none",
            })
        );
        let (_, limits) = ask(
            world,
            "PUT",
            "limits",
            r#"{"headers":"ietf","day_resets_at":86399}"#,
        );
        assert_eq!(
            (&limits["headers"], &limits["day_resets_at"]),
            (&json!("ietf"), &json!(86_399))
        );
        ask(world, "POST", "faults", r#"{"body":"cut"}"#);
        let (_, state) = ask(world, "GET", "state", "");
        assert_eq!(state["faults"], json!([{"body": "cut"}]));
        assert_eq!(ask(world, "DELETE", "faults", "").1, json!([]));
        let (_, reset) = ask(world, "POST", "reset", "");
        assert_eq!(reset["clock"]["frozen"], json!(false));
        assert_eq!(reset["limits"]["per_minute"], json!(600));
    }

    #[test]
    fn ok_the_day_begins_anew_where_it_is_told_to_begin_at_another_second() {
        let world = &mut world();
        let used = |world: &mut World| ask(world, "GET", "keys", "").1[0]["used"].clone();
        let limits = world.limits();
        let running = world.clock.running(REAL);
        let taken = world.quota.take("sandbox-torch-key", &limits, running);
        assert_eq!(taken, Ok(()));
        ask(world, "PUT", "limits", r#"{"per_day":9,"day_resets_at":0}"#);
        assert_eq!(used(world), json!({"minute": 1, "day": 1}));
        ask(world, "PUT", "limits", r#"{"day_resets_at":60}"#);
        ask(world, "PUT", "limits", r#"{"day_resets_at":0}"#);
        assert_eq!(used(world), json!({"minute": 1, "day": 0}));
    }

    #[test]
    fn ok_keys_are_added_and_revoked_and_never_shown_whole() {
        let world = &mut world();
        ask(
            world,
            "PUT",
            "keys",
            r#"{"key":"another-key","state":"forbidden"}"#,
        );
        ask(
            world,
            "PUT",
            "keys",
            r#"{"key":"sandbox-torch-key","state":"revoked"}"#,
        );
        let (_, state) = ask(world, "GET", "state", "");
        assert_eq!(
            state["keys"],
            json!([
                {"key": "sand…", "state": "revoked", "used": {"minute": 0, "day": 0}},
                {"key": "anot…", "state": "forbidden", "used": {"minute": 0, "day": 0}},
            ])
        );
        assert_eq!(world.key("another-key"), Some(KeyState::Forbidden));
        let (_, faults) = ask(world, "POST", "faults", r#"{"key":"another-key"}"#);
        assert_eq!(faults, json!([{"key": "anot…"}]));
    }

    #[test]
    fn ok_a_case_shows_its_whole_life_or_a_part_of_it() {
        let world = &mut world();
        let (_, whole) = ask(world, "GET", "case?receipt=IOE0912345678", "");
        let steps = whole["steps"].as_array().unwrap();
        let path = format!(
            "case?receipt=IOE0912345678&since={}&until={}",
            steps[0]["at"].as_str().unwrap(),
            steps[1]["at"].as_str().unwrap()
        );
        let (_, part) = ask(world, "GET", &path, "");
        assert_eq!(part["steps"], json!([steps[1]]));
    }

    #[test]
    fn err_what_cannot_be_taken_is_said() {
        let world = &mut world();
        for (method, path, body, status) in [
            ("PUT", "clock", "{", 400),
            ("PUT", "clock", r#"{"noon":true}"#, 400),
            ("PUT", "limits", r#"{"per_minute":-1}"#, 400),
            ("PUT", "limits", r#"{"day_resets_at":86400}"#, 400),
            ("PUT", "limits", r#"{"headers":"some"}"#, 400),
            ("POST", "faults", r#"{"body":"wild"}"#, 400),
            ("PUT", "keys", r#"{"key":"","state":"active"}"#, 400),
            ("PUT", "keys", r#"{"key":"k","state":"lost"}"#, 400),
            ("GET", "case?receipt=x", "", 400),
            ("GET", "case?receipt=IOE0912345678&since=then", "", 400),
            ("GET", "case?receipt=ZZZ0912345678", "", 404),
            ("POST", "clock", "{}", 405),
            ("GET", "reset", "", 405),
            ("GET", "nothing", "", 404),
        ] {
            let (told, answer) = ask(world, method, path, body);
            assert_eq!(told, status, "{method} {path} {body}");
            assert!(answer["message"].is_string());
        }
        assert_eq!(
            world.store(),
            World::default().store(),
            "nothing has changed"
        );
    }
}
