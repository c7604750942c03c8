//! The engine: holds the index's current snapshot and answers requests.
//!
//! A request is answered by words (`lexical.rs`), or by words and meaning (`meaning.rs`). What is near to given papers
//! is in `similar.rs`.

use std::sync::Arc;

use domain::hit::Hit;
use domain::ids::{ExternalId, PaperId};
use encode::Encoder;
use index::query::{Clause, Order, Page, Query};
use index::snapshot::Snapshot;
use index::spelling::Dictionary;
use index::tokens;
use serde::{Deserialize, Serialize};

use crate::marker::Marker;
use crate::query::{self, Parsed};
use crate::{interest, lexical, meaning};

/// Most hits of one answer.
pub const LIMIT_MAX: usize = 120;
/// Furthest offset into an author's papers.
const OFFSET_MAX: usize = 100_000;

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

/// By what papers are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By words and by meaning, in one order.
    #[default]
    Hybrid,
    /// By the query's words alone.
    Lexical,
    /// By nearness of meaning alone; phrases, fields and dates still hold.
    Semantic,
}

/// A search as it was asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The query language's text.
    pub query: String,
    /// What counts: words, meaning or both.
    pub mode: Mode,
    /// Order. Another than by relevance asks for papers with the words, whatever the mode.
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
    /// How it was searched: by words where the other is not possible or makes no sense.
    pub mode: Mode,
    /// How many papers have all the words. Searched by meaning alone: how many near papers are listed.
    pub total: usize,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The query is a bare id: go straight to this paper. `hits` says whether it is here.
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

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        Error::Index(error.to_string())
    }
}

/// Answers searches over the index. Cheap to clone, safe to share; never blocks on writers.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) index: index::Index,
    pub(crate) encoder: Option<Encoder>,
    /// Another model of predicted interest than the one that ships.
    pub(crate) interest: Option<Arc<interest::Model>>,
}

impl Engine {
    /// An engine over an index folder; it always answers from the index's newest snapshot. It searches by words.
    pub fn new(index: index::Index) -> Engine {
        Engine {
            index,
            encoder: None,
            interest: None,
        }
    }

    /// The engine searching by meaning too, with the model that made the index's vectors.
    pub fn with_encoder(self, encoder: Encoder) -> Engine {
        Engine {
            encoder: Some(encoder),
            ..self
        }
    }

    /// The engine with another model of predicted interest than the one that ships.
    pub fn with_interest(self, model: interest::Model) -> Engine {
        Engine {
            interest: Some(Arc::new(model)),
            ..self
        }
    }

    /// Answers one request. A bad query is no error: it gets an answer with a hint.
    pub fn search(&self, request: &Request) -> Result<Answer, Error> {
        let snapshot = self.index.snapshot();
        let parsed = query::parse(&request.query);
        match self.by_meaning(&snapshot, &parsed, request) {
            Some(encoder) => meaning::search(&snapshot, encoder, &parsed, request),
            None => {
                let mut answer = lexical::search(&snapshot, &parsed, request)?;
                if request.mode != Mode::Lexical
                    && self.encoder.is_some()
                    && snapshot.vectors().is_none()
                {
                    add_hint(&mut answer, PREPARING);
                }
                Ok(answer)
            }
        }
    }

    /// The encoder, if this request is to be answered by meaning and can be.
    fn by_meaning(
        &self,
        snapshot: &Snapshot,
        parsed: &Parsed,
        request: &Request,
    ) -> Option<&Encoder> {
        let wanted = request.mode != Mode::Lexical
            && request.sort == Sort::Relevance
            && parsed.direct.is_none()
            && !parsed.free_text().is_empty();
        let encoder = self.encoder.as_ref()?;
        (wanted && snapshot.vectors().is_some()).then_some(encoder)
    }

    /// Papers of an author by key (see `domain::text::author_key`), newest first: (rows, total).
    pub fn author(
        &self,
        key: &str,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<PaperId>, usize), Error> {
        let offset = offset.min(OFFSET_MAX);
        let query = Query {
            all: vec![Clause::AuthorKey(key.to_string())],
            ..Query::default()
        };
        let page = Page {
            order: Order::Newest,
            limit: offset + limit.min(LIMIT_MAX),
            after: None,
        };
        let found = self.index.snapshot().search(&query, &page)?;
        let rows = found.hits.iter().skip(offset).map(|hit| hit.paper);
        Ok((rows.collect(), found.total))
    }

    /// Words of titles that begin like the last word typed, most frequent first, at most `limit`.
    pub fn suggest(&self, typed: &str, limit: usize) -> Result<Vec<String>, Error> {
        let parsed = query::parse(typed);
        let Some(begun) = tokens::words(&parsed.text)
            .into_iter()
            .rfind(|word| !word.joined)
        else {
            return Ok(Vec::new());
        };
        let snapshot = self.index.snapshot();
        let words = snapshot.spelling()?.beginning(
            &begun.surface,
            Dictionary::Titles,
            limit.min(LIMIT_MAX),
        );
        Ok(words.into_iter().map(|entry| entry.word.clone()).collect())
    }
}

/// Said while the vectors are not there: a new index, or one of another model.
const PREPARING: &str = "Search by meaning is being prepared; this was searched by words.";

fn add_hint(answer: &mut Answer, hint: &str) {
    match &mut answer.hint {
        Some(said) => {
            said.push(' ');
            said.push_str(hint);
        }
        None => answer.hint = Some(hint.to_string()),
    }
}
