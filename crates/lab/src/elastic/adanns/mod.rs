//! AdANNS: A Framework for Adaptive Semantic Search (Rege et al., arXiv 2305.19435).
//!
//! **Claim.** The stages of a search need different numbers of a vector. With nested vectors each stage takes the prefix
//! that it needs, from one vector, and the search needs less work for the same answers than one that takes whole vectors
//! throughout.
//!
//! **Mechanism** (section 4). *Cells* (AdANNS-IVF): k-means over the first d_c numbers, lists scanned by the first d_s;
//! work = d_c K + rows scanned times d_s. *Codes* (AdANNS-OPQ): for a budget of bytes the prefix is chosen too, instead
//! of coding the whole vector. *Both* (AdANNS-IVFOPQ): cells by one prefix, codes of another. *Graph* (AdANNS-DiskANN):
//! walked by a prefix, what it finds reranked by the whole vector.
//!
//! **Made here.** Texts of words of the starter shelf's papers as vectors of the encoder that ships, searched with the
//! structures of crate `ann`; the graph is built here. Prefixes are chosen on one half of the queries and measured on the
//! other, the same for all sides. Work is read off at 90 % recall, between the numbers of cells that give a little less and
//! a little more.
//!
//! **Controls.** On easy data any prefix will do. So the same search is made over the same vectors after a random
//! rotation: it leaves all inner products as they are and takes only the nesting away.

mod cells;
mod codes;
mod curve;
mod graph;

use ann::exact;
use ann::matrix::Rows;
use ann::prefix::unit_prefixes;
use ann::rotation::Hadamard;
use anyhow::Result;

use super::texts::{Mixture, texts};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "adanns",
    arxiv: "2305.19435",
    title: "AdANNS: A Framework for Adaptive Semantic Search",
    family: Family::Elastic,
    claim: "Each stage of a search needs a different share of a vector: taking short prefixes of nested vectors for \
            finding candidates, and long ones for comparing them, gives the same answers for much less work.",
    published: "ImageNet-1K: up to 1.5 points more top-1 accuracy at equal work, equal accuracy up to 90 times faster; \
                Natural Questions: 32-byte codes are as good as 64-byte codes of whole vectors.",
    baseline: "Whole vectors at every stage (rigid), and prefixes of the same vectors after a random rotation",
    kept: &[
        "cells by d_c numbers, lists by d_s numbers, the work counted as d_c K + scanned d_s",
        "optimised product codes of a chosen prefix at a budget of bytes, alone and within cells",
        "a graph walked by a prefix, its finds reranked by whole vectors",
    ],
    left_out: &[
        "ImageNet and Natural Questions: generated texts as vectors of the encoder that ships",
        "rigid vectors trained for each size: with one encoder only the whole vector can stand for them",
        "wall-clock time, which a busy machine would blur: multiply-adds are counted",
    ],
    used_in: Some(
        "The vector index: cells are ranked by the first half of a vector's principal axes, candidates refined by all",
    ),
    metrics: &[
        Metric {
            id: "cells",
            name: "Work of a search by cells at 90 % recall",
            unit: "thousand multiply-adds",
            better: Better::Lower,
        },
        Metric {
            id: "rotated",
            name: "The same, against prefixes of rotated vectors",
            unit: "thousand multiply-adds",
            better: Better::Lower,
        },
        Metric {
            id: "codes",
            name: "Right paper first, by codes of 16 bytes",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "half",
            name: "Right paper first, 16 bytes against 32 bytes of whole vectors",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "both",
            name: "Right paper first, by cells and codes of 16 bytes",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "graph",
            name: "Work of a search by a graph at 90 % recall",
            unit: "thousand multiply-adds",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "cells need at most half the work at equal recall",
            metric: "cells",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "rotated prefixes need at least a fifth more: the nesting matters",
            metric: "rotated",
            expect: Expect::Times(1.2),
        },
        Condition {
            text: "codes of a prefix find the right paper at least 1 point more often at equal bytes",
            metric: "codes",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "half the bytes are as good, within 1 point",
            metric: "half",
            expect: Expect::BetterBy(-0.01),
        },
        Condition {
            text: "the same within cells: at least 1 point more often",
            metric: "both",
            expect: Expect::BetterBy(0.01),
        },
        Condition {
            text: "the graph needs at most two thirds of the work",
            metric: "graph",
            expect: Expect::Times(1.5),
        },
    ],
    likely_reason: "A few thousand texts are few: cells are small and the coarse stage weighs little; and the rotation \
                    that codes begin with orders whole vectors too, so that their prefix may add nothing.",
    timed: false,
};

/// AdANNS.
pub(super) struct AdAnns;

/// What is asked, of what, and what the exact search answers.
struct Task<'a> {
    base: Rows<'a>,
    queries: Rows<'a>,
    /// The ten nearest rows for each query.
    truth: Vec<Vec<u32>>,
    /// What each row is about.
    about: &'a [usize],
    /// What each query is about.
    asked: &'a [usize],
    /// Prefixes that searches may take, the whole vector last.
    prefixes: Vec<usize>,
}

/// Neighbours that count.
const K: usize = 10;
/// The recall at which work is compared.
const TARGET: f64 = 0.9;

impl Task<'_> {
    fn dim(&self) -> usize {
        self.base.dim()
    }

    /// The queries on which settings are chosen, and those on which they are measured.
    fn halves(&self) -> (Vec<usize>, Vec<usize>) {
        let half = self.queries.len() / 2;
        ((0..half).collect(), (half..self.queries.len()).collect())
    }
}

impl Reproduction for AdAnns {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        // Half of the encoder's vector is a vector too; it makes the quick run quick.
        let dim = context.pick(128, 256, 256);
        let mixture = |own, other, any| Mixture { own, other, any };
        let made = texts(
            context.pick(500, 5000, 40_000),
            mixture(12, 3, 3),
            &mut context.rng(0),
        );
        let asked = texts(
            context.pick(40, 160, 600),
            mixture(6, 0, 1),
            &mut context.rng(1),
        );
        let whole = |vectors: &[f32]| unit_prefixes(Rows::new(vectors, 256), dim);
        let (base, queries) = (whole(&made.vectors), whole(&asked.vectors));
        let (base, queries) = (Rows::new(&base, dim), Rows::new(&queries, dim));
        let encoder = encode::Encoder::shipped();
        let prefixes = encoder.prefixes().iter().copied().filter(|&p| p <= dim);
        let task = |base, queries| Task {
            base,
            queries,
            truth: truth(base, queries),
            about: &made.about,
            asked: &asked.about,
            prefixes: prefixes.clone().collect(),
        };
        let nested = task(base, queries);
        let turn = Hadamard::new(dim, context.seed());
        let (turned_base, turned_queries) = (turned(base, &turn), turned(queries, &turn));
        let rotated = task(
            Rows::new(&turned_base, dim),
            Rows::new(&turned_queries, dim),
        );

        context.progress(0.1, "cells");
        let cell_count = context.pick(24, 96, 256);
        let nested_cells = cells::Measured::all(&nested, cell_count);
        let rotated_cells = cells::Measured::all(&rotated, cell_count);
        context.progress(0.5, "codes");
        let codes = codes::measure(&nested, context.pick(8, 16, 16), cell_count);
        context.progress(0.8, "graph");
        let graph = graph::measure(&nested, context.pick(300, 2500, 5000), &mut context.rng(2));

        let (rigid, adaptive) = (
            nested_cells.cheapest(&[dim], TARGET),
            nested_cells.cheapest(&nested.prefixes, TARGET),
        );
        let control = rotated_cells.cheapest(&rotated.prefixes, TARGET);
        Ok(Trial::new()
            .measured("cells", rigid, adaptive)
            .measured("rotated", control, adaptive)
            .measured("codes", codes.rigid, codes.nested)
            .measured("half", codes.rigid_twice, codes.nested)
            .measured("both", codes.rigid_cells, codes.nested_cells)
            .measured("graph", graph.rigid, graph.nested)
            .plot(frontier(&nested_cells, &rotated_cells, &nested.prefixes))
            .plot(codes.plot(&nested.prefixes)))
    }
}

/// The work that each recall takes, with the prefixes that suit it best.
fn frontier(nested: &cells::Measured, rotated: &cells::Measured, prefixes: &[usize]) -> Plot {
    let whole = &prefixes[prefixes.len() - 1..];
    let plot = Plot::new(
        "cells",
        "Work that each recall needs, by cells",
        Axis::linear("Recall of the ten nearest"),
        Axis::log("Thousand multiply-adds a query"),
    );
    plot.line("Whole vectors", nested.frontier(whole))
        .line(
            "Prefixes after a random rotation",
            rotated.frontier(prefixes),
        )
        .line("Nested prefixes", nested.frontier(prefixes))
}

fn truth(base: Rows<'_>, queries: Rows<'_>) -> Vec<Vec<u32>> {
    let rows = |query| {
        exact::search(base, query, K)
            .0
            .iter()
            .map(|hit| hit.row)
            .collect()
    };
    queries.iter().map(rows).collect()
}

fn turned(rows: Rows<'_>, turn: &Hadamard) -> Vec<f32> {
    let mut turned = rows.data().to_vec();
    turned
        .chunks_exact_mut(rows.dim())
        .for_each(|row| turn.apply(row));
    turned
}
