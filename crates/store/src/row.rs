//! A paper as a row: one order of columns for reading and for writing.

use std::borrow::Cow;

use domain::ids::{ExternalId, PaperId, Scheme};
use domain::paper::{Author, Link, LinkKind, Paper, Summary, TextSources, Times, Version};
use domain::record::Source;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::sql::{Statement, count, paper_id, row_of, word};
use crate::time::{UNDATED, day_number, micros, moment, moments};

/// The columns of `papers`, in the order of [`bind_paper`] and [`read_paper`].
pub(crate) const COLUMNS: [&str; 27] = [
    "id",
    "seq",
    "title_key",
    "listed_day",
    "id_order",
    "votes",
    "evidence",
    "comments",
    "stars",
    "withdrawn",
    "submitted",
    "announced",
    "updated",
    "featured",
    "authors_total",
    "text_sources",
    "categories",
    "tags",
    "versions",
    "summary",
    "summary_by",
    "comment",
    "journal_ref",
    "license",
    "title",
    "authors",
    "abstract",
];

/// By what a paper stands in lists, highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) listed_day: i64,
    pub(crate) votes: i64,
    pub(crate) evidence: i64,
    pub(crate) id_order: i64,
}

impl Rank {
    pub(crate) fn of(paper: &Paper) -> Rank {
        Rank {
            listed_day: paper.times.listed_day().map_or(UNDATED, day_number),
            votes: i64::from(paper.votes),
            evidence: i64::from(paper.evidence()),
            id_order: id_order(paper),
        }
    }
}

/// The fingerprint of a title as the database has it: the same 64 bits, signed.
pub(crate) fn title_key(title: &str) -> i64 {
    domain::text::title_key(title).cast_signed()
}

/// A number that grows with the issuer's numbering, so that "newest id first" does not depend on the order of import:
/// months since year 0 times 100,000, plus the number within the month. Papers without an arXiv id take their place
/// by day.
fn id_order(paper: &Paper) -> i64 {
    const PER_MONTH: i64 = 100_000;
    if let Some((month, number)) = paper.arxiv().and_then(arxiv_month) {
        return month * PER_MONTH + number;
    }
    match paper.times.listed_day() {
        Some(day) => {
            let month = i64::from(day.year()) * 12 + i64::from(day.month()) - 1;
            month * PER_MONTH + i64::from(day.day()) * 1000
        }
        None => 0,
    }
}

/// Months since year 0 and the number within the month, of `2305.19435` or `math/9201207`.
fn arxiv_month(id: &str) -> Option<(i64, i64)> {
    let digits = id.rsplit('/').next()?;
    let (yymm, number) = match digits.split_once('.') {
        Some(parts) => parts,
        None => digits.split_at_checked(4)?,
    };
    let yymm: i64 = yymm.parse().ok()?;
    let number: i64 = number.parse().ok()?;
    let (year, month) = (yymm / 100, yymm % 100);
    // arXiv began in 1991; papers dated back to 1986 have later ids.
    let century = if year >= 86 { 1900 } else { 2000 };
    Some(((century + year) * 12 + month - 1, number))
}

/// An author as JSON: the name alone, or name and affiliation.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredAuthor<'a> {
    Named(#[serde(borrow)] Cow<'a, str>),
    Placed(#[serde(borrow)] Cow<'a, str>, #[serde(borrow)] Cow<'a, str>),
}

/// Binds a paper in the order of [`COLUMNS`].
pub(crate) fn bind_paper<'q>(statement: Statement<'q>, paper: &Paper, seq: i64) -> Statement<'q> {
    let rank = Rank::of(paper);
    let (summary, summary_by) = match &paper.summary {
        Some(summary) => (Some(summary.text.as_str()), Some(summary.by.as_str())),
        None => (None, None),
    };
    statement
        .bind(row_of(paper.id))
        .bind(seq)
        .bind(title_key(&paper.title))
        .bind(rank.listed_day)
        .bind(rank.id_order)
        .bind(rank.votes)
        .bind(rank.evidence)
        .bind(i64::from(paper.comments))
        .bind(paper.stars.map(i64::from))
        .bind(i64::from(paper.withdrawn))
        .bind(paper.times.submitted.map(micros))
        .bind(paper.times.announced.map(micros))
        .bind(paper.times.updated.map(micros))
        .bind(paper.times.featured.map(micros))
        .bind(paper.authors_total.map(i64::from))
        .bind(text_sources_text(&paper.text_sources))
        .bind(paper.categories.join(" "))
        .bind(json(&paper.tags))
        .bind(versions_text(&paper.versions))
        .bind(summary)
        .bind(summary_by)
        .bind(paper.comment.as_deref())
        .bind(paper.journal_ref.as_deref())
        .bind(paper.license.as_deref())
        .bind(paper.title.as_str())
        .bind(authors_text(&paper.authors))
        .bind(paper.abstract_text.as_str())
}

/// Reads a paper from a row in the order of [`COLUMNS`]. Its ids and links are in tables of their own.
pub(crate) fn read_paper(row: &AnyRow) -> Result<Paper> {
    let mut columns = Columns { row, next: 0 };
    let id = paper_id(columns.int()?)?;
    columns.next = 5; // seq, title_key, listed_day and id_order follow from the rest
    let votes = count(columns.int()?)?;
    columns.next += 1; // evidence too
    let comments = count(columns.int()?)?;
    let stars = columns.opt_int()?.map(count).transpose()?;
    let withdrawn = columns.int()? != 0;
    let times = Times {
        submitted: moments(columns.opt_int()?)?,
        announced: moments(columns.opt_int()?)?,
        updated: moments(columns.opt_int()?)?,
        featured: moments(columns.opt_int()?)?,
    };
    let authors_total = columns.opt_int()?.and_then(|n| u16::try_from(n).ok());
    let text_sources = read_text_sources(columns.text()?)?;
    let categories = columns.text()?.split_whitespace().map(String::from);
    let categories = categories.collect();
    let tags = read_json(id, columns.text()?)?;
    let versions = read_versions(id, columns.text()?)?;
    let summary = match (columns.opt_text()?, columns.opt_text()?) {
        (Some(text), Some(by)) => Some(Summary { text, by }),
        _ => None,
    };
    Ok(Paper {
        id,
        ids: Vec::new(),
        categories,
        tags,
        versions,
        times,
        links: Vec::new(),
        summary,
        comment: columns.opt_text()?,
        journal_ref: columns.opt_text()?,
        license: columns.opt_text()?,
        withdrawn,
        text_sources,
        votes,
        comments,
        stars,
        authors_total,
        title: columns.text()?.to_string(),
        authors: read_authors(id, columns.text()?)?,
        abstract_text: columns.text()?.to_string(),
    })
}

/// Reads a link from `paper, kind, url, source, at`.
pub(crate) fn read_link(row: &AnyRow) -> Result<(PaperId, Link)> {
    let mut columns = Columns { row, next: 0 };
    let paper = paper_id(columns.int()?)?;
    let link = Link {
        kind: word(columns.text()?, LinkKind::from_short)?,
        url: columns.text()?.to_string(),
        source: word(columns.text()?, Source::from_short)?,
        at: moment(columns.int()?)?,
    };
    Ok((paper, link))
}

/// An id as the database has it: `scheme:value`.
pub(crate) fn external_text(id: &ExternalId) -> String {
    format!("{}:{}", id.scheme.as_str(), id.value)
}

/// Reads an id from `scheme:value`.
pub(crate) fn read_external(text: &str) -> Result<ExternalId> {
    text.split_once(':')
        .and_then(|(scheme, value)| {
            Some(ExternalId {
                scheme: Scheme::from_short(scheme)?,
                value: value.to_string(),
            })
        })
        .ok_or_else(|| Error::Damaged(format!("`{text}` is no stored id")))
}

/// The columns of a row, one after the other.
pub(crate) struct Columns<'r> {
    pub(crate) row: &'r AnyRow,
    pub(crate) next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r AnyRow) -> Self {
        Columns { row, next: 0 }
    }

    fn advance(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        Ok(self.row.try_get(self.advance())?)
    }

    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>> {
        Ok(self.row.try_get(self.advance())?)
    }

    pub(crate) fn real(&mut self) -> Result<f64> {
        Ok(self.row.try_get(self.advance())?)
    }

    pub(crate) fn text(&mut self) -> Result<&'r str> {
        Ok(self.row.try_get(self.advance())?)
    }

    pub(crate) fn opt_text(&mut self) -> Result<Option<String>> {
        Ok(self.row.try_get(self.advance())?)
    }
}

/// Title, abstract, authors, categories; one word when all four are the same, as they mostly are.
fn text_sources_text(sources: &TextSources) -> String {
    let name = |source: Option<Source>| source.map_or("-", Source::as_str);
    let words = [
        name(Some(sources.title)),
        name(sources.abstract_text),
        name(sources.authors),
        name(sources.categories),
    ];
    if words.iter().all(|word| *word == words[0]) {
        words[0].to_string()
    } else {
        words.join(" ")
    }
}

fn read_text_sources(text: &str) -> Result<TextSources> {
    let damaged = || Error::Damaged(format!("`{text}` names no text sources"));
    let words: Vec<&str> = text.split(' ').collect();
    let [title, abstract_text, authors, categories] = match words.as_slice() {
        [one] => [*one; 4],
        [a, b, c, d] => [*a, *b, *c, *d],
        _ => return Err(damaged()),
    };
    let source = |word: &str| match word {
        "-" => Ok(None),
        word => Source::from_short(word).map(Some).ok_or_else(damaged),
    };
    Ok(TextSources {
        title: source(title)?.ok_or_else(damaged)?,
        abstract_text: source(abstract_text)?,
        authors: source(authors)?,
        categories: source(categories)?,
    })
}

fn authors_text(authors: &[Author]) -> String {
    let stored: Vec<StoredAuthor> = authors
        .iter()
        .map(|author| match &author.affiliation {
            None => StoredAuthor::Named(Cow::Borrowed(&author.name)),
            Some(place) => StoredAuthor::Placed(Cow::Borrowed(&author.name), Cow::Borrowed(place)),
        })
        .collect();
    json(&stored)
}

fn read_authors(id: PaperId, text: &str) -> Result<Vec<Author>> {
    let stored: Vec<StoredAuthor> = read_json(id, text)?;
    Ok(stored
        .into_iter()
        .map(|author| match author {
            StoredAuthor::Named(name) => Author::named(name),
            StoredAuthor::Placed(name, place) => Author {
                name: name.into_owned(),
                affiliation: Some(place.into_owned()),
            },
        })
        .collect())
}

fn versions_text(versions: &[Version]) -> String {
    let stored: Vec<(u16, Option<i64>)> = versions
        .iter()
        .map(|version| (version.number, version.submitted.map(micros)))
        .collect();
    json(&stored)
}

fn read_versions(id: PaperId, text: &str) -> Result<Vec<Version>> {
    let stored: Vec<(u16, Option<i64>)> = read_json(id, text)?;
    stored
        .into_iter()
        .map(|(number, submitted)| {
            Ok(Version {
                number,
                submitted: moments(submitted)?,
            })
        })
        .collect()
}

/// A JSON array; nothing for an empty one.
fn json<T: Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    serde_json::to_string(items).expect("texts and numbers always have a JSON form")
}

fn read_json<'t, T: Deserialize<'t>>(id: PaperId, text: &'t str) -> Result<Vec<T>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|e| Error::Damaged(format!("paper row {}: {e}", id.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_month(id: &str, expected: Option<(i64, i64)>) {
        assert_eq!(arxiv_month(id), expected);
    }

    #[test]
    fn arxiv_ids_order_by_month_and_number() {
        check_month("2305.19435", Some((2023 * 12 + 4, 19435)));
        check_month("0704.0001", Some((2007 * 12 + 3, 1)));
        check_month("math/9201207", Some((1992 * 12, 207)));
        check_month("hep-th/0001001", Some((2000 * 12, 1)));
        check_month("nonsense", None);
    }

    #[track_caller]
    fn check_sources(words: &str) {
        let sources = read_text_sources(words).unwrap();
        assert_eq!(text_sources_text(&sources), words);
    }

    #[test]
    fn text_sources_come_back() {
        check_sources("arxiv-oai");
        check_sources("arxiv-oai - feed shelf");
        assert!(read_text_sources("- - - -").is_err());
        assert!(read_text_sources("feed feed").is_err());
    }

    #[test]
    fn authors_come_back() {
        let authors = vec![
            Author::named("A. \"Quoted\" Łukasz"),
            Author {
                name: "B".into(),
                affiliation: Some("Somewhere".into()),
            },
        ];
        let text = authors_text(&authors);
        assert_eq!(text, r#"["A. \"Quoted\" Łukasz",["B","Somewhere"]]"#);
        assert_eq!(read_authors(PaperId(1), &text).unwrap(), authors);
    }
}
