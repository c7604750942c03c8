//! The block on a paper's page: this paper runs here.

use domain::ids::Scheme;
use domain::paper::Paper;

use super::method::newest;
use crate::error::Error;
use crate::lab::Outcome;
use crate::state::App;

/// What the page of a paper says of its method.
#[derive(Debug)]
pub struct Block {
    /// Short name.
    pub id: String,
    /// The claim that is tested.
    pub claim: String,
    /// Whose outcome it is.
    pub whose: String,
    /// The newest outcome.
    pub outcome: Outcome,
    /// Why the claim may not show.
    pub likely_reason: String,
    /// Where its plots are.
    pub plots: String,
    /// Whether runs are taken.
    pub open: bool,
}

/// The block of a paper, if its method runs here.
pub async fn of(app: &App, paper: &Paper) -> Result<Option<Block>, Error> {
    let arxiv = paper.ids.iter().filter(|id| id.scheme == Scheme::Arxiv);
    let method = arxiv.filter_map(|id| app.lab.of_paper(&id.value)).next();
    let Some(method) = method else {
        return Ok(None);
    };
    let (whose, outcome, plots) = newest(app, method).await?;
    Ok(Some(Block {
        id: method.card.id.clone(),
        claim: method.card.claim.clone(),
        whose,
        outcome,
        likely_reason: method.card.likely_reason.clone(),
        plots,
        open: app.lab.closed.is_none(),
    }))
}
