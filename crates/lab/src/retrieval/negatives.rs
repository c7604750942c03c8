//! Enhancing Multimodal Compositional Reasoning of Visual Language Models with Generative Negative Mining
//! (Sahin et al., arXiv 2311.03964).
//!
//! **Claim.** A model that matches pictures and captions often mistakes which colour belongs to which thing, because the
//! wrong answers that it was trained against are easy. Generated hard ones, altered in one aspect, mend that; and they must
//! be made on both sides: altered captions, and pictures altered to match them.
//!
//! **Mechanism** (section 3, and the released training code). For a pair (picture, caption) one aspect is altered: a colour,
//! a thing, the relation, or the colours are swapped. That gives another caption, and another picture in which only the
//! altered part differs. Both stand in the batch beside the pair that they were made from, as a pair of their own, so that
//! in the symmetric contrastive loss each is the other's hard wrong answer on both sides.
//!
//! **Made here.** Scenes of two coloured shapes, beside or above each other, drawn on 12 by 12 pixels with jitter and noise,
//! and captions like "red square left of blue cross"; a few hundred scenes to learn from, so that wrong answers within a batch
//! mostly differ altogether. A network of one hidden layer for each side.
//!
//! **Controls.** Generated pairs are also more data. So an opponent gets them too: as ordinary pairs, in batches with other
//! scenes than those they were made from. Opponents with negatives on one side get the altered caption, or the altered
//! picture, beside its original on top of that. Batches have 64 pairs for all.

mod scenes;

use anyhow::Result;
use rand::RngExt as _;

use self::scenes::{Aspect, CAPTION, PICTURE, Scene};
use crate::autograd::{Adam, Matrix, Slot, Tape, Var, Weights};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "generated-negatives",
    arxiv: "2311.03964",
    title: "Enhancing Multimodal Compositional Reasoning of Visual Language Models with Generative Negative Mining",
    family: Family::Retrieval,
    claim: "A matcher of pictures and captions learns what belongs to what only from hard wrong answers, and those must \
            be made on both sides: altered captions and pictures altered to match.",
    published: "Clear gains on compositional tests over CLIP and over negatives of captions alone (the abstract gives no \
                figure).",
    baseline: "The same networks with in-batch negatives; with the generated pairs too, but apart from those they were made \
               from; and with negatives of captions alone",
    kept: &[
        "one aspect altered at a time: colour, thing, relation, or colours swapped",
        "the altered picture differs from its own only where the scene does: same places, same noise",
        "an altered pair stands beside the pair that it was made from, so that each is the other's wrong answer twice",
    ],
    left_out: &[
        "photographs, segmentation and inpainting: scenes are drawn, so altering them is exact",
        "CLIP as a start: networks learn from nothing",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "group",
            name: "All four comparisons of two pictures and two captions right (against in-batch negatives)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "apart",
            name: "All four right (against the same generated pairs, apart from their originals)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "sides",
            name: "All four right (against negatives of captions alone)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "pictures",
            name: "Right picture for a caption (against negatives of captions alone)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "captions",
            name: "Right caption for a picture (against in-batch negatives)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "batch",
            name: "Right caption among 100 other scenes (against in-batch negatives)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "at least 5 points better than in-batch negatives",
            metric: "group",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "at least 2 points better than with the same pairs apart from their originals",
            metric: "apart",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "at least 2 points better than negatives of captions alone",
            metric: "sides",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "pictures are told apart at least 2 points better than with negatives of captions alone",
            metric: "pictures",
            expect: Expect::BetterBy(0.02),
        },
        Condition {
            text: "captions are told apart at least 5 points better than with in-batch negatives",
            metric: "captions",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "scenes that differ altogether are still told apart, within 5 points",
            metric: "batch",
            expect: Expect::BetterBy(-0.05),
        },
    ],
    likely_reason: "Scenes of two shapes are few words' worth, so that in-batch negatives are often hard by chance; and both \
                    sides share one space, so that what hard captions teach the text side also moves the pictures.",
    timed: false,
};

/// Generated negatives on both sides.
pub(super) struct GeneratedNegatives;

const WIDTH: usize = 32;
const HIDDEN: usize = 96;
/// Scenes in a batch; as many altered ones join them.
const SCENES: usize = 32;
const SHARPNESS: f32 = 15.0;

/// Which negatives are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// None: the scenes alone.
    Nothing,
    /// None, but the altered scenes are there.
    Apart,
    Captions,
    Pictures,
    Both,
}

impl Reproduction for GeneratedNegatives {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let steps = context.pick(60, 700, 3000);
        let rng = &mut context.rng(0);
        let scenes: Vec<Scene> = (0..context.pick(100, 300, 600))
            .map(|_| Scene::draw(rng))
            .collect();
        let kinds = [
            Made::Nothing,
            Made::Apart,
            Made::Captions,
            Made::Pictures,
            Made::Both,
        ];
        let mut scores = Vec::new();
        for (at, made) in kinds.into_iter().enumerate() {
            let network = Network::train(&scenes, made, steps, &mut context.rng(1));
            scores.push(network.measure(context.pick(100, 400, 2000), &mut context.rng(2)));
            context.progress(0.2 * (at + 1) as f64, "negatives on one side, and on both");
        }
        let [none, apart, captions, pictures, both] = &scores[..] else {
            anyhow::bail!("five kinds of negatives are measured");
        };
        let (x, y) = (
            Axis::named("", ["Picture to caption", "Caption to picture", "All four"]),
            Axis::linear("Right"),
        );
        let plot = Plot::new("right", "Scenes altered in one aspect, told apart", x, y)
            .bars("In-batch negatives", none.bars())
            .bars("Generated pairs apart", apart.bars())
            .bars("Generated pairs apart", apart.bars())
            .bars("Captions' negatives", captions.bars())
            .bars("Pictures' negatives", pictures.bars())
            .bars("Negatives on both sides", both.bars());
        Ok(Trial::new()
            .measured("group", none.group, both.group)
            .measured("apart", apart.group, both.group)
            .measured("sides", captions.group, both.group)
            .measured("pictures", captions.pictures, both.pictures)
            .measured("captions", none.captions, both.captions)
            .measured("batch", none.batch, both.batch)
            .plot(plot))
    }
}

/// What a network tells apart.
struct Scores {
    /// Right caption of two, for a picture.
    captions: f64,
    /// Right picture of two, for a caption.
    pictures: f64,
    /// Both, from both sides.
    group: f64,
    /// Right caption among 100 scenes.
    batch: f64,
}

impl Scores {
    fn bars(&self) -> [f64; 3] {
        [self.captions, self.pictures, self.group]
    }
}

/// A hidden layer for each side, into one space.
struct Network {
    weights: Weights,
    pictures: [Slot; 4],
    captions: [Slot; 4],
}

impl Network {
    fn new(rng: &mut Rng) -> Network {
        let mut weights = Weights::new();
        let mut side = |inputs: usize| {
            [
                weights.dense(inputs, HIDDEN, 1.4, rng),
                weights.bias(HIDDEN),
                weights.dense(HIDDEN, WIDTH, 1.0, rng),
                weights.bias(WIDTH),
            ]
        };
        let (pictures, captions) = (side(PICTURE), side(CAPTION));
        Network {
            weights,
            pictures,
            captions,
        }
    }

    fn train(scenes: &[Scene], made: Made, steps: usize, rng: &mut Rng) -> Network {
        let mut network = Network::new(rng);
        let mut adam = Adam::new(2e-3);
        for step in 0..steps {
            adam.set_rate(2e-3 * (1.0 - 0.9 * step as f32 / steps as f32));
            let batch = Batch::draw(scenes, made, rng);
            let mut tape = Tape::new();
            let loss = network.loss(&mut tape, &batch);
            let gradients = tape.gradients(loss);
            adam.step(&mut network.weights, &gradients);
        }
        network
    }

    /// The symmetric contrastive loss: each picture must find its caption among all captions, made ones too, and each
    /// caption its picture among all pictures.
    fn loss(&self, tape: &mut Tape, batch: &Batch) -> Var {
        let pictures = self.side(tape, self.pictures, batch.pictures.clone());
        let captions = self.side(tape, self.captions, batch.captions.clone());
        let right: Vec<usize> = (0..batch.pairs).collect();
        let mut direction = |from: Var, to: Var| {
            let asked = tape.rows(from, &right);
            let cosines = tape.inner(asked, to);
            let logits = tape.scale(cosines, SHARPNESS);
            tape.cross_entropy(logits, &right)
        };
        let losses = [direction(pictures, captions), direction(captions, pictures)];
        tape.sum(&losses)
    }

    fn side(&self, tape: &mut Tape, slots: [Slot; 4], x: Matrix) -> Var {
        let [w1, b1, w2, b2] = slots.map(|slot| tape.weights(&self.weights, slot));
        let x = tape.constant(x);
        let hidden = tape.linear(x, w1, b1);
        let hidden = tape.relu(hidden);
        let out = tape.linear(hidden, w2, b2);
        tape.unit(out)
    }

    /// New scenes, each with one that differs in colours swapped or in the relation.
    fn measure(&self, count: usize, rng: &mut Rng) -> Scores {
        let mut examples = Examples::default();
        for at in 0..count {
            let aspect = [Aspect::Swap, Aspect::Relation][at % 2];
            examples.add_altered(&Scene::draw_for(aspect, rng), aspect, rng);
        }
        let mut tape = Tape::new();
        let pictures = self.side(&mut tape, self.pictures, examples.pictures());
        let captions = self.side(&mut tape, self.captions, examples.captions());
        // Rows and columns 2i are a scene, 2i + 1 its altered one.
        let cosines = tape.inner(pictures, captions);
        let s = tape.value(cosines);
        let (mut scores, n) = ((0, 0, 0), 2.0 * count as f64);
        for (own, other) in (0..count).map(|at| (2 * at, 2 * at + 1)) {
            let captions = [
                s[(own, own)] > s[(own, other)],
                s[(other, other)] > s[(other, own)],
            ];
            let pictures = [
                s[(own, own)] > s[(other, own)],
                s[(other, other)] > s[(own, other)],
            ];
            let right = |of: [bool; 2]| of.iter().filter(|right| **right).count();
            scores.0 += right(captions);
            scores.1 += right(pictures);
            scores.2 += 2 * usize::from(right(captions) + right(pictures) == 4);
        }
        // Every second row: scenes without their altered ones, in groups of 100.
        let hundred =
            |at: usize| (at / 100 * 100..(at / 100 * 100 + 100).min(count)).map(|o| 2 * o);
        let best = |at: usize| hundred(at).all(|o| s[(2 * at, o)] <= s[(2 * at, 2 * at)]);
        Scores {
            captions: scores.0 as f64 / n,
            pictures: scores.1 as f64 / n,
            group: scores.2 as f64 / n,
            batch: (0..count).filter(|&at| best(at)).count() as f64 / count as f64,
        }
    }
}

/// Pairs first, then negatives without a partner.
struct Batch {
    pairs: usize,
    pictures: Matrix,
    captions: Matrix,
}

impl Batch {
    fn draw(scenes: &[Scene], made: Made, rng: &mut Rng) -> Batch {
        let (mut pairs, mut alone) = (Examples::default(), Examples::default());
        for _ in 0..SCENES {
            let other = &scenes[rng.random_range(0..scenes.len())];
            let plain = Examples::alone(other, rng);
            let (here, elsewhere) = (
                Examples::altered(scenes, rng),
                Examples::altered(scenes, rng),
            );
            pairs.take(&here, 0);
            match made {
                Made::Nothing => pairs.take(&plain, 0),
                Made::Both => pairs.take(&here, 1),
                _ => pairs.take(&elsewhere, 1),
            }
            alone.take(&here, 1);
        }
        let joined = |pairs: Matrix, alone: Matrix, wanted: Made| {
            if made != wanted {
                return pairs;
            }
            let both = [pairs.view(), alone.view()];
            ndarray::concatenate(ndarray::Axis(0), &both).expect("rows of one width")
        };
        Batch {
            pairs: pairs.pictures.len(),
            pictures: joined(pairs.pictures(), alone.pictures(), Made::Pictures),
            captions: joined(pairs.captions(), alone.captions(), Made::Captions),
        }
    }
}

/// Pictures with their captions.
#[derive(Default)]
struct Examples {
    pictures: Vec<[f32; PICTURE]>,
    captions: Vec<[f32; CAPTION]>,
}

impl Examples {
    /// A scene, and then the same altered in one aspect: drawn at the same places, under the same noise.
    fn add_altered(&mut self, scene: &Scene, aspect: Aspect, rng: &mut Rng) {
        let altered = scene.altered(aspect, rng);
        let noise = scenes::noise(rng);
        for scene in [scene, &altered] {
            self.pictures.push(scene.picture(&noise));
            self.captions.push(scene.caption());
        }
    }

    /// One scene.
    fn alone(scene: &Scene, rng: &mut Rng) -> Examples {
        Examples {
            pictures: vec![scene.picture(&scenes::noise(rng))],
            captions: vec![scene.caption()],
        }
    }

    /// A scene of these and what it is altered to, in any aspect.
    fn altered(scenes: &[Scene], rng: &mut Rng) -> Examples {
        let scene = &scenes[rng.random_range(0..scenes.len())];
        let mut both = Examples::default();
        both.add_altered(scene, Aspect::draw(scene, rng), rng);
        both
    }

    fn take(&mut self, from: &Examples, at: usize) {
        self.pictures.push(from.pictures[at]);
        self.captions.push(from.captions[at]);
    }

    fn pictures(&self) -> Matrix {
        Matrix::from_shape_fn((self.pictures.len(), PICTURE), |(row, at)| {
            self.pictures[row][at]
        })
    }

    fn captions(&self) -> Matrix {
        Matrix::from_shape_fn((self.captions.len(), CAPTION), |(row, at)| {
            self.captions[row][at]
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_kind_sees_as_many_pairs_as_it_should() {
        let rng = &mut Rng::seed_from_u64(1);
        let scenes = [Scene::draw(rng), Scene::draw(rng)];
        let sizes = [Made::Nothing, Made::Captions, Made::Pictures, Made::Both].map(|made| {
            let batch = Batch::draw(&scenes, made, rng);
            (batch.pairs, batch.pictures.nrows(), batch.captions.nrows())
        });
        assert_eq!(
            sizes,
            [(64, 64, 64), (64, 64, 96), (64, 96, 64), (64, 64, 64)]
        );
    }

    #[test]
    fn an_untrained_network_guesses() {
        let rng = &mut Rng::seed_from_u64(1);
        let scores = Network::new(rng).measure(300, rng);
        assert!(
            (0.35..0.65).contains(&scores.captions),
            "{}",
            scores.captions
        );
        assert!(scores.batch < 0.1, "{}", scores.batch);
    }

    #[test]
    fn the_loss_of_guessing_is_the_logarithm_of_the_choices() {
        let rng = &mut Rng::seed_from_u64(1);
        let mut network = Network::new(rng);
        // All captions alike: every picture and caption guesses.
        for slot in [network.captions[0], network.captions[2]] {
            network.weights.get_mut(slot).fill(0.0);
        }
        network.weights.get_mut(network.captions[3]).fill(1.0);
        let scenes = [Scene::draw(rng), Scene::draw(rng)];
        let batch = Batch::draw(&scenes, Made::Captions, rng);
        let mut tape = Tape::new();
        let pictures = network.side(&mut tape, network.pictures, batch.pictures.clone());
        let captions = network.side(&mut tape, network.captions, batch.captions.clone());
        let cosines = tape.inner(pictures, captions);
        let logits = tape.scale(cosines, SHARPNESS);
        let right: Vec<usize> = (0..64).collect();
        let loss = tape.cross_entropy(logits, &right);
        assert!((tape.number(loss) - 96f32.ln()).abs() < 1e-4);
    }
}
