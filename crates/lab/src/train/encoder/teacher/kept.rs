//! The teacher's vectors, kept in a file so that another run need not compute them again.
//!
//! The file is a run of entries: the text's hash (u64) and the vector's numbers (f32), all little endian. An entry cut off by
//! an interrupted run is left out and written over.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Vectors by text, and the file that they are kept in, if any.
pub(crate) struct Kept {
    path: Option<PathBuf>,
    dim: usize,
    at: HashMap<u64, usize>,
    hashes: Vec<u64>,
    numbers: Vec<f32>,
    /// Entries that the file has.
    saved: usize,
}

impl Kept {
    /// Vectors of `dim` numbers, those in the file at `path` if there is one.
    pub(crate) fn open(path: Option<&Path>, dim: usize) -> Result<Kept> {
        let mut kept = Kept {
            path: path.map(Path::to_owned),
            dim,
            at: HashMap::new(),
            hashes: Vec::new(),
            numbers: Vec::new(),
            saved: 0,
        };
        if let Some(path) = path.filter(|path| path.exists()) {
            let bytes =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            for entry in bytes.chunks_exact(8 + 4 * dim) {
                let (hash, numbers) = entry.split_at(8);
                let hash = hash
                    .iter()
                    .rev()
                    .fold(0, |hash, byte| hash << 8 | u64::from(*byte));
                let numbers = numbers
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|four| f32::from_le_bytes(*four));
                kept.push(hash, numbers);
            }
            kept.saved = kept.hashes.len();
        }
        Ok(kept)
    }

    /// The vector of `text`.
    pub(crate) fn get(&self, text: &str) -> Option<impl Iterator<Item = f32>> {
        let at = self.at.get(&super::super::fnv(text.as_bytes()))?;
        Some(self.numbers[at * self.dim..][..self.dim].iter().copied())
    }

    /// Keeps the vector of `text`.
    pub(super) fn insert(&mut self, text: &str, vector: &[f32]) {
        self.push(super::super::fnv(text.as_bytes()), vector.iter().copied());
    }

    fn push(&mut self, hash: u64, vector: impl Iterator<Item = f32>) {
        self.at.entry(hash).or_insert(self.hashes.len());
        self.hashes.push(hash);
        self.numbers.extend(vector);
    }

    /// Adds to the file what it does not have yet.
    pub(super) fn save(&mut self) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let failed = || format!("cannot write {}", path.display());
        let entry = 8 + 4 * self.dim;
        let file = File::options()
            .create(true)
            .append(false)
            .truncate(false)
            .write(true)
            .open(path);
        let file = file.with_context(failed)?;
        file.set_len((self.saved * entry) as u64)
            .with_context(failed)?;
        let mut file = BufWriter::new(file);
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).with_context(failed)?;
        for i in self.saved..self.hashes.len() {
            file.write_all(&self.hashes[i].to_le_bytes())
                .with_context(failed)?;
            for number in &self.numbers[i * self.dim..][..self.dim] {
                file.write_all(&number.to_le_bytes()).with_context(failed)?;
            }
        }
        file.flush().with_context(failed)?;
        self.saved = self.hashes.len();
        Ok(())
    }
}
