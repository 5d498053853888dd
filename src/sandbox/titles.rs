//! The titles that simulated cases go through: real ones, byte for byte as in
//! `tests/vectors/corpus/titles.tsv`, where a test holds them.
//!
//! Observed titles where there is one that says it; otherwise as other applications list them.
#![forbid(unsafe_code)]

use crate::status::Category;

/// A status title and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Title {
    pub(super) text: &'static str,
    pub(super) category: Category,
}

macro_rules! titles {
    ($($name:ident: $category:ident = $text:literal;)+) => {
        $(pub(super) const $name: Title = Title { text: $text, category: Category::$category };)+
        #[cfg(test)]
        pub(super) const ALL: &[Title] = &[$($name),+];
    };
}

titles! {
    LOCKBOX: Received = "Case Accepted By The USCIS Lockbox";
    RECEIVED_SENT: Received = "Case Was Received and A Receipt Notice Was Sent";
    RECEIVED_EMAILED: Received = "Case Was Received and A Receipt Notice Was Emailed";
    FEES_WAIVED: Received = "Fees Were Waived";
    FINGERPRINT_FEE: Received = "Fingerprint Fee Was Received";
    REJECTED: Rejected = "Case Was Rejected";
    REJECTED_UNSIGNED: Rejected = "Case Was Rejected Because I Did Not Sign My Form";
    REJECTED_FILING: Rejected = "Case Was Rejected Because It Was Improperly Filed";
    REJECTED_FEE: Rejected = "Case Rejected Because I Sent An Incorrect Fee";
    REJECTED_VERSION: Rejected = "Case Rejected Because The Version Of The Form I Sent Is No Longer Accepted";
    REJECTED_FUNDS: Rejected = "Petition/Application Was Rejected For Insufficient Funds";
    PAYMENT_ISSUE: PaymentIssue = "Issue with Payment";
    FEE_REFUNDED: FeeRefunded = "Fee Will Be Refunded";
    PREMIUM: PremiumProcessing = "Request For Premium Processing Services Was Received";
    BIOMETRICS: BiometricsScheduled = "Fingerprint and Biometrics Appointment Was Scheduled";
    BIOMETRICS_AGAIN: BiometricsScheduled = "Biometrics Appointment Was Scheduled";
    BIOMETRICS_DONE: BiometricsCompleted = "Fingerprint Review Was Completed";
    FINGERPRINTS_TAKEN: BiometricsCompleted = "My Case Was Updated To Show Fingerprints Were Taken";
    NO_ONE_APPEARED: AppointmentMissed = "Case Was Updated To Show That No One Appeared for In-Person Processing";
    RESCHEDULE: RescheduleRequested = "Request To Reschedule My Appointment Was Received";
    PROCESSING: UnderReview = "USCIS Is currently Processing the Case";
    PENDING: UnderReview = "Case Remains Pending";
    PENDING_LOCALLY: UnderReview = "Case Is Pending at a Local Office";
    ON_HOLD: OnHold = "Case Is On Hold";
    VISA_BULLETIN: OnHold = "Visa Bulletin Not Current Or Case Held In Abeyance";
    EXPEDITE: ExpediteRequested = "Expedite Request Received";
    EXPEDITE_APPROVED: ExpediteApproved = "Expedite Request Approved";
    EXPEDITE_DENIED: ExpediteDenied = "Expedite Request Denied";
    NAME_UPDATED: RecordUpdated = "Name Was Updated";
    CORRESPONDENCE: CorrespondenceReceived = "Correspondence Was Received And USCIS Is Reviewing It";
    TRANSFERRED: Transferred = "Case Was Transferred And A New Office Has Jurisdiction";
    TRANSFERRED_OFFICE: Transferred = "Case Transferred To Another Office";
    TRANSFERRED_ASYLUM: Transferred = "Case Was Transferred To An Asylum Office";
    RFE: RequestForEvidence = "Request for Additional Evidence Was Mailed";
    RFE_INITIAL: RequestForEvidence = "Request for Initial Evidence Was Sent";
    RFE_BOTH: RequestForEvidence = "Request for Initial and Additional Evidence Was Mailed";
    RESPONSE: ResponseReceived = "Response To USCIS' Request For Evidence Was Received";
    RFE_CANCELLED: RequestCancelled = "Cancellation Notice for Request for Additional Evidence";
    NOTICE_OF_INTENT: NoticeOfIntent = "Notice Explaining USCIS' Actions Was Mailed";
    INTENT_TO_DENY: IntentToDeny = "notice of intent to deny was sent";
    INTENT_TO_REVOKE: IntentToRevoke = "Intent to Revoke Notice Was Sent";
    INTERVIEW_READY: InterviewReady = "Case is Ready to Be Scheduled for An Interview";
    INTERVIEW: InterviewScheduled = "Interview Was Scheduled";
    INTERVIEW_AGAIN: InterviewScheduled = "Interview Was Rescheduled";
    INTERVIEW_CANCELLED: InterviewCancelled = "Interview Cancelled And Notice Ordered";
    INTERVIEW_DONE: InterviewCompleted = "Interview Was Completed";
    APPROVED: Approved = "Case Was Approved";
    APPROVED_NOTICE: Approved = "Case Was Approved And A Decision Notice Was Sent";
    APPROVED_CONSULATE: Approved = "Case Was Approved And USCIS Notified The U.S. Consulate or Port of Entry";
    DENIED: Denied = "case was denied and my decision was mailed";
    ABANDONED: Denied = "Abandoned for Other Reasons";
    ABANDONED_FINGERPRINTS: Denied = "Abandoned for Undeliverable Requests to Appear for Fingerprinting";
    DECISION: DecisionIssued = "Decision Was Mailed";
    WITHDRAWAL: WithdrawalRequested = "Withdrawal Request Received";
    WITHDRAWN: Withdrawn = "Withdrawal Acknowledgement Notice Was Sent";
    REVOKED: Revoked = "Revocation Notice Was Sent";
    REVOKED_AUTOMATICALLY: Revoked = "Case Was Automatically Revoked";
    TERMINATED: Terminated = "Case Was Terminated";
    CLOSED: Closed = "Case Was Administratively Closed";
    CLOSED_OTHERWISE: Closed = "Case Closed Benefit Received By Other Means";
    REOPENED: Reopened = "Case Was Reopened";
    CARD_ORDERED: DocumentProduced = "New Card Is Being Produced";
    CARD_PRODUCED: DocumentProduced = "Card Was Produced";
    PAROLE_PRODUCED: DocumentProduced = "Advance Parole Document Was Produced";
    REFUGEE_PRODUCED: DocumentProduced = "Refugee Travel Document Was Produced";
    CARD_MAILED: DocumentMailed = "Card Was Mailed To Me";
    DOCUMENT_MAILED: DocumentMailed = "Document Was Mailed";
    TRAVEL_MAILED: DocumentMailed = "Travel Document Was Mailed";
    CARD_PICKED_UP: DocumentInTransit = "Card Was Picked Up By The United States Postal Service";
    CARD_DELIVERED: DocumentDelivered = "Card Was Delivered";
    CARD_DELIVERED_POST: DocumentDelivered = "My Card Was Delivered To Me By The Post Office";
    DOCUMENT_DELIVERED: DocumentDelivered = "Document Was Personally Delivered To Me";
    CARD_UNDELIVERABLE: DocumentReturned = "Card Was Determined As Undeliverable By The Post Office";
    CARD_RETURNED: DocumentReturned = "Card Was Returned To USCIS";
    CARD_DESTROYED: DocumentDestroyed = "Document Was Destroyed After USCIS Held It For 180 Days";
    CERTIFICATE: CertificateIssued = "My Certificate Of Naturalization Was Issued";
    APPOINTMENT_NOTICE: NoticeMailed = "Appointment Notice Was Mailed";
    NOTICE_RETURNED: NoticeReturned = "Notice Was Returned To USCIS Because The Post Office Could Not Deliver It";
    APPEAL: AppealPending = "Case Was Sent To The Administrative Appeals Office for Review";
    APPEAL_APPROVED: AppealSustained = "Appeal Was Approved";
    APPEAL_DISMISSED: AppealDismissed = "Appeal Was Dismissed";
    SENT_TO_STATE: SentToState = "Case Was Sent To The Department of State";
    REFERRED: Referred = "Case Was Sent To The Executive Office for Immigration Review";
}

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = include_str!("../../tests/vectors/corpus/titles.tsv");

    #[test]
    fn ok_every_title_stands_in_the_corpus_with_its_category() {
        for title in ALL {
            let known = TSV.lines().any(|line| {
                let mut fields = line.split('\t');
                fields.next() == Some(title.text)
                    && fields.next() == Some(title.category.id())
                    && matches!(fields.next(), Some("observed" | "app"))
            });
            assert!(known, "{:?} ({})", title.text, title.category);
        }
    }
}
