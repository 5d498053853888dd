//! The upstream's own category, under whatever spelling it has.
#![forbid(unsafe_code)]

use super::category::Category;

/// Ids and labels are shorter than this, by far.
const LONGEST: usize = 64;

/// The category that `name` names by its id or by a label, in any capitalization and with any or no
/// separators: `request_for_evidence`, `Request for Evidence`, `requestForEvidence`.
pub(super) fn named(name: &str) -> Option<Category> {
    if name.len() > LONGEST {
        return None;
    }
    let spelled = |other: &str| same_letters(name.as_bytes(), other.as_bytes());
    Category::all()
        .find(|c| spelled(c.id()) || spelled(c.label_en()) || spelled(c.label_es()))
        .filter(|&category| category != Category::Unknown)
}

/// Whether two names have the same letters and digits. Bytes beyond ASCII are compared as they are.
fn same_letters(mut one: &[u8], mut other: &[u8]) -> bool {
    loop {
        match (letter(&mut one), letter(&mut other)) {
            (None, None) => return true,
            (a, b) if a != b => return false,
            _ => {}
        }
    }
}

/// Takes the next letter or digit.
fn letter(name: &mut &[u8]) -> Option<u8> {
    while let Some((&byte, rest)) = name.split_first() {
        *name = rest;
        if byte.is_ascii_alphanumeric() || byte >= 0x80 {
            return Some(byte.to_ascii_lowercase());
        }
    }
    None
}
