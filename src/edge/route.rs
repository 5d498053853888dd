//! What is asked: the path, the method and the query.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::access::Scope;
use crate::freshness::Directives;
use crate::http::Validators;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;

/// How many cases one batch request may ask for.
pub(super) const BATCH_LIMIT: usize = 500;

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// `GET /case-status`
    CaseStatus,
    /// `GET /case-status/batch`
    Batch,
    /// `PUT /case-status/watch`: the case is kept fresh though nobody reads it.
    Watch,
    /// `DELETE /case-status/watch`
    Unwatch,
    /// `GET /case-status/history`
    History,
    /// `DELETE /case-status/history`
    Erase,
    /// `GET /live`: a WebSocket.
    Live,
    /// `POST /webhooks/torch`
    Webhook,
    /// `GET /deliveries`
    Deliveries,
    /// `POST /deliveries/replay`
    Replay,
    /// `POST /grants`
    Grants,
    /// `GET /budget`
    Budget,
    /// `GET /health`
    Health,
    /// `GET /openapi.json`
    Contract,
    /// `GET /` and what belongs to it: served as it lies there.
    Page,
}

impl Route {
    /// The route of a method and a path, exactly as it stands: no decoding, no folding of slashes.
    pub(super) fn find(method: &str, path: &str) -> Result<Self, Problem> {
        let path = path
            .strip_prefix("/v1")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        let read = |route| match method {
            "GET" | "HEAD" => Ok(route),
            _ => Err(not_allowed("GET, HEAD")),
        };
        let post = |route| match method {
            "POST" => Ok(route),
            _ => Err(not_allowed("POST")),
        };
        match path {
            "/case-status" => read(Self::CaseStatus),
            "/case-status/batch" => read(Self::Batch),
            "/case-status/watch" => match method {
                "PUT" => Ok(Self::Watch),
                "DELETE" => Ok(Self::Unwatch),
                _ => Err(not_allowed("PUT, DELETE")),
            },
            "/case-status/history" => match method {
                "GET" | "HEAD" => Ok(Self::History),
                "DELETE" => Ok(Self::Erase),
                _ => Err(not_allowed("GET, HEAD, DELETE")),
            },
            "/live" => match method {
                "GET" => Ok(Self::Live),
                _ => Err(not_allowed("GET")),
            },
            "/webhooks/torch" => post(Self::Webhook),
            "/deliveries" => read(Self::Deliveries),
            "/deliveries/replay" => post(Self::Replay),
            "/grants" => post(Self::Grants),
            "/budget" => read(Self::Budget),
            "/health" => read(Self::Health),
            "/openapi.json" => read(Self::Contract),
            "/" => read(Self::Page),
            // The page's scripts and looks: which there are, the assets know.
            _ if path.starts_with("/board/") => read(Self::Page),
            _ => Err(Problem::new(
                Code::NoSuchRoute,
                "There are /case-status, /case-status/batch, /case-status/history, /case-status/watch, /live, /grants, /webhooks/torch, /deliveries, /deliveries/replay, /budget, /health and /openapi.json, also under /v1.",
            )),
        }
    }

    /// Whether it is about cases that the query names; the others take no parameters.
    pub(super) fn takes_receipt(self) -> bool {
        match self {
            Self::CaseStatus
            | Self::Batch
            | Self::History
            | Self::Erase
            | Self::Watch
            | Self::Unwatch => true,
            Self::Live
            | Self::Webhook
            | Self::Deliveries
            | Self::Replay
            | Self::Grants
            | Self::Budget
            | Self::Health
            | Self::Contract
            | Self::Page => false,
        }
    }

    /// What a client must be allowed to do.
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Budget | Self::Erase | Self::Deliveries | Self::Replay => Scope::Ops,
            Self::Grants => Scope::Grant,
            Self::Live => Scope::Live,
            _ => Scope::Read,
        }
    }

    /// Whether a grant will do.
    pub(super) fn takes_grant(self) -> bool {
        matches!(
            self,
            Self::CaseStatus | Self::Batch | Self::History | Self::Live
        )
    }

    /// Whether a page of another origin may read it: what a grant is good for, and what anyone may read.
    pub(super) fn is_shared(self) -> bool {
        self.takes_grant() || matches!(self, Self::Health | Self::Contract)
    }

    /// What the log calls it.
    pub(super) fn pattern(self) -> &'static str {
        match self {
            Self::CaseStatus => "/case-status",
            Self::Batch => "/case-status/batch",
            Self::Watch | Self::Unwatch => "/case-status/watch",
            Self::History | Self::Erase => "/case-status/history",
            Self::Live => "/live",
            Self::Webhook => "/webhooks/torch",
            Self::Deliveries => "/deliveries",
            Self::Replay => "/deliveries/replay",
            Self::Grants => "/grants",
            Self::Budget => "/budget",
            Self::Health => "/health",
            Self::Contract => "/openapi.json",
            Self::Page => "/",
        }
    }
}

fn not_allowed(allow: &'static str) -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        match allow.rsplit_once(',') {
            Some((others, last)) => format!("This route takes {others} and{last}."),
            None => format!("This route takes {allow}."),
        },
    )
    .allowing(allow)
}

/// What a request says, of all that it could: everything else changes nothing (K2).
pub(super) struct Head<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) authorization: &'a str,
    pub(super) directives: Directives,
    pub(super) validators: Validators<'a>,
}

impl<'a> Head<'a> {
    /// From the six lines that `pack` of glue.js writes.
    pub(super) fn read(packed: &'a str) -> Self {
        let mut lines = packed.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, (path, query), authorization) = (line(), split(line()), line());
        let directives = Directives::parse(line());
        let mut field = || Some(line()).filter(|line| !line.is_empty());
        let validators = Validators {
            if_none_match: field(),
            if_modified_since: field(),
        };
        Self {
            method,
            path,
            query,
            authorization,
            directives,
            validators,
        }
    }

    /// The case, where this is a plain read of one.
    pub(super) fn plain(&self) -> Option<ReceiptNumber> {
        let is_read =
            self.method == "GET" && Route::find(self.method, self.path) == Ok(Route::CaseStatus);
        let typed = self.query.strip_prefix("receipt=").filter(|_| is_read)?;
        typed.parse().ok()
    }
}

/// A URL's path and query. The URL is the runtime's own, so it is absolute and well-formed.
pub(super) fn split(url: &str) -> (&str, &str) {
    let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let target = rest
        .find(['/', '?', '#'])
        .and_then(|at| rest.get(at..))
        .unwrap_or_default();
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (if path.is_empty() { "/" } else { path }, query)
}

/// The values of the query's `receipt` parameters.
///
/// # Errors
/// Any other parameter: what is no part of the cache key is not accepted.
fn receipts(query: &str) -> Result<Vec<Cow<'_, str>>, Problem> {
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| match name.as_ref() {
            "receipt" => Ok(value),
            _ => Err(unknown_parameter(&name, "the only one is `receipt`")),
        })
        .collect()
}

fn unknown_parameter(name: &str, known: &str) -> Problem {
    let shown: String = name
        .chars()
        .take(32)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    let hint = if name.starts_with("receipt") {
        " Repeat `receipt` for each case of a batch."
    } else {
        ""
    };
    Problem::new(
        Code::UnknownParameter,
        format!("The parameter `{shown}` is unknown here; {known}.{hint}"),
    )
}

/// That this route takes no parameters.
pub(super) fn no_parameters(query: &str) -> Result<(), Problem> {
    match form_urlencoded::parse(query.as_bytes()).next() {
        Some((name, _)) => Err(unknown_parameter(&name, "this route takes none")),
        None => Ok(()),
    }
}

/// The one case that the single route is asked for; the same one named twice is one.
pub(super) fn single(query: &str) -> Result<ReceiptNumber, Problem> {
    let mut asked = None;
    for text in receipts(query)? {
        let receipt = parse(&text)?;
        if asked.is_some_and(|asked| asked != receipt) {
            return Err(Problem::new(
                Code::TooManyReceipts,
                "This route takes one receipt number; ask /case-status/batch for several.",
            ));
        }
        asked = Some(receipt);
    }
    asked.ok_or_else(missing)
}

/// One that a batch is asked for.
pub(super) type Asked = Result<ReceiptNumber, (String, Problem)>;

/// The cases that the batch route is asked for, in the order asked, each once. One that is malformed
/// stands there as what was written (cut to 64 characters) and why it is refused.
pub(super) fn batch(query: &str) -> Result<Vec<Asked>, Problem> {
    let mut asked: Vec<Asked> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in receipts(query)? {
        match parse(&text) {
            Ok(receipt) if seen.insert(receipt) => asked.push(Ok(receipt)),
            Ok(_) => {}
            Err(problem) => asked.push(Err((text.chars().take(64).collect(), problem))),
        }
        if asked.len() > BATCH_LIMIT {
            return Err(Problem::new(
                Code::TooManyReceipts,
                format!(
                    "A batch takes up to {BATCH_LIMIT} receipt numbers; ask in several requests."
                ),
            ));
        }
    }
    if asked.is_empty() {
        Err(missing())
    } else {
        Ok(asked)
    }
}

fn parse(text: &str) -> Result<ReceiptNumber, Problem> {
    Ok(ReceiptNumber::parse(text)?)
}

fn missing() -> Problem {
    Problem::new(
        Code::ReceiptMissing,
        "Name the case in the query: ?receipt=ABC1234567890.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ok_routes_are_found_as_they_stand() {
        for (path, route) in [
            ("/case-status", Route::CaseStatus),
            ("/v1/case-status", Route::CaseStatus),
            ("/case-status/batch", Route::Batch),
            ("/v1/case-status/batch", Route::Batch),
            ("/budget", Route::Budget),
            ("/health", Route::Health),
        ] {
            assert_eq!(Route::find("GET", path), Ok(route));
            assert_eq!(Route::find("HEAD", path), Ok(route));
            assert_eq!(
                Route::find("POST", path).unwrap_err().code,
                Code::MethodNotAllowed
            );
        }
    }

    #[test]
    fn ok_a_case_is_watched_and_left_by_methods_of_their_own() {
        let find = |method| Route::find(method, "/v1/case-status/watch");
        assert_eq!(find("PUT"), Ok(Route::Watch));
        assert_eq!(find("DELETE"), Ok(Route::Unwatch));
        assert_eq!(find("GET").unwrap_err().allow, Some("PUT, DELETE"));
        assert_eq!(
            Route::find("PUT", "/budget").unwrap_err().allow,
            Some("GET, HEAD")
        );
        assert_eq!(Route::Budget.scope(), Scope::Ops);
    }

    #[test]
    fn ok_a_history_is_read_by_clients_and_erased_by_operators() {
        let find = |method| Route::find(method, "/case-status/history");
        assert_eq!(find("GET").map(Route::scope), Ok(Scope::Read));
        assert_eq!(find("DELETE").map(Route::scope), Ok(Scope::Ops));
        let refused = find("POST").unwrap_err();
        assert_eq!(refused.allow, Some("GET, HEAD, DELETE"));
        assert_eq!(refused.detail, "This route takes GET, HEAD and DELETE.");
        assert_eq!(
            Route::find("POST", "/v1/webhooks/torch"),
            Ok(Route::Webhook)
        );
        assert_eq!(
            Route::find("GET", "/webhooks/torch").unwrap_err().detail,
            "This route takes POST."
        );
        assert_eq!(
            Route::find("GET", "/v1/live").map(Route::scope),
            Ok(Scope::Live)
        );
        assert_eq!(Route::find("HEAD", "/live").unwrap_err().allow, Some("GET"));
        for (method, path) in [("GET", "/deliveries"), ("POST", "/deliveries/replay")] {
            assert_eq!(Route::find(method, path).map(Route::scope), Ok(Scope::Ops));
        }
    }

    #[test]
    fn k3_what_only_looks_like_a_route_is_none() {
        for path in [
            "",
            "/case-status/",
            "//case-status",
            "/case-status/x.css",
            "/case-status;.js",
            "/case-status%2fbatch",
            "/v1",
            "/v1/v1/case-status",
            "/v1case-status",
            "/Case-Status",
            "/budget/",
            "/case-status/watch/",
            "/v2/case-status",
        ] {
            assert_eq!(
                Route::find("GET", path).unwrap_err().code,
                Code::NoSuchRoute,
                "{path}"
            );
        }
    }

    #[test]
    fn ok_a_url_is_split() {
        assert_eq!(
            split("https://h:1/case-status?receipt=A#x"),
            ("/case-status", "receipt=A")
        );
        assert_eq!(split("http://h"), ("/", ""));
        assert_eq!(split("http://h?x=/y"), ("/", "x=/y"));
    }

    #[test]
    fn k5_receipts_in_the_query() {
        let whole = |query: &str| {
            single(query)
                .map(|receipt| receipt.as_str().to_owned())
                .map_err(|problem| problem.code)
        };
        for query in [
            "receipt=IOE0012345678",
            "receipt=ioe-001%20234+5678&",
            "receipt=IOE0012345678&receipt=ioe0012345678",
            "receipt=%49OE0012345678",
        ] {
            assert_eq!(whole(query).as_deref(), Ok("IOE0012345678"), "{query}");
        }
        for (query, code) in [
            ("", Code::ReceiptMissing),
            ("receipt=", Code::ReceiptMalformed),
            ("receipt=IOE0012345678%00", Code::ReceiptMalformed),
            ("receipt=IOE%EF%BC%90012345678", Code::ReceiptMalformed),
            ("receipt=I%D0%9EE0012345678", Code::ReceiptMalformed),
            ("receipt=%ff", Code::ReceiptMalformed),
            (
                "receipt=IOE0012345678&receipt=IOE0012345679",
                Code::TooManyReceipts,
            ),
            ("receipt[]=IOE0012345678", Code::UnknownParameter),
            ("Receipt=IOE0012345678", Code::UnknownParameter),
            ("receipt=IOE0012345678&utm_source=x", Code::UnknownParameter),
        ] {
            assert_eq!(whole(query), Err(code), "{query}");
        }
    }

    #[test]
    fn ok_a_batch_keeps_the_order_and_names_each_once() {
        let asked =
            batch("receipt=IOE0000000002&receipt=IOE0000000001&receipt=ioe0000000002&receipt=nope")
                .unwrap();
        let names: Vec<String> = asked
            .iter()
            .map(|one| {
                one.as_ref().map_or_else(
                    |(text, _)| text.clone(),
                    |receipt| receipt.as_str().to_owned(),
                )
            })
            .collect();
        assert_eq!(names, ["IOE0000000002", "IOE0000000001", "nope"]);
        let many = (0..=BATCH_LIMIT)
            .map(|n| format!("receipt=IOE{n:010}"))
            .collect::<Vec<_>>()
            .join("&");
        assert_eq!(batch(&many).unwrap_err().code, Code::TooManyReceipts);
    }

    proptest! {
        #[test]
        fn t3_any_url_is_a_request_or_a_problem(url: String, method: String) {
            let (path, query) = split(&url);
            let _ = (Route::find(&method, path), single(query), batch(query), no_parameters(query));
        }
    }
}
