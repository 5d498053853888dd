//! JSON as it comes: every member in its order, names that stand twice included, and each value as its own
//! bytes; and arrays as they are written.
//!
//! Read by `hifijson`, a lexer, and not by `serde_json`: there every reader carries the words for every
//! mistake, the printing of floating-point numbers among them, and that weighs 20 KB in a Worker.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use hifijson::token::Lex as _;
use hifijson::{Error, Expect, SliceLexer, escape, num, str as string_lexer};
use num::Lex as _;
use string_lexer::{Lex as _, LexAlloc as _};

/// Values nest so deep at most; what nests deeper is no JSON to anybody here.
const DEPTH: u32 = 128;

/// Why a text is not the JSON that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Whether it ends too early.
    pub(crate) cut_off: bool,
    /// How many bytes of it are in order.
    pub(crate) at: usize,
}

/// Exactly one value, wholly checked, without the white space around it.
pub(crate) fn value(text: &str) -> Result<&str, Malformed> {
    let mut found = "";
    read(text, |next, lexer| {
        found = slice(text, lexer, |lexer| skip(next, lexer, 0))?;
        Ok(())
    })?;
    Ok(found)
}

/// An object's members: each name, and the value's own text.
pub(crate) fn object(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, Malformed> {
    let mut members = Vec::new();
    read(text, |next, lexer| {
        lexer.expect(|_| Some(next), b'{').ok_or(Expect::Value)?;
        lexer.seq(b'}', SliceLexer::ws_peek, |next, lexer| {
            lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
            let name = lexer.str_string()?;
            lexer
                .expect(SliceLexer::ws_peek, b':')
                .ok_or(Expect::Colon)?;
            let next = lexer.ws_peek().ok_or(Expect::Value)?;
            members.push((name, slice(text, lexer, |lexer| skip(next, lexer, 1))?));
            Ok(())
        })
    })?;
    Ok(members)
}

/// An array's items, each as its own text.
pub(crate) fn array(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut items = Vec::new();
    read(text, |next, lexer| {
        lexer.expect(|_| Some(next), b'[').ok_or(Expect::Value)?;
        lexer.seq(b']', SliceLexer::ws_peek, |next, lexer| {
            items.push(slice(text, lexer, |lexer| skip(next, lexer, 1))?);
            Ok(())
        })
    })?;
    Ok(items)
}

/// A string, borrowed where it has no escapes.
pub(crate) fn string(text: &str) -> Result<Cow<'_, str>, Malformed> {
    let mut found = Cow::Borrowed("");
    read(text, |next, lexer| {
        lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
        found = lexer.str_string()?;
        Ok(())
    })?;
    Ok(found)
}

/// Reads the whole of a text as one thing.
fn read<'a>(
    text: &'a str,
    one: impl FnOnce(u8, &mut SliceLexer<'a>) -> Result<(), Error>,
) -> Result<(), Malformed> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer
        .exactly_one(SliceLexer::ws_peek, one)
        .map_err(|error| {
            let left = lexer.as_slice().len();
            // A string that does not end is told from one that is wrong; for the rest nothing is left to read.
            let cut_off = match error {
                Error::Str(
                    string_lexer::Error::Eof | string_lexer::Error::Escape(escape::Error::Eof),
                ) => true,
                Error::Str(_) | Error::Depth => false,
                Error::Num(_) | Error::Token(_) => left == 0,
            };
            let at = text.len().saturating_sub(left);
            Malformed { cut_off, at }
        })
}

/// What a step of the lexer goes over.
fn slice<'a>(
    text: &'a str,
    lexer: &mut SliceLexer<'a>,
    step: impl FnOnce(&mut SliceLexer<'a>) -> Result<(), Error>,
) -> Result<&'a str, Error> {
    let at = |lexer: &SliceLexer<'_>| text.len().saturating_sub(lexer.as_slice().len());
    let start = at(lexer);
    step(lexer)?;
    // Values begin and end at characters of ASCII.
    Ok(text.get(start..at(lexer)).unwrap_or_default())
}

/// Goes over a value.
fn skip(next: u8, lexer: &mut SliceLexer<'_>, depth: u32) -> Result<(), Error> {
    let depth = depth.saturating_add(1);
    if depth > DEPTH {
        return Err(Error::Depth);
    }
    match next {
        b'"' => Ok(lexer.discarded().str_ignore()?),
        b'0'..=b'9' | b'-' => lexer.num_ignore().validate().map(drop).map_err(Error::Num),
        b'[' => lexer
            .discarded()
            .seq(b']', SliceLexer::ws_peek, |next, lexer| {
                skip(next, lexer, depth)
            }),
        b'{' => lexer
            .discarded()
            .seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                lexer.str_ignore()?;
                lexer
                    .expect(SliceLexer::ws_peek, b':')
                    .ok_or(Expect::Colon)?;
                skip(lexer.ws_peek().ok_or(Expect::Value)?, lexer, depth)
            }),
        b'a'..=b'z' => Ok(lexer.null_or_bool().map(drop).ok_or(Expect::Value)?),
        _ => Err(Error::Token(Expect::Value)),
    }
}

/// An array that is written item by item.
#[cfg(feature = "worker")]
#[derive(Debug, Clone)]
pub(crate) struct Array(String);

#[cfg(feature = "worker")]
impl Array {
    pub(crate) fn new() -> Self {
        Self("[".to_owned())
    }

    /// What is JSON already.
    pub(crate) fn raw(mut self, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(json);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        // A string cannot fail to serialise.
        self.raw(&serde_json::to_string(text).unwrap_or_default())
    }

    /// A text or `null`.
    pub(crate) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.raw(&number.to_string())
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn both(text: &str) -> (Result<(), bool>, Result<(), bool>) {
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text);
        let theirs = theirs.map(drop).map_err(|error| error.is_eof());
        (value(text).map(drop).map_err(|error| error.cut_off), theirs)
    }

    #[test]
    fn ok_members_and_items_keep_their_bytes() {
        let text = " { \"a\\u0062\" : [ 1, 2.50e+1 ] , \"a\":\"\\n\",\"\":{ } }\n";
        let members = object(text).unwrap();
        let members: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| (name.as_ref(), *value))
            .collect();
        assert_eq!(
            members,
            [("ab", "[ 1, 2.50e+1 ]"), ("a", "\"\\n\""), ("", "{ }")]
        );
        assert_eq!(array("[ null,[],\"x\" ]").unwrap(), ["null", "[]", "\"x\""]);
        assert_eq!(
            string("\"\\ud83d\\ude00 \u{f1}\"").unwrap(),
            "\u{1f600} \u{f1}"
        );
        assert!(matches!(
            string("\"plain\"").unwrap(),
            Cow::Borrowed("plain")
        ));
        assert_eq!(value(" 12 ").unwrap(), "12");
    }

    #[test]
    fn err_what_is_no_json_is_none_and_what_ends_too_early_is_told() {
        for text in [
            "",
            " ",
            "{",
            "[1,",
            "\"a",
            "\"a\\",
            "{\"a\":",
            "{\"a\"",
            "nul",
            "tru",
            "-",
            "1.",
            "1e",
            "[",
            "\"\\u12",
            "{} {}",
            "[1 2]",
            "[1,]",
            "{,}",
            "{\"a\" 1}",
            "{1:2}",
            "01",
            "+1",
            ".5",
            "1.e3",
            "NaN",
            "nulL",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "'a'",
            "[1]]",
            "{\"a\":1,}",
            "\u{feff}1",
            "1 ",
            "\"\\ud800\"",
        ] {
            let (ours, theirs) = both(text);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}");
            // Whether a word or a number is wrong or cut off, both may say.
            if !matches!(text.bytes().next(), Some(b'n' | b't' | b'-' | b'0'..=b'9')) {
                assert_eq!(ours, theirs, "{text:?}");
            }
        }
        for text in ["\"\\ud800\"", "\"\\udc00\\ud800\"", "1", "[]", "null"] {
            assert!(string(text).is_err(), "{text}");
        }
        assert!(object("[]").is_err() && array("{}").is_err() && object("null").is_err());
    }

    #[test]
    fn err_what_nests_too_deep_is_no_json() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value(&nested(128)).is_ok() && value(&nested(129)).is_err());
        assert!(array(&nested(128)).is_ok() && array(&nested(129)).is_err());
        assert!(value(&"[".repeat(1_000_000)).is_err());
    }

    /// Any JSON.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn ok_what_is_json_to_others_is_json_here(value: String, json in json(), pretty: bool, at: prop::sample::Index, byte in 0_u8..128) {
            let (ours, theirs) = both(&value);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok());
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
            prop_assert_eq!(super::value(&text).unwrap(), &text);
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(text) = String::from_utf8(bytes) {
                let (ours, theirs) = both(&text);
                prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
                let cut = text.get(..at).unwrap_or_default();
                prop_assert_eq!(super::value(cut).is_ok(), serde_json::from_str::<Value>(cut).is_ok(), "{}", cut);
            }
        }

        #[test]
        fn ok_members_items_and_strings_are_what_others_read(json in json()) {
            let text = json.to_string();
            match &json {
                Value::Object(theirs) => {
                    let ours = object(&text).unwrap();
                    prop_assert_eq!(ours.len(), theirs.len());
                    for (name, value) in ours {
                        prop_assert_eq!(value, theirs[name.as_ref()].to_string());
                    }
                }
                Value::Array(theirs) => {
                    let theirs: Vec<String> = theirs.iter().map(Value::to_string).collect();
                    prop_assert_eq!(array(&text).unwrap(), theirs);
                }
                Value::String(theirs) => prop_assert_eq!(string(&text).unwrap(), theirs.as_str()),
                _ => prop_assert!(object(&text).is_err() && array(&text).is_err() && string(&text).is_err()),
            }
        }
    }
}
