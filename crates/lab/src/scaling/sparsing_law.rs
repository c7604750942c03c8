//! Luo and others 2024, "Sparsing Law: Towards Large Language Models with Greater Activation Sparsity" (arXiv 2411.02335).
//!
//! *Claim.* Networks of ReLU units activate a smaller share of their units the longer they are trained; networks of SiLU
//! units a larger one, at about the same loss.
//!
//! *Mechanism.* A unit counts as active where the length of what it adds to the outputs, `|h_i| * ||W_out_i||`, reaches a
//! cut-off. The cut-off is the one at which leaving out all others raises perplexity by 1 % (the paper's PPL-1 % sparsity,
//! found by halving), so that both kinds are cut at equal harm. The activation ratio is the share of active units.
//!
//! *Generated.* Gated networks of one layer learn letters without end (`letters`), measured at checkpoints that
//! double. *Control.* Both kinds start from the same weights and read the same text; their losses are compared as well,
//! as sparsity bought with loss would prove nothing.

use anyhow::Result;

use super::letters::{BATCH, Before, LETTERS, Writer, inputs, network, place_loss, rate, train};
use super::net::{Adam, Net, Pass, Unit};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "sparsing-law",
    arxiv: "2411.02335",
    title: "Sparsing Law: Towards Large Language Models with Greater Activation Sparsity",
    family: Family::Scaling,
    claim: "With more training data, networks with ReLU units come to use fewer of their units for each token, those with \
            SiLU units more, at about the same loss.",
    published: "Models of 0.1 to 1.2B: with data D the activation ratio of ReLU falls as exp(-c D^alpha + b) + A0, that of \
                SiLU rises as A0 - c / D^alpha.",
    baseline: "The same gated network with SiLU units, from the same weights, on the same text.",
    kept: &[
        "gated units of both kinds; contributions measured by their length in the output",
        "the cut-off at which perplexity rises by 1 %",
        "one run's checkpoints over a growing number of tokens",
    ],
    left_out: &[
        "cut-offs balanced between layers (CETT): there is one layer",
        "the laws' constants, and the ratio of width to depth",
        "language models of 0.1B and more; text of letters from a known source",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "change",
            name: "change of the activation ratio with data",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "silu",
            name: "activation ratio of SiLU (first checkpoint, last)",
            unit: "share",
            better: Better::Higher,
        },
        Metric {
            id: "active",
            name: "activation ratio at the end",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "loss",
            name: "loss at the end",
            unit: "nats a letter",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "with data, ReLU's ratio goes down against SiLU's by 0.05 or more",
            metric: "change",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "ReLU's ratio falls by 0.02 or more",
            metric: "change",
            expect: Expect::AtMost(-0.02),
        },
        Condition {
            text: "SiLU's ratio rises",
            metric: "silu",
            expect: Expect::BetterBy(0.0),
        },
        Condition {
            text: "in the end ReLU uses fewer units by 0.1 of them or more",
            metric: "active",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "ReLU's loss is no worse than SiLU's by more than 0.05",
            metric: "loss",
            expect: Expect::BetterBy(-0.05),
        },
    ],
    likely_reason: "One narrow layer with little to spare: units that a large model could leave out are needed here, and \
                    what is learnt first is not yet sparse.",
    timed: false,
};

/// How much perplexity may rise.
const RISE: f64 = 0.01;

/// The law of activation.
pub struct SparsingLaw;

impl Reproduction for SparsingLaw {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let places = Writer::new(context.rng(1)).places(context.pick(150, 400, 1000));
        let silu = checkpoints(context, Unit::Silu, &places, 0.0);
        let relu = checkpoints(context, Unit::Relu, &places, 0.5);
        let ends = |run: &[Checkpoint]| (run[0].ratio, run[run.len() - 1].ratio);
        let ((silu_first, silu_last), (relu_first, relu_last)) = (ends(&silu), ends(&relu));
        let curve = |run: &[Checkpoint]| -> Vec<(f64, f64)> {
            run.iter().map(|c| (c.tokens, c.ratio)).collect()
        };
        let losses = |run: &[Checkpoint]| -> Vec<(f64, f64)> {
            run.iter().map(|c| (c.tokens, c.loss)).collect()
        };
        let axis = || Axis::log("training letters");
        let ratios = Plot::new(
            "ratio",
            "Share of units needed for all but 1 % of perplexity",
            axis(),
            Axis::linear("activation ratio"),
        );
        let loss = Plot::new("loss", "Loss", axis(), Axis::linear("nats a letter"));
        Ok(Trial::new()
            .measured("change", silu_last - silu_first, relu_last - relu_first)
            .measured("silu", silu_first, silu_last)
            .measured("active", silu_last, relu_last)
            .measured("loss", silu[silu.len() - 1].loss, relu[relu.len() - 1].loss)
            .plot(ratios.line("SiLU", curve(&silu)).line("ReLU", curve(&relu)))
            .plot(loss.line("SiLU", losses(&silu)).line("ReLU", losses(&relu))))
    }
}

/// A checkpoint's measurements.
struct Checkpoint {
    tokens: f64,
    loss: f64,
    ratio: f64,
}

fn checkpoints(context: &Context<'_>, unit: Unit, places: &[Before], from: f64) -> Vec<Checkpoint> {
    let width = context.pick(16, 64, 128);
    let first = context.pick(10, 150, 300);
    let count = context.pick(4, 6, 8);
    let mut adam = Adam::new(network(width, unit, true, &mut context.rng(2)));
    let mut writer = Writer::new(context.rng(3));
    let mut steps = 0;
    (0..count)
        .map(|at| {
            train(&mut adam, &mut writer, (first << at) - steps, |_| {
                rate(width)
            });
            steps = first << at;
            let share = (first << at) as f64 / (first << (count - 1)) as f64;
            context.progress(from + 0.5 * share, "a checkpoint");
            let states = States::of(&adam.net, places);
            let (loss, _) = states.cut(&adam.net, 0.0);
            Checkpoint {
                tokens: (steps * BATCH) as f64,
                loss,
                ratio: states.ratio(&adam.net, loss + RISE.ln_1p()),
            }
        })
        .collect()
}

/// The hidden units at many places, and the length of what each adds to the outputs there.
struct States<'a> {
    places: &'a [Before],
    hidden: Vec<Vec<f32>>,
    lengths: Vec<Vec<f32>>,
}

impl<'a> States<'a> {
    fn of(net: &Net, places: &'a [Before]) -> States<'a> {
        let weights: Vec<f32> = (0..net.shape.hidden)
            .map(|unit| out_length(net, unit))
            .collect();
        let mut pass = Pass::default();
        let mut hidden = Vec::with_capacity(places.len());
        let mut lengths = Vec::with_capacity(places.len());
        for before in places {
            net.run(&inputs(before), &mut pass);
            let length = |(h, w): (&f32, &f32)| h.abs() * w;
            lengths.push(pass.hidden.iter().zip(&weights).map(length).collect());
            hidden.push(pass.hidden.clone());
        }
        States {
            places,
            hidden,
            lengths,
        }
    }

    /// The loss without the units whose contribution is shorter than the cut-off, and the share of those that stay. A
    /// unit that adds nothing never counts.
    fn cut(&self, net: &Net, cut_off: f32) -> (f64, f64) {
        let mut pass = Pass::default();
        let (mut loss, mut kept) = (0.0, 0);
        for (at, before) in self.places.iter().enumerate() {
            pass.hidden.clear();
            for (&h, &length) in self.hidden[at].iter().zip(&self.lengths[at]) {
                let stays = length > 0.0 && length >= cut_off;
                pass.hidden.push(if stays { h } else { 0.0 });
                kept += usize::from(stays);
            }
            net.finish(&mut pass);
            loss += place_loss(&mut pass.outputs, before);
        }
        let units = self.places.len() * net.shape.hidden;
        (loss / self.places.len() as f64, kept as f64 / units as f64)
    }

    /// The activation ratio at the greatest cut-off whose loss stays at or below `bound`, to one part in a million.
    fn ratio(&self, net: &Net, bound: f64) -> f64 {
        let most = self
            .lengths
            .iter()
            .flatten()
            .copied()
            .fold(0.0f32, f32::max);
        let (mut low, mut high) = (0.0f32, most);
        for _ in 0..20 {
            let middle = 0.5 * (low + high);
            if self.cut(net, middle).0 <= bound {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.cut(net, low).1
    }
}

/// The length of a unit's weights to all outputs.
fn out_length(net: &Net, unit: usize) -> f32 {
    let weights = (0..LETTERS).map(|output| net.weights[net.output_row(output)][unit]);
    weights.map(|w| w * w).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rng;
    use rand::SeedableRng;

    #[test]
    fn nothing_is_lost_without_a_cut_off_and_units_that_are_off_never_count() {
        let places = Writer::new(Rng::seed_from_u64(1)).places(50);
        let net = network(32, Unit::Relu, true, &mut Rng::seed_from_u64(2));
        let states = States::of(&net, &places);
        let (loss, kept) = states.cut(&net, 0.0);
        assert!((loss - super::super::letters::loss(&net, &places)).abs() < 1e-6);
        let on = states
            .hidden
            .iter()
            .flatten()
            .filter(|h| **h != 0.0)
            .count();
        assert_eq!(kept, on as f64 / (50.0 * 32.0));
        assert!((0.2..0.8).contains(&kept), "{kept}");
    }

    #[test]
    fn a_looser_bound_leaves_fewer_units() {
        let places = Writer::new(Rng::seed_from_u64(1)).places(50);
        let mut adam = Adam::new(network(16, Unit::Silu, true, &mut Rng::seed_from_u64(2)));
        train(
            &mut adam,
            &mut Writer::new(Rng::seed_from_u64(3)),
            60,
            |_| 0.01,
        );
        let states = States::of(&adam.net, &places);
        let (loss, all) = states.cut(&adam.net, 0.0);
        let (tight, loose) = (
            states.ratio(&adam.net, loss + 0.001),
            states.ratio(&adam.net, loss + 0.1),
        );
        assert!(loose < tight && tight <= all, "{loose} {tight} {all}");
    }
}
