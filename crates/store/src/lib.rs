//! All SQL: papers, signals, ledger, quarantine, jobs, mail; SQLite or PostgreSQL, one SQL text for both.
//!
//! The database is the truth and nothing else is: the index is derived from it and can be rebuilt. Everything that
//! comes in goes through one door, [`Store::absorb`], one transaction at a time. Rows become values of `domain` here,
//! transactions start and end here, and no other crate writes SQL.
//!
//! Start with `absorb.rs` (how records become rows) and `migrations/0001_papers.up.sql` (what is kept); `engine.rs`
//! has everything in which the two engines differ.
//!
//! Conventions of the tables: moments are microseconds since 1970-01-01 UTC, days are whole days since then; numbers
//! of rows are given out by us from the table `counters`, inside the transaction that uses them.

mod absorb;
mod backup;
mod changes;
mod check;
mod closed;
mod engine;
mod error;
mod hosts;
mod jobs;
mod lab;
mod ledger;
mod lists;
mod mail;
mod meta;
mod migrate;
mod papers;
mod priors;
mod quarantine;
mod row;
mod signals;
mod sql;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use absorb::{Absorbed, Intake, Outcome};
pub use engine::Store;
pub use error::{Error, Result};
pub use hosts::Validators;
pub use jobs::{ATTEMPTS_MAX, Job, NewJob};
pub use lab::{LabOrder, LabRun, LabState, Ordered};
pub use ledger::Checkpoint;
pub use lists::{List, Slice};
pub use mail::{
    About, Addressed, Asked, Candidate, Draft, Due, Lane, Letter, LetterId, LetterKind,
    LetterState, MailBounds, MailTotals, NoteBounds, REFUSALS_MAX, Reader, Refused, Subscriber,
    Suppression, Why,
};
pub use papers::{Address, Provenance, Totals};
pub use quarantine::Quarantined;
