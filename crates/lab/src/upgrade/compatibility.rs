//! How well one model's queries find another model's vectors.

use nalgebra::DMatrix;

use crate::mlp::columns_to_unit_length;

/// What queries found.
pub(super) struct Found {
    /// Mean over queries of the average precision: the mean, over the gallery's items of the query's class, of the
    /// precision at each.
    pub(super) map: f64,
    /// For each query, whether the first item is of its class.
    pub(super) right: Vec<bool>,
}

impl Found {
    /// The share of queries whose first item is of their class.
    pub(super) fn top1(&self) -> f64 {
        self.right.iter().filter(|&&r| r).count() as f64 / self.right.len().max(1) as f64
    }

    /// The share of queries that were right `before` and are wrong now (negative flips).
    pub(super) fn flips_from(&self, before: &Found) -> f64 {
        let flips = before
            .right
            .iter()
            .zip(&self.right)
            .filter(|(before, now)| **before && !**now);
        flips.count() as f64 / self.right.len().max(1) as f64
    }
}

/// Vectors in columns with a class each.
#[derive(Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) vectors: &'a DMatrix<f64>,
    pub(super) labels: &'a [usize],
}

/// Ranks the gallery for every query by the cosine of what both have in common: the first numbers, as many as the
/// shorter of the two has.
pub(super) fn search(queries: Labelled<'_>, gallery: Labelled<'_>) -> Found {
    let dims = queries.vectors.nrows().min(gallery.vectors.nrows());
    let unit =
        |set: Labelled<'_>| columns_to_unit_length(&set.vectors.rows(0, dims).into_owned()).0;
    let cosines = unit(gallery).transpose() * unit(queries);
    let (mut map, mut right) = (0.0, Vec::with_capacity(queries.labels.len()));
    for (scores, label) in cosines.column_iter().zip(queries.labels) {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        right.push(
            order
                .first()
                .is_some_and(|&first| gallery.labels[first] == *label),
        );
        map += average_precision(order.iter().map(|&at| gallery.labels[at] == *label));
    }
    Found {
        map: map / queries.labels.len().max(1) as f64,
        right,
    }
}

/// The mean of the precisions at each relevant item; 0 without any.
fn average_precision(relevant: impl Iterator<Item = bool>) -> f64 {
    let (mut hits, mut sum) = (0.0, 0.0);
    for (at, relevant) in relevant.enumerate() {
        if relevant {
            hits += 1.0;
            sum += hits / (at as f64 + 1.0);
        }
    }
    if hits > 0.0 { sum / hits } else { 0.0 }
}

/// A compatibility matrix: entry `[t][k]`, `k ≤ t`, is how well queries of version `t` find vectors of version `k`.
pub(super) struct Matrix(pub(super) Vec<Vec<f64>>);

impl Matrix {
    /// The share of pairs in which a newer model's queries find an older one's vectors better than the older model's
    /// own do. A tie is none.
    pub(super) fn compatibility(&self) -> f64 {
        let pairs: Vec<bool> = self
            .pairs()
            .map(|(new, old)| self.0[new][old] > self.0[old][old])
            .collect();
        pairs.iter().filter(|&&better| better).count() as f64 / pairs.len().max(1) as f64
    }

    /// The mean of all entries.
    pub(super) fn mean(&self) -> f64 {
        let count = self.0.iter().map(Vec::len).sum::<usize>().max(1);
        self.0.iter().flatten().sum::<f64>() / count as f64
    }

    /// The mean of the entries of different versions.
    pub(super) fn across(&self) -> f64 {
        let entries: Vec<f64> = self.pairs().map(|(new, old)| self.0[new][old]).collect();
        entries.iter().sum::<f64>() / entries.len().max(1) as f64
    }

    /// The mean of the entries of versions so many steps apart.
    pub(super) fn apart(&self, steps: usize) -> f64 {
        let entries: Vec<f64> = (steps..self.0.len())
            .map(|new| self.0[new][new - steps])
            .collect();
        entries.iter().sum::<f64>() / entries.len().max(1) as f64
    }

    /// Newer and older version of every pair.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.0.len()).flat_map(|new| (0..new).map(move |old| (new, old)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_averaged_over_what_is_relevant() {
        let precision = average_precision([true, false, true, false].into_iter());
        assert!((precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(average_precision([false, false].into_iter()), 0.0);
    }

    #[test]
    fn a_search_compares_what_both_have() {
        // Queries have three numbers, the gallery two: the third must not matter.
        let queries = DMatrix::from_column_slice(3, 2, &[1.0, 0.0, 9.0, 0.0, 1.0, -9.0]);
        let gallery = DMatrix::from_column_slice(2, 3, &[2.0, 0.1, 0.1, 3.0, -1.0, 0.0]);
        let found = search(
            Labelled {
                vectors: &queries,
                labels: &[7, 8],
            },
            Labelled {
                vectors: &gallery,
                labels: &[7, 8, 8],
            },
        );
        assert_eq!(found.right, [true, true]);
        assert!(
            (found.map - (1.0 + (1.0 + 2.0 / 3.0) / 2.0) / 2.0).abs() < 1e-12,
            "{}",
            found.map
        );
    }

    #[test]
    fn flips_count_what_was_right() {
        let found = |right: [bool; 4]| Found {
            map: 0.0,
            right: right.to_vec(),
        };
        let (before, now) = (
            found([true, true, false, false]),
            found([true, false, true, false]),
        );
        assert_eq!((now.flips_from(&before), now.top1()), (0.25, 0.5));
    }

    #[test]
    fn golden_matrix() {
        let matrix = Matrix(vec![vec![0.5], vec![0.52, 0.6], vec![0.49, 0.61, 0.7]]);
        assert!((matrix.compatibility() - 2.0 / 3.0).abs() < 1e-12);
        assert!((matrix.mean() - 0.57).abs() < 1e-12);
        assert!((matrix.across() - (0.52 + 0.49 + 0.61) / 3.0).abs() < 1e-12);
        assert!((matrix.apart(1) - 0.565).abs() < 1e-12);
        let same = Matrix(vec![vec![0.5], vec![0.5, 0.5]]);
        assert_eq!(same.compatibility(), 0.0, "ties are none");
    }
}
