//! The whole site over a real database and a real index, without a network.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod accounts;
mod addresses;
mod claims;
mod closed;
mod collections;
mod community;
mod crawl;
mod escaping;
mod feeds;
mod formats;
mod hostile;
mod keeping;
mod lab;
mod looks;
mod machines;
mod mail;
mod meaning;
mod notes;
mod papers_api;
mod predicted;
mod site;
mod submissions;
mod subscribers;
mod talk;
mod talk_comments;
