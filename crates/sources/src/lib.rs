//! The outside world, in: files and polite fetching, parsed into records.
//!
//! Knows no database: everything that comes in goes out again as plain [`domain`] values, and what could not be read
//! goes out as [`Unreadable`](domain::record::Unreadable) with its bytes and the reason. Each source is one file with
//! a pure `parse` apart from its `fetch`; one broken record never costs another.
//!
//! Start with [`arxiv_api`] for a source, [`client`] and [`gate`] for how hosts are treated, and [`files`] for imports.

pub mod address;
pub mod announcements;
pub mod arxiv;
pub mod arxiv_api;
pub mod arxiv_feed;
pub mod arxiv_listing;
pub mod arxiv_oai;
pub mod biorxiv;
pub mod bounds;
pub mod client;
pub mod clock;
pub mod code_host;
pub mod daily_api;
pub mod daily_json;
pub mod dates;
pub mod digest;
pub mod endpoints;
pub mod feed;
pub mod fetched;
pub mod files;
pub mod gate;
mod json_scan;
mod lenient;
mod markup;
pub mod paging;
pub mod recording;
pub mod reread;
pub mod transport;
pub mod unfit;
mod xml;
