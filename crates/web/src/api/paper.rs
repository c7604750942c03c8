//! `GET /api/papers/{id}`: one paper.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::ids::ExternalId;

use super::json_answer;
use super::shapes::PaperInfo;
use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::state::App;

/// Answers with the paper of any id that it is known by; an arXiv id's version is passed over.
pub(super) async fn paper_info(
    State(app): State<App>,
    base: BaseUrl,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let not_found = || Error::not_found("Paper not found");
    let id: ExternalId = id.parse().map_err(|_| not_found())?;
    let paper = app.store.paper(&id).await?.ok_or_else(not_found)?;
    let info = PaperInfo::new(&paper, &base);
    Ok(json_answer(&info))
}
