//! Vectors to codes under a trained model, and codes in the order of cells.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::{Bulk, Model, Segment, block_starts, write_parts};
use crate::error::Error;
use crate::fastscan;
use crate::kernels::{self, BLOCK};
use crate::matrix::{BATCH, Rows};
use crate::scalar::{self, Shaper};

/// One vector's code.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) row: u32,
    pub(super) cell: u32,
    pub(super) parts: Box<[u8]>,
    pub(super) factor: u8,
    pub(super) steps: [u8; 2],
    /// One plane after the other.
    pub(super) fine: Box<[i8]>,
}

/// Room to work in for one vector after another.
struct Room {
    /// What the code so far leaves over, in rotated coordinates.
    rest: Vec<f32>,
    /// The same in the order of the product code, and what the product code stands for.
    ordered: Vec<f32>,
    decoded: Vec<f32>,
    targets: Vec<f32>,
}

/// Encodes rotated vectors.
pub(super) struct Encoder<'a> {
    model: &'a Model,
    shaper: Shaper,
}

impl<'a> Encoder<'a> {
    /// Queries are taken to have the second moments of the vectors: diagonal in rotated coordinates, and
    /// spread by the random rotation where the fine code lives.
    pub(super) fn new(model: &'a Model) -> Encoder<'a> {
        let dim = model.meta.dim();
        // Column j of H, weighted: S = Σⱼ energyⱼ · hⱼ·hⱼᵀ.
        let mut moments = vec![0f64; dim * dim];
        for (j, &energy) in model.energy.iter().enumerate() {
            let mut column = vec![0.0; dim];
            column[j] = 1.0;
            model.spread.apply(&mut column);
            for (a, row) in moments.chunks_exact_mut(dim).enumerate() {
                let weight = f64::from(energy) * f64::from(column[a]);
                row.iter_mut()
                    .zip(&column)
                    .for_each(|(m, &x)| *m += weight * f64::from(x));
            }
        }
        Encoder {
            model,
            shaper: Shaper::new(&moments, dim),
        }
    }

    /// Encodes every vector into its cell, in parallel. `vectors` are as the caller gave them, scaled to
    /// length 1 where the metric asks for it; `cells` says which cell each belongs to.
    pub(super) fn encode_all(&self, rows: &[u32], vectors: Rows<'_>, cells: &[u32]) -> Vec<Code> {
        let dim = vectors.dim();
        let batches = vectors
            .data()
            .par_chunks(BATCH * dim)
            .zip(rows.par_chunks(BATCH));
        batches
            .zip(cells.par_chunks(BATCH))
            .map(|((batch, rows), cells)| {
                let rotated = self.model.rotation.apply_all(Rows::new(batch, dim));
                let code_dim = self.model.meta.code_dim();
                let mut room = Room {
                    rest: vec![0.0; dim],
                    ordered: vec![0.0; code_dim],
                    decoded: vec![0.0; code_dim],
                    targets: Vec::new(),
                };
                let vectors = rotated.chunks_exact(dim).zip(rows).zip(cells);
                vectors
                    .map(|((y, &row), &cell)| self.encode(y, row, cell, &mut room))
                    .collect::<Vec<_>>()
            })
            .flatten_iter()
            .collect()
    }

    fn encode(&self, rotated: &[f32], row: u32, cell: u32, room: &mut Room) -> Code {
        let model = self.model;
        let (meta, dim) = (&model.meta, model.meta.dim());
        residual(model, rotated, cell, &mut room.rest);
        model.reorder(&room.rest, &mut room.ordered);
        let mut parts = vec![0u8; meta.parts()].into_boxed_slice();
        model.quantizer.encode(&room.ordered, &mut parts);
        model.quantizer.decode(&parts, &mut room.decoded);
        let factor = unbiasing_factor(&room.ordered, &room.decoded);
        for (&to, &value) in model.order.iter().zip(&room.decoded) {
            if let Some(rest) = room.rest.get_mut(to as usize) {
                *rest -= value;
            }
        }
        model.spread.apply(&mut room.rest);
        let mut fine = vec![0i8; dim * meta.planes as usize].into_boxed_slice();
        let mut steps = [0u8; 2];
        for (plane, code) in fine.chunks_exact_mut(dim).enumerate() {
            // Shaping moves targets by a few steps: leave room for them.
            let room_for_shape = if plane == 0 { 1.04 } else { 1.0 };
            let table = &model.steps[plane];
            let byte = step_byte(table, room_for_shape * scalar::step_for(&room.rest));
            let step = table[usize::from(byte)];
            if plane == 0 {
                self.shaper
                    .quantise(&room.rest, step, &mut room.targets, code);
            } else {
                scalar::quantise(&room.rest, step, code);
            }
            room.rest
                .iter_mut()
                .zip(&*code)
                .for_each(|(x, &c)| *x -= step * f32::from(c));
            steps[plane] = byte;
        }
        let unit = if meta.factor_step > 0.0 {
            (factor - meta.factor_low) / meta.factor_step
        } else {
            0.0
        };
        Code {
            row,
            cell,
            parts,
            factor: unit.round() as u8,
            steps,
            fine,
        }
    }
}

/// What the cell's centroid leaves of a rotated vector.
pub(super) fn residual(model: &Model, rotated: &[f32], cell: u32, out: &mut [f32]) {
    let step = model.centroid_steps[cell as usize];
    for ((out, y), &c) in out
        .iter_mut()
        .zip(rotated)
        .zip(model.centroid(cell as usize))
    {
        *out = y - step * f32::from(c);
    }
}

/// `‖r‖²/⟨r,r̂⟩`: what makes `⟨q,r̂⟩` right on average for queries near `r`. 1 where that says nothing.
pub(super) fn unbiasing_factor(vector: &[f32], decoded: &[f32]) -> f32 {
    let factor = kernels::dot(vector, vector) / kernels::dot(vector, decoded);
    if factor.is_finite() && factor > 0.0 {
        factor
    } else {
        1.0
    }
}

/// The smallest stored step that is at least `wanted`, the greatest if none is.
fn step_byte(table: &[f32; 256], wanted: f32) -> u8 {
    table.partition_point(|&step| step < wanted).min(255) as u8
}

/// The nearest cell of each vector by the first d_c rotated coordinates, in parallel.
pub(super) fn assign(model: &Model, vectors: Rows<'_>) -> Vec<u32> {
    let (dim, cell_dim) = (model.meta.dim(), model.meta.cell_dim());
    let centroids: Vec<f32> = (0..model.meta.cells as usize)
        .flat_map(|cell| {
            let step = model.centroid_steps[cell];
            model.centroid(cell)[..cell_dim]
                .iter()
                .map(move |&c| step * f32::from(c))
        })
        .collect();
    let centroids = Rows::new(&centroids, cell_dim);
    let mut cells = Vec::with_capacity(vectors.len());
    for run in vectors.data().chunks(8192 * dim) {
        let prefixes = rotated_prefixes(&model.rotation, Rows::new(run, dim), cell_dim);
        let nearest = crate::kmeans::assign(Rows::new(&prefixes, cell_dim), centroids);
        cells.extend(nearest.iter().map(|x| x.0));
    }
    cells
}

/// The first `prefix` rotated coordinates of every vector.
pub(super) fn rotated_prefixes(
    rotation: &crate::rotation::Rotation,
    vectors: Rows<'_>,
    prefix: usize,
) -> Vec<f32> {
    let rotated = rotation.apply_all(vectors);
    rotated
        .chunks_exact(vectors.dim())
        .flat_map(|y| &y[..prefix])
        .copied()
        .collect()
}

/// Puts codes in the order of cells and makes a segment of them.
pub(super) fn assemble(mut model: Model, mut codes: Vec<Code>) -> Result<Segment, Error> {
    codes.par_sort_unstable_by_key(|code| (code.cell, code.row));
    let cells = model.meta.cells as usize;
    let mut starts = vec![0u32; cells + 1];
    codes
        .iter()
        .for_each(|code| starts[code.cell as usize + 1] += 1);
    (0..cells).for_each(|cell| starts[cell + 1] += starts[cell]);
    let blocks = block_starts(&starts);
    let total = blocks[cells] as usize;
    let mut bulk = Bulk {
        codes: vec![0; total * fastscan::block_bytes(model.meta.parts())],
        factors: vec![0; total * BLOCK],
        ..Bulk::default()
    };
    let dim = model.meta.dim();
    for (slot, code) in codes.into_iter().enumerate() {
        let cell = code.cell as usize;
        let place = blocks[cell] as usize * BLOCK + slot - starts[cell] as usize;
        fastscan::put(&mut bulk.codes, place, &code.parts);
        bulk.factors[place] = code.factor;
        bulk.rows.push(code.row);
        for (plane, fine) in code.fine.chunks_exact(dim).enumerate() {
            bulk.steps[plane].push(code.steps[plane]);
            bulk.fine[plane].extend_from_slice(fine);
        }
    }
    model.meta.count = bulk.rows.len() as u32;
    let row_set: RoaringBitmap = bulk.rows.iter().copied().collect();
    let reparameterised = model.quantizer.reparameterised();
    let mut segment = Segment::from_container(write_parts(&model, &starts, bulk, &row_set))?;
    segment.model.quantizer.set_reparameterised(reparameterised);
    Ok(segment)
}

impl Segment {
    /// A segment of this one's live rows and new ones, under the same codebooks: codes of old rows are
    /// copied as they are, so nothing is lost however often rows join. `dead` rows are left out; a new row
    /// must not be among the live ones.
    pub(crate) fn merged(
        &self,
        dead: &RoaringBitmap,
        rows: &[u32],
        vectors: Rows<'_>,
    ) -> Result<Segment, Error> {
        let model = super::read_model(&self.container, self.model.meta)?;
        let cells = assign(&model, vectors);
        let mut codes = Encoder::new(&model).encode_all(rows, vectors, &cells);
        for cell in 0..self.cells() {
            for (i, slot) in self.cell_range(cell).enumerate() {
                if !dead.contains(self.rows()[slot]) {
                    codes.push(self.code(cell, i, slot));
                }
            }
        }
        // Recall at an effort changes slowly as rows join: the measured ladder stays.
        assemble(model, codes)?.with_ladder(&self.ladder)
    }

    /// The stored code of a slot, the `i`-th of its cell.
    fn code(&self, cell: usize, i: usize, slot: usize) -> Code {
        let mut parts = vec![0u8; self.model.meta.parts()].into_boxed_slice();
        fastscan::get(self.cell_codes(cell), i, &mut parts);
        let mut steps = [0; 2];
        let mut fine = Vec::new();
        for (plane, kept) in steps.iter_mut().enumerate().take(self.planes.len()) {
            let (step, code) = self.fine(plane, slot);
            *kept = step;
            fine.extend_from_slice(code);
        }
        let factor = self.cell_factors(cell)[i];
        Code {
            row: self.rows()[slot],
            cell: cell as u32,
            parts,
            factor,
            steps,
            fine: fine.into(),
        }
    }
}
