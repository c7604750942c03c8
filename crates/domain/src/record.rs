//! What a source yields: records about papers, readings of signals, deletions, and what could not be read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ExternalId;
use crate::paper::{Author, Link, Summary, Times, Version};
use crate::signal::Reading;

/// Where something was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The host of papers' code. It tells of stars and of nothing else.
    CodeHost,
    /// The starter shelf shipped with the program.
    Shelf,
    /// A saved Daily Papers page.
    SavedPage,
    /// BibTeX, RIS or CSL-JSON.
    Bibliography,
    /// An RSS, Atom or JSON feed of anybody's.
    Feed,
    /// The Daily Papers API or a dump of it.
    DailyPapers,
    /// arXiv metadata as JSON lines.
    ArxivDump,
    /// arXiv's announcement feeds.
    ArxivFeed,
    /// bioRxiv's and medRxiv's API.
    Biorxiv,
    /// arXiv's query API.
    ArxivApi,
    /// arXiv's OAI-PMH.
    ArxivOai,
}

impl Source {
    /// All sources, weakest authority first.
    pub const ALL: [Source; 11] = [
        Source::CodeHost,
        Source::Shelf,
        Source::SavedPage,
        Source::Bibliography,
        Source::Feed,
        Source::DailyPapers,
        Source::ArxivDump,
        Source::ArxivFeed,
        Source::Biorxiv,
        Source::ArxivApi,
        Source::ArxivOai,
    ];

    /// The short name in the database, pages and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::CodeHost => "code-host",
            Source::Shelf => "shelf",
            Source::SavedPage => "saved-page",
            Source::Bibliography => "bibliography",
            Source::Feed => "feed",
            Source::DailyPapers => "daily-papers",
            Source::ArxivDump => "arxiv-dump",
            Source::ArxivFeed => "arxiv-feed",
            Source::Biorxiv => "biorxiv",
            Source::ArxivApi => "arxiv-api",
            Source::ArxivOai => "arxiv-oai",
        }
    }

    /// The source of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Whose word counts on title, abstract, authors and categories: the higher replaces the lower, the lower
    /// only fills what is empty. The issuer itself stands above everyone who quotes it.
    pub fn authority(self) -> u8 {
        match self {
            Source::CodeHost => 1,
            Source::Shelf => 5,
            Source::SavedPage => 10,
            Source::Bibliography => 15,
            Source::Feed => 20,
            Source::DailyPapers => 30,
            Source::ArxivDump => 40,
            Source::ArxivFeed => 45,
            Source::Biorxiv | Source::ArxivApi | Source::ArxivOai => 50,
        }
    }
}

/// What one source says of one paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who says it.
    pub source: Source,
    /// When it was fetched, or the import began.
    pub seen: Timestamp,
    /// All ids given; may be empty (a saved page has only titles).
    pub ids: Vec<ExternalId>,
    /// On one line; never empty.
    pub title: String,
    /// The abstract, if given.
    pub abstract_text: Option<String>,
    /// In the order printed; may be empty.
    pub authors: Vec<Author>,
    /// How many authors there are, where only some are named.
    pub authors_total: Option<u16>,
    /// Primary first; may be empty.
    pub categories: Vec<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// Known versions.
    pub versions: Vec<Version>,
    /// Known times.
    pub times: Times,
    /// Claims.
    pub links: Vec<Link>,
    /// A short text by a named maker.
    pub summary: Option<Summary>,
    /// The authors' comment.
    pub comment: Option<String>,
    /// Where it was published.
    pub journal_ref: Option<String>,
    /// Licence address.
    pub license: Option<String>,
    /// Withdrawn by the issuer, but still listed.
    pub withdrawn: bool,
    /// Signals read along with it.
    pub readings: Vec<Reading>,
}

impl Record {
    /// A record of which only title, source and time are known yet.
    pub fn titled(source: Source, seen: Timestamp, title: impl Into<String>) -> Self {
        Record {
            source,
            seen,
            ids: Vec::new(),
            title: title.into(),
            abstract_text: None,
            authors: Vec::new(),
            authors_total: None,
            categories: Vec::new(),
            tags: Vec::new(),
            versions: Vec::new(),
            times: Times::default(),
            links: Vec::new(),
            summary: None,
            comment: None,
            journal_ref: None,
            license: None,
            withdrawn: false,
            readings: Vec::new(),
        }
    }
}

/// One thing that a source yields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Item {
    /// A paper's metadata.
    Paper(Box<Record>),
    /// Readings of a paper that is named by id only.
    Readings {
        /// Which paper.
        id: ExternalId,
        /// In order of time.
        readings: Vec<Reading>,
        /// Where they were learned.
        source: Source,
    },
    /// The issuer deleted the record.
    Deleted {
        /// Which paper.
        id: ExternalId,
        /// Who says so.
        source: Source,
        /// When it was deleted, or when that was seen.
        at: Timestamp,
    },
}

/// Longest piece of an unreadable record that is set aside, in bytes; the rest is cut and the reason says so.
pub const SET_ASIDE_LEN_MAX: usize = 64 * 1024;

/// A record that could not be read, set aside with everything needed to try again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Who sent it.
    pub source: Source,
    /// File and line, or address and entry number.
    pub place: String,
    /// What is wrong, in words for people.
    pub reason: String,
    /// Its bytes, at most [`SET_ASIDE_LEN_MAX`].
    pub bytes: Vec<u8>,
    /// The format its reader goes by, so that a retry finds the same reader: `arxiv-jsonl`, `daily-json`, ...
    pub format: String,
}

impl Unreadable {
    /// Sets bytes aside, cut to the bound.
    pub fn new(
        source: Source,
        format: &str,
        place: impl Into<String>,
        reason: impl Into<String>,
        bytes: &[u8],
    ) -> Self {
        let mut reason: String = reason.into();
        if bytes.len() > SET_ASIDE_LEN_MAX {
            reason.push_str(&format!(
                " (kept the first {SET_ASIDE_LEN_MAX} of {} bytes)",
                bytes.len()
            ));
        }
        let bytes = bytes[..bytes.len().min(SET_ASIDE_LEN_MAX)].to_vec();
        Unreadable {
            source,
            place: place.into(),
            reason,
            bytes,
            format: format.to_string(),
        }
    }
}
