//! One paper in the forms in which people take it away: BibTeX, RIS, Markdown, JSON.

mod bibtex;
mod json;
mod latex;
mod markdown;
mod names;
mod ris;

#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::ids::ExternalId;
use domain::paper::Paper;

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::state::App;
use crate::suffix::PaperFormat;
use crate::view::paper_path;

// These are for the command line as well, which exports them.
pub use bibtex::{CitationKeys, bibtex};
pub use json::{PaperJson, paper_json};
pub use markdown::markdown;
pub use ris::ris;

/// Answers a request for one paper in one form.
pub(crate) async fn respond(
    app: &App,
    id: &ExternalId,
    format: PaperFormat,
    base: &BaseUrl,
) -> Result<Response, Error> {
    let Some(paper) = app.store.paper(id).await? else {
        return Err(Error::not_found(format!(
            "The paper {id} is not known here."
        )));
    };
    let page_url = base.join(&paper_path(&paper.key()));
    let (media_type, text) = match format {
        PaperFormat::Md => ("text/markdown; charset=utf-8", markdown(&paper, &page_url)),
        PaperFormat::Bib => ("application/x-bibtex; charset=utf-8", bibtex(&paper)),
        PaperFormat::Ris => (
            "application/x-research-info-systems; charset=utf-8",
            ris(&paper),
        ),
        PaperFormat::Json => ("application/json", json(app, &paper, page_url).await?),
    };
    let mut response = Body::from(text).into_response();
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(Policy::Living.on(response))
}

/// Whether a paper's page is asked for as Markdown. The cache keeps the two apart by the same test.
pub(crate) fn wants_markdown(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).map(HeaderValue::as_bytes);
    accept.is_some_and(|accept| accept.starts_with(b"text/markdown"))
}

async fn json(app: &App, paper: &Paper, page_url: String) -> Result<String, Error> {
    let provenance = app.store.provenance(paper.id).await?;
    let readings = app.store.readings(paper.id).await?;
    let whole = paper_json(paper).with_history(page_url, &provenance, &readings);
    serde_json::to_string(&whole).map_err(|e| Error::Render(format!("paper as JSON: {e}")))
}
