//! Every text of the vectors gets its category; and the grammar alone gets what no table knows.

use std::io::Write;

use torch_edge::status::{Category, MatchedBy, Outcome, by_words, normalize};

use crate::vectors::{self, Case};

/// Rows of the corpus whose category contradicts the taxonomy's own definitions, with the category
/// that the definitions give. Shown by how each text begins.
const MISLABELLED: [(&str, &str, &str); 3] = [
    // "The carrier picked the card or document up" is the definition of document_in_transit, and
    // titles.tsv has "Card Was Picked Up By The United States Postal Service" there.
    (
        "The Post Office picked up mail containing your new card.",
        "document_mailed",
        "document_in_transit",
    ),
    // A letter "other than an answer to a request or notice" is correspondence_received, and
    // titles.tsv has the title of this text there.
    (
        "On October 16, 2020, we received your correspondence for Form I-485",
        "response_received",
        "correspondence_received",
    ),
    // "Some other notice was mailed: … continuation" is the definition of notice_mailed, and
    // titles.tsv has "Continuation Notice Was Mailed" there.
    (
        "On January 19, 2021, we mailed you a continuation notice",
        "response_received",
        "notice_mailed",
    ),
];

fn expected(case: &Case) -> Category {
    MISLABELLED
        .iter()
        .find(|(begins, label, _)| case.text.starts_with(begins) && case.category.id() == *label)
        .map_or(case.category, |(_, _, right)| right.parse().unwrap())
}

/// Prints past the capture of the test harness: the figures belong into the log of every run.
fn report(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn opposed(a: Category, b: Category) -> bool {
    let outcomes = [a.outcome(), b.outcome()];
    outcomes.contains(&Outcome::Favorable) && outcomes.contains(&Outcome::Adverse)
}

/// How many of `cases` `told` gets right, and how many it calls a wrong outcome.
fn score(name: &str, cases: &[Case], told: impl Fn(&str) -> Category) -> (f64, f64) {
    let (mut right, mut wrong_way) = (0usize, 0usize);
    for case in cases {
        let (got, want) = (told(case.text), expected(case));
        if got == want {
            right += 1;
        } else {
            report(&format!("    {want} -> {got}: {}", case.text));
        }
        wrong_way += usize::from(opposed(got, want));
    }
    let share = |count: usize| 100.0 * count as f64 / cases.len() as f64;
    report(&format!(
        "{name}: {right} of {} right ({:.1} %), {wrong_way} wrong outcomes ({:.1} %)",
        cases.len(),
        share(right),
        share(wrong_way)
    ));
    (share(right), share(wrong_way))
}

#[test]
fn ok_every_text_of_the_vectors_gets_its_category() {
    for cases in [
        vectors::titles(),
        vectors::spanish(),
        vectors::titles_more(),
        vectors::descriptions(),
        vectors::descriptions_more(),
        vectors::unseen(),
        vectors::unseen_2(),
        vectors::outcomes(),
    ] {
        for case in cases {
            assert_eq!(
                normalize(case.text, None).category,
                expected(&case),
                "{}",
                case.text
            );
        }
    }
}

#[test]
fn ok_every_real_title_is_a_known_title() {
    for case in [vectors::titles(), vectors::titles_more()].iter().flatten() {
        let by = if case.kind == "none" {
            MatchedBy::None
        } else {
            MatchedBy::Title
        };
        assert_eq!(normalize(case.text, None).matched_by, by, "{}", case.text);
    }
}

#[test]
fn ok_the_mislabelled_rows_are_in_the_corpus() {
    for (begins, label, _) in MISLABELLED {
        let found = vectors::descriptions()
            .iter()
            .filter(|case| case.text.starts_with(begins) && case.category.id() == label)
            .count();
        assert_ne!(found, 0, "{begins}");
    }
}

/// The figure that the issue asks for. No title is looked up at all, so every title is left out, not
/// one in turn.
#[test]
fn ok_the_grammar_alone_gets_the_titles_of_the_corpus() {
    let (right, wrong_way) = score(
        "leave-one-out, titles of the corpus",
        &vectors::titles(),
        by_words,
    );
    assert!(right >= 92.0, "{right:.1} % is below the bar");
    assert!(wrong_way <= 1.0, "{wrong_way:.1} % is above the bar");
}

#[test]
fn ok_the_grammar_alone_gets_the_other_vectors() {
    for (name, cases, bar) in [
        (
            "grammar alone, further titles",
            vectors::titles_more(),
            95.0,
        ),
        ("grammar alone, unseen paraphrases", vectors::unseen(), 95.0),
        (
            "grammar alone, second set of texts",
            vectors::unseen_2(),
            95.0,
        ),
        ("grammar alone, blind set", vectors::unseen_3(), 88.0),
        ("grammar alone, second blind set", vectors::unseen_4(), 95.0),
        ("grammar alone, Spanish", vectors::spanish(), 95.0),
        ("grammar alone, descriptions", vectors::descriptions(), 95.0),
        (
            "grammar alone, further descriptions",
            vectors::descriptions_more(),
            95.0,
        ),
    ] {
        let (right, wrong_way) = score(name, &cases, by_words);
        assert!(right >= bar, "{name}: {right:.1} % is below the bar");
        assert_eq!(wrong_way, 0.0, "{name}");
    }
}
