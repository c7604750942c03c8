//! What readers say of a paper: `/claims?paper=KEY` shows it with its history and has the forms to say more; the block
//! on a paper's page has the same forms.

pub(crate) mod block;
pub(crate) mod moderation;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::paper::{Paper, utc_day};
use serde_json::{Value, json};
use store::{
    AuthorshipOrder, AuthorshipState, ClaimAct, ClaimEvent, ClaimKind, Claimed, Said, reader_tag,
};

use super::acted::acted;
use super::collections::named_paper;
use super::form::Form;
use super::html;
use super::query::Query;
use crate::account::Viewer;
use crate::cache::{Accepted, Policy, not_kept};
use crate::error::Error;
use crate::latex;
use crate::state::App;
use crate::view::{self, Layout, cut, paper_path, query_value, short_date};

/// Authors offered in the form; nobody looks for themselves in a longer list.
const AUTHORS_OFFERED: usize = 200;

/// What is shown to each reader their own.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/claims", get(show))
}

/// What changes something, and what is for moderators.
pub(crate) fn private_routes() -> Router<App> {
    Router::new()
        .route("/claims/say", post(say))
        .route("/claims/authorship", post(authorship))
        .route(
            "/moderation/claims",
            get(moderation::show).post(moderation::decide),
        )
}

#[derive(Debug, Template)]
#[template(path = "claims.html")]
struct ClaimsPage {
    layout: Layout,
    path: String,
    /// This very page.
    here: String,
    key: String,
    title: view::Html,
    standing: Vec<Standing>,
    history: Vec<Line>,
    authors: Vec<AuthorLine>,
    /// The names printed on the paper.
    printed: Vec<String>,
    may_claim: bool,
    moderates: bool,
    /// What was typed, and why it was not taken.
    typed_kind: String,
    typed: String,
    typed_author: String,
    typed_words: String,
    error: String,
}

/// A link or tag that stands.
#[derive(Debug)]
pub(crate) struct Standing {
    kind: &'static str,
    kind_words: &'static str,
    value: String,
    /// The address, for a link.
    href: Option<String>,
    by: String,
    day: String,
    mine: bool,
}

/// A line of the history.
#[derive(Debug)]
struct Line {
    words: String,
    value: String,
    day: String,
    reason: String,
}

/// Somebody who is, or says they are, an author.
#[derive(Debug)]
struct AuthorLine {
    id: i64,
    name: String,
    author: String,
    pending: bool,
    mine: bool,
}

/// The word for a kind.
pub(super) fn kind_words(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Tag => "tag",
        ClaimKind::Link(kind) => match kind {
            domain::paper::LinkKind::Code => "code",
            domain::paper::LinkKind::Model => "model",
            domain::paper::LinkKind::Data => "data set",
            domain::paper::LinkKind::Project => "project page",
            _ => "link",
        },
    }
}

fn standing(event: &ClaimEvent, viewer: &Viewer) -> Standing {
    Standing {
        kind: event.kind.as_str(),
        kind_words: kind_words(event.kind),
        value: event.value.clone(),
        href: matches!(event.kind, ClaimKind::Link(_)).then(|| event.value.clone()),
        by: by(event),
        day: short_date(utc_day(event.at)),
        mine: event.account.is_some() && event.account == viewer.id(),
    }
}

/// Who did something.
pub(super) fn by(event: &ClaimEvent) -> String {
    event
        .name
        .clone()
        .unwrap_or("somebody whose account is gone".to_string())
}

fn line(event: &ClaimEvent) -> Line {
    let did = match event.act {
        ClaimAct::Added => "added",
        ClaimAct::Withdrawn => "withdrew",
        ClaimAct::Removed => "removed, as a moderator,",
    };
    Line {
        words: format!("{} {did} the {}", by(event), kind_words(event.kind)),
        value: cut(&event.value, 120),
        day: short_date(utc_day(event.at)),
        reason: event.reason.clone(),
    }
}

fn event_json(event: &ClaimEvent) -> Value {
    json!({
        "kind": event.kind.as_str(),
        "value": event.value,
        "act": event.act.as_str(),
        "by": event.name,
        "at": event.at,
        "reason": event.reason,
    })
}

/// `GET /claims?paper=KEY`.
async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    let paper = named_paper(&app, query.text("paper")).await?;
    if Accepted::of(&headers) == Accepted::Json {
        let history = app.store.claim_history(paper.id).await?;
        let standing = app.store.standing_claims(paper.id).await?;
        let all = |events: &[ClaimEvent]| events.iter().map(event_json).collect::<Vec<_>>();
        let body = json!({
            "paper": paper.key(),
            "standing": all(&standing),
            "history": all(&history),
        });
        return Ok(Policy::Living.on(Json(body).into_response()));
    }
    html(&filled(&app, &viewer, &paper).await?, Policy::Living)
}

async fn filled(app: &App, viewer: &Viewer, paper: &Paper) -> Result<ClaimsPage, Error> {
    let history = app.store.claim_history(paper.id).await?;
    let stands = app.store.standing_claims(paper.id).await?;
    let authors = app.store.authorship_of_paper(paper.id).await?;
    let moderates = viewer.moderator().is_ok();
    let authors: Vec<AuthorLine> = authors
        .into_iter()
        .map(|claim| AuthorLine {
            id: claim.id,
            pending: claim.state == AuthorshipState::Pending,
            mine: Some(claim.account) == viewer.id(),
            name: claim.name,
            author: claim.author,
        })
        // A claim that nobody has checked is its maker's and the moderators' matter.
        .filter(|line| !line.pending || line.mine || moderates)
        .collect();
    Ok(ClaimsPage {
        layout: Layout::new(app, format!("Claims: {}", latex::plain(&paper.title))).noindex(),
        path: paper_path(&paper.key()),
        here: address(paper),
        key: paper.key(),
        title: latex::html(&paper.title),
        standing: stands.iter().map(|e| standing(e, viewer)).collect(),
        history: history.iter().rev().map(line).collect(),
        may_claim: viewer.user().is_some() && !authors.iter().any(|a| a.mine),
        authors,
        printed: printed(paper),
        moderates,
        typed_kind: String::new(),
        typed: String::new(),
        typed_author: String::new(),
        typed_words: String::new(),
        error: String::new(),
    })
}

fn printed(paper: &Paper) -> Vec<String> {
    let names = paper.authors.iter().take(AUTHORS_OFFERED);
    names.map(|author| author.name.clone()).collect()
}

/// `POST /claims/say` with `paper`, `kind` (code, model, data, project, tag), `value` and `act`: `add` (when none is
/// given), `withdraw`, or for moderators `remove` with `reason`.
async fn say(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?.id;
    let form = Form::read(&body);
    let paper = named_paper(&app, form.text("paper")).await?;
    let kind = ClaimKind::from_short(form.text("kind")).ok_or_else(|| {
        Error::BadRequest("What is claimed is code, model, data, project or tag.".to_string())
    })?;
    let (value, now) = (form.text("value"), app.clock.now());
    let said = match form.text("act") {
        "" | "add" => {
            app.store
                .add_claim(paper.id, kind, value, user, now)
                .await?
        }
        "withdraw" => {
            app.store
                .withdraw_claim(paper.id, kind, value, user, now)
                .await?
        }
        "remove" => {
            let moderator = viewer.moderator()?.id;
            let reason = reason(&form)?;
            app.store
                .remove_claim(paper.id, kind, value, moderator, reason, now)
                .await?
        }
        _ => {
            return Err(Error::BadRequest(
                "What to do is add, withdraw or remove.".to_string(),
            ));
        }
    };
    match fault(said, kind) {
        None => {
            app.status.data_changed();
            Ok(acted(
                &headers,
                &next(&form, &paper),
                json!({ "done": said == Said::Done }),
            ))
        }
        Some((status, text)) => {
            let mut page = filled(&app, &viewer, &paper).await?;
            page.typed_kind = kind.as_str().to_string();
            page.typed = value.to_string();
            refused(&headers, status, text, page)
        }
    }
}

/// A moderator's reason: one must be given.
pub(super) fn reason(form: &Form) -> Result<&str, Error> {
    match form.text("reason") {
        "" => Err(Error::BadRequest(
            "Say why: the decision stands in the public log with its reason.".to_string(),
        )),
        reason => Ok(reason),
    }
}

/// The address of the page.
fn address(paper: &Paper) -> String {
    format!("/claims?paper={}", query_value(&paper.key()))
}

/// Where to go after an action on a paper.
fn next(form: &Form, paper: &Paper) -> String {
    match form.text("next") {
        "" => address(paper),
        next => next.to_string(),
    }
}

/// Why something was not taken, in words.
fn fault(said: Said, kind: ClaimKind) -> Option<(StatusCode, String)> {
    let bad = StatusCode::BAD_REQUEST;
    Some(match said {
        Said::Done => return None,
        Said::Already => (
            bad,
            format!(
                "The paper has this {} already, or has it no more.",
                kind_words(kind)
            ),
        ),
        Said::Barred => (
            StatusCode::FORBIDDEN,
            "A moderator removed this from the paper; the history says why.".to_string(),
        ),
        Said::Full => (
            bad,
            format!(
                "The paper has as many as readers may add: {} links and {} tags.",
                store::LINKS_MAX,
                store::TAGS_MAX
            ),
        ),
        Said::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "You have added {} links and tags within a day. Go on tomorrow.",
                store::CLAIMS_PER_DAY_MAX
            ),
        ),
        Said::Unfit if kind == ClaimKind::Tag => (
            bad,
            "A tag has 2 to 40 characters: letters, digits, spaces and - . + _ / &.".to_string(),
        ),
        Said::Unfit => (
            bad,
            "This is not an address. Addresses look like https://example.org/code.".to_string(),
        ),
        Said::NotTheirs => (
            StatusCode::FORBIDDEN,
            "Somebody else added this. They or a moderator can take it away.".to_string(),
        ),
        Said::UnknownPaper => (StatusCode::NOT_FOUND, "The paper is not here.".to_string()),
    })
}

/// The page with what was typed and why it was not taken; the reason alone for programs.
fn refused(
    headers: &HeaderMap,
    status: StatusCode,
    text: String,
    mut page: ClaimsPage,
) -> Result<Response, Error> {
    if Accepted::of(headers) == Accepted::Json {
        return Ok(not_kept((status, Json(json!({ "error": text })))));
    }
    page.error = text;
    Ok(not_kept((status, Html(page.render()?))))
}

/// `POST /claims/authorship` with `paper`, `author` and `words`, or `act=withdraw` and `id`.
async fn authorship(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?.id;
    let form = Form::read(&body);
    let paper = named_paper(&app, form.text("paper")).await?;
    if form.text("act") == "withdraw" {
        let id = form.text("id").parse().unwrap_or(-1);
        let done = app.store.withdraw_authorship(id, user).await?;
        return Ok(acted(
            &headers,
            &next(&form, &paper),
            json!({ "done": done }),
        ));
    }
    let author = form.text("author");
    let fault = match paper.authors.iter().any(|a| a.name == author) {
        false => Some("Choose your name as it is printed on the paper.".to_string()),
        true => {
            let order = AuthorshipOrder {
                account: user,
                paper: paper.id,
                author,
                words: form.text("words"),
            };
            match app.store.claim_authorship(order, app.clock.now()).await? {
                Claimed::Pending(_) => None,
                Claimed::Already => Some(
                    "You have claimed this paper already, and the claim waits or was approved."
                        .to_string(),
                ),
                Claimed::TooMany => Some(format!(
                    "{} claims of yours wait for a moderator, which is as many as may.",
                    store::PENDING_MAX
                )),
                Claimed::UnknownPaper => Some("The paper is not here.".to_string()),
            }
        }
    };
    match fault {
        None => Ok(acted(
            &headers,
            &next(&form, &paper),
            json!({ "state": "pending" }),
        )),
        Some(text) => {
            let mut page = filled(&app, &viewer, &paper).await?;
            page.typed_author = author.to_string();
            page.typed_words = form.text("words").to_string();
            refused(&headers, StatusCode::BAD_REQUEST, text, page)
        }
    }
}

/// The address of a tag's page, if the text can be a tag of readers.
pub(super) fn tag_href(tag: &str) -> Option<String> {
    reader_tag(tag).map(|tag| format!("/tags/{}", view::path_segment(&tag)))
}
