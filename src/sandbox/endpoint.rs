//! Where webhooks go and how they are signed: what a customer of Torch registers in the onboarding form.
#![forbid(unsafe_code)]

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use worker::Url;

use crate::webhook::{Scheme, Secret, Signer};

const DEFAULT_SCHEME: &str = "shared-secret";
/// Torch gives the header's name in the onboarding pack; until then it has this one.
const DEFAULT_HEADER: &str = "x-torch-secret";
/// Bytes of each text: they are stored in one value with the rest of the world.
const LONGEST: usize = 2_048;

/// An endpoint, as `PUT /__sandbox/webhook` takes it and as it is stored.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) url: String,
    /// An id of [`Scheme::IDS`].
    scheme: Option<String>,
    /// The header's name; for Standard Webhooks the first word of its names.
    header: Option<String>,
    secret: String,
    /// While a secret is changed: the one to come. Where the scheme has room for several signatures, both
    /// sign; where it has not, `secret` alone does.
    secret_next: Option<String>,
}

impl Endpoint {
    /// # Errors
    /// A sentence about the part that cannot be used. It holds nothing of a secret.
    pub(super) fn check(&self) -> Result<(), String> {
        let texts = [
            Some(&self.url),
            self.header.as_ref(),
            Some(&self.secret),
            self.secret_next.as_ref(),
        ];
        if texts.into_iter().flatten().any(|text| text.len() > LONGEST) {
            return Err(format!("each text must be {LONGEST} bytes or less"));
        }
        if !is_safe(&self.url) {
            return Err(
                "`url` must be an https address, or an http one of this machine, without a user's name"
                    .to_owned(),
            );
        }
        self.signer().map(drop)
    }

    /// The scheme that the webhooks are signed by.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub(super) fn scheme(&self) -> Result<Scheme, String> {
        let id = self.scheme.as_deref().unwrap_or(DEFAULT_SCHEME);
        let otherwise = (id == DEFAULT_SCHEME).then_some(DEFAULT_HEADER);
        Scheme::parse(id, self.header.as_deref().or(otherwise)).map_err(|error| error.to_string())
    }

    /// What signs the webhooks.
    ///
    /// # Errors
    /// A sentence that says why nothing can.
    pub(super) fn signer(&self) -> Result<Signer, String> {
        let secret = |name: &str, text: &str| {
            Secret::parse(text).map_err(|error| format!("`{name}`: {error}"))
        };
        let current = secret("secret", &self.secret)?;
        let next = match &self.secret_next {
            Some(text) => Some(secret("secret_next", text)?),
            None => None,
        };
        let signer = Signer::new(self.scheme()?, &current, next.as_ref());
        signer.map_err(|error| format!("`secret` or `secret_next`: {error}"))
    }

    /// What `GET /__sandbox/webhook` shows.
    pub(super) fn show(&self) -> Value {
        let scheme = self.scheme().ok();
        let header = scheme.as_ref().map(|scheme| match scheme {
            Scheme::StandardWebhooks { prefix } => prefix,
            Scheme::SharedSecret { header }
            | Scheme::TimestampedHex { header }
            | Scheme::Sha256Hex { header } => header,
        });
        json!({
            "url": self.url,
            "scheme": scheme.as_ref().map(Scheme::id),
            "header": header,
            "secret": "[redacted]",
            "secret_next": self.secret_next.as_ref().map(|_| "[redacted]"),
        })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// Whether a secret may be sent there: over TLS, or without leaving the machine. `fetch` takes no address
/// with a user's name in it.
fn is_safe(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let here = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        // The parser has made four numbers of whatever is an IPv4 address.
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    let nameless = url.username().is_empty() && url.password().is_none();
    nameless && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn ok_the_scheme_is_a_shared_secret_unless_another_is_named_and_no_secret_is_shown() {
        for (text, shown) in [
            (
                r#"{"url":"http://127.0.0.1:1/hook","secret":"hush hush"}"#,
                json!({"scheme": "shared-secret", "header": "x-torch-secret", "secret_next": null}),
            ),
            (
                r#"{"url":"http://127.0.0.1:1/hook","secret":"aHVzaA==","scheme":"standard-webhooks"}"#,
                json!({"scheme": "standard-webhooks", "header": "webhook", "secret_next": null}),
            ),
            (
                r#"{"url":"http://127.0.0.1:1/hook","secret":"hush","secret_next":"more hush","scheme":"sha256-hex","header":"X-Signature"}"#,
                json!({"scheme": "sha256-hex", "header": "x-signature", "secret_next": "[redacted]"}),
            ),
        ] {
            let endpoint = endpoint(text);
            assert_eq!(endpoint.check(), Ok(()), "{text}");
            let told = endpoint.show();
            for (name, value) in shown.as_object().unwrap() {
                assert_eq!(&told[name], value, "{text}");
            }
            for text in [told.to_string(), format!("{endpoint:?}")] {
                assert!(!text.contains("hush") && !text.contains("aHVz"), "{text}");
            }
        }
    }

    #[test]
    fn ok_it_goes_to_this_machine_or_over_tls() {
        for url in [
            "http://localhost:8787/webhooks/torch",
            "http://127.0.0.1/",
            "http://127.9.8.7:1/",
            "http://[::1]:8787/",
            "https://hooks.example/torch?of=us",
            "https://192.0.2.1/",
        ] {
            assert!(is_safe(url), "{url}");
        }
    }

    #[test]
    fn err_it_goes_nowhere_else() {
        for url in [
            "",
            "hooks.example",
            "http://hooks.example/",
            "http://192.0.2.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://127.0.0.1@hooks.example/",
            "https://name:word@hooks.example/",
            "ftp://localhost/",
            "file:///etc/hosts",
            "data:,x",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }

    #[test]
    fn err_what_cannot_sign_is_said_without_a_secret() {
        let sound = endpoint(r#"{"url":"https://hooks.example/","secret":"hush"}"#);
        let some = |text: &str| Some(text.to_owned());
        for (wrong, part) in [
            (
                Endpoint {
                    scheme: some("hmac"),
                    ..sound.clone()
                },
                "scheme",
            ),
            (
                Endpoint {
                    scheme: some("sha256-hex"),
                    ..sound.clone()
                },
                "header",
            ),
            (
                Endpoint {
                    header: some("X Torch"),
                    ..sound.clone()
                },
                "header",
            ),
            (
                Endpoint {
                    secret: String::new(),
                    ..sound.clone()
                },
                "`secret`",
            ),
            (
                Endpoint {
                    secret_next: some("hush \n"),
                    ..sound.clone()
                },
                "`secret_next`",
            ),
            (
                Endpoint {
                    scheme: some("standard-webhooks"),
                    secret: "hush!".to_owned(),
                    ..sound.clone()
                },
                "`secret`",
            ),
            (
                Endpoint {
                    secret: "hush".repeat(LONGEST),
                    ..sound.clone()
                },
                "bytes",
            ),
        ] {
            let told = wrong.check().unwrap_err();
            assert!(told.contains(part) && !told.contains("hush"), "{told}");
        }
    }
}
