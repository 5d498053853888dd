//! `POST /grants`: a client's token becomes one that a browser may hold.
#![forbid(unsafe_code)]

use super::config::Config;
use crate::grant::{Grant, LIFETIME, MAX_LIFETIME, MAX_RECEIPTS, MIN_LIFETIME};
use crate::json::{self, Array};
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// A grant for what a body asks for, as the JSON that answers it.
pub(super) fn mint(
    config: &Config,
    client: &str,
    body: &[u8],
    now: UnixSeconds,
) -> Result<String, Problem> {
    let Some(keys) = &config.grants else {
        let detail = "Grants are not set up here: set the secret GRANT_SECRET.";
        return Err(Problem::new(Code::Misconfigured, detail).after(Some(60)));
    };
    let (receipts, lifetime) = read(body)?;
    let grant = Grant {
        client: client.to_owned(),
        receipts,
        issued_at: now,
        expires_at: now.plus(lifetime),
    };
    let minted = keys.mint(&grant);
    // Never: what was read is as a grant may be.
    let token = minted.map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))?;
    let receipts = grant.receipts.iter();
    let receipts = receipts.fold(Array::new(), |list, one| list.text(one.as_str()));
    Ok(format!(
        r#"{{"token":"{token}","token_type":"Bearer","expires_at":"{}","receipts":{}}}"#,
        grant.expires_at.to_rfc3339().unwrap_or_default(),
        receipts.end()
    ))
}

/// The cases, each once, and for how many seconds.
fn read(body: &[u8]) -> Result<(Vec<ReceiptNumber>, i64), Problem> {
    let wrong = || {
        Problem::new(
            Code::BodyMalformed,
            format!(
                r#"Say in JSON for which cases, and if you like for how many seconds ({MIN_LIFETIME} to {MAX_LIFETIME}): {{"receipts":["IOE0912345678"],"expires_in":{LIFETIME}}}."#
            ),
        )
    };
    let text = str::from_utf8(body).map_err(|_| wrong())?;
    let (mut list, mut lifetime) = (None, None);
    for (name, value) in json::object(text).map_err(|_| wrong())? {
        match name.as_ref() {
            "receipts" if list.is_none() => list = Some(json::array(value).map_err(|_| wrong())?),
            "expires_in" if lifetime.is_none() => {
                // `3600.0` is as whole a number, and how some languages write it.
                let whole = value
                    .split_once('.')
                    .filter(|(_, part)| part.bytes().all(|c| c == b'0'));
                let whole = whole.map_or(value, |(whole, _)| whole);
                lifetime = Some(whole.parse().map_err(|_| wrong())?);
            }
            _ => return Err(wrong()),
        }
    }
    let lifetime = lifetime.unwrap_or(LIFETIME);
    if !(MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime) {
        return Err(wrong());
    }
    let mut receipts: Vec<ReceiptNumber> = Vec::new();
    for (place, value) in (1_u32..).zip(list.ok_or_else(wrong)?) {
        let typed = json::string(value).map_err(|_| wrong())?;
        let receipt = typed.parse().map_err(|error| {
            let detail = format!("Receipt {place} of the list: {error}.");
            Problem::new(Code::ReceiptMalformed, detail)
        })?;
        if !receipts.contains(&receipt) {
            receipts.push(receipt);
        }
        if receipts.len() > MAX_RECEIPTS {
            let detail = format!("A grant is good for {MAX_RECEIPTS} cases at most; mint several.");
            return Err(Problem::new(Code::TooManyReceipts, detail));
        }
    }
    if receipts.is_empty() {
        let detail = "The list of receipts is empty: a grant is for at least one case.";
        return Err(Problem::new(Code::ReceiptMissing, detail));
    }
    Ok((receipts, lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_body_is_cases_each_once_and_a_time() {
        let read = |body: &str| {
            let (receipts, lifetime) = read(body.as_bytes()).unwrap();
            (
                receipts
                    .iter()
                    .map(|one| one.as_str().to_owned())
                    .collect::<Vec<_>>(),
                lifetime,
            )
        };
        let one = vec!["IOE0912345678".to_owned()];
        let twice = r#"{"receipts":["ioe-0912-345-678","IOE0912345678"]}"#;
        assert_eq!(read(twice), (one.clone(), LIFETIME));
        let float = r#"{"receipts":["IOE0912345678"],"expires_in":897.0}"#;
        assert_eq!(read(float), (one.clone(), 897));
        let timed = r#" {"expires_in": 60, "receipts": ["IOE0912345678"]} "#;
        assert_eq!(read(timed), (one, 60));
    }

    #[test]
    fn a1_what_is_no_body_for_a_grant_is_a_problem() {
        let many = |count: usize| {
            let list: Vec<String> = (0..count).map(|n| format!("\"IOE{n:010}\"")).collect();
            format!("{{\"receipts\":[{}]}}", list.join(","))
        };
        assert!(read(many(200).as_bytes()).is_ok());
        for (body, code) in [
            ("", Code::BodyMalformed),
            ("{}", Code::BodyMalformed),
            (r#"["IOE0912345678"]"#, Code::BodyMalformed),
            (r#"{"receipts":"IOE0912345678"}"#, Code::BodyMalformed),
            (r#"{"receipts":[912345678]}"#, Code::BodyMalformed),
            (
                r#"{"receipts":["IOE0912345678"],"scope":"ops"}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":[],"receipts":["IOE0912345678"]}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":["IOE0912345678"],"expires_in":59}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":["IOE0912345678"],"expires_in":86401}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":["IOE0912345678"],"expires_in":60.5}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":["IOE0912345678"],"expires_in":1e3}"#,
                Code::BodyMalformed,
            ),
            (
                r#"{"receipts":["IOE0912345678"],"expires_in":"60"}"#,
                Code::BodyMalformed,
            ),
            (r#"{"receipts":[]}"#, Code::ReceiptMissing),
            (
                r#"{"receipts":["IOE0912345678","IOE1"]}"#,
                Code::ReceiptMalformed,
            ),
            (&many(201), Code::TooManyReceipts),
            (&many(10_000), Code::TooManyReceipts),
        ] {
            let problem = read(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code, code, "{body:.80}");
            assert!(!problem.detail.contains("IOE1"), "{}", problem.detail);
        }
        assert_eq!(read(b"\xff").unwrap_err().code, Code::BodyMalformed);
    }
}
