//! Which addresses may be called: strangers' links must not lead into the reader's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `http` nor `https`.
    #[error("only http and https are fetched, not `{0}`")]
    Scheme(String),
    /// No host, or a name and password in it.
    #[error("the address has no host or carries a password")]
    Malformed,
    /// It leads to this machine or its own network.
    #[error("`{0}` leads into a private network, which links from outside may not")]
    Private(String),
    /// From `https` back to `http`.
    #[error("the answer leads from https back to http")]
    Downgrade,
}

/// Whether the form of an address allows a call: `http(s)`, a host, no password.
pub fn check_form(url: &Url) -> Result<(), AddressError> {
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme().chars().take(20).collect();
        return Err(AddressError::Scheme(scheme));
    }
    let bare = url.username().is_empty() && url.password().is_none();
    match url.host_str() {
        Some(host) if !host.is_empty() && bare => Ok(()),
        _ => Err(AddressError::Malformed),
    }
}

/// Whether an address that a stranger gave may be called, as far as its text tells. Names are checked once more when
/// they are resolved, for a public name may stand for a private address.
pub fn check_stranger(url: &Url) -> Result<(), AddressError> {
    check_form(url)?;
    let private = match url.host() {
        Some(Host::Ipv4(ip)) => !is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => !is_public(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => is_local_name(name),
        None => return Err(AddressError::Malformed),
    };
    if private {
        let host = url.host_str().unwrap_or_default();
        return Err(AddressError::Private(host.chars().take(100).collect()));
    }
    Ok(())
}

/// Names that never leave a local network.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    !name.contains('.')
        || [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
            .iter()
            .any(|suffix| name.ends_with(suffix))
}

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// From the IANA registry of special-purpose IPv4 addresses.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

/// From the IANA registry of special-purpose IPv6 addresses: only global unicast, and where an IPv4 address is packed
/// inside, that one decides too.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let packed = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => packed(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => packed(high, low),
        [0x2002, high, low, ..] => packed(high, low),
        [0x2001, 0xdb8, ..] | [0x2001, 0, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let got = match check_stranger(&url.parse().unwrap()) {
            Ok(()) => "public".to_string(),
            Err(AddressError::Private(_)) => "private".to_string(),
            Err(e) => e.to_string(),
        };
        assert_eq!(got, expected, "{url}");
    }

    #[test]
    fn private_targets_are_known_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://localhost:8080/",
            "http://db.internal/",
            "http://router/",
        ] {
            check(url, "private");
        }
        check("https://export.arxiv.org/api/query", "public");
        check("https://8.8.8.8/", "public");
        check("https://[2606:4700::1111]/", "public");
        check(
            "ftp://example.org/",
            "only http and https are fetched, not `ftp`",
        );
        check(
            "http://user:pw@example.org/",
            "the address has no host or carries a password",
        );
    }
}
