//! Errors as every route tells them: problem details (RFC 9457).
#![forbid(unsafe_code)]

use std::borrow::Cow;

use serde::Serialize;

use crate::receipt::ReceiptError;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong: the stable part of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request asks for a receipt number that is none.
    ReceiptMalformed,
    /// The request asks for no receipt number.
    ReceiptMissing,
    /// The single route was asked for several cases, or the batch for more than it takes.
    TooManyReceipts,
    /// The query has a parameter that this route does not know.
    UnknownParameter,
    /// No token, or one that no client has.
    Unauthorized,
    /// The client's scopes do not include this.
    Forbidden,
    /// A grant whose time is over.
    GrantExpired,
    /// A grant that is not good for this case.
    ReceiptNotGranted,
    /// The route is a WebSocket, and the request is for none.
    UpgradeRequired,
    /// The client, or the grant, has as many sockets open as it may.
    TooManySockets,
    /// No such route.
    NoSuchRoute,
    /// Torch does not recognise the receipt number at this time.
    CaseNotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// The configuration is wrong or missing; the log says where.
    Misconfigured,
    /// `only-if-cached`, and nothing is cached.
    NotCached,
    /// A webhook that is not authentic.
    WebhookUnauthorized,
    /// An authentic webhook whose event cannot be used.
    EventUnusable,
    /// The request's body is not what this route takes.
    BodyMalformed,
    /// The request's body has more bytes than this route takes.
    BodyTooLarge,
    /// Torch answered 400.
    TorchBadRequest,
    /// Torch answered 401: it refuses this proxy's key.
    TorchUnauthorized,
    /// Torch answered 403: this proxy's key is not enabled for its environment.
    TorchForbidden,
    /// Torch answered 409.
    TorchConflict,
    /// Torch answered 429.
    TorchRateLimited,
    /// Torch answered 5xx, or something that is no answer to what it was asked.
    TorchFailed,
    /// Torch's answer cannot be used.
    TorchUnusable,
    /// Torch could not be reached, or the connection broke.
    TorchUnreachable,
    /// Torch did not answer in time.
    TorchTimeout,
    /// The calls of Torch that this proxy, or this client, may make are used up.
    QuotaExhausted,
    /// Torch has failed repeatedly and is left alone for a while.
    CircuitOpen,
    /// The client has made more requests than it may.
    RateLimited,
    /// A fault of this proxy's own.
    Internal,
}

impl Code {
    /// Every code, for the documentation and its tests.
    pub const ALL: [Self; 32] = [
        Self::ReceiptMalformed,
        Self::ReceiptMissing,
        Self::TooManyReceipts,
        Self::UnknownParameter,
        Self::Unauthorized,
        Self::Forbidden,
        Self::GrantExpired,
        Self::ReceiptNotGranted,
        Self::UpgradeRequired,
        Self::TooManySockets,
        Self::NoSuchRoute,
        Self::CaseNotFound,
        Self::MethodNotAllowed,
        Self::Misconfigured,
        Self::NotCached,
        Self::WebhookUnauthorized,
        Self::EventUnusable,
        Self::BodyMalformed,
        Self::BodyTooLarge,
        Self::TorchBadRequest,
        Self::TorchUnauthorized,
        Self::TorchForbidden,
        Self::TorchConflict,
        Self::TorchRateLimited,
        Self::TorchFailed,
        Self::TorchUnusable,
        Self::TorchUnreachable,
        Self::TorchTimeout,
        Self::QuotaExhausted,
        Self::CircuitOpen,
        Self::RateLimited,
        Self::Internal,
    ];

    const fn row(self) -> (&'static str, u16, bool, &'static str) {
        match self {
            Self::ReceiptMalformed => (
                "receipt_malformed",
                400,
                false,
                "The receipt number is malformed",
            ),
            Self::ReceiptMissing => (
                "receipt_missing",
                400,
                false,
                "The receipt parameter is missing",
            ),
            Self::TooManyReceipts => (
                "too_many_receipts",
                400,
                false,
                "Too many receipt numbers in one request",
            ),
            Self::UnknownParameter => (
                "unknown_parameter",
                400,
                false,
                "The query has an unknown parameter",
            ),
            Self::Unauthorized => (
                "unauthorized",
                401,
                false,
                "The bearer token is missing or unknown",
            ),
            Self::Forbidden => ("forbidden", 403, false, "The token does not allow this"),
            Self::GrantExpired => ("grant_expired", 401, false, "The grant has expired"),
            Self::ReceiptNotGranted => (
                "receipt_not_granted",
                403,
                false,
                "The grant does not cover this receipt number",
            ),
            Self::UpgradeRequired => ("upgrade_required", 426, false, "The route is a WebSocket"),
            Self::TooManySockets => ("too_many_sockets", 429, true, "Too many sockets are open"),
            Self::NoSuchRoute => ("no_such_route", 404, false, "There is no such route"),
            Self::CaseNotFound => (
                "case_not_found",
                404,
                false,
                "The receipt number is not recognized at this time",
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                405,
                false,
                "The route does not have this method",
            ),
            Self::Misconfigured => ("misconfigured", 503, true, "The proxy is not configured"),
            Self::NotCached => (
                "not_cached",
                504,
                true,
                "Nothing is cached for this request",
            ),
            Self::WebhookUnauthorized => (
                "webhook_unauthorized",
                401,
                false,
                "The webhook is not authentic",
            ),
            Self::EventUnusable => ("event_unusable", 400, false, "The event cannot be used"),
            Self::BodyMalformed => ("body_malformed", 400, false, "The body is malformed"),
            Self::BodyTooLarge => ("body_too_large", 413, false, "The body is too large"),
            Self::TorchBadRequest => ("torch_bad_request", 400, false, "Torch rejects the request"),
            Self::TorchUnauthorized => (
                "torch_unauthorized",
                401,
                false,
                "Torch refuses the proxy's key",
            ),
            Self::TorchForbidden => (
                "torch_forbidden",
                403,
                false,
                "The proxy's key is not enabled for this Torch environment",
            ),
            Self::TorchConflict => (
                "torch_conflict",
                409,
                true,
                "Torch reports a conflicting request",
            ),
            Self::TorchRateLimited => (
                "torch_rate_limited",
                429,
                true,
                "Torch's rate limit is reached",
            ),
            Self::TorchFailed => ("torch_failed", 502, true, "Torch failed"),
            Self::TorchUnusable => ("torch_unusable", 502, true, "Torch's answer cannot be used"),
            Self::TorchUnreachable => ("torch_unreachable", 502, true, "Torch cannot be reached"),
            Self::TorchTimeout => ("torch_timeout", 504, true, "Torch did not answer in time"),
            Self::QuotaExhausted => (
                "quota_exhausted",
                429,
                true,
                "The quota of calls to Torch is used up",
            ),
            Self::CircuitOpen => (
                "circuit_open",
                503,
                true,
                "Torch has failed repeatedly and is left alone for a moment",
            ),
            Self::RateLimited => (
                "rate_limited",
                429,
                true,
                "The client's allowance of requests is used up",
            ),
            Self::Internal => ("internal", 500, true, "The proxy failed"),
        }
    }

    /// The stable word, in `code` and at the end of `type`.
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    /// The code that has this word.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.id() == id)
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// Whether the same request may succeed later.
    pub const fn retryable(self) -> bool {
        self.row().2
    }

    /// One sentence for all problems of the kind.
    pub const fn title(self) -> &'static str {
        self.row().3
    }

    /// The stable `type`.
    pub fn type_uri(self) -> String {
        format!("urn:torch-edge:problem:{}", self.id())
    }

    /// Whether it tells of Torch's trouble, for which an older answer may stand in (RFC 5861, 4):
    /// not of a case that Torch does not recognise, nor of a request that it rejects.
    pub const fn excuses_stale(self) -> bool {
        matches!(
            self,
            Self::TorchUnauthorized
                | Self::TorchForbidden
                | Self::TorchConflict
                | Self::TorchRateLimited
                | Self::TorchFailed
                | Self::TorchUnusable
                | Self::TorchUnreachable
                | Self::TorchTimeout
                | Self::QuotaExhausted
                | Self::CircuitOpen
                | Self::Internal
        )
    }
}

/// One problem: what happened, to what, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable part.
    pub code: Code,
    /// What happened this time and what to do; never a key, a token or a whole receipt number.
    pub detail: Cow<'static, str>,
    /// For `Retry-After`, in seconds.
    pub retry_after: Option<i64>,
    /// For `Allow`: the methods that the route has.
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A problem of the kind `code`.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            allow: None,
        }
    }

    /// The same, with the methods that the route has.
    #[must_use]
    pub fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The same, with a time to wait in seconds.
    #[must_use]
    pub fn after(mut self, seconds: Option<i64>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// The problem document, for the request that `request_id` names.
    pub fn to_json(&self, request_id: &str) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: String,
            title: &'static str,
            status: u16,
            detail: &'a str,
            code: &'static str,
            retryable: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            retry_after: Option<i64>,
            request_id: &'a str,
        }
        let document = Document {
            r#type: self.code.type_uri(),
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code.id(),
            retryable: self.code.retryable(),
            retry_after: self.retry_after,
            request_id,
        };
        // Strings and numbers: it cannot fail to serialise.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

/// What was written in a receipt number's place is none.
impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        let mut detail = error.to_string();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        detail.push('.');
        Self::new(Code::ReceiptMalformed, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_document_has_every_member() {
        let problem = Problem::new(Code::TorchRateLimited, "Wait a minute.").after(Some(60));
        assert_eq!(
            problem.to_json("r-1"),
            r#"{"type":"urn:torch-edge:problem:torch_rate_limited","title":"Torch's rate limit is reached","status":429,"detail":"Wait a minute.","code":"torch_rate_limited","retryable":true,"retry_after":60,"request_id":"r-1"}"#
        );
    }

    #[test]
    fn ok_codes_are_distinct_and_found_by_their_word() {
        for code in Code::ALL {
            assert_eq!(Code::from_id(code.id()), Some(code));
            assert!((400..600).contains(&code.status()));
        }
    }

    #[test]
    fn ok_only_torchs_trouble_excuses_a_stale_answer() {
        assert!(Code::TorchTimeout.excuses_stale() && Code::TorchUnauthorized.excuses_stale());
        assert!(!Code::CaseNotFound.excuses_stale() && !Code::TorchBadRequest.excuses_stale());
    }
}
