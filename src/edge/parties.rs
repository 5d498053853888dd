//! The lists of parties that the operator writes: who may ask, and who is told of changes.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::cell::Cell;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::access::{Client, Scope};
use crate::json;
use crate::webhook::{Endpoint, Subscriber};

/// How many requests a minute a client may make where the operator does not say: about what one
/// Durable Object answers, so that nobody is held up who does no harm.
const ALLOWANCE: u32 = 60_000;

/// How many subscribers there may be: each is a delivery for every change.
const MAX_SUBSCRIBERS: usize = 50;

/// One row of a list: its members, read by name.
struct Row<'a>(Vec<(Cow<'a, str>, &'a str)>);

/// A member, or the row, is not what it should be.
struct Wrong;

impl<'a> Row<'a> {
    /// The rows of a list, none of which has other members than these, or one of them twice.
    fn list(text: &'a str, members: &[&str]) -> Result<Vec<Self>, Wrong> {
        let rows = json::array(text).map_err(|_| Wrong)?;
        let rows = rows.into_iter().map(|row| {
            let row = json::object(row).map_err(|_| Wrong)?;
            let names = || row.iter().map(|(name, _)| name.as_ref());
            let mut seen = names().enumerate();
            let sound = seen.all(|(at, name)| {
                members.contains(&name) && !names().take(at).any(|other| other == name)
            });
            if sound { Ok(Self(row)) } else { Err(Wrong) }
        });
        rows.collect()
    }

    /// A member's own text; `null` is as good as none.
    fn raw(&self, name: &str) -> Option<&'a str> {
        let member = self.0.iter().find(|(member, _)| member == name);
        member
            .map(|(_, value)| *value)
            .filter(|value| *value != "null")
    }

    fn text(&self, name: &str) -> Result<Cow<'a, str>, Wrong> {
        json::string(self.raw(name).ok_or(Wrong)?).map_err(|_| Wrong)
    }

    /// A list of texts.
    fn texts(&self, name: &str) -> Result<Option<Vec<Cow<'a, str>>>, Wrong> {
        let Some(list) = self.raw(name) else {
            return Ok(None);
        };
        let texts = json::array(list).map_err(|_| Wrong)?;
        let texts = texts
            .into_iter()
            .map(|text| json::string(text).map_err(|_| Wrong));
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// A number, or `true` or `false`.
    fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, Wrong> {
        self.raw(name)
            .map(|value| value.parse().map_err(|_| Wrong))
            .transpose()
    }
}

/// The clients that `CLIENTS` lists.
///
/// # Errors
/// A sentence for the log. It holds no token's hash.
pub(super) fn clients(text: &str) -> Result<Vec<Client>, String> {
    let wrong = |_: Wrong| {
        "CLIENTS should be a JSON array such as [{\"name\":\"site\",\"sha256\":[\"…64 hex digits…\"],\"scopes\":[\"read\"]}], if you like with \"allowance\":600".to_owned()
    };
    let rows = Row::list(text, &["name", "sha256", "scopes", "allowance"]).map_err(wrong)?;
    if rows.is_empty() {
        return Err("CLIENTS has no client in it".into());
    }
    let mut clients = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.text("name").map_err(wrong)?.into_owned();
        let sha256 = row
            .texts("sha256")
            .map_err(wrong)?
            .ok_or(Wrong)
            .map_err(wrong)?;
        let scopes = row
            .texts("scopes")
            .map_err(wrong)?
            .ok_or(Wrong)
            .map_err(wrong)?;
        let allowance = row.parse::<u32>("allowance").map_err(wrong)?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("CLIENTS: a client's name should be a word without spaces".into());
        }
        let wrong = |says: &str| Err(format!("CLIENTS: client \"{name}\" {says}"));
        if allowance == Some(0) {
            return wrong("should have an allowance of 1 or more requests a minute");
        }
        if sha256.is_empty() || sha256.len() > 2 {
            return wrong("should have one token hash, or two while it rotates");
        }
        let mut hashes = Vec::with_capacity(2);
        for digits in &sha256 {
            let mut hash = [0; 32];
            if hex::decode_to_slice(digits.trim(), &mut hash).is_err() {
                return wrong("has a token hash that is not 64 hexadecimal digits");
            }
            hashes.push(hash);
        }
        let parsed: Vec<Scope> = scopes
            .iter()
            .filter_map(|scope| Scope::parse(scope))
            .collect();
        if parsed.len() != scopes.len() {
            return wrong("has an unknown scope; there are read, live, grant and ops");
        }
        clients.push(Client {
            name,
            hashes,
            scopes: parsed,
            allowance: allowance.unwrap_or(ALLOWANCE),
            meter: Cell::default(),
        });
    }
    Ok(clients)
}

/// The subscribers that `SUBSCRIBERS` lists; none where it is blank. `local`: whether one may be on this
/// machine.
///
/// # Errors
/// A sentence for the log. It tells the subscriber by its place in the list, and holds nothing of what
/// stands there.
pub(super) fn subscribers(text: &str, local: bool) -> Result<Vec<Subscriber>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |_: Wrong| {
        "SUBSCRIBERS should be a JSON array such as [{\"name\":\"firm\",\"url\":\"https://…\",\"secrets\":[\"whsec_…\"]}], if you like with \"categories\":[\"approved\"] and \"paused\":true".to_owned()
    };
    let members = ["name", "url", "secrets", "categories", "paused"];
    let rows = Row::list(text, &members).map_err(wrong)?;
    if rows.len() > MAX_SUBSCRIBERS {
        return Err(format!(
            "SUBSCRIBERS should have {MAX_SUBSCRIBERS} subscribers or fewer"
        ));
    }
    let mut subscribers: Vec<Subscriber> = Vec::with_capacity(rows.len());
    for (place, row) in (1_u32..).zip(&rows) {
        let url = row.text("url").map_err(wrong)?;
        let name = match row.raw("name") {
            Some(_) => row.text("name").map_err(wrong)?,
            None => unnamed(&url).into(),
        };
        let secrets = row
            .texts("secrets")
            .map_err(wrong)?
            .ok_or(Wrong)
            .map_err(wrong)?;
        let secrets: Vec<String> = secrets.into_iter().map(Cow::into_owned).collect();
        let categories = row.texts("categories").map_err(wrong)?;
        let paused = row.parse("paused").map_err(wrong)?;
        let mut subscriber = subscriber(&name, &url, &secrets, categories, local)
            .map_err(|sentence| format!("SUBSCRIBERS: subscriber {place}: {sentence}"))?;
        if subscribers
            .iter()
            .any(|other| other.name == subscriber.name)
        {
            return Err(format!(
                "SUBSCRIBERS: subscriber {place}: another one has this name already"
            ));
        }
        subscriber.paused = paused.unwrap_or_default();
        subscribers.push(subscriber);
    }
    Ok(subscribers)
}

/// What a subscriber without a name is called: always the same for the same url.
fn unnamed(url: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(url.as_bytes()));
    digits.truncate(8);
    format!("endpoint-{digits}")
}

fn subscriber(
    name: &str,
    url: &str,
    secrets: &[String],
    categories: Option<Vec<Cow<'_, str>>>,
    local: bool,
) -> Result<Subscriber, String> {
    let endpoint = Endpoint::parse(url, local).map_err(|error| error.to_string())?;
    let categories = categories.map(|ids| {
        let parsed = ids.iter().map(|id| id.parse());
        parsed.collect::<Result<_, _>>()
    });
    let categories = categories.transpose().map_err(
        |_| "one of its categories is none; docs/TAXONOMY.md lists those that there are",
    )?;
    let subscriber = Subscriber::new(name, endpoint, secrets, categories);
    subscriber.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Category;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
    const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

    fn row(name: &str, more: &str) -> String {
        format!(
            r#"{{"name":"{name}","url":"https://example.com/hook","secrets":["{SECRET}"]{more}}}"#
        )
    }

    #[test]
    fn ok_a_subscriber_without_a_name_has_one_of_its_url() {
        let text = |url: &str| format!(r#"[{{"url":"{url}","secrets":["{SECRET}"]}}]"#);
        let name = |url: &str| subscribers(&text(url), false).unwrap().swap_remove(0).name;
        let first = name("https://example.com/hook");
        assert_eq!((first.len(), first.starts_with("endpoint-")), (17, true));
        assert_eq!(first, name("https://example.com/hook"));
        assert_ne!(first, name("https://example.com/other"));
    }

    #[test]
    fn ok_clients_are_read() {
        let text = format!(r#"[{{"name":"site","sha256":["{HASH}"],"scopes":["read","ops"]}}]"#);
        let clients = clients(&text).unwrap();
        assert_eq!(clients[0].allowance, ALLOWANCE);
        assert_eq!(clients[0].scopes, [Scope::Read, Scope::Ops]);
        assert_eq!(hex::encode(clients[0].hashes[0]), HASH);
    }

    #[test]
    fn err_each_mistake_in_clients_is_a_sentence() {
        let scopes = format!(r#"[{{"name":"a","sha256":["{HASH}"],"scopes":["all"]}}]"#);
        for (text, says) in [
            ("[]", "CLIENTS has no client in it"),
            (
                r#"[{"name":"a b","sha256":[],"scopes":[]}]"#,
                "CLIENTS: a client's name should be a word without spaces",
            ),
            (
                r#"[{"name":"a","sha256":[],"scopes":[],"allowance":0}]"#,
                "CLIENTS: client \"a\" should have an allowance of 1 or more requests a minute",
            ),
            (
                r#"[{"name":"a","sha256":[],"scopes":[]}]"#,
                "CLIENTS: client \"a\" should have one token hash, or two while it rotates",
            ),
            (
                r#"[{"name":"a","sha256":["xyz"],"scopes":[]}]"#,
                "CLIENTS: client \"a\" has a token hash that is not 64 hexadecimal digits",
            ),
            (
                scopes.as_str(),
                "CLIENTS: client \"a\" has an unknown scope; there are read, live, grant and ops",
            ),
        ] {
            assert_eq!(clients(text).unwrap_err(), says);
        }
        let error = clients("token-in-the-wrong-place").unwrap_err();
        assert!(
            error.starts_with("CLIENTS should be a JSON array") && !error.contains("token-in"),
            "{error}"
        );
    }

    #[test]
    fn ok_subscribers_are_read() {
        for text in ["", " \n", "[]"] {
            assert!(subscribers(text, false).unwrap().is_empty(), "{text:?}");
        }
        let some = row(
            "some",
            r#","categories":["approved","denied"],"paused":true"#,
        );
        let text = format!("[{}, {some}]", row("all", ""));
        let subscribers = subscribers(&text, false).unwrap();
        let [all, some] = subscribers.as_slice() else {
            panic!("{subscribers:?}")
        };
        assert_eq!((all.name.as_str(), all.paused), ("all", false));
        assert_eq!(all.endpoint.as_str(), "https://example.com/hook");
        assert!(all.takes(None));
        assert_eq!((some.name.as_str(), some.paused), ("some", true));
        assert!(some.takes(Some(Category::Denied)) && !some.takes(Some(Category::Received)));
        assert!(!format!("{subscribers:?}").contains(KEY));
    }

    #[test]
    fn a6_a_subscriber_may_be_on_this_machine_only_where_torch_is() {
        let text =
            format!("[{}]", row("firm", "")).replace("https://example.com", "http://[::1]:9");
        assert!(subscribers(&text, true).is_ok());
        assert_eq!(
            subscribers(&text, false).unwrap_err(),
            "SUBSCRIBERS: subscriber 1: the url should begin with https:// (http:// only for this machine, and only while Torch is on it too)"
        );
    }

    #[test]
    fn err_each_mistake_in_subscribers_is_a_sentence_and_tells_no_secret() {
        let good = row("firm", "");
        for (second, says) in [
            (good.clone(), "another one has this name already"),
            (
                row("a b", ""),
                "the name should be 1 to 64 letters, digits, dashes and underscores",
            ),
            (
                row("b", "").replace("example.com", "10.0.0.1"),
                "the url should have a host's name such as hooks.example.com, not an IP address",
            ),
            (
                row("b", "").replace(SECRET, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0"),
                "the secret's base64 should hold 24 to 64 bytes: make one by openssl rand -base64 24",
            ),
            (
                row("b", "").replace(SECRET, KEY),
                "the secret should be \"whsec_\" and base64, as Standard Webhooks writes it",
            ),
            (
                row("b", "").replace(SECRET, &format!("{SECRET}\\n")),
                "the secret has white space at its end: copy it again without the line break",
            ),
            (
                row("b", "").replace(&format!("\"{SECRET}\""), ""),
                "there should be one secret, or two while it rotates",
            ),
            (
                row("b", r#","categories":["aproved"]"#),
                "one of its categories is none; docs/TAXONOMY.md lists those that there are",
            ),
            (
                row("b", r#","categories":[]"#),
                "the list of categories is empty: leave it out to send everything, or pause the subscriber",
            ),
        ] {
            assert_eq!(
                subscribers(&format!("[{good},{second}]"), false).unwrap_err(),
                format!("SUBSCRIBERS: subscriber 2: {says}")
            );
        }
        for text in [
            SECRET.to_owned(),
            good.clone(),
            format!("[{good}"),
            format!("[{}]", row("firm", r#","scopes":[]"#)),
            format!("[{}]", row("firm", r#","paused":"yes""#)),
            format!(r#"[{{"name":"firm","url":"https://example.com","secrets":"{SECRET}"}}]"#),
            r#"[{"name":"firm","url":"https://example.com"}]"#.to_owned(),
        ] {
            let error = subscribers(&text, false).unwrap_err();
            assert!(
                error.starts_with("SUBSCRIBERS should be a JSON array such as [{\"name\":")
                    && error.contains("a JSON array such as")
                    && !error.contains(KEY),
                "{error}"
            );
        }
        let many = |count: usize| {
            let rows: Vec<_> = (0..count).map(|n| row(&format!("firm-{n}"), "")).collect();
            subscribers(&format!("[{}]", rows.join(",")), false).map(|all| all.len())
        };
        assert_eq!(many(50), Ok(50));
        let error = "SUBSCRIBERS should have 50 subscribers or fewer";
        assert_eq!(many(51), Err(error.to_owned()));
    }
}
