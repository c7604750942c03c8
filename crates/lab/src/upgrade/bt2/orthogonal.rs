//! An orthogonal matrix that can be learned: a product of reflections.

use nalgebra::DMatrix;

use crate::frame::Rng;
use crate::mlp::gaussian;

/// `H₁·H₂·…·H_d` with `H = I − 2·v·vᵀ/‖v‖²`: orthogonal whatever the vectors, which are what is learned.
#[derive(Debug, Clone)]
pub(super) struct Orthogonal {
    /// A column a reflection.
    pub(super) vectors: DMatrix<f64>,
}

impl Orthogonal {
    pub(super) fn new(dims: usize, rng: &mut Rng) -> Orthogonal {
        Orthogonal {
            vectors: gaussian(dims, dims, rng),
        }
    }

    /// The matrix, and what each reflection was applied to, the last one's first.
    pub(super) fn matrix(&self) -> (DMatrix<f64>, Vec<DMatrix<f64>>) {
        let dims = self.vectors.nrows();
        let mut product = DMatrix::identity(dims, dims);
        let mut states = Vec::with_capacity(dims);
        for vector in self.vectors.column_iter().rev() {
            states.push(product.clone());
            reflect(&mut product, vector.as_slice());
        }
        (product, states)
    }

    /// The gradient by the vectors, from that by the matrix and the states that [`Orthogonal::matrix`] gave.
    pub(super) fn backward(
        &self,
        states: &[DMatrix<f64>],
        by_matrix: &DMatrix<f64>,
    ) -> DMatrix<f64> {
        let mut gradient = self.vectors.map(|_| 0.0);
        let mut by_state = by_matrix.clone();
        for (at, state) in states.iter().rev().enumerate() {
            let vector = self.vectors.column(at);
            let norm = vector.norm_squared();
            let along = state.transpose() * vector;
            let pulled = by_state.transpose() * vector;
            // y = x − (2/n)·v·⟨v,x⟩, n = ⟨v,v⟩, summed over the columns of x.
            let own = (&by_state * &along + state * &pulled) * (-2.0 / norm)
                + vector * (4.0 * along.dot(&pulled) / (norm * norm));
            gradient.column_mut(at).copy_from(&own);
            reflect(&mut by_state, vector.as_slice());
        }
        gradient
    }
}

fn reflect(columns: &mut DMatrix<f64>, vector: &[f64]) {
    let norm: f64 = vector.iter().map(|v| v * v).sum();
    for mut column in columns.column_iter_mut() {
        let along: f64 = column.iter().zip(vector).map(|(x, v)| x * v).sum();
        let factor = 2.0 * along / norm;
        column
            .iter_mut()
            .zip(vector)
            .for_each(|(x, v)| *x -= factor * v);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_product_of_reflections_is_orthogonal() {
        let (q, _) = Orthogonal::new(7, &mut Rng::seed_from_u64(1)).matrix();
        assert!((&q * q.transpose() - DMatrix::identity(7, 7)).norm() < 1e-12);
    }

    #[test]
    fn gradients_are_the_differences() {
        let mut rng = Rng::seed_from_u64(2);
        let (q, toward) = (Orthogonal::new(4, &mut rng), gaussian(4, 4, &mut rng));
        let (_, states) = q.matrix();
        let gradient = q.backward(&states, &toward);
        for at in 0..16 {
            let value = |by: f64| {
                let mut other = q.clone();
                other.vectors[at] += by;
                other.matrix().0.dot(&toward)
            };
            let slope = (value(1e-6) - value(-1e-6)) / 2e-6;
            assert!(
                (slope - gradient[at]).abs() < 1e-7,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }
}
