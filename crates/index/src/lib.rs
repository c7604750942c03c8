//! Derived state: the lexical index of one generation, rebuildable at any time.

use std::path::Path;

use domain::ids::PaperId;
use domain::paper::Paper;

/// What can go wrong with the index on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Said in words, with the path.
    #[error("{0}")]
    Other(String),
}

/// The index folder: generations, of which one is current. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Index {}

/// The only way to change a generation. At most one exists per folder, over all processes.
#[derive(Debug)]
pub struct Writer {}

/// A new generation being written beside the current one.
#[derive(Debug)]
pub struct Rebuild {}

#[allow(unused_variables, clippy::todo)]
impl Index {
    /// Opens the current generation; makes an empty one (at change number 0) where there is none or where it was
    /// written by another schema version or is damaged.
    pub fn open(folder: &Path) -> Result<Index, Error> {
        todo!()
    }
    /// The database's change number that the last commit covers.
    pub fn seq(&self) -> u64 {
        todo!()
    }
    /// How many papers are in the current snapshot.
    pub fn papers(&self) -> u64 {
        todo!()
    }
    /// The writer, or `None` while another process holds it. `heap_bytes` bounds its memory.
    pub fn try_writer(&self, heap_bytes: usize) -> Result<Option<Writer>, Error> {
        todo!()
    }
    /// Notices commits and generation swaps made by anyone; returns whether the snapshot changed.
    pub fn refresh(&self) -> Result<bool, Error> {
        todo!()
    }
    /// Starts a new generation. The current one keeps serving.
    pub fn rebuild(&self, heap_bytes: usize) -> Result<Rebuild, Error> {
        todo!()
    }
}

#[allow(unused_variables, clippy::todo)]
impl Writer {
    /// Adds or replaces a paper.
    pub fn put(&mut self, paper: &Paper) -> Result<(), Error> {
        todo!()
    }
    /// Takes a paper out.
    pub fn remove(&mut self, paper: PaperId) -> Result<(), Error> {
        todo!()
    }
    /// Makes everything so far visible and durable, at this change number of the database.
    pub fn commit(&mut self, seq: u64) -> Result<(), Error> {
        todo!()
    }
}

#[allow(unused_variables, clippy::todo)]
impl Rebuild {
    /// The writer of the new generation.
    pub fn writer(&mut self) -> &mut Writer {
        todo!()
    }
    /// Commits at this change number, makes the new generation current atomically and deletes the old one.
    pub fn finish(self, seq: u64) -> Result<(), Error> {
        todo!()
    }
}
