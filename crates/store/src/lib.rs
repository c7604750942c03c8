//! All SQL: papers, signals, ledger, quarantine, jobs, mail, people, and what they do and say; SQLite or PostgreSQL, one SQL
//! text for both.
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
mod accounts;
mod backup;
mod changes;
mod check;
mod claims;
mod closed;
mod collections;
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
pub mod talk;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod webhooks;

pub use absorb::{Absorbed, Intake, Outcome};
pub use accounts::{Join, LinkPurpose, MailedLink, NewUser, Session, Token, User};
pub use claims::{
    AuthorshipClaim, AuthorshipOrder, AuthorshipState, CLAIMS_PER_DAY_MAX, ClaimAct, ClaimEvent,
    ClaimKind, Claimed, Decision, LINKS_MAX, PENDING_MAX, Said, Submission, SubmissionOrder,
    SubmissionState, Submitted, TAGS_MAX, reader_tag,
};
pub use collections::{
    COLLECTIONS_MAX, Collected, Collection, CollectionChange, CollectionItem, ITEMS_MAX,
    MEMBERS_MAX, MoveTo, NOTE_CHARS_MAX, NewCollection, SLUG_LEN_MAX, TITLE_CHARS_MAX, Visibility,
    slug_of,
};
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
pub use webhooks::{
    DELIVERY_ATTEMPTS_MAX, Delivery, DeliveryState, DueDelivery, NewDelivery, NewWebhook,
    WAITING_MAX, WEBHOOKS_MAX, Webhook,
};
