//! All SQL: papers, signals, ledger, quarantine, jobs; SQLite or PostgreSQL, one SQL text for both.

use std::path::Path;

use domain::hit::SignalHistory;
use domain::ids::{ExternalId, PaperId};
use domain::ledger::{AnnounceKind, Batch, BatchKey};
use domain::paper::Paper;
use domain::record::{Item, Source, Unreadable};
use domain::signal::Reading;
use domain::window::Window;
use jiff::Timestamp;
use jiff::civil::Date;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Anything else, said in words.
    #[error("{0}")]
    Other(String),
}

/// What this module's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {}

/// One transaction's worth of what came in.
#[derive(Debug, Default)]
pub struct Intake<'a> {
    /// Papers, readings, deletions.
    pub items: &'a [Item],
    /// What could not be read.
    pub unreadable: &'a [Unreadable],
    /// Written in the same transaction, so that a killed import resumes exactly here.
    pub checkpoint: Option<&'a Checkpoint>,
    /// The announcement the items belong to, with each item's kind (same length and order as `items`).
    pub announcement: Option<(&'a BatchKey, &'a [AnnounceKind])>,
}

/// How far an import of one file has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Fingerprint of the file's content (SHA-256, hexadecimal) or `-`-prefixed name for standard input.
    pub file: String,
    /// The file's name, for people.
    pub name: String,
    /// Records consumed so far, unreadable ones included.
    pub records: u64,
    /// Whether the end was reached.
    pub done: bool,
}

/// What became of each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new paper.
    Inserted(PaperId),
    /// A known paper that changed.
    Changed(PaperId),
    /// A known paper; nothing new in it.
    Unchanged(PaperId),
    /// Readings or a deletion of a paper that is not here.
    UnknownPaper,
}

/// The result of an [`Intake`].
#[derive(Debug, Default)]
pub struct Absorbed {
    /// One per item, in order.
    pub outcomes: Vec<Outcome>,
    /// The inserted and changed papers, whole, for the index. A paper changed twice is here once.
    pub changed: Vec<Paper>,
    /// Papers that were merged into others or deleted: to be taken out of the index.
    pub gone: Vec<PaperId>,
    /// The change sequence after this intake.
    pub seq: u64,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to pass over.
    pub offset: u32,
    /// How many to return at most.
    pub limit: u32,
}

/// Papers of a list, with the length of the whole.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// This slice.
    pub papers: Vec<Paper>,
    /// Of the whole list.
    pub total: u32,
}

/// Who said something about a paper, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Who.
    pub source: Source,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time that it brought a change.
    pub last_changed: Timestamp,
}

/// A record set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Number for people to name it by.
    pub id: i64,
    /// What it is and why.
    pub unreadable: Unreadable,
    /// When it was set aside.
    pub at: Timestamp,
}

/// Validators of the last answer from an address, for conditional requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// Numbers about the whole database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Papers.
    pub papers: u64,
    /// Readings of signals.
    pub readings: u64,
    /// Records in quarantine.
    pub quarantined: u64,
    /// Papers whose only source is the starter shelf.
    pub shelf_only: u64,
    /// Size on disk in bytes, if the engine tells.
    pub bytes: Option<u64>,
}

#[allow(unused_variables, clippy::todo, clippy::unused_async, missing_docs)]
impl Store {
    /// Opens (and creates, and migrates) `postgres://...`, `sqlite:PATH` or a bare path.
    pub async fn open(url: &str) -> Result<Store> {
        todo!()
    }
    /// Waits for connections to finish and closes.
    pub async fn close(&self) {
        todo!()
    }

    /// Takes in what came, in one transaction: all of it or nothing.
    pub async fn absorb(&self, intake: &Intake<'_>, now: Timestamp) -> Result<Absorbed> {
        todo!()
    }
    /// Where an earlier import of this content stopped.
    pub async fn checkpoint(&self, file: &str) -> Result<Option<Checkpoint>> {
        todo!()
    }

    /// One paper by any of its ids.
    pub async fn paper(&self, id: &ExternalId) -> Result<Option<Paper>> {
        todo!()
    }
    /// Papers by row, in the order asked; rows that are gone are left out.
    pub async fn papers(&self, ids: &[PaperId]) -> Result<Vec<Paper>> {
        todo!()
    }
    /// Papers listed in a window: votes, then evidence, then newest id. `None` category is all.
    pub async fn window(
        &self,
        window: Window,
        category: Option<&str>,
        slice: Slice,
    ) -> Result<List> {
        todo!()
    }
    /// Papers of a category, newest listed day first, then votes, evidence, id.
    pub async fn category(&self, category: &str, slice: Slice) -> Result<List> {
        todo!()
    }
    /// Papers with a tag, newest first.
    pub async fn tag(&self, tag: &str, slice: Slice) -> Result<List> {
        todo!()
    }
    /// Newest papers of all, by listed day, then votes, evidence, id.
    pub async fn newest(&self, slice: Slice) -> Result<List> {
        todo!()
    }
    /// Every listed day with its number of papers, oldest first.
    pub async fn days(&self) -> Result<Vec<(Date, u32)>> {
        todo!()
    }
    /// Categories with their number of papers, largest first.
    pub async fn categories(&self) -> Result<Vec<(String, u32)>> {
        todo!()
    }
    /// Tags with their number of papers, largest first, at most `limit`.
    pub async fn tags(&self, limit: u32) -> Result<Vec<(String, u32)>> {
        todo!()
    }
    /// Readings of one paper, oldest first.
    pub async fn readings(&self, paper: PaperId) -> Result<Vec<Reading>> {
        todo!()
    }
    /// Papers with at least one reading since `since`, with all readings since then and the last one before, at most `limit` papers.
    pub async fn signal_histories(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SignalHistory>> {
        todo!()
    }
    /// Who said what of a paper.
    pub async fn provenance(&self, paper: PaperId) -> Result<Vec<Provenance>> {
        todo!()
    }

    /// The newest change number. Grows with every change; the index follows it.
    pub async fn seq(&self) -> Result<u64> {
        todo!()
    }
    /// Papers changed after `seq`, oldest change first, and papers gone since; at most `limit` changes, and the number reached.
    pub async fn changes(&self, seq: u64, limit: u32) -> Result<(Vec<Paper>, Vec<PaperId>, u64)> {
        todo!()
    }
    /// Papers after a row, by row: for export and rebuild.
    pub async fn papers_after(&self, after: Option<PaperId>, limit: u32) -> Result<Vec<Paper>> {
        todo!()
    }
    /// Numbers about the whole.
    pub async fn totals(&self) -> Result<Totals> {
        todo!()
    }

    /// Writes a ledger line, replacing the one of the same key.
    pub async fn put_batch(&self, batch: &Batch) -> Result<()> {
        todo!()
    }
    /// One ledger line.
    pub async fn batch(&self, key: &BatchKey) -> Result<Option<Batch>> {
        todo!()
    }
    /// Ledger lines, newest day first, then source and category; `unsettled` leaves out what needs nothing.
    pub async fn batches(
        &self,
        since: Option<Date>,
        unsettled: bool,
        limit: u32,
    ) -> Result<Vec<Batch>> {
        todo!()
    }
    /// Ids announced in a batch so far, sorted.
    pub async fn announced(&self, key: &BatchKey) -> Result<Vec<(PaperId, AnnounceKind)>> {
        todo!()
    }
    /// The day of the newest earlier batch of the same source and category with exactly these fingerprinted contents.
    pub async fn batch_with_digest(&self, key: &BatchKey, digest: &str) -> Result<Option<Date>> {
        todo!()
    }
    /// Remembers the fingerprint of a batch's ids.
    pub async fn set_batch_digest(&self, key: &BatchKey, digest: &str) -> Result<()> {
        todo!()
    }

    /// Records set aside, newest first, after (below) a number.
    pub async fn quarantine(&self, below: Option<i64>, limit: u32) -> Result<Vec<Quarantined>> {
        todo!()
    }
    /// One record set aside.
    pub async fn quarantined(&self, id: i64) -> Result<Option<Quarantined>> {
        todo!()
    }
    /// Takes a record out of quarantine, after a retry stored it.
    pub async fn release(&self, id: i64) -> Result<bool> {
        todo!()
    }

    /// Reserves the next call to a host: returns when it may be made, at least `interval` after the last reserved one. Survives restarts.
    pub async fn reserve_call(
        &self,
        host: &str,
        now: Timestamp,
        interval: jiff::SignedDuration,
    ) -> Result<Timestamp> {
        todo!()
    }
    /// No call to a host before `until`.
    pub async fn cool_down(&self, host: &str, until: Timestamp, why: &str) -> Result<()> {
        todo!()
    }
    /// Hosts with their next allowed call and the reason of a cool-down.
    pub async fn hosts(&self) -> Result<Vec<(String, Timestamp, String)>> {
        todo!()
    }
    /// Validators remembered for an address.
    pub async fn validators(&self, url: &str) -> Result<Validators> {
        todo!()
    }
    /// Remembers validators.
    pub async fn set_validators(
        &self,
        url: &str,
        validators: &Validators,
        now: Timestamp,
    ) -> Result<()> {
        todo!()
    }

    /// A small named value (`meta` table).
    pub async fn meta(&self, name: &str) -> Result<Option<String>> {
        todo!()
    }
    /// Sets a small named value.
    pub async fn set_meta(&self, name: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Writes a consistent copy of the whole database into a new file while others read and write. SQLite only; for PostgreSQL it says which tool to use.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        todo!()
    }
    /// Checks the database's own consistency: one line per finding, empty when sound.
    pub async fn check(&self) -> Result<Vec<String>> {
        todo!()
    }
}
