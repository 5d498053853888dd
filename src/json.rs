//! JSON as it comes: the members of an object in their order, names that stand twice included, and each
//! value as the text that it is; and arrays as they are written.
//!
//! It is read by a small lexer and not by serde_json, whose errors alone bring the printing of floats
//! into the WebAssembly: 15 KB for what nobody here asks for. Nor does it need types: what is wanted of
//! Torch's JSON is a handful of texts.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use hifijson::escape::{self, Lex as _, Lit};
use hifijson::num::Lex as _;
use hifijson::str::{self, LexAlloc as _, LexWrite as _};
use hifijson::token::Lex as _;
use hifijson::{Error, Expect, Read as _, SliceLexer};

/// How deep arrays and objects may be nested: what reads them recurses, and the stack has an end.
const DEPTH: u8 = 128;
/// The same within an array or object.
const DEPTH_WITHIN: u8 = DEPTH.saturating_sub(1);

/// Why a text is no JSON of the kind that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The text ended too early. A number never does: what ends in its midst is merely wrong.
    pub(crate) cut_off: bool,
    /// How many bytes of the text could be read.
    #[cfg_attr(
        not(feature = "worker"),
        allow(dead_code, reason = "the Worker tells its operator of it")
    )]
    pub(crate) at: usize,
}

/// The text, if it is exactly one value; without the white space around it.
pub(crate) fn value(text: &str) -> Result<&str, Malformed> {
    one(text, &mut |next, lexer| skip(next, lexer, DEPTH))?;
    Ok(trimmed(text))
}

/// The text without what JSON has for white space around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The members of an object, in the order they stand there.
pub(crate) fn object(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, Malformed> {
    let mut members = Vec::new();
    one(text, &mut |next, lexer| {
        items(next, lexer, *b"{}", &mut |next, lexer| {
            let name = decoded(next, lexer)?;
            let next = after_colon(lexer)?;
            members.push((name, raw(text, next, lexer)?));
            Ok(())
        })
    })?;
    Ok(members)
}

/// The items of an array.
pub(crate) fn array(text: &str) -> Result<Vec<&str>, Malformed> {
    let mut all = Vec::new();
    one(text, &mut |next, lexer| {
        items(next, lexer, *b"[]", &mut |next, lexer| {
            all.push(raw(text, next, lexer)?);
            Ok(())
        })
    })?;
    Ok(all)
}

/// What a string says; borrowed where it has no escapes.
pub(crate) fn string(text: &str) -> Result<Cow<'_, str>, Malformed> {
    one(text, &mut |next, lexer| skip_string(next, lexer))?;
    let raw = trimmed(text);
    let within = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    if let Some(plain) = within.filter(|within| !within.contains('\\')) {
        return Ok(Cow::Borrowed(plain));
    }
    let mut said = Cow::Borrowed("");
    one(text, &mut |next, lexer| {
        said = decoded(next, lexer)?;
        Ok(())
    })?;
    Ok(said)
}

/// An array of arrays of texts and nulls.
#[cfg(feature = "worker")]
pub(crate) fn table(text: &str) -> Result<Vec<Vec<Option<String>>>, Malformed> {
    let mut rows = Vec::new();
    one(text, &mut |next, lexer| {
        items(next, lexer, *b"[]", &mut |next, lexer| {
            let mut row = Vec::new();
            items(next, lexer, *b"[]", &mut |next, lexer| {
                row.push(match next {
                    b'n' => word(lexer, b"null").map(|()| None)?,
                    next => Some(decoded(next, lexer)?.into_owned()),
                });
                Ok(())
            })?;
            rows.push(row);
            Ok(())
        })
    })?;
    Ok(rows)
}

/// What reads a value whose first byte is seen already. It is called through a pointer, so that there is
/// one copy of what calls it and not one for each.
type Each<'f, 'a> = &'f mut dyn FnMut(u8, &mut SliceLexer<'a>) -> Result<(), Error>;

/// Reads a text that is one value and nothing else.
fn one<'a>(text: &'a str, read: Each<'_, 'a>) -> Result<(), Malformed> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer
        .exactly_one(SliceLexer::ws_peek, read)
        .map_err(|error: Error| {
            let rest = lexer.as_slice();
            let cut_off = match error {
                Error::Token(_) => rest.is_empty(),
                Error::Str(str::Error::Eof | str::Error::Escape(escape::Error::Eof)) => true,
                // Within a pair of escapes that are one character.
                Error::Str(str::Error::Escape(escape::Error::ExpectedLowSurrogate)) => {
                    matches!(rest, b"" | b"\\")
                }
                Error::Str(_) | Error::Num(_) | Error::Depth => false,
            };
            let at = text.len().saturating_sub(rest.len());
            Malformed { cut_off, at }
        })
}

/// Reads the items between two brackets.
fn items<'a>(
    next: u8,
    lexer: &mut SliceLexer<'a>,
    [open, close]: [u8; 2],
    each: Each<'_, 'a>,
) -> Result<(), Error> {
    lexer.expect(|_| Some(next), open).ok_or(Expect::Value)?;
    lexer.seq(close, SliceLexer::ws_peek, each)
}

/// The text of a value.
fn raw<'a>(text: &'a str, next: u8, lexer: &mut SliceLexer<'a>) -> Result<&'a str, Error> {
    let from = text.len().saturating_sub(lexer.as_slice().len());
    skip(next, lexer, DEPTH_WITHIN)?;
    let to = text.len().saturating_sub(lexer.as_slice().len());
    // A value begins and ends with a character of ASCII.
    Ok(text.get(from..to).unwrap_or_default())
}

/// Reads a value and forgets it.
fn skip(next: u8, lexer: &mut SliceLexer<'_>, depth: u8) -> Result<(), Error> {
    match next {
        b'"' => skip_string(next, lexer),
        b'{' => {
            let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
            items(next, lexer, *b"{}", &mut |next, lexer| {
                skip_string(next, lexer)?;
                skip(after_colon(lexer)?, lexer, depth)
            })
        }
        b'[' => {
            let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
            items(next, lexer, *b"[]", &mut |next, lexer| {
                skip(next, lexer, depth)
            })
        }
        b'-' | b'0'..=b'9' => {
            lexer.num_ignore().validate()?;
            Ok(())
        }
        b'n' => word(lexer, b"null"),
        b't' => word(lexer, b"true"),
        b'f' => word(lexer, b"false"),
        _ => Err(Expect::Value.into()),
    }
}

fn word(lexer: &mut SliceLexer<'_>, word: &[u8]) -> Result<(), Error> {
    // Byte by byte, so that nothing is left where it is cut off.
    for byte in word {
        lexer
            .expect(SliceLexer::peek_next, *byte)
            .ok_or(Expect::Value)?;
    }
    Ok(())
}

/// The colon behind a name, and the first byte of the value that follows.
fn after_colon(lexer: &mut SliceLexer<'_>) -> Result<u8, Error> {
    lexer
        .expect(SliceLexer::ws_peek, b':')
        .ok_or(Expect::Colon)?;
    Ok(lexer.ws_peek().ok_or(Expect::Value)?)
}

fn decoded<'a>(next: u8, lexer: &mut SliceLexer<'a>) -> Result<Cow<'a, str>, Error> {
    lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
    Ok(lexer.str_string()?)
}

/// Reads a string and forgets it. As in serde_json, half a surrogate pair matters only to who wants to
/// know what the string says.
fn skip_string(next: u8, lexer: &mut SliceLexer<'_>) -> Result<(), Error> {
    lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
    skip_plain(lexer);
    let escape = |lexer: &mut SliceLexer<'_>, (): &mut ()| {
        match lexer.take_next().ok_or(escape::Error::Eof)? {
            b'u' => lexer.hex::<u16>().map(|_| ())?,
            kind => Lit::try_from(kind)
                .map(|_| ())
                .ok_or(escape::Error::InvalidKind(kind))?,
        }
        skip_plain(lexer);
        Ok::<(), str::Error>(())
    };
    Ok(lexer.str_fold((), |_, ()| Ok(()), escape)?)
}

/// Goes eight bytes at once over what is neither an end of a string nor an escape nor a control
/// character: most of what Torch sends is texts, and the lexer itself goes byte by byte.
fn skip_plain(lexer: &mut SliceLexer<'_>) {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The highest bit of a byte is set where it is zero; above such a byte others may be too.
    let zero = |bytes: u64| bytes.wrapping_sub(each(1)) & !bytes;
    let mut rest = lexer.as_slice();
    while let Some((eight, after)) = rest.split_first_chunk() {
        let bytes = u64::from_le_bytes(*eight);
        let control = bytes.wrapping_sub(each(b' ')) & !bytes;
        let end = zero(bytes ^ each(b'"')) | zero(bytes ^ each(b'\\'));
        if (control | end) & each(0x80) != 0 {
            break;
        }
        rest = after;
    }
    *lexer = SliceLexer::new(rest);
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    // A string cannot fail to serialise.
    serde_json::to_string(text).unwrap_or_default()
}

/// An array that is written item by item.
#[derive(Debug, Clone)]
pub(crate) struct Array(String);

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
        self.raw(&quoted(text))
    }

    /// A text or `null`.
    #[cfg(feature = "worker")]
    pub(crate) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    #[cfg(feature = "worker")]
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
    use serde::Deserialize;
    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde_json::value::RawValue;
    use std::fmt;

    /// The members of an object as serde_json sees them.
    #[derive(Debug)]
    struct Members<'a>(Vec<(String, &'a RawValue)>);

    impl<'de> Deserialize<'de> for Members<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct InOrder;
            impl<'de> Visitor<'de> for InOrder {
                type Value = Members<'de>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members<'de>, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(InOrder)
        }
    }

    /// That each of our functions says of a text what serde_json says.
    fn agrees(text: &str) {
        let theirs = serde_json::from_str::<&RawValue>(text).ok();
        assert_eq!(value(text).ok(), theirs.map(RawValue::get), "{text}");
        let theirs = serde_json::from_str::<Vec<&RawValue>>(text).ok();
        let theirs = theirs.map(|items| items.into_iter().map(RawValue::get).collect::<Vec<_>>());
        assert_eq!(array(text).ok(), theirs, "{text}");
        let theirs = serde_json::from_str::<String>(text).ok();
        assert_eq!(string(text).ok().as_deref(), theirs.as_deref(), "{text}");
        let theirs = serde_json::from_str::<Members<'_>>(text).ok();
        let theirs = theirs.map(|Members(members)| {
            let raw = |(name, value): (String, &RawValue)| (name, value.get().to_owned());
            members.into_iter().map(raw).collect::<Vec<_>>()
        });
        let ours = object(text).ok().map(|members| {
            let raw = |(name, value): (Cow<'_, str>, &str)| (name.into_owned(), value.to_owned());
            members.into_iter().map(raw).collect::<Vec<_>>()
        });
        assert_eq!(ours, theirs, "{text}");
        #[cfg(feature = "worker")]
        assert_eq!(table(text).ok(), serde_json::from_str(text).ok(), "{text}");
    }

    /// The same of a text that may be cut off, and of whether it is.
    fn agrees_on_the_end(text: &str) {
        agrees(text);
        let theirs = |error: serde_json::Error| error.is_eof();
        assert_eq!(
            value(text).map_err(|error| error.cut_off).err(),
            serde_json::from_str::<&RawValue>(text)
                .map_err(theirs)
                .err(),
            "{text}"
        );
        if text.starts_with('{') {
            assert_eq!(
                object(text).map_err(|error| error.cut_off).err(),
                serde_json::from_str::<Members<'_>>(text)
                    .map_err(theirs)
                    .err(),
                "{text}"
            );
        }
    }

    #[test]
    fn t3_what_is_json_at_all_is_the_same_for_serde_json() {
        for text in [
            // Numbers.
            "0",
            "-0",
            "-",
            "--1",
            "+1",
            "00",
            "01",
            "-01",
            "0.",
            ".5",
            "0.5",
            "0.50",
            "1.5.5",
            "1e",
            "1e5",
            "1E+5",
            "1e-",
            "1e-05",
            "1e5.0",
            "0e0",
            "0x1",
            "1_0",
            "1e999",
            "NaN",
            "Infinity",
            "123456789012345678901234567890",
            "1 2",
            "1,",
            // Words.
            "null",
            "nul",
            "nulL",
            "nullx",
            "true",
            "tru",
            "trux",
            "false",
            "fals",
            "falsy",
            "True",
            "n",
            "t",
            "f",
            "x",
            // Strings.
            "\"\"",
            "\"",
            "\"a",
            "\"a\" ",
            "\"a\"\"",
            "\"\t\"",
            "\"\n",
            "\"\u{7f}\"",
            "\"\u{0}\"",
            "\"\u{1f}\"",
            "\"\u{20}\"",
            "'a'",
            r#""\""#,
            r#""\"#,
            r#""\"\\\/\b\f\n\r\t""#,
            r#""\a""#,
            r#""\U0041""#,
            r#""\'""#,
            r#""\u0041\u00e9""#,
            r#""\uFfFf\u0000""#,
            r#""\u004""#,
            r#""\u004g""#,
            r#""\u""#,
            r#""\u00"#,
            r#""a\u0041b\n\u{e9}""#,
            // Surrogates.
            r#""\ud83d\ude00""#,
            r#""\uD83D\uDE00x""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\u0041""#,
            r#""\ud83d\ud83d\ude00""#,
            r#""\ude00\ud83d""#,
            r#"{"\ud83d":1}"#,
            r#"{"a":"\ud83d"}"#,
            r#"{"\ud83d\ude00":1}"#,
            r#"["\ud83d"]"#,
            // Arrays and objects.
            "",
            " ",
            "[",
            "]",
            "[]",
            " [ ] ",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1,2]]",
            "[[]]",
            "[[],{}]",
            "[}",
            "[1}",
            "[1:2]",
            "{",
            "}",
            "{}",
            " { } ",
            "{]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1,"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a" 1}"#,
            r#"{a:1}"#,
            "{1:1}",
            "{null:1}",
            r#"{"a":1 "b":2}"#,
            r#"{"a":1}{"#,
            r#"{"a":1]"#,
            r#" {"a" : 1 , "a" : {"b":[ ]} , "" : "" } "#,
            r#"{"a":1};"#,
            r#"{"A\u0041":"\u0041"}"#,
            r#"[["a",null],[]]"#,
            r#"[["a",1]]"#,
            r#"[["a",nul]]"#,
            r#"[["\u00e9"]]"#,
            // White space, and what is none here.
            "\u{feff}1",
            "\u{a0}1",
            "\u{b}1",
            "\u{c}1",
            "\r\n\t 1\r\n\t ",
            "1\u{0}",
            "/**/1",
            "1//",
        ] {
            agrees(text);
        }
    }

    #[test]
    fn t3_a_text_that_ends_too_early_is_cut_off_at_its_end() {
        let whole = r#" {"a" : [ 12 , "\u0041\ud83d\ude00" , true,null ,false, {} ] , "\ud83d\ude00\n" : {"b":[[]] } } "#;
        for end in 0..=whole.len() {
            let text = whole.get(..end).unwrap();
            agrees_on_the_end(text);
            if let Err(error) = value(text) {
                assert_eq!(
                    error,
                    Malformed {
                        cut_off: true,
                        at: end
                    }
                );
            }
        }
        for (text, at) in [
            ("[1,x]", 3),
            ("nulx", 3),
            ("1 2", 2),
            ("[1.x]", 3),
            ("{\"a\":\"\n\"}", 7),
        ] {
            assert_eq!(
                value(text),
                Err(Malformed { cut_off: false, at }),
                "{text:?}"
            );
        }
        for text in ["-", "[1.", "1e"] {
            agrees_on_the_end(text);
        }
    }

    #[test]
    fn t3_each_byte_counts_wherever_it_stands_in_a_string() {
        for at in 0..20 {
            for c in ('\0'..='\u{a2}').chain(['\u{2022}', '\u{1f600}']) {
                for more in ["", "u0041", "u00g1"] {
                    let [before, after] = [at, 20 - at].map(|count| "x".repeat(count));
                    agrees(&format!("[\"{before}{c}{more}{after}\",\"\"]"));
                }
            }
        }
    }

    #[test]
    fn w6_what_is_nested_too_deep_is_no_json() {
        let nested = |depth: usize| {
            let (open, close) = ("[{\"a\":".repeat(depth / 2), "}]".repeat(depth / 2));
            if depth.is_multiple_of(2) {
                format!("{open}1{close}")
            } else {
                format!("{open}[]{close}")
            }
        };
        for (depth, is) in [
            (127, true),
            (128, true),
            (129, false),
            (200, false),
            (200_000, false),
        ] {
            let text = nested(depth);
            assert_eq!(value(&text).is_ok(), is, "{depth}");
            assert_eq!(array(&text).is_ok(), is, "{depth}");
            assert_eq!(
                object(&format!("{{\"a\":{}}}", nested(depth - 1))).is_ok(),
                is,
                "{depth}"
            );
        }
        let at = "[".repeat(500);
        assert_eq!(
            value(&at),
            Err(Malformed {
                cut_off: false,
                at: 128
            })
        );
        let [objects, mixed] = ["{\"a\":", "[{\"a\":"].map(|open| open.repeat(100_000));
        assert!(value(&objects).is_err() && object(&objects).is_err() && array(&mixed).is_err());
    }

    #[test]
    fn ok_what_has_no_escapes_is_borrowed() {
        assert!(matches!(
            string(" \"caf\u{e9}\" "),
            Ok(Cow::Borrowed("caf\u{e9}"))
        ));
        assert!(matches!(string(r#""\u0041""#), Ok(Cow::Owned(_))));
        let members = object(r#"{"a":"x","\u0061": [1 ,2] ,"a":{}}"#).unwrap();
        assert!(matches!(members[0].0, Cow::Borrowed("a")));
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| (name.as_ref(), *value))
            .collect();
        assert_eq!(members, [("a", "\"x\""), ("a", "[1 ,2]"), ("a", "{}")]);
    }

    /// Any JSON, as serde_json writes it: pressed together or in lines.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            "[ -~\\n\"\\\\\u{e9}\u{1f600}]{0,24}".prop_map(Into::into),
        ];
        let value = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        });
        (value, any::<bool>()).prop_map(|(value, lines)| {
            if lines {
                format!("{value:#}\n")
            } else {
                value.to_string()
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn t3_any_text_is_what_it_is_for_serde_json(text: String, near in r#"[\[\]{}:,"\\ u0-9a-fnulrtse.+\-]{0,12}"#, escaped in r#""(\\[ud"nx\\]|[0-9a-fA-F]|\\ud[89c-f][0-9a-f]{2}){0,6}""#) {
            agrees(&text);
            agrees(&near);
            agrees(&escaped);
        }

        #[test]
        fn t3_any_json_is_read_as_serde_json_reads_it_cut_or_whole(text in json(), at: prop::sample::Index) {
            agrees(&text);
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) { at -= 1 }
            agrees_on_the_end(text.get(..at).unwrap());
        }

        #[test]
        fn t3_any_damaged_json_is_what_it_is_for_serde_json(text in json(), at: prop::sample::Index, byte in prop_oneof![any::<u8>(), prop::sample::select(br#""\{}[]:,0-e. nu"#.to_vec())], insert: bool) {
            let mut body = text.into_bytes();
            let at = at.index(body.len());
            if insert { body.insert(at, byte) } else { body[at] = byte }
            if let Ok(text) = str::from_utf8(&body) {
                agrees(text);
            }
        }
    }
}
