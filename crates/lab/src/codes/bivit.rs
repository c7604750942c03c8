//! BiViT: attention of zeros and ones, with the threshold where softmax wants it.
//!
//! **Paper.** He et al., "BiViT: Extremely Compressed Binary Vision Transformer", arXiv 2211.07091.
//!
//! **Claim.** Attention after softmax is mostly tiny with few great numbers. Made binary with a threshold in proportion
//! to a row's greatest number, it keeps far more of itself than with thresholds that do not look at softmax, and about
//! as much as with the best threshold of every row.
//!
//! **Mechanism** (their section 3.1). A row `a` becomes `v·b`, `b` in {0,1}ⁿ: `b = a > T`, and `v = ⟨a,b⟩/⟨b,b⟩` has the
//! least error for a `b`; the best threshold is `T* = v*/2`, found in turns. Over rows `T*` is nearly a line through zero
//! in `max(a)`, so `T = β·max(a)` with one `β` for all. In training, gradients pass the threshold as if it were not there.
//!
//! **Generated.** Softmax rows over 64 keys with temperatures from sharp to flat; `β` is fitted on half of them, errors
//! are measured on the other. And a network of one attention layer that reads digits.
//!
//! **Control.** Every way to make rows binary gets the scale `v` that is best for it, and the best threshold of each row
//! shows what is possible at all.

mod attention;
mod rows;

use anyhow::Result;
use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use self::attention::{Attention, Reader};
use self::rows::{Binary, best_threshold, fit_beta};
use crate::data::digits;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};
use crate::mlp::{Training, gaussian, pixels};

static CARD: Card = Card {
    id: "bivit",
    arxiv: "2211.07091",
    title: "BiViT: Extremely Compressed Binary Vision Transformer",
    family: Family::Codes,
    claim: "Attention can be made binary with little loss if the threshold follows each row's greatest number, as \
            softmax suggests.",
    published: "Error of attention rows 0.683 with thresholds at zero scores, 2.6e-5 with the best threshold, 2.7e-5 with \
                the one in proportion to the greatest number; up to 19.8 points more on TinyImageNet than BiBERT and BiT.",
    baseline: "Ones where the score before softmax is not negative (as BiBERT does), with the best scale.",
    kept: &[
        "The best threshold of a row, found in turns, and the line that predicts it from the greatest number",
        "The line fitted on rows other than those measured",
        "An attention network made binary after training, and trained on with gradients passed straight through",
        "Controls: ones above the mean, the best threshold of each row, and the best scale for all of them",
    ],
    left_out: &[
        "Binary weights and the order in which layers become binary",
        "Transformers of many layers: one attention layer over 16 patches of a digit",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "error",
            name: "Squared error of a row",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "error-mean",
            name: "Squared error, against ones above the mean",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "error-best",
            name: "Squared error, against the best thresholds",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "accuracy",
            name: "Digits read rightly, not trained on",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-tuned",
            name: "Digits read rightly, trained on",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "accuracy-kept",
            name: "Digits read rightly, trained on, against attention as it was",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "Thresholds at zero scores leave at least twice the error",
            metric: "error",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "Ones above the mean leave at least 1.5 times the error",
            metric: "error-mean",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "The best thresholds leave at least eight tenths of the error",
            metric: "error-best",
            expect: Expect::Times(0.8),
        },
        Condition {
            text: "Without training on, at least five digits in a hundred more are read",
            metric: "accuracy",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "After training on, at least one digit in a hundred more is read",
            metric: "accuracy-tuned",
            expect: Expect::BetterBy(0.01),
        },
    ],
    likely_reason: "Sixteen patches and one layer leave attention little to say, and training on makes up for a coarse \
                    row where digits are easy.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct BiVit;

impl Reproduction for BiVit {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let mut rng = context.rng(1);
        let count = context.pick(200, 2000, 10_000);
        let fitted: Vec<_> = (0..count).map(|_| scores(&mut rng)).collect();
        let measured: Vec<_> = (0..count).map(|_| scores(&mut rng)).collect();
        let beta = fit_beta(fitted.iter().map(rows::softmax));
        let error = |binary: Binary| {
            let errors = measured.iter().map(|scores| {
                let row = rows::softmax(scores);
                (binary.row(scores, &row) - row).norm_squared()
            });
            errors.sum::<f64>() / count as f64
        };
        let ours = Binary::OfMax(beta);
        let all = [Binary::ZeroScore, Binary::AboveMean, ours, Binary::Best];
        let bars = Plot::new(
            "errors",
            "Error of binary attention rows",
            Axis::named(
                "where a row becomes one",
                ["zero score", "mean", "share of greatest", "best"],
            ),
            Axis::linear("squared error of a row"),
        )
        .bars("error", all.map(error));

        let read = network(context);
        Ok(Trial::new()
            .measured("error", error(Binary::ZeroScore), error(ours))
            .measured("error-mean", error(Binary::AboveMean), error(ours))
            .measured("error-best", error(Binary::Best), error(ours))
            .measured("accuracy", read.zero_score.0, read.of_max.0)
            .measured("accuracy-tuned", read.zero_score.1, read.of_max.1)
            .measured("accuracy-kept", read.as_it_was, read.of_max.1)
            .plot(bars)
            .plot(thresholds(&fitted[..40], beta)))
    }
}

/// Scores over 64 keys; their spread, the inverse of a temperature, is between a half and four, all octaves alike.
fn scores(rng: &mut Rng) -> DVector<f64> {
    let spread = 0.5 * 8f64.powf(rng.random());
    gaussian(64, 1, rng).column(0) * spread
}

/// The best thresholds of rows beside the line that is used.
fn thresholds(scores: &[DVector<f64>], beta: f64) -> Plot {
    let points = scores.iter().map(|scores| {
        let row = rows::softmax(scores);
        (row.max(), best_threshold(&row))
    });
    Plot::new(
        "thresholds",
        "The best threshold of a row follows its greatest number",
        Axis::linear("greatest number of the row"),
        Axis::linear("best threshold"),
    )
    .points("rows", points)
    .line(
        "the line fitted",
        [(0.0, 0.0), (0.5, 0.5 * beta), (1.0, beta)],
    )
}

/// What networks read rightly: before and after training on with binary attention.
struct Read {
    as_it_was: f64,
    zero_score: (f64, f64),
    of_max: (f64, f64),
}

fn network(context: &Context<'_>) -> Read {
    let mut rng = context.rng(2);
    let (train, test) = digits().split(context.pick(300, 1000, 1300), &mut rng);
    let (test, _) = test.split(context.pick(200, 797, 797), &mut rng);
    let (inputs, held_out) = (pixels(&train), pixels(&test));
    let mut net = Reader::new(&mut rng);
    let training = Training {
        epochs: context.pick(3, 15, 30),
        batch: 20,
        rate: 5e-3,
    };
    net.train(&inputs, &train.labels, training, Attention::Soft, &mut rng);
    context.progress(0.4, "binary attention, trained on");
    let beta = fit_beta(net.rows(&inputs.columns(0, 100).into_owned()));
    let tuning = Training {
        epochs: training.epochs.div_ceil(2),
        rate: 2e-3,
        ..training
    };
    let read = |binary| {
        let attention = Attention::Binary(binary);
        let before = net.accuracy(&held_out, &test.labels, attention);
        let mut tuned = net.clone();
        tuned.train(
            &inputs,
            &train.labels,
            tuning,
            attention,
            &mut context.rng(3),
        );
        (before, tuned.accuracy(&held_out, &test.labels, attention))
    };
    let mut as_it_was = net.clone();
    as_it_was.train(
        &inputs,
        &train.labels,
        tuning,
        Attention::Soft,
        &mut context.rng(3),
    );
    Read {
        as_it_was: as_it_was.accuracy(&held_out, &test.labels, Attention::Soft),
        zero_score: read(Binary::ZeroScore),
        of_max: read(Binary::OfMax(beta)),
    }
}

/// Softmax of every column.
fn softmax_columns(scores: &DMatrix<f64>) -> DMatrix<f64> {
    let columns: Vec<DVector<f64>> = scores
        .column_iter()
        .map(|column| rows::softmax(&column.into_owned()))
        .collect();
    DMatrix::from_columns(&columns)
}
