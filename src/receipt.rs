//! The receipt number: three letters and ten digits.
//!
//! A receipt number is a string for ever: IOE numbers start with zeros. No meaning is read out of
//! it; the letters' and digits' layouts are conventions that the agency does not document.
#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::time::decimal;

const LETTERS: usize = 3;
const LENGTH: usize = 13;

/// A USCIS receipt number in its one canonical form, such as `IOE0912345678`.
///
/// `Display` and `Debug` show it masked (`IOE******5678`), because what is displayed ends up in logs
/// and messages; [`ReceiptNumber::as_str`] is the whole number, for requests and answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptNumber([u8; LENGTH]);

impl ReceiptNumber {
    /// The whole number: three capital letters and ten digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so this is never the fallback; it is here instead of a panic.
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its letters and digits.
    #[cfg(feature = "browser")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a number as people type it: in either case, with dashes and spaces between the
    /// characters, with white space around.
    ///
    /// # Errors
    /// [`ReceiptError`] says what is wrong and at which character of `text` (counted from 1).
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let mut number = [0; LENGTH];
        let mut filled: usize = 0;
        // Forward: what reads characters from the end would be in the wasm for this alone.
        let ends = |end, (c, next): (char, usize)| if c.is_whitespace() { end } else { next };
        let body = text.chars().zip(1..).fold(0, ends);
        let mut length: usize = 0;
        for c in text.chars().take(body) {
            length = length.saturating_add(1);
            let leading = filled == 0 && c.is_whitespace();
            if leading || is_separator(c) {
                continue;
            }
            let fault = |kind| ReceiptError {
                kind,
                position: length,
                found: Some(c),
            };
            let byte = match (u8::try_from(c), filled < LETTERS) {
                (Ok(byte), true) if byte.is_ascii_alphabetic() => byte.to_ascii_uppercase(),
                (Ok(byte), false) if byte.is_ascii_digit() => byte,
                _ if filled >= LENGTH => return Err(fault(Kind::TooLong)),
                (_, true) => return Err(fault(Kind::ExpectedLetter)),
                (_, false) => return Err(fault(Kind::ExpectedDigit)),
            };
            match number.get_mut(filled) {
                Some(slot) => *slot = byte,
                None => return Err(fault(Kind::TooLong)),
            }
            filled = filled.saturating_add(1);
        }
        let ended = |kind| ReceiptError {
            kind,
            position: length.saturating_add(1),
            found: None,
        };
        match filled {
            LENGTH => Ok(Self(number)),
            0 => Err(ended(Kind::Empty)),
            _ => Err(ended(Kind::TooShort { found: filled })),
        }
    }
}

/// Dashes and spaces as people type them and word processors make them.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        '-' | ' ' | '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}

impl FromStr for ReceiptNumber {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        Self::parse(text)
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.as_str();
        let letters = whole.get(..LETTERS).unwrap_or_default();
        let tail = whole.get(9..).unwrap_or_default();
        write!(f, "{letters}******{tail}")
    }
}

impl fmt::Debug for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptNumber({self})")
    }
}

impl Serialize for ReceiptNumber {
    /// As the whole number: what is serialised is data, not a message.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a text is no receipt number. It quotes one character at most, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptError {
    kind: Kind,
    position: usize,
    found: Option<char>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    TooShort { found: usize },
    TooLong,
    ExpectedLetter,
    ExpectedDigit,
}

impl ReceiptError {
    /// The character of the text, counted from 1, where it goes wrong; one past the end where
    /// something is missing.
    pub fn position(&self) -> usize {
        self.position
    }

    /// A stable word for what is wrong.
    pub fn code(&self) -> &'static str {
        match self.kind {
            Kind::Empty => "empty",
            Kind::TooShort { .. } => "too_short",
            Kind::TooLong => "too_long",
            Kind::ExpectedLetter => "expected_letter",
            Kind::ExpectedDigit => "expected_digit",
        }
    }

    /// What is wrong, as `Display` gives it. Put together without `format!`, whose machinery would be a
    /// twentieth of what a browser loads.
    pub(crate) fn sentence(&self) -> String {
        let at = Some(self.position);
        let (before, number, after) = match self.kind {
            Kind::Empty => ("the receipt number is empty", None, ""),
            Kind::TooShort { found } => (
                "the receipt number is too short: ",
                Some(found),
                " of 13 characters",
            ),
            Kind::TooLong => (
                "the receipt number goes on after its 13 characters, at character ",
                at,
                "",
            ),
            Kind::ExpectedLetter => ("character ", at, " should be a letter A to Z"),
            Kind::ExpectedDigit => ("character ", at, " should be a digit 0 to 9"),
        };
        let mut text = String::from(before);
        if let Some(number) = number {
            text.push_str(&decimal(number as i64));
        }
        text.push_str(after);
        if let Some(c) = self.found {
            match c {
                ' '..='~' => {
                    text.push_str(", not \"");
                    text.push(c);
                    text.push('"');
                }
                _ => {
                    text.push_str(", not U+");
                    push_code(c, &mut text);
                }
            }
            let instead = match (self.kind, c) {
                (Kind::ExpectedDigit, 'O' | 'o') => Some('0'),
                (Kind::ExpectedDigit, 'I' | 'i' | 'l') => Some('1'),
                (Kind::ExpectedLetter, '0') => Some('O'),
                (Kind::ExpectedLetter, '1') => Some('I'),
                _ => None,
            };
            if let Some(instead) = instead {
                text.push_str(" (perhaps ");
                text.push(instead);
                text.push_str("?)");
            }
        }
        text.push_str("; a receipt number is three letters and ten digits, such as ABC1234567890");
        text
    }
}

/// A character's number as Unicode writes it: in hexadecimal, four digits or more.
fn push_code(c: char, out: &mut String) {
    let code = u32::from(c);
    for place in (0..6u32).rev() {
        let digit = code.wrapping_shr(place.wrapping_mul(4));
        if digit > 0 || place < 4 {
            let digit = char::from_digit(digit & 0xF, 16).unwrap_or('0');
            out.push(digit.to_ascii_uppercase());
        }
    }
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for ReceiptError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAIL: &str = "; a receipt number is three letters and ten digits, such as ABC1234567890";

    #[test]
    fn ok_the_ways_people_type_it() {
        for text in [
            "IOE0012345678",
            "ioe0012345678",
            " IOE0012345678\n",
            "\t\r\nIOE0012345678",
            "IOE-001-234-5678",
            "IOE 00 123 45678",
            "Ioe\u{2013}0012345678",
            "IOE\u{a0}0012345678\u{a0}",
            "I-O-E-0-0-1-2-3-4-5-6-7-8-",
        ] {
            assert_eq!(
                text.parse::<ReceiptNumber>().unwrap().as_str(),
                "IOE0012345678",
                "{text:?}"
            );
        }
    }

    #[test]
    fn err_each_says_what_is_wrong_and_where() {
        for (text, says) in [
            ("", "the receipt number is empty"),
            (" - ", "the receipt number is empty"),
            (
                "IOE001234567",
                "the receipt number is too short: 12 of 13 characters",
            ),
            (
                "IOE00123456789",
                "the receipt number goes on after its 13 characters, at character 14, not \"9\"",
            ),
            (
                "IOE0012345678 x",
                "the receipt number goes on after its 13 characters, at character 15, not \"x\"",
            ),
            (
                "I0E0012345678",
                "character 2 should be a letter A to Z, not \"0\" (perhaps O?)",
            ),
            (
                "IOEO012345678",
                "character 4 should be a digit 0 to 9, not \"O\" (perhaps 0?)",
            ),
            (
                "IOE00l2345678",
                "character 6 should be a digit 0 to 9, not \"l\" (perhaps 1?)",
            ),
            (
                "IOE\x00012345678",
                "character 4 should be a digit 0 to 9, not U+0000",
            ),
            (
                "IOE００12345678",
                "character 4 should be a digit 0 to 9, not U+FF10",
            ),
            (
                "I\u{41e}E0012345678",
                "character 2 should be a letter A to Z, not U+041E",
            ),
            (
                "IOE0012345\n678",
                "character 11 should be a digit 0 to 9, not U+000A",
            ),
            (
                "\u{feff}IOE0012345678",
                "character 1 should be a letter A to Z, not U+FEFF",
            ),
            (
                "EAC*999910340",
                "character 4 should be a digit 0 to 9, not \"*\"",
            ),
        ] {
            let error = text.parse::<ReceiptNumber>().unwrap_err();
            assert_eq!(error.to_string(), format!("{says}{TAIL}"), "{text:?}");
        }
    }

    #[test]
    fn ok_what_is_displayed_is_masked_and_what_is_serialised_is_whole() {
        let receipt = ReceiptNumber::parse("IOE0012345678").unwrap();
        assert_eq!(receipt.to_string(), "IOE******5678");
        assert_eq!(format!("{receipt:?}"), "ReceiptNumber(IOE******5678)");
        assert_eq!(
            serde_json::to_string(&receipt).unwrap(),
            "\"IOE0012345678\""
        );
    }

    proptest! {
        // T3
        #[test]
        fn t3_any_text_is_a_receipt_or_a_clear_error(text in any::<String>()) {
            match ReceiptNumber::parse(&text) {
                Ok(receipt) => prop_assert_eq!(receipt.as_str().len(), LENGTH),
                Err(error) => {
                    prop_assert!(!error.to_string().is_empty());
                    prop_assert!(error.position() <= text.chars().count().saturating_add(1));
                }
            }
        }

        #[test]
        fn t3_near_misses_never_panic(text in "[A-Za-z0-9 \\-\\x00\u{ff10}\u{41e}]{0,20}") {
            let _ = ReceiptNumber::parse(&text);
        }

        #[test]
        fn ok_noise_between_never_changes_the_number(number in "[A-Z]{3}[0-9]{10}", gaps in prop::collection::vec("[ \\-]{0,2}", 14), lower: bool) {
            let typed: String = number.chars().zip(&gaps).map(|(c, gap)| format!("{gap}{c}")).collect();
            let typed = if lower { typed.to_lowercase() } else { typed };
            let receipt = ReceiptNumber::parse(&typed).unwrap();
            prop_assert_eq!(receipt.as_str(), number.as_str());
            prop_assert!(!receipt.to_string().contains(&number));
        }
    }
}
