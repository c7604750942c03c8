//! Scaling laws: how loss follows size, data and compute.

use crate::frame::Reproduction;

pub mod fit;

mod ciphers;
mod layers;
mod letters;
mod net;
mod source;
pub mod spectrum;
mod spelling;

pub mod autoregressive;
mod capacity_gap;
mod compression;
mod densing;
mod elusive;
pub mod emergence_mirage;
mod knowledge;
pub mod low_bit_quantization;
mod over_training;
pub mod pass_until;
pub mod sparsing_law;
pub mod speculative;
mod step_law;
pub mod superposition;
pub mod translation;
mod unraveling;
mod vocabulary;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[
    &autoregressive::Autoregressive,
    &translation::Translation,
    &emergence_mirage::EmergenceMirage,
    &pass_until::PassUntil,
    &over_training::OverTraining,
    &unraveling::Unraveling,
    &step_law::StepLaw,
    &vocabulary::Vocabulary,
    &densing::Densing,
    &knowledge::Knowledge,
    &elusive::Elusive,
    &compression::Compression,
    &capacity_gap::CapacityGap,
    &sparsing_law::SparsingLaw,
    &low_bit_quantization::LowBitQuantization,
    &speculative::Speculative,
    &superposition::Superposition,
];
