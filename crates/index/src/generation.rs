//! The folder on disk: numbered generations, and a small manifest that says which one is current.
//!
//! ```text
//! folder/current      {"generation":7,"schema":1}, replaced atomically
//! folder/lock         held for moments: making, swapping and clearing away generations
//! folder/gen-000007/  files of tantivy, among them its own writer lock
//! folder/gen-000007/vectors/  files of `ann`, with the model's name in each
//! ```

use std::fs::{self, File};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::directory::{Directory, INDEX_WRITER_LOCK, MmapDirectory};
use tantivy::{IndexReader, ReloadPolicy};

use crate::Error;
use crate::schema::{self, Fields};
use crate::vectors::{Model, Shelf};

/// Which generation is current, and by which schema it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) generation: u64,
    pub(crate) schema: u32,
}

/// One generation, open.
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) fields: Fields,
    pub(crate) tantivy: tantivy::Index,
    pub(crate) reader: IndexReader,
    pub(crate) vectors: Shelf,
}

/// Exclusive hold of the folder, over all processes, until dropped. Held for moments only.
pub(crate) struct FolderLock {
    _file: File,
}

pub(crate) fn lock(folder: &Path) -> Result<FolderLock, Error> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::io("open", &path, &e))?;
    file.lock().map_err(|e| Error::io("lock", &path, &e))?;
    Ok(FolderLock { _file: file })
}

/// Reads the manifest; `None` where there is none or it cannot be understood.
pub(crate) fn read_manifest(folder: &Path) -> Option<Manifest> {
    let bytes = fs::read(folder.join("current")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Replaces the manifest: after a crash the old or the new one is there, whole.
pub(crate) fn write_manifest(folder: &Path, manifest: Manifest) -> Result<(), Error> {
    let (path, temp) = (folder.join("current"), folder.join("current.new"));
    let text = serde_json::to_vec(&manifest).map_err(|e| Error::Other(e.to_string()))?;
    let mut file = File::create(&temp).map_err(|e| Error::io("create", &temp, &e))?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .map_err(|e| Error::io("write", &temp, &e))?;
    fs::rename(&temp, &path).map_err(|e| Error::io("replace", &path, &e))?;
    // The rename itself must survive a power cut; systems that cannot sync a folder do without.
    if let Ok(dir) = File::open(folder) {
        let _unsupported_on_some_systems = dir.sync_all();
    }
    Ok(())
}

/// Folder of a generation.
pub(crate) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("gen-{number:06}"))
}

/// Numbers of the generations that have a folder, current or not.
fn numbers(folder: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix("gen-")?
                .parse()
                .ok()
        })
        .collect()
}

impl Generation {
    /// Opens the generation of a manifest.
    ///
    /// Errors where files are missing or damaged, or the schema on disk is not ours.
    pub(crate) fn open(
        folder: &Path,
        number: u64,
        model: Option<&Model>,
    ) -> Result<Generation, Error> {
        let path = path_of(folder, number);
        // Tantivy asserts on some kinds of damage instead of returning an error.
        let opened = catch_unwind(AssertUnwindSafe(|| tantivy::Index::open_in_dir(&path)));
        let index = opened
            .map_err(|_| Error::Damaged(path.clone()))?
            .map_err(Error::from)?;
        Self::of(index, number, &path, model)
    }

    /// Makes an empty generation with the next free number. The caller holds the folder's lock.
    pub(crate) fn create(
        folder: &Path,
        model: Option<&Model>,
        _lock: &FolderLock,
    ) -> Result<Generation, Error> {
        let current = read_manifest(folder).map_or(0, |m| m.generation);
        let last = numbers(folder).into_iter().max().unwrap_or(0).max(current);
        let number = last.saturating_add(1);
        let path = path_of(folder, number);
        fs::create_dir_all(&path).map_err(|e| Error::io("create", &path, &e))?;
        let (schema, _) = schema::schema();
        let index = tantivy::Index::builder()
            .schema(schema)
            .settings(schema::settings())
            .create_in_dir(&path)?;
        Self::of(index, number, &path, model)
    }

    fn of(
        index: tantivy::Index,
        number: u64,
        path: &Path,
        model: Option<&Model>,
    ) -> Result<Generation, Error> {
        let (ours, fields) = schema::schema();
        if index.schema() != ours {
            return Err(Error::Damaged(path.to_path_buf()));
        }
        schema::register_analyzers(&index);
        let builder = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader = catch_unwind(AssertUnwindSafe(|| builder.try_into()))
            .map_err(|_| Error::Damaged(path.to_path_buf()))??;
        Ok(Generation {
            number,
            fields,
            tantivy: index,
            reader,
            vectors: Shelf::open(path, model),
        })
    }

    /// The manifest that makes this generation the current one.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest {
            generation: self.number,
            schema: schema::VERSION,
        }
    }
}

/// Opens the current generation, or makes an empty one the current one.
pub(crate) fn open_or_create(folder: &Path, model: Option<&Model>) -> Result<Generation, Error> {
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, &e))?;
    let lock = lock(folder)?;
    let opened = match read_manifest(folder) {
        Some(manifest) if manifest.schema == schema::VERSION => {
            Generation::open(folder, manifest.generation, model)
        }
        Some(manifest) => Err(Error::Other(format!(
            "the index was written by schema {}, this program writes {}",
            manifest.schema,
            schema::VERSION
        ))),
        None => Err(Error::Other("there is no index yet".to_string())),
    };
    let generation = match opened {
        Ok(generation) => generation,
        Err(reason) => {
            let generation = Generation::create(folder, model, &lock)?;
            write_manifest(folder, generation.manifest())?;
            tracing::info!(
                index.generation = generation.number,
                "Started an empty index: {reason}"
            );
            generation
        }
    };
    clear_away(folder, generation.number, &lock);
    Ok(generation)
}

/// Deletes the generations that are neither current nor being written. Open readers keep their mapped files.
pub(crate) fn clear_away(folder: &Path, current: u64, _lock: &FolderLock) {
    for number in numbers(folder).into_iter().filter(|n| *n != current) {
        let path = path_of(folder, number);
        let Ok(directory) = MmapDirectory::open(&path) else {
            continue;
        };
        let Ok(_not_written) = directory.acquire_lock(&INDEX_WRITER_LOCK) else {
            continue;
        };
        if let Err(e) = fs::remove_dir_all(&path) {
            tracing::warn!("Could not delete the old index {}: {e}", path.display());
        }
    }
}
