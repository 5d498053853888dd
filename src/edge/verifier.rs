//! What verifies Torch's webhooks, by the settings that begin with `WEBHOOK_`.
#![forbid(unsafe_code)]

use crate::webhook::{Scheme, SchemeError, Secret, Verifier};

/// How webhooks are authenticated where the operator names no scheme: as Torch's documentation has it.
const SCHEME: &str = "shared-secret";

/// What verifies webhooks by these settings, of which a blank one counts as unset; none where all are.
///
/// The secrets are taken as they stand: white space around one is told, not cut off, for nobody knows
/// whether the sender has it too.
///
/// # Errors
/// A sentence for the log: which setting, and what is wrong with it. It holds no value.
pub(super) fn verifier(
    scheme: Option<String>,
    header: Option<String>,
    secret: Option<String>,
    next: Option<String>,
) -> Result<Option<Verifier>, String> {
    let [scheme, header, secret, next] =
        [scheme, header, secret, next].map(|value| value.filter(|value| !value.trim().is_empty()));
    if [&scheme, &header, &secret, &next]
        .into_iter()
        .all(Option::is_none)
    {
        return Ok(None);
    }
    let scheme = Scheme::parse(
        scheme.as_deref().map_or(SCHEME, str::trim),
        header.as_deref().map(str::trim),
    )
    .map_err(|error| match error {
        SchemeError::Unknown => format!("WEBHOOK_SCHEME: {error}"),
        SchemeError::HeaderMissing => format!("WEBHOOK_HEADER is not set: {error}"),
        SchemeError::HeaderMalformed => format!("WEBHOOK_HEADER: {error}"),
    })?;
    let read = |name: &str, text: &str| {
        Secret::parse(text)
            .and_then(|secret| scheme.check(&secret).map(|()| secret))
            .map_err(|error| format!("{name}: {error}"))
    };
    let text = secret.ok_or("WEBHOOK_SECRET is not set: without it no webhook can be verified")?;
    let secret = read("WEBHOOK_SECRET", &text)?;
    let next = match next.filter(|next| *next != text) {
        Some(next) => Some(read("WEBHOOK_SECRET_NEXT", &next)?),
        None => None,
    };
    // The verifier's previous secret is the one that the sender is leaving.
    let (current, previous) = match &next {
        Some(next) => (next, Some(&secret)),
        None => (&secret, None),
    };
    Verifier::new(scheme, current, previous)
        .map(Some)
        .map_err(|error| format!("WEBHOOK_SECRET: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixSeconds;
    use crate::webhook::WhichSecret;

    /// The verifier of these settings, of which "-" is unset.
    fn webhook(
        scheme: &str,
        header: &str,
        secret: &str,
        next: &str,
    ) -> Result<Option<Verifier>, String> {
        let given = |value: &str| Some(value.to_owned()).filter(|value| value != "-");
        verifier(given(scheme), given(header), given(secret), given(next))
    }

    #[test]
    fn ok_webhooks_are_verified_by_the_secret_and_by_the_one_to_come() {
        for blank in ["-", "", " \n"] {
            assert!(webhook(blank, blank, blank, blank).unwrap().is_none());
        }
        let which = |next: &str, sent: &str| {
            let verifier = webhook("-", " X-Torch-Secret\n", "of old", next)
                .unwrap()
                .unwrap();
            let headers = [("x-torch-secret", sent)];
            let verified = verifier.verify_at(&headers[..], b"{}", UnixSeconds(0));
            verified.ok().map(|verified| verified.secret)
        };
        assert_eq!(which("-", "of old"), Some(WhichSecret::Current));
        assert_eq!(which("of old", "of old"), Some(WhichSecret::Current));
        assert_eq!(which("new", "new"), Some(WhichSecret::Current));
        assert_eq!(which("new", "of old"), Some(WhichSecret::Previous));
        assert_eq!(which("-", "new"), None);
        assert!(
            webhook("standard-webhooks", "-", "whsec_AAECAw==", " ")
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn w5_each_mistake_about_webhooks_is_a_sentence_and_tells_no_secret() {
        let needs = "WEBHOOK_HEADER is not set: the scheme needs the name of the header, which the onboarding pack gives";
        let unset = "WEBHOOK_SECRET is not set: without it no webhook can be verified";
        let (hex, standard) = ("sha256-hex", "standard-webhooks");
        for (scheme, header, secret, next, says) in [
            ("-", "-", "hunter2", "-", needs),
            (hex, " ", "hunter2", "-", needs),
            ("-", "X-Torch", "-", "-", unset),
            ("-", "X-Torch", " ", "hunter2", unset),
            (standard, "-", "-", "-", unset),
            (
                "hunter2",
                "-",
                "-",
                "-",
                "WEBHOOK_SCHEME: the scheme should be shared-secret, standard-webhooks, timestamped-hex or sha256-hex",
            ),
            (
                "-",
                "hunter2:",
                "-",
                "-",
                "WEBHOOK_HEADER: the header's name should be letters, digits and dashes, such as X-Torch-Secret",
            ),
            (
                "-",
                "X-Torch",
                "hunter2\n",
                "-",
                "WEBHOOK_SECRET: the secret has white space at its end: copy it again without the line break",
            ),
            (
                "-",
                "X-Torch",
                " hunter2",
                "-",
                "WEBHOOK_SECRET: the secret has white space at its start: copy it again without it",
            ),
            (
                "-",
                "X-Torch",
                "hunter2",
                "hunter2\n",
                "WEBHOOK_SECRET_NEXT: the secret has white space at its end: copy it again without the line break",
            ),
            (
                "-",
                "X-Torch",
                "hunter2ü",
                "-",
                "WEBHOOK_SECRET: the secret has a character that no header carries: letters, digits and signs of ASCII do",
            ),
            (
                standard,
                "-",
                "whsec_AAECAw==",
                "hunter2, not base64",
                "WEBHOOK_SECRET_NEXT: the secret should be \"whsec_\" and base64, as Standard Webhooks writes it",
            ),
        ] {
            let error = webhook(scheme, header, secret, next).unwrap_err();
            assert_eq!(error, says);
        }
    }
}
