//! Signing: for what the relay sends, and for test deliveries.
#![forbid(unsafe_code)]

use std::fmt;

use serde::Serialize;

use super::claim::is_message_id;
use super::event::STATUS_UPDATED;
use super::scheme::Scheme;
use super::secret::{Key, Secret, SecretError};
use super::verify::signed;
use crate::base64;
use crate::receipt::ReceiptNumber;
use crate::time::{UnixSeconds, decimal};

/// Signs webhooks by one [scheme](Scheme), with one secret, or two while it rotates.
#[derive(Clone)]
pub struct Signer {
    scheme: Scheme,
    secret: Secret,
    keys: (Key, Option<Key>),
}

impl Signer {
    /// A signer with the `current` secret. Where the scheme has room for several signatures, it signs
    /// with the `previous` one too, so that a receiver may change over when it likes.
    ///
    /// # Errors
    /// [`SecretError`] where a secret has not the form that the scheme needs.
    pub fn new(
        scheme: Scheme,
        current: &Secret,
        previous: Option<&Secret>,
    ) -> Result<Self, SecretError> {
        let key = |secret: &Secret| {
            scheme.check(secret)?;
            scheme.key(secret)
        };
        let keys = (key(current)?, previous.map(key).transpose()?);
        let secret = current.clone();
        Ok(Self {
            scheme,
            secret,
            keys,
        })
    }

    /// The headers, name in lower case and value, that make `body` a webhook of the message `id`
    /// signed at `at`. The schemes without an id or a moment leave them out.
    ///
    /// # Errors
    /// [`SignError`] where the scheme has an id or a moment and cannot write this one.
    pub fn headers(
        &self,
        id: &str,
        at: UnixSeconds,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, SignError> {
        let timestamp = decimal(at.0);
        let early = || match at.0 {
            0.. => Ok(()),
            _ => Err(SignError::BeforeTime),
        };
        Ok(match &self.scheme {
            Scheme::SharedSecret { header } => {
                vec![(header.clone(), self.secret.text().to_owned())]
            }
            Scheme::StandardWebhooks { prefix } => {
                if !is_message_id(id) {
                    return Err(SignError::IdMalformed);
                }
                early()?;
                let signed = signed(Some(id), Some(&timestamp), body);
                let mut signature = String::new();
                self.codes(&signed, |code| {
                    let space = if signature.is_empty() { "" } else { " " };
                    signature.extend([space, "v1,", &base64::encode(&code)]);
                });
                let name = |part: &str| [prefix, part].concat();
                vec![
                    (name("-id"), id.to_owned()),
                    (name("-timestamp"), timestamp),
                    (name("-signature"), signature),
                ]
            }
            Scheme::TimestampedHex { header } => {
                early()?;
                let signed = signed(None, Some(&timestamp), body);
                let mut value = ["t=", &timestamp].concat();
                self.codes(&signed, |code| value.extend([",v1=", &hex::encode(code)]));
                vec![(header.clone(), value)]
            }
            Scheme::Sha256Hex { header } => {
                let code = hex::encode(self.keys.0.code(&[body]));
                vec![(header.clone(), ["sha256=", &code].concat())]
            }
        })
    }

    /// The codes of the current and of the previous secret.
    fn codes(&self, signed: &[&[u8]], mut each: impl FnMut([u8; 32])) {
        let (current, previous) = &self.keys;
        for key in [Some(current), previous.as_ref()].into_iter().flatten() {
            each(key.code(signed));
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// Why a webhook cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignError {
    /// The id is empty, too long, or has a full stop or something that is no visible ASCII.
    IdMalformed,
    /// The moment lies before 1970.
    BeforeTime,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdMalformed => {
                "a message's id should be 1 to 256 visible ASCII characters without a full stop"
            }
            Self::BeforeTime => "a webhook cannot be signed before 1970",
        })
    }
}

impl std::error::Error for SignError {}

/// A request, complete but for its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names in lower case, and values; `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a delivery in Torch's manner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The event's id; also the message's.
    pub id: &'a str,
    /// Whose status it is.
    pub receipt: ReceiptNumber,
    /// The status.
    pub status_text: &'a str,
    /// Torch's label for it.
    pub status_category: &'a str,
    /// When the status began.
    pub last_status_at: UnixSeconds,
}

impl Sample<'_> {
    /// The event as torch-api.txt shows it, sent at `sent_at`.
    pub fn to_json(&self, sent_at: UnixSeconds) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'static str,
            data: Data<'a>,
            id: &'a str,
            sent_at: Option<String>,
        }
        #[derive(Serialize)]
        struct Data<'a> {
            receipt_number: ReceiptNumber,
            status_text: &'a str,
            status_category: &'a str,
            last_status_at: Option<String>,
        }
        let body = Body {
            r#type: STATUS_UPDATED,
            data: Data {
                receipt_number: self.receipt,
                status_text: self.status_text,
                status_category: self.status_category,
                last_status_at: self.last_status_at.to_rfc3339(),
            },
            id: self.id,
            sent_at: sent_at.to_rfc3339(),
        };
        // Strings only: it cannot fail to serialise.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// A complete delivery in Torch's manner, signed and sent at `at`: for tests and for the sandbox.
///
/// # Errors
/// [`SignError`] as of [`Signer::headers`].
pub fn delivery(
    signer: &Signer,
    sample: &Sample<'_>,
    at: UnixSeconds,
) -> Result<Delivery, SignError> {
    let body = sample.to_json(at).into_bytes();
    let mut headers = signer.headers(sample.id, at, &body)?;
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    Ok(Delivery { headers, body })
}
