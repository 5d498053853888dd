//! Grants: tokens that are good for some cases and some time, for a browser, which must hold no client's
//! token.
//!
//! A grant is a JSON Web Token (RFC 7519) signed with HMAC-SHA256 (`HS256`, RFC 7518, 3.2), so that whoever
//! has the secret can mint one with any JWT library. Its claims are `aud`, always [`AUDIENCE`]; `sub`, the
//! client in whose name it reads; `iat` and `exp`, at most [`MAX_LIFETIME`] apart; and `receipts`, one to
//! [`MAX_RECEIPTS`] receipt numbers.
//!
//! Nothing of a token is read before its signature is verified, and its header says nothing that decides:
//! where `alg` is not `HS256`, it is no grant.
#![forbid(unsafe_code)]

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::base64;
use crate::json;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;
use crate::webhook::{Key, Secret, SecretError};

/// Who grants are for.
pub const AUDIENCE: &str = "torch-edge";

/// How many cases one grant is good for at most.
pub const MAX_RECEIPTS: usize = 200;

/// How long a grant is good for at least, in seconds: a shorter one would be over before it arrives.
pub const MIN_LIFETIME: i64 = 60;

/// How long a grant is good for at most, in seconds.
pub const MAX_LIFETIME: i64 = 86_400;

/// How long a grant is good for where nobody says, in seconds.
pub const LIFETIME: i64 = 3_600;

/// The longest token that is looked at, in bytes: one of [`MAX_RECEIPTS`] cases has about 4,500.
pub const MAX_TOKEN: usize = 8_192;

/// How many bytes a secret has at least (RFC 7518, 3.2).
const MIN_SECRET: usize = 32;

/// How far the clock of whoever minted a grant may be ahead, in seconds.
const CLOCK_TOLERANCE: i64 = 60;

/// `{"alg":"HS256","typ":"JWT"}` in base64url.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// What a token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The client in whose name it reads.
    pub client: String,
    /// The cases that it is good for.
    pub receipts: Vec<ReceiptNumber>,
    /// When it was minted.
    pub issued_at: UnixSeconds,
    /// From when on it is good for nothing.
    pub expires_at: UnixSeconds,
}

impl Grant {
    /// Whether it is good for a case.
    pub fn covers(&self, receipt: ReceiptNumber) -> bool {
        self.receipts.contains(&receipt)
    }

    /// That it has as many cases, and as much time, as a grant may have.
    fn check(&self) -> Result<(), GrantError> {
        if !(1..=MAX_RECEIPTS).contains(&self.receipts.len()) {
            return Err(GrantError::Claim("receipts"));
        }
        let lifetime = self.expires_at.since(self.issued_at);
        if !(1..=MAX_LIFETIME).contains(&lifetime) {
            return Err(GrantError::Claim("exp"));
        }
        Ok(())
    }
}

/// The secrets that grants are signed with: the current one, and one more while it is changed.
///
/// The current one signs, both are good. So to change it without a grant that is refused: set the new one
/// beside the old one, let them change places, and take the old one away when the last grant of it is over.
#[derive(Debug, Clone)]
pub struct GrantKeys {
    current: Key,
    other: Option<Key>,
}

impl GrantKeys {
    /// The keys that these secrets are.
    ///
    /// # Errors
    /// [`SecretError`] where one is empty, has white space around it, or has fewer than 32 bytes.
    pub fn new(current: &Secret, other: Option<&Secret>) -> Result<Self, SecretError> {
        let key = |secret: &Secret| match secret.text().len() {
            MIN_SECRET.. => secret.raw_key(),
            _ => Err(SecretError::TooShort),
        };
        Ok(Self {
            current: key(current)?,
            other: other.map(key).transpose()?,
        })
    }

    /// The token of a grant.
    ///
    /// # Errors
    /// [`GrantError::Claim`] where it has too many cases or none, or too much time.
    pub fn mint(&self, grant: &Grant) -> Result<String, GrantError> {
        grant.check()?;
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let receipts: Vec<String> = grant
            .receipts
            .iter()
            .map(|receipt| quoted(receipt.as_str()))
            .collect();
        let claims = format!(
            r#"{{"aud":"{AUDIENCE}","sub":{},"iat":{},"exp":{},"receipts":[{}]}}"#,
            quoted(&grant.client),
            grant.issued_at.0,
            grant.expires_at.0,
            receipts.join(",")
        );
        let signed = format!("{HEADER}.{}", base64::encode_url(claims.as_bytes()));
        let code = self.current.code(&[signed.as_bytes()]);
        Ok(format!("{signed}.{}", base64::encode_url(&code)))
    }

    /// What a token grants at `now`.
    ///
    /// # Errors
    /// [`GrantError`]; [`GrantError::Expired`] only for a token that is otherwise good.
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Result<Grant, GrantError> {
        if token.len() > MAX_TOKEN {
            return Err(GrantError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(GrantError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(GrantError::Malformed)?;
        let signature = base64::decode_url(signature.as_bytes()).ok_or(GrantError::Malformed)?;
        // Each key is tried, whichever fits.
        let fits = [Some(&self.current), self.other.as_ref()]
            .into_iter()
            .flatten()
            .fold(Choice::from(0), |fits, key| {
                fits | key.code(&[signed.as_bytes()]).ct_eq(signature.as_slice())
            });
        if !bool::from(fits) {
            return Err(GrantError::Forged);
        }
        if header != HEADER {
            check_header(&decoded(header)?)?;
        }
        let grant = read(&decoded(claims)?, now)?;
        grant.check()?;
        if grant.issued_at.since(now) > CLOCK_TOLERANCE {
            return Err(GrantError::Claim("iat"));
        }
        if grant.expires_at.since(now) <= 0 {
            return Err(GrantError::Expired);
        }
        Ok(grant)
    }
}

/// Whether a bearer token has the form of a grant: a client's token has no two dots in it.
pub fn is_grant(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// A part of a token as the text that it encodes.
fn decoded(part: &str) -> Result<String, GrantError> {
    let bytes = base64::decode_url(part.as_bytes()).ok_or(GrantError::Malformed)?;
    String::from_utf8(bytes).map_err(|_| GrantError::Malformed)
}

/// A header that another library wrote.
fn check_header(header: &str) -> Result<(), GrantError> {
    let mut algorithm = None;
    for (name, value) in json::object(header).map_err(|_| GrantError::Malformed)? {
        match name.as_ref() {
            "alg" if algorithm.is_none() => algorithm = json::string(value).ok(),
            // What must be understood is not (RFC 7515, 4.1.11); nor is a header with two of one member.
            "alg" | "crit" => return Err(GrantError::Malformed),
            _ => {}
        }
    }
    match algorithm.as_deref() {
        Some("HS256") => Ok(()),
        _ => Err(GrantError::Malformed),
    }
}

/// The claims of a token that is authentic.
fn read(claims: &str, now: UnixSeconds) -> Result<Grant, GrantError> {
    let claims = json::object(claims).map_err(|_| GrantError::Malformed)?;
    let one = |name: &'static str| {
        let mut found = claims.iter().filter(|(claim, _)| claim == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(*value),
            _ => Err(GrantError::Claim(name)),
        }
    };
    let text = |name| json::string(one(name)?).map_err(|_| GrantError::Claim(name));
    let moment = |name| {
        let number = one(name)?.parse().map_err(|_| GrantError::Claim(name))?;
        Ok(UnixSeconds(number))
    };
    if text("aud")? != AUDIENCE {
        return Err(GrantError::Claim("aud"));
    }
    let not_before = claims.iter().any(|(name, _)| name == "nbf");
    if not_before && moment("nbf")?.since(now) > CLOCK_TOLERANCE {
        return Err(GrantError::Claim("nbf"));
    }
    let wrong = GrantError::Claim("receipts");
    let receipts = json::array(one("receipts")?).map_err(|_| wrong)?;
    let receipts = receipts.into_iter().map(|receipt| {
        let receipt = json::string(receipt).map_err(|_| wrong)?;
        receipt.parse().map_err(|_| wrong)
    });
    Ok(Grant {
        client: text("sub")?.into_owned(),
        receipts: receipts.collect::<Result<_, _>>()?,
        issued_at: moment("iat")?,
        expires_at: moment("exp")?,
    })
}

/// Why a token grants nothing. It holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantError {
    /// It is no token of this kind.
    Malformed,
    /// It is signed with another secret, or was changed.
    Forged,
    /// This claim is missing, or not what a grant's is.
    Claim(&'static str),
    /// It was good once.
    Expired,
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the token is no JSON Web Token with HS256"),
            Self::Forged => f.write_str("the token is not signed with this secret"),
            Self::Claim(name) => write!(f, "the token's claim `{name}` is not what a grant's is"),
            Self::Expired => f.write_str("the grant has expired"),
        }
    }
}

impl std::error::Error for GrantError {}

#[cfg(test)]
mod tests;
