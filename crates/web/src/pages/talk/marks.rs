//! Votes, saves and hidden papers: the buttons, what they do, and the pages of what was marked.

use std::collections::HashMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use domain::ids::PaperId;
use domain::paper::Paper;
use serde_json::json;
use store::talk::{MarkKind, Marks};
use store::{List, Slice};

use super::{back, done, own, paper_of};
use crate::account::{Mode, Viewer, viewer};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::formats::{CitationKeys, paper_json, ris as ris_of};
use crate::lists::{LoadedList, papers_in_words};
use crate::pages::form::Form;
use crate::pages::list::Pager;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::{Anchor, CardView, Layout, latex_plain, paper_path};

/// Most papers of one take-away.
const TAKE_AWAY_MAX: u32 = 10_000;

/// What a page's reader may do with papers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nothing: there are no accounts, or none for them.
    #[default]
    Nobody,
    /// Sign in first.
    SignIn,
    /// Everything; these are their marks.
    Reader(HashMap<PaperId, Marks>),
}

impl Reach {
    /// Of the request at work, on these papers: one query for all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn on(app: &App, papers: &[PaperId]) -> Result<Reach, Error> {
        match viewer().id() {
            Some(account) => Ok(Reach::Reader(app.store.marks_of(account, papers).await?)),
            None if app.people.mode == Mode::SignIn => Ok(Reach::SignIn),
            None => Ok(Reach::Nobody),
        }
    }
}

/// The buttons of a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkView {
    /// Its row.
    pub paper: PaperId,
    /// By what forms name it.
    pub key: String,
    /// All votes, those of other sites included.
    pub votes: u32,
    /// Where somebody signs in and comes back, where that comes first.
    pub sign_in: Option<String>,
    /// The reader's marks, where there is one who can mark.
    pub marks: Option<Marks>,
}

impl MarkView {
    /// Of a paper, without buttons.
    pub fn new(paper: &Paper) -> Self {
        MarkView {
            paper: paper.id,
            key: paper.key(),
            votes: paper.votes,
            sign_in: None,
            marks: None,
        }
    }

    /// With what the reader can do.
    pub fn reach(&mut self, reach: &Reach) {
        match reach {
            Reach::Nobody => {}
            Reach::SignIn => {
                self.sign_in = Some(format!("/sign-in?next={}", paper_path(&self.key)))
            }
            Reach::Reader(marks) => {
                self.marks = Some(marks.get(&self.paper).copied().unwrap_or_default());
            }
        }
    }

    /// Whether there are buttons.
    pub fn has_buttons(&self) -> bool {
        self.sign_in.is_some() || self.marks.is_some()
    }
}

/// Takes the hidden papers out of a list and finds out what its reader can do with the others.
pub(crate) async fn personal(app: &App, mut list: LoadedList) -> Result<LoadedList, Error> {
    let rows: Vec<PaperId> = list.entries.iter().map(|entry| entry.paper.id).collect();
    list.reach = Reach::on(app, &rows).await?;
    if let Reach::Reader(marks) = &list.reach {
        let is_hidden = |row| marks.get(&row).is_some_and(|m: &Marks| m.hidden);
        let (hidden, shown): (Vec<_>, Vec<_>) = std::mem::take(&mut list.entries)
            .into_iter()
            .partition(|entry| is_hidden(entry.paper.id));
        list.entries = shown;
        list.hidden = hidden
            .iter()
            .map(|entry| Hidden::new(&entry.paper))
            .collect();
    }
    Ok(list)
}

/// A paper that its reader has hidden from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// By what forms name it.
    pub key: String,
    /// Its title without markup.
    pub title: String,
}

impl Hidden {
    fn new(paper: &Paper) -> Self {
        Hidden {
            key: paper.key(),
            title: latex_plain(&paper.title),
        }
    }
}

/// `POST /vote`.
pub async fn vote(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    mark(&app, &viewer, &headers, &body, MarkKind::Vote).await
}

/// `POST /save`.
pub async fn save(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    mark(&app, &viewer, &headers, &body, MarkKind::Save).await
}

/// `POST /hide`.
pub async fn hide(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    mark(&app, &viewer, &headers, &body, MarkKind::Hide).await
}

/// Fields: `paper`, a key; `to`, 1 or 0; `next`, where to go on.
async fn mark(
    app: &App,
    viewer: &Viewer,
    headers: &HeaderMap,
    body: &Bytes,
    kind: MarkKind,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(body);
    let on = match form.text("to") {
        "1" => true,
        "0" => false,
        _ => {
            let text = "The field `to` is 1 to set the mark and 0 to take it back.";
            return Err(Error::BadRequest(text.to_string()));
        }
    };
    app.talk.mark(user.id)?;
    let paper = paper_of(app, form.text("paper")).await?;
    let marked = app.store.mark(user.id, kind, paper.id, on, app.clock.now());
    let marked = done(marked.await?)?;
    if marked.changed && kind != MarkKind::Hide {
        app.status.data_changed();
    }
    // The paper's own count holds what other sites report as well.
    let elsewhere = paper.votes;
    let votes = match (kind, marked.changed, on) {
        (MarkKind::Vote, true, true) => elsewhere.saturating_add(1),
        (MarkKind::Vote, true, false) => elsewhere.saturating_sub(1),
        _ => elsewhere,
    };
    let json = json!({
        "paper": paper.key(),
        "kind": kind.as_str(),
        "on": on,
        "here": marked.total,
        "votes": votes,
    });
    Ok(back(headers, &form, &paper_path(&paper.key()), json))
}

#[derive(Debug, Template)]
#[template(path = "marked.html")]
struct MarkedPage {
    layout: Layout,
    heading: &'static str,
    lead: &'static str,
    counted: String,
    cards: Vec<CardView>,
    hidden: Vec<Hidden>,
    show_days: bool,
    pager: Pager,
    takeaways: Vec<Anchor>,
    hides: bool,
}

/// `GET /saved`.
pub async fn saved(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    if Accepted::of(&headers) == Accepted::Json {
        return json(State(app), viewer).await;
    }
    let form = |name: &str, ending| Anchor {
        text: name.to_string(),
        href: format!("/saved.{ending}"),
    };
    let (layout, list, page) =
        marked(&app, &viewer, &query, MarkKind::Save, "Saved papers").await?;
    let mut page = filled(&app, layout, list, page, "/saved").await?;
    page.heading = "Saved papers";
    page.lead = "Nobody else sees this list. Save a paper with the button on its card or page.";
    if !page.cards.is_empty() {
        page.takeaways = vec![
            form("BibTeX", "bib"),
            form("RIS", "ris"),
            form("JSON", "json"),
        ];
    }
    own(&page)
}

/// `GET /hidden`.
pub async fn hidden(
    State(app): State<App>,
    viewer: Viewer,
    query: Query,
) -> Result<Response, Error> {
    let (layout, list, page) =
        marked(&app, &viewer, &query, MarkKind::Hide, "Hidden papers").await?;
    let mut page = filled(&app, layout, list, page, "/hidden").await?;
    page.heading = "Hidden papers";
    page.lead = "These are left out of your lists. A search still finds them. Show one again with its button.";
    page.hides = true;
    own(&page)
}

async fn marked(
    app: &App,
    viewer: &Viewer,
    query: &Query,
    kind: MarkKind,
    title: &str,
) -> Result<(Layout, List, u32), Error> {
    let account = viewer.reader()?.id;
    let (page, slice) = query.page()?;
    let list = app.store.marked(account, kind, slice).await?;
    Ok((Layout::new(app, title).noindex(), list, page))
}

async fn filled(
    app: &App,
    layout: Layout,
    list: List,
    page: u32,
    path: &str,
) -> Result<MarkedPage, Error> {
    let total = list.total;
    let rows: Vec<PaperId> = list.papers.iter().map(|paper| paper.id).collect();
    let reach = Reach::on(app, &rows).await?;
    let mut cards = CardView::all(&LoadedList::from(list).entries);
    for card in &mut cards {
        card.marks.reach(&reach);
    }
    Ok(MarkedPage {
        layout,
        heading: "",
        lead: "",
        counted: papers_in_words(u64::from(total)),
        cards,
        hidden: Vec::new(),
        show_days: true,
        pager: Pager::new(path, page, total),
        takeaways: Vec::new(),
        hides: false,
    })
}

async fn all_saved(app: &App, viewer: &Viewer) -> Result<Vec<Paper>, Error> {
    let account = viewer.reader()?.id;
    let slice = Slice {
        offset: 0,
        limit: TAKE_AWAY_MAX,
    };
    Ok(app
        .store
        .marked(account, MarkKind::Save, slice)
        .await?
        .papers)
}

/// `GET /saved.bib`.
pub async fn bib(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    let papers = all_saved(&app, &viewer).await?;
    let mut keys = CitationKeys::default();
    let entries: Vec<String> = papers.iter().map(|paper| keys.bibtex(paper)).collect();
    Ok(file(
        "application/x-bibtex; charset=utf-8",
        "saved.bib",
        entries.join("\n"),
    ))
}

/// `GET /saved.ris`.
pub async fn ris(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    let papers = all_saved(&app, &viewer).await?;
    let entries: Vec<String> = papers.iter().map(ris_of).collect();
    let media_type = "application/x-research-info-systems; charset=utf-8";
    Ok(file(media_type, "saved.ris", entries.join("\n")))
}

/// `GET /saved.json`.
pub async fn json(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    let papers = all_saved(&app, &viewer).await?;
    let papers: Vec<_> = papers.iter().map(paper_json).collect();
    let text = serde_json::to_string(&papers)
        .map_err(|e| Error::Render(format!("saved papers as JSON: {e}")))?;
    Ok(file("application/json", "saved.json", text))
}

fn file(media_type: &'static str, name: &'static str, text: String) -> Response {
    let name = format!("attachment; filename=\"{name}\"");
    let headers = [
        (CONTENT_TYPE, media_type.to_string()),
        (CONTENT_DISPOSITION, name),
    ];
    not_kept((headers, text))
}
