//! The lab: the papers' methods, each tested against its baseline.
//!
//! Read [`frame`] first: what a reproduction is, how it is run and judged. Then one of [`ALL`]: a paper is a file, and
//! its family's folder holds what several papers share.

pub mod autograd;
pub mod codes;
pub mod data;
pub mod elastic;
pub mod evaluation;
pub mod frame;
pub mod mlp;
pub mod networks;
pub mod retrieval;
pub mod scaling;
pub mod upgrade;

mod list;

pub use list::{ALL, find};

/// The outcomes that ship, one JSON object a line: `card`, `outcome`, and the verdict of a `tiny` run. Written by
/// `broadsheet-lab table --write`.
pub static SHIPPED: &str = include_str!("../../broadsheet/shelf/outcomes.jsonl");
