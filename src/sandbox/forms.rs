//! The forms that simulated cases are of, and how each kind of case tends to go.
#![forbid(unsafe_code)]

/// What an approval of a form leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Benefit {
    Card,
    Travel,
    Citizenship,
    Petition,
    Notice,
}

/// A form and its odds.
pub(super) struct Form {
    pub(super) name: &'static str,
    /// Of a hundred cases, how many are of this form.
    pub(super) share: i64,
    pub(super) biometrics: bool,
    /// How many of a hundred are interviewed, asked for evidence, approved.
    pub(super) interview: i64,
    pub(super) evidence: i64,
    pub(super) approval: i64,
    /// How many days a long wait lasts.
    pub(super) wait: (i64, i64),
    pub(super) benefit: Benefit,
}

const fn form(
    (name, share): (&'static str, i64),
    biometrics: bool,
    (interview, evidence, approval): (i64, i64, i64),
    wait: (i64, i64),
    benefit: Benefit,
) -> Form {
    Form {
        name,
        share,
        biometrics,
        interview,
        evidence,
        approval,
        wait,
        benefit,
    }
}

/// The shares add up to a hundred, which a test holds.
#[rustfmt::skip]
pub(super) const FORMS: [Form; 14] = [
    form(("I-485", 15),  true,  (65, 35, 85), (80, 340), Benefit::Card),
    form(("I-765", 17),  true,  ( 0, 18, 90), (40, 170), Benefit::Card),
    form(("I-130", 14),  false, (12, 28, 86), (130, 450), Benefit::Petition),
    form(("I-131", 8),   true,  ( 0, 20, 84), (60, 220), Benefit::Travel),
    form(("I-129", 8),   false, ( 0, 38, 84), (12, 100), Benefit::Petition),
    form(("N-400", 8),   true,  (95, 14, 88), (70, 210), Benefit::Citizenship),
    form(("I-140", 7),   false, ( 0, 32, 85), (40, 210), Benefit::Petition),
    form(("I-90", 5),    true,  ( 0, 8,  93), (60, 250), Benefit::Card),
    form(("I-751", 4),   true,  (30, 35, 86), (170, 500), Benefit::Card),
    form(("I-539", 4),   true,  ( 0, 26, 80), (40, 200), Benefit::Notice),
    form(("I-821D", 3),  true,  ( 0, 12, 93), (40, 140), Benefit::Card),
    form(("I-589", 3),   true,  (80, 22, 42), (170, 560), Benefit::Notice),
    form(("I-129F", 2),  false, ( 0, 34, 78), (80, 280), Benefit::Petition),
    form(("I-360", 2),   false, (15, 34, 80), (130, 420), Benefit::Notice),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = include_str!("../../tests/vectors/corpus/forms.tsv");

    #[test]
    fn ok_the_forms_exist_and_their_shares_add_up_to_a_hundred() {
        for form in &FORMS {
            let known = TSV
                .lines()
                .any(|line| line.split('\t').next() == Some(form.name));
            assert!(known, "{}", form.name);
        }
        assert_eq!(FORMS.iter().map(|form| form.share).sum::<i64>(), 100);
    }
}
