//! What is accepted and what is not.

use proptest::prelude::*;

use super::*;

#[test]
fn w2_each_header_missing_doubled_or_empty_is_refused_by_name() {
    for id in Scheme::IDS {
        for index in 0..headers(&scheme(id), "c2VjcmV0", NOW, BODY).len() {
            let name = headers(&scheme(id), "c2VjcmV0", NOW, BODY)[index].0.clone();
            let reason = |change: fn(&mut Vec<(String, String)>, usize)| {
                changed(id, |headers| change(headers, index))
                    .unwrap_err()
                    .to_string()
            };
            assert_eq!(
                reason(|headers, index| drop(headers.remove(index))),
                format!("{name} is missing: is the scheme the one of the onboarding pack?")
            );
            assert_eq!(
                reason(|headers, index| {
                    let (name, value) = headers[index].clone();
                    headers.push((name.to_uppercase(), value));
                }),
                format!("{name} is there more than once")
            );
            assert_eq!(
                reason(|headers, index| headers[index].1.clear()),
                format!("{name} is empty")
            );
        }
    }
}

#[test]
fn w2_a_doubled_header_is_refused_too_where_the_platform_joins_the_two() {
    for id in Scheme::IDS {
        let scheme = scheme(id);
        let sound = headers(&scheme, "c2VjcmV0", NOW, BODY);
        let joined = |doubled: usize| {
            let headers = Joined(|name: &str| {
                let index = sound.iter().position(|(key, _)| key == name)?;
                let value = &sound[index].1;
                Some(if index == doubled {
                    format!("{value}, {value}")
                } else {
                    value.clone()
                })
            });
            verifier(&scheme, "c2VjcmV0", None).verify_at(&headers, BODY, NOW)
        };
        assert!(joined(usize::MAX).is_ok(), "{id}");
        for doubled in 0..sound.len() {
            assert!(joined(doubled).is_err(), "{id} {doubled}");
        }
    }
}

#[test]
fn w3_timestamps_are_digits_only() {
    for text in [
        "abc",
        "123abc",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1.9",
        "1e9",
        "0x1",
        "１７３６９４９８１０",
        "12345678901234567890",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "00000000001736949810",
    ] {
        let code = with("standard-webhooks", "timestamp", text);
        assert_eq!(code, "timestamp_malformed", "{text:?}");
        let field = format!("t={text},v1={}", "0".repeat(64));
        let code = with("timestamped-hex", "x-torch", &field);
        assert_eq!(code, "timestamp_malformed", "{field}");
    }
}

#[test]
fn w3_the_tolerance_holds_to_the_second_in_both_directions_and_at_the_extremes() {
    for id in ["standard-webhooks", "timestamped-hex"] {
        let scheme = scheme(id);
        let verify = |at: i64, now: i64| {
            let headers = headers(&scheme, "c2VjcmV0", UnixSeconds(at), BODY);
            verifier(&scheme, "c2VjcmV0", None)
                .verify_at(&headers[..], BODY, UnixSeconds(now))
                .map_or_else(|reason| reason.to_string(), |_| "ok".to_owned())
        };
        let now = NOW.0;
        assert_eq!(verify(now - 300, now), "ok");
        assert_eq!(verify(now + 300, now), "ok");
        assert_eq!(
            verify(now - 301, now),
            "signed 301 s ago; the tolerance is 300 s; a retry must be signed anew"
        );
        assert_eq!(
            verify(now + 301, now),
            "signed 301 s ahead of now; the tolerance is 300 s"
        );
        assert!(verify(now * 1000, now).ends_with("should be seconds, not milliseconds"));
        for (at, now) in [
            (i64::MAX, i64::MIN),
            (0, i64::MAX),
            (i64::MAX, 0),
            (0, i64::MIN),
        ] {
            assert_ne!(verify(at, now), "ok", "{at} {now}");
        }
        assert_eq!(verify(i64::MAX, i64::MAX), "ok");
    }
}

#[test]
fn w3_the_tolerance_cannot_be_switched_off() {
    for seconds in [i64::MIN, -1, 0, 3601, i64::MAX] {
        assert_eq!(Tolerance::seconds(seconds), None);
    }
    let scheme = scheme("standard-webhooks");
    let headers = headers(&scheme, "c2VjcmV0", NOW, BODY);
    let verifier = verifier(&scheme, "c2VjcmV0", None);
    let verify = |seconds: i64, now| {
        let tolerance = Tolerance::seconds(seconds).unwrap();
        verifier
            .clone()
            .with_tolerance(tolerance)
            .verify_at(&headers[..], BODY, now)
            .is_ok()
    };
    assert!(verify(1, NOW.plus(1)) && !verify(1, NOW.plus(2)));
    assert!(verify(3600, NOW.plus(3600)) && !verify(3600, NOW.plus(3601)));
}

#[test]
fn w4_signatures_of_another_form_are_none() {
    let sound = value("standard-webhooks", "signature");
    let code = sound.strip_prefix("v1,").unwrap();
    let url_safe = code.replace('+', "-").replace('/', "_");
    assert_ne!(url_safe, code, "the vector must have something to replace");
    for field in [
        "v1,",
        "v1",
        ",",
        " ",
        "x",
        "v1,AAAAAAA=",
        "v1,AAAAAAAA",
        "v1,????",
        code,
        &format!("v2,{code}"),
        &format!("v1a,{code}"),
        &format!("V1,{code}"),
        &format!("v1={code}"),
        &format!("v1,{url_safe}"),
        &format!("v1,{}", code.trim_end_matches('=')),
        &format!("v1,{code}="),
        &format!("v1,{code}\t"),
        &format!("v1,{code},{sound}"),
    ] {
        assert_eq!(
            with("standard-webhooks", "signature", field),
            "no_signature",
            "{field}"
        );
    }
    let hex = value("sha256-hex", "x-torch");
    let digits = hex.strip_prefix("sha256=").unwrap();
    for field in [
        "sha256=",
        "sha256",
        digits,
        "sha256=757107ea",
        &format!("sha1={digits}"),
        &format!("sha256={digits}0"),
        &format!("sha256= {digits}"),
        &format!("{hex}, {hex}"),
        &format!("{hex},{hex}"),
    ] {
        assert_eq!(
            with("sha256-hex", "x-torch", field),
            "no_signature",
            "{field}"
        );
    }
    assert_eq!(
        with(
            "sha256-hex",
            "x-torch",
            &hex.to_uppercase().replace("SHA", "sha")
        ),
        "ok"
    );
    let stamped = value("timestamped-hex", "x-torch");
    for (field, code) in [
        ("t=1736949810", "no_signature"),
        ("t=1736949810,v1=", "no_signature"),
        (&stamped.replace("v1=", "v0="), "no_signature"),
        (&stamped.replace("t=1736949810,", ""), "header_missing"),
        (&format!("{stamped},t=1"), "header_doubled"),
        (&format!("{stamped}, {stamped}"), "header_doubled"),
        (&stamped.replace(',', ", "), "ok"),
        (&format!("{stamped},v0=x,foo"), "ok"),
        (
            &stamped.replace("t=1736949810", "t=1736949811"),
            "signature_mismatch",
        ),
    ] {
        assert_eq!(with("timestamped-hex", "x-torch", field), code, "{field}");
    }
}

#[test]
fn w4_a_match_counts_wherever_it_stands_up_to_the_cap() {
    let other = format!("v1,{}=", "A".repeat(43));
    let sound = value("standard-webhooks", "signature");
    let list = |others: usize, last: &str| format!("{}{last}", format!("{other} ").repeat(others));
    for others in [0, 1, MAX_SIGNATURES - 1] {
        assert_eq!(
            with("standard-webhooks", "signature", &list(others, &sound)),
            "ok"
        );
        assert_eq!(
            with("standard-webhooks", "signature", &list(others, &other)),
            "signature_mismatch"
        );
    }
    for others in [MAX_SIGNATURES, 999] {
        assert_eq!(
            with("standard-webhooks", "signature", &list(others, &sound)),
            "too_many_signatures"
        );
    }
    assert_eq!(
        with(
            "standard-webhooks",
            "signature",
            &format!("v2,x  v1a,y {sound} v9")
        ),
        "ok"
    );
    let many = format!(
        "{}{}",
        "v1=,".repeat(999),
        value("timestamped-hex", "x-torch")
    );
    assert_eq!(
        with("timestamped-hex", "x-torch", &many),
        "too_many_signatures"
    );
}

#[test]
fn w5_the_previous_secret_is_accepted_until_it_is_removed() {
    for id in Scheme::IDS {
        let scheme = scheme(id);
        let old = headers(&scheme, "b2xkIHNlY3JldA==", NOW, BODY);
        let verify = |current: &str, previous: Option<&str>| {
            let verified = verifier(&scheme, current, previous).verify_at(&old[..], BODY, NOW);
            verified
                .map(|verified| verified.secret)
                .map_err(|reason| reason.code())
        };
        let refused = if id == "shared-secret" {
            "wrong_secret"
        } else {
            "signature_mismatch"
        };
        assert_eq!(verify("b2xkIHNlY3JldA==", None), Ok(WhichSecret::Current));
        assert_eq!(
            verify("bmV3", Some("b2xkIHNlY3JldA==")),
            Ok(WhichSecret::Previous)
        );
        assert_eq!(verify("bmV3", None), Err(refused));
        assert_eq!(verify("bmV3", Some("b3RoZXI=")), Err(refused));
    }
}

#[test]
fn w6_the_raw_bytes_are_what_is_verified() {
    for id in ["standard-webhooks", "timestamped-hex", "sha256-hex"] {
        let scheme = scheme(id);
        let verify = |signed: &[u8], body: &[u8]| {
            let headers = headers(&scheme, "c2VjcmV0", NOW, signed);
            verifier(&scheme, "c2VjcmV0", None).verify_at(&headers[..], body, NOW)
        };
        for body in [
            b"".as_slice(),
            b"\xff\xfe\x00",
            b"{}\r\n",
            b"{}\n",
            &[0xc3; 300_000],
        ] {
            assert!(verify(body, body).is_ok(), "{id}");
        }
        let value: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let again = serde_json::to_vec(&value).unwrap();
        for other in [
            again.as_slice(),
            b"",
            b"{}",
            &BODY[1..],
            &[BODY, b"\n"].concat(),
        ] {
            assert_eq!(
                verify(BODY, other).unwrap_err().to_string(),
                "no signature matches: the body must be the raw bytes as they came, not parsed and \
                 serialised again, and the secret the one of this endpoint",
                "{id}"
            );
        }
        assert!(verify(b"{}\r\n", b"{}\n").is_err());
    }
}

#[test]
fn w12_secrets_of_any_length_take_the_same_path() {
    let scheme = scheme("shared-secret");
    let verifier = verifier(&scheme, "correct horse", Some("battery staple"));
    for (presented, expected) in [
        ("correct horse", "ok"),
        ("battery staple", "ok"),
        ("c", "wrong_secret"),
        ("correct hors", "wrong_secret"),
        ("correct horse ", "wrong_secret"),
        ("Correct horse", "wrong_secret"),
        (&"correct horse".repeat(1000), "wrong_secret"),
    ] {
        let verified = verifier.verify_at(&[("x-torch", presented)][..], BODY, NOW);
        assert_eq!(
            verified.map_or_else(|reason| reason.code(), |_| "ok"),
            expected
        );
    }
}

proptest! {
    #[test]
    fn w6_any_body_is_verified_and_any_one_byte_of_it_matters(
        index in 0..4_usize, mut body in prop::collection::vec(any::<u8>(), 1..200), at: prop::sample::Index, flip in 1..=255_u8,
    ) {
        let scheme = scheme(Scheme::IDS[index]);
        let headers = headers(&scheme, "c2VjcmV0", NOW, &body);
        let verifier = verifier(&scheme, "c2VjcmV0", None);
        prop_assert!(verifier.verify_at(&headers[..], &body, NOW).is_ok());
        let at = at.index(body.len());
        body[at] ^= flip;
        let verified = verifier.verify_at(&headers[..], &body, NOW);
        prop_assert_eq!(verified.is_ok(), index == 0, "a shared secret secures no body");
    }

    #[test]
    fn t3_any_headers_at_all_are_refused_and_never_panic(
        index in 0..4_usize, values in prop::collection::vec("\\PC{0,80}|(v1,|v1=|t=|sha256=| |,|[0-9a-f]{1,9}){0,9}", 4), now: i64,
    ) {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-torch"];
        let headers: Vec<_> = names.into_iter().zip(values).collect();
        let verifier = verifier(&scheme(Scheme::IDS[index]), "c2VjcmV0", None);
        prop_assert!(verifier.verify_at(&headers[..], BODY, UnixSeconds(now)).is_err());
    }
}
