//! `/lab/{method}`: the card, what came out, and the way to run it here.

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::ids::ExternalId;
use store::LabState;

use super::{family_name, html};
use crate::base_url::BaseUrl;
use crate::cache::{Accepted, Policy};
use crate::error::Error;
use crate::lab::{Card, Method, Outcome, SCALES, state_words};
use crate::state::App;
use crate::suffix::{Suffix, split_suffix};
use crate::view::{Anchor, Layout, paper_path, plain_date};

/// How many runs the page lists.
const RUNS_SHOWN: u32 = 8;

#[derive(Debug, Template)]
#[template(path = "lab_method.html")]
struct MethodPage {
    layout: Layout,
    card: Card,
    family: Anchor,
    paper: Anchor,
    closed: Option<String>,
    scales: [(&'static str, &'static str); 3],
    /// What is shown: the newest run here, or what came with the release.
    whose: String,
    outcome: Outcome,
    /// Where the outcome's plots are.
    plots: String,
    runs: Vec<(Anchor, String)>,
}

/// `GET /lab/{method}`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (id, suffix) = split_suffix(&segment);
    let method = find(&app, id)?;
    if suffix == Some(Suffix::Json) || Accepted::of(&headers) == Accepted::Json {
        return Ok(Policy::Living.on(Json(&method.json).into_response()));
    }
    if suffix.is_some() {
        return Err(Error::not_found(
            "A method of the lab has no such form; it has .json.",
        ));
    }
    let mut layout = Layout::new(&app, method.card.title.clone());
    layout.section = "/lab";
    layout.canonical = base.join(&format!("/lab/{id}"));
    layout.description.clone_from(&method.card.claim);
    let (whose, outcome, plots) = newest(&app, method).await?;
    let runs = app.store.lab_runs(Some(id), RUNS_SHOWN).await?;
    let page = MethodPage {
        layout,
        family: Anchor {
            text: family_name(&method.card.family).to_string(),
            href: format!("/lab?family={}", method.card.family),
        },
        paper: paper(&app, &method.card.arxiv).await?,
        closed: app.lab.closed.clone(),
        scales: SCALES,
        whose,
        outcome,
        plots,
        runs: runs
            .iter()
            .map(|run| {
                let link = Anchor {
                    text: format!("Run {}, {}, seed {}", run.id, run.scale, run.seed),
                    href: format!("/lab/runs/{}", run.id),
                };
                (link, state_words(run, None))
            })
            .collect(),
        card: method.card.clone(),
    };
    html(&page, Policy::Living)
}

/// The paper's page here, or at arXiv where it has not come in.
async fn paper(app: &App, arxiv: &str) -> Result<Anchor, Error> {
    let here = match ExternalId::arxiv(arxiv) {
        Ok((id, _)) => app.store.paper(&id).await?.is_some(),
        Err(_) => false,
    };
    Ok(Anchor {
        text: format!("arXiv {arxiv}"),
        href: if here {
            paper_path(arxiv)
        } else {
            format!("https://arxiv.org/abs/{arxiv}")
        },
    })
}

/// `GET /lab/{method}/plots/{plot}`, of the outcome that came with the release.
pub async fn plot(
    State(app): State<App>,
    Path((id, plot)): Path<(String, String)>,
) -> Result<Response, Error> {
    svg(&find(&app, &id)?.outcome, &plot)
}

/// A plot of an outcome as a picture.
pub(super) fn svg(outcome: &Outcome, plot: &str) -> Result<Response, Error> {
    let plot = plot
        .strip_suffix(".svg")
        .and_then(|id| outcome.plot(id))
        .ok_or_else(|| Error::not_found("There is no such plot."))?;
    let media_type = [(CONTENT_TYPE, "image/svg+xml")];
    Ok(Policy::Living.on((media_type, plot.svg.clone()).into_response()))
}

/// The method of a short name.
pub(super) fn find<'a>(app: &'a App, id: &str) -> Result<&'a Method, Error> {
    app.lab.method(id).ok_or_else(|| Error::NotFound {
        text: "No method of this name runs here.".to_string(),
        links: vec![("All papers that run".to_string(), "/lab".to_string())],
    })
}

/// The newest outcome of a method: whose it is, in words; the outcome; where its plots are.
pub(super) async fn newest(app: &App, method: &Method) -> Result<(String, Outcome, String), Error> {
    let id = &method.card.id;
    if let Some(run) = app.store.newest_lab_outcome(id).await?
        && run.state == LabState::Done
        // A run of an older release may have another shape; then what ships is shown.
        && let Some(outcome) = run.outcome.as_deref().and_then(|o| serde_json::from_str(o).ok())
    {
        let whose = format!("Run {} on this server", run.id);
        return Ok((whose, outcome, format!("/lab/runs/{}/plots", run.id)));
    }
    let outcome = method.outcome.clone();
    let day = outcome.date.parse().map(plain_date);
    let day = day.unwrap_or_else(|_| outcome.date.clone());
    let whose = format!("Run for this release on {day}");
    Ok((whose, outcome, format!("/lab/{id}/plots")))
}
