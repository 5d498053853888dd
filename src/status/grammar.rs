//! What the words of a title or a sentence mean.
//!
//! A small grammar over symbols, not a list of phrases. A sentence is cut into clauses; a clause is
//! *who or what* (its nouns, and which of them stand before the verb), *what happened* (its events)
//! and *whether* (negated, only intended, in the future). The rules then ask first what a clause is
//! about, because an outcome word often is about something else than the case: an expedite request
//! that was approved approves nothing. Clauses are joined at last: most often the first decides, but
//! a later one can turn a weak first one round, and an approval beside a denial is nobody's to guess.
#![forbid(unsafe_code)]

use super::category::{Category, Outcome};
use super::lexicon::*;
use super::rules::{Rule, meaning};
use super::text::Gap;

/// A word as the grammar sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) sym: Sym,
    pub(super) gap: Gap,
}

impl Token {
    /// No word.
    pub(super) const NONE: Self = Self {
        sym: UNLISTED,
        gap: Gap::Start,
    };
}

/// What was found, and by which rule.
pub(super) type Finding = (Category, Rule);

/// A set of symbols of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Set(pub(super) u64);

impl Set {
    pub(super) const fn of<const N: usize>(symbols: [Sym; N]) -> Self {
        let mut rest: &[Sym] = &symbols;
        let mut set = 0;
        while let Some((&sym, tail)) = rest.split_first() {
            set |= bit(sym);
            rest = tail;
        }
        Self(set)
    }

    pub(super) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn has(self, sym: Sym) -> bool {
        self.0 & bit(sym) != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn add(&mut self, sym: Sym) {
        self.0 |= bit(sym);
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The bit of a symbol in the set of its kind.
const fn bit(sym: Sym) -> u64 {
    1u64.wrapping_shl(sym as u32)
}

/// Events that decide a case, of which the last in a clause is the one that holds.
pub(super) const DECISIVE: Set = Set::of([
    APPROVE, DENY, REVOKE, REVERSE, TERMINATE, CLOSE, REOPEN, ABANDON, AFFIRM, TRANSFER,
]);
/// Events that report what follows them: "determined that …", "notified you that …".
const REPORTING: Set = Set::of([DECIDE, NOTIFY]);
/// What refers back to the clause before.
const ANAPHORA: Set = Set::of([REQUEST, WE, YOU]);

/// One clause.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clause {
    /// Who or what.
    pub(super) nouns: Set,
    /// Those before the first event.
    pub(super) subject: Set,
    /// What happened.
    pub(super) did: Set,
    /// What did not happen.
    pub(super) not: Set,
    /// What is to happen: infinitives.
    pub(super) to: Set,
    /// The last event that happened.
    pub(super) last: Sym,
    /// The last decisive event that happened.
    pub(super) main: Sym,
    /// Not so far: what did not happen may still.
    pub(super) yet: bool,
    /// In the future.
    pub(super) will: bool,
    /// Words before the first event that are in no list.
    pub(super) unlisted: usize,
    /// Words anywhere that are in no list.
    pub(super) strangers: usize,
    /// It happened because somebody did not do something.
    pub(super) for_silence: bool,
    /// It happened because of a fee.
    pub(super) for_fee: bool,
}

impl Clause {
    pub(super) fn has_event(&self) -> bool {
        !self.did.is_empty() || !self.not.is_empty()
    }

    /// Reads the reason behind a "because", as far as it matters.
    fn why(&mut self, reason: &[Token]) {
        let has = |sym| reason.iter().any(|token| token.sym == sym);
        self.for_silence = has(NOT) && (has(RESPOND) || has(FILE) || has(APPEAR)) || has(ABANDON);
        self.for_fee = has(FEE);
    }

    /// Happened, or stands as an infinitive.
    pub(super) fn any(&self, sym: Sym) -> bool {
        self.did.has(sym) || self.to.has(sym)
    }
}

/// What a title or sentence means; `None` where it does not tell.
///
/// `unknown` is found only where something forbids to look on: the text of an error page, or outcomes
/// that contradict each other.
pub(super) fn read(tokens: &[Token]) -> Option<Finding> {
    let mut found: Option<Finding> = None;
    let mut clause = Clause::default();
    let mut before = Set::default();
    let mut first = true;
    let mut reader = Reader::default();
    for (at, &token) in (1usize..).zip(tokens) {
        if token.sym == NOT_A_STATUS {
            return Some((Category::Unknown, Rule::NotAStatus));
        }
        match reader.step(token, &mut clause) {
            Step::On => {}
            Step::Next => {
                found = joined(found, finish(&clause, before, first), &clause);
                before = Set(clause.nouns.0 | before.0);
                clause = Clause::default();
                first = false;
                // The token that ended the clause may open the next.
                reader.restart();
                if matches!(reader.step(token, &mut clause), Step::End) {
                    break;
                }
            }
            Step::End => {
                clause.why(tokens.get(at..).unwrap_or(&[]));
                break;
            }
        }
    }
    joined(found, finish(&clause, before, first), &clause)
}

/// The meaning of one clause in its place.
fn finish(clause: &Clause, before: Set, first: bool) -> Option<Finding> {
    let mut clause = *clause;
    // What is still to come is not news once something else is.
    if clause.will && !first {
        return None;
    }
    // "…, and we approved your request": the request of the clause before.
    if !first && clause.has_event() && clause.nouns.without(ANAPHORA).is_empty() {
        clause.nouns = Set(clause.nouns.0 | before.0);
        clause.subject = Set(clause.subject.0 | before.0);
        clause.unlisted = 0;
    }
    meaning(&clause)
}

/// Two clauses of one sentence as one.
fn joined(found: Option<Finding>, next: Option<Finding>, clause: &Clause) -> Option<Finding> {
    use Category as C;
    let Some((first, rule)) = found else {
        return next;
    };
    if rule == Rule::Conflict {
        return found;
    }
    let Some((second, second_rule)) = next else {
        // "We received your request to withdraw …, and completed our review."
        if first == C::WithdrawalRequested && clause.did.has(COMPLETE) {
            return Some((C::Withdrawn, rule));
        }
        return found;
    };
    let later = Some((second, second_rule));
    if first == second {
        return found;
    }
    if first == C::WithdrawalRequested && clause.did.has(COMPLETE) {
        return Some((C::Withdrawn, rule));
    }
    // "Petition Withdrawn/Over 180 Days/Not Automatically Revoked".
    let stands = matches!(first, C::Withdrawn | C::Terminated) && clause.not.has(REVOKE);
    if stands || LATER.contains(&(first, second)) {
        return later;
    }
    let (before, after) = (first.outcome(), second.outcome());
    let decided = DECIDED.contains(&first);
    if before != after && before != Outcome::None && after != Outcome::None {
        return Some((C::Unknown, Rule::Conflict));
    }
    // What was done on the way to a decision gives way to it, and what says little to what says more.
    let outweighed = before == Outcome::None && second_rule == Rule::Outcome;
    let weak = WEAK.contains(&first) && !WEAK.contains(&second) && second != C::Received;
    if !decided && (outweighed || weak) {
        return later;
    }
    found
}

/// Categories that decide the case.
const DECIDED: [Category; 5] = [
    Category::Approved,
    Category::Denied,
    Category::Revoked,
    Category::Terminated,
    Category::Rejected,
];

/// Categories that say little.
const WEAK: [Category; 4] = [
    Category::DecisionIssued,
    Category::RecordUpdated,
    Category::NoticeMailed,
    Category::UnderReview,
];

/// Of these pairs the later is the one that holds.
#[rustfmt::skip]
const LATER: [(Category, Category); 32] = [
    (Category::PaymentIssue, Category::Rejected),
    (Category::Approved, Category::Revoked),
    (Category::Approved, Category::Terminated),
    (Category::Approved, Category::SentToState),
    (Category::Approved, Category::Reopened),
    (Category::Revoked, Category::Denied),
    (Category::Denied, Category::Reopened),
    (Category::Revoked, Category::Reopened),
    (Category::Terminated, Category::Reopened),
    (Category::Reopened, Category::Denied),
    (Category::DocumentMailed, Category::DocumentReturned),
    (Category::DocumentMailed, Category::DocumentDelivered),
    (Category::DocumentProduced, Category::DocumentReturned),
    (Category::DocumentProduced, Category::DocumentMailed),
    (Category::DocumentReturned, Category::DocumentDestroyed),
    (Category::InterviewCancelled, Category::InterviewScheduled),
    (Category::WithdrawalRequested, Category::Withdrawn),
    (Category::ExpediteRequested, Category::ExpediteApproved),
    (Category::ExpediteRequested, Category::ExpediteDenied),
    (Category::RescheduleRequested, Category::BiometricsScheduled),
    (Category::RescheduleRequested, Category::InterviewScheduled),
    (Category::AppealPending, Category::AppealSustained),
    (Category::AppealPending, Category::AppealDismissed),
    (Category::AppealPending, Category::Reopened),
    (Category::Received, Category::UnderReview),
    (Category::Received, Category::Transferred),
    (Category::Received, Category::Rejected),
    (Category::Received, Category::OnHold),
    (Category::Received, Category::DocumentProduced),
    (Category::DecisionIssued, Category::Received),
    (Category::RecordUpdated, Category::Received),
    (Category::RecordUpdated, Category::UnderReview),
];

/// What a token did to the sentence.
enum Step {
    /// The clause goes on.
    On,
    /// The clause is over and another begins.
    Next,
    /// The rest of the sentence is subordinate.
    End,
}

/// Where the reading of a clause stands.
#[derive(Debug, Clone, Copy, Default)]
struct Reader {
    negated: bool,
    infinitive: bool,
    modal: bool,
    /// Inside an opening "after …," or "because …,".
    aside: bool,
    /// How many words ago an "on" stood, where it still matters: "on a service motion".
    on: u8,
    /// The last token's symbol.
    last: Sym,
}

impl Reader {
    /// A new clause begins: negation, mood and infinitive end with the old one.
    fn restart(&mut self) {
        *self = Self::default();
    }

    fn step(&mut self, token: Token, clause: &mut Clause) -> Step {
        let Token { sym, gap } = token;
        let last = std::mem::replace(&mut self.last, sym);
        self.on = if sym == ON {
            3
        } else {
            self.on.saturating_sub(1)
        };
        if self.aside {
            if gap < Gap::Comma {
                return Step::On;
            }
            self.restart();
            self.last = sym;
        }
        let boundary = gap >= Gap::Comma || matches!(sym, AND | BUT);
        if boundary && clause.has_event() {
            return Step::Next;
        }
        match sym {
            NOT => {
                // "Could not" is a fact; "may not" is none.
                if last == COULD {
                    self.modal = false;
                }
                self.negated = true;
            }
            BUT | AND => self.negated = false,
            TO => self.infinitive = true,
            WILL => clause.will = true,
            MAY | COULD => self.modal = true,
            IF if clause.has_event() => return Step::End,
            IF => {
                *clause = Clause::default();
                return Step::End;
            }
            THAT if clause.did.any(REPORTING) => {
                clause.did = clause.did.without(REPORTING);
                self.infinitive = false;
            }
            THAT | BECAUSE | AFTER | WHICH if clause.has_event() => return Step::End,
            WHICH => self.aside = true,
            YET => clause.yet = true,
            BECAUSE | AFTER if clause.nouns.is_empty() => self.aside = true,
            SHOW if last == NOT => {
                clause.did.add(NO_SHOW);
                self.negated = false;
            }
            // "Updated to show …": what is shown is what happened.
            SHOW if last == TO => {
                self.infinitive = false;
                clause.did = Set::default();
                return Step::On;
            }
            _ if is_noun(sym) => self.noun(sym, last, clause),
            // "A denied application": which one, not what happened.
            _ if is_event(sym) && last == ARTICLE && DECISIVE.has(sym) => {}
            _ if is_event(sym) => self.event(sym, clause),
            UNLISTED => {
                clause.strangers = clause.strangers.saturating_add(1);
                if !clause.has_event() {
                    clause.unlisted = clause.unlisted.saturating_add(1);
                }
            }
            _ => {}
        }
        Step::On
    }

    fn noun(&mut self, sym: Sym, last: Sym, clause: &mut Clause) {
        // "To USCIS" is no infinitive.
        self.infinitive = false;
        let sym = match (last, sym) {
            // "Reopened on a motion": not what the clause is about.
            (_, APPEAL) if self.on > 0 && clause.has_event() => return,
            (POSTAL | EOIR | AAO, OFFICE) => return,
            (IMMIGRATION, COURT) => EOIR,
            (VISA | INTERNATIONAL, OFFICE) => STATE,
            // "Tribunal de Inmigración".
            (OF, IMMIGRATION) if clause.nouns.has(COURT) => EOIR,
            (APPEALS, OFFICE) => {
                clause.nouns = clause.nouns.without(const { Set::of([APPEALS]) });
                clause.subject = clause.subject.without(const { Set::of([APPEALS]) });
                AAO
            }
            (IMMIGRATION | AAO, APPEALS) => AAO,
            _ => sym,
        };
        self.last = sym;
        clause.nouns.add(sym);
        if !clause.has_event() {
            clause.subject.add(sym);
        }
    }

    fn event(&mut self, sym: Sym, clause: &mut Clause) {
        if self.modal {
            return;
        }
        let infinitive = std::mem::take(&mut self.infinitive);
        // A decision that is still to come decides nothing.
        if clause.will && DECISIVE.has(sym) {
            clause.to.add(sym);
        } else if self.negated {
            clause.not.add(sym);
        } else if infinitive && !clause.did.any(const { Set::of([DECIDE, MAKE]) }) {
            clause.to.add(sym);
        } else {
            clause.did.add(sym);
            clause.last = sym;
            if DECISIVE.has(sym) {
                clause.main = sym;
            }
        }
    }
}
