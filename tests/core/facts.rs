//! What a text says of form, dates, office and tracking; and that nothing else is said.

use torch_edge::status::{Date, Facts, facts, normalize};

fn date(facts: Option<Date>) -> String {
    facts.map_or_else(String::new, |date| date.to_string())
}

fn read(text: &str) -> (String, String, String) {
    let Facts {
        form,
        event_date,
        respond_by,
        ..
    } = facts(text);
    let form = form.map_or_else(String::new, |form| form.to_string());
    (form, date(event_date), date(respond_by))
}

#[test]
fn ok_form_and_dates_stand_where_the_text_says_them() {
    for (text, form, event, deadline) in [
        (
            "On September 5, 2023, we approved your Form I-130, Petition for Alien Relative.",
            "I-130",
            "2023-09-05",
            "",
        ),
        (
            "As of January 19, 2022, fingerprints relating to your Form I-485 have been applied.",
            "I-485",
            "2022-01-19",
            "",
        ),
        (
            "El 05 de Septiembre de 2023, aprobamos su Formulario I-130.",
            "I-130",
            "2023-09-05",
            "",
        ),
        (
            "Case Was Received On May 1, 2018, we received your Form N-400.",
            "N-400",
            "2018-05-01",
            "",
        ),
        (
            "We sent a request for evidence. Please respond by April 17, 2026.",
            "",
            "",
            "2026-04-17",
        ),
        (
            "You must submit the evidence no later than 04/17/2026.",
            "",
            "",
            "2026-04-17",
        ),
        (
            "Your response must be received by April 17, 2026.",
            "",
            "",
            "2026-04-17",
        ),
        (
            "Responda antes del 17 de abril de 2026.",
            "",
            "",
            "2026-04-17",
        ),
        (
            "If you do not submit an online request by August 25, 2018, we will destroy it.",
            "",
            "",
            "2018-08-25",
        ),
        (
            "We rejected your Form I-129CW on 2026-01-20.",
            "I-129CW",
            "2026-01-20",
            "",
        ),
        ("We mailed you a Form I-797, Notice of Action.", "", "", ""),
    ] {
        let told = (form.to_owned(), event.to_owned(), deadline.to_owned());
        assert_eq!(read(text), told, "{text}");
    }
}

#[test]
fn ok_a_notice_that_should_have_come_is_no_deadline() {
    let text = "On March 7, 2022, we sent a notice. If you do not receive your notice by April 6, 2022, go online.";
    assert_eq!(read(text).2, "");
    let held = "We will hold your document for 180 days or until February 13, 2022.";
    assert_eq!(read(held).2, "");
}

#[test]
fn ok_a_day_that_is_none_is_not_read() {
    assert_eq!(read("On February 30, 2024, we approved your case.").1, "");
    assert_eq!(
        read("On February 29, 2024, we approved your case.").1,
        "2024-02-29"
    );
    assert!(Date::new(2023, 2, 29).is_none() && Date::new(1899, 1, 1).is_none());
}

#[test]
fn ok_office_and_tracking_are_told_and_the_number_is_not() {
    let text = "We are processing it at our Nebraska Service Center location. The tracking number assigned is \
        9205000000000000000102.";
    let facts = facts(text);
    assert_eq!(facts.office, Some("Nebraska Service Center"));
    assert!(facts.has_tracking);
    assert!(!torch_edge::status::facts("Receipt Number IOE0000000101").has_tracking);
}

#[test]
fn ok_the_object_is_exactly_that_of_the_design() {
    let text = "On January 20, 2026, we sent a request for initial evidence for your Form I-485. Respond by April 17, 2026.";
    let json = serde_json::to_value(normalize(text, None)).unwrap();
    let expected = serde_json::json!({
        "category": "request_for_evidence",
        "labels": { "en": "Request for Evidence", "es": "Solicitud de evidencia" },
        "stage": "evidence",
        "outcome": "none",
        "action_required": true,
        "final": false,
        "matched_by": "description",
        "taxonomy": "2026-11",
        "form": "I-485",
        "event_date": "2026-01-20",
        "respond_by": "2026-04-17",
    });
    assert_eq!(json, expected);
    let bare = serde_json::to_value(normalize("Case Was Approved", None)).unwrap();
    assert!(
        bare.get("form").is_none()
            && bare.get("event_date").is_none()
            && bare.get("respond_by").is_none()
    );
}
