//! The young part of an index: vectors as they came, scanned exactly, immutable once made.
//!
//! ```text
//! file of kind FLAT = INFO:u32[2] (dimension, vectors)     LABL:byte[..] label of what makes the vectors
//!                     ROWS:u32[vectors]                    VECT:f32[vectors·dimension]
//! ```

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use roaring::RoaringBitmap;

use crate::budget::Spent;
use crate::error::{Error, Fault};
use crate::format::{Container, Writer, save_bytes};
use crate::kernels;
use crate::segment::Keep;
use crate::topk::{Hit, TopK};

const KIND: [u8; 4] = *b"FLAT";

/// Some vectors and their rows.
#[derive(Debug)]
pub(super) struct Chunk {
    container: Container,
    dim: usize,
    label: String,
    rows: Range<usize>,
    vectors: Range<usize>,
    set: RoaringBitmap,
    /// Places in the order of their rows, once somebody has asked for a row.
    by_row: OnceLock<Vec<u32>>,
}

impl Chunk {
    /// Copies vectors that were checked: one a row, finite, rows different.
    pub(super) fn new(
        rows: &[u32],
        vectors: &[f32],
        dim: usize,
        label: &str,
    ) -> Result<Chunk, Error> {
        let info = [dim as u32, rows.len() as u32];
        let mut writer = Writer::new(KIND);
        writer.part(*b"INFO", &info);
        writer.label(label);
        writer.part(*b"ROWS", rows);
        writer.part(*b"VECT", vectors);
        Chunk::read(writer.to_container())
    }

    /// Maps a chunk's file and verifies all of it: chunks are small.
    pub(super) fn open(path: &Path) -> Result<Chunk, Error> {
        Chunk::read(Container::open(path, KIND, &[])?)
    }

    fn read(container: Container) -> Result<Chunk, Error> {
        let info = container.numbers::<u32>(*b"INFO", 2)?;
        let (dim, count) = (info[0] as usize, info[1] as usize);
        let numbers = dim.checked_mul(count).filter(|_| dim > 0);
        let Some(numbers) = numbers else {
            return Err(container.refuse(Fault::inconsistent(*b"INFO", "impossible sizes")));
        };
        let set: RoaringBitmap = container
            .numbers::<u32>(*b"ROWS", count)?
            .iter()
            .copied()
            .collect();
        if set.len() != count as u64 {
            return Err(container.refuse(Fault::inconsistent(*b"ROWS", "a row is there twice")));
        }
        container.numbers::<f32>(*b"VECT", numbers)?;
        let (rows, vectors) = (container.range(*b"ROWS")?, container.range(*b"VECT")?);
        Ok(Chunk {
            label: container.label()?,
            container,
            dim,
            rows,
            vectors,
            set,
            by_row: OnceLock::new(),
        })
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        save_bytes(self.container.file_bytes(), path)
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// The label of what made the vectors.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn len(&self) -> usize {
        self.rows().len()
    }

    pub(super) fn rows(&self) -> &[u32] {
        bytemuck::cast_slice(self.container.at(&self.rows))
    }

    pub(super) fn row_set(&self) -> &RoaringBitmap {
        &self.set
    }

    pub(super) fn vectors(&self) -> &[f32] {
        bytemuck::cast_slice(self.container.at(&self.vectors))
    }

    /// The vector of a row.
    pub(super) fn vector(&self, row: u32) -> Option<&[f32]> {
        let rows = self.rows();
        let by_row = self.by_row.get_or_init(|| {
            let mut places: Vec<u32> = (0..rows.len() as u32).collect();
            places.sort_unstable_by_key(|&at| rows[at as usize]);
            places
        });
        let at = by_row.binary_search_by_key(&row, |&at| rows[at as usize]);
        let at = by_row[at.ok()?] as usize;
        Some(&self.vectors()[at * self.dim..(at + 1) * self.dim])
    }

    /// Offers every kept row, scored exactly.
    pub(super) fn search(&self, query: &[f32], keep: Keep<'_>, top: &mut TopK, spent: &mut Spent) {
        let all = keep.is_all();
        for (&row, vector) in self
            .rows()
            .iter()
            .zip(self.vectors().chunks_exact(self.dim))
        {
            if all || keep.keeps(row) {
                top.push(Hit {
                    row,
                    score: kernels::dot(query, vector),
                });
                spent.refined += 1;
                spent.multiply_adds += self.dim as u64;
            }
        }
    }
}
