//! EoRA: a low-rank repair of a compressed layer, put where the layer's inputs go.
//!
//! **Paper.** Liu et al., "EoRA: Training-free Compensation for Compressed LLM with Eigenspace Low-Rank Approximation",
//! arXiv 2410.21271.
//!
//! **Claim.** A compressed layer `Ŵ` is repaired by adding a product of two thin matrices. Choosing them for the error
//! of the layer's *output* under its usual inputs is better than choosing them for the error of its weights, at the
//! same size and without training.
//!
//! **Mechanism** (their algorithm 1). `X·Xᵀ = Q·Λ·Qᵀ` over calibration inputs and `Q' = Q·Λ^½`; the singular vectors of
//! `(W − Ŵ)·Q'`, cut at rank `r`, are brought back by `Q'⁻¹`. That is the rank-`r` matrix with the least
//! `‖(W − Ŵ − BA)·X‖`. The baseline cuts the singular vectors of `W − Ŵ` itself.
//!
//! **Generated.** A layer of independent normal weights whose inputs have variance `1/i` along the `i`-th of randomly
//! turned axes, and a network that reads digits.
//!
//! **Control.** The same with inputs that prefer no direction: there both repairs must come out alike, so that what is
//! gained otherwise is gained by looking at the inputs.

use anyhow::Result;
use nalgebra::DMatrix;

use super::layer::{Inputs, Layer};
use super::low_rank::low_rank;
use super::rounding::{keep_two_of_four, round_to_nearest};
use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{Mlp, Training, accuracy, pixels};

static CARD: Card = Card {
    id: "eora",
    arxiv: "2410.21271",
    title: "EoRA: Training-free Compensation for Compressed LLM with Eigenspace Low-Rank Approximation",
    family: Family::Codes,
    claim: "A compressed layer is repaired better by a low-rank addition chosen for the inputs that it sees than by one \
            of the same size chosen for its weights alone.",
    published: "LLaMA3-8B at 4 bits with 2:4 sparsity: ARC-Easy +31.31 points, ARC-Challenge +12.88, MathQA +9.69 over \
                the model without repair, and better than repair by plain singular value decomposition.",
    baseline: "The singular value decomposition of the weights' error, at the same rank, on the same compressed layer.",
    kept: &[
        "The closed form: eigenvectors of the inputs' second moments, decomposition in that space, and back",
        "Compression by rounding to 2 bits, and by 2:4 sparsity with 4 bits",
        "Error measured on inputs that the repair did not see",
        "Control: inputs that prefer no direction, where there is nothing to gain",
    ],
    left_out: &[
        "Language models: one generated layer, and a network that reads digits",
        "Rounding of the repair itself, and its use as the start of fine-tuning",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "error-2-bits",
            name: "Output error, 2 bits",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "error-sparse",
            name: "Output error, 4 bits and 2:4",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "error-unrepaired",
            name: "Output error, 2 bits, against no repair",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "accuracy",
            name: "Digits read rightly, 2-bit network, rank 2",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "error-even",
            name: "Control: output error where inputs prefer no direction",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "At 2 bits and rank 16 of 256, plain decomposition leaves at least 1.2 times the output error",
            metric: "error-2-bits",
            expect: Expect::Times(1.2),
        },
        Condition {
            text: "With 4 bits and 2:4 sparsity, too",
            metric: "error-sparse",
            expect: Expect::Times(1.2),
        },
        Condition {
            text: "The layer without repair has at least 1.3 times the output error",
            metric: "error-unrepaired",
            expect: Expect::Times(1.3),
        },
        Condition {
            text: "The repaired network reads at least one digit in a hundred more",
            metric: "accuracy",
            expect: Expect::BetterBy(0.01),
        },
    ],
    likely_reason: "The gain is as great as the inputs are uneven; a small network's hidden inputs may be too even, and \
                    its digits too easy, for a lower output error to show in what it reads.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct Eora;

impl Reproduction for Eora {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (width, samples) = context.pick((64, 256), (256, 1024), (512, 2048));
        let rank = width / 16;
        let layer = Layer::generate(width, samples, Inputs::Directions, &mut context.rng(1));
        let even = Layer::generate(width, samples, Inputs::Even, &mut context.rng(2));
        let two_bits = round_to_nearest(&layer.weights, 2);
        let sparse = round_to_nearest(&keep_two_of_four(&layer.weights), 4);

        let by_weights = repaired(&layer, &two_bits, rank, Repair::ByWeights);
        let by_inputs = repaired(&layer, &two_bits, rank, Repair::ByInputs);
        context.progress(0.4, "4 bits with 2:4 sparsity");
        let sparse_by_weights = repaired(&layer, &sparse, rank, Repair::ByWeights);
        let sparse_by_inputs = repaired(&layer, &sparse, rank, Repair::ByInputs);
        let even_bits = round_to_nearest(&even.weights, 2);
        let even_by_weights = repaired(&even, &even_bits, rank, Repair::ByWeights);
        let even_by_inputs = repaired(&even, &even_bits, rank, Repair::ByInputs);
        context.progress(0.6, "a network that reads digits");
        let (read_by_weights, read_by_inputs) = network(context);
        context.progress(0.8, "error against rank");

        Ok(Trial::new()
            .measured("error-2-bits", by_weights, by_inputs)
            .measured("error-sparse", sparse_by_weights, sparse_by_inputs)
            .measured("error-unrepaired", layer.error(&two_bits), by_inputs)
            .measured("accuracy", read_by_weights, read_by_inputs)
            .measured("error-even", even_by_weights, even_by_inputs)
            .plot(against_rank(&layer, &two_bits)))
    }
}

/// What a repair is chosen for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Repair {
    ByWeights,
    ByInputs,
}

/// The rank-`rank` matrix to add to a compressed layer whose error is `error`, for inputs in columns.
fn repair(
    error: &DMatrix<f64>,
    inputs: &DMatrix<f64>,
    rank: usize,
    repair: Repair,
) -> DMatrix<f64> {
    match repair {
        Repair::ByWeights => low_rank(error, rank),
        Repair::ByInputs => {
            let (into, back) = eigenspace(inputs);
            low_rank(&(error * into), rank) * back
        }
    }
}

/// `Q' = Q·Λ^½` of the inputs' second moments, and its inverse. Directions in which inputs (almost) never go get a
/// millionth of the greatest variance, so that the inverse exists.
fn eigenspace(inputs: &DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let moments = inputs * inputs.transpose() / inputs.ncols() as f64;
    let eigen = moments.symmetric_eigen();
    let least = 1e-6 * eigen.eigenvalues.max();
    let scale = eigen.eigenvalues.map(|value| value.max(least).sqrt());
    let into = &eigen.eigenvectors * DMatrix::from_diagonal(&scale);
    let back = DMatrix::from_diagonal(&scale.map(|s| 1.0 / s)) * eigen.eigenvectors.transpose();
    (into, back)
}

/// The output error of a layer after repair.
fn repaired(layer: &Layer, compressed: &DMatrix<f64>, rank: usize, how: Repair) -> f64 {
    let error = &layer.weights - compressed;
    layer.error(&(compressed + repair(&error, &layer.calibration, rank, how)))
}

/// The share of digits read rightly by a network rounded to 2 bits and repaired, by weights and by inputs.
fn network(context: &Context<'_>) -> (f64, f64) {
    let mut rng = context.rng(3);
    let (train, test) = digits().split(context.pick(600, 1200, 1200), &mut rng);
    let (inputs, held_out) = (pixels(&train), pixels(&test));
    let mut net = Mlp::new(&[64, 64, 64, 10], &mut rng);
    let training = Training {
        epochs: context.pick(6, 30, 60),
        batch: 32,
        rate: 3e-3,
    };
    training.classifier(&mut net, &inputs, &train.labels, &mut rng);
    let states = net.states(&inputs);
    let read = |how| {
        let mut changed = net.clone();
        for (layer, seen) in changed.layers.iter_mut().zip(&states) {
            let rounded = round_to_nearest(&layer.weight, 2);
            let added = repair(&(&layer.weight - &rounded), seen, 2, how);
            layer.weight = rounded + added;
        }
        accuracy(&changed.forward(&held_out), &test.labels)
    };
    (read(Repair::ByWeights), read(Repair::ByInputs))
}

fn against_rank(layer: &Layer, compressed: &DMatrix<f64>) -> Plot {
    let width = layer.weights.nrows();
    let ranks: Vec<usize> = [64, 32, 16, 8, 4]
        .iter()
        .map(|share| width / share)
        .collect();
    let curve = |how| {
        let errors = ranks
            .iter()
            .map(|&rank| repaired(layer, compressed, rank, how));
        ranks
            .iter()
            .map(|&r| r as f64)
            .zip(errors)
            .collect::<Vec<_>>()
    };
    let unrepaired = layer.error(compressed);
    Plot::new(
        "rank",
        "Output error of a 2-bit layer after repair",
        Axis::log("rank of the repair"),
        Axis::linear("relative output error"),
    )
    .line("no repair", ranks.iter().map(|&r| (r as f64, unrepaired)))
    .line("by weights (SVD)", curve(Repair::ByWeights))
    .line("by inputs (EoRA)", curve(Repair::ByInputs))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;
    use crate::mlp::gaussian;

    #[test]
    fn into_the_eigenspace_and_back_is_the_identity() {
        let inputs = gaussian(5, 40, &mut Rng::seed_from_u64(1));
        let (into, back) = eigenspace(&inputs);
        assert!((&into * &back - DMatrix::identity(5, 5)).norm() < 1e-9);
        let moments = &inputs * inputs.transpose() / 40.0;
        assert!((&into * into.transpose() - moments).norm() < 1e-9);
    }

    #[test]
    fn a_repair_by_inputs_goes_where_the_inputs_go() {
        // Two errors, the greater in a direction that inputs hardly take: outputs of 3·0.1 and 1·1.
        let error = DMatrix::from_row_slice(2, 2, &[3.0, 0.0, 0.0, 1.0]);
        let inputs = DMatrix::from_row_slice(2, 2, &[0.1, 0.0, 0.0, 1.0]);
        let by_weights = repair(&error, &inputs, 1, Repair::ByWeights);
        let by_inputs = repair(&error, &inputs, 1, Repair::ByInputs);
        assert!((by_weights - DMatrix::from_row_slice(2, 2, &[3.0, 0.0, 0.0, 0.0])).norm() < 1e-9);
        assert!((by_inputs - DMatrix::from_row_slice(2, 2, &[0.0, 0.0, 0.0, 1.0])).norm() < 1e-9);
    }

    #[test]
    fn a_repair_of_full_rank_is_whole() {
        let layer = Layer::generate(8, 64, Inputs::Directions, &mut Rng::seed_from_u64(2));
        let rounded = round_to_nearest(&layer.weights, 2);
        for how in [Repair::ByWeights, Repair::ByInputs] {
            assert!(repaired(&layer, &rounded, 8, how) < 1e-9);
        }
    }
}
