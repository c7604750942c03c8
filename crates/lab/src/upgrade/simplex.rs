//! d-Simplex with HOC: models that agree because they are all trained towards the same fixed corners.
//!
//! **Paper.** Biondi et al., "Stationary Representations: Optimally Approximating Compatibility and Implications for
//! Improved Model Replacements", arXiv 2405.02581.
//!
//! **Claim.** If the classifier is not learned but fixed to the corners of a regular simplex, with corners kept for
//! classes to come, then models trained apart put a class in the same direction, and one's queries find another's
//! vectors. A contrastive term between a new model's vectors and the last one's (higher-order compatibility, HOC) makes
//! replaced models compatible in more than direction.
//!
//! **Mechanism** (their sections 4 and 5). `K` corners in `K − 1` dimensions, `⟨wᵢ, wⱼ⟩ = −1/(K−1)`; logits are `wᵢ·z`
//! without bias. `L = λ·CE + (1 − λ)·L_HOC`, λ = 0.1, with
//! `L_HOC = mean −log(e^{μ⟨ẑ_old,i, ẑ_new,i⟩} / (e^{…i,i} + Σ_{yⱼ≠yᵢ} e^{μ⟨ẑ_old,i, ẑ_new,j⟩}))`, μ = 10.
//!
//! **Generated.** Nothing. Five versions of a model know 2, 4, 6, 8 and all ten digits; each is a new, wider network,
//! trained on 60 pictures of its new classes and 20 of each older one.
//!
//! **Controls.** A learned classifier with the same networks, pictures and training; the same one never replaced but
//! trained on; and all of it with every class among queries and vectors: classes that an older version never saw have no
//! corner there, and nothing promises that they are found.

mod corners;
mod train;

use anyhow::Result;
use nalgebra::DMatrix;

use self::train::{Kind, Version};
use super::compatibility::{Found, Labelled, Matrix, search};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use crate::mlp::{pick, pixels};

static CARD: Card = Card {
    id: "d-simplex-hoc",
    arxiv: "2405.02581",
    title: "Stationary Representations: Optimally Approximating Compatibility and Implications for Improved Model \
            Replacements",
    family: Family::Upgrade,
    claim: "Models trained towards the same fixed corners of a simplex can be replaced by new ones while old vectors stay \
            in the index; models that learn their own classifier cannot.",
    published: "CIFAR-100/10, 7 tasks with models replaced: share of compatible pairs 0.95 against 0.00, average \
                accuracy over all pairs 68.90 against 35.18 for experience replay.",
    baseline: "A learned classifier: the same networks, pictures, rehearsal and training.",
    kept: &[
        "Corners of a regular simplex for 16 classes, of which ten come to be used",
        "The contrastive term with the last version's vectors, with λ and μ of the official code",
        "The compatibility matrix of five versions; queries right with the first and wrong with the last",
        "Controls: a learned classifier that is trained on and never replaced; classes unseen by the older version",
    ],
    left_out: &[
        "CIFAR and pretrained networks: one hidden layer, wider with each version, on digits",
        "Batches balanced by class",
        "The official code counts masked pairs in the contrast and leaves out the positive; here it is the usual form",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "across",
            name: "Newer queries, older vectors (mAP): learned, simplex",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "compatibility",
            name: "Pairs in which newer queries find older vectors better: learned, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "mean",
            name: "Mean over the matrix (mAP): learned, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "mean-hoc",
            name: "Mean over the matrix (mAP): simplex, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "mean-tuned",
            name: "Mean over the matrix (mAP): learned and trained on, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "flips",
            name: "Queries right with the first version and wrong with the last: learned, simplex with HOC",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "unseen",
            name: "Control: newer queries, older vectors, all classes (mAP): learned, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "unseen-old",
            name: "Control: all classes in older vectors (mAP): older queries, newer ones, simplex with HOC",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "Newer queries find older vectors better than with a learned classifier by at least 0.3",
            metric: "across",
            expect: Expect::BetterBy(0.3),
        },
        Condition {
            text: "With HOC, at least a fifth more of the pairs are compatible",
            metric: "compatibility",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "With HOC, the mean over the matrix is better by at least 0.1",
            metric: "mean",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "HOC does not worsen the mean over the matrix",
            metric: "mean-hoc",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "Few classes of small digits are told apart almost without error, which leaves newer queries little to \
                    do better on older vectors.",
    timed: false,
};

/// The paper's reproduction.
pub(super) struct Simplex;

/// Classes that each version knows: the first so many.
const KNOWN: [usize; 5] = [2, 4, 6, 8, 10];

impl Reproduction for Simplex {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let mut rng = context.rng(1);
        let (train, rest) = digits().split(600, &mut rng);
        let (gallery, queries) = rest.split(context.pick(200, 600, 600), &mut rng);
        let (queries, _) = queries.split(context.pick(120, 597, 597), &mut rng);
        let steps = Data::steps(&train);
        let chains = Kind::ALL.map(|kind| {
            context.progress(kind as usize as f64 / 4.0, kind.name());
            Chain::of(&train::chain(context, kind, &steps), &queries, &gallery)
        });
        let [learned, tuned, simplex, hoc] = &chains;
        let mut apart = Plot::new(
            "apart",
            "Newer queries, older vectors, of classes that the older version knew",
            Axis::linear("versions between them"),
            Axis::linear("mean average precision"),
        );
        for (kind, chain) in Kind::ALL.iter().zip(&chains) {
            let points = (0..KNOWN.len()).map(|steps| (steps as f64, chain.seen.apart(steps)));
            apart = apart.line(kind.name(), points);
        }
        let mut classes = Plot::new(
            "classes",
            "Newer queries, older vectors",
            Axis::named(
                "classes searched",
                ["known to the older version", "all ten"],
            ),
            Axis::linear("mean average precision"),
        );
        for (kind, chain) in Kind::ALL.iter().zip(&chains) {
            classes = classes.bars(kind.name(), [chain.seen.across(), chain.all.across()]);
        }
        // Each pair's older version with its own queries: what newer ones are to be no worse than.
        let own = Matrix(
            (0..KNOWN.len())
                .map(|new| (0..=new).map(|old| hoc.all.0[old][old]).collect())
                .collect(),
        );
        Ok(Trial::new()
            .measured("across", learned.seen.across(), simplex.seen.across())
            .measured(
                "compatibility",
                learned.seen.compatibility(),
                hoc.seen.compatibility(),
            )
            .measured("mean", learned.seen.mean(), hoc.seen.mean())
            .measured("mean-hoc", simplex.seen.mean(), hoc.seen.mean())
            .measured("mean-tuned", tuned.seen.mean(), hoc.seen.mean())
            .measured("flips", learned.flips, hoc.flips)
            .measured("unseen", learned.all.across(), hoc.all.across())
            .measured("unseen-old", own.across(), hoc.all.across())
            .plot(apart)
            .plot(classes))
    }
}

/// What the versions are trained on, one step each.
struct Data(Vec<Digits>);

impl Data {
    /// For each version 60 pictures of its new classes and 20 of each that it knew before.
    fn steps(train: &Digits) -> Data {
        let step = |at: usize| {
            let before = if at == 0 { 0 } else { KNOWN[at - 1] };
            let mut places = Vec::new();
            for class in 0..KNOWN[at] {
                let count = if class < before { 20 } else { 60 };
                let of_class = (0..train.len()).filter(|&place| train.labels[place] == class);
                places.extend(of_class.take(count));
            }
            train.at(&places)
        };
        Data((0..KNOWN.len()).map(step).collect())
    }
}

/// How a chain of versions searches.
struct Chain {
    /// With the classes that the older version knew.
    seen: Matrix,
    /// With all classes.
    all: Matrix,
    /// Queries right with the first version's vectors and its own queries, and wrong with the last one's.
    flips: f64,
}

impl Chain {
    fn of(versions: &[Version], queries: &Digits, gallery: &Digits) -> Chain {
        let vectors = |set: &Digits| -> Vec<DMatrix<f64>> {
            let inputs = pixels(set);
            versions
                .iter()
                .map(|version| version.net.forward(&inputs))
                .collect()
        };
        let (asked, stored) = (vectors(queries), vectors(gallery));
        let found = |new: usize, old: usize, classes: usize| -> Found {
            let below = |set: &Digits, vectors: &DMatrix<f64>| {
                let places: Vec<usize> = (0..set.len())
                    .filter(|&at| set.labels[at] < classes)
                    .collect();
                (vectors.select_columns(&places), pick(&set.labels, &places))
            };
            let (queries, asked) = below(queries, &asked[new]);
            let (gallery, stored) = below(gallery, &stored[old]);
            search(
                Labelled {
                    vectors: &queries,
                    labels: &asked,
                },
                Labelled {
                    vectors: &gallery,
                    labels: &stored,
                },
            )
        };
        let matrix = |classes: &dyn Fn(usize) -> usize| {
            let row = |new: usize| {
                (0..=new)
                    .map(|old| found(new, old, classes(old)).map)
                    .collect()
            };
            Matrix((0..versions.len()).map(row).collect())
        };
        let last = versions.len() - 1;
        Chain {
            seen: matrix(&|old| KNOWN[old]),
            all: matrix(&|_| 10),
            flips: found(last, 0, KNOWN[0]).flips_from(&found(0, 0, KNOWN[0])),
        }
    }
}
