//! What the operator says: read and checked once, at the first request.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::edge::glue::Env;
use js_sys::{JSON, Reflect};
use sha2::{Digest, Sha256};

use super::access::{Client, Scope};
use super::parties::{clients, subscribers};
use super::verifier::verifier;
use super::{bindings, observe};
use crate::budget::Limits;
use crate::case::FieldNames;
use crate::freshness::Table;
use crate::grant::GrantKeys;
use crate::json::{self, Malformed};
use crate::problem::{Code, Problem};
use crate::webhook::{EventNames, Secret, Subscriber, Verifier};

/// How many receipts one call of Torch takes where the operator does not say.
const BATCH_MAX: usize = 100;

/// The whole configuration.
#[derive(Debug)]
pub(super) struct Config {
    /// Where Torch is, with the version segment and without a slash at the end.
    pub(super) torch: String,
    /// One key or two, in the order in which they are tried.
    pub(super) keys: Vec<Key>,
    pub(super) batch_max: usize,
    pub(super) limits: Limits,
    pub(super) clients: Vec<Client>,
    pub(super) table: Table,
    pub(super) names: FieldNames,
    pub(super) events: EventNames,
    /// What tells Torch's webhooks from others; none where the operator has set nothing for them.
    pub(super) verifier: Option<Verifier>,
    pub(super) subscribers: Vec<Subscriber>,
    /// What grants are signed with; none where the operator has set nothing for them.
    pub(super) grants: Option<GrantKeys>,
    /// The origins whose pages may read.
    pub(super) origins: Vec<String>,
}

/// A Torch key. It prints as what it is and nothing more.
pub(super) struct Key(String);

impl Key {
    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// A name for it that tells nothing of it: the first digits of its SHA-256.
    pub(super) fn id(&self) -> String {
        let mut digits = hex::encode(Sha256::digest(self.0.as_bytes()));
        digits.truncate(8);
        digits
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

impl Config {
    /// Whether anybody may be told of changes over a socket. Where nobody may, the feed is told of none.
    pub(super) fn is_live(&self) -> bool {
        let grants = self.grants.is_some();
        self.clients.iter().any(|client| {
            let may = |scope| client.scopes.contains(&scope);
            may(Scope::Live) || (grants && may(Scope::Grant))
        })
    }

    /// The subscriber of this name.
    pub(super) fn subscriber(&self, name: &str) -> Option<&Subscriber> {
        self.subscribers.iter().find(|one| one.name == name)
    }

    /// Reads the configuration from the environment's variables and secrets.
    ///
    /// # Errors
    /// A sentence for the log: which variable, what is wrong with it, what it should be. It holds no
    /// secret's value.
    pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let required = |name: &str| {
            var(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("{name} is not set"))
        };
        let base = required("TORCH_BASE_URL")?;
        if !is_safe_base(&base) {
            return Err("TORCH_BASE_URL should be an https address such as https://us.torch.parley.so (http only for this machine)".into());
        }
        // Plain http, which is let through for this machine alone.
        let local = base.starts_with("http://");
        let prefix = var("TORCH_PATH_PREFIX").unwrap_or_default();
        let prefix = prefix.trim().trim_matches('/');
        if !prefix
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
        {
            return Err("TORCH_PATH_PREFIX should be a path segment such as v1".into());
        }
        let slash = if prefix.is_empty() { "" } else { "/" };
        let torch = format!("{}{slash}{prefix}", base.trim_end_matches('/'));

        let first = required("PARLEY_API_KEY")?;
        let next = var("PARLEY_API_KEY_NEXT").unwrap_or_default();
        let next = Some(next.trim().to_owned()).filter(|key| !key.is_empty() && *key != first);
        for (name, key) in [
            ("PARLEY_API_KEY", Some(&first)),
            ("PARLEY_API_KEY_NEXT", next.as_ref()),
        ] {
            if key.is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
                return Err(format!("{name} has a space or a control character in it"));
            }
        }
        let number = |name: &str, most: u32| match var(name) {
            None => Ok(None),
            Some(text) => match text.trim().parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
                _ => Err(format!("{name} should be a number from 1 to {most}")),
            },
        };
        let batch_max = number("TORCH_BATCH_MAX", 500)?
            .and_then(|max| usize::try_from(max).ok())
            .unwrap_or(BATCH_MAX);
        let day_resets_at = match var("DAY_RESETS_AT") {
            None => 0,
            Some(text) => Limits::time_of_day(&text).ok_or(
                "DAY_RESETS_AT should be a time of day such as 00:00, in UTC or with an offset as in 00:00-05:00",
            )?,
        };
        let (names, events) = names(var("FIELD_NAMES").as_deref().unwrap_or("{}"))?;
        Ok(Self {
            torch,
            keys: std::iter::once(first).chain(next).map(Key).collect(),
            batch_max,
            limits: Limits {
                per_minute: number("TORCH_PER_MINUTE", 1_000_000)?,
                per_day: number("TORCH_PER_DAY", 100_000_000)?,
                day_resets_at,
            },
            clients: clients(&required("CLIENTS")?)?,
            table: table(var("FRESHNESS").as_deref().unwrap_or("{}"))?,
            names,
            events,
            verifier: verifier(
                var("WEBHOOK_SCHEME"),
                var("WEBHOOK_HEADER"),
                var("WEBHOOK_SECRET"),
                var("WEBHOOK_SECRET_NEXT"),
            )?,
            subscribers: subscribers(var("SUBSCRIBERS").as_deref().unwrap_or_default(), local)?,
            grants: grant_keys(var("GRANT_SECRET"), var("GRANT_SECRET_NEXT"))?,
            origins: origins(var("ALLOWED_ORIGINS").as_deref().unwrap_or_default())?,
        })
    }
}

/// The secrets of grants, of which a blank one counts as unset.
fn grant_keys(current: Option<String>, next: Option<String>) -> Result<Option<GrantKeys>, String> {
    let [current, next] = [current, next].map(|text| text.filter(|text| !text.trim().is_empty()));
    let Some(current) = current else {
        return match next {
            Some(_) => Err("GRANT_SECRET is not set, and GRANT_SECRET_NEXT is".to_owned()),
            None => Ok(None),
        };
    };
    let read = |name: &str, text: &str| {
        let secret = Secret::parse(text).and_then(|secret| {
            // What is wrong with it is told by its own name.
            GrantKeys::new(&secret, None).map(|_| secret)
        });
        secret.map_err(|error| format!("{name}: {error}"))
    };
    let current = read("GRANT_SECRET", &current)?;
    let next = next
        .map(|next| read("GRANT_SECRET_NEXT", &next))
        .transpose()?;
    GrantKeys::new(&current, next.as_ref())
        .map(Some)
        .map_err(|error| format!("GRANT_SECRET: {error}"))
}

/// The origins of a list that is parted by commas or spaces, each as browsers write it.
fn origins(list: &str) -> Result<Vec<String>, String> {
    let origins = list
        .split([',', ' ', '\n'])
        .filter(|origin| !origin.is_empty());
    let origins = origins.map(|origin| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        let sound = host.is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|byte| {
                    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']')
                })
        });
        match sound {
            true => Ok(origin.to_owned()),
            false => Err("ALLOWED_ORIGINS should be origins as browsers write them, such as https://app.example.com, parted by commas: in small letters, without a path, and no *".to_owned()),
        }
    });
    origins.collect()
}

thread_local! {
    static CONFIG: RefCell<Option<Result<Rc<Config>, Problem>>> = const { RefCell::new(None) };
}

/// The configuration: read and checked at the first request, and kept.
///
/// # Errors
/// The problem `misconfigured`; the log has the sentence.
pub(super) fn of(env: &Env) -> Result<Rc<Config>, Problem> {
    if let Some(config) = CONFIG.with_borrow(Clone::clone) {
        return config;
    }
    let get = |name: &str| {
        Reflect::get(env, &name.into())
            .ok()
            .filter(|value| !value.is_undefined())
    };
    // A variable may stand in wrangler.toml as a text, a number or a table.
    let var = |name: &str| {
        let value = get(name)?;
        value
            .as_string()
            .or_else(|| JSON::stringify(&value).ok().map(String::from))
    };
    let unbound = bindings::ALL
        .into_iter()
        .find(|name| !get(name).is_some_and(|value| value.is_object()));
    let config = match unbound {
        Some(name) => Err(format!("the binding {name} is missing in wrangler.toml")),
        None => Config::read(var),
    };
    let config = config.map(Rc::new).map_err(|sentence| {
        observe::error(&format!("configuration: {sentence}"), &[]);
        let detail = "The proxy's configuration is incomplete or wrong; its log says where.";
        Problem::new(Code::Misconfigured, detail).after(Some(60))
    });
    CONFIG.with_borrow_mut(|kept| *kept = Some(config.clone()));
    config
}

/// What something makes of the configuration, if it has been read and is right.
pub(super) fn with<T>(make: impl FnOnce(&Config) -> T) -> Option<T> {
    CONFIG.with_borrow(|config| match config {
        Some(Ok(config)) => Some(make(config)),
        _ => None,
    })
}

/// Whether the key may be sent there: over TLS, or without leaving the machine.
fn is_safe_base(base: &str) -> bool {
    let (rest, secure) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return false,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    let plain = !host.is_empty() && !authority.contains('@') && !rest.contains(['?', '#', ' ']);
    plain && (secure || matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

fn table(text: &str) -> Result<Table, String> {
    let wrong = || "FRESHNESS should be a JSON object of whole numbers of seconds".to_owned();
    let mut table = Table::default();
    for (row, seconds) in json::object(text).map_err(|_| wrong())? {
        if !table.set(&row, seconds.parse().map_err(|_| wrong())?) {
            return Err(format!(
                "FRESHNESS: \"{row}\" should be active, waiting, moving, final, not_found, unknown, stale_while_revalidate, stale_if_error or a category, with a number of seconds up to a year"
            ));
        }
    }
    Ok(table)
}

fn names(text: &str) -> Result<(FieldNames, EventNames), String> {
    let wrong = |_: Malformed| "FIELD_NAMES should be a JSON object of strings".to_owned();
    let (mut names, mut events) = (FieldNames::default(), EventNames::default());
    for (field, name) in json::object(text).map_err(wrong)? {
        let name = json::string(name).map_err(wrong)?;
        if name.is_empty() || !(names.rename(&field, &name) || events.rename(&field, &name)) {
            return Err(format!(
                "FIELD_NAMES: \"{field}\" should be receipt_number, status_text, status_category, last_checked_at or last_status_at, or of an event type, data, id or sent_at, with a name"
            ));
        }
    }
    Ok((names, events))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINS: &str = "ALLOWED_ORIGINS should be origins as browsers write them, such as https://app.example.com, parted by commas: in small letters, without a path, and no *";
    use crate::status::Category;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn good(name: &str) -> Option<String> {
        Some(match name {
            "TORCH_BASE_URL" => "https://us.torch.parley.so/".into(),
            "PARLEY_API_KEY" => "secret-key\n".into(),
            "CLIENTS" => {
                format!(r#"[{{"name":"site","sha256":["{HASH}"],"scopes":["read","ops"]}}]"#)
            }
            _ => return None,
        })
    }

    fn with<'a>(name: &'a str, value: &'a str) -> impl Fn(&str) -> Option<String> + 'a {
        move |asked| {
            if asked == name {
                Some(value.to_owned())
            } else {
                good(asked)
            }
        }
    }

    #[test]
    fn ok_a_configuration_is_read() {
        let config = Config::read(good).unwrap();
        assert_eq!(
            (config.torch.as_str(), config.batch_max),
            ("https://us.torch.parley.so", 100)
        );
        assert_eq!(config.keys[0].authorization(), "Bearer secret-key");
        assert_eq!((config.keys.len(), config.limits), (1, Limits::default()));
        assert_eq!(config.clients[0].name, "site");
        assert!(config.verifier.is_none() && config.subscribers.is_empty());
        let limits = |name| Config::read(with(name, "05:00-01:00")).map(|config| config.limits);
        assert_eq!(limits("DAY_RESETS_AT").unwrap().day_resets_at, 21_600);
        let keys = |next| {
            Config::read(with("PARLEY_API_KEY_NEXT", next))
                .unwrap()
                .keys
        };
        assert_eq!(keys("other").len(), 2);
        assert_eq!((keys(" ").len(), keys("secret-key").len()), (1, 1));
        assert_eq!(keys("other")[0].id().len(), 8);
        assert!(!format!("{config:?}").contains("secret-key"));
        assert_eq!(
            Config::read(with("TORCH_PATH_PREFIX", "/v1/"))
                .unwrap()
                .torch,
            "https://us.torch.parley.so/v1"
        );
        assert_eq!(
            Config::read(with("FRESHNESS", r#"{"denied":60}"#))
                .unwrap()
                .table
                .lifetime(Category::Denied),
            60
        );
        assert_eq!(
            Config::read(with("FIELD_NAMES", r#"{"status_text":"text"}"#))
                .unwrap()
                .names
                .status_text,
            "text"
        );
        assert!(Config::read(with("TORCH_BASE_URL", "http://127.0.0.1:8788")).is_ok());
    }

    #[test]
    fn err_each_mistake_is_a_sentence_and_tells_no_secret() {
        for (name, value, says) in [
            ("TORCH_BASE_URL", "", "TORCH_BASE_URL is not set"),
            (
                "TORCH_BASE_URL",
                "http://torch.example",
                "TORCH_BASE_URL should be an https address such as https://us.torch.parley.so (http only for this machine)",
            ),
            (
                "TORCH_BASE_URL",
                "https://127.0.0.1@evil.example",
                "TORCH_BASE_URL should be an https address such as https://us.torch.parley.so (http only for this machine)",
            ),
            (
                "TORCH_BASE_URL",
                "us.torch.parley.so",
                "TORCH_BASE_URL should be an https address such as https://us.torch.parley.so (http only for this machine)",
            ),
            (
                "TORCH_PATH_PREFIX",
                "v1?x",
                "TORCH_PATH_PREFIX should be a path segment such as v1",
            ),
            ("PARLEY_API_KEY", " ", "PARLEY_API_KEY is not set"),
            (
                "PARLEY_API_KEY",
                "a b",
                "PARLEY_API_KEY has a space or a control character in it",
            ),
            (
                "TORCH_BATCH_MAX",
                "0",
                "TORCH_BATCH_MAX should be a number from 1 to 500",
            ),
            (
                "PARLEY_API_KEY_NEXT",
                "a b",
                "PARLEY_API_KEY_NEXT has a space or a control character in it",
            ),
            (
                "TORCH_PER_MINUTE",
                "-1",
                "TORCH_PER_MINUTE should be a number from 1 to 1000000",
            ),
            (
                "TORCH_PER_DAY",
                "many",
                "TORCH_PER_DAY should be a number from 1 to 100000000",
            ),
            (
                "DAY_RESETS_AT",
                "midnight",
                "DAY_RESETS_AT should be a time of day such as 00:00, in UTC or with an offset as in 00:00-05:00",
            ),
            ("CLIENTS", "[]", "CLIENTS has no client in it"),
            (
                "GRANT_SECRET",
                "short",
                "GRANT_SECRET: the secret should have 32 bytes or more: make one by openssl rand -base64 32",
            ),
            (
                "GRANT_SECRET_NEXT",
                "a-secret-of-thirty-two-bytes-----",
                "GRANT_SECRET is not set, and GRANT_SECRET_NEXT is",
            ),
            ("ALLOWED_ORIGINS", "*", ORIGINS),
            ("ALLOWED_ORIGINS", "https://app.example.com/", ORIGINS),
            ("ALLOWED_ORIGINS", "https://App.example.com", ORIGINS),
            ("ALLOWED_ORIGINS", "https://app.example.com, null", ORIGINS),
            (
                "FRESHNESS",
                "[]",
                "FRESHNESS should be a JSON object of whole numbers of seconds",
            ),
            (
                "FIELD_NAMES",
                "5",
                "FIELD_NAMES should be a JSON object of strings",
            ),
        ] {
            assert_eq!(
                Config::read(with(name, value)).unwrap_err(),
                says,
                "{name}={value}"
            );
        }
        for (name, value, starts) in [
            (
                "CLIENTS",
                "token-in-the-wrong-place",
                "CLIENTS should be a JSON array",
            ),
            (
                "FRESHNESS",
                r#"{"actve":5}"#,
                "FRESHNESS: \"actve\" should be",
            ),
            (
                "FRESHNESS",
                r#"{"active":"5"}"#,
                "FRESHNESS should be a JSON object of whole numbers",
            ),
            (
                "FIELD_NAMES",
                r#"{"status":"x"}"#,
                "FIELD_NAMES: \"status\" should be",
            ),
        ] {
            let error = Config::read(with(name, value)).unwrap_err();
            assert!(
                error.starts_with(starts) && !error.contains("token-in"),
                "{error}"
            );
        }
    }

    #[test]
    fn ok_it_is_live_where_somebody_may_be_told() {
        let live = |scope: &str, secret: &str| {
            let clients =
                format!(r#"[{{"name":"site","sha256":["{HASH}"],"scopes":["{scope}"]}}]"#);
            let config = Config::read(|name| match name {
                "CLIENTS" => Some(clients.clone()),
                "GRANT_SECRET" => Some(secret.to_owned()),
                _ => good(name),
            });
            config.unwrap().is_live()
        };
        let secret = "a-secret-of-thirty-two-bytes-----";
        assert!(live("live", "") && live("grant", secret));
        assert!(!live("grant", "") && !live("read", secret) && !live("ops", secret));
    }

    #[test]
    fn ok_grants_and_origins_are_set_or_not() {
        let config = Config::read(good).unwrap();
        assert!(config.grants.is_none() && config.origins.is_empty());
        let secret = "a-secret-of-thirty-two-bytes-----";
        let config = Config::read(with("GRANT_SECRET", secret)).unwrap();
        assert!(config.grants.is_some() && !format!("{config:?}").contains(secret));
        let list = "https://app.example.com, http://localhost:5173\nhttps://[::1]:8443";
        let config = Config::read(with("ALLOWED_ORIGINS", list)).unwrap();
        assert_eq!(
            config.origins,
            [
                "https://app.example.com",
                "http://localhost:5173",
                "https://[::1]:8443"
            ]
        );
    }

    #[test]
    fn ok_the_members_of_an_event_are_renamed_beside_the_fields() {
        let names =
            r#"{"type":"kind","data":"case","id":"event_id","sent_at":"at","status_text":"text"}"#;
        let config = Config::read(with("FIELD_NAMES", names)).unwrap();
        assert_eq!(config.names.status_text, "text");
        let EventNames {
            r#type,
            data,
            id,
            sent_at,
        } = &config.events;
        assert_eq!(
            [r#type, data, id, sent_at],
            ["kind", "case", "event_id", "at"]
        );
        assert_eq!(Config::read(good).unwrap().events, EventNames::default());
    }

    #[test]
    fn a6_subscribers_are_on_this_machine_only_where_torch_is() {
        let read = |torch: &str| {
            Config::read(|asked| {
                match asked {
                "TORCH_BASE_URL" => Some(torch.to_owned()),
                "SUBSCRIBERS" => Some(r#"[{"name":"firm","url":"http://127.0.0.1:9/","secrets":["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"]}]"#.to_owned()),
                _ => good(asked),
            }
            })
        };
        for torch in ["http://127.0.0.1:8788", "http://localhost/"] {
            assert_eq!(read(torch).unwrap().subscribers.len(), 1);
        }
        for torch in ["https://us.torch.parley.so", "https://localhost"] {
            assert!(read(torch).unwrap_err().starts_with("SUBSCRIBERS: "));
        }
    }
}
