//! The outside world, in: files and polite fetching, parsed into records.

pub mod bounds;
pub mod daily_json;
pub mod dates;
mod json_scan;
mod lenient;
pub mod unfit;
