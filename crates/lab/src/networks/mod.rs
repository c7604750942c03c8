//! Small networks, trained here on the tape of [`crate::autograd`]: trainings keep checkpoints, outcomes hold pictures.

mod lm_infinite;
mod rotnet;

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[&rotnet::RotNet, &lm_infinite::LmInfinite];
