//! What each category means and what an application should do: the words of `docs/TAXONOMY.md`.
#![forbid(unsafe_code)]

use super::category::Category;

impl Category {
    /// What the category means, in one English sentence or two: the definition that decides every
    /// doubtful case. Held to `tests/vectors/corpus/taxonomy.tsv` by a test.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Received => {
                "USCIS or a lockbox accepted the filing; a receipt exists. Includes receipt notices sent or e-mailed, a fee waived on receipt and a fingerprint fee received."
            }
            Self::Rejected => {
                "The filing (or an attached form) was refused at intake and not accepted for processing. Not a denial."
            }
            Self::PaymentIssue => {
                "A fee was not accepted, bounced or is in question, and the filing is not (yet) rejected for it."
            }
            Self::FeeRefunded => {
                "A fee will be or was refunded. Says nothing of the case's outcome."
            }
            Self::PremiumProcessing => {
                "Premium processing was requested, or its pre-certification decided."
            }
            Self::BiometricsScheduled => {
                "A biometrics or fingerprint appointment was scheduled or rescheduled, or its notice mailed."
            }
            Self::BiometricsCompleted => {
                "Fingerprints were taken, reused or their review completed."
            }
            Self::AppointmentMissed => "Nobody appeared for an in-person appointment or interview.",
            Self::RescheduleRequested => "A request to move an appointment was received.",
            Self::UnderReview => {
                "The case is pending and being worked on: active review, currently processing, no longer on hold, visa bulletin current, with CDC for opinion, or returned to USCIS for review by another agency."
            }
            Self::OnHold => {
                "Processing is paused: hold, litigation, abeyance, visa bulletin not current."
            }
            Self::ExpediteRequested => {
                "A request to expedite was received, or more information about it was."
            }
            Self::ExpediteApproved => {
                "The request to expedite was granted. Not an approval of the case."
            }
            Self::ExpediteDenied => {
                "The request to expedite was refused. Not a denial of the case."
            }
            Self::RecordUpdated => {
                "A name, date of birth, address or other record was corrected; or the case was updated without saying how."
            }
            Self::CorrespondenceReceived => {
                "USCIS received a letter, document, card or signature card from the applicant other than an answer to a request or notice."
            }
            Self::Transferred => "The case moved to, or arrived at, another USCIS office.",
            Self::RequestForEvidence => "USCIS asked for initial or additional evidence (RFE).",
            Self::ResponseReceived => {
                "USCIS received the answer to a request for evidence or to a notice of intent."
            }
            Self::RequestCancelled => "A request for evidence was withdrawn by USCIS.",
            Self::NoticeOfIntent => {
                "A notice explains an action USCIS intends to take and asks for an answer, without naming the action in the title."
            }
            Self::IntentToDeny => "Notice of intent to deny (NOID).",
            Self::IntentToRevoke => {
                "Notice of intent to revoke, rescind or terminate something already granted (NOIR, NOIT)."
            }
            Self::InterviewReady => {
                "The case is ready to be, or was moved in order to be, scheduled for an interview."
            }
            Self::InterviewScheduled => "An interview was scheduled or rescheduled.",
            Self::InterviewCancelled => "An interview was cancelled.",
            Self::InterviewCompleted => {
                "The interview took place; the case must still be reviewed."
            }
            Self::Approved => {
                "The benefit sought was granted, or its approval reaffirmed. Documents may still follow."
            }
            Self::Denied => {
                "The benefit was refused after acceptance, also for abandonment; or a denial was upheld on certification or by a court."
            }
            Self::DecisionIssued => {
                "A decision was made or mailed and the title does not say which."
            }
            Self::WithdrawalRequested => "USCIS received the request to withdraw the case.",
            Self::Withdrawn => "The withdrawal of the case was acknowledged.",
            Self::Revoked => "An approval was revoked, rescinded or reversed.",
            Self::Terminated => "The case, or a status or benefit granted before, was terminated.",
            Self::Closed => {
                "The case was closed without a decision on the merits: administratively, or the benefit came another way."
            }
            Self::Reopened => "A decided case was reopened or is being reconsidered.",
            Self::DocumentProduced => {
                "A card, permit or travel document is ordered, in production, must be reproduced, or was produced."
            }
            Self::DocumentMailed => {
                "A card or document was mailed to the applicant, a local office or a representative."
            }
            Self::DocumentInTransit => "The carrier picked the card or document up.",
            Self::DocumentDelivered => "The card or document reached the applicant.",
            Self::DocumentReturned => {
                "A card or document came back, is coming back, is being held, or did not arrive."
            }
            Self::DocumentDestroyed => "A card or document was destroyed.",
            Self::CertificateIssued => {
                "A certificate of naturalization or citizenship, or its replacement, was issued."
            }
            Self::OathScheduled => {
                "An oath ceremony was scheduled or rescheduled, or its notice mailed."
            }
            Self::NoticeMailed => {
                "Some other notice was mailed: amended, duplicate, eligibility, continuation, litigation or unspecified."
            }
            Self::NoticeReturned => "A notice could not be delivered.",
            Self::AppealPending => {
                "An appeal or motion was filed, sent to an appellate body, certified to it or remanded by it."
            }
            Self::AppealSustained => "The appeal or motion succeeded.",
            Self::AppealDismissed => "The appeal or motion was dismissed, terminated or withdrawn.",
            Self::SentToState => {
                "The case went to the Department of State, the National Visa Center, a consulate or an international office."
            }
            Self::Referred => {
                "The case was sent to the Executive Office for Immigration Review, or a notice to appear was issued."
            }
            Self::Unknown => {
                "The text is not a status, or none of the categories can be told from it. Never guessed."
            }
        }
    }

    /// What an application should do when a case gets this category, in English.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Received => "Store the receipt number and wait.",
            Self::Rejected => {
                "Tell the applicant at once: nothing is pending. Correct what the notice names and file again, before any deadline that the filing was meant to keep."
            }
            Self::PaymentIssue => {
                "Ask the applicant to settle the fee as the notice says; a filing can be rejected or revoked for it."
            }
            Self::FeeRefunded => "Note the refund. Do not change what is shown of the case.",
            Self::PremiumProcessing => {
                "Show that premium processing is on record. Do not show an outcome."
            }
            Self::BiometricsScheduled => {
                "Put the appointment of the notice into the calendar and tell the applicant what to bring."
            }
            Self::BiometricsCompleted => "Clear the reminder of the appointment.",
            Self::AppointmentMissed => {
                "Alert a person: the case can be denied as abandoned. Ask for a new appointment."
            }
            Self::RescheduleRequested => {
                "Keep the old appointment in the calendar until a new one is confirmed."
            }
            Self::UnderReview => "Wait. Compare with the processing times before inquiring.",
            Self::OnHold => "Say that processing is paused, and why where the text says it.",
            Self::ExpediteRequested => "Wait; have documents for the request at hand.",
            Self::ExpediteApproved => {
                "Say that the case will be worked on sooner. Do not show it as approved."
            }
            Self::ExpediteDenied => {
                "Say that the case goes on at its ordinary pace. Do not show it as denied."
            }
            Self::RecordUpdated => "Compare the record with the file.",
            Self::CorrespondenceReceived => "Note that USCIS has it.",
            Self::Transferred => "Note the new office; processing times are that office's now.",
            Self::RequestForEvidence => {
                "Alert a person. Put the deadline of the notice into the calendar; `respond_by` has it where the text says it."
            }
            Self::ResponseReceived => "Clear the deadline and wait.",
            Self::RequestCancelled => "Clear the deadline once a person has read the notice.",
            Self::NoticeOfIntent => "Alert a person: the notice names the action and the deadline.",
            Self::IntentToDeny => {
                "Alert a person at once. Put the deadline of the notice into the calendar."
            }
            Self::IntentToRevoke => {
                "Alert a person at once. Put the deadline of the notice into the calendar."
            }
            Self::InterviewReady => "Wait for the interview's date.",
            Self::InterviewScheduled => {
                "Put the date of the notice into the calendar and prepare the applicant."
            }
            Self::InterviewCancelled => {
                "Take the interview out of the calendar and wait for a new notice."
            }
            Self::InterviewCompleted => "Wait for a decision or a request.",
            Self::Approved => "Tell the applicant. Go on watching: documents may follow.",
            Self::Denied => {
                "Alert a person at once: the time to appeal or to move runs from the decision."
            }
            Self::DecisionIssued => {
                "Alert a person: only the notice says what was decided. Do not guess."
            }
            Self::WithdrawalRequested => {
                "Wait for the acknowledgement; if nobody asked for it, alert a person."
            }
            Self::Withdrawn => "Close the matter, unless nobody asked for it.",
            Self::Revoked => {
                "Alert a person at once: an approval is gone, and with it what rested on it."
            }
            Self::Terminated => "Alert a person at once: a status or benefit has ended.",
            Self::Closed => "Close the matter after a person has read the notice.",
            Self::Reopened => "Open the matter again and watch the case as an active one.",
            Self::DocumentProduced => "Check the mailing address on record.",
            Self::DocumentMailed => {
                "Say that it is on its way; ask again if it has not come within the time that the text names."
            }
            Self::DocumentInTransit => {
                "Show that the carrier has it; the notice has the tracking number."
            }
            Self::DocumentDelivered => "Ask the applicant to check the document.",
            Self::DocumentReturned => {
                "Alert a person: correct the address and ask for it to be sent again before it is destroyed."
            }
            Self::DocumentDestroyed => "A replacement has to be applied for.",
            Self::CertificateIssued => "Tell the applicant; nothing more is expected.",
            Self::OathScheduled => {
                "Put the date of the notice into the calendar and tell the applicant what to bring."
            }
            Self::NoticeMailed => "Look out for the notice and have it read.",
            Self::NoticeReturned => {
                "Correct the address at once and ask for the notice again: it may set a deadline."
            }
            Self::AppealPending => "Wait; watch the case as an active one.",
            Self::AppealSustained => "Tell the applicant, and wait for what the office does now.",
            Self::AppealDismissed => "Alert a person: the earlier decision stands.",
            Self::SentToState => "Watch the case at the Department of State from now on.",
            Self::Referred => {
                "Alert a person at once: there will be a hearing before an immigration judge."
            }
            Self::Unknown => {
                "Show the official text and nothing else. Have a person read it where it matters."
            }
        }
    }
}
