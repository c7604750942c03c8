//! One order from two: by words and by meaning.
//!
//! Both kinds of score are brought to one scale and added:
//!
//! ```text
//! score(d) = (1 - w) * bm25(d) / mean bm25 of the 10 best by words  +  w * cos(d) / mean cosine of the 10 nearest
//! ```
//!
//! This is a convex combination (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", 2023)
//! whose scales come from the query's own lists, so that nothing needs training and both keep their zero: a paper
//! without any of the words has 0 from the words, however few papers have them. Ranks alone (reciprocal rank fusion)
//! forget how much better the first is than the second, and scales from the last of a list depend on how long it is.
//! What else was tried and what it came to is in `docs/hybrid.md`.

use std::cmp::Ordering;
use std::collections::HashMap;

use domain::ids::PaperId;

/// How much meaning counts, 0 to 1; the words have the rest. Best on the sets for choosing, and flat around it.
pub const MEANING: f32 = 0.4;
/// So many of a list's best give the scale of its scores: fewer follow chance, more reach into what does not fit.
pub const SCALE_DEPTH: usize = 10;

/// A paper that either list proposed, with all that is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// Which paper.
    pub paper: PaperId,
    /// What the order is by: about 1 for a paper that is among the best of both lists, seldom above 2.
    pub score: f32,
    /// BM25 score; 0 where the list by words does not have the paper.
    pub lexical: f32,
    /// Cosine of paper and query, where it is known.
    pub similarity: Option<f32>,
    /// Place in the list by words, from 1.
    pub lexical_rank: Option<u32>,
    /// Place in the list by meaning, from 1.
    pub semantic_rank: Option<u32>,
}

/// Fuses the best papers by words (BM25 scores) and by meaning (cosines), each best first and without repetition.
///
/// `similarity` gives the cosine of a paper that only the words proposed, if it has a vector. It is cheap, and worth
/// one to two points of nDCG in a hundred: a cosine is never near 0, so an unknown one cannot be guessed. The BM25
/// score of a paper beyond the list by words is low anyway and counts as 0.
///
/// Best first; of equal scores the greater row, which is the newer paper, first. Scores that are not finite count
/// as 0.
pub fn fuse(
    by_words: &[(PaperId, f32)],
    by_meaning: &[(PaperId, f32)],
    similarity: impl Fn(PaperId) -> Option<f32>,
) -> Vec<Fused> {
    let mut found: HashMap<PaperId, Fused> =
        HashMap::with_capacity(by_words.len() + by_meaning.len());
    for (rank, &(paper, score)) in (1..).zip(by_words) {
        let one = found.entry(paper).or_insert_with(|| blank(paper));
        one.lexical = finite(score);
        one.lexical_rank = Some(rank);
    }
    for (rank, &(paper, cosine)) in (1..).zip(by_meaning) {
        let one = found.entry(paper).or_insert_with(|| blank(paper));
        one.similarity = Some(finite(cosine));
        one.semantic_rank = Some(rank);
    }
    let words = scale(by_words);
    let meaning = scale(by_meaning);
    let mut list: Vec<Fused> = found.into_values().collect();
    for one in &mut list {
        if one.semantic_rank.is_none() && !by_meaning.is_empty() {
            one.similarity = similarity(one.paper).map(finite);
        }
        let cosine = one.similarity.unwrap_or(0.0);
        one.score = (1.0 - MEANING) * one.lexical * words + MEANING * cosine * meaning;
    }
    list.sort_unstable_by(best_first);
    list
}

/// The order of fused lists.
pub(crate) fn best_first(a: &Fused, b: &Fused) -> Ordering {
    b.score.total_cmp(&a.score).then(b.paper.cmp(&a.paper))
}

fn blank(paper: PaperId) -> Fused {
    Fused {
        paper,
        score: 0.0,
        lexical: 0.0,
        similarity: None,
        lexical_rank: None,
        semantic_rank: None,
    }
}

/// The factor that brings a list's scores to about 1 at its top; 0 for a list without a positive score.
fn scale(list: &[(PaperId, f32)]) -> f32 {
    let top = &list[..list.len().min(SCALE_DEPTH)];
    let sum: f32 = top.iter().map(|(_, score)| finite(*score)).sum();
    if sum > 0.0 {
        top.len() as f32 / sum
    } else {
        0.0
    }
}

fn finite(score: f32) -> f32 {
    if score.is_finite() { score } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(scores: &[(u32, f32)]) -> Vec<(PaperId, f32)> {
        scores
            .iter()
            .map(|(row, score)| (PaperId(*row), *score))
            .collect()
    }

    /// Rows and scores, best first.
    #[track_caller]
    fn check(by_words: &[(u32, f32)], by_meaning: &[(u32, f32)], expected: &[(u32, f32)]) {
        let fused = fuse(&list(by_words), &list(by_meaning), |_| Some(0.25));
        let got: Vec<u32> = fused.iter().map(|one| one.paper.0).collect();
        let rows: Vec<u32> = expected.iter().map(|(row, _)| *row).collect();
        assert_eq!(got, rows);
        for (one, (_, score)) in fused.iter().zip(expected) {
            assert!(
                (one.score - score).abs() < 1e-6,
                "{one:?}, expected {score}"
            );
        }
    }

    #[test]
    fn both_scales_are_the_means_of_the_best() {
        // Means 6 and 0.5: 0.6 * 8 / 6 + 0.4 * 0.5 / 0.5 and so on; paper 3 was not near, its cosine is asked.
        check(
            &[(1, 8.0), (3, 4.0)],
            &[(2, 0.5), (1, 0.5)],
            &[(1, 1.2), (3, 0.6), (2, 0.4)],
        );
    }

    #[test]
    fn one_list_alone_keeps_its_order() {
        check(&[(4, 2.0), (9, 1.0)], &[], &[(4, 0.8), (9, 0.4)]);
        check(
            &[],
            &[(9, 0.9), (4, 0.3), (5, -0.3)],
            &[(9, 1.2), (4, 0.4), (5, -0.4)],
        );
        check(&[], &[], &[]);
    }

    #[test]
    fn equal_papers_come_newest_first_and_odd_scores_do_no_harm() {
        check(&[(1, 1.0), (7, 1.0)], &[], &[(7, 0.6), (1, 0.6)]);
        check(
            &[(1, f32::NAN), (2, f32::INFINITY)],
            &[(3, f32::NAN)],
            &[(3, 0.0), (2, 0.0), (1, 0.0)],
        );
    }

    #[test]
    fn the_parts_are_told() {
        let fused = fuse(&list(&[(1, 3.0)]), &list(&[(2, 0.5), (1, 0.4)]), |_| None);
        let one = fused.iter().find(|one| one.paper == PaperId(1)).unwrap();
        assert_eq!((one.lexical_rank, one.semantic_rank), (Some(1), Some(2)));
        assert_eq!((one.lexical, one.similarity), (3.0, Some(0.4)));
        let two = fused.iter().find(|one| one.paper == PaperId(2)).unwrap();
        assert_eq!((two.lexical_rank, two.semantic_rank), (None, Some(1)));
        assert_eq!(two.lexical, 0.0);
    }

    proptest! {
        #[test]
        fn every_candidate_is_there_once_and_in_order(
            by_words in prop::collection::btree_map(0u32..50, 0.0f32..30.0, 0..30),
            by_meaning in prop::collection::btree_map(0u32..50, -1.0f32..1.0, 0..30),
        ) {
            let sorted = |map: &std::collections::BTreeMap<u32, f32>| {
                let mut list: Vec<(PaperId, f32)> = map.iter().map(|(row, score)| (PaperId(*row), *score)).collect();
                list.sort_by(|a, b| b.1.total_cmp(&a.1));
                list
            };
            let fused = fuse(&sorted(&by_words), &sorted(&by_meaning), |_| Some(0.0));
            let mut rows: Vec<u32> = fused.iter().map(|one| one.paper.0).collect();
            prop_assert!(fused.is_sorted_by(|a, b| best_first(a, b) == Ordering::Less));
            rows.sort_unstable();
            let expected: std::collections::BTreeSet<u32> =
                by_words.keys().chain(by_meaning.keys()).copied().collect();
            prop_assert_eq!(rows, expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn scaling_a_list_changes_nothing(
            scores in prop::collection::vec(0.1f32..30.0, 1..30), factor in 0.1f32..10.0,
        ) {
            let mut scores = scores;
            scores.sort_by(|a, b| b.total_cmp(a));
            let of = |factor: f32| -> Vec<(PaperId, f32)> {
                (0..).zip(&scores).map(|(row, score)| (PaperId(row), score * factor)).collect()
            };
            let near = list(&[(3, 0.9), (100, 0.5)]);
            let one = fuse(&of(1.0), &near, |_| Some(0.1));
            let other = fuse(&of(factor), &near, |_| Some(0.1));
            for fused in &one {
                let same = other.iter().find(|o| o.paper == fused.paper).unwrap();
                prop_assert!((fused.score - same.score).abs() < 1e-4);
            }
        }
    }
}
