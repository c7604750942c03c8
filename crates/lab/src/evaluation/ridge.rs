//! Linear models with a penalty on large weights: quick to train, and truly trained.

use nalgebra::DMatrix;

/// Weights of a linear map with a constant: outputs from inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    // Inputs and, last, the constant by outputs.
    weights: DMatrix<f64>,
}

impl Linear {
    /// The least squares fit of `y` (rows by outputs) from `x` (rows by inputs), plus `penalty` times the squared
    /// weights; the constant is not penalised. `penalty` must be above 0.
    pub fn fit(x: &DMatrix<f64>, y: &DMatrix<f64>, penalty: f64) -> Linear {
        let wide = with_constant(x);
        let mut gram = wide.tr_mul(&wide);
        let constant = x.ncols();
        for i in 0..=constant {
            // A little for the constant too, so that no rows at all still have a solution.
            gram[(i, i)] += if i == constant { 1e-9 } else { penalty };
        }
        let aims = wide.tr_mul(y);
        let weights = match gram.cholesky() {
            Some(factor) => factor.solve(&aims),
            None => DMatrix::zeros(constant + 1, y.ncols()),
        };
        Linear { weights }
    }

    /// The outputs for each row.
    pub fn predict(&self, x: &DMatrix<f64>) -> DMatrix<f64> {
        with_constant(x) * &self.weights
    }

    /// For each row, the output that is greatest: the class, where outputs stand for classes.
    pub fn classes(&self, x: &DMatrix<f64>) -> Vec<usize> {
        self.predict(x)
            .row_iter()
            .map(|row| row.transpose().argmax().0)
            .collect()
    }

    /// The weights of the inputs, without the constant: inputs by outputs.
    pub fn of_inputs(&self) -> DMatrix<f64> {
        self.weights
            .rows(0, self.weights.nrows().saturating_sub(1))
            .into_owned()
    }
}

/// Rows of numbers as a matrix.
pub fn matrix<const N: usize>(rows: &[[f32; N]]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), N, |row, column| f64::from(rows[row][column]))
}

/// Classes as outputs: 1 for the row's class, 0 for the others.
pub fn one_hot(labels: &[usize], classes: usize) -> DMatrix<f64> {
    DMatrix::from_fn(labels.len(), classes, |row, class| {
        f64::from(u8::from(labels[row] == class))
    })
}

fn with_constant(x: &DMatrix<f64>) -> DMatrix<f64> {
    x.clone().insert_column(x.ncols(), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let x = DMatrix::from_row_slice(4, 1, &[0.0, 1.0, 2.0, 3.0]);
        let y = x.map(|x| 2.0 * x + 1.0);
        let found = Linear::fit(&x, &y, 1e-9).predict(&DMatrix::from_element(1, 1, 10.0));
        assert!((found[(0, 0)] - 21.0).abs() < 1e-5);
    }

    #[test]
    fn a_penalty_shrinks_slopes_and_not_the_constant() {
        // Centred x: slope = sum xy / (sum xx + penalty) = 4 / (2 + 2) = 1, constant = mean of y = 5.
        let x = DMatrix::from_row_slice(3, 1, &[-1.0, 0.0, 1.0]);
        let y = DMatrix::from_row_slice(3, 1, &[3.0, 5.0, 7.0]);
        let fitted = Linear::fit(&x, &y, 2.0);
        assert!((fitted.of_inputs()[(0, 0)] - 1.0).abs() < 1e-9);
        assert!((fitted.predict(&DMatrix::zeros(1, 1))[(0, 0)] - 5.0).abs() < 1e-6);
    }

    #[test]
    fn classes_are_told_by_the_greatest_output() {
        let x = DMatrix::from_row_slice(4, 2, &[1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.2, 0.8]);
        let labels = [0, 0, 1, 1];
        assert_eq!(
            Linear::fit(&x, &one_hot(&labels, 2), 0.01).classes(&x),
            labels
        );
    }
}
