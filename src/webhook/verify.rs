//! Whether a webhook is authentic.
//!
//! Where other verifiers err, this one is strict: a timestamp is ASCII digits and nothing else, all
//! arithmetic on it saturates, what is signed is the raw bytes of the body and the timestamp's own
//! text, every candidate is compared with every secret in constant time, and the tolerance cannot be
//! switched off.
#![forbid(unsafe_code)]

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::claim::Claim;
use super::headers::Headers;
use super::reason::Reason;
use super::scheme::Scheme;
use super::secret::{Key, Secret, SecretError};
use crate::time::UnixSeconds;

/// How far a webhook's timestamp may lie from now, in seconds: 300 unless set otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tolerance(i64);

impl Tolerance {
    /// A tolerance between 1 and 3600 seconds; `None` for others. There is none that lets everything
    /// pass, and none that lets nothing.
    pub fn seconds(seconds: i64) -> Option<Self> {
        (1..=3600).contains(&seconds).then_some(Self(seconds))
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self(300)
    }
}

/// Verifies webhooks of one sender by one [scheme](Scheme) and one secret, or two while it rotates.
#[derive(Clone)]
pub struct Verifier {
    scheme: Scheme,
    tolerance: Tolerance,
    current: Proof,
    previous: Option<Proof>,
}

/// What a secret is compared by.
#[derive(Clone)]
enum Proof {
    /// A shared secret's SHA-256: of one length, whatever the secret's is.
    Hash([u8; 32]),
    /// What a signature is made with.
    Key(Key),
}

impl Proof {
    fn new(scheme: &Scheme, secret: &Secret) -> Result<Self, SecretError> {
        Ok(match scheme {
            Scheme::SharedSecret { .. } => {
                Self::Hash(Sha256::digest(secret.header_value()?.as_bytes()).into())
            }
            _ => Self::Key(scheme.key(secret)?),
        })
    }

    /// Whether one of the candidates is what it should be. Each is compared in constant time, and all
    /// of them are: how long it takes tells neither which matched nor how far.
    fn matches(&self, candidates: &[[u8; 32]], signed: &[&[u8]]) -> Choice {
        let expected = match self {
            Self::Hash(hash) => *hash,
            Self::Key(key) => key.code(signed),
        };
        candidates.iter().fold(Choice::from(0), |any, candidate| {
            any | expected.ct_eq(candidate)
        })
    }
}

impl Verifier {
    /// A verifier that accepts the `current` secret and, until it is removed, the `previous` one.
    ///
    /// # Errors
    /// [`SecretError`] where a secret has not the form that the scheme needs; [`Scheme::check`] tells
    /// of each alone.
    pub fn new(
        scheme: Scheme,
        current: &Secret,
        previous: Option<&Secret>,
    ) -> Result<Self, SecretError> {
        Ok(Self {
            current: Proof::new(&scheme, current)?,
            previous: previous
                .map(|secret| Proof::new(&scheme, secret))
                .transpose()?,
            tolerance: Tolerance::default(),
            scheme,
        })
    }

    /// The same, with another tolerance; it counts for schemes that have a timestamp.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a request whose raw body is `body` at the moment `now`. The body need not be UTF-8.
    ///
    /// # Errors
    /// [`Reason`], for the log. To the sender it is a 401, whatever the reason.
    pub fn verify_at(
        &self,
        headers: &(impl Headers + ?Sized),
        body: &[u8],
        now: UnixSeconds,
    ) -> Result<Verified, Reason> {
        self.verified(&headers, body, now)
    }

    fn verified(
        &self,
        headers: &dyn Headers,
        body: &[u8],
        now: UnixSeconds,
    ) -> Result<Verified, Reason> {
        let claim = Claim::read(&self.scheme, headers)?;
        let timestamp = claim.timestamp.as_ref().map(|(text, _)| text.as_str());
        let signed = signed(claim.id.as_deref(), timestamp, body);
        let current = self.current.matches(&claim.candidates, &signed);
        let previous = self.previous.as_ref().map_or(Choice::from(0), |previous| {
            previous.matches(&claim.candidates, &signed)
        });
        let secret = match (bool::from(current), bool::from(previous)) {
            (true, _) => WhichSecret::Current,
            (false, true) => WhichSecret::Previous,
            (false, false) => return Err(self.mismatch()),
        };
        // Only now: what the time says of a forgery is of no interest.
        let signed_at = claim.timestamp.map(|(_, moment)| moment);
        if let Some(signed_at) = signed_at {
            self.in_time(signed_at, now)?;
        }
        Ok(Verified {
            secret,
            message_id: claim.id,
            signed_at,
        })
    }

    fn mismatch(&self) -> Reason {
        match &self.scheme {
            Scheme::SharedSecret { header } => Reason::WrongSecret {
                header: header.clone(),
            },
            _ => Reason::Mismatch,
        }
    }

    fn in_time(&self, signed_at: UnixSeconds, now: UnixSeconds) -> Result<(), Reason> {
        let (age, tolerance) = (now.since(signed_at), self.tolerance.0);
        if age > tolerance {
            Err(Reason::TooOld {
                seconds: age,
                tolerance,
            })
        } else if age < tolerance.saturating_neg() {
            Err(Reason::TooNew {
                seconds: age.saturating_neg(),
                tolerance,
            })
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("scheme", &self.scheme)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// What is known of a webhook that is authentic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which secret it was.
    pub secret: WhichSecret,
    /// Standard Webhooks: the id of the message, the same at every retry.
    pub message_id: Option<String>,
    /// When this attempt was signed, where the scheme says so.
    pub signed_at: Option<UnixSeconds>,
}

/// Which secret a webhook was verified by. While it is still the previous one, the sender has not
/// changed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichSecret {
    /// The current one.
    Current,
    /// The previous one.
    Previous,
}

/// What is signed: the parts that there are, with a full stop behind the id and the timestamp.
pub(super) fn signed<'a>(
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    body: &'a [u8],
) -> [&'a [u8]; 5] {
    let (id, id_end) = stopped(id);
    let (timestamp, timestamp_end) = stopped(timestamp);
    [id, id_end, timestamp, timestamp_end, body]
}

fn stopped(part: Option<&str>) -> (&[u8], &[u8]) {
    part.map_or((&[], &[]), |part| (part.as_bytes(), b"."))
}
