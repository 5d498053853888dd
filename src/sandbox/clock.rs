//! The sandbox's clock: real time with an offset, or standing still.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::time::UnixSeconds;

/// Two times run in a sandbox. The *cases* live by [`Clock::now`], which can stand still. The
/// *quota* runs by [`Clock::running`], which never does: otherwise a 429's Retry-After, which a
/// client waits in real seconds, would be a lie for as long as the clock is frozen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Clock {
    offset_millis: i64,
    frozen_at: Option<i64>,
}

/// How the clock is to be set: `PUT /__sandbox/clock`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Setting {
    now: Option<String>,
    frozen: Option<bool>,
    advance: Option<Value>,
    real: Option<bool>,
    /// Cases whose changes are told that the move passes over. The clock itself does not care.
    pub(super) announce: Option<Vec<String>>,
}

impl Clock {
    /// The moment that the cases live at.
    pub(super) fn now(&self, real_millis: i64) -> UnixSeconds {
        let millis = self.frozen_at.unwrap_or_else(|| self.running(real_millis));
        UnixSeconds(millis.div_euclid(1000))
    }

    /// Milliseconds since 1970 of the time that the quota runs by.
    pub(super) fn running(&self, real_millis: i64) -> i64 {
        real_millis.saturating_add(self.offset_millis)
    }

    fn stand_at(&mut self, millis: i64, real_millis: i64) {
        self.offset_millis = millis.saturating_sub(real_millis);
        self.frozen_at = self.frozen_at.map(|_| millis);
    }

    /// Sets the clock. Nothing is changed where a part of the setting makes no sense.
    ///
    /// # Errors
    /// A sentence that says which part.
    pub(super) fn set(&mut self, setting: &Setting, real_millis: i64) -> Result<(), String> {
        let mut clock = *self;
        if setting.real == Some(true) {
            clock = Self::default();
        }
        if let Some(text) = &setting.now {
            let moment = UnixSeconds::from_rfc3339(text).ok_or_else(|| {
                "`now` must be an RFC 3339 date-time, such as 2026-01-20T00:00:00Z".to_owned()
            })?;
            clock.stand_at(moment.0.saturating_mul(1000), real_millis);
        }
        if let Some(advance) = &setting.advance {
            let millis = duration(advance)?.saturating_mul(1000);
            clock.frozen_at = clock.frozen_at.map(|at| at.saturating_add(millis));
            clock.offset_millis = clock.offset_millis.saturating_add(millis);
        }
        match (setting.frozen, clock.frozen_at) {
            (Some(true), None) => clock.frozen_at = Some(clock.running(real_millis)),
            (Some(false), Some(at)) => {
                clock.frozen_at = None;
                clock.stand_at(at, real_millis);
            }
            _ => {}
        }
        // chrono counts no further, and a sandbox needs far less.
        let sane = 0..=253_402_300_799;
        if !sane.contains(&clock.now(real_millis).0) {
            return Err("the clock goes from the year 1970 to the year 9999".to_owned());
        }
        *self = clock;
        Ok(())
    }

    /// What `GET /__sandbox/clock` shows.
    pub(super) fn show(&self, real_millis: i64) -> Value {
        json!({
            "now": self.now(real_millis).to_rfc3339(),
            "frozen": self.frozen_at.is_some(),
            "offset_seconds": self.offset_millis.div_euclid(1000),
        })
    }
}

/// Seconds, from a number of them or from a text such as `90s`, `15m`, `2h`, `3d` or `-1d`.
fn duration(value: &Value) -> Result<i64, String> {
    let seconds = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text
            .strip_suffix(['s', 'm', 'h', 'd'])
            .and_then(|number| number.parse::<i64>().ok())
            .and_then(|number| {
                let unit = match text.chars().last()? {
                    's' => 1,
                    'm' => 60,
                    'h' => 3600,
                    _ => 86_400,
                };
                number.checked_mul(unit)
            }),
        _ => None,
    };
    seconds.ok_or_else(|| "`advance` must be seconds, or a text such as 90s, 15m, 2h or 3d".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: i64 = 1_795_478_400_000;

    fn set(clock: &mut Clock, text: &str, real: i64) -> Result<(), String> {
        clock.set(&serde_json::from_str(text).unwrap(), real)
    }

    fn shown(clock: &Clock, real: i64) -> String {
        clock.now(real).to_rfc3339().unwrap()
    }

    #[test]
    fn ok_it_follows_real_time_until_it_is_set_and_again_when_told() {
        let mut clock = Clock::default();
        assert_eq!(clock.now(REAL), UnixSeconds(REAL / 1000));
        set(&mut clock, r#"{"now":"2026-01-20T00:00:00Z"}"#, REAL).unwrap();
        assert_eq!(shown(&clock, REAL), "2026-01-20T00:00:00Z");
        assert_eq!(shown(&clock, REAL + 5_000), "2026-01-20T00:00:05Z");
        set(&mut clock, r#"{"real":true}"#, REAL).unwrap();
        assert_eq!(clock, Clock::default());
    }

    #[test]
    fn ok_frozen_it_stands_and_thawed_it_goes_on_from_there() {
        let mut clock = Clock::default();
        let text = r#"{"now":"2026-01-20T00:00:00Z","frozen":true}"#;
        set(&mut clock, text, REAL).unwrap();
        assert_eq!(shown(&clock, REAL + 90_000), "2026-01-20T00:00:00Z");
        assert_eq!(
            clock.running(REAL + 90_000) - clock.running(REAL),
            90_000,
            "the quota's time runs on"
        );
        set(&mut clock, r#"{"advance":"3d"}"#, REAL + 90_000).unwrap();
        assert_eq!(shown(&clock, REAL + 90_000), "2026-01-23T00:00:00Z");
        set(&mut clock, r#"{"frozen":false}"#, REAL + 90_000).unwrap();
        assert_eq!(shown(&clock, REAL + 91_000), "2026-01-23T00:00:01Z");
    }

    #[test]
    fn ok_it_advances_by_seconds_or_by_a_length_with_its_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("\"90s\"", 90),
            ("\"15m\"", 900),
            ("\"2h\"", 7200),
            ("\"3d\"", 259_200),
            ("\"-1d\"", -86_400),
        ] {
            let mut clock = Clock::default();
            set(&mut clock, &format!(r#"{{"advance":{text}}}"#), REAL).unwrap();
            assert_eq!(clock.now(REAL), UnixSeconds(REAL / 1000 + seconds));
        }
    }

    #[test]
    fn err_what_makes_no_sense_changes_nothing() {
        for text in [
            r#"{"now":"soon"}"#,
            r#"{"advance":"3"}"#,
            r#"{"advance":"d"}"#,
            r#"{"advance":1.5}"#,
            r#"{"advance":"9223372036854775807d"}"#,
            r#"{"advance":9223372036854775807}"#,
            r#"{"now":"2026-01-20T00:00:00Z","advance":[]}"#,
        ] {
            let mut clock = Clock::default();
            assert!(set(&mut clock, text, REAL).is_err(), "{text}");
            assert_eq!(clock, Clock::default(), "{text}");
        }
    }
}
