//! Answering a query from a sealed segment: turn, choose cells, scan, refine.

use std::cell::RefCell;

use roaring::RoaringBitmap;

use super::{Metric, Segment};
use crate::budget::Spent;
use crate::fastscan::{self, Lut};
use crate::kernels::{self, Affine, BLOCK};
use crate::scalar::Query16;
use crate::topk::{Hit, Pool, TopK};

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Cells to scan, the best ones.
    pub cells: usize,
    /// Candidates to refine; at least as many as hits are wanted.
    pub shortlist: usize,
}

impl Effort {
    /// Every vector is refined: the best that the stored codes can say.
    pub const ALL: Effort = Effort { cells: usize::MAX, shortlist: usize::MAX };
}

/// Which rows may be answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep<'a> {
    /// Rows that are deleted or replaced elsewhere.
    pub dead: Option<&'a RoaringBitmap>,
    /// Only these rows.
    pub allow: Option<&'a RoaringBitmap>,
    /// None of these rows.
    pub deny: Option<&'a RoaringBitmap>,
}

impl Keep<'_> {
    /// Every row.
    pub const ALL: Keep<'static> = Keep { dead: None, allow: None, deny: None };

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.dead.is_none() && self.allow.is_none() && self.deny.is_none()
    }

    /// Whether this row may be answered.
    #[inline]
    pub fn keeps(&self, row: u32) -> bool {
        self.allow.is_none_or(|set| set.contains(row))
            && self.deny.is_none_or(|set| !set.contains(row))
            && self.dead.is_none_or(|set| !set.contains(row))
    }
}

/// A query in all the forms that the stages need.
#[derive(Default)]
struct Prepared {
    rotated: Vec<f32>,
    ordered: Vec<f32>,
    spread: Vec<f32>,
    /// Rotated, against centroids.
    coarse: Query16,
    /// Rotated and spread, against fine codes.
    fine: Query16,
    table: Vec<f32>,
}

/// Room for one query, kept by each thread for the next.
#[derive(Default)]
struct Room {
    prepared: Prepared,
    lut: Lut,
    cells: Vec<(f32, u32)>,
    sums: Vec<u16>,
    pool: Pool,
    /// (coarse bias, slot, cell) of what is to be refined.
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy)]
struct Candidate {
    bias: f32,
    slot: u32,
    cell: u32,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

impl Segment {
    /// The best `k` rows that `keep` lets through, best first, and what finding them took. A query that holds
    /// a number that is not finite finds nothing. Panics when the query has another dimension.
    pub fn search(&self, query: &[f32], k: usize, effort: Effort, keep: Keep<'_>) -> (Vec<Hit>, Spent) {
        assert_eq!(query.len(), self.dim(), "a query of {} numbers", self.dim());
        let mut spent = Spent::default();
        if k == 0 || query.iter().any(|x| !x.is_finite()) {
            return (Vec::new(), spent);
        }
        let hits = ROOM.with_borrow_mut(|room| {
            self.prepare(query, &mut room.prepared);
            spent.multiply_adds += self.preparing_cost();
            if effort == Effort::ALL {
                return self.refine_all(&room.prepared, k, keep, &mut spent);
            }
            self.choose_cells(room, effort.cells.max(1), &mut spent);
            self.scan(room, effort.shortlist.max(k), keep, &mut spent);
            self.refine(room, k, &mut spent)
        });
        (hits, spent)
    }

    /// Multiply-adds that every query takes, whatever the effort: turning it and filling its table.
    pub(crate) fn preparing_cost(&self) -> u64 {
        (self.dim() * self.dim() + 16 * self.model.meta.code_dim()) as u64
    }

    /// Multiply-adds of ranking all cells.
    pub(crate) fn ranking_cost(&self) -> u64 {
        (self.cells() * self.model.meta.cell_dim()) as u64
    }

    /// Multiply-adds of scanning one more cell of average size: its centroid, and one look-up a part and code.
    pub(crate) fn cell_cost(&self) -> u64 {
        (self.dim() + self.model.meta.parts() * self.len() / self.cells()) as u64
    }

    /// Multiply-adds of refining one candidate.
    pub(crate) fn refining_cost(&self) -> u64 {
        (self.dim() * self.planes.len() + self.model.meta.parts()) as u64
    }

    fn prepare(&self, query: &[f32], prepared: &mut Prepared) {
        let model = &self.model;
        let mut unit = std::mem::take(&mut prepared.spread);
        unit.clear();
        unit.extend_from_slice(query);
        if self.metric() == Metric::Cosine {
            super::build::to_unit(&mut unit);
        }
        prepared.rotated.resize(self.dim(), 0.0);
        model.rotation.apply(&unit, &mut prepared.rotated);
        prepared.ordered.resize(model.meta.code_dim(), 0.0);
        model.reorder(&prepared.rotated, &mut prepared.ordered);
        model.quantizer.table(&prepared.ordered, &mut prepared.table);
        unit.copy_from_slice(&prepared.rotated);
        model.spread.apply(&mut unit);
        prepared.coarse.set(&prepared.rotated);
        prepared.fine.set(&unit);
        prepared.spread = unit;
    }

    /// `⟨query, centroid⟩` over the first `prefix` rotated coordinates.
    fn centroid_score(&self, prepared: &Prepared, cell: usize, prefix: usize) -> f32 {
        let centroid = &self.model.centroid(cell)[..prefix];
        self.model.centroid_steps[cell] * prepared.coarse.dot(centroid)
    }

    /// The `wanted` best cells by their coarse prefix, with their full score; the very best come first.
    fn choose_cells(&self, room: &mut Room, wanted: usize, spent: &mut Spent) {
        let prefix = self.model.meta.cell_dim();
        let Room { prepared, cells, .. } = room;
        cells.clear();
        cells.extend((0..self.cells()).map(|cell| (self.centroid_score(prepared, cell, prefix), cell as u32)));
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if wanted < cells.len() {
            cells.select_nth_unstable_by(wanted, order);
            cells.truncate(wanted);
        }
        // The best cells first raise the floor early; the rest in the order of memory.
        const FIRST: usize = 16;
        let best = if cells.len() > FIRST {
            cells.select_nth_unstable_by(FIRST, order);
            FIRST
        } else {
            cells.len()
        };
        cells[..best].sort_unstable_by(order);
        cells[best..].sort_unstable_by_key(|cell| cell.1);
        if prefix < self.dim() {
            for (score, cell) in cells.iter_mut() {
                *score = self.centroid_score(prepared, *cell as usize, self.dim());
            }
        }
        spent.cells += cells.len() as u64;
        spent.multiply_adds += self.ranking_cost() + (cells.len() * self.dim()) as u64;
    }

    /// Scans the chosen cells for about the best `shortlist` candidates.
    fn scan(&self, room: &mut Room, shortlist: usize, keep: Keep<'_>, spent: &mut Spent) {
        let Room { prepared, lut, cells, sums, pool, candidates } = room;
        lut.set(&prepared.table);
        pool.reset(shortlist.min(self.len()));
        candidates.clear();
        let rows = self.rows();
        for &(bias, cell) in cells.iter() {
            let cell = cell as usize;
            let slots = self.cell_range(cell);
            sums.resize((self.blocks[cell + 1] - self.blocks[cell]) as usize * BLOCK, 0);
            kernels::fast_scan(self.cell_codes(cell), &lut.low, &lut.high, sums);
            let affine = Affine {
                bias,
                base: lut.base,
                step: lut.step,
                factor_low: self.model.meta.factor_low,
                factor_step: self.model.meta.factor_step,
            };
            let floor = pool.floor();
            let entries = pool.entries();
            let before = entries.len();
            kernels::select_above(sums, self.cell_factors(cell), &affine, floor, entries);
            // Positions become slots; the filling of the last block and unwanted rows go.
            let mut kept = before;
            for i in before..entries.len() {
                let slot = slots.start + entries[i].1 as usize;
                if slot < slots.end && (keep.is_all() || keep.keeps(rows[slot])) {
                    entries[kept] = (entries[i].0, slot as u32);
                    kept += 1;
                }
            }
            entries.truncate(kept);
            pool.settle();
            spent.scanned += slots.len() as u64;
        }
        spent.multiply_adds += spent.scanned * self.model.meta.parts() as u64;
        for &(_, slot) in pool.best(shortlist) {
            let cell = self.starts.partition_point(|&start| start <= slot) - 1;
            candidates.push(Candidate { bias: 0.0, slot, cell: cell as u32 });
            kernels::prefetch(self.fine(0, slot as usize).1);
        }
    }

    /// Scores the candidates by their fine codes.
    fn refine(&self, room: &mut Room, k: usize, spent: &mut Spent) -> Vec<Hit> {
        let Room { prepared, candidates, .. } = room;
        for candidate in candidates.iter_mut() {
            candidate.bias = self.centroid_score(prepared, candidate.cell as usize, self.dim());
        }
        let rows = self.rows();
        let mut top = TopK::new(k);
        for candidate in candidates.iter() {
            let (slot, cell) = (candidate.slot as usize, candidate.cell as usize);
            let score = self.fine_score(prepared, slot, cell, candidate.bias);
            top.push(Hit { row: rows[slot], score });
        }
        spent.refined += candidates.len() as u64;
        spent.multiply_adds += candidates.len() as u64 * self.refining_cost();
        top.into_sorted()
    }

    /// Everything that is stored about a slot, put together.
    #[inline]
    fn fine_score(&self, prepared: &Prepared, slot: usize, cell: usize, bias: f32) -> f32 {
        let i = slot - self.starts[cell] as usize;
        let mut score = bias + fastscan::exact_sum(self.cell_codes(cell), i, &prepared.table);
        for plane in 0..self.planes.len() {
            let (step, code) = self.fine(plane, slot);
            score += self.model.steps[plane][usize::from(step)] * prepared.fine.dot(code);
        }
        score
    }

    /// Scores every row that is kept by its fine code: for filters that leave little, and as the limit of
    /// what more effort can find.
    fn refine_all(&self, prepared: &Prepared, k: usize, keep: Keep<'_>, spent: &mut Spent) -> Vec<Hit> {
        let rows = self.rows();
        let allowed = keep.allow.and_then(BitSet::new);
        let mut top = TopK::new(k);
        for cell in 0..self.cells() {
            let mut bias = None;
            for slot in self.cell_range(cell) {
                let row = rows[slot];
                if allowed.as_ref().is_some_and(|set| !set.contains(row)) || !keep.keeps(row) {
                    continue;
                }
                let bias = *bias.get_or_insert_with(|| self.centroid_score(prepared, cell, self.dim()));
                top.push(Hit { row, score: self.fine_score(prepared, slot, cell, bias) });
                spent.refined += 1;
            }
            spent.cells += u64::from(bias.is_some());
        }
        spent.multiply_adds += spent.refined * self.refining_cost() + spent.cells * self.dim() as u64;
        top.into_sorted()
    }
}

/// A plain bit set: the quick first answer of a long walk over all rows.
struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// `None` when the rows reach so far that the set would be large.
    fn new(rows: &RoaringBitmap) -> Option<BitSet> {
        let last = rows.max()?;
        if last > 1 << 26 {
            return None;
        }
        let mut words = vec![0u64; last as usize / 64 + 1];
        rows.iter().for_each(|row| words[row as usize / 64] |= 1 << (row % 64));
        Some(BitSet { words })
    }

    #[inline]
    fn contains(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }
}
