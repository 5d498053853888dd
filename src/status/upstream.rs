//! The upstream's own category, under whatever spelling it has.
#![forbid(unsafe_code)]

use super::category::Category;

/// Other names that a category goes by, folded to letters and digits.
const ALIASES: [(&str, Category); 44] = [
    ("accepted", Category::Received),
    ("approval", Category::Approved),
    ("biometrics", Category::BiometricsScheduled),
    ("biometricsappointment", Category::BiometricsScheduled),
    ("biometricstaken", Category::BiometricsCompleted),
    ("cardbeingproduced", Category::DocumentProduced),
    ("cardinproduction", Category::DocumentProduced),
    ("cardproduced", Category::DocumentProduced),
    ("carddelivered", Category::DocumentDelivered),
    ("cardmailed", Category::DocumentMailed),
    ("caseapproved", Category::Approved),
    ("casedenied", Category::Denied),
    ("caserejected", Category::Rejected),
    ("casetransferred", Category::Transferred),
    ("decision", Category::DecisionIssued),
    ("decisionmade", Category::DecisionIssued),
    ("denial", Category::Denied),
    ("fingerprintstaken", Category::BiometricsCompleted),
    ("initialreview", Category::UnderReview),
    ("inprocess", Category::UnderReview),
    ("inreview", Category::UnderReview),
    ("interviewcanceled", Category::InterviewCancelled),
    ("mailed", Category::DocumentMailed),
    ("noid", Category::IntentToDeny),
    ("noir", Category::IntentToRevoke),
    ("noit", Category::IntentToRevoke),
    ("noticeofintenttodeny", Category::IntentToDeny),
    ("noticeofintenttorevoke", Category::IntentToRevoke),
    ("nta", Category::Referred),
    ("pending", Category::UnderReview),
    ("processing", Category::UnderReview),
    ("receipt", Category::Received),
    ("requestforadditionalevidence", Category::RequestForEvidence),
    ("requestforinitialevidence", Category::RequestForEvidence),
    ("review", Category::UnderReview),
    ("rfe", Category::RequestForEvidence),
    ("rfeissued", Category::RequestForEvidence),
    ("rferesponse", Category::ResponseReceived),
    ("rferesponsereceived", Category::ResponseReceived),
    ("rfesent", Category::RequestForEvidence),
    ("senttonvc", Category::SentToState),
    ("transfer", Category::Transferred),
    ("withdrawal", Category::Withdrawn),
    ("activereview", Category::UnderReview),
];

/// The category that `name` names: by its id or a label, in any capitalization and with any or no
/// separators, or by an alias.
pub(super) fn named(name: &str) -> Option<Category> {
    // Longer than any id or label, and then some.
    if name.len() > 64 {
        return None;
    }
    let spelled = |other: &str| letters(name).eq(letters(other));
    Category::all()
        .find(|c| spelled(c.id()) || spelled(c.label_en()) || spelled(c.label_es()))
        .or_else(|| {
            ALIASES
                .iter()
                .find(|(alias, _)| spelled(alias))
                .map(|&(_, c)| c)
        })
        .filter(|&category| category != Category::Unknown)
}

/// The letters and digits of a name, folded.
fn letters(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter_map(|c| match c {
        'a'..='z' | '0'..='9' => Some(c),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        'á' | 'Á' => Some('a'),
        'é' | 'É' => Some('e'),
        'í' | 'Í' => Some('i'),
        'ó' | 'Ó' => Some('o'),
        'ú' | 'Ú' => Some('u'),
        'ñ' | 'Ñ' => Some('n'),
        _ => None,
    })
}
