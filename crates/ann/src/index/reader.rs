//! Reading an index that another process may be writing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::files::{empty, load};
use super::manifest::Manifest;
use super::snapshot::Snapshot;
use super::{IndexConfig, check_config};
use crate::error::Error;

/// Commits that may come between reading the manifest and opening its files, each removing some of them.
const ATTEMPTS: usize = 16;

/// An index opened for reading: takes no lock, follows the commits of the process that writes, and never
/// changes a file.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    config: IndexConfig,
    current: RwLock<Arc<Snapshot>>,
    /// The manifest of the current state; held while a newer one is opened.
    shown: Mutex<Option<Manifest>>,
}

impl Reader {
    /// Opens the index of a folder. A folder without an index, or no folder, reads as an index without rows.
    pub fn open(folder: &Path, config: IndexConfig) -> Result<Reader, Error> {
        check_config(&config)?;
        let reader = Reader {
            folder: folder.to_owned(),
            current: RwLock::new(Arc::new(empty(&config))),
            shown: Mutex::new(None),
            config,
        };
        reader.refresh()?;
        Ok(reader)
    }

    /// The index as of the last [`Reader::refresh`].
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on to the last commit; whether there was a new one. Reads one small file when there was not.
    /// After an error the reader still shows what it showed before.
    pub fn refresh(&self) -> Result<bool, Error> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in 1.. {
            let manifest = Manifest::open(&self.folder)?;
            if manifest == *shown {
                return Ok(false);
            }
            let next = match &manifest {
                None => Ok(empty(&self.config)),
                Some(manifest) => self.load(manifest, shown.as_ref()),
            };
            match next {
                Ok(next) => {
                    let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                    *current = Arc::new(next);
                    *shown = manifest;
                    break;
                }
                // A commit after the manifest was read has removed a file that it names: read it again.
                Err(error) if error.is_missing() && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn load(&self, manifest: &Manifest, shown: Option<&Manifest>) -> Result<Snapshot, Error> {
        let same = shown.is_some_and(|shown| shown.birth == manifest.birth);
        let known = if same {
            self.snapshot()
        } else {
            Arc::new(empty(&self.config))
        };
        load(&self.folder, &self.config, manifest, &known)
    }
}
