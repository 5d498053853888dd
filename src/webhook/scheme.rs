//! The ways in which a webhook can be authenticated.
#![forbid(unsafe_code)]

use std::fmt;

use super::secret::{Key, Secret, SecretError};
use super::verify::signed;

/// The header names' first word in Standard Webhooks.
const STANDARD_PREFIX: &str = "webhook";

/// How a sender shows that a webhook is its own. Header names are in lower case.
///
/// | id | headers | secures |
/// |---|---|---|
/// | `shared-secret` | one: the secret itself | the sender |
/// | `standard-webhooks` | `webhook-id`, `webhook-timestamp`, `webhook-signature` | sender, body, id, moment |
/// | `timestamped-hex` | one: `t=1736949810,v1=…` | sender, body, moment |
/// | `sha256-hex` | one: `sha256=…` | sender, body |
///
/// Where the moment is not secured, an old webhook can be sent again: only de-duplication then tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// A header holds the secret.
    SharedSecret {
        /// The header's name.
        header: String,
    },
    /// Standard Webhooks 1.0.0, symmetric: `v1`, HMAC-SHA256 of `id.timestamp.body` in base64.
    StandardWebhooks {
        /// The header names' first word: `webhook`, or the sender's own brand.
        prefix: String,
    },
    /// As Stripe does it: `t=…,v1=…`, HMAC-SHA256 of `t.body` in hexadecimal.
    TimestampedHex {
        /// The header's name.
        header: String,
    },
    /// As GitHub does it: `sha256=…`, HMAC-SHA256 of the body in hexadecimal.
    Sha256Hex {
        /// The header's name.
        header: String,
    },
}

impl Scheme {
    /// The ids, as configuration names them.
    pub const IDS: [&str; 4] = [
        "shared-secret",
        "standard-webhooks",
        "timestamped-hex",
        "sha256-hex",
    ];

    /// The scheme of this id. `header` is the header's name; for Standard Webhooks its names' first
    /// word, `webhook` where there is none.
    ///
    /// # Errors
    /// [`SchemeError`] where there is no such scheme, or a name is missing or is no header's.
    pub fn parse(id: &str, header: Option<&str>) -> Result<Self, SchemeError> {
        let header = match header {
            None => None,
            Some(name) if is_header_name(name) => Some(name.to_ascii_lowercase()),
            Some(_) => return Err(SchemeError::HeaderMalformed),
        };
        let required = |header: Option<String>| header.ok_or(SchemeError::HeaderMissing);
        Ok(match id {
            "shared-secret" => Self::SharedSecret {
                header: required(header)?,
            },
            "standard-webhooks" => Self::StandardWebhooks {
                prefix: header.unwrap_or_else(|| STANDARD_PREFIX.to_owned()),
            },
            "timestamped-hex" => Self::TimestampedHex {
                header: required(header)?,
            },
            "sha256-hex" => Self::Sha256Hex {
                header: required(header)?,
            },
            _ => return Err(SchemeError::Unknown),
        })
    }

    /// Standard Webhooks with its own header names: what the relay signs with.
    pub fn standard() -> Self {
        Self::StandardWebhooks {
            prefix: STANDARD_PREFIX.to_owned(),
        }
    }

    /// The id, as configuration names it.
    pub fn id(&self) -> &'static str {
        match self {
            Self::SharedSecret { .. } => "shared-secret",
            Self::StandardWebhooks { .. } => "standard-webhooks",
            Self::TimestampedHex { .. } => "timestamped-hex",
            Self::Sha256Hex { .. } => "sha256-hex",
        }
    }

    /// Whether the secret has the form that this scheme needs.
    ///
    /// # Errors
    /// [`SecretError`] where it does not.
    pub fn check(&self, secret: &Secret) -> Result<(), SecretError> {
        match self {
            Self::SharedSecret { .. } => secret.header_value().map(drop),
            _ => self.key(secret).map(drop),
        }
    }

    /// The code that signs `body`, with the id and the moment where the scheme secures them.
    #[cfg_attr(
        not(feature = "browser"),
        expect(dead_code, reason = "the others sign by Signer")
    )]
    pub(crate) fn code(
        &self,
        secret: &Secret,
        id: Option<&str>,
        timestamp: Option<&str>,
        body: &[u8],
    ) -> Result<[u8; 32], SecretError> {
        Ok(self.key(secret)?.code(&signed(id, timestamp, body)))
    }

    /// The key that this scheme makes of a secret.
    pub(super) fn key(&self, secret: &Secret) -> Result<Key, SecretError> {
        match self {
            Self::StandardWebhooks { .. } => secret.base64_key(),
            _ => secret.raw_key(),
        }
    }
}

/// RFC 9110, 5.6.2: a token.
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'))
}

/// Why a scheme cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeError {
    /// No scheme has this id.
    Unknown,
    /// The scheme needs a header's name.
    HeaderMissing,
    /// The name is no header's.
    HeaderMalformed,
}

impl SchemeError {
    /// Each, in the order of their places.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::Unknown, Self::HeaderMissing, Self::HeaderMalformed];
}

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => {
                "the scheme should be shared-secret, standard-webhooks, timestamped-hex or sha256-hex"
            }
            Self::HeaderMissing => {
                "the scheme needs the name of the header, which the onboarding pack gives"
            }
            Self::HeaderMalformed => {
                "the header's name should be letters, digits and dashes, such as X-Torch-Secret"
            }
        })
    }
}

impl std::error::Error for SchemeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_schemes_are_found_by_their_ids() {
        for id in Scheme::IDS {
            let scheme = Scheme::parse(id, Some("X-Torch")).unwrap();
            assert_eq!(scheme.id(), id);
            assert!(SchemeError::Unknown.to_string().contains(id));
        }
        assert_eq!(
            Scheme::parse("standard-webhooks", None),
            Ok(Scheme::standard())
        );
    }

    #[test]
    fn err_a_scheme_needs_a_header_that_is_one() {
        assert_eq!(Scheme::parse("hmac", None), Err(SchemeError::Unknown));
        for id in ["shared-secret", "timestamped-hex", "sha256-hex"] {
            assert_eq!(Scheme::parse(id, None), Err(SchemeError::HeaderMissing));
        }
        for name in ["", "X Torch", "X-Torch:", "X-Törch", "X-Torch\n"] {
            assert_eq!(
                Scheme::parse("shared-secret", Some(name)),
                Err(SchemeError::HeaderMalformed),
                "{name:?}"
            );
        }
    }

    #[test]
    fn err_each_scheme_checks_its_secret() {
        let check = |id: &str, secret: &str| {
            Scheme::parse(id, Some("x"))
                .unwrap()
                .check(&Secret::parse(secret).unwrap())
        };
        assert_eq!(
            check("shared-secret", "sécret"),
            Err(SecretError::NotForHeaders)
        );
        assert_eq!(
            check("standard-webhooks", "not base64"),
            Err(SecretError::NotBase64)
        );
        assert_eq!(check("sha256-hex", "sécret, raw"), Ok(()));
        assert_eq!(check("timestamped-hex", "whsec_taken as it stands"), Ok(()));
    }
}
