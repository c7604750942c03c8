//! `/about/ranking`: the formulas by which lists are ordered, with the numbers that the program really uses.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::{TRENDING_DAYS, TRENDING_LEN};
use crate::pages::html;
use crate::state::App;
use crate::view::Layout;

#[derive(Debug, Template)]
#[template(path = "ranking.html")]
struct RankingPage {
    layout: Layout,
    windows: String,
    places: usize,
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
    };
    html(&page, Policy::Settled)
}
