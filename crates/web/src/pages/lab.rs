//! Papers that run: `/lab`, `/lab/{method}` and the runs that readers ask for.

pub mod block;
pub mod events;
pub mod method;
pub mod runs;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::html;
use super::query::Query;
use crate::base_url::BaseUrl;
use crate::cache::{Accepted, Policy};
use crate::error::Error;
use crate::lab::{Lab, Method};
use crate::state::App;
use crate::view::{Anchor, Layout};

/// What may be kept.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/lab", get(show))
        .route("/lab.json", get(json))
        .route("/lab/{method}", get(method::show))
        .route("/lab/{method}/plots/{plot}", get(method::plot))
}

/// What tells of a run at this moment, and what starts or stops one.
pub(crate) fn momentary_routes() -> Router<App> {
    Router::new()
        .route("/lab/{method}/runs", post(runs::order))
        .route("/lab/runs/{run}", get(runs::show))
        .route("/lab/runs/{run}/cancel", post(runs::cancel))
        .route("/lab/runs/{run}/block", get(runs::block))
        .route("/lab/runs/{run}/events", get(events::show))
        .route("/lab/runs/{run}/plots/{plot}", get(runs::plot))
}

/// Families: short name and name for readers, in the order of the page.
const FAMILIES: [(&str, &str); 7] = [
    ("elastic", "Elastic vectors"),
    ("upgrade", "Model upgrade"),
    ("codes", "Codes and residuals"),
    ("retrieval", "Hybrid retrieval"),
    ("scaling", "Scaling laws"),
    ("evaluation", "Evaluation kit"),
    ("networks", "Small networks"),
];

const VERDICTS: [(&str, &str); 3] = [
    ("holds", "hold"),
    ("holds-in-part", "hold in part"),
    ("does-not-hold-here", "do not hold here"),
];

#[derive(Debug, Template)]
#[template(path = "lab.html")]
struct LabPage {
    layout: Layout,
    closed: Option<String>,
    /// "49 papers run here: 22 hold, ..."
    summary: String,
    families: Vec<(Anchor, bool)>,
    verdicts: Vec<(Anchor, bool)>,
    groups: Vec<(&'static str, Vec<MethodView>)>,
}

#[derive(Debug)]
struct MethodView {
    href: String,
    title: String,
    claim: String,
    verdict: String,
    verdict_words: &'static str,
    seconds: String,
}

/// `GET /lab`.
pub async fn show(
    State(app): State<App>,
    base: BaseUrl,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Error> {
    if Accepted::of(&headers) == Accepted::Json {
        return Ok(listing(&app.lab));
    }
    let family = known(&FAMILIES, query.text("family"), "family")?;
    let verdict = known(&VERDICTS, query.text("verdict"), "verdict")?;
    let mut layout = Layout::new(&app, "Papers that run");
    layout.section = "/lab";
    layout.canonical = base.join("/lab");
    layout.noindex = family.is_some() || verdict.is_some();
    layout.description =
        "Central claims of papers, tested against their baselines on this machine.".to_string();
    let wanted = |method: &&Method| {
        family.is_none_or(|f| method.card.family == f)
            && verdict.is_none_or(|v| method.outcome.verdict == v)
    };
    let chosen: Vec<&Method> = app.lab.methods().iter().filter(wanted).collect();
    let groups = FAMILIES
        .into_iter()
        .map(|(id, name)| {
            let of_family = chosen.iter().filter(|m| m.card.family == id);
            (name, of_family.map(|m| view(m)).collect::<Vec<_>>())
        })
        .filter(|(_, methods)| !methods.is_empty())
        .collect();
    let page = LabPage {
        layout,
        closed: app.lab.closed.clone(),
        summary: summary(&app.lab),
        families: choices(&FAMILIES, "family", family, verdict.map(|v| ("verdict", v))),
        verdicts: choices(&VERDICTS, "verdict", verdict, family.map(|f| ("family", f))),
        groups,
    };
    html(&page, Policy::Living)
}

/// `GET /lab.json`.
pub async fn json(State(app): State<App>) -> Response {
    listing(&app.lab)
}

/// All cards with the verdicts that ship; plots are left to each method's own address.
fn listing(lab: &Lab) -> Response {
    let methods: Vec<_> = lab
        .methods()
        .iter()
        .map(|method| {
            serde_json::json!({
                "card": method.json["card"],
                "verdict": method.outcome.verdict,
                "seconds": method.outcome.seconds,
                "address": format!("/lab/{}", method.card.id),
            })
        })
        .collect();
    Policy::Living.on(Json(methods).into_response())
}

/// A filter's value, if it is one of those there are.
fn known(
    values: &[(&'static str, &'static str)],
    asked: &str,
    what: &str,
) -> Result<Option<&'static str>, Error> {
    if asked.is_empty() {
        return Ok(None);
    }
    let found = values.iter().find(|(id, _)| *id == asked);
    found.map(|(id, _)| Some(*id)).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(id, _)| *id).collect();
        Error::BadRequest(format!(
            "There is no such {what}. There are: {}.",
            names.join(", ")
        ))
    })
}

/// Links of a filter: all, and each value; the other filter's value goes along.
fn choices(
    values: &[(&'static str, &'static str)],
    name: &str,
    chosen: Option<&str>,
    other: Option<(&str, &str)>,
) -> Vec<(Anchor, bool)> {
    let link = |value: Option<&str>, words: &str| {
        let own = value.map(|value| format!("{name}={value}"));
        let other = other.map(|(name, value)| format!("{name}={value}"));
        let query: Vec<String> = own.into_iter().chain(other).collect();
        let anchor = Anchor {
            text: words.to_string(),
            href: if query.is_empty() {
                "/lab".to_string()
            } else {
                format!("/lab?{}", query.join("&"))
            },
        };
        (anchor, value == chosen)
    };
    let all = std::iter::once(link(None, "all"));
    all.chain(values.iter().map(|(id, words)| link(Some(id), words)))
        .collect()
}

fn summary(lab: &Lab) -> String {
    let count = |verdict: &str| {
        let with = lab
            .methods()
            .iter()
            .filter(|m| m.outcome.verdict == verdict);
        with.count()
    };
    let parts: Vec<String> = VERDICTS
        .iter()
        .map(|(id, words)| format!("{} {words}", count(id)))
        .collect();
    format!("{} claims: {}.", lab.methods().len(), parts.join(", "))
}

fn view(method: &Method) -> MethodView {
    MethodView {
        href: format!("/lab/{}", method.card.id),
        title: method.card.title.clone(),
        claim: method.card.claim.clone(),
        verdict: method.outcome.verdict.clone(),
        verdict_words: method.outcome.verdict_words(),
        seconds: method.outcome.seconds_words(),
    }
}

/// The family's name for readers.
fn family_name(id: &str) -> &'static str {
    let found = FAMILIES.iter().find(|(family, _)| *family == id);
    found.map_or("Other methods", |(_, name)| name)
}
