//! The nouns of Broadsheet: what a paper is, by which ids it is known, what a source says of it, how readers'
//! signals are read over time, what a list's window of days is, and what a mail subscription asks for.
//!
//! Plain values, no input or output. Every other crate may depend on this one; it depends on none of ours.
//! Start with [`paper`] (what is kept) and [`record`] (what a source yields), then [`merge`], which turns the
//! second into the first.

pub mod account;
pub mod address;
pub mod hit;
pub mod ids;
pub mod ledger;
pub mod merge;
pub mod paper;
pub mod prior;
pub mod record;
pub mod signal;
pub mod subscription;
pub mod text;
pub mod window;
