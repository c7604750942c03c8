//! `/authors/{key}`: the papers of everybody of this name.

use axum::extract::{Path, State};
use axum::response::Response;

use super::list::{ListPage, beyond};
use super::query::Query;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::{ListRef, author_name, author_words};
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::{Layout, cut, query_value};

/// `GET /authors/{key}`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (key, suffix) = split_suffix(&segment);
    let list = ListRef::author(key)?;
    if let Some(suffix) = suffix {
        return feeds::list(&app, &list, suffix, &base).await;
    }
    let (page, slice) = query.page()?;
    let loaded = list.load(&app, slice).await?.predict(&app);
    beyond(&list, page, &loaded)?;
    if loaded.total == 0 {
        let words = author_words(key);
        let search = format!("/search?q={}", query_value(&words));
        return Err(Error::NotFound {
            text: format!("No paper here names {words} as an author."),
            links: vec![(format!("Search for {words}"), search)],
        });
    }
    let name = cut(&author_name(key, &loaded.entries), 100);
    let mut layout = Layout::new(&app, format!("Papers by {name}"));
    layout.noindex = page > 1;
    announce(&mut layout, &list, &base);
    let mut shown = ListPage::new(layout, &list, &loaded, page);
    shown.heading = name;
    shown.lead = "Everybody of this name shares this page: names alone do not tell people apart."
        .to_string();
    html(&shown, Policy::Living)
}
