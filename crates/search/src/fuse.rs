//! One order from two lists: by words and by meaning.

use std::collections::HashMap;

use domain::ids::PaperId;

/// A paper of either list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// Which paper.
    pub paper: PaperId,
    /// What the order is by.
    pub score: f32,
    /// Cosine of paper and query, where it is known.
    pub similarity: Option<f32>,
    /// Place in the list by words, from 1.
    pub lexical_rank: Option<u32>,
    /// Place in the list by meaning, from 1.
    pub semantic_rank: Option<u32>,
}

/// The mean of both lists' scores, each scaled to 0 to 1 from its last to its first; a paper that is not in a list
/// counts as its last.
pub fn fuse(by_words: &[(PaperId, f32)], by_meaning: &[(PaperId, f32)]) -> Vec<Fused> {
    let mut fused: HashMap<PaperId, Fused> = HashMap::new();
    let blank = |paper| Fused {
        paper,
        score: 0.0,
        similarity: None,
        lexical_rank: None,
        semantic_rank: None,
    };
    for (rank, (paper, share)) in (1..).zip(scaled(by_words)) {
        let one = fused.entry(paper).or_insert_with(|| blank(paper));
        one.score += share / 2.0;
        one.lexical_rank = Some(rank);
    }
    for ((rank, (paper, share)), (_, cosine)) in (1..).zip(scaled(by_meaning)).zip(by_meaning) {
        let one = fused.entry(paper).or_insert_with(|| blank(paper));
        one.score += share / 2.0;
        one.similarity = Some(*cosine);
        one.semantic_rank = Some(rank);
    }
    let mut list: Vec<Fused> = fused.into_values().collect();
    list.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.paper.cmp(&a.paper)));
    list
}

fn scaled(list: &[(PaperId, f32)]) -> impl Iterator<Item = (PaperId, f32)> {
    let best = list.first().map_or(0.0, |(_, score)| *score);
    let last = list.last().map_or(0.0, |(_, score)| *score);
    let span = (best - last).max(f32::EPSILON);
    list.iter()
        .map(move |(paper, score)| (*paper, (score - last) / span))
}
