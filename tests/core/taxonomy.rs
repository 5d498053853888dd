//! The upstream's own category, and ids that survive.

use torch_edge::status::{Category, CategoryId, MatchedBy, normalize};

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
