//! arXiv's query API: Atom with OpenSearch counts.
//!
//! Known habits of the source that are handled here: pages shorter than asked for, empty pages in the middle of a
//! list, totals that change while one reads, errors sent as an entry, and a sort order that is not kept.
//! Format: <https://info.arxiv.org/help/api/user-manual.html>.

use domain::ids::ExternalId;
use domain::ledger::{AnnounceKind, BatchKey};
use domain::paper::{Author, Version};
use domain::record::{Record, Source, Unreadable};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::client::{Client, FetchError, Request};
use crate::dates::parse_time;
use crate::endpoints::{self, Endpoints};
use crate::fetched::{Fetched, Gathered};
use crate::paging::Paging;
use crate::unfit::Unfit;
use crate::xml::{self, Element, Piece, XmlError};
use crate::{arxiv, bounds};

/// The short name under which unreadable entries are set aside.
pub const FORMAT: &str = "arxiv-atom";

/// Rows asked for in one call. arXiv allows 2,000 and asks for less; large pages come back short more often.
const PAGE_ROWS: u32 = 200;

/// Most pages of one question.
const PAGES_MAX: u32 = 100;

/// Ids named in one call; the address stays under 2,000 bytes.
const IDS_AT_ONCE: usize = 100;

/// Most entries that are read from one answer.
const ENTRIES_MAX: usize = 5_000;

/// One answer of the API.
#[derive(Debug, Default)]
pub struct Answer {
    /// The papers, in the source's order.
    pub records: Vec<Record>,
    /// Entries that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// How many rows the whole list has.
    pub total: Option<u32>,
    /// The first row of this answer.
    pub start: Option<u32>,
    /// How many rows an answer has at most.
    pub per_page: Option<u32>,
    /// What arXiv says is wrong with the question.
    pub error: Option<String>,
    /// Whether the document ended in the middle of an entry, which is then the last of [`Answer::unreadable`].
    pub breaks_off: bool,
}

/// Reads an answer. `place` names it in what is set aside.
pub fn parse(body: &[u8], seen: Timestamp, place: &str) -> Answer {
    let text = xml::decoded(body);
    let pieces = xml::pieces(&text, "entry", ENTRIES_MAX);
    let (frame, _) = xml::parse(&pieces.frame);
    let number = |name: &str| frame.line_of(name)?.parse().ok();
    let mut answer = Answer {
        total: number("totalResults"),
        start: number("startIndex"),
        per_page: number("itemsPerPage"),
        ..Answer::default()
    };
    for (index, piece) in pieces.entries.iter().enumerate() {
        let (text, read) = match piece {
            Piece::Whole(text) => (*text, entry(text, seen)),
            Piece::Torn(text) => {
                answer.breaks_off = index + 1 == pieces.entries.len();
                let torn = XmlError::BreaksOff("entry".to_string());
                (*text, Err(Unfit::Other(torn.to_string())))
            }
        };
        match read {
            Ok(Entry::Paper(record)) => answer.records.push(*record),
            Ok(Entry::Error(message)) => answer.error = Some(message),
            Err(why) => answer.unreadable.push(Unreadable::new(
                Source::ArxivApi,
                FORMAT,
                format!("{place}, entry {}", index + 1),
                why.to_string(),
                text.as_bytes(),
            )),
        }
    }
    answer
}

/// Reads one entry by itself: for a retry of what was set aside.
pub fn parse_entry(bytes: &[u8], seen: Timestamp) -> Result<Record, Unfit> {
    match entry(&xml::decoded(bytes), seen)? {
        Entry::Paper(record) => Ok(*record),
        Entry::Error(message) => Err(Unfit::Other(message)),
    }
}

enum Entry {
    Paper(Box<Record>),
    Error(String),
}

fn entry(text: &str, seen: Timestamp) -> Result<Entry, Unfit> {
    let entry = xml::parse_whole(text).map_err(|e| Unfit::Other(e.to_string()))?;
    let id = entry.line_of("id").ok_or(Unfit::Missing("id"))?;
    if id.contains("/api/errors") {
        let message = entry.line_of("summary").unwrap_or(id);
        return Ok(Entry::Error(message));
    }
    let (id, version) = ExternalId::arxiv(&id)?;
    let title = entry
        .child("title")
        .and_then(|t| bounds::title(&t.text()))
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::ArxivApi, seen, title);
    record.ids = vec![id];
    if let Some(doi) = entry.line_of("doi") {
        record.ids.extend(ExternalId::doi(&doi).ok());
    }
    record.abstract_text = entry
        .child("summary")
        .and_then(|s| bounds::abstract_text(&s.text()));
    authors(&entry, &mut record);
    record.categories = categories(&entry);
    record.comment = entry.line_of("comment").and_then(|c| bounds::note(&c));
    record.journal_ref = entry.line_of("journal_ref").and_then(|j| bounds::note(&j));
    record.withdrawn =
        arxiv::is_withdrawn(record.comment.as_deref(), record.abstract_text.as_deref());
    record.times.submitted = entry.line_of("published").and_then(|t| parse_time(&t));
    record.times.updated = entry.line_of("updated").and_then(|t| parse_time(&t));
    record.versions = versions(&record, version);
    Ok(Entry::Paper(Box::new(record)))
}

fn authors(entry: &Element, record: &mut Record) {
    let all: Vec<Author> = entry
        .children("author")
        .filter_map(|author| {
            Some(Author {
                name: bounds::name(&author.line_of("name")?)?,
                affiliation: author.line_of("affiliation").and_then(|a| bounds::name(&a)),
            })
        })
        .collect();
    if all.len() > bounds::AUTHORS_MAX {
        record.authors_total = u16::try_from(all.len()).ok();
    }
    record.authors = all;
    record.authors.truncate(bounds::AUTHORS_MAX);
}

/// The primary category first, each once.
fn categories(entry: &Element) -> Vec<String> {
    let primary = entry.children("primary_category");
    let mut out = Vec::new();
    for element in primary.chain(entry.children("category")) {
        if let Some(category) = element.attribute("term").and_then(arxiv::category)
            && !out.contains(&category)
        {
            out.push(category);
        }
    }
    out
}

/// The API tells the first version's time and the newest version's; those between stay unknown.
fn versions(record: &Record, newest: Option<u16>) -> Vec<Version> {
    let first = Version {
        number: 1,
        submitted: record.times.submitted,
    };
    match newest {
        Some(number) if number > 1 => vec![
            first,
            Version {
                number,
                submitted: record.times.updated,
            },
        ],
        _ => vec![first],
    }
}

/// Papers of a category whose first version was submitted from one day to another, both included (UTC).
///
/// The API counts the whole list, so the range can be checked against the source's own number.
pub async fn submitted(
    client: &Client,
    endpoints: &Endpoints,
    category: &str,
    from: Date,
    to: Date,
) -> Result<Fetched, FetchError> {
    let category = endpoints::category(category)?;
    let day = |day: Date| day.strftime("%Y%m%d").to_string();
    let question = format!(
        "cat:{category} AND submittedDate:[{}0000 TO {}2359]",
        day(from),
        day(to)
    );
    let mut gathered = Gathered::default();
    let mut paging = Paging::new(PAGES_MAX);
    let mut order = Order::default();
    while let Some(start) = paging.next() {
        let (start, rows) = (start.to_string(), PAGE_ROWS.to_string());
        let query = [
            ("search_query", question.as_str()),
            ("sortBy", "submittedDate"),
            ("sortOrder", "descending"),
            ("start", &start),
            ("max_results", &rows),
        ];
        let answer = ask(client, endpoints, &query).await?;
        order.check(&answer.records);
        take(&mut gathered, &mut paging, answer);
    }
    if paging.total_changed() {
        gathered.note("the source changed its total while it was read");
    }
    if order.broken {
        gathered.note("the source did not keep to the sort order asked for");
    }
    if let Some(note) = paging.end().and_then(|end| end.note()) {
        gathered.note(note);
    }
    let key = BatchKey {
        source: Source::ArxivApi,
        category,
        day: from,
    };
    Ok(gathered.into_fetched(key, paging.total()))
}

/// Takes a page in.
fn take(gathered: &mut Gathered, paging: &mut Paging, mut answer: Answer) {
    let whole = answer.records.len() + answer.unreadable.len();
    if answer.breaks_off && whole > 1 {
        // The torn entry is the first of the next page, so it need not be set aside.
        answer.unreadable.pop();
        gathered.note("a page broke off in the middle and was asked for again from there");
    }
    let rows = answer.records.len() + answer.unreadable.len();
    let mut new = answer.unreadable.len();
    for record in answer.records {
        new += usize::from(gathered.paper(AnnounceKind::New, record));
    }
    gathered.unreadable.append(&mut answer.unreadable);
    paging.take(rows, new, answer.total);
}

/// Whether submission times only fall.
#[derive(Default)]
struct Order {
    last: Option<Timestamp>,
    broken: bool,
}

impl Order {
    fn check(&mut self, records: &[Record]) {
        for at in records.iter().filter_map(|r| r.times.submitted) {
            self.broken |= self.last.is_some_and(|last| at > last);
            self.last = Some(at);
        }
    }
}

/// Papers by id, and what could not be read of them. Ids that arXiv does not know are simply absent.
pub async fn by_ids(
    client: &Client,
    endpoints: &Endpoints,
    ids: &[ExternalId],
) -> Result<(Vec<Record>, Vec<Unreadable>), FetchError> {
    let mut records = Vec::new();
    let mut unreadable = Vec::new();
    for chunk in ids.chunks(IDS_AT_ONCE) {
        let values: Vec<&str> = chunk.iter().map(|id| id.value.as_str()).collect();
        let (list, rows) = (values.join(","), values.len().to_string());
        let query = [("id_list", list.as_str()), ("max_results", &rows)];
        let mut answer = ask(client, endpoints, &query).await?;
        // A source that answers another question than the one asked must not bring in strangers.
        answer
            .records
            .retain(|r| r.ids.first().is_some_and(|id| chunk.contains(id)));
        records.append(&mut answer.records);
        unreadable.append(&mut answer.unreadable);
    }
    Ok((records, unreadable))
}

async fn ask(
    client: &Client,
    endpoints: &Endpoints,
    query: &[(&str, &str)],
) -> Result<Answer, FetchError> {
    let url = endpoints::at(&endpoints.arxiv_api, "/api/query", query)?;
    let place = url.to_string();
    let Some(page) = client.get(&Request::arxiv(url)).await?.fresh() else {
        return Ok(Answer::default());
    };
    let answer = parse(&page.body, page.at, &place);
    match answer.error {
        Some(why) => Err(FetchError::Unreadable { url: place, why }),
        None if answer.total.is_none() && answer.records.is_empty() => {
            let why = "the answer is not the Atom feed that arXiv's API sends".to_string();
            Err(FetchError::Unreadable { url: place, why })
        }
        None => Ok(answer),
    }
}
