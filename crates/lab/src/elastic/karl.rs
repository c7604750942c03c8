//! Single-pass Adaptive Image Tokenization for Minimum Program Search (KARL; Duggal et al., arXiv 2507.07995).
//!
//! **Claim.** A plain picture needs a shorter description than a busy one. An encoder that is told how good the picture
//! must become can say in one pass how many numbers that takes, nearly as well as a search over all lengths.
//!
//! **Mechanism** (section 3, and the released code). Each training step has two halves. *Estimate*: with a random budget of
//! T numbers and the wish for no error the picture is encoded and decoded; the error is e. *Learn*: the encoder gets the
//! whole budget and the wish "error e"; it must reach it again with T numbers and learn to halt the rest, kept and halted ones
//! weighing alike. At use one pass with the wished error says what to halt: numbers whose halting is more likely than .75.
//!
//! **Made here.** Pictures of 8 by 8 pixels of four kinds: blank, one blob, a digit, noise. Encoder and decoder have one
//! hidden layer; a description has up to 16 numbers, in order. An error is a root mean square over pixels.
//!
//! **Controls.** One length for all, at the same mean length; and the search: for each picture the shortest length that
//! reaches the error, found by decoding all of them.

use anyhow::Result;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_distr::{Distribution, StandardNormal};

use super::pixels;
use crate::autograd::{Adam, Matrix, Slot, Tape, Var, Weights};
use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "karl",
    arxiv: "2507.07995",
    title: "Single-pass Adaptive Image Tokenization for Minimum Program Search",
    family: Family::Elastic,
    claim: "Told how good a picture must become, an encoder says in one pass how many numbers it takes: few for a plain \
            picture, many for a busy one, nearly as well as trying all lengths.",
    published: "ImageNet 256 by 256: reconstruction on a par with adaptive tokenizers that search over lengths, in a \
                single pass (the abstract gives no figure).",
    baseline: "One length for all pictures, and for each picture a search over all 16 lengths",
    kept: &[
        "training in two halves: an error reached with a random budget becomes the wish for a larger one",
        "a halting unit for each number of the description; what is halted is masked",
        "the wished error as the only thing asked at use",
    ],
    left_out: &[
        "images and transformers: 8 by 8 pixels, one hidden layer on each side",
        "quantised tokens and adversarial losses: plain numbers, squared error",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "share",
            name: "Pictures within the wished error (against one length for all, at the same mean length)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "share_search",
            name: "Pictures within the wished error (against the search)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "length_search",
            name: "Mean length (against the search)",
            unit: "numbers",
            better: Better::Lower,
        },
        Metric {
            id: "agreement",
            name: "Rank correlation of the lengths with the search's",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "order",
            name: "Pairs of kinds (blank, blob, digit, noise) whose mean lengths rise",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "at equal mean length at least 5 points more pictures are within the wished error",
            metric: "share",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "at most 10 points fewer than by the search",
            metric: "share_search",
            expect: Expect::BetterBy(-0.1),
        },
        Condition {
            text: "at most a quarter longer than by the search",
            metric: "length_search",
            expect: Expect::Times(0.8),
        },
        Condition {
            text: "lengths agree with the search's: rank correlation of at least .7",
            metric: "agreement",
            expect: Expect::AtLeast(0.7),
        },
        Condition {
            text: "lengths rise with what people would call complexity",
            metric: "order",
            expect: Expect::AtLeast(0.9),
        },
    ],
    likely_reason: "A plain picture reaches a small error with any budget: the error says little about the budget, and a \
                    larger one is never wished for it in training, so that the blank picture's length is a guess (see the \
                    lengths by kind). Errors of the paper's pictures fall with every token.",
    timed: false,
};

/// Single-pass adaptive descriptions.
pub(super) struct Karl;

/// Numbers of a description at most.
const LONGEST: usize = 16;
const HIDDEN: usize = 128;
/// Errors that are asked for.
const WISHES: [f32; 4] = [0.10, 0.13, 0.16, 0.20];
/// The logit of a probability of .75: what is halted more surely is halted.
const SURE: f32 = 1.098_612_3;
/// Below this an error is nothing: logarithms need an end.
const LEAST_ERROR: f32 = 0.01;

impl Reproduction for Karl {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let rng = &mut context.rng(0);
        let train = pictures(context.pick(100, 500, 700), rng).0;
        let (test, kinds) = pictures(context.pick(40, 150, 300), rng);
        let mut network = Network::new(&mut context.rng(1));
        let epochs = context.pick(25, 80, 200);
        network.train(&train, epochs, &mut context.rng(2), |done| {
            context.progress(0.9 * done, "estimate, then learn");
        });
        let errors: Vec<Vec<f32>> = (1..=LONGEST)
            .map(|length| {
                let budgets = vec![length; test.nrows()];
                network.errors(&test, None, &budgets)
            })
            .collect();
        let tries: Vec<Try> = WISHES
            .iter()
            .map(|&wish| Try::new(&network, &test, &errors, wish))
            .collect();
        let mean =
            |of: &dyn Fn(&Try) -> f64| tries.iter().map(of).sum::<f64>() / tries.len() as f64;
        Ok(Trial::new()
            .measured("share", mean(&|t| t.fixed_share), mean(&|t| t.share))
            .measured(
                "share_search",
                mean(&|t| t.search_share),
                mean(&|t| t.share),
            )
            .measured(
                "length_search",
                mean(&|t| t.search_length()),
                mean(&|t| t.length()),
            )
            // One length for all agrees with nothing, and its means are all alike.
            .measured(
                "agreement",
                0.0,
                mean(&|t| correlation(&t.lengths, &t.search_lengths)),
            )
            .measured("order", 0.0, mean(&|t| rising(&t.lengths, &kinds)))
            .plot(frontier(&tries, &errors))
            .plot(by_kind(&tries, &kinds)))
    }
}

/// One wished error: what one pass says, what the search says, what one length for all gives.
struct Try {
    wish: f32,
    lengths: Vec<usize>,
    share: f64,
    search_lengths: Vec<usize>,
    search_share: f64,
    fixed_share: f64,
}

impl Try {
    /// `errors` has one row a length, one entry a picture.
    fn new(network: &Network, test: &Matrix, errors: &[Vec<f32>], wish: f32) -> Try {
        let lengths = network.lengths(test, wish);
        let reached = network.errors(test, Some(wish), &lengths);
        let search_lengths: Vec<usize> = (0..test.nrows())
            .map(|at| {
                1 + errors
                    .iter()
                    .take(LONGEST - 1)
                    .take_while(|e| e[at] > wish)
                    .count()
            })
            .collect();
        let searched: Vec<f32> = search_lengths
            .iter()
            .enumerate()
            .map(|(at, &length)| errors[length - 1][at])
            .collect();
        let mut of = Try {
            wish,
            lengths,
            share: within(&reached, wish),
            search_lengths,
            search_share: within(&searched, wish),
            fixed_share: 0.0,
        };
        of.fixed_share = fixed(errors, wish, of.length());
        of
    }

    fn length(&self) -> f64 {
        mean(&self.lengths)
    }

    fn search_length(&self) -> f64 {
        mean(&self.search_lengths)
    }
}

fn mean(lengths: &[usize]) -> f64 {
    lengths.iter().sum::<usize>() as f64 / lengths.len() as f64
}

fn within(errors: &[f32], wish: f32) -> f64 {
    errors.iter().filter(|&&e| e <= wish).count() as f64 / errors.len() as f64
}

/// The share of pictures within an error when all have one length; between whole lengths, as much of one as of the other.
fn fixed(errors: &[Vec<f32>], wish: f32, length: f64) -> f64 {
    let below = (length.floor() as usize).clamp(1, LONGEST);
    let above = (below + 1).min(LONGEST);
    let part = (length - below as f64).clamp(0.0, 1.0);
    let share = |length: usize| within(&errors[length - 1], wish);
    (1.0 - part) * share(below) + part * share(above)
}

/// Spearman's rank correlation; ties have the mean of their ranks. 0 when one side is all alike.
fn correlation(a: &[usize], b: &[usize]) -> f64 {
    let ranks = |values: &[usize]| -> Vec<f64> {
        let rank = |x: usize| {
            let less = values.iter().filter(|&&y| y < x).count();
            let same = values.iter().filter(|&&y| y == x).count();
            less as f64 + (same as f64 - 1.0) / 2.0
        };
        let middle = (values.len() as f64 - 1.0) / 2.0;
        values.iter().map(|&x| rank(x) - middle).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let inner = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| x * y).sum() };
    let scale = (inner(&a, &a) * inner(&b, &b)).sqrt();
    if scale == 0.0 {
        0.0
    } else {
        inner(&a, &b) / scale
    }
}

/// The kinds' mean lengths.
fn kind_means(lengths: &[usize], kinds: &[usize]) -> [f64; 4] {
    std::array::from_fn(|kind| {
        let of = lengths.iter().zip(kinds).filter(|(_, k)| **k == kind);
        mean(&of.map(|(length, _)| *length).collect::<Vec<_>>())
    })
}

/// The share of the six pairs of kinds whose mean lengths rise.
fn rising(lengths: &[usize], kinds: &[usize]) -> f64 {
    let means = kind_means(lengths, kinds);
    let pairs = (0..4).flat_map(|b| (0..b).map(move |a| (a, b)));
    pairs.filter(|&(a, b)| means[a] < means[b]).count() as f64 / 6.0
}

fn frontier(tries: &[Try], errors: &[Vec<f32>]) -> Plot {
    let plot = Plot::new(
        "wish",
        "Mean length by wished error",
        Axis::linear("Wished error (root mean square)"),
        Axis::linear("Numbers"),
    );
    let points = |length: &dyn Fn(&Try) -> f64| -> Vec<(f64, f64)> {
        tries
            .iter()
            .map(|t| (f64::from(t.wish), length(t)))
            .collect()
    };
    let needed = |t: &Try| {
        // The shortest length at which as many pictures are within the error as in one pass.
        let enough = (1..=LONGEST).find(|&l| within(&errors[l - 1], t.wish) >= t.share);
        enough.unwrap_or(LONGEST) as f64
    };
    plot.line(
        "One length for all, as many pictures within the error",
        points(&needed),
    )
    .line("Search over all lengths", points(&Try::search_length))
    .line("One pass", points(&Try::length))
}

fn by_kind(tries: &[Try], kinds: &[usize]) -> Plot {
    let t = &tries[1];
    let names = ["Blank", "Blob", "Digit", "Noise"];
    let (x, y) = (Axis::named("", names), Axis::linear("Mean length"));
    Plot::new(
        "kinds",
        format!("Lengths by kind of picture, error {}", t.wish),
        x,
        y,
    )
    .bars(
        "Search over all lengths",
        kind_means(&t.search_lengths, kinds),
    )
    .bars("One pass", kind_means(&t.lengths, kinds))
}

/// Encoder, decoder and halting units.
struct Network {
    weights: Weights,
    /// Pixels, wish, whether there is one, and budget to a hidden layer; that to the description, and to halting.
    encoder: [Slot; 6],
    decoder: [Slot; 4],
}

/// What the encoder says of pictures.
struct Said {
    description: Var,
    /// One a number of the description: how sure it is that the number is not needed, as a logit.
    halts: Var,
}

impl Network {
    fn new(rng: &mut Rng) -> Network {
        let mut weights = Weights::new();
        let encoder = [
            weights.dense(64 + 3, HIDDEN, 1.4, rng),
            weights.bias(HIDDEN),
            weights.dense(HIDDEN, LONGEST, 1.0, rng),
            weights.bias(LONGEST),
            weights.dense(HIDDEN, LONGEST, 1.0, rng),
            weights.bias(LONGEST),
        ];
        let decoder = [
            weights.dense(LONGEST, HIDDEN, 1.4, rng),
            weights.bias(HIDDEN),
            weights.dense(HIDDEN, 64, 1.0, rng),
            weights.bias(64),
        ];
        Network {
            weights,
            encoder,
            decoder,
        }
    }

    fn train(&mut self, train: &Matrix, epochs: usize, rng: &mut Rng, told: impl Fn(f64)) {
        let mut adam = Adam::new(2e-3);
        for epoch in 0..epochs {
            told(epoch as f64 / epochs as f64);
            // Smaller steps towards the end.
            adam.set_rate(2e-3 * (1.0 - 0.9 * epoch as f32 / epochs as f32));
            for batch in pixels::batches(train.nrows(), 50, rng) {
                self.step(&pixels::pick(train, &batch), &mut adam, rng);
            }
        }
    }

    fn step(&mut self, x: &Matrix, adam: &mut Adam, rng: &mut Rng) {
        let mut tape = Tape::new();
        let budgets: Vec<usize> = (0..x.nrows())
            .map(|_| rng.random_range(1..=LONGEST))
            .collect();
        // Estimate: nothing is to be halted.
        let nothing = vec![None; x.nrows()];
        let said = self.encode(&mut tape, x, &nothing, &budgets);
        let kept = halting(&mut tape, said.halts, &vec![LONGEST; x.nrows()], &budgets);
        let apart = self.apart(&mut tape, x, said.description, &budgets);
        let wishes: Vec<Option<f32>> = errors_of(tape.value(apart)).into_iter().map(Some).collect();
        let estimate = tape.mean_square(apart);
        // Learn: the same error with the same number, out of all of them.
        let whole = vec![LONGEST; x.nrows()];
        let said = self.encode(&mut tape, x, &wishes, &whole);
        let apart = self.apart(&mut tape, x, said.description, &budgets);
        let learn = tape.mean_square(apart);
        let halted = halting(&mut tape, said.halts, &budgets, &whole);
        let halts = tape.add(kept, halted);
        let halts = tape.scale(halts, 0.1);
        let loss = tape.sum(&[estimate, learn, halts]);
        let gradients = tape.gradients(loss);
        adam.step(&mut self.weights, &gradients);
    }

    fn encode(
        &self,
        tape: &mut Tape,
        x: &Matrix,
        wishes: &[Option<f32>],
        budgets: &[usize],
    ) -> Said {
        let asked = Matrix::from_shape_fn((x.nrows(), 67), |(row, at)| match (at, wishes[row]) {
            (..64, _) => x[(row, at)],
            (64, Some(wish)) => 1.0 + wish.max(LEAST_ERROR).log10(),
            (65, Some(_)) => 1.0,
            (66, _) => budgets[row] as f32 / LONGEST as f32,
            _ => 0.0,
        });
        let [w1, b1, w2, b2, w3, b3] = self.encoder.map(|slot| tape.weights(&self.weights, slot));
        let asked = tape.constant(asked);
        let hidden = tape.linear(asked, w1, b1);
        let hidden = tape.relu(hidden);
        Said {
            description: tape.linear(hidden, w2, b2),
            halts: tape.linear(hidden, w3, b3),
        }
    }

    /// Decodes descriptions cut to these lengths, less the pictures.
    fn apart(&self, tape: &mut Tape, x: &Matrix, description: Var, lengths: &[usize]) -> Var {
        let mask = Matrix::from_shape_fn((x.nrows(), LONGEST), |(row, at)| {
            if at < lengths[row] { 1.0 } else { 0.0 }
        });
        let mask = tape.constant(mask);
        let kept = tape.times(description, mask);
        let [w1, b1, w2, b2] = self.decoder.map(|slot| tape.weights(&self.weights, slot));
        let hidden = tape.linear(kept, w1, b1);
        let hidden = tape.relu(hidden);
        let decoded = tape.linear(hidden, w2, b2);
        let x = tape.constant(x.clone());
        tape.less(decoded, x)
    }

    /// One pass with a wish: how many numbers each picture takes, those before the first that is halted (and at least one).
    fn lengths(&self, x: &Matrix, wish: f32) -> Vec<usize> {
        let mut tape = Tape::new();
        let said = self.encode(
            &mut tape,
            x,
            &vec![Some(wish); x.nrows()],
            &vec![LONGEST; x.nrows()],
        );
        let halts = tape.value(said.halts);
        let length = |row: ndarray::ArrayView1<'_, f32>| {
            row.iter().take_while(|&&halt| halt <= SURE).count().max(1)
        };
        halts.rows().into_iter().map(length).collect()
    }

    /// The errors of pictures at these lengths; without a wish the length is the budget, as in the search.
    fn errors(&self, x: &Matrix, wish: Option<f32>, lengths: &[usize]) -> Vec<f32> {
        let mut tape = Tape::new();
        let whole = vec![LONGEST; x.nrows()];
        let budgets = if wish.is_some() { &whole[..] } else { lengths };
        let said = self.encode(&mut tape, x, &vec![wish; x.nrows()], budgets);
        let apart = self.apart(&mut tape, x, said.description, lengths);
        errors_of(tape.value(apart))
    }
}

/// Halting by the whole budget's numbers from `kept` on, not before: the mean over those that are kept and the mean over those
/// that are halted, added, and averaged over pictures. Numbers beyond a picture's budget do not count.
fn halting(tape: &mut Tape, halts: Var, kept: &[usize], budgets: &[usize]) -> Var {
    let rows = kept.len();
    let weight = |row: usize, at: usize| {
        let (kept, budget) = (kept[row].min(budgets[row]), budgets[row]);
        match at {
            at if at >= budget => 0.0,
            at if at < kept => 1.0 / kept as f32,
            _ => 1.0 / (budget - kept) as f32,
        }
    };
    let halted = Matrix::from_shape_fn((rows, LONGEST), |(row, at)| {
        f32::from(u8::from(at >= kept[row]))
    });
    let weights = Matrix::from_shape_fn((rows, LONGEST), |(row, at)| weight(row, at) / rows as f32);
    tape.yes_no_weighted(halts, halted, weights)
}

/// Root mean squares of rows.
fn errors_of(apart: &Matrix) -> Vec<f32> {
    let error = |row: ndarray::ArrayView1<'_, f32>| (row.dot(&row) / row.len() as f32).sqrt();
    apart.rows().into_iter().map(error).collect()
}

/// Pictures of four kinds, `count` of each, with their kinds from the plainest.
fn pictures(count: usize, rng: &mut Rng) -> (Matrix, Vec<usize>) {
    let mut places: Vec<usize> = (0..digits().len()).collect();
    places.shuffle(rng);
    let kinds: Vec<usize> = (0..4 * count).map(|at| at % 4).collect();
    let mut all = Matrix::zeros((kinds.len(), 64));
    for (at, mut row) in all.rows_mut().into_iter().enumerate() {
        match kinds[at] {
            0 => row.fill(rng.random_range(0.0..1.0)),
            1 => {
                let (x, y): (f32, f32) = (rng.random_range(1.0..6.0), rng.random_range(1.0..6.0));
                let (size, height): (f32, f32) =
                    (rng.random_range(1.0..2.5), rng.random_range(0.5..1.0));
                for (pixel, value) in row.iter_mut().enumerate() {
                    let (dx, dy) = ((pixel % 8) as f32 - x, (pixel / 8) as f32 - y);
                    *value = height * (-(dx * dx + dy * dy) / (2.0 * size * size)).exp();
                }
            }
            2 => {
                let pixels = &digits().pixels[places[at % places.len()]];
                row.iter_mut().zip(pixels).for_each(|(out, &p)| *out = p);
            }
            _ => row.mapv_inplace(|_| {
                let draw: f32 = StandardNormal.sample(rng);
                (0.5 + 0.25 * draw).clamp(0.0, 1.0)
            }),
        }
    }
    (all, kinds)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn ranks_agree_or_not() {
        assert!((correlation(&[1, 2, 3], &[10, 20, 30]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[1, 2, 3], &[3, 2, 1]) + 1.0).abs() < 1e-12);
        // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
        let tied = correlation(&[1, 2, 2, 3], &[1, 2, 3, 4]);
        assert!((tied - (0.9f64).sqrt()).abs() < 1e-12);
        assert_eq!(correlation(&[2, 2], &[1, 3]), 0.0);
    }

    #[test]
    fn one_length_for_all_lies_between_whole_lengths() {
        let mut errors = vec![vec![0.5, 0.5]; LONGEST];
        errors[3] = vec![0.1, 0.5];
        errors[4] = vec![0.1, 0.1];
        assert_eq!(fixed(&errors, 0.2, 4.0), 0.5);
        assert_eq!(fixed(&errors, 0.2, 4.5), 0.75);
    }

    #[test]
    fn lengths_that_rise_with_kinds_are_counted() {
        assert_eq!(rising(&[1, 2, 3, 4], &[0, 1, 2, 3]), 1.0);
        assert_eq!(rising(&[1, 1, 1, 1], &[0, 1, 2, 3]), 0.0);
    }

    #[test]
    fn what_is_cut_off_does_not_matter() {
        let network = Network::new(&mut Rng::seed_from_u64(1));
        let x = pictures(1, &mut Rng::seed_from_u64(2)).0;
        let mut tape = Tape::new();
        let mut said = Matrix::ones((4, LONGEST));
        let description = tape.constant(said.clone());
        said.slice_mut(ndarray::s![.., 5..]).fill(9.0);
        let other = tape.constant(said);
        let apart = [description, other].map(|d| network.apart(&mut tape, &x, d, &[5; 4]));
        assert_eq!(tape.value(apart[0]), tape.value(apart[1]));
    }
}
