// What the core tells.

/** The stable id of a category. New ones may come: treat one that you do not know as `unknown`. */
export type CategoryId =
  | "received"
  | "rejected"
  | "payment_issue"
  | "fee_refunded"
  | "premium_processing"
  | "biometrics_scheduled"
  | "biometrics_completed"
  | "appointment_missed"
  | "reschedule_requested"
  | "under_review"
  | "on_hold"
  | "expedite_requested"
  | "expedite_approved"
  | "expedite_denied"
  | "record_updated"
  | "correspondence_received"
  | "transferred"
  | "request_for_evidence"
  | "response_received"
  | "request_cancelled"
  | "notice_of_intent"
  | "intent_to_deny"
  | "intent_to_revoke"
  | "interview_ready"
  | "interview_scheduled"
  | "interview_cancelled"
  | "interview_completed"
  | "approved"
  | "denied"
  | "decision_issued"
  | "withdrawal_requested"
  | "withdrawn"
  | "revoked"
  | "terminated"
  | "closed"
  | "reopened"
  | "document_produced"
  | "document_mailed"
  | "document_in_transit"
  | "document_delivered"
  | "document_returned"
  | "document_destroyed"
  | "certificate_issued"
  | "oath_scheduled"
  | "notice_mailed"
  | "notice_returned"
  | "appeal_pending"
  | "appeal_sustained"
  | "appeal_dismissed"
  | "sent_to_state"
  | "referred"
  | "unknown"
  | (string & {});

export type Stage = "intake" | "review" | "biometrics" | "evidence" | "interview" | "decision" | "closed" | "delivery" | "appeal" | "unknown" | (string & {});

/** Good news for the applicant, bad news, or neither. */
export type Outcome = "none" | "favorable" | "adverse" | (string & {});

/** What told the category: a known title, the words of another one, a description, the upstream's own category, nothing. */
export type MatchedBy = "title" | "pattern" | "description" | "upstream" | "none" | (string & {});

export interface Labels {
  readonly en: string;
  readonly es: string;
}

/** A row of the taxonomy. */
export interface Category {
  readonly id: CategoryId;
  readonly labels: Labels;
  /** Where in its life a case stands. */
  readonly stage: Stage;
  readonly outcome: Outcome;
  /** Whether the applicant has to do something. */
  readonly action_required: boolean;
  /** Whether nothing more is expected to happen. */
  readonly final: boolean;
}

/** What a status means: the object that the proxy puts under `normalized`. */
export interface Normalized {
  category: CategoryId;
  labels: Labels;
  stage: Stage;
  outcome: Outcome;
  action_required: boolean;
  final: boolean;
  matched_by: MatchedBy;
  /** The version of the taxonomy, such as `2026-11`. */
  taxonomy: string;
  /** The form that the text names first, such as `I-485`. */
  form?: string;
  /** When the event happened, where the text says it: `2026-01-20`. */
  event_date?: string;
  /** By when to respond, where the text says it. Never computed from general knowledge. */
  respond_by?: string;
}
