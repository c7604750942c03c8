//! Codes back to vectors: everything that is stored about a slot, put together and turned back.

use roaring::RoaringBitmap;

use super::Segment;
use crate::fastscan;

impl Segment {
    /// The vector of a row as its codes have it, scaled as the metric has it. The first call sorts the rows.
    pub fn vector(&self, row: u32) -> Option<Vec<f32>> {
        let slot = self.slot_of(row)?;
        let mut vector = vec![0f32; self.dim()];
        self.decode(self.cell_of(slot), slot, &mut vector);
        Some(vector)
    }

    /// Appends every row that is not `dead`, and its vector.
    pub(crate) fn decode_all(
        &self,
        dead: &RoaringBitmap,
        rows: &mut Vec<u32>,
        vectors: &mut Vec<f32>,
    ) {
        let mut vector = vec![0f32; self.dim()];
        for cell in 0..self.cells() {
            for slot in self.cell_range(cell) {
                let row = self.rows()[slot];
                if !dead.contains(row) {
                    self.decode(cell, slot, &mut vector);
                    rows.push(row);
                    vectors.extend_from_slice(&vector);
                }
            }
        }
    }

    /// Where a row lies. The first call makes the table.
    pub(super) fn slot_of(&self, row: u32) -> Option<usize> {
        let rows = self.rows();
        let slots = self.by_row.get_or_init(|| Slots::new(rows, &self.row_set));
        match slots {
            Slots::Table(table) => {
                let slot = *table.get(row as usize)?;
                (slot != NO_SLOT).then_some(slot as usize)
            }
            Slots::Sorted(by_row) => {
                let at = by_row.binary_search_by_key(&row, |&slot| rows[slot as usize]);
                at.ok().map(|at| by_row[at] as usize)
            }
        }
    }

    fn decode(&self, cell: usize, slot: usize, out: &mut [f32]) {
        let mut parts = Parts::new(self);
        self.gather(cell, slot, 1.0, &mut parts);
        self.put_together(parts, out);
    }

    /// Adds the weighted sum of rows' vectors to `out`; rows that are not here add nothing. Sums are made of codes and
    /// turned back once, so that a row costs little.
    pub(crate) fn add_weighted(&self, weighted: &[(u32, f32)], out: &mut [f32]) {
        let mut parts = Parts::new(self);
        for &(row, weight) in weighted {
            if let Some(slot) = self.slot_of(row) {
                self.gather(self.cell_of(slot), slot, weight, &mut parts);
            }
        }
        let mut sum = vec![0f32; self.dim()];
        self.put_together(parts, &mut sum);
        out.iter_mut().zip(&sum).for_each(|(out, x)| *out += x);
    }

    /// Adds a slot's codes, weighted, to what is to be put together.
    fn gather(&self, cell: usize, slot: usize, weight: f32, parts: &mut Parts) {
        let model = &self.model;
        for plane in 0..self.planes.len() {
            let (step, code) = self.fine(plane, slot);
            let step = weight * model.steps[plane][usize::from(step)];
            let codes = parts.fine.iter_mut().zip(code);
            codes.for_each(|(x, &c)| *x += step * f32::from(c));
        }
        let at = slot - self.starts[cell] as usize;
        fastscan::get(self.cell_codes(cell), at, &mut parts.codes);
        model.quantizer.decode(&parts.codes, &mut parts.decoded);
        let ordered = parts.ordered.iter_mut().zip(&parts.decoded);
        ordered.for_each(|(sum, x)| *sum += weight * x);
        let step = weight * model.centroid_steps[cell];
        let centroid = parts.centroid.iter_mut().zip(model.centroid(cell));
        centroid.for_each(|(x, &c)| *x += step * f32::from(c));
    }

    /// Brings all parts into one space and turns back.
    fn put_together(&self, parts: Parts, out: &mut [f32]) {
        let model = &self.model;
        let mut whole = parts.fine;
        model.spread.invert(&mut whole);
        for (&to, &value) in model.order.iter().zip(&parts.ordered) {
            if let Some(x) = whole.get_mut(to as usize) {
                *x += value;
            }
        }
        let centroid = whole.iter_mut().zip(&parts.centroid);
        centroid.for_each(|(x, c)| *x += c);
        model.rotation.invert(&whole, out);
    }
}

/// Stands for a row that is not here.
const NO_SLOT: u32 = u32::MAX;
/// Rows may be so many times as far apart as if all were taken before a table of them is too large.
const TABLE_SPREAD: u64 = 8;

/// Slots by row.
#[derive(Debug)]
pub(super) enum Slots {
    /// The slot of every row up to the last: one look, for rows that lie densely.
    Table(Vec<u32>),
    /// Slots in the order of their rows, to be searched.
    Sorted(Vec<u32>),
}

impl Slots {
    fn new(rows: &[u32], set: &RoaringBitmap) -> Slots {
        let last = set.max().map_or(0, u64::from);
        let slots = 0..rows.len() as u32;
        if last < TABLE_SPREAD * (rows.len() as u64 + 1024) {
            let mut table = vec![NO_SLOT; last as usize + 1];
            for (slot, &row) in slots.zip(rows) {
                // A damaged file may hold a row that the set does not have.
                if let Some(place) = table.get_mut(row as usize) {
                    *place = slot;
                }
            }
            return Slots::Table(table);
        }
        let mut sorted: Vec<u32> = slots.collect();
        sorted.sort_unstable_by_key(|&slot| rows[slot as usize]);
        Slots::Sorted(sorted)
    }
}

/// Sums of each kind of code, every kind in the space that it is stored in. All steps back are linear.
struct Parts {
    /// Spread: of the bytes that refine.
    fine: Vec<f32>,
    /// In the order of the product code.
    ordered: Vec<f32>,
    /// Turned: of centroids.
    centroid: Vec<f32>,
    /// Room for one product code, and for what it stands for.
    codes: Vec<u8>,
    decoded: Vec<f32>,
}

impl Parts {
    fn new(segment: &Segment) -> Parts {
        let meta = &segment.model.meta;
        Parts {
            fine: vec![0.0; meta.dim()],
            ordered: vec![0.0; meta.code_dim()],
            centroid: vec![0.0; meta.dim()],
            codes: vec![0; meta.parts()],
            decoded: vec![0.0; meta.code_dim()],
        }
    }
}
