//! Ouyang and others 2024, "Low-Bit Quantization Favors Undertrained LLMs" (arXiv 2411.17691).
//!
//! *Claim.* Rounding a model's weights to few bits harms it more the longer it was trained: the harm follows a law in
//! training tokens D, size N and bits P, `harm = k D^beta / (N^alpha P^gamma)` (the paper's equation for
//! quantization-induced degradation, QiD).
//!
//! *Mechanism.* Networks of several widths learn letters (`letters`); at checkpoints their weights are rounded to 2,
//! 3 and 4 bits, each unit's between its own least and greatest. QiD is the rounded network's loss less the network's.
//! The law is a plane in logarithms.
//!
//! *Generated.* Text from a source of known shares: nothing is seen twice, so D counts tokens that are all new, and losses
//! are exact at every place. *Control.* A law that knows size and bits but not tokens, fitted to the same checkpoints;
//! both must foretell the longest-trained ones, which neither saw.

use anyhow::{Context as _, Result};

use super::fit::linear;
use super::letters::{BATCH, Before, LETTERS, Writer, loss, network, rate, train};
use super::net::{Adam, Net, Unit};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "qid-law",
    arxiv: "2411.17691",
    title: "Low-Bit Quantization Favors Undertrained LLMs: Scaling Laws for Quantized LLMs with 100T Training Tokens",
    family: Family::Scaling,
    claim: "The longer a model was trained, the more it loses when its weights are rounded to few bits, by a law that \
            foretells the loss for models trained longer still.",
    published: "Over 1,500 quantised checkpoints of 160M to 12B parameters; exponents of about 0.5 for tokens, 0.2 for \
                size and 5 for bits.",
    baseline: "For the harm: the network trained longest. For the law: size and bits alone, fitted to the same \
               checkpoints.",
    kept: &[
        "the same run's checkpoints at growing numbers of tokens, rounded after training",
        "2, 3 and 4 bits; several sizes; the law in tokens, size and bits by least squares of logarithms",
        "the law judged on checkpoints with more tokens than any it was fitted to",
    ],
    left_out: &[
        "language models of 160M to 12B; GPTQ and AWQ: weights are rounded to the nearest of evenly spaced levels",
        "the reading at 100 trillion tokens",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "harm",
            name: "loss by rounding to 3 bits (trained longest, a thirty-second as long)",
            unit: "nats a letter",
            better: Better::Lower,
        },
        Metric {
            id: "foretold",
            name: "harm of the longest-trained foretold, mean |ln(foretold / measured)|",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "tokens-exponent",
            name: "exponent of tokens (0 in a law without them)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "bits-exponent",
            name: "exponent of bits (law without tokens, law with them)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "size-exponent",
            name: "exponent of size (law without tokens, law with them)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "three bits harm the undertrained less, by half or more",
            metric: "harm",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "with tokens, the law foretells the longest-trained better by a third",
            metric: "foretold",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "harm grows with tokens, by a power of 0.2 or more",
            metric: "tokens-exponent",
            expect: Expect::AtLeast(0.2),
        },
        Condition {
            text: "harm falls with bits, by a power of 2 or more",
            metric: "bits-exponent",
            expect: Expect::AtLeast(2.0),
        },
        Condition {
            text: "harm falls with size",
            metric: "size-exponent",
            expect: Expect::AtLeast(0.05),
        },
    ],
    likely_reason: "All networks here are small and of one hidden layer; over so few sizes, width may change how weights \
                    spread more than how redundant they are.",
    timed: false,
};

const BITS: [u32; 3] = [2, 3, 4];

/// The law of quantisation's harm.
pub struct LowBitQuantization;

impl Reproduction for LowBitQuantization {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let places = Writer::new(context.rng(1)).places(context.pick(200, 1000, 4000));
        let harms = harms(context, &places);
        let most = harms.iter().map(|harm| harm.steps).max().unwrap_or(0);
        let (fitted, held): (Vec<Harm>, Vec<Harm>) =
            harms.iter().copied().partition(|harm| harm.steps < most);
        let with = Law::fit(&fitted, true).context("the law has no solution")?;
        let without = Law::fit(&fitted, false).context("the law has no solution")?;

        let at_three = |steps: usize| {
            let harms = harms.iter().filter(|h| h.bits == 3 && h.steps == steps);
            let (sum, count) = harms.fold((0.0, 0.0), |(s, n), harm| (s + harm.loss, n + 1.0));
            sum / count
        };
        Ok(Trial::new()
            .measured("harm", at_three(most), at_three(most / 32))
            .measured("foretold", without.error(&held), with.error(&held))
            .measured("tokens-exponent", 0.0, with.tokens)
            .measured("bits-exponent", without.bits, with.bits)
            .measured("size-exponent", without.size, with.size)
            .plot(plot(&harms, with)))
    }
}

/// What rounding did to one checkpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Harm {
    width: usize,
    parameters: usize,
    steps: usize,
    bits: u32,
    /// Loss added by rounding, in nats a letter.
    loss: f64,
}

/// Checkpoints: each doubles the steps of the last. The last stands 32 times as far as the first.
fn checkpoints(context: &Context<'_>) -> [usize; 6] {
    let first = context.pick(8, 150, 600);
    std::array::from_fn(|at| first << at)
}

fn harms(context: &Context<'_>, places: &[Before]) -> Vec<Harm> {
    let widths = context.pick(
        &[8, 16, 32][..],
        &[8, 16, 32, 64, 128],
        &[8, 16, 32, 64, 128, 256],
    );
    let work: usize = widths.iter().sum();
    let mut done = 0;
    let mut harms = Vec::new();
    for &width in widths {
        let net = network(
            width,
            Unit::Relu,
            false,
            &mut context.rng(100 + width as u64),
        );
        let mut adam = Adam::new(net);
        // Every width reads the same text.
        let mut writer = Writer::new(context.rng(2));
        let mut steps = 0;
        for checkpoint in checkpoints(context) {
            train(&mut adam, &mut writer, checkpoint - steps, |_| rate(width));
            steps = checkpoint;
            let whole = loss(&adam.net, places);
            harms.extend(BITS.map(|bits| Harm {
                width,
                parameters: adam.net.shape.parameters(),
                steps,
                bits,
                loss: loss(&rounded(&adam.net, bits), places) - whole,
            }));
        }
        done += width;
        let share = done as f64 / work as f64;
        context.progress(share, &format!("a network of {width} units"));
    }
    harms
}

/// A network with the weights of each unit and of each output rounded to the nearest of `2^bits` levels, evenly spaced
/// from their least to their greatest. Biases stay.
fn rounded(net: &Net, bits: u32) -> Net {
    let mut net = net.clone();
    let rows: Vec<_> = (0..net.shape.inputs).map(|at| net.input_row(at)).collect();
    for unit in 0..net.shape.hidden {
        let places: Vec<usize> = rows.iter().map(|row| row.start + unit).collect();
        round(&mut net.weights, &places, bits);
    }
    for output in 0..LETTERS {
        let places: Vec<usize> = net.output_row(output).collect();
        round(&mut net.weights, &places, bits);
    }
    net
}

fn round(weights: &mut [f32], places: &[usize], bits: u32) {
    let values = || places.iter().map(|&at| weights[at]);
    let least = values().fold(f32::INFINITY, f32::min);
    let most = values().fold(f32::NEG_INFINITY, f32::max);
    let step = (most - least) / ((1u32 << bits) - 1) as f32;
    if step > 0.0 {
        for &at in places {
            weights[at] = least + ((weights[at] - least) / step).round() * step;
        }
    }
}

/// `harm = k D^tokens / (N^size P^bits)`.
#[derive(Debug, Clone, Copy)]
struct Law {
    k: f64,
    tokens: f64,
    size: f64,
    bits: f64,
}

impl Law {
    /// The plane nearest to the logarithms, with tokens or without. A harm of zero or less (rounding helped, by
    /// chance) has no logarithm and is left out.
    fn fit(harms: &[Harm], with_tokens: bool) -> Option<Law> {
        let harms: Vec<&Harm> = harms.iter().filter(|harm| harm.loss > 0.0).collect();
        let column = |of: fn(&Harm) -> f64| harms.iter().map(|harm| of(harm)).collect::<Vec<f64>>();
        let mut columns = vec![
            vec![1.0; harms.len()],
            column(|harm| -(harm.parameters as f64).ln()),
            column(|harm| -f64::from(harm.bits).ln()),
        ];
        if with_tokens {
            columns.push(column(|harm| tokens(harm).ln()));
        }
        let found = linear(
            &columns,
            &column(|harm| harm.loss.ln()),
            &vec![1.0; harms.len()],
        )?;
        Some(Law {
            k: found[0].exp(),
            size: found[1],
            bits: found[2],
            tokens: found.get(3).copied().unwrap_or(0.0),
        })
    }

    fn at(self, harm: &Harm) -> f64 {
        let size = (harm.parameters as f64).powf(self.size);
        self.k * tokens(harm).powf(self.tokens) / size / f64::from(harm.bits).powf(self.bits)
    }

    /// The mean distance of logarithms.
    fn error(self, harms: &[Harm]) -> f64 {
        let seen: Vec<&Harm> = harms.iter().filter(|harm| harm.loss > 0.0).collect();
        let errors = seen
            .iter()
            .map(|harm| (self.at(harm) / harm.loss).ln().abs());
        errors.sum::<f64>() / seen.len() as f64
    }
}

fn tokens(harm: &Harm) -> f64 {
    (harm.steps * BATCH) as f64
}

fn plot(harms: &[Harm], law: Law) -> Plot {
    let width = 32;
    let of = |bits: u32| {
        harms
            .iter()
            .filter(move |h| h.bits == bits && h.width == width)
    };
    let plot = Plot::new(
        "harm",
        "Loss added by rounding a network of 32 units, by how long it was trained",
        Axis::log("training letters"),
        Axis::log("added loss, nats a letter"),
    );
    let plot = BITS.iter().fold(plot, |plot, &bits| {
        plot.line(
            format!("{bits} bits"),
            of(bits).map(|harm| (tokens(harm), harm.loss)),
        )
    });
    BITS.iter().fold(plot, |plot, &bits| {
        plot.points(
            format!("law, {bits} bits"),
            of(bits).map(|harm| (tokens(harm), law.at(harm))),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_the_ends_and_takes_the_nearest_level() {
        // Levels of two bits between 0 and 3: 0, 1, 2, 3.
        let mut weights = [0.0, 9.0, 0.4, 1.6, 3.0];
        round(&mut weights, &[0, 2, 3, 4], 2);
        assert_eq!(weights, [0.0, 9.0, 0.0, 2.0, 3.0]);
    }

    #[test]
    fn the_law_is_found_again() {
        // The paper's form with exponents near its own.
        let harm = |width: usize, steps: usize, bits: u32| {
            let empty = Harm {
                width,
                parameters: 100 * width,
                steps,
                bits,
                loss: 0.0,
            };
            let law = Law {
                k: 0.02,
                tokens: 0.5,
                size: 0.23,
                bits: 5.5,
            };
            Harm {
                loss: law.at(&empty),
                ..empty
            }
        };
        let harms: Vec<Harm> = [8, 16, 32]
            .into_iter()
            .flat_map(|w| [10, 20, 40].map(|s| (w, s)))
            .flat_map(|(w, s)| BITS.map(|b| harm(w, s, b)))
            .collect();
        let law = Law::fit(&harms, true).unwrap();
        assert!((law.tokens - 0.5).abs() < 1e-9 && (law.size - 0.23).abs() < 1e-9);
        assert!((law.bits - 5.5).abs() < 1e-9 && (law.k - 0.02).abs() < 1e-9);
        assert!(law.error(&harms) < 1e-9);
        assert!(Law::fit(&harms, false).unwrap().error(&harms) > 0.1);
    }
}
