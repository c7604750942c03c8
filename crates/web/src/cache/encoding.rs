//! Which compressed form of an answer a request accepts, and how it is made.

use std::io::Write;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// How an answer's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    Identity,
    /// gzip, which everything reads.
    Gzip,
    /// Zstandard, smaller and quicker.
    Zstd,
}

impl Encoding {
    /// The best form that the request accepts.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers
            .get(ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let mut best = Encoding::Identity;
        for offer in accept.split(',') {
            let mut parts = offer.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let refused = parts.any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            match name {
                _ if refused => {}
                "zstd" => return Encoding::Zstd,
                "gzip" | "x-gzip" | "*" => best = Encoding::Gzip,
                _ => {}
            }
        }
        best
    }

    /// The value of `Content-Encoding`, if one is sent.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Identity => None,
            Encoding::Gzip => Some("gzip"),
            Encoding::Zstd => Some("zstd"),
        }
    }

    /// The body in this form. Levels are chosen for pages of some 50 KB: about a millisecond, once per page.
    pub(super) fn encode(self, body: &Bytes) -> std::io::Result<Bytes> {
        Ok(match self {
            Encoding::Identity => body.clone(),
            Encoding::Gzip => {
                let out = Vec::with_capacity(body.len() / 3);
                let mut encoder = GzEncoder::new(out, Compression::new(6));
                encoder.write_all(body)?;
                encoder.finish()?.into()
            }
            Encoding::Zstd => zstd::bulk::compress(body, 6)?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[track_caller]
    fn check(accept: &str, expected: Encoding) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap());
        assert_eq!(Encoding::accepted(&headers), expected);
    }

    #[test]
    fn the_best_accepted_form_is_chosen() {
        check("gzip, deflate, br, zstd", Encoding::Zstd);
        check("gzip, deflate", Encoding::Gzip);
        check("gzip;q=0, identity", Encoding::Identity);
        check("zstd;q=0, gzip;q=0.5", Encoding::Gzip);
        check("*", Encoding::Gzip);
        check("br", Encoding::Identity);
        check("", Encoding::Identity);
    }
}
