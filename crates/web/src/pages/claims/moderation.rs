//! `/moderation/claims`: what waits for a moderator about claims, and what was decided.

use std::collections::HashMap;

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, Response};
use domain::ids::PaperId;
use domain::paper::utc_day;
use serde_json::json;

use super::{by, kind_words, reason};
use crate::account::Viewer;
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::latex;
use crate::pages::acted::acted;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::{Anchor, Layout, cut, paper_path, short_date};

/// How much of each is shown.
const SHOWN: u32 = 100;

#[derive(Debug, Template)]
#[template(path = "moderation_claims.html")]
struct QueuePage {
    layout: Layout,
    pending: Vec<PendingView>,
    newest: Vec<NewView>,
    decisions: Vec<DecisionView>,
}

#[derive(Debug)]
struct PendingView {
    id: i64,
    name: String,
    author: String,
    words: String,
    paper: Anchor,
    day: String,
}

#[derive(Debug)]
struct NewView {
    paper: Anchor,
    key: String,
    kind: &'static str,
    kind_words: &'static str,
    value: String,
    by: String,
    day: String,
}

#[derive(Debug)]
struct DecisionView {
    words: String,
    paper: Anchor,
    reason: String,
    day: String,
}

/// `GET /moderation/claims`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Error> {
    viewer.moderator()?;
    if Accepted::of(&headers) == Accepted::Json {
        return as_json(&app).await;
    }
    let pending = app.store.pending_authorship(SHOWN).await?;
    let newest = app.store.newest_claims(SHOWN).await?;
    let decisions = app.store.decisions(SHOWN).await?;
    let named = pending.iter().map(|c| c.paper);
    let named = named
        .chain(newest.iter().map(|(paper, _)| *paper))
        .chain(decisions.iter().map(|d| d.paper));
    let papers = anchors(&app, named.collect()).await?;
    let paper = |id: PaperId| papers.get(&id).cloned().unwrap_or_else(gone);
    let page = QueuePage {
        layout: Layout::new(&app, "Claims to decide").noindex(),
        pending: pending
            .into_iter()
            .map(|claim| PendingView {
                id: claim.id,
                paper: paper(claim.paper).0,
                day: short_date(utc_day(claim.at)),
                name: claim.name,
                author: claim.author,
                words: claim.words,
            })
            .collect(),
        newest: newest
            .into_iter()
            .map(|(id, event)| NewView {
                paper: paper(id).0,
                key: paper(id).1,
                kind: event.kind.as_str(),
                kind_words: kind_words(event.kind),
                by: by(&event),
                day: short_date(utc_day(event.at)),
                value: event.value,
            })
            .collect(),
        decisions: decisions
            .into_iter()
            .map(|d| {
                let who = d.moderator.unwrap_or("A moderator".to_string());
                let whose = d
                    .account
                    .map_or(String::new(), |name| format!(" of {name}"));
                DecisionView {
                    words: format!("{who} {} “{}”{whose}", d.act, cut(&d.about, 120)),
                    paper: paper(d.paper).0,
                    reason: d.reason,
                    day: short_date(utc_day(d.at)),
                }
            })
            .collect(),
    };
    Ok(not_kept(Html(page.render()?)))
}

async fn as_json(app: &App) -> Result<Response, Error> {
    let pending = app.store.pending_authorship(SHOWN).await?;
    let papers = anchors(app, pending.iter().map(|c| c.paper).collect()).await?;
    let pending: Vec<_> = pending
        .into_iter()
        .map(|c| {
            let key = papers.get(&c.paper).map(|(_, key)| key);
            json!({ "id": c.id, "name": c.name, "author": c.author, "words": c.words, "paper": key, "at": c.at })
        })
        .collect();
    Ok(not_kept(Json(json!({ "authorship": pending }))))
}

/// Titles, addresses and keys of papers.
async fn anchors(
    app: &App,
    mut ids: Vec<PaperId>,
) -> Result<HashMap<PaperId, (Anchor, String)>, Error> {
    ids.sort();
    ids.dedup();
    let papers = app.store.papers(&ids).await?;
    let anchor = |paper: &domain::paper::Paper| Anchor {
        text: cut(&latex::plain(&paper.title), 160),
        href: paper_path(&paper.key()),
    };
    Ok(papers
        .iter()
        .map(|paper| (paper.id, (anchor(paper), paper.key())))
        .collect())
}

fn gone() -> (Anchor, String) {
    let anchor = Anchor {
        text: "a paper that is gone".to_string(),
        href: "/papers".to_string(),
    };
    (anchor, String::new())
}

/// `POST /moderation/claims` with `id`, `decision` (`approve`, `refuse`, `revoke`) and `reason`.
pub(super) async fn decide(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let moderator = viewer.moderator()?.id;
    let form = Form::read(&body);
    let id = form.text("id").parse().unwrap_or(-1);
    let approve = match form.text("decision") {
        "approve" => true,
        "refuse" | "revoke" => false,
        _ => {
            return Err(Error::BadRequest(
                "A decision is approve, refuse or revoke.".to_string(),
            ));
        }
    };
    let reason = match approve {
        true => form.text("reason"),
        false => reason(&form)?,
    };
    let now = app.clock.now();
    let done = app
        .store
        .decide_authorship(id, approve, moderator, reason, now)
        .await?;
    if !done {
        return Err(Error::BadRequest(
            "This claim does not wait any more: somebody else has decided it, or it was withdrawn."
                .to_string(),
        ));
    }
    app.status.data_changed();
    let next = match form.text("next") {
        "" => "/moderation/claims",
        next => next,
    };
    Ok(acted(&headers, next, json!({ "done": true })))
}
