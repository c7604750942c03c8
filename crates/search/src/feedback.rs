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

use crate::fuse::{Fused, best_first};

/// So many first papers say what the query is about.
pub const FIRST: usize = 5;
/// A shorter list is left as it is: the first five of it would say what all of it is about.
pub const LIST_MIN: usize = 20;
/// How much nearness to them counts.
pub const STRENGTH: f32 = 0.2;

/// Orders a fused list anew, best first. `vector_of` gives papers' vectors, all of one length; a paper without one
/// has no part in it and keeps its scaled score.
pub fn feed_back<'v>(list: &mut [Fused], vector_of: impl Fn(PaperId) -> Option<&'v [f32]>) {
    let best = list.first().map_or(0.0, |one| one.score);
    if best <= 0.0 || list.len() < LIST_MIN {
        return;
    }
    let vectors: Vec<Option<&[f32]>> = list.iter().map(|one| vector_of(one.paper)).collect();
    let mean = mean(&vectors);
    let vectors: Vec<Option<Vec<f32>>> = vectors
        .into_iter()
        .map(|vector| centred(vector?, &mean))
        .collect();
    let mut centre = vec![0.0; mean.len()];
    for (one, vector) in list.iter().zip(&vectors).take(FIRST) {
        for (sum, x) in centre.iter_mut().zip(vector.iter().flatten()) {
            *sum += one.score * x;
        }
    }
    let centre = unit(centre);
    for (one, vector) in list.iter_mut().zip(&vectors) {
        one.score /= best;
        if let (Some(vector), Some(centre)) = (vector, &centre) {
            one.score += STRENGTH * dot(vector, centre);
        }
    }
    list.sort_unstable_by(best_first);
}

/// The mean of the vectors that are as long as the first.
fn mean(vectors: &[Option<&[f32]>]) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut count = 0.0;
    for vector in vectors.iter().flatten() {
        if sum.is_empty() {
            sum.resize(vector.len(), 0.0);
        }
        if vector.len() == sum.len() {
            sum.iter_mut().zip(*vector).for_each(|(sum, x)| *sum += x);
            count += 1.0;
        }
    }
    sum.iter_mut().for_each(|x| *x /= count);
    sum
}

/// The vector less the mean, of length 1; `None` if nothing is left or it is of another length.
fn centred(vector: &[f32], mean: &[f32]) -> Option<Vec<f32>> {
    if vector.len() != mean.len() {
        return None;
    }
    unit(vector.iter().zip(mean).map(|(x, mean)| x - mean).collect())
}

/// Brought to length 1; `None` for zeros and for what is not finite.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = dot(&vector, &vector).sqrt();
    if !(length.is_finite() && length > 1e-6) {
        return None;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Some(vector)
}

/// The scalar product: the cosine of vectors of length 1.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums side by side, which the compiler keeps in vector registers.
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuse::fuse;

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
        feed_back(&mut list, |paper| {
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
        feed_back(&mut list, |paper| Some(sides[paper.0 as usize % 2]));
        assert_eq!(rows(&list)[..3], [0, 2, 1]);
    }

    #[test]
    fn a_short_list_stays() {
        let mut list = listed(&[9.0, 3.0, 2.9]);
        let sides: [&[f32]; 2] = [&[5.0, 1.0], &[5.0, -1.0]];
        feed_back(&mut list, |paper| Some(sides[paper.0 as usize % 2]));
        assert_eq!(rows(&list), [0, 1, 2]);
    }

    #[test]
    fn without_vectors_the_order_stays() {
        let mut list = twenty(&[]);
        let before = rows(&list);
        feed_back(&mut list, |_| None);
        feed_back(&mut list, |paper| Some(&[1.0; 20][..paper.0 as usize]));
        feed_back(&mut list, |_| Some(&[1.0]));
        feed_back(&mut list, |_| Some(&[f32::NAN]));
        assert_eq!(rows(&list), before);
        feed_back(&mut [], |_| Some(&[1.0]));
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
            feed_back(&mut after, vector);
            prop_assert_eq!(after.len(), before.len());
            for one in &after {
                let was = before.iter().find(|b| b.paper == one.paper).unwrap();
                let scale = if before.len() < LIST_MIN { 1.0 } else { before[0].score };
                prop_assert!((one.score - was.score / scale).abs() <= STRENGTH * 1.001);
            }
        }
    }
}
