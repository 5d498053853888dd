//! From a status text to what it means.
//!
//! In this order: a known title; a known title that opens a longer text; what the words of the title
//! mean; what the first sentence of the description means; the upstream's own category; `unknown`.
#![forbid(unsafe_code)]

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::category::{Category, Outcome, TAXONOMY};
use super::facts::{self, Date, FormNumber};
use super::grammar::{self, Finding, Token};
use super::lexicon::*;
use super::read::{Reading, Room};
use super::rules::Rule;
use super::text::Gap;
use super::titles;
use super::upstream;

/// What told the category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// A known title.
    Title,
    /// The words of a title that is not known.
    Pattern,
    /// The first sentence of a description.
    Description,
    /// The upstream's own `status_category`.
    Upstream,
    /// Nothing: the category is `unknown`.
    None,
}

impl MatchedBy {
    /// As it stands in `normalized.matched_by`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Pattern => "pattern",
            Self::Description => "description",
            Self::Upstream => "upstream",
            Self::None => "none",
        }
    }
}

/// What a status text means: the object under `normalized`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Normalized {
    /// The category; `unknown` where it cannot be told.
    pub category: Category,
    /// What told it.
    pub matched_by: MatchedBy,
    /// The form that the text names first.
    pub form: Option<FormNumber>,
    /// When the event happened, where the text says it.
    pub event_date: Option<Date>,
    /// By when the applicant has to answer, where the text says it.
    pub respond_by: Option<Date>,
}

#[derive(Serialize)]
struct Labels {
    en: &'static str,
    es: &'static str,
}

impl Serialize for Normalized {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let category = self.category;
        let labels = Labels {
            en: category.label_en(),
            es: category.label_es(),
        };
        let told = [
            self.form.is_some(),
            self.event_date.is_some(),
            self.respond_by.is_some(),
        ];
        let fields = told.iter().filter(|told| **told).count().saturating_add(8);
        let mut object = serializer.serialize_struct("Normalized", fields)?;
        object.serialize_field("category", category.id())?;
        object.serialize_field("labels", &labels)?;
        object.serialize_field("stage", category.stage().id())?;
        object.serialize_field("outcome", category.outcome().id())?;
        object.serialize_field("action_required", &category.action_required())?;
        object.serialize_field("final", &category.is_final())?;
        object.serialize_field("matched_by", self.matched_by.id())?;
        object.serialize_field("taxonomy", TAXONOMY)?;
        if let Some(form) = &self.form {
            object.serialize_field("form", form.as_str())?;
        }
        if let Some(date) = &self.event_date {
            object.serialize_field("event_date", date)?;
        }
        if let Some(date) = &self.respond_by {
            object.serialize_field("respond_by", date)?;
        }
        object.end()
    }
}

/// What `status_text` means, with the upstream's own `status_category` for a hint.
///
/// The text may be a title, a description, or both run together, in English or in Spanish, with the
/// noise of the web on it. `unknown` is never guessed away; the hint is asked only where the text does
/// not tell. Any text is taken; nothing fails and nothing is allocated; only the first 4 KiB count.
///
/// ```
/// use torch_edge::status::normalize;
///
/// let told = normalize("We Did Not Approve Your Petition", None);
/// assert_eq!(told.category.id(), "denied");
/// assert_eq!(told.matched_by.id(), "pattern");
/// assert_eq!(normalize("Sorry, you have been blocked", None).category.id(), "unknown");
/// assert_eq!(normalize("…", Some("RFE")).category.id(), "request_for_evidence");
/// ```
pub fn normalize(status_text: &str, status_category: Option<&str>) -> Normalized {
    let category = status_category.map(str::as_bytes);
    of_bytes(status_text.as_bytes(), category, &mut Room::new())
}

/// The same of texts in UTF-8 as they lie in memory: what is not well-formed in them means nothing.
#[inline]
pub(crate) fn of_bytes(
    status_text: &[u8],
    status_category: Option<&[u8]>,
    room: &mut Room,
) -> Normalized {
    let (mut category, mut matched_by, _) = decide(status_text, true, room);
    if category == Category::Unknown {
        matched_by = MatchedBy::None;
        let named = status_category.map(|name| {
            // An id or a label of ours; else whatever it is means as a title would: "RFE", "pending".
            upstream::named(name).unwrap_or_else(|| decide(name, true, room).0)
        });
        if let Some(named) = named.filter(|&named| named != Category::Unknown) {
            (category, matched_by) = (named, MatchedBy::Upstream);
        }
    }
    let facts = facts::told(status_text);
    Normalized {
        category,
        matched_by,
        form: facts.form,
        event_date: facts.event_date,
        respond_by: facts.respond_by,
    }
}

/// What the words of `status_text` mean by the grammar alone, as if no title were known.
///
/// This is what a text that nobody has seen gets; the accuracy of [`normalize`] on the titles of next
/// week is measured with it.
pub fn by_words(status_text: &str) -> Category {
    decide(status_text.as_bytes(), false, &mut Room::new()).0
}

/// What decided; the rule only where the grammar did.
pub(super) type Decision = (Category, MatchedBy, Option<Rule>);

const UNTOLD: Decision = (Category::Unknown, MatchedBy::None, None);

/// The category of a text, with the known titles or without.
pub(super) fn decide(text: &[u8], known: bool, room: &mut Room) -> Decision {
    let mut reading = Reading::of(text, room);
    let Some((from, to)) = reading.first_unit() else {
        return UNTOLD;
    };
    let title = if known {
        open(&mut reading, from, to)
    } else {
        None
    };
    if let Some((category, _)) = title
        && category != Category::DecisionIssued
    {
        return (category, MatchedBy::Title, None);
    }
    let ended = reading.ended_by();
    let tokens = reading.tokens(from, to);
    if let Some((category, words)) = title {
        let behind = match tokens.get(words..) {
            Some(rest) if !rest.is_empty() => grammar::read(rest),
            _ => reading.next_unit().and_then(grammar::read),
        };
        return match behind {
            Some((outcome, rule)) if rule == Rule::Outcome => {
                (outcome, MatchedBy::Description, Some(rule))
            }
            _ => (category, MatchedBy::Title, None),
        };
    }
    // A description that runs on from its title begins with a date; a sentence that begins so is none.
    let dated = |&at: &usize| {
        let opening = tokens.get(at).map(|token| token.sym);
        matches!(opening, Some(ON | AS)) && opens_description(tokens, at)
    };
    let titles = if opens_description(tokens, 0) {
        0
    } else {
        tokens.len()
    };
    let parts = (1..titles)
        .filter(&dated)
        .filter_map(|at| tokens.split_at_checked(at))
        .find(|(title, _)| grammar::read(title).is_some());
    let (first, second) = parts.unwrap_or((tokens, &[]));
    let is_title = parts.is_some() || ended == Some(Gap::Hard);
    let sentence = dated(&0) || (ended == Some(Gap::Stop) && parts.is_none());
    let by = match sentence {
        true => MatchedBy::Description,
        false => MatchedBy::Pattern,
    };
    let found = grammar::read(first);
    let behind = grammar::read(second);
    weigh(found, by, is_title, || {
        behind.or_else(|| reading.next_unit().and_then(further))
    })
}

/// The second unit, where it states something.
fn further(tokens: &[Token]) -> Option<Finding> {
    let promise = tokens
        .iter()
        .find(|token| token.sym == WILL || is_event(token.sym))
        .is_some_and(|token| token.sym == WILL);
    if promise { None } else { grammar::read(tokens) }
}

/// The title or first sentence, against what stands behind it.
fn weigh(
    found: Option<Finding>,
    by: MatchedBy,
    is_title: bool,
    behind: impl FnOnce() -> Option<Finding>,
) -> Decision {
    use Category as C;
    let told = |(category, rule): Finding, by| match category {
        C::Unknown => (category, MatchedBy::None, Some(rule)),
        _ => (category, by, Some(rule)),
    };
    let Some((first, rule)) = found else {
        return behind().map_or(UNTOLD, |second| told(second, MatchedBy::Description));
    };
    let weak = matches!(
        first,
        C::DecisionIssued | C::NoticeMailed | C::RecordUpdated | C::UnderReview
    );
    let polar = first.outcome() != Outcome::None && rule == Rule::Outcome;
    if first == C::Unknown || !(weak || (is_title && polar)) {
        return told((first, rule), by);
    }
    let Some((second, second_rule)) = behind() else {
        return told((first, rule), by);
    };
    let opposed = second_rule == Rule::Outcome
        && first.outcome() != Outcome::None
        && second.outcome() != Outcome::None
        && first.outcome() != second.outcome();
    if opposed {
        return (C::Unknown, MatchedBy::None, Some(Rule::Conflict));
    }
    let stronger = if is_title {
        weak && second_rule == Rule::Outcome
    } else {
        first == C::UnderReview
            && matches!(
                second,
                C::NoticeOfIntent | C::IntentToDeny | C::IntentToRevoke | C::AppointmentMissed
            )
    };
    if stronger {
        told((second, second_rule), MatchedBy::Description)
    } else {
        told((first, rule), by)
    }
}

/// The known title that the first unit is, or opens with, and how many words it has.
fn open(reading: &mut Reading<'_>, from: usize, to: usize) -> Option<(Category, usize)> {
    let whole = to.saturating_sub(from);
    if let Some(category) = titles::exact(reading.heads(from, to)) {
        return Some((category, whole));
    }
    let (heads, tokens) = reading.marked(from, to);
    // "On May 23, 2018, we …": no title begins so.
    if matches!(tokens.first(), Some(Token { sym: ON | AS, .. })) && opens_description(tokens, 0) {
        return None;
    }
    titles::longest(heads, |at| match tokens.get(at) {
        None => false,
        Some(token) => matches!(token.gap, Gap::Colon | Gap::Line) || opens_description(tokens, at),
    })
}

/// Whether a description begins at `at`: "On May 23, 2018, we …", "We …", "Your …", "If you move …".
fn opens_description(tokens: &[Token], at: usize) -> bool {
    let mut rest = tokens.iter().skip(at).map(|token| token.sym);
    match rest.next() {
        Some(WE | ARTICLE | IF) => true,
        Some(ON | AS) => {
            let mut dated = false;
            let behind = rest.find(|&sym| {
                dated |= matches!(sym, MONTH | MAY | DIGITS);
                !matches!(sym, MONTH | MAY | DIGITS | OF)
            });
            // "Approved on March 3 but later revoked" goes on being a title.
            dated
                && !behind
                    .is_some_and(|sym| is_event(sym) || matches!(sym, BUT | AND | OR | BE | NOT))
        }
        _ => false,
    }
}
