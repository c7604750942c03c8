//! `/admin`: how the site is doing, for whoever runs it: totals, sources, jobs, mail.

mod mail;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Response};
use axum::routing::{get, post};
use domain::ledger::Batch;
use jiff::Timestamp;
use serde_json::json;
use store::Job;

use super::acted::acted;
use super::paper::source_name;
use crate::account::Viewer;
use crate::cache::not_kept;
use crate::error::Error;
use crate::state::App;
use crate::view::{Layout, cut, number, short_date};

/// How many jobs, and lines of the ledger that need something, are shown.
const SHOWN: u32 = 100;

/// For admins alone.
pub(crate) fn private_routes() -> Router<App> {
    Router::new()
        .route("/admin", get(overview))
        .route("/admin/sources", get(sources))
        .route("/admin/jobs", get(jobs))
        .route("/admin/jobs/{id}/retry", post(retry))
        .route("/admin/mail", get(mail::show).post(mail::allow))
}

#[derive(Debug, Template)]
#[template(path = "admin.html")]
struct AdminPage {
    layout: Layout,
    doing: String,
    totals: Vec<(&'static str, String)>,
    given_up: usize,
}

#[derive(Debug, Template)]
#[template(path = "admin_sources.html")]
struct SourcesPage {
    layout: Layout,
    fetching: Vec<(&'static str, String)>,
    hosts: Vec<(String, String, String)>,
    open: Vec<OpenLine>,
    quarantine: Vec<(&'static str, String, String)>,
}

#[derive(Debug)]
struct OpenLine {
    day: String,
    source: &'static str,
    category: String,
    state: &'static str,
    reason: String,
}

#[derive(Debug, Template)]
#[template(path = "admin_jobs.html")]
struct JobsPage {
    layout: Layout,
    waiting: Vec<JobView>,
    given_up: Vec<JobView>,
}

#[derive(Debug)]
struct JobView {
    id: i64,
    kind: String,
    payload: String,
    when: String,
    attempts: u32,
    error: String,
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `GET /admin`.
async fn overview(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    viewer.admin()?;
    let totals = app.store.totals().await?;
    let jobs = app.store.jobs(SHOWN).await?;
    let mut numbers = vec![
        ("Papers", number(totals.papers)),
        ("Readings of signals", number(totals.readings)),
        ("Records set aside", number(totals.quarantined)),
        (
            "Known from the starter shelf only",
            number(totals.shelf_only),
        ),
    ];
    if let Some(bytes) = totals.bytes {
        numbers.push(("Database", format!("{} MB", number(bytes / 1_000_000))));
    }
    let page = AdminPage {
        layout: Layout::new(&app, "Running the site").noindex(),
        doing: super::today::doing(&app.status.activity()),
        totals: numbers,
        given_up: jobs.iter().filter(|job| job.run_at.is_none()).count(),
    };
    Ok(not_kept(Html(page.render()?)))
}

/// `GET /admin/sources`.
async fn sources(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    viewer.admin()?;
    let activity = app.status.activity();
    let now = app.clock.now();
    let or = |at: Option<Timestamp>, else_say: &str| at.map_or(else_say.to_string(), time);
    let mut fetching = vec![
        (
            "Last round",
            or(activity.last_fetch, "none since the start"),
        ),
        (
            "Next round",
            match activity.offline {
                true => "none: started offline".to_string(),
                false => or(activity.next_fetch, "when this one is done"),
            },
        ),
    ];
    if let Some(doing) = activity.doing {
        fetching.push(("Now", doing));
    }
    if let Some(error) = activity.last_error {
        fetching.push(("Last failure", cut(&error, 300)));
    }
    let hosts = app
        .store
        .hosts()
        .await?
        .into_iter()
        .map(|(host, next, why)| {
            let when = match next > now {
                true => format!("not before {}", time(next)),
                false => "at any time".to_string(),
            };
            let why = if next > now {
                cut(&why, 200)
            } else {
                String::new()
            };
            (cut(&host, 80), when, why)
        });
    let hosts = hosts.collect();
    let open = app.store.batches(None, true, SHOWN).await?;
    let quarantine = app.store.quarantine_counts().await?;
    let page = SourcesPage {
        layout: Layout::new(&app, "Sources").noindex(),
        fetching,
        hosts,
        open: open.iter().map(open_line).collect(),
        quarantine: quarantine
            .into_iter()
            .map(|(source, records, newest)| (source_name(source), number(records), time(newest)))
            .collect(),
    };
    Ok(not_kept(Html(page.render()?)))
}

fn open_line(batch: &Batch) -> OpenLine {
    OpenLine {
        day: short_date(batch.key.day),
        source: source_name(batch.key.source),
        category: cut(&batch.key.category, 40),
        state: batch.state.as_str(),
        reason: cut(&batch.reason, 200),
    }
}

/// `GET /admin/jobs`.
async fn jobs(State(app): State<App>, viewer: Viewer) -> Result<Response, Error> {
    viewer.admin()?;
    let jobs = app.store.jobs(SHOWN * 5).await?;
    let (waiting, given_up): (Vec<_>, Vec<_>) =
        jobs.iter().map(view).partition(|job| !job.when.is_empty());
    let page = JobsPage {
        layout: Layout::new(&app, "Jobs").noindex(),
        waiting,
        given_up,
    };
    Ok(not_kept(Html(page.render()?)))
}

fn view(job: &Job) -> JobView {
    JobView {
        id: job.id,
        kind: job.kind.clone(),
        payload: cut(&job.payload, 120),
        when: job.run_at.map_or(String::new(), time),
        attempts: job.attempts,
        error: cut(&job.last_error, 300),
    }
}

/// `POST /admin/jobs/{id}/retry`: a job that was given up is tried again.
async fn retry(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    viewer.admin()?;
    let id = id.parse().unwrap_or(-1);
    if !app.store.retry_job(id, app.clock.now()).await? {
        return Err(Error::not_found(
            "No job of this number was given up: it is gone, or waits already.",
        ));
    }
    Ok(acted(&headers, "/admin/jobs", json!({ "done": true })))
}
