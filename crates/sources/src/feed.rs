//! Any feed of anybody's: RSS (0.9 to 2.0), Atom and JSON Feed, as laboratories' blogs send them.
//!
//! Each entry is read by itself, so a broken one costs no other. Whatever HTML is in it is reduced to text; links are
//! kept only if they are `http(s)`.

use domain::ids::{ExternalId, Scheme};
use domain::ledger::{AnnounceKind, BatchKey};
use domain::paper::{Author, Link, LinkKind, clean_url, utc_day};
use domain::record::{Record, Source, Unreadable};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use crate::client::{Client, FetchError, Request, Trust, Visit};
use crate::dates::parse_time;
use crate::fetched::{Fetched, Gathered};
use crate::lenient::{Field, List};
use crate::unfit::Unfit;
use crate::xml::{self, Element, Piece, XmlError};
use crate::{bounds, json_scan, markup};

/// The short name under which unreadable entries of XML feeds are set aside.
pub const FORMAT_XML: &str = "feed-xml";
/// The short name under which unreadable entries of JSON feeds are set aside.
pub const FORMAT_JSON: &str = "feed-json";

/// Longest feed that is read, in bytes.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

/// Most entries that are read of one feed.
const ENTRIES_MAX: usize = 1_000;

/// Longest text kept of a post, in characters: a feed may carry whole articles, and this is a summary.
const SUMMARY_LEN_MAX: usize = 5_000;

/// A feed, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feed {
    /// Its own name.
    pub title: Option<String>,
    /// The posts, in the feed's order.
    pub records: Vec<Record>,
    /// Entries that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Whether the document was a feed at all.
    pub is_feed: bool,
    /// Whether there were more entries than are read.
    pub cut: bool,
}

/// Reads a feed that came from `base`.
pub fn parse(body: &[u8], base: &Url, seen: Timestamp) -> Feed {
    let body = json_scan::trim_front(body);
    if body.starts_with(b"{") {
        parse_json(body, base, seen)
    } else {
        parse_xml(&decoded(body), base, seen)
    }
}

/// Reads one XML entry by itself: for a retry of what was set aside.
pub fn parse_xml_entry(bytes: &[u8], base: &Url, seen: Timestamp) -> Result<Record, Unfit> {
    xml_entry(&xml::decoded(bytes), base, seen)
}

/// Reads one JSON entry by itself.
pub fn parse_json_entry(json: &[u8], base: &Url, seen: Timestamp) -> Result<Record, Unfit> {
    let item: JsonItem<'_> = serde_json::from_slice(json)?;
    record(item.post(), base, seen)
}

/// The document as text, by its byte order mark or the encoding that its first line names.
fn decoded(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let label = head
        .split_once("encoding=")
        .filter(|_| head.starts_with("<?xml"))
        .and_then(|(_, rest)| rest.get(1..)?.split(['"', '\'']).next());
    let encoding = label
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
        .unwrap_or(encoding_rs::UTF_8);
    encoding.decode(body).0.into_owned()
}

fn parse_xml(text: &str, base: &Url, seen: Timestamp) -> Feed {
    let mut pieces = xml::pieces(text, "item", ENTRIES_MAX);
    if pieces.entries.is_empty() {
        pieces = xml::pieces(text, "entry", ENTRIES_MAX);
    }
    let (frame, _) = xml::parse(&pieces.frame);
    let channel = frame.child("channel").unwrap_or(&frame);
    let mut feed = Feed {
        title: channel
            .line_of("title")
            .and_then(|t| markup::plain(&t, bounds::NAME_LEN_MAX)),
        is_feed: matches!(frame.name.as_str(), "rss" | "feed" | "RDF"),
        cut: pieces.cut,
        ..Feed::default()
    };
    for (index, piece) in pieces.entries.iter().enumerate() {
        let (text, read) = match piece {
            Piece::Whole(text) => (*text, xml_entry(text, base, seen)),
            Piece::Torn(text) => {
                let torn = XmlError::BreaksOff("entry".to_string());
                (*text, Err(Unfit::Other(torn.to_string())))
            }
        };
        feed.take(read, FORMAT_XML, base, index, text.as_bytes());
    }
    feed
}

fn parse_json(body: &[u8], base: &Url, seen: Timestamp) -> Feed {
    let items = json_scan::member(body, "items");
    let mut feed = Feed {
        title: json_scan::member(body, "title")
            .and_then(|t| serde_json::from_slice::<String>(t).ok())
            .and_then(|t| markup::plain(&t, bounds::NAME_LEN_MAX)),
        is_feed: items.is_some(),
        ..Feed::default()
    };
    for (index, item) in json_scan::elements(items.unwrap_or_default()).enumerate() {
        if index >= ENTRIES_MAX {
            feed.cut = true;
            break;
        }
        feed.take(
            parse_json_entry(item, base, seen),
            FORMAT_JSON,
            base,
            index,
            item,
        );
    }
    feed
}

impl Feed {
    fn take(
        &mut self,
        read: Result<Record, Unfit>,
        format: &str,
        base: &Url,
        index: usize,
        bytes: &[u8],
    ) {
        match read {
            Ok(record) => self.records.push(record),
            Err(why) => self.unreadable.push(Unreadable::new(
                Source::Feed,
                format,
                format!("{base}, entry {}", index + 1),
                why.to_string(),
                bytes,
            )),
        }
    }
}

/// What all kinds of feeds say of an entry, texts still as they came.
#[derive(Debug, Default)]
struct Post {
    title: Option<String>,
    /// The entry's own id, where it may be a link or a paper's id.
    id: Option<String>,
    /// Best first.
    links: Vec<String>,
    text: Option<String>,
    published: Option<String>,
    updated: Option<String>,
    authors: Vec<String>,
    tags: Vec<String>,
}

fn xml_entry(text: &str, base: &Url, seen: Timestamp) -> Result<Record, Unfit> {
    let entry = xml::parse_whole(text).map_err(|e| Unfit::Other(e.to_string()))?;
    let first = |names: &[&str]| names.iter().find_map(|name| entry.line_of(name));
    let mut links: Vec<(bool, String)> = entry
        .children("link")
        .filter_map(|link| {
            let plain = matches!(link.attribute("rel"), None | Some("alternate"));
            let href = link.attribute("href").map(str::to_string);
            Some((!plain, href.or_else(|| link.line())?))
        })
        .take(bounds::LINKS_MAX)
        .collect();
    // The page itself before enclosures and comments.
    links.sort_by_key(|(other, _)| *other);
    let post = Post {
        title: entry.child("title").map(Element::text),
        id: first(&["guid", "id"]).or_else(|| entry.attribute("rdf:about").map(str::to_string)),
        links: links.into_iter().map(|(_, href)| href).collect(),
        text: ["summary", "description", "encoded", "content"]
            .iter()
            .filter_map(|name| entry.child(name))
            .map(Element::text)
            .find(|text| !text.trim().is_empty()),
        published: first(&["pubDate", "published", "issued", "created", "date"]),
        updated: first(&["updated", "modified"]),
        authors: entry
            .children("author")
            .chain(entry.children("creator"))
            .filter_map(|author| author.line_of("name").or_else(|| author.line()))
            .take(bounds::AUTHORS_MAX)
            .collect(),
        tags: entry
            .children("category")
            .chain(entry.children("subject"))
            .filter_map(|tag| {
                tag.attribute("term")
                    .map(str::to_string)
                    .or_else(|| tag.line())
            })
            .collect(),
    };
    record(post, base, seen)
}

#[derive(Debug, Deserialize)]
struct JsonItem<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    url: Field<'a>,
    #[serde(borrow, default)]
    external_url: Field<'a>,
    #[serde(borrow, default)]
    title: Field<'a>,
    #[serde(borrow, default)]
    summary: Field<'a>,
    #[serde(borrow, default)]
    content_text: Field<'a>,
    #[serde(borrow, default)]
    content_html: Field<'a>,
    #[serde(borrow, default)]
    date_published: Field<'a>,
    #[serde(borrow, default)]
    date_modified: Field<'a>,
    #[serde(borrow, default)]
    author: Field<'a, JsonAuthor<'a>>,
    #[serde(borrow, default)]
    authors: List<Field<'a, JsonAuthor<'a>>>,
    #[serde(borrow, default)]
    tags: List<Field<'a>>,
}

#[derive(Debug, Deserialize)]
struct JsonAuthor<'a> {
    #[serde(borrow, default)]
    name: Field<'a>,
}

impl JsonItem<'_> {
    fn post(&self) -> Post {
        let owned = |field: &Field<'_>| field.text().map(str::to_string);
        let fields = [&self.summary, &self.content_text, &self.content_html];
        let authors = self.authors.kept.iter().chain([&self.author]);
        Post {
            title: owned(&self.title),
            id: self.id.text_or_number().map(|id| id.into_owned()),
            links: [&self.url, &self.external_url]
                .into_iter()
                .filter_map(owned)
                .collect(),
            text: fields.into_iter().find_map(owned),
            published: owned(&self.date_published),
            updated: owned(&self.date_modified),
            authors: authors.filter_map(|a| owned(&a.object()?.name)).collect(),
            tags: self.tags.kept.iter().filter_map(owned).collect(),
        }
    }
}

fn record(post: Post, base: &Url, seen: Timestamp) -> Result<Record, Unfit> {
    let text = post
        .text
        .and_then(|text| markup::plain(&text, SUMMARY_LEN_MAX));
    // Short posts ("notes") have no title; their first words stand in for it.
    let title = post
        .title
        .and_then(|title| markup::plain(&title, bounds::TITLE_LEN_MAX))
        .or_else(|| bounds::line(text.as_deref()?, 120))
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::Feed, seen, title);
    let links: Vec<String> = post
        .links
        .iter()
        .chain(&post.id)
        .filter(|link| !link.trim().is_empty())
        .filter_map(|link| absolute(link, base))
        .collect();
    record.ids = ids(post.id.as_deref(), &post.links, links.first());
    record.links = links
        .iter()
        .take(1)
        .filter_map(|url| Link::new(LinkKind::Page, url, Source::Feed, seen))
        .collect();
    record.abstract_text = text;
    record.authors = post
        .authors
        .iter()
        .filter_map(|author| person(author))
        .take(bounds::AUTHORS_MAX)
        .collect();
    record.tags = bounds::tags(post.tags.iter().map(String::as_str));
    // A post from the future is misdated; one without date is as old as its first sight.
    let latest = seen
        .checked_add(SignedDuration::from_hours(48))
        .unwrap_or(seen);
    let moment =
        |text: Option<String>| text.and_then(|t| parse_time(&t)).filter(|at| *at <= latest);
    let updated = moment(post.updated);
    record.times.announced = Some(moment(post.published).or(updated).unwrap_or(seen));
    record.times.updated = updated;
    Ok(record)
}

/// A link in full: relative ones are the feed's own. An id that is no link (`tag:...`, `42`) gives none.
fn absolute(link: &str, base: &Url) -> Option<String> {
    let link = link.trim();
    let relative = link.starts_with(['/', '.']) && link.len() <= domain::paper::URL_LEN_MAX;
    if relative {
        return clean_url(base.join(link).ok()?.as_str());
    }
    clean_url(link)
}

/// A paper's id if the entry's own id or link is one; else the link itself.
fn ids(id: Option<&str>, links: &[String], page: Option<&String>) -> Vec<ExternalId> {
    let known = |text: &str| {
        let id: ExternalId = text.parse().ok()?;
        matches!(id.scheme, Scheme::Arxiv | Scheme::Doi | Scheme::OpenReview).then_some(id)
    };
    let paper = id
        .into_iter()
        .chain(links.iter().map(String::as_str))
        .find_map(known);
    paper
        .or_else(|| ExternalId::plain(Scheme::Url, page?).ok())
        .into_iter()
        .collect()
}

/// A person's name. RSS wants `mail@example.org (Name)`; the mail address is nobody's business.
fn person(text: &str) -> Option<Author> {
    let text = markup::plain(text, bounds::NAME_LEN_MAX)?;
    let name = match text.split_once('(') {
        Some((mail, name)) if mail.contains('@') => name.trim_end_matches(')').to_string(),
        _ if text.contains('@') => return None,
        _ => text,
    };
    bounds::name(&name).map(Author::named)
}

/// Fetches a feed. `name` is its name in the ledger. `None` says that it is the one of the last remembered visit.
pub async fn fetch(
    client: &Client,
    name: &str,
    url: &str,
    trust: Trust,
    visit: Visit,
) -> Result<Option<Fetched>, FetchError> {
    let url = Url::parse(url)
        .map_err(|e| FetchError::Wrong(format!("`{name}` has no proper address: {e}")))?;
    let request = Request {
        trust,
        body_max: Some(BODY_MAX),
        ..Request::configured(url).visit(visit)
    };
    let Some(page) = client.get(&request).await?.fresh() else {
        return Ok(None);
    };
    let feed = parse(&page.body, &page.url, page.at);
    if !feed.is_feed {
        let url = page.url.to_string();
        let why = "the answer is neither RSS nor Atom nor JSON Feed".to_string();
        return Err(FetchError::Unreadable { url, why });
    }
    let mut gathered = Gathered::default();
    for record in feed.records {
        gathered.paper(AnnounceKind::New, record);
    }
    gathered.unreadable = feed.unreadable;
    if feed.cut {
        gathered.note(format!("only the first {ENTRIES_MAX} entries were read"));
    }
    let key = BatchKey {
        source: Source::Feed,
        category: name.to_string(),
        day: utc_day(page.at),
    };
    let mut fetched = gathered.into_fetched(key, None);
    fetched.visited.extend(page.visited);
    Ok(Some(fetched))
}
