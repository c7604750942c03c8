//! `GET /api/daily_papers`: the papers of a day, a week or a month, the newest, or what is trending.

use axum::extract::{RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::Response;
use domain::paper::utc_day;
use domain::window::Window;
use jiff::Timestamp;
use store::Slice;
use url::form_urlencoded;

use super::json_answer;
use super::params::Params;
use super::shapes::{Item, SUBMITTER};
use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::lists::{ListRef, LoadedList};
use crate::state::App;
use crate::trending::TRENDING_DAYS_DEFAULT;

/// The last page that can be asked for. Deeper lists are read by day.
const PAGE_MAX: u32 = 1000;

/// Parameters that the next page's address repeats.
const KEPT: [&str; 6] = ["date", "week", "month", "submitter", "sort", "limit"];

/// Answers with an array of items and, if there are more, the next page's address in `Link`.
pub(super) async fn daily_papers(
    State(app): State<App>,
    base: BaseUrl,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref());
    let limit = params.number("limit", 1..=100, 50)?;
    let page = params.number("p", 0..=PAGE_MAX, 0)?;
    let list = list(&params)?;
    let slice = Slice {
        offset: page * limit,
        limit,
    };
    let loaded = match params.text("submitter") {
        Some(name) if name != SUBMITTER => LoadedList::default(),
        _ => list.load(&app, slice).await?,
    };
    let items: Vec<Item<'_>> = loaded
        .entries
        .iter()
        .map(|e| Item::new(&e.paper, &base))
        .collect();
    let mut response = json_answer(&items);
    let more = slice.offset.saturating_add(limit) < loaded.total && page < PAGE_MAX;
    if more && let Ok(link) = HeaderValue::try_from(next_link(&params, page + 1, &base)) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// Which list is asked for. Of several windows the shortest counts; a window's order is always its own.
fn list(params: &Params) -> Result<ListRef, Error> {
    let trending = match params.text("sort") {
        None | Some("publishedAt") => false,
        Some("trending") => true,
        Some(_) => {
            let message = "`sort` must be `publishedAt` or `trending`".to_string();
            return Err(Error::BadRequest(message));
        }
    };
    let window = if let Some(text) = params.text("date") {
        Some(day(text))
    } else if let Some(text) = params.text("week") {
        Some(Window::week(text))
    } else {
        params.text("month").map(Window::month)
    };
    match window {
        Some(Ok(window)) => Ok(ListRef::Window(window)),
        Some(Err(error)) => Err(Error::BadRequest(error.to_string())),
        None if trending => ListRef::trending(TRENDING_DAYS_DEFAULT),
        None => Ok(ListRef::Newest),
    }
}

/// A day, or the UTC day of a moment: some clients send the whole time.
fn day(text: &str) -> Result<Window, domain::window::WindowError> {
    match text.parse::<Timestamp>() {
        Ok(at) => Window::day(&utc_day(at).to_string()),
        Err(_) => Window::day(text),
    }
}

fn next_link(params: &Params, page: u32, base: &BaseUrl) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in KEPT {
        if let Some(value) = params.text(name) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("p", &page.to_string());
    let path = format!("/api/daily_papers?{}", query.finish());
    format!("<{}>; rel=\"next\"", base.join(&path))
}
