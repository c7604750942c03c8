//! What can be asked of a snapshot: plain values, without syntax (that is `search`'s) and without tantivy.

use domain::ids::PaperId;
use jiff::civil::Date;

use crate::tokens::Word;

/// What a paper must be like, and how much each place counts.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Every one of these must hold.
    pub all: Vec<Clause>,
    /// At least [`need`](Query::need) of these must hold.
    pub some: Vec<Clause>,
    /// How many of `some`; more than there are means all of them, 0 that any one will do and the score is a plain
    /// sum. Otherwise the score is multiplied by the share of `some` that holds.
    pub need: usize,
    /// None of these may hold.
    pub none: Vec<Clause>,
    /// Adds to the score where it holds, and asks nothing.
    pub bonus: Option<Words>,
    /// How much a match counts by place.
    pub weights: Weights,
}

/// How much a match counts by place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// How many words of the abstract a word of the title is worth (BM25F); where only the title is asked, the factor
    /// on its BM25 score.
    pub title: f32,
    /// Factor on the BM25F score of title and abstract, and on the BM25 score of a phrase in either.
    pub abstract_text: f32,
    /// Factor on the BM25 score of authors' names.
    pub authors: f32,
    /// Factor on the BM25 score of [`Query::bonus`].
    pub bonus: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            title: 1.0,
            abstract_text: 1.0,
            authors: 1.0,
            bonus: 1.0,
        }
    }
}

/// One thing to hold or not.
#[derive(Debug, Clone)]
pub enum Clause {
    /// Words in the text; the only clause that scores.
    Words(Words),
    /// A category or an archive, in any case: `cs.CL`, `cs`.
    Category(String),
    /// A tag, in any spelling that folds to the same.
    Tag(String),
    /// A key of any id of the paper; see [`domain::ids::ExternalId::key`].
    Id(String),
    /// An author's key; see [`domain::text::author_key`].
    AuthorKey(String),
    /// Listed on or between these days; a paper without a day never is.
    Days {
        /// First day, if bounded.
        first: Option<Date>,
        /// Last day, inclusive, if bounded.
        last: Option<Date>,
    },
    /// A code link is known.
    HasCode,
    /// At least one of these.
    Any(Vec<Clause>),
}

/// A word or phrase, in all the ways it may be written.
#[derive(Debug, Clone)]
pub struct Words {
    /// The caller's number for it, given back in explanations.
    pub label: usize,
    /// Where it may stand.
    pub scope: Scope,
    /// Each is a word or a phrase; any of them will do. Empty ones are ignored.
    pub spellings: Vec<Vec<Word>>,
    /// How far a phrase's words may stand from their places, in positions, all together.
    pub slop: u32,
}

/// Where words are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Title, abstract and authors' names.
    #[default]
    Everywhere,
    /// The title alone.
    Title,
    /// The abstract alone.
    Abstract,
    /// The names of authors alone.
    Authors,
}

/// In which order hits come. Equal ones come newest row first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Highest score first.
    #[default]
    Relevance,
    /// Newest listed day first, papers without a day last.
    Newest,
    /// Most votes first.
    Votes,
}

/// Which stretch of the ordered hits is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Order.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
    /// Only hits after the one with this [`Found::key`].
    pub after: Option<u64>,
}

/// One hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which paper.
    pub paper: PaperId,
    /// Its place in the order: higher comes first, and no two papers share one.
    pub key: u64,
    /// Its score; 0 where the order does not ask for one.
    pub score: f32,
    /// Where the snapshot has it.
    pub(crate) place: (u32, u32),
}

/// Hits, in order.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The page.
    pub hits: Vec<Found>,
    /// How many papers match, on all pages.
    pub total: usize,
}

/// Where a part of a score comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Words in the title.
    Title,
    /// Words in the abstract.
    Abstract,
    /// Words in authors' names.
    Authors,
    /// [`Query::bonus`].
    Bonus,
    /// A filter, which gives no score.
    Filter,
}

/// A hit's score, opened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// Shares that add up to the score, but for rounding; no zeros.
    pub parts: Vec<(Part, f32)>,
    /// Labels of the [`Words`] that the paper has, ascending.
    pub labels: Vec<usize>,
}
