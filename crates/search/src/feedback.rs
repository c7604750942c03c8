//! Feedback without a reader: the first papers of a list say what the query is about.
//!
//! Papers that lie near to the first few of a fused list move up (pseudo-relevance feedback in the manner of Rocchio,
//! "Relevance feedback in information retrieval", 1971, on candidates only, so that nothing is searched a second time):
//!
//! ```text
//! centre   = sum over the first 5 of score(d) * (v(d) - mean), brought to length 1
//! score'(d) = score(d) / score of the first  +  0.2 * cos(v(d) - mean, centre)
//! ```
//!
//! The mean is that of the list's vectors: it takes out what all candidates have in common, which tells none of them
//! from the others.

use domain::ids::PaperId;
use index::vectors::Vectors;

use crate::fuse::{Fused, best_first};

/// So many first papers say what the query is about.
pub const FIRST: usize = 5;
/// A shorter list is left as it is: the first five of it would say what all of it is about.
pub const LIST_MIN: usize = 20;
/// How much nearness to them counts.
pub const STRENGTH: f32 = 0.2;
/// A paper that is nearer to the mean than this has no direction from it.
const SPREAD_MIN: f32 = 1e-3;

/// Papers' vectors of length 1, not one by one, which would cost more than the search: only what is made of them.
pub trait Space {
    /// The scalar products of a vector and these papers', in their order; `None` for papers without a vector.
    fn dots(&self, vector: &[f32], papers: &[PaperId]) -> Vec<Option<f32>>;

    /// The sum of papers' vectors, each times its weight.
    fn weighted_sum(&self, weighted: &[(PaperId, f32)]) -> Vec<f32>;
}

impl Space for Vectors {
    fn dots(&self, vector: &[f32], papers: &[PaperId]) -> Vec<Option<f32>> {
        let length = length(vector);
        let cosines = self.cosines(vector, papers);
        // A vector of another length has no product with any.
        let cosines = cosines.unwrap_or_else(|_| vec![None; papers.len()]);
        cosines
            .into_iter()
            .map(|cosine| Some(cosine? * length))
            .collect()
    }

    fn weighted_sum(&self, weighted: &[(PaperId, f32)]) -> Vec<f32> {
        Vectors::weighted_sum(self, weighted)
    }
}

/// Orders a fused list anew, best first. A paper without a vector has no part in it and keeps its scaled score.
pub fn feed_back(list: &mut [Fused], space: &impl Space) {
    let best = list.first().map_or(0.0, |one| one.score);
    if best <= 0.0 || list.len() < LIST_MIN {
        return;
    }
    let nearness = nearness(list, space);
    for (one, near) in list.iter_mut().zip(nearness) {
        one.score = one.score / best + STRENGTH * near;
    }
    list.sort_unstable_by(best_first);
}

/// The cosine of each paper and the first ones, both seen from the mean of all; 0 where there is none.
fn nearness(list: &[Fused], space: &impl Space) -> Vec<f32> {
    let papers: Vec<PaperId> = list.iter().map(|one| one.paper).collect();
    let known: Vec<PaperId> = list
        .iter()
        .filter(|one| one.similarity.is_some())
        .map(|one| one.paper)
        .collect();
    let share = 1.0 / known.len().max(1) as f32;
    let mean = space.weighted_sum(
        &known
            .iter()
            .map(|paper| (*paper, share))
            .collect::<Vec<_>>(),
    );
    // |v - mean|^2 = 1 - 2 v*mean + |mean|^2, for |v| = 1.
    let square = dot(&mean, &mean);
    let spread = |along: Option<f32>| {
        let spread = (1.0 - 2.0 * along? + square).max(0.0).sqrt();
        (spread > SPREAD_MIN).then_some(spread)
    };
    let spreads: Vec<Option<f32>> = space.dots(&mean, &papers).into_iter().map(spread).collect();
    let firsts: Vec<(PaperId, f32)> = list
        .iter()
        .zip(&spreads)
        .take(FIRST)
        .filter_map(|(one, spread)| Some((one.paper, one.score / (*spread)?)))
        .collect();
    let weights: f32 = firsts.iter().map(|(_, weight)| weight).sum();
    let mut centre = space.weighted_sum(&firsts);
    centre
        .iter_mut()
        .zip(&mean)
        .for_each(|(x, mean)| *x -= weights * mean);
    let reach = length(&centre);
    if !(reach.is_finite() && reach > SPREAD_MIN) {
        return vec![0.0; list.len()];
    }
    let offset = dot(&mean, &centre);
    let dots = space.dots(&centre, &papers).into_iter();
    dots.zip(&spreads)
        .map(|(along, spread)| match (along, spread) {
            (Some(along), Some(spread)) => ((along - offset) / (spread * reach)).clamp(-1.0, 1.0),
            _ => 0.0,
        })
        .collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuse::fuse;

    /// Vectors by paper, brought to length 1.
    struct Held<F>(F);

    impl<V: AsRef<[f32]>, F: Fn(PaperId) -> Option<V>> Held<F> {
        fn unit(&self, paper: PaperId) -> Option<Vec<f32>> {
            let vector = (self.0)(paper)?;
            let length = length(vector.as_ref());
            Some(vector.as_ref().iter().map(|x| x / length).collect())
        }
    }

    impl<V: AsRef<[f32]>, F: Fn(PaperId) -> Option<V>> Space for Held<F> {
        fn dots(&self, vector: &[f32], papers: &[PaperId]) -> Vec<Option<f32>> {
            let dots = papers
                .iter()
                .map(|paper| Some(dot(vector, &self.unit(*paper)?)));
            dots.collect()
        }

        fn weighted_sum(&self, weighted: &[(PaperId, f32)]) -> Vec<f32> {
            let mut sum = Vec::new();
            for (paper, weight) in weighted {
                let vector = self.unit(*paper).unwrap_or_default();
                sum.resize(sum.len().max(vector.len()), 0.0);
                sum.iter_mut()
                    .zip(&vector)
                    .for_each(|(sum, x)| *sum += weight * x);
            }
            sum
        }
    }

    /// Feeds back over the vectors that a function gives.
    fn feed<V: AsRef<[f32]>>(list: &mut [Fused], vector_of: impl Fn(PaperId) -> Option<V>) {
        for one in list.iter_mut() {
            one.similarity = vector_of(one.paper).map(|_| 0.5);
        }
        feed_back(list, &Held(vector_of));
    }

    fn listed(scores: &[f32]) -> Vec<Fused> {
        let by_words: Vec<(PaperId, f32)> = (0..)
            .zip(scores)
            .map(|(row, s)| (PaperId(row), *s))
            .collect();
        fuse(&by_words, &[], |_| None)
    }

    fn rows(list: &[Fused]) -> Vec<u32> {
        list.iter().map(|one| one.paper.0).collect()
    }

    /// Falling scores for 20 papers, of which the first are given.
    fn twenty(first: &[f32]) -> Vec<Fused> {
        let rest = (first.len()..20).map(|row| 1.0 - 0.01 * row as f32);
        listed(&first.iter().copied().chain(rest).collect::<Vec<_>>())
    }

    #[test]
    fn papers_near_to_the_first_move_up() {
        // Five papers about one thing, one about another, one about the first; the others are about the other.
        let mut list = twenty(&[9.0, 8.8, 8.6, 8.4, 8.2, 5.0, 4.8]);
        let (one, other): (&[f32], &[f32]) = (&[1.0, 0.0], &[0.0, 1.0]);
        feed(&mut list, |paper| {
            Some(if paper.0 < 5 || paper.0 == 6 {
                one
            } else {
                other
            })
        });
        assert_eq!(rows(&list)[..7], [0, 1, 2, 3, 4, 6, 5]);
        // 1 for the first, and all of the strength.
        assert!((list[0].score - 1.2).abs() < 1e-5);
    }

    #[test]
    fn what_all_papers_share_is_no_reason() {
        // Beside what they share, odd papers are the opposite of paper 0.
        let mut list = twenty(&[9.0, 3.0, 2.9]);
        let sides: [&[f32]; 2] = [&[5.0, 1.0], &[5.0, -1.0]];
        feed(&mut list, |paper| Some(sides[paper.0 as usize % 2]));
        assert_eq!(rows(&list)[..3], [0, 2, 4]);
    }

    #[test]
    fn a_short_list_stays() {
        let mut list = listed(&[9.0, 3.0, 2.9]);
        let sides: [&[f32]; 2] = [&[5.0, 1.0], &[5.0, -1.0]];
        feed(&mut list, |paper| Some(sides[paper.0 as usize % 2]));
        assert_eq!(rows(&list), [0, 1, 2]);
    }

    #[test]
    fn without_vectors_the_order_stays() {
        let mut list = twenty(&[]);
        let before = rows(&list);
        feed(&mut list, |_| None::<Vec<f32>>);
        feed(&mut list, |_| Some([1.0]));
        feed(&mut list, |_| Some([f32::NAN]));
        feed(&mut list, |_| Some([0.0, 0.0]));
        assert_eq!(rows(&list), before);
        feed(&mut [], |_| Some([1.0]));
    }

    proptest! {
        #[test]
        fn no_paper_is_lost_and_none_gains_more_than_the_strength(
            scores in prop::collection::vec(0.1f32..9.0, 1..40),
            numbers in prop::collection::vec(-1.0f32..1.0, 3 * 40),
        ) {
            let mut scores = scores;
            scores.sort_by(|a, b| b.total_cmp(a));
            let before = listed(&scores);
            let mut after = before.clone();
            let vector = |paper: PaperId| Some(&numbers[3 * paper.0 as usize..][..3]);
            feed(&mut after, vector);
            prop_assert_eq!(after.len(), before.len());
            for one in &after {
                let was = before.iter().find(|b| b.paper == one.paper).unwrap();
                let scale = if before.len() < LIST_MIN { 1.0 } else { before[0].score };
                prop_assert!((one.score - was.score / scale).abs() <= STRENGTH * 1.001);
            }
        }
    }
}
