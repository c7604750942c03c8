//! Derived state: words and vectors of one generation, rebuildable at any time.
//!
//! The index knows papers by row and hands back rows; texts stay in the database, and so does truth: delete the
//! folder, and the next start begins an empty generation at change number 0, from which the caller catches up.
//!
//! - [`Index`] is the folder. [`Index::snapshot`] gives an unchanging view to search in; nobody ever waits for a writer.
//! - [`Writer`] changes the current generation, [`Rebuild`] writes a new one beside it and swaps.
//! - [`query`] says what can be asked, [`snapshot`] answers, [`tokens`] is the one analysis of text that all share.
//!
//! Start with `generation.rs` for the layout on disk and `scan.rs` for how a query runs. [`vectors`] are files
//! of the same generation and part of the same snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use generation::Generation;
use snapshot::Snapshot;
use vectors::{Model, Vectors};

pub use writer::{Rebuild, Writer};

mod best;
mod bm25f;
mod explain;
mod generation;
mod latex;
mod lookup;
mod number;
mod order;
pub mod query;
mod scan;
mod schema;
pub mod snapshot;
pub mod spelling;
pub mod tokens;
pub mod vectors;
mod writer;

/// What can go wrong with the index on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files of a generation are not what was written.
    #[error("the index in {0} is damaged; `broadsheet rebuild` makes a new one")]
    Damaged(PathBuf),
    /// A newer generation took over while this writer was open.
    #[error("a rebuilt index took over; open the writer again and catch up from its change number")]
    Superseded,
    /// The file system refused.
    #[error("could not {doing} {path}: {reason}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The search library failed.
    #[error("the index failed: {0}")]
    Tantivy(#[from] tantivy::TantivyError),
    /// The vectors failed.
    #[error("the vectors of the index failed: {0}")]
    Vectors(#[from] ann::Error),
    /// Said in words, with the path.
    #[error("{0}")]
    Other(String),
}

impl Error {
    fn io(doing: &'static str, path: &Path, error: &std::io::Error) -> Error {
        Error::Io {
            doing,
            path: path.to_path_buf(),
            reason: error.to_string(),
        }
    }
}

/// The index folder: generations, of which one is current. Cheap to clone.
#[derive(Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

/// What all clones of an [`Index`] and its writers see.
struct Shared {
    folder: PathBuf,
    model: Option<Model>,
    view: RwLock<View>,
    /// One refresh at a time, so that a slow one cannot put back an older view.
    refreshing: Mutex<()>,
}

/// The current generation and the newest snapshot of it.
#[derive(Clone)]
struct View {
    generation: Arc<Generation>,
    snapshot: Arc<Snapshot>,
}

impl View {
    fn of(generation: Generation, older: Option<&Snapshot>) -> Result<View, Error> {
        let snapshot = Snapshot::newest(&generation, older)?;
        Ok(View {
            generation: Arc::new(generation),
            snapshot: Arc::new(snapshot),
        })
    }
}

impl Index {
    /// Opens the folder for words alone; see [`Index::open_with`].
    pub fn open(folder: &Path) -> Result<Index, Error> {
        Index::open_as(folder, None)
    }

    /// Opens the folder for words and for the vectors of a model. Vectors of another model are left alone, and
    /// [`Index::lacks_vectors`] says so.
    pub fn open_with(folder: &Path, model: Model) -> Result<Index, Error> {
        Index::open_as(folder, Some(model))
    }

    /// Opens the current generation; makes an empty one (at change number 0) where there is none or where it was
    /// written by another schema version or is damaged.
    fn open_as(folder: &Path, model: Option<Model>) -> Result<Index, Error> {
        let generation = generation::open_or_create(folder, model.as_ref())?;
        let shared = Shared {
            folder: folder.to_path_buf(),
            model,
            view: RwLock::new(View::of(generation, None)?),
            refreshing: Mutex::new(()),
        };
        Ok(Index {
            shared: Arc::new(shared),
        })
    }

    /// The newest snapshot. It never changes; hold it for one request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.view().snapshot
    }

    /// The database's change number that the last commit covers.
    pub fn seq(&self) -> u64 {
        self.snapshot().seq()
    }

    /// How many papers are in the current snapshot.
    pub fn papers(&self) -> u64 {
        self.snapshot().papers()
    }

    /// Why the current generation has not the vectors that it should have, if so: they are of another model, damaged,
    /// or were never made. A rebuild makes them.
    pub fn lacks_vectors(&self) -> Option<String> {
        let view = self.shared.view();
        self.shared.model.as_ref()?;
        if let Some(fault) = view.generation.vectors.fault() {
            return Some(fault.to_string());
        }
        let none = view.snapshot.vectors().is_none_or(Vectors::is_empty);
        (none && view.snapshot.papers() > 0).then(|| "the index has no vectors yet".to_string())
    }

    /// The writer, or `None` while another process holds it. `heap_bytes` bounds its memory.
    pub fn try_writer(&self, heap_bytes: usize) -> Result<Option<Writer>, Error> {
        writer::try_writer(&self.shared, heap_bytes)
    }

    /// Notices commits and generation swaps made by anyone; returns whether the snapshot changed.
    pub fn refresh(&self) -> Result<bool, Error> {
        self.shared.refresh()
    }

    /// Starts a new generation. The current one keeps serving, and its writer may go on.
    pub fn rebuild(&self, heap_bytes: usize) -> Result<Rebuild, Error> {
        writer::rebuild(&self.shared, heap_bytes)
    }

    /// Reads every file of the current generation and names those that are not what was written. Slow.
    pub fn damaged_files(&self) -> Result<Vec<PathBuf>, Error> {
        let view = self.shared.view();
        let mut damaged: Vec<PathBuf> = view
            .generation
            .tantivy
            .validate_checksum()?
            .into_iter()
            .collect();
        damaged.sort();
        Ok(damaged)
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({})", self.shared.folder.display())
    }
}

impl Shared {
    fn view(&self) -> View {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.clone()
    }

    fn show(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn refresh(&self) -> Result<bool, Error> {
        let _one = self
            .refreshing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let view = self.view();
        let Some(manifest) = generation::read_manifest(&self.folder) else {
            // Deleted under our feet: go on with what is mapped; the next start makes a new generation.
            return Ok(false);
        };
        if manifest.generation != view.generation.number {
            if manifest.schema != schema::VERSION {
                return Err(Error::Other(format!(
                    "another version of the program (schema {}) took over the index in {}; restart this one",
                    manifest.schema,
                    self.folder.display()
                )));
            }
            let generation =
                Generation::open(&self.folder, manifest.generation, self.model.as_ref())?;
            self.show(View::of(generation, Some(&view.snapshot))?);
            return Ok(true);
        }
        let metas = view.generation.tantivy.load_metas()?;
        let segments = metas.segments.iter().map(tantivy::SegmentMeta::id);
        let new_vectors = view.generation.vectors.refresh()?;
        if !new_vectors && view.snapshot.is_of(metas.opstamp, segments) {
            return Ok(false);
        }
        let snapshot = Snapshot::newest(&view.generation, Some(&view.snapshot))?;
        self.show(View {
            generation: view.generation,
            snapshot: Arc::new(snapshot),
        });
        Ok(true)
    }
}
