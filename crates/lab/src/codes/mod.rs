//! Codes and residuals: few bits for many numbers.

mod activation;
mod bitstack;
mod bivit;
mod eora;
mod layer;
mod low_rank;
mod rounding;
mod saliency;
mod simvq;
mod tokenbridge;

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[
    &simvq::SimVqPaper,
    &eora::Eora,
    &bitstack::BitStack,
    &tokenbridge::TokenBridge,
    &saliency::SaliencyTwoBit,
    &bivit::BiVit,
    &activation::ActivationHash,
];
