//! The sealed part of an index: cells chosen by a nested prefix, four-bit codes scanned in registers, eight-bit
//! codes that refine. Immutable, mapped, about 300 bytes a vector of 256 dimensions.
//!
//! Each stage encodes what the one before left over, and only the inner product is ever estimated:
//!
//! ```text
//! y = R·x                     R: principal axes, so that every prefix of y is the best of its length
//! cell = nearest centroid to y[..d_c]             d_c: the coarse dimension (AdANNS, arXiv 2305.19435)
//! r = y − centroid            4-bit product code r̂, and a factor ‖r‖²/⟨r,r̂⟩ that makes ⟨q,r̂⟩·factor
//!                             unbiased as in RaBitQ (arXiv 2405.12497)
//! e = H·(r − r̂)               H: a random rotation; one byte a coordinate, errors shaped by the queries
//! e − ê                       optionally once more, one byte a coordinate
//! ```
//! A query turns once, ranks the cells by their first d_c coordinates, scans the codes of the best cells with
//! one table for all of them (for inner products the table does not depend on the cell), and refines a
//! shortlist: `⟨q,x⟩ ≈ ⟨q,centroid⟩ + ⟨q,r̂⟩ + ⟨H·q,ê⟩`.

mod build;
mod calibrate;
mod decode;
mod encode;
mod search;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use bytemuck::{Pod, Zeroable};
use roaring::RoaringBitmap;

use crate::budget::Rung;
use crate::error::{Error, Fault};
use crate::fastscan;
use crate::format::{Container, Writer};
use crate::kernels::BLOCK;
use crate::pq::{Bits, ProductQuantizer, Training};
use crate::rotation::{Hadamard, Rotation};
use crate::scalar::BytePanels;

pub(crate) use build::{check_vectors, to_unit, unit_vectors};
pub use search::{Effort, Keep};

/// The kind of these files.
pub const KIND: [u8; 4] = *b"SEGM";
const BULK: [[u8; 4]; 6] = [*b"CODE", *b"FACT", *b"STEP", *b"FINE", *b"STE2", *b"FIN2"];

/// Dimensions of a vector, at most.
pub(crate) const MAX_DIM: usize = 4096;

/// How vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// Vectors and queries are scaled to length 1 first: the score is the cosine.
    #[default]
    Cosine,
    /// The inner product as it is.
    InnerProduct,
}

/// What to build. [`SegmentConfig::default`] is the measured best for 256 dimensions and 300 bytes.
#[derive(Debug, Clone)]
pub struct SegmentConfig {
    /// How vectors are compared.
    pub metric: Metric,
    /// Cells; by default about `4·√n`.
    pub cells: Option<usize>,
    /// Coarse dimension d_c; by default half of the dimensions.
    pub cell_dim: Option<usize>,
    /// Parts of the four-bit code; by default one for four dimensions.
    pub parts: Option<usize>,
    /// Bytes a coordinate that refine: 1 or 2. Two reach a recall of .999 for twice the memory.
    pub planes: usize,
    /// How the codebooks are trained.
    pub training: Training,
    /// Queries like those to come, row after row, that the ladder of efforts is measured with. Without any,
    /// mixtures of two vectors stand in for them.
    pub calibration: Vec<f32>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for SegmentConfig {
    fn default() -> SegmentConfig {
        SegmentConfig {
            metric: Metric::Cosine,
            cells: None,
            cell_dim: None,
            parts: None,
            planes: 1,
            training: Training::Better,
            calibration: Vec::new(),
            seed: 1,
        }
    }
}

/// The fixed numbers of a segment: part `META`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Meta {
    dim: u32,
    count: u32,
    cells: u32,
    cell_dim: u32,
    parts: u32,
    planes: u32,
    /// 0 cosine, 1 inner product.
    metric: u32,
    /// Rows that the codebooks were trained for.
    trained: u32,
    seed: u64,
    factor_low: f32,
    factor_step: f32,
    /// Quantisation step of the stored byte 0, first and second plane; each unit is 2.2 % more.
    step_low: f32,
    step_low2: f32,
}

/// Growth of a quantisation step per unit of its stored byte: 256 units span a factor of 256.
const STEP_GROWTH: f32 = 8.0 / 255.0;

impl Meta {
    fn dim(&self) -> usize {
        self.dim as usize
    }

    fn cell_dim(&self) -> usize {
        self.cell_dim as usize
    }

    fn parts(&self) -> usize {
        self.parts as usize
    }

    /// Dimensions of the product code: those of the vector, filled up to whole parts.
    fn code_dim(&self) -> usize {
        self.dim().next_multiple_of(self.parts())
    }

    fn metric(&self) -> Metric {
        if self.metric == 0 {
            Metric::Cosine
        } else {
            Metric::InnerProduct
        }
    }
}

/// What is trained, shared by the rows of a segment and by those that join it later.
#[derive(Debug)]
struct Model {
    meta: Meta,
    /// What makes the vectors.
    label: String,
    rotation: Rotation,
    /// Energy of each rotated coordinate: the second moments of the vectors.
    energy: Vec<f32>,
    spread: Hadamard,
    /// Which rotated coordinate each coordinate of the product code is; past `dim`: none.
    order: Vec<u32>,
    quantizer: ProductQuantizer,
    /// Centroids in bytes, row-major, each in units of its own step.
    centroids: Vec<i8>,
    centroid_steps: Vec<f32>,
    /// How far the vectors of each cell lie from its centroid: root mean square of a coordinate.
    reach: Vec<f32>,
    /// Quantisation steps by stored byte, first and second plane.
    steps: [[f32; 256]; 2],
}

impl Model {
    fn centroid(&self, cell: usize) -> &[i8] {
        let dim = self.meta.dim();
        &self.centroids[cell * dim..(cell + 1) * dim]
    }

    /// Coordinates in the order of the product code.
    fn reorder(&self, rotated: &[f32], out: &mut [f32]) {
        for (out, &from) in out.iter_mut().zip(&self.order) {
            *out = rotated.get(from as usize).copied().unwrap_or(0.0);
        }
    }
}

fn step_table(low: f32) -> [f32; 256] {
    std::array::from_fn(|byte| low * (STEP_GROWTH * byte as f32).exp2())
}

/// A sealed segment: opened by mapping its file, or built in memory.
#[derive(Debug)]
pub struct Segment {
    model: Model,
    /// The coarse prefixes of the centroids, laid out for ranking.
    coarse: BytePanels,
    /// First slot of each cell, and the number of slots.
    starts: Vec<u32>,
    /// First block of each cell, and the number of blocks.
    blocks: Vec<u32>,
    row_set: RoaringBitmap,
    /// The slots in the order of their rows, once somebody has asked for a row's vector.
    by_row: OnceLock<decode::Slots>,
    /// Efforts from cheap to dear with their measured recall.
    ladder: Vec<Rung>,
    codes: Range<usize>,
    factors: Range<usize>,
    rows: Range<usize>,
    /// Steps and fine codes of each plane.
    planes: Vec<(Range<usize>, Range<usize>)>,
    container: Container,
}

impl Segment {
    /// Maps a segment's file. Reads and checks all but the codes: milliseconds.
    pub fn open(path: &Path) -> Result<Segment, Error> {
        Segment::from_container(Container::open(path, KIND, &BULK)?)
    }

    /// A segment from the bytes of its file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Segment, Error> {
        Segment::from_container(Container::from_bytes(bytes, KIND, &BULK)?)
    }

    fn from_container(container: Container) -> Result<Segment, Error> {
        let meta = read_meta(&container)?;
        let cells = meta.cells as usize;
        let starts = container.numbers::<u32>(*b"CELL", cells + 1)?.to_vec();
        let ordered = starts.windows(2).all(|w| w[0] <= w[1]);
        if starts[0] != 0 || starts[cells] != meta.count || !ordered {
            return Err(container.refuse(Fault::inconsistent(*b"CELL", "cells out of order")));
        }
        let blocks = block_starts(&starts);
        let total = blocks[cells] as usize;
        let (count, dim) = (meta.count as usize, meta.dim());
        // Sizes are checked once here; searching relies on them.
        container.numbers::<u8>(*b"CODE", total * fastscan::block_bytes(meta.parts()))?;
        container.numbers::<u8>(*b"FACT", total * BLOCK)?;
        container.numbers::<u32>(*b"ROWS", count)?;
        let mut planes = Vec::new();
        for (step, fine) in [(*b"STEP", *b"FINE"), (*b"STE2", *b"FIN2")]
            .iter()
            .take(meta.planes as usize)
        {
            container.numbers::<u8>(*step, count)?;
            container.numbers::<i8>(*fine, count * dim)?;
            planes.push((container.range(*step)?, container.range(*fine)?));
        }
        let row_set = RoaringBitmap::deserialize_from(container.bytes(*b"RSET")?)
            .map_err(|e| container.refuse(Fault::inconsistent(*b"RSET", e.to_string())))?;
        if row_set.len() != u64::from(meta.count) {
            return Err(container.refuse(Fault::inconsistent(*b"RSET", "another number of rows")));
        }
        let model = read_model(&container, meta)?;
        Ok(Segment {
            coarse: BytePanels::new(&model.centroids, dim, meta.cell_dim()),
            model,
            starts,
            blocks,
            row_set,
            by_row: OnceLock::new(),
            ladder: calibrate::read(&container)?,
            codes: container.range(*b"CODE")?,
            factors: container.range(*b"FACT")?,
            rows: container.range(*b"ROWS")?,
            planes,
            container,
        })
    }

    /// Writes the segment's file.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        crate::format::save_bytes(self.container.file_bytes(), path)
    }

    /// The bytes of the segment's file.
    pub fn file_bytes(&self) -> &[u8] {
        self.container.file_bytes()
    }

    /// Reads the whole file and verifies every checksum, and that the rows are those of the set.
    pub fn verify(&self) -> Result<(), Error> {
        self.container.verify()?;
        let known = self.rows().iter().all(|&row| self.row_set.contains(row));
        if !known {
            let fault = Fault::inconsistent(*b"ROWS", "a row that the set does not have");
            return Err(self.container.refuse(fault));
        }
        Ok(())
    }

    /// Vectors.
    pub fn len(&self) -> usize {
        self.model.meta.count as usize
    }

    /// Whether there are no vectors.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Dimensions.
    pub fn dim(&self) -> usize {
        self.model.meta.dim()
    }

    /// Cells.
    pub fn cells(&self) -> usize {
        self.model.meta.cells as usize
    }

    /// The label of what made the vectors.
    pub fn label(&self) -> &str {
        &self.model.label
    }

    /// How vectors are compared.
    pub fn metric(&self) -> Metric {
        self.model.meta.metric()
    }

    /// Rows for which the codebooks were trained; when [`Segment::len`] has grown far past it, build anew.
    pub fn trained_rows(&self) -> usize {
        self.model.meta.trained as usize
    }

    /// The rows that are here.
    pub fn row_set(&self) -> &RoaringBitmap {
        &self.row_set
    }

    /// Efforts from cheap to dear, with the recall@10 that was measured when the segment was built.
    pub fn ladder(&self) -> &[Rung] {
        &self.ladder
    }

    /// The cell of a slot.
    fn cell_of(&self, slot: usize) -> usize {
        self.starts
            .partition_point(|&start| start as usize <= slot)
            .saturating_sub(1)
    }

    /// Bytes of file a vector, everything told.
    pub fn bytes_per_vector(&self) -> f64 {
        self.container.len() as f64 / self.len().max(1) as f64
    }

    /// Codebook parts that SimVQ trained better than k-means did (known only right after building).
    pub fn reparameterised_parts(&self) -> usize {
        self.model.quantizer.reparameterised()
    }

    fn rows(&self) -> &[u32] {
        bytemuck::cast_slice(self.container.at(&self.rows))
    }

    fn cell_range(&self, cell: usize) -> Range<usize> {
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }

    /// The blocks of four-bit codes of a cell.
    fn cell_codes(&self, cell: usize) -> &[u8] {
        let size = fastscan::block_bytes(self.model.meta.parts());
        let (first, last) = (self.blocks[cell] as usize, self.blocks[cell + 1] as usize);
        &self.container.at(&self.codes)[first * size..last * size]
    }

    /// The factors of a cell, one a code and whole blocks.
    fn cell_factors(&self, cell: usize) -> &[u8] {
        let (first, last) = (self.blocks[cell] as usize, self.blocks[cell + 1] as usize);
        &self.container.at(&self.factors)[first * BLOCK..last * BLOCK]
    }

    /// Step byte and fine code of a slot.
    fn fine(&self, plane: usize, slot: usize) -> (u8, &[i8]) {
        let (steps, codes) = &self.planes[plane];
        let dim = self.dim();
        let code = &self.container.at(codes)[slot * dim..(slot + 1) * dim];
        (self.container.at(steps)[slot], bytemuck::cast_slice(code))
    }
}

/// First block of each cell when every cell has whole blocks of its own.
fn block_starts(starts: &[u32]) -> Vec<u32> {
    let mut blocks = vec![0u32];
    let mut total = 0;
    for cell in starts.windows(2) {
        total += (cell[1] - cell[0]).div_ceil(BLOCK as u32);
        blocks.push(total);
    }
    blocks
}

/// Reads part `META` and checks that its numbers make sense and fit this program's limits.
fn read_meta(container: &Container) -> Result<Meta, Error> {
    let meta = container.numbers::<Meta>(*b"META", 1)?[0];
    let sizes = (1..=MAX_DIM as u32).contains(&meta.dim)
        && (1..=meta.dim).contains(&meta.cell_dim)
        && (1..=1024).contains(&meta.parts)
        && meta.parts <= meta.dim
        && (1..=2).contains(&meta.planes)
        && meta.cells >= 1
        && meta.cells <= 1 << 24
        && meta.metric <= 1;
    let numbers = [
        meta.factor_low,
        meta.factor_step,
        meta.step_low,
        meta.step_low2,
    ];
    if !sizes || numbers.iter().any(|x| !x.is_finite()) {
        return Err(container.refuse(Fault::inconsistent(*b"META", format!("{meta:?}"))));
    }
    Ok(meta)
}

fn read_model(container: &Container, meta: Meta) -> Result<Model, Error> {
    let (dim, cells) = (meta.dim(), meta.cells as usize);
    let books = container
        .numbers::<f32>(*b"BOOK", meta.code_dim() * 16)?
        .to_vec();
    let quantizer = ProductQuantizer::from_books(meta.code_dim(), meta.parts(), Bits::Four, books);
    let quantizer = quantizer.ok_or_else(|| {
        container.refuse(Fault::inconsistent(*b"BOOK", "codebooks of another size"))
    })?;
    Ok(Model {
        meta,
        label: container.label()?,
        rotation: Rotation::from_rows(container.numbers::<f32>(*b"ROTN", dim * dim)?.to_vec(), dim),
        energy: container.numbers::<f32>(*b"ENER", dim)?.to_vec(),
        spread: Hadamard::new(dim, meta.seed),
        order: container
            .numbers::<u32>(*b"ORDR", meta.code_dim())?
            .to_vec(),
        quantizer,
        centroids: container.numbers::<i8>(*b"CENT", cells * dim)?.to_vec(),
        centroid_steps: container.numbers::<f32>(*b"CSTP", cells)?.to_vec(),
        reach: container.numbers::<f32>(*b"REAC", cells)?.to_vec(),
        steps: [step_table(meta.step_low), step_table(meta.step_low2)],
    })
}

/// The parts of a segment's file; the bulk in the order of slots.
fn write_parts(model: &Model, starts: &[u32], bulk: Bulk, row_set: &RoaringBitmap) -> Container {
    let mut set = Vec::new();
    // Writing to a vector cannot fail.
    let written = row_set.serialize_into(&mut set);
    debug_assert!(written.is_ok());
    let meta = [model.meta];
    let mut writer = Writer::new(KIND);
    writer.part(*b"META", &meta);
    writer.label(&model.label);
    writer.part(*b"ROTN", model.rotation.rows());
    writer.part(*b"ENER", &model.energy);
    writer.part(*b"ORDR", &model.order);
    writer.part(*b"BOOK", model.quantizer.books());
    writer.part(*b"CENT", &model.centroids);
    writer.part(*b"CSTP", &model.centroid_steps);
    writer.part(*b"REAC", &model.reach);
    writer.part(*b"CELL", starts);
    writer.owned(*b"RSET", set);
    writer.part(*b"ROWS", &bulk.rows);
    writer.part(*b"FACT", &bulk.factors);
    writer.part(*b"CODE", &bulk.codes);
    writer.part(*b"STEP", &bulk.steps[0]);
    writer.part(*b"FINE", &bulk.fine[0]);
    if model.meta.planes == 2 {
        writer.part(*b"STE2", &bulk.steps[1]);
        writer.part(*b"FIN2", &bulk.fine[1]);
    }
    writer.to_container()
}

/// What is stored for each vector, in the order of slots.
#[derive(Debug, Default)]
struct Bulk {
    rows: Vec<u32>,
    /// Whole blocks a cell.
    codes: Vec<u8>,
    factors: Vec<u8>,
    steps: [Vec<u8>; 2],
    fine: [Vec<i8>; 2],
}
