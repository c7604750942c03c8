//! A paper as JSON: this product's own shape, everything that is known, with who said it. The site answers with it
//! and `broadsheet export` writes it, one paper a line.
//!
//! The shape is stable: fields are added, never renamed or removed. Times are RFC 3339 in UTC; what is unknown is
//! left out; lists are there even when empty. `url`, `sources` and `readings` are the site's; an
//! export has none of them.

use domain::ids::ExternalId;
use domain::paper::{Author, Link, Paper, Summary, Times, Version};
use domain::signal::Reading;
use jiff::Timestamp;
use serde::Serialize;
use store::Provenance;

/// A paper as JSON. The site adds what is known beside the paper itself; see [`PaperJson::with_history`].
#[derive(Debug, Serialize)]
pub struct PaperJson<'a> {
    /// The id in this site's addresses.
    key: String,
    /// This paper's page, where the site is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// On one line, LaTeX left in.
    title: &'a str,
    /// LaTeX left in; empty where no source gave one.
    #[serde(rename = "abstract")]
    abstract_text: &'a str,
    /// In the order printed.
    authors: &'a [Author],
    /// How many there are, where not all are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    authors_total: Option<u16>,
    /// Preferred first.
    ids: Vec<IdJson<'a>>,
    /// Primary first.
    categories: &'a [String],
    /// Free words.
    tags: &'a [String],
    /// Oldest first.
    versions: &'a [Version],
    /// Submitted, announced, updated, featured.
    times: TimesJson,
    /// Each with its source and time.
    links: &'a [Link],
    /// With its maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a Summary>,
    /// The authors' comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    /// Where it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    journal_ref: Option<&'a str>,
    /// Licence address.
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    /// By its issuer.
    withdrawn: bool,
    /// Newest total.
    votes: u32,
    /// Newest total.
    comments: u32,
    /// Newest count of the linked code.
    #[serde(skip_serializing_if = "Option::is_none")]
    stars: Option<u32>,
    /// Who told of this paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<SourceJson>>,
    /// Oldest first; a `null` value is a reading that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<&'a [Reading]>,
}

#[derive(Debug, Serialize)]
struct IdJson<'a> {
    scheme: &'static str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct TimesJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    announced: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    featured: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct SourceJson {
    source: &'static str,
    first_seen: Timestamp,
    last_changed: Timestamp,
}

/// What the paper itself says.
pub fn paper_json(paper: &Paper) -> PaperJson<'_> {
    PaperJson {
        key: paper.key(),
        url: None,
        title: &paper.title,
        abstract_text: &paper.abstract_text,
        authors: &paper.authors,
        authors_total: paper.authors_total,
        ids: paper.ids.iter().map(id_json).collect(),
        categories: &paper.categories,
        tags: &paper.tags,
        versions: &paper.versions,
        times: times_json(&paper.times),
        links: &paper.links,
        summary: paper.summary.as_ref(),
        comment: paper.comment.as_deref(),
        journal_ref: paper.journal_ref.as_deref(),
        license: paper.license.as_deref(),
        withdrawn: paper.withdrawn,
        votes: paper.votes,
        comments: paper.comments,
        stars: paper.stars,
        sources: None,
        readings: None,
    }
}

impl<'a> PaperJson<'a> {
    /// Adds the paper's page, who told of it, and how its signals were read over time.
    pub fn with_history(
        mut self,
        page_url: String,
        provenance: &[Provenance],
        readings: &'a [Reading],
    ) -> Self {
        self.url = Some(page_url);
        self.readings = Some(readings);
        let sources = provenance.iter().map(|p| SourceJson {
            source: p.source.as_str(),
            first_seen: p.first_seen,
            last_changed: p.last_changed,
        });
        self.sources = Some(sources.collect());
        self
    }
}

fn id_json(id: &ExternalId) -> IdJson<'_> {
    IdJson {
        scheme: id.scheme.as_str(),
        value: &id.value,
        url: id.url(),
    }
}

fn times_json(times: &Times) -> TimesJson {
    TimesJson {
        submitted: times.submitted,
        announced: times.announced,
        updated: times.updated,
        featured: times.featured,
    }
}
