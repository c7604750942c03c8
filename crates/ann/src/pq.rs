//! Product quantisation: the vector is cut into parts, each replaced by the nearest of a few centroids.
//! (Jégou, Douze and Schmid 2011.) Codes of 8 bits, or of 4 bits for [`crate::fastscan`].

use rayon::prelude::*;

use crate::kernels;
use crate::kmeans::{KMeans, KMeansConfig};
use crate::matrix::Rows;
use crate::simvq;

/// Bits of one part's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// 16 centroids a part; tables fit a register.
    Four,
    /// 256 centroids a part.
    Eight,
}

impl Bits {
    /// Centroids of one part.
    pub fn centroids(self) -> usize {
        match self {
            Bits::Four => 16,
            Bits::Eight => 256,
        }
    }
}

/// How the centroids of a part are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// k-means alone.
    KMeans,
    /// k-means and SimVQ's reparameterised training beside it; each part keeps the one that measures less
    /// distortion.
    Better,
}

/// Codebooks of all parts.
#[derive(Debug, Clone)]
pub struct ProductQuantizer {
    dim: usize,
    parts: usize,
    bits: Bits,
    /// Part by part, dimension by dimension, one number a centroid: tables are then sums of whole rows.
    books: Vec<f32>,
    /// Parts whose codebook came from SimVQ.
    reparameterised: usize,
}

impl ProductQuantizer {
    /// Trains on `sample`. Panics unless `parts` divides the dimension.
    pub fn train(
        sample: Rows<'_>,
        parts: usize,
        bits: Bits,
        training: Training,
        config: KMeansConfig,
    ) -> ProductQuantizer {
        let dim = sample.dim();
        assert!(
            parts > 0 && dim.is_multiple_of(parts),
            "{parts} parts of {dim} dimensions"
        );
        let width = dim / parts;
        let books: Vec<(Vec<f32>, bool)> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let cut: Vec<f32> = sample
                    .iter()
                    .flat_map(|row| &row[part * width..(part + 1) * width])
                    .copied()
                    .collect();
                train_part(Rows::new(&cut, width), bits.centroids(), training, config)
            })
            .collect();
        let reparameterised = books.iter().filter(|book| book.1).count();
        let books = books
            .iter()
            .flat_map(|book| transposed(&book.0, width))
            .collect();
        ProductQuantizer {
            dim,
            parts,
            bits,
            books,
            reparameterised,
        }
    }

    /// From the numbers of [`ProductQuantizer::books`]; `None` when their count does not fit.
    pub fn from_books(
        dim: usize,
        parts: usize,
        bits: Bits,
        books: Vec<f32>,
    ) -> Option<ProductQuantizer> {
        let fits = parts > 0 && dim.is_multiple_of(parts) && books.len() == dim * bits.centroids();
        fits.then_some(ProductQuantizer {
            dim,
            parts,
            bits,
            books,
            reparameterised: 0,
        })
    }

    /// Four-bit codebooks of zeros, to be replaced by trained ones.
    pub(crate) fn blank(dim: usize, parts: usize) -> ProductQuantizer {
        ProductQuantizer {
            dim,
            parts,
            bits: Bits::Four,
            books: vec![0.0; dim * 16],
            reparameterised: 0,
        }
    }

    pub(crate) fn set_reparameterised(&mut self, parts: usize) {
        self.reparameterised = parts;
    }

    /// Dimensions.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Parts.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Bits of one part's code.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// All centroids: part by part, dimension by dimension, one number a centroid.
    pub fn books(&self) -> &[f32] {
        &self.books
    }

    /// Parts whose codebook was trained better by SimVQ than by k-means.
    pub fn reparameterised(&self) -> usize {
        self.reparameterised
    }

    /// The codebook of a part: `dim / parts` rows of one number a centroid.
    fn book(&self, part: usize) -> &[f32] {
        let size = self.dim / self.parts * self.bits.centroids();
        &self.books[part * size..(part + 1) * size]
    }

    /// One code a part (not packed, also for four bits): the nearest centroid, the first of equals.
    pub fn encode(&self, vector: &[f32], codes: &mut [u8]) {
        assert_eq!(
            (vector.len(), codes.len()),
            (self.dim, self.parts),
            "one code a part"
        );
        let width = self.dim / self.parts;
        let k = self.bits.centroids();
        let mut distances = [0f32; 256];
        for (part, code) in codes.iter_mut().enumerate() {
            let distances = &mut distances[..k];
            distances.fill(0.0);
            let values = &vector[part * width..(part + 1) * width];
            for (row, value) in self.book(part).chunks_exact(k).zip(values) {
                for (distance, centroid) in distances.iter_mut().zip(row) {
                    *distance += (value - centroid) * (value - centroid);
                }
            }
            let mut best = 0;
            for (i, distance) in distances.iter().enumerate() {
                if *distance < distances[best] {
                    best = i;
                }
            }
            *code = best as u8;
        }
    }

    /// The vector that the codes stand for. Panics on a code past the last centroid.
    pub fn decode(&self, codes: &[u8], vector: &mut [f32]) {
        assert_eq!(
            (vector.len(), codes.len()),
            (self.dim, self.parts),
            "one code a part"
        );
        let width = self.dim / self.parts;
        let k = self.bits.centroids();
        for (part, &code) in codes.iter().enumerate() {
            let values = &mut vector[part * width..(part + 1) * width];
            for (row, value) in self.book(part).chunks_exact(k).zip(values) {
                *value = row[usize::from(code)];
            }
        }
    }

    /// Inner products of the query's parts with every centroid: `parts` rows of one number a centroid.
    /// The inner product with a coded vector is the sum of one entry a part (asymmetric distance).
    pub fn table(&self, query: &[f32], table: &mut Vec<f32>) {
        assert_eq!(query.len(), self.dim, "a query of {} numbers", self.dim);
        let width = self.dim / self.parts;
        let k = self.bits.centroids();
        table.clear();
        table.resize(self.parts * k, 0.0);
        for (part, sums) in table.chunks_exact_mut(k).enumerate() {
            let values = &query[part * width..(part + 1) * width];
            for (row, value) in self.book(part).chunks_exact(k).zip(values) {
                for (sum, centroid) in sums.iter_mut().zip(row) {
                    *sum += value * centroid;
                }
            }
        }
    }

    /// The inner product of a table's query with the vector that the codes stand for.
    pub fn score(&self, table: &[f32], codes: &[u8]) -> f32 {
        let rows = table.chunks_exact(self.bits.centroids());
        rows.zip(codes)
            .map(|(row, &code)| row[usize::from(code)])
            .sum()
    }

    /// Mean squared distance between vectors and what their codes stand for.
    pub fn distortion(&self, rows: Rows<'_>) -> f64 {
        let (mut codes, mut decoded) = (vec![0; self.parts], vec![0.0; self.dim]);
        let error = |row: &[f32]| {
            self.encode(row, &mut codes);
            self.decode(&codes, &mut decoded);
            f64::from(kernels::l2(row, &decoded))
        };
        rows.iter().map(error).sum::<f64>() / rows.len().max(1) as f64
    }
}

/// Centroids of one part, row by row, and whether SimVQ found them.
fn train_part(
    cut: Rows<'_>,
    k: usize,
    training: Training,
    config: KMeansConfig,
) -> (Vec<f32>, bool) {
    let plain = KMeans::fit(cut, k, config);
    if training == Training::KMeans {
        return (plain.centroids, false);
    }
    let tuned = simvq::train(cut, &plain.centroids, simvq::SimVqConfig::default());
    let error = |centroids: &[f32]| -> f64 {
        let near = crate::kmeans::assign(cut, Rows::new(centroids, cut.dim()));
        near.iter().map(|x| f64::from(x.1)).sum()
    };
    if error(&tuned) < error(&plain.centroids) {
        (tuned, true)
    } else {
        (plain.centroids, false)
    }
}

/// Rows of centroids as rows of dimensions.
fn transposed(centroids: &[f32], width: usize) -> Vec<f32> {
    (0..width)
        .flat_map(|d| centroids.iter().skip(d).step_by(width))
        .copied()
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

    fn trained(bits: Bits) -> (Vec<f32>, ProductQuantizer) {
        let data = normals(2000 * 12, 1);
        let config = KMeansConfig {
            points_per_centroid: 0,
            ..KMeansConfig::default()
        };
        let quantizer =
            ProductQuantizer::train(Rows::new(&data, 12), 3, bits, Training::KMeans, config);
        (data, quantizer)
    }

    #[test]
    fn the_chosen_code_decodes_nearest() {
        let (data, quantizer) = trained(Bits::Four);
        let (mut codes, mut decoded) = ([0; 3], [0.0; 12]);
        for row in data.chunks_exact(12).take(50) {
            quantizer.encode(row, &mut codes);
            quantizer.decode(&codes, &mut decoded);
            let best = kernels::l2(row, &decoded);
            for part in 0..3 {
                for other in 0..16 {
                    let mut changed = codes;
                    changed[part] = other;
                    quantizer.decode(&changed, &mut decoded);
                    assert!(kernels::l2(row, &decoded) >= best - 1e-5);
                }
            }
        }
    }

    #[test]
    fn table_scores_are_products_with_the_decoded_vector() {
        for bits in [Bits::Four, Bits::Eight] {
            let (data, quantizer) = trained(bits);
            let query = normals(12, 9);
            let mut table = Vec::new();
            quantizer.table(&query, &mut table);
            let (mut codes, mut decoded) = ([0; 3], [0.0; 12]);
            for row in data.chunks_exact(12).take(50) {
                quantizer.encode(row, &mut codes);
                quantizer.decode(&codes, &mut decoded);
                let exact = kernels::dot(&query, &decoded);
                assert!((quantizer.score(&table, &codes) - exact).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn more_bits_distort_less_and_the_better_training_never_more() {
        let (data, four) = trained(Bits::Four);
        let (_, eight) = trained(Bits::Eight);
        let rows = Rows::new(&data, 12);
        assert!(eight.distortion(rows) < 0.6 * four.distortion(rows));
        let config = KMeansConfig {
            points_per_centroid: 0,
            ..KMeansConfig::default()
        };
        let better = ProductQuantizer::train(rows, 3, Bits::Four, Training::Better, config);
        assert!(better.distortion(rows) <= four.distortion(rows) * 1.000_01);
    }

    #[test]
    fn books_travel() {
        let (_, quantizer) = trained(Bits::Four);
        let books = quantizer.books().to_vec();
        assert!(ProductQuantizer::from_books(12, 3, Bits::Four, books.clone()).is_some());
        assert!(ProductQuantizer::from_books(12, 5, Bits::Four, books.clone()).is_none());
        assert!(ProductQuantizer::from_books(12, 3, Bits::Eight, books).is_none());
    }
}
