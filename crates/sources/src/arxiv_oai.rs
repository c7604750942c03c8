//! arXiv's OAI-PMH: everything that changed since a day, page by page, deletions included.
//!
//! `arXivRaw` is asked for because it alone tells every version's time; `arXiv` records are understood too.
//! Here a page is read; a [`Harvest`] asks for one after the other.
//! Protocol: <https://www.openarchives.org/OAI/openarchivesprotocol.html>.

mod harvest;

use domain::ids::ExternalId;
use domain::paper::{Author, Version, utc_midnight};
use domain::record::{Item, Record, Source, Unreadable};
use jiff::Timestamp;
use jiff::civil::Date;

pub use self::harvest::{Harvest, HarvestEnd, Progress, Question};
use crate::dates::{parse_date, parse_time};
use crate::unfit::Unfit;
use crate::xml::{self, Element, Piece, XmlError};
use crate::{arxiv, bounds};

/// The short name under which unreadable records are set aside.
pub const FORMAT: &str = "arxiv-oai";

/// Most records that are read from one page. arXiv sends about 1,300.
const RECORDS_MAX: usize = 20_000;

/// Most versions of one paper that are kept. arXiv's most are under 200.
const VERSIONS_MAX: usize = 1_000;

/// One page of records.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// Papers and deletions, in the source's order.
    pub items: Vec<Item>,
    /// Records that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The datestamps of the records, in order: the days of their last change.
    pub datestamps: Vec<Date>,
    /// What to ask with for the next page; nothing on the last.
    pub token: Option<String>,
    /// How many records the whole answer has, where the source says so.
    pub complete_list_size: Option<u32>,
    /// How many came before this page, where the source says so.
    pub cursor: Option<u32>,
    /// What the protocol says is wrong.
    pub error: Option<OaiError>,
    /// Whether the document was an OAI-PMH answer at all.
    pub is_oai: bool,
    /// Whether the document ended early, so that a missing token means nothing.
    pub breaks_off: bool,
}

/// An error of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OaiError {
    /// The protocol's code, such as `badResumptionToken`.
    pub code: String,
    /// The source's words.
    pub message: String,
}

/// Reads a page. `place` names it in what is set aside.
pub fn parse(body: &[u8], seen: Timestamp, place: &str) -> Page {
    let text = xml::decoded(body);
    let pieces = xml::pieces(&text, "record", RECORDS_MAX);
    let (frame, broken) = xml::parse(&pieces.frame);
    let token = frame.descendant("resumptionToken");
    let number = |name: &str| token?.attribute(name)?.trim().parse().ok();
    let mut page = Page {
        token: token
            .map(|t| t.text().trim().to_string())
            .filter(|t| !t.is_empty()),
        complete_list_size: number("completeListSize"),
        cursor: number("cursor"),
        error: frame.child("error").map(|e| OaiError {
            code: e.attribute("code").unwrap_or_default().to_string(),
            message: bounds::note(&e.text()).unwrap_or_default(),
        }),
        is_oai: frame.name == "OAI-PMH",
        breaks_off: broken.is_some(),
        ..Page::default()
    };
    for (index, piece) in pieces.entries.iter().enumerate() {
        let (text, read) = match piece {
            Piece::Whole(text) => (*text, record(text, seen)),
            Piece::Torn(text) => {
                let torn = XmlError::BreaksOff("record".to_string());
                (*text, Err(Unfit::Other(torn.to_string())))
            }
        };
        match read {
            Ok((item, datestamp)) => {
                page.items.push(item);
                page.datestamps.extend(datestamp);
            }
            Err(why) => page.unreadable.push(Unreadable::new(
                Source::ArxivOai,
                FORMAT,
                format!("{place}, record {}", index + 1),
                why.to_string(),
                text.as_bytes(),
            )),
        }
    }
    page
}

/// Reads one record by itself: for a retry of what was set aside.
pub fn parse_record(bytes: &[u8], seen: Timestamp) -> Result<Item, Unfit> {
    record(&xml::decoded(bytes), seen).map(|(item, _)| item)
}

fn record(text: &str, seen: Timestamp) -> Result<(Item, Option<Date>), Unfit> {
    let record = xml::parse_whole(text).map_err(|e| Unfit::Other(e.to_string()))?;
    let header = record.child("header").ok_or(Unfit::Missing("header"))?;
    let identifier = header
        .line_of("identifier")
        .ok_or(Unfit::Missing("identifier"))?;
    let (id, _) = ExternalId::arxiv(&identifier)?;
    let datestamp = header.line_of("datestamp").and_then(|d| parse_date(&d));
    if header.attribute("status") == Some("deleted") {
        let at = datestamp.and_then(utc_midnight).unwrap_or(seen);
        let source = Source::ArxivOai;
        return Ok((Item::Deleted { id, source, at }, datestamp));
    }
    let metadata = record
        .child("metadata")
        .and_then(|m| m.elements().next())
        .ok_or(Unfit::Missing("metadata"))?;
    let paper = paper(metadata, id, datestamp, seen)?;
    Ok((Item::Paper(Box::new(paper)), datestamp))
}

/// Reads `arXivRaw` or `arXiv`: they share most names.
fn paper(
    metadata: &Element,
    id: ExternalId,
    datestamp: Option<Date>,
    seen: Timestamp,
) -> Result<Record, Unfit> {
    let title = metadata
        .child("title")
        .and_then(|t| bounds::title(&t.text()))
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::ArxivOai, seen, title);
    record.ids = vec![id];
    if let Some(doi) = metadata.line_of("doi") {
        // Several DOIs may stand there, one after the other.
        let dois = doi.split([' ', ',', ';']).filter(|d| !d.is_empty()).take(5);
        record
            .ids
            .extend(dois.filter_map(|d| ExternalId::doi(d).ok()));
        record.ids.dedup();
    }
    record.abstract_text = metadata
        .child("abstract")
        .and_then(|a| bounds::abstract_text(&a.text()));
    read_authors(metadata, &mut record);
    let categories = metadata.line_of("categories").unwrap_or_default();
    record.categories = categories.split(' ').filter_map(arxiv::category).collect();
    record.comment = metadata.line_of("comments").and_then(|c| bounds::note(&c));
    record.journal_ref = metadata
        .line_of("journal-ref")
        .and_then(|j| bounds::note(&j));
    record.license = metadata
        .line_of("license")
        .and_then(|l| domain::paper::clean_url(&l));
    read_versions(metadata, &mut record);
    let updated = metadata.line_of("updated").and_then(|d| parse_time(&d));
    record.times.updated = record
        .times
        .updated
        .or(updated)
        .or(datestamp.and_then(utc_midnight));
    record.withdrawn = record.withdrawn
        || arxiv::is_withdrawn(record.comment.as_deref(), record.abstract_text.as_deref());
    Ok(record)
}

/// `arXiv` names each author by parts, `arXivRaw` has one line.
fn read_authors(metadata: &Element, record: &mut Record) {
    let Some(authors) = metadata.child("authors") else {
        return;
    };
    let parts: Vec<Author> = authors.children("author").filter_map(author).collect();
    let total = if parts.is_empty() {
        let (split, total) = arxiv::authors(&authors.text());
        record.authors = split;
        total
    } else {
        let total = parts.len();
        record.authors = parts;
        record.authors.truncate(bounds::AUTHORS_MAX);
        total
    };
    if total > record.authors.len() {
        record.authors_total = u16::try_from(total).ok();
    }
}

fn author(element: &Element) -> Option<Author> {
    let parts: Vec<String> = ["forenames", "keyname", "suffix"]
        .iter()
        .filter_map(|name| element.line_of(name))
        .collect();
    let affiliation = element.line_of("affiliation");
    Some(Author {
        name: bounds::name(&arxiv::unaccented_tex(&parts.join(" ")))?,
        affiliation: affiliation.and_then(|a| bounds::name(&arxiv::unaccented_tex(&a))),
    })
}

/// `arXivRaw` lists all versions with their times; `arXiv` has only the first one's day.
fn read_versions(metadata: &Element, record: &mut Record) {
    let mut versions: Vec<Version> = Vec::new();
    for element in metadata.children("version").take(VERSIONS_MAX) {
        let number = element
            .attribute("version")
            .and_then(|v| v.strip_prefix('v')?.parse().ok())
            .filter(|n| *n > 0);
        let submitted = element.line_of("date").and_then(|d| parse_time(&d));
        versions.extend(number.map(|number| Version { number, submitted }));
    }
    versions.sort_by_key(|v| v.number);
    versions.dedup_by_key(|v| v.number);
    // arXiv marks a version whose text the authors took back as one to be ignored.
    let newest = metadata.children("version").last();
    record.withdrawn = newest
        .and_then(|v| v.line_of("source_type"))
        .is_some_and(|kind| kind.contains('I'));
    let created = metadata.line_of("created").and_then(|d| parse_time(&d));
    let first = versions.first().filter(|v| v.number == 1);
    record.times.submitted = first.and_then(|v| v.submitted).or(created);
    record.times.updated = versions.last().and_then(|v| v.submitted);
    record.versions = versions;
}
