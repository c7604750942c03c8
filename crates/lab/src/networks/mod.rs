//! Small networks, trained here.

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[];
