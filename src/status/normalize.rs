//! From a status text to what it means.
#![forbid(unsafe_code)]

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::category::{Category, TAXONOMY};

/// What told the category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// A known title.
    Title,
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
            Self::Upstream => "upstream",
            Self::None => "none",
        }
    }
}

/// What a status text means: the object under `normalized`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalized {
    /// The category; `unknown` where it cannot be told.
    pub category: Category,
    /// What told it.
    pub matched_by: MatchedBy,
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
        let mut object = serializer.serialize_struct("Normalized", 8)?;
        object.serialize_field("category", category.id())?;
        object.serialize_field("labels", &labels)?;
        object.serialize_field("stage", category.stage().id())?;
        object.serialize_field("outcome", category.outcome().id())?;
        object.serialize_field("action_required", &category.action_required())?;
        object.serialize_field("final", &category.is_final())?;
        object.serialize_field("matched_by", self.matched_by.id())?;
        object.serialize_field("taxonomy", TAXONOMY)?;
        object.end()
    }
}

/// What `status_text` means, with the upstream's own `status_category` for a hint.
///
/// `unknown` is never guessed away. Any text is taken; nothing fails.
pub fn normalize(status_text: &str, status_category: Option<&str>) -> Normalized {
    let by_label = |text: &str| {
        let text = text.trim();
        Category::all().find(|category| category.label_en().eq_ignore_ascii_case(text))
    };
    let told = |category, matched_by| Normalized {
        category,
        matched_by,
    };
    if let Some(category) = by_title(status_text) {
        return told(category, MatchedBy::Title);
    }
    match status_category.and_then(by_label) {
        Some(category) if category != Category::Unknown => told(category, MatchedBy::Upstream),
        _ => told(Category::Unknown, MatchedBy::None),
    }
}

/// The titles that the quickstart of Torch's own documentation can be answered with.
fn by_title(text: &str) -> Option<Category> {
    let text = text.trim();
    [
        ("Case Was Received", Category::Received),
        (
            "Request for Additional Evidence Was Mailed",
            Category::RequestForEvidence,
        ),
        ("Case Was Approved", Category::Approved),
        ("Case Was Rejected", Category::Rejected),
    ]
    .into_iter()
    .find(|(title, _)| title.eq_ignore_ascii_case(text))
    .map(|(_, category)| category)
}
