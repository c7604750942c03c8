//! Optimised product quantisation: a rotation first, so that the parts are independent and equally hard.
//! (Ge, He, Ke and Sun 2013.)

use crate::kmeans::KMeansConfig;
use crate::matrix::{Rows, symmetric_eigen};
use crate::pq::{Bits, ProductQuantizer, Training};
use crate::rotation::Rotation;

/// Which coordinate goes to which place, so that the parts (runs of equal length) have balanced products of
/// variances: the optimum for normal data among orders of the axes. Each coordinate in turn, the strongest
/// first, joins the part of the smallest product that has room. With dimensions that do not divide, places
/// past the last coordinate are named by numbers from `variance.len()` on and stay empty.
pub fn balanced_order(variance: &[f64], parts: usize) -> Vec<u32> {
    let (dim, width) = (variance.len(), variance.len().div_ceil(parts));
    let mut axes: Vec<usize> = (0..dim).collect();
    axes.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]).then(a.cmp(&b)));
    // Logarithms over the smallest, so that a part with fewer coordinates never looks fuller.
    let least = variance
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .max(1e-12);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); parts];
    let mut product = vec![0f64; parts];
    for axis in axes {
        let open = (0..parts).filter(|&p| members[p].len() < width);
        let emptiest = open.min_by(|&a, &b| product[a].total_cmp(&product[b]).then(a.cmp(&b)));
        // There is room: parts · width ≥ dim.
        let part = emptiest.unwrap_or(0);
        members[part].push(axis as u32);
        product[part] += (variance[axis].max(least) / least).ln() + 1e-9;
    }
    let mut empty = dim as u32;
    let mut order = Vec::with_capacity(parts * width);
    for mut part in members {
        while part.len() < width {
            part.push(empty);
            empty += 1;
        }
        order.append(&mut part);
    }
    order
}

/// A rotation and the product quantiser behind it.
#[derive(Debug, Clone)]
pub struct OptimisedQuantizer {
    /// Turns vectors and queries alike.
    pub rotation: Rotation,
    /// Codes of turned vectors.
    pub quantizer: ProductQuantizer,
}

impl OptimisedQuantizer {
    /// Trains on `sample`: principal axes in balanced order, then `rounds` of the alternation of Ge et al.
    /// (codebooks for the rotation, then the best rotation for the codes). 0 rounds is the parametric
    /// solution, seconds where the alternation takes minutes. Panics unless `parts` divides the dimension.
    pub fn train(
        sample: Rows<'_>,
        parts: usize,
        bits: Bits,
        training: Training,
        rounds: usize,
        config: KMeansConfig,
    ) -> OptimisedQuantizer {
        let (axes, values) = Rotation::principal(sample);
        let mut rotation = axes.reordered(&balanced_order(&values, parts));
        let fit = |rotation: &Rotation| {
            let turned = rotation.apply_all(sample);
            let quantizer = ProductQuantizer::train(
                Rows::new(&turned, sample.dim()),
                parts,
                bits,
                training,
                config,
            );
            (quantizer, turned)
        };
        let (mut quantizer, mut turned) = fit(&rotation);
        for _ in 0..rounds {
            let decoded = decode_all(&quantizer, Rows::new(&turned, sample.dim()));
            let Some(better) = best_rotation(sample, &decoded) else {
                break;
            };
            rotation = better;
            (quantizer, turned) = fit(&rotation);
        }
        OptimisedQuantizer {
            rotation,
            quantizer,
        }
    }

    /// Mean squared distance between vectors and what their codes stand for.
    pub fn distortion(&self, rows: Rows<'_>) -> f64 {
        let turned = self.rotation.apply_all(rows);
        self.quantizer.distortion(Rows::new(&turned, rows.dim()))
    }
}

fn decode_all(quantizer: &ProductQuantizer, turned: Rows<'_>) -> Vec<f32> {
    let mut codes = vec![0; quantizer.parts()];
    let mut decoded = vec![0.0; turned.data().len()];
    for (row, out) in turned.iter().zip(decoded.chunks_exact_mut(turned.dim())) {
        quantizer.encode(row, &mut codes);
        quantizer.decode(&codes, out);
    }
    decoded
}

/// The rotation that brings `rows` nearest to `targets` (orthogonal Procrustes): the orthogonal factor of
/// `M = Σ target·rowᵀ`, that is `M·(MᵀM)^(−½)`. `None` when `M` is singular.
fn best_rotation(rows: Rows<'_>, targets: &[f32]) -> Option<Rotation> {
    let dim = rows.dim();
    let mut m = vec![0f64; dim * dim];
    for (row, target) in rows.iter().zip(targets.chunks_exact(dim)) {
        for (i, &t) in target.iter().enumerate() {
            let line = &mut m[i * dim..(i + 1) * dim];
            line.iter_mut()
                .zip(row)
                .for_each(|(m, &x)| *m += f64::from(t) * f64::from(x));
        }
    }
    let times = |a: &[f64], b: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        let cell = |i: usize, j: usize| (0..dim).map(|k| a[i * dim + k] * b(k, j)).sum::<f64>();
        (0..dim * dim).map(|at| cell(at / dim, at % dim)).collect()
    };
    let transposed: Vec<f64> = (0..dim * dim)
        .map(|at| m[at % dim * dim + at / dim])
        .collect();
    let gram = times(&transposed, &|k, j| m[k * dim + j]);
    let (values, vectors) = symmetric_eigen(&gram, dim);
    if values.iter().any(|&v| v <= values[0] * 1e-12) {
        return None;
    }
    // (MᵀM)^(−½) = Σ vᵢvᵢᵀ / √λᵢ
    let scaled: Vec<f64> = (0..dim * dim)
        .map(|at| vectors[at] / values[at / dim].sqrt())
        .collect();
    let inverse_root = |k: usize, j: usize| -> f64 {
        (0..dim)
            .map(|i| scaled[i * dim + k] * vectors[i * dim + j])
            .sum()
    };
    let root: Vec<f64> = (0..dim * dim)
        .map(|at| inverse_root(at / dim, at % dim))
        .collect();
    let rotation = times(&m, &|k, j| root[k * dim + j]);
    Some(Rotation::from_rows(
        rotation.iter().map(|&x| x as f32).collect(),
        dim,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Correlated data of falling variance.
    fn data(n: usize, dim: usize) -> Vec<f32> {
        let mut random = Random::new(4);
        let mut rows = Vec::new();
        for _ in 0..n {
            let shared = random.normal();
            rows.extend((0..dim).map(|d| (shared + random.normal()) / (1.0 + d as f32).sqrt()));
        }
        rows
    }

    #[test]
    fn orders_are_permutations_with_balanced_parts() {
        let variance: Vec<f64> = (0..16).map(|i| 2f64.powi(-i)).collect();
        let order = balanced_order(&variance, 4);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..16).collect::<Vec<u32>>());
        let products = order.chunks_exact(4).map(|p| p.iter().sum::<u32>());
        assert!(products.clone().max().unwrap() - products.min().unwrap() <= 4);
        assert_eq!(
            balanced_order(&[1.0, 2.0, 3.0], 2).len(),
            4,
            "filled to whole parts"
        );
    }

    #[test]
    fn rotation_lowers_the_distortion_and_stays_a_rotation() {
        let data = data(3000, 16);
        let rows = Rows::new(&data, 16);
        let config = KMeansConfig {
            points_per_centroid: 0,
            iterations: 10,
            seed: 1,
        };
        let plain = ProductQuantizer::train(rows, 4, Bits::Four, Training::KMeans, config);
        let fit = |rounds| {
            OptimisedQuantizer::train(rows, 4, Bits::Four, Training::KMeans, rounds, config)
        };
        let (parametric, alternated) = (fit(0), fit(4));
        assert!(parametric.distortion(rows) < 0.9 * plain.distortion(rows));
        assert!(alternated.distortion(rows) <= 1.02 * parametric.distortion(rows));
        assert!(alternated.rotation.deviation() < 1e-4, "R·Rᵀ = I");
    }
}
