//! What bibliographies in all three notations have in common: where ids hide, how a publication is dated and cited.

use domain::ids::{ExternalId, Scheme};
use domain::paper::{Link, LinkKind, category, utc_midnight};
use domain::record::{Record, Source};
use jiff::Timestamp;

use crate::bounds;
use crate::dates::parse_date;
use crate::unfit::Unfit;

/// Longest field in which ids are searched, in bytes.
const SEARCHED_LEN_MAX: usize = 2_000;

/// The fields of one entry, as text, before they become a record.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) title: Option<String>,
    pub(super) abstract_text: Option<String>,
    /// In reading order.
    pub(super) authors: Vec<String>,
    /// Journal, proceedings or the like.
    pub(super) container: Option<String>,
    pub(super) volume: Option<String>,
    pub(super) issue: Option<String>,
    pub(super) pages: Option<String>,
    /// As written; the first that can be read counts.
    pub(super) dates: Vec<String>,
    pub(super) doi: Option<String>,
    /// Known to be arXiv ids.
    pub(super) arxiv: Vec<String>,
    pub(super) pubmed: Option<String>,
    pub(super) urls: Vec<String>,
    pub(super) keywords: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) note: Option<String>,
}

impl Published {
    /// The record of this entry.
    pub(super) fn into_record(self, seen: Timestamp) -> Result<Record, Unfit> {
        let title = self
            .title
            .as_deref()
            .and_then(bounds::title)
            .ok_or(Unfit::Missing("title"))?;
        let mut record = Record::titled(Source::Bibliography, seen, title);
        record.ids = self.ids();
        record.abstract_text = self
            .abstract_text
            .as_deref()
            .and_then(bounds::abstract_text);
        let names = self.authors.iter().filter_map(|name| bounds::name(name));
        record.authors = names
            .take(bounds::AUTHORS_MAX)
            .map(domain::paper::Author::named)
            .collect();
        if self.authors.len() > bounds::AUTHORS_MAX {
            record.authors_total = u16::try_from(self.authors.len()).ok();
        }
        record.categories = self
            .categories
            .iter()
            .filter_map(|name| category(name))
            .take(bounds::TAGS_MAX)
            .collect();
        record.tags = bounds::tags(self.keywords.iter().map(String::as_str));
        let links = self
            .urls
            .iter()
            .filter_map(|url| Link::new(LinkKind::Page, url, Source::Bibliography, seen));
        record.links = links.take(bounds::LINKS_MAX).collect();
        record.times.announced = self.announced(&record.ids);
        record.journal_ref = self.citation().as_deref().and_then(bounds::note);
        record.comment = self.note.as_deref().and_then(bounds::note);
        Ok(record)
    }

    /// All ids that the entry gives, wherever it gives them.
    fn ids(&self) -> Vec<ExternalId> {
        let mut ids: Vec<ExternalId> = Vec::new();
        let mut add = |id: Option<ExternalId>| {
            if let Some(id) = id
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        };
        for text in &self.arxiv {
            add(ExternalId::arxiv(text).ok().map(|(id, _)| id));
        }
        add(self
            .doi
            .as_deref()
            .and_then(|doi| ExternalId::doi(doi).ok()));
        for text in [&self.container, &self.volume, &self.note]
            .into_iter()
            .flatten()
        {
            add(arxiv_within(text));
        }
        for url in self.urls.iter().take(bounds::LINKS_MAX) {
            add(id_of_url(url));
        }
        let pubmed = self.pubmed.as_deref().map(str::trim);
        let number = pubmed.filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        add(number.and_then(|number| ExternalId::plain(Scheme::Pubmed, number).ok()));
        ids
    }

    /// When it was made public. A bare year or month is taken as its first day, but not beside an arXiv id or a
    /// preprint's DOI: their issuers know the day, and the earliest known time is kept.
    fn announced(&self, ids: &[ExternalId]) -> Option<Timestamp> {
        let (text, date) = self
            .dates
            .iter()
            .find_map(|text| Some((text, parse_date(text)?)))?;
        let is_preprint =
            |id: &ExternalId| id.scheme == Scheme::Arxiv || id.value.starts_with("10.1101/");
        let numbers = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let names_day = numbers.count() >= 3 || text.trim().len() == 8;
        (names_day || !ids.iter().any(is_preprint)).then(|| utc_midnight(date))?
    }

    /// `Journal 12(3), 45-67, 2019`
    fn citation(&self) -> Option<String> {
        let filled = |field: &Option<String>| {
            field
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_string)
        };
        let mut citation = filled(&self.container)?;
        if let Some(volume) = filled(&self.volume) {
            citation.push(' ');
            citation.push_str(&volume);
        }
        if let Some(issue) = filled(&self.issue) {
            citation.push_str(&format!("({issue})"));
        }
        if let Some(pages) = filled(&self.pages) {
            citation.push_str(&format!(", {pages}"));
        }
        if let Some(date) = self.dates.iter().find_map(|text| parse_date(text)) {
            citation.push_str(&format!(", {}", date.year()));
        }
        Some(citation)
    }
}

/// An arXiv id in running text: `arXiv preprint arXiv:1706.03762`, `abs/1706.03762` (as DBLP writes the volume).
fn arxiv_within(text: &str) -> Option<ExternalId> {
    let text = bounds::prefix(text, SEARCHED_LEN_MAX);
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '[' | ']'));
    let mut after_arxiv = false;
    for word in words {
        let lower = word.to_lowercase();
        let marked = lower.strip_prefix("arxiv:").or(lower.strip_prefix("abs/"));
        let bare = after_arxiv.then_some(lower.as_str());
        let id = marked
            .or(bare)
            .and_then(|id| ExternalId::arxiv(id.trim_end_matches('.')).ok());
        if let Some((id, _version)) = id {
            return Some(id);
        }
        after_arxiv = matches!(lower.as_str(), "arxiv" | "arxiv:");
    }
    None
}

/// The id that an address contains, if its host issues ids.
fn id_of_url(url: &str) -> Option<ExternalId> {
    let path = url.split_once("://").map_or(url, |(_, path)| path);
    let host = path
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_start_matches("www.");
    match host {
        "arxiv.org" | "export.arxiv.org" | "doi.org" | "dx.doi.org" | "openreview.net" => {
            url.trim().parse().ok()
        }
        "aclanthology.org" => {
            let id = path.split('/').nth(1)?.trim_end_matches(".pdf");
            ExternalId::plain(Scheme::Acl, id).ok()
        }
        "pubmed.ncbi.nlm.nih.gov" => {
            let number = path.split('/').nth(1)?;
            let is_number = number.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| ExternalId::plain(Scheme::Pubmed, number).ok())?
        }
        _ => None,
    }
}
