//! Every paper of the lab, by family.

use std::sync::LazyLock;

use crate::frame::Reproduction;
use crate::{codes, elastic, evaluation, networks, retrieval, scaling, upgrade};

/// Every paper that runs, in the order of [`crate::frame::Family::ALL`].
pub static ALL: LazyLock<Vec<&'static dyn Reproduction>> = LazyLock::new(|| {
    [
        elastic::PAPERS,
        upgrade::PAPERS,
        codes::PAPERS,
        retrieval::PAPERS,
        scaling::PAPERS,
        evaluation::PAPERS,
        networks::PAPERS,
    ]
    .concat()
});

/// The paper of a short name (`mrl`) or of an arXiv id (`2205.13147`).
pub fn find(id: &str) -> Option<&'static dyn Reproduction> {
    ALL.iter()
        .copied()
        .find(|paper| paper.card().id == id || paper.card().arxiv == id)
}
