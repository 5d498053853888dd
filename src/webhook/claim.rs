//! What a request's headers claim, before any of it is believed.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::headers::{Field, Headers};
use super::reason::Reason;
use super::scheme::Scheme;
use crate::time::UnixSeconds;

/// How many entries a signature header may have.
pub const MAX_SIGNATURES: usize = 16;
/// The longest id of a message, in characters.
const MAX_ID: usize = 256;
/// The most digits that a timestamp may have: those of the largest 64-bit number.
const MAX_DIGITS: usize = 19;

/// What the headers claim.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    /// The id of the message.
    pub(super) id: Option<Cow<'a, str>>,
    /// The timestamp's own text, which is what is signed, and what it says.
    pub(super) timestamp: Option<(Cow<'a, str>, UnixSeconds)>,
    /// The signatures, or the hash of the secret that was presented.
    pub(super) candidates: Vec<[u8; 32]>,
}

impl<'a> Claim<'a> {
    /// Reads the headers that the scheme has.
    pub(super) fn read(
        scheme: &Scheme,
        headers: &'a (impl Headers + ?Sized),
    ) -> Result<Self, Reason> {
        match scheme {
            Scheme::SharedSecret { header } => Ok(Self {
                id: None,
                timestamp: None,
                candidates: vec![Sha256::digest(once(headers, header)?.as_bytes()).into()],
            }),
            Scheme::StandardWebhooks { prefix } => {
                let [id, timestamp, signature] =
                    ["id", "timestamp", "signature"].map(|part| format!("{prefix}-{part}"));
                let id_text = once(headers, &id)?;
                if !is_message_id(&id_text) {
                    return Err(Reason::IdMalformed { header: id });
                }
                let text = once(headers, &timestamp)?;
                let moment =
                    digits(&text).ok_or(Reason::TimestampMalformed { place: timestamp })?;
                Ok(Self {
                    id: Some(id_text),
                    timestamp: Some((text, moment)),
                    candidates: standard(&signature, &once(headers, &signature)?)?,
                })
            }
            Scheme::TimestampedHex { header } => {
                let field = once(headers, header)?;
                let text = entry_once(header, &field, "t")?.to_owned();
                let moment = digits(&text).ok_or_else(|| Reason::TimestampMalformed {
                    place: format!("t in {header}"),
                })?;
                Ok(Self {
                    id: None,
                    timestamp: Some((text.into(), moment)),
                    candidates: codes(
                        header,
                        field.split(',').map(|entry| entry.trim_start_matches(' ')),
                        |entry| hexadecimal(entry.strip_prefix("v1=")?),
                        "v1= and 64 hexadecimal digits",
                    )?,
                })
            }
            Scheme::Sha256Hex { header } => Ok(Self {
                id: None,
                timestamp: None,
                candidates: codes(
                    header,
                    std::iter::once(once(headers, header)?.as_ref()),
                    |entry| hexadecimal(entry.strip_prefix("sha256=")?),
                    "sha256= and 64 hexadecimal digits",
                )?,
            }),
        }
    }
}

fn once<'a>(headers: &'a (impl Headers + ?Sized), name: &str) -> Result<Cow<'a, str>, Reason> {
    let header = || name.to_owned();
    match headers.field(name) {
        Field::Absent => Err(Reason::Missing { header: header() }),
        Field::Doubled => Err(Reason::Doubled { header: header() }),
        Field::Once(value) if value.is_empty() => Err(Reason::Empty { header: header() }),
        Field::Once(value) => Ok(value),
    }
}

/// The value of the one entry `key=value` in a comma-separated list.
fn entry_once<'a>(header: &str, field: &'a str, key: &str) -> Result<&'a str, Reason> {
    let header = || format!("{key} in {header}");
    let mut values = field.split(',').filter_map(|entry| {
        entry
            .trim_start_matches(' ')
            .strip_prefix(key)?
            .strip_prefix('=')
    });
    match (values.next(), values.next()) {
        (None, _) => Err(Reason::Missing { header: header() }),
        (Some(_), Some(_)) => Err(Reason::Doubled { header: header() }),
        (Some(value), None) => Ok(value),
    }
}

/// Whether a text may be a message's id: visible ASCII without a full stop, which would leave open
/// where the id ends in what is signed (Standard Webhooks, "Signature scheme").
pub(super) fn is_message_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'.')
}

/// ASCII digits and nothing else: no sign, no white space, no fraction, no exponent.
fn digits(text: &str) -> Option<UnixSeconds> {
    let sound =
        (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| text.parse().ok().map(UnixSeconds)).flatten()
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut code = [0; 32];
    hex::decode_to_slice(text, &mut code).ok()?;
    Some(code)
}

/// The `v1` entries of a space-separated list; entries of other versions are passed over.
fn standard(header: &str, field: &str) -> Result<Vec<[u8; 32]>, Reason> {
    // Fields of one name joined to one value (RFC 9110, 5.3); no entry ends in a comma.
    if field.as_bytes().windows(2).any(|pair| pair == b", ") {
        return Err(Reason::Doubled {
            header: header.to_owned(),
        });
    }
    let code = |entry: &str| {
        let mut code = [0; 32];
        let length = Base64::decode(entry.strip_prefix("v1,")?, &mut code)
            .ok()?
            .len();
        (length == code.len()).then_some(code)
    };
    let form = "v1, and 44 characters of base64";
    codes(header, field.split(' '), code, form)
}

/// The entries that are signatures, of at most [`MAX_SIGNATURES`] entries.
fn codes<'a>(
    header: &str,
    entries: impl Iterator<Item = &'a str>,
    code: impl Fn(&str) -> Option<[u8; 32]>,
    form: &'static str,
) -> Result<Vec<[u8; 32]>, Reason> {
    let mut found = Vec::new();
    for (index, entry) in entries.enumerate() {
        if index >= MAX_SIGNATURES {
            return Err(Reason::TooManySignatures {
                header: header.to_owned(),
            });
        }
        found.extend(code(entry));
    }
    if found.is_empty() {
        return Err(Reason::NoSignature {
            header: header.to_owned(),
            form,
        });
    }
    Ok(found)
}
