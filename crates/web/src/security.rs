//! What stands before everything: bounds on the request's head, and the headers that keep browsers from doing what
//! these pages never ask of them.

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::base_url::host;
use crate::error::{self, Error};
use crate::state::App;

/// Longest path and query that are accepted, in bytes.
const TARGET_LEN_MAX: usize = 4_096;

/// Nothing but this site's own style sheet, script, pictures and answers to the script; no inline code, no framing, no other form targets.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-site",
    ),
];

/// Middleware: refuses what is no request of a reader's, sends addresses with a trailing slash to those without, and
/// puts the headers on every answer.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match admitted(&request) {
        Ok(()) => next.run(request).await,
        Err(Refusal::Moved(target)) => {
            let moved = StatusCode::PERMANENT_REDIRECT.into_response();
            with_location(moved, &target)
        }
        Err(Refusal::Fault(fault)) => error::answer(&app, fault, request.uri(), request.headers()),
    };
    harden(response.headers_mut());
    response
}

enum Refusal {
    Fault(Error),
    /// To this path and query.
    Moved(String),
}

fn admitted(request: &Request) -> Result<(), Refusal> {
    let uri = request.uri();
    let (path, query) = (uri.path(), uri.query());
    if path.len() + query.map_or(0, str::len) > TARGET_LEN_MAX {
        return Err(Refusal::Fault(Error::AddressTooLong));
    }
    if let Err(bad) = host(request.headers()) {
        return Err(Refusal::Fault(Error::BadRequest(format!("{bad}."))));
    }
    if path.len() > 1
        && path.ends_with('/')
        && matches!(*request.method(), Method::GET | Method::HEAD)
    {
        // One slash in front exactly: two would name another host.
        let trimmed = format!("/{}", path.trim_matches('/'));
        return Err(Refusal::Moved(match query {
            Some(query) => format!("{trimmed}?{query}"),
            None => trimmed,
        }));
    }
    Ok(())
}

fn with_location(mut response: Response, target: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

fn harden(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
