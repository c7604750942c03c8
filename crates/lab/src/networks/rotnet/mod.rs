//! RotNet: "Unsupervised Representation Learning by Predicting Image Rotations" (Gidaris, Singh and Komodakis, arXiv
//! 1803.07728).
//!
//! **Claim.** A network that learns to say by how much a picture was turned learns features that are good for naming what
//! is on it, without a single label.
//!
//! **Mechanism** (section 3.1). Every picture is shown turned by 0, 90, 180 and 270 degrees, all four in one batch; a
//! convolutional network with four outputs learns which it was by cross-entropy (equations 1 to 3). Then its layers are kept
//! as they are, and a linear classifier on what they give learns the names (section 4).
//!
//! **Data.** Handwritten digits of 8 by 8. Honest about them: a 0 and an 8 look the same turned by 180 degrees, and a 6 is
//! a turned 9, so that for four of the ten the turn is told by how a hand writes, if at all; how well it is told for these
//! and for the others is measured.
//!
//! **Controls.** The same network untrained, for convolutions alone are good features; the pixels themselves, of which there
//! are as many as features; the same network trained from scratch on the few labels; and, as what could be had at best,
//! features learned with the names of all training pictures.

mod convolution;
mod probe;

use anyhow::Result;
use rand::RngExt as _;

use crate::autograd::{Learner, Matrix, Plan, Tape, Weights};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Picture, Plot, Reproduction,
    Tile, Trial,
};
use convolution::{Network, WINDOW};
use probe::Scale;

static CARD: Card = Card {
    id: "rotnet",
    arxiv: "1803.07728",
    title: "Unsupervised Representation Learning by Predicting Image Rotations",
    family: Family::Networks,
    claim: "A network that learned only to say how far a picture was turned gives features from which a line reads what \
            is on it better than from the same network untrained, with few labels.",
    published: "PASCAL VOC 2007 detection with features learned without labels: 54.4 % mAP, 2.4 points below features \
                learned with labels.",
    baseline: "The same network untrained, with the same linear probe on the same labels.",
    kept: &[
        "four turns of every picture in one batch, cross-entropy over four classes",
        "convolutional layers frozen after that, a linear classifier on what they give",
        "from scratch with few labels, and features learned with all labels, for comparison",
    ],
    left_out: &[
        "photographs: handwritten digits of 8 by 8, of which 0, 6, 8 and 9 tell less well how they are turned",
        "AlexNet and networks in networks: two layers of 8 and 16 channels",
        "detection, segmentation and finer or coarser turns",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "probe",
            name: "digits read with 5 labels each: untrained features, rotation's",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "scratch",
            name: "the same: network from scratch, rotation's features",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "pixels",
            name: "the same: pixels, rotation's features",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "supervised",
            name: "the same: features learned with all names, rotation's",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "turns",
            name: "turns told rightly: of 0, 6, 8 and 9, of the others",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "a line reads more digits from rotation's features than from untrained ones, by 0.03",
            metric: "probe",
            expect: Expect::BetterBy(0.03),
        },
        Condition {
            text: "more than a network trained on the same few labels alone, by 0.02",
            metric: "scratch",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "more than a line reads from pixels, by 0.02",
            metric: "pixels",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "at most 0.1 less than from features learned with the names of all pictures",
            metric: "supervised",
            expect: Expect::BetterBy(-0.1),
        },
    ],
    likely_reason: "Pixels of digits are features already, and a network of this size needs few labels for them; pixels of \
                    photographs say little by themselves.",
    timed: false,
};

/// Labels of each digit that the rule is about, and those that the plot shows.
const FEW: usize = 5;
/// Pictures a step: sixteen, each in four turns, or as many different ones where names are learned.
const BATCH: usize = 64;
const RATE: f32 = 0.005;
/// Digits that look alike, or like another, when turned.
const ALIKE: [usize; 4] = [0, 6, 8, 9];

/// The reproduction.
pub(super) struct RotNet;

/// What the features of one network, or pixels, are for the pictures.
struct Features {
    name: &'static str,
    training: Matrix,
    test: Matrix,
}

impl Reproduction for RotNet {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn resumable(&self) -> bool {
        true
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (test, training) = digits().split(context.pick(150, 500, 500), &mut context.rng(0));
        let training = training.at(&(0..context.pick(400, 1_297, 1_297)).collect::<Vec<_>>());
        let shown: &[usize] = context.pick(&[2, FEW], &[1, 2, FEW, 10, 20], &[1, 2, FEW, 10, 20]);
        let steps = context.pick(30, 800, 3_000);

        let (turns, untrained) = Network::new(4, &mut context.rng(1));
        let turned = learn_turns(&turns, untrained.clone(), &training, steps, context)?;
        let (names, start) = Network::new(10, &mut context.rng(1));
        let all: Vec<usize> = (0..training.len()).collect();
        let plan = Plan {
            name: "names of all",
            purpose: 3,
            steps,
            rate: RATE,
            part: (0.45, 0.8),
        };
        let named = learn_names(&names, start, &training, &all, &plan, context)?;

        let of = |name, weights: &Weights| Features {
            name,
            training: features(&turns, weights, &training),
            test: features(&turns, weights, &test),
        };
        let sides = [
            of("untrained features", &untrained),
            of("rotation's features", &turned),
            Features {
                name: "pixels",
                training: pixels(&training),
                test: pixels(&test),
            },
            Features {
                name: "features with all names",
                training: features(&names, &named, &training),
                test: features(&names, &named, &test),
            },
        ];
        let mut read = Read::default();
        for (at, &labels) in shown.iter().enumerate() {
            let few = first_of_each(&training, labels);
            for (side, curve) in sides.iter().zip(&mut read.by_line) {
                curve.push((labels as f64, side.read(&few, &training, &test)));
            }
            let scratch = from_scratch(&training, &few, labels, context)?;
            let right = right(&scratch.0, &scratch.1, pixels(&test), &test.labels);
            read.from_scratch.push((labels as f64, mean(&right)));
            context.progress(0.8 + 0.2 * at as f64 / shown.len() as f64, "few labels");
        }
        let told = told_by_digit(&turns, &turned, &test);
        Ok(read
            .measured(turns_told(&told))
            .plot(read.plot(&sides))
            .plot(turns_plot(&told))
            .picture(turned_digits(&turns, &turned, &test))
            .picture(filters(&turns, &untrained, &turned)))
    }
}

/// Shares of digits read, by labels of each digit.
#[derive(Default)]
struct Read {
    by_line: [Vec<(f64, f64)>; 4],
    from_scratch: Vec<(f64, f64)>,
}

impl Read {
    fn measured(&self, (alike, others): (f64, f64)) -> Trial {
        let few = |curve: &[(f64, f64)]| {
            let at = curve.iter().find(|(labels, _)| *labels == FEW as f64);
            at.map_or(f64::NAN, |(_, read)| *read)
        };
        let [untrained, rotation, pixels, named] = [0, 1, 2, 3].map(|at| few(&self.by_line[at]));
        Trial::new()
            .measured("probe", untrained, rotation)
            .measured("scratch", few(&self.from_scratch), rotation)
            .measured("pixels", pixels, rotation)
            .measured("supervised", named, rotation)
            .measured("turns", alike, others)
    }

    fn plot(&self, sides: &[Features; 4]) -> Plot {
        let plot = Plot::new(
            "labels",
            "Digits read with few labels",
            Axis::log("labels of each digit"),
            Axis::linear("share of unseen digits read rightly"),
        );
        let curves = sides.iter().zip(&self.by_line);
        curves
            .fold(plot, |plot, (side, curve)| {
                plot.line(side.name, curve.iter().copied())
            })
            .line("network from scratch", self.from_scratch.iter().copied())
    }
}

impl Features {
    /// What a line reads of the test pictures, from these training pictures' names.
    fn read(&self, few: &[usize], training: &Digits, test: &Digits) -> f64 {
        let labelled = Matrix::from_shape_fn((few.len(), self.training.ncols()), |(i, j)| {
            self.training[(few[i], j)]
        });
        let labels = training.at(few).labels;
        let scale = Scale::of(&self.training);
        probe::accuracy(&scale, (&labelled, &labels), (&self.test, &test.labels), 10)
    }
}

/// A picture turned by so many quarters of a circle, against the clock.
fn turn(pixels: &[f32; 64], quarters: usize) -> [f32; 64] {
    std::array::from_fn(|at| {
        let (mut y, mut x) = (at / 8, at % 8);
        for _ in 0..quarters {
            // What comes to (y, x) by a quarter against the clock was at (x, 7 - y).
            (y, x) = (x, 7 - y);
        }
        pixels[8 * y + x]
    })
}

fn pixels(digits: &Digits) -> Matrix {
    rows(&digits.pixels)
}

fn rows(pictures: &[[f32; 64]]) -> Matrix {
    Matrix::from_shape_fn((pictures.len(), 64), |(i, j)| pictures[i][j])
}

/// All four turns of pictures, each picture's one after another, with the turns' numbers.
fn in_four_turns<'a>(
    pictures: impl IntoIterator<Item = &'a [f32; 64]>,
) -> (Vec<[f32; 64]>, Vec<usize>) {
    let turned = pictures
        .into_iter()
        .flat_map(|picture| (0..4).map(move |quarters| (turn(picture, quarters), quarters)));
    turned.unzip()
}

fn learn_turns(
    network: &Network,
    start: Weights,
    training: &Digits,
    steps: usize,
    context: &Context<'_>,
) -> Result<Weights> {
    let plan = Plan {
        name: "turns",
        purpose: 2,
        steps,
        rate: RATE,
        part: (0.0, 0.45),
    };
    let mut learner = Learner::new(start);
    learner.train(&plan, context, |tape, weights, rng| {
        let drawn =
            std::iter::repeat_with(|| &training.pixels[rng.random_range(0..training.len())]);
        let (pictures, turns) = in_four_turns(drawn.take(BATCH / 4));
        let scores = network.scores(tape, weights, rows(&pictures));
        Ok(tape.cross_entropy(scores, &turns))
    })?;
    Ok(learner.weights)
}

/// Learns the digits' names from the pictures at these places.
fn learn_names(
    network: &Network,
    start: Weights,
    training: &Digits,
    places: &[usize],
    plan: &Plan<'_>,
    context: &Context<'_>,
) -> Result<Weights> {
    let mut learner = Learner::new(start);
    learner.train(plan, context, |tape, weights, rng| {
        let drawn: Vec<usize> = (0..BATCH)
            .map(|_| places[rng.random_range(0..places.len())])
            .collect();
        let batch = training.at(&drawn);
        let scores = network.scores(tape, weights, pixels(&batch));
        Ok(tape.cross_entropy(scores, &batch.labels))
    })?;
    Ok(learner.weights)
}

/// The same network, trained on the few labelled pictures alone.
fn from_scratch(
    training: &Digits,
    few: &[usize],
    labels: usize,
    context: &Context<'_>,
) -> Result<(Network, Weights)> {
    let (network, start) = Network::new(10, &mut context.rng(1));
    let name = format!("from scratch with {labels} labels each");
    let plan = Plan {
        name: &name,
        purpose: 10 + labels as u32,
        steps: context.pick(30, 200, 400),
        rate: RATE,
        part: (0.8, 0.8),
    };
    let weights = learn_names(&network, start, training, few, &plan, context)?;
    Ok((network, weights))
}

fn features(network: &Network, weights: &Weights, digits: &Digits) -> Matrix {
    let mut tape = Tape::new();
    let features = network.features(&mut tape, weights, pixels(digits));
    tape.value(features).clone()
}

/// The places of the first pictures of each digit.
fn first_of_each(digits: &Digits, count: usize) -> Vec<usize> {
    let of = |digit: usize| {
        let places = (0..digits.len()).filter(move |&at| digits.labels[at] == digit);
        places.take(count)
    };
    (0..10).flat_map(of).collect()
}

/// For each picture the class of the highest score.
fn classes(network: &Network, weights: &Weights, pictures: Matrix) -> Vec<usize> {
    let mut tape = Tape::new();
    let scores = network.scores(&mut tape, weights, pictures);
    let rows = tape.value(scores).rows().into_iter();
    rows.map(|row| {
        let top = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        top.unwrap_or(0)
    })
    .collect()
}

/// For each picture 1 where its class was told rightly, and 0 otherwise.
fn right(network: &Network, weights: &Weights, pictures: Matrix, truth: &[usize]) -> Vec<f64> {
    let told = classes(network, weights, pictures);
    let pairs = told.iter().zip(truth);
    pairs
        .map(|(told, truth)| f64::from(u8::from(told == truth)))
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// How often the turn is told rightly for each digit.
fn told_by_digit(network: &Network, weights: &Weights, test: &Digits) -> [f64; 10] {
    let (pictures, turns) = in_four_turns(&test.pixels);
    let right = right(network, weights, rows(&pictures), &turns);
    std::array::from_fn(|digit| {
        let of_digit = right.chunks(4).zip(&test.labels);
        let of_digit: Vec<f64> = of_digit
            .filter(|(_, label)| **label == digit)
            .flat_map(|(right, _)| right.iter().copied())
            .collect();
        mean(&of_digit)
    })
}

/// The same for digits that look alike turned, and for the others: means over digits.
fn turns_told(by_digit: &[f64; 10]) -> (f64, f64) {
    let of = |alike: bool| -> Vec<f64> {
        let digits = (0..10).filter(|digit| ALIKE.contains(digit) == alike);
        digits.map(|digit| by_digit[digit]).collect()
    };
    (mean(&of(true)), mean(&of(false)))
}

fn turns_plot(by_digit: &[f64; 10]) -> Plot {
    Plot::new(
        "turns",
        "How often the turn is told, by digit (chance: 0.25)",
        Axis::named("digit", (0..10).map(|digit| digit.to_string())),
        Axis::linear("share of turns told rightly"),
    )
    .bars("told", *by_digit)
}

/// Some unseen digits in their four turns, with what the network says of each.
fn turned_digits(network: &Network, weights: &Weights, test: &Digits) -> Picture {
    let chosen = [0, 2, 6, 7].map(|digit| {
        let first = test.labels.iter().position(|&label| label == digit);
        &test.pixels[first.unwrap_or(0)]
    });
    let (pictures, turns) = in_four_turns(chosen);
    let told = classes(network, weights, rows(&pictures));
    let picture = Picture::new(
        "turned",
        "Unseen digits, turned, and the network's answer (first seed)",
        4,
    );
    let tiles = pictures.iter().zip(turns.iter().zip(&told));
    tiles.fold(picture, |picture, (pixels, (turn, told))| {
        let label = match turn == told {
            true => format!("{}°", 90 * turn),
            false => format!("{}°: says {}°", 90 * turn, 90 * told),
        };
        // Ink is dark.
        picture.tile(Tile::new(label, 8, pixels.iter().map(|p| 1.0 - p)))
    })
}

/// The first layer's windows before and after.
fn filters(network: &Network, untrained: &Weights, turned: &Weights) -> Picture {
    let picture = Picture::new(
        "filters",
        "What the first layer looks for, before and after (first seed)",
        8,
    );
    [("before", untrained), ("after", turned)]
        .into_iter()
        .flat_map(|(when, weights)| {
            let filters = weights.get(network.first);
            let columns = 0..filters.ncols();
            columns.map(move |at| (when, at, filters.column(at).to_owned()))
        })
        .fold(picture, |picture, (when, at, filter)| {
            let greatest = filter.fold(1e-9f32, |m, w| m.max(w.abs()));
            let label = format!("{when} {}", at + 1);
            // Grey is zero, white above, black below.
            let values = filter.iter().map(|w| 0.5 + 0.5 * w / greatest);
            picture.tile(Tile::new(label, WINDOW, values))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarters_are_a_whole_turn() {
        let picture: [f32; 64] = std::array::from_fn(|at| at as f32);
        let once = turn(&picture, 1);
        // Against the clock the right upper corner comes to the left, and the left upper one down.
        assert_eq!((once[0], once[56], once[63]), (7.0, 0.0, 56.0));
        assert_eq!(turn(&once, 1), turn(&picture, 2));
        assert_eq!(turn(&turn(&picture, 2), 2), picture);
        let (all, turns) = in_four_turns([&picture]);
        assert_eq!((all[3], turns), (turn(&picture, 3), vec![0, 1, 2, 3]));
    }

    #[test]
    fn labels_are_the_first_of_each_digit() {
        let all = digits();
        let few = first_of_each(all, 3);
        assert_eq!(few.len(), 30);
        assert!((0..30).all(|at| all.labels[few[at]] == at / 3));
        // Fewer labels are a part of more.
        assert!(first_of_each(all, 2).iter().all(|at| few.contains(at)));
    }
}
