//! A made language whose true probabilities are known: what a network of these papers' runs learns.
//!
//! The next token depends on the two before. Tokens are as frequent as words (Zipf), and the rule that leads to the
//! next is a sum of parts of falling weight, so that there is always something left to learn for a larger network or
//! from more data: its loss falls as a power law down to the source's entropy, which is known. Losses are exact sums
//! over all contexts: no noise of a test set comes between.

use ndarray::Array2;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

use super::layers::{Input, Network, cross_entropy_slope, log_softmax};
use crate::frame::Rng;

/// How many tokens there are.
pub(super) const TOKENS: usize = 32;
/// How many contexts: pairs of tokens.
const CONTEXTS: usize = TOKENS * TOKENS;
/// Parts of the rule; part `k` has the weight `k^-FALL`.
const PARTS: usize = 48;
const FALL: f32 = 1.0;
/// The weight of what one token of the context says alone, beside what both say together.
const ALONE: f32 = 2.0;
/// How much the parts together spread the scores of the next token.
const SPREAD: f32 = 2.2;

/// The made language.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// How often each context comes; sums to one.
    frequency: Vec<f64>,
    // Running sums of frequencies and, for every context, of probabilities: for drawing.
    drawn: Vec<f64>,
    /// Logarithms of the next token's probabilities, a row for every context.
    pub(super) truth: Array2<f32>,
    next: Array2<f32>,
    /// The loss of who knows the source, in nats: no network can be below.
    pub(super) entropy: f64,
}

/// How to train a network on the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Training {
    /// How many pairs of context and next token are seen, each once.
    pub(super) examples: usize,
    /// How many of them make a step.
    pub(super) batch: usize,
    /// Adam's rate at the start.
    pub(super) rate: f32,
    /// Whether the rate falls to zero in a straight line, or stays.
    pub(super) cooling: bool,
}

impl Source {
    /// A language of its own for every generator.
    pub(super) fn new(rng: &mut Rng) -> Source {
        let zipf: Vec<f64> = (0..TOKENS).map(|rank| 1.0 / (rank as f64 + 1.0)).collect();
        let all: f64 = zipf.iter().sum();
        let pair = |at: usize| zipf[at / TOKENS] * zipf[at % TOKENS] / (all * all);
        let frequency: Vec<f64> = (0..CONTEXTS).map(pair).collect();
        let mut truth = rule(rng);
        log_softmax(&mut truth);
        let mut next = truth.mapv(f32::exp);
        for mut row in next.outer_iter_mut() {
            let mut sum = 0.0;
            row.mapv_inplace(|p| {
                sum += p;
                sum
            });
        }
        let drawn = frequency.iter().scan(0.0, |sum, f| {
            *sum += f;
            Some(*sum)
        });
        let mut source = Source {
            drawn: drawn.collect(),
            frequency,
            next,
            truth: Array2::zeros((0, 0)),
            entropy: 0.0,
        };
        source.entropy = source.cross_entropy(&truth, &truth);
        source.truth = truth;
        source
    }

    /// Draws pairs of a context's number and the token that follows.
    pub(super) fn draw(&self, count: usize, rng: &mut Rng) -> (Vec<usize>, Vec<usize>) {
        (0..count)
            .map(|_| {
                let place = rng.random::<f64>();
                let context = self.drawn.partition_point(|&sum| sum < place);
                let context = context.min(CONTEXTS - 1);
                let chance = rng.random::<f32>();
                let next = self
                    .next
                    .row(context)
                    .iter()
                    .take_while(|&&sum| sum < chance)
                    .count();
                (context, next.min(TOKENS - 1))
            })
            .unzip()
    }

    /// The exact expected loss of a network, in nats a token.
    pub(super) fn loss(&self, network: &Network) -> f64 {
        self.cross_entropy(&self.truth, &predictions(network))
    }

    /// What a network's loss has above the entropy: what it could still learn.
    pub(super) fn excess(&self, network: &Network) -> f64 {
        self.loss(network) - self.entropy
    }

    fn cross_entropy(&self, truth: &Array2<f32>, predicted: &Array2<f32>) -> f64 {
        let rows = truth.outer_iter().zip(predicted.outer_iter());
        rows.zip(&self.frequency)
            .map(|((truth, predicted), f)| {
                let terms = truth
                    .iter()
                    .zip(predicted)
                    .map(|(t, p)| f64::from(-t.exp() * p));
                f * terms.sum::<f64>()
            })
            .sum()
    }

    /// Trains a network; `look` sees it after every step, with the steps done.
    pub(super) fn train(
        &self,
        network: &mut Network,
        training: &Training,
        rng: &mut Rng,
        mut look: impl FnMut(usize, &Network),
    ) {
        let steps = (training.examples / training.batch).max(1);
        for step in 0..steps {
            let (contexts, next) = self.draw(training.batch, rng);
            let places = places(&contexts);
            let left = if training.cooling {
                1.0 - step as f32 / steps as f32
            } else {
                1.0
            };
            let input = Input {
                places: &places,
                each: 2,
            };
            network.step(input, training.rate * left, |scores| {
                cross_entropy_slope(scores, &next)
            });
            look(step + 1, network);
        }
    }
}

/// A network of this width, trained on the source with the usual setting: batches of 16 and a rate that falls to zero.
pub(super) fn trained(source: &Source, width: usize, examples: usize, rng: &mut Rng) -> Network {
    let mut network = network(width, rng);
    let training = Training {
        examples,
        batch: 16,
        rate: 0.01,
        cooling: true,
    };
    source.train(&mut network, &training, rng, |_, _| {});
    network
}

/// A network for the source: both tokens of the context enter one hidden layer of `width`, a second of the same width
/// follows.
pub(super) fn network(width: usize, rng: &mut Rng) -> Network {
    Network::new(&[2 * TOKENS, width, width, TOKENS], 2, rng)
}

/// The places of the first and of the second token of each context.
pub(super) fn places(contexts: &[usize]) -> Vec<usize> {
    let both = contexts
        .iter()
        .map(|at| [at / TOKENS, TOKENS + at % TOKENS]);
    both.flatten().collect()
}

/// Logarithms of a network's probabilities for every context.
fn predictions(network: &Network) -> Array2<f32> {
    let contexts: Vec<usize> = (0..CONTEXTS).collect();
    let mut scores = network.outputs(Input {
        places: &places(&contexts),
        each: 2,
    });
    log_softmax(&mut scores);
    scores
}

/// Scores of the next token for every context: parts `u[a] v[b] w[next]` and, of [`ALONE`] times the weight, such
/// products of one token and the next.
fn rule(rng: &mut Rng) -> Array2<f32> {
    let mut scores = Array2::zeros((CONTEXTS, TOKENS));
    let weights: Vec<f32> = (1..=PARTS).map(|k| (k as f32).powf(-FALL)).collect();
    let all: f32 = weights.iter().map(|w| w * w).sum();
    for weight in weights {
        let mut vector =
            || -> Vec<f32> { (0..TOKENS).map(|_| StandardNormal.sample(rng)).collect() };
        let [u, v, w, a, b, c, d] = std::array::from_fn(|_| vector());
        let weight = weight * SPREAD / ((1.0 + 2.0 * ALONE * ALONE) * all).sqrt();
        for (context, mut row) in scores.outer_iter_mut().enumerate() {
            let (first, second) = (context / TOKENS, context % TOKENS);
            for next in 0..TOKENS {
                let both = u[first] * v[second] * w[next];
                let alone = a[first] * b[next] + c[second] * d[next];
                row[next] += weight * (both + ALONE * alone);
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn frequencies_and_probabilities_sum_to_one() {
        let source = Source::new(&mut Rng::seed_from_u64(1));
        assert!((source.frequency.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let sums = source
            .truth
            .outer_iter()
            .map(|row| row.iter().map(|v| v.exp()).sum::<f32>());
        assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-4));
        // Well below the entropy of 32 equal tokens, well above nothing.
        assert!((1.0..3.0).contains(&source.entropy), "{}", source.entropy);
    }

    #[test]
    fn draws_come_as_often_as_they_should() {
        let mut rng = Rng::seed_from_u64(2);
        let source = Source::new(&mut rng);
        let (contexts, next) = source.draw(200_000, &mut rng);
        let first = contexts.iter().zip(&next).filter(|(c, _)| **c == 0);
        let share = first.clone().count() as f64 / 200_000.0;
        assert!((share - source.frequency[0]).abs() < 0.002, "{share}");
        let zero = first.clone().filter(|(_, n)| **n == 5).count() as f64 / first.count() as f64;
        assert!(
            (zero - f64::from(source.truth[(0, 5)].exp())).abs() < 0.02,
            "{zero}"
        );
    }

    #[test]
    fn more_examples_and_a_larger_network_lower_the_loss() {
        let mut rng = Rng::seed_from_u64(3);
        let source = Source::new(&mut rng);
        let mut excess = |width, examples| {
            let mut network = network(width, &mut rng);
            let training = Training {
                examples,
                batch: 32,
                rate: 0.01,
                cooling: true,
            };
            source.train(&mut network, &training, &mut rng, |_, _| {});
            source.excess(&network)
        };
        let (small, longer, larger) = (excess(4, 2_000), excess(4, 16_000), excess(16, 16_000));
        assert!(
            small > longer && longer > larger && larger > 0.0,
            "{small} {longer} {larger}"
        );
    }
}
