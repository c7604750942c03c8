//! What moderators see and do, and the log of it that everybody can read.

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::paper::utc_day;
use serde_json::json;
use store::Slice;
use store::talk::{LogEntry, Report, Verdict};

use super::comments::{CommentView, number};
use super::{back, done, own, paper_of};
use crate::account::Viewer;
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::pages::form::Form;
use crate::pages::query::Query;
use crate::state::App;
use crate::view::{Layout, paper_path, plain_date};

/// How many reports the queue shows.
const QUEUE_LEN: u32 = 50;

/// How many lines a page of the log has.
const LOG_LEN: u32 = 50;

#[derive(Debug, Template)]
#[template(path = "moderation.html")]
struct QueuePage {
    layout: Layout,
    total: u32,
    reports: Vec<ReportView>,
}

#[derive(Debug)]
struct ReportView {
    comment: CommentView,
    by: String,
    day: String,
    reason: String,
    paper: String,
    key: String,
}

/// `GET /moderation`: reports that nobody has settled.
pub async fn queue(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    viewer.moderator()?;
    let slice = Slice {
        offset: 0,
        limit: QUEUE_LEN,
    };
    let (reports, total) = app.store.open_reports(slice).await?;
    own(&QueuePage {
        layout: Layout::new(&app, "Reports").noindex(),
        total,
        reports: reports.iter().map(report).collect(),
    })
}

fn report(report: &Report) -> ReportView {
    ReportView {
        comment: CommentView::new(&report.comment),
        by: report.by.clone().unwrap_or_else(|| "somebody".to_string()),
        day: plain_date(utc_day(report.at)),
        reason: report.reason.clone(),
        paper: paper_path(&report.key),
        key: report.key.clone(),
    }
}

/// `POST /comments/{comment}/judge` with `verdict` (keep or remove) and `reason`.
pub async fn judge(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(segment): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let moderator = viewer.moderator()?.id;
    let form = Form::read(&body);
    let verdict = match form.text("verdict") {
        "keep" => Verdict::Keep,
        "remove" => Verdict::Remove,
        _ => {
            return Err(Error::BadRequest(
                "A verdict is keep or remove.".to_string(),
            ));
        }
    };
    let id = number(&segment)?;
    let now = app.clock.now();
    let judged = app
        .store
        .judge_comment(moderator, id, verdict, form.raw("reason"), now);
    let comment = done(judged.await?)?;
    app.status.data_changed();
    let json = json!({"id": id, "state": comment.state.as_str()});
    Ok(back(&headers, &form, &format!("/comments/{id}"), json))
}

/// `POST /moderation/lock` with `paper`, `to` (1 or 0) and `reason`.
pub async fn lock(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let moderator = viewer.moderator()?.id;
    let form = Form::read(&body);
    let paper = paper_of(&app, form.text("paper")).await?;
    let on = form.text("to") != "0";
    let now = app.clock.now();
    let locked = app
        .store
        .lock_thread(moderator, paper.id, on, form.raw("reason"), now);
    done(locked.await?)?;
    app.status.data_changed();
    let json = json!({"paper": paper.key(), "locked": on});
    Ok(back(&headers, &form, &paper_path(&paper.key()), json))
}

#[derive(Debug, Template)]
#[template(path = "moderation_log.html")]
struct LogPage {
    layout: Layout,
    lines: Vec<LineView>,
    older: Option<String>,
}

#[derive(Debug)]
struct LineView {
    day: String,
    who: String,
    what: String,
    reason: String,
}

/// `GET /moderation/log`: what moderators did and why; `before` goes on after a line.
pub async fn log(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    let before = query.text("before").parse::<i64>().ok();
    let lines = app.store.moderation_log(before, LOG_LEN).await?;
    if Accepted::of(&headers) == Accepted::Json {
        let lines: Vec<_> = lines
            .iter()
            .map(|l| json!({"id": l.id, "at": l.at, "moderator": l.moderator, "action": l.action, "what": l.what, "reason": l.reason}))
            .collect();
        return Ok(not_kept(Json(lines)));
    }
    let older = lines.last().filter(|_| lines.len() == LOG_LEN as usize);
    own(&LogPage {
        layout: Layout::new(&app, "Moderation log"),
        older: older.map(|line| format!("/moderation/log?before={}", line.id)),
        lines: lines.iter().map(line).collect(),
    })
}

fn line(entry: &LogEntry) -> LineView {
    let did = match entry.action.as_str() {
        "comment-removed" => "removed",
        "comment-restored" => "showed again",
        "comment-kept" => "kept, after a report,",
        "thread-locked" => "locked",
        "thread-opened" => "opened again",
        other => other,
    };
    LineView {
        day: plain_date(utc_day(entry.at)),
        who: entry
            .moderator
            .clone()
            .unwrap_or_else(|| "A moderator of before".to_string()),
        what: format!("{did} {}", entry.what),
        reason: entry.reason.clone(),
    }
}
