//! k-means: Lloyd's iterations on batches that grow, in parallel, repeatable from the seed.

use rayon::prelude::*;

use crate::kernels;
use crate::matrix::{BATCH, Panels, Rows};
use crate::random::Random;

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct KMeansConfig {
    /// Passes; the first ones see only a part of the points (growing batches), the second half sees all.
    pub iterations: usize,
    /// Points used at most per centroid; the rest is left out at random. 0 means all.
    pub points_per_centroid: usize,
    /// Seed of the sample and of the first centroids.
    pub seed: u64,
}

impl Default for KMeansConfig {
    fn default() -> KMeansConfig {
        KMeansConfig {
            iterations: 8,
            points_per_centroid: 64,
            seed: 1,
        }
    }
}

/// Centroids, row-major, and what training saw.
#[derive(Debug, Clone)]
pub struct KMeans {
    /// One row a centroid.
    pub centroids: Vec<f32>,
    /// Numbers in a row.
    pub dim: usize,
    /// Mean squared distance of the training points to their centroids in the last pass.
    pub distortion: f64,
    /// Centroids that lost all points and were put beside the most crowded one, over all passes.
    pub repaired: usize,
}

impl KMeans {
    /// Trains `k` centroids. With fewer than `k` different points some centroids coincide.
    /// Panics when there are no points or `k` is 0.
    pub fn fit(points: Rows<'_>, k: usize, config: KMeansConfig) -> KMeans {
        assert!(
            k > 0 && !points.is_empty(),
            "some points and some centroids"
        );
        let mut random = Random::new(config.seed);
        let wanted = match config.points_per_centroid {
            0 => points.len(),
            each => each.saturating_mul(k),
        };
        let mut order = random.sample(points.len(), wanted);
        shuffle(&mut order, &mut random);
        let sample = points.pick(&order);
        let sample = Rows::new(&sample, points.dim());
        let first: Vec<usize> = (0..k).map(|i| i % sample.len()).collect();
        let mut model = KMeans {
            centroids: sample.pick(&first),
            dim: points.dim(),
            distortion: f64::INFINITY,
            repaired: 0,
        };
        let iterations = config.iterations.max(1);
        for pass in 0..iterations {
            // Half of the passes grow from an eighth of the sample to all of it.
            let share = (0.125 + 1.75 * pass as f64 / iterations as f64).min(1.0);
            let n =
                ((sample.len() as f64 * share) as usize).clamp(k.min(sample.len()), sample.len());
            let last = pass + 1 == iterations;
            let batch = if last {
                sample.data()
            } else {
                &sample.data()[..n * sample.dim()]
            };
            model.step(Rows::new(batch, sample.dim()), &mut random);
        }
        model
    }

    /// One of Lloyd's steps: assign, then move every centroid to the mean of its points.
    fn step(&mut self, points: Rows<'_>, random: &mut Random) {
        let nearest = self.assign(points);
        let k = self.centroids.len() / self.dim;
        let mut sums = vec![0f32; self.centroids.len()];
        let mut counts = vec![0usize; k];
        let mut error = 0.0;
        for (point, &(c, distance)) in points.iter().zip(&nearest) {
            let c = c as usize;
            counts[c] += 1;
            error += f64::from(distance);
            kernels::add_scaled(&mut sums[c * self.dim..(c + 1) * self.dim], 1.0, point);
        }
        self.distortion = error / points.len() as f64;
        let means = self
            .centroids
            .chunks_exact_mut(self.dim)
            .zip(sums.chunks_exact(self.dim));
        for ((centroid, sum), &count) in means.zip(&counts) {
            if count > 0 {
                centroid
                    .iter_mut()
                    .zip(sum)
                    .for_each(|(c, s)| *c = s / count as f32);
            }
        }
        self.repair(&mut counts, random);
    }

    /// Puts every centroid without points beside the most crowded one and shares its points, so that the
    /// next step splits the crowd.
    fn repair(&mut self, counts: &mut [usize], random: &mut Random) {
        for empty in 0..counts.len() {
            if counts[empty] > 0 {
                continue;
            }
            let crowded = (0..counts.len())
                .max_by_key(|&c| counts[c])
                .unwrap_or(empty);
            if counts[crowded] < 2 {
                return;
            }
            for d in 0..self.dim {
                let value = self.centroids[crowded * self.dim + d];
                let nudge = 1e-3 * (value.abs() + 1e-6) * random.normal();
                self.centroids[crowded * self.dim + d] = value + nudge;
                self.centroids[empty * self.dim + d] = value - nudge;
            }
            counts[empty] = counts[crowded] / 2;
            counts[crowded] -= counts[empty];
            self.repaired += 1;
        }
    }

    /// For each point the nearest centroid and the squared distance to it, in parallel.
    pub fn assign(&self, points: Rows<'_>) -> Vec<(u32, f32)> {
        assign(points, Rows::new(&self.centroids, self.dim))
    }
}

/// For each point the nearest of the centroids (of their first `points.dim()` numbers) and the squared
/// distance to it, in parallel. Nearest in the Euclidean sense: `argmax ⟨x,c⟩ − ½‖c‖²`.
pub fn assign(points: Rows<'_>, centroids: Rows<'_>) -> Vec<(u32, f32)> {
    let dim = points.dim();
    let panels = Panels::new(centroids, dim);
    let bias: Vec<f32> = centroids
        .iter()
        .map(|c| -0.5 * kernels::dot(&c[..dim], &c[..dim]))
        .collect();
    let batches = points.data().par_chunks(BATCH * dim);
    let near = batches.map(|batch| {
        let mut best = panels.best(batch, &bias);
        for (best, point) in best.iter_mut().zip(batch.chunks_exact(dim)) {
            best.1 = (kernels::dot(point, point) - 2.0 * best.1).max(0.0);
        }
        best
    });
    near.flatten_iter().collect()
}

fn shuffle(order: &mut [usize], random: &mut Random) {
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` points around `k` far corners.
    fn corners(n: usize, k: usize) -> Vec<f32> {
        let mut random = Random::new(1);
        (0..n)
            .flat_map(|i| {
                let corner = (i % k) as f32 * 10.0;
                [
                    corner + 0.1 * random.normal(),
                    -corner + 0.1 * random.normal(),
                ]
            })
            .collect()
    }

    #[test]
    fn separate_crowds_are_found() {
        let points = corners(400, 4);
        let config = KMeansConfig {
            iterations: 20,
            ..KMeansConfig::default()
        };
        let model = KMeans::fit(Rows::new(&points, 2), 4, config);
        assert!(model.distortion < 0.05, "{}", model.distortion);
    }

    #[test]
    fn empty_clusters_are_repaired() {
        // Most starts coincide, so that ties leave their clusters empty.
        let mut points = vec![0.0; 2 * 90];
        points.extend(corners(30, 3));
        let config = KMeansConfig {
            iterations: 12,
            points_per_centroid: 0,
            seed: 3,
        };
        let model = KMeans::fit(Rows::new(&points, 2), 8, config);
        let used: std::collections::BTreeSet<u32> = model
            .assign(Rows::new(&points, 2))
            .iter()
            .map(|x| x.0)
            .collect();
        assert!(
            model.repaired > 0 && used.len() >= 4,
            "{} {}",
            model.repaired,
            used.len()
        );
    }

    #[test]
    fn assignment_is_the_nearest() {
        let points = corners(50, 5);
        let (points, centroids) = (Rows::new(&points, 2), corners(7, 7));
        let centroids = Rows::new(&centroids, 2);
        for (point, (c, distance)) in points.iter().zip(assign(points, centroids)) {
            let best = centroids
                .iter()
                .map(|c| kernels::l2(point, c))
                .fold(f32::INFINITY, f32::min);
            assert!((kernels::l2(point, centroids.row(c as usize)) - best).abs() < 1e-2);
            assert!((distance - best).abs() < 1e-2);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_centroids() {
        let points = corners(300, 6);
        let fit = || KMeans::fit(Rows::new(&points, 2), 6, KMeansConfig::default()).centroids;
        assert_eq!(fit(), fit());
    }

    #[test]
    fn fewer_points_than_centroids_still_train() {
        let model = KMeans::fit(Rows::new(&[1.0, 2.0], 2), 3, KMeansConfig::default());
        assert_eq!(model.centroids.len(), 6);
        assert!(model.centroids.iter().all(|x| x.is_finite()));
    }
}
