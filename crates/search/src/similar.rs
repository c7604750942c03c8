//! Papers near to given papers: similar ones for a paper's page, more like a set of them, and papers that may be the
//! same.

use std::collections::BTreeSet;

use domain::ids::PaperId;
use domain::paper::Paper;
use domain::text::folded;

use crate::engine::{Engine, Error};

/// Most papers that one request may start from.
pub const SET_MAX: usize = 200;
/// From this cosine on, two papers of the same title's words are likely one. A judgment, not a
/// measurement: hence only a suggestion.
pub const SAME_COSINE: f32 = 0.95;

/// Then so many of both titles' words must be shared.
const TITLE_OVERLAP: f32 = 0.6;

/// A paper and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Which paper.
    pub paper: PaperId,
    /// Cosine of its vector and the vector asked with, -1 to 1.
    pub similarity: f32,
}

impl Engine {
    /// The papers nearest in meaning to these, nearest first, without these themselves. With several, to their mean.
    /// Empty while there are no vectors.
    pub fn similar(&self, papers: &[&Paper], limit: usize) -> Result<Vec<Near>, Error> {
        let snapshot = self.index.snapshot();
        let (Some(encoder), Some(vectors)) = (&self.encoder, snapshot.vectors()) else {
            return Ok(Vec::new());
        };
        let papers = &papers[..papers.len().min(SET_MAX)];
        let mut mean = vec![0.0; encoder.dim()];
        let mut one = vec![0.0; encoder.dim()];
        for paper in papers {
            encoder.encode_paper(&paper.title, about(paper), &mut one);
            mean.iter_mut().zip(&one).for_each(|(sum, x)| *sum += x);
        }
        if mean.iter().all(|x| *x == 0.0) {
            return Ok(Vec::new());
        }
        let given: Vec<PaperId> = papers.iter().map(|paper| paper.id).collect();
        let near = vectors.nearest(&mean, limit.saturating_add(given.len()), None)?;
        let others = near.into_iter().filter(|(paper, _)| !given.contains(paper));
        let others = others.map(|(paper, similarity)| Near { paper, similarity });
        Ok(others.take(limit).collect())
    }
}

/// The text that stands for a paper beside its title: the abstract, or the summary where there is none.
pub fn about(paper: &Paper) -> &str {
    match &paper.summary {
        Some(summary) if paper.abstract_text.is_empty() => &summary.text,
        _ => &paper.abstract_text,
    }
}

/// Whether two papers so near to each other may be one paper that came in twice: their titles share most words, too.
/// A suggestion for people, never a reason to unite them.
pub fn may_be_same(a: &Paper, b: &Paper, similarity: f32) -> bool {
    if similarity < SAME_COSINE {
        return false;
    }
    let words = |paper: &Paper| -> BTreeSet<String> {
        let title = folded(&paper.title);
        title
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_string)
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let shared = a.intersection(&b).count();
    let all = a.len() + b.len() - shared;
    all > 0 && shared as f32 >= TITLE_OVERLAP * all as f32
}
