//! News for one reader, and how many of it are unread on the masthead.

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;
use store::talk::{Notice, NoticeKind};

use super::{back, own};
use crate::account::{Viewer, viewer};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::App;
use crate::view::{Layout, cut, latex_plain, paper_path, path_segment, plain_date, query_value};

/// How many notices the page shows.
const SHOWN: u32 = 100;

tokio::task_local! {
    /// How many notices the reader of the page at work has not looked at.
    static UNREAD: u32;
}

/// How many notices the reader of the page at work has not looked at.
pub(crate) fn unread() -> u32 {
    UNREAD.try_with(|unread| *unread).unwrap_or(0)
}

/// Middleware: counts them, for pages of somebody who is known; one indexed count.
pub(crate) async fn count_unread(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && Accepted::of(request.headers()) == Accepted::Html;
    let unread = match viewer().id().filter(|_| is_page) {
        // A page is worth more than its count: a failure shows none, and the page itself will say so.
        Some(account) => app.store.notices_unread(account).await.unwrap_or(0),
        None => return next.run(request).await,
    };
    UNREAD.scope(unread, next.run(request)).await
}

#[derive(Debug, Template)]
#[template(path = "notifications.html")]
struct NoticesPage {
    layout: Layout,
    notices: Vec<NoticeView>,
    any_unread: bool,
    until: i64,
    kinds: Vec<(NoticeKind, &'static str, bool)>,
}

#[derive(Debug)]
struct NoticeView {
    id: i64,
    words: String,
    href: String,
    about: String,
    day: String,
    unread: bool,
}

/// `GET /notifications`.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let account = viewer.reader()?.id;
    let notices = app.store.notices(account, SHOWN).await?;
    if Accepted::of(&headers) == Accepted::Json {
        let notices: Vec<_> = notices.iter().map(as_json).collect();
        return Ok(not_kept(Json(notices)));
    }
    let off = app.store.notices_off(account).await?;
    let page = NoticesPage {
        layout: Layout::new(&app, "Notifications").noindex(),
        any_unread: notices.iter().any(|notice| notice.unread),
        until: notices
            .first()
            .map_or(0, |notice| notice.at.as_microsecond()),
        notices: notices.iter().map(view).collect(),
        kinds: NoticeKind::ALL
            .into_iter()
            .map(|kind| (kind, kind_words(kind), !off.contains(&kind)))
            .collect(),
    };
    own(&page)
}

/// `POST /notifications/read` with `one`, a number, or `until`, the moment of the newest one on the page.
pub async fn read(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let account = viewer.writer()?.id;
    let form = Form::read(&body);
    let one = form.text("one").parse::<i64>().ok();
    let until = form.text("until").parse::<i64>().ok();
    let until = until.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    let until = until.unwrap_or_else(|| app.clock.now());
    let read = app.store.read_notices(account, one, until).await?;
    Ok(back(
        &headers,
        &form,
        "/notifications",
        json!({"read": read}),
    ))
}

/// `POST /notifications/kinds`: each kind that is ticked is wanted.
pub async fn kinds(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let account = viewer.writer()?.id;
    let form = Form::read(&body);
    let off: Vec<NoticeKind> = NoticeKind::ALL
        .into_iter()
        .filter(|kind| !form.has(kind.as_str()))
        .collect();
    app.store.set_notices_off(account, &off).await?;
    let off: Vec<&str> = off.iter().map(|kind| kind.as_str()).collect();
    Ok(back(&headers, &form, "/notifications", json!({"off": off})))
}

fn kind_words(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Reply => "Answers to my comments",
        NoticeKind::Mention => "Comments that name me",
        NoticeKind::Comment => "Comments on papers that I wrote or saved",
        NoticeKind::Moderation => "What moderators do with what is mine",
        NoticeKind::Paper => "New papers of what I follow",
    }
}

fn as_json(notice: &Notice) -> serde_json::Value {
    json!({
        "id": notice.id,
        "kind": notice.kind.as_str(),
        "at": notice.at,
        "paper": notice.key,
        "comment": notice.comment,
        "by": notice.by,
        "count": notice.tally,
        "text": notice.text,
        "unread": notice.unread,
    })
}

fn view(notice: &Notice) -> NoticeView {
    let by = notice.by.as_deref().unwrap_or("Somebody");
    let words = match notice.kind {
        NoticeKind::Reply => format!("{by} answered your comment"),
        NoticeKind::Mention => format!("{by} named you in a comment"),
        NoticeKind::Comment => format!("{by} commented on a paper of yours"),
        NoticeKind::Moderation => notice.text.clone(),
        NoticeKind::Paper => match notice.tally {
            1 => "1 new paper".to_string(),
            n => format!("{n} new papers"),
        },
    };
    let (about, href) = match (notice.comment, &notice.key) {
        (Some(comment), _) => (
            notice.title.as_deref().map(latex_plain).unwrap_or_default(),
            format!("/comments/{comment}"),
        ),
        (None, Some(key)) => (
            notice.title.as_deref().map(latex_plain).unwrap_or_default(),
            paper_path(key),
        ),
        (None, None) => follow_of(&notice.text),
    };
    NoticeView {
        id: notice.id,
        words,
        href,
        about: cut(&about, 160),
        day: plain_date(domain::paper::utc_day(notice.at)),
        unread: notice.unread,
    }
}

/// What a notice of papers is about, from `kind:value`.
fn follow_of(text: &str) -> (String, String) {
    let (kind, value) = text.split_once(':').unwrap_or(("", text));
    let href = match kind {
        "category" => format!("/categories/{}", path_segment(value)),
        "author" => format!("/authors/{}", path_segment(value)),
        "tag" => format!("/tags/{}", path_segment(value)),
        "query" => format!("/search?q={}", query_value(value)),
        _ => "/following".to_string(),
    };
    let about = match kind {
        "author" => crate::lists::author_words(value),
        _ => value.to_string(),
    };
    (about, href)
}
