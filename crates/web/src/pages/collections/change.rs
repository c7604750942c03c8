//! What people do to collections: add, move, annotate, remove, share, rename, delete.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::ids::ExternalId;
use domain::paper::Paper;
use serde_json::json;
use store::{Collected, Collection, CollectionChange, MoveTo, NewCollection, Visibility};

use super::shown::find;
use super::{collection_json, fault, note_fault, path, visibility};
use crate::account::Viewer;
use crate::error::Error;
use crate::pages::acted::acted;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::{cut, paper_path};

/// The paper that a form names.
pub(crate) async fn named_paper(app: &App, key: &str) -> Result<Paper, Error> {
    let id: Option<ExternalId> = key.parse().ok();
    let paper = match id {
        Some(id) => app.store.paper(&id).await?,
        None => None,
    };
    paper.ok_or_else(|| Error::not_found(format!("There is no paper “{}” here.", cut(key, 100))))
}

/// `POST /collections/add` from a paper's page: `paper`, and `collection` as `owner/slug`, or `title` for a new one.
pub(super) async fn add(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let paper = named_paper(&app, form.text("paper")).await?;
    if let Some(fault) = note_fault(form.text("note")) {
        return Err(Error::BadRequest(fault));
    }
    let collection = match form.text("collection").split_once('/') {
        Some((owner, slug)) => editable(&app, &viewer, owner, slug).await?,
        None => {
            if let Some(fault) = fault(&form) {
                return Err(Error::BadRequest(fault));
            }
            let new = NewCollection {
                owner: user.id,
                title: form.text("title"),
                note: "",
                visibility: Visibility::Private,
            };
            let made = app.store.make_collection(new, app.clock.now()).await?;
            made.ok_or_else(|| full("You have as many collections as one may have."))?
        }
    };
    let done = app
        .store
        .collect(
            collection.id,
            paper.id,
            form.text("note"),
            user.id,
            app.clock.now(),
        )
        .await?;
    if done == Collected::Full {
        return Err(full(&format!(
            "“{}” holds {} papers, which is as many as a collection may hold.",
            collection.title,
            store::ITEMS_MAX
        )));
    }
    app.status.data_changed();
    let json = json!({ "added": done == Collected::Done, "collection": path(&collection) });
    let next = match form.text("next") {
        "" => paper_path(&paper.key()),
        next => next.to_string(),
    };
    Ok(acted(&headers, &next, json))
}

fn full(text: &str) -> Error {
    Error::BadRequest(text.to_string())
}

/// The collection at an address, if this reader may change its papers.
async fn editable(
    app: &App,
    viewer: &Viewer,
    owner: &str,
    slug: &str,
) -> Result<Collection, Error> {
    let user = viewer.writer()?;
    let collection = find(app, viewer, owner, slug).await?;
    match collection.may_edit(Some(user.id)) {
        true => Ok(collection),
        false => Err(Error::Forbidden(
            "Only its owner and its members change this collection.".to_string(),
        )),
    }
}

/// The collection at an address, if it is this reader's own.
async fn own(app: &App, viewer: &Viewer, owner: &str, slug: &str) -> Result<Collection, Error> {
    let user = viewer.writer()?;
    let collection = find(app, viewer, owner, slug).await?;
    match collection.owner == user.id {
        true => Ok(collection),
        false => Err(Error::Forbidden(
            "Only its owner changes this about a collection.".to_string(),
        )),
    }
}

/// `POST /collections/{owner}/{slug}/items` with `paper` and `act`: `add`, `up`, `down`, `to` (with `place`, counted
/// from 1), `note` (with `note`), `remove`.
pub(super) async fn item(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path((owner, slug)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?.id;
    let collection = editable(&app, &viewer, &owner, &slug).await?;
    let form = Form::read(&body);
    let paper = named_paper(&app, form.text("paper")).await?;
    if let Some(fault) = note_fault(form.text("note")) {
        return Err(Error::BadRequest(fault));
    }
    let (store, id, now) = (&app.store, collection.id, app.clock.now());
    let moved = async |to| store.move_item(id, paper.id, to, now).await;
    let done = match form.text("act") {
        "add" => {
            store
                .collect(id, paper.id, form.text("note"), user, now)
                .await?
        }
        "up" => moved(MoveTo::Up).await?,
        "down" => moved(MoveTo::Down).await?,
        "to" => {
            let place = form.text("place").parse::<u32>().ok().filter(|n| *n > 0);
            let place = place.ok_or_else(|| {
                Error::BadRequest("A place is a whole number, counted from 1.".to_string())
            })?;
            moved(MoveTo::Place(place - 1)).await?
        }
        "note" => store.annotate(id, paper.id, form.text("note"), now).await?,
        "remove" => match store.uncollect(id, paper.id, now).await? {
            true => Collected::Done,
            false => Collected::Unknown,
        },
        _ => {
            return Err(Error::BadRequest(
                "What to do is one of add, up, down, to, note, remove.".to_string(),
            ));
        }
    };
    match done {
        Collected::Unknown => Err(Error::not_found("This paper is not in the collection.")),
        Collected::Full => Err(full(&format!(
            "A collection holds at most {} papers.",
            store::ITEMS_MAX
        ))),
        _ => {
            app.status.data_changed();
            let next = match form.text("next") {
                "" => path(&collection),
                next => next.to_string(),
            };
            Ok(acted(
                &headers,
                &next,
                json!({ "done": done == Collected::Done }),
            ))
        }
    }
}

/// `POST /collections/{owner}/{slug}/settings` with `title`, `note`, `slug`, `visibility`.
pub(super) async fn settings(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path((owner, slug)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Error> {
    let collection = own(&app, &viewer, &owner, &slug).await?;
    let form = Form::read(&body);
    if let Some(fault) = fault(&form) {
        return Err(Error::BadRequest(fault));
    }
    let wish = match form.text("slug") {
        "" => collection.slug.as_str(),
        wish => wish,
    };
    let change = CollectionChange {
        title: form.text("title"),
        note: form.text("note"),
        slug: wish,
        visibility: visibility(&form)?,
    };
    let done = app
        .store
        .change_collection(collection.id, change, app.clock.now())
        .await?;
    if done == Collected::SlugTaken {
        return Err(Error::BadRequest(
            "Another collection of yours has this address. Choose another.".to_string(),
        ));
    }
    app.status.data_changed();
    let changed = find(&app, &viewer, &owner, &store::slug_of(wish)).await?;
    Ok(acted(&headers, &path(&changed), collection_json(&changed)))
}

/// `POST /collections/{owner}/{slug}/members` with `name` and `act`: `add` or `remove`. Members may leave by themselves.
pub(super) async fn member(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path((owner, slug)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let name = form.text("name");
    let leaves = form.text("act") == "remove" && user.name.as_str().eq_ignore_ascii_case(name);
    let collection = match leaves {
        true => find(&app, &viewer, &owner, &slug).await?,
        false => own(&app, &viewer, &owner, &slug).await?,
    };
    let done = match form.text("act") {
        "remove" => match app.store.remove_member(collection.id, name).await? {
            true => Collected::Done,
            false => Collected::Unknown,
        },
        "add" => {
            app.store
                .add_member(collection.id, name, app.clock.now())
                .await?
        }
        _ => {
            return Err(Error::BadRequest(
                "What to do is add or remove.".to_string(),
            ));
        }
    };
    match done {
        Collected::Unknown => Err(Error::BadRequest(format!(
            "Nobody else here is called “{}”.",
            cut(name, 40)
        ))),
        Collected::Full => Err(full(&format!(
            "A collection is shared with at most {} people.",
            store::MEMBERS_MAX
        ))),
        _ => {
            let next = match leaves {
                true => "/collections".to_string(),
                false => path(&collection),
            };
            Ok(acted(
                &headers,
                &next,
                json!({ "done": done == Collected::Done }),
            ))
        }
    }
}

/// `POST /collections/{owner}/{slug}/delete` with the ticked box `sure`.
pub(super) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path((owner, slug)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Error> {
    let collection = own(&app, &viewer, &owner, &slug).await?;
    if !Form::read(&body).has("sure") {
        return Err(Error::BadRequest(
            "Tick the box to delete the collection: it cannot be brought back.".to_string(),
        ));
    }
    app.store.delete_collection(collection.id).await?;
    app.status.data_changed();
    Ok(acted(&headers, "/collections", json!({ "done": true })))
}
