//! The words of the core that the npm package's JavaScript has instead of its wasm: there they weigh a third, and
//! they are written from here, so that they stand in one place.
//!
//! `UPDATE=1 cargo test --lib words` writes the file anew.

use serde_json::{Value, json};

use crate::status::{Category, MatchedBy, RULES, TAXONOMY};
use crate::webhook::{SENTENCES, Scheme, SchemeError, SecretError};

const FILE: &str = "www/package/core/words.js";

const TOLD_BY: [MatchedBy; 5] = [
    MatchedBy::Title,
    MatchedBy::Pattern,
    MatchedBy::Description,
    MatchedBy::Upstream,
    MatchedBy::None,
];

fn words() -> String {
    let rows = Category::all().map(|c| {
        json!([
            c.id(),
            c.label_en(),
            c.label_es(),
            c.stage().id(),
            c.outcome().id(),
            u8::from(c.action_required()),
            u8::from(c.is_final()),
        ])
    });
    let lists: [(&str, Vec<Value>); 7] = [
        ("CATEGORIES", rows.collect()),
        ("MATCHED_BY", TOLD_BY.map(|by| json!(by.id())).to_vec()),
        ("RULES", RULES.map(Value::from).to_vec()),
        (
            "REASONS",
            SENTENCES
                .map(|(code, sentence)| json!([code, sentence]))
                .to_vec(),
        ),
        ("SCHEMES", Scheme::IDS.map(Value::from).to_vec()),
        (
            "SCHEME_ERRORS",
            SchemeError::ALL
                .map(|error| json!(error.to_string()))
                .to_vec(),
        ),
        (
            "SECRET_ERRORS",
            SecretError::ALL
                .map(|error| json!(error.to_string()))
                .to_vec(),
        ),
    ];
    let mut text = format!(
        "// The core's words, in the order of their places: written by src/words.rs, do not edit.\n\
         export const TAXONOMY = {};\n",
        json!(TAXONOMY),
    );
    for (name, list) in lists {
        text.push_str(&format!("export const {name} = [\n"));
        for item in list {
            text.push_str(&format!("  {item},\n"));
        }
        text.push_str("];\n");
    }
    text
}

#[test]
fn ok_the_packages_words_are_the_cores() {
    for (place, by) in TOLD_BY.into_iter().enumerate() {
        assert_eq!(by as usize, place);
    }
    for (place, error) in SchemeError::ALL.into_iter().enumerate() {
        assert_eq!(error as usize, place);
    }
    for (place, error) in SecretError::ALL.into_iter().enumerate() {
        assert_eq!(error as usize, place);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + FILE;
    let written = words();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == written,
        "{FILE} is not what the core says: UPDATE=1 cargo test --lib words"
    );
}
