//! Every list as a feed: Atom, RSS 2.0 and JSON Feed 1.1 over one [`Feed`] value.
//!
//! - Ids are `urn:broadsheet:...` and depend on the list and the paper only, never on the site's address: a site that
//!   moves does not show its readers everything again.
//! - An item of a chronological list (newest, category, author, tag, search) is the paper itself. An item of a ranked
//!   list (day, week, month, trending) is the event "entered the first hundred", with an id of its own, once a paper.
//! - The same papers give the same bytes, so the cache's fingerprint of them tells a reader whether anything is new.

mod atom;
mod item;
mod json;
mod rss;

#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use store::Slice;

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::suffix::FeedFormat;

use item::Feed;

/// How many items a feed has at most.
pub(crate) const FEED_LEN_MAX: u32 = 100;

/// Answers a request for a list as a feed. Validators and 304 are the cache's work.
pub(crate) async fn respond(
    app: &App,
    list: &ListRef,
    format: FeedFormat,
    base: &BaseUrl,
) -> Result<Response, Error> {
    let slice = Slice {
        offset: 0,
        limit: FEED_LEN_MAX,
    };
    let loaded = list.load(app, slice).await?;
    let feed = Feed::new(&app.site, list, format, &loaded.entries, base);
    let mut response = Body::from(write(&feed, format)?).into_response();
    let media_type = HeaderValue::from_static(content_type(format));
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(policy(app, list).on(response))
}

fn policy(app: &App, list: &ListRef) -> Policy {
    match list {
        ListRef::Window(window) if window.last() < app.today() => Policy::Settled,
        _ => Policy::Living,
    }
}

/// The feed's bytes.
fn write(feed: &Feed, format: FeedFormat) -> Result<Vec<u8>, Error> {
    match format {
        FeedFormat::Atom => atom::write(feed),
        FeedFormat::Rss => rss::write(feed),
        FeedFormat::Json => json::write(feed),
    }
}

/// With the character set, which old readers guess wrongly.
fn content_type(format: FeedFormat) -> &'static str {
    match format {
        FeedFormat::Atom => "application/atom+xml; charset=utf-8",
        FeedFormat::Rss => "application/rss+xml; charset=utf-8",
        FeedFormat::Json => "application/feed+json; charset=utf-8",
    }
}
