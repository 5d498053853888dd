//! Base64 in its two alphabets, by one instance of the library's code: each of its own is 2 KB of the Worker.
#![forbid(unsafe_code)]

use base64ct::{Base64, Encoding};

/// What a text without padding encodes; one with it is none. `None`: it is no base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.ends_with('=') {
        return None;
    }
    let mut text = text.to_owned();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    Base64::decode_vec(&text).ok()
}

/// The same in the alphabet for URLs (RFC 4648, 5).
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    if text.contains(['+', '/']) {
        return None;
    }
    decode(&text.replace('-', "+").replace('_', "/"))
}

/// Base64 in the alphabet for URLs, without padding.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    let text = Base64::encode_string(bytes);
    let text = text.trim_end_matches('=');
    text.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64Unpadded, Base64UrlUnpadded};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ok_bytes_are_as_the_library_writes_them(bytes: Vec<u8>) {
            prop_assert_eq!(encode_url(&bytes), Base64UrlUnpadded::encode_string(&bytes));
            prop_assert_eq!(decode(&Base64Unpadded::encode_string(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode_url(&encode_url(&bytes)), Some(bytes));
        }

        #[test]
        fn t3_any_text_is_what_the_library_says(text in "[-A-Za-z0-9+/=_ ]{0,9}|\\PC*") {
            prop_assert_eq!(decode(&text), Base64Unpadded::decode_vec(&text).ok());
            prop_assert_eq!(decode_url(&text), Base64UrlUnpadded::decode_vec(&text).ok());
        }
    }
}
