//! Knowledge capacity: "Physics of Language Models: Part 3.3, Knowledge Capacity Scaling Laws" (arXiv 2404.05405).
//!
//! **Claim.** How many bits of facts a model stores is proportional to its number of parameters, whatever its depth and
//! width: two bits each after a thousand sights of every fact, one after a hundred. Rounding to eight bits keeps them,
//! rounding to four does not.
//!
//! **Mechanism.** Facts are random, so that their bits are known. Of `N` facts with values of `log2 S` bits each a model
//! with cross-entropy `p` (in bits) on the values has stored at least `N (log2 S - p)` (section 2, theorem 3.2 without
//! the term for names, for keys are given here). There are more facts than fit: three bits a parameter.
//!
//! **Made here.** Facts from a key of four random symbols to two values of sixteen each: eight bits. Networks of one to
//! three hidden layers learn them by heart.
//!
//! **Control.** For the law: bits proportional to the number of hidden units, fitted to the same networks. For sights
//! and rounding the other setting of each.

use anyhow::Result;
use ndarray::{Array2, Axis as Along};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::layers::{Input, Network};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "knowledge-capacity",
    arxiv: "2404.05405",
    title: "Physics of Language Models: Part 3.3, Knowledge Capacity Scaling Laws",
    family: Family::Scaling,
    claim: "The bits of facts that a network can store are proportional to its parameters whatever its shape, more \
            sights of each fact store more, and rounding to eight bits loses almost none where four bits lose many.",
    published: "2 bits a parameter after 1,000 sights of each fact and 1 bit after 100, for all depths and widths; \
                8-bit weights keep this, 4-bit weights do not.",
    baseline: "Bits proportional to hidden units; 100 sights instead of 1,000; 4-bit weights instead of 8-bit.",
    kept: &[
        "random facts whose bits are known, and stored bits from the cross-entropy (section 2)",
        "100 and 1,000 sights of every fact, more facts than fit",
        "several depths and widths in one law; rounding after training",
    ],
    left_out: &[
        "transformers, sentences and names: small networks from keys to values",
        "mixtures of experts, gated layers and junk data",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "law",
            name: "error of predicted bits of larger networks",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "bits",
            name: "stored bits a parameter: 100, 1,000 sights",
            unit: "bits",
            better: Better::Higher,
        },
        Metric {
            id: "rounded",
            name: "share of bits kept: 4-bit, 8-bit weights",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "bits of larger networks follow from parameters with at most half the error than from hidden units",
            metric: "law",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "and within 15 %",
            metric: "law",
            expect: Expect::AtMost(0.15),
        },
        Condition {
            text: "1,000 sights store at least 1.3 times the bits of 100",
            metric: "bits",
            expect: Expect::Times(1.3),
        },
        Condition {
            text: "8-bit weights keep at least 95 % of the bits",
            metric: "rounded",
            expect: Expect::AtLeast(0.95),
        },
        Condition {
            text: "and at least a tenth more of them than 4-bit weights",
            metric: "rounded",
            expect: Expect::BetterBy(0.1),
        },
    ],
    likely_reason: "Networks this small have biases and unused units that count as parameters, and depth costs them \
                    more than it costs large ones.",
    timed: false,
};

/// Symbols of a key, and how many there are.
const KEY: usize = 4;
const SYMBOLS: usize = 16;
/// Values of a fact, and how many each may be.
const VALUES: usize = 2;
const KINDS: usize = 16;
/// Bits of a fact.
const FACT_BITS: f64 = 8.0;
/// Bits offered to each parameter.
const OFFERED: f64 = 3.0;

/// The reproduction.
pub(super) struct Knowledge;

/// Hidden widths of a network.
type Shape = &'static [usize];

/// Networks that the laws are fitted to; the last are those predicted.
const SMALL: [Shape; 5] = [&[8], &[16], &[8, 8], &[12, 12], &[8, 8, 8]];
const LARGE: [Shape; 3] = [&[28], &[20, 20], &[16, 16, 16]];
const TINY: ([Shape; 3], [Shape; 1]) = ([&[4], &[8], &[6, 6]], [&[10, 10]]);

impl Reproduction for Knowledge {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (small, large): (&[Shape], &[Shape]) =
            context.pick((&TINY.0, &TINY.1), (&SMALL, &LARGE), (&SMALL, &LARGE));
        let sights = context.pick(300, 1_000, 1_000);
        let mut learned = Vec::new();
        for (at, shape) in small.iter().chain(large).enumerate() {
            learned.push(learn(shape, sights, &mut context.rng(at as u64)));
            let done = (at + 1) as f64 / (small.len() + large.len() + 1) as f64;
            context.progress(done, &format!("{} parameters", learned[at].parameters));
        }
        // The last but two of the small ones, again with a tenth of the sights.
        let again = small.len() - 1;
        let few = learn(small[again], sights / 10, &mut context.rng(again as u64));

        let (fitted, predicted) = learned.split_at(small.len());
        let error = |of: fn(&Learned) -> f64| {
            let factor = proportion(fitted, of);
            let errors = predicted
                .iter()
                .map(|l| (factor * of(l) - l.bits).abs() / l.bits);
            errors.sum::<f64>() / predicted.len() as f64
        };
        let kept = |of: fn(&Learned) -> f64| {
            learned
                .iter()
                .map(|l| (of(l) / l.bits).max(0.0))
                .sum::<f64>()
                / learned.len() as f64
        };
        Ok(Trial::new()
            .measured("law", error(|l| l.units), error(|l| l.parameters))
            .measured(
                "bits",
                few.bits / few.parameters,
                learned[again].bits / learned[again].parameters,
            )
            .measured("rounded", kept(|l| l.at_four), kept(|l| l.at_eight))
            .plot(plot(&learned, small.len())))
    }
}

/// What a network has stored, whole and with rounded weights.
struct Learned {
    parameters: f64,
    units: f64,
    bits: f64,
    at_eight: f64,
    at_four: f64,
}

/// Facts: the places of each key's symbols, and the values.
struct Facts {
    keys: Vec<[usize; KEY]>,
    values: Vec<[usize; VALUES]>,
}

impl Facts {
    /// Keys are drawn until all differ, so that no two facts contradict each other.
    fn new(count: usize, rng: &mut Rng) -> Facts {
        let mut seen = std::collections::BTreeSet::new();
        let mut keys = Vec::with_capacity(count);
        while keys.len() < count {
            let key: [usize; KEY] =
                std::array::from_fn(|at| at * SYMBOLS + rng.random_range(0..SYMBOLS));
            if seen.insert(key) {
                keys.push(key);
            }
        }
        let values = (0..count).map(|_| std::array::from_fn(|_| rng.random_range(0..KINDS)));
        Facts {
            values: values.collect(),
            keys,
        }
    }

    fn places(&self, facts: &[usize]) -> Vec<usize> {
        facts.iter().flat_map(|&fact| self.keys[fact]).collect()
    }

    /// Bits stored of all facts: what their values have less what the network still needs to be told.
    fn stored(&self, network: &Network) -> f64 {
        let all: Vec<usize> = (0..self.keys.len()).collect();
        let mut scores = network.outputs(Input {
            places: &self.places(&all),
            each: KEY,
        });
        by_value(&mut scores);
        let mut missing = 0.0;
        for (row, values) in self.values.iter().enumerate() {
            for (at, &value) in values.iter().enumerate() {
                missing -= f64::from(scores[(row, at * KINDS + value)]) / std::f64::consts::LN_2;
            }
        }
        (FACT_BITS * self.keys.len() as f64 - missing).max(0.0)
    }
}

/// Scores as logarithms of probabilities, for each value on its own.
fn by_value(scores: &mut Array2<f32>) {
    for mut row in scores.outer_iter_mut() {
        for mut part in row.axis_chunks_iter_mut(Along(0), KINDS) {
            let most = part.fold(f32::NEG_INFINITY, |most, &v| most.max(v));
            let sum: f32 = part.iter().map(|v| (v - most).exp()).sum();
            part.mapv_inplace(|v| v - most - sum.ln());
        }
    }
}

/// Trains a network of this shape on as many facts as it is offered, each seen `sights` times.
fn learn(shape: Shape, sights: usize, rng: &mut Rng) -> Learned {
    let widths = [&[KEY * SYMBOLS], shape, &[VALUES * KINDS]].concat();
    let mut network = Network::new(&widths, KEY, rng);
    let parameters = network.parameters() as f64;
    let facts = Facts::new((OFFERED * parameters / FACT_BITS) as usize, rng);
    let mut order: Vec<usize> = (0..facts.keys.len()).collect();
    for sight in 0..sights {
        order.shuffle(rng);
        let rate = 0.01 * (1.0 - sight as f32 / sights as f32);
        for batch in order.chunks(64) {
            let places = facts.places(batch);
            let input = Input {
                places: &places,
                each: KEY,
            };
            network.step(input, rate, |mut scores| {
                by_value(&mut scores);
                let share = 1.0 / batch.len() as f32;
                scores.mapv_inplace(|v| v.exp() * share);
                for (mut row, &fact) in scores.outer_iter_mut().zip(batch) {
                    for (at, value) in facts.values[fact].iter().enumerate() {
                        row[at * KINDS + value] -= share;
                    }
                }
                scores
            });
        }
    }
    Learned {
        parameters,
        units: shape.iter().sum::<usize>() as f64,
        bits: facts.stored(&network),
        at_eight: facts.stored(&rounded(&network, 8)),
        at_four: facts.stored(&rounded(&network, 4)),
    }
}

/// The network with every weight matrix on a symmetric grid of this many bits.
fn rounded(network: &Network, bits: i32) -> Network {
    let mut network = network.clone();
    for weights in network.weights_mut() {
        let most = weights.fold(0.0f32, |most, w| most.max(w.abs()));
        let step = most / (2f32.powi(bits - 1) - 1.0);
        if step > 0.0 {
            weights.mapv_inplace(|w| (w / step).round() * step);
        }
    }
    network
}

/// The factor of a proportion between bits and something else, by least relative squares.
fn proportion(learned: &[Learned], of: fn(&Learned) -> f64) -> f64 {
    let ratio = |l: &Learned| of(l) / l.bits;
    learned.iter().map(ratio).sum::<f64>() / learned.iter().map(|l| ratio(l).powi(2)).sum::<f64>()
}

fn plot(learned: &[Learned], small: usize) -> Plot {
    let points = |of: fn(&Learned) -> f64, learned: &[Learned]| -> Vec<(f64, f64)> {
        learned.iter().map(|l| (l.parameters, of(l))).collect()
    };
    let (fitted, predicted) = learned.split_at(small);
    let factor = proportion(fitted, |l| l.parameters);
    let mut sizes: Vec<f64> = learned.iter().map(|l| l.parameters).collect();
    sizes.sort_by(f64::total_cmp);
    Plot::new(
        "bits",
        "Stored bits and parameters",
        Axis::log("parameters"),
        Axis::log("stored bits"),
    )
    .points("4-bit weights", points(|l| l.at_four, learned))
    .points("fitted networks", points(|l| l.bits, fitted))
    .points("predicted networks", points(|l| l.bits, predicted))
    .line(
        "in proportion to parameters",
        sizes.iter().map(|&n| (n, factor * n)),
    )
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn nothing_learned_is_nothing_stored_and_everything_is_everything() {
        let mut rng = Rng::seed_from_u64(1);
        let facts = Facts::new(6, &mut rng);
        let mut network = Network::new(&[KEY * SYMBOLS, 4, VALUES * KINDS], KEY, &mut rng);
        network.weights_mut().for_each(|weights| weights.fill(0.0));
        assert!(facts.stored(&network).abs() < 1e-3);
        let whole = learn(&[16], 400, &mut rng);
        assert!(whole.bits <= OFFERED * whole.parameters && whole.bits > 0.3 * whole.parameters);
    }

    #[test]
    fn rounding_keeps_the_grid() {
        let mut rng = Rng::seed_from_u64(2);
        let network = Network::new(&[4, 3, 2], 4, &mut rng);
        let mut four = rounded(&network, 4);
        for weights in four.weights_mut() {
            let most = weights.fold(0.0f32, |most, w| most.max(w.abs()));
            // Seven steps to each side.
            assert!(
                weights
                    .iter()
                    .all(|w| ((w / most * 7.0).round() - w / most * 7.0).abs() < 1e-4)
            );
        }
    }

    #[test]
    fn a_proportion_is_met() {
        let learned = |parameters: f64| Learned {
            parameters,
            units: 1.0,
            bits: 1.5 * parameters,
            at_eight: 0.0,
            at_four: 0.0,
        };
        let factor = proportion(&[learned(10.0), learned(1_000.0)], |l| l.parameters);
        assert!((factor - 1.5).abs() < 1e-12);
    }
}
