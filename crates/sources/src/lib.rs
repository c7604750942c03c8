//! The outside world, in: files and polite fetching, parsed into records.

pub mod address;
pub mod announcements;
pub mod arxiv;
pub mod arxiv_api;
pub mod arxiv_feed;
pub mod arxiv_listing;
pub mod bounds;
pub mod client;
pub mod clock;
pub mod daily_json;
pub mod dates;
pub mod digest;
pub mod endpoints;
pub mod fetched;
pub mod gate;
mod json_scan;
mod lenient;
pub mod paging;
pub mod recording;
pub mod transport;
pub mod unfit;
mod xml;
