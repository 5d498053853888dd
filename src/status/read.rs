//! Reading a text into units: the title, the first sentence, the second.
//!
//! A unit ends where a sentence or a block does. What stands beside the sentence is taken out on the
//! way: the official name of a form behind its number, which is full of other outcomes' words, and
//! the receipt number.
#![forbid(unsafe_code)]

use super::grammar::Token;
use super::lexicon::*;
use super::text::{Gap, Word, Words, is_prefix, prefix};

/// Words that are read at most, over all units. A first sentence has about 40.
const WORDS: usize = 96;
/// Words of the first unit whose keys are kept. The longest known title has 15.
pub(super) const TITLE_WORDS: usize = 24;

/// The key of one of the first words, and what stands before it.
pub(super) type Head = (u64, Gap);

/// A text, read unit by unit.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    words: Words<'a>,
    tokens: [Token; WORDS],
    len: usize,
    heads: [Head; TITLE_WORDS],
    /// The first word of the next unit.
    held: Option<Word<'a>>,
    aside: Aside,
    /// The symbols of the last two words, stepped over or not.
    last: [Sym; 2],
}

/// What is being stepped over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    No,
    /// Nothing yet: a form's number stood right before.
    Form,
    /// The name of a form.
    Name,
    /// A receipt number, which is the next word.
    Number,
    /// Nothing any more: it ended with the last word.
    Over,
}

/// The words in lower case that stand inside the names of forms.
const INSIDE: [Sym; 8] = [TO, OR, AND, OF, ON, BY, AT, ARTICLE];

impl<'a> Reading<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            words: Words::of(text),
            tokens: [Token {
                sym: UNLISTED,
                gap: Gap::Start,
            }; WORDS],
            len: 0,
            heads: [(0, Gap::Start); TITLE_WORDS],
            held: None,
            aside: Aside::No,
            last: [UNLISTED; 2],
        }
    }

    /// Reads the next unit; how many tokens there are then, or nothing at the end.
    fn unit(&mut self) -> Option<usize> {
        let from = self.len;
        while self.len < WORDS {
            let Some(word) = self.held.take().or_else(|| self.words.next()) else {
                break;
            };
            if word.gap >= Gap::Stop && self.len > from {
                self.held = Some(word);
                break;
            }
            self.push(word);
        }
        self.aside = Aside::No;
        (self.len > from).then_some(self.len)
    }

    /// The tokens of the next unit.
    pub(super) fn next_unit(&mut self) -> Option<&[Token]> {
        let from = self.len;
        let to = self.unit()?;
        self.tokens.get(from..to)
    }

    /// Reads the first unit; where it begins and ends, without the prefix that noise may have put
    /// before it.
    pub(super) fn first_unit(&mut self) -> Option<(usize, usize)> {
        let mut from = 0usize;
        let mut to = self.unit()?;
        loop {
            let heads = self.heads(from, to);
            if let Some(rest) = prefix(heads) {
                from = from.saturating_add(heads.len().saturating_sub(rest.len()));
            } else if is_prefix(heads) && self.held.is_some() {
                // The prefix alone: what it belongs to is the next unit.
                from = to;
                to = self.unit()?;
            } else {
                return Some((from, to));
            }
        }
    }

    /// The tokens from one index to another.
    pub(super) fn tokens(&self, from: usize, to: usize) -> &[Token] {
        self.tokens.get(from..to).unwrap_or(&[])
    }

    /// The heads from one index to another, of the words that are kept.
    pub(super) fn heads(&self, from: usize, to: usize) -> &[Head] {
        self.heads.get(from..to.min(TITLE_WORDS)).unwrap_or(&[])
    }

    /// What ended the unit: what stands before the next word, or nothing at the end of the text.
    pub(super) fn ended_by(&self) -> Option<Gap> {
        self.held.as_ref().map(|word| word.gap)
    }

    /// Adds a word's token, or a neutral one for a word that is stepped over.
    fn push(&mut self, word: Word<'a>) {
        let mut sym = if word.digits {
            DIGITS
        } else {
            symbol(word.key)
        };
        let mut gap = word.gap;
        if let Some(head) = self.heads.get_mut(self.len) {
            *head = (word.key, word.gap);
        }
        let [earlier, last] = self.last;
        // "I-485": a form, whatever its letter means elsewhere.
        let form = word.digits && gap == Gap::Hyphen && matches!(last, FORM_LETTER | YOU);
        if form {
            self.neutral(1);
            sym = CASE;
        }
        // "May 23": the month.
        if word.digits
            && last == MAY
            && let Some(token) = self.tokens.get_mut(self.len.wrapping_sub(1))
        {
            token.sym = MONTH;
        }
        self.last = [last, sym];
        let mut stepped = true;
        if self.aside == Aside::Number {
            self.aside = Aside::Over;
        } else if sym == NUMBER && last == RECEIPT {
            self.neutral(1);
            self.aside = Aside::Number;
        } else if sym == RECEIPT && earlier == NUMBER && last == OF {
            self.neutral(2);
            self.aside = Aside::Number;
        } else if self.aside == Aside::Form
            && gap == Gap::Comma
            && word.title
            && !matches!(sym, RECEIPT | NUMBER)
        {
            self.aside = Aside::Name;
        } else if self.aside != Aside::Name
            || !(word.title
                || word.digits
                || sym == ONLY
                || INSIDE.contains(&sym)
                || word.raw.len() <= 2)
        {
            stepped = false;
        }
        // The commas around what is stepped over part nothing.
        let over = !stepped && matches!(self.aside, Aside::Over | Aside::Name);
        if stepped || (over && gap == Gap::Comma) {
            gap = gap.min(Gap::Space);
        }
        if stepped {
            sym = ONLY;
        } else {
            self.aside = if form { Aside::Form } else { Aside::No };
        }
        if let Some(token) = self.tokens.get_mut(self.len) {
            *token = Token { sym, gap };
        }
        self.len = self.len.saturating_add(1);
    }

    /// Makes the last `count` tokens neutral.
    fn neutral(&mut self, count: usize) {
        let from = self.len.saturating_sub(count);
        for token in self.tokens.iter_mut().skip(from).take(count) {
            token.sym = ONLY;
            token.gap = token.gap.min(Gap::Space);
        }
    }
}
