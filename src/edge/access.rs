//! Who asks: clients by bearer token, of which only the SHA-256 is known here.
#![forbid(unsafe_code)]

use std::cell::Cell;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::problem::{Code, Problem};
use crate::ratelimit::{Allowance, Meter};
use crate::time::UnixSeconds;

/// A longer token is no token of ours; it is not hashed.
const MAX_TOKEN: usize = 1024;

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Read case statuses.
    Read,
    /// Subscribe to changes.
    Live,
    /// Mint grants.
    Grant,
    /// Operate the proxy.
    Ops,
}

impl Scope {
    pub(super) fn parse(id: &str) -> Option<Self> {
        Some(match id {
            "read" => Self::Read,
            "live" => Self::Live,
            "grant" => Self::Grant,
            "ops" => Self::Ops,
            _ => return None,
        })
    }
}

/// One who may ask.
#[derive(Debug)]
pub(super) struct Client {
    /// For the operator's eyes and logs.
    pub(super) name: String,
    /// SHA-256 of its token, or of its two while it rotates.
    pub(super) hashes: Vec<[u8; 32]>,
    pub(super) scopes: Vec<Scope>,
    /// Requests a minute.
    pub(super) allowance: u32,
    /// Those that came to this isolate.
    pub(super) meter: Cell<Meter>,
}

impl Client {
    /// Counts a request, and says what is left.
    pub(super) fn count(&self, now: UnixSeconds) -> Allowance {
        let mut meter = self.meter.get();
        let allowance = meter.count(self.allowance, now);
        self.meter.set(meter);
        allowance
    }
}

/// Why one may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal<'a> {
    /// No bearer token.
    Missing,
    /// A token that no client has.
    Unknown,
    /// The client of this name lacks the scope.
    Scope(&'a str),
}

impl From<Refusal<'_>> for Problem {
    fn from(refusal: Refusal<'_>) -> Self {
        let (code, detail) = match refusal {
            Refusal::Missing => (
                Code::Unauthorized,
                "Send the header `Authorization: Bearer TOKEN` with a client token of this proxy.",
            ),
            Refusal::Unknown => (
                Code::Unauthorized,
                "No client of this proxy has this token. Use a client token, not the Torch key.",
            ),
            Refusal::Scope(_) => (
                Code::Forbidden,
                "This client's scopes do not include this route.",
            ),
        };
        Self::new(code, detail)
    }
}

/// The client whose token an `Authorization` field carries, if it has the scope.
///
/// Every hash is compared, each in constant time: how long it takes tells nothing of which matched.
pub(super) fn admit<'a>(
    clients: &'a [Client],
    authorization: &str,
    scope: Scope,
) -> Result<&'a Client, Refusal<'a>> {
    let token = bearer(authorization).ok_or(Refusal::Missing)?;
    let presented: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let (mut found, mut any) = (0_u32, Choice::from(0));
    for (index, client) in (0_u32..).zip(clients) {
        for hash in &client.hashes {
            let same = presented.ct_eq(hash);
            found.conditional_assign(&index, same);
            any |= same;
        }
    }
    let client = usize::try_from(found)
        .ok()
        .and_then(|index| clients.get(index));
    match client.filter(|_| any.into()) {
        None => Err(Refusal::Unknown),
        Some(client) if client.scopes.contains(&scope) => Ok(client),
        Some(client) => Err(Refusal::Scope(&client.name)),
    }
}

/// The token of `Bearer TOKEN`, whatever the scheme's case (RFC 9110, 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_TOKEN)
        .then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str, tokens: &[&str], scopes: &[Scope]) -> Client {
        let hashes = tokens
            .iter()
            .map(|token| Sha256::digest(token.as_bytes()).into())
            .collect();
        Client {
            name: name.into(),
            hashes,
            scopes: scopes.to_vec(),
            allowance: 1,
            meter: Cell::default(),
        }
    }

    #[test]
    fn a1_only_a_known_token_with_the_scope_is_admitted() {
        let clients = [
            client("a", &["one", "two"], &[Scope::Read]),
            client("b", &["three"], &[Scope::Ops]),
        ];
        let admit = |field: &str| {
            super::admit(&clients, field, Scope::Read).map(|client| client.name.as_str())
        };
        assert_eq!(admit("Bearer one"), Ok("a"));
        assert_eq!(admit("bearer  two "), Ok("a"));
        assert_eq!(admit("Bearer three"), Err(Refusal::Scope("b")));
        assert_eq!(admit("Bearer four"), Err(Refusal::Unknown));
        for field in [
            "",
            "Bearer",
            "Bearer ",
            "Basic one",
            "one",
            "Bearerone",
            &format!("Bearer {}", "x".repeat(1025)),
        ] {
            assert_eq!(admit(field), Err(Refusal::Missing), "{field:.20}");
        }
        assert_eq!(admit("Bearer one two").err(), Some(Refusal::Unknown));
        assert!(super::admit(&[], "Bearer one", Scope::Read).is_err());
    }
}
