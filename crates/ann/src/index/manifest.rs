//! The one file that says which files are the index. Replacing it is the commit.
//!
//! ```text
//! file of kind MANI = INFO:u64[6] (dimension, metric, next file number, sealed file or 0, chunks, birth)
//!                     LABL:byte[..]             label of what makes the vectors, in UTF-8
//!                     FILE:u64[chunks]          numbers of the chunks' files, oldest first
//!                     SIZE:u64[1 + chunks]      bytes of each set in DEAD
//!                     DEAD:byte[..]             dead rows of the sealed file and of each chunk, as roaring
//!                                               bitmaps in their portable form, one after another
//! ```

use std::path::{Path, PathBuf};

use roaring::RoaringBitmap;

use crate::error::{Error, Fault};
use crate::format::{Container, Writer};
use crate::segment::{MAX_DIM, Metric};

const KIND: [u8; 4] = *b"MANI";
/// More chunks than an index ever has: they double in size.
const MAX_CHUNKS: u64 = 1024;

/// What the file says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) dim: usize,
    pub(super) metric: Metric,
    /// What makes the vectors.
    pub(super) label: String,
    /// Tells this index from another one that was made in the same folder later: its files have the same
    /// numbers again.
    pub(super) birth: u64,
    /// The number of the next file to be written; 0 is never a file.
    pub(super) next_file: u64,
    pub(super) sealed: Option<(u64, RoaringBitmap)>,
    pub(super) chunks: Vec<(u64, RoaringBitmap)>,
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("manifest.ann")
}

pub(super) fn sealed_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("sealed-{number}.ann"))
}

pub(super) fn chunk_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("delta-{number}.ann"))
}

impl Manifest {
    pub(super) fn save(&self, folder: &Path) -> Result<(), Error> {
        let info = [
            self.dim as u64,
            u64::from(self.metric == Metric::InnerProduct),
            self.next_file,
            self.sealed.as_ref().map_or(0, |sealed| sealed.0),
            self.chunks.len() as u64,
            self.birth,
        ];
        let files: Vec<u64> = self.chunks.iter().map(|chunk| chunk.0).collect();
        let none = RoaringBitmap::new();
        let sealed_dead = self.sealed.as_ref().map_or(&none, |sealed| &sealed.1);
        let sets = std::iter::once(sealed_dead).chain(self.chunks.iter().map(|chunk| &chunk.1));
        let (mut sizes, mut dead) = (Vec::new(), Vec::new());
        for set in sets {
            let before = dead.len();
            // Writing to a vector cannot fail.
            let written = set.serialize_into(&mut dead);
            debug_assert!(written.is_ok());
            sizes.push((dead.len() - before) as u64);
        }
        let mut writer = Writer::new(KIND);
        writer.part(*b"INFO", &info);
        writer.label(&self.label);
        writer.part(*b"FILE", &files);
        writer.part(*b"SIZE", &sizes);
        writer.owned(*b"DEAD", dead);
        writer.save(&path(folder))
    }

    /// The manifest of a folder; `None` where there is no manifest, or no folder.
    pub(super) fn open(folder: &Path) -> Result<Option<Manifest>, Error> {
        match Container::open(&path(folder), KIND, &[]) {
            Ok(container) => Manifest::read(&container).map(Some),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// From the bytes of a file.
    #[cfg(test)]
    fn from_bytes(bytes: &[u8]) -> Result<Manifest, Error> {
        Manifest::read(&Container::from_bytes(bytes, KIND, &[])?)
    }

    fn read(container: &Container) -> Result<Manifest, Error> {
        let info = container.numbers::<u64>(*b"INFO", 6)?;
        let refuse = |part, reason: &str| container.refuse(Fault::inconsistent(part, reason));
        let (chunks, metric) = (info[4], info[1]);
        if chunks > MAX_CHUNKS || metric > 1 || !(1..=MAX_DIM as u64).contains(&info[0]) {
            return Err(refuse(*b"INFO", "numbers out of range"));
        }
        let files = container.numbers::<u64>(*b"FILE", chunks as usize)?;
        let sizes = container.numbers::<u64>(*b"SIZE", chunks as usize + 1)?;
        let mut rest = container.bytes(*b"DEAD")?;
        let mut sets = Vec::with_capacity(sizes.len());
        for &size in sizes {
            let fits = usize::try_from(size)
                .ok()
                .and_then(|size| rest.split_at_checked(size));
            let (set, after) = fits.ok_or_else(|| refuse(*b"SIZE", "sets past the end"))?;
            let set = RoaringBitmap::deserialize_from(set);
            sets.push(set.map_err(|e| refuse(*b"DEAD", &e.to_string()))?);
            rest = after;
        }
        let mut sets = sets.into_iter();
        let sealed_dead = sets.next().unwrap_or_default();
        Ok(Manifest {
            dim: info[0] as usize,
            metric: if metric == 0 {
                Metric::Cosine
            } else {
                Metric::InnerProduct
            },
            label: container.label()?,
            birth: info[5],
            next_file: info[2],
            sealed: (info[3] != 0).then_some((info[3], sealed_dead)),
            chunks: files.iter().copied().zip(sets).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(chunks: u64) -> Manifest {
        Manifest {
            dim: 32,
            metric: Metric::InnerProduct,
            label: "model 2".into(),
            birth: 77,
            next_file: 9,
            sealed: (chunks.is_multiple_of(2)).then(|| (4, (0..100).step_by(7).collect())),
            chunks: (0..chunks)
                .map(|i| (i + 5, (0..i as u32).collect()))
                .collect(),
        }
    }

    #[test]
    fn what_is_saved_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        for chunks in [0, 1, 2, 5] {
            sample(chunks).save(folder.path()).unwrap();
            assert_eq!(Manifest::open(folder.path()).unwrap(), Some(sample(chunks)));
        }
    }

    proptest! {
        #[test]
        fn damage_is_refused_and_never_panics(at: prop::sample::Index, bit in 0u8..8, cut: bool) {
            let folder = tempfile::tempdir().unwrap();
            sample(2).save(folder.path()).unwrap();
            let mut bytes = std::fs::read(path(folder.path())).unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
            // Only the padding between parts may change unseen.
            if let Ok(manifest) = Manifest::from_bytes(&bytes) {
                prop_assert_eq!(manifest, sample(2));
            }
        }
    }
}
