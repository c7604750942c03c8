//! How well vectors find their own class: the first neighbour, and the whole ranking.

use crate::autograd::Matrix;

/// Vectors with the class of each.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    /// One vector a row.
    pub vectors: Matrix,
    /// Its class.
    pub labels: Vec<usize>,
}

/// How well queries find their class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// Share of queries whose nearest vector has their class.
    pub first: f64,
    /// Mean over queries of the average precision of the whole ranking.
    pub map: f64,
}

/// Ranks `base` by cosine over the first `width` numbers for each query. Cutting comes before scaling to unit length.
pub(super) fn rank(base: &Labelled, queries: &Labelled, width: usize) -> Found {
    let vectors = unit_prefixes(&base.vectors, width);
    let asked = unit_prefixes(&queries.vectors, width);
    let (mut first, mut map) = (0.0, 0.0);
    for (query, &label) in asked.iter().zip(&queries.labels) {
        let cosine =
            |vector: &Vec<f32>| -> f32 { query.iter().zip(vector).map(|(a, b)| a * b).sum() };
        let mut order: Vec<(f32, usize)> = vectors.iter().map(cosine).zip(0..).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let right: Vec<bool> = order
            .iter()
            .map(|&(_, at)| base.labels[at] == label)
            .collect();
        first += f64::from(u8::from(right[0]));
        map += average_precision(&right);
    }
    let n = queries.labels.len() as f64;
    Found {
        first: first / n,
        map: map / n,
    }
}

/// The mean, over the right ones of a ranking, of the precision down to each. 0 when there is none.
pub(super) fn average_precision(right: &[bool]) -> f64 {
    let (mut found, mut sum) = (0.0, 0.0);
    for (at, _) in right.iter().enumerate().filter(|(_, right)| **right) {
        found += 1.0;
        sum += found / (at + 1) as f64;
    }
    if found == 0.0 { 0.0 } else { sum / found }
}

fn unit_prefixes(vectors: &Matrix, width: usize) -> Vec<Vec<f32>> {
    vectors
        .rows()
        .into_iter()
        .map(|row| ann::prefix::unit_prefix(&row.to_vec(), width))
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn precision_is_averaged_over_the_right_ones() {
        assert_eq!(
            average_precision(&[true, false, true, false]),
            (1.0 + 2.0 / 3.0) / 2.0
        );
        assert_eq!(average_precision(&[false, false]), 0.0);
    }

    #[test]
    fn a_prefix_is_scaled_before_it_is_compared() {
        let base = Labelled {
            // Long, but in another direction within two numbers.
            vectors: arr2(&[[0.0, 9.0, 0.0], [0.6, 0.0, 0.8]]),
            labels: vec![0, 1],
        };
        let query = Labelled {
            vectors: arr2(&[[1.0, 0.5, 0.0]]),
            labels: vec![1],
        };
        let found = rank(&base, &query, 2);
        assert_eq!((found.first, found.map), (1.0, 1.0));
    }
}
