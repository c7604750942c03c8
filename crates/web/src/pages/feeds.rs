//! `/feeds`: all feeds and what they bring; and the way from a list's address with an ending to its feed.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::html;
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::suffix::{FeedFormat, Suffix};
use crate::trending::TRENDING_DAYS;
use crate::view::{Anchor, Layout};

/// How many categories the page names.
const CATEGORIES_SHOWN: usize = 40;

#[derive(Debug, Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    layout: Layout,
    feeds: Vec<FeedView>,
    /// Name and address of the Atom feed.
    categories: Vec<(String, String)>,
}

#[derive(Debug)]
struct FeedView {
    title: String,
    words: &'static str,
    links: Vec<Anchor>,
}

/// `GET /feeds`.
pub async fn show(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let mut feeds = vec![view(
        &ListRef::Newest,
        "Every paper that comes in, newest first.",
    )];
    let trending = TRENDING_DAYS.map(|days| ListRef::Trending { days });
    feeds.extend(
        trending
            .iter()
            .map(|list| view(list, "Papers entering the first hundred places.")),
    );
    let categories = app.store.categories().await?;
    let mut layout = Layout::new(&app, "Feeds");
    layout.section = "/feeds";
    layout.canonical = base.join("/feeds");
    layout.description = format!("Every list on {} as Atom, RSS and JSON Feed.", layout.site);
    let page = FeedsPage {
        layout,
        feeds,
        categories: categories
            .into_iter()
            .take(CATEGORIES_SHOWN)
            .map(|(name, _)| {
                let atom = ListRef::Category(name.clone()).feed_path("atom");
                (name, atom)
            })
            .collect(),
    };
    html(&page, Policy::Living)
}

fn view(list: &ListRef, words: &'static str) -> FeedView {
    FeedView {
        title: list.title(),
        words,
        links: FeedFormat::ALL
            .into_iter()
            .map(|f| Anchor {
                text: f.name().to_string(),
                href: list.feed_path(f.as_str()),
            })
            .collect(),
    }
}

/// A list in the form that its address' ending asks for.
pub async fn list(
    app: &App,
    list: &ListRef,
    suffix: Suffix,
    base: &BaseUrl,
) -> Result<Response, Error> {
    let format = suffix.feed().ok_or_else(|| {
        Error::not_found(format!(
            "A list has no form .{}: use .atom, .rss or .json.",
            suffix.as_str()
        ))
    })?;
    crate::feeds::respond(app, list, format, base).await
}
