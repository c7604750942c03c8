//! The outside world, in: files and polite fetching, parsed into records.
