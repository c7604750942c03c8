//! Scaling laws: how loss follows size, data and compute.

use crate::frame::Reproduction;

pub mod fit;

mod ciphers;
mod letters;
mod net;
pub mod spectrum;

pub mod autoregressive;
pub mod emergence_mirage;
pub mod low_bit_quantization;
mod over_training;
pub mod pass_until;
pub mod sparsing_law;
pub mod speculative;
pub mod superposition;
pub mod translation;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[
    &autoregressive::Autoregressive,
    &translation::Translation,
    &emergence_mirage::EmergenceMirage,
    &pass_until::PassUntil,
    &over_training::OverTraining,
    &sparsing_law::SparsingLaw,
    &low_bit_quantization::LowBitQuantization,
    &speculative::Speculative,
    &superposition::Superposition,
];
