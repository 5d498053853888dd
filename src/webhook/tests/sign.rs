//! What is signed, and what is printed of it.

use proptest::prelude::*;

use super::*;
use crate::receipt::ReceiptNumber;

#[test]
fn ok_what_is_signed_is_verified_by_every_scheme() {
    for id in Scheme::IDS {
        let verified = changed(id, |_| ()).unwrap();
        assert_eq!(verified.secret, WhichSecret::Current);
        let standard = id == "standard-webhooks";
        assert_eq!(verified.message_id.as_deref(), standard.then_some("msg_1"));
        let timed = standard || id == "timestamped-hex";
        assert_eq!(verified.signed_at, timed.then_some(NOW), "{id}");
    }
}

#[test]
fn ok_a_signer_with_two_secrets_satisfies_the_holder_of_either() {
    for id in ["standard-webhooks", "timestamped-hex"] {
        let signer = Signer::new(scheme(id), &secret("bmV3"), Some(&secret("b2xk"))).unwrap();
        let headers = signer.headers("msg_1", NOW, BODY).unwrap();
        for held in ["bmV3", "b2xk"] {
            let verifier = verifier(&scheme(id), held, None);
            assert!(
                verifier.verify_at(&headers[..], BODY, NOW).is_ok(),
                "{id} {held}"
            );
        }
    }
}

#[test]
fn err_an_id_with_a_full_stop_is_neither_signed_nor_verified() {
    // With it, id "a" at 1 and body "2.{}" would be signed like id "a.1" at 2 and body "{}".
    let signer = Signer::new(Scheme::standard(), &secret("c2VjcmV0"), None).unwrap();
    let long = "x".repeat(257);
    for id in ["", "a.1", "a b", "msg_\u{e9}", "a\n", &long] {
        assert_eq!(
            signer.headers(id, NOW, BODY),
            Err(SignError::IdMalformed),
            "{id:?}"
        );
        let code = with("standard-webhooks", "id", id);
        assert_eq!(
            code,
            if id.is_empty() {
                "header_empty"
            } else {
                "id_malformed"
            }
        );
    }
    assert_eq!(
        signer.headers("a", UnixSeconds(-1), b""),
        Err(SignError::BeforeTime)
    );
}

#[test]
fn ok_a_senders_own_brand_in_the_header_names() {
    let scheme = Scheme::parse("standard-webhooks", Some("Svix")).unwrap();
    let headers = headers(&scheme, "c2VjcmV0", NOW, BODY);
    assert_eq!(headers[2].0, "svix-signature");
    assert!(
        verifier(&scheme, "c2VjcmV0", None)
            .verify_at(&headers[..], BODY, NOW)
            .is_ok()
    );
}

#[test]
fn ok_neither_verifier_nor_signer_nor_reason_prints_a_secret() {
    for id in Scheme::IDS {
        let signer = Signer::new(scheme(id), &secret("c2VjcmV0"), None).unwrap();
        let verifier = verifier(&scheme(id), "c2VjcmV0", Some("c2VjcmV0"));
        let reason = verifier
            .verify_at(&[("x-torch", "c2VjcmV0X")][..], BODY, NOW)
            .unwrap_err();
        let printed = format!("{signer:?} {verifier:?} {reason:?} {reason}");
        assert!(!printed.contains("c2VjcmV0"), "{printed}");
    }
}

#[test]
fn ok_a_delivery_is_verified_and_read() {
    let sample = Sample {
        id: "evt_01hx",
        receipt: "ABC1234567890".parse().unwrap(),
        status_text: "Case Was \"Received\" \u{e9}",
        status_category: "Case Received",
        last_status_at: UnixSeconds(1_736_949_807),
    };
    for id in Scheme::IDS {
        let signer = Signer::new(scheme(id), &secret("c2VjcmV0"), None).unwrap();
        let Delivery { headers, body } = delivery(&signer, &sample, NOW).unwrap();
        assert!(headers.contains(&("content-type".into(), "application/json".into())));
        let verifier = verifier(&scheme(id), "c2VjcmV0", None);
        assert!(verifier.verify_at(&headers[..], &body, NOW).is_ok());
        let event = Event::read(&body, &EventNames::default(), &Default::default()).unwrap();
        assert_eq!(event.id.as_deref(), Some(sample.id));
        assert_eq!(event.sent_at, Some(NOW));
        let case = event.case.unwrap();
        assert_eq!(case.receipt, sample.receipt);
        assert_eq!(case.status_text, sample.status_text);
        assert_eq!(case.last_status_at, Some(sample.last_status_at));
    }
}

proptest! {
    #[test]
    fn ok_any_moment_is_signed_and_any_sample_is_an_event(at: i64, id in "[a-z0-9_]{1,20}", text: String, category: String, receipt in "[A-Z]{3}[0-9]{10}") {
        let receipt: ReceiptNumber = receipt.parse().unwrap();
        let sample = Sample { id: &id, receipt, status_text: &text, status_category: &category, last_status_at: UnixSeconds(at) };
        let signer = Signer::new(Scheme::standard(), &secret("c2VjcmV0"), None).unwrap();
        let sent = delivery(&signer, &sample, UnixSeconds(at));
        prop_assert_eq!(sent.is_ok(), at >= 0);
        if let Ok(Delivery { headers, body }) = sent {
            let verifier = verifier(&Scheme::standard(), "c2VjcmV0", None);
            prop_assert!(verifier.verify_at(&headers[..], &body, UnixSeconds(at)).is_ok());
            prop_assert!(Event::read(&body, &EventNames::default(), &Default::default()).is_ok());
        }
    }
}
