//! What a clause means: first what it is about, then what happened to that.
//!
//! One function a topic; [`meaning`] holds their precedence. A rule asks for nouns, events, negated
//! events and infinitives of one [`Clause`]; where it is in doubt it tells nothing.
#![forbid(unsafe_code)]

use super::category::Category;
use super::grammar::{Clause, DECISIVE, Finding, Set};
use super::lexicon::*;

/// What a clause is about: the rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    NotAStatus,
    Conflict,
    Missed,
    Expedite,
    Appeal,
    Premium,
    Evidence,
    Intent,
    Interview,
    Biometrics,
    Oath,
    Certificate,
    Court,
    State,
    Withdrawal,
    Rejection,
    Refund,
    Fee,
    Document,
    Notice,
    Outcome,
    Record,
    Letter,
    Transfer,
    Hold,
    Decision,
    Receipt,
    Review,
}

/// What an applicant filed.
const FILING: Set = Set::of([CASE, REQUEST, STATUS, WAIVER, FILING_WORD]);
/// A thing that is mailed.
const THING: Set = Set::of([CARD, DOC]);
/// Bad news as a noun; undone, it is nobody's guess what is left.
const BAD_NEWS: Set = Set::of([DENIAL, REVOCATION, TERMINATION, REJECTION]);

/// What a clause means. The order is the precedence of what it can be about.
pub(super) fn meaning(c: &Clause) -> Option<Finding> {
    use Category as C;
    let n = c.nouns;
    let told = |category, rule| Some((category, rule));

    // Nobody came: whatever the appointment was for.
    if c.not.has(APPEAR)
        || c.did.has(NO_SHOW)
        || (c.not.any(const { Set::of([COME, FILE]) })
            && n.any(const { Set::of([APPT, INTERVIEW, BIO]) }))
    {
        return told(C::AppointmentMissed, Rule::Missed);
    }
    if n.has(EXPEDITE) {
        return told(expedite(c), Rule::Expedite);
    }
    if n.has(REFUND) || c.any(REFUNDED) {
        let refused = c.did.any(const { Set::of([DENY, REJECT]) })
            || c.not.any(const { Set::of([REFUNDED, APPROVE]) });
        return if refused {
            None
        } else {
            told(C::FeeRefunded, Rule::Refund)
        };
    }
    if n.has(APPEAL) || n.has(APPEALS) {
        return appeal(c).and_then(|category| told(category, Rule::Appeal));
    }
    if c.did.has(ABANDON) && !n.has(INTENT) {
        return told(C::Denied, Rule::Outcome);
    }
    if n.any(const { Set::of([INTENT, NOID, NOIR]) }) {
        return intent(c).and_then(|category| told(category, Rule::Intent));
    }
    if n.has(PREMIUM) {
        return told(C::PremiumProcessing, Rule::Premium);
    }
    if c.did.has(REJECT) || (n.has(REJECTION) && !n.has(FEE)) {
        return rejection(c).and_then(|category| told(category, Rule::Rejection));
    }
    if n.has(EVIDENCE)
        && let Some(category) = evidence(c)
    {
        return told(category, Rule::Evidence);
    }
    // A request for information about an expedite request is the only one there is.
    if n.has(INFO) && n.has(REQUEST) && c.did.has(RECEIVE) {
        return told(C::ExpediteRequested, Rule::Expedite);
    }
    if n.has(REQUEST) && c.any(RESCHEDULE) && c.did.has(RECEIVE) {
        return told(C::RescheduleRequested, Rule::Biometrics);
    }
    if n.has(INTERVIEW) {
        return interview(c).and_then(|category| told(category, Rule::Interview));
    }
    if n.has(OATH) {
        return oath(c).and_then(|category| told(category, Rule::Oath));
    }
    let about_fee =
        c.subject.has(FEE) && !c.subject.any(const { Set::of([CASE, REQUEST, STATUS]) });
    if n.has(FEE) && (n.has(WAIVER) || about_fee || !c.did.any(DECISIVE)) {
        return fee(c).and_then(|category| told(category, Rule::Fee));
    }
    if (n.has(BIO) || n.has(APPT))
        && let Some(category) = biometrics(c)
    {
        return told(category, Rule::Biometrics);
    }
    // What was refused is the withdrawal, not the case.
    if c.subject.has(WITHDRAWAL) && c.did.any(const { Set::of([DENY, REJECT]) }) {
        return None;
    }
    if (n.has(WITHDRAWAL) || c.any(WITHDRAW) || c.not.has(WITHDRAW))
        && let Some(category) = withdrawal(c)
    {
        return told(category, Rule::Withdrawal);
    }
    // Before a notice that appellants, courts and consulates get.
    if n.has(DUPLICATE) && n.has(NOTICE) {
        return told(C::NoticeMailed, Rule::Notice);
    }
    if n.has(EOIR) || (n.has(NOTICE) && c.to.has(APPEAR)) {
        return court(c).and_then(|category| told(category, Rule::Court));
    }
    if let Some(category) = appellate(c) {
        return told(category, Rule::Appeal);
    }
    if n.has(CERT) {
        return certificate(c).and_then(|category| told(category, Rule::Certificate));
    }
    if (n.any(THING) || c.any(UNDELIVERABLE) || c.did.has(PICK_UP))
        && let Some(category) = document(c)
    {
        return told(category, Rule::Document);
    }
    if n.has(STATE)
        && let Some(category) = state(c)
    {
        return told(category, Rule::State);
    }
    if (n.has(RESPONSE) || c.did.has(RESPOND)) && !c.did.has(REVIEW) {
        return if c.did.any(const { Set::of([RECEIVE, RESPOND, ACCEPT]) }) || !c.has_event() {
            told(C::ResponseReceived, Rule::Evidence)
        } else {
            None
        };
    }
    // A letter that brings a decision is a notice of it.
    let brings = c.did.has(SEND) && n.any(const { Set::of([APPROVAL, DENIAL, DECISION, RECEIPT]) });
    if n.has(LETTER) && !n.has(NOTICE) && !brings {
        return letter(c).and_then(|category| told(category, Rule::Letter));
    }
    if let Some(category) = hold(c) {
        return told(category, Rule::Hold);
    }
    // A request to change a record grants nothing but the change.
    if n.has(RECORD) && n.has(REQUEST) && c.did.any(DECISIVE) {
        let changed = c.main == APPROVE && c.not.is_empty();
        return if changed {
            told(C::RecordUpdated, Rule::Record)
        } else {
            None
        };
    }
    if let Some(category) = outcome(c) {
        return told(category, Rule::Outcome);
    }
    if let Some(category) = notice(c) {
        return told(category, Rule::Notice);
    }
    if n.has(DECISION) {
        return decision(c).and_then(|category| told(category, Rule::Decision));
    }
    if c.did.has(DECIDE) && n.has(CASE) && c.not.is_empty() && c.to.is_empty() {
        return told(C::DecisionIssued, Rule::Decision);
    }
    if c.did.has(TRANSFER) || n.has(TRANSFERRAL) {
        return told(C::Transferred, Rule::Transfer);
    }
    rest(c)
}

/// What is left: records, transfers by arrival, intake, review.
fn rest(c: &Clause) -> Option<Finding> {
    use Category as C;
    let n = c.nouns;
    if c.did.has(UPDATE) && !n.any(const { Set::of([LETTER, RESPONSE]) }) {
        return Some((C::RecordUpdated, Rule::Record));
    }
    let elsewhere = n.has(OFFICE) && (n.has(OTHER) || n.has(FROM));
    let there = c.subject.has(OFFICE) && c.subject.has(OTHER);
    if elsewhere
        && (there
            || c.did.has(ARRIVE)
            || c.did.any(const { Set::of([RECEIVE, SEND]) })
            || !c.has_event())
    {
        return Some((C::Transferred, Rule::Transfer));
    }
    if n.has(OFFICE) && n.has(OTHER) && c.did.has(MAKE) {
        return Some((C::Transferred, Rule::Transfer));
    }
    if c.did.has(PROCESSED) && n.has(REQUEST) && !n.has(CASE) {
        return Some((C::DecisionIssued, Rule::Decision));
    }
    if c.not.has(ACCEPT) && n.any(FILING) {
        return Some((C::Rejected, Rule::Rejection));
    }
    if n.has(RECEIPT)
        && (c.did.any(const { Set::of([RECEIVE, SEND, ISSUE, ORDER]) }) || n.has(NOTICE))
    {
        return Some((C::Received, Rule::Receipt));
    }
    let bare = n.is_empty() && c.unlisted == 0;
    if c.did.any(const { Set::of([RECEIVE, ACCEPT, FILE]) }) && (n.any(FILING) || bare) {
        return Some((C::Received, Rule::Receipt));
    }
    let reviewed = c.did.any(const { Set::of([REVIEW, RESUME, PROCESSED]) }) || n.has(CDC);
    if reviewed
        && (n.has(APPROVAL)
            || n.any(FILING)
            || n.has(CDC)
            || (n.0 == 0 && c.unlisted <= 1)
            || n.has(WE))
    {
        return Some((C::UnderReview, Rule::Review));
    }
    None
}

fn expedite(c: &Clause) -> Category {
    let refused = c.did.any(const { Set::of([DENY, REJECT, DECLINE, CLOSE]) })
        || (!c.yet && c.not.any(const { Set::of([APPROVE, ACCEPT, ELIGIBLE]) }))
        || c.nouns.has(DENIAL);
    let granted = c.did.any(const { Set::of([APPROVE, ACCEPT]) }) || c.nouns.has(APPROVAL);
    match (granted, refused) {
        (true, false) => Category::ExpediteApproved,
        (false, true) if !c.not.has(DENY) => Category::ExpediteDenied,
        _ => Category::ExpediteRequested,
    }
}

fn appeal(c: &Clause) -> Option<Category> {
    let won = c.did.any(const { Set::of([APPROVE, SUSTAIN]) });
    let lost = c
        .did
        .any(const { Set::of([DISMISS, DENY, TERMINATE, WITHDRAW, CLOSE]) })
        || (!c.yet && c.not.any(const { Set::of([APPROVE, SUSTAIN]) }));
    // Nouns tell only where no event does: "the appeal of the denial was sustained".
    let silent = !won && !lost;
    let won = won || (silent && c.nouns.has(APPROVAL));
    let lost = lost
        || (silent
            && c.nouns
                .any(const { Set::of([WITHDRAWAL, DENIAL, TERMINATION]) }));
    let undone = c.not.any(const { Set::of([DISMISS, DENY, TERMINATE]) });
    match (won, lost) {
        _ if c.did.has(REJECT) => Some(Category::Rejected),
        (true, true) => None,
        (true, false) => Some(Category::AppealSustained),
        (false, true) => Some(Category::AppealDismissed),
        // "Reopened" is what a motion asks for, unless the case was before it was mentioned.
        (false, false) if c.main == REOPEN && !c.subject.has(APPEAL) => Some(Category::Reopened),
        (false, false) if undone => None,
        (false, false) => Some(Category::AppealPending),
    }
}

fn intent(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if c.did.any(const { Set::of([CANCEL, WITHDRAW]) })
        || n.any(const { Set::of([CANCELLATION, WITHDRAWAL]) })
    {
        return None;
    }
    if (n.has(RESPONSE) || c.did.has(RESPOND)) && !c.not.any(const { Set::of([RECEIVE, RESPOND]) })
    {
        return Some(Category::ResponseReceived);
    }
    let all = Set(c.to.0 | c.did.0);
    let deny = n.has(NOID) || all.has(DENY) || n.has(DENIAL);
    let revoke = n.has(NOIR)
        || all.any(const { Set::of([REVOKE, TERMINATE, REVERSE]) })
        || (c.to.has(WITHDRAW) && n.has(APPROVAL))
        || n.any(const { Set::of([REVOCATION, TERMINATION]) });
    match (deny, revoke) {
        (true, false) => Some(Category::IntentToDeny),
        (false, true) => Some(Category::IntentToRevoke),
        (true, true) => Some(Category::NoticeOfIntent),
        // Good news that is only intended is no news yet.
        (false, false) if all.has(APPROVE) => None,
        (false, false) if n.has(NOTICE) || n.has(WE) || n.has(ACTION) => {
            Some(Category::NoticeOfIntent)
        }
        (false, false) => None,
    }
}

fn rejection(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if c.did
        .any(const { Set::of([CANCEL, WITHDRAW, REVERSE, REVOKE]) })
    {
        return None;
    }
    // "Your payment was rejected" is about the payment, "rejected: incorrect fee" about the case.
    let payment = c.subject.has(FEE) || (n.has(FEE) && c.subject.has(WE));
    if payment && !n.any(FILING) {
        return Some(Category::PaymentIssue);
    }
    if n.is_empty() && c.unlisted > 0 {
        return None;
    }
    Some(Category::Rejected)
}

fn evidence(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if c.did.any(const { Set::of([CANCEL, WITHDRAW]) })
        || n.any(const { Set::of([CANCELLATION, WITHDRAWAL]) })
    {
        return Some(Category::RequestCancelled);
    }
    if c.not.any(const { Set::of([RESPOND, RECEIVE, FILE]) }) {
        return None;
    }
    if c.did.any(DECISIVE) {
        return None;
    }
    if n.has(RESPONSE)
        || c.did
            .any(const { Set::of([RESPOND, RECEIVE, FILE, ACCEPT]) })
    {
        return Some(Category::ResponseReceived);
    }
    if c.not.any(const { Set::of([ASK, SEND, ISSUE]) }) {
        return None;
    }
    let asked =
        n.has(REQUEST) || c.did.any(const { Set::of([ASK, SEND, ISSUE, ORDER]) }) || c.any(SEND);
    if asked || !c.has_event() {
        return Some(Category::RequestForEvidence);
    }
    c.did.has(REVIEW).then_some(Category::UnderReview)
}

fn interview(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if n.has(WAIVER) {
        return None;
    }
    let moved = c.any(RESCHEDULE);
    if c.did.has(CANCEL) || n.has(CANCELLATION) {
        return Some(Category::InterviewCancelled);
    }
    if n.has(REQUEST)
        && (moved || c.any(UPDATE) || c.to.has(TRANSFER))
        && c.did.any(const { Set::of([RECEIVE, REVIEW]) })
    {
        return Some(Category::RescheduleRequested);
    }
    if c.did
        .any(DECISIVE.without(const { Set::of([TRANSFER, CLOSE]) }))
        || c.did.has(WAIVE)
    {
        return outcome(c);
    }
    let forwarded = c.did.any(const { Set::of([TRANSFER, SEND, HAVE]) }) && !n.has(NOTICE);
    let waiting = n.has(LINE) || c.did.any(const { Set::of([REVIEW, HOLD]) });
    if c.did.any(const { Set::of([COMPLETE, TAKE, HELD]) }) || c.did.has(APPEAR) {
        return Some(Category::InterviewCompleted);
    }
    if c.did.any(const { Set::of([RESCHEDULE]) }) {
        return Some(Category::InterviewScheduled);
    }
    // "Moved to a new date" moves the interview, "forwarded to a field office" the case.
    if c.did.has(TRANSFER) && c.subject.has(INTERVIEW) && !n.has(OFFICE) {
        return Some(Category::InterviewScheduled);
    }
    if c.not.has(SCHEDULE) {
        return None;
    }
    if waiting || forwarded || c.to.has(SCHEDULE) || (c.will && c.did.has(SCHEDULE)) {
        return Some(Category::InterviewReady);
    }
    if c.did.has(SCHEDULE) || (n.has(NOTICE) && c.did.any(const { Set::of([SEND, ISSUE, ORDER]) }))
    {
        return Some(Category::InterviewScheduled);
    }
    None
}

fn oath(c: &Clause) -> Option<Category> {
    let set = c.any(SCHEDULE) || c.any(RESCHEDULE);
    let noticed = c.nouns.has(NOTICE) && c.did.any(const { Set::of([SEND, ISSUE, ORDER]) });
    if c.did.has(CANCEL) || c.not.has(SCHEDULE) {
        return None;
    }
    (set || noticed).then_some(Category::OathScheduled)
}

fn fee(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if c.did.has(WAIVE) || n.has(WAIVER) {
        let refused = c.did.any(const { Set::of([DENY, REJECT]) })
            || c.not.any(const { Set::of([APPROVE, WAIVE]) });
        return Some(if refused {
            Category::PaymentIssue
        } else {
            Category::Received
        });
    }
    let failed = c
        .not
        .any(const { Set::of([ACCEPT, RECEIVE, REVIEW, PROCESSED, COMPLETE, APPROVE, PAY]) });
    if failed
        || c.did
            .any(const { Set::of([RETURN, DECLINE, HOLD, REVERSE, CANCEL, DENY]) })
        || n.has(PROBLEM)
    {
        return Some(Category::PaymentIssue);
    }
    if c.did
        .any(const { Set::of([RECEIVE, ACCEPT, PROCESSED, PAY, APPROVE]) })
    {
        return Some(Category::Received);
    }
    None
}

fn biometrics(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    let moved = c.any(RESCHEDULE) || c.to.has(UPDATE);
    if n.has(REQUEST) && moved && c.did.any(const { Set::of([RECEIVE, REVIEW, FILE]) }) {
        return Some(Category::RescheduleRequested);
    }
    if n.has(REQUEST) && n.has(APPT) && n.has(OTHER) && c.did.has(RECEIVE) {
        return Some(Category::RescheduleRequested);
    }
    if c.did.has(CANCEL)
        || c.did.any(DECISIVE)
        || c.not.any(const { Set::of([TAKE, SCHEDULE, COMPLETE]) })
    {
        return None;
    }
    if c.did.any(const { Set::of([SCHEDULE, RESCHEDULE]) }) {
        return Some(Category::BiometricsScheduled);
    }
    if !n.has(BIO) {
        return None;
    }
    if c.did.any(const { Set::of([COMPLETE, TAKE]) }) && !n.has(NOTICE) {
        return Some(Category::BiometricsCompleted);
    }
    if n.has(NOTICE) || n.has(APPT) {
        let sent = c.did.any(const { Set::of([SEND, ISSUE, ORDER, MAKE]) });
        return sent.then_some(Category::BiometricsScheduled);
    }
    let done = c.any(TAKE)
        || c.did
            .any(const { Set::of([COMPLETE, RECEIVE, REVIEW, UPDATE, ACCEPT]) });
    done.then_some(Category::BiometricsCompleted)
}

fn withdrawal(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    // An approval that was withdrawn is revoked; a denial that was is nobody's guess.
    if c.did.has(WITHDRAW) && n.has(APPROVAL) {
        return Some(Category::Revoked);
    }
    if n.any(BAD_NEWS)
        || c.not.has(WITHDRAW)
        || c.did
            .any(const { Set::of([CANCEL, DENY, REJECT, REVERSE]) })
    {
        return None;
    }
    if c.not.any(const { Set::of([REVOKE, CANCEL]) }) {
        return Some(Category::Approved);
    }
    if c.did
        .any(const { Set::of([ACKNOWLEDGE, APPROVE, COMPLETE, ACCEPT, PROCESSED]) })
    {
        return Some(Category::Withdrawn);
    }
    if c.did.any(DECISIVE) {
        return None;
    }
    let asked = n.has(REQUEST) || c.to.has(WITHDRAW) || n.has(WITHDRAWAL);
    if asked
        && (c.did.any(const { Set::of([RECEIVE, FILE, REVIEW]) })
            || (n.has(REQUEST) && !c.has_event()))
    {
        return Some(Category::WithdrawalRequested);
    }
    if c.not.any(const { Set::of([ACKNOWLEDGE, APPROVE, ACCEPT]) }) {
        return None;
    }
    if c.did.has(ASK) {
        return Some(Category::WithdrawalRequested);
    }
    (c.did.has(WITHDRAW) || n.has(WITHDRAWAL)).then_some(Category::Withdrawn)
}

fn court(c: &Clause) -> Option<Category> {
    if c.did
        .any(const { Set::of([CANCEL, TERMINATE, WITHDRAW, DISMISS]) })
    {
        return None;
    }
    let back =
        c.did.any(const { Set::of([RETURN, REMAND]) }) || (c.nouns.has(FROM) && c.did.has(RECEIVE));
    if back {
        return Some(Category::UnderReview);
    }
    if c.main != 0 && c.main != TRANSFER {
        return outcome(c);
    }
    let gone = c.did.any(
        const {
            Set::of([
                SEND, TRANSFER, REFER, ISSUE, FILE, ORDER, PRODUCE, MAKE, HAVE,
            ])
        },
    );
    (gone || !c.has_event()).then_some(Category::Referred)
}

/// Appellate bodies, certification, and decisions affirmed or reversed.
fn appellate(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    let upheld = c.did.any(const { Set::of([AFFIRM, SUSTAIN]) });
    if upheld && n.has(APPROVAL) {
        return (!n.has(DENIAL) && c.main != REVOKE).then_some(
            match n.has(STATE) && c.did.has(SEND) {
                true => Category::SentToState,
                false => Category::Approved,
            },
        );
    }
    if upheld && n.any(const { Set::of([DENIAL]) }) {
        return Some(Category::Denied);
    }
    if c.did.has(REVERSE) && n.has(APPROVAL) && !n.any(BAD_NEWS) {
        return Some(Category::Revoked);
    }
    if !n.has(AAO) {
        let pending = c.did.has(REMAND) || (c.did.has(CERTIFY) && c.main == 0);
        return pending.then_some(Category::AppealPending);
    }
    if c.did.any(const { Set::of([TRANSFER, RETURN, RECEIVE]) })
        && (n.has(FROM) || c.subject.has(AAO))
    {
        return Some(Category::Transferred);
    }
    if c.main != 0 && c.main != TRANSFER {
        return outcome(c);
    }
    let moved = c
        .did
        .any(const { Set::of([SEND, TRANSFER, REMAND, CERTIFY, REFER, REVIEW, RECEIVE]) });
    moved.then_some(Category::AppealPending)
}

fn certificate(c: &Clause) -> Option<Category> {
    if c.did.has(DESTROY) || c.did.has(RETURN) || c.any(UNDELIVERABLE) || !c.not.is_empty() {
        return document(c);
    }
    if c.did
        .any(const { Set::of([ISSUE, PRODUCE, MAKE, APPROVE]) })
    {
        return Some(Category::CertificateIssued);
    }
    document(c).or_else(|| outcome(c))
}

fn document(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if c.did.has(DESTROY) {
        return Some(Category::DocumentDestroyed);
    }
    // A notice is no document, and a document's notice is a notice.
    if n.has(NOTICE) && !n.any(THING) {
        return None;
    }
    if c.did.any(DECISIVE) && !c.did.any(const { Set::of([RETURN]) }) {
        let asked = n.has(REQUEST) || n.has(REPLACEMENT) || n.has(DUPLICATE);
        let again = n.has(REQUEST) && (n.has(REPLACEMENT) || n.has(DUPLICATE));
        return match c.main {
            APPROVE if again || (asked && !n.has(CASE)) => Some(Category::DocumentProduced),
            _ => None,
        };
    }
    let lost = c
        .not
        .any(const { Set::of([DELIVER, RECEIVE, RETURN, SEND, ARRIVE]) })
        || c.any(UNDELIVERABLE)
        || c.did.any(const { Set::of([RETURN, HOLD, HELD]) })
        || (c.did.has(COME) && n.has(BACK));
    if lost {
        return Some(Category::DocumentReturned);
    }
    if c.did.has(PICK_UP) {
        return Some(Category::DocumentInTransit);
    }
    if c.did.any(const { Set::of([DELIVER, ARRIVE]) }) {
        return Some(Category::DocumentDelivered);
    }
    if c.did.has(RECEIVE) && n.has(REQUEST) {
        return Some(Category::Received);
    }
    // USCIS received it, unless the text says that somebody else did.
    if c.did.has(RECEIVE) {
        let theirs = c.subject.has(YOU) && !n.has(WE) && !n.has(LETTER);
        return Some(match theirs {
            true => Category::DocumentDelivered,
            false => Category::CorrespondenceReceived,
        });
    }
    if c.did.any(const { Set::of([SEND]) }) {
        return Some(Category::DocumentMailed);
    }
    if c.did.any(const { Set::of([PRODUCE, ORDER, ISSUE]) }) || c.to.has(PRODUCE) {
        return Some(Category::DocumentProduced);
    }
    None
}

fn state(c: &Clause) -> Option<Category> {
    let back = c.subject.has(STATE) || c.nouns.has(FROM) || c.nouns.has(WE);
    if c.did.has(RECEIVE) && c.nouns.has(FROM) {
        return Some(Category::UnderReview);
    }
    let moved = c
        .did
        .any(const { Set::of([SEND, TRANSFER, RETURN, REFER, HAVE]) });
    if c.main != 0 && c.main != TRANSFER && c.last == c.main {
        return None;
    }
    if moved && (c.subject.has(STATE) || (c.did.has(RETURN) && back)) {
        return Some(Category::UnderReview);
    }
    moved.then_some(Category::SentToState)
}

fn letter(c: &Clause) -> Option<Category> {
    if c.did.has(RETURN) || (c.did.has(COME) && c.nouns.has(BACK)) || c.any(UNDELIVERABLE) {
        return Some(Category::NoticeReturned);
    }
    if c.did.any(const { Set::of([RECEIVE, REVIEW]) }) {
        return Some(Category::CorrespondenceReceived);
    }
    c.did.has(SEND).then_some(Category::NoticeMailed)
}

fn hold(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if n.has(BULLETIN) {
        return if c.not.has(CURRENT) {
            Some(Category::OnHold)
        } else {
            c.did.has(CURRENT).then_some(Category::UnderReview)
        };
    }
    let held = const { Set::of([HOLD, HELD]) };
    if c.did.has(RESUME) || c.not.any(held) {
        return Some(Category::UnderReview);
    }
    if c.any(HOLD) || c.did.has(HELD) {
        return Some(match c.did.any(const { Set::of([LIFT]) }) {
            true => Category::UnderReview,
            false if c.for_fee => Category::PaymentIssue,
            false => Category::OnHold,
        });
    }
    None
}

/// Approved, denied, revoked, terminated, closed, reopened: said of the case itself.
fn outcome(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    // Of something that is in no list nothing is told.
    if n.is_empty() && c.strangers > 0 {
        return None;
    }
    if c.did.has(RECOMMEND) || n.has(LITIGATION) && n.has(NOTICE) {
        return None;
    }
    // Bad news undone: what is left is nobody's guess.
    let undone = c
        .did
        .any(const { Set::of([CANCEL, REVERSE, WITHDRAW, REVOKE, LIFT]) })
        || !c.not.is_empty();
    if n.any(BAD_NEWS) && undone {
        return None;
    }
    if c.not.has(REVOKE) {
        return Some(Category::Approved);
    }
    if n.has(APPROVAL)
        && c.did
            .any(const { Set::of([REVOKE, REVERSE, CANCEL, TERMINATE]) })
    {
        return Some(Category::Revoked);
    }
    // What was to be undone and is not: nobody's guess either.
    let dropped = matches!(c.main, TERMINATE | CLOSE) || c.did.has(CANCEL);
    if dropped && (c.to.any(DECISIVE) || n.has(LITIGATION)) {
        return None;
    }
    if c.yet && c.not.any(DECISIVE) {
        return None;
    }
    if c.not.any(DECISIVE) || c.not.has(CANCEL) {
        let refused = c.not.has(APPROVE)
            && !c.did.any(DECISIVE)
            && !c.not.any(const { Set::of([DENY, REJECT]) });
        return refused.then_some(Category::Denied);
    }
    match c.main {
        APPROVE => return Some(Category::Approved),
        DENY | ABANDON => return Some(Category::Denied),
        REVOKE => return Some(Category::Revoked),
        TERMINATE => return Some(Category::Terminated),
        CLOSE if c.for_silence => return Some(Category::Denied),
        CLOSE => return Some(Category::Closed),
        REOPEN => return Some(Category::Reopened),
        REVERSE | AFFIRM => return None,
        _ => {}
    }
    // Nouns alone: "Approval Notice Was Sent", "Denial Notice".
    let told = !c.has_event()
        || c.did
            .any(const { Set::of([SEND, ISSUE, MAKE, ORDER, NOTIFY]) });
    if !told || !c.not.is_empty() || n.has(REQUEST) || n.has(OTHER_NOTICE) {
        return None;
    }
    let good = n.has(APPROVAL);
    match (good, n.has(DENIAL), n.has(REVOCATION), n.has(TERMINATION)) {
        (true, false, false, false) => Some(Category::Approved),
        (false, true, false, false) => Some(Category::Denied),
        (_, false, true, false) => Some(Category::Revoked),
        (_, false, false, true) => Some(Category::Terminated),
        _ => c.to.has(REOPEN).then_some(Category::Reopened),
    }
}

fn notice(c: &Clause) -> Option<Category> {
    let n = c.nouns;
    if !n.has(NOTICE) {
        return None;
    }
    if c.did.any(const { Set::of([RETURN]) })
        || c.any(UNDELIVERABLE)
        || c.not.any(const { Set::of([DELIVER]) })
    {
        return Some(Category::NoticeReturned);
    }
    let sent = c.did.any(const { Set::of([SEND, ISSUE, ORDER, MAKE]) }) || c.to.has(SEND);
    if n.has(ACTION) && (c.did.has(EXPLAIN) || c.did.has(NOTIFY)) {
        return Some(Category::NoticeOfIntent);
    }
    if n.has(DECISION) && sent {
        return Some(Category::DecisionIssued);
    }
    if (n.has(RECEIPT) || n.has(ACCEPTANCE)) && sent {
        return Some(Category::Received);
    }
    if (n.has(TRANSFERRAL) || c.did.has(TRANSFER)) && sent {
        return Some(Category::Transferred);
    }
    if n.has(OTHER_NOTICE) || n.has(LITIGATION) || c.did.has(ELIGIBLE) {
        return Some(Category::NoticeMailed);
    }
    sent.then_some(Category::NoticeMailed)
}

fn decision(c: &Clause) -> Option<Category> {
    if !c.not.is_empty() {
        return None;
    }
    if c.did
        .any(const { Set::of([SEND, MAKE, ISSUE, TAKE, COMPLETE, DECIDE]) })
    {
        return Some(Category::DecisionIssued);
    }
    c.did.has(REVIEW).then_some(Category::UnderReview)
}
