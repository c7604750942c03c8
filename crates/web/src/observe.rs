//! What is written down about each request that is worked on: a span for the log, a count and a time for `/metrics`.
//! Kept answers only count (`http_kept_answers_total`): they cost too little to be worth more words.

use std::fmt::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// The header with the request's id, for readers who report a failure and for proxies that number requests.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over from a proxy, in bytes.
const ID_LEN_MAX: usize = 64;

/// Middleware around the handlers.
pub async fn observe(request: Request, next: Next) -> Response {
    let id = id(&request);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_string();
    let span = tracing::debug_span!("request", id, method = %request.method(), path = request.uri().path());
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let seconds = begun.elapsed().as_secs_f64();
    span.in_scope(|| tracing::debug!(status = status.as_u16(), seconds, "answered"));
    metrics::histogram!("http_work_seconds", "route" => route.clone()).record(seconds);
    metrics::counter!(
        "http_worked_answers_total",
        "route" => route,
        "status" => status.as_str().to_string()
    )
    .increment(1);
    // Good answers are kept and given to others, whom this request's id would mislead.
    if (status.is_client_error() || status.is_server_error())
        && let Ok(value) = HeaderValue::from_str(&id)
    {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The proxy's id if it is a plain word, else one of ours: start of the process and a number.
fn id(request: &Request) -> String {
    static STARTED: LazyLock<i64> = LazyLock::new(|| jiff::Timestamp::now().as_second());
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let given = request.headers().get(REQUEST_ID);
    if let Some(given) = given.and_then(|v| v.to_str().ok())
        && (1..=ID_LEN_MAX).contains(&given.len())
        && given
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return given.to_string();
    }
    let mut id = String::with_capacity(20);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Writing to a string cannot fail.
    _ = write!(id, "{:x}-{number:x}", *STARTED);
    id
}
