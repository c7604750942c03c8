//! HTTP out: pages, feeds, APIs. Only this crate knows HTTP.
//!
//! Start with [`router`], where every address is listed, and [`state`], what every handler can reach.

pub mod router;
pub mod state;
