//! The evaluation kit: how models are measured and compared.
//!
//! Shared by the papers here: results by [item and slice](items), [intervals](bootstrap), [judges of pairs](pairwise),
//! ratings by [Bradley and Terry](bradley_terry) and [Elo](elo), [tournaments](bracket), [rank
//! correlation](agreement), [linear models](ridge), [bandits](bandit), [examinations](exam), [combinations of
//! skills](combinations), [formats of a prompt](prompt_format), and a client of [models behind an
//! endpoint](endpoint).
//! Beside them stands the tool [`arena`].

use crate::frame::Reproduction;

pub mod agreement;
pub mod arena;
pub mod bandit;
pub mod bootstrap;
pub mod bracket;
pub mod bradley_terry;
pub mod combinations;
pub mod elo;
pub mod endpoint;
pub mod exam;
pub mod format_task;
pub mod items;
pub mod pairwise;
pub mod prompt_format;
pub mod ridge;
pub mod tasks;

mod agieval;
mod bigbench;
mod cross_eval;
mod eureka;
mod format_reader;
mod formatspread;
mod general_level;
mod geo_rep;
mod ideation_gap;
mod languini;
mod lexeval;
mod skillmix;
mod skills;
mod space10;
mod varco_arena;

/// The papers of this family.
pub static PAPERS: &[&dyn Reproduction] = &[
    &eureka::Eureka,
    &cross_eval::CrossEval,
    &geo_rep::GeoRep,
    &general_level::GeneralLevel,
    &varco_arena::VarcoArena,
    &ideation_gap::IdeationGap,
    &space10::Space10,
    &languini::Languini,
    &skillmix::SkillMix,
    &agieval::AgiEval,
    &lexeval::LexEval,
    &bigbench::BigBench,
    &formatspread::FormatSpread,
];
