//! One kept answer: its headers, its body, and from the first request for them its compressed forms.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use metrics::Counter;

use super::encoding::Encoding;
use super::{Edition, Policy, no_body};
use crate::static_files::fingerprint;
use crate::times::http_date;

/// Largest answer that is taken in, in bytes. No page or feed comes near; an answer over it is a fault of ours.
const BODY_LEN_MAX: usize = 16 * 1024 * 1024;

/// Largest body that is kept, in bytes; what is larger is made anew each time.
const KEPT_LEN_MAX: usize = 2 * 1024 * 1024;

/// Bodies under this many bytes are sent as they are: compression would gain nothing.
const COMPRESSED_LEN_MIN: usize = 600;

/// What a kept answer weighs beside its body, in bytes.
const OVERHEAD: u64 = 1_500;

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    gzip: OnceLock<Option<Bytes>>,
    zstd: OnceLock<Option<Bytes>>,
    /// Fingerprint of the body, without quotes.
    tag: String,
    edition: Edition,
    good_until: Timestamp,
    hits: Counter,
}

impl Page {
    /// Takes in what a handler answered.
    pub(super) async fn take(
        response: Response,
        route: &str,
        edition: Edition,
        now: Timestamp,
    ) -> Self {
        let (mut parts, body) = response.into_parts();
        let (status, body) = match axum::body::to_bytes(body, BODY_LEN_MAX).await {
            Ok(body) => (parts.status, body),
            Err(error) => {
                tracing::error!(route, %error, "an answer could not be taken in");
                (StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
            }
        };
        parts.headers.remove(CONTENT_LENGTH);
        let lifetime = Policy::lifetime(parts.headers.get(CACHE_CONTROL));
        let mut page = Page {
            status,
            headers: parts.headers,
            tag: fingerprint(&body),
            body,
            gzip: OnceLock::new(),
            zstd: OnceLock::new(),
            edition,
            good_until: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            hits: metrics::counter!("http_kept_answers_total", "route" => route.to_string()),
        };
        if status == StatusCode::OK {
            page.add_validators(now);
        }
        page
    }

    fn add_validators(&mut self, now: Timestamp) {
        let headers = &mut self.headers;
        headers
            .entry(CACHE_CONTROL)
            .or_insert_with(|| Policy::Living.header());
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding, Accept"));
        if !headers.contains_key(LAST_MODIFIED)
            && let Ok(value) = HeaderValue::from_str(&http_date(now))
        {
            headers.insert(LAST_MODIFIED, value);
        }
    }

    /// The same content as before was last modified when it was before.
    pub(super) fn inherit(&mut self, older: &Page) {
        if self.tag == older.tag
            && let Some(value) = older.headers.get(LAST_MODIFIED)
        {
            self.headers.insert(LAST_MODIFIED, value.clone());
        }
    }

    pub(super) fn is_fresh(&self, edition: Edition, now: Timestamp) -> bool {
        self.edition == edition && now < self.good_until
    }

    /// Only good answers are kept: addresses that lead nowhere are without number.
    pub(super) fn may_be_kept(&self) -> bool {
        let private = |v: &HeaderValue| v.as_bytes().starts_with(b"no-store");
        self.status == StatusCode::OK
            && self.body.len() <= KEPT_LEN_MAX
            && !self.headers.get(CACHE_CONTROL).is_some_and(private)
    }

    /// Whether the answer is a fault of ours.
    pub(super) fn failed(&self) -> bool {
        self.status.is_server_error()
    }

    /// By estimate, for the compressed forms come later.
    pub(super) fn weight(&self) -> u64 {
        let body = self.body.len() as u64;
        OVERHEAD + body + body / 2
    }

    pub(super) fn count_hit(&self) {
        self.hits.increment(1);
    }

    /// The answer to one request.
    pub(super) fn respond(&self, request: &HeaderMap, head: bool) -> Response {
        let (encoding, body) = self.body_for(Encoding::accepted(request));
        let mut response = Response::new(no_body());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        let headers = response.headers_mut();
        if self.status == StatusCode::OK {
            let tag = self.tag_for(encoding);
            let unchanged = self.matches(request, &tag);
            if let Ok(value) = HeaderValue::from_str(&tag) {
                headers.insert(ETAG, value);
            }
            if unchanged {
                headers.remove(CONTENT_TYPE);
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return response;
            }
        }
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if !self.status.is_informational() && self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        if !head {
            *response.body_mut() = Body::from(body);
        }
        response
    }

    /// The body in the form asked for, or as it is where that form gains nothing.
    fn body_for(&self, wanted: Encoding) -> (Encoding, Bytes) {
        let slot = match wanted {
            Encoding::Gzip => &self.gzip,
            Encoding::Zstd => &self.zstd,
            Encoding::Identity => return (Encoding::Identity, self.body.clone()),
        };
        if self.body.len() < COMPRESSED_LEN_MIN || self.headers.contains_key(CONTENT_ENCODING) {
            return (Encoding::Identity, self.body.clone());
        }
        let encoded = slot.get_or_init(|| {
            let encoded = wanted.encode(&self.body).ok()?;
            (encoded.len() < self.body.len()).then_some(encoded)
        });
        match encoded {
            Some(encoded) => (wanted, encoded.clone()),
            None => (Encoding::Identity, self.body.clone()),
        }
    }

    /// Each form is a representation of its own and has its own tag (RFC 9110, section 8.8.3.3).
    fn tag_for(&self, encoding: Encoding) -> String {
        match encoding.name() {
            Some(name) => format!("\"{}-{name}\"", self.tag),
            None => format!("\"{}\"", self.tag),
        }
    }

    /// Whether the reader has this content already. `If-Modified-Since` counts only without `If-None-Match`.
    fn matches(&self, request: &HeaderMap, tag: &str) -> bool {
        if let Some(known) = request.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()) {
            return known.split(',').any(|t| {
                let t = t.trim();
                t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag
            });
        }
        let moment = |headers: &HeaderMap, name| {
            let text = headers.get(name)?.to_str().ok()?;
            DateTimeParser::new().parse_timestamp(text).ok()
        };
        match (
            moment(request, IF_MODIFIED_SINCE),
            moment(&self.headers, LAST_MODIFIED),
        ) {
            (Some(since), Some(modified)) => modified <= since,
            _ => false,
        }
    }
}
