//! Who is told of changes: an endpoint, what signs for it, and what it wants to hear.
#![forbid(unsafe_code)]

use std::fmt;
use std::ops::RangeInclusive;

use super::endpoint::Endpoint;
use super::scheme::Scheme;
use super::secret::{Secret, SecretError};
use super::sign::Signer;
use crate::status::Category;

/// The longest name, in bytes. It becomes a part of a message's id, which has 256 at most.
const MAX_NAME: usize = 64;

/// How many characters of base64, without padding, the key of a Standard Webhooks secret has: it should
/// have 24 to 64 bytes.
const KEY_CHARACTERS: RangeInclusive<usize> = 32..=86;

/// A subscriber of the relay. `Debug` shows neither its secrets nor its URL's path.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// For the operator's eyes and logs, and a part of each message's id.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// What signs the messages to it.
    pub signer: Signer,
    categories: Option<Vec<Category>>,
    /// Whether it is sent nothing for the time being.
    pub paused: bool,
}

impl Subscriber {
    /// A subscriber that is not paused. Of its one or two `secrets` the first is the current one, and both
    /// sign. Without `categories` it takes everything.
    ///
    /// # Errors
    /// [`SubscriberError`] where a part cannot be used. It holds nothing of a secret.
    pub fn new(
        name: &str,
        endpoint: Endpoint,
        secrets: &[String],
        categories: Option<Vec<Category>>,
    ) -> Result<Self, SubscriberError> {
        if !is_name(name) {
            return Err(SubscriberError::Name);
        }
        let (current, previous) = match secrets {
            [current] => (current, None),
            [current, previous] => (current, Some(previous).filter(|text| *text != current)),
            _ => return Err(SubscriberError::SecretCount),
        };
        let current = secret(current)?;
        let previous = previous.map(|text| secret(text)).transpose()?;
        let signer = Signer::new(Scheme::standard(), &current, previous.as_ref())
            .map_err(SubscriberError::Secret)?;
        if categories.as_ref().is_some_and(Vec::is_empty) {
            return Err(SubscriberError::NoCategories);
        }
        Ok(Self {
            name: name.to_owned(),
            endpoint,
            signer,
            categories,
            paused: false,
        })
    }

    /// Whether it wants to hear of a status of this category. One that asked for certain categories does
    /// not hear of a status that has none.
    pub fn takes(&self, category: Option<Category>) -> bool {
        self.categories
            .as_ref()
            .is_none_or(|wanted| category.is_some_and(|category| wanted.contains(&category)))
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A secret in the full form of Standard Webhooks. A receiver may leave the prefix out; whoever makes a
/// secret may not, for without it hexadecimal digits and most words would pass as base64.
fn secret(text: &str) -> Result<Secret, SubscriberError> {
    let secret = Secret::parse(text).map_err(SubscriberError::Secret)?;
    let key = text
        .strip_prefix("whsec_")
        .ok_or(SubscriberError::Secret(SecretError::NotBase64))?;
    Scheme::standard()
        .check(&secret)
        .map_err(SubscriberError::Secret)?;
    if !KEY_CHARACTERS.contains(&key.trim_end_matches('=').len()) {
        return Err(SubscriberError::KeyLength);
    }
    Ok(secret)
}

/// Why there is no such subscriber. It holds nothing of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriberError {
    /// The name is empty, too long, or has another character.
    Name,
    /// No secret, or more than two.
    SecretCount,
    /// A secret has not the form of Standard Webhooks.
    Secret(SecretError),
    /// A secret's key is shorter than 24 bytes or longer than 64.
    KeyLength,
    /// A list of categories with none in it.
    NoCategories,
}

impl fmt::Display for SubscriberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name should be 1 to 64 letters, digits, dashes and underscores",
            Self::SecretCount => "there should be one secret, or two while it rotates",
            Self::Secret(error) => return error.fmt(f),
            Self::KeyLength => {
                "the secret's base64 should hold 24 to 64 bytes: make one by openssl rand -base64 24"
            }
            Self::NoCategories => {
                "the list of categories is empty: leave it out to send everything, or pause the subscriber"
            }
        })
    }
}

impl std::error::Error for SubscriberError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixSeconds;
    use base64ct::{Base64, Encoding};

    fn whsec(bytes: usize) -> String {
        format!("whsec_{}", Base64::encode_string(&vec![7; bytes]))
    }

    fn new(
        name: &str,
        secrets: &[String],
        categories: Option<Vec<Category>>,
    ) -> Result<Subscriber, SubscriberError> {
        let endpoint = Endpoint::parse("https://example.com/token-in-the-path", false).unwrap();
        Subscriber::new(name, endpoint, secrets, categories)
    }

    fn signatures(secrets: &[String]) -> Vec<String> {
        let signer = new("firm", secrets, None).unwrap().signer;
        let headers = signer.headers("msg_1", UnixSeconds(1), b"{}").unwrap();
        let (name, value) = headers.last().unwrap();
        assert_eq!(name, "webhook-signature");
        value.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn ok_both_secrets_sign_the_current_one_first() {
        let (old, new) = (whsec(24), whsec(32));
        let both = signatures(&[new.clone(), old.clone()]);
        assert_eq!(both.len(), 2);
        assert_eq!(both[..1], signatures(std::slice::from_ref(&new))[..]);
        assert_eq!(both[1..], signatures(std::slice::from_ref(&old))[..]);
        assert_eq!(signatures(&[new.clone(), new]).len(), 1);
    }

    #[test]
    fn ok_a_subscriber_hears_of_what_it_asked_for() {
        let takes = |categories: Option<Vec<Category>>| {
            let subscriber = new("firm", &[whsec(24)], categories).unwrap();
            assert!(!subscriber.paused);
            [
                Some(Category::Approved),
                Some(Category::Denied),
                Some(Category::Unknown),
                None,
            ]
            .map(|category| subscriber.takes(category))
        };
        assert_eq!(takes(None), [true; 4]);
        let some = vec![Category::Denied, Category::Approved];
        assert_eq!(takes(Some(some)), [true, true, false, false]);
        let unknown = vec![Category::Unknown];
        assert_eq!(takes(Some(unknown)), [false, false, true, false]);
    }

    #[test]
    fn ok_a_subscriber_prints_without_its_secrets() {
        let secret = whsec(24);
        let printed = format!("{:?}", new("firm", std::slice::from_ref(&secret), None));
        assert!(
            printed.contains("firm") && printed.contains("example.com"),
            "{printed}"
        );
        let key = secret.trim_start_matches("whsec_");
        assert!(!printed.contains(key), "{printed}");
        assert!(!printed.contains("token-in-the-path"), "{printed}");
    }

    #[test]
    fn err_a_name_is_a_word_that_a_message_id_can_hold() {
        let longest = "n".repeat(MAX_NAME);
        for name in ["a", "Firm_2-b", "-", longest.as_str()] {
            assert!(new(name, &[whsec(24)], None).is_ok(), "{name}");
        }
        let longer = "n".repeat(MAX_NAME + 1);
        for name in ["", " ", "a b", "a.b", "a/b", "fírm", "a\n", longer.as_str()] {
            let error = new(name, &[whsec(24)], None).unwrap_err();
            assert_eq!(error, SubscriberError::Name, "{name:?}");
        }
    }

    #[test]
    fn err_secrets_are_one_or_two_of_the_standards_form() {
        let error = |secrets: &[String]| new("firm", secrets, None).err();
        assert_eq!(error(&[]), Some(SubscriberError::SecretCount));
        let three = [whsec(24), whsec(25), whsec(26)];
        assert_eq!(error(&three), Some(SubscriberError::SecretCount));
        for bytes in [24, 25, 26, 63, 64] {
            let unpadded = whsec(bytes).trim_end_matches('=').to_owned();
            assert_eq!(error(&[whsec(bytes), unpadded]), None, "{bytes}");
        }
        for bytes in [1, 22, 23, 65, 66, 96] {
            let expected = Some(SubscriberError::KeyLength);
            assert_eq!(error(&[whsec(bytes)]), expected, "{bytes}");
            assert_eq!(error(&[whsec(24), whsec(bytes)]), expected, "{bytes}");
        }
        let hexadecimal = "07".repeat(32);
        let ended = format!("{}\n", whsec(24));
        for (text, expected) in [
            ("", SecretError::Empty),
            ("whsec_", SecretError::Empty),
            (hexadecimal.as_str(), SecretError::NotBase64),
            (
                "whsec_not base64, not at all, at length",
                SecretError::NotBase64,
            ),
            (ended.as_str(), SecretError::WhiteSpaceAtEnd),
        ] {
            let expected = Some(SubscriberError::Secret(expected));
            assert_eq!(error(&[text.to_owned()]), expected, "{text:?}");
            assert_eq!(error(&[whsec(24), text.to_owned()]), expected, "{text:?}");
        }
    }

    #[test]
    fn err_an_empty_list_of_categories_is_a_mistake() {
        let error = new("firm", &[whsec(24)], Some(vec![])).unwrap_err();
        assert_eq!(error, SubscriberError::NoCategories);
    }
}
