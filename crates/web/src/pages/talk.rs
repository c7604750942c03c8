//! What people do and say: votes, saves, hidden papers, follows, comments, moderation, news.
//!
//! Every action is a form that works without a script and answers JSON to who asks for it; afterwards the reader is
//! back where they were.

pub mod comments;
pub mod follows;
pub mod marks;
pub mod moderation;
pub mod notices;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{LOCATION, REFERER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::account::UserId;
use domain::ids::ExternalId;
use domain::paper::Paper;
use serde_json::Value;
use store::talk::{Done, Refusal};

use crate::account::next_path;
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::pages::form::Form;
use crate::state::{App, Clock};
use crate::throttle::Throttle;

/// Largest body of a form with a comment, in bytes: 10,000 characters of four bytes, each written as `%XX`, and the rest.
const COMMENT_BODY_MAX: usize = 192 * 1024;

/// How often one person may act. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Throttles(Arc<Quotas>);

#[derive(Debug)]
struct Quotas {
    marks: Throttle<UserId>,
    comments: Throttle<UserId>,
    reports: Throttle<UserId>,
}

impl Throttles {
    /// By this clock.
    pub(crate) fn new(clock: &Clock) -> Self {
        Throttles(Arc::new(Quotas {
            marks: Throttle::new(120, Duration::from_secs(2), clock),
            comments: Throttle::new(10, Duration::from_secs(20), clock),
            reports: Throttle::new(10, Duration::from_secs(120), clock),
        }))
    }

    fn mark(&self, who: UserId) -> Result<(), Error> {
        self.0
            .marks
            .admit(&who, "That was too often in a short time")
    }

    fn comment(&self, who: UserId) -> Result<(), Error> {
        self.0
            .comments
            .admit(&who, "Too many comments in a short time")
    }

    fn report(&self, who: UserId) -> Result<(), Error> {
        self.0
            .reports
            .admit(&who, "Too many reports in a short time")
    }
}

/// What is one reader's, or changes something.
pub(crate) fn routes() -> Router<App> {
    let writing = Router::new()
        .route("/comments", get(comments::list).post(comments::write))
        .route("/comments/{comment}/edit", post(comments::edit))
        .layer(DefaultBodyLimit::max(COMMENT_BODY_MAX));
    Router::new()
        .route("/vote", post(marks::vote))
        .route("/save", post(marks::save))
        .route("/hide", post(marks::hide))
        .route("/saved", get(marks::saved))
        .route("/saved.bib", get(marks::bib))
        .route("/saved.ris", get(marks::ris))
        .route("/saved.json", get(marks::json))
        .route("/hidden", get(marks::hidden))
        .route("/follow", post(follows::follow))
        .route("/following", get(follows::show))
        .route("/comments/{comment}", get(comments::show))
        .route("/comments/{comment}/delete", post(comments::delete))
        .route("/comments/{comment}/report", post(comments::report))
        .route("/comments/{comment}/judge", post(moderation::judge))
        .route("/moderation", get(moderation::queue))
        .route("/moderation/log", get(moderation::log))
        .route("/moderation/lock", post(moderation::lock))
        .route("/notifications", get(notices::show))
        .route("/notifications/read", post(notices::read))
        .route("/notifications/kinds", post(notices::kinds))
        .merge(writing)
}

/// The paper that a form means, by the key in its field `paper`.
async fn paper_of(app: &App, key: &str) -> Result<Paper, Error> {
    let id = key.parse::<ExternalId>().ok();
    let paper = match id {
        Some(id) => app.store.paper(&id).await?,
        None => None,
    };
    paper.ok_or_else(|| Error::not_found(Refusal::NoPaper.to_string()))
}

/// What the store did, or its refusal as the answer.
fn done<T>(done: Done<T>) -> Result<T, Error> {
    done.map_err(|refusal| match refusal {
        Refusal::NoPaper | Refusal::NoComment => Error::not_found(refusal.to_string()),
        Refusal::NotYours | Refusal::Locked(_) => Error::Forbidden(refusal.to_string()),
        Refusal::TooMany | Refusal::EditedOut | Refusal::FollowsFull => {
            Error::TooMany(refusal.to_string())
        }
        _ => Error::BadRequest(refusal.to_string()),
    })
}

/// Leads back to where the form says, or where the reader came from, or `otherwise`; programs get JSON.
fn back(headers: &HeaderMap, form: &Form, otherwise: &str, json: Value) -> Response {
    if Accepted::of(headers) == Accepted::Json {
        return not_kept(Json(json));
    }
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let came_from = referer
        .and_then(|text| url::Url::parse(text).ok())
        .map(|url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_string(),
        });
    let next = match (form.text("next"), &came_from) {
        ("", Some(page)) => next_path(page).to_string(),
        ("", None) => otherwise.to_string(),
        (next, _) => next_path(next).to_string(),
    };
    not_kept((StatusCode::SEE_OTHER, [(LOCATION, next)]))
}

/// A page of one reader's.
fn own(page: &impl askama::Template) -> Result<Response, Error> {
    Ok(not_kept(Html(page.render()?)))
}
