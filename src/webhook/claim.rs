//! What a request's headers claim, before any of it is believed.
#![forbid(unsafe_code)]

use sha2::{Digest, Sha256};

use super::headers::{Field, Headers};
use super::reason::Reason;
use super::scheme::Scheme;
use crate::base64;
use crate::time::UnixSeconds;

/// How many entries a signature header may have.
pub const MAX_SIGNATURES: usize = 16;
/// The longest id of a message, in characters.
const MAX_ID: usize = 256;
/// The most digits that a timestamp may have: those of the largest 64-bit number.
const MAX_DIGITS: usize = 19;

/// What the headers claim.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// The id of the message.
    pub(super) id: Option<String>,
    /// The timestamp's own text, which is what is signed, and what it says.
    pub(super) timestamp: Option<(String, UnixSeconds)>,
    /// The signatures, or the hash of the secret that was presented.
    pub(super) candidates: Vec<[u8; 32]>,
}

impl Claim {
    /// Reads the headers that the scheme has.
    pub(super) fn read(scheme: &Scheme, headers: &dyn Headers) -> Result<Self, Reason> {
        let mut reading = Reading {
            headers,
            claim: Self::default(),
            place: String::new(),
            fault: Fault::Missing,
        };
        match reading.all(scheme) {
            Some(()) => Ok(reading.claim),
            None => Err(reading.reason()),
        }
    }
}

/// A claim as far as it is read.
struct Reading<'a> {
    headers: &'a dyn Headers,
    claim: Claim,
    /// The header that is being read, or where in it.
    place: String,
    /// What is wrong there, once something is.
    fault: Fault,
}

/// What is wrong at a place.
enum Fault {
    Missing,
    Doubled,
    Empty,
    Id,
    Timestamp,
    NoSignature(&'static str),
    TooMany,
}

impl Reading<'_> {
    /// Nothing where something is wrong: then that is noted.
    fn all(&mut self, scheme: &Scheme) -> Option<()> {
        let (header, list) = match scheme {
            Scheme::SharedSecret { header } => {
                let presented = self.value(header, "")?;
                let hash = Sha256::digest(presented.as_bytes()).into();
                self.claim.candidates.push(hash);
                return Some(());
            }
            Scheme::StandardWebhooks { prefix } => {
                let id = self.value(prefix, "-id")?;
                if !is_message_id(&id) {
                    return self.fail(Fault::Id);
                }
                self.claim.id = Some(id);
                let text = self.value(prefix, "-timestamp")?;
                self.signed_at(text)?;
                (prefix, &SPACED)
            }
            Scheme::TimestampedHex { header } => (header, &COMMAED),
            Scheme::Sha256Hex { header } => (header, &SINGLE),
        };
        let field = self.value(header, list.name)?;
        if list.separator == ',' {
            let text = self.timestamp(header, &field)?;
            self.signed_at(text)?;
            header.clone_into(&mut self.place);
        }
        // Fields of one name joined to one value (RFC 9110, 5.3); no entry ends in a comma.
        let joined = field.as_bytes().windows(2).any(|pair| pair == b", ");
        if list.separator == ' ' && joined {
            return self.fail(Fault::Doubled);
        }
        for (index, entry) in field.split(list.separates).enumerate() {
            if index >= MAX_SIGNATURES {
                return self.fail(Fault::TooMany);
            }
            let entry = match list.separator {
                ',' => without_spaces(entry),
                _ => entry,
            };
            if let Some(code) = entry.strip_prefix(list.prefix).and_then(list.code) {
                self.claim.candidates.push(code);
            }
        }
        if self.claim.candidates.is_empty() {
            return self.fail(Fault::NoSignature(list.form));
        }
        Some(())
    }

    fn at(&mut self, first: &str, second: &str) {
        self.place.clear();
        self.place.push_str(first);
        self.place.push_str(second);
    }

    /// The one value of a header.
    fn value(&mut self, first: &str, second: &str) -> Option<String> {
        self.at(first, second);
        match self.headers.field(&self.place) {
            Field::Absent => self.fail(Fault::Missing),
            Field::Doubled => self.fail(Fault::Doubled),
            Field::Once(value) if value.is_empty() => self.fail(Fault::Empty),
            Field::Once(value) => Some(value.into_owned()),
        }
    }

    /// The text of the one timestamp in a comma-separated list.
    fn timestamp(&mut self, header: &str, field: &str) -> Option<String> {
        self.at("t in ", header);
        let mut found = None;
        for entry in field.split(COMMAED.separates) {
            if let Some(value) = without_spaces(entry).strip_prefix("t=")
                && found.replace(value).is_some()
            {
                return self.fail(Fault::Doubled);
            }
        }
        match found {
            Some(value) => Some(value.to_owned()),
            None => self.fail(Fault::Missing),
        }
    }

    fn signed_at(&mut self, text: String) -> Option<()> {
        match digits(&text) {
            Some(moment) => self.claim.timestamp = Some((text, moment)),
            None => return self.fail(Fault::Timestamp),
        }
        Some(())
    }

    fn fail<T>(&mut self, fault: Fault) -> Option<T> {
        self.fault = fault;
        None
    }

    fn reason(self) -> Reason {
        let header = self.place;
        match self.fault {
            Fault::Missing => Reason::Missing { header },
            Fault::Doubled => Reason::Doubled { header },
            Fault::Empty => Reason::Empty { header },
            Fault::Id => Reason::IdMalformed { header },
            Fault::Timestamp => Reason::TimestampMalformed { place: header },
            Fault::NoSignature(form) => Reason::NoSignature { header, form },
            Fault::TooMany => Reason::TooManySignatures { header },
        }
    }
}

/// How a header lists signatures.
struct List {
    /// The rest of the header's name.
    name: &'static str,
    /// What stands between them; a NUL, which no header has, where there is only one.
    separator: char,
    separates: fn(char) -> bool,
    /// What a signature begins with; entries that do not are passed over.
    prefix: &'static str,
    code: fn(&str) -> Option<[u8; 32]>,
    form: &'static str,
}

static SPACED: List = List {
    name: "-signature",
    separator: ' ',
    separates: |c| c == ' ',
    prefix: "v1,",
    code: base64_code,
    form: "v1, and 44 characters of base64",
};
static COMMAED: List = List {
    name: "",
    separator: ',',
    separates: |c| c == ',',
    prefix: "v1=",
    code: hexadecimal,
    form: "v1= and 64 hexadecimal digits",
};
static SINGLE: List = List {
    name: "",
    separator: '\0',
    separates: |c| c == '\0',
    prefix: "sha256=",
    code: hexadecimal,
    form: "sha256= and 64 hexadecimal digits",
};

fn without_spaces(mut entry: &str) -> &str {
    while let Some(rest) = entry.strip_prefix(' ') {
        entry = rest;
    }
    entry
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
    if !(1..=MAX_DIGITS).contains(&text.len()) {
        return None;
    }
    // Nineteen digits are no more than 64 bits hold.
    let number = text.bytes().try_fold(0u64, |number, byte| {
        let digit = char::from(byte).to_digit(10)?;
        Some(number.wrapping_mul(10).wrapping_add(u64::from(digit)))
    });
    i64::try_from(number?).ok().map(UnixSeconds)
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut code = [0u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, digit) in text.bytes().enumerate() {
        let digit = char::from(digit).to_digit(16)? as u8;
        let byte = code.get_mut(at.wrapping_shr(1))?;
        *byte = byte.wrapping_shl(4) | digit;
    }
    Some(code)
}

fn base64_code(text: &str) -> Option<[u8; 32]> {
    base64::decode(text.as_bytes().strip_suffix(b"=")?)?
        .try_into()
        .ok()
}
