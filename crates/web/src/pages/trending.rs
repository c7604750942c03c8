//! `/papers/trending`: what gains most for its age, over 1, 7 or 30 days.

use axum::extract::State;
use axum::response::Response;

use super::list::{ListPage, beyond};
use super::query::Query;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::ListRef;
use crate::state::App;
use crate::suffix::Suffix;
use crate::trending::{TRENDING_DAYS, TRENDING_DAYS_DEFAULT, trending_as_of};
use crate::view::{Anchor, Layout, long_date};

/// `GET /papers/trending`.
pub async fn show(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    let list = list(&query)?;
    let (page, slice) = query.page()?;
    let loaded = list.load(&app, slice).await?.predict(&app);
    beyond(&list, page, &loaded)?;
    let mut layout = Layout::new(&app, list.title());
    layout.section = "/papers/trending";
    layout.noindex = page > 1;
    announce(&mut layout, &list, &base);
    let mut shown = ListPage::new(layout, &list, &loaded, page);
    shown.lead = "What readers turn to right now: gains in votes, comments and stars, weighed against what is usual in each field. \
        Each place opens into its parts: evidence × weight; over how many announcements the signal was read; \
        the rate that it has now with 90 % certainty, and the usual one."
        .to_string();
    let as_of = trending_as_of(&app).await?;
    if as_of < app.clock.now() {
        let day = long_date(as_of.to_zoned(app.site.time_zone.clone()).date());
        shown.lead.push_str(&format!(
            " Nothing was read since {day}, so this is how things stood then."
        ));
    }
    shown.note = Anchor {
        text: "How this is counted".to_string(),
        href: "/about/ranking".to_string(),
    };
    shown.choices = TRENDING_DAYS
        .into_iter()
        .map(|days| {
            let other = ListRef::Trending { days };
            let anchor = Anchor {
                text: match days {
                    1 => "1 day".to_string(),
                    n => format!("{n} days"),
                },
                href: other.path(),
            };
            (anchor, other == list)
        })
        .collect();
    if loaded.total == 0 {
        shown.counted =
            "No signal was seen to grow in this time. A longer window may show more.".to_string();
    }
    html(&shown, Policy::Living)
}

/// `GET /papers/trending.atom`.
pub async fn atom(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feeds::list(&app, &list(&query)?, Suffix::Atom, &base).await
}

/// `GET /papers/trending.rss`.
pub async fn rss(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feeds::list(&app, &list(&query)?, Suffix::Rss, &base).await
}

/// `GET /papers/trending.json`.
pub async fn json(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    feeds::list(&app, &list(&query)?, Suffix::Json, &base).await
}

fn list(query: &Query) -> Result<ListRef, Error> {
    match query.text("window") {
        "" => ListRef::trending(TRENDING_DAYS_DEFAULT),
        text => ListRef::trending(text.parse().unwrap_or(0)),
    }
}
