//! `/about/ranking`: the formulas by which lists are ordered. Every number on the page is the one that the program runs
//! with, taken from where it is used.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::signal::Signal;
use search::trend::{self, ALONE, EVIDENCE_MAX, SECONDED, Z};

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::{TRENDING_DAYS, TRENDING_LEN};
use crate::pages::html;
use crate::state::App;
use crate::view::{Layout, signal_name};

#[derive(Debug, Template)]
#[template(path = "ranking.html")]
struct RankingPage {
    layout: Layout,
    windows: String,
    places: usize,
    z: f64,
    evidence_max: f64,
    alone_percent: f64,
    seconded: f64,
    priors: Vec<PriorView>,
    example: Example,
}

/// A signal's row of the table.
#[derive(Debug, Clone)]
struct PriorView {
    name: &'static str,
    alpha: f64,
    beta: f64,
    usual: f64,
    weight: f64,
}

/// One worked case: stars gained in days, and the evidence that follows.
#[derive(Debug)]
struct Example {
    gain: u32,
    days: f64,
    evidence: String,
}

/// `GET /about/ranking`.
pub async fn show(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let mut layout = Layout::new(&app, "Ranking");
    layout.canonical = base.join("/about/ranking");
    layout.description = "How lists are ordered: the formula and its numbers.".to_string();
    let page = RankingPage {
        layout,
        windows: TRENDING_DAYS.map(|d| d.to_string()).join(", "),
        places: TRENDING_LEN,
        z: -Z,
        evidence_max: EVIDENCE_MAX,
        alone_percent: ALONE * 100.0,
        seconded: SECONDED,
        priors: Signal::ALL.map(prior).to_vec(),
        example: example(30, 7.0),
    };
    html(&page, Policy::Settled)
}

fn prior(signal: Signal) -> PriorView {
    let prior = trend::prior(signal);
    PriorView {
        name: signal_name(signal),
        alpha: prior.alpha,
        beta: prior.beta,
        usual: prior.alpha / prior.beta,
        weight: prior.weight,
    }
}

fn example(gain: u32, days: f64) -> Example {
    let evidence = trend::evidence(f64::from(gain), days, &trend::prior(Signal::Stars));
    Example {
        gain,
        days,
        evidence: format!("{evidence:.2}"),
    }
}
