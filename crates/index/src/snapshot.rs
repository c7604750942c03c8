//! An unchanging view of the index: what one request, and all pages of an answer if they are quick, should see.

use std::sync::{Arc, OnceLock};

use domain::ids::PaperId;
use roaring::RoaringBitmap;
use tantivy::Searcher;
use tantivy::index::SegmentId;

use crate::Error;
use crate::explain;
use crate::generation::Generation;
use crate::lookup::{self, Plan};
use crate::query::{Answer, Explanation, Found, Order, Page, Query, Scope};
use crate::schema::{self, Fields};
use crate::spelling::Spelling;
use crate::tokens::Word;
use crate::vectors::Vectors;

/// Words are read anew when the number of papers changed by more than this part, 5 %.
const SPELLING_KEPT: u64 = 20;

/// The index at one commit. Never changes, never blocks, costs nothing to hold but old files' disk space.
pub struct Snapshot {
    fields: Fields,
    searcher: Searcher,
    seq: u64,
    opstamp: u64,
    spelling: OnceLock<Arc<Spelling>>,
    vectors: Option<Vectors>,
}

impl Snapshot {
    /// The newest commit of a generation. The words of an older snapshot are kept for spelling as long as they are
    /// nearly the same, for reading them anew takes longer than any search.
    pub(crate) fn newest(
        generation: &Generation,
        older: Option<&Snapshot>,
    ) -> Result<Snapshot, Error> {
        // The number first: should a commit come between, the view is newer than it says, and catching up from
        // an older number only repeats changes.
        let metas = generation.tantivy.load_metas()?;
        generation.reader.reload()?;
        let searcher = generation.reader.searcher();
        let spelling = OnceLock::new();
        if let Some(older) = older
            && older.papers().abs_diff(searcher.num_docs()) <= searcher.num_docs() / SPELLING_KEPT
            && let Some(words) = older.spelling.get()
        {
            spelling.get_or_init(|| words.clone());
        }
        Ok(Snapshot {
            fields: generation.fields,
            searcher,
            seq: metas.payload.and_then(|seq| seq.parse().ok()).unwrap_or(0),
            opstamp: metas.opstamp,
            spelling,
            vectors: generation.vectors.newest(),
        })
    }

    /// Whether these are the commit and the segments that the snapshot has; merges change the second alone.
    pub(crate) fn is_of(&self, opstamp: u64, segments: impl Iterator<Item = SegmentId>) -> bool {
        let mut theirs: Vec<SegmentId> = segments.collect();
        let mut ours: Vec<SegmentId> = self
            .searcher
            .segment_readers()
            .iter()
            .map(|r| r.segment_id())
            .collect();
        theirs.sort();
        ours.sort();
        opstamp == self.opstamp && theirs == ours
    }

    /// The database's change number that it covers.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How many papers it holds.
    pub fn papers(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// In how many segments they lie; each costs every search a little.
    pub fn segments(&self) -> usize {
        self.searcher.segment_readers().len()
    }

    /// The highest row it may hold, deleted ones among them.
    pub(crate) fn highest_row(&self) -> Result<Option<u32>, Error> {
        let mut highest = None;
        for reader in self.searcher.segment_readers() {
            if reader.max_doc() > 0 {
                let rows = reader.fast_fields().u64(schema::ROW)?;
                let row = rows.max_value().min(u64::from(u32::MAX)) as u32;
                highest = highest.max(Some(row));
            }
        }
        Ok(highest)
    }

    /// The page of papers that a query asks for, and how many there are.
    pub fn search(&self, query: &Query, page: &Page) -> Result<Answer, Error> {
        Plan::new(query, &self.fields, &self.searcher)?.run(&self.searcher, page)
    }

    /// At most `limit` papers with the highest scores among those that have any of the query's words and hold to its
    /// conditions, best first. Much quicker than [`Snapshot::search`], for it counts nothing.
    pub fn best(&self, query: &Query, limit: usize) -> Result<Vec<Found>, Error> {
        let query = Query {
            need: 0,
            ..query.clone()
        };
        Plan::new(&query, &self.fields, &self.searcher)?.best(&self.searcher, limit)
    }

    /// How many papers a query matches.
    pub fn count(&self, query: &Query) -> Result<usize, Error> {
        let nothing = Page {
            order: Order::Newest,
            limit: 0,
            after: None,
        };
        Ok(self.search(query, &nothing)?.total)
    }

    /// The vectors; `None` while there are none of the model that the index was opened with.
    pub fn vectors(&self) -> Option<&Vectors> {
        self.vectors.as_ref()
    }

    /// The rows of all papers that a query matches.
    pub fn rows(&self, query: &Query) -> Result<RoaringBitmap, Error> {
        Plan::new(query, &self.fields, &self.searcher)?.rows(&self.searcher)
    }

    /// Papers by row, as hits without a score, so that they can be explained; those that are not here are left out.
    pub fn place(&self, papers: &[PaperId]) -> Result<Vec<Found>, Error> {
        lookup::place(&self.fields, &self.searcher, papers)
    }

    /// Why each hit of an answer of this snapshot to this query was found, in the hits' order.
    pub fn explain(&self, query: &Query, hits: &[Found]) -> Result<Vec<Explanation>, Error> {
        let plan = Plan::new(query, &self.fields, &self.searcher)?;
        explain::explain(&plan, &self.searcher, hits)
    }

    /// In how many places (papers, counted once for each field) a word occurs.
    pub fn word_count(&self, word: &Word, scope: Scope) -> Result<u64, Error> {
        let mut count = 0;
        for &(field, _) in lookup::fields_of(&self.fields, scope) {
            count += self
                .searcher
                .doc_freq(&lookup::term_of(&self.fields, field, word))?;
        }
        Ok(count)
    }

    /// The words of this snapshot, or of one before it that held nearly as many papers, for corrections and
    /// suggestions. Read at first use, which takes about a third of a second with 250,000 papers: a server may ask
    /// once before its first reader does.
    pub fn spelling(&self) -> Result<&Spelling, Error> {
        if let Some(spelling) = self.spelling.get() {
            return Ok(spelling);
        }
        let read = Arc::new(Spelling::read(&self.fields, &self.searcher)?);
        Ok(self.spelling.get_or_init(|| read))
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot(seq {}, {} papers)", self.seq, self.papers())
    }
}
