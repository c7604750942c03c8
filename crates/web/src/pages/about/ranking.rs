//! `/about/ranking`: the formulas by which lists are ordered. Every number on the page is the one that the program runs
//! with, taken from where it is used.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::prior::{Fitted, Prior, Priors};
use domain::signal::Signal;
use jiff::ToSpan;
use jiff::civil::Date;
use search::interest::Model;
use search::interest::traits::NAMES;
use search::trend::evidence::{EVIDENCE_MAX, Z, evidence};
use search::trend::fit::{FIT_DAYS, FIT_PAPERS_MIN};
use search::trend::history::{CHANGES, Change};
use search::trend::order::TOP_PLACES;
use search::trend::prior::{unfitted, weight};
use search::trend::{ALONE, SECONDED};

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::pages::html;
use crate::state::App;
use crate::trending::{TRENDING_DAYS, TRENDING_LEN};
use crate::view::{Layout, long_date, number, plain_date, short, signal_name};

#[derive(Debug, Template)]
#[template(path = "ranking.html")]
struct RankingPage {
    layout: Layout,
    windows: String,
    places: usize,
    top_places: usize,
    z: f64,
    evidence_max: f64,
    alone_percent: f64,
    seconded: f64,
    fit_days: u32,
    fit_papers_min: usize,
    /// "Thursday 19 November 2026", if anything was fitted yet.
    fitted_on: Option<String>,
    fitted: Vec<PriorView>,
    unfitted: Vec<PriorView>,
    weights: Vec<(&'static str, f64)>,
    example: Example,
    interest: InterestView,
    changes: [Change; 2],
}

/// A row of a table of priors.
#[derive(Debug, Clone)]
struct PriorView {
    signal: &'static str,
    field: String,
    alpha: String,
    beta: String,
    unit: String,
    usual: String,
    /// From how many papers, or empty.
    papers: String,
}

/// What predicted interest was learned from.
#[derive(Debug)]
struct InterestView {
    papers: String,
    /// First and last day.
    from: String,
    to: String,
    /// Each trait with what one standard deviation more of it weighs, the heaviest first.
    traits: Vec<(&'static str, String)>,
}

/// One worked case: stars gained in announcements, and the evidence that follows.
#[derive(Debug)]
struct Example {
    gain: u32,
    batches: f64,
    evidence: String,
}

/// `GET /about/ranking`.
pub async fn show(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let mut layout = Layout::new(&app, "Ranking");
    layout.canonical = base.join("/about/ranking");
    layout.description = "How lists are ordered: the formula and its numbers.".to_string();
    let priors = app.store.priors().await?;
    let zone = app.site.time_zone.clone();
    let day = |at: jiff::Timestamp| long_date(at.to_zoned(zone).date());
    let page = RankingPage {
        layout,
        windows: TRENDING_DAYS.map(|d| d.to_string()).join(", "),
        places: TRENDING_LEN,
        top_places: TOP_PLACES,
        z: -Z,
        evidence_max: EVIDENCE_MAX,
        alone_percent: ALONE * 100.0,
        seconded: SECONDED,
        fit_days: FIT_DAYS,
        fit_papers_min: FIT_PAPERS_MIN,
        fitted_on: priors.at.map(day),
        fitted: fitted(&priors),
        unfitted: Signal::ALL
            .map(|signal| row(signal, "all", &unfitted(signal), None))
            .to_vec(),
        weights: Signal::ALL
            .map(|signal| (signal_name(signal), weight(signal)))
            .to_vec(),
        example: example(30, 7.0),
        interest: interest(),
        changes: CHANGES,
    };
    html(&page, Policy::Living)
}

/// All fields together first, then each field.
fn fitted(priors: &Priors) -> Vec<PriorView> {
    let rows = priors.fitted.iter();
    rows.map(|((signal, field), Fitted { prior, papers })| {
        let field = if field.is_empty() { "all" } else { field };
        row(*signal, field, prior, Some(*papers))
    })
    .collect()
}

fn row(signal: Signal, field: &str, prior: &Prior, papers: Option<u32>) -> PriorView {
    PriorView {
        signal: signal_name(signal),
        field: field.to_string(),
        alpha: short(prior.alpha),
        beta: short(prior.beta),
        unit: short(prior.unit),
        usual: short(prior.usual()),
        papers: papers.map_or(String::new(), |papers| number(u64::from(papers))),
    }
}

fn example(gain: u32, batches: f64) -> Example {
    let prior = unfitted(Signal::Stars);
    Example {
        gain,
        batches,
        evidence: format!("{:.2}", evidence(f64::from(gain), batches, &prior, 1.0)),
    }
}

fn interest() -> InterestView {
    let parts = Model::shipped().parts();
    let day = |number: i32| plain_date(Date::constant(1970, 1, 1).saturating_add(number.days()));
    let mut traits: Vec<_> = NAMES
        .into_iter()
        .zip(parts.traits.iter().map(|learned| learned.weight))
        .collect();
    traits.sort_by(|x, y| y.1.abs().total_cmp(&x.1.abs()));
    let shown = traits.into_iter();
    InterestView {
        papers: number(u64::from(parts.papers)),
        from: day(parts.first_day),
        to: day(parts.last_day),
        traits: shown
            .map(|(name, weight)| (name, format!("{weight:+.3}")))
            .collect(),
    }
}
