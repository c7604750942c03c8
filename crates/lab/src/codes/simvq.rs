//! SimVQ: a codebook of which no code starves, because one linear layer moves all of them.
//!
//! **Paper.** Zhu et al., "Addressing Representation Collapse in Vector Quantized Models with One Linear Layer",
//! arXiv 2411.02038.
//!
//! **Claim.** In a vector-quantised autoencoder only codes that are chosen learn, so a few take everything and the rest
//! is never used. With codes `e = W·c + b`, `c` frozen and `W`, `b` learned, every step moves all codes; nearly all are
//! used, and reconstruction is better.
//!
//! **Mechanism** (their section 3). `L = recon + ‖sg(z) − e‖² + β·‖z − sg(e)‖²`, straight-through to the encoder,
//! β = 0.25; the nearest code is chosen. Codes, choice and the gradient by `W` and `b` are the product's `ann::simvq`.
//!
//! **Generated.** Only the base codes, `N(0, 1/d)`: both codebooks start from the same ones. Data are the digits.
//!
//! **Controls.** The start that VQGAN has, all codes within `1/K` of zero, so that what the start does is not taken for
//! what the layer does; and the usual cure, codes without use put back onto a point of the batch.

use anyhow::Result;
use nalgebra::DMatrix;
use rand::RngExt;

use ann::matrix::Rows;
use ann::simvq::{Gradient, SimVq};

use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};
use crate::mlp::{Adam, Mlp, Training, gaussian, pixels};

static CARD: Card = Card {
    id: "simvq",
    arxiv: "2411.02038",
    title: "Addressing Representation Collapse in Vector Quantized Models with One Linear Layer",
    family: Family::Codes,
    claim: "Learning a codebook through one linear layer keeps nearly all of its codes in use, where a codebook that is \
            learned directly leaves most of them unused.",
    published: "ImageNet 128 x 128 with 65,536 codes: 100 % of the codes in use against 1.4 %, reconstruction FID 2.24 \
                against 3.74.",
    baseline: "The same autoencoder, start and training with codes that learn directly.",
    kept: &[
        "An encoder, a codebook and a decoder learned together, straight-through, with the commitment term",
        "Frozen base codes under one learned linear layer; the product's own code for it",
        "Use counted on pictures held out",
        "Controls: codes that start close to zero, as is usual, and codes without use put back onto data",
    ],
    left_out: &[
        "Convolutions, adversarial and perceptual losses: a small network on digits of 8 by 8",
        "Codebooks of more than a thousand codes",
    ],
    used_in: Some(
        "The vector index's product quantiser tunes each codebook through one linear layer (crate ann, simvq and pq) and \
         keeps it where the error falls.",
    ),
    metrics: &[
        Metric {
            id: "use",
            name: "Codes in use",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "error",
            name: "Reconstruction error a pixel",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "use-usual-start",
            name: "Codes in use, against codes that start close to zero",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "use-restart",
            name: "Control: codes in use, against codes put back onto data",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "error-restart",
            name: "Control: reconstruction error, against codes put back onto data",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "At least 30 codes in a hundred more are in use",
            metric: "use",
            expect: Expect::BetterBy(0.3),
        },
        Condition {
            text: "At least half of the codes are in use",
            metric: "use",
            expect: Expect::AtLeast(0.5),
        },
        Condition {
            text: "Reconstruction is better by a tenth",
            metric: "error",
            expect: Expect::Times(1.1),
        },
    ],
    likely_reason: "Both codebooks start from the same well-spread codes here; most of what the paper cures comes from the \
                    usual start close to zero, which the control shows. Small digits need few codes, so that more of \
                    them in use change the pictures little.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct SimVqPaper;

/// Numbers in a code; a picture has [`TOKENS`] of them.
const DIM: usize = 8;
const TOKENS: usize = 4;
/// Weight of the commitment term.
const BETA: f64 = 0.25;

impl Reproduction for SimVqPaper {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (train, test) = digits().split(context.pick(500, 1300, 1300), &mut context.rng(1));
        let (train, test) = (pixels(&train), pixels(&test));
        let runs = Kind::ALL.map(|kind| {
            context.progress(kind as usize as f64 / 4.0, kind.name());
            Autoencoder::train(context, kind, &train, &test)
        });
        let [near_zero, direct, restarted, linear] = &runs;
        let mut growth = Plot::new(
            "use",
            "Codes in use on pictures held out, while training",
            Axis::linear("share of training"),
            Axis::linear("share of codes in use"),
        );
        let mut errors = Plot::new(
            "error",
            "Reconstruction while training",
            Axis::linear("share of training"),
            Axis::log("squared error a pixel"),
        );
        for (kind, run) in Kind::ALL.iter().zip(&runs) {
            growth = growth.line(kind.name(), run.iter().map(|m| (m.done, m.used)));
            errors = errors.line(kind.name(), run.iter().map(|m| (m.done, m.error)));
        }
        let last = |run: &[Moment]| run[run.len() - 1];
        Ok(Trial::new()
            .measured("use", last(direct).used, last(linear).used)
            .measured("error", last(direct).error, last(linear).error)
            .measured("use-usual-start", last(near_zero).used, last(linear).used)
            .measured("use-restart", last(restarted).used, last(linear).used)
            .measured("error-restart", last(restarted).error, last(linear).error)
            .plot(growth)
            .plot(errors))
    }
}

/// How the codebook learns.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// As [`Kind::Direct`], from a start within about `1/K` of zero, as VQGAN has it.
    NearZero,
    /// Each chosen code by its own gradient.
    Direct,
    /// As [`Kind::Direct`], and codes that a whole epoch did not choose are put onto codes of the batch.
    Restarted,
    /// Through one linear layer.
    Linear,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::NearZero, Kind::Direct, Kind::Restarted, Kind::Linear];

    fn name(self) -> &'static str {
        match self {
            Kind::NearZero => "learned directly, from near zero",
            Kind::Direct => "learned directly, same start",
            Kind::Restarted => "unused codes put back onto data",
            Kind::Linear => "through one linear layer (SimVQ)",
        }
    }
}

/// How things stand at a moment of training.
#[derive(Debug, Clone, Copy)]
struct Moment {
    done: f64,
    used: f64,
    error: f64,
}

struct Autoencoder {
    encoder: Mlp,
    decoder: Mlp,
    book: Codebook,
}

impl Autoencoder {
    fn train(
        context: &Context<'_>,
        kind: Kind,
        train: &DMatrix<f64>,
        test: &DMatrix<f64>,
    ) -> Vec<Moment> {
        // The same numbers for every kind: networks, base codes and batches differ in nothing.
        let mut rng = context.rng(2);
        let hidden = context.pick(32, 64, 128);
        let mut model = Autoencoder {
            encoder: Mlp::new(&[64, hidden, DIM * TOKENS], &mut rng),
            decoder: Mlp::new(&[DIM * TOKENS, hidden, 64], &mut rng),
            book: Codebook::new(kind, context.pick(128, 512, 1024), &mut rng),
        };
        let training = Training {
            epochs: context.pick(10, 60, 120),
            batch: 64,
            rate: 2e-3,
        };
        let steps = training.epochs * train.ncols().div_ceil(training.batch);
        let (mut adam, mut at, mut moments) = (Adam::default(), 0, Vec::new());
        let mut restarts = context.rng(3);
        training.each_batch(train.ncols(), &mut rng, |batch, rate| {
            model.step(&mut adam, &train.select_columns(batch), rate);
            at += 1;
            if kind == Kind::Restarted && at % (steps / training.epochs) == 0 && at * 4 < steps * 3
            {
                let latents = model.encoder.forward(&train.select_columns(batch));
                model.book.restart(&latents, &mut restarts);
            }
            if at % (steps / 10) == 0 || at == steps {
                moments.push(model.moment(at as f64 / steps as f64, test));
            }
        });
        moments
    }

    fn step(&mut self, adam: &mut Adam, pictures: &DMatrix<f64>, rate: f64) {
        let coded = self.encoder.states(pictures);
        let latents = &coded[coded.len() - 1];
        let (codes, by_book) = self.book.nearest(latents);
        let decoded = self.decoder.states(&codes);
        let by_picture = (&decoded[decoded.len() - 1] - pictures) * (2.0 / pictures.len() as f64);
        let (by_decoder, by_codes) = self.decoder.backward(&decoded, by_picture);
        // Straight-through: what the decoder asks of the codes is asked of the encoder, and commitment is added.
        let by_latents = by_codes + (latents - &codes) * (2.0 * BETA / latents.len() as f64);
        let (by_encoder, _) = self.encoder.backward(&coded, by_latents);
        let parameters = self
            .encoder
            .parameters_mut()
            .chain(self.decoder.parameters_mut())
            .chain(&mut self.book.learned);
        let gradients = by_encoder
            .parameters()
            .chain(by_decoder.parameters())
            .chain(&by_book);
        adam.step(rate, parameters, gradients);
    }

    fn moment(&self, done: f64, pictures: &DMatrix<f64>) -> Moment {
        let latents = self.encoder.forward(pictures);
        let mut used = vec![false; self.book.size];
        let (_, chosen, _) = self.book.model().loss(Rows::new(&flat(&latents), DIM));
        chosen.iter().for_each(|&code| used[code as usize] = true);
        let codes = self.book.decode(&chosen, pictures.ncols());
        let error = (self.decoder.forward(&codes) - pictures).norm_squared();
        Moment {
            done,
            used: used.iter().filter(|&&u| u).count() as f64 / self.book.size as f64,
            error: error / pictures.len() as f64,
        }
    }
}

/// A codebook: base codes, and what of it is learned.
struct Codebook {
    kind: Kind,
    size: usize,
    base: Vec<f32>,
    /// The codes themselves, or the linear layer's weight (row by row) and bias.
    learned: Vec<f64>,
    /// Which codes were chosen since the last restart.
    chosen: Vec<bool>,
}

impl Codebook {
    fn new(kind: Kind, size: usize, rng: &mut Rng) -> Codebook {
        // Columns of a draw by columns are codes one after the other.
        let codes = gaussian(DIM, size, rng) / (DIM as f64).sqrt();
        let identity = DMatrix::<f64>::identity(DIM, DIM);
        let learned = match kind {
            Kind::Linear => identity.iter().copied().chain([0.0; DIM]).collect(),
            Kind::Direct | Kind::Restarted => codes.iter().copied().collect(),
            Kind::NearZero => codes
                .iter()
                .map(|x| x * (DIM as f64).sqrt() / size as f64)
                .collect(),
        };
        Codebook {
            kind,
            size,
            base: flat(&codes),
            learned,
            chosen: vec![false; size],
        }
    }

    /// The product's model of this codebook. Codes that are learned directly are base codes under the identity.
    fn model(&self) -> SimVq {
        let numbers = self.learned.iter().map(|&x| x as f32);
        match self.kind {
            Kind::Linear => {
                let mut weight: Vec<f32> = numbers.collect();
                let bias = weight.split_off(DIM * DIM);
                SimVq::new(self.base.clone(), weight, bias)
            }
            Kind::NearZero | Kind::Direct | Kind::Restarted => {
                let identity = DMatrix::<f32>::identity(DIM, DIM);
                SimVq::new(
                    numbers.collect(),
                    identity.as_slice().to_vec(),
                    vec![0.0; DIM],
                )
            }
        }
    }

    /// The nearest code of every latent, and the gradient of `‖sg(z) − e‖²` (a mean over elements) by what is learned.
    fn nearest(&mut self, latents: &DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>) {
        let (_, chosen, Gradient { weight, bias }) =
            self.model().loss(Rows::new(&flat(latents), DIM));
        chosen
            .iter()
            .for_each(|&code| self.chosen[code as usize] = true);
        let codes = self.decode(&chosen, latents.ncols());
        let gradient = match self.kind {
            Kind::Linear => weight.iter().chain(&bias).map(|&g| f64::from(g)).collect(),
            Kind::NearZero | Kind::Direct | Kind::Restarted => {
                let mut gradient = vec![0.0; self.learned.len()];
                let errors = (&codes - latents) * (2.0 / latents.len() as f64);
                for (error, &code) in errors.as_slice().chunks(DIM).zip(&chosen) {
                    let own = &mut gradient[code as usize * DIM..][..DIM];
                    own.iter_mut().zip(error).for_each(|(g, e)| *g += e);
                }
                gradient
            }
        };
        (codes, gradient)
    }

    /// Codes by number, a picture's [`TOKENS`] in a column.
    fn decode(&self, chosen: &[u32], pictures: usize) -> DMatrix<f64> {
        let codes = self.model().codes();
        let numbers = chosen
            .iter()
            .flat_map(|&code| &codes[code as usize * DIM..][..DIM]);
        DMatrix::from_iterator(DIM * TOKENS, pictures, numbers.map(|&x| f64::from(x)))
    }

    /// Puts every code that was not chosen since the last call onto one of these latents.
    fn restart(&mut self, latents: &DMatrix<f64>, rng: &mut Rng) {
        let points: Vec<&[f64]> = latents.as_slice().chunks(DIM).collect();
        for (code, chosen) in self.learned.chunks_mut(DIM).zip(&mut self.chosen) {
            if !std::mem::take(chosen) {
                code.copy_from_slice(points[rng.random_range(0..points.len())]);
            }
        }
    }
}

fn flat(columns: &DMatrix<f64>) -> Vec<f32> {
    columns.iter().map(|&x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn book(kind: Kind) -> Codebook {
        Codebook::new(kind, 6, &mut Rng::seed_from_u64(1))
    }

    #[test]
    fn both_codebooks_start_alike() {
        let (direct, linear) = (book(Kind::Direct), book(Kind::Linear));
        assert_eq!(direct.model().codes(), linear.model().codes());
    }

    #[test]
    fn gradients_are_the_loss_differences() {
        let latents = gaussian(DIM * TOKENS, 3, &mut Rng::seed_from_u64(2));
        for kind in [Kind::Direct, Kind::Linear] {
            let mut book = book(kind);
            let (_, gradient) = book.nearest(&latents);
            let (at, &steepest) = gradient
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
                .unwrap();
            let loss = |by: f64| {
                let mut other = Codebook {
                    learned: book.learned.clone(),
                    ..self::book(kind)
                };
                other.learned[at] += by;
                f64::from(other.model().loss(Rows::new(&flat(&latents), DIM)).0)
            };
            let slope = (loss(1e-2) - loss(-1e-2)) / 2e-2;
            assert!(
                (slope - steepest).abs() < 0.02 * steepest.abs(),
                "{slope} {steepest}"
            );
        }
    }

    #[test]
    fn unused_codes_are_put_back_and_used_ones_stay() {
        let mut book = book(Kind::Restarted);
        book.chosen[2] = true;
        let before = book.learned.clone();
        let latents = DMatrix::from_element(DIM * TOKENS, 1, 7.0);
        book.restart(&latents, &mut Rng::seed_from_u64(3));
        for (code, (new, old)) in book.learned.chunks(DIM).zip(before.chunks(DIM)).enumerate() {
            let expected = if code == 2 { old } else { &[7.0; DIM] };
            assert_eq!(new, expected, "{code}");
        }
        assert!(!book.chosen[2], "counted anew");
    }
}
