//! Rounding weights to few levels, a row at a time: what the papers of this family start from.

use nalgebra::DMatrix;

/// Every weight at the nearest of `2^bits` evenly spaced levels between its row's least and greatest weight.
/// Costs `bits` a weight, and 32 bits a row for step and start.
pub(super) fn round_to_nearest(weights: &DMatrix<f64>, bits: u32) -> DMatrix<f64> {
    by_rows(weights, |row| round_between(row, bits, 1.0))
}

/// As [`round_to_nearest`], with each row's range shrunk by the factor (of twenty) that gives the least squared
/// error, where the error of column `j` counts `importance[j]`.
pub(super) fn round_with_clip(
    weights: &DMatrix<f64>,
    bits: u32,
    importance: &[f64],
) -> DMatrix<f64> {
    by_rows(weights, |row| {
        let error = |rounded: &[f64]| -> f64 {
            let squares = row.iter().zip(rounded).map(|(a, b)| (a - b).powi(2));
            squares.zip(importance).map(|(s, i)| s * i).sum()
        };
        (1..=20)
            .map(|share| round_between(row, bits, f64::from(share) / 20.0))
            .min_by(|a, b| error(a).total_cmp(&error(b)))
            .unwrap_or_default()
    })
}

/// Of every four weights in a row that follow each other, the two smaller ones made zero (2:4 sparsity by size).
pub(super) fn keep_two_of_four(weights: &DMatrix<f64>) -> DMatrix<f64> {
    by_rows(weights, |row| {
        let mut kept = row.to_vec();
        for four in kept.chunks_mut(4) {
            let mut order: Vec<usize> = (0..four.len()).collect();
            order.sort_by(|&a, &b| four[b].abs().total_cmp(&four[a].abs()));
            order.iter().skip(2).for_each(|&at| four[at] = 0.0);
        }
        kept
    })
}

fn by_rows(weights: &DMatrix<f64>, change: impl Fn(&[f64]) -> Vec<f64>) -> DMatrix<f64> {
    let mut changed = weights.clone();
    for (at, row) in weights.row_iter().enumerate() {
        let row: Vec<f64> = row.iter().copied().collect();
        for (to, from) in changed.row_mut(at).iter_mut().zip(change(&row)) {
            *to = from;
        }
    }
    changed
}

/// Rounds to levels between least and greatest, both moved towards the middle by `share`.
fn round_between(row: &[f64], bits: u32, share: f64) -> Vec<f64> {
    let (low, high) = row
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &w| {
            (l.min(w), h.max(w))
        });
    let (middle, half) = ((low + high) / 2.0, share * (high - low) / 2.0);
    let top = (1u64 << bits) as f64 - 1.0;
    let step = 2.0 * half / top;
    if step <= 0.0 || !step.is_finite() {
        return vec![middle; row.len()];
    }
    row.iter()
        .map(|w| {
            let level = ((w - (middle - half)) / step).round().clamp(0.0, top);
            middle - half + step * level
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bits_are_four_levels() {
        let weights = DMatrix::from_row_slice(1, 5, &[0.0, 0.9, 1.1, 2.4, 3.0]);
        let rounded = round_to_nearest(&weights, 2);
        assert_eq!(rounded.as_slice(), [0.0, 1.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_clip_gives_up_the_rare_for_the_many() {
        let mut row = vec![0.1, -0.1, 0.2, -0.2, 0.15, -0.15, 0.05, -0.05];
        row.extend([0.5, -0.5]);
        let weights = DMatrix::from_row_slice(1, 10, &row);
        let error = |rounded: &DMatrix<f64>| (rounded - &weights).norm_squared();
        let even = round_with_clip(&weights, 2, &[1.0; 10]);
        assert!(error(&even) < error(&round_to_nearest(&weights, 2)));
        // Where only the two great ones count, nothing is clipped.
        let mut importance = vec![0.0; 8];
        importance.extend([1.0, 1.0]);
        let careful = round_with_clip(&weights, 2, &importance);
        assert!((careful[8] - 0.5).abs() < 1e-12 && (careful[9] + 0.5).abs() < 1e-12);
    }

    #[test]
    fn two_of_four_stay() {
        let weights = DMatrix::from_row_slice(1, 8, &[1.0, -4.0, 2.0, 0.5, 0.0, 3.0, -3.5, 1.0]);
        let kept = keep_two_of_four(&weights);
        assert_eq!(kept.as_slice(), [0.0, -4.0, 2.0, 0.0, 0.0, 3.0, -3.5, 0.0]);
    }
}
