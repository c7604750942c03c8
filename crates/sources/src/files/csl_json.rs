//! CSL-JSON: items as citation processors take them, exported by reference managers and by Crossref.

use jiff::Timestamp;
use serde::Deserialize;

use super::Parsed;
use super::published::Published;
use crate::bounds::ABSTRACT_LEN_MAX;
use crate::lenient::{Field, List};
use crate::markup;
use crate::unfit::Unfit;

#[derive(Deserialize)]
struct ItemFields<'a> {
    #[serde(borrow, default)]
    title: List<Field<'a>>,
    #[serde(borrow, default, rename = "abstract")]
    abstract_text: Field<'a>,
    #[serde(borrow, default)]
    author: List<Field<'a, Person<'a>>>,
    #[serde(borrow, default, rename = "container-title")]
    container_title: List<Field<'a>>,
    #[serde(borrow, default)]
    publisher: Field<'a>,
    #[serde(borrow, default)]
    volume: Field<'a>,
    #[serde(borrow, default)]
    issue: Field<'a>,
    #[serde(borrow, default)]
    number: Field<'a>,
    #[serde(borrow, default)]
    page: Field<'a>,
    #[serde(borrow, default)]
    issued: Field<'a, Issued<'a>>,
    #[serde(borrow, default, rename = "DOI")]
    doi: Field<'a>,
    #[serde(borrow, default, rename = "URL")]
    url: Field<'a>,
    #[serde(borrow, default, rename = "PMID")]
    pmid: Field<'a>,
    #[serde(borrow, default)]
    keyword: Field<'a>,
    #[serde(borrow, default)]
    note: Field<'a>,
}

#[derive(Deserialize)]
struct Person<'a> {
    #[serde(borrow, default)]
    family: Field<'a>,
    #[serde(borrow, default)]
    given: Field<'a>,
    #[serde(borrow, default)]
    suffix: Field<'a>,
    #[serde(borrow, default)]
    literal: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default, rename = "dropping-particle")]
    dropping_particle: Field<'a>,
    #[serde(borrow, default, rename = "non-dropping-particle")]
    non_dropping_particle: Field<'a>,
}

#[derive(Deserialize)]
struct Issued<'a> {
    #[serde(borrow, default, rename = "date-parts")]
    date_parts: List<List<Field<'a>>>,
    #[serde(borrow, default)]
    raw: Field<'a>,
    #[serde(borrow, default)]
    literal: Field<'a>,
}

/// Reads one item.
pub(super) fn read(json: &[u8], seen: Timestamp, parsed: &mut Parsed) -> Result<(), Unfit> {
    let item: ItemFields<'_> = serde_json::from_slice(json)?;
    parsed.paper(published(&item).into_record(seen)?);
    Ok(())
}

fn published(item: &ItemFields<'_>) -> Published {
    let plain = |field: &Field<'_>| field.text().and_then(plain);
    let written = |field: &Field<'_>| field.text_or_number().map(|text| text.into_owned());
    let number = written(&item.number);
    // Preprints have their arXiv id where reports have their number.
    let arxiv = number
        .iter()
        .filter(|text| text.to_lowercase().starts_with("arxiv:"))
        .cloned();
    let keywords = item.keyword.text().unwrap_or_default().split([',', ';']);
    Published {
        title: first(&item.title),
        abstract_text: plain(&item.abstract_text),
        authors: item.author.kept.iter().filter_map(person).collect(),
        container: first(&item.container_title).or(plain(&item.publisher)),
        volume: written(&item.volume),
        issue: written(&item.issue),
        pages: written(&item.page),
        dates: dates(&item.issued),
        doi: item.doi.text().map(str::to_string),
        arxiv: arxiv.collect(),
        pubmed: written(&item.pmid),
        urls: item.url.text().map(str::to_string).into_iter().collect(),
        keywords: keywords.map(|word| word.trim().to_string()).collect(),
        categories: Vec::new(),
        note: plain(&item.note),
    }
}

/// Crossref writes titles as lists, of which the first counts.
fn first(list: &List<Field<'_>>) -> Option<String> {
    plain(list.kept.iter().find_map(Field::text)?)
}

/// Titles and abstracts come with tags: `H<sub>2</sub>O`, `<jats:p>`.
fn plain(text: &str) -> Option<String> {
    markup::plain(text, ABSTRACT_LEN_MAX)
}

fn person(field: &Field<'_, Person<'_>>) -> Option<String> {
    let person = field.object()?;
    if let Some(whole) = person.literal.text().or(person.name.text()) {
        return Some(whole.to_string());
    }
    let parts = [
        &person.given,
        &person.dropping_particle,
        &person.non_dropping_particle,
        &person.family,
        &person.suffix,
    ];
    let words: Vec<&str> = parts.into_iter().filter_map(|part| part.text()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn dates(issued: &Field<'_, Issued<'_>>) -> Vec<String> {
    let Some(issued) = issued.object() else {
        return issued.text().map(str::to_string).into_iter().collect();
    };
    let first = issued.date_parts.kept.first().map(|parts| {
        let numbers = parts.kept.iter().filter_map(Field::text_or_number).take(3);
        numbers.collect::<Vec<_>>().join("-")
    });
    let written = [&issued.raw, &issued.literal]
        .into_iter()
        .filter_map(|field| field.text());
    first
        .into_iter()
        .chain(written.map(str::to_string))
        .collect()
}
