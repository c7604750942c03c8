//! Changing the index: the writer of a generation, and the rebuild of a new one.

use std::sync::Arc;

use domain::ids::PaperId;
use domain::paper::Paper;
use tantivy::directory::error::LockError;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{IndexWriter, TantivyError, Term};

use crate::generation::{self, Generation};
use crate::snapshot::Snapshot;
use crate::vectors::VectorWriter;
use crate::{Error, Shared, View, schema};

/// Tantivy refuses a thread less than 15 MB.
const HEAP_PER_THREAD_MIN: usize = 15_000_000;
/// More threads make more and smaller segments, which cost every search.
const THREADS_MAX: usize = 2;
/// So many segments of like size are merged into one.
const SEGMENTS_TO_MERGE: usize = 4;
/// A new generation starts with no more segments than this.
const SEGMENTS_AFTER_REBUILD: usize = 3;

/// The only way to change a generation. At most one exists per generation, over all processes.
pub struct Writer {
    shared: Arc<Shared>,
    generation: Arc<Generation>,
    tantivy: IndexWriter,
    /// The highest row that may be in the index: rows above it are new and need no delete.
    highest: Option<u32>,
    vectors: Option<VectorWriter>,
    /// Whether this generation is (or was) the current one, not one being rebuilt.
    serving: bool,
}

/// A new generation being written beside the current one. Dropped unfinished, it leaves nothing that is used.
pub struct Rebuild {
    writer: Writer,
    heap_bytes: usize,
}

pub(crate) fn try_writer(shared: &Arc<Shared>, heap_bytes: usize) -> Result<Option<Writer>, Error> {
    // A swap may come between seeing the generation and locking it; then look again.
    for _ in 0..3 {
        shared.refresh()?;
        let view = shared.view();
        let Some(tantivy) = lock_writer(&view.generation, heap_bytes)? else {
            return Ok(None);
        };
        if !is_current(shared, &view.generation) {
            continue;
        }
        // Commits made before the lock was ours count too.
        let highest = Snapshot::newest(&view.generation, None)?.highest_row()?;
        let vectors = view.generation.vectors.writer()?;
        return Ok(Some(Writer {
            shared: shared.clone(),
            generation: view.generation,
            tantivy,
            highest,
            vectors,
            serving: true,
        }));
    }
    Ok(None)
}

pub(crate) fn rebuild(shared: &Arc<Shared>, heap_bytes: usize) -> Result<Rebuild, Error> {
    let lock = generation::lock(&shared.folder)?;
    let generation = Generation::create(&shared.folder, shared.model.as_ref(), &lock)?;
    // Locked before the folder is let go, so that nobody clears the new generation away.
    let tantivy = lock_writer(&generation, heap_bytes)?.ok_or(Error::Superseded)?;
    drop(lock);
    let vectors = generation.vectors.writer()?;
    let writer = Writer {
        vectors,
        shared: shared.clone(),
        generation: Arc::new(generation),
        tantivy,
        highest: None,
        serving: false,
    };
    Ok(Rebuild { writer, heap_bytes })
}

/// Tantivy's writer of a generation, or `None` while somebody else has it.
fn lock_writer(generation: &Generation, heap_bytes: usize) -> Result<Option<IndexWriter>, Error> {
    let threads = (heap_bytes / HEAP_PER_THREAD_MIN).clamp(1, THREADS_MAX);
    let options = IndexWriterOptions::builder()
        .num_worker_threads(threads)
        .memory_budget_per_thread((heap_bytes / threads).max(HEAP_PER_THREAD_MIN))
        .num_merge_threads(1)
        .build();
    let writer: IndexWriter = match generation.tantivy.writer_with_options(options) {
        Ok(writer) => writer,
        Err(TantivyError::LockFailure(LockError::LockBusy, _)) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let mut merges = LogMergePolicy::default();
    merges.set_min_num_segments(SEGMENTS_TO_MERGE);
    writer.set_merge_policy(Box::new(merges));
    Ok(Some(writer))
}

fn is_current(shared: &Shared, generation: &Generation) -> bool {
    generation::read_manifest(&shared.folder) == Some(generation.manifest())
}

impl Writer {
    /// Adds or replaces a paper. Seen by nobody before [`Writer::commit`].
    ///
    /// An error (a full disk, for one) makes this writer useless: drop it, and what was not committed is gone.
    pub fn put(&mut self, paper: &Paper) -> Result<(), Error> {
        let row = paper.id.0;
        if self.highest.is_some_and(|highest| row <= highest) {
            self.delete(paper.id);
        } else {
            self.highest = Some(row);
        }
        let document = schema::document(&self.generation.fields, paper);
        self.tantivy.add_document(document)?;
        Ok(())
    }

    /// Adds or replaces the vector of a paper, of the model that the index was opened with. Ignored where there is
    /// no model, or where the generation's vectors are of another one and wait for a rebuild.
    pub fn put_vector(&mut self, paper: PaperId, vector: &[f32]) -> Result<(), Error> {
        match &mut self.vectors {
            Some(vectors) => vectors.put(paper, vector),
            None => Ok(()),
        }
    }

    /// Takes a paper out. Seen by nobody before [`Writer::commit`].
    pub fn remove(&mut self, paper: PaperId) -> Result<(), Error> {
        self.delete(paper);
        match &mut self.vectors {
            Some(vectors) => vectors.remove(paper),
            None => Ok(()),
        }
    }

    /// Makes everything so far visible and durable, at this change number of the database.
    ///
    /// [`Error::Superseded`] when a rebuilt generation has become current: the changes are in the old one only; open
    /// a new writer and catch up from [`Index::seq`](crate::Index::seq).
    pub fn commit(&mut self, seq: u64) -> Result<(), Error> {
        // Words are written out before vectors are sealed, so that their memory is free by then; but vectors count
        // first. Should the process end in between, catching up repeats some of them, and none is missed.
        let mut prepared = self.tantivy.prepare_commit()?;
        if let Some(vectors) = &mut self.vectors {
            vectors.commit()?;
        }
        prepared.set_payload(&seq.to_string());
        prepared.commit()?;
        if self.serving {
            if !is_current(&self.shared, &self.generation) {
                return Err(Error::Superseded);
            }
            self.shared.refresh()?;
        }
        Ok(())
    }

    /// Gives the writer up after its background merges are done. Dropping it gives up the merges too, which costs
    /// no data, only later work; call this at the end of a large import.
    pub fn settle(self) -> Result<(), Error> {
        let Writer {
            shared, tantivy, ..
        } = self;
        tantivy.wait_merging_threads()?;
        shared.refresh()?;
        Ok(())
    }

    fn delete(&mut self, paper: PaperId) {
        let term = Term::from_field_u64(self.generation.fields.row, schema::row_value(paper));
        self.tantivy.delete_term(term);
    }
}

impl Rebuild {
    /// The writer of the new generation.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Commits at this change number, makes the new generation current atomically and deletes the old one.
    pub fn finish(mut self, seq: u64) -> Result<(), Error> {
        self.writer.commit(seq)?;
        let Writer {
            shared,
            generation,
            tantivy,
            ..
        } = self.writer;
        tantivy.wait_merging_threads()?;
        merge_down(&generation, self.heap_bytes)?;
        let model = shared.model.as_ref();
        let generation = Generation::open(&shared.folder, generation.number, model)?;
        let lock = generation::lock(&shared.folder)?;
        generation::write_manifest(&shared.folder, generation.manifest())?;
        generation::clear_away(&shared.folder, generation.number, &lock);
        drop(lock);
        let _one = shared.refreshing.lock();
        let older = shared.view().snapshot;
        shared.show(View::of(generation, Some(&older))?);
        Ok(())
    }
}

/// Merges the smallest segments until few are left: every search pays for each.
fn merge_down(generation: &Generation, heap_bytes: usize) -> Result<(), Error> {
    let mut segments = generation.tantivy.searchable_segment_metas()?;
    if segments.len() <= SEGMENTS_AFTER_REBUILD {
        return Ok(());
    }
    segments.sort_by_key(|s| std::cmp::Reverse(s.num_docs()));
    let small: Vec<_> = segments[SEGMENTS_AFTER_REBUILD - 1..]
        .iter()
        .map(tantivy::SegmentMeta::id)
        .collect();
    let mut tantivy = lock_writer(generation, heap_bytes)?.ok_or(Error::Superseded)?;
    tantivy.merge(&small).wait()?;
    tantivy.wait_merging_threads()?;
    Ok(())
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer(generation {})", self.generation.number)
    }
}

impl std::fmt::Debug for Rebuild {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rebuild(generation {})", self.writer.generation.number)
    }
}
