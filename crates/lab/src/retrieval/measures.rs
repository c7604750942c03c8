//! Measures of rankings.

/// The reciprocal of the rank of the first right one, 0 when it is beyond `depth`.
pub(super) fn reciprocal_rank(right: impl IntoIterator<Item = bool>, depth: usize) -> f64 {
    let at = right.into_iter().take(depth).position(|right| right);
    at.map_or(0.0, |at| 1.0 / (at + 1) as f64)
}

/// Normalised discounted cumulative gain of the first `depth`, right or not; `all` is how many right ones there are.
pub(super) fn ndcg(right: impl IntoIterator<Item = bool>, all: usize, depth: usize) -> f64 {
    let discount = |at: usize| 1.0 / ((at + 2) as f64).log2();
    let best: f64 = (0..all.min(depth)).map(discount).sum();
    let ranked = right.into_iter().take(depth).enumerate();
    let found: f64 = ranked
        .filter(|(_, right)| *right)
        .map(|(at, _)| discount(at))
        .sum();
    if best == 0.0 { 0.0 } else { found / best }
}

/// Places by score, the best first; equals in their order.
pub(super) fn ranking(scores: impl IntoIterator<Item = f32>) -> Vec<usize> {
    let mut order: Vec<(f32, usize)> = scores.into_iter().zip(0..).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_from_one() {
        assert_eq!(reciprocal_rank([false, true, true], 10), 0.5);
        assert_eq!(reciprocal_rank([false, true], 1), 0.0);
    }

    #[test]
    fn gains_are_discounted() {
        assert_eq!(ndcg([true, true, false], 2, 3), 1.0);
        let third = ndcg([false, false, true], 1, 3);
        assert!((third - 0.5).abs() < 1e-12, "1 / log2(4)");
        assert_eq!(ndcg([true], 0, 3), 0.0);
    }

    #[test]
    fn equals_keep_their_order() {
        assert_eq!(ranking([0.1, 0.5, 0.5]), [1, 2, 0]);
    }
}
