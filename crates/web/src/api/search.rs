//! `GET /api/papers/search`: what a query finds, best first.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use domain::paper::Paper;
use search::engine::{Request, Sort};
use store::Slice;

use super::json_answer;
use super::params::Params;
use super::shapes::Item;
use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::state::App;

/// Longest query that this API accepts, in characters.
const QUERY_CHARS_MAX: usize = 250;

/// Most papers that an answer holds, and what it holds when not told otherwise.
const LIMIT_MAX: u32 = 120;

/// Answers with an array of items. Without a query these are the newest papers.
pub(super) async fn search_papers(
    State(app): State<App>,
    base: BaseUrl,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref());
    let limit = params.number("limit", 1..=LIMIT_MAX, LIMIT_MAX)?;
    let papers = match params.text("q") {
        Some(q) if q.chars().count() > QUERY_CHARS_MAX => {
            let message = format!("`q` must have at most {QUERY_CHARS_MAX} characters");
            return Err(Error::BadRequest(message));
        }
        Some(q) => find(&app, q, limit).await?,
        None => app.store.newest(Slice { offset: 0, limit }).await?.papers,
    };
    let items: Vec<Item<'_>> = papers.iter().map(|p| Item::new(p, &base)).collect();
    Ok(json_answer(&items))
}

/// The papers that a query finds; the one that it names by id comes first.
async fn find(app: &App, query: &str, limit: u32) -> Result<Vec<Paper>, Error> {
    let request = Request {
        query: query.to_string(),
        sort: Sort::Relevance,
        limit: limit as usize,
        ..Request::default()
    };
    let engine = app.engine.clone();
    let answer = tokio::task::spawn_blocking(move || engine.search(&request)).await??;
    let rows: Vec<_> = answer.hits.iter().map(|hit| hit.paper).collect();
    let mut papers = app.store.papers(&rows).await?;
    if let Some(id) = &answer.direct
        && let Some(named) = app.store.paper(id).await?
    {
        papers.retain(|paper| paper.id != named.id);
        papers.insert(0, named);
        papers.truncate(limit as usize);
    }
    Ok(papers)
}
