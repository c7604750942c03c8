//! Liu, Liu and Gore 2025, "Superposition Yields Robust Neural Scaling" (arXiv 2505.10465).
//!
//! *Claim.* Where a model packs more features into its width than the width has room for, loss falls as one over the
//! width, whatever the features' frequencies. Where it keeps only as many features as fit, the law follows the
//! frequencies instead.
//!
//! *Mechanism.* The toy model `y = relu(W W^T x + b)` (`toy`); a feature occurs with chance proportional to
//! `i^-skew` and a size drawn from 0 to 2. Weight decay decides the regime: positive decay leaves the commonest
//! features alone (weak superposition, `L ~ sum of the dropped features' chances`), negative decay pulls every row to
//! length one (strong superposition, `L ~ mean squared overlap of rows ~ 1 / m`).
//!
//! *Generated.* Samples for three skews. *Control.* Both regimes see the same samples and train as long; only the sign of
//! the decay differs. Widths lie between ten and a tenth of the number of features, as in the paper: with
//! fewer dimensions nothing can be read out and loss stays at its ceiling, the features' own energy (4/3); with more,
//! packing becomes easy, and the law bends.

mod toy;

use anyhow::Result;

use self::toy::{Features, Pull, Sample, Toy, Training};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::scaling::fit::line;

static CARD: Card = Card {
    id: "superposition-scaling",
    arxiv: "2505.10465",
    title: "Superposition Yields Robust Neural Scaling",
    family: Family::Scaling,
    claim: "If a model packs all its features into too few dimensions, its loss falls as one over the width for many \
            distributions of frequencies; if it keeps only those that fit, the law depends on the frequencies.",
    published: "Exponent near 1 in the strong regime of the toy model for moderately skewed frequencies; 0.91 +/- 0.04 \
                in the output layers of four families of open language models.",
    baseline: "The same toy model, samples and steps under positive weight decay (weak superposition).",
    kept: &[
        "the tied autoencoder, sparse features of random size, AdamW with warm-up",
        "decay towards zero against decay of negative sign, which pulls rows to length one",
        "widths far below the number of features; overlaps measured on the trained rows",
    ],
    left_out: &[
        "400 features and widths up to 40 instead of 1,000 and 100; 600 steps of 128 instead of 20,000 of 2,048",
        "very skewed frequencies, where the paper finds a steeper law; the language models",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "distance-from-one",
            name: "exponent's distance from 1, mean over frequencies",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "spread",
            name: "greatest less least exponent over frequencies",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "overlap",
            name: "width times mean squared overlap of rows",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "represented",
            name: "features with a row longer than a half",
            unit: "share",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "packed, the exponent is nearer to 1 by at least a quarter",
            metric: "distance-from-one",
            expect: Expect::BetterBy(0.25),
        },
        Condition {
            text: "packed, the exponent is within a quarter of 1",
            metric: "distance-from-one",
            expect: Expect::AtMost(0.25),
        },
        Condition {
            text: "packed, the exponent depends less on the frequencies",
            metric: "spread",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "packed rows overlap no more than random ones do, 1 / m",
            metric: "overlap",
            expect: Expect::AtMost(1.25),
        },
        Condition {
            text: "packed rows overlap at least eight tenths as much",
            metric: "overlap",
            expect: Expect::AtLeast(0.8),
        },
        Condition {
            text: "the regimes differ: packing keeps at least half of the features more",
            metric: "represented",
            expect: Expect::BetterBy(0.5),
        },
    ],
    likely_reason: "Models this small, trained this briefly, learn rare features late, which steepens or flattens the \
                    law at its ends.",
    timed: false,
};

/// How skewed frequencies are: the same for all, and falling as a root or in proportion to the rank.
const SKEWS: [f64; 3] = [0.0, 0.5, 1.0];
const WEAK: Pull = Pull::Zero(1.0);
const STRONG: Pull = Pull::One(1.0);

/// Superposition and the law of width.
pub struct Superposition;

impl Reproduction for Superposition {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let weak = regime(context, WEAK, 0.0);
        let strong = regime(context, STRONG, 0.5);
        let plot = Plot::new(
            "law",
            "Loss by width: features that fit, and all features packed",
            Axis::log("width m"),
            Axis::log("squared error"),
        );
        let plot = [(&weak, "those that fit"), (&strong, "all packed")]
            .into_iter()
            .flat_map(|(regime, name)| regime.laws.iter().map(move |law| (law, name)))
            .fold(plot, |plot, (law, name)| {
                plot.line(format!("{name}, skew {}", law.skew), law.losses.clone())
            });
        Ok(Trial::new()
            .measured("distance-from-one", weak.distance(), strong.distance())
            .measured("spread", weak.spread(), strong.spread())
            .measured("overlap", weak.overlap, strong.overlap)
            .measured("represented", weak.represented, strong.represented)
            .plot(plot))
    }
}

/// What one regime came to.
struct Regime {
    laws: Vec<Law>,
    /// Means over all its models.
    overlap: f64,
    represented: f64,
}

/// Loss by width under one distribution of frequencies.
struct Law {
    skew: f64,
    losses: Vec<(f64, f64)>,
}

impl Law {
    /// `-slope` of log loss by log width.
    fn exponent(&self) -> f64 {
        let logs = |side: fn(&(f64, f64)) -> f64| -> Vec<f64> {
            self.losses.iter().map(|point| side(point).ln()).collect()
        };
        -line(&logs(|p| p.0), &logs(|p| p.1)).1
    }
}

impl Regime {
    fn distance(&self) -> f64 {
        let distances = self.laws.iter().map(|law| (law.exponent() - 1.0).abs());
        distances.sum::<f64>() / self.laws.len() as f64
    }

    fn spread(&self) -> f64 {
        let exponents: Vec<f64> = self.laws.iter().map(Law::exponent).collect();
        let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most - exponents.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Trains a model for each skew and width. `from` is how far the trial is before it.
fn regime(context: &Context<'_>, pull: Pull, from: f64) -> Regime {
    let count = context.pick(200, 400, 1000);
    let widths = context.pick(&[6, 12, 20][..], &[10, 20, 40], &[10, 18, 32, 56, 100]);
    let how = Training {
        steps: context.pick(120, 600, 4000),
        batch: context.pick(64, 128, 512),
        rate: 0.03,
    };
    let mut regime = Regime {
        laws: Vec::new(),
        overlap: 0.0,
        represented: 0.0,
    };
    let models = (SKEWS.len() * widths.len()) as f64;
    for (at, &skew) in SKEWS.iter().enumerate() {
        let features = Features::new(count, skew);
        let mut rng = context.rng(100 + at as u64);
        let measured: Vec<Sample> = (0..4000).map(|_| features.sample(&mut rng)).collect();
        let mut losses = Vec::new();
        for (place, &width) in widths.iter().enumerate() {
            // Both regimes start from the same rows and see the same samples.
            let mut rng = context.rng((at * widths.len() + place) as u64);
            let mut toy = Toy::new(count, width, &mut rng);
            toy.train(&features, pull, how, &mut rng);
            losses.push((width as f64, toy.loss(&measured)));
            let rows = kept_rows(&toy);
            regime.overlap += width as f64 * mean_squared_overlap(&rows) / models;
            regime.represented += rows.len() as f64 / count as f64 / models;
            let done = at as f64 + (place + 1) as f64 / widths.len() as f64;
            context.progress(from + 0.5 * done / SKEWS.len() as f64, "a width");
        }
        regime.laws.push(Law { skew, losses });
    }
    regime
}

/// The rows longer than a half: the features that the model represents.
fn kept_rows(toy: &Toy) -> Vec<Vec<f32>> {
    let lengths = toy.squared_lengths();
    let lines: Vec<&[f32]> = toy.lines().collect();
    (0..toy.features)
        .filter(|&at| lengths[at] > 0.25)
        .map(|at| lines.iter().map(|line| line[at]).collect())
        .collect()
}

/// The mean squared cosine of two different rows; zero where there are no two.
fn mean_squared_overlap(rows: &[Vec<f32>]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum() };
    let squares: Vec<f64> = rows.iter().map(|row| dot(row, row)).collect();
    let mut sum = 0.0;
    for (at, a) in rows.iter().enumerate() {
        for (b, square) in rows[..at].iter().zip(&squares) {
            sum += dot(a, b).powi(2) / (squares[at] * square);
        }
    }
    let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
    sum / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rng;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn random_rows_overlap_by_one_over_the_width() {
        let mut rng = Rng::seed_from_u64(1);
        let rows: Vec<Vec<f32>> = (0..1000)
            .map(|_| (0..100).map(|_| StandardNormal.sample(&mut rng)).collect())
            .collect();
        let overlap = mean_squared_overlap(&rows);
        assert!((overlap - 0.01).abs() < 3e-4, "{overlap}");
    }

    #[test]
    fn rows_at_right_angles_do_not_overlap() {
        assert_eq!(mean_squared_overlap(&[vec![2.0, 0.0], vec![0.0, 3.0]]), 0.0);
        assert_eq!(
            mean_squared_overlap(&[vec![2.0, 0.0], vec![-1.0, 0.0]]),
            1.0
        );
        assert_eq!(mean_squared_overlap(&[vec![2.0, 0.0]]), 0.0);
    }

    #[test]
    fn an_exponent_is_the_slope_of_the_logarithms() {
        let losses = [4.0, 8.0, 16.0].map(|m: f64| (m, 3.0 * m.powf(-0.7)));
        let law = Law {
            skew: 0.0,
            losses: losses.to_vec(),
        };
        assert!((law.exponent() - 0.7).abs() < 1e-12);
    }
}
