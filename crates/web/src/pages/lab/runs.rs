//! Runs: asked for, watched, stopped.

use askama::Template;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, Response};
use store::{LabOrder, LabRun, LabState, Ordered};

use super::method::{find, svg};
use crate::cache::{Accepted, not_kept};
use crate::error::Error;
use crate::lab::{Outcome, SCALES, run_json, state_words};
use crate::origin;
use crate::state::App;
use crate::suffix::{Suffix, split_suffix};
use crate::view::{Anchor, Layout};

#[derive(Debug, Template)]
#[template(path = "lab_run.html")]
struct RunPage {
    layout: Layout,
    title: String,
    method: Anchor,
    claim: String,
    run: RunView,
    outcome: Option<Outcome>,
    likely_reason: String,
    plots: String,
}

/// A run's outcome by itself, to be put into a page that is open.
#[derive(Debug, Template)]
#[template(path = "lab_block_outcome.html")]
struct OutcomeBlock {
    outcome: Outcome,
    likely_reason: String,
    plots: String,
}

/// A run as pages show it.
#[derive(Debug)]
pub(super) struct RunView {
    pub(super) id: i64,
    pub(super) words: String,
    pub(super) over: bool,
    pub(super) failed: bool,
    /// In thousandths.
    pub(super) done: u32,
    pub(super) about: String,
}

impl RunView {
    pub(super) fn new(run: &LabRun, before: Option<u32>) -> RunView {
        RunView {
            id: run.id,
            words: state_words(run, before),
            over: run.state.is_over(),
            failed: run.state == LabState::Failed,
            done: run.done,
            about: format!("scale {}, from seed {}", run.scale, run.seed),
        }
    }
}

/// `POST /lab/{method}/runs` with `scale` and `seed`: queues a run and leads to its page.
pub async fn order(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    origin::ours(&headers)?;
    let method = find(&app, &id)?;
    if let Some(reason) = &app.lab.closed {
        return Err(Error::Unavailable(reason.clone()));
    }
    let (scale, seed) = wanted(&body)?;
    let order = LabOrder {
        method: &method.card.id,
        scale,
        seed,
    };
    let waiting_max = app.lab.waiting_max;
    let ordered = app.store.order_lab_run(order, waiting_max, app.clock.now());
    let run = match ordered.await? {
        Ordered::Taken(run) | Ordered::Already(run) => run,
        Ordered::Full => {
            return Err(Error::Unavailable(format!(
                "{waiting_max} runs are waiting already. Try again when some have ended."
            )));
        }
    };
    let address = format!("/lab/runs/{run}");
    if Accepted::of(&headers) == Accepted::Json {
        let run = load(&app, run).await?;
        let body = Json(run_json(&run, None));
        return Ok(not_kept((
            StatusCode::ACCEPTED,
            [(LOCATION, address)],
            body,
        )));
    }
    Ok(not_kept((StatusCode::SEE_OTHER, [(LOCATION, address)])))
}

/// Reads a form: the scale, and the seed.
fn wanted(body: &[u8]) -> Result<(&'static str, i64), Error> {
    let (mut scale, mut seed) = ("small", 1);
    for (name, value) in url::form_urlencoded::parse(body).take(8) {
        match &*name {
            "scale" => {
                let known = SCALES.iter().find(|(name, _)| *name == value);
                let known = known.ok_or_else(|| {
                    Error::BadRequest("A scale is tiny, small or full.".to_string())
                })?;
                scale = known.0;
            }
            "seed" => {
                let number = value.trim().parse::<u32>().map_err(|_| {
                    Error::BadRequest("A seed is a whole number from 0 to 4294967295.".to_string())
                })?;
                seed = i64::from(number);
            }
            _ => {}
        }
    }
    Ok((scale, seed))
}

/// `GET /lab/runs/{run}` and `GET /lab/runs/{run}.json`.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    let (number, suffix) = split_suffix(&segment);
    let run = load(&app, parse(number)?).await?;
    let before = before(&app, &run).await?;
    if suffix == Some(Suffix::Json) || Accepted::of(&headers) == Accepted::Json {
        return Ok(not_kept(Json(run_json(&run, before))));
    }
    let method = find(&app, &run.method)?;
    let mut layout = Layout::new(&app, format!("Run {}: {}", run.id, method.card.title)).noindex();
    layout.section = "/lab";
    let page = RunPage {
        layout,
        title: method.card.title.clone(),
        method: Anchor {
            text: "About this method".to_string(),
            href: format!("/lab/{}", method.card.id),
        },
        claim: method.card.claim.clone(),
        run: RunView::new(&run, before),
        outcome: outcome(&run),
        likely_reason: method.card.likely_reason.clone(),
        plots: format!("/lab/runs/{}/plots", run.id),
    };
    Ok(not_kept(Html(page.render()?)))
}

/// `GET /lab/runs/{run}/block`: the outcome as a piece of a page.
pub async fn block(State(app): State<App>, Path(number): Path<String>) -> Result<Response, Error> {
    let run = load(&app, parse(&number)?).await?;
    let method = find(&app, &run.method)?;
    let outcome =
        outcome(&run).ok_or_else(|| Error::not_found("This run has no outcome, or not yet."))?;
    let block = OutcomeBlock {
        outcome,
        likely_reason: method.card.likely_reason.clone(),
        plots: format!("/lab/runs/{}/plots", run.id),
    };
    Ok(not_kept(Html(block.render()?)))
}

/// `POST /lab/runs/{run}/cancel`.
pub async fn cancel(
    State(app): State<App>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Result<Response, Error> {
    origin::ours(&headers)?;
    let run = load(&app, parse(&number)?).await?;
    app.store.cancel_lab_run(run.id, app.clock.now()).await?;
    if Accepted::of(&headers) == Accepted::Json {
        let run = load(&app, run.id).await?;
        return Ok(not_kept(Json(run_json(&run, None))));
    }
    let address = format!("/lab/runs/{}", run.id);
    Ok(not_kept((StatusCode::SEE_OTHER, [(LOCATION, address)])))
}

/// `GET /lab/runs/{run}/plots/{plot}`.
pub async fn plot(
    State(app): State<App>,
    Path((number, plot)): Path<(String, String)>,
) -> Result<Response, Error> {
    let run = load(&app, parse(&number)?).await?;
    let outcome =
        outcome(&run).ok_or_else(|| Error::not_found("This run has no plots, or not yet."))?;
    svg(&outcome, &plot)
}

fn outcome(run: &LabRun) -> Option<Outcome> {
    serde_json::from_str(run.outcome.as_deref()?).ok()
}

pub(super) fn parse(number: &str) -> Result<i64, Error> {
    number.parse().map_err(|_| no_run())
}

pub(super) async fn load(app: &App, run: i64) -> Result<LabRun, Error> {
    app.store.lab_run(run).await?.ok_or_else(no_run)
}

/// How many runs are before a waiting one.
pub(super) async fn before(app: &App, run: &LabRun) -> Result<Option<u32>, Error> {
    if run.state != LabState::Waiting {
        return Ok(None);
    }
    Ok(Some(app.store.lab_runs_before(run.id).await?))
}

fn no_run() -> Error {
    Error::NotFound {
        text: "There is no run of this number; of each method the newest twenty are kept."
            .to_string(),
        links: vec![("All papers that run".to_string(), "/lab".to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_refused_in_words() {
        let check = |body: &str, expected: (&str, i64)| {
            assert_eq!(wanted(body.as_bytes()).unwrap(), expected);
        };
        check("", ("small", 1));
        check("scale=tiny&seed=7&other=x", ("tiny", 7));
        assert!(wanted(b"scale=huge").is_err());
        assert!(wanted(b"seed=-1").is_err());
        assert!(wanted(b"seed=99999999999999999999").is_err());
    }
}
