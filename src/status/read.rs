//! Reading a text into units: the title, the first sentence, the second.
//!
//! A unit ends where a sentence or a block does. What stands beside the sentence is taken out on the
//! way: the official name of a form behind its number, which is full of other outcomes' words, and
//! the receipt number.
#![forbid(unsafe_code)]

use super::grammar::Token;
use super::lexicon::*;
use super::text::{Gap, Head, Words, is_prefix, joined, key, prefix};

/// Words that are read at most, over all units. A first sentence has about 40.
const WORDS: usize = 80;

/// Where the words of a text go. One serves for many texts, one after another: to clear it costs as much as a
/// title takes to read.
#[derive(Debug)]
pub(crate) struct Room {
    heads: [Head; WORDS],
    tokens: [Token; WORDS],
}

impl Room {
    /// Room for the words that are read at most.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            heads: [Head::NONE; WORDS],
            tokens: [Token::NONE; WORDS],
        }
    }
}

/// A text, read unit by unit.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    words: Words<'a>,
    heads: &'a mut [Head; WORDS],
    /// How many words were read.
    len: usize,
    tokens: &'a mut [Token; WORDS],
    /// How many words have their token: symbols are looked up only when the grammar asks.
    marked: usize,
    /// The first word of the next unit.
    held: Option<Head>,
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

/// What is joined to the word behind it: "re-scheduled".
const RE: u64 = key("re");

/// Whether a word in lower case stands inside the names of forms.
const fn inside(sym: Sym) -> bool {
    matches!(sym, TO | OR | AND | OF | ON | BY | AT | ARTICLE)
}

impl<'a> Reading<'a> {
    #[inline]
    pub(super) fn of(text: &'a [u8], room: &'a mut Room) -> Self {
        Self {
            words: Words::of(text),
            heads: &mut room.heads,
            len: 0,
            tokens: &mut room.tokens,
            marked: 0,
            held: None,
            aside: Aside::No,
            last: [UNLISTED; 2],
        }
    }

    /// Reads the next unit; how many words there are then, or nothing at the end.
    fn unit(&mut self) -> Option<usize> {
        let from = self.len;
        let mut held = self.held.take();
        for slot in self.heads.iter_mut().skip(from) {
            let Some(head) = held
                .take()
                .or_else(|| self.words.next().map(|word| word.head))
            else {
                break;
            };
            if head.gap >= Gap::Stop && self.len > from {
                self.held = Some(head);
                break;
            }
            *slot = head;
            self.len = self.len.saturating_add(1);
        }
        (self.len > from).then_some(self.len)
    }

    /// The tokens of the next unit.
    pub(super) fn next_unit(&mut self) -> Option<&[Token]> {
        let from = self.len;
        let to = self.unit()?;
        Some(self.tokens(from, to))
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
            } else if self.held.is_some() && is_prefix(heads) {
                // The prefix alone: what it belongs to is the next unit.
                from = to;
                to = self.unit()?;
            } else {
                return Some((from, to));
            }
        }
    }

    /// The words from one index to another.
    pub(super) fn heads(&self, from: usize, to: usize) -> &[Head] {
        self.heads.get(from..to).unwrap_or(&[])
    }

    /// The tokens of a unit, from one index to another. Units are asked for in their order.
    pub(super) fn tokens(&mut self, from: usize, to: usize) -> &[Token] {
        self.marked = self.marked.max(from);
        self.aside = Aside::No;
        while self.marked < to {
            let Some(&head) = self.heads.get(self.marked) else {
                break;
            };
            self.mark(&head);
        }
        self.tokens.get(from..to).unwrap_or(&[])
    }

    /// The words and the tokens from one index to another.
    pub(super) fn marked(&mut self, from: usize, to: usize) -> (&[Head], &[Token]) {
        self.tokens(from, to);
        (
            self.heads.get(from..to).unwrap_or(&[]),
            self.tokens.get(from..to).unwrap_or(&[]),
        )
    }

    /// What ended the unit: what stands before the next word, or nothing at the end of the text.
    pub(super) fn ended_by(&self) -> Option<Gap> {
        self.held.map(|head| head.gap)
    }

    /// Adds a word's token, or a neutral one for a word that is stepped over.
    fn mark(&mut self, word: &Head) {
        let mut gap = word.gap;
        let mut sym = if word.digits {
            DIGITS
        } else {
            symbol(word.key)
        };
        // "Re-scheduled" is one word.
        let before = self.heads.get(self.marked.wrapping_sub(1));
        if gap == Gap::Hyphen && before.is_some_and(|before| before.key == RE) {
            let whole = symbol(joined(RE, word));
            sym = if whole == UNLISTED { sym } else { whole };
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
            && let Some(token) = self.tokens.get_mut(self.marked.wrapping_sub(1))
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
                || inside(sym)
                || word.key == const { key("er") })
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
        if let Some(token) = self.tokens.get_mut(self.marked) {
            *token = Token { sym, gap };
        }
        self.marked = self.marked.saturating_add(1);
    }

    /// Makes the last `count` tokens neutral.
    fn neutral(&mut self, count: usize) {
        let from = self.marked.saturating_sub(count);
        for token in self.tokens.iter_mut().skip(from).take(count) {
            token.sym = ONLY;
            token.gap = token.gap.min(Gap::Space);
        }
    }
}
