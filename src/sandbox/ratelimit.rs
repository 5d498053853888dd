//! The fields by which an answer tells how much a key has left. Torch's documentation names none, so
//! there are none until they are asked for.
#![forbid(unsafe_code)]

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::quota::Standing;

/// Which fields stand on an answer to a call whose key is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RateLimitFields {
    #[default]
    None,
    /// `RateLimit-Policy` and `RateLimit`, of draft-ietf-httpapi-ratelimit-headers-10.
    Ietf,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`, which have no room for more than one window.
    Legacy,
}

impl RateLimitFields {
    /// The fields of a key that stands like this in its windows.
    pub(super) fn of(self, windows: &[Standing]) -> Vec<(&'static str, String)> {
        match self {
            Self::None => Vec::new(),
            Self::Ietf => vec![
                ("ratelimit-policy", list(windows, policy)),
                ("ratelimit", list(windows, limit)),
            ],
            Self::Legacy => {
                // Of two with as little left, the one that a client waits for the longest.
                let least = |window: &&Standing| (window.left(), Reverse(window.resets_in));
                let Some(window) = windows.iter().min_by_key(least) else {
                    return Vec::new();
                };
                vec![
                    ("x-ratelimit-limit", window.limit.to_string()),
                    ("x-ratelimit-remaining", window.left().to_string()),
                    ("x-ratelimit-reset", window.resets_in.to_string()),
                ]
            }
        }
    }
}

fn list(windows: &[Standing], item: fn(&Standing) -> String) -> String {
    windows.iter().map(item).collect::<Vec<_>>().join(", ")
}

fn policy(window: &Standing) -> String {
    format!(
        "\"{}\";q={};w={}",
        window.name, window.limit, window.seconds
    )
}

fn limit(window: &Standing) -> String {
    format!(
        "\"{}\";r={};t={}",
        window.name,
        window.left(),
        window.resets_in
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Standing = Standing {
        name: "minute",
        limit: 600,
        used: 1,
        seconds: 60,
        resets_in: 42,
    };
    const DAY: Standing = Standing {
        name: "day",
        limit: 50_000,
        used: 1,
        seconds: 86_400,
        resets_in: 12_345,
    };

    #[test]
    fn ok_none_says_nothing_and_ietf_tells_of_both_windows() {
        assert_eq!(RateLimitFields::None.of(&[MINUTE, DAY]), []);
        assert_eq!(
            RateLimitFields::Ietf.of(&[MINUTE, DAY]),
            [
                (
                    "ratelimit-policy",
                    r#""minute";q=600;w=60, "day";q=50000;w=86400"#.to_owned()
                ),
                (
                    "ratelimit",
                    r#""minute";r=599;t=42, "day";r=49999;t=12345"#.to_owned()
                ),
            ]
        );
    }

    #[test]
    fn ok_legacy_tells_of_the_window_with_least_left() {
        let full = |window| Standing {
            used: 50_001,
            ..window
        };
        for (minute, day, told) in [
            (MINUTE, DAY, ["600", "599", "42"]),
            (MINUTE, full(DAY), ["50000", "0", "12345"]),
            (full(MINUTE), DAY, ["600", "0", "42"]),
            (full(MINUTE), full(DAY), ["50000", "0", "12345"]),
        ] {
            let fields = RateLimitFields::Legacy.of(&[minute, day]);
            let names = [
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ];
            assert!(fields.iter().map(|(name, _)| *name).eq(names));
            assert!(fields.iter().map(|(_, value)| value).eq(told), "{fields:?}");
        }
    }
}
