//! `/about` and, in a file of its own, `/about/ranking`.

pub mod ranking;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::html;
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::papers_in_words;
use crate::state::App;
use crate::view::{Layout, number, plain_date};

#[derive(Debug, Template)]
#[template(path = "about.html")]
struct AboutPage {
    layout: Layout,
    /// What is here, in numbers.
    holdings: String,
    base: String,
    contact: Option<String>,
}

/// `GET /about`.
pub async fn show(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let calendar = app.calendar().await?;
    let totals = app.store.totals().await?;
    let mut holdings = papers_in_words(totals.papers);
    if let Some(range) = calendar.range() {
        holdings.push_str(&format!(
            ", listed from {} to {}",
            plain_date(*range.start()),
            plain_date(*range.end())
        ));
    }
    if totals.readings > 0 {
        let readings = number(totals.readings);
        holdings.push_str(&format!(", with {readings} readings of readers' signals"));
    }
    let mut layout = Layout::new(&app, "About");
    layout.canonical = base.join("/about");
    layout.description = format!("What {} is, and how to use it.", layout.site);
    let page = AboutPage {
        layout,
        holdings,
        base: base.0,
        contact: app.site.contact.clone(),
    };
    html(&page, Policy::Living)
}
