//! `/suggest?q=`: what may be meant while it is being typed, in the form that browsers know (OpenSearch Suggestions
//! 1.1): `["sparse att", ["sparse attention", ...]]`. First the last word completed, then titles of papers.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::ids::PaperId;
use search::engine::{Mode, Request};
use serde_json::json;

use super::query::Query;
use crate::cache::Policy;
use crate::error::Error;
use crate::latex;
use crate::state::App;
use crate::view::cut;

/// How many completions of the last word are given.
const WORDS: usize = 5;

/// How many titles follow, once there are two words.
const TITLES: usize = 4;

/// Longest title, in characters.
const TITLE_CHARS: usize = 120;

/// Longest text that is completed, in characters.
const TYPED_CHARS_MAX: usize = 200;

/// `GET /suggest`.
pub async fn show(State(app): State<App>, query: Query) -> Result<Response, Error> {
    let typed = cut(query.text("q"), TYPED_CHARS_MAX);
    let (engine, text) = (app.engine.clone(), typed.clone());
    let found = tokio::task::spawn_blocking(move || -> Result<_, search::engine::Error> {
        let words = engine.suggest(&text, WORDS)?;
        if !text.contains(' ') {
            return Ok((words, Vec::new()));
        }
        let request = Request {
            query: text,
            mode: Mode::Hybrid,
            limit: TITLES,
            ..Request::default()
        };
        let hits = engine.search(&request)?.hits;
        Ok((words, hits.iter().map(|hit| hit.paper).collect()))
    });
    let (words, rows): (Vec<String>, Vec<PaperId>) = found.await??;
    let begun = typed.rfind(' ').map_or("", |space| &typed[..=space]);
    let mut suggestions: Vec<String> = words.iter().map(|word| format!("{begun}{word}")).collect();
    for paper in app.store.papers(&rows).await? {
        suggestions.push(cut(&latex::plain(&paper.title), TITLE_CHARS));
    }
    suggestions.retain(|suggestion| *suggestion != typed);
    let body = Json(json!([typed, suggestions]));
    let media_type = [(
        CONTENT_TYPE,
        "application/x-suggestions+json; charset=utf-8",
    )];
    Ok(Policy::Living.on((media_type, body).into_response()))
}
