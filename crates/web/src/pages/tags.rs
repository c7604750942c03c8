//! `/tags` and `/tags/{tag}`.

use axum::extract::{Path, State};
use axum::response::Response;

use super::categories::{IndexPage, NAMES_MAX};
use super::list::{ListPage, beyond};
use super::query::Query;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::{Layout, number, tag};

/// `GET /tags`.
pub async fn index(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let limit = u32::try_from(NAMES_MAX).unwrap_or(u32::MAX);
    let tags = app.store.tags(limit).await?;
    let mut layout = Layout::new(&app, "Tags");
    layout.section = "/tags";
    layout.canonical = base.join("/tags");
    let lead = match tags.len() {
        0 => "No source has attached a tag yet.".to_string(),
        n if n == NAMES_MAX => format!("Words that sources attached to papers: the {n} most used."),
        _ => "Words that sources attached to papers, most used first.".to_string(),
    };
    let page = IndexPage {
        layout,
        heading: "Tags".to_string(),
        lead,
        entries: tags
            .iter()
            .map(|(name, papers)| (tag(name), number(u64::from(*papers))))
            .collect(),
    };
    html(&page, Policy::Living)
}

/// `GET /tags/{tag}`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (name, suffix) = split_suffix(&segment);
    let list = ListRef::tag(name)?;
    if let Some(suffix) = suffix {
        return feeds::list(&app, &list, suffix, &base).await;
    }
    let (page, slice) = query.page()?;
    let loaded = list.load(&app, slice).await?.predict(&app);
    beyond(&list, page, &loaded)?;
    if loaded.total == 0 {
        return Err(Error::NotFound {
            text: format!("No paper here has the tag {name}."),
            links: vec![("All tags".to_string(), "/tags".to_string())],
        });
    }
    let mut layout = Layout::new(&app, list.title());
    layout.section = "/tags";
    layout.noindex = page > 1;
    announce(&mut layout, &list, &base);
    html(&ListPage::new(layout, &list, &loaded, page), Policy::Living)
}
