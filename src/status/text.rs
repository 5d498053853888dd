//! Cleaning: from raw text to a stream of folded words.
//!
//! Nothing here changes what is passed through. The words are read off the text in one pass with no
//! allocation: entities are decoded, tags and quotes skipped, letters folded to lower case without
//! accents, and what stood between two words is kept as a [`Gap`], because it is what ends sentences.
#![forbid(unsafe_code)]

/// How much of a text is read, in bytes. A status is a few hundred bytes; the bound keeps the work
/// bounded whatever arrives.
pub(super) const BOUND: usize = 4096;

/// What stands before a word, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing: the text begins.
    Start,
    /// A single hyphen between two words, as in `I-485`.
    Hyphen,
    /// White space, or punctuation that separates no more than white space does.
    Space,
    /// A comma, a semicolon or a dash.
    Comma,
    /// A colon.
    Colon,
    /// A line's end.
    Line,
    /// The end of a sentence.
    Stop,
    /// A block tag, an empty line or a pipe: what follows is another text.
    Hard,
}

/// What is kept of a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The folded letters and digits, packed; exact for up to nine of them.
    pub(super) key: u64,
    /// What stands before it.
    pub(super) gap: Gap,
    /// How many letters and digits it has, up to 255.
    pub(super) letters: u8,
    /// It begins with an ASCII capital and goes on with something else.
    pub(super) title: bool,
    /// It begins with a digit.
    pub(super) digits: bool,
}

impl Head {
    /// No word.
    pub(super) const NONE: Self = Self {
        key: 0,
        gap: Gap::Start,
        letters: 0,
        title: false,
        digits: false,
    };
}

/// One word of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) head: Head,
    /// As it stands in the text.
    pub(super) raw: &'a [u8],
}

/// Adds one folded byte to a key.
pub(super) const fn fold_into(key: u64, byte: u8) -> u64 {
    key.rotate_left(7) ^ (byte as u64)
}

/// The key of a word that is joined to a prefix: `re-` and `scheduled`.
pub(super) fn joined(prefix: u64, head: &Head) -> u64 {
    prefix.rotate_left(u32::from(head.letters).wrapping_mul(7)) ^ head.key
}

/// Adds a letter that has no ASCII fold to a key.
const fn fold_wide_into(key: u64, code: u32) -> u64 {
    (key ^ code as u64).rotate_left(21)
}

/// What a character is to the reader.
enum Char {
    /// A letter or digit, folded.
    Letter(u8),
    /// Any other letter, as it is.
    Other(u32),
    /// Neither part of a word nor the end of one: quotes, backslashes, combining accents.
    Skip,
    /// The end of a word.
    Gap(Gap),
}

/// What a character beyond ASCII is. Accented Latin letters lose their accent.
fn fold_wide(c: u32) -> Char {
    match c {
        0xC0..=0xC6 | 0xE0..=0xE6 => Char::Letter(b'a'),
        0xC7 | 0xE7 => Char::Letter(b'c'),
        0xC8..=0xCB | 0xE8..=0xEB => Char::Letter(b'e'),
        0xCC..=0xCF | 0xEC..=0xEF => Char::Letter(b'i'),
        0xD1 | 0xF1 => Char::Letter(b'n'),
        0xD2..=0xD6 | 0xD8 | 0xF2..=0xF6 | 0xF8 => Char::Letter(b'o'),
        0xD9..=0xDC | 0xF9..=0xFC => Char::Letter(b'u'),
        0xDD | 0xFD | 0xFF => Char::Letter(b'y'),
        // Soft hyphen, acute accent, combining accents, zero-width characters, single quotes, BOM.
        0xAD
        | 0xB4
        | 0x300..=0x36F
        | 0x200B..=0x200F
        | 0x2018..=0x201B
        | 0x2032
        | 0x2060
        | 0xFEFF => Char::Skip,
        0x2012..=0x2015 => Char::Gap(Gap::Comma),
        0x2028 | 0x2029 => Char::Gap(Gap::Line),
        0x80..=0xBF | 0xD7 | 0xF7 | 0x2000..=0x206F | 0x3000 | 0xFFFD => Char::Gap(Gap::Space),
        // Full-width forms of ASCII.
        0xFF01..=0xFF5E => fold_code(c.wrapping_sub(0xFEE0)),
        _ => Char::Other(c),
    }
}

/// Takes one entity off the text behind its `&`: what it stands for, and the rest.
fn entity(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text.iter().take(10).position(|&b| b == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    let (_, rest) = rest.split_first()?;
    if let [b'#', number @ ..] = name {
        let (radix, digits) = match number {
            [b'x' | b'X', hex @ ..] => (16, hex),
            _ => (10, number),
        };
        // At most eight digits, so nothing wraps that is a character.
        let code = digits.iter().try_fold(0u32, |code, &digit| {
            let digit = char::from(digit).to_digit(radix)?;
            Some(code.wrapping_mul(radix).wrapping_add(digit))
        });
        let code = code.filter(|_| !digits.is_empty())?;
        // A number that is no character's is U+FFFD (HTML, "numeric character reference end state").
        return Some((char::from_u32(code).map_or(0xFFFD, u32::from), rest));
    }
    if name == b"amp" {
        // An entity that was encoded twice: `&amp;apos;`.
        return entity(rest).or(Some((0x26, rest)));
    }
    let word = name.iter().copied().fold(0, fold_into);
    if let Some(place) = ENTITIES.iter().position(|entity| *entity == word) {
        let code = match place {
            0..3 => 0x27,
            3..9 => 0x20,
            _ => 0x2014,
        };
        return Some((code, rest));
    }
    let (letter, accent) = name.split_first()?;
    let accent = accent.iter().copied().fold(0, fold_into);
    ACCENTS
        .contains(&accent)
        .then(|| (u32::from(*letter), rest))
}

/// Entities by the keys of their names, which are exact for up to nine letters: three quotes, six that part words,
/// two dashes.
static ENTITIES: [u64; 11] = [
    key("apos"),
    key("rsquo"),
    key("lsquo"),
    key("quot"),
    key("ldquo"),
    key("rdquo"),
    key("nbsp"),
    key("lt"),
    key("gt"),
    key("ndash"),
    key("mdash"),
];
/// What follows the letter in the name of an accented one.
static ACCENTS: [u64; 6] = [
    key("acute"),
    key("tilde"),
    key("uml"),
    key("grave"),
    key("circ"),
    key("cedil"),
];

/// The next character of `text`, which is not empty, and the rest behind it.
fn wide(first: u8, rest: &[u8]) -> (u32, &[u8]) {
    let (more, top) = match first {
        0xC0..=0xDF => (1, u32::from(first & 0x1F)),
        0xE0..=0xEF => (2, u32::from(first & 0x0F)),
        _ => (3, u32::from(first & 0x07)),
    };
    match rest.split_at_checked(more) {
        Some((tail, rest)) => (
            tail.iter()
                .fold(top, |code, &b| code.wrapping_shl(6) | u32::from(b & 0x3F)),
            rest,
        ),
        // Cut in the middle by the bound.
        None => (0x20, &[]),
    }
}

/// The words that may stand before the colon of a prefix such as `Your Current Status:`.
const PREFIX: [u64; 13] = [
    key("status"),
    key("estado"),
    key("your"),
    key("current"),
    key("case"),
    key("latest"),
    key("uscis"),
    key("my"),
    key("the"),
    key("su"),
    key("del"),
    key("caso"),
    key("actual"),
];

/// The key of a word that is folded already.
pub(super) const fn key(word: &str) -> u64 {
    let mut rest = word.as_bytes();
    let mut key = 0;
    while let Some((&byte, tail)) = rest.split_first() {
        key = fold_into(key, byte);
        rest = tail;
    }
    key
}

/// What is left of `words` behind a prefix such as `Your Current Status:`, where there is one.
///
/// The colon shows the prefix; `your current status` needs none, because no status begins so.
pub(super) fn prefix(words: &[Head]) -> Option<&[Head]> {
    let [status, estado, your, current, ..] = PREFIX;
    if let [a, b, c, rest @ ..] = words
        && !rest.is_empty()
        && [a.key, b.key, c.key] == [your, current, status]
    {
        return Some(rest);
    }
    let mut named = false;
    let mut rest = words;
    while let Some((word, tail)) = rest.split_first() {
        if named && matches!(word.gap, Gap::Colon | Gap::Hard | Gap::Line) {
            return Some(rest);
        }
        if !PREFIX.contains(&word.key) {
            return None;
        }
        named |= word.key == status || word.key == estado;
        rest = tail;
    }
    None
}

/// Whether `words` are nothing but such a prefix.
pub(super) fn is_prefix(words: &[Head]) -> bool {
    let [status, estado, ..] = PREFIX;
    words.iter().all(|word| PREFIX.contains(&word.key))
        && words
            .iter()
            .any(|word| word.key == status || word.key == estado)
}

/// The words of a text.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
    /// How many letters the last word had: initials do not end a sentence.
    last: u8,
    /// No `>` stands further on, so `<` opens no tag any more. Keeps the reading linear.
    no_tags: bool,
    gap: Gap,
}

impl<'a> Words<'a> {
    /// Reads `text` from its beginning, up to [`BOUND`].
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self {
            rest: text.get(..BOUND).unwrap_or(text),
            last: 0,
            no_tags: false,
            gap: Gap::Start,
        }
    }

    /// Steps over a tag whose `<` was taken; block tags are hard gaps.
    fn tag(&mut self) -> Gap {
        let opens = matches!(
            self.rest.first(),
            Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')
        );
        if !opens || self.no_tags {
            return Gap::Space;
        }
        let Some(end) = self.rest.iter().position(|&b| b == b'>') else {
            self.no_tags = true;
            return Gap::Space;
        };
        let (tag, rest) = self.rest.split_at_checked(end).unwrap_or((&[], self.rest));
        self.rest = rest.split_first().map_or(&[], |(_, rest)| rest);
        let tag = tag.strip_prefix(b"/").unwrap_or(tag);
        let name = tag
            .split(|b| !b.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let words: [&[u8]; 4] = [b"em", b"strong", b"span", b"font"];
        let inline = words.iter().any(|tag| name.eq_ignore_ascii_case(tag));
        // `a`, `b`, `i` and `u` stand inside a sentence too.
        if inline || (name.len() == 1 && !name.eq_ignore_ascii_case(b"p")) {
            Gap::Space
        } else {
            Gap::Hard
        }
    }

    /// Whether a full stop that was just taken ends a sentence.
    fn stops(&self) -> bool {
        match self.rest.first() {
            None => true,
            Some(b' ' | b'\t' | b'\n' | b'\r' | b'<' | b'"' | b'\'' | b')' | b'&') => self.last > 1,
            // "…your notice.If you move…"
            Some(b'A'..=b'Z') => self.last > 2,
            Some(_) => false,
        }
    }

    /// Steps to the next word's first byte; the gap up to it.
    fn skip(&mut self) -> Option<()> {
        // The hyphen looks at what stands right before it; at first that is the last word.
        let mut before = if self.last == 0 { b' ' } else { b'a' };
        while let Some((&byte, rest)) = self.rest.split_first() {
            let gap = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => return Some(()),
                b'\'' | b'`' | b'\\' => Gap::Start,
                b',' | b';' => Gap::Comma,
                b':' => Gap::Colon,
                b'\n' if self.gap == Gap::Line => Gap::Hard,
                b'\n' => Gap::Line,
                b'|' => Gap::Hard,
                b'/' if before != b' ' && rest.first().is_some_and(u8::is_ascii_alphabetic) => {
                    Gap::Comma
                }
                b'.' | b'!' | b'?' => {
                    self.rest = rest;
                    if self.stops() { Gap::Stop } else { Gap::Space }
                }
                b'-' => match rest.first() {
                    Some(b' ') if before == b' ' && self.gap != Gap::Start => Gap::Comma,
                    Some(next) if next.is_ascii_alphanumeric() && before != b' ' => Gap::Hyphen,
                    _ => Gap::Space,
                },
                b'<' => {
                    self.rest = rest;
                    let gap = self.tag();
                    self.gap = self.gap.max(gap);
                    before = b' ';
                    continue;
                }
                b'&' | 0x80.. => {
                    let (folded, rest) = special(byte, rest);
                    let gap = match folded {
                        Char::Letter(_) | Char::Other(_) => return Some(()),
                        Char::Skip => Gap::Start,
                        Char::Gap(gap) => gap,
                    };
                    self.rest = rest;
                    self.gap = self.gap.max(gap);
                    before = b' ';
                    continue;
                }
                _ => Gap::Space,
            };
            self.rest = rest;
            self.gap = self.gap.max(gap);
            before = if gap == Gap::Space || gap == Gap::Line {
                b' '
            } else {
                byte
            };
        }
        None
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    #[inline]
    fn next(&mut self) -> Option<Word<'a>> {
        // Most words are parted by one space.
        match self.rest {
            [b' ', rest @ ..] if rest.first().is_some_and(u8::is_ascii_alphabetic) => {
                self.rest = rest;
                self.gap = Gap::Space;
            }
            _ => self.skip()?,
        }
        let gap = std::mem::replace(&mut self.gap, Gap::Start);
        let from = self.rest;
        let (mut key, mut extra) = (0u64, 0usize);
        let mut bytes = from.iter();
        let rest = loop {
            let rest = bytes.as_slice();
            let Some(&byte) = bytes.next() else {
                break rest;
            };
            let folded = fold(byte);
            if folded > SPECIAL {
                key = fold_into(key, folded);
                continue;
            }
            let tail = bytes.as_slice();
            let (folded, tail) = match folded {
                SKIPPED => (Char::Skip, tail),
                SPECIAL => special(byte, tail),
                _ => break rest,
            };
            match folded {
                Char::Letter(letter) => key = fold_into(key, letter),
                Char::Other(code) => key = fold_wide_into(key, code),
                Char::Skip => extra = extra.saturating_add(1),
                Char::Gap(_) => break rest,
            }
            // Bytes that are no letters of their own: those behind the first of a character.
            let width = rest.len().saturating_sub(tail.len());
            extra = extra.saturating_add(width.saturating_sub(1));
            bytes = tail.iter();
        };
        let raw = from.get(..from.len().saturating_sub(rest.len()));
        let raw = raw.unwrap_or(from);
        let letters = raw.len().saturating_sub(extra);
        let letters = u8::try_from(letters).unwrap_or(u8::MAX);
        self.rest = rest;
        self.last = letters;
        Some(Word {
            head: Head {
                key,
                gap,
                letters,
                title: matches!(raw, [b'A'..=b'Z'])
                    || matches!(raw, [b'A'..=b'Z', second, ..] if !second.is_ascii_uppercase()),
                digits: matches!(raw, [b'0'..=b'9', ..]),
            },
            raw,
        })
    }
}

/// In [`FOLDS`]: neither part of a word nor its end.
const SKIPPED: u8 = 1;
/// In [`FOLDS`]: an entity or a character beyond ASCII, to be looked at.
const SPECIAL: u8 = 2;

/// What a byte folds to inside a word; 0 ends it.
static FOLDS: [u8; 256] = folds();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn folds() -> [u8; 256] {
    let mut folds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        folds[byte] = match byte as u8 {
            letter @ (b'a'..=b'z' | b'0'..=b'9') => letter,
            capital @ b'A'..=b'Z' => capital | 0x20,
            b'\'' | b'`' | b'\\' => SKIPPED,
            b'&' | 0x80.. => SPECIAL,
            _ => 0,
        };
        byte += 1;
    }
    folds
}

#[inline]
fn fold(byte: u8) -> u8 {
    FOLDS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// An entity or a character beyond ASCII, whose first byte was taken, and the rest behind it.
#[cold]
fn special(byte: u8, rest: &[u8]) -> (Char, &[u8]) {
    if byte != b'&' {
        let (code, rest) = wide(byte, rest);
        // It is ASCII where the bound cuts it off: a space.
        return (fold_code(code), rest);
    }
    match entity(rest) {
        Some((code, rest)) => (fold_code(code), rest),
        None => (Char::Gap(Gap::Comma), rest),
    }
}

/// What a decoded character is.
fn fold_code(code: u32) -> Char {
    match u8::try_from(code) {
        Ok(b',') => Char::Gap(Gap::Comma),
        Ok(ascii @ 0..=0x7F) => match fold(ascii) {
            0 | SPECIAL => Char::Gap(Gap::Space),
            SKIPPED => Char::Skip,
            letter => Char::Letter(letter),
        },
        _ => fold_wide(code),
    }
}

/// The words of `text`, folded, with one space between them: what two texts have in common when they
/// differ in nothing but noise.
///
/// Entities are decoded; tags, quotes, punctuation, accents, capitals, a `Your Current Status:` before
/// the title and a `|18395` behind it are gone. Only the first 4 KiB are read. Cleaning twice is
/// cleaning once.
///
/// ```
/// use torch_edge::status::clean;
///
/// assert_eq!(
///     clean(" Your Current Status:  Response To USCIS&apos; Request For Evidence Was Received +"),
///     "response to uscis request for evidence was received",
/// );
/// ```
pub fn clean(text: &str) -> String {
    let mut words: Vec<Word<'_>> = Words::of(text.as_bytes()).collect();
    while words
        .last()
        .is_some_and(|word| word.head.gap == Gap::Hard && word.raw.iter().all(u8::is_ascii_digit))
    {
        words.pop();
    }
    let heads: Vec<_> = words.iter().map(|word| word.head).collect();
    let mut left = heads.as_slice();
    while let Some(rest) = prefix(left) {
        left = rest;
    }
    let from = words.iter().skip(words.len().saturating_sub(left.len()));
    let mut cleaned = String::new();
    for word in from {
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        fold_raw(word.raw, &mut cleaned);
    }
    cleaned
}

/// Writes the folded characters of a word.
fn fold_raw(raw: &[u8], out: &mut String) {
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        let (folded, tail) = match fold(byte) {
            SPECIAL => special(byte, tail),
            _ => (fold_code(u32::from(byte)), tail),
        };
        rest = tail;
        match folded {
            Char::Letter(letter) => out.push(char::from(letter)),
            Char::Other(code) => out.extend(char::from_u32(code)),
            Char::Skip | Char::Gap(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t3_cleaning_is_idempotent_wherever_the_bound_cuts() {
        let last = [
            "\u{1f600}",
            "\u{e9}",
            "&eacute;",
            "&#x1F600;",
            "\u{301}x",
            "\u{feff}",
        ];
        for last in last {
            for length in 4080..4100 {
                let text = format!("{} {}", "a".repeat(length), last.repeat(4));
                let once = clean(&text);
                assert_eq!(clean(&once), once, "{last:?} behind {length}");
                assert_eq!(once.trim(), once);
            }
        }
    }

    #[test]
    fn t3_cleaning_is_idempotent_where_an_entity_names_no_character() {
        for text in [
            "3 65&#66662662;",
            "&#xD800; 7",
            "a &#1114112; &#x110000; b",
            "&#0;x",
        ] {
            let once = clean(text);
            assert_eq!(clean(&once), once, "{text}");
        }
    }
}
