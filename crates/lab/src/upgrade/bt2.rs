//! BT²: a new model that serves old vectors and gives up nothing for it.
//!
//! **Paper.** Zhou et al., "BT^2: Backward-compatible Training with Basis Transformation", arXiv 2211.03989.
//!
//! **Claim.** Training a new model so that its queries find the old model's vectors (backward-compatible training, BCT)
//! makes it a worse model. With a few more dimensions, and learned changes of basis between what is new and what is old,
//! it is as good as an independent new model, and still finds old vectors.
//!
//! **Mechanism** (their section 3). An independent new model `φ'` is trained first. The new network puts out `f`, which
//! imitates `φ'`, and `o` of a few numbers for what does not fit. With `P`, `R` orthogonal and `C` = 2:
//! `u = [o; P·C·f]`, `b = R·u_{1:d}`, `φ = [b; u_rest]`. `b` imitates the old vectors:
//! `L = CE(W·f) + λ₁(1 − cos(f, φ')) + λ₂·CE(W_old·b) + λ₃(1 − cos(b, φ_old))`, λ = 1, 10, 5, `W_old` the old vectors'
//! class means. As `P` and `R` keep lengths and angles, `⟨φ(x), φ(y)⟩ = ⟨o,o⟩ + C²⟨f,f⟩`: what makes `b` old loses nothing.
//!
//! **Generated.** Nothing. The old model knows 150 digits of the classes 0 to 4; the new one 600 of all ten.
//!
//! **Controls.** BCT (Shen et al. 2020) gets as many dimensions as BT² has, and the same network and training; a second
//! one gets BT²'s two terms for old vectors too, so that what they do is not taken for what the change of basis does. The
//! classes that the old model never saw are shown apart: there nothing old can be found well, however compatible.

mod orthogonal;
mod train;

use anyhow::Result;
use nalgebra::DMatrix;

use self::train::Models;
use super::compatibility::{Found, Labelled, search};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::pixels;

static CARD: Card = Card {
    id: "bt2",
    arxiv: "2211.03989",
    title: "BT^2: Backward-compatible Training with Basis Transformation",
    family: Family::Upgrade,
    claim: "A new model can search the old model's vectors without becoming a worse model for it, if it gets a few more \
            dimensions and learned rotations between new and old.",
    published: "CIFAR-100, 50 to 100 classes, mean average precision: old/old 24.4; new/old 24.7 with BCT and 27.7 with \
                BT^2; new/new 47.3 with BCT, 50.5 with BT^2, 49.9 with an independent new model.",
    baseline: "Backward-compatible training (BCT) with the same network, size of vectors and training.",
    kept: &[
        "The full loss with the weights of the official code, two learned orthogonal matrices, vectors of 16 + 8 numbers",
        "An independent new model to imitate, as an upper bound too",
        "Cross-search old/old, new/old, new/new; queries that were right before and are wrong after",
        "Controls: BCT with BT^2's terms for old vectors; classes that the old model never saw, shown apart",
    ],
    left_out: &[
        "CIFAR-100, ImageNet and deep networks: one hidden layer on digits",
        "A sequence of several upgrades",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "new-new",
            name: "New queries, new vectors (mAP)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "new-old",
            name: "New queries, old vectors (mAP)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "over-old",
            name: "Old vectors: old queries against BT^2's (mAP)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "independent",
            name: "New vectors: an independent model against BT^2 (mAP)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "incompatible",
            name: "Old vectors: an independent model's queries against BT^2's (mAP)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "first",
            name: "New queries, new vectors: first result right",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "new-new-terms",
            name: "Control: new/new (mAP), against BCT with BT^2's terms for old vectors",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "new-old-terms",
            name: "Control: new/old (mAP), against BCT with BT^2's terms for old vectors",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "flips",
            name: "Queries right with the old model and wrong with new queries on old vectors",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "New/new is better than with BCT by at least 0.03",
            metric: "new-new",
            expect: Expect::BetterBy(0.03),
        },
        Condition {
            text: "New/old is no worse than with BCT by more than 0.01",
            metric: "new-old",
            expect: Expect::BetterBy(-0.01),
        },
        Condition {
            text: "New queries find old vectors at least as well as old queries do",
            metric: "over-old",
            expect: Expect::BetterBy(0.0),
        },
        Condition {
            text: "New/new is within 0.02 of an independent new model",
            metric: "independent",
            expect: Expect::BetterBy(-0.02),
        },
        Condition {
            text: "An independent model's queries find old vectors worse by at least 0.05",
            metric: "incompatible",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "New/new is no worse than with BCT that gets the same terms for old vectors, but no change of basis",
            metric: "new-new-terms",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "With half of the classes unknown to the old model, its vectors bound what any query can find; a few \
                    hundred digits leave small differences within the luck of a seed.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct Bt2;

/// Classes that the old model knows: those below.
const KNOWN: usize = 5;

impl Reproduction for Bt2 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let data = Data::draw(context);
        let models = Models::train(context, &data.old, &data.new);
        let sets = Sets::of(&models, &data);
        let old = sets.found(&sets.old, &sets.old);
        let mut bars = Plot::new(
            "matrix",
            "Queries of one model, vectors of another",
            Axis::named("queries / vectors", ["old/old", "new/old", "new/new"]),
            Axis::linear("mean average precision"),
        );
        let mut classes = Plot::new(
            "classes",
            "New queries on old vectors, by whether the old model knew their class",
            Axis::named(
                "class of the query",
                ["known to the old model", "unknown to it"],
            ),
            Axis::linear("first result right"),
        )
        .bars("old queries", sets.by_class(&old));
        let models = [
            ("independent", &sets.independent),
            ("BCT", &sets.compatible),
            ("BCT with BT^2's terms", &sets.matched),
            ("BT^2", &sets.transformed),
        ];
        let cross = models.map(|(_, new)| (sets.found(new, &sets.old), sets.found(new, new)));
        for ((name, _), (new_old, new_new)) in models.iter().zip(&cross) {
            bars = bars.bars(*name, [old.map, new_old.map, new_new.map]);
            classes = classes.bars(*name, sets.by_class(new_old));
        }
        let [independent, bct, matched, bt2] = &cross;
        Ok(Trial::new()
            .measured("new-new", bct.1.map, bt2.1.map)
            .measured("new-old", bct.0.map, bt2.0.map)
            .measured("over-old", old.map, bt2.0.map)
            .measured("independent", independent.1.map, bt2.1.map)
            .measured("incompatible", independent.0.map, bt2.0.map)
            .measured("first", bct.1.top1(), bt2.1.top1())
            .measured("new-new-terms", matched.1.map, bt2.1.map)
            .measured("new-old-terms", matched.0.map, bt2.0.map)
            .measured("flips", bct.0.flips_from(&old), bt2.0.flips_from(&old))
            .plot(bars)
            .plot(classes))
    }
}

/// What models are trained on, and what is searched.
struct Data {
    old: Digits,
    new: Digits,
    queries: Digits,
    gallery: Digits,
}

impl Data {
    fn draw(context: &Context<'_>) -> Data {
        let mut rng = context.rng(1);
        let (new, rest) = digits().split(600, &mut rng);
        let (gallery, queries) = rest.split(600, &mut rng);
        let (queries, _) = queries.split(context.pick(200, 597, 597), &mut rng);
        let known: Vec<usize> = (0..new.len())
            .filter(|&at| new.labels[at] < KNOWN)
            .collect();
        Data {
            old: new.at(&known[..150.min(known.len())]),
            new,
            queries,
            gallery,
        }
    }
}

/// A model's vectors of the queries and of the gallery.
struct Vectors {
    queries: DMatrix<f64>,
    gallery: DMatrix<f64>,
}

struct Sets<'a> {
    data: &'a Data,
    old: Vectors,
    independent: Vectors,
    compatible: Vectors,
    matched: Vectors,
    transformed: Vectors,
}

impl<'a> Sets<'a> {
    fn of(models: &Models, data: &'a Data) -> Sets<'a> {
        let (queries, gallery) = (pixels(&data.queries), pixels(&data.gallery));
        let vectors = |model: &dyn Fn(&DMatrix<f64>) -> DMatrix<f64>| Vectors {
            queries: model(&queries),
            gallery: model(&gallery),
        };
        Sets {
            data,
            old: vectors(&|x| models.old.forward(x)),
            independent: vectors(&|x| models.independent.forward(x)),
            compatible: vectors(&|x| models.compatible.forward(x)),
            matched: vectors(&|x| models.matched.forward(x)),
            transformed: vectors(&|x| models.transformed.vectors(x)),
        }
    }

    fn found(&self, queries: &Vectors, gallery: &Vectors) -> Found {
        search(
            Labelled {
                vectors: &queries.queries,
                labels: &self.data.queries.labels,
            },
            Labelled {
                vectors: &gallery.gallery,
                labels: &self.data.gallery.labels,
            },
        )
    }

    /// The share of right first results among queries of known and of unknown classes.
    fn by_class(&self, found: &Found) -> [f64; 2] {
        [true, false].map(|known| {
            let of_kind = found.right.iter().zip(&self.data.queries.labels);
            let of_kind: Vec<bool> = of_kind
                .filter(|(_, l)| (**l < KNOWN) == known)
                .map(|(r, _)| *r)
                .collect();
            of_kind.iter().filter(|&&r| r).count() as f64 / of_kind.len().max(1) as f64
        })
    }
}
