//! The lists of papers that the site has. Pages show them and feeds carry them: both load them here.

use domain::hit::Trending;
use domain::paper::{Paper, category};
use domain::text::one_line;
use domain::window::Window;
use jiff::Timestamp;
use search::engine::{Request, Sort};
use search::interest::Interest;
use store::{List, Slice};

use crate::calendar::Calendar;
use crate::error::Error;
use crate::state::App;
use crate::trending::{self, TRENDING_DAYS, TRENDING_DAYS_DEFAULT};
use crate::view::{long_date, month_name, number, path_segment, query_value};

/// How many papers a page of a list shows.
pub const PAGE_LEN: u32 = 50;

/// The last page of a list that can be asked for: what lies deeper is found by day or by search.
pub const PAGE_MAX: u32 = 1000;

/// Longest query that is searched for, in characters.
pub const QUERY_CHARS_MAX: usize = 400;

/// One of the site's lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListRef {
    /// All papers, newest first.
    Newest,
    /// A day, week or month, most votes first.
    Window(Window),
    /// What gains most for its age, over one of [`TRENDING_DAYS`].
    Trending {
        /// Length of the window in days.
        days: u32,
    },
    /// A category, newest first.
    Category(String),
    /// All authors of this key, newest first; see [`domain::text::author_key`].
    Author(String),
    /// A tag, newest first.
    Tag(String),
    /// What a query finds, newest first (a feed of a search wants news, not relevance).
    Search(String),
}

/// A paper on a list, with what the list says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The paper.
    pub paper: Paper,
    /// Why it stands where it stands on the trending list.
    pub trend: Option<Trending>,
    /// Came after the list was closed.
    pub late: bool,
    /// Where it would probably stand, if nobody has voted on it yet and a page asked.
    pub interest: Option<Interest>,
}

/// A slice of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadedList {
    /// In order.
    pub entries: Vec<Entry>,
    /// Length of the whole list.
    pub total: u32,
    /// When the list was closed: since then its order stands.
    pub closed: Option<Timestamp>,
}

impl From<List> for LoadedList {
    fn from(list: List) -> Self {
        let entry = |paper: Paper| Entry {
            late: list.late.contains(&paper.id),
            ..Entry::plain(paper)
        };
        LoadedList {
            entries: list.papers.into_iter().map(entry).collect(),
            total: list.total,
            closed: list.closed,
        }
    }
}

impl Entry {
    /// A paper of which the list says nothing.
    pub(crate) fn plain(paper: Paper) -> Self {
        Entry {
            paper,
            trend: None,
            late: false,
            interest: None,
        }
    }
}

impl ListRef {
    /// A category's list, if the text can be a category's name.
    pub fn category(text: &str) -> Result<Self, Error> {
        category(text)
            .map(ListRef::Category)
            .ok_or_else(|| Error::not_found("This is not the name of a category."))
    }

    /// An author's list, if the text is a key (`jose-garcia`).
    pub fn author(text: &str) -> Result<Self, Error> {
        let fits = |c: char| c == '-' || c.is_alphanumeric() && !c.is_uppercase();
        if text.is_empty() || text.len() > 200 || !text.chars().all(fits) {
            return Err(Error::not_found("This is not the address of an author."));
        }
        Ok(ListRef::Author(text.to_string()))
    }

    /// A tag's list, if the text can be a tag.
    pub fn tag(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > 200 || one_line(text) != text {
            return Err(Error::not_found("This is not a tag."));
        }
        Ok(ListRef::Tag(text.to_string()))
    }

    /// A trending list, if there is one over so many days.
    pub fn trending(days: u32) -> Result<Self, Error> {
        if !TRENDING_DAYS.contains(&days) {
            return Err(Error::BadRequest(
                "Trending is counted over 1, 7 or 30 days: window=1, window=7 or window=30."
                    .to_string(),
            ));
        }
        Ok(ListRef::Trending { days })
    }

    /// A search's list. White space is tidied, so that equal searches have equal addresses.
    pub fn search(text: &str) -> Result<Self, Error> {
        let query = one_line(text);
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(Error::BadRequest(format!(
                "The query is longer than {QUERY_CHARS_MAX} characters. Leave words out."
            )));
        }
        Ok(ListRef::Search(query))
    }

    /// The list's name for people.
    pub fn title(&self) -> String {
        match self {
            ListRef::Newest => "Newest papers".to_string(),
            ListRef::Window(window) => window_title(*window),
            ListRef::Trending { days: 1 } => "Trending today".to_string(),
            ListRef::Trending { days } => format!("Trending over {days} days"),
            ListRef::Category(name) => format!("Category {name}"),
            ListRef::Author(key) => format!("Papers by {}", author_words(key)),
            ListRef::Tag(tag) => format!("Tag {tag}"),
            ListRef::Search(query) => format!("Search: {query}"),
        }
    }

    /// The address of the list's page.
    pub fn path(&self) -> String {
        match self {
            ListRef::Newest => "/papers".to_string(),
            ListRef::Window(window) => window.path(),
            ListRef::Trending { days } if *days == TRENDING_DAYS_DEFAULT => {
                "/papers/trending".to_string()
            }
            ListRef::Trending { days } => format!("/papers/trending?window={days}"),
            ListRef::Category(name) => format!("/categories/{}", path_segment(name)),
            ListRef::Author(key) => format!("/authors/{}", path_segment(key)),
            ListRef::Tag(tag) => format!("/tags/{}", path_segment(tag)),
            ListRef::Search(query) => format!("/search?q={}", query_value(query)),
        }
    }

    /// The address of the list as a feed with this ending (`atom`, `rss`, `json`).
    pub fn feed_path(&self, ending: &str) -> String {
        let path = self.path();
        match path.split_once('?') {
            Some((page, query)) => format!("{page}.{ending}?{query}"),
            None => format!("{path}.{ending}"),
        }
    }

    /// Reads a slice of the list. An unknown category, author or tag is an empty list, not an error.
    pub async fn load(&self, app: &App, slice: Slice) -> Result<LoadedList, Error> {
        Ok(match self {
            ListRef::Newest => app.store.newest(slice).await?.into(),
            ListRef::Window(window) => app.store.window(*window, None, slice).await?.into(),
            ListRef::Trending { days } => trending::load(app, *days, slice).await?,
            ListRef::Category(name) => app.store.category(name, slice).await?.into(),
            ListRef::Author(key) => author(app, key, slice).await?,
            ListRef::Tag(tag) => app.store.tag(tag, slice).await?.into(),
            ListRef::Search(query) => search(app, query, slice).await?,
        })
    }
}

impl LoadedList {
    /// Adds predictions for the papers that nobody has voted on yet.
    pub fn predict(mut self, app: &App) -> Self {
        for entry in self.entries.iter_mut().filter(|e| e.paper.votes == 0) {
            entry.interest = app.engine.interest(&entry.paper);
        }
        self
    }
}

/// The slice of a page of a list, counted from 1; `None` when there is no such page.
pub fn page_slice(page: u32) -> Option<Slice> {
    (1..=PAGE_MAX).contains(&page).then(|| Slice {
        offset: (page - 1) * PAGE_LEN,
        limit: PAGE_LEN,
    })
}

/// "Monday 23 November 2026", "Week 48 of 2026", "November 2026".
pub fn window_title(window: Window) -> String {
    match window {
        Window::Day(day) => long_date(day),
        Window::Week(monday) => {
            let iso = monday.iso_week_date();
            format!("Week {} of {}", iso.week(), iso.year())
        }
        Window::Month(first) => format!("{} {}", month_name(first.month()), first.year()),
    }
}

/// `jose-a-garcia` as `Jose A Garcia`, for where no paper with the name as printed is at hand.
pub fn author_words(key: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string());
        first.unwrap_or_default() + chars.as_str()
    };
    key.split('-').map(capital).collect::<Vec<_>>().join(" ")
}

/// The name as printed of the author with this key, from one of their papers.
pub fn author_name(key: &str, papers: &[Entry]) -> String {
    papers
        .iter()
        .flat_map(|e| &e.paper.authors)
        .find(|a| a.key() == key)
        .map_or_else(|| author_words(key), |a| a.name.clone())
}

/// How many papers, in words.
pub fn papers_in_words(count: u64) -> String {
    match count {
        0 => "no papers".to_string(),
        1 => "1 paper".to_string(),
        n => format!("{} papers", number(n)),
    }
}

/// Whether a window lies so far outside what is known that nothing needs to be looked up: before the first day
/// with papers, or after both the last one and today's month.
pub fn out_of_range(window: Window, calendar: &Calendar, today: jiff::civil::Date) -> bool {
    let Some(range) = calendar.range() else {
        return window != crate::calendar::same_kind(window, today);
    };
    let end = today.last_of_month().max(*range.end());
    window.last() < *range.start() || window.first() > end
}

async fn author(app: &App, key: &str, slice: Slice) -> Result<LoadedList, Error> {
    let (engine, key) = (app.engine.clone(), key.to_string());
    let (offset, limit) = (slice.offset as usize, slice.limit as usize);
    let (rows, total) =
        tokio::task::spawn_blocking(move || engine.author(&key, offset, limit)).await??;
    let papers = app.store.papers(&rows).await?;
    Ok(LoadedList {
        entries: papers.into_iter().map(Entry::plain).collect(),
        total: u32::try_from(total).unwrap_or(u32::MAX),
        closed: None,
    })
}

/// A search as a list: its newest hits. Deeper slices than the engine's first page are not offered.
async fn search(app: &App, query: &str, slice: Slice) -> Result<LoadedList, Error> {
    let request = Request {
        query: query.to_string(),
        sort: Sort::Newest,
        limit: (slice.offset + slice.limit).clamp(1, 120) as usize,
        ..Request::default()
    };
    let engine = app.engine.clone();
    let answer = tokio::task::spawn_blocking(move || engine.search(&request)).await??;
    let rows: Vec<_> = answer
        .hits
        .iter()
        .skip(slice.offset as usize)
        .map(|h| h.paper)
        .collect();
    let papers = app.store.papers(&rows).await?;
    Ok(LoadedList {
        entries: papers.into_iter().map(Entry::plain).collect(),
        total: u32::try_from(answer.total).unwrap_or(u32::MAX),
        closed: None,
    })
}
