//! Words and vectors that find texts.

mod dupmae;
mod events;
mod inside_out;
mod measures;
mod negatives;

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[
    &dupmae::DupMae,
    &events::EventRetrieval,
    &negatives::GeneratedNegatives,
    &inside_out::InsideOut,
];
