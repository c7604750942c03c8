//! Elastic vectors: prefixes that are vectors by themselves, and search in them.

mod adanns;
mod karl;
mod mrl;
mod pixels;
mod principal;
mod ranking;
mod texts;
mod two_d;

use crate::frame::Reproduction;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[&mrl::Mrl, &adanns::AdAnns, &two_d::TwoD, &karl::Karl];
