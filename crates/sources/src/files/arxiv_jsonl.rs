//! arXiv's metadata as JSON lines, in the two shapes in use.
//!
//! - The dump that arXiv gives out: `authors` as one string and `authors_parsed`, `categories` between spaces,
//!   `versions` with their times, `update_date`, and notes (`comments`, `journal-ref`, `doi`, `license`).
//! - A plain table: `authors` and `categories` between commas, `created`, `updated`.
//!
//! Ids may have been numbers on their way; see [`arxiv_id`].

use domain::ids::ExternalId;
use domain::paper::{Author, Version, category, clean_url, utc_day};
use domain::record::{Record, Source};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Parsed, arxiv_id, latex, names};
use crate::bounds;
use crate::dates::parse_time;
use crate::lenient::{Field, List};
use crate::unfit::Unfit;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    title: Field<'a>,
    #[serde(borrow, default, rename = "abstract")]
    abstract_text: Field<'a>,
    #[serde(borrow, default)]
    authors: List<Field<'a>>,
    #[serde(borrow, default)]
    authors_parsed: List<List<Field<'a>>>,
    #[serde(borrow, default)]
    categories: List<Field<'a>>,
    #[serde(borrow, default)]
    created: Field<'a>,
    #[serde(borrow, default)]
    updated: Field<'a>,
    #[serde(borrow, default)]
    update_date: Field<'a>,
    #[serde(borrow, default)]
    versions: List<Field<'a, VersionLine<'a>>>,
    #[serde(borrow, default)]
    comments: Field<'a>,
    #[serde(borrow, default, rename = "journal-ref")]
    journal_ref: Field<'a>,
    #[serde(borrow, default)]
    doi: Field<'a>,
    #[serde(borrow, default)]
    license: Field<'a>,
}

#[derive(Deserialize)]
struct VersionLine<'a> {
    #[serde(borrow, default)]
    version: Field<'a>,
    #[serde(borrow, default)]
    created: Field<'a>,
}

/// Reads one line.
pub(super) fn read(json: &[u8], seen: Timestamp, parsed: &mut Parsed) -> Result<(), Unfit> {
    let line: Line<'_> = serde_json::from_slice(json)?;
    let time = |field: &Field<'_>| field.text().and_then(parse_time);
    let versions = versions(&line);
    let first = versions.iter().find(|version| version.number == 1);
    let submitted = first
        .and_then(|version| version.submitted)
        .or_else(|| time(&line.created));
    let id = line.id.text_or_number().ok_or(Unfit::Missing("id"))?;
    let (id, repaired) = arxiv_id::read(&id, submitted.map(utc_day))?;
    let title = line
        .title
        .text()
        .and_then(bounds::title)
        .ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::ArxivDump, seen, title);
    record.ids.push(id);
    let dois = line.doi.text().unwrap_or_default().split_whitespace();
    for doi in dois
        .filter_map(|doi| ExternalId::doi(doi).ok())
        .take(bounds::LINKS_MAX)
    {
        if !record.ids.contains(&doi) {
            record.ids.push(doi);
        }
    }
    record.abstract_text = line.abstract_text.text().and_then(bounds::abstract_text);
    read_authors(&line, &mut record);
    record.categories = categories(&line.categories);
    record.times.submitted = submitted;
    let newest = versions
        .iter()
        .filter_map(|version| version.submitted)
        .max();
    record.times.updated = [&line.updated, &line.update_date]
        .into_iter()
        .find_map(time)
        .max(newest);
    record.versions = versions;
    record.comment = line.comments.text().and_then(bounds::note);
    record.journal_ref = line.journal_ref.text().and_then(bounds::note);
    record.license = line.license.text().and_then(clean_url);
    record.withdrawn = [&record.abstract_text, &record.comment]
        .into_iter()
        .flatten()
        .any(|text| is_withdrawal(text));
    parsed.repaired_ids += u64::from(repaired);
    parsed.paper(record);
    Ok(())
}

fn versions(line: &Line<'_>) -> Vec<Version> {
    let read = |field: &Field<'_, VersionLine<'_>>| {
        let version = field.object()?;
        let number = version
            .version
            .text()?
            .trim()
            .strip_prefix('v')?
            .parse()
            .ok()?;
        let submitted = version.created.text().and_then(parse_time);
        (number > 0).then_some(Version { number, submitted })
    };
    let mut versions: Vec<Version> = line.versions.kept.iter().filter_map(read).collect();
    versions.sort_by_key(|version| version.number);
    versions.dedup_by_key(|version| version.number);
    versions
}

/// Parsed names have their accents already; the string has not, and must be cut first.
fn read_authors(line: &Line<'_>, record: &mut Record) {
    let parsed = line.authors_parsed.kept.iter().filter_map(|parts| {
        let part = |index: usize| parts.kept.get(index).and_then(Field::text);
        let words = [part(1), part(0), part(2)].into_iter().flatten();
        let name = words.collect::<Vec<_>>().join(" ");
        let affiliation = part(3).and_then(|place| bounds::name(&latex::name(place)));
        bounds::name(&latex::name(&name)).map(|name| Author { name, affiliation })
    });
    record.authors = parsed.collect();
    let mut total = line.authors_parsed.total;
    if record.authors.is_empty() {
        (record.authors, total) = names::of_list(&line.authors);
    }
    if total > record.authors.len() && record.authors.len() == bounds::AUTHORS_MAX {
        record.authors_total = u16::try_from(total).ok();
    }
}

fn categories(lists: &List<Field<'_>>) -> Vec<String> {
    let mut categories: Vec<String> = Vec::new();
    let texts = lists.kept.iter().filter_map(Field::text);
    let names = texts.flat_map(|text| text.split([',', ' ', ';']));
    for name in names.filter_map(category).take(bounds::TAGS_MAX) {
        if !categories.contains(&name) {
            categories.push(name);
        }
    }
    categories
}

/// arXiv keeps withdrawn papers and says so at the beginning of abstract or comment.
fn is_withdrawal(text: &str) -> bool {
    let start = bounds::prefix(text, 80).to_lowercase();
    let thing = ["this ", "the "]
        .iter()
        .find_map(|article| start.strip_prefix(article))
        .unwrap_or(&start);
    let said = [
        "paper",
        "article",
        "submission",
        "manuscript",
        "work",
        "preprint",
    ]
    .iter()
    .find_map(|noun| thing.strip_prefix(noun));
    said.is_some_and(|rest| {
        rest.starts_with(" has been withdrawn") || rest.starts_with(" is withdrawn")
    }) || start.starts_with("withdrawn")
}
