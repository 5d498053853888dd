//! Why a text got its category.
#![forbid(unsafe_code)]

use std::fmt;

use super::category::Category;
use super::lexicon::{DIGITS, ONLY, UNLISTED, symbol};
use super::normalize::{MatchedBy, decide};
use super::read::Room;
use super::text::{Gap, Words};

/// Why a text got its category: the rule, and the words that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The category.
    pub category: Category,
    /// What told it; never [`MatchedBy::Upstream`], since only the text is asked.
    pub matched_by: MatchedBy,
    /// The name of the rule, such as `known title`, `expedite request` or `outcome of the case`.
    pub rule: &'static str,
    /// The words of the deciding sentence that mean something to the rule, as they stand in the text.
    pub words: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.words.join(" "))
    }
}

/// Why `status_text` gets the category that [`normalize`](super::normalize()) gives it.
///
/// ```
/// use torch_edge::status::explain;
///
/// let why = explain("Your Expedite Request Was Not Approved");
/// assert_eq!(why.category.id(), "expedite_denied");
/// assert_eq!(why.to_string(), "expedite request: Expedite Request Not Approved");
/// ```
pub fn explain(status_text: &str) -> Explanation {
    let mut words = Vec::new();
    let (category, matched_by, rule) =
        explain_to(status_text, &mut |word| words.push(word.to_owned()));
    Explanation {
        category,
        matched_by,
        rule: RULES.get(rule).copied().unwrap_or_default(),
        words,
    }
}

/// The same, with the rule's place in [`RULES`] and the words one after another.
pub(crate) fn explain_to(
    status_text: &str,
    each: &mut dyn FnMut(&str),
) -> (Category, MatchedBy, usize) {
    let (category, matched_by, rule) = decide(status_text.as_bytes(), true, &mut Room::new());
    let words = Words::of(status_text.as_bytes());
    let title = matched_by == MatchedBy::Title;
    // The deciding unit is the first, unless the title was silent and the description told.
    let skip_title = matched_by == MatchedBy::Description
        && words
            .clone()
            .skip(1)
            .find(|word| word.head.gap >= Gap::Stop)
            .is_some_and(|word| word.head.gap == Gap::Hard);
    let mut units = 0u8;
    for (at, word) in words.enumerate() {
        // A tag before the first word ends nothing.
        if at > 0 && word.head.gap >= Gap::Stop {
            units = units.saturating_add(1);
        }
        let sym = symbol(word.head.key);
        let means =
            title || !(word.head.digits || matches!(sym, UNLISTED | DIGITS | ONLY) || small(sym));
        if units == u8::from(skip_title) && means {
            // Where it stands in the text: a slice of that needs no check for UTF-8.
            let at = word
                .raw
                .as_ptr()
                .addr()
                .wrapping_sub(status_text.as_ptr().addr());
            let raw = status_text.get(at..at.wrapping_add(word.raw.len()));
            each(raw.unwrap_or_default());
        }
    }
    let rule = match (matched_by, rule) {
        (MatchedBy::Title, _) => 0,
        (_, Some(rule)) => (rule as usize).saturating_add(2),
        (_, None) => 1,
    };
    (category, matched_by, rule)
}

/// Whether a link carries no weight in an explanation.
fn small(sym: u8) -> bool {
    use super::lexicon::{ARTICLE, AS, AT, BE, BY, FORM_LETTER, MONTH, OF, ON};
    matches!(
        sym,
        ARTICLE | AS | AT | BE | BY | FORM_LETTER | MONTH | OF | ON
    )
}

/// What the rules are called: first those that are no rule of the grammar, then these in their order.
pub(crate) const RULES: [&str; 30] = [
    "known title",
    "nothing told",
    "not a status",
    "outcomes that contradict each other",
    "missed appointment",
    "expedite request",
    "appeal or motion",
    "premium processing",
    "request for evidence",
    "notice of intent",
    "interview",
    "biometrics",
    "oath ceremony",
    "certificate",
    "immigration court",
    "department of state",
    "withdrawal",
    "rejection",
    "refund",
    "fee",
    "card or document",
    "notice",
    "outcome of the case",
    "record",
    "letter",
    "transfer",
    "hold",
    "decision",
    "receipt",
    "review",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_deciding_words_are_told_whatever_stands_around_them() {
        for (text, says) in [
            ("<p>Case Was Approved</p>", "known title: Case Was Approved"),
            ("  Case Was Approved.", "known title: Case Was Approved"),
            (
                "<b>My Petition Was Not Approved</b>",
                "outcome of the case: Petition Not Approved",
            ),
            ("", "nothing told: "),
        ] {
            assert_eq!(explain(text).to_string(), says, "{text}");
        }
    }
}
