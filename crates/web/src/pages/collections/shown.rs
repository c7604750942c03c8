//! `/collections/{owner}/{slug}`: a collection as a page, as feeds, as BibTeX, as JSON.

use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::paper::{Paper, utc_day};
use serde_json::json;
use store::{Collection, CollectionItem, ITEMS_MAX, Slice};

use super::{collection_json, path, visibilities};
use crate::account::Viewer;
use crate::base_url::BaseUrl;
use crate::cache::{Accepted, Policy};
use crate::error::Error;
use crate::feeds;
use crate::formats::{CitationKeys, paper_json};
use crate::lists::ListRef;
use crate::pages::list::Pager;
use crate::pages::query::Query;
use crate::pages::{announce, html};
use crate::state::App;
use crate::suffix::{Suffix, split_suffix};
use crate::view::{CardView, Layout, path_segment, short_date};

#[derive(Debug, Template)]
#[template(path = "collection.html")]
struct CollectionPage {
    layout: Layout,
    path: String,
    title: String,
    owner: String,
    owner_path: String,
    note: String,
    visibility: &'static str,
    slug: String,
    counted: String,
    changed: String,
    items: Vec<ItemView>,
    pager: Pager,
    may_edit: bool,
    is_owner: bool,
    members: Vec<String>,
    visibilities: [(&'static str, &'static str); 3],
}

#[derive(Debug)]
struct ItemView {
    /// Place in the whole, counted from 1.
    place: u32,
    key: String,
    card: CardView,
    note: String,
    added: String,
}

/// The collection at an address, if this reader may see it. One that they may not see is not there for them.
pub(super) async fn find(
    app: &App,
    viewer: &Viewer,
    owner: &str,
    slug: &str,
) -> Result<Collection, Error> {
    let reader = viewer.id();
    let found = app.store.collection(owner, slug, reader).await?;
    found.filter(|c| c.may_see(reader)).ok_or(Error::NotFound {
        text: "There is no collection at this address, or it is not shared with you.".to_string(),
        links: vec![("All collections".to_string(), "/collections".to_string())],
    })
}

/// `GET /collections/{owner}/{slug}` and its endings.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    base: BaseUrl,
    headers: HeaderMap,
    query: Query,
    Path((owner, segment)): Path<(String, String)>,
) -> Result<Response, Error> {
    let (slug, suffix) = split_suffix(&segment);
    let collection = find(&app, &viewer, &owner, slug).await?;
    let list = ListRef::Collection {
        id: collection.id,
        owner: collection.owner_name.clone(),
        slug: collection.slug.clone(),
        title: collection.title.clone(),
    };
    if let Some(format) = suffix.and_then(|s| s.feed()) {
        return feeds::respond(&app, &list, format, &base).await;
    }
    if suffix == Some(Suffix::Bib) {
        return bibliography(&app, &collection).await;
    }
    if suffix.is_some() {
        return Err(Error::not_found(
            "A collection ends in .atom, .rss, .json or .bib.",
        ));
    }
    let (number, slice) = query.page()?;
    if Accepted::of(&headers) == Accepted::Json {
        return as_json(&app, &collection, slice).await;
    }
    let mut page = filled(&app, &viewer, &collection, number, slice).await?;
    announce(&mut page.layout, &list, &base);
    page.layout.noindex = collection.visibility != store::Visibility::Public;
    html(&page, Policy::Living)
}

/// The items of a slice with their papers, in order.
async fn loaded(
    app: &App,
    collection: &Collection,
    slice: Slice,
) -> Result<Vec<(CollectionItem, Paper)>, Error> {
    let items = app.store.collected(collection.id, slice).await?;
    let ids: Vec<_> = items.iter().map(|item| item.paper).collect();
    let mut papers = app.store.papers(&ids).await?.into_iter().peekable();
    // The store leaves out rows that are gone, so the two walk side by side.
    Ok(items
        .into_iter()
        .filter_map(|item| Some((papers.next_if(|paper| paper.id == item.paper)?, item)))
        .map(|(paper, item)| (item, paper))
        .collect())
}

async fn filled(
    app: &App,
    viewer: &Viewer,
    collection: &Collection,
    number: u32,
    slice: Slice,
) -> Result<CollectionPage, Error> {
    let reader = viewer.id();
    let loaded = loaded(app, collection, slice).await?;
    let items = (slice.offset + 1..)
        .zip(&loaded)
        .map(|(place, (item, paper))| ItemView {
            place,
            key: paper.key(),
            card: CardView::of(paper),
            note: item.note.clone(),
            added: match &item.by {
                Some(name) => format!("added by {name}, {}", short_date(utc_day(item.at))),
                None => format!("added {}", short_date(utc_day(item.at))),
            },
        });
    let may_edit = collection.may_edit(reader);
    let is_owner = reader == Some(collection.owner);
    let members = match may_edit {
        true => app.store.members(collection.id).await?,
        false => Vec::new(),
    };
    let path = path(collection);
    Ok(CollectionPage {
        layout: Layout::new(app, collection.title.clone()),
        title: collection.title.clone(),
        owner: collection.owner_name.clone(),
        owner_path: path_segment(&collection.owner_name),
        note: collection.note.clone(),
        visibility: collection.visibility.as_str(),
        slug: collection.slug.clone(),
        counted: crate::lists::papers_in_words(u64::from(collection.papers)),
        changed: short_date(utc_day(collection.changed)),
        items: items.collect(),
        pager: Pager::new(&path, number, collection.papers),
        path,
        may_edit,
        is_owner,
        members,
        visibilities: visibilities(),
    })
}

const ALL: Slice = Slice {
    offset: 0,
    limit: ITEMS_MAX,
};

async fn bibliography(app: &App, collection: &Collection) -> Result<Response, Error> {
    let mut keys = CitationKeys::default();
    let entries: Vec<String> = loaded(app, collection, ALL)
        .await?
        .iter()
        .map(|(_, paper)| keys.bibtex(paper))
        .collect();
    let mut response = Body::from(entries.join("\n")).into_response();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-bibtex; charset=utf-8"),
    );
    Ok(Policy::Living.on(response))
}

async fn as_json(app: &App, collection: &Collection, slice: Slice) -> Result<Response, Error> {
    let items: Vec<_> = loaded(app, collection, slice)
        .await?
        .iter()
        .map(|(item, paper)| {
            json!({
                "paper": paper_json(paper),
                "note": item.note,
                "added_by": item.by,
                "added_at": item.at,
            })
        })
        .collect();
    let mut body = collection_json(collection);
    body["items"] = json!(items);
    Ok(Policy::Living.on(Json(body).into_response()))
}
