//! The store's suite. Every test runs on SQLite, and on PostgreSQL too where `BROADSHEET_TEST_POSTGRES` names a server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod absorb;
mod backup;
mod changes;
mod closed;
mod helpers;
mod hosts;
mod identity;
mod jobs;
mod lab;
mod ledger;
mod letters;
mod lists;
mod mail;
mod open;
mod priors;
mod processes;
mod properties;
mod quarantine;
mod readings;
