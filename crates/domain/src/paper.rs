//! A paper as it is kept: one identity with many ids, its current text, and who said what.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::ids::{ExternalId, PaperId, Scheme};
use crate::record::Source;
use crate::text::author_key;

/// A person as a source names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The name in reading order, as printed.
    pub name: String,
    /// Where they work, if the source said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affiliation: Option<String>,
}

impl Author {
    /// An author of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Author {
            name: name.into(),
            affiliation: None,
        }
    }

    /// The key of this author's page; see [`author_key`].
    pub fn key(&self) -> String {
        author_key(&self.name)
    }
}

/// One version of a paper at its issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// 1 for the first.
    pub number: u16,
    /// When it was submitted, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Timestamp>,
}

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// Source code.
    Code,
    /// The authors' page about the work.
    Project,
    /// A data set.
    Data,
    /// Model weights.
    Model,
    /// The paper as PDF.
    Pdf,
    /// The paper or post as a page.
    Page,
    /// A picture or film of the work.
    Media,
}

impl LinkKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [LinkKind; 7] = [
        LinkKind::Code,
        LinkKind::Project,
        LinkKind::Data,
        LinkKind::Model,
        LinkKind::Pdf,
        LinkKind::Page,
        LinkKind::Media,
    ];

    /// The short name in the database and in exports.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Code => "code",
            LinkKind::Project => "project",
            LinkKind::Data => "data",
            LinkKind::Model => "model",
            LinkKind::Pdf => "pdf",
            LinkKind::Page => "page",
            LinkKind::Media => "media",
        }
    }

    /// The kind of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == name)
    }
}

/// A link from a paper to something, as a claim: somebody said so, at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it leads to.
    pub kind: LinkKind,
    /// `http` or `https`, nothing else; see [`Link::new`].
    pub url: String,
    /// Which source claims it.
    pub source: Source,
    /// When it was first claimed.
    pub at: Timestamp,
}

/// Longest address that is kept, in bytes.
pub const URL_LEN_MAX: usize = 2000;

impl Link {
    /// A link whose address is safe to show: `http(s)`, with a host, bounded, in the parser's normal form.
    pub fn new(kind: LinkKind, url: &str, source: Source, at: Timestamp) -> Option<Self> {
        let url = clean_url(url)?;
        Some(Link {
            kind,
            url,
            source,
            at,
        })
    }
}

/// An address in normal form, if it is `http` or `https`, has a host and no password, and is within bounds.
pub fn clean_url(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > URL_LEN_MAX {
        return None;
    }
    let url = url::Url::parse(text).ok()?;
    let ok = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|h| !h.is_empty())
        && url.username().is_empty()
        && url.password().is_none();
    ok.then(|| url.to_string())
}

/// The four times of a paper, which sources must not mix up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// First version submitted by its authors.
    pub submitted: Option<Timestamp>,
    /// Made public by the issuer (arXiv's mailing).
    pub announced: Option<Timestamp>,
    /// Newest version or metadata change.
    pub updated: Option<Timestamp>,
    /// Chosen for a daily page.
    pub featured: Option<Timestamp>,
}

impl Times {
    /// The day on whose list the paper stands: featured, else announced, else submitted, as a UTC date.
    pub fn listed_day(&self) -> Option<Date> {
        self.featured
            .or(self.announced)
            .or(self.submitted)
            .map(utc_day)
    }
}

/// The UTC date of a moment.
pub fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Midnight UTC of a date: how a source's bare date is kept as a moment.
pub fn utc_midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp())
}

/// A short text about a paper, always with its maker's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The text.
    pub text: String,
    /// Who or what wrote it: a model's name, or a source.
    pub by: String,
}

/// Which source each part of the current text came from; decides what a later record may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSources {
    /// Of the title.
    pub title: Source,
    /// Of the abstract.
    pub abstract_text: Option<Source>,
    /// Of the authors.
    pub authors: Option<Source>,
    /// Of the categories.
    pub categories: Option<Source>,
}

/// A paper, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Its row.
    pub id: PaperId,
    /// Its ids, preferred first; never empty.
    pub ids: Vec<ExternalId>,
    /// On one line; LaTeX left in.
    pub title: String,
    /// Empty when no source gave one. LaTeX left in.
    pub abstract_text: String,
    /// In the order printed.
    pub authors: Vec<Author>,
    /// How many authors there are, where a source gave only some of them.
    pub authors_total: Option<u16>,
    /// Primary first.
    pub categories: Vec<String>,
    /// Free words that a source attached.
    pub tags: Vec<String>,
    /// Oldest first, by number.
    pub versions: Vec<Version>,
    /// Submitted, announced, updated, featured.
    pub times: Times,
    /// Claims, in order of kind and age.
    pub links: Vec<Link>,
    /// A short text by a named maker.
    pub summary: Option<Summary>,
    /// The authors' comment ("12 pages, accepted at ...").
    pub comment: Option<String>,
    /// Where it was published.
    pub journal_ref: Option<String>,
    /// Licence address.
    pub license: Option<String>,
    /// Withdrawn or deleted by the issuer.
    pub withdrawn: bool,
    /// Who said what.
    pub text_sources: TextSources,
    /// Newest total of up-votes: those given here plus those of the Daily Papers page.
    pub votes: u32,
    /// Newest total of comments, of the same two.
    pub comments: u32,
    /// Newest star count of the linked code.
    pub stars: Option<u32>,
}

impl Paper {
    /// The id of the paper's public address: the one of the most preferred scheme.
    pub fn main_id(&self) -> &ExternalId {
        self.ids.iter().min().expect("a paper has at least one id")
    }

    /// The key in the paper's address; see [`ExternalId::key`].
    pub fn key(&self) -> String {
        self.main_id().key()
    }

    /// The arXiv id, if it has one.
    pub fn arxiv(&self) -> Option<&str> {
        self.id_of(Scheme::Arxiv)
    }

    /// The DOI, if it has one.
    pub fn doi(&self) -> Option<&str> {
        self.id_of(Scheme::Doi)
    }

    /// The id of a scheme.
    pub fn id_of(&self, scheme: Scheme) -> Option<&str> {
        self.ids
            .iter()
            .find(|id| id.scheme == scheme)
            .map(|id| id.value.as_str())
    }

    /// The first category, under which the paper is filed.
    pub fn primary_category(&self) -> Option<&str> {
        self.categories.first().map(String::as_str)
    }

    /// Links of one kind.
    pub fn links_of(&self, kind: LinkKind) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |l| l.kind == kind)
    }

    /// How many independent kinds of evidence speak for the paper: code, project page, data, model, comments.
    /// Breaks ties between equal votes on day, week and month lists.
    pub fn evidence(&self) -> u32 {
        let kinds = [
            LinkKind::Code,
            LinkKind::Project,
            LinkKind::Data,
            LinkKind::Model,
        ];
        let linked = kinds
            .iter()
            .filter(|k| self.links.iter().any(|l| l.kind == **k))
            .count();
        linked as u32 + u32::from(self.comments > 0)
    }
}

/// A category as an issuer names it (`cs.CL`, `hep-th`, `neuroscience`), if the text can be one.
pub fn category(text: &str) -> Option<String> {
    let text = text.trim();
    let ok = (2..=60).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    ok.then(|| text.to_string())
}
