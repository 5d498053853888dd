//! Who asks: clients by bearer token, of which only the SHA-256 is known here.
#![forbid(unsafe_code)]

use std::cell::Cell;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::config::Config;
use super::observe;
use super::route::Route;
use crate::grant::{self, Grant, GrantError};
use crate::problem::{Code, Problem};
use crate::ratelimit::{Allowance, Meter};
use crate::receipt::ReceiptNumber;
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

    /// Whether the platform's binding is to be told of the next request.
    pub(super) fn fills_packet(&self, now: UnixSeconds) -> bool {
        self.meter.get().fills_packet(self.allowance, now)
    }

    /// The binding has counted more than the allowance, over all isolates.
    pub(super) fn use_up(&self, now: UnixSeconds) {
        let mut meter = self.meter.get();
        meter.use_up(self.allowance, now);
        self.meter.set(meter);
    }
}

/// Who is let in.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    /// Who asks, or in whose name.
    pub(super) client: &'a Client,
    /// What it is limited to.
    pub(super) grant: Option<Grant>,
}

impl Admitted<'_> {
    /// That each of these cases may be asked for.
    pub(super) fn covers(
        &self,
        receipts: impl IntoIterator<Item = ReceiptNumber>,
    ) -> Result<(), Problem> {
        let Some(grant) = &self.grant else {
            return Ok(());
        };
        match receipts.into_iter().find(|receipt| !grant.covers(*receipt)) {
            None => Ok(()),
            Some(receipt) => Err(Problem::new(
                Code::ReceiptNotGranted,
                format!(
                    "This grant is not good for {receipt}. Have one minted for the cases that are shown."
                ),
            )),
        }
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
    /// A grant that is none.
    Grant(GrantError),
    /// A grant of a client that there is no more, or that may mint none any more.
    GrantOf,
    /// A grant, and a route that takes none.
    GrantRoute,
}

impl Refusal<'_> {
    /// Tells the operator of it, where that is worth telling.
    fn log(self) {
        match self {
            Refusal::Scope(client) => observe::warn(
                "a client asked for more than its scopes allow",
                &[("client", &client)],
            ),
            Refusal::Grant(error) if error != GrantError::Expired => {
                observe::warn("a grant is refused", &[("reason", &error)]);
            }
            Refusal::GrantOf => observe::warn(
                "a grant is refused: CLIENTS has no client of its name with the scope grant",
                &[],
            ),
            _ => {}
        }
    }
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
            Refusal::Grant(GrantError::Expired) => (
                Code::GrantExpired,
                "The time of this grant is over. Have a new one minted by POST /grants.",
            ),
            Refusal::Grant(_) | Refusal::GrantOf => (
                Code::Unauthorized,
                "This grant is not good here. Have a new one minted by POST /grants.",
            ),
            Refusal::GrantRoute => (
                Code::Forbidden,
                "A grant is good for its cases only: GET /case-status, /case-status/batch, /case-status/history and /live.",
            ),
        };
        Self::new(code, detail)
    }
}

/// Who may ask for a route, by what an `Authorization` field carries: a client's token, or a grant.
pub(super) fn enter<'a>(
    config: &'a Config,
    authorization: &str,
    route: Route,
    now: UnixSeconds,
) -> Result<Admitted<'a>, Refusal<'a>> {
    let entered = match bearer(authorization, grant::MAX_TOKEN) {
        Some(token) if grant::is_grant(token) => granted(config, token, route, now),
        _ => admit(&config.clients, authorization, route.scope()).map(|(_, client)| Admitted {
            client,
            grant: None,
        }),
    };
    entered.inspect_err(|refusal| refusal.log())
}

fn granted<'a>(
    config: &'a Config,
    token: &str,
    route: Route,
    now: UnixSeconds,
) -> Result<Admitted<'a>, Refusal<'a>> {
    let keys = config.grants.as_ref().ok_or(Refusal::Unknown)?;
    let grant = keys.verify(token, now).map_err(Refusal::Grant)?;
    // Who takes a client away, or its scope, takes its grants with it.
    let mut clients = config.clients.iter();
    let client = clients
        .find(|client| client.name == grant.client && client.scopes.contains(&Scope::Grant))
        .ok_or(Refusal::GrantOf)?;
    if !route.takes_grant() {
        return Err(Refusal::GrantRoute);
    }
    Ok(Admitted {
        client,
        grant: Some(grant),
    })
}

/// The client whose token an `Authorization` field carries, and its place in the list, if it has the scope.
///
/// Every hash is compared, each in constant time: how long it takes tells nothing of which matched.
pub(super) fn admit<'a>(
    clients: &'a [Client],
    authorization: &str,
    scope: Scope,
) -> Result<(usize, &'a Client), Refusal<'a>> {
    let token = bearer(authorization, MAX_TOKEN).ok_or(Refusal::Missing)?;
    let presented: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let (mut found, mut any) = (0_u32, Choice::from(0));
    for (index, client) in (0_u32..).zip(clients) {
        for hash in &client.hashes {
            let same = presented.ct_eq(hash);
            found.conditional_assign(&index, same);
            any |= same;
        }
    }
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    match clients.get(found).filter(|_| any.into()) {
        None => Err(Refusal::Unknown),
        Some(client) if client.scopes.contains(&scope) => Ok((found, client)),
        Some(client) => Err(Refusal::Scope(&client.name)),
    }
}

/// The token of `Bearer TOKEN`, whatever the scheme's case (RFC 9110, 11.1).
fn bearer(authorization: &str, most: usize) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= most)
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
            super::admit(&clients, field, Scope::Read).map(|(_, client)| client.name.as_str())
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
