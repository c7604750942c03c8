//! An index that changes: one sealed segment, young vectors beside it, and the rows that are dead.
//!
//! Adding and deleting never rebuild. New vectors form a chunk that is scanned exactly; rows that they replace,
//! and deleted rows, are marked dead in the parts that hold them. [`Index::merge`] folds the chunks into the
//! segment, in the background if its caller wants: readers keep their [`Snapshot`], and changes made meanwhile
//! are kept. Nothing is durable before [`Index::commit`], which writes what is new and then replaces the
//! manifest: after a crash the index is as of the last commit. One process writes at a time; others follow its
//! commits with a [`Reader`].
//!
//! ```text
//! folder/manifest.ann        which files count, and their dead rows
//! folder/sealed-N.ann        the segment
//! folder/delta-N.ann         chunks
//! folder/lock                held by the one process that writes
//! ```
//!
//! **Memory.** Young vectors take four bytes a number, in memory until they are committed and merged. A rebuild,
//! and a merge that trains anew, needs beside the vectors that it is given about three times the bytes of the
//! segment that it makes (for 250,000 vectors of 256 numbers: 256 MB given, 250 MB beside it); a merge into
//! a trained segment as much. A search needs some kilobytes a thread.

mod chunk;
mod files;
mod manifest;
mod reader;
mod snapshot;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use roaring::RoaringBitmap;

use crate::error::{Error, io};
use crate::format::MAX_LABEL;
use crate::matrix::Rows;
use crate::segment::{MAX_DIM, Segment, SegmentConfig, check_vectors, unit_vectors};
use chunk::Chunk;
use files::{empty, load, lock_folder, remove_others};
use manifest::Manifest;
use snapshot::Part;

pub use reader::Reader;
pub use snapshot::{Answer, Filter, Snapshot};

/// Rows of chunks that are joined, at most.
const MAX_JOINED: usize = 65_536;
/// A merge trains anew when there are more than so many times the rows that the codebooks were trained for.
const OUTGROWN: usize = 4;

/// How an index is made.
#[derive(Debug, Clone)]
pub struct IndexConfig {
    /// Dimensions.
    pub dim: usize,
    /// What makes the vectors, with its version: every file keeps it, and files of another label are refused
    /// ([`Error::Label`]), because vectors of two models say nothing about each other. At most 256 bytes.
    pub label: String,
    /// How vectors are sealed.
    pub segment: SegmentConfig,
    /// Living rows from which on [`Index::merge`] makes the first segment; fewer are quick to scan as they are.
    pub seal_at: usize,
}

impl IndexConfig {
    /// The defaults for vectors of `dim` numbers.
    pub fn new(dim: usize) -> IndexConfig {
        IndexConfig {
            dim,
            label: String::new(),
            segment: SegmentConfig::default(),
            seal_at: 20_000,
        }
    }
}

/// A changing index in a folder.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    config: IndexConfig,
    current: RwLock<Arc<Snapshot>>,
    /// Held while the current snapshot is being replaced.
    writing: Mutex<Writing>,
    /// When the index was made; see [`Manifest`].
    birth: u64,
    /// Held by the one merge that runs.
    merging: Mutex<()>,
    /// Keeps the folder's lock.
    _lock: File,
}

#[derive(Debug)]
struct Writing {
    next_file: u64,
    /// The first chunks, which a merge is reading: they are not joined with others meanwhile.
    frozen: usize,
}

impl Index {
    /// Opens the index of a folder for writing, or makes an empty one where there is none.
    pub fn open(folder: &Path, config: IndexConfig) -> Result<Index, Error> {
        check_config(&config)?;
        io(folder, std::fs::create_dir_all(folder))?;
        let lock = lock_folder(folder)?;
        let manifest = Manifest::open(folder)?;
        let snapshot = match &manifest {
            Some(manifest) => load(folder, &config, manifest, &empty(&config))?,
            None => empty(&config),
        };
        Ok(Index {
            folder: folder.to_owned(),
            config,
            current: RwLock::new(Arc::new(snapshot)),
            writing: Mutex::new(Writing {
                next_file: manifest
                    .as_ref()
                    .map_or(1, |manifest| manifest.next_file.max(1)),
                frozen: 0,
            }),
            birth: manifest.map_or_else(moment, |manifest| manifest.birth),
            merging: Mutex::new(()),
            _lock: lock,
        })
    }

    /// The index as it is now. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds vectors, one a row, replacing the rows that are there already. All or none are taken.
    pub fn add(&self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        check_vectors(rows, vectors, self.config.dim)?;
        if rows.is_empty() {
            return Ok(());
        }
        let scaled = unit_vectors(vectors, self.config.dim, self.config.segment.metric);
        let chunk = self.chunk(rows, scaled.as_deref().unwrap_or(vectors))?;
        let writing = self.writing();
        let mut next = self.without(chunk.row_set());
        next.chunks.push(Part::new(chunk));
        self.join_chunks(&mut next, writing.frozen)?;
        self.install(next);
        Ok(())
    }

    /// Deletes rows; those that are not there are ignored. Says how many were there.
    pub fn delete(&self, rows: &RoaringBitmap) -> usize {
        let _writing = self.writing();
        let before = self.snapshot().len();
        let next = self.without(rows);
        let deleted = before - next.len();
        if deleted > 0 {
            self.install(next);
        }
        deleted
    }

    /// Folds the chunks that are there now into the segment, leaving dead rows out. `false` when there was
    /// nothing to do, or too little for a first segment. Searches, additions and deletions go on meanwhile;
    /// a second merge waits for the first.
    pub fn merge(&self) -> Result<bool, Error> {
        let _one = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.freeze();
        let sealed = self.seal(&start);
        self.finish(&start, sealed)
    }

    /// Runs [`Index::merge`] on a thread of its own.
    pub fn merge_in_background(self: &Arc<Index>) -> std::thread::JoinHandle<Result<bool, Error>> {
        let index = self.clone();
        std::thread::spawn(move || index.merge())
    }

    /// Trains and encodes everything anew from the caller's vectors, which replace all that is there now;
    /// changes made while this runs are kept. The best first load. Too few vectors for a segment
    /// ([`IndexConfig::seal_at`]) are kept as they are.
    pub fn rebuild(&self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        let _one = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.freeze();
        let merged = self.built_anew(rows, vectors);
        self.finish(&start, merged).map(|_| ())
    }

    fn built_anew(&self, rows: &[u32], vectors: &[f32]) -> Result<Merged, Error> {
        let IndexConfig {
            dim,
            segment,
            seal_at,
            label,
        } = &self.config;
        if rows.len() >= (*seal_at).max(1) {
            return Segment::build_labelled(rows, vectors, *dim, segment, label).map(Merged::new);
        }
        check_vectors(rows, vectors, *dim)?;
        let scaled = unit_vectors(vectors, *dim, segment.metric);
        let chunk = self.chunk(rows, scaled.as_deref().unwrap_or(vectors))?;
        Ok(Merged::Young(chunk))
    }

    /// Makes the current state durable. Files that no longer count are removed afterwards.
    pub fn commit(&self) -> Result<(), Error> {
        let mut writing = self.writing();
        let mut next = (*self.snapshot()).clone();
        if let Some(sealed) = next.sealed.as_mut().filter(|sealed| sealed.file.is_none()) {
            sealed
                .data
                .save(&manifest::sealed_path(&self.folder, writing.next_file))?;
            sealed.file = Some(writing.next_file);
            writing.next_file += 1;
        }
        for chunk in next.chunks.iter_mut().filter(|chunk| chunk.file.is_none()) {
            chunk
                .data
                .save(&manifest::chunk_path(&self.folder, writing.next_file))?;
            chunk.file = Some(writing.next_file);
            writing.next_file += 1;
        }
        let manifest = Manifest {
            dim: next.dim,
            metric: next.metric,
            label: self.config.label.clone(),
            birth: self.birth,
            next_file: writing.next_file,
            sealed: next.sealed.as_ref().map(filed),
            chunks: next.chunks.iter().map(filed).collect(),
        };
        manifest.save(&self.folder)?;
        self.install(next);
        remove_others(&self.folder, &manifest);
        Ok(())
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn install(&self, next: Snapshot) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// The current state with these rows dead wherever they live.
    fn without(&self, rows: &RoaringBitmap) -> Snapshot {
        let now = self.snapshot();
        Snapshot {
            sealed: now
                .sealed
                .as_ref()
                .map(|part| part.without(&part.living(rows))),
            chunks: now
                .chunks
                .iter()
                .map(|part| part.without(&part.living(rows)))
                .collect(),
            ..(*now).clone()
        }
    }

    fn chunk(&self, rows: &[u32], vectors: &[f32]) -> Result<Chunk, Error> {
        Chunk::new(rows, vectors, self.config.dim, &self.config.label)
    }

    /// Joins the youngest chunks while the last is at least half as large as the one before: there are then
    /// few of them, and every vector is copied logarithmically often. Large ones are left alone, so that
    /// joining never needs much memory.
    fn join_chunks(&self, next: &mut Snapshot, frozen: usize) -> Result<(), Error> {
        while let [.., before, last] = &next.chunks[frozen.min(next.chunks.len())..]
            && before.data.len() < 2 * last.data.len()
            && before.data.len() + last.data.len() <= MAX_JOINED
        {
            let (rows, vectors) = living(&[before, last], self.config.dim);
            let joined = Part::new(self.chunk(&rows, &vectors)?);
            next.chunks.truncate(next.chunks.len() - 2);
            if !rows.is_empty() {
                next.chunks.push(joined);
            }
        }
        Ok(())
    }

    /// The state that a merge starts from; its chunks stay as they are until [`Index::finish`].
    fn freeze(&self) -> Arc<Snapshot> {
        let mut writing = self.writing();
        let start = self.snapshot();
        writing.frozen = start.chunks.len();
        start
    }

    fn seal(&self, start: &Snapshot) -> Result<Merged, Error> {
        let dim = self.config.dim;
        let chunks: Vec<&Part<Chunk>> = start.chunks.iter().collect();
        let young = start.len() - start.sealed.as_ref().map_or(0, Part::living_len);
        let Some(old) = &start.sealed else {
            if young < self.config.seal_at.max(1) {
                return Ok(Merged::Unchanged);
            }
            let (rows, vectors) = living(&chunks, dim);
            return self.built_anew(&rows, &vectors);
        };
        if young == 0 && old.dead.is_empty() {
            return Ok(Merged::Unchanged);
        }
        if start.is_empty() {
            return Ok(Merged::Nothing);
        }
        let (mut rows, mut vectors) = living(&chunks, dim);
        if start.len() > OUTGROWN * old.data.trained_rows() {
            old.data.decode_all(&old.dead, &mut rows, &mut vectors);
            return self.built_anew(&rows, &vectors);
        }
        let merged = old.data.merged(&old.dead, &rows, Rows::new(&vectors, dim));
        merged.map(Merged::new)
    }

    /// Puts the result in the place of what the merge started from. Rows that died meanwhile stay dead,
    /// chunks that came meanwhile stay.
    fn finish(&self, start: &Snapshot, merged: Result<Merged, Error>) -> Result<bool, Error> {
        let mut writing = self.writing();
        let frozen = std::mem::take(&mut writing.frozen);
        let merged = merged?;
        if matches!(merged, Merged::Unchanged) {
            return Ok(false);
        }
        let now = self.snapshot();
        let mut died = RoaringBitmap::new();
        if let (Some(now), Some(start)) = (&now.sealed, &start.sealed) {
            died |= &*now.dead - &*start.dead;
        }
        for (now, start) in now.chunks.iter().zip(&start.chunks) {
            died |= &*now.dead - &*start.dead;
        }
        // A rebuild may bring rows that a younger chunk has too: the chunk is newer.
        for chunk in &now.chunks[frozen..] {
            died |= chunk.data.row_set() - &*chunk.dead;
        }
        let mut next = (*now).clone();
        next.chunks.drain(..frozen);
        next.sealed = None;
        match merged {
            Merged::Segment(segment) => {
                let part = Part::new(*segment);
                next.sealed = Some(part.without(&part.living(&died)));
            }
            Merged::Young(chunk) if chunk.len() > 0 => {
                let part = Part::new(chunk);
                next.chunks.insert(0, part.without(&part.living(&died)));
            }
            Merged::Young(_) | Merged::Nothing | Merged::Unchanged => {}
        }
        self.install(next);
        Ok(true)
    }
}

/// What a merge or a rebuild came to.
enum Merged {
    Unchanged,
    Nothing,
    /// Too few rows for a segment.
    Young(Chunk),
    Segment(Box<Segment>),
}

impl Merged {
    fn new(segment: Segment) -> Merged {
        Merged::Segment(Box::new(segment))
    }
}

fn filed<T>(part: &Part<T>) -> (u64, RoaringBitmap) {
    // Commit has given every part its number.
    (part.file.unwrap_or(0), (*part.dead).clone())
}

/// Rows and vectors that live in these chunks.
fn living(chunks: &[&Part<Chunk>], dim: usize) -> (Vec<u32>, Vec<f32>) {
    let (mut rows, mut vectors) = (Vec::new(), Vec::new());
    for chunk in chunks {
        let pairs = chunk
            .data
            .rows()
            .iter()
            .zip(chunk.data.vectors().chunks_exact(dim));
        for (&row, vector) in pairs.filter(|pair| !chunk.dead.contains(*pair.0)) {
            rows.push(row);
            vectors.extend_from_slice(vector);
        }
    }
    (rows, vectors)
}

/// Refuses a configuration that no index can have.
fn check_config(config: &IndexConfig) -> Result<(), Error> {
    if !(1..=MAX_DIM).contains(&config.dim) {
        let reason = format!("{} dimensions; 1 to {MAX_DIM} can be indexed", config.dim);
        return Err(Error::Configuration(reason));
    }
    if config.label.len() > MAX_LABEL {
        let reason = format!(
            "a label of {} bytes; at most {MAX_LABEL}",
            config.label.len()
        );
        return Err(Error::Configuration(reason));
    }
    Ok(())
}

/// Now, as a number that no other index of the same folder has.
fn moment() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
