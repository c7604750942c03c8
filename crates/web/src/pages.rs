//! The pages that people read: one file a page, its template of the same name in `templates/`.
//!
//! A page is a struct of what its template shows, next to the handler that fills it. Handlers load, fill and return;
//! keeping, compressing and validating answers is the [`cache`](crate::cache)'s work.

pub mod about;
pub mod account;
pub(crate) mod acted;
pub mod admin;
pub mod author;
pub mod categories;
pub mod claims;
pub mod collections;
pub mod coverage;
pub mod feeds;
pub mod form;
pub mod lab;
pub mod list;
pub mod mail;
pub mod month;
pub mod neighbours;
pub mod paper;
pub mod people;
pub mod query;
pub mod search;
pub mod similar;
pub mod sparkline;
pub mod submit;
pub mod suggest;
pub mod tags;
pub mod talk;
pub mod today;
pub mod trending;
pub mod webhooks;
pub mod window;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::suffix::FeedFormat;
use crate::view::Layout;

/// The navigation: address and words.
pub const SECTIONS: [(&str, &str); 6] = [
    ("/", "Today"),
    ("/papers/trending", "Trending"),
    ("/categories", "Categories"),
    ("/tags", "Tags"),
    ("/lab", "Lab"),
    ("/feeds", "Feeds"),
];

/// The heads of the calendar's columns.
pub const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// A template as an answer.
pub fn html(page: &impl Template, policy: Policy) -> Result<Response, Error> {
    Ok(policy.on(Html(page.render()?).into_response()))
}

/// Links a list's feeds and gives its page its one right address.
pub fn announce(layout: &mut Layout, list: &ListRef, base: &BaseUrl) {
    layout.canonical = base.join(&list.path());
    layout.feeds = FeedFormat::ALL
        .into_iter()
        .map(|f| {
            let path = list.feed_path(f.as_str());
            (f.media_type(), f.name().to_string(), path)
        })
        .collect();
    if layout.description.is_empty() {
        layout.description = format!("{} on {}", list.title(), layout.site);
    }
    let card = [
        ("og:type", "website".to_string()),
        ("og:site_name", layout.site.clone()),
        ("og:title", list.title()),
        ("og:url", layout.canonical.clone()),
    ];
    let metas = card
        .into_iter()
        .map(|(name, value)| ("property", name, value));
    layout.metas.extend(metas);
}

/// What is answered where no route leads.
pub async fn nothing_here() -> Error {
    Error::not_found("There is nothing at this address.")
}
