//! The few files that pages need, inside the program: style sheet, script, icon.
//!
//! Their addresses carry a fingerprint of their content, so that they may be kept for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A file inside the program.
#[derive(Debug)]
pub struct StaticFile {
    /// Where it is served: `/static/app.0123abcd.css`.
    pub address: &'static str,
    media_type: &'static str,
    content: &'static str,
}

static FILES: LazyLock<[StaticFile; 3]> = LazyLock::new(|| {
    [
        file(
            "css",
            "text/css; charset=utf-8",
            include_str!("../static/app.css"),
        ),
        file(
            "js",
            "text/javascript; charset=utf-8",
            include_str!("../static/app.js"),
        ),
        file("svg", "image/svg+xml", include_str!("../static/icon.svg")),
    ]
});

/// The style sheet.
pub fn css() -> &'static StaticFile {
    &FILES[0]
}

/// The script.
pub fn js() -> &'static StaticFile {
    &FILES[1]
}

/// The icon.
pub fn icon() -> &'static StaticFile {
    &FILES[2]
}

fn file(ending: &str, media_type: &'static str, content: &'static str) -> StaticFile {
    let address = format!("/static/app.{}.{ending}", fingerprint(content.as_bytes()));
    StaticFile {
        // Three strings for the process' life.
        address: address.leak(),
        media_type,
        content,
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of some bytes.
pub fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// `GET /static/{name}`.
pub async fn show(Path(name): Path<String>) -> Result<Response, Error> {
    let found = FILES
        .iter()
        .find(|f| f.address.strip_prefix("/static/") == Some(&name))
        .ok_or_else(|| Error::not_found("There is no such file."))?;
    let mut response = found.content.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(found.media_type));
    headers.insert(CACHE_CONTROL, crate::cache::Policy::Immutable.header());
    Ok(response)
}
