//! Secrets as they are configured, and the keys that they become.
#![forbid(unsafe_code)]

use std::fmt;

use sha2::{Digest, Sha256};

use crate::base64;

/// What a Standard Webhooks secret begins with.
const PREFIX: &str = "whsec_";

/// A secret that a sender and this receiver share, as the sender gives it out.
///
/// `Debug` and `Display` show `[redacted]`. Which form it must have depends on the
/// [scheme](super::Scheme), which checks it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret as it is configured.
    ///
    /// # Errors
    /// [`SecretError`] where it is empty, or has white space around it: no sender's has, but a copied
    /// line often does.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        // Forward, as in `ReceiptNumber::parse`.
        let last = text.chars().fold(' ', |_, c| c);
        if text.chars().all(is_blank) {
            Err(SecretError::Empty)
        } else if is_blank(last) {
            Err(SecretError::WhiteSpaceAtEnd)
        } else if text.chars().next().is_some_and(is_blank) {
            Err(SecretError::WhiteSpaceAtStart)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The key that the text's own bytes are.
    pub(crate) fn raw_key(&self) -> Result<Key, SecretError> {
        Key::new(self.0.as_bytes())
    }

    /// The key that stands in base64 behind `whsec_`, with or without padding; the prefix may be
    /// missing.
    pub(super) fn base64_key(&self) -> Result<Key, SecretError> {
        let text = self.0.strip_prefix(PREFIX).unwrap_or(&self.0);
        let mut text = text.as_bytes();
        while let Some(unpadded) = text.strip_suffix(b"=") {
            text = unpadded;
        }
        let bytes = base64::decode(text).ok_or(SecretError::NotBase64)?;
        Key::new(&bytes)
    }

    /// The text as a header field can carry it.
    pub(super) fn header_value(&self) -> Result<&str, SecretError> {
        if self.0.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Ok(&self.0)
        } else {
            Err(SecretError::NotForHeaders)
        }
    }
}

/// White space, and the characters without width that are copied along.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An HMAC-SHA256 key (RFC 2104), ready to use: both hashes as they stand behind the padded key. The crate `hmac`,
/// which a property test compares this with, weighs half a KB more.
#[derive(Clone)]
pub(crate) struct Key {
    inner: Sha256,
    outer: Sha256,
}

/// What SHA-256 takes at a time.
const BLOCK: usize = 64;

impl Key {
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        if bytes.is_empty() {
            return Err(SecretError::Empty);
        }
        let hash: [u8; 32];
        let short = if bytes.len() > BLOCK {
            hash = Sha256::digest(bytes).into();
            &hash
        } else {
            bytes
        };
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, key) in block.iter_mut().zip(short) {
                *byte ^= key;
            }
            Sha256::new_with_prefix(block)
        };
        Ok(Self {
            inner: padded(0x36),
            outer: padded(0x5C),
        })
    }

    /// The code of these parts, one behind the other.
    pub(crate) fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// Why a secret cannot be used. It holds nothing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretError {
    /// There is nothing in it.
    Empty,
    /// It begins with white space.
    WhiteSpaceAtStart,
    /// It ends with white space, a line break as a rule.
    WhiteSpaceAtEnd,
    /// Standard Webhooks: what follows `whsec_` is no base64.
    NotBase64,
    /// A shared secret: it has a character that no header field can carry.
    NotForHeaders,
    /// A grant's secret: it has fewer than 32 bytes.
    TooShort,
}

impl SecretError {
    /// Each, in the order of their places.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::Empty,
        Self::WhiteSpaceAtStart,
        Self::WhiteSpaceAtEnd,
        Self::NotBase64,
        Self::NotForHeaders,
        Self::TooShort,
    ];
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the secret is empty",
            Self::WhiteSpaceAtStart => {
                "the secret has white space at its start: copy it again without it"
            }
            Self::WhiteSpaceAtEnd => {
                "the secret has white space at its end: copy it again without the line break"
            }
            Self::NotBase64 => {
                "the secret should be \"whsec_\" and base64, as Standard Webhooks writes it"
            }
            Self::NotForHeaders => {
                "the secret has a character that no header carries: letters, digits and signs of ASCII do"
            }
            Self::TooShort => {
                "the secret should have 32 bytes or more: make one by openssl rand -base64 32"
            }
        })
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    #[test]
    fn w5_a_secret_with_white_space_is_diagnosed() {
        for (text, says) in [
            ("", "the secret is empty"),
            (" \n", "the secret is empty"),
            (
                "s3cret\n",
                "the secret has white space at its end: copy it again without the line break",
            ),
            (
                " s3cret",
                "the secret has white space at its start: copy it again without it",
            ),
            (
                "\u{feff}s3cret",
                "the secret has white space at its start: copy it again without it",
            ),
            (
                "s3cret\u{a0}",
                "the secret has white space at its end: copy it again without the line break",
            ),
        ] {
            assert_eq!(
                Secret::parse(text).unwrap_err().to_string(),
                says,
                "{text:?}"
            );
        }
        assert!(Secret::parse("It's a Secret to Everybody").is_ok());
    }

    #[test]
    fn ok_a_secret_prints_as_redacted() {
        let secret = Secret::parse("s3cret").unwrap();
        let key = secret.raw_key().unwrap();
        assert_eq!(
            format!("{secret} {secret:?} {key:?}"),
            "[redacted] Secret([redacted]) Key([redacted])"
        );
    }

    #[test]
    fn ok_base64_with_its_prefix_or_padding_or_without_is_one_key() {
        let code = |text: &str| {
            Secret::parse(text)
                .and_then(|secret| secret.base64_key())
                .map(|key| key.code(&[b"x"]))
        };
        let whole = code("whsec_AAECAw==").unwrap();
        for text in ["whsec_AAECAw", "AAECAw==", "AAECAw"] {
            assert_eq!(code(text), Ok(whole), "{text}");
        }
        for text in [
            "whsec_AAEC Aw==",
            "whsec_AAEC-w==",
            "whsec_A",
            "\"AAECAw==\"",
        ] {
            assert_eq!(code(text), Err(SecretError::NotBase64), "{text}");
        }
        assert_eq!(code("whsec_"), Err(SecretError::Empty));
    }

    proptest! {
        #[test]
        fn ok_a_key_is_the_librarys(key in prop::collection::vec(any::<u8>(), 1..200), parts: Vec<Vec<u8>>) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            parts.iter().for_each(|part| mac.update(part));
            let ours = Key::new(&key).unwrap().code(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(&ours[..], &mac.finalize().into_bytes()[..]);
        }

        #[test]
        fn t3_any_text_is_a_secret_or_an_error(text: String) {
            if let Ok(secret) = Secret::parse(&text) {
                let _ = (secret.base64_key(), secret.raw_key(), secret.header_value().is_ok());
            }
        }
    }
}
