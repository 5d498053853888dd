//! What the npm package calls. `www/package/core/` is its other half: it frames what goes in and makes
//! plain objects of what comes out, so that one crossing of the boundary does for many texts, and none of the
//! taxonomy's words have to travel in the wasm.
//!
//! Texts come in as one, with a NUL between them or, to [`normalize`], behind each; one that is not there is empty.

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::cell::Cell;
use std::ptr::{null_mut, with_exposed_provenance_mut};

use wasm_bindgen::prelude::*;

use crate::receipt::ReceiptNumber;
use crate::status;
use crate::status::{Date, Normalized};
use crate::time::{UnixSeconds, decimal};
use crate::webhook::{Scheme, Secret, SecretError, Tolerance, Verifier, WhichSecret};

#[global_allocator]
static ARENA: Arena = Arena(Cell::new(0));

/// Memory that is given out in one direction and taken back all at once, by [`begin`]: nothing outlives a
/// call. A common allocator, and the freeing of this and that by it, would be a sixth of what travels.
struct Arena(Cell<usize>);

// SAFETY: wasm32-unknown-unknown without atomics has one thread.
unsafe impl Sync for Arena {}

// SAFETY: what is given out begins behind all that was given out since `begin`, aligned, inside the memory;
// `begin` is called only while nothing of it is in use.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let free = self.0.get().max((&raw const __heap_base).addr());
        let Some(start) = free.checked_next_multiple_of(layout.align()) else {
            return null_mut();
        };
        let Some(end) = start.checked_add(layout.size()) else {
            return null_mut();
        };
        let there = memory_size::<0>().saturating_mul(PAGE);
        let missing = end.saturating_sub(there).div_ceil(PAGE);
        if missing > 0 && memory_grow::<0>(missing) == usize::MAX {
            return null_mut();
        }
        self.0.set(end);
        with_exposed_provenance_mut(start)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

/// The unit of a WebAssembly memory's size.
const PAGE: usize = 65_536;

unsafe extern "C" {
    /// The linker's: where the static data ends.
    static __heap_base: u8;
}

/// Takes back all memory: to be called before the arguments of a call are put there, when what the last one gave
/// has been read.
#[wasm_bindgen]
pub fn begin() {
    ARENA.0.set(0);
}

/// Texts that came as one.
type Texts<'a> = std::str::Split<'a, fn(char) -> bool>;

fn split(texts: &str) -> Texts<'_> {
    // A function and no character: one kind of splitting for all that is split here.
    texts.split(is_nul)
}

fn is_nul(c: char) -> bool {
    c == '\0'
}

fn next<'a>(texts: &mut Texts<'a>) -> Option<&'a str> {
    texts.next().filter(|text| !text.is_empty())
}

/// What texts mean: by turns a text and the upstream's category, in UTF-8, each with a NUL behind it.
///
/// Gives a word for each: the category's place in the taxonomy (8 bits), what told it (3 bits), and whether a
/// form (bit 11), the date of the event (12) and the date to respond by (13) follow: the form's length and
/// letters, a word for each, and a word for a date.
#[wasm_bindgen]
pub fn normalize(texts: &[u8]) -> Vec<u32> {
    let mut told = Vec::new();
    let mut rest = texts;
    let mut room = status::Room::new();
    while let Some(text) = take(&mut rest) {
        let category = take(&mut rest).filter(|category| !category.is_empty());
        write(&status::of_bytes(text, category, &mut room), &mut told);
    }
    told
}

/// Takes the first text off: as bytes, eight at a time, because to look for its end among characters costs as much
/// as to read it.
fn take<'a>(texts: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (words, _) = texts.as_chunks::<8>();
    let without = words.iter().take_while(|word| {
        let word = u64::from_le_bytes(**word);
        // Only from nothing a borrow reaches a top bit that is not there.
        word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 == 0
    });
    let passed = without.count().wrapping_mul(8);
    let mut rest = texts.get(passed..)?.iter();
    let end = passed.checked_add(rest.position(|byte| *byte == 0)?)?;
    let text = texts.get(..end);
    *texts = rest.as_slice();
    text
}

fn write(normalized: &Normalized, out: &mut Vec<u32>) {
    let Normalized {
        category,
        matched_by,
        form,
        event_date,
        respond_by,
    } = normalized;
    let there = |there: bool, bit: u32| u32::from(there).wrapping_shl(bit);
    out.push(
        *category as u32
            | (*matched_by as u32).wrapping_shl(8)
            | there(form.is_some(), 11)
            | there(event_date.is_some(), 12)
            | there(respond_by.is_some(), 13),
    );
    if let Some(form) = form {
        let letters = form.as_bytes();
        out.push(letters.len() as u32);
        for letter in letters {
            out.push(u32::from(*letter));
        }
    }
    for date in [event_date, respond_by].into_iter().flatten() {
        out.push(day(date));
    }
}

/// A date in one word: the year, four bits of month, five of day.
fn day(date: &Date) -> u32 {
    u32::from(date.year()).wrapping_shl(9)
        | u32::from(date.month()).wrapping_shl(5)
        | u32::from(date.day())
}

/// Why a text gets its category: the places of the category, of what told it and of the rule, as a character
/// each, and the words, each in a line.
#[wasm_bindgen]
pub fn explain(text: &str) -> String {
    let mut words = String::new();
    let (category, matched_by, rule) = status::explain_to(text, &mut |word| {
        words.push('\n');
        words.push_str(word);
    });
    let mut told = String::new();
    for place in [category as u8, matched_by as u8, rule as u8] {
        told.push(char::from(place));
    }
    told.push_str(&words);
    told
}

/// Reads a receipt number as people type it: the number; or, in three lines, the error's code, the character
/// where it goes wrong, and a sentence.
#[wasm_bindgen(js_name = parseReceipt)]
pub fn parse_receipt(text: &str) -> Vec<u8> {
    match ReceiptNumber::parse(text) {
        Ok(receipt) => receipt.as_bytes().to_vec(),
        Err(error) => {
            let position = decimal(error.position() as i64);
            lines(&[error.code(), &position, &error.sentence()]).into_bytes()
        }
    }
}

/// Verifies a webhook. The texts are the scheme, its header, the secret, the previous one, and then the
/// request's headers, names and values by turns; times are seconds.
///
/// Gives lines: `c` for the current secret or `p` for the previous one, when it was signed, and the message's
/// id. Or `!` and the reason's letter (`a` is the first), and in lines what it is about. Or as [`unusable`].
#[wasm_bindgen(js_name = verifyWebhook)]
pub fn verify_webhook(texts: &str, body: &[u8], now: f64, tolerance: f64) -> String {
    let mut texts = split(texts);
    let verifier = match verifier(&mut texts) {
        Ok(verifier) => verifier,
        Err(unusable) => return unusable,
    };
    let mut headers: Vec<(&str, &str)> = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        headers.push((name, value));
    }
    // A float-to-integer `as` saturates: no input is out of range.
    let tolerance = Tolerance::seconds(tolerance as i64).unwrap_or_default();
    let verifier = verifier.with_tolerance(tolerance);
    match verifier.verify_at(headers.as_slice(), body, UnixSeconds(now as i64)) {
        Ok(verified) => {
            let signed_at = verified.signed_at.map(|at| decimal(at.0));
            let secret = match verified.secret {
                WhichSecret::Current => "c",
                WhichSecret::Previous => "p",
            };
            lines(&[
                secret,
                signed_at.as_deref().unwrap_or_default(),
                verified.message_id.as_deref().unwrap_or_default(),
            ])
        }
        Err(reason) => {
            let [first, second] = reason.holds();
            lines(&[&marked('!', reason.place()), &first, &second])
        }
    }
}

fn verifier(texts: &mut Texts<'_>) -> Result<Verifier, String> {
    let (scheme, secret) = party(texts)?;
    let previous = next(texts).map(parse).transpose()?;
    Verifier::new(scheme, &secret, previous.as_ref()).map_err(unusable)
}

/// The first texts: scheme, header and secret.
fn party(texts: &mut Texts<'_>) -> Result<(Scheme, Secret), String> {
    let (scheme, header) = (texts.next().unwrap_or_default(), next(texts));
    match Scheme::parse(scheme, header) {
        Ok(scheme) => Ok((scheme, parse(texts.next().unwrap_or_default())?)),
        Err(error) => Err(marked('#', error as usize)),
    }
}

fn parse(secret: &str) -> Result<Secret, String> {
    Secret::parse(secret).map_err(unusable)
}

/// Why a secret cannot be used: `?` and the error's letter. (Of a scheme: `#`.)
fn unusable(error: SecretError) -> String {
    marked('?', error as usize)
}

fn marked(mark: char, place: usize) -> String {
    let mut text = String::new();
    text.push(mark);
    text.push(char::from(b'a'.wrapping_add(place as u8)));
    text
}

/// What a webhook is signed with by a scheme: the texts are the scheme, its header, the secret, the message's id
/// and the timestamp. Gives the code's 32 bytes; or as [`unusable`].
#[wasm_bindgen(js_name = webhookCode)]
pub fn webhook_code(texts: &str, body: &[u8]) -> Vec<u8> {
    let mut texts = split(texts);
    let code = party(&mut texts).and_then(|(scheme, secret)| {
        let (id, timestamp) = (next(&mut texts), next(&mut texts));
        scheme.code(&secret, id, timestamp, body).map_err(unusable)
    });
    match code {
        Ok(code) => code.to_vec(),
        Err(unusable) => unusable.into_bytes(),
    }
}

fn lines(parts: &[&str]) -> String {
    let mut lines = String::new();
    for part in parts {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(part);
    }
    lines
}
