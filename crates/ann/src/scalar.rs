//! Eight-bit scalar codes: a query of 16 bits against vectors of 8, exact in integers; and rounding that
//! pushes its error to where queries do not look.

use crate::kernels::{self, PANEL};
use crate::matrix::cholesky;

/// A query scaled to 16-bit integers so that its product with any byte code fits 32 bits.
#[derive(Debug, Clone, Default)]
pub struct Query16 {
    values: Vec<i16>,
    unit: f32,
}

impl Query16 {
    /// Scales `query`. A query of zeros, or with a number that is not finite, becomes zeros.
    pub fn new(query: &[f32]) -> Query16 {
        let mut scaled = Query16::default();
        scaled.set(query);
        scaled
    }

    /// As [`Query16::new`], into the same memory.
    pub fn set(&mut self, query: &[f32]) {
        let greatest = query.iter().fold(0f32, |m, x| m.max(x.abs()));
        let total: f32 = query.iter().map(|x| x.abs()).sum();
        // Two limits: one number fits 16 bits, and 128·Σ|q| fits 31 (with room for the rounding).
        let room = 2f32.powi(24) - query.len() as f32;
        let scale = (32_767.0 / greatest).min(room / total);
        let usable = total.is_finite() && total > 0.0 && scale.is_finite() && scale > 0.0;
        let scale = if usable { scale } else { 0.0 };
        self.unit = if usable { 1.0 / scale } else { 0.0 };
        self.values.clear();
        // A NaN times 0 stays NaN, which the conversion makes 0.
        self.values
            .extend(query.iter().map(|x| (x * scale).round() as i16));
    }

    /// What one unit of an integer product is worth.
    pub fn unit(&self) -> f32 {
        self.unit
    }

    /// The scaled numbers.
    pub fn values(&self) -> &[i16] {
        &self.values
    }

    /// `⟨query, code⟩`, for a code (or a prefix of one) in units of its step.
    #[inline]
    pub fn dot(&self, code: &[i8]) -> f32 {
        self.unit * kernels::dot_i16_i8(&self.values[..code.len()], code) as f32
    }
}

/// Byte columns laid out for one query against all of them: panels of [`PANEL`] columns, two dimensions at
/// a time, filled with zeros.
#[derive(Debug, Clone, Default)]
pub struct BytePanels {
    data: Vec<i8>,
    /// Dimensions, rounded up to pairs.
    dim: usize,
}

impl BytePanels {
    /// Lays out the first `dim` numbers of each column (rows of `stride` bytes).
    pub fn new(columns: &[i8], stride: usize, dim: usize) -> BytePanels {
        assert!(0 < dim && dim <= stride, "a prefix of the columns");
        let even = dim.next_multiple_of(2);
        let panels = (columns.len() / stride).div_ceil(PANEL);
        let mut data = vec![0; panels * even * PANEL];
        for (c, column) in columns.chunks_exact(stride).enumerate() {
            let panel = &mut data[c / PANEL * even * PANEL..];
            for (d, &value) in column[..dim].iter().enumerate() {
                panel[d / 2 * 2 * PANEL + c % PANEL * 2 + d % 2] = value;
            }
        }
        BytePanels { data, dim: even }
    }

    /// The product of `query` with every column, and with the filling of the last panel.
    pub fn products(&self, query: &Query16, out: &mut Vec<i32>) {
        let mut prefix = query.values[..self.dim.min(query.values.len())].to_vec();
        prefix.resize(self.dim, 0);
        let size = self.dim * PANEL;
        out.resize(self.data.len() / size * PANEL, 0);
        for (panel, out) in self
            .data
            .chunks_exact(size)
            .zip(out.chunks_exact_mut(PANEL))
        {
            kernels::panel_dot_i8(&prefix, panel, out);
        }
    }
}

/// Rounds to multiples of `step`, within ±127.
pub fn quantise(vector: &[f32], step: f32, code: &mut [i8]) {
    let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
    for (code, x) in code.iter_mut().zip(vector) {
        *code = (x * inverse).round().clamp(-127.0, 127.0) as i8;
    }
}

/// The step at which the greatest number just fits.
pub fn step_for(vector: &[f32]) -> f32 {
    vector.iter().fold(0f32, |m, x| m.max(x.abs())) / 127.0
}

/// Rounding shaped by the queries: each coordinate's error is carried into the coordinates not yet rounded
/// so that `eᵀ·S·e` becomes small, where `S` is the second-moment matrix of the queries. Errors then lie
/// where queries have little weight. (Weighting compression errors by the input's moments is EoRA's idea,
/// arXiv 2410.21271; carrying them on is GPTQ's, arXiv 2210.17323.)
#[derive(Debug, Clone)]
pub struct Shaper {
    /// Row `j`: what one unit of error of coordinate `j` takes from the coordinates after it.
    carry: Vec<f32>,
    dim: usize,
}

impl Shaper {
    /// From the second moments of the queries in the coordinates that are rounded. A matrix that is not
    /// positive definite (even with a little added to its diagonal) gives plain rounding.
    pub fn new(moments: &[f64], dim: usize) -> Shaper {
        let trace: f64 = (0..dim).map(|i| moments[i * dim + i]).sum();
        let mut damped = moments.to_vec();
        (0..dim).for_each(|i| damped[i * dim + i] += 1e-4 * trace / dim as f64);
        // With S = Lᵀ·L (L lower triangular), eᵀSe = Σⱼ (Lⱼ·e)², and row j of L involves the errors of
        // coordinates 0..=j only. So coordinate j should aim at −(Σ_{i<j} Lⱼᵢeᵢ) / Lⱼⱼ.
        let reversed: Vec<f64> = damped.iter().rev().copied().collect();
        let Some(factor) = cholesky(&reversed, dim) else {
            return Shaper {
                carry: vec![0.0; dim * dim],
                dim,
            };
        };
        // The factor of the reversed matrix, reversed again, is upper: S = U·Uᵀ, so L = Uᵀ.
        let upper = |i: usize, j: usize| factor[(dim - 1 - i) * dim + (dim - 1 - j)];
        let mut carry = vec![0f32; dim * dim];
        for i in 0..dim {
            for j in i + 1..dim {
                carry[i * dim + j] = (upper(i, j) / upper(j, j)) as f32;
            }
        }
        Shaper { carry, dim }
    }

    /// Rounds `vector` to multiples of `step`, within ±127. `targets` is room to work in.
    pub fn quantise(&self, vector: &[f32], step: f32, targets: &mut Vec<f32>, code: &mut [i8]) {
        let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
        targets.clear();
        targets.extend_from_slice(vector);
        for j in 0..self.dim {
            let rounded = (targets[j] * inverse).round().clamp(-127.0, 127.0);
            code[j] = rounded as i8;
            let error = rounded * step - vector[j];
            let row = &self.carry[j * self.dim..(j + 1) * self.dim];
            kernels::add_scaled(&mut targets[j + 1..], -error, &row[j + 1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Rows, second_moments};
    use crate::random::Random;

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    #[test]
    fn a_16_bit_query_scores_as_a_float_query() {
        let (query, code) = (normals(256, 1), normals(256, 2));
        let code: Vec<i8> = code.iter().map(|x| (x * 40.0) as i8).collect();
        let exact: f32 = query
            .iter()
            .zip(&code)
            .map(|(q, &x)| q * f32::from(x))
            .sum();
        let got = Query16::new(&query).dot(&code);
        assert!((got - exact).abs() < 0.05, "{got} {exact}");
        let prefix: f32 = query
            .iter()
            .zip(&code[..32])
            .map(|(q, &x)| q * f32::from(x))
            .sum();
        assert!((Query16::new(&query).dot(&code[..32]) - prefix).abs() < 0.05);
    }

    #[test]
    fn panels_of_bytes_give_the_same_products() {
        let code: Vec<i8> = normals(70 * 9, 2)
            .iter()
            .map(|x| (x * 40.0) as i8)
            .collect();
        for prefix in [1, 4, 9] {
            let query = Query16::new(&normals(9, 1));
            let mut products = Vec::new();
            BytePanels::new(&code, 9, prefix).products(&query, &mut products);
            for (column, &product) in code.chunks_exact(9).zip(&products) {
                let expected = kernels::dot_i16_i8(&query.values()[..prefix], &column[..prefix]);
                // The padding of an odd prefix multiplies the next number of the query by zero.
                assert_eq!(product, expected);
            }
        }
    }

    #[test]
    fn hostile_queries_become_zeros_and_never_overflow() {
        let code = vec![-128i8; 300];
        for value in [0.0, f32::NAN, f32::INFINITY, f32::from_bits(1)] {
            let got = Query16::new(&[value; 300]).dot(&code);
            assert!(got == 0.0 || got.abs() < 1e-30, "{value}: {got}");
        }
        let got = Query16::new(&[f32::MAX / 1e4; 300]).dot(&code);
        assert!(got < -1e36, "{got}");
    }

    #[test]
    fn shaped_errors_hurt_queries_less() {
        let dim = 32;
        // Queries mostly along one direction of unequal parts.
        let mut queries = normals(400 * dim, 3);
        let axis = normals(dim, 4);
        for query in queries.chunks_exact_mut(dim) {
            let along = 3.0 * query[0];
            query
                .iter_mut()
                .zip(&axis)
                .for_each(|(q, a)| *q = 0.3 * *q + along * a);
        }
        let queries = Rows::new(&queries, dim);
        let shaper = Shaper::new(&second_moments(queries), dim);
        let (mut plain_error, mut shaped_error) = (0.0, 0.0);
        let (mut code, mut targets) = (vec![0i8; dim], Vec::new());
        for seed in 10..60 {
            let vector = normals(dim, seed);
            let step = 1.1 * step_for(&vector);
            let error = |code: &[i8]| -> f32 {
                let off: Vec<f32> = vector
                    .iter()
                    .zip(code)
                    .map(|(x, &c)| f32::from(c) * step - x)
                    .collect();
                queries.iter().map(|q| kernels::dot(q, &off).powi(2)).sum()
            };
            quantise(&vector, step, &mut code);
            plain_error += error(&code);
            shaper.quantise(&vector, step, &mut targets, &mut code);
            shaped_error += error(&code);
        }
        assert!(
            shaped_error < 0.5 * plain_error,
            "{shaped_error} against {plain_error}"
        );
    }

    #[test]
    fn shaping_without_moments_is_plain_rounding() {
        let vector = normals(20, 5);
        let (mut plain, mut shaped) = (vec![0i8; 20], vec![0i8; 20]);
        quantise(&vector, 0.03, &mut plain);
        Shaper::new(&[0.0; 400], 20).quantise(&vector, 0.03, &mut Vec::new(), &mut shaped);
        assert_eq!(plain, shaped);
    }
}
