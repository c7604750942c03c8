//! Least squares with a known answer: for starts, and for laws that are straight lines in logarithms.

use nalgebra::{DMatrix, DVector};

use super::data::Data;

/// Coefficients of the columns whose sum is nearest to `y` by least squares, with a weight for every row. None where
/// there are fewer rows than columns or the columns do not decide the answer.
pub fn linear(columns: &[Vec<f64>], y: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
    if y.len() < columns.len() || columns.is_empty() {
        return None;
    }
    // Columns of very different size are brought to one size first: sums of squares of 1e12 beside 1 lose the 1.
    let norm = |column: &[f64]| {
        let square: f64 = column.iter().zip(weights).map(|(v, w)| v * v * w).sum();
        square.sqrt()
    };
    let norms: Vec<f64> = columns.iter().map(|column| norm(column)).collect();
    if norms.iter().any(|n| !n.is_finite() || *n <= 0.0) {
        return None;
    }
    let matrix = DMatrix::from_fn(y.len(), columns.len(), |row, column| {
        columns[column][row] / norms[column] * weights[row].sqrt()
    });
    let right = DVector::from_fn(y.len(), |row, _| y[row] * weights[row].sqrt());
    let svd = matrix.svd(true, true);
    let (least, most) = Data::span(svd.singular_values.as_slice());
    if !least.is_finite() || least <= most * 1e-12 {
        return None;
    }
    let solution = svd.solve(&right, 0.0).ok()?;
    let scaled = solution.iter().zip(&norms).map(|(c, norm)| c / norm);
    Some(scaled.collect())
}

/// Intercept and slope of the line nearest to the points by least squares; a level line where x does not vary.
pub fn line(x: &[f64], y: &[f64]) -> (f64, f64) {
    let n = x.len().max(1) as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let across: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
    let with: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let slope = if across > 0.0 { with / across } else { 0.0 };
    (mean_y - slope * mean_x, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_very_different_size_are_told_apart() {
        let large: Vec<f64> = (0..6).map(|i| 1e12 * f64::from(i * i)).collect();
        let small: Vec<f64> = (0..6).map(|i| 1e-3 * f64::from(i % 3)).collect();
        let y: Vec<f64> = large
            .iter()
            .zip(&small)
            .map(|(l, s)| 2e-12 * l + 5.0 * s)
            .collect();
        let found = linear(&[large, small], &y, &[1.0; 6]).unwrap();
        assert!((found[0] / 2e-12 - 1.0).abs() < 1e-9 && (found[1] - 5.0).abs() < 1e-6);
    }

    #[test]
    fn columns_that_are_the_same_decide_nothing() {
        let column = vec![1.0, 2.0, 3.0];
        assert_eq!(
            linear(&[column.clone(), column], &[1.0; 3], &[1.0; 3]),
            None
        );
        assert_eq!(linear(&[vec![1.0], vec![2.0]], &[1.0], &[1.0]), None);
    }

    #[test]
    fn a_line_is_found() {
        let (intercept, slope) = line(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]);
        assert!((intercept - 1.0).abs() < 1e-12 && (slope - 2.0).abs() < 1e-12);
        assert_eq!(line(&[1.0, 1.0], &[2.0, 4.0]), (3.0, 0.0));
    }
}
