//! RaBitQ: codes of few bits with an unbiased estimate of the inner product and a bound on its error
//! (Gao and Long, arXiv 2405.12497; more bits: Gao et al., arXiv 2409.09913).
//!
//! A vector's difference `r` to a centre is turned by a random rotation and each coordinate is stored in `B`
//! bits. With `x_u` the code and `x = x_u − (2^B − 1)/2`, the direction of `x` is near that of `r`, and
//!
//! ```text
//! ⟨o, q⟩ = ⟨c, q⟩ + ⟨r, q⟩ ≈ ⟨c, q⟩ + (‖r‖² / ⟨r, x⟩) · ⟨x, q⟩
//! ```
//! is right on average over rotations: dividing by `⟨r, x⟩` undoes the shrinking of the projection. The error
//! of the term is about normal, of deviation `‖r‖·‖q‖·√((‖r‖²‖x‖²/⟨r,x⟩² − 1)/(D − 1))` for unrelated `r` and
//! `q`, and smaller by the sine of their angle for related ones, since the part along `r` is exact. So
//! [`EPSILON`] deviations hold 94 % of unrelated pairs and 99.8 % of pairs whose cosine is .8.

use crate::budget::Spent;
use crate::error::Error;
use crate::kernels;
use crate::matrix::Rows;
use crate::rotation::Hadamard;
use crate::topk::{Hit, TopK};

/// Deviations in the error bound; the value of the authors' code.
pub const EPSILON: f32 = 1.9;

/// Codes of vectors around one centre.
#[derive(Debug, Clone)]
pub struct RaBitQ {
    dim: usize,
    bits: u32,
    rotation: Hadamard,
    /// The centre as given, and turned.
    centre: Vec<f32>,
    /// Words of the sign planes of one vector.
    words: usize,
    /// The highest bit of each coordinate, packed: positive or not.
    signs: Vec<u64>,
    /// All bits of each coordinate, one byte each; empty for one bit.
    levels: Vec<u8>,
    factors: Vec<Factors>,
}

/// What a vector's estimate needs beside its code.
#[derive(Debug, Clone, Copy)]
struct Factors {
    /// `‖r‖²/⟨r, x⟩` for the sign code (`x = ±½`), and its error deviation over `‖q‖`.
    sign: (f32, f32),
    /// The same for the full code.
    full: (f32, f32),
}

/// An estimated inner product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Unbiased over the random rotation.
    pub value: f32,
    /// [`EPSILON`] deviations of the estimate: how often it holds is told at the module.
    pub error: f32,
}

/// A query turned and cut into bit planes.
#[derive(Debug, Clone)]
pub struct Query {
    rotated: Vec<f32>,
    /// `⟨c, q⟩`.
    centre: f32,
    norm: f32,
    sum: f32,
    /// Four bit planes of the query in 16 levels: `q ≈ low + step·level`.
    planes: Vec<u64>,
    low: f32,
    step: f32,
}

impl RaBitQ {
    /// Encodes the vectors with `bits` (1 to 8) a coordinate around their mean.
    pub fn encode(vectors: Rows<'_>, bits: u32, seed: u64) -> Result<RaBitQ, Error> {
        if !(1..=8).contains(&bits) {
            return Err(Error::Configuration(format!(
                "{bits} bits a coordinate; 1 to 8"
            )));
        }
        let dim = vectors.dim();
        let mut centre = vec![0f32; dim];
        vectors
            .iter()
            .for_each(|v| kernels::add_scaled(&mut centre, 1.0 / vectors.len() as f32, v));
        let mut codes = RaBitQ {
            dim,
            bits,
            rotation: Hadamard::new(dim, seed),
            centre,
            words: dim.div_ceil(64),
            signs: Vec::new(),
            levels: Vec::new(),
            factors: Vec::new(),
        };
        let mut rest = vec![0f32; dim];
        for vector in vectors.iter() {
            rest.copy_from_slice(vector);
            kernels::add_scaled(&mut rest, -1.0, &codes.centre);
            codes.rotation.apply(&mut rest);
            codes.push(&rest);
        }
        Ok(codes)
    }

    /// Adds the code of a turned difference to the centre.
    fn push(&mut self, rest: &[f32]) {
        let mut words = vec![0u64; self.words];
        rest.iter()
            .enumerate()
            .filter(|x| *x.1 > 0.0)
            .for_each(|(i, _)| words[i / 64] |= 1 << (i % 64));
        self.signs.extend(words);
        let halves: Vec<f32> = rest
            .iter()
            .map(|&x| if x > 0.0 { 0.5 } else { -0.5 })
            .collect();
        let sign = factors(rest, &halves);
        let mut full = sign;
        if self.bits > 1 {
            let middle = ((1 << self.bits) - 1) as f32 / 2.0;
            let levels = best_levels(rest, self.bits);
            let centred: Vec<f32> = levels
                .iter()
                .map(|&level| f32::from(level) - middle)
                .collect();
            full = factors(rest, &centred);
            self.levels.extend(levels);
        }
        self.factors.push(Factors { sign, full });
    }

    /// Vectors.
    pub fn len(&self) -> usize {
        self.factors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.factors.is_empty()
    }

    /// Bytes of one code with its factors, packed.
    pub fn bytes_per_vector(&self) -> usize {
        (self.dim * self.bits as usize).div_ceil(8) + 2 * size_of::<f32>()
    }

    /// Prepares a query. Panics when it has another dimension.
    pub fn query(&self, query: &[f32]) -> Query {
        assert_eq!(query.len(), self.dim, "a query of {} numbers", self.dim);
        let mut rotated = query.to_vec();
        self.rotation.apply(&mut rotated);
        let low = rotated.iter().copied().fold(f32::INFINITY, f32::min);
        let high = rotated.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let step = (high - low) / 15.0;
        let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
        let mut planes = vec![0u64; 4 * self.words];
        for (i, x) in rotated.iter().enumerate() {
            let level = (((x - low) * inverse + 0.5) as u64).min(15);
            (0..4).for_each(|p| planes[p * self.words + i / 64] |= (level >> p & 1) << (i % 64));
        }
        Query {
            centre: kernels::dot(query, &self.centre),
            norm: kernels::dot(query, query).sqrt(),
            sum: rotated.iter().sum(),
            rotated,
            planes,
            low,
            step,
        }
    }

    /// The inner product from the sign bits and the query's four bit planes: popcounts only.
    pub fn estimate_signs(&self, query: &Query, i: usize) -> Estimate {
        let code = &self.signs[i * self.words..(i + 1) * self.words];
        let ones = code.iter().map(|w| w.count_ones()).sum::<u32>() as f32;
        let levels = kernels::bit_planes_dot(code, &query.planes) as f32;
        // ⟨x_u, q⟩ − ½Σq, with q ≈ low + step·level.
        let product = query.low * ones + query.step * levels - 0.5 * query.sum;
        let (scale, deviation) = self.factors[i].sign;
        // Rounding the query adds its own error: half a step a coordinate, of random sign.
        let rounding = scale * query.step * (self.dim as f32 / 12.0).sqrt() * 0.5;
        let error = EPSILON * (deviation * query.norm).hypot(rounding);
        Estimate {
            value: query.centre + scale * product,
            error,
        }
    }

    /// The inner product from all bits and the query in full precision.
    pub fn estimate(&self, query: &Query, i: usize) -> Estimate {
        if self.bits == 1 {
            let code = &self.signs[i * self.words..(i + 1) * self.words];
            let chosen = |(at, x): (usize, &f32)| x * (code[at / 64] >> (at % 64) & 1) as f32;
            let product: f32 = query.rotated.iter().enumerate().map(chosen).sum();
            return self.scaled(query, self.factors[i].sign, product - 0.5 * query.sum);
        }
        let middle = ((1 << self.bits) - 1) as f32 / 2.0;
        let levels = &self.levels[i * self.dim..(i + 1) * self.dim];
        let product: f32 = query
            .rotated
            .iter()
            .zip(levels)
            .map(|(q, &l)| q * f32::from(l))
            .sum();
        self.scaled(query, self.factors[i].full, product - middle * query.sum)
    }

    /// The `k` best rows by `exact`, which is asked only about rows whose upper bound reaches what is known to be
    /// among the best: all of them with the probability that the bound holds (module documentation).
    pub fn search(
        &self,
        query: &Query,
        k: usize,
        mut exact: impl FnMut(u32) -> f32,
    ) -> (Vec<Hit>, Spent) {
        let estimates = (0..self.len()).map(|i| self.estimate_signs(query, i));
        let mut candidates: Vec<(Estimate, u32)> = estimates.zip(0u32..).collect();
        // The best estimates first: what they turn out to be rules out most of the rest.
        candidates.sort_by(|a, b| b.0.value.total_cmp(&a.0.value).then(a.1.cmp(&b.1)));
        let mut top = TopK::new(k);
        let mut spent = Spent {
            scanned: self.len() as u64,
            multiply_adds: (self.len() * self.dim) as u64,
            ..Spent::default()
        };
        for (estimate, row) in candidates {
            if estimate.value + estimate.error >= top.floor() {
                let score = exact(row);
                top.push(Hit { row, score });
                spent.refined += 1;
                spent.multiply_adds += self.dim as u64;
            }
        }
        (top.into_sorted(), spent)
    }

    fn scaled(&self, query: &Query, (scale, deviation): (f32, f32), product: f32) -> Estimate {
        Estimate {
            value: query.centre + scale * product,
            error: EPSILON * deviation * query.norm,
        }
    }
}

/// The unbiasing scale `‖r‖²/⟨r, x⟩` and the error's deviation over `‖q‖`.
fn factors(rest: &[f32], code: &[f32]) -> (f32, f32) {
    let (l2, s, x2) = (
        kernels::dot(rest, rest),
        kernels::dot(rest, code),
        kernels::dot(code, code),
    );
    if l2 <= 0.0 || s <= 0.0 {
        return (0.0, l2.max(0.0).sqrt());
    }
    let spread = ((l2 * x2 / (s * s) - 1.0).max(0.0) / (rest.len().max(2) - 1) as f32).sqrt();
    (l2 / s, l2.sqrt() * spread)
}

/// Levels whose direction is nearest to `rest`: rounding at the scale, of a small search, that gives the
/// greatest cosine.
fn best_levels(rest: &[f32], bits: u32) -> Vec<u8> {
    let top = ((1 << bits) - 1) as f32;
    let greatest = rest.iter().fold(0f32, |m, x| m.max(x.abs()));
    if greatest == 0.0 {
        return vec![(top / 2.0) as u8; rest.len()];
    }
    let round = |scale: f32| {
        rest.iter()
            .map(move |x| (x * scale + top / 2.0).round().clamp(0.0, top))
    };
    let cosine = |scale: f32| {
        let (mut s, mut x2) = (0f32, 0f32);
        for (level, r) in round(scale).zip(rest) {
            let x = level - top / 2.0;
            s += x * r;
            x2 += x * x;
        }
        s / x2.sqrt()
    };
    // From no clipping to clipping most of the tail.
    let candidates = (0..32).map(|i| top / 2.0 / greatest * (1.0 + i as f32 * 0.06));
    let best = candidates.max_by(|&a, &b| cosine(a).total_cmp(&cosine(b)));
    round(best.unwrap_or(top / 2.0 / greatest))
        .map(|level| level as u8)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..n).map(|_| random.normal()).collect()
    }

    /// Errors of the estimates over pairs: mean, root mean square, and the part outside the bound.
    fn errors(dim: usize, bits: u32) -> (f64, f64, f64) {
        let (data, queries) = (normals(400 * dim, 1), normals(20 * dim, 2));
        let scale = 1.0 / dim as f32;
        let vectors = Rows::new(&data, dim);
        let codes = RaBitQ::encode(vectors, bits, 3).unwrap();
        let (mut sum, mut squares, mut outside, mut n) = (0.0, 0.0, 0.0, 0.0);
        for query in Rows::new(&queries, dim).iter() {
            let prepared = codes.query(query);
            for i in 0..codes.len() {
                let exact = kernels::dot(query, vectors.row(i));
                let got = codes.estimate(&prepared, i);
                let error = f64::from((got.value - exact) * scale);
                sum += error;
                squares += error * error;
                outside += f64::from(u8::from((got.value - exact).abs() > got.error));
                n += 1.0;
            }
        }
        (sum / n, (squares / n).sqrt(), outside / n)
    }

    #[test]
    fn one_bit_is_unbiased_and_bounded() {
        // Deviation of the cosine for random pairs: √((π/2 − 1)/(D − 1)).
        for (dim, expected) in [(64, 0.095), (256, 0.047)] {
            let (bias, rms, outside) = errors(dim, 1);
            assert!(bias.abs() < 2e-3, "{dim}: bias {bias}");
            assert!((rms - expected).abs() < 0.15 * expected, "{dim}: rms {rms}");
            assert!(outside < 0.08, "{dim}: {outside} outside of 1.9 deviations");
        }
    }

    #[test]
    fn near_pairs_have_the_published_error_and_coverage() {
        let (dim, count) = (256, 4000);
        let mut data = normals(count * dim, 1);
        data.chunks_exact_mut(dim).for_each(crate::segment::to_unit);
        let codes = RaBitQ::encode(Rows::new(&data, dim), 1, 3).unwrap();
        let (mut squares, mut outside) = (0.0, 0.0);
        for (i, vector) in data.chunks_exact(dim).enumerate() {
            // A query of cosine .8 with its vector.
            let mut query = normals(dim, 1000 + i as u64);
            let along = kernels::dot(&query, vector);
            kernels::add_scaled(&mut query, -along, vector);
            crate::segment::to_unit(&mut query);
            query
                .iter_mut()
                .zip(vector)
                .for_each(|(q, x)| *q = 0.6 * *q + 0.8 * x);
            let got = codes.estimate(&codes.query(&query), i);
            let error = got.value - kernels::dot(&query, vector);
            squares += f64::from(error * error);
            outside += f64::from(u8::from(error.abs() > got.error));
        }
        let rms = (squares / count as f64).sqrt();
        assert!((rms - 0.028).abs() < 0.003, "{rms}");
        assert!(outside / (count as f64) < 0.005, "{outside} of {count}");
    }

    #[test]
    fn signs_keep_the_published_part_of_the_direction() {
        for (dim, expected) in [(64, 0.8007), (256, 0.7986), (1024, 0.7979)] {
            let data = normals(300 * dim, 5);
            let mean: f64 = Rows::new(&data, dim)
                .iter()
                .map(|r| {
                    let l1: f32 = r.iter().map(|x| x.abs()).sum();
                    f64::from(l1 / (dim as f32).sqrt() / kernels::dot(r, r).sqrt())
                })
                .sum::<f64>()
                / 300.0;
            assert!((mean - expected).abs() < 4e-3, "{dim}: {mean}");
        }
    }

    #[test]
    fn every_further_bit_about_halves_the_error() {
        let rms: Vec<f64> = [1, 2, 4, 8]
            .iter()
            .map(|&bits| errors(128, bits).1)
            .collect();
        assert!(
            rms[1] < 0.65 * rms[0] && rms[2] < 0.4 * rms[1] && rms[3] < 0.15 * rms[2],
            "{rms:?}"
        );
    }

    #[test]
    fn popcounts_agree_with_the_full_query() {
        let (data, query) = (normals(200 * 100, 1), normals(100, 2));
        let codes = RaBitQ::encode(Rows::new(&data, 100), 1, 3).unwrap();
        let prepared = codes.query(&query);
        for i in 0..codes.len() {
            let (full, signs) = (
                codes.estimate(&prepared, i),
                codes.estimate_signs(&prepared, i),
            );
            assert!(
                (full.value - signs.value).abs() < 0.5 * full.error,
                "{full:?} {signs:?}"
            );
        }
    }

    #[test]
    fn bounds_spare_most_of_the_exact_scores_and_lose_nothing() {
        let (dim, count) = (128, 3000);
        let mut data = normals(count * dim, 1);
        for vector in data.chunks_exact_mut(dim) {
            let scale = |(d, x): (usize, &mut f32)| *x /= (1.0 + d as f32).sqrt();
            vector.iter_mut().enumerate().for_each(scale);
        }
        let vectors = Rows::new(&data, dim);
        let codes = RaBitQ::encode(vectors, 1, 3).unwrap();
        let (mut found, mut refined) = (0.0, 0);
        for query in data.chunks_exact(dim).take(20) {
            let score = |row: u32| kernels::dot(query, vectors.row(row as usize));
            let (hits, spent) = codes.search(&codes.query(query), 10, score);
            let rows = |hits: &[Hit]| hits.iter().map(|hit| hit.row).collect::<Vec<u32>>();
            let exact = crate::exact::search(vectors, query, 10).0;
            found += crate::measure::recall(&rows(&hits), &rows(&exact)) / 20.0;
            refined += spent.refined;
        }
        assert!(found > 0.99, "{found}");
        assert!(refined < 20 * count as u64 / 3, "{refined}");
    }

    #[test]
    fn equal_vectors_have_no_error() {
        let data = [1.0, 2.0, 3.0].repeat(5);
        let codes = RaBitQ::encode(Rows::new(&data, 3), 4, 1).unwrap();
        let got = codes.estimate(&codes.query(&[1.0, 1.0, 1.0]), 2);
        assert!(
            (got.value - 6.0).abs() < 1e-4 && got.error < 1e-3,
            "{got:?}"
        );
        assert!(RaBitQ::encode(Rows::new(&data, 3), 9, 1).is_err());
    }
}
