//! TokenBridge: continuous codes made discrete after training, one dimension at a time.
//!
//! **Paper.** Wang et al., "Bridging Continuous and Discrete Tokens for Autoregressive Visual Generation",
//! arXiv 2503.16430.
//!
//! **Claim.** Rounding each dimension of a trained code to one of a few values, cut so that a normal number falls into
//! each equally often, loses next to nothing, where one codebook for whole vectors loses much. The many symbols that
//! result are predicted one dimension after the other, which is better than all at once.
//!
//! **Mechanism** (their sections 3.1 and 3.2). Dimensions of unit variance are cut into `B` bins of equal probability
//! under `N(0,1)`, within [-3, 3]; a bin stands for the mean of `N(0,1)` in it. `p(q) = ∏ p(q_c | q_<c, z)`.
//!
//! **Generated.** Nothing: 16 principal components of the digits, brought to unit variance, stand for a trained code.
//!
//! **Controls.** Even bins with as many values (no claim of the paper is at stake: it is what a plain quantiser does),
//! and the predictor with the earlier dimensions hidden, of the same size and training.

use anyhow::Result;
use nalgebra::DMatrix;

use ann::kmeans::{KMeans, KMeansConfig};
use ann::matrix::Rows;

use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{Mlp, Training, cross_entropy, pixels};

static CARD: Card = Card {
    id: "tokenbridge",
    arxiv: "2503.16430",
    title: "Bridging Continuous and Discrete Tokens for Autoregressive Visual Generation",
    family: Family::Codes,
    claim: "A trained code can be made discrete afterwards, one dimension at a time, and give pictures as good as the \
            continuous code does; a codebook of whole vectors cannot.",
    published: "ImageNet 256 x 256 with 64 values a dimension: reconstruction FID 1.11, and 1.11 with the continuous code.",
    baseline: "The continuous code; for the code's own error, a k-means codebook of 1024 whole vectors; for prediction, \
               all dimensions at once.",
    kept: &[
        "Bins of equal probability under a normal distribution, each standing for its mean",
        "Reconstruction measured on pictures that the code was not made from",
        "Symbols predicted one dimension after the other, against all at once",
        "Control: even bins with as many values",
    ],
    left_out: &[
        "The image autoencoder: 16 principal components of small digits",
        "Generation of pictures, and the order of dimensions by their frequencies",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "pictures",
            name: "Reconstruction error, 64 values a dimension against continuous",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "codes",
            name: "Error of the code, 64 values a dimension against a codebook",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "prediction",
            name: "Bits to predict a symbol of 4 bits",
            unit: "bits",
            better: Better::Lower,
        },
        Metric {
            id: "even",
            name: "Control: error of the code, against 64 even bins",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "With 64 values a dimension, pictures are within 5 % of the continuous code's error",
            metric: "pictures",
            expect: Expect::Times(0.95),
        },
        Condition {
            text: "A codebook of 1024 whole vectors has at least 3 times the error",
            metric: "codes",
            expect: Expect::Times(3.0),
        },
        Condition {
            text: "Predicting one dimension after the other saves at least 0.05 bits a symbol",
            metric: "prediction",
            expect: Expect::BetterBy(0.05),
        },
    ],
    likely_reason: "Principal components of digits are not normal, and hardly depend on each other beyond what their \
                    digit says; a trained image code is nearer to what the bins are made for.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct TokenBridge;

const DIMS: usize = 16;

impl Reproduction for TokenBridge {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (train, test) = digits().split(1300, &mut context.rng(1));
        let (train, test) = (pixels(&train), pixels(&test));
        let code = Code::of(&train);
        let (seen, held_out) = (code.encode(&train), code.encode(&test));
        let error = |coded: &DMatrix<f64>| (coded - &held_out).norm() / held_out.norm();
        let rounded = |bins: Bins| held_out.map(|x| bins.value(x));
        let normal = |count| error(&rounded(Bins::normal(count)));
        let even = |count| error(&rounded(Bins::even(count)));
        let picture =
            |coded: &DMatrix<f64>| (code.decode(coded) - &test).norm_squared() / test.len() as f64;

        let sizes: &[usize] = context.pick(&[64, 256], &[16, 64, 256, 1024], &[16, 64, 256, 1024]);
        let books: Vec<(f64, f64)> = sizes
            .iter()
            .map(|&size| {
                let coded = by_codebook(&seen, &held_out, size, context.seed());
                ((size as f64).log2() / DIMS as f64, error(&coded))
            })
            .collect();
        context.progress(0.3, "all dimensions at once");
        let at_once = prediction(context, &seen, &held_out, false);
        context.progress(0.6, "one dimension after the other");
        let in_turn = prediction(context, &seen, &held_out, true);
        let bits: Vec<usize> = vec![1, 2, 3, 4, 5, 6, 7];
        let curve = |error: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
            bits.iter().map(|&b| (b as f64, error(1 << b))).collect()
        };
        let plot = Plot::new(
            "bits",
            "Error of the code against its size",
            Axis::log("bits a dimension"),
            Axis::log("relative error"),
        )
        .line("codebook of whole vectors", books.iter().copied())
        .line("even bins", curve(&even))
        .line("bins of equal probability (TokenBridge)", curve(&normal));
        let coded = rounded(Bins::normal(64));
        let codebook = books[books.len() - 1].1;
        Ok(Trial::new()
            .measured("pictures", picture(&held_out), picture(&coded))
            .measured("codes", codebook, normal(64))
            .measured("prediction", at_once, in_turn)
            .measured("even", even(64), normal(64))
            .plot(plot))
    }
}

/// Principal components as a code of unit variance.
struct Code {
    mean: DMatrix<f64>,
    /// Columns, each times its deviation.
    axes: DMatrix<f64>,
    deviations: Vec<f64>,
}

impl Code {
    fn of(pictures: &DMatrix<f64>) -> Code {
        let mean =
            DMatrix::from_column_slice(pictures.nrows(), 1, pictures.column_mean().as_slice());
        let centred = from_mean(pictures, &mean);
        let eigen = (&centred * centred.transpose() / pictures.ncols() as f64).symmetric_eigen();
        let mut order: Vec<usize> = (0..pictures.nrows()).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        order.truncate(DIMS);
        Code {
            mean,
            axes: eigen.eigenvectors.select_columns(&order),
            deviations: order
                .iter()
                .map(|&at| eigen.eigenvalues[at].sqrt())
                .collect(),
        }
    }

    fn encode(&self, pictures: &DMatrix<f64>) -> DMatrix<f64> {
        let mut code = self.axes.transpose() * from_mean(pictures, &self.mean);
        for (mut row, deviation) in code.row_iter_mut().zip(&self.deviations) {
            row /= *deviation;
        }
        code
    }

    fn decode(&self, code: &DMatrix<f64>) -> DMatrix<f64> {
        let mut code = code.clone();
        for (mut row, deviation) in code.row_iter_mut().zip(&self.deviations) {
            row *= *deviation;
        }
        let mut pictures = &self.axes * code;
        for mut picture in pictures.column_iter_mut() {
            picture += &self.mean;
        }
        pictures
    }
}

fn from_mean(pictures: &DMatrix<f64>, mean: &DMatrix<f64>) -> DMatrix<f64> {
    let mut centred = pictures.clone();
    for mut picture in centred.column_iter_mut() {
        picture -= mean;
    }
    centred
}

/// Values that a number is rounded to, rising; a number belongs to the nearest.
struct Bins {
    values: Vec<f64>,
}

impl Bins {
    /// Means of `N(0,1)`, cut at ±3, in `count` bins of equal probability.
    fn normal(count: usize) -> Bins {
        // Fine steps of the density are exact enough: 6/20,000 wide, far below the narrowest bin of 128.
        const STEPS: usize = 20_000;
        let step = 6.0 / STEPS as f64;
        let places = (0..STEPS).map(|i| -3.0 + step * (i as f64 + 0.5));
        let density: Vec<(f64, f64)> = places.map(|x| (x, (-0.5 * x * x).exp())).collect();
        let total: f64 = density.iter().map(|d| d.1).sum();
        let mut sums = vec![(0.0, 0.0); count];
        let mut before = 0.0;
        for (x, mass) in density {
            let bin = ((before + 0.5 * mass) / total * count as f64) as usize;
            let (weight, moment) = &mut sums[bin.min(count - 1)];
            *weight += mass;
            *moment += mass * x;
            before += mass;
        }
        Bins {
            values: sums
                .iter()
                .map(|(weight, moment)| moment / weight)
                .collect(),
        }
    }

    /// Middles of `count` bins of equal width between -3 and 3.
    fn even(count: usize) -> Bins {
        let width = 6.0 / count as f64;
        Bins {
            values: (0..count)
                .map(|i| -3.0 + width * (i as f64 + 0.5))
                .collect(),
        }
    }

    fn symbol(&self, x: f64) -> usize {
        let above = self.values.partition_point(|&value| value < x);
        let below = above.saturating_sub(1);
        match self.values.get(above) {
            Some(next) if next - x < x - self.values[below] || above == 0 => above,
            _ => below,
        }
    }

    fn value(&self, x: f64) -> f64 {
        self.values[self.symbol(x)]
    }
}

/// Each code as the nearest of `size` whole vectors found by k-means.
fn by_codebook(seen: &DMatrix<f64>, codes: &DMatrix<f64>, size: usize, seed: u64) -> DMatrix<f64> {
    let flat = |m: &DMatrix<f64>| m.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let (seen, flat) = (flat(seen), flat(codes));
    let config = KMeansConfig {
        iterations: 20,
        points_per_centroid: 0,
        seed,
    };
    let book = KMeans::fit(Rows::new(&seen, DIMS), size, config);
    let nearest = book.assign(Rows::new(&flat, DIMS));
    DMatrix::from_fn(DIMS, codes.ncols(), |row, column| {
        f64::from(book.centroids[nearest[column].0 as usize * DIMS + row])
    })
}

/// Bits that a network needs to say each symbol of codes held out: it is told which dimension, and the values of the
/// earlier dimensions where `in_turn`.
fn prediction(
    context: &Context<'_>,
    seen: &DMatrix<f64>,
    held_out: &DMatrix<f64>,
    in_turn: bool,
) -> f64 {
    let bins = Bins::normal(16);
    let (inputs, labels) = questions(seen, &bins, in_turn);
    let (asked, answers) = questions(held_out, &bins, in_turn);
    let mut rng = context.rng(2);
    let mut net = Mlp::new(
        &[2 * DIMS, context.pick(24, 64, 96), bins.values.len()],
        &mut rng,
    );
    let training = Training {
        epochs: context.pick(1, 10, 30),
        batch: 64,
        rate: 3e-3,
    };
    training.classifier(&mut net, &inputs, &labels, &mut rng);
    cross_entropy(&net.forward(&asked), &answers).0 / std::f64::consts::LN_2
}

/// A column for each symbol of each code: earlier values (or zeros), and which dimension is asked for.
fn questions(codes: &DMatrix<f64>, bins: &Bins, in_turn: bool) -> (DMatrix<f64>, Vec<usize>) {
    let labels = codes.iter().map(|&x| bins.symbol(x)).collect();
    let inputs = DMatrix::from_fn(2 * DIMS, codes.len(), |row, at| {
        let (picture, dimension) = (at / DIMS, at % DIMS);
        match row.checked_sub(DIMS) {
            Some(asked) => f64::from(asked == dimension),
            None if in_turn && row < dimension => bins.value(codes[(row, picture)]),
            None => 0.0,
        }
    });
    (inputs, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bins_are_the_means_of_half_a_normal() {
        // E|x| of N(0,1) cut at 3: (phi(0) - phi(3)) / (Phi(3) - 1/2) = 0.394510 / 0.498650.
        let bins = Bins::normal(2);
        assert!(
            (bins.values[1] - 0.791_156).abs() < 1e-4,
            "{:?}",
            bins.values
        );
        assert!((bins.values[0] + bins.values[1]).abs() < 1e-9);
        assert_eq!(Bins::even(2).values, [-1.5, 1.5]);
    }

    #[test]
    fn a_number_goes_to_the_nearest_value() {
        let bins = Bins::even(3);
        let symbols = [-9.0, -1.1, -0.9, 0.9, 1.1, 9.0].map(|x| bins.symbol(x));
        assert_eq!(symbols, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn later_dimensions_are_never_told() {
        let codes = DMatrix::from_fn(DIMS, 2, |row, column| (row + column) as f64 / 9.0);
        let (inputs, labels) = questions(&codes, &Bins::even(4), true);
        assert_eq!((inputs.ncols(), labels.len()), (2 * DIMS, 2 * DIMS));
        for at in 0..2 * DIMS {
            let told = inputs.column(at).rows(0, DIMS).into_owned();
            assert!(told.iter().skip(at % DIMS).all(|&x| x == 0.0), "{at}");
            assert_eq!(inputs[(DIMS + at % DIMS, at)], 1.0);
        }
        let hidden = questions(&codes, &Bins::even(4), false).0;
        assert!(hidden.rows(0, DIMS).iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_code_of_all_components_is_the_picture() {
        let pictures = crate::mlp::gaussian(DIMS, 50, &mut rand::SeedableRng::seed_from_u64(1));
        let code = Code::of(&pictures);
        let encoded = code.encode(&pictures);
        assert!((code.decode(&encoded) - &pictures).norm() < 1e-9);
        assert!((encoded.norm_squared() / encoded.len() as f64 - 1.0).abs() < 1e-9);
    }
}
