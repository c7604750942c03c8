//! Making a row of attention binary.

use nalgebra::DVector;

/// Where a row becomes one. Each way gets the scale with the least error for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Binary {
    /// Where the score before softmax is not negative.
    ZeroScore,
    /// Where attention is above the row's mean.
    AboveMean,
    /// Where attention is above this share of the row's greatest.
    OfMax(f64),
    /// Where it leaves the least error.
    Best,
}

impl Binary {
    /// The row `v·b` for the row of attention of these scores.
    pub(super) fn row(self, scores: &DVector<f64>, attention: &DVector<f64>) -> DVector<f64> {
        let ones: DVector<f64> = match self {
            Binary::ZeroScore => scores.map(|s| f64::from(s >= 0.0)),
            Binary::AboveMean => above(attention, attention.mean()),
            Binary::OfMax(beta) => above(attention, beta * attention.max()),
            Binary::Best => above(attention, best_threshold(attention)),
        };
        let count = ones.sum();
        if count == 0.0 {
            return ones;
        }
        let scale = attention.dot(&ones) / count;
        ones * scale
    }
}

fn above(row: &DVector<f64>, threshold: f64) -> DVector<f64> {
    row.map(|a| f64::from(a > threshold))
}

pub(super) fn softmax(scores: &DVector<f64>) -> DVector<f64> {
    let greatest = scores.max();
    let powers = scores.map(|s| (s - greatest).exp());
    let sum = powers.sum();
    powers / sum
}

/// The threshold `T* = v*/2` with the least error. Ones are always the greatest numbers of a row, so that trying every
/// count of them finds what the paper's turns settle at, and never a worse resting place.
pub(super) fn best_threshold(row: &DVector<f64>) -> f64 {
    let mut sorted: Vec<f64> = row.iter().copied().collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    // The error is ‖a‖² − (sum of the ones' numbers)² / count.
    let (mut sum, mut best) = (0.0, (0.0, 0.0));
    for (at, value) in sorted.iter().enumerate() {
        sum += value;
        let count = at as f64 + 1.0;
        if sum * sum / count > best.0 {
            best = (sum * sum / count, sum / count);
        }
    }
    best.1 / 2.0
}

/// The slope of the line through zero that predicts best thresholds from greatest numbers, by least squares.
pub(super) fn fit_beta(rows: impl Iterator<Item = DVector<f64>>) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for row in rows {
        let greatest = row.max();
        products += greatest * best_threshold(&row);
        squares += greatest * greatest;
    }
    products / squares
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;
    use crate::mlp::gaussian;

    #[test]
    fn one_great_number_is_one_one() {
        let row = DVector::from_vec(vec![0.7, 0.1, 0.1, 0.1]);
        assert!((best_threshold(&row) - 0.35).abs() < 1e-12);
        let binary = Binary::Best.row(&row, &row);
        assert_eq!(binary.as_slice(), [0.7, 0.0, 0.0, 0.0]);
        // Two alike share the scale; the error is that of the other two.
        let row = DVector::from_vec(vec![0.5, 0.4, 0.05, 0.05]);
        let binary = Binary::OfMax(0.25).row(&row, &row);
        assert!((binary - DVector::from_vec(vec![0.45, 0.45, 0.0, 0.0])).norm() < 1e-12);
    }

    #[test]
    fn the_best_threshold_is_where_the_papers_turns_rest() {
        let mut rng = Rng::seed_from_u64(1);
        for _ in 0..50 {
            let row = softmax(&gaussian(20, 1, &mut rng).column(0).into_owned());
            let threshold = best_threshold(&row);
            let binary = Binary::Best.row(&row, &row);
            // v* = ⟨a,b⟩/⟨b,b⟩ of the ones above T* is 2·T* again.
            assert!((binary.max() / 2.0 - threshold).abs() < 1e-12);
            let error = |b: Binary| (b.row(&row, &row) - &row).norm_squared();
            for share in [0.05, 0.25, 0.5, 0.9] {
                assert!(error(Binary::Best) <= error(Binary::OfMax(share)) + 1e-15);
            }
        }
    }

    #[test]
    fn a_flat_row_is_all_ones() {
        let row = DVector::from_element(5, 0.2);
        assert!((best_threshold(&row) - 0.1).abs() < 1e-12);
        assert!((fit_beta([row].into_iter()) - 0.5).abs() < 1e-12);
    }
}
