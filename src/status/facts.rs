//! What the text itself says: form, dates, office, tracking. Never computed from general knowledge.
#![forbid(unsafe_code)]

use std::fmt;

use serde::{Serialize, Serializer};

use super::text::{BOUND, fold_into, key};

/// A calendar date that a text says, in the Gregorian calendar, without a time.
///
/// `Display` and serde give `2026-01-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, where there is such a day between 1900 and 2199.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if year.is_multiple_of(4)
                && (!year.is_multiple_of(100) || year.is_multiple_of(400)) =>
            {
                29
            }
            2 => 28,
            _ => 0,
        };
        if day >= 1 && day <= days && year >= 1900 && year <= 2199 {
            Some(Self { year, month, day })
        } else {
            None
        }
    }

    /// The year, 1900 to 2199.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The number of a form as USCIS writes it, such as `I-485` or `N-400`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormNumber {
    bytes: [u8; 10],
    len: u8,
}

impl FormNumber {
    /// `I-485`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The same as bytes of ASCII.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(usize::from(self.len))? = byte;
        self.len = self.len.saturating_add(1);
        Some(())
    }
}

impl fmt::Debug for FormNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FormNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a text says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts<'a> {
    /// The form that is named first.
    pub form: Option<FormNumber>,
    /// When the event happened: the date of "On …," or "As of …" that opens the description.
    pub event_date: Option<Date>,
    /// The last day to answer: the date of "respond by …", "submit … by …". Never the date by which
    /// a notice should have arrived.
    pub respond_by: Option<Date>,
    /// The service center or other office that is named, as it stands in the text.
    pub office: Option<&'a str>,
    /// Whether a tracking number stands in the text. The number itself is not taken out.
    pub has_tracking: bool,
}

/// What `status_text` says of form, dates, office and tracking. Only the first 4 KiB count.
///
/// ```
/// use torch_edge::status::facts;
///
/// let facts = facts("On March 3, 2021, we received your Form I-765 at our Texas Service Center.");
/// assert_eq!(facts.form.unwrap().as_str(), "I-765");
/// assert_eq!(facts.event_date.unwrap().to_string(), "2021-03-03");
/// assert_eq!(facts.office, Some("Texas Service Center"));
/// ```
pub fn facts(status_text: &str) -> Facts<'_> {
    let mut facts = told(status_text.as_bytes());
    facts.office = office(status_text);
    facts
}

/// The facts that numbers carry: every one of them but the office. One pass over the digits.
pub(super) fn told(text: &[u8]) -> Facts<'static> {
    let bytes = text.get(..BOUND).unwrap_or(text);
    let mut facts = Facts::default();
    let mut dated = false;
    let mut from = 0usize;
    while let Some(found) = bytes.get(from..).and_then(next_digit) {
        let start = from.saturating_add(found);
        let (before, rest) = bytes.split_at_checked(start).unwrap_or((bytes, &[]));
        let run = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, after) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        from = start.saturating_add(run);
        // A day, a count.
        if run < 3 && before.last() != Some(&b'-') {
            continue;
        }
        let whole = !before.last().is_some_and(u8::is_ascii_alphanumeric)
            && !after.first().is_some_and(u8::is_ascii_alphanumeric);
        if run >= 20 || (run >= 12 && whole && tracked(before)) {
            facts.has_tracking = true;
        }
        if facts.form.is_none() && before.last() == Some(&b'-') && run <= 4 {
            facts.form = form(before, digits, after);
        }
        if run != 4 || !whole {
            continue;
        }
        if let Some((date, context)) = date(before, number(digits), after) {
            let first = !std::mem::replace(&mut dated, true);
            match role(context) {
                Role::Event if first => facts.event_date = Some(date),
                Role::Deadline if facts.respond_by.is_none() => facts.respond_by = Some(date),
                _ => {}
            }
        }
    }
    facts
}

/// Whether a tracking number is what the words announce.
fn tracked(before: &[u8]) -> bool {
    let mut tracked = false;
    sentence(before, 4, &mut |word| {
        tracked |= is(word, b"tracking");
        tracked
    });
    tracked
}

/// Where the next digit stands. Most of a text has none, so eight bytes are looked at at a time.
fn next_digit(text: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let (words, rest) = text.as_chunks::<8>();
    let mut at = 0usize;
    for word in words {
        // A digit differs from '0' by less than ten; adding 118 carries ten and more into the top bit.
        let offset = u64::from_le_bytes(*word) ^ 0x3030_3030_3030_3030;
        let above = (offset & LOW).wrapping_add(0x7676_7676_7676_7676) | offset;
        let digits = !above & !LOW;
        if digits != 0 {
            let found = digits.trailing_zeros().wrapping_shr(3);
            return Some(at.saturating_add(found as usize));
        }
        at = at.saturating_add(word.len());
    }
    let found = rest.iter().position(u8::is_ascii_digit)?;
    Some(at.saturating_add(found))
}

/// The form number whose digits were found behind a hyphen. The number of a notice (I-797) is none.
fn form(before: &[u8], digits: &[u8], after: &[u8]) -> Option<FormNumber> {
    let (_, letters) = before.split_last()?;
    let (word, rest) = last_word(letters);
    if rest.len().saturating_add(word.len()) != letters.len() || digits == b"797" {
        return None;
    }
    let known = [&b"I"[..], b"N", b"G", b"AR", b"EOIR"];
    let letters = known.iter().find(|known| is(word, known))?;
    let suffix = after
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let suffix = after.get(..suffix).filter(|suffix| suffix.len() <= 3)?;
    let mut form = FormNumber {
        bytes: [0; 10],
        len: 0,
    };
    for byte in letters.iter().chain(b"-").chain(digits).chain(suffix) {
        form.push(byte.to_ascii_uppercase())?;
    }
    Some(form)
}

/// The date whose year was found, and the text before it.
fn date<'a>(before: &'a [u8], year: u16, after: &[u8]) -> Option<(Date, &'a [u8])> {
    let small = |word: &[u8]| match word {
        [_] | [_, _] if word.iter().all(u8::is_ascii_digit) => u8::try_from(number(word)).ok(),
        _ => None,
    };
    // 2026-01-20
    if let [b'-', m1, m2, b'-', d1, d2, ..] = after {
        let date = Date::new(year, small(&[*m1, *m2])?, small(&[*d1, *d2])?)?;
        return Some((date, before));
    }
    let (word, rest) = last_word(before);
    // 01/20/2026, as the agency writes it; never the other way round.
    if before.last() == Some(&b'/') {
        let (month, rest) = last_word(rest);
        return Some((Date::new(year, small(month)?, small(word)?)?, rest));
    }
    // January 20, 2026
    if let Some(day) = small(word) {
        let (name, rest) = last_word(rest);
        return Some((Date::new(year, month(name)?, day)?, rest));
    }
    // 20 de enero de 2026
    if is(word, b"de") || is(word, b"del") {
        let (name, rest) = last_word(rest);
        let (of, rest) = last_word(rest);
        let (day, rest) = last_word(rest);
        if is(of, b"de") {
            return Some((Date::new(year, month(name)?, small(day)?)?, rest));
        }
    }
    None
}

/// What a date is for.
enum Role {
    Event,
    Deadline,
    Other,
}

/// Words that a deadline follows.
const UNTIL: [u64; 6] = [
    key("by"),
    key("before"),
    key("until"),
    key("than"),
    key("hasta"),
    key("tardar"),
];
/// Words of a sentence that asks for an answer.
const ANSWER: [u64; 15] = [
    key("respond"),
    key("response"),
    key("reply"),
    key("submit"),
    key("answer"),
    key("provide"),
    key("deadline"),
    key("due"),
    key("file"),
    key("responder"),
    key("responda"),
    key("respuesta"),
    key("presentar"),
    key("presente"),
    key("enviar"),
];

/// What a date is for, by the text before it.
fn role(before: &[u8]) -> Role {
    let (word, rest) = last_word(before);
    let (earlier, _) = last_word(rest);
    let (word, earlier) = (folded(word), folded(earlier));
    let antes = word == const { key("del") } && earlier == const { key("antes") };
    if UNTIL.contains(&word) || UNTIL.contains(&earlier) || antes {
        return match answers(before) {
            true => Role::Deadline,
            false => Role::Other,
        };
    }
    let as_of = word == const { key("of") } && earlier == const { key("as") };
    match const { [key("on"), key("el"), key("al")] }.contains(&word) || as_of {
        true => Role::Event,
        false => Role::Other,
    }
}

/// Whether the sentence before a deadline is about answering, and not about a notice that did not come.
fn answers(before: &[u8]) -> bool {
    let (mut asks, mut received) = (false, false);
    sentence(before, 16, &mut |word| {
        let word = folded(word);
        // "If you do not receive your notice by …": whatever else stands before it.
        let missed = const { [key("receive"), key("recibe")] }.contains(&word);
        // "Your response must be received by …".
        asks |= ANSWER.contains(&word) || (received && word == const { key("must") });
        received |= word == const { key("received") };
        asks &= !missed;
        missed || asks
    });
    asks
}

/// The key of a word.
#[inline(never)]
fn folded(word: &[u8]) -> u64 {
    word.iter().map(u8::to_ascii_lowercase).fold(0, fold_into)
}

/// Goes back over at most `count` words of the sentence, until `enough` says so.
fn sentence(text: &[u8], count: usize, enough: &mut dyn FnMut(&[u8]) -> bool) {
    let mut rest = text;
    for _ in 0..count {
        let (word, left) = last_word(rest);
        // A full stop between two words ends the sentence that is looked through.
        let gap = rest.get(left.len().saturating_add(word.len())..);
        if word.is_empty()
            || gap.is_some_and(|gap| gap.iter().fold(false, |stop, &b| stop | (b == b'.')))
            || enough(word)
        {
            return;
        }
        rest = left;
    }
}

/// The last word of a text, and the text before it.
#[inline(never)]
fn last_word(text: &[u8]) -> (&[u8], &[u8]) {
    let letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let end = text
        .iter()
        .rposition(letter)
        .map_or(0, |at| at.saturating_add(1));
    let text = text.get(..end).unwrap_or_default();
    let start = text
        .iter()
        .rposition(|b| !letter(b))
        .map_or(0, |at| at.saturating_add(1));
    let (rest, word) = text.split_at_checked(start).unwrap_or((&[], text));
    (word, rest)
}

/// Whether a word is this one, in whatever capitals.
fn is(word: &[u8], known: &[u8]) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// The value of at most four digits.
fn number(digits: &[u8]) -> u16 {
    digits.iter().take(4).fold(0u16, |value, digit| {
        value
            .wrapping_mul(10)
            .wrapping_add(u16::from(digit.wrapping_sub(b'0')))
    })
}

/// The month that a word names in English or Spanish, whole or abbreviated, by its first three letters.
fn month(word: &[u8]) -> Option<u8> {
    const MONTHS: &[u8; 72] =
        b"janfebmaraprmayjunjulaugsepoctnovdecenefebmarabrmayjunjulagosetoctnovdic";
    let letters = word.get(..3)?;
    let mut months = MONTHS.chunks_exact(3);
    let at = months.position(|month| is(letters, month))?;
    Some((at % 12).wrapping_add(1) as u8)
}

/// The office that a text names: the capitalized words that end in what offices are called.
fn office(text: &str) -> Option<&str> {
    let end = text.floor_char_boundary(BOUND);
    let text = text.get(..end)?;
    let named = [
        "Service Center",
        "Benefits Center",
        "Field Office",
        "Asylum Office",
        "Lockbox",
    ];
    let (at, name) = named
        .iter()
        .filter_map(|name| text.find(name).map(|at| (at, name)))
        .min_by_key(|&(at, _)| at)?;
    let (mut start, end) = (at, at.checked_add(name.len())?);
    // Back over the capitalized words before it: "Our Texas Service Center".
    while let Some(before) = text.get(..start).and_then(|text| text.strip_suffix(' ')) {
        let word = before
            .rsplit([' ', '>', '\n', '\t'])
            .next()
            .unwrap_or_default();
        let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
        let plain = word.bytes().all(|b| b.is_ascii_alphabetic());
        if !capital || !plain || ["Our", "The", "At", "To", "A", "Your", "An"].contains(&word) {
            break;
        }
        start = before.len().saturating_sub(word.len());
    }
    text.get(start..end).filter(|found| *found != "Lockbox")
}
