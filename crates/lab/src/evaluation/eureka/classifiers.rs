//! Six ways to tell digits, good and bad in places of their own.

use nalgebra::DMatrix;

use super::super::ridge::{Linear, matrix, one_hot};
use crate::data::Digits;

/// The classifiers' names, in the order of [`answers`].
pub(super) const NAMES: [&str; 6] = [
    "nearest mean",
    "naive Bayes",
    "linear",
    "nearest neighbour",
    "neighbour, 4 by 4",
    "linear on sums",
];

/// What each classifier says of the pictures, trained on `train`.
pub(super) fn answers(train: &Digits, pictures: &Digits) -> [Vec<usize>; 6] {
    let (x, seen) = (matrix(&train.pixels), matrix(&pictures.pixels));
    let aims = one_hot(&train.labels, 10);
    let (coarse, coarse_seen) = (quarters(&x), quarters(&seen));
    let (sums, sums_seen) = (sums(&x), self::sums(&seen));
    [
        nearest_mean(&x, &train.labels, &seen),
        naive_bayes(&x, &train.labels, &seen),
        Linear::fit(&x, &aims, 1.0).classes(&seen),
        nearest(&x, &train.labels, &seen),
        nearest(&coarse, &train.labels, &coarse_seen),
        Linear::fit(&sums, &aims, 1.0).classes(&sums_seen),
    ]
}

/// The place of the least value of each row's `cost(row, option)`.
fn cheapest(rows: usize, options: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    (0..rows)
        .map(|row| {
            let costs: Vec<f64> = (0..options).map(|option| cost(row, option)).collect();
            (0..options)
                .min_by(|&a, &b| costs[a].total_cmp(&costs[b]))
                .unwrap_or(0)
        })
        .collect()
}

fn squared_distance(x: &DMatrix<f64>, a: usize, y: &DMatrix<f64>, b: usize) -> f64 {
    let pairs = x.row(a).into_iter().zip(y.row(b));
    pairs.map(|(p, q)| (p - q).powi(2)).sum()
}

fn nearest(x: &DMatrix<f64>, labels: &[usize], seen: &DMatrix<f64>) -> Vec<usize> {
    let neighbours = cheapest(seen.nrows(), x.nrows(), |row, other| {
        squared_distance(seen, row, x, other)
    });
    neighbours.into_iter().map(|at| labels[at]).collect()
}

fn nearest_mean(x: &DMatrix<f64>, labels: &[usize], seen: &DMatrix<f64>) -> Vec<usize> {
    let (means, _) = moments(x, labels);
    cheapest(seen.nrows(), 10, |row, class| {
        squared_distance(seen, row, &means, class)
    })
}

fn naive_bayes(x: &DMatrix<f64>, labels: &[usize], seen: &DMatrix<f64>) -> Vec<usize> {
    let (means, variances) = moments(x, labels);
    cheapest(seen.nrows(), 10, |row, class| {
        (0..x.ncols())
            .map(|pixel| {
                // Pixels that are always empty in a class may still have some ink in a new picture.
                let variance = variances[(class, pixel)] + 0.01;
                let off = seen[(row, pixel)] - means[(class, pixel)];
                variance.ln() + off * off / variance
            })
            .sum()
    })
}

/// Each class's mean and variance of each pixel.
fn moments(x: &DMatrix<f64>, labels: &[usize]) -> (DMatrix<f64>, DMatrix<f64>) {
    let members = one_hot(labels, 10);
    let counts = members.row_sum();
    let of = |values: &DMatrix<f64>| {
        let mut sums = members.tr_mul(values);
        for (class, mut row) in sums.row_iter_mut().enumerate() {
            row /= counts[class].max(1.0);
        }
        sums
    };
    let means = of(x);
    let squares = of(&x.map(|v| v * v));
    let variances = squares.zip_map(&means, |square, mean| (square - mean * mean).max(0.0));
    (means, variances)
}

/// Pictures of 4 by 4: the means of four pixels each.
fn quarters(x: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(x.nrows(), 16, |row, at| {
        let (top, left) = (at / 4 * 2, at % 4 * 2);
        let pixel = |down: usize, right: usize| x[(row, (top + down) * 8 + left + right)];
        (pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1)) / 4.0
    })
}

/// The ink of every row and every column.
fn sums(x: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(x.nrows(), 16, |row, at| {
        let pixel = |i: usize| if at < 8 { at * 8 + i } else { i * 8 + at - 8 };
        (0..8).map(|i| x[(row, pixel(i))]).sum::<f64>() / 8.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn every_classifier_has_learnt() {
        let places: Vec<usize> = (0..1200).collect();
        let (train, rest) = places.split_at(600);
        let (train, rest) = (digits().at(train), digits().at(rest));
        for (name, answers) in NAMES.iter().zip(answers(&train, &rest)) {
            let right = answers.iter().zip(&rest.labels).filter(|(a, l)| a == l);
            let accuracy = right.count() as f64 / 600.0;
            assert!(accuracy > 0.7, "{name}: {accuracy}");
        }
    }

    #[test]
    fn coarse_pictures_keep_their_ink() {
        let x = matrix(&digits().pixels[..3]);
        for row in 0..3 {
            let ink = x.row(row).sum();
            assert!((quarters(&x).row(row).sum() * 4.0 - ink).abs() < 1e-9);
            assert!((sums(&x).row(row).sum() * 4.0 - ink).abs() < 1e-9);
        }
    }
}
