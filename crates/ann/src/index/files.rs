//! The folder of an index: its lock, the files that the manifest names, and those that it names no longer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::IndexConfig;
use super::chunk::Chunk;
use super::manifest::{self, Manifest};
use super::snapshot::{Part, RowSet, Snapshot};
use crate::error::{Error, io};
use crate::segment::Segment;

/// Takes the folder's lock or says that another process has it.
pub(super) fn lock_folder(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let lock = io(&path, File::options().create(true).append(true).open(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

/// The state of an index without rows.
pub(super) fn empty(config: &IndexConfig) -> Snapshot {
    Snapshot {
        dim: config.dim,
        metric: config.segment.metric,
        sealed: None,
        chunks: Vec::new(),
        pace: Arc::default(),
    }
}

/// The state that the manifest names. Files that `known`, an earlier state of the same index, has open are
/// not opened again: files never change.
pub(super) fn load(
    folder: &Path,
    config: &IndexConfig,
    manifest: &Manifest,
    known: &Snapshot,
) -> Result<Snapshot, Error> {
    check_label(config, &manifest.label)?;
    check_dimension(config, manifest.dim)?;
    if manifest.metric != config.segment.metric {
        let (found, expected) = (manifest.metric, config.segment.metric);
        let reason = format!("the index compares by {found:?}, not {expected:?}");
        return Err(Error::Configuration(reason));
    }
    let sealed = manifest.sealed.as_ref().map(|(number, dead)| {
        let data = open_part(*number, known.sealed.as_slice(), || {
            let data = Segment::open(&manifest::sealed_path(folder, *number))?;
            check_label(config, data.label())?;
            check_dimension(config, data.dim())?;
            Ok(data)
        })?;
        Ok(part(*number, data, dead))
    });
    let chunks = manifest.chunks.iter().map(|(number, dead)| {
        let data = open_part(*number, &known.chunks, || {
            let data = Chunk::open(&manifest::chunk_path(folder, *number))?;
            check_label(config, data.label())?;
            check_dimension(config, data.dim())?;
            Ok(data)
        })?;
        Ok(part(*number, data, dead))
    });
    Ok(Snapshot {
        sealed: sealed.transpose()?,
        chunks: chunks.collect::<Result<_, Error>>()?,
        pace: known.pace.clone(),
        ..empty(config)
    })
}

fn part<T: RowSet>(number: u64, data: Arc<T>, dead: &RoaringBitmap) -> Part<T> {
    Part {
        dead: Arc::new(dead & data.row_set()),
        data,
        file: Some(number),
    }
}

/// The part of this number among those that are open, or else a newly opened one.
fn open_part<T>(
    number: u64,
    known: &[Part<T>],
    open: impl FnOnce() -> Result<T, Error>,
) -> Result<Arc<T>, Error> {
    match known.iter().find(|part| part.file == Some(number)) {
        Some(part) => Ok(part.data.clone()),
        None => open().map(Arc::new),
    }
}

fn check_label(config: &IndexConfig, found: &str) -> Result<(), Error> {
    if config.label == found {
        return Ok(());
    }
    Err(Error::Label {
        expected: config.label.clone(),
        found: found.to_owned(),
    })
}

fn check_dimension(config: &IndexConfig, got: usize) -> Result<(), Error> {
    let expected = config.dim;
    if got == expected {
        Ok(())
    } else {
        Err(Error::Dimension { expected, got })
    }
}

/// Removes index files that the manifest does not name. One that cannot be removed is tried again at the
/// next commit: it costs space, nothing else.
pub(super) fn remove_others(folder: &Path, manifest: &Manifest) {
    let sealed = manifest.sealed.iter();
    let sealed = sealed.map(|part| manifest::sealed_path(folder, part.0));
    let chunks = manifest.chunks.iter();
    let chunks = chunks.map(|part| manifest::chunk_path(folder, part.0));
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
