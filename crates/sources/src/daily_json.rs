//! The Daily Papers in JSON: items as the API sends them (`{"paper": {...}, "title": ...}`), the flat object of one
//! paper's address, and the flat lines of dumps made from either. One reader serves the network, files and saved pages.
//!
//! Quirks of the source that are corrected here:
//! - `publishedAt` beside `paper` is `paper.publishedAt` moved by New York's distance from UTC, or, in 2024 and
//!   before, the moment of featuring. The inner one is the paper's own time and is used.
//! - Titles and summaries may keep arXiv's hard wraps.
//! - Authors may be `hidden`: people who asked not to be listed, or names split in error. They are left out.
//!
//! Left unread: who submitted the item (a reader's private matter), avatars and thumbnails, discussion ids, and the
//! counts of how often a dump looked.

use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Summary, category};
use domain::record::{Item, Record, Source, Unreadable};
use domain::signal::{Reading, Signal};
use jiff::Timestamp;
use serde::Deserialize;

use crate::bounds;
use crate::dates::parse_time;
use crate::files::names;
use crate::json_scan;
use crate::lenient::{Field, List};
use crate::unfit::Unfit;

/// The short name under which unreadable items are set aside.
pub const FORMAT: &str = "daily-json";
/// Whom a machine's summary is credited to when the item does not say.
const UNNAMED_MODEL: &str = "unnamed model on Daily Papers";
/// Where the ids of linked models and data sets lead.
const HUB: &str = "https://huggingface.co/";

/// What a list of items yields.
#[derive(Debug, Default)]
pub struct DailyList {
    /// Papers, in the order of the list.
    pub items: Vec<Item>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Reads a body of the API: a list of items, or the object of a single paper.
/// `place` names the body in what is set aside; the item's number is added to it.
pub fn parse_list(body: &[u8], source: Source, seen: Timestamp, place: &str) -> DailyList {
    let mut list = DailyList::default();
    let body = json_scan::trim_front(body);
    let single = body.starts_with(b"{").then_some(body);
    let pieces = json_scan::elements(body).chain(single);
    for (index, piece) in pieces.enumerate() {
        match parse_item(piece, source, seen) {
            Ok(record) => list.items.push(Item::Paper(Box::new(record))),
            Err(why) => list.unreadable.push(Unreadable::new(
                source,
                FORMAT,
                format!("{place}, item {}", index + 1),
                why.to_string(),
                piece,
            )),
        }
    }
    list
}

/// Reads one item, wrapped or flat. Signals are dated by the item's own `upvotesAt`, or else by `seen`.
pub fn parse_item(json: &[u8], source: Source, seen: Timestamp) -> Result<Record, Unfit> {
    let item: Outer<'_> = serde_json::from_slice(json)?;
    let wrapped = item.paper.object();
    // A flat item is its own paper.
    let paper = match wrapped {
        Some(paper) => paper,
        None => &serde_json::from_slice(json)?,
    };
    let id = paper
        .id
        .text()
        .or(item.id.text())
        .ok_or(Unfit::Missing("id"))?;
    let (id, _version) = ExternalId::arxiv(id)?;
    let title = paper
        .title
        .text()
        .or(item.title.text())
        .and_then(bounds::title);
    let mut record = Record::titled(source, seen, title.ok_or(Unfit::Missing("title"))?);
    record.ids.push(id);
    let summary = paper.summary.text().or(item.summary.text());
    record.abstract_text = summary.and_then(bounds::abstract_text);
    read_authors(paper, &mut record);
    record.categories = paper.categories();
    record.tags = tags(paper, &item);
    read_times(paper, wrapped.is_some().then_some(&item), &mut record);
    record.links = links(paper, &item, source, seen);
    record.summary = summary_of(paper);
    record.withdrawn = paper.withdrawn_at.text().is_some();
    record.readings = readings(paper, &item, seen);
    Ok(record)
}

/// What stands beside `paper` in a wrapped item. In a flat one the same keys are the paper's own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(borrow, default)]
    paper: Field<'a, Inner<'a>>,
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    title: Field<'a>,
    #[serde(borrow, default)]
    summary: Field<'a>,
    #[serde(borrow, default)]
    published_at: Field<'a>,
    #[serde(borrow, default)]
    submitted_on_daily_at: Field<'a>,
    #[serde(borrow, default)]
    num_comments: Field<'a>,
    #[serde(borrow, default)]
    media_urls: List<Field<'a>>,
    #[serde(borrow, default)]
    organization: Field<'a, Organization<'a>>,
}

/// The paper itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    title: Field<'a>,
    #[serde(borrow, default)]
    summary: Field<'a>,
    #[serde(borrow, default)]
    authors: List<Field<'a, Person<'a>>>,
    #[serde(borrow, default)]
    published_at: Field<'a>,
    #[serde(borrow, default)]
    submitted_on_daily_at: Field<'a>,
    #[serde(borrow, default)]
    withdrawn_at: Field<'a>,
    #[serde(borrow, default)]
    num_comments: Field<'a>,
    #[serde(borrow, default)]
    upvotes: Field<'a>,
    #[serde(borrow, default)]
    upvotes_at: Field<'a>,
    #[serde(borrow, default)]
    tags: List<Field<'a>>,
    #[serde(borrow, default, rename = "arxiv_categories")]
    arxiv_categories: List<Field<'a>>,
    #[serde(borrow, default, rename = "ai_keywords")]
    ai_keywords: List<Field<'a>>,
    #[serde(borrow, default, rename = "ai_summary")]
    ai_summary: Field<'a>,
    #[serde(borrow, default, rename = "ai_summary_model")]
    ai_summary_model: Field<'a>,
    #[serde(borrow, default)]
    github_repo: Field<'a>,
    #[serde(borrow, default)]
    github_stars: Field<'a>,
    #[serde(borrow, default)]
    project_page: Field<'a>,
    #[serde(borrow, default)]
    media_urls: List<Field<'a>>,
    #[serde(borrow, default)]
    organization: Field<'a, Organization<'a>>,
    #[serde(borrow, default)]
    linked_models: List<Field<'a, Linked<'a>>>,
    #[serde(borrow, default)]
    linked_datasets: List<Field<'a, Linked<'a>>>,
}

#[derive(Deserialize)]
struct Person<'a> {
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    hidden: Field<'a>,
}

#[derive(Deserialize)]
struct Organization<'a> {
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    fullname: Field<'a>,
}

#[derive(Deserialize)]
struct Linked<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
}

impl Inner<'_> {
    fn categories(&self) -> Vec<String> {
        let mut categories: Vec<String> = Vec::new();
        for name in self.arxiv_categories.kept.iter().filter_map(Field::text) {
            match category(name) {
                Some(name)
                    if !categories.contains(&name) && categories.len() < bounds::TAGS_MAX =>
                {
                    categories.push(name);
                }
                _ => {}
            }
        }
        categories
    }
}

fn read_authors(paper: &Inner<'_>, record: &mut Record) {
    if let [Field::Text(names)] = paper.authors.kept.as_slice() {
        // Some dumps keep all names in one text.
        record.authors = names::split(names).0;
        return;
    }
    for person in &paper.authors.kept {
        let name = match person {
            Field::Object(person) if person.hidden.is_true() => None,
            Field::Object(person) => person.name.text(),
            plain => plain.text(),
        };
        record
            .authors
            .extend(name.and_then(bounds::name).map(Author::named));
    }
    if paper.authors.total > paper.authors.kept.len() {
        record.authors_total = u16::try_from(paper.authors.total).ok();
    }
}

/// `outer` is what stands around a wrapped paper.
fn read_times(paper: &Inner<'_>, outer: Option<&Outer<'_>>, record: &mut Record) {
    let time = |field: &Field<'_>| field.text().and_then(parse_time);
    let submitted = time(&paper.published_at);
    record.times.submitted = submitted;
    record.times.featured = time(&paper.submitted_on_daily_at).or_else(|| {
        let outer = outer?;
        // Before `submittedOnDailyAt` existed, the outer `publishedAt` was the moment of featuring. Later it
        // became the inner one moved by hours backwards, which is no new fact.
        let published =
            || time(&outer.published_at).filter(|at| submitted.is_some_and(|s| *at > s));
        time(&outer.submitted_on_daily_at).or_else(published)
    });
}

fn tags(paper: &Inner<'_>, item: &Outer<'_>) -> Vec<String> {
    let words = paper.tags.kept.iter().chain(&paper.ai_keywords.kept);
    let organization = [&paper.organization, &item.organization]
        .into_iter()
        .find_map(|field| match field {
            Field::Object(organization) => {
                organization.fullname.text().or(organization.name.text())
            }
            plain => plain.text(),
        });
    bounds::tags(
        organization
            .into_iter()
            .chain(words.filter_map(Field::text)),
    )
}

fn links(paper: &Inner<'_>, item: &Outer<'_>, source: Source, seen: Timestamp) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut claim = |kind, url: &str| {
        let of_kind = links.iter().filter(|link| link.kind == kind).count();
        if of_kind < bounds::LINKS_MAX
            && let Some(link) = Link::new(kind, url, source, seen)
            && !links
                .iter()
                .any(|known| known.kind == kind && known.url == link.url)
        {
            links.push(link);
        }
    };
    if let Some(repository) = paper.github_repo.text() {
        claim(LinkKind::Code, &repository_url(repository));
    }
    if let Some(page) = paper.project_page.text() {
        claim(LinkKind::Project, page);
    }
    for media in paper
        .media_urls
        .kept
        .iter()
        .chain(&item.media_urls.kept)
        .filter_map(Field::text)
    {
        claim(LinkKind::Media, media);
    }
    let linked = [
        (LinkKind::Data, &paper.linked_datasets, "datasets/"),
        (LinkKind::Model, &paper.linked_models, ""),
    ];
    for (kind, list, folder) in linked {
        for id in list
            .kept
            .iter()
            .filter_map(|field| field.object()?.id.text())
        {
            claim(kind, &format!("{HUB}{folder}{id}"));
        }
    }
    links
}

/// The address of a repository without the `.git` of its clone address and without a closing slash.
/// Only that exact ending goes: names may end in any of its letters.
pub fn repository_url(text: &str) -> String {
    let text = text.trim();
    let https = match text
        .strip_prefix("git@")
        .and_then(|rest| rest.split_once(':'))
    {
        Some((host, path)) => format!("https://{host}/{path}"),
        None if text.contains("://") => text.to_string(),
        None => format!("https://{text}"),
    };
    let bare = https.trim_end_matches('/');
    bare.strip_suffix(".git").unwrap_or(bare).to_string()
}

fn summary_of(paper: &Inner<'_>) -> Option<Summary> {
    let text = paper.ai_summary.text().and_then(bounds::note)?;
    let by = paper.ai_summary_model.text().and_then(bounds::name);
    Some(Summary {
        text,
        by: by.unwrap_or_else(|| UNNAMED_MODEL.to_string()),
    })
}

/// Counts that are absent are no readings; nothing here is ever read as zero unless the source says zero.
fn readings(paper: &Inner<'_>, item: &Outer<'_>, seen: Timestamp) -> Vec<Reading> {
    let at = paper.upvotes_at.text().and_then(parse_time).unwrap_or(seen);
    let comments = item.num_comments.count().or(paper.num_comments.count());
    let counts = [
        (Signal::DailyUpvotes, paper.upvotes.count()),
        (Signal::DailyComments, comments),
        (Signal::Stars, paper.github_stars.count()),
    ];
    let given = counts.into_iter().filter(|(_, value)| value.is_some());
    given
        .map(|(signal, value)| Reading { signal, at, value })
        .collect()
}
