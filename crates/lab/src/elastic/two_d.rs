//! 2D Matryoshka Sentence Embeddings (Li et al., arXiv 2402.14776).
//!
//! **Claim.** A nested vector can be cut, but all layers must be computed first. Trained in two directions, an encoder can
//! be left after any layer and its vector cut to any size, for little loss of the whole.
//!
//! **Mechanism** (section 3, as first released). Every step draws an earlier layer k and a size m. With V the vector of a
//! layer, N the last layer, L the contrastive loss, the sum of
//!
//! ```text
//! L(V_N) + L(V_k) + KL(softmax V_N ‖ softmax V_k)      at full width
//! L(V_N[..m]) + L(V_k[..m])                            cut
//! ```
//!
//! **Made here.** Digits, and a residual network of four blocks. Pairs are two pictures of one digit; other pairs of the
//! batch are the wrong answers, except those of the same digit. L is that of in-batch negatives, with cosines times 20.
//!
//! **Control.** The opponent is nested too (Matryoshka on the last layer), with the same draws of m, so that only the
//! second direction differs.

use anyhow::Result;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::pixels;
use super::ranking::{Labelled, rank};
use crate::autograd::{Adam, Matrix, Slot, Tape, Var, Weights};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Scale,
    Trial,
};

static CARD: Card = Card {
    id: "2dmse",
    arxiv: "2402.14776",
    title: "2D Matryoshka Sentence Embeddings",
    family: Family::Elastic,
    claim: "A vector can be cut in two directions: an encoder trained for it can be left after a few layers, and its \
            vector cut to a few numbers, and is still good; the whole loses little.",
    published: "Semantic similarity with BERT-base: about the same as Matryoshka training with all 12 layers, and well \
                above it where the encoder is left early (the paper's figures; tables were not at hand).",
    baseline: "Matryoshka training of the last layer: the same network, steps, batches and sizes",
    kept: &[
        "the losses of a drawn layer and a drawn size in every step, and the divergence that pulls the layer to the last",
        "all weights 1, temperature 1, no stop of gradients, as first released",
        "measured over the whole grid of layers and sizes",
    ],
    left_out: &[
        "transformers and sentences: residual blocks over 8 by 8 pixels",
        "the AnglE loss: contrastive loss with in-batch negatives, as in the port to sentence-transformers",
        "the later version (ESE) with principal components",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "early",
            name: "Mean average precision, mean over layers 1 to 3 and all sizes",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "first",
            name: "Mean average precision after one layer of four, all 32 numbers",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "half",
            name: "Share of the whole's precision that half the layers and half the numbers keep",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "whole",
            name: "Mean average precision after all layers, all numbers",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "before the last layer at least 5 points better over all sizes",
            metric: "early",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "after one layer at least 5 points better",
            metric: "first",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "half the layers with half the numbers keep at least 90 % of the whole",
            metric: "half",
            expect: Expect::AtLeast(0.9),
        },
        Condition {
            text: "the whole loses at most 2 points",
            metric: "whole",
            expect: Expect::BetterBy(-0.02),
        },
    ],
    likely_reason: "In a residual network of four blocks early layers are close to the last one, and digits hardly need \
                    depth: less can be won than in twelve layers of a transformer.",
    timed: false,
};

/// Two directions.
pub(super) struct TwoD;

const LAYERS: usize = 4;
const WIDTH: usize = 32;
const SIZES: [usize; 4] = [4, 8, 16, 32];
/// Cosines are multiplied by this before the softmax.
const SHARPNESS: f32 = 20.0;
const PAIRS: usize = 40;

impl Reproduction for TwoD {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (train, mut test) = digits().split(context.pick(300, 900, 900), &mut context.rng(0));
        if context.scale() == Scale::Tiny {
            test = test.split(150, &mut context.rng(2)).0;
        }
        let steps = context.pick(80, 800, 2000);
        let grid = |directions: usize| {
            let network = Network::train(&train, directions, steps, &mut context.rng(1));
            network.grid(&train, &test)
        };
        let nested = grid(1);
        context.progress(0.5, "two directions");
        let both = grid(2);

        let early = |grid: &Grid| {
            let cells = grid[..LAYERS - 1].iter().flatten();
            cells.sum::<f64>() / ((LAYERS - 1) * SIZES.len()) as f64
        };
        let whole = |grid: &Grid| grid[LAYERS - 1][SIZES.len() - 1];
        // Layer 2 of 4, 16 of 32 numbers.
        let half = |grid: &Grid| grid[1][2] / whole(grid);
        Ok(Trial::new()
            .measured("early", early(&nested), early(&both))
            .measured("first", nested[0][3], both[0][3])
            .measured("half", half(&nested), half(&both))
            .measured("whole", whole(&nested), whole(&both))
            .plot(plot("whole", 3, &nested, &both))
            .plot(plot("cut", 1, &nested, &both)))
    }
}

/// Mean average precision by layer and size.
type Grid = [[f64; 4]; LAYERS];

fn plot(id: &str, size: usize, nested: &Grid, both: &Grid) -> Plot {
    let line = |grid: &Grid| -> Vec<(f64, f64)> {
        (0..LAYERS)
            .map(|layer| (layer as f64 + 1.0, grid[layer][size]))
            .collect()
    };
    let what = format!(
        "Precision by layers computed, {} of 32 numbers",
        SIZES[size]
    );
    let (x, y) = (
        Axis::linear("Layers computed"),
        Axis::linear("Mean average precision"),
    );
    Plot::new(id, what, x, y)
        .line("Nested at the last layer", line(nested))
        .line("Nested in two directions", line(both))
}

/// Pixels, a first map, then blocks `h + W2 relu(W1 norm(h))`.
struct Network {
    weights: Weights,
    first: Slot,
    blocks: Vec<[Slot; 3]>,
}

impl Network {
    fn new(rng: &mut Rng) -> Network {
        let mut weights = Weights::new();
        let first = weights.dense(64, WIDTH, 1.0, rng);
        let blocks = (0..LAYERS)
            .map(|_| {
                let inner = weights.dense(WIDTH, 2 * WIDTH, 1.4, rng);
                let bias = weights.bias(2 * WIDTH);
                [inner, bias, weights.dense(2 * WIDTH, WIDTH, 0.7, rng)]
            })
            .collect();
        Network {
            weights,
            first,
            blocks,
        }
    }

    /// With `directions` 1 the last layer is trained alone, with 2 a drawn one too.
    fn train(train: &Digits, directions: usize, steps: usize, rng: &mut Rng) -> Network {
        let mut network = Network::new(rng);
        let all = pixels::matrix(train);
        let mut adam = Adam::new(1e-3);
        for _ in 0..steps {
            let pairs = Pairs::draw(train, rng);
            let size = *SIZES[..SIZES.len() - 1].choose(rng).unwrap_or(&WIDTH);
            // Drawn in both cases, so that both see the same batches.
            let layer = rng.random_range(0..LAYERS - 1);
            let mut tape = Tape::new();
            let places: Vec<usize> = [&pairs.left[..], &pairs.right[..]].concat();
            let layers = network.layers(&mut tape, pixels::pick(&all, &places));
            let last = layers[LAYERS - 1];
            let mut losses = vec![
                pairs.loss(&mut tape, last, WIDTH),
                pairs.loss(&mut tape, last, size),
            ];
            if directions == 2 {
                losses.push(pairs.loss(&mut tape, layers[layer], WIDTH));
                losses.push(pairs.loss(&mut tape, layers[layer], size));
                losses.push(tape.divergence(layers[layer], last));
            }
            let loss = tape.sum(&losses);
            let gradients = tape.gradients(loss);
            adam.step(&mut network.weights, &gradients);
        }
        network
    }

    /// The vectors after each layer.
    fn layers(&self, tape: &mut Tape, pixels: Matrix) -> Vec<Var> {
        let x = tape.constant(pixels);
        let first = tape.weights(&self.weights, self.first);
        let mut h = tape.product(x, first);
        let mut layers = Vec::with_capacity(LAYERS);
        for block in &self.blocks {
            let [inner, bias, outer] = block.map(|slot| tape.weights(&self.weights, slot));
            let normal = tape.normalised(h);
            let open = tape.linear(normal, inner, bias);
            let open = tape.relu(open);
            let change = tape.product(open, outer);
            h = tape.add(h, change);
            layers.push(h);
        }
        layers
    }

    fn grid(&self, base: &Digits, queries: &Digits) -> Grid {
        let vectors = |pictures: &Digits| -> Vec<Labelled> {
            let mut tape = Tape::new();
            let layers = self.layers(&mut tape, pixels::matrix(pictures));
            let labelled = |&layer: &Var| Labelled {
                vectors: tape.value(layer).clone(),
                labels: pictures.labels.clone(),
            };
            layers.iter().map(labelled).collect()
        };
        let (base, queries) = (vectors(base), vectors(queries));
        std::array::from_fn(|layer| SIZES.map(|size| rank(&base[layer], &queries[layer], size).map))
    }
}

/// A batch: places of pictures, two by two of one digit.
struct Pairs {
    left: Vec<usize>,
    right: Vec<usize>,
    /// Which right side is of the left side's digit without being its partner: added to logits, it takes them out.
    taken_out: Matrix,
}

impl Pairs {
    fn draw(pictures: &Digits, rng: &mut Rng) -> Pairs {
        let any = |rng: &mut Rng| rng.random_range(0..pictures.len());
        let left: Vec<usize> = (0..PAIRS).map(|_| any(rng)).collect();
        let label = |at: usize| pictures.labels[at];
        let right: Vec<usize> = left
            .iter()
            .map(|&at| {
                loop {
                    let other = any(rng);
                    if label(other) == label(at) {
                        break other;
                    }
                }
            })
            .collect();
        let taken_out = Matrix::from_shape_fn((PAIRS, PAIRS), |(i, j)| {
            if i != j && label(left[i]) == label(right[j]) {
                -1e9
            } else {
                0.0
            }
        });
        Pairs {
            left,
            right,
            taken_out,
        }
    }

    /// Contrastive loss over the first `size` numbers: of all right sides the partner must be the nearest.
    fn loss(&self, tape: &mut Tape, vectors: Var, size: usize) -> Var {
        let cut = tape.prefix(vectors, size);
        let unit = tape.unit(cut);
        let places: Vec<usize> = (0..2 * PAIRS).collect();
        let left = tape.rows(unit, &places[..PAIRS]);
        let right = tape.rows(unit, &places[PAIRS..]);
        let cosines = tape.inner(left, right);
        let logits = tape.scale(cosines, SHARPNESS);
        let taken_out = tape.constant(self.taken_out.clone());
        let logits = tape.add(logits, taken_out);
        tape.cross_entropy(logits, &places[..PAIRS])
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn partners_are_of_one_digit_and_others_of_it_are_taken_out() {
        let pictures = digits();
        let pairs = Pairs::draw(pictures, &mut Rng::seed_from_u64(5));
        for (i, (&left, &right)) in pairs.left.iter().zip(&pairs.right).enumerate() {
            assert_eq!(pictures.labels[left], pictures.labels[right]);
            assert_eq!(pairs.taken_out[(i, i)], 0.0);
        }
        assert!(pairs.taken_out.iter().any(|x| *x < 0.0));
    }

    #[test]
    fn the_loss_is_that_of_a_sharp_softmax() {
        // Two kinds of pairs, in orthogonal directions: a partner has cosine 1, all others 0 or are taken out.
        let pairs = Pairs {
            left: (0..PAIRS).collect(),
            right: (0..PAIRS).collect(),
            taken_out: Matrix::from_shape_fn((PAIRS, PAIRS), |(i, j)| {
                if i != j && i % 2 == j % 2 { -1e9 } else { 0.0 }
            }),
        };
        let mut tape = Tape::new();
        let vectors = tape.constant(Matrix::from_shape_fn((2 * PAIRS, 3), |(i, j)| {
            if i % 2 == j { 2.0 } else { 0.0 }
        }));
        let loss = pairs.loss(&mut tape, vectors, 2);
        let expected = (1.0 + PAIRS as f32 / 2.0 * (-SHARPNESS).exp()).ln();
        assert!((tape.number(loss) - expected).abs() < 1e-6);
    }

    #[test]
    fn layers_follow_each_other() {
        let network = Network::new(&mut Rng::seed_from_u64(2));
        let mut tape = Tape::new();
        let layers = network.layers(&mut tape, Matrix::ones((3, 64)));
        assert_eq!(layers.len(), LAYERS);
        assert!(layers.iter().all(|&v| tape.value(v).dim() == (3, WIDTH)));
        assert_ne!(tape.value(layers[0]), tape.value(layers[3]));
    }
}
