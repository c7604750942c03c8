//! Ghorbani and others 2021, "Scaling Laws for Neural Machine Translation" (arXiv 2109.07740).
//!
//! *Claim.* The loss of a model with an encoder and a decoder follows a law in the two sizes taken apart,
//! `L(Ne, Nd) = a Ne^-pe Nd^-pd + L_inf`; one law in the total size does not suffice.
//!
//! *Mechanism.* A grid of encoder and decoder widths is trained; both laws are fitted to the small models and must foretell
//! the large ones.
//!
//! *Generated.* A language of letters (`letters`) and its translation: a table gives each pair of source letters one
//! of eight meanings, and a second table gives each meaning, after each letter of the target, the letter that
//! expresses it. One letter in ten is a random one, so the entropy is known. The encoder sees the source alone and hands on
//! eight numbers; the decoder sees these and the target's last letter. *Control.* Both laws are fitted with the same
//! care to the same models. Losses are exact over source pairs, last letters and targets.

mod language;
mod translator;

use anyhow::Result;

use self::language::{Language, entropy};
use self::translator::Translator;
use super::fit::{Data, Fit, Form, Options, Parameter, Residual, forms, hold_out};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "translation-scaling",
    arxiv: "2109.07740",
    title: "Scaling Laws for Neural Machine Translation",
    family: Family::Scaling,
    claim: "A translation model's loss follows a law in the sizes of its encoder and its decoder taken apart; their sum \
            does not tell enough.",
    published: "One law with two exponents fits models scaled by encoder, by decoder and by both, for several pairs of \
                languages, and foretells large ones.",
    baseline: "A power law plus a constant in the total number of weights, fitted to the same models.",
    kept: &[
        "encoder and decoder scaled apart and together",
        "the bivariate law of the paper, and its hold-out on the largest models",
    ],
    left_out: &[
        "transformers and natural languages: networks of one hidden layer each, a language of tables",
        "what makes a text easy: translations written first in the source language against the target language",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "foretold",
            name: "error of the large models' losses foretold (by the sum, by both sizes)",
            unit: "share",
            better: Better::Lower,
        },
        Metric {
            id: "explained",
            name: "variance explained over all models (by the sum, by both sizes)",
            unit: "share",
            better: Better::Higher,
        },
        Metric {
            id: "exponents",
            name: "exponents (decoder, encoder)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "split",
            name: "loss above entropy of the largest models with a lopsided split, with the even one",
            unit: "nats a letter",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "both sizes foretell large models better than their sum, by a third",
            metric: "foretold",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "both sizes explain a twentieth more of the variance",
            metric: "explained",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "both sizes explain nine tenths of the variance",
            metric: "explained",
            expect: Expect::AtLeast(0.9),
        },
        Condition {
            text: "the split matters: the even one's excess is lower by a third",
            metric: "split",
            expect: Expect::Times(1.5),
        },
    ],
    likely_reason: "A product of two powers lets one side make up for the other without end; where one is the bottleneck, \
                    it cannot.",
    timed: false,
};

/// The paper's law, in encoder and decoder weights.
static BIVARIATE: Form = Form {
    name: "encoder-decoder",
    equation: "y = e + a n^-pe d^-pd",
    inputs: &["n", "d"],
    parameters: &[
        Parameter::positive("e"),
        Parameter::positive("a"),
        Parameter::positive("pe"),
        Parameter::positive("pd"),
    ],
    residual: Residual::Log,
    positive_inputs: true,
    value: |p, x| p[0] + p[1] * x[0].powf(-p[2]) * x[1].powf(-p[3]),
    starts,
};

/// Starts for [`BIVARIATE`]: floors below the least loss, exponents from flat to steep, and the factor that then goes
/// through the first model.
fn starts(data: &Data) -> Vec<Vec<f64>> {
    let least = data.outputs().iter().copied().fold(f64::INFINITY, f64::min);
    let (first, loss) = (data.row(0), data.outputs()[0]);
    let mut starts = Vec::new();
    for part in [0.1, 0.5, 0.8, 0.95] {
        for pe in [0.05, 0.3, 1.0] {
            for pd in [0.05, 0.3, 1.0] {
                let power = first[0].powf(-pe) * first[1].powf(-pd);
                let excess = (loss - part * least).max(1e-3 * least);
                starts.push(vec![part * least, excess / power, pe, pd]);
            }
        }
    }
    starts
}

/// Scaling encoder and decoder apart.
pub struct Translation;

impl Reproduction for Translation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let models = grid(context);
        let widest = models.iter().map(|model| model.encoder).max().unwrap_or(0);
        let is_held = |model: &&Model| model.encoder.max(model.decoder) == widest;
        let (held, fitted): (Vec<&Model>, Vec<&Model>) = models.iter().partition(is_held);
        let options = Options::default();
        let all: Vec<&Model> = models.iter().collect();
        let sum = hold_out(&forms::FLOOR, &by_sum(&fitted)?, &by_sum(&held)?, &options)?;
        let both = hold_out(&BIVARIATE, &by_both(&fitted)?, &by_both(&held)?, &options)?;

        let find = |e: usize, d: usize| models.iter().find(|m| (m.encoder, m.decoder) == (e, d));
        let excess = |e, d| find(e, d).map_or(f64::NAN, |model| model.loss - entropy());
        // Equal sums: wide and narrow against two of the middle.
        let (wide, narrow, middle) = split(context);
        let lopsided = excess(wide, narrow).min(excess(narrow, wide));
        let exponent = |name| both.fit.parameter(name);
        Ok(Trial::new()
            .measured("foretold", sum.held_out_error, both.held_out_error)
            .measured(
                "explained",
                sum.fit.explained(&by_sum(&all)?),
                both.fit.explained(&by_both(&all)?),
            )
            .measured("exponents", exponent("pd"), exponent("pe"))
            .measured("split", lopsided, excess(middle, middle))
            .plot(grid_plot(&models))
            .plot(foretold_plot(&held, &sum.fit, &both.fit)))
    }
}

/// A trained model: widths, weights and loss.
struct Model {
    encoder: usize,
    decoder: usize,
    encoder_size: f64,
    decoder_size: f64,
    loss: f64,
}

fn widths(context: &Context<'_>) -> &'static [usize] {
    context.pick(&[2, 4, 6, 10], &[2, 4, 8, 12, 22], &[2, 4, 8, 16, 30])
}

/// Three widths of the grid: the widest, one next to nothing, and the one that is half of both together.
fn split(context: &Context<'_>) -> (usize, usize, usize) {
    context.pick((10, 2, 6), (22, 2, 12), (30, 2, 16))
}

fn by_sum(models: &[&Model]) -> Result<Data> {
    let sums = models
        .iter()
        .map(|model| model.encoder_size + model.decoder_size);
    Data::xy(&sums.collect::<Vec<_>>(), &losses(models))
}

fn by_both(models: &[&Model]) -> Result<Data> {
    let encoders: Vec<f64> = models.iter().map(|model| model.encoder_size).collect();
    let decoders: Vec<f64> = models.iter().map(|model| model.decoder_size).collect();
    Data::new(&[&encoders, &decoders], &losses(models))
}

fn losses(models: &[&Model]) -> Vec<f64> {
    models.iter().map(|model| model.loss).collect()
}

fn grid(context: &Context<'_>) -> Vec<Model> {
    let language = Language::new(&mut context.rng(1));
    let steps = context.pick(100, 3000, 20_000);
    let places = language.places(context.pick(200, 1000, 4000), context.rng(2));
    let widths = widths(context);
    let mut models = Vec::new();
    for &encoder in widths {
        for &decoder in widths {
            // Every model reads the same text, and a width starts from the same weights with every partner.
            let mut pair = Translator::new(encoder, decoder, context);
            pair.train(&language, steps, context.rng(3));
            models.push(Model {
                encoder,
                decoder,
                encoder_size: pair.encoder.net.shape.parameters() as f64,
                decoder_size: pair.decoder.net.shape.parameters() as f64,
                loss: pair.loss(&language, &places),
            });
            let done = models.len() as f64 / (widths.len() * widths.len()) as f64;
            context.progress(done, &format!("encoder {encoder}, decoder {decoder}"));
        }
    }
    models
}

fn grid_plot(models: &[Model]) -> Plot {
    let plot = Plot::new(
        "grid",
        "Loss by encoder weights, one line a decoder",
        Axis::log("weights of the encoder"),
        Axis::log("loss above entropy, nats a letter"),
    );
    let mut decoders: Vec<usize> = models.iter().map(|model| model.decoder).collect();
    decoders.sort_unstable();
    decoders.dedup();
    decoders.into_iter().fold(plot, |plot, decoder| {
        let of = models.iter().filter(move |model| model.decoder == decoder);
        let points = of.map(|model| (model.encoder_size, model.loss - entropy()));
        plot.line(format!("decoder of {decoder}"), points)
    })
}

fn foretold_plot(held: &[&Model], sum: &Fit, both: &Fit) -> Plot {
    let names: Vec<String> = held
        .iter()
        .map(|model| format!("{}/{}", model.encoder, model.decoder))
        .collect();
    let by_sum = held
        .iter()
        .map(|m| sum.predict(&[m.encoder_size + m.decoder_size]));
    let by_both = held
        .iter()
        .map(|m| both.predict(&[m.encoder_size, m.decoder_size]));
    Plot::new(
        "foretold",
        "Large models, foretold from small ones",
        Axis::named("encoder / decoder units", names),
        Axis::linear("loss, nats a letter"),
    )
    .bars("by the sum of sizes", by_sum)
    .bars("by both sizes", by_both)
    .bars("measured", held.iter().map(|model| model.loss))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::fit::fit;

    #[test]
    fn the_law_of_two_sizes_is_found_again() {
        let (mut n, mut d, mut y) = (Vec::new(), Vec::new(), Vec::new());
        for encoder in [100.0f64, 300.0, 1000.0, 3000.0] {
            for decoder in [100.0f64, 400.0, 1600.0, 6400.0] {
                n.push(encoder);
                d.push(decoder);
                y.push(0.6 + 9.0 * encoder.powf(-0.2) * decoder.powf(-0.4));
            }
        }
        let data = Data::new(&[&n, &d], &y).unwrap();
        let found = fit(&BIVARIATE, &data, &Options::default()).unwrap();
        for (name, truth) in [("e", 0.6), ("a", 9.0), ("pe", 0.2), ("pd", 0.4)] {
            assert!((found.parameter(name) / truth - 1.0).abs() < 0.01, "{name}");
        }
    }
}
