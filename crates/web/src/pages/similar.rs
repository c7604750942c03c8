//! `/similar?to=2305.19435,2205.13147`: the papers nearest in meaning to one paper or to a set of them. And the short
//! list of them on a paper's own page.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::ExternalId;
use domain::paper::Paper;
use search::similar::{Near, SET_MAX, may_be_same};
use serde_json::json;

use super::html;
use super::query::Query;
use crate::cache::Policy;
use crate::error::Error;
use crate::state::App;
use crate::view::{Anchor, CardView, Html, Layout, cut, paper_path, query_value};

/// How many papers the page shows.
const PAGE_LEN: usize = 50;

/// How many a paper's own page shows.
const SHORT_LEN: usize = 6;

/// A paper near to another.
#[derive(Debug)]
pub struct NearView {
    /// As on every list.
    pub card: CardView,
    /// Cosine, in words.
    pub similarity: String,
    /// The year of its first day, if known.
    pub year: Option<i16>,
    /// It may be the same paper under another id.
    pub same: bool,
}

/// A paper and what is near to it.
#[derive(Debug, Default)]
pub struct NearPapers {
    /// Nearest first.
    pub papers: Vec<NearView>,
    /// Where there are more.
    pub more: String,
}

#[derive(Debug, Template)]
#[template(path = "similar.html")]
struct SimilarPage {
    layout: Layout,
    /// What they are similar to.
    to: Vec<(String, Html)>,
    /// The ids as they were asked for.
    asked: String,
    /// Ids that are not here.
    missing: Vec<String>,
    papers: Vec<NearView>,
    json: String,
}

/// `GET /similar`.
pub async fn show(State(app): State<App>, query: Query) -> Result<Response, Error> {
    let asked = query.text("to");
    let (given, missing) = given(&app, asked).await?;
    let near = near(&app, &given, PAGE_LEN).await?;
    let title = match given.as_slice() {
        [] => "Similar papers".to_string(),
        [one] => format!("Similar to {}", cut(&one.title, 80)),
        several => format!("Similar to {} papers", several.len()),
    };
    let page = SimilarPage {
        layout: Layout::new(&app, title).noindex(),
        to: given
            .iter()
            .map(|paper| {
                (
                    paper_path(&paper.key()),
                    crate::view::card_title(&paper.title),
                )
            })
            .collect(),
        asked: asked.to_string(),
        missing,
        papers: views(&given, near),
        json: format!("/similar.json?to={}", query_value(asked)),
    };
    html(&page, Policy::Living)
}

/// `GET /similar.json`: ids, titles and cosines.
pub async fn json(State(app): State<App>, query: Query) -> Result<Response, Error> {
    let (given, missing) = given(&app, query.text("to")).await?;
    if given.is_empty() && missing.is_empty() {
        let text = "Name the papers that others are to be similar to: /similar.json?to=2305.19435";
        return Err(Error::BadRequest(text.to_string()));
    }
    let near = near(&app, &given, PAGE_LEN).await?;
    let papers: Vec<_> = near
        .iter()
        .map(|(paper, near)| {
            json!({ "id": paper.key(), "title": paper.title, "similarity": near.similarity })
        })
        .collect();
    let to: Vec<String> = given.iter().map(Paper::key).collect();
    let answer = json!({ "to": to, "missing": missing, "papers": papers });
    Ok(Policy::Living.on(Json(answer).into_response()))
}

/// The short list on a paper's own page; empty while there are no vectors.
pub async fn to_paper(app: &App, paper: &Paper) -> Result<NearPapers, Error> {
    let given = std::slice::from_ref(paper);
    let near = near(app, given, SHORT_LEN).await?;
    Ok(NearPapers {
        papers: views(given, near),
        more: format!("/similar?to={}", query_value(&paper.key())),
    })
}

/// The papers that the ids name, at most [`SET_MAX`], and the ids that name none.
async fn given(app: &App, ids: &str) -> Result<(Vec<Paper>, Vec<String>), Error> {
    let (mut papers, mut missing) = (Vec::new(), Vec::new());
    for text in ids
        .split([',', ' '])
        .filter(|text| !text.is_empty())
        .take(SET_MAX)
    {
        let paper = match text.parse::<ExternalId>() {
            Ok(id) => app.store.paper(&id).await?,
            Err(_) => None,
        };
        match paper {
            Some(paper) if papers.iter().any(|p: &Paper| p.id == paper.id) => {}
            Some(paper) => papers.push(paper),
            None => missing.push(cut(text, 100)),
        }
    }
    Ok((papers, missing))
}

/// The nearest papers, nearest first.
async fn near(app: &App, given: &[Paper], limit: usize) -> Result<Vec<(Paper, Near)>, Error> {
    let (engine, given) = (app.engine.clone(), given.to_vec());
    let near = tokio::task::spawn_blocking(move || {
        engine.similar(&given.iter().collect::<Vec<_>>(), limit)
    })
    .await??;
    let rows: Vec<_> = near.iter().map(|n| n.paper).collect();
    let papers = app.store.papers(&rows).await?;
    // The store leaves out papers that went since the index last looked.
    let found = papers.into_iter().filter_map(|paper| {
        let near = near.iter().find(|n| n.paper == paper.id)?;
        Some((paper, *near))
    });
    Ok(found.collect())
}

fn views(given: &[Paper], near: Vec<(Paper, Near)>) -> Vec<NearView> {
    near.iter()
        .map(|(paper, near)| NearView {
            card: CardView::of(paper),
            similarity: format!("{:.2}", near.similarity.min(1.0)),
            year: paper.times.listed_day().map(|day| day.year()),
            same: given.iter().any(|g| may_be_same(g, paper, near.similarity)),
        })
        .collect()
}

impl NearPapers {
    /// Those that may be the paper itself under another id.
    pub fn same(&self) -> Vec<Anchor> {
        let same = self.papers.iter().filter(|near| near.same);
        same.map(|near| Anchor {
            text: near.card.path.trim_start_matches("/papers/").to_string(),
            href: near.card.path.clone(),
        })
        .collect()
    }
}
