//! bioRxiv's and medRxiv's API: every version posted from one day to another.
//!
//! A row is a version, so several rows may be one paper: they are folded into one record, and the source's number of
//! rows is lowered by those folded, so that expected and received count the same thing.
//! Format: <https://api.biorxiv.org/>.

use std::collections::HashMap;

use domain::ids::ExternalId;
use domain::ledger::{AnnounceKind, BatchKey};
use domain::paper::{Author, Version};
use domain::record::{Record, Source, Unreadable};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::client::{Client, FetchError, Request};
use crate::dates::parse_time;
use crate::endpoints::{self, Endpoints};
use crate::fetched::{Fetched, Gathered};
use crate::lenient::Field;
use crate::paging::Paging;
use crate::unfit::Unfit;
use crate::{bounds, json_scan};

/// The short name under which unreadable rows are set aside.
pub const FORMAT: &str = "biorxiv-json";

/// Most pages of one question; a page has 100 rows.
const PAGES_MAX: u32 = 200;

/// Which of the two servers, under whose name papers are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Biology.
    Biorxiv,
    /// Medicine.
    Medrxiv,
}

impl Server {
    /// Both.
    pub const ALL: [Server; 2] = [Server::Biorxiv, Server::Medrxiv];

    /// The name in addresses, and the category of the ledger's lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Server::Biorxiv => "biorxiv",
            Server::Medrxiv => "medrxiv",
        }
    }
}

/// One page of the API.
#[derive(Debug, Default)]
pub struct Answer {
    /// One record a row, in the source's order.
    pub records: Vec<Record>,
    /// Rows that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// How many rows the whole list has.
    pub total: Option<u32>,
    /// The first row of this page.
    pub cursor: Option<u32>,
    /// What the source says of the question: `ok`, or what is wrong or missing.
    pub status: String,
    /// Whether the body was an answer of the API at all.
    pub is_answer: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    status: Field<'a>,
    #[serde(borrow, default)]
    total: Field<'a>,
    #[serde(borrow, default)]
    cursor: Field<'a>,
}

#[derive(Debug, Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    doi: Field<'a>,
    #[serde(borrow, default)]
    title: Field<'a>,
    #[serde(borrow, default)]
    authors: Field<'a>,
    #[serde(borrow, default)]
    author_corresponding: Field<'a>,
    #[serde(borrow, default)]
    author_corresponding_institution: Field<'a>,
    #[serde(borrow, default)]
    date: Field<'a>,
    #[serde(borrow, default)]
    version: Field<'a>,
    #[serde(rename = "type", borrow, default)]
    kind: Field<'a>,
    #[serde(borrow, default)]
    license: Field<'a>,
    #[serde(borrow, default)]
    category: Field<'a>,
    #[serde(rename = "abstract", borrow, default)]
    abstract_text: Field<'a>,
    #[serde(borrow, default)]
    published: Field<'a>,
}

/// Reads a page. `place` names it in what is set aside.
pub fn parse(body: &[u8], seen: Timestamp, place: &str) -> Answer {
    let messages = json_scan::member(body, "messages");
    let collection = json_scan::member(body, "collection");
    let mut answer = Answer {
        is_answer: messages.is_some(),
        ..Answer::default()
    };
    let message = messages
        .and_then(|list| json_scan::elements(list).next())
        .and_then(|first| serde_json::from_slice::<Message<'_>>(first).ok())
        .unwrap_or_default();
    answer.status = bounds::note(message.status.text().unwrap_or_default()).unwrap_or_default();
    answer.total = message.total.count();
    answer.cursor = message.cursor.count();
    let rows = json_scan::elements(collection.unwrap_or_default());
    for (index, row) in rows.enumerate() {
        match parse_row(row, seen) {
            Ok(record) => answer.records.push(record),
            Err(why) => answer.unreadable.push(Unreadable::new(
                Source::Biorxiv,
                FORMAT,
                format!("{place}, row {}", index + 1),
                why.to_string(),
                row,
            )),
        }
    }
    answer
}

/// Reads one row: one version of a paper.
pub fn parse_row(json: &[u8], seen: Timestamp) -> Result<Record, Unfit> {
    let row: Row<'_> = serde_json::from_slice(json)?;
    let doi = ExternalId::doi(row.doi.text().ok_or(Unfit::Missing("doi"))?)?;
    let title = row
        .title
        .text()
        .and_then(bounds::title)
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::Biorxiv, seen, title);
    record.ids = vec![doi];
    // "NA" stands where no journal has published it yet.
    if let Some(journal) = row.published.text().and_then(|d| ExternalId::doi(d).ok())
        && !record.ids.contains(&journal)
    {
        record.ids.push(journal);
    }
    record.abstract_text = row.abstract_text.text().and_then(bounds::abstract_text);
    read_authors(&row, &mut record);
    record.categories = row
        .category
        .text()
        .and_then(|c| domain::paper::category(&c.trim().to_lowercase().replace(' ', "-")))
        .into_iter()
        .collect();
    record.license = row.license.text().and_then(licence);
    record.withdrawn = row
        .kind
        .text()
        .is_some_and(|kind| kind.to_lowercase().contains("withdraw"));
    let number = row.version.count().and_then(|n| u16::try_from(n).ok());
    let number = number.filter(|n| *n > 0).unwrap_or(1);
    let posted = row.date.text().and_then(parse_time);
    if number == 1 {
        record.times.submitted = posted;
        record.times.announced = posted;
    }
    record.times.updated = posted;
    record.versions = vec![Version {
        number,
        submitted: posted,
    }];
    Ok(record)
}

/// The address of a licence that the API names by a code such as `cc_by_nc`. `cc_no`, all rights reserved, has none.
fn licence(code: &str) -> Option<String> {
    let terms = match code {
        "cc0" | "cc0_ng" => {
            return Some("https://creativecommons.org/publicdomain/zero/1.0/".to_string());
        }
        "cc_by" | "cc_by_ng" => "by",
        "cc_by_nc" => "by-nc",
        "cc_by_nd" => "by-nd",
        "cc_by_nc_nd" => "by-nc-nd",
        "cc_by_sa" => "by-sa",
        "cc_by_nc_sa" => "by-nc-sa",
        _ => return None,
    };
    Some(format!("https://creativecommons.org/licenses/{terms}/4.0/"))
}

/// `Last, F.; Other, A. B.` in reading order. The institution is the corresponding author's.
fn read_authors(row: &Row<'_>, record: &mut Record) {
    let line = row.authors.text().unwrap_or_default();
    let names = line.split(';').filter_map(|name| {
        bounds::name(&match name.split_once(',') {
            Some((last, first)) => format!("{} {}", first.trim(), last.trim()),
            None => name.to_string(),
        })
    });
    let mut total = 0usize;
    for name in names {
        total += 1;
        if record.authors.len() < bounds::AUTHORS_MAX {
            record.authors.push(Author::named(name));
        }
    }
    if total > record.authors.len() {
        record.authors_total = u16::try_from(total).ok();
    }
    let institution = row
        .author_corresponding_institution
        .text()
        .and_then(bounds::name);
    let last_word = |name: &str| {
        domain::text::folded(name)
            .split(' ')
            .next_back()
            .map(str::to_string)
    };
    let corresponding = row.author_corresponding.text().and_then(last_word);
    let author = record
        .authors
        .iter_mut()
        .find(|a| corresponding.is_some() && last_word(&a.name) == corresponding);
    if let Some(author) = author {
        author.affiliation = institution;
    }
}

/// Every paper with a version posted from one day to another, both included.
pub async fn fetch(
    client: &Client,
    endpoints: &Endpoints,
    server: Server,
    from: Date,
    to: Date,
) -> Result<Fetched, FetchError> {
    let mut rows = Rows::default();
    let mut paging = Paging::new(PAGES_MAX);
    while let Some(cursor) = paging.next() {
        let path = format!("/details/{}/{from}/{to}/{cursor}/json", server.as_str());
        let url = endpoints::at(&endpoints.biorxiv, &path, &[])?;
        let place = url.to_string();
        let Some(page) = client.get(&Request::configured(url)).await?.fresh() else {
            break;
        };
        let answer = parse(&page.body, page.at, &place);
        if !answer.is_answer {
            let why = "the answer is not the JSON that the API sends".to_string();
            return Err(FetchError::Unreadable { url: place, why });
        }
        let count = answer.records.len() + answer.unreadable.len();
        let total = match answer.total {
            // "no posts found" comes without a total.
            None if count == 0 && answer.status.starts_with("no posts") => Some(0),
            total => total,
        };
        let mut new = answer.unreadable.len();
        rows.unreadable.extend(answer.unreadable);
        for record in answer.records {
            new += usize::from(rows.fold(record));
        }
        paging.take(count, new, total);
    }
    let key = BatchKey {
        source: Source::Biorxiv,
        category: server.as_str().to_string(),
        day: from,
    };
    Ok(rows.into_fetched(key, &paging))
}

/// Rows folded into papers.
#[derive(Default)]
struct Rows {
    papers: Vec<Record>,
    place: HashMap<ExternalId, usize>,
    unreadable: Vec<Unreadable>,
    /// Rows that are further versions of a paper that is already there.
    folded: u32,
    /// Rows that came before.
    repeated: u32,
}

impl Rows {
    /// Takes a row in. Returns whether it had not come before.
    fn fold(&mut self, record: Record) -> bool {
        let Some(id) = record.ids.first().cloned() else {
            return false;
        };
        let Some(at) = self.place.get(&id) else {
            self.place.insert(id, self.papers.len());
            self.papers.push(record);
            return true;
        };
        let paper = &mut self.papers[*at];
        if paper.versions.iter().any(|v| record.versions.contains(v)) {
            self.repeated += 1;
            return false;
        }
        self.folded += 1;
        let newest = |r: &Record| r.versions.iter().map(|v| v.number).max();
        let mut versions = [paper.versions.as_slice(), &record.versions].concat();
        versions.sort_by_key(|v| v.number);
        let submitted = paper.times.submitted.or(record.times.submitted);
        // The text of the newest version counts; the times of the first stay.
        if newest(&record) > newest(paper) {
            *paper = record;
        }
        paper.versions = versions;
        paper.times.submitted = submitted;
        paper.times.announced = submitted;
        true
    }

    fn into_fetched(self, key: BatchKey, paging: &Paging) -> Fetched {
        let mut gathered = Gathered::default();
        for record in self.papers {
            let new = record.versions.iter().any(|v| v.number == 1);
            let kind = if new {
                AnnounceKind::New
            } else {
                AnnounceKind::Replacement
            };
            gathered.paper(kind, record);
        }
        gathered.unreadable = self.unreadable;
        gathered.duplicates += self.repeated;
        if self.folded > 0 {
            let folded = self.folded;
            gathered.note(format!(
                "{folded} further versions were folded into their papers"
            ));
        }
        if paging.total_changed() {
            gathered.note("the source changed its total while it was read");
        }
        if let Some(note) = paging.end().and_then(|end| end.note()) {
            gathered.note(note);
        }
        let expected = paging.total().map(|rows| rows.saturating_sub(self.folded));
        gathered.into_fetched(key, expected)
    }
}
