//! Day, week and month pages: `/papers/date/2026-11-23`, `/papers/week/2026-W48`, `/papers/month/2026-11`.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::paper::utc_day;
use domain::window::Window;
use jiff::civil::Date;

use super::list::{Pager, beyond as beyond_end};
use super::month::Month;
use super::query::Query;
use super::{announce, feeds, html};
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::calendar::{Calendar, same_kind};
use crate::error::Error;
use crate::lists::{ListRef, LoadedList, out_of_range, papers_in_words, window_title};
use crate::state::App;
use crate::suffix::split_suffix;
use crate::view::{Anchor, CardView, Layout, plain_date, short_date};

/// The page.
#[derive(Debug, Template)]
#[template(path = "window.html")]
pub struct WindowPage {
    /// Head and foot.
    pub layout: Layout,
    /// The window's name.
    pub heading: String,
    /// What the reader should know: that the day asked for is empty, for one.
    pub notices: Vec<String>,
    /// The welcome of a fresh installation.
    pub shelf: Option<super::today::Shelf>,
    /// The nearest earlier window with papers.
    pub previous: Option<Anchor>,
    /// The week and month around the day, the month around the week.
    pub wider: Vec<Anchor>,
    /// The nearest later window with papers.
    pub next: Option<Anchor>,
    /// How many papers there are, in which order.
    pub counted: String,
    /// The papers.
    pub cards: Vec<CardView>,
    /// Whether cards say on which day's list they stand: not on a day's own.
    pub show_days: bool,
    /// Other pages of the list.
    pub pager: Pager,
    /// The month around.
    pub calendar: Option<Month>,
}

/// `GET /papers/date/{day}`.
pub async fn day(
    state: State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    show(state, base, query, &segment, Window::day).await
}

/// `GET /papers/week/{week}`.
pub async fn week(
    state: State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    show(state, base, query, &segment, Window::week).await
}

/// `GET /papers/month/{month}`.
pub async fn month(
    state: State<App>,
    base: BaseUrl,
    query: Query,
    Path(segment): Path<String>,
) -> Result<Response, Error> {
    show(state, base, query, &segment, Window::month).await
}

type Parse = fn(&str) -> Result<Window, domain::window::WindowError>;

async fn show(
    State(app): State<App>,
    base: BaseUrl,
    query: Query,
    segment: &str,
    parse: Parse,
) -> Result<Response, Error> {
    let (text, suffix) = split_suffix(segment);
    let asked = parse(text).map_err(|e| Error::not_found(format!("{e}.")))?;
    let calendar = app.calendar().await?;
    if out_of_range(asked, &calendar, app.today()) {
        return Err(beyond(asked, &calendar));
    }
    if let Some(suffix) = suffix {
        return feeds::list(&app, &ListRef::Window(asked), suffix, &base).await;
    }
    let Some(shown) = nearest(asked, &calendar) else {
        return Err(beyond(asked, &calendar));
    };
    let mut page = filled(&app, &base, &calendar, shown, &query).await?;
    if shown != asked {
        page.layout.noindex = true;
        page.notices.push(format!(
            "No papers {}; this is {}.",
            on(asked),
            window_title(shown)
        ));
    }
    let policy = if asked.last() < app.today() {
        Policy::Settled
    } else {
        Policy::Living
    };
    html(&page, policy)
}

/// The window itself if it has papers, else the nearest earlier one of its kind, else the first of all.
fn nearest(asked: Window, calendar: &Calendar) -> Option<Window> {
    if calendar.count(asked) > 0 {
        return Some(asked);
    }
    calendar.previous(asked).or_else(|| calendar.next(asked))
}

/// "on Sunday 22 November 2026", "in November 2026".
fn on(window: Window) -> String {
    match window {
        Window::Day(_) => format!("on {}", window_title(window)),
        Window::Week(_) | Window::Month(_) => {
            format!("in {}", window_title(window).replace('W', "w"))
        }
    }
}

/// The answer for dates that nothing is known of: told from memory, without a query.
fn beyond(asked: Window, calendar: &Calendar) -> Error {
    let mut links = Vec::new();
    let text = match calendar.range() {
        Some(range) => {
            for (words, day) in [("The first", *range.start()), ("The newest", *range.end())] {
                let window = same_kind(asked, day);
                links.push((format!("{words}: {}", window_title(window)), window.path()));
            }
            format!(
                "There is nothing {}: the papers here are from {} to {}.",
                on(asked),
                plain_date(*range.start()),
                plain_date(*range.end())
            )
        }
        None => "There are no papers here yet.".to_string(),
    };
    Error::NotFound { text, links }
}

/// The page of a window that has papers.
pub async fn filled(
    app: &App,
    base: &BaseUrl,
    calendar: &Calendar,
    window: Window,
    query: &Query,
) -> Result<WindowPage, Error> {
    let (page, slice) = query.page()?;
    let list = ListRef::Window(window);
    // A week may touch two months, of which one has nothing.
    let days = calendar.days_in(window);
    let last_listed = days.last().map_or(window.first(), |(day, _)| *day);
    let loaded = list.load(app, slice).await?.predict(app);
    beyond_end(&list, page, &loaded)?;
    let mut layout = Layout::new(app, list.title());
    announce(&mut layout, &list, base);
    layout.noindex = page > 1;
    Ok(WindowPage {
        layout,
        heading: list.title(),
        notices: Vec::new(),
        shelf: None,
        previous: calendar.previous(window).map(step),
        wider: wider(window, last_listed),
        next: calendar.next(window).map(step),
        counted: counted(&loaded),
        cards: CardView::all(&loaded.entries),
        show_days: !matches!(window, Window::Day(_)),
        pager: Pager::new(&list.path(), page, loaded.total),
        calendar: Some(Month::around(window, last_listed, calendar)),
    })
}

/// "244 papers, most votes first", and since when that order stands.
fn counted(loaded: &LoadedList) -> String {
    let papers = papers_in_words(u64::from(loaded.total));
    match loaded.closed {
        None => format!("{papers}, most votes first"),
        Some(at) => format!(
            "{papers}, most votes first as of {}, when this list was closed",
            plain_date(utc_day(at))
        ),
    }
}

fn step(window: Window) -> Anchor {
    Anchor {
        text: match window {
            Window::Day(day) => short_date(day),
            Window::Week(_) | Window::Month(_) => window_title(window),
        },
        href: window.path(),
    }
}

/// The wider windows that hold the newest papers of this one.
fn wider(window: Window, last_listed: Date) -> Vec<Anchor> {
    let (week, month) = (Window::week_of(last_listed), Window::month_of(last_listed));
    match window {
        Window::Day(_) => vec![step(week), step(month)],
        Window::Week(_) => vec![step(month)],
        Window::Month(_) => Vec::new(),
    }
}
