//! Cookies: which come with a request, and how ours are set.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName};

use crate::state::App;

/// Longest `Cookie` header that is looked at, in bytes.
const LEN_MAX: usize = 8_192;

/// Ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's secret.
    Session,
    /// The mark of a browser that has signed in before.
    Browser,
    /// What signing in elsewhere needs when it comes back.
    SignOn,
}

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Cookie::Session => "broadsheet",
            Cookie::Browser => "broadsheet-browser",
            Cookie::SignOn => "broadsheet-sign-on",
        }
    }

    /// How long the browser keeps it, in seconds.
    fn lifetime(self) -> u32 {
        const DAY: u32 = 24 * 3600;
        match self {
            Cookie::Session => 90 * DAY,
            Cookie::Browser => 365 * DAY,
            Cookie::SignOn => 600,
        }
    }
}

/// How cookies are named and guarded here: over TLS alone where the site has an `https` address, and then under a name
/// that no other host of the domain can set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    pub(crate) fn of(app: &App) -> Self {
        let base = app.site.base_url.as_deref();
        Cookies {
            secure: base.is_some_and(|base| base.starts_with("https://")),
        }
    }

    fn name(self, cookie: Cookie) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{}", cookie.name())
    }

    /// A cookie's value, if it came.
    pub(crate) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        let name = self.name(cookie);
        headers
            .get_all(COOKIE)
            .iter()
            .filter(|header| header.len() <= LEN_MAX)
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// A header that sets a cookie. Values are letters, digits and `-._~`.
    pub(crate) fn set(self, cookie: Cookie, value: &str) -> (HeaderName, String) {
        self.header(cookie, value, cookie.lifetime())
    }

    /// A header that removes a cookie.
    pub(crate) fn unset(self, cookie: Cookie) -> (HeaderName, String) {
        self.header(cookie, "", 0)
    }

    fn header(self, cookie: Cookie, value: &str, seconds: u32) -> (HeaderName, String) {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(cookie);
        let header =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        (SET_COOKIE, header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "theme=dark; broadsheet=abc".parse().unwrap());
        headers.append(COOKIE, "__Host-broadsheet=def".parse().unwrap());
        let check = |secure, expected| {
            assert_eq!(Cookies { secure }.read(&headers, Cookie::Session), expected);
        };
        check(false, Some("abc"));
        check(true, Some("def"));
        assert_eq!(
            Cookies { secure: true }.read(&headers, Cookie::Browser),
            None
        );
    }

    #[test]
    fn ours_are_out_of_reach_of_scripts_and_other_sites() {
        let (_, header) = Cookies { secure: true }.set(Cookie::Session, "x");
        assert_eq!(
            header,
            "__Host-broadsheet=x; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure"
        );
        let (_, header) = Cookies { secure: false }.unset(Cookie::Session);
        assert_eq!(
            header,
            "broadsheet=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
