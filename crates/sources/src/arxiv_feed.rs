//! arXiv's announcement feeds, `/rss/{category}` and `/atom/{category}`: the records of one day's announcement.
//!
//! One category a feed: a feed of several would hide which of them announced what. The feed says nothing of its own
//! length; the [listing](crate::arxiv_listing) does. Format: <https://info.arxiv.org/help/rss_specifications.html>.

use domain::ids::ExternalId;
use domain::ledger::AnnounceKind;
use domain::paper::Version;
use domain::record::{Record, Source, Unreadable};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::client::{Client, FetchError, Request, Visit, Visited};
use crate::dates::{parse_date, parse_time};
use crate::endpoints::{self, Endpoints};
use crate::unfit::Unfit;
use crate::xml::{self, Element, Piece, XmlError};
use crate::{arxiv, bounds};

/// The short name under which unreadable entries are set aside.
pub const FORMAT: &str = "arxiv-feed";

/// arXiv cuts a feed at this many entries; one that long says nothing about completeness.
pub const CUT_AT: usize = 2000;

/// Most entries that are read.
const ENTRIES_MAX: usize = 5_000;

/// One day's announcement of one category.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Announcement {
    /// The day, in arXiv's own time zone. The feed of a day without papers may leave it out.
    pub day: Option<Date>,
    /// The papers, in the feed's order, repetitions included.
    pub entries: Vec<(AnnounceKind, Record)>,
    /// Entries that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Whether the source says that it announces nothing on this weekday.
    pub closed: bool,
    /// Whether the document was a feed at all.
    pub is_feed: bool,
    /// What was odd.
    pub notes: Vec<String>,
}

/// Reads a feed, RSS or Atom. `place` names it in what is set aside.
pub fn parse(body: &[u8], seen: Timestamp, place: &str) -> Announcement {
    let text = xml::decoded(body);
    let mut pieces = xml::pieces(&text, "item", ENTRIES_MAX);
    if pieces.entries.is_empty() {
        pieces = xml::pieces(&text, "entry", ENTRIES_MAX);
    }
    let (frame, _) = xml::parse(&pieces.frame);
    let channel = frame.child("channel").unwrap_or(&frame);
    let mut out = Announcement {
        is_feed: matches!(frame.name.as_str(), "rss" | "feed" | "RDF"),
        ..Announcement::default()
    };
    let mut days: Vec<Date> = Vec::new();
    for (index, piece) in pieces.entries.iter().enumerate() {
        let (text, read) = match piece {
            Piece::Whole(text) => (*text, entry(text, seen)),
            Piece::Torn(text) => {
                let torn = XmlError::BreaksOff("entry".to_string());
                (*text, Err(Unfit::Other(torn.to_string())))
            }
        };
        match read {
            Ok((kind, record, day)) => {
                out.entries.push((kind, record));
                days.extend(day);
            }
            Err(why) => out.unreadable.push(Unreadable::new(
                Source::ArxivFeed,
                FORMAT,
                format!("{place}, entry {}", index + 1),
                why.to_string(),
                text.as_bytes(),
            )),
        }
    }
    // The entries' own day counts; the channel's says when the file was made.
    let made = ["pubDate", "lastBuildDate", "updated"]
        .iter()
        .find_map(|name| parse_date(&channel.line_of(name)?));
    out.day = days.iter().max().copied().or(made);
    if days.iter().any(|day| Some(*day) != out.day) {
        out.notes
            .push("the feed mixes entries of several days".to_string());
    }
    if pieces.entries.len() >= CUT_AT {
        out.notes.push(format!(
            "arXiv cuts its feeds at {CUT_AT} entries, and this one is that long"
        ));
    }
    out.closed = out.day.is_some_and(|day| skips(channel, day));
    out
}

/// Reads one entry by itself: for a retry of what was set aside.
pub fn parse_entry(bytes: &[u8], seen: Timestamp) -> Result<(AnnounceKind, Record), Unfit> {
    entry(&xml::decoded(bytes), seen).map(|(kind, record, _)| (kind, record))
}

/// Whether `skipDays` names the weekday of a date.
fn skips(channel: &Element, day: Date) -> bool {
    let name = day.strftime("%A").to_string();
    channel.child("skipDays").is_some_and(|skip| {
        skip.children("day")
            .any(|d| d.line().as_deref() == Some(&name))
    })
}

fn entry(text: &str, seen: Timestamp) -> Result<(AnnounceKind, Record, Option<Date>), Unfit> {
    let entry = xml::parse_whole(text).map_err(|e| Unfit::Other(e.to_string()))?;
    let description = ["description", "summary"]
        .iter()
        .find_map(|name| entry.child(name))
        .map(Element::text)
        .unwrap_or_default();
    let (id, version) = id_of(&entry, &description)?;
    let kind = kind_of(&entry, &description)?;
    let title = entry
        .child("title")
        .and_then(|t| bounds::title(&t.text()))
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::ArxivFeed, seen, title);
    record.ids = vec![id];
    if let Some(doi) = entry.line_of("DOI").or_else(|| entry.line_of("doi")) {
        record.ids.extend(ExternalId::doi(&doi).ok());
    }
    let words = description.split_once("Abstract:");
    record.abstract_text = bounds::abstract_text(words.map_or(description.as_str(), |w| w.1));
    read_people(&entry, &mut record);
    for category in entry.children("category") {
        let term = category.attribute("term").map(str::to_string);
        if let Some(category) = term
            .or_else(|| category.line())
            .and_then(|t| arxiv::category(&t))
            && !record.categories.contains(&category)
        {
            record.categories.push(category);
        }
    }
    record.license = entry
        .line_of("rights")
        .and_then(|r| domain::paper::clean_url(&r));
    record.journal_ref = entry
        .line_of("journal_reference")
        .and_then(|j| bounds::note(&j));
    record.comment = entry.line_of("comment").and_then(|c| bounds::note(&c));
    record.withdrawn =
        arxiv::is_withdrawn(record.comment.as_deref(), record.abstract_text.as_deref());
    let date = ["pubDate", "published", "date", "updated"]
        .iter()
        .find_map(|name| entry.line_of(name));
    let announced = date.as_deref().and_then(parse_time);
    match kind {
        // A cross-list of a known paper changes nothing, for the earlier announcement stays.
        AnnounceKind::New | AnnounceKind::Cross => record.times.announced = announced,
        AnnounceKind::Replacement => record.times.updated = announced,
    }
    record.versions = version
        .map(|number| Version {
            number,
            submitted: None,
        })
        .into_iter()
        .collect();
    Ok((kind, record, date.as_deref().and_then(parse_date)))
}

/// From the entry's own id (`oai:arXiv.org:2411.14001v2`), its description, or its link.
fn id_of(entry: &Element, description: &str) -> Result<(ExternalId, Option<u16>), Unfit> {
    let described = description.split_whitespace().next().unwrap_or_default();
    let link = entry
        .children("link")
        .find_map(|l| l.attribute("href").map(str::to_string).or_else(|| l.line()));
    let texts = [
        entry.line_of("guid"),
        entry.line_of("id"),
        Some(described.to_string()),
        link,
    ];
    let mut first = None;
    for text in texts.into_iter().flatten().filter(|t| !t.is_empty()) {
        match ExternalId::arxiv(&text) {
            Ok(found) => return Ok(found),
            Err(e) => first = first.or(Some(e)),
        }
    }
    Err(first.map_or(Unfit::Missing("id"), Unfit::Id))
}

fn kind_of(entry: &Element, description: &str) -> Result<AnnounceKind, Unfit> {
    let said = entry.line_of("announce_type").or_else(|| {
        let (_, rest) = description.split_once("Announce Type:")?;
        rest.split_whitespace().next().map(str::to_string)
    });
    match said.as_deref() {
        Some("new") => Ok(AnnounceKind::New),
        Some("cross") => Ok(AnnounceKind::Cross),
        Some("replace" | "replace-cross") => Ok(AnnounceKind::Replacement),
        Some(other) => {
            let other = bounds::prefix(other, 60);
            Err(Unfit::Other(format!(
                "its announce type `{other}` is not known"
            )))
        }
        None => Err(Unfit::Missing("announce type")),
    }
}

fn read_people(entry: &Element, record: &mut Record) {
    let line = entry.line_of("creator").or_else(|| {
        let names: Vec<String> = entry
            .children("author")
            .filter_map(|author| author.line_of("name").or_else(|| author.line()))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    });
    let (authors, total) = arxiv::authors(line.as_deref().unwrap_or_default());
    if total > authors.len() {
        record.authors_total = u16::try_from(total).ok();
    }
    record.authors = authors;
}

/// Fetches the newest announcement of a category; nothing if it is the one of the last remembered visit.
pub async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
    category: &str,
    visit: Visit,
) -> Result<Option<(Announcement, Option<Visited>)>, FetchError> {
    let category = endpoints::category(category)?;
    let url = endpoints::at(&endpoints.arxiv_rss, &format!("/rss/{category}"), &[])?;
    let place = url.to_string();
    let Some(page) = client.get(&Request::arxiv(url).visit(visit)).await?.fresh() else {
        return Ok(None);
    };
    let announcement = parse(&page.body, page.at, &place);
    if !announcement.is_feed {
        let why = "the answer is not an announcement feed".to_string();
        return Err(FetchError::Unreadable { url: place, why });
    }
    Ok(Some((announcement, page.visited)))
}
