//! Properties: any text is taken, cleaning is idempotent, and noise changes nothing.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use torch_edge::status::{Category, by_words, clean, explain, facts, normalize};

use crate::vectors;

/// The known titles of the vectors.
fn known() -> impl Strategy<Value = (&'static str, Category)> {
    let titles: Vec<_> = [
        vectors::titles(),
        vectors::titles_more(),
        vectors::spanish(),
    ]
    .into_iter()
    .flatten()
    .map(|case| (case.text, case.category))
    .collect();
    prop::sample::select(titles)
}

/// Text made of pieces that mean something to the reader.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Case ",
        "Was ",
        "Not ",
        "Approved",
        "Denied",
        " Form I-765, ",
        "Application for ",
        "<p>",
        "</h1>",
        "<",
        ">",
        "&apos;",
        "&#39;",
        "&amp;",
        "&",
        ";",
        ". ",
        ", ",
        "\n",
        "|",
        "18395",
        "Your Current Status:",
        "status",
        "é",
        "\u{301}",
        "’",
        "\u{a0}",
        "'",
        "\\",
        "-",
        " On May 3, 2024, ",
        "we ",
        "Receipt Number EAC9999103403",
        "caso ",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Each kind of noise that was seen in the wild.
fn noisy(title: &str, kinds: &[bool; 9]) -> String {
    let mut text = title.to_owned();
    let [upper, entity, curly, spaces, tag, prefix, suffix, mine, dot] = *kinds;
    if upper {
        text = text.to_uppercase();
    }
    if entity {
        text = text.replace('\'', "&#039;");
    }
    if curly {
        text = text.replace('\'', "\u{2019}");
    }
    if mine && text.starts_with("Case ") {
        text = format!("My {text}");
    }
    if dot {
        text.push('.');
    }
    if spaces {
        text = format!("  {} + ", text.replace(' ', "  "));
    }
    if tag {
        text = format!("<h1>{text}</h1>");
    }
    if prefix {
        text = format!("Your Current Status: {text}");
    }
    if suffix {
        text = format!("{text}|18395");
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn ok_any_text_is_taken(text in any::<String>(), hint in any::<Option<String>>()) {
        let _ = (normalize(&text, hint.as_deref()), explain(&text), facts(&text), by_words(&text));
    }

    #[test]
    fn ok_any_bytes_are_taken_as_the_web_takes_them(bytes in any::<Vec<u8>>()) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (normalize(&text, Some(&text)), explain(&text), facts(&text));
    }

    #[test]
    fn ok_cleaning_is_idempotent(text in any::<String>()) {
        let once = clean(&text);
        prop_assert_eq!(clean(&once), once);
    }

    #[test]
    fn ok_cleaning_is_idempotent_on_what_looks_like_a_status(text in pieces()) {
        let once = clean(&text);
        prop_assert_eq!(clean(&once), once);
    }

    #[test]
    fn ok_noise_never_changes_the_category_of_a_known_title(
        (title, category) in known(),
        kinds in any::<[bool; 9]>(),
    ) {
        let text = noisy(title, &kinds);
        prop_assert_eq!(normalize(&text, None).category, category, "{}", text);
    }

    #[test]
    fn ok_the_same_text_is_told_the_same_twice(text in pieces()) {
        prop_assert_eq!(normalize(&text, None), normalize(&text, None));
    }

    #[test]
    fn ok_an_explanation_agrees_with_the_verb(text in pieces()) {
        prop_assert_eq!(explain(&text).category, normalize(&text, None).category);
    }
}

/// Hostile texts: what makes a careless reader quadratic.
#[test]
fn ok_a_huge_text_is_bounded_work() {
    let started = Instant::now();
    for piece in [
        "<a",
        "&",
        "<",
        "On May 3, 2024, ",
        "a",
        "I-1 ",
        "Case Was Not ",
        "é",
        "2024 ",
        "status: ",
    ] {
        let text = piece.repeat(4_000_000 / piece.len());
        let _ = (normalize(&text, Some(&text)), explain(&text), facts(&text));
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
