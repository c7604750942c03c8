//! The site's own address, for feeds, canonical links and OpenGraph, which need absolute ones.
//!
//! Behind a proxy `site.base_url` says it. Without, each request's `Host` header does, after a strict check:
//! `X-Forwarded-*` headers are never believed, for anybody can send them.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;

use crate::state::App;

/// Longest host name, with port, that is accepted, in bytes (RFC 1035's 255 and a port).
const HOST_LEN_MAX: usize = 262;

/// The site's address without trailing slash, such as `https://papers.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl BaseUrl {
    /// The absolute address of a path that starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The address under which this request reached the site.
    pub fn of_request(app: &App, headers: &HeaderMap) -> Self {
        if let Some(base) = &app.site.base_url {
            return BaseUrl(base.trim_end_matches('/').to_string());
        }
        let host = host(headers).ok().flatten().unwrap_or("localhost");
        BaseUrl(format!("http://{host}"))
    }
}

impl FromRequestParts<App> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(BaseUrl::of_request(app, &parts.headers))
    }
}

/// The `Host` header, if there is one, or the error that it is no host.
pub fn host(headers: &HeaderMap) -> Result<Option<&str>, BadHost> {
    let Some(value) = headers.get(HOST) else {
        return Ok(None);
    };
    let host = value.to_str().map_err(|_| BadHost)?;
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || host.len() > HOST_LEN_MAX || !host.bytes().all(name) {
        return Err(BadHost);
    }
    Ok(Some(host))
}

/// The `Host` header holds something that is no host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Host header is not a host name")]
pub struct BadHost;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[track_caller]
    fn check(value: &[u8], expected: Result<Option<&str>, BadHost>) {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_bytes(value).unwrap());
        assert_eq!(host(&headers), expected);
    }

    #[test]
    fn hosts_are_checked() {
        check(b"localhost:8080", Ok(Some("localhost:8080")));
        check(b"[::1]:8080", Ok(Some("[::1]:8080")));
        check(b"evil.example/\"><script>", Err(BadHost));
        check(b"a b", Err(BadHost));
        check(b"", Err(BadHost));
        check("ex\u{e4}mple".as_bytes(), Err(BadHost));
        check("a".repeat(300).as_bytes(), Err(BadHost));
        assert_eq!(host(&HeaderMap::new()), Ok(None));
    }
}
