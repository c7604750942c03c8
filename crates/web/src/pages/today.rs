//! `/`: the newest day that has papers. It snaps to the last full day and says so.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::window::Window;
use jiff::civil::Date;

use super::query::Query;
use super::window::{WindowPage, filled};
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::lists::{ListRef, papers_in_words, window_title};
use crate::state::{Activity, App};
use crate::suffix::Suffix;
use crate::view::{Layout, plain_date, weekday_name};

/// Up to how many papers the store is asked whether they are all of the starter shelf, which has some hundred.
const SHELF_PAPERS_MAX: u64 = 500;

/// The welcome of a fresh installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// Not even the shelf is there.
    pub empty: bool,
    /// "99 papers".
    pub papers: String,
    /// What the program does about it right now.
    pub doing: String,
}

/// `GET /`.
pub async fn front(State(app): State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    let calendar = app.calendar().await?;
    let today = app.today();
    // A day that a source dates ahead is shown when it comes; only where there is nothing else, before.
    let newest = calendar
        .last_until(today)
        .or_else(|| calendar.first_after(today));
    let shelf = shelf(&app, calendar.total()).await?;
    let policy = if shelf.is_some() {
        Policy::Momentary
    } else {
        Policy::Living
    };
    let mut page = match newest {
        Some(day) => filled(&app, &base, &calendar, Window::Day(day), &query).await?,
        None => empty(&app),
    };
    page.layout = Layout {
        noindex: page.layout.noindex,
        ..frame(&app, &base)
    };
    if let Some(day) = newest
        && day != today
        && shelf.is_none()
    {
        page.notices.push(snapped(today, day));
    }
    page.shelf = shelf;
    html(&page, policy)
}

/// The front page's head: its feeds are those of the newest papers, its name is the site's.
fn frame(app: &App, base: &BaseUrl) -> Layout {
    let mut layout = Layout::new(app, "");
    layout.section = "/";
    layout.description =
        "New research papers of the day, complete and ranked in the open.".to_string();
    announce(&mut layout, &ListRef::Newest, base);
    layout.canonical = base.join("/");
    for (_, name, content) in &mut layout.metas {
        match *name {
            "og:title" => content.clone_from(&layout.site),
            "og:url" => content.clone_from(&layout.canonical),
            _ => {}
        }
    }
    layout
}

/// `GET /papers`: the front page, or with `?date=` the day asked for.
pub async fn papers(state: State<App>, base: BaseUrl, query: Query) -> Result<Response, Error> {
    let parse = |name, parse: fn(&str) -> _| match query.text(name) {
        "" => None,
        text => Some(parse(text)),
    };
    let asked = parse("date", Window::day)
        .or_else(|| parse("week", Window::week))
        .or_else(|| parse("month", Window::month));
    match asked {
        None => front(state, base, query).await,
        Some(Ok(window)) => Ok(Redirect::temporary(&window.path()).into_response()),
        Some(Err(error)) => Err(Error::BadRequest(format!("{error}."))),
    }
}

/// `GET /papers.atom`.
pub async fn atom(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    feeds::list(&app, &ListRef::Newest, Suffix::Atom, &base).await
}

/// `GET /papers.rss`.
pub async fn rss(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    feeds::list(&app, &ListRef::Newest, Suffix::Rss, &base).await
}

/// `GET /papers.json`.
pub async fn json(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    feeds::list(&app, &ListRef::Newest, Suffix::Json, &base).await
}

/// "No papers on Sunday 22 November yet; this is Friday 20 November 2026."
fn snapped(today: Date, shown: Date) -> String {
    let window = Window::Day(shown);
    if shown > today {
        return format!(
            "The papers here are dated ahead: this is {}.",
            window_title(window)
        );
    }
    let month = crate::view::month_name(today.month());
    let day = format!("{} {} {month}", weekday_name(today.weekday()), today.day());
    format!("No papers on {day} yet; this is {}.", window_title(window))
}

async fn shelf(app: &App, papers: u64) -> Result<Option<Shelf>, Error> {
    if papers > SHELF_PAPERS_MAX {
        return Ok(None);
    }
    let totals = app.store.totals().await?;
    Ok((totals.papers == totals.shelf_only).then(|| Shelf {
        empty: totals.papers == 0,
        papers: papers_in_words(totals.papers),
        doing: doing(&app.status.activity()),
    }))
}

/// What the background does, for somebody who waits for papers.
pub fn doing(activity: &Activity) -> String {
    let when = |at: jiff::Timestamp| {
        let at = at.strftime("%H:%M");
        format!("{at} UTC")
    };
    if let Some(doing) = &activity.doing {
        return format!("Right now: {doing}.");
    }
    if let Some((done, total)) = activity.indexing {
        return format!("Right now: indexing, {done} of {total} changes done.");
    }
    if activity.offline {
        return "The server was started with --offline, so nothing is fetched.".to_string();
    }
    let next = activity
        .next_fetch
        .map(|at| format!(" The next attempt is due at {}.", when(at)))
        .unwrap_or_default();
    match (&activity.last_error, activity.last_fetch) {
        (Some(error), _) => format!("The last fetch failed: {error}.{next}"),
        (None, Some(at)) => format!(
            "The last fetch ended on {} at {}.{next}",
            plain_date(domain::paper::utc_day(at)),
            when(at)
        ),
        (None, None) => format!("Nothing has been fetched yet.{next}"),
    }
}

fn empty(app: &App) -> WindowPage {
    WindowPage {
        layout: Layout::new(app, ""),
        heading: "No papers yet".to_string(),
        notices: Vec::new(),
        shelf: None,
        previous: None,
        wider: Vec::new(),
        next: None,
        counted: String::new(),
        cards: Vec::new(),
        hidden: Vec::new(),
        show_days: false,
        pager: super::list::Pager::default(),
        calendar: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(activity: Activity, expected: &str) {
        assert_eq!(doing(&activity), expected);
    }

    #[test]
    fn the_reader_is_told_what_happens() {
        let at = |text: &str| text.parse().ok();
        check(Activity::default(), "Nothing has been fetched yet.");
        check(
            Activity {
                offline: true,
                ..Activity::default()
            },
            "The server was started with --offline, so nothing is fetched.",
        );
        check(
            Activity {
                doing: Some("fetching cs.CL from arXiv".to_string()),
                ..Activity::default()
            },
            "Right now: fetching cs.CL from arXiv.",
        );
        check(
            Activity {
                last_error: Some("no network".to_string()),
                next_fetch: at("2026-11-23T10:30:00Z"),
                ..Activity::default()
            },
            "The last fetch failed: no network. The next attempt is due at 10:30 UTC.",
        );
    }

    #[test]
    fn empty_days_are_said() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(
            snapped(day("2026-11-22"), day("2026-11-20")),
            "No papers on Sunday 22 November yet; this is Friday 20 November 2026."
        );
    }
}
