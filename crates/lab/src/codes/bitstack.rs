//! BitStack: a layer as a stack of signs and thin matrices, cut off wherever memory ends.
//!
//! **Paper.** Wang et al., "BitStack: Fine-Grained Size Control for Compressed Large Language Models in Variable Memory
//! Environments", arXiv 2410.23918.
//!
//! **Claim.** Splitting weights again and again into their signs (a bit each) and a thin matrix for their absolute
//! values gives residual blocks of little more than a bit a weight. Any number of them makes a model: better than as
//! many bits of plain singular vectors, and as good as rounding to that size, without compressing anew for every size.
//!
//! **Mechanism** (their section 2). Columns of `W` are scaled by their input's root mean square; then
//! `Wᵢ₊₁ = Wᵢ − sign(Wᵢ) ∘ (U·V)` with `U·V` the rank-`k` decomposition of `|Wᵢ|`. A block costs
//! `1 + 16·k·(m + n)/(m·n)` bits a weight; `k` is 1 for 256 inputs, in the proportion of 16 for 4096. All layers' blocks
//! form one stack, sorted by what they gain on calibration data; memory decides how much of it is loaded.
//!
//! **Generated.** A layer of independent normal weights whose inputs have scales of their own, and a network that
//! reads digits.
//!
//! **Controls.** A stack of plain singular vectors at equal bits, and rounding with the best clip, which has to be done
//! again for every size.

use anyhow::Result;
use nalgebra::DMatrix;

use super::layer::{Inputs, Layer};
use super::low_rank::{Singular, low_rank};
use super::rounding::round_with_clip;
use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{Mlp, Training, accuracy, cross_entropy, pixels};

static CARD: Card = Card {
    id: "bitstack",
    arxiv: "2410.23918",
    title: "BitStack: Fine-Grained Size Control for Compressed Large Language Models in Variable Memory Environments",
    family: Family::Codes,
    claim: "A layer kept as a stack of sign planes with thin matrices serves every memory size from one file, and at \
            each size it is closer to the original than a stack of singular vectors.",
    published: "Llama 2, 3 and 3.1 from 7 to 70 billion weights: as good as GPTQ and AWQ or better, most at the smallest \
                sizes, with sizes to choose from in steps of a megabyte.",
    baseline: "A stack of plain singular vectors of the same scaled weights, as many bits a block.",
    kept: &[
        "Scaling by the inputs' root mean square, signs, and the thin decomposition of absolute values",
        "Bits counted with 16 a number of the thin matrices",
        "One stack for all layers, sorted on calibration data, cut anywhere",
        "Control: rounding to 2 bits with the best clip of each row",
    ],
    left_out: &[
        "Language models: one generated layer, and a network that reads digits",
        "The paper's way to sort blocks: here the one that costs the loss least is taken off at each step",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "error",
            name: "Output error after two blocks",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "error-rounding",
            name: "Output error after two blocks, against rounding to 2 bits",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "accuracy",
            name: "Digits read rightly at 2 bits a weight",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-4",
            name: "Digits read rightly at 4 bits a weight",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "After two blocks, the stack of singular vectors has at least 1.5 times the error",
            metric: "error",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "The error is no greater than that of rounding to about as many bits",
            metric: "error-rounding",
            expect: Expect::Times(1.0),
        },
        Condition {
            text: "At 2 bits a weight, at least five digits in a hundred more are read",
            metric: "accuracy",
            expect: Expect::BetterBy(0.05),
        },
    ],
    likely_reason: "The thin matrices cost more of a small layer's bits than of a large one's, and weights without \
                    structure leave them little to find; rounding with the best clip is close to what is possible then.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct BitStack;

/// Blocks in a layer's stack.
const BLOCKS: usize = 6;

/// Points of bits a weight, and what comes of them.
type Curve = Vec<(f64, f64)>;

/// From weights, their inputs' scales and a rank to a stack of blocks.
type Decompose = fn(&DMatrix<f64>, &[f64], usize) -> Vec<DMatrix<f64>>;

impl Reproduction for BitStack {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (width, samples) = context.pick((96, 256), (256, 1024), (512, 2048));
        let layer = Layer::generate(width, samples, Inputs::Channels, &mut context.rng(1));
        let scales = scales(&layer.calibration);
        let signs = sign_stack(&layer.weights, &scales, 1);
        context.progress(0.4, "a stack of singular vectors");
        let singular = singular_stack(&layer.weights, &scales, 1);
        let after = |stack: &[DMatrix<f64>], count: usize| {
            layer.error(&sum(&layer.weights, &stack[..count]))
        };
        let importance: Vec<f64> = scales.iter().map(|s| s * s).collect();
        let rounded = |bits| layer.error(&round_with_clip(&layer.weights, bits, &importance));
        context.progress(0.6, "a network that reads digits");
        let (plain, ours) = network(context);
        let at = |curve: &[(f64, f64)], bits: f64| {
            curve
                .iter()
                .find(|point| point.0 == bits)
                .map_or(0.0, |point| point.1)
        };

        let bits = block_bits(width, width, 1);
        let curve = |stack: &[DMatrix<f64>]| -> Vec<(f64, f64)> {
            (1..=BLOCKS)
                .map(|count| (bits * count as f64, after(stack, count)))
                .collect()
        };
        let row_bits = 32.0 / width as f64;
        let sizes = Plot::new(
            "bits",
            "Output error of a layer against its size",
            Axis::linear("bits a weight"),
            Axis::log("relative output error"),
        )
        .line("singular vectors", curve(&singular))
        .line(
            "rounding, anew for each size",
            (1..=6).map(|b| (f64::from(b) + row_bits, rounded(b))),
        )
        .line("signs and thin matrices (BitStack)", curve(&signs));
        let memory = Plot::new(
            "memory",
            "Digits read by a network of which a part is loaded",
            Axis::linear("bits a weight that are loaded"),
            Axis::linear("read rightly"),
        )
        .line("singular vectors", plain.clone())
        .line("signs and thin matrices (BitStack)", ours.clone());
        Ok(Trial::new()
            .measured("error", after(&singular, 2), after(&signs, 2))
            .measured("error-rounding", rounded(2), after(&signs, 2))
            .measured("accuracy", at(&plain, 2.0), at(&ours, 2.0))
            .measured("accuracy-4", at(&plain, 4.0), at(&ours, 4.0))
            .plot(sizes)
            .plot(memory))
    }
}

/// The root mean square of each input.
fn scales(inputs: &DMatrix<f64>) -> Vec<f64> {
    inputs
        .row_iter()
        .map(|row| {
            (row.norm_squared() / inputs.ncols() as f64)
                .sqrt()
                .max(1e-6)
        })
        .collect()
}

/// Bits a weight of one block of a layer of `m` by `n`: a sign each, and `k` thin rows and columns of 16-bit numbers.
fn block_bits(m: usize, n: usize, k: usize) -> f64 {
    1.0 + 16.0 * (k * (m + n)) as f64 / (m * n) as f64
}

/// What each block adds to the layer's weights: signs times a rank-`k` matrix, of what the blocks before left over.
fn sign_stack(weights: &DMatrix<f64>, scales: &[f64], k: usize) -> Vec<DMatrix<f64>> {
    let mut rest = scaled(weights, scales, |w, s| w * s);
    (0..BLOCKS)
        .map(|_| {
            let mut block = low_rank(&rest.abs(), k);
            block.zip_apply(&rest, |size, w| *size *= if w < 0.0 { -1.0 } else { 1.0 });
            rest -= &block;
            scaled(&block, scales, |w, s| w / s)
        })
        .collect()
}

/// The same with singular vectors, as many a block as the sign plane's bits buy.
fn singular_stack(weights: &DMatrix<f64>, scales: &[f64], k: usize) -> Vec<DMatrix<f64>> {
    let (m, n) = weights.shape();
    let bits = block_bits(m, n, k) * (m * n) as f64;
    let all = Singular::of(&scaled(weights, scales, |w, s| w * s));
    // A block holds whole vectors; what a block has left over goes to the next.
    let held = |blocks: usize| (blocks as f64 * bits / (16 * (m + n)) as f64) as usize;
    (0..BLOCKS)
        .map(|at| scaled(&all.terms(held(at)..held(at + 1)), scales, |w, s| w / s))
        .collect()
}

fn scaled(
    weights: &DMatrix<f64>,
    scales: &[f64],
    change: impl Fn(f64, f64) -> f64,
) -> DMatrix<f64> {
    DMatrix::from_fn(weights.nrows(), weights.ncols(), |row, column| {
        change(weights[(row, column)], scales[column])
    })
}

/// The sum of a stack's first blocks, of the shape of `like`.
fn sum(like: &DMatrix<f64>, blocks: &[DMatrix<f64>]) -> DMatrix<f64> {
    let nothing = DMatrix::zeros(like.nrows(), like.ncols());
    blocks.iter().fold(nothing, |sum, block| sum + block)
}

/// The share of digits read rightly against bits a weight loaded, with singular vectors and with signs.
fn network(context: &Context<'_>) -> (Curve, Curve) {
    let mut rng = context.rng(2);
    let (train, test) = digits().split(context.pick(600, 1200, 1200), &mut rng);
    let (inputs, held_out) = (pixels(&train), pixels(&test));
    let width = context.pick(48, 128, 128);
    let mut net = Mlp::new(&[64, width, width, 10], &mut rng);
    let training = Training {
        epochs: context.pick(6, 30, 60),
        batch: 32,
        rate: 3e-3,
    };
    training.classifier(&mut net, &inputs, &train.labels, &mut rng);
    let states = net.states(&inputs);
    let curve = |stack: Decompose| -> Curve {
        let layers = net.layers.iter().zip(&states);
        let stacks: Vec<_> = layers
            .map(|(layer, seen)| stack(&layer.weight, &scales(seen), 1))
            .collect();
        let calibrate = |net: &Mlp| cross_entropy(&net.forward(&inputs), &train.labels).0;
        let loads = load(&net, &stacks, calibrate);
        let budgets = (2..=14).map(|half| f64::from(half) / 2.0);
        budgets
            .map(|budget| {
                let loaded = loads
                    .iter()
                    .take_while(|(bits, _)| *bits <= budget + 1e-9)
                    .last();
                let net = loaded.map(|(_, net)| net).unwrap_or(&loads[0].1);
                (budget, accuracy(&net.forward(&held_out), &test.labels))
            })
            .collect()
    };
    (curve(singular_stack), curve(sign_stack))
}

/// The order in which blocks are loaded, found from its end: of the whole network, the block on top of a layer's stack
/// whose loss costs least a bit is unloaded first. (Loading greedily from nothing would be blind: a layer alone does
/// nothing while the others are empty.) Returns bits a weight and the network after each block, from none to all.
fn load(net: &Mlp, stacks: &[Vec<DMatrix<f64>>], loss: impl Fn(&Mlp) -> f64) -> Vec<(f64, Mlp)> {
    let weights: usize = net.layers.iter().map(|layer| layer.weight.len()).sum();
    let cost = |at: usize| {
        let weight = &net.layers[at].weight;
        block_bits(weight.nrows(), weight.ncols(), 1) * weight.len() as f64 / weights as f64
    };
    let with = |loaded: &[usize]| {
        let mut now = net.clone();
        for ((layer, stack), &count) in now.layers.iter_mut().zip(stacks).zip(loaded) {
            layer.weight = sum(&layer.weight, &stack[..count]);
        }
        now
    };
    let mut loaded: Vec<usize> = stacks.iter().map(Vec::len).collect();
    let mut bits: f64 = (0..stacks.len())
        .map(|at| cost(at) * stacks[at].len() as f64)
        .sum();
    let mut steps = vec![(bits, with(&loaded))];
    while loaded.iter().any(|&count| count > 0) {
        let before = loss(&steps[steps.len() - 1].1);
        let held = (0..stacks.len()).filter(|&at| loaded[at] > 0);
        let tries = held.map(|at| {
            let mut fewer = loaded.clone();
            fewer[at] -= 1;
            let net = with(&fewer);
            (at, (loss(&net) - before) / cost(at), net)
        });
        let Some((at, _, net)) = tries.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            break;
        };
        loaded[at] -= 1;
        bits -= cost(at);
        steps.push((bits, net));
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;
    use crate::mlp::gaussian;

    #[test]
    fn a_block_of_a_large_layer_is_little_more_than_a_bit() {
        assert_eq!(block_bits(4096, 4096, 16), 1.125);
        assert_eq!(block_bits(256, 256, 1), 1.125);
    }

    #[test]
    fn signs_with_their_mean_size_are_the_first_block() {
        // All weights have the same size: signs and one number say everything.
        let weights = DMatrix::from_row_slice(2, 2, &[2.0, -2.0, -2.0, 2.0]);
        let stack = sign_stack(&weights, &[1.0, 1.0], 1);
        assert!((&stack[0] - &weights).norm() < 1e-9);
        assert!(stack[1].norm() < 1e-9);
        // Scaled columns keep one size a column, which is of rank 1 too.
        let stack = sign_stack(&weights, &[1.0, 5.0], 1);
        assert!((&stack[0] - &weights).norm() < 1e-9);
    }

    #[test]
    fn every_block_lessens_the_rest() {
        let weights = gaussian(20, 20, &mut Rng::seed_from_u64(1));
        for stack in [sign_stack, singular_stack] {
            let stack = stack(&weights, &[1.0; 20], 1);
            let rest = |count| (sum(&weights, &stack[..count]) - &weights).norm();
            assert!((1..BLOCKS).all(|count| rest(count + 1) <= rest(count)));
        }
        // A sign and the mean size leave 1 - 2/pi of a normal number's square.
        let first = &sign_stack(&weights, &[1.0; 20], 1)[0];
        let left = (first - &weights).norm_squared() / weights.norm_squared();
        assert!(
            (left - (1.0 - 2.0 / std::f64::consts::PI)).abs() < 0.08,
            "{left}"
        );
    }

    #[test]
    fn loading_everything_costs_all_bits() {
        let mut rng = Rng::seed_from_u64(2);
        let net = Mlp::new(&[4, 6, 3], &mut rng);
        let inputs = gaussian(4, 9, &mut rng);
        let labels = [0, 1, 2, 0, 1, 2, 0, 1, 2];
        let stacks: Vec<_> = net
            .layers
            .iter()
            .map(|l| sign_stack(&l.weight, &vec![1.0; l.weight.ncols()], 1))
            .collect();
        let steps = load(&net, &stacks, |n| {
            cross_entropy(&n.forward(&inputs), &labels).0
        });
        assert_eq!(steps.len(), 1 + 2 * BLOCKS);
        let all = BLOCKS as f64 * (24.0 * block_bits(6, 4, 1) + 18.0 * block_bits(3, 6, 1)) / 42.0;
        assert!((steps[2 * BLOCKS].0 - all).abs() < 1e-9);
    }
}
