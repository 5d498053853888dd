//! `GET /live`: who may open a socket, and for what. What comes over it is the feed's, one Durable Object for all
//! cases: `feed.js`, and `store.rs` for what Rust does in its SQLite. What it decides is the core's `feed`.

mod store;

use crate::edge::glue::Env;
use js_sys::Promise;
use sha2::{Digest, Sha256};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};

use super::access::Admitted;
use super::config::Config;
use super::glue;
use crate::feed::{self, MAX_OF_CLIENT, MAX_OF_GRANT, MAX_SOCKETS, PROTOCOL};
use crate::json::Array;
use crate::problem::{Code, Problem};

/// When who finds too many sockets open may try again, in seconds.
const TOO_MANY: i64 = 60;

/// The subprotocols that a request offers.
fn offered(request: &Request) -> String {
    glue::field(request, "sec-websocket-protocol").unwrap_or_default()
}

/// What an `Authorization` field would carry, from the subprotocols `torch-edge.v1, bearer.TOKEN`: a browser can set
/// no header on a WebSocket. `None` where the request has one.
pub(super) fn bearer(request: &Request) -> Option<String> {
    if glue::field(request, "authorization").is_some() {
        return None;
    }
    let offered = offered(request);
    let mut protocols = offered.split(',').map(str::trim);
    let token = protocols.find_map(|one| one.strip_prefix("bearer."))?;
    Some(format!("Bearer {token}"))
}

/// Has the feed open a socket, if whoever is let in may have one.
pub(super) fn enter(
    env: &Env,
    request: &Request,
    config: &Config,
    admitted: &Admitted<'_>,
    authorization: &str,
) -> Result<Promise, Problem> {
    let upgrade = glue::field(request, "upgrade").unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        let detail = "This route is a WebSocket: connect to it with `new WebSocket(url, [\"torch-edge.v1\", \"bearer.TOKEN\"])`.";
        return Err(Problem::new(Code::UpgradeRequired, detail));
    }
    // Whose it is: the client's name; what the grant is known by, until when it is good and for which cases; how many
    // there may be of it, and of all.
    let socket = Array::new().text(&admitted.client.name);
    let socket = match &admitted.grant {
        None => socket.raw("null,null,null").number(MAX_OF_CLIENT),
        Some(grant) => {
            if glue::field(request, "origin").is_some_and(|origin| {
                let own = request.url().starts_with(&format!("{origin}/"));
                !own && !config.origins.contains(&origin)
            }) {
                let detail =
                    "Pages of this origin may not read here: ALLOWED_ORIGINS does not name it.";
                return Err(Problem::new(Code::Forbidden, detail));
            }
            let mut id = hex::encode(Sha256::digest(authorization.as_bytes()));
            id.truncate(16);
            let socket = socket.text(&id).number(grant.expires_at.0);
            socket
                .text(&feed::list(&grant.receipts))
                .number(MAX_OF_GRANT)
        }
    };
    let socket = socket.number(MAX_SOCKETS);
    let offered = offered(request);
    let speaks = offered.split(',').any(|one| one.trim() == PROTOCOL);
    let protocol = if speaks { PROTOCOL } else { "" };
    Ok(glue::live(env, &socket.end(), protocol))
}

/// The answer that hands a socket over, where the feed has opened one.
pub(super) fn entered(answer: JsValue) -> Result<Response, Problem> {
    answer.dyn_into().map_err(|_| {
        let detail = "As many sockets are open with this token as may be. Close some, or subscribe to several cases over one.";
        Problem::new(Code::TooManySockets, detail).after(Some(TOO_MANY))
    })
}
