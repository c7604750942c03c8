//! Model upgrade: old and new vectors in one index.

mod bt2;
mod compatibility;
mod simplex;

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[&bt2::Bt2, &simplex::Simplex];
