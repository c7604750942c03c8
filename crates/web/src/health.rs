//! What operators and their machines ask: is the process alive, can it serve, how is it doing.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::cache::not_kept;
use crate::error::Error;
use crate::state::App;

/// How many changes the index may be behind before searches miss too much to be called served.
const INDEX_LAG_MAX: u64 = 20_000;

/// How long the database and the index get to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `/healthz`, `/readyz` and `/metrics`. They tell of this moment, so they stand outside of the cache.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// The process runs and answers. Nothing else is looked at, so that a slow database never gets it killed.
async fn alive() -> Response {
    not_kept("ok\n")
}

/// Whether requests can be served: the database answers, the index is open and nearly up to date.
async fn ready(State(app): State<App>) -> Response {
    match why_not_ready(&app).await {
        None => not_kept(Json(json!({ "ready": true }))),
        Some(reason) => not_kept((
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "ready": false, "reason": reason })),
        )),
    }
}

async fn why_not_ready(app: &App) -> Option<String> {
    match tokio::time::timeout(PATIENCE, app.store.seq()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Some(format!("the database does not answer: {error}")),
        Err(_) => return Some("the database does not answer in time".to_string()),
    }
    let engine = app.engine.clone();
    // An author whom nobody has: the cheapest question that reaches the index.
    let question = tokio::task::spawn_blocking(move || engine.author("-", 0, 1));
    match tokio::time::timeout(PATIENCE, question).await {
        Ok(Ok(Ok(_))) => {}
        Ok(Ok(Err(error))) => return Some(format!("the index does not answer: {error}")),
        Ok(Err(error)) => return Some(format!("the index does not answer: {error}")),
        Err(_) => return Some("the index does not answer in time".to_string()),
    }
    let (done, total) = app.status.activity().indexing?;
    let behind = total.saturating_sub(done);
    (behind > INDEX_LAG_MAX).then(|| format!("the index is {behind} changes behind"))
}

/// Counters and histograms in Prometheus' text format.
async fn metrics(State(app): State<App>) -> Result<Response, Error> {
    let Some(render) = &app.metrics else {
        return Err(Error::not_found("Metrics are not switched on."));
    };
    let media_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok(not_kept((media_type, render())))
}
