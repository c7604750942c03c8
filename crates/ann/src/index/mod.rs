//! An index that changes: one sealed segment, young vectors beside it, and the rows that are dead.
//!
//! Adding and deleting never rebuild. New vectors form a chunk that is scanned exactly; rows that they replace,
//! and deleted rows, are marked dead in the parts that hold them. [`Index::merge`] folds the chunks into the
//! segment, in the background if its caller wants: readers keep their [`Snapshot`], and changes made meanwhile
//! are kept. Nothing is durable before [`Index::commit`], which writes what is new and then replaces the
//! manifest: after a crash the index is as of the last commit.
//!
//! ```text
//! folder/manifest.ann        which files count, and their dead rows
//! folder/sealed-N.ann        the segment
//! folder/delta-N.ann         chunks
//! folder/lock                held by the one process that writes
//! ```

mod chunk;
mod manifest;
mod snapshot;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use roaring::RoaringBitmap;

use crate::error::{Error, io};
use crate::matrix::Rows;
use crate::segment::{Segment, SegmentConfig, check_vectors, unit_vectors};
use chunk::Chunk;
use manifest::Manifest;
use snapshot::Part;

pub use snapshot::{Answer, Filter, Snapshot};

/// How an index is made.
#[derive(Debug, Clone)]
pub struct IndexConfig {
    /// Dimensions.
    pub dim: usize,
    /// How vectors are sealed.
    pub segment: SegmentConfig,
    /// Living rows from which on [`Index::merge`] makes the first segment; fewer are quick to scan as they are.
    pub seal_at: usize,
}

impl IndexConfig {
    /// The defaults for vectors of `dim` numbers.
    pub fn new(dim: usize) -> IndexConfig {
        IndexConfig { dim, segment: SegmentConfig::default(), seal_at: 20_000 }
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
    /// Opens the index of a folder, or makes an empty one where there is none.
    pub fn open(folder: &Path, config: IndexConfig) -> Result<Index, Error> {
        io(folder, std::fs::create_dir_all(folder))?;
        let lock = lock_folder(folder)?;
        let mut snapshot = Snapshot {
            dim: config.dim,
            metric: config.segment.metric,
            sealed: None,
            chunks: Vec::new(),
            pace: Arc::default(),
        };
        let mut next_file = 1;
        if manifest::path(folder).exists() {
            let manifest = Manifest::open(folder)?;
            next_file = manifest.next_file.max(1);
            load(folder, &config, manifest, &mut snapshot)?;
        }
        Ok(Index {
            folder: folder.to_owned(),
            config,
            current: RwLock::new(Arc::new(snapshot)),
            writing: Mutex::new(Writing { next_file, frozen: 0 }),
            merging: Mutex::new(()),
            _lock: lock,
        })
    }

    /// The index as it is now. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds vectors, one a row, replacing the rows that are there already. All or none are taken.
    pub fn add(&self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        check_vectors(rows, vectors, self.config.dim)?;
        if rows.is_empty() {
            return Ok(());
        }
        let scaled = unit_vectors(vectors, self.config.dim, self.config.segment.metric);
        let chunk = Chunk::new(rows, scaled.as_deref().unwrap_or(vectors), self.config.dim)?;
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
    /// changes made while this runs are kept. For a first load, and when the index has grown far past the
    /// rows that it was trained for ([`Segment::trained_rows`]).
    pub fn rebuild(&self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        let _one = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.freeze();
        let sealed = if rows.is_empty() {
            Ok(Sealed::Nothing)
        } else {
            Segment::build(rows, vectors, self.config.dim, &self.config.segment).map(Sealed::new)
        };
        self.finish(&start, sealed).map(|_| ())
    }

    /// Makes the current state durable. Files that no longer count are removed afterwards.
    pub fn commit(&self) -> Result<(), Error> {
        let mut writing = self.writing();
        let mut next = (*self.snapshot()).clone();
        if let Some(sealed) = next.sealed.as_mut().filter(|sealed| sealed.file.is_none()) {
            sealed.data.save(&manifest::sealed_path(&self.folder, writing.next_file))?;
            sealed.file = Some(writing.next_file);
            writing.next_file += 1;
        }
        for chunk in next.chunks.iter_mut().filter(|chunk| chunk.file.is_none()) {
            chunk.data.save(&manifest::chunk_path(&self.folder, writing.next_file))?;
            chunk.file = Some(writing.next_file);
            writing.next_file += 1;
        }
        let manifest = Manifest {
            dim: next.dim,
            metric: next.metric,
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
            sealed: now.sealed.as_ref().map(|part| part.without(&part.living(rows))),
            chunks: now.chunks.iter().map(|part| part.without(&part.living(rows))).collect(),
            ..(*now).clone()
        }
    }

    /// Joins the youngest chunks while the last is at least half as large as the one before: there are then
    /// never more than logarithmically many, and every vector is copied logarithmically often.
    fn join_chunks(&self, next: &mut Snapshot, frozen: usize) -> Result<(), Error> {
        while let [.., before, last] = &next.chunks[frozen.min(next.chunks.len())..]
            && before.data.len() < 2 * last.data.len()
        {
            let (rows, vectors) = living(&[before, last], self.config.dim);
            let joined = Part::new(Chunk::new(&rows, &vectors, self.config.dim)?);
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

    fn seal(&self, start: &Snapshot) -> Result<Sealed, Error> {
        let dim = self.config.dim;
        let chunks: Vec<&Part<Chunk>> = start.chunks.iter().collect();
        let (rows, vectors) = living(&chunks, dim);
        match &start.sealed {
            None if rows.len() < self.config.seal_at.max(1) => Ok(Sealed::Unchanged),
            None => Segment::build(&rows, &vectors, dim, &self.config.segment).map(Sealed::new),
            Some(old) if rows.is_empty() && old.dead.is_empty() => Ok(Sealed::Unchanged),
            Some(old) if rows.is_empty() && old.dead.len() == old.data.len() as u64 => Ok(Sealed::Nothing),
            Some(old) => old.data.merged(&old.dead, &rows, Rows::new(&vectors, dim)).map(Sealed::new),
        }
    }

    /// Puts the sealed result in the place of what the merge started from. Rows that died meanwhile stay
    /// dead, chunks that came meanwhile stay.
    fn finish(&self, start: &Snapshot, sealed: Result<Sealed, Error>) -> Result<bool, Error> {
        let mut writing = self.writing();
        let frozen = std::mem::take(&mut writing.frozen);
        let sealed = match sealed? {
            Sealed::Unchanged => return Ok(false),
            Sealed::Nothing => None,
            Sealed::Segment(segment) => Some(*segment),
        };
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
        next.sealed = sealed.map(|segment| {
            let part = Part::new(segment);
            part.without(&part.living(&died))
        });
        next.chunks.drain(..frozen);
        self.install(next);
        Ok(true)
    }
}

/// What a merge came to.
enum Sealed {
    Unchanged,
    Nothing,
    Segment(Box<Segment>),
}

impl Sealed {
    fn new(segment: Segment) -> Sealed {
        Sealed::Segment(Box::new(segment))
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
        let pairs = chunk.data.rows().iter().zip(chunk.data.vectors().chunks_exact(dim));
        for (&row, vector) in pairs.filter(|pair| !chunk.dead.contains(*pair.0)) {
            rows.push(row);
            vectors.extend_from_slice(vector);
        }
    }
    (rows, vectors)
}

/// Takes the folder's lock or says that another process has it.
fn lock_folder(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let lock = io(&path, File::options().create(true).append(true).open(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

/// Opens the files that the manifest names.
fn load(folder: &Path, config: &IndexConfig, manifest: Manifest, into: &mut Snapshot) -> Result<(), Error> {
    if manifest.metric != config.segment.metric {
        let reason = format!("the index compares by {:?}, not {:?}", manifest.metric, config.segment.metric);
        return Err(Error::Configuration(reason));
    }
    let check = |got: usize| {
        let expected = config.dim;
        if got == expected { Ok(()) } else { Err(Error::Dimension { expected, got }) }
    };
    check(manifest.dim)?;
    if let Some((number, dead)) = manifest.sealed {
        let data = Segment::open(&manifest::sealed_path(folder, number))?;
        check(data.dim())?;
        let dead = Arc::new(dead & data.row_set());
        into.sealed = Some(Part { data: Arc::new(data), dead, file: Some(number) });
    }
    for (number, dead) in manifest.chunks {
        let data = Chunk::open(&manifest::chunk_path(folder, number))?;
        check(data.dim())?;
        let dead = Arc::new(dead & data.row_set());
        into.chunks.push(Part { data: Arc::new(data), dead, file: Some(number) });
    }
    Ok(())
}

/// Removes index files that the manifest does not name. One that cannot be removed is tried again at the
/// next commit: it costs space, nothing else.
fn remove_others(folder: &Path, manifest: &Manifest) {
    let sealed = manifest.sealed.iter().map(|part| manifest::sealed_path(folder, part.0));
    let chunks = manifest.chunks.iter().map(|part| manifest::chunk_path(folder, part.0));
    let named: Vec<PathBuf> = sealed.chain(chunks).collect();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let ours = (name.starts_with("sealed-") || name.starts_with("delta-"))
            && (name.ends_with(".ann") || name.ends_with(".tmp"));
        if ours && !named.contains(&path) {
            let _ = std::fs::remove_file(path);
        }
    }
}
