//! Policy: parse the query, retrieve, rank, trend, explain. No clock, no SQL, no network.

pub mod engine;
pub mod trend;
