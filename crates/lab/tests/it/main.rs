//! The lab from outside: its cards, and every paper at scale `tiny`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arena;
mod cards;
mod endpoint;
mod format_spread;
mod model_server;
mod papers;
mod program;
mod skill_mix;
