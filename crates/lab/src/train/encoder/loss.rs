//! The loss: symmetric InfoNCE over nested prefixes.
//!
//! Anchor `i` is to find positive `i` among the positives of its batch, and the other way about, with each prefix of
//! the vectors by itself: cut, bring to unit length, compare (Matryoshka representation learning, Kusupati et
//! al. 2022). The gradient of a number is the sum over all prefixes that hold it.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::math::exp;

/// A loss and its gradients.
pub(crate) struct Outcome {
    /// The loss with each prefix, unweighted.
    pub(crate) losses: Vec<f64>,
    /// By the anchors' numbers.
    pub(crate) anchors: Array2<f32>,
    /// By the positives' numbers.
    pub(crate) positives: Array2<f32>,
}

/// A prefix and how much its loss counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    pub(crate) dim: usize,
    pub(crate) weight: f32,
}

/// Symmetric InfoNCE of `anchors` and `positives` (one vector a row) at `scale`, the sum over `prefixes`. The loss
/// with one prefix is the mean of both directions' mean cross-entropies.
pub(crate) fn info_nce(
    anchors: ArrayView2<'_, f32>,
    positives: ArrayView2<'_, f32>,
    prefixes: &[Prefix],
    scale: f32,
) -> Outcome {
    let parts: Vec<_> = prefixes
        .par_iter()
        .map(|prefix| {
            let cut = s![.., ..prefix.dim];
            at_prefix(anchors.slice(cut), positives.slice(cut), scale)
        })
        .collect();
    let mut outcome = Outcome {
        losses: Vec::with_capacity(prefixes.len()),
        anchors: Array2::zeros(anchors.raw_dim()),
        positives: Array2::zeros(positives.raw_dim()),
    };
    for (prefix, part) in prefixes.iter().zip(parts) {
        let cut = s![.., ..prefix.dim];
        outcome.losses.push(part.loss);
        outcome
            .anchors
            .slice_mut(cut)
            .scaled_add(prefix.weight, &part.anchors);
        outcome
            .positives
            .slice_mut(cut)
            .scaled_add(prefix.weight, &part.positives);
    }
    outcome
}

/// How far `pupils` point from their `targets`: one less the mean cosine, the sum over `prefixes`. Has no gradient by
/// the targets, which are given.
pub(crate) fn cosine_distance(
    pupils: ArrayView2<'_, f32>,
    targets: ArrayView2<'_, f32>,
    prefixes: &[Prefix],
) -> Outcome {
    let mut outcome = Outcome {
        losses: Vec::with_capacity(prefixes.len()),
        anchors: Array2::zeros(pupils.raw_dim()),
        positives: Array2::zeros(targets.raw_dim()),
    };
    let share = 1.0 / pupils.nrows() as f32;
    for prefix in prefixes {
        let cut = s![.., ..prefix.dim];
        let (unit, lengths) = to_unit_length(pupils.slice(cut));
        let (target, _) = to_unit_length(targets.slice(cut));
        let cosines = (&unit * &target).sum_axis(Axis(1));
        outcome.losses.push(1.0 - f64::from(cosines.sum() * share));
        let gradient = through_unit_length(target * -share, &unit, &lengths);
        outcome
            .anchors
            .slice_mut(cut)
            .scaled_add(prefix.weight, &gradient);
    }
    outcome
}

struct Part {
    loss: f64,
    anchors: Array2<f32>,
    positives: Array2<f32>,
}

fn at_prefix(anchors: ArrayView2<'_, f32>, positives: ArrayView2<'_, f32>, scale: f32) -> Part {
    let n = anchors.nrows();
    let (a, a_lengths) = to_unit_length(anchors);
    let (p, p_lengths) = to_unit_length(positives);
    let mut logits = Array2::zeros((n, n));
    general_mat_mul(scale, &a, &p.t(), 0.0, &mut logits);
    let (loss, by_logits) = cross_entropy_both_ways(logits, scale);
    let mut by_a = Array2::zeros(a.raw_dim());
    general_mat_mul(scale, &by_logits, &p, 0.0, &mut by_a);
    let mut by_p = Array2::zeros(p.raw_dim());
    general_mat_mul(scale, &by_logits.t(), &a, 0.0, &mut by_p);
    Part {
        loss,
        anchors: through_unit_length(by_a, &a, &a_lengths),
        positives: through_unit_length(by_p, &p, &p_lengths),
    }
}

/// The mean of rows' and columns' mean cross-entropies, row `i`'s answer being column `i`, and its gradient. No logit
/// is larger than `scale`, so exponentials of their difference neither overflow nor, at the scales in use, vanish.
fn cross_entropy_both_ways(mut logits: Array2<f32>, scale: f32) -> (f64, Array2<f32>) {
    let n = logits.nrows();
    let share = 0.5 / n as f32;
    let right: f64 = logits.diag().iter().map(|l| f64::from(l - scale)).sum();
    let flat = logits
        .as_slice_mut()
        .expect("a new array lies in one piece");
    let mut column_sums = vec![0.0_f32; n];
    let mut row_sums = Vec::with_capacity(n);
    for row in flat.chunks_exact_mut(n) {
        row.iter_mut().for_each(|l| *l = exp(*l - scale));
        column_sums
            .iter_mut()
            .zip(&*row)
            .for_each(|(sum, e)| *sum += e);
        row_sums.push(row.iter().sum::<f32>());
    }
    let by_column: Vec<f32> = column_sums.iter().map(|sum| share / sum).collect();
    for (row, row_sum) in flat.chunks_exact_mut(n).zip(&row_sums) {
        let by_row = share / row_sum;
        row.iter_mut()
            .zip(&by_column)
            .for_each(|(e, by_column)| *e *= by_row + by_column);
    }
    logits.diag_mut().iter_mut().for_each(|g| *g -= 2.0 * share);
    let logs = row_sums
        .iter()
        .chain(&column_sums)
        .map(|sum| f64::from(sum.ln()));
    ((logs.sum::<f64>() - 2.0 * right) * 0.5 / n as f64, logits)
}

/// The rows at unit length, and what length they had. A row of zeros stays as it is.
fn to_unit_length(rows: ArrayView2<'_, f32>) -> (Array2<f32>, Vec<f32>) {
    let mut unit = rows.to_owned();
    let lengths = unit
        .axis_iter_mut(Axis(0))
        .map(|mut row| {
            let length = row.dot(&row).sqrt();
            if length > 0.0 {
                row /= length;
            }
            length
        })
        .collect();
    (unit, lengths)
}

/// The gradient before bringing to unit length: what points along the vector is lost, the rest shrinks by its length.
fn through_unit_length(
    mut gradient: Array2<f32>,
    unit: &Array2<f32>,
    lengths: &[f32],
) -> Array2<f32> {
    for ((mut g, u), length) in gradient
        .rows_mut()
        .into_iter()
        .zip(unit.rows())
        .zip(lengths)
    {
        if *length > 0.0 {
            let along = g.dot(&u);
            g.zip_mut_with(&u, |g, u| *g = (*g - along * u) / length);
        } else {
            g.fill(0.0);
        }
    }
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix filled row by row with sin(start), sin(start + 1), ...
    fn sines(rows: usize, columns: usize, start: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, columns), |(r, c)| {
            ((start + r * columns + c) as f64).sin() as f32
        })
    }

    const PREFIXES: [Prefix; 3] = [
        Prefix {
            dim: 2,
            weight: 1.0,
        },
        Prefix {
            dim: 4,
            weight: 1.0,
        },
        Prefix {
            dim: 8,
            weight: 1.0,
        },
    ];

    #[test]
    fn known_losses_of_nested_prefixes() {
        let (a, p) = (sines(3, 8, 1), sines(3, 8, 201));
        // One direction's losses, from a computation in f64 elsewhere.
        for (prefix, expected) in
            PREFIXES
                .iter()
                .zip([4.480_193_68_f64, 4.167_100_94, 4.224_682_72])
        {
            let cut = s![.., ..prefix.dim];
            let (a, _) = to_unit_length(a.slice(cut));
            let (p, _) = to_unit_length(p.slice(cut));
            let logits = a.dot(&p.t()) * 20.0;
            let of_row = |i: usize| logits.row(i).mapv(f32::exp).sum().ln() - logits[[i, i]];
            let loss = (0..3).map(of_row).sum::<f32>() / 3.0;
            assert!(
                (f64::from(loss) - expected).abs() < 1e-4,
                "{loss} is not {expected}"
            );
        }
    }

    #[test]
    fn numbers_beyond_a_prefix_do_not_change_its_loss() {
        let (mut a, p) = (sines(3, 8, 1), sines(3, 8, 201));
        let before = info_nce(a.view(), p.view(), &PREFIXES[..1], 20.0);
        a.slice_mut(s![.., 2..]).fill(7.0);
        let after = info_nce(a.view(), p.view(), &PREFIXES[..1], 20.0);
        assert_eq!(before.losses, after.losses);
        assert!(after.anchors.slice(s![.., 2..]).iter().all(|g| *g == 0.0));
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let (mut a, p) = (sines(5, 8, 1), sines(5, 8, 201));
        let weighted = |a: &Array2<f32>| {
            let outcome = info_nce(a.view(), p.view(), &PREFIXES, 5.0);
            outcome.losses.iter().sum::<f64>()
        };
        let gradient = info_nce(a.view(), p.view(), &PREFIXES, 5.0).anchors;
        for (r, c) in [(0, 0), (1, 1), (2, 3), (4, 7), (3, 5)] {
            let kept = a[[r, c]];
            let step = 1e-2;
            a[[r, c]] = kept + step;
            let above = weighted(&a);
            a[[r, c]] = kept - step;
            let below = weighted(&a);
            a[[r, c]] = kept;
            let expected = ((above - below) / f64::from(2.0 * step)) as f32;
            let found = gradient[[r, c]];
            assert!(
                (found - expected).abs() < 2e-3,
                "{found} is not {expected} at {r}, {c}"
            );
        }
    }

    #[test]
    fn distance_falls_as_its_gradient_says() {
        let (mut a, p) = (sines(5, 8, 1), sines(5, 8, 201));
        let loss = |a: &Array2<f32>| {
            let outcome = cosine_distance(a.view(), p.view(), &PREFIXES);
            outcome.losses.iter().sum::<f64>()
        };
        let gradient = cosine_distance(a.view(), p.view(), &PREFIXES).anchors;
        for at in [(0, 0), (2, 3), (4, 7)] {
            let kept = a[at];
            a[at] = kept + 1e-2;
            let above = loss(&a);
            a[at] = kept - 1e-2;
            let below = loss(&a);
            a[at] = kept;
            let expected = ((above - below) / 2e-2) as f32;
            assert!(
                (gradient[at] - expected).abs() < 1e-3,
                "{} {expected}",
                gradient[at]
            );
        }
    }

    #[test]
    fn both_sides_have_the_same_loss_when_they_change_places() {
        let (a, p) = (sines(4, 8, 1), sines(4, 8, 201));
        let there = info_nce(a.view(), p.view(), &PREFIXES, 20.0);
        let back = info_nce(p.view(), a.view(), &PREFIXES, 20.0);
        for (x, y) in there.losses.iter().zip(&back.losses) {
            assert!((x - y).abs() < 1e-6);
        }
        assert!(
            (there.anchors - back.positives)
                .iter()
                .all(|x| x.abs() < 1e-5)
        );
    }
}
