use super::*;
use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key};
use jwt_compact::{AlgorithmExt, Claims, Header, UntrustedToken};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const SECRET: &str = "a-secret-of-thirty-two-bytes-----";
const OTHER: &str = "another-secret-of-thirty-two-bytes";

fn keys(current: &str, other: Option<&str>) -> GrantKeys {
    let secret = |text: &str| Secret::parse(text).unwrap();
    GrantKeys::new(&secret(current), other.map(secret).as_ref()).unwrap()
}

fn grant(receipts: usize, lifetime: i64) -> Grant {
    Grant {
        client: "site".to_owned(),
        receipts: (0..receipts)
            .map(|n| format!("IOE{n:010}").parse().unwrap())
            .collect(),
        issued_at: NOW,
        expires_at: NOW.plus(lifetime),
    }
}

/// Any claims, or any header, signed as a grant is.
fn signed(secret: &str, header: &str, claims: &str) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let code = keys(secret, None).current.code(&[signed.as_bytes()]);
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&code))
}

const GOOD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn claims(more: &str) -> String {
    let claims = r#"{"aud":"torch-edge","sub":"site","iat":1800000000,"exp":1800003600,"receipts":["IOE0000000001"]}"#;
    claims.replacen('{', &format!("{{{more}"), 1)
}

/// The claims as another library reads and writes them.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Theirs {
    aud: String,
    sub: String,
    receipts: Vec<String>,
}

#[test]
fn ok_a_grant_is_what_it_was_minted_for() {
    let keys = keys(SECRET, None);
    for (receipts, lifetime) in [(1, 60), (MAX_RECEIPTS, MAX_LIFETIME)] {
        let grant = grant(receipts, lifetime);
        let token = keys.mint(&grant).unwrap();
        assert!(
            is_grant(&token) && token.len() < MAX_TOKEN,
            "{}",
            token.len()
        );
        assert_eq!(keys.verify(&token, NOW), Ok(grant.clone()));
        assert_eq!(
            keys.verify(&token, NOW.plus(lifetime - 1)),
            Ok(grant.clone())
        );
        assert!(grant.covers("IOE0000000000".parse().unwrap()));
        assert!(!grant.covers("IOE9000000000".parse().unwrap()));
    }
}

#[test]
fn a1_a_grant_of_no_case_of_too_many_or_for_too_long_is_neither_minted_nor_good() {
    let keys = keys(SECRET, None);
    for (receipts, lifetime, claim) in [
        (0, 60, "receipts"),
        (MAX_RECEIPTS + 1, 60, "receipts"),
        (10_000, 60, "receipts"),
        (1, 0, "exp"),
        (1, -1, "exp"),
        (1, MAX_LIFETIME + 1, "exp"),
    ] {
        let wrong = Err(GrantError::Claim(claim));
        assert_eq!(
            keys.mint(&grant(receipts, lifetime)),
            wrong.map(|()| String::new())
        );
        let list: Vec<String> = (0..receipts).map(|n| format!("\"IOE{n:010}\"")).collect();
        let claims = format!(
            r#"{{"aud":"torch-edge","sub":"site","iat":{0},"exp":{1},"receipts":[{2}]}}"#,
            NOW.0,
            NOW.0 + lifetime,
            list.join(",")
        );
        let verified = keys.verify(&signed(SECRET, GOOD, &claims), NOW);
        let too_long = receipts == 10_000;
        let expected = if too_long {
            GrantError::Malformed
        } else {
            GrantError::Claim(claim)
        };
        assert_eq!(verified, Err(expected), "{receipts} for {lifetime}");
    }
}

#[test]
fn a1_an_expired_grant_says_so_and_a_forged_one_never_does() {
    let keys = keys(SECRET, None);
    let token = keys.mint(&grant(1, 60)).unwrap();
    assert_eq!(keys.verify(&token, NOW.plus(60)), Err(GrantError::Expired));
    assert_eq!(
        keys.verify(&token, UnixSeconds(i64::MAX)),
        Err(GrantError::Expired)
    );
    let forged = super::tests::keys(OTHER, None).mint(&grant(1, 60)).unwrap();
    assert_eq!(keys.verify(&forged, NOW), Err(GrantError::Forged));
    assert_eq!(keys.verify(&forged, NOW.plus(60)), Err(GrantError::Forged));
}

#[test]
fn a1_only_hs256_is_a_signature() {
    let keys = keys(SECRET, None);
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    for (header, signature) in [
        (r#"{"alg":"none"}"#, String::new()),
        (r#"{"alg":"none","typ":"JWT"}"#, "AA".to_owned()),
        (GOOD, String::new()),
    ] {
        let token = format!("{}.{}.{signature}", part(header), part(&claims("")));
        assert_eq!(
            keys.verify(&token, NOW),
            Err(GrantError::Forged),
            "{header}"
        );
    }
    // Even by whoever has the secret.
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"["HS256"]"#,
        "HS256",
        "",
    ] {
        let token = signed(SECRET, header, &claims(""));
        assert_eq!(
            keys.verify(&token, NOW),
            Err(GrantError::Malformed),
            "{header}"
        );
    }
    let token = signed(
        SECRET,
        r#"{"typ":"at+jwt","kid":"7","alg":"HS256"}"#,
        &claims(""),
    );
    assert!(keys.verify(&token, NOW).is_ok());
}

#[test]
fn err_each_claim_is_what_a_grants_is() {
    let keys = keys(SECRET, None);
    let verify = |claims: &str| keys.verify(&signed(SECRET, GOOD, claims), NOW);
    assert!(verify(&claims("")).is_ok());
    assert!(verify(&claims(r#""jti":"x","nbf":1800000000,"#)).is_ok());
    let whole = claims("");
    for (claim, from, to) in [
        ("aud", r#""torch-edge""#, r#""other""#),
        ("aud", r#""torch-edge""#, r#"["torch-edge"]"#),
        ("aud", r#""aud":"torch-edge","#, ""),
        ("sub", r#""site""#, "7"),
        ("sub", r#""sub":"site","#, ""),
        ("iat", "1800000000", "1800000061"),
        ("iat", "1800000000", "\"1800000000\""),
        ("iat", "1800000000", "99999999999999999999"),
        ("exp", "1800003600", "1800003600.5"),
        ("exp", "1800003600", "null"),
        ("exp", "1800003600", "-9223372036854775808"),
        ("exp", r#","exp":1800003600"#, ""),
        ("receipts", r#"["IOE0000000001"]"#, r#""IOE0000000001""#),
        ("receipts", r#"["IOE0000000001"]"#, "[]"),
        ("receipts", "IOE0000000001", "IOE1"),
        ("receipts", r#"["IOE0000000001"]"#, "[1]"),
    ] {
        let wrong = whole.replace(from, to);
        assert_ne!(wrong, whole);
        assert_eq!(verify(&wrong), Err(GrantError::Claim(claim)), "{wrong}");
    }
    assert_eq!(
        verify(&claims(r#""nbf":1800000061,"#)),
        Err(GrantError::Claim("nbf"))
    );
    assert_eq!(
        verify(&claims(r#""exp":1900000000,"#)),
        Err(GrantError::Claim("exp"))
    );
    assert_eq!(verify("[]"), Err(GrantError::Malformed));
}

#[test]
fn ok_while_the_secret_is_changed_the_current_one_signs_and_both_are_good() {
    let (old, both, new) = (
        keys(SECRET, None),
        keys(OTHER, Some(SECRET)),
        keys(OTHER, None),
    );
    let grant = grant(2, 600);
    let of_old = old.mint(&grant).unwrap();
    let of_both = both.mint(&grant).unwrap();
    assert_eq!(both.verify(&of_old, NOW), Ok(grant.clone()));
    assert_eq!(both.verify(&of_both, NOW), Ok(grant.clone()));
    assert_eq!(new.verify(&of_both, NOW), Ok(grant));
    assert_eq!(new.verify(&of_old, NOW), Err(GrantError::Forged));
}

#[test]
fn err_a_secret_has_32_bytes_or_more_and_prints_as_redacted() {
    let secret = |text: &str| Secret::parse(text).unwrap();
    let new = |current: &str, other: Option<&str>| {
        GrantKeys::new(&secret(current), other.map(secret).as_ref()).err()
    };
    assert_eq!(new(&"x".repeat(31), None), Some(SecretError::TooShort));
    assert_eq!(new(SECRET, Some("short")), Some(SecretError::TooShort));
    assert_eq!(new(&"x".repeat(32), Some(SECRET)), None);
    assert!(!format!("{:?}", keys(SECRET, Some(OTHER))).contains("secret"));
}

#[test]
fn ok_another_library_reads_ours_and_we_read_its() {
    let (keys, key) = (keys(SECRET, None), Hs256Key::new(SECRET.as_bytes()));
    let grant = grant(3, 600);
    let token = keys.mint(&grant).unwrap();
    let token = UntrustedToken::new(&token).unwrap();
    let token = Hs256.validator::<Theirs>(&key).validate(&token).unwrap();
    let moment = |at: UnixSeconds| chrono::DateTime::from_timestamp(at.0, 0);
    let read = token.claims();
    assert_eq!(
        (read.issued_at, read.expiration),
        (moment(NOW), moment(NOW.plus(600)))
    );
    let receipts: Vec<String> = grant
        .receipts
        .iter()
        .map(|one| one.as_str().to_owned())
        .collect();
    let (aud, sub) = (AUDIENCE.to_owned(), "site".to_owned());
    let theirs = Theirs { aud, sub, receipts };
    assert_eq!(read.custom, theirs);

    let mut claims = Claims::new(theirs);
    (claims.issued_at, claims.expiration) = (moment(NOW), moment(NOW.plus(600)));
    let header = Header::empty().with_token_type("JWT");
    let minted = Hs256.token(&header, &claims, &key).unwrap();
    assert_eq!(keys.verify(&minted, NOW), Ok(grant));
    let other = Hs384
        .token(&header, &claims, &Hs384Key::new(SECRET.as_bytes()))
        .unwrap();
    assert_eq!(keys.verify(&other, NOW), Err(GrantError::Forged));
}

#[test]
fn ok_the_published_example_of_hs256() {
    // RFC 7515, A.1: what is signed, the key and its code.
    let part = |text: &str| Base64UrlUnpadded::decode_vec(text).unwrap();
    let key = part(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let code = Key::new(&key).unwrap().code(&[signed.as_bytes()]);
    assert_eq!(
        Base64UrlUnpadded::encode_string(&code),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
}

proptest! {
    #[test]
    fn t3_any_text_is_no_grant(token: String, now: i64) {
        prop_assert!(keys(SECRET, Some(OTHER)).verify(&token, UnixSeconds(now)).is_err());
    }

    #[test]
    fn t3_any_header_and_claims_though_authentic_are_a_grant_or_an_error(header: String, claims: String, now: i64) {
        let _ = keys(SECRET, None).verify(&signed(SECRET, &header, &claims), UnixSeconds(now));
        let _ = keys(SECRET, None).verify(&signed(SECRET, GOOD, &claims), UnixSeconds(now));
    }

    #[test]
    fn a1_one_character_of_a_token_changed_makes_it_none(at in 0_usize..200, to in "[A-Za-z0-9_.-]") {
        let keys = keys(SECRET, None);
        let token = keys.mint(&grant(1, 60)).unwrap();
        let at = at % token.len();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(keys.verify(&changed, NOW).is_ok(), changed == token);
    }
}
