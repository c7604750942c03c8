//! What people follow, and the newest papers of it.

use std::collections::BTreeMap;

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::ids::PaperId;
use domain::paper::Paper;
use search::engine::{Request, Sort};
use serde_json::json;
use store::List;
use store::talk::{Follow, FollowKind};

use super::marks::{Hidden, personal};
use super::{back, done, own};
use crate::account::{Viewer, viewer};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::lists::{ListRef, LoadedList};
use crate::pages::form::Form;
use crate::state::App;
use crate::view::{Anchor, CardView, Layout};

/// How many papers the page shows.
const PAPERS_MAX: u32 = 50;

/// How many papers of one author or search take part.
const PAPERS_EACH: usize = 20;

/// How many followed authors and searches take part, the newest first: each is asked for by itself.
const ASKED_MAX: usize = 50;

/// The button that follows what a page is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowView {
    /// category, author, tag or query; empty where there is no button.
    pub kind: &'static str,
    /// What to follow.
    pub value: String,
    /// Whether the reader follows it.
    pub on: bool,
}

impl FollowView {
    /// The button for a list, where its reader can follow it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(app: &App, list: &ListRef) -> Result<Self, Error> {
        let (kind, value) = match list {
            ListRef::Category(name) => (FollowKind::Category, name),
            ListRef::Author(key) => (FollowKind::Author, key),
            ListRef::Tag(tag) => (FollowKind::Tag, tag),
            ListRef::Search(query) if !query.is_empty() => (FollowKind::Query, query),
            _ => return Ok(FollowView::default()),
        };
        let Some(account) = viewer().id() else {
            return Ok(FollowView::default());
        };
        Ok(FollowView {
            kind: kind.as_str(),
            value: value.clone(),
            on: app.store.follows(account, kind, value).await?,
        })
    }
}

/// `POST /follow` with `kind`, `value`, `to` (1 or 0) and `next`.
pub async fn follow(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let kind = FollowKind::from_short(form.text("kind")).ok_or_else(|| {
        Error::BadRequest("Categories, authors, tags and searches can be followed.".to_string())
    })?;
    let list = list_of(kind, form.text("value"))?;
    let value = match &list {
        ListRef::Category(text)
        | ListRef::Author(text)
        | ListRef::Tag(text)
        | ListRef::Search(text) => text,
        _ => return Err(Error::BadRequest("This cannot be followed.".to_string())),
    };
    let on = form.text("to") != "0";
    app.talk.mark(user.id)?;
    let followed = app.store.follow(user.id, kind, value, on, app.clock.now());
    done(followed.await?)?;
    let json = json!({"kind": kind.as_str(), "value": value, "on": on});
    Ok(back(&headers, &form, &list.path(), json))
}

/// The list that a follow means. Texts are read as they are in addresses, so that equal follows are equal texts.
fn list_of(kind: FollowKind, value: &str) -> Result<ListRef, Error> {
    match kind {
        FollowKind::Category => ListRef::category(value),
        FollowKind::Author => ListRef::author(value),
        FollowKind::Tag => ListRef::tag(value),
        FollowKind::Query => ListRef::search(value),
    }
}

#[derive(Debug, Template)]
#[template(path = "following.html")]
struct FollowingPage {
    layout: Layout,
    follows: Vec<(Anchor, FollowView)>,
    cards: Vec<CardView>,
    hidden: Vec<Hidden>,
    show_days: bool,
}

/// `GET /following`.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let account = viewer.reader()?.id;
    let follows = app.store.follows_of(account).await?;
    if Accepted::of(&headers) == Accepted::Json {
        let follows: Vec<_> = follows
            .iter()
            .map(|f| json!({"kind": f.kind.as_str(), "value": f.value, "at": f.at}))
            .collect();
        return Ok(not_kept(Json(follows)));
    }
    let mut papers: BTreeMap<PaperId, Paper> = BTreeMap::new();
    let listed = app.store.newest_followed(account, PAPERS_MAX).await?;
    papers.extend(listed.into_iter().map(|paper| (paper.id, paper)));
    let asked = asked(&app, &follows).await?;
    papers.extend(asked.into_iter().map(|paper| (paper.id, paper)));
    let mut papers: Vec<Paper> = papers.into_values().collect();
    papers.sort_by_key(|paper| std::cmp::Reverse((paper.times.listed_day(), paper.id)));
    papers.truncate(PAPERS_MAX as usize);
    let total = u32::try_from(papers.len()).unwrap_or(u32::MAX);
    let list = personal(
        &app,
        List {
            papers,
            total,
            ..List::default()
        }
        .into(),
    )
    .await?;
    let page = FollowingPage {
        layout: Layout::new(&app, "Following").noindex(),
        follows: follows.iter().filter_map(followed).collect(),
        cards: cards(&list),
        hidden: list.hidden,
        show_days: true,
    };
    own(&page)
}

/// A list's cards with their buttons.
fn cards(list: &LoadedList) -> Vec<CardView> {
    let mut cards = CardView::all(&list.entries);
    for card in &mut cards {
        card.marks.reach(&list.reach);
    }
    cards
}

fn followed(follow: &Follow) -> Option<(Anchor, FollowView)> {
    let list = list_of(follow.kind, &follow.value).ok()?;
    let anchor = Anchor {
        text: list.title(),
        href: list.path(),
    };
    let button = FollowView {
        kind: follow.kind.as_str(),
        value: follow.value.clone(),
        on: true,
    };
    Some((anchor, button))
}

/// The newest papers of followed authors and searches.
async fn asked(app: &App, follows: &[Follow]) -> Result<Vec<Paper>, Error> {
    let asked: Vec<Follow> = follows
        .iter()
        .filter(|f| matches!(f.kind, FollowKind::Author | FollowKind::Query))
        .take(ASKED_MAX)
        .cloned()
        .collect();
    let engine = app.engine.clone();
    let rows = tokio::task::spawn_blocking(move || -> Result<Vec<PaperId>, Error> {
        let mut rows = Vec::new();
        for follow in &asked {
            if follow.kind == FollowKind::Author {
                rows.extend(engine.author(&follow.value, 0, PAPERS_EACH)?.0);
                continue;
            }
            let request = Request {
                query: follow.value.clone(),
                sort: Sort::Newest,
                limit: PAPERS_EACH,
                ..Request::default()
            };
            rows.extend(engine.search(&request)?.hits.iter().map(|hit| hit.paper));
        }
        rows.sort();
        rows.dedup();
        Ok(rows)
    });
    Ok(app.store.papers(&rows.await??).await?)
}
