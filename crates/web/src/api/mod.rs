//! The read side of the Hugging Face Papers API, so that its clients work here unchanged:
//! `HF_ENDPOINT=http://localhost:8080 hf papers ls`.
//!
//! | Address | Answer |
//! |---|---|
//! | `GET /api/daily_papers` | papers of a day, a week, a month, the newest, or what is trending |
//! | `GET /api/papers/search` | what a query finds |
//! | `GET /api/papers/{id}` | one paper |
//! | `GET /papers/{id}.md` | one paper as Markdown; see [`formats`](crate::formats) |
//! | `GET /api/agent-harnesses` | an empty registry: `hf` asks for it before every command |
//! | `GET /api/whoami-v2` | 401: there are no accounts |
//!
//! Where this server differs on purpose: the default and the order of a day's list are those of its own pages, every
//! paper is "submitted" by the one user `broadsheet`, and `publishedAt` of an item is the paper's own, not shifted by
//! a time zone. What several clients read from the top of an item only is there as well as inside `paper`.

mod daily;
mod paper;
mod params;
mod search;
mod shapes;
mod thumbnail;

#[cfg(test)]
mod tests;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde::Serialize;
use serde_json::json;

use crate::cache::Policy;
use crate::error::Error;
use crate::state::App;

/// Everything under `/api`, and the pictures that its answers point to.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/daily_papers", get(daily::daily_papers))
        .route("/api/papers/search", get(search::search_papers))
        .route("/api/papers/{*id}", get(paper::paper_info))
        .route("/api/agent-harnesses", get(agent_harnesses))
        .route("/api/whoami-v2", get(whoami))
        .route("/api", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .route("/thumbnails/{*file}", get(thumbnail::thumbnail))
}

/// The registry of harnesses that `hf` looks itself up in; it keeps an answer for a day and re-asks after a 404.
async fn agent_harnesses() -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "public, max-age=86400")],
        Json(json!({ "standardEnvVars": [], "harnesses": {} })),
    )
}

async fn whoami() -> impl IntoResponse {
    let text = "Invalid user token";
    (
        StatusCode::UNAUTHORIZED,
        [
            (WWW_AUTHENTICATE.as_str(), "Bearer"),
            ("x-error-message", text),
        ],
        Json(json!({ "error": text })),
    )
}

async fn unknown() -> Error {
    Error::not_found("There is no such address in this API.")
}

/// An answer as compact JSON.
fn json_answer(value: &impl Serialize) -> Response {
    Policy::Living.on(Json(value).into_response())
}
