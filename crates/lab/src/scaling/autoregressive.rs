//! Henighan and others 2020, "Scaling Laws for Autoregressive Generative Modeling" (arXiv 2010.14701).
//!
//! *Claim.* In every domain, the loss of a model that predicts the next element falls with its size as a power law plus a
//! constant, `L(N) = L_inf + (N0 / N)^alpha` (equation 1.1). The constant is the data's entropy.
//!
//! *Mechanism.* Networks of growing width learn two domains. The law with the constant and the law without are fitted to
//! the small ones and must foretell the large ones.
//!
//! *Generated and real.* Letters from a source whose entropy is known (`letters`), and the pixels of handwritten
//! digits in four levels of grey, each foretold from six neighbours that come before it and from its place. *Control.* For
//! letters the constant can be compared with the true entropy; the guess to beat is the loss of the largest network that
//! the law was fitted to.

use anyhow::{Result, ensure};
use rand::RngExt;

use super::fit::{Data, Fit, Options, curve, forms, hold_out};
use super::letters::{self, Writer};
use super::net::{Adam, Input, Net, Pass, Shape, Unit, softmax};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "generative-scaling",
    arxiv: "2010.14701",
    title: "Scaling Laws for Autoregressive Generative Modeling",
    family: Family::Scaling,
    claim: "Whatever is modelled, the loss falls with size as a power law plus a constant, and the constant is the \
            entropy of the data.",
    published: "Images, video, captions and mathematics each follow a power law plus a constant over many orders of \
                magnitude; by it, models of a billion parameters are nearly perfect for images of 8 by 8.",
    baseline: "A power law without a constant, fitted to the same networks.",
    kept: &[
        "two domains, text and images of 8 by 8, predicted one element after the other",
        "the law with its constant, fitted to small networks and judged on large ones",
        "the constant against the entropy, which is known for the text",
    ],
    left_out: &[
        "transformers: networks of one hidden layer that see a few elements",
        "video, captions and mathematics; compute as the axis; downstream classification",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "foretold",
            name: "error of the large networks' losses foretold, mean over domains",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "floor",
            name: "distance from the text's entropy (least loss measured, the law's constant)",
            unit: "nats a letter",
            better: Better::Lower,
        },
        Metric {
            id: "explained",
            name: "variance explained over all sizes, least over domains",
            unit: "share",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "with a constant, large networks are foretold better by a third",
            metric: "foretold",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "the constant is nearer to the entropy than the least loss fitted, by a third",
            metric: "floor",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "the law explains 98 % of the variance in both domains",
            metric: "explained",
            expect: Expect::AtLeast(0.98),
        },
    ],
    likely_reason: "The small networks stay far above the entropy, so that the part of the curve that is fitted hardly \
                    shows the constant; and the widest would need more examples than all are given.",
    timed: false,
};

/// The law with a constant, in every domain.
pub struct Autoregressive;

impl Reproduction for Autoregressive {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let places = Writer::new(context.rng(1)).places(context.pick(300, 2000, 8000));
        let text = Domain::of(letters_by_size(context, &places))?;
        let images = Domain::of(pixels_by_size(context))?;
        let both = |of: fn(&Domain) -> f64| 0.5 * (of(&text) + of(&images));
        let entropy = letters::entropy(&places);
        let least = text
            .fitted
            .outputs()
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let floor = text.law.parameter("e");
        Ok(Trial::new()
            .measured("foretold", both(|d| d.bare_error), both(|d| d.error))
            .measured("floor", (least - entropy).abs(), (floor - entropy).abs())
            .measured(
                "explained",
                text.bare_explained.min(images.bare_explained),
                text.explained.min(images.explained),
            )
            .plot(text.plot("letters", "Loss by size: letters", Some(entropy)))
            .plot(images.plot("pixels", "Loss by size: pixels of handwritten digits", None)))
    }
}

/// Networks' sizes and losses in one domain, and the laws fitted to the small ones.
struct Domain {
    fitted: Data,
    held: Data,
    law: Fit,
    bare: Fit,
    /// Mean relative errors on the held-out sizes.
    error: f64,
    bare_error: f64,
    /// Over all sizes.
    explained: f64,
    bare_explained: f64,
}

/// The two largest sizes are held out.
const HELD: usize = 2;

impl Domain {
    /// Fits `(size, loss)`, smallest first.
    fn of(points: Vec<(f64, f64)>) -> Result<Domain> {
        ensure!(
            points.len() > HELD + 3,
            "a law with a constant needs four sizes"
        );
        let (sizes, losses): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let all = Data::xy(&sizes, &losses)?;
        let first_held = sizes[sizes.len() - HELD];
        let (fitted, held) = all.split(|row| row[0] < first_held);
        let options = Options::default();
        let with = hold_out(&forms::FLOOR, &fitted, &held, &options)?;
        let bare = hold_out(&forms::POWER, &fitted, &held, &options)?;
        Ok(Domain {
            error: with.held_out_error,
            bare_error: bare.held_out_error,
            explained: with.fit.explained(&all),
            bare_explained: bare.fit.explained(&all),
            law: with.fit,
            bare: bare.fit,
            fitted,
            held,
        })
    }

    fn plot(&self, id: &str, title: &str, entropy: Option<f64>) -> Plot {
        let points = |data: &Data| -> Vec<(f64, f64)> {
            data.rows().map(|(row, loss)| (row[0], loss)).collect()
        };
        let (small, large) = (points(&self.fitted), points(&self.held));
        let ends = (small[0].0, large[large.len() - 1].0);
        let axes = (
            Axis::log("weights of the network"),
            Axis::log("loss, nats an element"),
        );
        let plot = Plot::new(id, title, axes.0, axes.1)
            .line("power law", curve(&self.bare, ends.0, ends.1))
            .line(
                "power law plus a constant",
                curve(&self.law, ends.0, ends.1),
            )
            .points("fitted", small)
            .points("held out", large);
        match entropy {
            Some(entropy) => plot.line("entropy", [(ends.0, entropy), (ends.1, entropy)]),
            None => plot,
        }
    }
}

fn widths(context: &Context<'_>) -> &'static [usize] {
    context.pick(
        &[2, 3, 4, 6, 8, 12, 16],
        &[2, 4, 6, 8, 12, 16, 24, 32, 64],
        &[2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128],
    )
}

fn steps(context: &Context<'_>) -> usize {
    context.pick(100, 8000, 30_000)
}

/// The step size: even over the first half, then falling to nothing, so that the noise of steps is gone from the loss.
fn falling(width: usize, steps: usize) -> impl Fn(usize) -> f32 {
    move |step| letters::rate(width) * (2.0 * (1.0 - step as f32 / steps as f32)).min(1.0)
}

fn letters_by_size(context: &Context<'_>, places: &[letters::Before]) -> Vec<(f64, f64)> {
    let steps = steps(context);
    let train = |(at, &width): (usize, &usize)| {
        let net = letters::network(width, Unit::Relu, false, &mut context.rng(10 + at as u64));
        let mut adam = Adam::new(net);
        let mut writer = Writer::new(context.rng(2));
        letters::train(&mut adam, &mut writer, steps, falling(width, steps));
        context.progress(0.5 * share(context, at), "letters");
        (size(&adam.net), letters::loss(&adam.net, places))
    };
    widths(context).iter().enumerate().map(train).collect()
}

/// How far the widths are, by their work, after the one at this place.
fn share(context: &Context<'_>, at: usize) -> f64 {
    let sum = |widths: &[usize]| widths.iter().sum::<usize>() as f64;
    sum(&widths(context)[..=at]) / sum(widths(context))
}

fn size(net: &Net) -> f64 {
    net.shape.parameters() as f64
}

/// Levels of grey, and one more value for what is outside the picture.
const LEVELS: usize = 4;
/// Neighbours that come before a pixel, as steps down and to the right.
const NEIGHBOURS: [(isize, isize); 6] = [(0, -1), (-1, -1), (-1, 0), (-1, 1), (0, -2), (-2, 0)];
const FEATURES: usize = NEIGHBOURS.len() * (LEVELS + 1) + 16;

fn pixels_by_size(context: &Context<'_>) -> Vec<(f64, f64)> {
    let (learnt, test) = digits().split(1200, &mut context.rng(3));
    let (learnt, test) = (Pixels::of(&learnt), Pixels::of(&test));
    let steps = steps(context);
    let measured = test.some(context.pick(1000, 8000, 38_000), &mut context.rng(4));
    let train = |(at, &width): (usize, &usize)| {
        let shape = Shape {
            inputs: FEATURES,
            hidden: width,
            outputs: LEVELS,
            unit: Unit::Relu,
            gated: false,
        };
        let active = NEIGHBOURS.len() + 2;
        let net = Net::new(shape, active as f32, &mut context.rng(50 + at as u64));
        let mut adam = Adam::new(net);
        let mut rng = context.rng(5);
        let rate = falling(width, steps);
        for step in 0..steps {
            for _ in 0..letters::BATCH {
                let (inputs, level) = learnt.any(&mut rng);
                adam.example(inputs, *level);
            }
            adam.step(rate(step));
        }
        context.progress(0.5 + 0.5 * share(context, at), "pixels");
        (size(&adam.net), measured.loss(&adam.net))
    };
    widths(context).iter().enumerate().map(train).collect()
}

/// Pixels to be foretold: what is known before each, and its level of grey.
struct Pixels(Vec<(Vec<Input>, usize)>);

impl Pixels {
    fn of(digits: &Digits) -> Pixels {
        let pictures = digits.pixels.iter();
        let pixels = pictures.flat_map(|picture| {
            let levels = picture.map(|ink| ((ink * LEVELS as f32) as usize).min(LEVELS - 1));
            (0..64).map(move |at| (before(&levels, at), levels[at]))
        });
        Pixels(pixels.collect())
    }

    fn any(&self, rng: &mut Rng) -> &(Vec<Input>, usize) {
        &self.0[rng.random_range(0..self.0.len())]
    }

    fn some(&self, count: usize, rng: &mut Rng) -> Pixels {
        Pixels((0..count).map(|_| self.any(rng).clone()).collect())
    }

    /// The mean cross-entropy, in nats a pixel.
    fn loss(&self, net: &Net) -> f64 {
        let mut pass = Pass::default();
        let losses = self.0.iter().map(|(inputs, level)| {
            net.run(inputs, &mut pass);
            softmax(&mut pass.outputs);
            -f64::from(pass.outputs[*level].max(1e-12)).ln()
        });
        losses.sum::<f64>() / self.0.len() as f64
    }
}

/// A pixel's neighbours before it, each as one feature, and its row and column.
fn before(levels: &[usize; 64], at: usize) -> Vec<Input> {
    let (row, column) = ((at / 8) as isize, (at % 8) as isize);
    let mut inputs: Vec<Input> = NEIGHBOURS
        .iter()
        .enumerate()
        .map(|(place, (down, right))| {
            let (r, c) = (row + down, column + right);
            let inside = (0..8).contains(&r) && (0..8).contains(&c);
            let level = if inside {
                levels[(8 * r + c) as usize]
            } else {
                LEVELS
            };
            (place * (LEVELS + 1) + level, 1.0)
        })
        .collect();
    let places = NEIGHBOURS.len() * (LEVELS + 1);
    inputs.push((places + at / 8, 1.0));
    inputs.push((places + 8 + at % 8, 1.0));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_sees_only_what_comes_before_it() {
        let mut levels = [0; 64];
        let seen = before(&levels, 27);
        assert_eq!(seen.len(), 8);
        // Row 3, column 3, as the last two features.
        assert_eq!(seen[6..], [(30 + 3, 1.0), (38 + 3, 1.0)]);
        levels[27..].fill(3);
        assert_eq!(before(&levels, 27), seen);
        levels[26] = 2;
        assert_eq!(before(&levels, 27)[0], (2, 1.0));
        // The first pixel has no neighbours inside.
        assert!(before(&levels, 0)[..6].iter().all(|(f, _)| f % 5 == LEVELS));
    }

    #[test]
    fn a_constant_is_found_where_there_is_one() {
        let points = (1..9).map(|at| {
            let n = 2f64.powi(at);
            (n, 1.5 + 2.0 * n.powf(-0.8))
        });
        let domain = Domain::of(points.collect()).unwrap();
        assert!((domain.law.parameter("e") - 1.5).abs() < 1e-3);
        assert!(domain.bare_error > 10.0 * domain.error);
    }
}
