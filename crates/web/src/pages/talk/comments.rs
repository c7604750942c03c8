//! Comments: below a paper, on a page of their own, written, edited, taken back, reported.

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::account::UserId;
use domain::paper::{Paper, utc_day};
use serde_json::{Value, json};
use store::Slice;
use store::talk::{COMMENT_CHARS_MAX, Comment, CommentPage, CommentState};

use super::{back, done, own, paper_of};
use crate::account::{Mode, Viewer, viewer};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::markdown;
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::{Html, Layout, latex_plain, paper_path, plain_date};

/// How many comments a paper's page shows.
const PAGE_LEN: u32 = 100;

/// A comment as pages show it.
#[derive(Debug)]
pub struct CommentView {
    /// Its number.
    pub id: i64,
    /// The comment that it answers.
    pub parent: Option<i64>,
    /// How far it is set in.
    pub depth: u32,
    /// The writer's name.
    pub name: Option<String>,
    /// Wrote the paper.
    pub by_author: bool,
    /// The day it was written.
    pub day: String,
    /// The day it was last edited.
    pub edited: Option<String>,
    /// Words in the place of the text, where it is gone.
    pub gone: Option<&'static str>,
    /// The text.
    pub html: Html,
}

impl CommentView {
    pub(super) fn new(comment: &Comment) -> Self {
        let day = |at| plain_date(utc_day(at));
        let gone = match comment.state {
            CommentState::Shown => None,
            CommentState::Deleted => Some("Deleted by the one who wrote it."),
            CommentState::Removed => Some("Removed by a moderator."),
        };
        CommentView {
            id: comment.id,
            parent: comment.parent,
            depth: comment.depth,
            name: comment.name.clone().filter(|_| gone.is_none()),
            by_author: comment.by_author && gone.is_none(),
            day: day(comment.at),
            edited: comment.edited.map(day).filter(|_| gone.is_none()),
            html: match gone {
                None => markdown::html(&comment.body),
                Some(_) => Html::default(),
            },
            gone,
        }
    }
}

/// The comments of a paper, on its page.
#[derive(Debug)]
pub struct Thread {
    /// By what forms name the paper.
    pub key: String,
    /// "3 comments".
    pub counted: String,
    /// In the order of the thread.
    pub comments: Vec<CommentView>,
    /// Why nothing more can be said.
    pub locked: Option<String>,
    /// Whether the reader can write.
    pub writes: bool,
    /// Whether the reader is a moderator.
    pub moderates: bool,
    /// Where somebody signs in first.
    pub sign_in: Option<String>,
    /// Other pages of the thread.
    pub previous: Option<String>,
    /// Other pages of the thread.
    pub next: Option<String>,
}

impl Thread {
    /// Of a paper, as its reader may see it; nothing where nobody can comment and nobody has.
    pub(crate) async fn of(app: &App, paper: &Paper, page: u32) -> Result<Option<Self>, Error> {
        let slice = Slice {
            offset: page.saturating_sub(1).saturating_mul(PAGE_LEN),
            limit: PAGE_LEN,
        };
        let thread = app.store.comments(paper.id, slice).await?;
        if app.people.mode == Mode::Nobody && thread.total == 0 {
            return Ok(None);
        }
        let viewer = viewer();
        let path = paper_path(&paper.key());
        let address = |page: u32| match page {
            1 => format!("{path}#comments"),
            page => format!("{path}?page={page}#comments"),
        };
        let shown = u64::from(slice.offset) + thread.comments.len() as u64;
        Ok(Some(Thread {
            counted: counted(&thread),
            locked: thread.locked.as_ref().map(|lock| lock.reason.clone()),
            comments: thread.comments.iter().map(CommentView::new).collect(),
            writes: viewer.writer().is_ok() && thread.locked.is_none(),
            moderates: viewer.moderator().is_ok(),
            sign_in: (viewer.user().is_none() && app.people.signs_in())
                .then(|| format!("/sign-in?next={path}")),
            previous: (page > 1).then(|| address(page - 1)),
            next: (shown < u64::from(thread.total)).then(|| address(page + 1)),
            key: paper.key(),
        }))
    }
}

fn counted(thread: &CommentPage) -> String {
    match thread.total {
        0 => "No comments yet.".to_string(),
        1 => "1 comment".to_string(),
        n => format!("{n} comments"),
    }
}

/// `GET /comments?paper=KEY`: a paper's comments as JSON.
pub async fn list(State(app): State<App>, query: Query) -> Result<Response, Error> {
    let (page, _) = query.page()?;
    let paper = paper_of(&app, query.text("paper")).await?;
    let slice = Slice {
        offset: (page - 1).saturating_mul(PAGE_LEN),
        limit: PAGE_LEN,
    };
    let thread = app.store.comments(paper.id, slice).await?;
    let comments: Vec<Value> = thread.comments.iter().map(as_json).collect();
    Ok(not_kept(Json(json!({
        "paper": paper.key(),
        "total": thread.total,
        "locked": thread.locked.map(|lock| lock.reason),
        "comments": comments,
    }))))
}

fn as_json(comment: &Comment) -> Value {
    let shown = comment.state == CommentState::Shown;
    json!({
        "id": comment.id,
        "parent": comment.parent,
        "by": comment.name.as_deref().filter(|_| shown),
        "author": comment.by_author && shown,
        "at": comment.at,
        "edited": comment.edited,
        "state": comment.state.as_str(),
        "markdown": shown.then_some(comment.body.as_str()),
        "html": shown.then(|| markdown::html(&comment.body).0),
    })
}

/// What is being written, shown before it is sent or after it was refused.
#[derive(Debug, Template)]
#[template(path = "draft.html")]
struct DraftPage {
    layout: Layout,
    title: String,
    paper: String,
    key: String,
    parent: Option<i64>,
    /// The comment that is edited.
    edited: Option<i64>,
    body: String,
    fault: Option<String>,
    preview: Option<Html>,
}

/// A text for a form: what a page should not have to show is not shown again.
fn draft_text(form: &Form) -> String {
    form.raw("body")
        .chars()
        .take(4 * COMMENT_CHARS_MAX)
        .collect()
}

fn draft(app: &App, paper: &Paper, form: &Form, fault: Option<String>) -> DraftPage {
    let body = draft_text(form);
    DraftPage {
        layout: Layout::new(app, "Your comment").noindex(),
        title: latex_plain(&paper.title),
        paper: paper_path(&paper.key()),
        key: paper.key(),
        parent: form.text("parent").parse().ok(),
        edited: None,
        preview: fault.is_none().then(|| markdown::html(&body)),
        body,
        fault,
    }
}

/// Shows a draft again; one that was refused with that status.
fn shown_again(page: &DraftPage, refused: Option<StatusCode>) -> Result<Response, Error> {
    let mut response = own(page)?;
    if let Some(status) = refused {
        *response.status_mut() = status;
    }
    Ok(response)
}

/// `POST /comments` with `paper`, `body`, for an answer `parent`, and `preview` to look at it first.
pub async fn write(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let paper = paper_of(&app, form.text("paper")).await?;
    let parent = match form.text("parent") {
        "" => None,
        text => Some(number(text)?),
    };
    let is_page = Accepted::of(&headers) != Accepted::Json;
    if form.has("preview") {
        return match is_page {
            true => shown_again(&draft(&app, &paper, &form, None), None),
            false => Ok(not_kept(Json(
                json!({"html": markdown::html(&draft_text(&form)).0}),
            ))),
        };
    }
    let said = match app.talk.comment(user.id) {
        Err(too_often) => Err(too_often),
        Ok(()) => {
            let now = app.clock.now();
            let said = app
                .store
                .add_comment(user.id, paper.id, parent, form.raw("body"), now);
            done(said.await?)
        }
    };
    match said {
        Ok(comment) => {
            app.status.data_changed();
            let json = as_json(&comment);
            match is_page {
                true => lead_to(&app, &comment, &paper).await,
                false => Ok(not_kept((StatusCode::CREATED, Json(json)))),
            }
        }
        Err(fault) => refused(&app, &paper, &form, is_page, None, fault),
    }
}

/// Nothing that was typed is lost: the form comes back with the reason beside it.
fn refused(
    app: &App,
    paper: &Paper,
    form: &Form,
    is_page: bool,
    edited: Option<i64>,
    fault: Error,
) -> Result<Response, Error> {
    let status = match &fault {
        Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::BadRequest(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        _ => return Err(fault),
    };
    if !is_page {
        return Err(fault);
    }
    let mut page = draft(app, paper, form, Some(fault.to_string()));
    page.edited = edited;
    shown_again(&page, Some(status))
}

/// To the comment's place on its paper's page.
async fn lead_to(app: &App, comment: &Comment, paper: &Paper) -> Result<Response, Error> {
    let before = app.store.comments_before(comment).await?;
    let path = paper_path(&paper.key());
    let address = match before / PAGE_LEN {
        0 => format!("{path}#c{}", comment.id),
        pages => format!("{path}?page={}#c{}", pages + 1, comment.id),
    };
    Ok(not_kept((StatusCode::SEE_OTHER, [(LOCATION, address)])))
}

#[derive(Debug, Template)]
#[template(path = "comment.html")]
struct OnePage {
    layout: Layout,
    comment: CommentView,
    title: String,
    paper: String,
    key: String,
    locked: Option<String>,
    /// The reader can write.
    writes: bool,
    /// The reader wrote it.
    own: bool,
    moderates: bool,
    removed: bool,
    /// The source, for who wrote it and for moderators.
    body: String,
    earlier: Vec<(String, Html)>,
    sign_in: Option<String>,
}

/// `GET /comments/{comment}`: a comment with its history, and what can be done with it.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let comment = load(&app, &segment).await?;
    if Accepted::of(&headers) == Accepted::Json {
        return Ok(not_kept(Json(as_json(&comment))));
    }
    let paper = paper_at(&app, &comment).await?;
    let thread = app
        .store
        .comments(
            paper.id,
            Slice {
                offset: 0,
                limit: 0,
            },
        )
        .await?;
    let shown = comment.state == CommentState::Shown;
    let earlier = match shown {
        true => app.store.comment_history(comment.id).await?,
        false => Vec::new(),
    };
    let own_comment = is_own(&comment, viewer.id());
    let moderates = viewer.moderator().is_ok();
    let page = OnePage {
        layout: Layout::new(&app, "Comment").noindex(),
        title: latex_plain(&paper.title),
        paper: paper_path(&paper.key()),
        key: paper.key(),
        writes: viewer.writer().is_ok() && thread.locked.is_none() && shown,
        locked: thread.locked.map(|lock| lock.reason),
        own: own_comment && shown,
        moderates,
        removed: comment.state == CommentState::Removed,
        body: match own_comment || moderates {
            true => comment.body.clone(),
            false => String::new(),
        },
        earlier: earlier
            .iter()
            .map(|e| (plain_date(utc_day(e.at)), markdown::html(&e.body)))
            .collect(),
        sign_in: (viewer.user().is_none() && app.people.signs_in())
            .then(|| format!("/sign-in?next=/comments/{}", comment.id)),
        comment: CommentView::new(&comment),
    };
    own(&page)
}

fn is_own(comment: &Comment, reader: Option<UserId>) -> bool {
    reader.is_some() && comment.account == reader
}

/// `POST /comments/{comment}/edit` with `body`.
pub async fn edit(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(segment): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    let comment = load(&app, &segment).await?;
    let paper = paper_at(&app, &comment).await?;
    let is_page = Accepted::of(&headers) != Accepted::Json;
    if form.has("preview") && is_page {
        let mut page = draft(&app, &paper, &form, None);
        page.edited = Some(comment.id);
        return shown_again(&page, None);
    }
    let edited = match app.talk.comment(user.id) {
        Err(too_often) => Err(too_often),
        Ok(()) => {
            let now = app.clock.now();
            let edited = app
                .store
                .edit_comment(user.id, comment.id, form.raw("body"), now);
            done(edited.await?)
        }
    };
    match edited {
        Ok(comment) => {
            app.status.data_changed();
            match is_page {
                true => lead_to(&app, &comment, &paper).await,
                false => Ok(not_kept(Json(as_json(&comment)))),
            }
        }
        Err(fault) => refused(&app, &paper, &form, is_page, Some(comment.id), fault),
    }
}

/// `POST /comments/{comment}/delete`.
pub async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let comment = load(&app, &segment).await?;
    let paper = paper_at(&app, &comment).await?;
    let deleted = app
        .store
        .delete_comment(user.id, comment.id, app.clock.now());
    done(deleted.await?)?;
    app.status.data_changed();
    let place = format!("{}#comments", paper_path(&paper.key()));
    // Not to where the form was: the comment's own page may be gone.
    let json = json!({"id": comment.id, "deleted": true});
    match Accepted::of(&headers) {
        Accepted::Json => Ok(not_kept(Json(json))),
        _ => Ok(not_kept((StatusCode::SEE_OTHER, [(LOCATION, place)]))),
    }
}

/// `POST /comments/{comment}/report` with `reason`.
pub async fn report(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(segment): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let user = viewer.writer()?;
    let form = Form::read(&body);
    app.talk.report(user.id)?;
    let id = number(&segment)?;
    let reported = app
        .store
        .report_comment(user.id, id, form.raw("reason"), app.clock.now());
    done(reported.await?)?;
    let json = json!({"id": id, "reported": true});
    if Accepted::of(&headers) == Accepted::Json {
        return Ok(back(&headers, &form, "/", json));
    }
    let page = SaidPage {
        layout: Layout::new(&app, "Reported").noindex(),
        words: "Thank you. The moderators will look at the comment; what they decide stands in the public log.",
        href: format!("/comments/{id}"),
    };
    own(&page)
}

/// A sentence, and the way back.
#[derive(Debug, Template)]
#[template(path = "said.html")]
struct SaidPage {
    layout: Layout,
    words: &'static str,
    href: String,
}

pub(super) fn number(text: &str) -> Result<i64, Error> {
    let number = text
        .parse::<i64>()
        .ok()
        .filter(|n| (1..=i64::from(i32::MAX)).contains(n));
    number.ok_or_else(|| Error::not_found("There is no comment of this number."))
}

pub(super) async fn load(app: &App, segment: &str) -> Result<Comment, Error> {
    let comment = app.store.comment(number(segment)?).await?;
    comment.ok_or_else(|| Error::not_found("There is no comment of this number, or not any more."))
}

pub(super) async fn paper_at(app: &App, comment: &Comment) -> Result<Paper, Error> {
    let paper = app.store.papers(&[comment.paper]).await?.pop();
    paper.ok_or_else(|| Error::not_found("The paper of this comment is not here."))
}
