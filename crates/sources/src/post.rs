//! Messages out: one bounded `POST` to an address that a reader of the site gave.
//!
//! Such an address must not lead into the server's own network: its text is checked first, and a name once more when
//! it is resolved, for a public name may stand for a private address. Redirects are answers like any other, never
//! followed.

use std::time::Duration;

use bytes::Bytes;
use url::{Host, Url};

use crate::address::{self, AddressError};
use crate::transport::{Network, SetupError, Timeouts, TransportError};

/// Longest answer that is read, in bytes: only its status matters.
const ANSWER_LEN_MAX: usize = 1024 * 1024;

/// How long the other side may take.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    read: Duration::from_secs(10),
    total: Duration::from_secs(15),
};

/// Sends messages.
pub struct Poster {
    network: Network,
    private_allowed: bool,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The address may not be called.
    #[error(transparent)]
    Forbidden(#[from] AddressError),
    /// The text is no address, or without TLS.
    #[error("{0}")]
    Unfit(&'static str),
    /// The other side answered, but not that it took the message.
    #[error("the address answered with status {0}")]
    Refused(u16),
    /// No answer.
    #[error("no answer: {0}")]
    Unreachable(String),
}

impl PostError {
    /// Whether another attempt makes no sense: the address is gone for good, or may not be called at all.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            PostError::Refused(410) | PostError::Forbidden(_) | PostError::Unfit(_)
        )
    }
}

/// An address in normal form, if messages may be sent to it: `https`, and not into a private network. Where private
/// networks are allowed, `http` to this very machine is, too.
pub fn check(text: &str, private_allowed: bool) -> Result<Url, PostError> {
    let not_one = PostError::Unfit("this is not an address; they look like https://example.org/x");
    let clean = domain::paper::clean_url(text).ok_or(not_one.clone())?;
    let url = Url::parse(&clean).map_err(|_| not_one)?;
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if private_allowed {
        address::check_form(&url)?;
    } else {
        address::check_stranger(&url)?;
    }
    if url.scheme() != "https" && !(private_allowed && loopback) {
        return Err(PostError::Unfit("the address must begin with https://"));
    }
    Ok(url)
}

impl Poster {
    /// A sender under a `User-Agent`. `private_allowed` is for networks whose own machines are to be told.
    pub fn new(user_agent: &str, private_allowed: bool) -> Result<Self, SetupError> {
        Ok(Poster {
            network: Network::new(user_agent, TIMEOUTS)?,
            private_allowed,
        })
    }

    /// Sends a message once. The status, when the other side took it (200 to 299).
    pub async fn post(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<u16, PostError> {
        let url = check(address, self.private_allowed)?;
        let strangers = !self.private_allowed;
        let answer = self
            .network
            .post(url, headers, body, strangers, ANSWER_LEN_MAX)
            .await;
        match answer {
            Ok(incoming) if (200..300).contains(&incoming.status) => Ok(incoming.status),
            Ok(incoming) => Err(PostError::Refused(incoming.status)),
            Err(TransportError::Private { host }) => Err(AddressError::Private(host).into()),
            Err(other) => Err(PostError::Unreachable(other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_address(text: &str, private_allowed: bool, expected: &str) {
        let got = match check(text, private_allowed) {
            Ok(url) => url.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(got.contains(expected), "{text}: {got}");
    }

    #[test]
    fn only_public_addresses_over_tls_are_told() {
        check_address(
            "https://hooks.example.org/x?y=1",
            false,
            "https://hooks.example.org/x?y=1",
        );
        check_address("http://hooks.example.org/x", false, "must begin with https");
        for private in [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:192.168.1.1]/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://printer.local/",
            "https://intranet/",
        ] {
            check_address(private, false, "private network");
        }
        check_address("https://user:secret@example.org/", false, "not an address");
        check_address("file:///etc/passwd", false, "not an address");
        check_address("gopher://example.org/", false, "not an address");
    }

    #[test]
    fn where_it_is_allowed_this_machine_is_told_without_tls() {
        check_address("http://127.0.0.1:3000/x", true, "http://127.0.0.1:3000/x");
        check_address("http://[::1]/", true, "http://[::1]/");
        check_address("https://10.1.2.3/", true, "https://10.1.2.3/");
        check_address("http://10.1.2.3/", true, "must begin with https");
        check_address(
            "http://localhost.example.org/",
            true,
            "must begin with https",
        );
    }
}
