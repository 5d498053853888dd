//! How a case goes, form by form: the branches that its dice choose between.
//!
//! Plausible, not statistical: the shares and the waits are chosen so that every kind of status is
//! met soon, and at any clock of 2024 to 2028 the cases stand at many stages.
#![forbid(unsafe_code)]

use super::dice::Dice;
use super::forms::{Benefit, FORMS, Form};
use super::life::Step;
use super::titles::{self as t, Title};
use crate::time::UnixSeconds;

const DAY: i64 = 86_400;
/// Days since 1970 of 2022-07-01 and 2028-01-01: receipt notices go out between them.
const NOTICES: (i64, i64) = (19_174, 21_184);
/// Days since 1970 of 2023-07-01 and 2023-12-15: what is receipted later has lain at the lockbox
/// since then, so that every case exists by 2024 and none changes before its own time.
const LOCKBOX: (i64, i64) = (19_539, 19_706);

/// A case's form, its first status and all later ones, in the order of time.
pub(super) fn write(mut dice: Dice) -> (&'static str, Step, Vec<Step>) {
    let [form, ..] = &FORMS;
    let mut drawn = dice.between(1, 100);
    let form = FORMS
        .iter()
        .find(|form| {
            drawn = drawn.saturating_sub(form.share);
            drawn <= 0
        })
        .unwrap_or(form);

    let notice = dice.between(NOTICES.0, NOTICES.1);
    let lockbox = dice.between(LOCKBOX.0, LOCKBOX.1);
    let lockbox = lockbox.min(notice.saturating_sub(dice.between(2, 6)));
    let first = Step {
        at: moment(lockbox, &mut dice),
        title: t::LOCKBOX,
    };
    let mut plot = Plot {
        dice,
        form,
        day: notice,
        later: Vec::new(),
    };
    // `None` is where a story ended early; either way it is told.
    let _told: Option<()> = plot.run();
    (form.name, first, plot.later)
}

/// Some second of the office hours (13:00 to 22:00 UTC) of a day since 1970.
fn moment(day: i64, dice: &mut Dice) -> UnixSeconds {
    UnixSeconds(day.saturating_mul(DAY)).plus(dice.between(46_800, 79_199))
}

/// A story in the writing. Its parts answer `None` where the case has ended.
struct Plot {
    dice: Dice,
    form: &'static Form,
    day: i64,
    later: Vec<Step>,
}

impl Plot {
    fn run(&mut self) -> Option<()> {
        self.intake()?;
        self.biometrics()?;
        self.review()?;
        self.evidence()?;
        self.interview()?;
        self.decision()?;
        self.delivery()
    }

    /// The next status, so many days after the last one (at least one, so that time moves).
    fn after(&mut self, least: i64, most: i64, title: Title) {
        self.day = self
            .day
            .saturating_add(self.dice.between(least, most).max(1));
        self.now(title);
    }

    fn now(&mut self, title: Title) {
        let at = moment(self.day, &mut self.dice);
        self.later.push(Step { at, title });
    }

    /// The next status after one of the form's long waits.
    fn waited(&mut self, title: Title) {
        let (least, most) = self.form.wait;
        self.after(least, most, title);
    }

    fn one_of(&mut self, titles: &[Title], otherwise: Title) -> Title {
        self.dice.pick(titles).copied().unwrap_or(otherwise)
    }

    /// The last status of a case that ends here.
    fn ends(&mut self, least: i64, most: i64, title: Title) -> Option<()> {
        self.after(least, most, title);
        None
    }

    fn intake(&mut self) -> Option<()> {
        if self.dice.chance(5) {
            let why = [
                t::REJECTED,
                t::REJECTED_UNSIGNED,
                t::REJECTED_FILING,
                t::REJECTED_FEE,
                t::REJECTED_VERSION,
                t::REJECTED_FUNDS,
            ];
            let title = self.one_of(&why, t::REJECTED);
            self.now(title);
            return None;
        }
        let title = self.one_of(&[t::RECEIVED_SENT, t::RECEIVED_EMAILED], t::RECEIVED_SENT);
        self.now(title);
        if self.dice.chance(4) {
            self.after(3, 10, t::PAYMENT_ISSUE);
            if self.dice.chance(30) {
                return self.ends(10, 40, t::REJECTED_FUNDS);
            }
        } else if self.dice.chance(4) {
            self.after(2, 9, t::FEES_WAIVED);
        } else if self.form.benefit == Benefit::Petition && self.dice.chance(15) {
            self.after(2, 30, t::PREMIUM);
            if self.dice.chance(10) {
                self.after(15, 30, t::FEE_REFUNDED);
            }
        }
        Some(())
    }

    fn biometrics(&mut self) -> Option<()> {
        if !self.form.biometrics {
            return Some(());
        }
        if self.dice.chance(25) {
            self.after(5, 20, t::FINGERPRINT_FEE);
        }
        self.after(12, 60, t::BIOMETRICS);
        if self.dice.chance(5) {
            self.after(14, 30, t::NOTICE_RETURNED);
            if self.dice.chance(35) {
                return self.ends(40, 120, t::ABANDONED_FINGERPRINTS);
            }
            self.after(10, 40, t::BIOMETRICS_AGAIN);
        } else if self.dice.chance(8) {
            self.after(4, 20, t::RESCHEDULE);
            self.after(10, 35, t::BIOMETRICS_AGAIN);
        } else if self.dice.chance(5) {
            self.after(20, 35, t::NO_ONE_APPEARED);
            self.after(20, 50, t::BIOMETRICS_AGAIN);
        }
        let done = self.one_of(
            &[t::BIOMETRICS_DONE, t::FINGERPRINTS_TAKEN],
            t::BIOMETRICS_DONE,
        );
        self.after(14, 35, done);
        Some(())
    }

    fn review(&mut self) -> Option<()> {
        if self.dice.chance(4) {
            self.after(10, 90, t::WITHDRAWAL);
            return self.ends(10, 40, t::WITHDRAWN);
        }
        if self.dice.chance(2) {
            let why = self.one_of(&[t::CLOSED, t::CLOSED_OTHERWISE], t::CLOSED);
            return self.ends(40, 200, why);
        }
        if self.dice.chance(35) {
            self.after(10, 60, t::PROCESSING);
        }
        match self.dice.between(1, 10) {
            1 => {
                let to = match self.form.name {
                    "I-589" => t::TRANSFERRED_ASYLUM,
                    _ => self.one_of(&[t::TRANSFERRED, t::TRANSFERRED_OFFICE], t::TRANSFERRED),
                };
                self.after(20, 120, to);
            }
            2 => {
                self.after(10, 90, t::EXPEDITE);
                let granted = self.dice.chance(45);
                let answer = if granted {
                    t::EXPEDITE_APPROVED
                } else {
                    t::EXPEDITE_DENIED
                };
                self.after(3, 25, answer);
            }
            3 if self.dice.chance(60) => self.after(10, 90, t::NAME_UPDATED),
            3 => self.after(10, 90, t::CORRESPONDENCE),
            4 if self.form.name == "I-485" => {
                self.after(20, 90, t::VISA_BULLETIN);
                self.waited(t::PENDING);
            }
            4 if self.dice.chance(40) => {
                self.after(20, 90, t::ON_HOLD);
                self.waited(t::PENDING);
            }
            5 if self.form.interview > 0 => self.after(20, 120, t::PENDING_LOCALLY),
            _ => {}
        }
        Some(())
    }

    fn evidence(&mut self) -> Option<()> {
        if !self.dice.chance(self.form.evidence) {
            return Some(());
        }
        let asked = self.one_of(&[t::RFE, t::RFE, t::RFE_INITIAL, t::RFE_BOTH], t::RFE);
        self.waited(asked);
        match self.dice.between(1, 100) {
            ..=5 => self.after(10, 40, t::RFE_CANCELLED),
            6..=12 => return self.ends(88, 120, t::ABANDONED),
            _ => self.after(15, 84, t::RESPONSE),
        }
        Some(())
    }

    fn interview(&mut self) -> Option<()> {
        if !self.dice.chance(self.form.interview) {
            return Some(());
        }
        self.waited(t::INTERVIEW_READY);
        self.after(15, 90, t::INTERVIEW);
        if self.dice.chance(10) {
            self.after(5, 25, t::INTERVIEW_CANCELLED);
            self.after(20, 60, t::INTERVIEW_AGAIN);
        }
        self.after(21, 45, t::INTERVIEW_DONE);
        Some(())
    }

    fn decision(&mut self) -> Option<()> {
        if self.dice.chance(self.form.approval) {
            let title = match self.form.benefit {
                Benefit::Petition => t::APPROVED_CONSULATE,
                Benefit::Notice => t::APPROVED_NOTICE,
                _ => t::APPROVED,
            };
            self.waited(title);
            return Some(());
        }
        match self.dice.between(1, 10) {
            1..=4 => {
                let warned =
                    self.one_of(&[t::INTENT_TO_DENY, t::NOTICE_OF_INTENT], t::INTENT_TO_DENY);
                self.waited(warned);
                self.after(15, 32, t::RESPONSE);
                if self.dice.chance(30) {
                    self.after(20, 70, t::APPROVED);
                    return Some(());
                }
                self.after(20, 70, t::DENIED);
            }
            5 => {
                self.waited(t::DECISION);
                self.after(5, 15, t::DENIED);
            }
            6 | 7 if self.form.name == "I-589" => {
                self.waited(t::REFERRED);
                return self.ends(200, 500, t::CLOSED);
            }
            _ => self.waited(t::DENIED),
        }
        if !self.dice.chance(25) {
            return None;
        }
        self.after(25, 45, t::APPEAL);
        if !self.dice.chance(35) {
            return self.ends(90, 240, t::APPEAL_DISMISSED);
        }
        self.after(90, 240, t::APPEAL_APPROVED);
        self.after(10, 40, t::REOPENED);
        self.after(20, 90, t::APPROVED);
        Some(())
    }

    fn delivery(&mut self) -> Option<()> {
        match self.form.benefit {
            Benefit::Card => self.card(),
            Benefit::Travel => {
                let produced = [t::PAROLE_PRODUCED, t::PAROLE_PRODUCED, t::REFUGEE_PRODUCED];
                let produced = self.one_of(&produced, t::PAROLE_PRODUCED);
                self.after(2, 12, produced);
                self.after(2, 8, t::TRAVEL_MAILED);
                if self.dice.chance(50) {
                    self.after(3, 9, t::DOCUMENT_DELIVERED);
                }
            }
            Benefit::Citizenship => {
                self.after(10, 45, t::APPOINTMENT_NOTICE);
                self.after(15, 50, t::CERTIFICATE);
            }
            Benefit::Petition => {
                if self.dice.chance(6) {
                    if self.dice.chance(30) {
                        return self.ends(60, 300, t::REVOKED_AUTOMATICALLY);
                    }
                    self.after(60, 300, t::INTENT_TO_REVOKE);
                    return self.ends(35, 90, t::REVOKED);
                }
                self.after(10, 60, t::SENT_TO_STATE);
            }
            Benefit::Notice => {
                self.after(2, 10, t::DOCUMENT_MAILED);
                if self.dice.chance(4) {
                    self.after(90, 400, t::TERMINATED);
                }
            }
        }
        None
    }

    fn card(&mut self) {
        self.after(1, 7, t::CARD_ORDERED);
        if self.dice.chance(60) {
            self.after(2, 9, t::CARD_PRODUCED);
        }
        self.after(1, 6, t::CARD_MAILED);
        self.after(1, 3, t::CARD_PICKED_UP);
        if self.dice.chance(5) {
            self.after(3, 12, t::CARD_UNDELIVERABLE);
            self.after(5, 15, t::CARD_RETURNED);
            if self.dice.chance(40) {
                self.after(180, 190, t::CARD_DESTROYED);
                return;
            }
            self.after(20, 60, t::CARD_MAILED);
        }
        let delivered = self.one_of(
            &[t::CARD_DELIVERED, t::CARD_DELIVERED_POST],
            t::CARD_DELIVERED,
        );
        self.after(1, 4, delivered);
    }
}
