//! The taxonomy's page and definitions, the upstream's own category, and ids that survive.

use std::fmt::Write as _;
use std::path::Path;

use torch_edge::status::{Category, CategoryId, MatchedBy, TAXONOMY, normalize};

const TSV: &str = include_str!("../vectors/corpus/taxonomy.tsv");

/// `docs/TAXONOMY.md`, from the table.
fn page() -> String {
    let mut page = format!(
        "# The taxonomy\n\n\
        Version `{TAXONOMY}`. What `normalized.category` can be, what it means and what an application should\n\
        do. Generated from the table in `src/status/` (`UPDATE=1 cargo test --test core taxonomy`); do not\n\
        edit it here. Ids are stable for ever. An id that an application does not know is to be treated as\n\
        `unknown`.\n"
    );
    let yes = |flag: bool| if flag { "yes" } else { "no" };
    for c in Category::all() {
        let _ = write!(
            page,
            "\n## `{}`\n\n**{}** · {}\n\n{}\n\n\
            | stage | outcome | applicant must act | final |\n|---|---|---|---|\n| {} | {} | {} | {} |\n\n\
            What to do: {}\n",
            c.id(),
            c.label_en(),
            c.label_es(),
            c.meaning(),
            c.stage().id(),
            c.outcome().id(),
            yes(c.action_required()),
            yes(c.is_final()),
            c.advice(),
        );
    }
    page
}

#[test]
fn ok_the_page_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/TAXONOMY.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == page(),
        "docs/TAXONOMY.md is old: UPDATE=1 cargo test --test core taxonomy"
    );
}

#[test]
fn ok_the_definitions_are_those_of_the_taxonomy() {
    let theirs = TSV.lines().filter(|line| !line.starts_with('#'));
    let theirs: Vec<_> = theirs
        .map(|line| line.split('\t').nth(7).unwrap())
        .collect();
    let ours: Vec<_> = Category::all().map(Category::meaning).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn ok_the_upstream_is_asked_last_and_under_any_spelling() {
    for (spelled, id) in [
        ("request_for_evidence", "request_for_evidence"),
        ("Request for Evidence", "request_for_evidence"),
        ("REQUEST-FOR-EVIDENCE", "request_for_evidence"),
        ("requestForEvidence", "request_for_evidence"),
        ("Solicitud de evidencia", "request_for_evidence"),
        ("RFE", "request_for_evidence"),
        ("Biometría programada", "biometrics_scheduled"),
        ("pending", "under_review"),
    ] {
        let told = normalize("?", Some(spelled));
        assert_eq!(
            (told.category.id(), told.matched_by),
            (id, MatchedBy::Upstream),
            "{spelled}"
        );
    }
    assert_eq!(
        normalize("Case Was Denied", Some("approved")).category,
        Category::Denied
    );
    assert_eq!(
        normalize("?", Some("no such thing")).matched_by,
        MatchedBy::None
    );
    assert_eq!(normalize("?", Some("Unknown")).matched_by, MatchedBy::None);
}

#[test]
fn ok_an_id_of_a_newer_version_survives_a_round_trip() {
    for id in ["approved", "queued_for_launch"] {
        let json = format!("\"{id}\"");
        let read: CategoryId = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(read.to_string(), id);
    }
    assert_eq!(CategoryId::from("approved").known(), Category::Approved);
    assert_eq!(
        CategoryId::from("queued_for_launch").known(),
        Category::Unknown
    );
}

#[test]
fn err_a_category_of_this_version_is_strict() {
    let error = serde_json::from_str::<Category>("\"queued_for_launch\"").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("not the id of a category of taxonomy 2026-11"),
        "{error}"
    );
    assert_eq!(
        serde_json::from_str::<Category>("\"denied\"").unwrap(),
        Category::Denied
    );
}
