//! `/categories` and `/categories/{name}`.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::list::{ListPage, beyond};
use super::query::Query;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::{Anchor, Layout, category, number};

/// How many names an index page shows at most; the largest come first.
pub const NAMES_MAX: usize = 400;

/// An index of lists: categories or tags.
#[derive(Debug, Template)]
#[template(path = "index.html")]
pub struct IndexPage {
    /// Head and foot.
    pub layout: Layout,
    /// What is listed.
    pub heading: String,
    /// A sentence below it.
    pub lead: String,
    /// Each list with its number of papers.
    pub entries: Vec<(Anchor, String)>,
}

/// `GET /categories`.
pub async fn index(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let categories = app.store.categories().await?;
    let mut layout = Layout::new(&app, "Categories");
    layout.section = "/categories";
    layout.canonical = base.join("/categories");
    let page = IndexPage {
        layout,
        heading: "Categories".to_string(),
        lead: "As the papers' issuers file them, largest first. A paper stands in every category that it is filed under."
            .to_string(),
        entries: categories
            .iter()
            .take(NAMES_MAX)
            .map(|(name, papers)| (category(name), number(u64::from(*papers))))
            .collect(),
    };
    html(&page, Policy::Living)
}

/// `GET /categories/{name}`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (name, suffix) = split_suffix(&segment);
    let list = ListRef::category(name)?;
    if let Some(suffix) = suffix {
        return feeds::list(&app, &list, suffix, &base).await;
    }
    let (page, slice) = query.page()?;
    let loaded = list.load(&app, slice).await?.predict(&app);
    beyond(&list, page, &loaded)?;
    if loaded.total == 0 {
        return Err(Error::NotFound {
            text: format!("No paper here is filed under {name}."),
            links: vec![("All categories".to_string(), "/categories".to_string())],
        });
    }
    let mut layout = Layout::new(&app, list.title());
    layout.section = "/categories";
    layout.noindex = page > 1;
    announce(&mut layout, &list, &base);
    html(&ListPage::new(layout, &list, &loaded, page), Policy::Living)
}
