//! The known titles, looked up by hash.
//!
//! Titles that stood in published USCIS data or that applications list, English and Spanish, each
//! under the category that the taxonomy's definitions give it. A table over their hashes is computed
//! when the crate is compiled, so that the binary holds no title. `tests/core/` holds this list to
//! `tests/vectors/`, where the provenance of every title stands.
#![forbid(unsafe_code)]

use super::category::Category;
use super::table::Taken;
use super::text::{Head, fold_into, key};

/// The known titles.
#[rustfmt::skip]
const TITLES: &[(Category, &[&str])] = &[
    (
        Category::Received,
        &[
            "Case Accepted By The USCIS Lockbox",
            "Case Was Received and A Receipt Notice Was Emailed",
            "Case Was Received and A Receipt Notice Was Sent",
            "Caso Fue Recibido",
            "Caso Recibido",
            "CNMI Semiannual Report Received",
            "Fees Were Waived",
            "Fees Were Waived and Case Was Received",
            "Filed Under Known Employer Pilot",
            "Fingerprint Fee Was Received",
            "Le Enviamos un Recibo por Correo Electrónico",
            "My Case Was Received",
            "Recibimos Su Caso",
            "Se Recibió La Tarifa De Huellas Digitales",
            "Se Recibió Su Caso",
        ],
    ),
    (
        Category::Rejected,
        &[
            "Case Rejected Because I Sent An Incorrect Fee",
            "Case Rejected Because The Version Of The Form I Sent Is No Longer Accepted",
            "Case Rejected For Form Not Signed And Incorrect Form Version",
            "Case Rejected For Incorrect Fee",
            "Case Rejected For Incorrect Fee And Form Not Signed",
            "Case Rejected For Incorrect Fee And Incorrect Form Version",
            "Case Rejected For Incorrect Fee And Payment Not Signed",
            "Case Rejected For Incorrect Fee, Payment Not Signed And Incorrect Form Version",
            "Case Was Rejected",
            "Case Was Rejected Because I Did Not Sign My Form",
            "case was rejected because i sent an incorrect fee",
            "Case Was Rejected Because It Was Improperly Filed",
            "Case Was Rejected Because My Check Or Money Order Is Not Signed",
            "CNMI Semiannual Report Rejected",
            "Form G-28 Was Rejected Because It Was Improperly Filed",
            "Petition/Application Was Rejected For Insufficient Funds",
            "Rejected-Improperly Filed",
            "Rejected-Incorrect Fee",
            "Rejected-Insufficient Funds",
            "Rejected-No Signature",
            "Rejected-Old Version",
            "Request Was Rejected",
        ],
    ),
    (
        Category::PaymentIssue,
        &[
            "Case Was Suspended Because My Fee Was Returned by My Bank",
            "Issue with Payment",
            "Resubmitted Fee Was Not Accepted",
        ],
    ),
    (
        Category::FeeRefunded,
        &[
            "Fee Refund Was Mailed",
            "Fee Will Be Refunded",
            "Premium Processing Fee Will Be Refunded",
        ],
    ),
    (
        Category::PremiumProcessing,
        &[
            "Premium Processing Case is Eligible for Pre-Certification",
            "Premium Processing Case is Not Eligible for Pre-Certification",
            "Request For Premium Processing Services Was Received",
        ],
    ),
    (
        Category::BiometricsScheduled,
        &[
            "Biometria programada",
            "Biometrics Appointment Was Scheduled",
            "fingerprint and biometrics appointment was rescheduled",
            "Fingerprint and Biometrics Appointment Was Scheduled",
            "Fingerprint Appointment Was Scheduled",
        ],
    ),
    (
        Category::BiometricsCompleted,
        &[
            "Fingerprint Review Was Completed",
            "Fingerprints Taken",
            "fingerprints were taken",
            "Huellas Tomadas",
            "My Case Was Updated To Show Fingerprints Were Taken",
        ],
    ),
    (
        Category::AppointmentMissed,
        &[
            "Case Was Updated To Show That No One Appeared for In-Person Processing",
            "Interview Was NoShow",
        ],
    ),
    (
        Category::RescheduleRequested,
        &[
            "Request To Reschedule My Appointment Was Received",
        ],
    ),
    (
        Category::UnderReview,
        &[
            "Case Is Being Actively Reviewed",
            "Case Is Being Actively Reviewed By USCIS",
            "Case Is No Longer On Hold Because Of Pending Litigation",
            "Case Is Pending at a Local Office",
            "Case Processing Has Resumed",
            "Case Remains Pending",
            "Case Was Returned To USCIS By The Executive Office of Immigration Review",
            "Caso Está Siendo Revisado Activamente Por USCIS",
            "Caso siendo revisado activamente por USCIS",
            "Department of State Sent Case to USCIS For Review",
            "En Revisión Activa",
            "Sent to CDC for Opinion",
            "USCIS Está Revisando Activamente El Caso",
            "USCIS Is currently Processing the Case",
        ],
    ),
    (
        Category::OnHold,
        &[
            "Case Is On Hold",
            "Case Is On Hold Because Of Pending Litigation",
            "Visa Bulletin Not Current Or Case Held In Abeyance",
        ],
    ),
    (
        Category::ExpediteRequested,
        &[
            "Expedite Request Received",
            "Request for Additional Information Received",
        ],
    ),
    (
        Category::ExpediteApproved,
        &[
            "Expedite Request Approved",
        ],
    ),
    (
        Category::ExpediteDenied,
        &[
            "Expedite Request Denied",
        ],
    ),
    (
        Category::RecordUpdated,
        &[
            "Case Was Updated",
            "Date of Birth Was Updated",
            "Name Was Updated",
        ],
    ),
    (
        Category::CorrespondenceReceived,
        &[
            "Card Was Received By USCIS Along With My Letter",
            "Correspondence Was Received",
            "Correspondence Was Received And USCIS Is Reviewing It",
            "Document and Letter Was Received",
            "Document And Letter Was Received And Under Review",
            "Travel Document Was Received By USCIS Along With My Letter",
        ],
    ),
    (
        Category::Transferred,
        &[
            "Case Transferred And New Office Has Jurisdiction",
            "Case Transferred To Another Office",
            "Case Was Received At Another USCIS Office",
            "Case Was Received At My Local Office",
            "Case Was Relocated From Administrative Appeals Office To USCIS Originating Office",
            "Case Was Transferred",
            "Case Was Transferred And A New Office Has Jurisdiction",
            "Case Was Transferred To An Asylum Office",
            "El Caso Fue Transferido Y Una Nueva Oficina Tiene Jurisdicción",
        ],
    ),
    (
        Category::RequestForEvidence,
        &[
            "Request for Additional Evidence Was Mailed",
            "Request for Additional Evidence Was Sent",
            "Request for Evidence Was Sent",
            "Request for Initial and Additional Evidence Was Mailed",
            "Request for Initial Evidence Was Mailed",
            "Request for Initial Evidence Was Sent",
            "RFE Sent",
            "Se Envió Una Solicitud De Evidencia Adicional",
            "Solicitud de Evidencia (RFE)",
        ],
    ),
    (
        Category::ResponseReceived,
        &[
            "Evidencia Recibida",
            "My Request for Additional Evidence Was Received",
            "Request for Evidence Was Received",
            "Response To Request For Evidence Was Received",
            "Response To RFE Was Received",
            "Response To USCIS' Notice of Intent Was Received",
            "Response To USCIS' Request For Evidence Was Received",
            "Respuesta A La Petición De Evidencia",
            "RFE Responded",
        ],
    ),
    (
        Category::RequestCancelled,
        &[
            "Cancellation Notice for Request for Additional Evidence",
        ],
    ),
    (
        Category::NoticeOfIntent,
        &[
            "Notice Explaining Actions Mailed",
            "Notice Explaining USCIS Actions Was Mailed",
        ],
    ),
    (
        Category::IntentToDeny,
        &[
            "Notice of Intent to Deny Was Mailed",
            "notice of intent to deny was sent",
        ],
    ),
    (
        Category::IntentToRevoke,
        &[
            "CWR Notice of Intent to Revoke Sent",
            "Intent To Rescind Notice Was Mailed",
            "Intent to Revoke Notice Was Sent",
            "Notice Of USCIS' Intent To Terminate My Status Was Mailed",
        ],
    ),
    (
        Category::InterviewReady,
        &[
            "Case is Ready to Be Scheduled for An Interview",
            "Case Was Transferred To Schedule An Interview",
            "Interview Was Ready",
            "Ready for Interview",
        ],
    ),
    (
        Category::InterviewScheduled,
        &[
            "Interview Was Rescheduled",
            "Interview Was Scheduled",
            "My Case is Scheduled for An interview",
            "Se Programó La Entrevista",
        ],
    ),
    (
        Category::InterviewCancelled,
        &[
            "Interview Cancelled",
            "Interview Cancelled And Notice Ordered",
            "Interview Was Cancelled",
        ],
    ),
    (
        Category::InterviewCompleted,
        &[
            "Entrevista Completada",
            "Interview Was Completed",
            "Interview Was Completed And Case Must Be Reviewed",
        ],
    ),
    (
        Category::Approved,
        &[
            "Approval Case Decision Rendered",
            "Approval Notice Was Sent",
            "Approval Was Reaffirmed",
            "Aprobación De Caso Reafirmada",
            "Case Approval Was Affirmed",
            "Case Approved",
            "Case Was Approved",
            "Case Was Approved And A Decision Notice Was Sent",
            "Case Was Approved And My Decision Was Emailed",
            "Case Was Approved And USCIS Notified The U.S. Consulate or Port of Entry",
            "Case Was Not Revoked or Cancelled By USCIS",
            "Caso Fue Aprobado",
            "Petition Business Terminated/Over 180 Days/Not Automatically Revoked",
            "Petition Withdrawn/Over 180 Days/Not Automatically Revoked",
            "Special Immigrant Juvenile Deferred Action Granted",
            "Special Immigrant Juvenile Form I-360 Approved With Deferred Action",
            "Special Immigrant Juvenile Form I-360 Approved Without Deferred Action",
            "Su Caso Ha Sido Aprobado",
            "Your Case Has Been Approved",
        ],
    ),
    (
        Category::Denied,
        &[
            "Abandoned for Other Reasons",
            "Abandoned for Undeliverable Requests to Appear for Fingerprinting",
            "Case Closed Because You Did Not Respond To A Request For Evidence",
            "Case Was Denied",
            "Case Was Denied And My Decision Notice Mailed",
            "case was denied and my decision was mailed",
            "Case Was Denied Because No IMDAC Data",
            "Case Was Denied,Status Was Withdrawn, And A Decision Will Be Mailed",
            "Case Was Not Approved",
            "Caso Fue Denegado",
            "Certified Denial Of My Case Was Affirmed By Appellate Authority",
            "Denial Was Upheld by Court",
            "Primary And Ancillary Benefits Were Denied",
            "Special Immigrant Juvenile Deferred Action Not Granted",
        ],
    ),
    (
        Category::DecisionIssued,
        &[
            "Decision Notice Mailed",
            "Decision Was Mailed",
            "Decisión Enviada",
            "Prequalified Decision Notice Was Mailed",
            "Request Was Processed",
            "Travel Authorization Decision Posted",
        ],
    ),
    (
        Category::WithdrawalRequested,
        &[
            "Withdrawal Request Received",
        ],
    ),
    (
        Category::Withdrawn,
        &[
            "Withdrawal Acknowledged",
            "Withdrawal Acknowledgement Notice Was Sent",
        ],
    ),
    (
        Category::Revoked,
        &[
            "Case Approval Was Revoked",
            "Case Was Automatically Revoked",
            "Certified Approval Of My Case Was Reversed by The Appellate Authority",
            "Revocation Notice Was Sent",
        ],
    ),
    (
        Category::Terminated,
        &[
            "Case Was Terminated",
            "Special Immigrant Juvenile Deferred Action Terminated",
            "Status Termination Notice Was Mailed",
            "Student Employment Authorization Document Automatically Terminated",
            "Termination Notice Sent",
        ],
    ),
    (
        Category::Closed,
        &[
            "Case Administratively Closed",
            "Case Closed",
            "Case Closed Benefit Received By Other Means",
            "Case Was Administratively Closed",
            "Case Was Closed",
            "Caso Cerrado",
        ],
    ),
    (
        Category::Reopened,
        &[
            "Case Was Reopened",
            "Case Was Reopened Based On A Court Order",
            "Case Was Reopened For Reconsideration",
        ],
    ),
    (
        Category::DocumentProduced,
        &[
            "Advance Parole Document Was Produced",
            "Card Being Produced",
            "Card Is Being Produced",
            "Card Was Produced",
            "employment authorization document was produced",
            "New Card Is Being Produced",
            "Permanent Resident Card Is Being Produced",
            "Reentry Permit Was Produced",
            "Refugee Travel Document Was Produced",
            "Request For A Duplicate Card Was Approved",
            "Se Está Produciendo Su Nueva Tarjeta",
            "Se Está Produciendo Una Nueva Tarjeta",
            "We Produced Your New Card",
        ],
    ),
    (
        Category::DocumentMailed,
        &[
            "advance parole document was mailed",
            "Card Was Mailed",
            "Card Was Mailed To Me",
            "Document Was Mailed",
            "Document Was Mailed To Me",
            "Document Was Mailed To My Local Office",
            "Se Me Envió La Tarjeta Por Correo",
            "Tarjeta Enviada por Correo",
            "Travel Document Was Mailed",
        ],
    ),
    (
        Category::DocumentInTransit,
        &[
            "Card Was Picked Up By The United States Postal Service",
        ],
    ),
    (
        Category::DocumentDelivered,
        &[
            "Card Was Delivered",
            "Card Was Delivered To Me",
            "Document Was Personally Delivered To Me",
            "My Card Was Delivered To Me By The Post Office",
            "Tarjeta Entregada",
            "Tarjeta Me Fue Entregada Por El Servicio Postal De EE.UU.",
        ],
    ),
    (
        Category::DocumentReturned,
        &[
            "Card Is Being Returned to USCIS by Post Office",
            "Card Was Determined As Undeliverable By The Post Office",
            "Card Was Returned To USCIS",
            "Document Is Being Held For 180 Days",
            "Document Was Mailed But I Did Not Receive It",
            "Document Was Mailed But Not Returned To USCIS",
            "Document Was Returned As Undeliverable",
            "Document Was Returned To USCIS",
            "Document Was Returned To USCIS And Is Being Held",
            "Travel Document Was Returned to USCIS And Will Be Held For 180 Days",
        ],
    ),
    (
        Category::DocumentDestroyed,
        &[
            "Card Destroyed",
            "Card Was Destroyed",
            "Document Destroyed",
            "Document Was Destroyed After USCIS Held It For 180 Days",
            "Document Was Destroyed And Letter Was Received",
            "Travel Document Was Destroyed",
            "Travel Document Was Destroyed After USCIS Held It For 180 Days",
        ],
    ),
    (
        Category::CertificateIssued,
        &[
            "My Certificate Of Naturalization Was Issued",
            "Replacement Certificate Was Issued",
        ],
    ),
    (
        Category::OathScheduled,
        &[
            "Oath Ceremony Notice Was Mailed",
            "Oath Ceremony Scheduled",
        ],
    ),
    (
        Category::NoticeMailed,
        &[
            "Amended Notice Was Mailed",
            "Appointment Notice Was Mailed",
            "Case Required USCIS To Send A Notice",
            "Continuation Notice Was Mailed",
            "Duplicate Notice Was Mailed",
            "Duplicate Notice Was Sent",
            "Eligibility Notice Was Mailed",
            "Litigation Notice Was Mailed",
            "Notice Was Mailed",
            "Termination Of Litigation Notice Was Mailed",
        ],
    ),
    (
        Category::NoticeReturned,
        &[
            "Notice Returned",
            "Notice Was Returned To USCIS Because The Post Office Could Not Deliver It",
        ],
    ),
    (
        Category::AppealPending,
        &[
            "Appeal Was Filed",
            "Appeal Was Remanded To The Originating Office For Consideration",
            "Case Approval Was Certified By USCIS",
            "Case Was Sent To The Administrative Appeals Office for Review",
        ],
    ),
    (
        Category::AppealSustained,
        &[
            "Appeal Approved",
            "Appeal Was Approved",
        ],
    ),
    (
        Category::AppealDismissed,
        &[
            "Appeal Was Dismissed",
            "Appeal Was Terminated and A Notice Was Mailed To Me",
            "Appeal/Motion Was Dismissed",
            "Withdrawal Of My Appeal Was Acknowledged",
        ],
    ),
    (
        Category::SentToState,
        &[
            "Case Approval Was Reaffirmed And Mailed Back To Department Of State",
            "Case Was Sent To The Department of State",
            "Case Was Sent to the National Visa Center",
            "Case Was Transferred To International Office/Consulate",
        ],
    ),
    (
        Category::Referred,
        &[
            "Case Was Sent To The Executive Office for Immigration Review",
            "Case Was Sent To The Executive Office of Immigration Review",
            "Notice To Appear Was Sent To The National Records Center",
        ],
    ),
];

/// Words that a title is known with and without: `My Case Was Received`.
const PASSED_OVER: [u64; 6] = [
    key("my"),
    key("your"),
    key("the"),
    key("a"),
    key("an"),
    key("su"),
];

/// The hash of no words.
pub(super) const SEED: u64 = 0xCBF2_9CE4_8422_2325;

/// The hash of a title with one more word.
pub(super) const fn extend(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

/// Whether a word counts in a title.
pub(super) const fn counts(word: u64) -> bool {
    let mut rest: &[u64] = &PASSED_OVER;
    while let Some((&passed, tail)) = rest.split_first() {
        if passed == word {
            return false;
        }
        rest = tail;
    }
    true
}

/// The slots of the table, of which half are taken.
const SLOTS: usize = Taken::<16>::SLOTS;
/// How many titles there are.
const KNOWN: usize = count();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn count() -> usize {
    let (mut group, mut count) = (0, 0);
    while group < TITLES.len() {
        count += TITLES[group].1.len();
        group += 1;
    }
    count
}

/// Where a hash's search begins, and what is kept of the hash: 24 bits and a place for the category.
const fn place(hash: u64) -> (usize, u32) {
    ((hash >> 55) as usize, hash as u32 & !0xFF)
}

/// The folded form of a letter's second byte behind `0xC3`, in the titles above.
#[expect(
    clippy::panic,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn accented(byte: u8) -> u8 {
    match byte | 0x20 {
        0xA1 => b'a',
        0xA9 => b'e',
        0xAD => b'i',
        0xB1 => b'n',
        0xB3 => b'o',
        0xBA | 0xBC => b'u',
        _ => panic!("a letter that the titles do not have yet"),
    }
}

/// The hash of a title as it is written above.
const fn hash_of(title: &str) -> u64 {
    let mut rest = title.as_bytes();
    let (mut hash, mut word) = (SEED, 0);
    loop {
        let (byte, tail) = match rest.split_first() {
            Some((&byte, tail)) => (byte, tail),
            None => (b' ', rest),
        };
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => word = fold_into(word, byte),
            b'A'..=b'Z' => word = fold_into(word, byte | 0x20),
            b'\'' | 0xC3 => {}
            0x80.. => word = fold_into(word, accented(byte)),
            _ => {
                if word != 0 && counts(word) {
                    hash = extend(hash, word);
                }
                word = 0;
            }
        }
        if rest.is_empty() {
            return hash;
        }
        rest = tail;
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time only, where a panic is a build error"
)]
const fn build() -> (Taken<16>, [u32; KNOWN]) {
    let mut keys = [0; SLOTS];
    let mut entries = [0; SLOTS];
    let mut group = 0;
    while group < TITLES.len() {
        let (category, titles) = TITLES[group];
        let mut title = 0;
        while title < titles.len() {
            let hash = hash_of(titles[title]);
            let (mut slot, check) = place(hash);
            while keys[slot] != 0 {
                assert!(place(keys[slot]).1 != check, "a title that is listed twice");
                slot = (slot + 1) % SLOTS;
            }
            keys[slot] = hash;
            entries[slot] = check | category as u32;
            title += 1;
        }
        group += 1;
    }
    let mut known = [0; KNOWN];
    let (mut slot, mut title) = (0, 0);
    while slot < SLOTS {
        if keys[slot] != 0 {
            known[title] = entries[slot];
            title += 1;
        }
        slot += 1;
    }
    (Taken::of(&keys), known)
}

/// Which slots are taken; a title's check, and its category in the lowest byte.
static TABLE: (Taken<16>, [u32; KNOWN]) = build();

/// The category of the known title with this hash.
fn find(hash: u64) -> Option<Category> {
    let (mut slot, check) = place(hash);
    let (taken, known) = &TABLE;
    // The table is never full, so the search ends at an empty slot.
    loop {
        let entry = *known.get(taken.place(slot)?)?;
        if entry & !0xFF == check {
            return Category::all().nth((entry & 0xFF) as usize);
        }
        slot = slot.wrapping_add(1) % SLOTS;
    }
}

/// Words of the longest title that is looked for.
const LONGEST: usize = 24;

/// The known title that `words` are.
pub(super) fn exact(words: &[Head]) -> Option<Category> {
    if words.len() > LONGEST {
        return None;
    }
    let counted = words.iter().filter(|word| counts(word.key));
    find(counted.fold(SEED, |hash, word| extend(hash, word.key)))
}

/// The longest known title that `words` begin with: its category and its number of words.
///
/// `ends` says whether a title may end before the word at an index; it is asked of every index but
/// the first, the last being the number of the words.
pub(super) fn longest(words: &[Head], ends: impl Fn(usize) -> bool) -> Option<(Category, usize)> {
    let mut hash = SEED;
    let mut known = None;
    for (at, word) in (1usize..=LONGEST).zip(words) {
        if counts(word.key) {
            hash = extend(hash, word.key);
        }
        if ends(at) {
            known = find(hash).map(|category| (category, at)).or(known);
        }
    }
    known
}
