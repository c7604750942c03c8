//! The store's suite. Every test runs on SQLite, and on PostgreSQL too where `BROADSHEET_TEST_POSTGRES` names a server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod absorb;
mod accounts;
mod backup;
mod changes;
mod claims;
mod closed;
mod collections;
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
mod submissions;
mod talk;
mod talk_comments;
mod webhooks;
