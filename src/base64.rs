//! Base64 in its two alphabets (RFC 4648, 4 and 5). The library's code is in constant time, which nothing that is
//! read here needs, and was 2 KB of the Worker and a twentieth of what a browser loads; it is what this is
//! compared with.
#![forbid(unsafe_code)]

/// What a text without padding encodes; one with it is none. `None`: it is no base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    read(text, b'+', b'/')
}

/// The same in the alphabet for URLs.
pub(crate) fn decode_url(text: &[u8]) -> Option<Vec<u8>> {
    read(text, b'-', b'_')
}

fn read(text: &[u8], sixty_two: u8, sixty_three: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    // What is read and not yet written: fewer than eight bits, below a one that marks their end.
    let (mut held, mut bits) = (0u32, 0u32);
    for &letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            b'a'..=b'z' => letter.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => letter.wrapping_sub(b'0').wrapping_add(52),
            _ if letter == sixty_two => 62,
            _ if letter == sixty_three => 63,
            _ => return None,
        };
        held = held.wrapping_shl(6) | u32::from(value);
        bits = bits.wrapping_add(6);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            bytes.push(held.wrapping_shr(bits) as u8);
            held &= 1u32.wrapping_shl(bits).wrapping_sub(1);
        }
    }
    // A single letter too many, or bits that encode nothing.
    (bits < 6 && held == 0).then_some(bytes)
}

/// Base64 with its padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = write(bytes, ['+', '/']);
    while text.len() & 3 != 0 {
        text.push('=');
    }
    text
}

/// Base64 in the alphabet for URLs, without padding.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    write(bytes, ['-', '_'])
}

fn write(bytes: &[u8], last: [char; 2]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let padded =
            [group.first(), group.get(1), group.get(2)].map(|byte| byte.copied().unwrap_or(0));
        let [a, b, c] = padded.map(u32::from);
        let bits = a.wrapping_shl(16) | b.wrapping_shl(8) | c;
        for place in 0..=group.len() as u32 {
            let value = bits.wrapping_shr(18u32.wrapping_sub(place.wrapping_mul(6))) as u8 & 63;
            text.push(match value {
                0..26 => char::from(value.wrapping_add(b'A')),
                26..52 => char::from(value.wrapping_sub(26).wrapping_add(b'a')),
                52..62 => char::from(value.wrapping_sub(52).wrapping_add(b'0')),
                62 => last[0],
                _ => last[1],
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ok_bytes_are_as_the_library_writes_them(bytes: Vec<u8>) {
            prop_assert_eq!(encode(&bytes), Base64::encode_string(&bytes));
            prop_assert_eq!(encode_url(&bytes), Base64UrlUnpadded::encode_string(&bytes));
            prop_assert_eq!(decode(Base64Unpadded::encode_string(&bytes).as_bytes()), Some(bytes.clone()));
            prop_assert_eq!(decode_url(encode_url(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn t3_any_text_is_what_the_library_says(text in "[-A-Za-z0-9+/=_ ]{0,9}|\\PC*") {
            prop_assert_eq!(decode(text.as_bytes()), Base64Unpadded::decode_vec(&text).ok());
            prop_assert_eq!(decode_url(text.as_bytes()), Base64UrlUnpadded::decode_vec(&text).ok());
        }
    }
}
