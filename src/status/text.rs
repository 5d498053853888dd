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

/// One word of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// The folded letters and digits, packed; exact for up to nine of them.
    pub(super) key: u64,
    /// What stands before it.
    pub(super) gap: Gap,
    /// It begins with an ASCII capital and goes on with something else.
    pub(super) title: bool,
    /// It begins with a digit.
    pub(super) digits: bool,
    /// As it stands in the text.
    pub(super) raw: &'a [u8],
}

/// Adds one folded byte to a key.
pub(super) const fn fold_into(key: u64, byte: u8) -> u64 {
    key.rotate_left(7) ^ (byte as u64)
}

/// Adds a letter that has no ASCII fold to a key.
const fn fold_wide_into(key: u64, code: u32) -> u64 {
    (key ^ code as u64).rotate_left(21)
}

/// What a character is to the reader.
enum Char {
    /// A letter or digit, folded.
    Letter(u8),
    /// Any other letter: three or fewer bytes that are taken as they are.
    Other,
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
        _ => Char::Other,
    }
}

/// Takes one entity off the text behind its `&`: what it stands for, and the rest.
fn entity(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text.iter().take(10).position(|&b| b == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    let (_, rest) = rest.split_first()?;
    if let Some((b'#', number)) = name.split_first() {
        let (radix, digits) = match number.split_first() {
            Some((b'x' | b'X', hex)) => (16, hex),
            _ => (10, number),
        };
        let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
        return Some((code, rest));
    }
    let code = match name {
        // An entity that was encoded twice: `&amp;apos;`.
        b"amp" => return entity(rest).or(Some((0x26, rest))),
        b"apos" | b"rsquo" | b"lsquo" => 0x27,
        b"quot" | b"ldquo" | b"rdquo" | b"nbsp" | b"lt" | b"gt" => 0x20,
        b"ndash" | b"mdash" => 0x2014,
        [letter, accent @ ..] => {
            let accents: [&[u8]; 6] = [b"acute", b"tilde", b"uml", b"grave", b"circ", b"cedil"];
            return accents
                .contains(&accent)
                .then(|| (u32::from(*letter), rest));
        }
        _ => return None,
    };
    Some((code, rest))
}

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
pub(super) fn prefix(words: &[(u64, Gap)]) -> Option<&[(u64, Gap)]> {
    let [status, estado, your, current, ..] = PREFIX;
    if let [(a, _), (b, _), (c, _), rest @ ..] = words
        && !rest.is_empty()
        && [*a, *b, *c] == [your, current, status]
    {
        return Some(rest);
    }
    let mut named = false;
    let mut rest = words;
    while let Some((&(word, gap), tail)) = rest.split_first() {
        if named && matches!(gap, Gap::Colon | Gap::Hard | Gap::Line) {
            return Some(rest);
        }
        if !PREFIX.contains(&word) {
            return None;
        }
        named |= word == status || word == estado;
        rest = tail;
    }
    None
}

/// Whether `words` are nothing but such a prefix.
pub(super) fn is_prefix(words: &[(u64, Gap)]) -> bool {
    let [status, estado, ..] = PREFIX;
    words.iter().all(|(word, _)| PREFIX.contains(word))
        && words
            .iter()
            .any(|&(word, _)| word == status || word == estado)
}

/// The words of a text.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
    /// How many letters the last word had: initials do not end a sentence.
    last: usize,
    /// No `>` stands further on, so `<` opens no tag any more. Keeps the reading linear.
    no_tags: bool,
    gap: Gap,
}

impl<'a> Words<'a> {
    /// Reads `text` from its beginning, up to [`BOUND`].
    pub(super) fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        Self {
            rest: bytes.get(..BOUND).unwrap_or(bytes),
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
        let inline = [
            &b"a"[..],
            b"b",
            b"i",
            b"u",
            b"em",
            b"strong",
            b"span",
            b"font",
            b"small",
            b"abbr",
        ];
        if inline.iter().any(|tag| name.eq_ignore_ascii_case(tag)) {
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
                b'&' => match entity(rest) {
                    Some((code, rest)) => match Self::of_code(code) {
                        Char::Letter(_) | Char::Other => return Some(()),
                        Char::Skip => {
                            self.rest = rest;
                            continue;
                        }
                        Char::Gap(gap) => {
                            self.rest = rest;
                            self.gap = self.gap.max(gap);
                            continue;
                        }
                    },
                    None => Gap::Comma,
                },
                0x80.. => {
                    let (code, rest) = wide(byte, rest);
                    match fold_wide(code) {
                        Char::Letter(_) | Char::Other => return Some(()),
                        Char::Skip => {
                            self.rest = rest;
                            continue;
                        }
                        Char::Gap(gap) => {
                            self.rest = rest;
                            self.gap = self.gap.max(gap);
                            before = b' ';
                            continue;
                        }
                    }
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

    /// What a decoded entity is.
    fn of_code(code: u32) -> Char {
        match u8::try_from(code) {
            Ok(b @ (b'a'..=b'z' | b'0'..=b'9')) => Char::Letter(b),
            Ok(b @ b'A'..=b'Z') => Char::Letter(b.to_ascii_lowercase()),
            Ok(b'\'' | b'`' | b'\\') => Char::Skip,
            Ok(b',') => Char::Gap(Gap::Comma),
            Ok(0..=0x7F) => Char::Gap(Gap::Space),
            _ => fold_wide(code),
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        self.skip()?;
        let gap = std::mem::replace(&mut self.gap, Gap::Start);
        let from = self.rest;
        let mut key = 0u64;
        let mut length = 0usize;
        while let Some((&byte, rest)) = self.rest.split_first() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' => key = fold_into(key, byte),
                b'A'..=b'Z' => key = fold_into(key, byte | 0x20),
                b'\'' | b'`' | b'\\' => {
                    self.rest = rest;
                    continue;
                }
                b'&' => {
                    let Some((code, rest)) = entity(rest) else {
                        break;
                    };
                    match Self::of_code(code) {
                        Char::Letter(b) => key = fold_into(key, b),
                        Char::Other => key = fold_wide_into(key, code),
                        Char::Skip => {}
                        Char::Gap(_) => break,
                    }
                    self.rest = rest;
                    length = length.saturating_add(1);
                    continue;
                }
                0x80.. => {
                    let (code, rest) = wide(byte, rest);
                    match fold_wide(code) {
                        Char::Letter(b) => key = fold_into(key, b),
                        Char::Other => key = fold_wide_into(key, code),
                        Char::Skip => {}
                        Char::Gap(_) => break,
                    }
                    self.rest = rest;
                    length = length.saturating_add(1);
                    continue;
                }
                _ => break,
            }
            self.rest = rest;
            length = length.saturating_add(1);
        }
        // A word is at least one byte long, so the reading always goes on.
        if self.rest.len() == from.len() {
            self.rest = self.rest.split_first().map_or(&[], |(_, rest)| rest);
        }
        self.last = length;
        self.gap = Gap::Start;
        let raw = from
            .get(..from.len().saturating_sub(self.rest.len()))
            .unwrap_or(from);
        let mut letters = raw.iter();
        let (first, second) = (letters.next(), letters.next());
        Some(Word {
            key,
            gap,
            title: first.is_some_and(u8::is_ascii_uppercase)
                && !second.is_some_and(u8::is_ascii_uppercase),
            digits: first.is_some_and(u8::is_ascii_digit),
            raw,
        })
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
    let mut words: Vec<Word<'_>> = Words::of(text).collect();
    while words
        .last()
        .is_some_and(|word| word.gap == Gap::Hard && word.raw.iter().all(u8::is_ascii_digit))
    {
        words.pop();
    }
    let heads: Vec<_> = words.iter().map(|word| (word.key, word.gap)).collect();
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
        let (code, tail) = match byte {
            b'&' => entity(tail).unwrap_or((0x20, tail)),
            0x80.. => wide(byte, tail),
            _ => (u32::from(byte), tail),
        };
        rest = tail;
        match Words::of_code(code) {
            Char::Letter(letter) => out.push(char::from(letter)),
            Char::Other => out.extend(char::from_u32(code)),
            Char::Skip | Char::Gap(_) => {}
        }
    }
}
