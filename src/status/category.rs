//! The taxonomy: what a status can mean.
//!
//! One row a category. The ids are stable for ever; labels may be improved. The table is held to
//! `tests/vectors/corpus/taxonomy.tsv` by a test, and the definition in each variant's documentation
//! decides every doubtful case.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the taxonomy, in `normalized.taxonomy` and in every cache entry.
pub const TAXONOMY: &str = "2026-11";

/// Where in its life a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// `intake`
    Intake,
    /// `review`
    Review,
    /// `biometrics`
    Biometrics,
    /// `evidence`
    Evidence,
    /// `interview`
    Interview,
    /// `decision`
    Decision,
    /// `closed`
    Closed,
    /// `delivery`
    Delivery,
    /// `appeal`
    Appeal,
    /// `unknown`
    Unknown,
}

impl Stage {
    /// The stable id, as it stands in `normalized.stage`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Review => "review",
            Self::Biometrics => "biometrics",
            Self::Evidence => "evidence",
            Self::Interview => "interview",
            Self::Decision => "decision",
            Self::Closed => "closed",
            Self::Delivery => "delivery",
            Self::Appeal => "appeal",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether the status is good or bad news for the applicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Neither.
    None,
    /// The benefit, or a step of it, was granted.
    Favorable,
    /// The benefit, or a step of it, was refused or is in danger.
    Adverse,
}

impl Outcome {
    /// The stable id, as it stands in `normalized.outcome`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Favorable => "favorable",
            Self::Adverse => "adverse",
        }
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// USCIS or a lockbox accepted the filing; a receipt exists. Includes receipt notices sent or e-mailed, a fee waived on receipt and a fingerprint fee received.
    Received,
    /// The filing (or an attached form) was refused at intake and not accepted for processing. Not a denial.
    Rejected,
    /// A fee was not accepted, bounced or is in question, and the filing is not (yet) rejected for it.
    PaymentIssue,
    /// A fee will be or was refunded. Says nothing of the case's outcome.
    FeeRefunded,
    /// Premium processing was requested, or its pre-certification decided.
    PremiumProcessing,
    /// A biometrics or fingerprint appointment was scheduled or rescheduled, or its notice mailed.
    BiometricsScheduled,
    /// Fingerprints were taken, reused or their review completed.
    BiometricsCompleted,
    /// Nobody appeared for an in-person appointment or interview.
    AppointmentMissed,
    /// A request to move an appointment was received.
    RescheduleRequested,
    /// The case is pending and being worked on: active review, currently processing, no longer on hold, visa bulletin current, with CDC for opinion, or returned to USCIS for review by another agency.
    UnderReview,
    /// Processing is paused: hold, litigation, abeyance, visa bulletin not current.
    OnHold,
    /// A request to expedite was received, or more information about it was.
    ExpediteRequested,
    /// The request to expedite was granted. Not an approval of the case.
    ExpediteApproved,
    /// The request to expedite was refused. Not a denial of the case.
    ExpediteDenied,
    /// A name, date of birth, address or other record was corrected; or the case was updated without saying how.
    RecordUpdated,
    /// USCIS received a letter, document, card or signature card from the applicant other than an answer to a request or notice.
    CorrespondenceReceived,
    /// The case moved to, or arrived at, another USCIS office.
    Transferred,
    /// USCIS asked for initial or additional evidence (RFE).
    RequestForEvidence,
    /// USCIS received the answer to a request for evidence or to a notice of intent.
    ResponseReceived,
    /// A request for evidence was withdrawn by USCIS.
    RequestCancelled,
    /// A notice explains an action USCIS intends to take and asks for an answer, without naming the action in the title.
    NoticeOfIntent,
    /// Notice of intent to deny (NOID).
    IntentToDeny,
    /// Notice of intent to revoke, rescind or terminate something already granted (NOIR, NOIT).
    IntentToRevoke,
    /// The case is ready to be, or was moved in order to be, scheduled for an interview.
    InterviewReady,
    /// An interview was scheduled or rescheduled.
    InterviewScheduled,
    /// An interview was cancelled.
    InterviewCancelled,
    /// The interview took place; the case must still be reviewed.
    InterviewCompleted,
    /// The benefit sought was granted, or its approval reaffirmed. Documents may still follow.
    Approved,
    /// The benefit was refused after acceptance, also for abandonment; or a denial was upheld on certification or by a court.
    Denied,
    /// A decision was made or mailed and the title does not say which.
    DecisionIssued,
    /// USCIS received the request to withdraw the case.
    WithdrawalRequested,
    /// The withdrawal of the case was acknowledged.
    Withdrawn,
    /// An approval was revoked, rescinded or reversed.
    Revoked,
    /// The case, or a status or benefit granted before, was terminated.
    Terminated,
    /// The case was closed without a decision on the merits: administratively, or the benefit came another way.
    Closed,
    /// A decided case was reopened or is being reconsidered.
    Reopened,
    /// A card, permit or travel document is ordered, in production, must be reproduced, or was produced.
    DocumentProduced,
    /// A card or document was mailed to the applicant, a local office or a representative.
    DocumentMailed,
    /// The carrier picked the card or document up.
    DocumentInTransit,
    /// The card or document reached the applicant.
    DocumentDelivered,
    /// A card or document came back, is coming back, is being held, or did not arrive.
    DocumentReturned,
    /// A card or document was destroyed.
    DocumentDestroyed,
    /// A certificate of naturalization or citizenship, or its replacement, was issued.
    CertificateIssued,
    /// An oath ceremony was scheduled or rescheduled, or its notice mailed.
    OathScheduled,
    /// Some other notice was mailed: amended, duplicate, eligibility, continuation, litigation or unspecified.
    NoticeMailed,
    /// A notice could not be delivered.
    NoticeReturned,
    /// An appeal or motion was filed, sent to an appellate body, certified to it or remanded by it.
    AppealPending,
    /// The appeal or motion succeeded.
    AppealSustained,
    /// The appeal or motion was dismissed, terminated or withdrawn.
    AppealDismissed,
    /// The case went to the Department of State, the National Visa Center, a consulate or an international office.
    SentToState,
    /// The case was sent to the Executive Office for Immigration Review, or a notice to appear was issued.
    Referred,
    /// The text is not a status, or none of the categories can be told from it. Never guessed.
    Unknown,
}

/// A row of the taxonomy.
#[derive(Clone, Copy)]
struct Row {
    category: Category,
    id: &'static str,
    en: &'static str,
    es: &'static str,
    stage: Stage,
    outcome: Outcome,
    action_required: bool,
    is_final: bool,
}

impl Category {
    /// Every category, in the order of the taxonomy.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        ALL.iter().copied()
    }

    /// The id and the labels of the category at a place of the taxonomy.
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time only, where a panic is a build error"
    )]
    pub(super) const fn names(at: usize) -> [&'static str; 3] {
        let Row { id, en, es, .. } = TABLE[at];
        [id, en, es]
    }

    fn row(self) -> &'static Row {
        // The table stands in the order of the variants (a test holds it there); the last row is `unknown`.
        TABLE.get(self as usize).unwrap_or(&UNKNOWN)
    }

    /// The stable id, as it stands in `normalized.category`.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The English label.
    pub fn label_en(self) -> &'static str {
        self.row().en
    }

    /// The Spanish label.
    pub fn label_es(self) -> &'static str {
        self.row().es
    }

    /// Where in its life the case stands.
    pub fn stage(self) -> Stage {
        self.row().stage
    }

    /// Good news, bad news, or neither.
    pub fn outcome(self) -> Outcome {
        OUTCOMES
            .get(self as usize)
            .copied()
            .unwrap_or(Outcome::None)
    }

    /// Whether the applicant has to do something.
    pub fn action_required(self) -> bool {
        self.row().action_required
    }

    /// Whether nothing more is expected to happen.
    pub fn is_final(self) -> bool {
        self.row().is_final
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Category {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// Takes the ids of this version only; [`CategoryId`] takes every id.
impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = <Cow<'de, str>>::deserialize(deserializer)?;
        id.parse().map_err(D::Error::custom)
    }
}

/// The id of a category, of this version of the taxonomy or of a newer one.
///
/// An id that this version does not know survives a round trip, so that an old reader can pass on what
/// a newer writer stored.
///
/// ```
/// use torch_edge::status::{Category, CategoryId};
///
/// let newer: CategoryId = serde_json::from_str("\"queued_for_launch\"")?;
/// assert_eq!(newer.known(), Category::Unknown);
/// assert_eq!(serde_json::to_string(&newer)?, "\"queued_for_launch\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CategoryId(Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr {
    Known(Category),
    Newer(Box<str>),
}

impl CategoryId {
    /// The id itself.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(category) => category.id(),
            Repr::Newer(id) => id,
        }
    }

    /// The category; `unknown` for an id of a newer version.
    pub fn known(&self) -> Category {
        match self.0 {
            Repr::Known(category) => category,
            Repr::Newer(_) => Category::Unknown,
        }
    }
}

impl From<Category> for CategoryId {
    fn from(category: Category) -> Self {
        Self(Repr::Known(category))
    }
}

impl From<&str> for CategoryId {
    fn from(id: &str) -> Self {
        Self(match id.parse() {
            Ok(category) => Repr::Known(category),
            Err(UnknownCategory) => Repr::Newer(id.into()),
        })
    }
}

impl fmt::Display for CategoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CategoryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CategoryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = <Cow<'de, str>>::deserialize(deserializer)?;
        Ok(Self::from(&*id))
    }
}

/// The text is the id of no category of this version of the taxonomy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCategory;

impl fmt::Display for UnknownCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not the id of a category of taxonomy {TAXONOMY}")
    }
}

impl std::error::Error for UnknownCategory {}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(id: &str) -> Result<Self, UnknownCategory> {
        TABLE
            .iter()
            .find(|row| row.id == id)
            .map(|row| row.category)
            .ok_or(UnknownCategory)
    }
}

/// How many categories there are.
pub(super) const CATEGORIES: usize = 52;

/// Two columns of the table for themselves: where no more than these are asked for, as in a browser, its words
/// need not be there.
static ALL: [Category; CATEGORIES] = all();
static OUTCOMES: [Outcome; CATEGORIES] = outcomes();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn all() -> [Category; CATEGORIES] {
    let mut all = [Category::Unknown; CATEGORIES];
    let mut at = 0;
    while at < CATEGORIES {
        all[at] = TABLE[at].category;
        at += 1;
    }
    all
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn outcomes() -> [Outcome; CATEGORIES] {
    let mut outcomes = [Outcome::None; CATEGORIES];
    let mut at = 0;
    while at < CATEGORIES {
        outcomes[at] = TABLE[at].outcome;
        at += 1;
    }
    outcomes
}

const fn row(
    category: Category,
    id: &'static str,
    (en, es): (&'static str, &'static str),
    stage: Stage,
    outcome: Outcome,
    action_required: bool,
    is_final: bool,
) -> Row {
    Row {
        category,
        id,
        en,
        es,
        stage,
        outcome,
        action_required,
        is_final,
    }
}

const UNKNOWN: Row = row(
    Category::Unknown,
    "unknown",
    ("Unknown", "Desconocido"),
    Stage::Unknown,
    Outcome::None,
    false,
    false,
);

#[rustfmt::skip]
const TABLE: [Row; CATEGORIES] = [
    row(Category::Received, "received", ("Case Received", "Caso recibido"), Stage::Intake, Outcome::None, false, false),
    row(Category::Rejected, "rejected", ("Rejected", "Rechazado"), Stage::Intake, Outcome::Adverse, true, true),
    row(Category::PaymentIssue, "payment_issue", ("Payment Issue", "Problema con el pago"), Stage::Intake, Outcome::None, true, false),
    row(Category::FeeRefunded, "fee_refunded", ("Fee Refunded", "Tarifa reembolsada"), Stage::Review, Outcome::None, false, false),
    row(Category::PremiumProcessing, "premium_processing", ("Premium Processing", "Procesamiento prioritario"), Stage::Review, Outcome::None, false, false),
    row(Category::BiometricsScheduled, "biometrics_scheduled", ("Biometrics Scheduled", "Biometría programada"), Stage::Biometrics, Outcome::None, true, false),
    row(Category::BiometricsCompleted, "biometrics_completed", ("Biometrics Completed", "Biometría completada"), Stage::Biometrics, Outcome::None, false, false),
    row(Category::AppointmentMissed, "appointment_missed", ("Appointment Missed", "Cita perdida"), Stage::Biometrics, Outcome::None, true, false),
    row(Category::RescheduleRequested, "reschedule_requested", ("Reschedule Requested", "Reprogramación solicitada"), Stage::Biometrics, Outcome::None, false, false),
    row(Category::UnderReview, "under_review", ("Under Review", "En revisión"), Stage::Review, Outcome::None, false, false),
    row(Category::OnHold, "on_hold", ("On Hold", "En espera"), Stage::Review, Outcome::None, false, false),
    row(Category::ExpediteRequested, "expedite_requested", ("Expedite Requested", "Trámite acelerado solicitado"), Stage::Review, Outcome::None, false, false),
    row(Category::ExpediteApproved, "expedite_approved", ("Expedite Approved", "Trámite acelerado aprobado"), Stage::Review, Outcome::None, false, false),
    row(Category::ExpediteDenied, "expedite_denied", ("Expedite Denied", "Trámite acelerado denegado"), Stage::Review, Outcome::None, false, false),
    row(Category::RecordUpdated, "record_updated", ("Record Updated", "Registro actualizado"), Stage::Review, Outcome::None, false, false),
    row(Category::CorrespondenceReceived, "correspondence_received", ("Correspondence Received", "Correspondencia recibida"), Stage::Review, Outcome::None, false, false),
    row(Category::Transferred, "transferred", ("Transferred", "Transferido"), Stage::Review, Outcome::None, false, false),
    row(Category::RequestForEvidence, "request_for_evidence", ("Request for Evidence", "Solicitud de evidencia"), Stage::Evidence, Outcome::None, true, false),
    row(Category::ResponseReceived, "response_received", ("Response Received", "Respuesta recibida"), Stage::Evidence, Outcome::None, false, false),
    row(Category::RequestCancelled, "request_cancelled", ("Request Cancelled", "Solicitud cancelada"), Stage::Evidence, Outcome::None, false, false),
    row(Category::NoticeOfIntent, "notice_of_intent", ("Notice of Intent", "Aviso de intención"), Stage::Evidence, Outcome::Adverse, true, false),
    row(Category::IntentToDeny, "intent_to_deny", ("Intent to Deny", "Intención de denegar"), Stage::Evidence, Outcome::Adverse, true, false),
    row(Category::IntentToRevoke, "intent_to_revoke", ("Intent to Revoke", "Intención de revocar"), Stage::Evidence, Outcome::Adverse, true, false),
    row(Category::InterviewReady, "interview_ready", ("Ready for Interview", "Listo para entrevista"), Stage::Interview, Outcome::None, false, false),
    row(Category::InterviewScheduled, "interview_scheduled", ("Interview Scheduled", "Entrevista programada"), Stage::Interview, Outcome::None, true, false),
    row(Category::InterviewCancelled, "interview_cancelled", ("Interview Cancelled", "Entrevista cancelada"), Stage::Interview, Outcome::None, false, false),
    row(Category::InterviewCompleted, "interview_completed", ("Interview Completed", "Entrevista completada"), Stage::Interview, Outcome::None, false, false),
    row(Category::Approved, "approved", ("Approved", "Aprobado"), Stage::Decision, Outcome::Favorable, false, false),
    row(Category::Denied, "denied", ("Denied", "Denegado"), Stage::Decision, Outcome::Adverse, false, true),
    row(Category::DecisionIssued, "decision_issued", ("Decision Issued", "Decisión emitida"), Stage::Decision, Outcome::None, false, false),
    row(Category::WithdrawalRequested, "withdrawal_requested", ("Withdrawal Requested", "Retiro solicitado"), Stage::Decision, Outcome::None, false, false),
    row(Category::Withdrawn, "withdrawn", ("Withdrawn", "Retirado"), Stage::Closed, Outcome::None, false, true),
    row(Category::Revoked, "revoked", ("Revoked", "Revocado"), Stage::Decision, Outcome::Adverse, false, true),
    row(Category::Terminated, "terminated", ("Terminated", "Terminado"), Stage::Closed, Outcome::Adverse, false, true),
    row(Category::Closed, "closed", ("Closed", "Cerrado"), Stage::Closed, Outcome::None, false, true),
    row(Category::Reopened, "reopened", ("Reopened", "Reabierto"), Stage::Review, Outcome::None, false, false),
    row(Category::DocumentProduced, "document_produced", ("Document Being Produced", "Documento en producción"), Stage::Delivery, Outcome::Favorable, false, false),
    row(Category::DocumentMailed, "document_mailed", ("Document Mailed", "Documento enviado"), Stage::Delivery, Outcome::Favorable, false, false),
    row(Category::DocumentInTransit, "document_in_transit", ("Document In Transit", "Documento en camino"), Stage::Delivery, Outcome::Favorable, false, false),
    row(Category::DocumentDelivered, "document_delivered", ("Document Delivered", "Documento entregado"), Stage::Delivery, Outcome::Favorable, false, true),
    row(Category::DocumentReturned, "document_returned", ("Document Returned", "Documento devuelto"), Stage::Delivery, Outcome::None, true, false),
    row(Category::DocumentDestroyed, "document_destroyed", ("Document Destroyed", "Documento destruido"), Stage::Delivery, Outcome::None, true, true),
    row(Category::CertificateIssued, "certificate_issued", ("Certificate Issued", "Certificado emitido"), Stage::Delivery, Outcome::Favorable, false, true),
    row(Category::OathScheduled, "oath_scheduled", ("Oath Scheduled", "Juramentación programada"), Stage::Decision, Outcome::Favorable, true, false),
    row(Category::NoticeMailed, "notice_mailed", ("Notice Mailed", "Aviso enviado"), Stage::Review, Outcome::None, false, false),
    row(Category::NoticeReturned, "notice_returned", ("Notice Returned", "Aviso devuelto"), Stage::Review, Outcome::None, true, false),
    row(Category::AppealPending, "appeal_pending", ("Appeal Pending", "Apelación pendiente"), Stage::Appeal, Outcome::None, false, false),
    row(Category::AppealSustained, "appeal_sustained", ("Appeal Sustained", "Apelación aprobada"), Stage::Appeal, Outcome::Favorable, false, false),
    row(Category::AppealDismissed, "appeal_dismissed", ("Appeal Dismissed", "Apelación desestimada"), Stage::Appeal, Outcome::Adverse, false, true),
    row(Category::SentToState, "sent_to_state", ("Sent to Department of State", "Enviado al Departamento de Estado"), Stage::Delivery, Outcome::Favorable, false, false),
    row(Category::Referred, "referred", ("Referred to Immigration Court", "Remitido al tribunal de inmigración"), Stage::Appeal, Outcome::Adverse, false, false),
    UNKNOWN,
];

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = include_str!("../../tests/vectors/corpus/taxonomy.tsv");

    #[test]
    fn ok_the_table_is_the_taxonomy() {
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        let ours: Vec<String> = Category::all()
            .map(|c| {
                [
                    c.id(),
                    c.label_en(),
                    c.label_es(),
                    c.stage().id(),
                    c.outcome().id(),
                    yes(c.action_required()),
                    yes(c.is_final()),
                ]
                .join("\t")
            })
            .collect();
        let theirs: Vec<String> = TSV
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('\t').take(7).collect::<Vec<_>>().join("\t"))
            .collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn ok_each_variant_finds_its_own_row_and_its_id_parses_back() {
        for category in Category::all() {
            assert_eq!(category.row().category, category);
            assert_eq!(category.id().parse(), Ok(category));
        }
        assert_eq!("no_such_category".parse::<Category>(), Err(UnknownCategory));
    }
}
