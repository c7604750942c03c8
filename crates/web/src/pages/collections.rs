//! Collections: papers that people keep in an order of their own. `/collections` lists them, each has a page, feeds and
//! a bibliography, and forms that change it without a script.

pub(crate) mod block;
mod change;
mod shown;

pub(crate) use change::named_paper;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::paper::utc_day;
use serde_json::{Value, json};
use store::{Collection, NOTE_CHARS_MAX, NewCollection, TITLE_CHARS_MAX, Visibility};

use super::acted::acted;
use super::form::Form;
use super::html;
use super::query::Query;
use crate::account::Viewer;
use crate::base_url::BaseUrl;
use crate::cache::{Accepted, Policy, not_kept};
use crate::error::Error;
use crate::state::App;
use crate::view::{Anchor, Layout, path_segment, short_date};

/// How many public collections a page lists.
const PUBLIC_PER_PAGE: u32 = 50;

/// What is shown, to each reader their own.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/collections", get(index))
        .route("/collections/{owner}/{slug}", get(shown::show))
}

/// What changes something.
pub(crate) fn private_routes() -> Router<App> {
    Router::new()
        .route("/collections/new", post(make))
        .route("/collections/add", post(change::add))
        .route("/collections/{owner}/{slug}/items", post(change::item))
        .route(
            "/collections/{owner}/{slug}/settings",
            post(change::settings),
        )
        .route("/collections/{owner}/{slug}/members", post(change::member))
        .route("/collections/{owner}/{slug}/delete", post(change::delete))
}

#[derive(Debug, Template)]
#[template(path = "collections.html")]
struct CollectionsPage {
    layout: Layout,
    mine: Vec<CollectionView>,
    public: Vec<CollectionView>,
    previous: Option<String>,
    next: Option<String>,
    /// What was typed into the form, and why it was not taken.
    title: String,
    note: String,
    visibility: &'static str,
    error: String,
}

/// A collection in a list.
#[derive(Debug)]
struct CollectionView {
    href: String,
    title: String,
    owner: String,
    note: String,
    papers: u32,
    visibility: &'static str,
    changed: String,
}

impl CollectionView {
    fn new(collection: &Collection) -> Self {
        CollectionView {
            href: path(collection),
            title: collection.title.clone(),
            owner: collection.owner_name.clone(),
            note: crate::view::cut(&collection.note, 200),
            papers: collection.papers,
            visibility: collection.visibility.as_str(),
            changed: short_date(utc_day(collection.changed)),
        }
    }
}

/// The address of a collection's page.
pub(crate) fn path(collection: &Collection) -> String {
    address(&collection.owner_name, &collection.slug)
}

pub(crate) fn address(owner: &str, slug: &str) -> String {
    format!(
        "/collections/{}/{}",
        path_segment(owner),
        path_segment(slug)
    )
}

/// What programs are told of a collection.
pub(super) fn collection_json(collection: &Collection) -> Value {
    json!({
        "address": path(collection),
        "owner": collection.owner_name,
        "slug": collection.slug,
        "title": collection.title,
        "note": collection.note,
        "visibility": collection.visibility.as_str(),
        "papers": collection.papers,
        "created": collection.created,
        "changed": collection.changed,
    })
}

/// `GET /collections`: the reader's own, then the public ones.
async fn index(
    State(app): State<App>,
    viewer: Viewer,
    base: BaseUrl,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    let (page, _) = query.page()?;
    if Accepted::of(&headers) == Accepted::Json {
        return listing(&app, &viewer, page).await;
    }
    let mut page = filled(&app, &viewer, page).await?;
    page.layout.canonical = base.join("/collections");
    html(&page, Policy::Living)
}

async fn listing(app: &App, viewer: &Viewer, page: u32) -> Result<Response, Error> {
    let mine = mine(app, viewer).await?;
    let offset = (page - 1).saturating_mul(PUBLIC_PER_PAGE);
    let public = app
        .store
        .public_collections(offset, PUBLIC_PER_PAGE)
        .await?;
    let all = |list: &[Collection]| list.iter().map(collection_json).collect::<Vec<_>>();
    let body = json!({ "mine": all(&mine), "public": all(&public) });
    Ok(Policy::Living.on(Json(body).into_response()))
}

async fn mine(app: &App, viewer: &Viewer) -> Result<Vec<Collection>, Error> {
    Ok(match viewer.user() {
        Some(user) => app.store.collections_of(user.id).await?,
        None => Vec::new(),
    })
}

async fn filled(app: &App, viewer: &Viewer, page: u32) -> Result<CollectionsPage, Error> {
    let offset = (page - 1).saturating_mul(PUBLIC_PER_PAGE);
    let mut public = app
        .store
        .public_collections(offset, PUBLIC_PER_PAGE + 1)
        .await?;
    let more = public.len() > PUBLIC_PER_PAGE as usize;
    public.truncate(PUBLIC_PER_PAGE as usize);
    let mut layout = Layout::new(app, "Collections");
    layout.description = "Papers that readers keep, in an order of their own.".to_string();
    Ok(CollectionsPage {
        layout,
        mine: mine(app, viewer)
            .await?
            .iter()
            .map(CollectionView::new)
            .collect(),
        public: public.iter().map(CollectionView::new).collect(),
        previous: (page > 1).then(|| format!("/collections?page={}", page - 1)),
        next: more.then(|| format!("/collections?page={}", page + 1)),
        title: String::new(),
        note: String::new(),
        visibility: Visibility::Private.as_str(),
        error: String::new(),
    })
}

/// `POST /collections/new` with `title`, `note`, `visibility`.
async fn make(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let visibility = visibility(&form)?;
    let fault = match fault(&form) {
        None => {
            let new = NewCollection {
                owner: user.id,
                title: form.text("title"),
                note: form.text("note"),
                visibility,
            };
            match app.store.make_collection(new, app.clock.now()).await? {
                Some(made) => {
                    app.status.data_changed();
                    let json = collection_json(&made);
                    return Ok(acted(&headers, &path(&made), json));
                }
                None => format!(
                    "You have {} collections, which is as many as one may have. Delete one first.",
                    store::COLLECTIONS_MAX
                ),
            }
        }
        Some(fault) => fault,
    };
    if Accepted::of(&headers) == Accepted::Json {
        return Err(Error::BadRequest(fault));
    }
    let mut page = filled(&app, &viewer, 1).await?;
    page.title = form.text("title").to_string();
    page.note = form.text("note").to_string();
    page.visibility = visibility.as_str();
    page.error = fault;
    let page = (StatusCode::BAD_REQUEST, Html(page.render()?));
    Ok(not_kept(page))
}

/// The visibility that a form names; private when it names none.
fn visibility(form: &Form) -> Result<Visibility, Error> {
    match form.text("visibility") {
        "" => Ok(Visibility::Private),
        word => Visibility::from_short(word).ok_or_else(|| {
            Error::BadRequest("A collection is private, shared or public.".to_string())
        }),
    }
}

/// What is wrong with a title and a note, in words.
fn fault(form: &Form) -> Option<String> {
    let title = domain::text::one_line(form.text("title"));
    if title.is_empty() {
        return Some("A collection needs a title.".to_string());
    }
    if title.chars().count() > TITLE_CHARS_MAX {
        return Some(format!("A title has at most {TITLE_CHARS_MAX} characters."));
    }
    note_fault(form.text("note"))
}

/// What is wrong with a note.
fn note_fault(note: &str) -> Option<String> {
    (note.chars().count() > NOTE_CHARS_MAX)
        .then(|| format!("A note has at most {NOTE_CHARS_MAX} characters."))
}

/// The visibilities with their words, for forms.
pub(crate) fn visibilities() -> [(&'static str, &'static str); 3] {
    [
        ("private", "private: only I see it"),
        ("shared", "shared: I and its members see and change it"),
        ("public", "public: everyone sees it"),
    ]
}

/// Links to collections.
pub(super) fn anchors(collections: &[Collection]) -> Vec<Anchor> {
    collections
        .iter()
        .map(|c| Anchor {
            text: format!("{} by {}", c.title, c.owner_name),
            href: path(c),
        })
        .collect()
}
