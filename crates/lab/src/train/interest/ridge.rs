//! Weighted ridge regression by its normal equations: some hundred numbers a row, so they fit in a square that
//! Cholesky's factors solve exactly and alike on every machine.

use anyhow::{Result, ensure};
use ndarray::Array2;

/// A fitted regression.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) weights: Vec<f64>,
    /// The number of the mean row.
    pub(super) level: f64,
}

impl Fit {
    pub(super) fn number(&self, row: &[f64]) -> f64 {
        dot(&self.weights, row)
    }
}

/// Minimises `sum w (y - a - x b)^2 + penalty |b|^2`; the level `a` is free.
pub(super) fn fit(
    rows: &[Vec<f64>],
    targets: &[f64],
    weights: &[f64],
    penalty: f64,
) -> Result<Fit> {
    let columns = rows.first().map_or(0, Vec::len);
    let all: f64 = weights.iter().sum();
    ensure!(all > 0.0 && penalty > 0.0, "nothing to fit a regression to");
    let mut mean = vec![0.0; columns];
    let mut target_mean = 0.0;
    for ((row, target), weight) in rows.iter().zip(targets).zip(weights) {
        target_mean += weight / all * target;
        mean.iter_mut()
            .zip(row)
            .for_each(|(mean, x)| *mean += weight / all * x);
    }
    // Rows scaled by the roots of their weights: then the products are plain ones.
    let seen: Vec<usize> = (0..rows.len()).filter(|i| weights[*i] > 0.0).collect();
    let mut scaled = Array2::<f64>::zeros((seen.len(), columns));
    let mut products = vec![0.0; columns];
    for (mut into, i) in scaled.outer_iter_mut().zip(&seen) {
        let root = weights[*i].sqrt();
        for (column, x) in rows[*i].iter().enumerate() {
            into[column] = root * (x - mean[column]);
            products[column] += root * into[column] * (targets[*i] - target_mean);
        }
    }
    let mut square = scaled.t().dot(&scaled);
    square.diag_mut().iter_mut().for_each(|x| *x += penalty);
    let weights = solve(square, &products);
    Ok(Fit {
        level: dot(&weights, &mean),
        weights,
    })
}

/// Solves a symmetric positive definite system by Cholesky's factors.
fn solve(mut square: Array2<f64>, right: &[f64]) -> Vec<f64> {
    let n = right.len();
    for j in 0..n {
        for k in 0..j {
            let factor = square[[j, k]];
            for i in j..n {
                let product = factor * square[[i, k]];
                square[[i, j]] -= product;
            }
        }
        let root = square[[j, j]].sqrt();
        for i in j..n {
            square[[i, j]] /= root;
        }
    }
    let mut solution = right.to_vec();
    for i in 0..n {
        for k in 0..i {
            solution[i] -= square[[i, k]] * solution[k];
        }
        solution[i] /= square[[i, i]];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            solution[i] -= square[[k, i]] * solution[k];
        }
        solution[i] /= square[[i, i]];
    }
    solution
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_again() {
        let rows: Vec<Vec<f64>> = (0..50)
            .map(|i| vec![f64::from(i % 7), f64::from(i % 5), 1.0])
            .collect();
        let targets: Vec<f64> = rows.iter().map(|r| 3.0 * r[0] - 2.0 * r[1] + 9.0).collect();
        let fit = fit(&rows, &targets, &vec![1.0; 50], 1e-9).unwrap();
        assert!((fit.weights[0] - 3.0).abs() < 1e-6 && (fit.weights[1] + 2.0).abs() < 1e-6);
        // A column without spread has nothing to say.
        assert!(fit.weights[2].abs() < 1e-6);
    }

    #[test]
    fn the_penalty_and_the_weights_do_what_is_said() {
        // One column x = -1, 1 and y = x: b = sum w x^2 / (sum w x^2 + penalty).
        let rows = vec![vec![-1.0], vec![1.0], vec![5.0]];
        let fit = fit(&rows, &[-1.0, 1.0, 77.0], &[2.0, 2.0, 0.0], 1.0).unwrap();
        assert!((fit.weights[0] - 0.8).abs() < 1e-12);
        assert!(super::fit(&rows, &[0.0; 3], &[0.0; 3], 1.0).is_err());
    }
}
