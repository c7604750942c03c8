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

    fn slot_of(&self, row: u32) -> Option<usize> {
        if !self.row_set.contains(row) {
            return None;
        }
        let rows = self.rows();
        let by_row = self.by_row.get_or_init(|| {
            let mut slots: Vec<u32> = (0..rows.len() as u32).collect();
            slots.sort_unstable_by_key(|&slot| rows[slot as usize]);
            slots
        });
        let at = by_row.binary_search_by_key(&row, |&slot| rows[slot as usize]);
        at.ok().map(|at| by_row[at] as usize)
    }

    fn decode(&self, cell: usize, slot: usize, out: &mut [f32]) {
        let model = &self.model;
        let mut rest = vec![0f32; self.dim()];
        for plane in 0..self.planes.len() {
            let (step, code) = self.fine(plane, slot);
            let step = model.steps[plane][usize::from(step)];
            let codes = rest.iter_mut().zip(code);
            codes.for_each(|(x, &c)| *x += step * f32::from(c));
        }
        model.spread.invert(&mut rest);
        let mut parts = vec![0u8; model.meta.parts()];
        let at = slot - self.starts[cell] as usize;
        fastscan::get(self.cell_codes(cell), at, &mut parts);
        let mut decoded = vec![0f32; model.meta.code_dim()];
        model.quantizer.decode(&parts, &mut decoded);
        for (&to, &value) in model.order.iter().zip(&decoded) {
            if let Some(x) = rest.get_mut(to as usize) {
                *x += value;
            }
        }
        let step = model.centroid_steps[cell];
        let centroid = rest.iter_mut().zip(model.centroid(cell));
        centroid.for_each(|(x, &c)| *x += step * f32::from(c));
        model.rotation.invert(&rest, out);
    }
}
