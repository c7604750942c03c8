//! The engine: holds the index's current snapshot and answers requests.

use domain::hit::{Hit, Segment};
use domain::ids::ExternalId;
use serde::{Deserialize, Serialize};

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Best match first.
    #[default]
    Relevance,
    /// Newest listed day first.
    Newest,
    /// Most votes first.
    Votes,
}

/// A search as it was asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The query language's text.
    pub query: String,
    /// Order.
    pub sort: Sort,
    /// At most this many hits, 1 to 120.
    pub limit: usize,
    /// From an earlier answer's `next`.
    pub cursor: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// In order.
    pub hits: Vec<Hit>,
    /// How many papers match in all.
    pub total: usize,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The query is a bare id: go straight to this paper.
    pub direct: Option<ExternalId>,
    /// A correction that was applied because the words as typed found nothing: the new query text.
    pub corrected: Option<String>,
    /// Words for the reader about what was not understood or found.
    pub hint: Option<String>,
    /// Marks the query's words in any text.
    pub marker: Marker,
}

/// Why a search could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cursor is not one of ours, or of another query.
    #[error("the page marker does not belong to this search; start again from the first page")]
    Cursor,
    /// The index failed.
    #[error("index: {0}")]
    Index(String),
}

/// Knows a query's words in all their stems and marks them in texts of papers.
#[derive(Debug, Clone, Default)]
pub struct Marker {}

#[allow(unused_variables, clippy::todo, missing_docs)]
impl Marker {
    /// The whole text, cut into marked and unmarked segments. Used for titles.
    pub fn mark(&self, text: &str) -> Vec<Segment> {
        todo!()
    }
    /// The best stretch of about `chars_max` characters, cut at words and never inside `$...$`, marked. Used for abstracts.
    pub fn snippet(&self, text: &str, chars_max: usize) -> Vec<Segment> {
        todo!()
    }
}

/// Answers searches over the index. Cheap to clone, safe to share; never blocks on writers.
#[derive(Debug, Clone)]
pub struct Engine {}

#[allow(unused_variables, clippy::todo, missing_docs)]
impl Engine {
    /// An engine over an index folder; it always answers from the index's newest snapshot.
    pub fn new(index: index::Index) -> Engine {
        todo!()
    }
    /// Answers one request. A bad query is no error: it gets an answer with a hint.
    pub fn search(&self, request: &Request) -> Result<Answer, Error> {
        todo!()
    }
    /// Papers of an author by key (see `domain::text::author_key`), newest first: (rows, total).
    pub fn author(
        &self,
        key: &str,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<domain::ids::PaperId>, usize), Error> {
        todo!()
    }
}
