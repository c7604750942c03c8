//! The quick way to the best hits finds what the slow way finds: every matching document scored.

use index::query::{Order, Page, Query, Weights};
use proptest::prelude::*;

use super::*;

const WORDS: [&str; 9] = [
    "the",
    "sparse",
    "attention",
    "graph",
    "kernel",
    "retrieval",
    "quantum",
    "lattice",
    "prior",
];

/// A text in which the first words of the list are common and the last ones rare.
fn text() -> impl Strategy<Value = String> {
    let word = (0u32..100).prop_map(|n| WORDS[(n * n / 1250) as usize % WORDS.len()]);
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

fn asked(words_of: &str, filter: Option<&str>, without: Option<&str>) -> Query {
    Query {
        all: filter.map(|w| words(w, Scope::Title)).into_iter().collect(),
        some: words_of
            .split(' ')
            .map(|w| words(w, Scope::Everywhere))
            .collect(),
        none: without
            .map(|w| words(w, Scope::Everywhere))
            .into_iter()
            .collect(),
        need: 0,
        weights: Weights {
            title: 2.5,
            ..Weights::default()
        },
        ..Query::default()
    }
}

/// Scores of the best and of the exhaustive scan agree, place by place.
#[track_caller]
fn check(index: &Index, query: &Query, limit: usize) {
    let snapshot = index.snapshot();
    let all = Page {
        order: Order::Relevance,
        limit: 1000,
        after: None,
    };
    let slow = snapshot.search(query, &all).unwrap().hits;
    let quick = snapshot.best(query, limit).unwrap();
    assert_eq!(quick.len(), limit.min(slow.len()));
    for (quick, slow) in quick.iter().zip(&slow) {
        assert!(
            (quick.score - slow.score).abs() <= 1e-4 * slow.score,
            "{quick:?} {slow:?}"
        );
    }
    for hit in &quick {
        let same = slow.iter().find(|s| s.paper == hit.paper).map(|s| s.score);
        assert!(
            same.is_some_and(|s| (s - hit.score).abs() <= 1e-4 * s),
            "{hit:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_best_are_those_of_the_full_scan(
        texts in prop::collection::vec((text(), text()), 1..60),
        query in prop::collection::vec(0usize..WORDS.len(), 1..6),
        filter in prop::option::of(0usize..3),
        without in prop::option::of(5usize..WORDS.len()),
        gone in 0u32..60,
        limit in 1usize..20,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).unwrap();
        let mut writer = index.try_writer(HEAP).unwrap().unwrap();
        for (row, (title, about)) in (0..).zip(&texts) {
            writer.put(&paper(row, title, about)).unwrap();
            // Two segments at least.
            if row == 20 {
                writer.commit(1).unwrap();
            }
        }
        writer.remove(PaperId(gone)).unwrap();
        writer.commit(2).unwrap();
        let words: Vec<&str> = query.iter().map(|i| WORDS[*i]).collect();
        let word = |i: Option<usize>| i.map(|i| WORDS[i]);
        check(&index, &asked(&words.join(" "), word(filter), word(without)), limit);
    }
}

#[test]
fn rows_and_places() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path()).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for row in [3, 70_000, 5] {
        writer.put(&paper(row, "sparse attention", "")).unwrap();
    }
    writer.put(&paper(8, "dense attention", "")).unwrap();
    writer.commit(1).unwrap();
    writer.put(&paper(5, "sparse graphs", "")).unwrap();
    writer.remove(PaperId(3)).unwrap();
    writer.commit(2).unwrap();
    let snapshot = index.snapshot();
    let sparse = asked("sparse", None, None);
    assert_eq!(
        snapshot.rows(&sparse).unwrap().iter().collect::<Vec<_>>(),
        [5, 70_000]
    );

    let placed = snapshot.place(&[8, 3, 70_000, 9].map(PaperId)).unwrap();
    let papers: Vec<u32> = placed.iter().map(|hit| hit.paper.0).collect();
    assert_eq!(
        papers,
        [8, 70_000],
        "the deleted and the unknown are left out"
    );
    let why = snapshot.explain(&sparse, &placed).unwrap();
    assert!(
        why[0].parts.is_empty() && !why[1].parts.is_empty(),
        "{why:?}"
    );
}
