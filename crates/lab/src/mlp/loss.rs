//! Losses over columns, with their gradients.

use nalgebra::DMatrix;

/// Mean cross-entropy of the columns' softmax against their labels, in nats, and its gradient by the logits.
pub fn cross_entropy(logits: &DMatrix<f64>, labels: &[usize]) -> (f64, DMatrix<f64>) {
    let share = 1.0 / labels.len().max(1) as f64;
    let mut gradient = logits.clone();
    let mut loss = 0.0;
    for (mut column, &label) in gradient.column_iter_mut().zip(labels) {
        let greatest = column.max();
        column.apply(|z| *z = (*z - greatest).exp());
        let sum = column.sum();
        loss -= share * (column[label] / sum).ln();
        column *= share / sum;
        column[label] -= share;
    }
    (loss, gradient)
}

/// The share of columns whose greatest number stands at their label.
pub fn accuracy(logits: &DMatrix<f64>, labels: &[usize]) -> f64 {
    let right = logits
        .column_iter()
        .zip(labels)
        .filter(|(column, label)| column.argmax().0 == **label);
    right.count() as f64 / labels.len().max(1) as f64
}

/// The columns brought to length 1, and the lengths that they had. A column of zeros stays one.
pub fn columns_to_unit_length(columns: &DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>) {
    let lengths: Vec<f64> = columns
        .column_iter()
        .map(|column| column.norm().max(1e-12))
        .collect();
    let mut unit = columns.clone();
    for (mut column, length) in unit.column_iter_mut().zip(&lengths) {
        column /= *length;
    }
    (unit, lengths)
}

/// The gradient by the columns, from the gradient by the columns of unit length: `(g − û⟨û,g⟩) / ‖u‖`.
pub fn through_unit_length(
    mut gradient: DMatrix<f64>,
    unit: &DMatrix<f64>,
    lengths: &[f64],
) -> DMatrix<f64> {
    for ((mut g, u), length) in gradient
        .column_iter_mut()
        .zip(unit.column_iter())
        .zip(lengths)
    {
        let along = g.dot(&u);
        g.axpy(-along, &u, 1.0);
        g /= *length;
    }
    gradient
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;
    use crate::mlp::gaussian;

    #[test]
    fn cross_entropy_of_even_logits_is_the_logarithm_of_the_classes() {
        let (loss, gradient) = cross_entropy(&DMatrix::zeros(4, 2), &[0, 3]);
        assert!((loss - 4f64.ln()).abs() < 1e-12);
        assert!((gradient[(0, 0)] + 0.375).abs() < 1e-12, "(1/4 - 1) / 2");
        assert!((gradient[(1, 0)] - 0.125).abs() < 1e-12, "1/4 / 2");
    }

    #[test]
    fn accuracy_counts_the_greatest() {
        let logits = DMatrix::from_row_slice(2, 4, &[1.0, 0.0, 3.0, 1.0, 0.0, 1.0, 2.0, 5.0]);
        assert_eq!(accuracy(&logits, &[0, 1, 1, 1]), 0.75);
    }

    #[test]
    fn the_gradient_through_unit_length_is_the_difference() {
        let mut rng = Rng::seed_from_u64(1);
        let (columns, weights) = (gaussian(3, 2, &mut rng), gaussian(3, 2, &mut rng));
        let value = |columns: &DMatrix<f64>| columns_to_unit_length(columns).0.dot(&weights);
        let (unit, lengths) = columns_to_unit_length(&columns);
        let gradient = through_unit_length(weights.clone(), &unit, &lengths);
        for at in 0..6 {
            let nudged = |by: f64| {
                let mut other = columns.clone();
                other[at] += by;
                value(&other)
            };
            let slope = (nudged(1e-6) - nudged(-1e-6)) / 2e-6;
            assert!(
                (slope - gradient[at]).abs() < 1e-8,
                "{slope} {}",
                gradient[at]
            );
        }
    }
}
