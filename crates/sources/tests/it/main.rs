//! Tests of the crate from outside.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside `#[test]` functions may panic as well"
)]

mod files;
mod files_arxiv;
mod files_bibliographies;
mod files_daily;
mod files_pages;
mod files_real;
mod files_stream;
mod net_announcements;
mod net_any_bytes;
mod net_arxiv;
mod net_arxiv_text;
mod net_client;
mod net_others;
mod net_recording;
mod net_support;
