//! Rendered answers, kept: most requests of a day ask for the same few pages.
//!
//! [`serve`] is a middleware in front of every page, feed and API answer. It looks an answer up before any work is
//! done; what it does not find is rendered once, however many ask at the same time, and kept with its fingerprint and,
//! from the first reader who wants it, its compressed forms. An answer is good for one version of the data, one local
//! day and the lifetime of its [`Policy`]; an older one is kept in reserve and served should the database fail.

mod encoding;
mod flight;
mod page;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::base_url::host;
use crate::state::App;
use flight::Flights;
use page::Page;

/// Most memory that kept answers take, in bytes, their compressed forms included by estimate.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// About how many answers fit: for the cache's own tables.
const ANSWERS_ESTIMATE: usize = 4_000;

/// The parameters that answers depend on. Others, such as what advertisers append to links, are dropped before an
/// answer is looked up, and handlers must not read them.
const PARAMETERS: [&str; 19] = [
    "after",
    "author",
    "before",
    "cat",
    "cursor",
    "date",
    "family",
    "limit",
    "mode",
    "month",
    "p",
    "page",
    "q",
    "sort",
    "submitter",
    "to",
    "verdict",
    "week",
    "window",
];

/// Longest query string that takes part in the lookup, in bytes; answers to longer ones are not kept.
const QUERY_LEN_MAX: usize = 2_000;

/// How long an answer may be kept, by whom: named for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Will not change any more, or rarely: a window of days that is over.
    Settled,
    /// Changes with every import or fetch: today, newest, a search.
    Living,
    /// Shows what the program is doing right now.
    Momentary,
    /// Its address changes with its content.
    Immutable,
}

impl Policy {
    /// The value of `Cache-Control`.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Policy::Settled => "public, max-age=3600",
            Policy::Living => "public, max-age=60, must-revalidate",
            Policy::Momentary => "no-cache",
            Policy::Immutable => "public, max-age=31536000, immutable",
        })
    }

    /// How long this server keeps an answer while the data stays the same.
    fn lifetime(header: Option<&HeaderValue>) -> Duration {
        let is = |policy: Policy| header == Some(&policy.header());
        if is(Policy::Settled) || is(Policy::Immutable) {
            Duration::from_secs(24 * 3600)
        } else if is(Policy::Momentary) {
            Duration::from_secs(2)
        } else {
            Duration::from_secs(300)
        }
    }

    /// Marks an answer.
    pub fn on(self, mut response: Response) -> Response {
        response.headers_mut().insert(CACHE_CONTROL, self.header());
        response
    }
}

/// What an answer was made of. An answer of another edition is out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Edition {
    data_version: u64,
    today: Date,
}

/// Weighs a kept answer by its bytes.
#[derive(Debug, Clone, Copy)]
struct ByBytes;

impl Weighter<String, Arc<Page>> for ByBytes {
    fn weight(&self, key: &String, page: &Arc<Page>) -> u64 {
        key.len() as u64 + page.weight()
    }
}

/// The kept answers. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    kept: Arc<Cache<String, Arc<Page>, ByBytes>>,
    flights: Flights<(Edition, String), Arc<Page>>,
}

impl Default for Answers {
    fn default() -> Self {
        Answers {
            kept: Arc::new(Cache::with_weighter(ANSWERS_ESTIMATE, CACHE_BYTES, ByBytes)),
            flights: Flights::default(),
        }
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answers({} kept)", self.kept.len())
    }
}

/// Middleware: answers from what is kept, or renders and keeps.
pub async fn serve(
    State((app, answers)): State<(App, Answers)>,
    request: Request,
    next: Next,
) -> Response {
    let head = request.method() == Method::HEAD;
    if request.method() != Method::GET && !head {
        return next.run(request).await;
    }
    let key = key(&app, &request);
    let edition = Edition {
        data_version: app.status.data_version(),
        today: app.today(),
    };
    let now = app.clock.now();
    let kept = key.as_ref().and_then(|key| answers.kept.get(key));
    let (parts, body) = request.into_parts();
    let page = match (kept, key) {
        (Some(page), _) if page.is_fresh(edition, now) => {
            page.count_hit();
            page
        }
        (older, Some(key)) => {
            let request = Request::from_parts(parts.clone(), body);
            answers
                .render(key, edition, now, older, request, next)
                .await
        }
        (_, None) => {
            let request = Request::from_parts(parts.clone(), body);
            Arc::new(page_of(request, next, edition, now).await)
        }
    };
    page.respond(&parts.headers, head)
}

impl Answers {
    /// Renders, or waits for who is rendering the same already.
    async fn render(
        &self,
        key: String,
        edition: Edition,
        now: Timestamp,
        older: Option<Arc<Page>>,
        request: Request,
        next: Next,
    ) -> Arc<Page> {
        let rendered = self
            .flights
            .join((edition, key.clone()), || async {
                let mut page = page_of(request, next, edition, now).await;
                if let Some(older) = &older {
                    page.inherit(older);
                }
                let page = Arc::new(page);
                if page.may_be_kept() {
                    self.kept.insert(key, Arc::clone(&page));
                }
                page
            })
            .await;
        match older {
            // The database or the disk failed: yesterday's news is better than none.
            Some(older) if rendered.failed() => {
                metrics::counter!("http_stale_answers_total").increment(1);
                older
            }
            _ => rendered,
        }
    }
}

/// Lets the handlers answer and takes the answer in.
async fn page_of(mut request: Request, next: Next, edition: Edition, now: Timestamp) -> Page {
    // Handlers answer HEAD as GET; the body is left out when the page is sent.
    *request.method_mut() = Method::GET;
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_string();
    let response = next.run(request).await;
    Page::take(response, &route, edition, now).await
}

/// Under what an answer is kept: host (where absolute addresses are made from it), the form asked for, the path, and
/// the known parameters in order of name. `None` where it is not worth keeping.
fn key(app: &App, request: &Request) -> Option<String> {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_LEN_MAX {
        return None;
    }
    let mut key = String::with_capacity(uri.path().len() + query.len() + 32);
    if app.site.base_url.is_none() {
        key.push_str(host(request.headers()).ok()?.unwrap_or_default());
    }
    key.push(match Accepted::of(request.headers()) {
        Accepted::Html => ' ',
        Accepted::Json => 'j',
        Accepted::Markdown => 'm',
    });
    key.push_str(uri.path());
    push_parameters(&mut key, uri);
    Some(key)
}

/// The forms between which an answer's is chosen by `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// A page, or whatever form the address has.
    Html,
    /// JSON before anything else.
    Json,
    /// Markdown before anything else.
    Markdown,
}

impl Accepted {
    /// By the first media type that is named.
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(ACCEPT).map(HeaderValue::as_bytes) {
            Some(accept) if accept.starts_with(b"text/markdown") => Accepted::Markdown,
            Some(accept) if accept.starts_with(b"application/json") => Accepted::Json,
            _ => Accepted::Html,
        }
    }
}

fn push_parameters(key: &mut String, uri: &Uri) {
    let Some(query) = uri.query() else { return };
    let mut known: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            // A name written with escapes may be a known one in disguise, so it counts.
            PARAMETERS.contains(&name) || name.contains(['%', '+'])
        })
        .collect();
    // Stable, so that of a parameter given twice the order still counts.
    known.sort_by_key(|pair| pair.split('=').next().unwrap_or_default());
    for (i, pair) in known.iter().enumerate() {
        key.push(if i == 0 { '?' } else { '&' });
        key.push_str(pair);
    }
}

/// An answer that is not to be kept by anybody.
pub fn not_kept(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The body of an answer that carries none.
fn no_body() -> Body {
    Body::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, expected: &str) {
        let mut key = String::new();
        push_parameters(&mut key, &uri.parse().unwrap());
        assert_eq!(key, expected);
    }

    #[test]
    fn only_known_parameters_count() {
        check("/", "");
        check("/search?q=a&utm_source=b", "?q=a");
        check("/search?sort=votes&q=a", "?q=a&sort=votes");
        check("/search?utm_source=b", "");
        check("/search?page=2&page=1", "?page=2&page=1");
        check("/search?&&=", "");
        check("/search?%71=a", "?%71=a");
    }
}
