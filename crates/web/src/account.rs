//! Who asks, and what they may do.
//!
//! Every request passes [`know()`] before anything else looks at it: a cookie, a token, a trusted proxy or the machine
//! itself says who it is from. What a page shows of its reader comes from [`viewer()`]; a handler that acts takes
//! [`Viewer`] and asks it for the right that it needs.

mod cookies;
mod know;
pub mod password;
pub mod secret;
pub mod sso;
mod viewer;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use axum::http::HeaderName;
use domain::account::UserId;

use crate::state::Clock;
use crate::throttle::Throttle;

pub(crate) use cookies::{Cookie, Cookies};
pub(crate) use know::SESSION_GOOD;
pub use know::know;
use password::Hasher;
use sso::SingleSignOn;
pub(crate) use viewer::By;
pub use viewer::{Viewer, viewer};

/// How people come to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Nobody has an account: the site is read only.
    Nobody,
    /// Whoever reaches the site under a name of this machine is this person. For one's own machine.
    Single(UserId),
    /// People sign in.
    SignIn,
    /// A proxy in front of the site signs people in and names them in a header.
    Proxy(TrustedProxy),
}

/// A proxy that vouches for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxy {
    /// The header with the person's name.
    pub name_header: HeaderName,
    /// The header with their mail address, if there is one.
    pub address_header: Option<HeaderName>,
    /// The addresses from which the proxy connects. The headers of anybody else are not believed.
    pub from: Vec<IpAddr>,
}

/// Who may make an account of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Nobody: an admin makes accounts.
    Closed,
}

/// Everything about accounts that handlers need. Cheap to clone.
#[derive(Clone)]
pub struct People {
    /// How people come to be known.
    pub mode: Mode,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Hashes passwords, a few at a time.
    pub passwords: Hasher,
    /// Another site that signs people in.
    pub sso: Option<Arc<dyn SingleSignOn>>,
    /// What the first admin must show, while there is none: it is printed where the server was started.
    pub setup_code: Option<Arc<str>>,
    /// Marks browsers that have signed in before.
    pub(crate) marker: secret::Marker,
    pub(crate) throttles: Throttles,
}

/// How often one may try.
#[derive(Debug, Clone)]
pub(crate) struct Throttles {
    /// Signing in or up, by network.
    pub(crate) network: Throttle<IpAddr>,
    /// Wrong passwords for a name, from browsers that were never signed in to it.
    pub(crate) name: Throttle<String>,
    /// Wrong passwords, from a browser that was.
    pub(crate) device: Throttle<String>,
}

impl Throttles {
    fn new(clock: &Clock) -> Self {
        Throttles {
            network: Throttle::new(20, Duration::from_secs(30), clock),
            name: Throttle::new(10, Duration::from_secs(300), clock),
            device: Throttle::new(10, Duration::from_secs(60), clock),
        }
    }
}

impl People {
    /// Nobody has an account.
    pub fn nobody(clock: &Clock) -> Self {
        People {
            mode: Mode::Nobody,
            sign_up: SignUp::Closed,
            passwords: Hasher::default(),
            sso: None,
            setup_code: None,
            marker: secret::Marker::new(&[0; secret::LEN]),
            throttles: Throttles::new(clock),
        }
    }

    /// People in this mode; `key` marks browsers that have signed in before.
    pub fn new(mode: Mode, sign_up: SignUp, key: &[u8; secret::LEN], clock: &Clock) -> Self {
        People {
            mode,
            sign_up,
            marker: secret::Marker::new(key),
            ..People::nobody(clock)
        }
    }

    /// Whether people sign in here with a page of ours.
    pub fn signs_in(&self) -> bool {
        self.mode == Mode::SignIn
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people = &mut f.debug_struct("People");
        people.field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// Where to go after an action: a path of this site, or the front page for anything else. A second slash, or a
/// backslash that browsers take for one, would lead to another site.
pub fn next_path(text: &str) -> &str {
    let mut begin = text.bytes();
    let ours = begin.next() == Some(b'/') && !matches!(begin.next(), Some(b'/' | b'\\'));
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if ours && plain && text.len() <= 2_000 {
        text
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_one_of_ours() {
        let check = |text: &str, expected: &str| assert_eq!(next_path(text), expected);
        check("/papers/2305.19435?x=1#c", "/papers/2305.19435?x=1#c");
        check("/", "/");
        check("", "/");
        check("//evil.example.org", "/");
        check("/\\evil.example.org", "/");
        check("/a\\b", "/");
        check("https://evil.example.org/", "/");
        check("javascript:alert(1)", "/");
        check("/a\r\nSet-Cookie: x=1", "/");
        check("/\t/evil.example.org", "/");
        check(&format!("/{}", "a".repeat(2_001)), "/");
    }
}
