//! The upstream's own category, under whatever spelling it has.
//!
//! Ids and labels are kept as hashes of their letters: in a browser the words themselves stand elsewhere.
#![forbid(unsafe_code)]

use super::category::{CATEGORIES, Category};

/// Ids and labels are shorter than this, by far.
const LONGEST: usize = 64;

/// Of each category the id and the labels, as [`spelled`].
static NAMES: [[u32; 3]; CATEGORIES] = names();

/// The category that `name` names by its id or by a label, in any capitalization and with any or no
/// separators: `request_for_evidence`, `Request for Evidence`, `requestForEvidence`.
pub(super) fn named(name: &[u8]) -> Option<Category> {
    if name.len() > LONGEST {
        return None;
    }
    let name = spelled(name);
    Category::all()
        .zip(&NAMES)
        .find(|(_, names)| names.contains(&name))
        .map(|(category, _)| category)
        .filter(|&category| category != Category::Unknown)
}

/// A hash of the letters and digits of a name, in lower case; bytes beyond ASCII count as they are. Of the four
/// thousand million that there are, 150 are taken.
const fn spelled(name: &[u8]) -> u32 {
    let mut rest = name;
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte.is_ascii_alphanumeric() || byte >= 0x80 {
            hash = (hash ^ byte.to_ascii_lowercase() as u64).wrapping_mul(0x0000_0100_0000_01B3);
        }
        rest = tail;
    }
    (hash ^ (hash >> 32)) as u32
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn names() -> [[u32; 3]; CATEGORIES] {
    let mut names = [[0; 3]; CATEGORIES];
    let mut at = 0;
    while at < CATEGORIES {
        let [id, en, es] = Category::names(at);
        names[at] = [
            spelled(id.as_bytes()),
            spelled(en.as_bytes()),
            spelled(es.as_bytes()),
        ];
        at += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_no_two_categories_share_a_hash() {
        for (at, names) in NAMES.iter().enumerate() {
            let others = NAMES.iter().skip(at.saturating_add(1));
            assert!(others.flatten().all(|other| !names.contains(other)), "{at}");
        }
    }
}
