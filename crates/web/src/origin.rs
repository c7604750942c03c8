//! Whether a request that changes something comes from a page of ours.
//!
//! Browsers say of every POST where it comes from. A page of another site can make a reader's browser send a form
//! here; its origin then is not ours, and the form is refused. Programs say nothing and are let through: they hold no
//! reader's rights that a stranger could borrow.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

use crate::error::Error;

/// Refuses what a browser sends on behalf of another site.
///
/// # Errors
/// In words for the reader.
pub fn ours(headers: &HeaderMap) -> Result<(), Error> {
    let text = |value: Option<&axum::http::HeaderValue>| {
        value.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
    };
    let site = text(headers.get("sec-fetch-site"));
    let from_elsewhere = match (site.as_deref(), text(headers.get(ORIGIN))) {
        (Some("same-origin" | "none"), _) => false,
        (Some(_), _) => true,
        // Browsers without that header: the origin's host must be the one that was asked.
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host.to_string());
            host.is_none() || host != text(headers.get(HOST))
        }
        (None, None) => false,
    };
    if from_elsewhere {
        return Err(Error::Forbidden(
            "This form was sent by another site. Open the page here and press the button again."
                .to_string(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(ours(&headers).is_ok(), expected);
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        let host = ("host", "papers.example.org");
        check(&[host, ("origin", "https://papers.example.org")], true);
        check(&[host, ("origin", "https://evil.example.org")], false);
        check(&[host, ("origin", "null")], false);
        check(&[("origin", "https://evil.example.org")], false);
    }
}
