//! One state of an index: what a reader sees, whatever writers do meanwhile.

use std::sync::Arc;
use std::time::Instant;

use roaring::RoaringBitmap;

use super::chunk::Chunk;
use crate::budget::{Budget, Pace, Path, Plan, Spent};
use crate::error::Error;
use crate::kernels;
use crate::segment::{Keep, Metric, Segment, to_unit};
use crate::topk::{Hit, TopK};

/// A part of an index and the rows in it that are deleted or replaced by a later part.
#[derive(Debug)]
pub(super) struct Part<T> {
    pub(super) data: Arc<T>,
    pub(super) dead: Arc<RoaringBitmap>,
    /// The number of its file once it has one.
    pub(super) file: Option<u64>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Part<T> {
        Part {
            data: self.data.clone(),
            dead: self.dead.clone(),
            file: self.file,
        }
    }
}

impl<T> Part<T> {
    pub(super) fn new(data: T) -> Part<T> {
        Part {
            data: Arc::new(data),
            dead: Arc::default(),
            file: None,
        }
    }

    /// The part with more rows dead.
    pub(super) fn without(&self, rows: &RoaringBitmap) -> Part<T> {
        let mut part = self.clone();
        if !rows.is_empty() {
            *Arc::make_mut(&mut part.dead) |= rows;
        }
        part
    }
}

/// Which rows a request may be answered with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only these rows.
    pub allow: Option<&'a RoaringBitmap>,
    /// None of these rows.
    pub deny: Option<&'a RoaringBitmap>,
}

impl Filter<'_> {
    /// Every row.
    pub const ALL: Filter<'static> = Filter {
        allow: None,
        deny: None,
    };
}

/// An answer and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How the sealed part was searched.
    pub path: Path,
    /// What was computed.
    pub spent: Spent,
    /// Wall time in microseconds.
    pub micros: u64,
}

/// A state of the index. Cheap to clone, never changes.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) dim: usize,
    pub(super) metric: Metric,
    pub(super) sealed: Option<Part<Segment>>,
    pub(super) chunks: Vec<Part<Chunk>>,
    pub(super) pace: Arc<Pace>,
}

impl Snapshot {
    /// The best `k` rows that the filter lets through, found within the budget. Young vectors are always
    /// scanned exactly; the budget rules the sealed part.
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        budget: Budget,
        filter: Filter<'_>,
    ) -> Result<Answer, Error> {
        if query.len() != self.dim {
            return Err(Error::Dimension {
                expected: self.dim,
                got: query.len(),
            });
        }
        let started = Instant::now();
        let mut answer = Answer {
            hits: Vec::new(),
            path: Path::Flat,
            spent: Spent::default(),
            micros: 0,
        };
        if k > 0 && query.iter().all(|x| x.is_finite()) {
            let mut top = TopK::new(k);
            self.search_chunks(query, filter, &mut top, &mut answer.spent);
            if let Some(sealed) = &self.sealed {
                let keep = sealed.keep(filter);
                let plan = Plan::make(&sealed.data, budget, k, keep, &self.pace);
                let (hits, spent) = sealed.data.search(query, k, plan.effort, keep);
                hits.into_iter().for_each(|hit| top.push(hit));
                answer.path = plan.path;
                answer.spent += spent;
            }
            answer.hits = top.into_sorted();
        }
        let elapsed = started.elapsed();
        if matches!(answer.path, Path::Cells(_)) {
            self.pace.observe(answer.spent.multiply_adds, elapsed);
        }
        answer.micros = elapsed.as_micros() as u64;
        Ok(answer)
    }

    fn search_chunks(&self, query: &[f32], filter: Filter<'_>, top: &mut TopK, spent: &mut Spent) {
        if self.chunks.is_empty() {
            return;
        }
        let mut scaled = query.to_vec();
        if self.metric == Metric::Cosine {
            to_unit(&mut scaled);
        }
        for chunk in &self.chunks {
            chunk.data.search(&scaled, chunk.keep(filter), top, spent);
        }
    }

    /// Dimensions.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Rows that can be found.
    pub fn len(&self) -> usize {
        let young = self.chunks.iter().map(Part::living_len).sum::<usize>();
        self.sealed.as_ref().map_or(0, Part::living_len) + young
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that can be found.
    pub fn rows(&self) -> RoaringBitmap {
        let mut rows = RoaringBitmap::new();
        if let Some(sealed) = &self.sealed {
            rows |= sealed.data.row_set() - &*sealed.dead;
        }
        for chunk in &self.chunks {
            rows |= chunk.data.row_set() - &*chunk.dead;
        }
        rows
    }

    /// The sealed part.
    pub fn sealed(&self) -> Option<&Segment> {
        self.sealed.as_ref().map(|sealed| &*sealed.data)
    }

    /// Reads the sealed file as a whole and verifies its checksums; opening leaves out those of the codes, where
    /// damage would change scores and nothing else. Some hundredths of a second for 100 MB in the cache.
    pub fn verify(&self) -> Result<(), Error> {
        self.sealed
            .as_ref()
            .map_or(Ok(()), |part| part.data.verify())
    }

    /// Rows that are not sealed yet, dead ones included.
    pub fn young(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.data.len()).sum()
    }

    /// The vector of a row: as it came while it is young, later as its codes have it (an error of a few
    /// thousandths of its length). `None` for a row that is not here. Some microseconds; the first call to a
    /// segment sorts its rows once.
    pub fn vector(&self, row: u32) -> Option<Vec<f32>> {
        if let Some(chunk) = self.chunks.iter().rev().find(|chunk| chunk.holds(row)) {
            return chunk.data.vector(row).map(<[f32]>::to_vec);
        }
        let sealed = self.sealed.as_ref().filter(|sealed| sealed.holds(row))?;
        sealed.data.vector(row)
    }
}

impl Snapshot {
    /// The scores of these rows, in their order; `None` for rows that are not here. Exact for young vectors, by their
    /// codes for sealed ones.
    pub fn scores(&self, query: &[f32], rows: &[u32]) -> Result<Vec<Option<f32>>, Error> {
        if query.len() != self.dim {
            return Err(Error::Dimension {
                expected: self.dim,
                got: query.len(),
            });
        }
        let living = |sealed: &Part<Segment>| {
            let mut scores = sealed.data.scores(query, rows);
            for (score, row) in scores.iter_mut().zip(rows) {
                if sealed.dead.contains(*row) {
                    *score = None;
                }
            }
            scores
        };
        let mut scores = self
            .sealed
            .as_ref()
            .map_or_else(|| vec![None; rows.len()], living);
        if self.chunks.is_empty() {
            return Ok(scores);
        }
        let mut scaled = query.to_vec();
        if self.metric == Metric::Cosine {
            to_unit(&mut scaled);
        }
        for (score, &row) in scores.iter_mut().zip(rows) {
            let holder = self.chunks.iter().find(|chunk| chunk.holds(row));
            if let Some(vector) = holder.and_then(|chunk| chunk.data.vector(row)) {
                *score = Some(kernels::dot(&scaled, vector));
            }
        }
        Ok(scores)
    }

    /// The sum of rows' vectors, each times its weight; rows that are not here add nothing. A row is much cheaper than
    /// by [`Snapshot::vector`].
    pub fn weighted_sum(&self, weighted: &[(u32, f32)]) -> Vec<f32> {
        let mut sum = vec![0.0; self.dim];
        let mut rest: Vec<(u32, f32)> = Vec::with_capacity(weighted.len());
        for &(row, weight) in weighted {
            let holder = self.chunks.iter().find(|chunk| chunk.holds(row));
            match holder.and_then(|chunk| chunk.data.vector(row)) {
                Some(vector) => sum
                    .iter_mut()
                    .zip(vector)
                    .for_each(|(sum, x)| *sum += weight * x),
                None => rest.push((row, weight)),
            }
        }
        if let Some(sealed) = self.sealed.as_ref().filter(|_| !rest.is_empty()) {
            rest.retain(|(row, _)| !sealed.dead.contains(*row));
            sealed.data.add_weighted(&rest, &mut sum);
        }
        sum
    }
}

/// What all parts have.
pub(super) trait RowSet {
    fn row_set(&self) -> &RoaringBitmap;
}

impl RowSet for Segment {
    fn row_set(&self) -> &RoaringBitmap {
        Segment::row_set(self)
    }
}

impl RowSet for Chunk {
    fn row_set(&self) -> &RoaringBitmap {
        Chunk::row_set(self)
    }
}

impl<T: RowSet> Part<T> {
    /// Whether this part has the row, alive.
    pub(super) fn holds(&self, row: u32) -> bool {
        self.data.row_set().contains(row) && !self.dead.contains(row)
    }

    /// The rows of `rows` that live here.
    pub(super) fn living(&self, rows: &RoaringBitmap) -> RoaringBitmap {
        (self.data.row_set() & rows) - &*self.dead
    }

    /// Living rows.
    pub(super) fn living_len(&self) -> usize {
        (self.data.row_set().len() - self.dead.len()) as usize
    }

    fn keep<'a>(&'a self, filter: Filter<'a>) -> Keep<'a> {
        let dead = (!self.dead.is_empty()).then_some(&*self.dead);
        Keep {
            dead,
            allow: filter.allow,
            deny: filter.deny,
        }
    }
}
