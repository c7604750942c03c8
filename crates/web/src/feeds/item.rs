//! What all three feed formats say, worked out once: ids, addresses, times and texts that any XML can hold.

use domain::paper::{LinkKind, Paper, utc_midnight};
use domain::window::Window;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base_url::BaseUrl;
use crate::latex;
use crate::lists::{Entry, ListRef};
use crate::state::Site;
use crate::suffix::FeedFormat;
use crate::times;
use crate::view::{cut, escape, paper_path};

/// How many authors an item names; collaborations have thousands.
const AUTHORS_MAX: usize = 40;

/// Longest title in a feed, in characters.
const TITLE_CHARS_MAX: usize = 400;

/// What an id keeps unencoded besides letters and digits.
const URN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'/')
    .remove(b':');

/// A list, ready to be written as any feed.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    /// The site's name: the feed's author.
    pub(super) site: String,
    /// Version of the program that writes it.
    pub(super) version: &'static str,
    /// The list's page.
    pub(super) home_url: String,
    /// This very feed.
    pub(super) self_url: String,
    /// Of the newest item, so that it says nothing about when the feed was written.
    pub(super) updated: Timestamp,
    pub(super) items: Vec<Item>,
}

/// A paper in a feed.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    /// The paper's page here.
    pub(super) url: String,
    pub(super) title: String,
    /// Plain text.
    pub(super) summary: String,
    /// The same with authors and links, as safe HTML.
    pub(super) html: String,
    pub(super) published: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) authors: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) links: Vec<ItemLink>,
}

/// Where else an item leads.
#[derive(Debug)]
pub(super) struct ItemLink {
    pub(super) title: &'static str,
    pub(super) url: String,
    pub(super) media_type: Option<&'static str>,
}

impl Feed {
    /// Works out a feed of a list's first entries.
    pub(super) fn new(
        site: &Site,
        list: &ListRef,
        format: FeedFormat,
        entries: &[Entry],
        base: &BaseUrl,
    ) -> Feed {
        let kind = item_kind(list);
        let items: Vec<Item> = entries
            .iter()
            .map(|e| Item::new(kind, &e.paper, base))
            .collect();
        let updated = items.iter().map(|i| i.updated).max();
        Feed {
            id: format!("urn:broadsheet:list:{}", encoded(&list_key(list))),
            title: xml_text(&format!(
                "{}: {}",
                site.title,
                cut(&list.title(), TITLE_CHARS_MAX)
            )),
            description: xml_text(&description(list, items.is_empty())),
            site: xml_text(&site.title),
            version: site.version,
            home_url: base.join(&list.path()),
            self_url: base.join(&list.feed_path(format.as_str())),
            updated: updated.unwrap_or_else(|| empty_since(list)),
            items,
        }
    }
}

impl Item {
    fn new(kind: &str, paper: &Paper, base: &BaseUrl) -> Item {
        let key = paper.key();
        // Nobody writes down when a paper enters a ranking, and the day of its list never changes.
        let published = times::listed(paper);
        let authors: Vec<String> = paper
            .authors
            .iter()
            .take(AUTHORS_MAX)
            .map(|a| xml_text(&latex::plain(&a.name)))
            .filter(|name| !name.is_empty())
            .collect();
        let links = links(paper);
        let summary = summary(paper);
        Item {
            id: format!("urn:broadsheet:{kind}:{}", encoded(&key)),
            url: base.join(&paper_path(&key)),
            title: title(paper),
            html: html(paper, &authors, &links),
            summary,
            published,
            // A new version may be older than the day on which somebody chose the paper.
            updated: paper
                .times
                .updated
                .map_or(published, |at| at.max(published)),
            authors,
            categories: paper.categories.iter().map(|c| xml_text(c)).collect(),
            links,
        }
    }
}

/// The word in an item's id that says what happened: the paper appeared, or it entered a ranked list.
fn item_kind(list: &ListRef) -> &'static str {
    match list {
        ListRef::Window(Window::Day(_)) => "entered-day",
        ListRef::Window(Window::Week(_)) => "entered-week",
        ListRef::Window(Window::Month(_)) => "entered-month",
        ListRef::Trending { days: 1 } => "entered-trending-1",
        ListRef::Trending { days: 30 } => "entered-trending-30",
        ListRef::Trending { .. } => "entered-trending-7",
        ListRef::Newest
        | ListRef::Category(_)
        | ListRef::Author(_)
        | ListRef::Tag(_)
        | ListRef::Search(_)
        | ListRef::Collection { .. } => "paper",
    }
}

fn list_key(list: &ListRef) -> String {
    match list {
        ListRef::Newest => "newest".to_string(),
        ListRef::Window(window) => format!("{}:{window}", window.kind()),
        ListRef::Trending { days } => format!("trending:{days}"),
        ListRef::Category(name) => format!("category:{name}"),
        ListRef::Author(key) => format!("author:{key}"),
        ListRef::Tag(tag) => format!("tag:{tag}"),
        ListRef::Search(query) => format!("search:{query}"),
        ListRef::Collection { id, .. } => format!("collection:{id}"),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, URN).to_string()
}

fn description(list: &ListRef, empty: bool) -> String {
    let text = match list {
        ListRef::Newest => "New papers, newest first.".to_string(),
        ListRef::Window(window) => {
            format!(
                "Papers of the {} {window}, most votes first.",
                window.kind()
            )
        }
        ListRef::Trending { days } => {
            format!("Papers that entered the trending list of {days} days.")
        }
        ListRef::Category(name) => format!("New papers of {name}, newest first."),
        ListRef::Author(_) => format!("{}, newest first.", list.title()),
        ListRef::Tag(tag) => format!("New papers with the tag {tag}."),
        ListRef::Search(query) => format!("New papers that the search “{query}” finds."),
        ListRef::Collection { title, owner, .. } => {
            format!("Papers of the collection “{title}” by {owner}, last added first.")
        }
    };
    match (empty, list) {
        (true, ListRef::Search(_)) => {
            format!("{text} It finds nothing so far; the site's help explains how to ask.")
        }
        _ => text,
    }
}

/// The time of a feed without items: the window's own beginning, or the beginning of time.
fn empty_since(list: &ListRef) -> Timestamp {
    match list {
        ListRef::Window(window) => utc_midnight(window.first()),
        _ => None,
    }
    .unwrap_or(Timestamp::UNIX_EPOCH)
}

fn title(paper: &Paper) -> String {
    let title = xml_text(&cut(&latex::plain(&paper.title), TITLE_CHARS_MAX));
    if title.trim().is_empty() {
        // Every format wants a title, and a title of invisible characters is none.
        return paper.key();
    }
    match paper.withdrawn {
        true => format!("Withdrawn: {title}"),
        false => title,
    }
}

/// The abstract, or else the short summary with its maker's name.
fn summary(paper: &Paper) -> String {
    let text = match &paper.summary {
        Some(summary) if paper.abstract_text.is_empty() => {
            format!("{} (summary by {})", summary.text, summary.by)
        }
        _ => paper.abstract_text.clone(),
    };
    xml_text(&latex::plain(&text))
}

fn links(paper: &Paper) -> Vec<ItemLink> {
    let mut links = Vec::new();
    let pdf = paper
        .links_of(LinkKind::Pdf)
        .map(|l| l.url.clone())
        .next()
        .or_else(|| Some(format!("https://arxiv.org/pdf/{}", paper.arxiv()?)));
    if let Some(url) = pdf {
        links.push(ItemLink {
            title: "PDF",
            url: xml_text(&url),
            media_type: Some("application/pdf"),
        });
    }
    if let Some(url) = paper.main_id().url() {
        links.push(ItemLink {
            title: "Original page",
            url: xml_text(&url),
            media_type: Some("text/html"),
        });
    }
    for (kind, title) in [(LinkKind::Code, "Code"), (LinkKind::Project, "Project")] {
        links.extend(paper.links_of(kind).take(1).map(|link| ItemLink {
            title,
            url: xml_text(&link.url),
            media_type: None,
        }));
    }
    links
}

fn html(paper: &Paper, authors: &[String], links: &[ItemLink]) -> String {
    let mut html = String::new();
    if !authors.is_empty() {
        let more = if paper.authors.len() > authors.len() {
            " and others"
        } else {
            ""
        };
        html.push_str(&format!("<p>{}{more}</p>", escape(&authors.join(", "))));
    }
    if let Some(summary) = &paper.summary {
        let (by, text) = (latex::plain(&summary.by), latex::plain(&summary.text));
        html.push_str(&format!(
            "<p><em>Summary by {}:</em> {}</p>",
            escape(&xml_text(&by)),
            escape(&xml_text(&text))
        ));
    }
    if !paper.abstract_text.is_empty() {
        let text = xml_text(&latex::plain(&paper.abstract_text));
        html.push_str(&format!("<p>{}</p>", escape(&text)));
    }
    let links: Vec<String> = links
        .iter()
        .map(|l| format!("<a href=\"{}\">{}</a>", escape(&l.url), l.title))
        .collect();
    if !links.is_empty() {
        html.push_str(&format!("<p>{}</p>", links.join(" · ")));
    }
    html
}

/// A text without the characters that XML 1.0 forbids even when escaped.
fn xml_text(text: &str) -> String {
    text.chars()
        .filter(|c| {
            matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        })
        .collect()
}
