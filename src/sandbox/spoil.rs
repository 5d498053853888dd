//! What is done to a webhook on its way, once it is signed.
#![forbid(unsafe_code)]

use serde::Deserialize;

use crate::webhook::{Delivery, Scheme};

/// The part that is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tamper {
    /// Its first digit is another one: of an event, it says so of another case.
    Body,
    /// The first character of each signature is another one; of a shared secret, its own.
    Signature,
    /// The moment is a second later: still near enough, but not the one that was signed.
    Timestamp,
}

impl Tamper {
    /// Spoils `delivery`, which was signed by `scheme`.
    ///
    /// # Errors
    /// A sentence where the scheme has no such part.
    pub(super) fn spoil(self, scheme: &Scheme, delivery: &mut Delivery) -> Result<(), String> {
        match self {
            Self::Body => {
                match delivery.body.iter_mut().find(|byte| byte.is_ascii_digit()) {
                    Some(byte) => *byte = other(*byte),
                    None => delivery.body.push(b' '),
                }
                Ok(())
            }
            Self::Signature => {
                let (name, between, before) = match scheme {
                    // No header's value has a line break: the secret is one piece.
                    Scheme::SharedSecret { header } => (header.clone(), "\n", ""),
                    Scheme::StandardWebhooks { prefix } => {
                        (format!("{prefix}-signature"), " ", "v1,")
                    }
                    Scheme::TimestampedHex { header } => (header.clone(), ",", "v1="),
                    Scheme::Sha256Hex { header } => (header.clone(), "\n", "sha256="),
                };
                change(delivery, &name, |value| {
                    let pieces = value.split(between).map(|piece| {
                        piece.strip_prefix(before).map_or_else(
                            || piece.to_owned(),
                            |code| format!("{before}{}", other_first(code)),
                        )
                    });
                    pieces.collect::<Vec<_>>().join(between)
                });
                Ok(())
            }
            Self::Timestamp => {
                let (name, before) = match scheme {
                    Scheme::StandardWebhooks { prefix } => (format!("{prefix}-timestamp"), ""),
                    Scheme::TimestampedHex { header } => (header.clone(), "t="),
                    Scheme::SharedSecret { .. } | Scheme::Sha256Hex { .. } => {
                        let id = scheme.id();
                        return Err(format!("`tamper`: the scheme {id} has no timestamp"));
                    }
                };
                change(delivery, &name, |value| {
                    let text = value.strip_prefix(before).unwrap_or(value);
                    let end = text.find(',').unwrap_or(text.len());
                    let (moment, rest) = text.split_at_checked(end).unwrap_or((text, ""));
                    let later = moment.parse::<i64>().unwrap_or(0).saturating_add(1);
                    format!("{before}{later}{rest}")
                });
                Ok(())
            }
        }
    }
}

fn change(delivery: &mut Delivery, name: &str, new: impl Fn(&str) -> String) {
    for (held, value) in &mut delivery.headers {
        if held == name {
            *value = new(value);
        }
    }
}

/// Another digit. It stands in hexadecimal and in base64 too, so a code keeps its form.
fn other(byte: u8) -> u8 {
    if byte == b'0' { b'1' } else { b'0' }
}

fn other_first(code: &str) -> String {
    let mut rest = code.chars();
    let new = if rest.next() == Some('0') { '1' } else { '0' };
    format!("{new}{}", rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixSeconds;
    use crate::webhook::{Reason, Secret, Signer, Verifier};

    const NOW: UnixSeconds = UnixSeconds(1_795_521_630);

    /// Signs, spoils and verifies; the second secret signs too where there is room.
    fn verified(scheme: &str, tamper: Tamper) -> Result<(), Reason> {
        let scheme = Scheme::parse(scheme, Some("x-torch")).unwrap();
        let secrets = ["MDEyMzQ1", "NTQzMjEw"].map(|text| Secret::parse(text).unwrap());
        let [current, next] = &secrets;
        let signer = Signer::new(scheme.clone(), current, Some(next)).unwrap();
        let body = br#"{"data":{"receipt_number":"IOE0912345678"}}"#.to_vec();
        let headers = signer.headers("evt_1", NOW, &body).unwrap();
        let mut delivery = Delivery { headers, body };
        let sound = delivery.clone();
        tamper.spoil(&scheme, &mut delivery).unwrap();
        assert_ne!(delivery, sound);
        let verifier = Verifier::new(scheme, current, Some(next)).unwrap();
        let verify = |it: &Delivery| {
            let headers: Vec<(&str, &str)> = it
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            verifier.verify_at(&headers[..], &it.body, NOW).map(drop)
        };
        assert_eq!(verify(&sound), Ok(()));
        verify(&delivery)
    }

    #[test]
    fn err_what_is_spoilt_is_well_formed_and_no_longer_authentic() {
        for (scheme, tampers) in [
            ("shared-secret", &[Tamper::Signature][..]),
            ("sha256-hex", &[Tamper::Body, Tamper::Signature]),
            (
                "standard-webhooks",
                &[Tamper::Body, Tamper::Signature, Tamper::Timestamp],
            ),
            (
                "timestamped-hex",
                &[Tamper::Body, Tamper::Signature, Tamper::Timestamp],
            ),
        ] {
            for &tamper in tampers {
                let reason = verified(scheme, tamper).unwrap_err();
                println!("{scheme} {tamper:?}: {reason:?}");
                let reason = format!("{reason:?}");
                assert!(
                    reason == "Mismatch" || reason.starts_with("WrongSecret"),
                    "{scheme} {tamper:?}: {reason}"
                );
            }
        }
    }

    #[test]
    fn ok_a_shared_secret_secures_no_body_so_the_forgery_is_still_json_and_of_another_case() {
        assert_eq!(verified("shared-secret", Tamper::Body), Ok(()));
        let mut delivery = Delivery {
            headers: Vec::new(),
            body: br#"{"receipt_number":"IOE0912345678"}"#.to_vec(),
        };
        let scheme = Scheme::standard();
        Tamper::Body.spoil(&scheme, &mut delivery).unwrap();
        assert_eq!(delivery.body, br#"{"receipt_number":"IOE1912345678"}"#);
        delivery.body.clear();
        Tamper::Body.spoil(&scheme, &mut delivery).unwrap();
        assert_eq!(delivery.body, b" ");
    }

    #[test]
    fn err_where_no_moment_is_signed_none_can_be_spoilt() {
        for id in ["shared-secret", "sha256-hex"] {
            let scheme = Scheme::parse(id, Some("x-torch")).unwrap();
            let mut delivery = Delivery {
                headers: Vec::new(),
                body: Vec::new(),
            };
            let told = Tamper::Timestamp.spoil(&scheme, &mut delivery).unwrap_err();
            assert!(told.contains(id), "{told}");
        }
    }
}
