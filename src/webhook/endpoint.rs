//! Where the relay may send: over TLS, to a host that has a public name.
//!
//! A URL is judged by what `fetch` will make of it: the WHATWG URL standard drops tabs and line breaks,
//! takes a backslash for a slash, undoes percent signs in a host and reads `2130706433` as 127.0.0.1. So
//! whatever it would change is refused and nothing is repaired. What a name resolves to is not known
//! here: only the names are refused that are known to lead nowhere public.
#![forbid(unsafe_code)]

use std::fmt;

/// The longest URL, in bytes.
const MAX_URL: usize = 2048;

/// The longest name and the longest label of one, in bytes (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Names that are no public host's, nor is any name below them: first those that are reserved or in use
/// for private networks (RFC 6761, RFC 6762, RFC 7686, RFC 8375), then those whose owners let them lead
/// to the own machine or to any address that is written in front of them.
const NOT_PUBLIC: [&str; 16] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "onion",
    "localtest.me",
    "lvh.me",
    "nip.io",
    "sslip.io",
    "xip.io",
];

/// The URL of a subscriber, as it was given. To parse one is the only way to have one.
///
/// `Debug` shows the host alone: a path may hold a token.
///
/// ```
/// use torch_edge::webhook::{Endpoint, EndpointError};
///
/// let endpoint = Endpoint::parse("https://hooks.example.com/torch?firm=7", false)?;
/// assert_eq!(endpoint.host(), "hooks.example.com");
/// assert_eq!(Endpoint::parse("https://127.1/", false), Err(EndpointError::Address));
/// # Ok::<(), EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Takes a URL that the relay may send to. With `local`, for development, it may also be an `http`
    /// one of this machine.
    ///
    /// # Errors
    /// [`EndpointError`] where the relay may not send there.
    pub fn parse(url: &str, local: bool) -> Result<Self, EndpointError> {
        if url.len() > MAX_URL {
            return Err(EndpointError::TooLong);
        }
        if !url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        {
            return Err(EndpointError::Characters);
        }
        let (scheme, rest) = parts(url).ok_or(EndpointError::NotHttps)?;
        let secure = scheme.eq_ignore_ascii_case("https");
        let plain = local && scheme.eq_ignore_ascii_case("http");
        if !(secure || plain) {
            return Err(EndpointError::NotHttps);
        }
        if rest.contains('#') {
            return Err(EndpointError::Fragment);
        }
        let authority = authority(rest);
        if authority.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let (host, port) = host_and_port(authority);
        if !port.is_none_or(is_port) {
            return Err(EndpointError::Port);
        }
        if secure {
            check_public(host)?;
        } else if !is_this_machine(host) {
            return Err(EndpointError::NotHttps);
        }
        Ok(Self(url.to_owned()))
    }

    /// The URL, byte for byte as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host as it was given, without the port.
    pub fn host(&self) -> &str {
        parts(&self.0).map_or("", |(_, rest)| host_and_port(authority(rest)).0)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.host()).finish()
    }
}

/// What stands before `://`, and behind it.
fn parts(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}

/// What stands between `://` and the path or the query.
fn authority(rest: &str) -> &str {
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// An IPv6 address has colons of its own, and ends with a bracket.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Digits and nothing else: a number's parser would let a plus sign pass.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || matches!(host, "127.0.0.1" | "[::1]")
}

fn check_public(host: &str) -> Result<(), EndpointError> {
    if host.starts_with('[') {
        return Err(EndpointError::Address);
    }
    // With the dot at its end a name is the same name, written in full.
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    if is_number(last) {
        return Err(EndpointError::Address);
    }
    if name.len() > MAX_NAME || !name.split('.').all(is_label) {
        return Err(EndpointError::Host);
    }
    let below = |above: &&str| {
        name.strip_suffix(*above)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    if NOT_PUBLIC.iter().any(below) {
        return Err(EndpointError::Private);
    }
    // A name of one label is looked up in the own network; and no public name's last label begins otherwise
    // than with a letter.
    if last.len() == name.len() || !last.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(EndpointError::Host);
    }
    Ok(())
}

/// Whether a host whose last label this is would be read as an IPv4 address: in decimal, octal or
/// hexadecimal, in one number or up to four. No public name ends so.
fn is_number(label: &str) -> bool {
    let digits = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    digits || label.starts_with("0x")
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Why the relay may not send there. It holds nothing of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointError {
    /// More than 2048 bytes.
    TooLong,
    /// White space, a control character, a backslash or something that is no ASCII.
    Characters,
    /// Another scheme, or none.
    NotHttps,
    /// A `#`.
    Fragment,
    /// A user's name, with or without a password.
    UserInfo,
    /// What follows the host is no port.
    Port,
    /// An address in place of a name, however it is written.
    Address,
    /// No domain name, or one of a single label.
    Host,
    /// A name that leads to no public host.
    Private,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the url should have 2048 bytes or less",
            Self::Characters => {
                "the url should have no white space, no backslash and nothing but ASCII: write other characters of its path with percent signs"
            }
            Self::NotHttps => {
                "the url should begin with https:// (http:// only for this machine, and only while Torch is on it too)"
            }
            Self::Fragment => "the url should have no # in it: what follows one is never sent",
            Self::UserInfo => {
                "the url should have no user name or password: the signature shows who sends"
            }
            Self::Port => "the url's port should be a number from 1 to 65535",
            Self::Address => {
                "the url should have a host's name such as hooks.example.com, not an IP address"
            }
            Self::Host => "the url's host should be a full domain name such as hooks.example.com",
            Self::Private => {
                "the url should lead to a public host, which localhost, names under local or internal, nip.io and the like are not"
            }
        })
    }
}

impl std::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn public(url: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::parse(url, false)
    }

    #[test]
    fn ok_public_hosts_over_tls_are_taken_as_they_are_written() {
        let long_host = format!("{0}.{0}.{0}.example.com", "a".repeat(MAX_LABEL));
        let long = format!("https://{long_host}/");
        for (url, host) in [
            ("https://hooks.example.com/torch", "hooks.example.com"),
            ("HTTPS://Hooks.Example.COM", "Hooks.Example.COM"),
            ("https://example.com:8443?a=1@b:c", "example.com"),
            ("https://example.com:1/a/../b;c=%00", "example.com"),
            ("https://example.com.:65535/", "example.com."),
            ("https://example.com/http://[::1]/", "example.com"),
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
            // An address that is only a part of a name, and names that only look reserved.
            ("https://1.2.3.4.example.com/", "1.2.3.4.example.com"),
            ("https://0x7f.example.com/", "0x7f.example.com"),
            ("https://localhost.example.com/", "localhost.example.com"),
            ("https://notlocalhost.com/", "notlocalhost.com"),
            ("https://mylvh.me/", "mylvh.me"),
            ("https://a.homes/", "a.homes"),
            (&long, &long_host),
        ] {
            for local in [false, true] {
                let endpoint = Endpoint::parse(url, local).expect(url);
                assert_eq!((endpoint.as_str(), endpoint.host()), (url, host));
            }
        }
    }

    #[test]
    fn a6_only_https_and_no_tricks_in_it() {
        for (url, error) in [
            ("", EndpointError::NotHttps),
            ("example.com", EndpointError::NotHttps),
            ("//example.com", EndpointError::NotHttps),
            ("https:example.com", EndpointError::NotHttps),
            ("https:/example.com", EndpointError::NotHttps),
            ("http://example.com", EndpointError::NotHttps),
            ("http://localhost/", EndpointError::NotHttps),
            ("ftp://example.com", EndpointError::NotHttps),
            ("xhttps://example.com", EndpointError::NotHttps),
            (
                "javascript:https://example.com//://",
                EndpointError::NotHttps,
            ),
            (" https://example.com", EndpointError::Characters),
            ("https://example.com/ ", EndpointError::Characters),
            ("https://example.com/\n", EndpointError::Characters),
            ("ht\ttps://example.com/", EndpointError::Characters),
            ("https://exa\tmple.com/", EndpointError::Characters),
            ("https://example.com/\0", EndpointError::Characters),
            ("https://example.com/\u{7f}", EndpointError::Characters),
            ("https:\\\\example.com/", EndpointError::Characters),
            (
                "https://example.com\\@evil.example/",
                EndpointError::Characters,
            ),
            ("https://bücher.example/", EndpointError::Characters),
            // Full-width digits and the ideographic full stop: an address to the URL standard.
            ("https://１２７.0.0.1/", EndpointError::Characters),
            ("https://127。0。0。1/", EndpointError::Characters),
            ("https://example.com/ü", EndpointError::Characters),
            ("https://example.com/#a", EndpointError::Fragment),
            (
                "https://example.com#@evil.example/",
                EndpointError::Fragment,
            ),
            ("https://user@example.com/", EndpointError::UserInfo),
            (
                "https://user:pass@example.com:443/",
                EndpointError::UserInfo,
            ),
            (
                "https://example.com:443@127.0.0.1/",
                EndpointError::UserInfo,
            ),
            ("https://@example.com/", EndpointError::UserInfo),
            ("https://example.com:/", EndpointError::Port),
            ("https://example.com:0/", EndpointError::Port),
            ("https://example.com:00/", EndpointError::Port),
            ("https://example.com:65536/", EndpointError::Port),
            ("https://example.com:+443/", EndpointError::Port),
            ("https://example.com:-1/", EndpointError::Port),
            ("https://example.com:443a/", EndpointError::Port),
            ("https://example.com:%34/", EndpointError::Port),
        ] {
            assert_eq!(public(url), Err(error), "{url:?}");
        }
        let long = |bytes: usize| {
            let start = "https://example.com/";
            public(&format!("{start}{}", "a".repeat(bytes - start.len())))
        };
        assert!(long(MAX_URL).is_ok());
        assert_eq!(long(MAX_URL + 1), Err(EndpointError::TooLong));
    }

    #[test]
    fn a6_no_address_however_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "2130706433",
            "2130706433.",
            "017700000001",
            "0177.0.0.1",
            "0x7f000001",
            "0X7F.1",
            "0x7f.1",
            "0x",
            "127.0.0.0x1",
            "127.0.0.0x",
            "10.0.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "0",
            "0.0.0.0",
            "1.2.3.4",
            "1.2.3.4.",
            "8.8.8.8",
            "256.256.256.256",
            "1.2.3.4.5",
            "example.1",
            "99999999999999999999",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1%25eth0]",
            "[2606:4700::1111]",
            "[v1.x]",
        ] {
            for end in ["", "/", ":443", ":443/x?y", "?"] {
                let url = format!("https://{host}{end}");
                assert_eq!(public(&url), Err(EndpointError::Address), "{url}");
                assert_eq!(
                    Endpoint::parse(&url, true),
                    Err(EndpointError::Address),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn a6_no_name_that_is_not_a_public_hosts() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "localhost.localdomain",
            "metadata.google.internal",
            "metadata.google.internal.",
            "wiki.intranet",
            "db.private",
            "mail.Corp",
            "nas.home",
            "router.lan",
            "router.home.arpa",
            "1.0.0.127.in-addr.arpa",
            "expyuzz4wqqyqhjn.onion",
            "localtest.me",
            "a.localtest.me",
            "lvh.me",
            "a.lvh.me.",
            "127.0.0.1.nip.io",
            "7f000001.NIP.io",
            "127-0-0-1.sslip.io",
            "10.0.0.1.xip.io",
            "nip.io",
        ] {
            let url = format!("https://{host}/");
            assert_eq!(public(&url), Err(EndpointError::Private), "{url}");
        }
        let label = format!("{}.com", "a".repeat(MAX_LABEL + 1));
        let name = format!("{}com", "a.".repeat(126));
        assert_eq!(name.len(), MAX_NAME + 2);
        for host in [
            "",
            ".",
            "..",
            "example",
            "example.",
            ".example.com",
            "example..com",
            "example.com..",
            "-example.com",
            "example-.com",
            "example.-com",
            "exa_mple.com",
            "exa%6dple.com",
            "127%2e0%2e0%2e1",
            "%31%32%37.0.0.%31",
            "example.com%00",
            "*.example.com",
            "exam!ple.com",
            "a,b.com",
            &label,
            &name,
        ] {
            let url = format!("https://{host}/");
            assert_eq!(public(&url), Err(EndpointError::Host), "{url}");
        }
        assert_eq!(public("https://182.12-71/"), Err(EndpointError::Host));
        assert_eq!(public("https:///example.com"), Err(EndpointError::Host));
        assert_eq!(public("https://?a"), Err(EndpointError::Host));
        assert_eq!(public("https://::1/"), Err(EndpointError::Host));
    }

    #[test]
    fn ok_this_machine_over_http_is_for_development() {
        for (url, host) in [
            ("http://localhost", "localhost"),
            ("http://LocalHost:8789/hook", "LocalHost"),
            ("HTTP://127.0.0.1:9/hook", "127.0.0.1"),
            ("http://127.0.0.1?a", "127.0.0.1"),
            ("http://[::1]", "[::1]"),
            ("http://[::1]:8789/", "[::1]"),
        ] {
            let endpoint = Endpoint::parse(url, true).expect(url);
            assert_eq!((endpoint.as_str(), endpoint.host()), (url, host));
            assert_eq!(public(url), Err(EndpointError::NotHttps), "{url}");
        }
        for (url, error) in [
            ("http://example.com/", EndpointError::NotHttps),
            ("http://localhost.example.com/", EndpointError::NotHttps),
            ("http://localhost./", EndpointError::NotHttps),
            ("http://127.0.0.2/", EndpointError::NotHttps),
            ("http://2130706433/", EndpointError::NotHttps),
            ("http://[::2]/", EndpointError::NotHttps),
            ("http://[::ffff:127.0.0.1]/", EndpointError::NotHttps),
            ("http://", EndpointError::NotHttps),
            ("http://localhost@example.com/", EndpointError::UserInfo),
            ("http://localhost:0/", EndpointError::Port),
            ("http://localhost/#", EndpointError::Fragment),
            ("https://localhost/", EndpointError::Private),
            ("ws://localhost/", EndpointError::NotHttps),
        ] {
            assert_eq!(Endpoint::parse(url, true), Err(error), "{url}");
        }
    }

    #[test]
    fn ok_an_endpoint_prints_as_its_host() {
        let endpoint = public("https://example.com:8443/token-in-the-path").unwrap();
        assert_eq!(format!("{endpoint:?}"), "Endpoint(\"example.com\")");
    }

    proptest! {
        #[test]
        fn a6_any_text_is_taken_or_refused(text: String, local: bool) {
            let _ = Endpoint::parse(&text, local);
        }

        #[test]
        fn a6_what_is_taken_goes_over_tls_to_a_name(
            scheme in "(https|HTTPS|http|ftp|)(://|:/|:|)",
            host in "[a-z0-9.:@%\\[\\]-]{0,12}(example\\.com|localhost|0x1|7|)\\.?",
            port in "(:[0-9+]{0,6})?",
            rest in "([/?#\\\\@:][ -~]{0,8})?",
        ) {
            let url = format!("{scheme}{host}{port}{rest}");
            if let Ok(endpoint) = Endpoint::parse(&url, false) {
                prop_assert!(url.to_ascii_lowercase().starts_with("https://"));
                let name = endpoint.host().trim_end_matches('.');
                prop_assert!(name.contains('.') && name.parse::<std::net::IpAddr>().is_err());
                let last = name.rsplit('.').next().unwrap_or_default();
                prop_assert!(last.bytes().any(|byte| byte.is_ascii_alphabetic()));
                prop_assert_eq!(endpoint.as_str(), url.as_str());
            }
        }
    }
}
