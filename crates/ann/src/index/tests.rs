//! Changing indexes: what is added is found, what is deleted is not, whatever merges and crashes happen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::budget::{self, Budget};
use crate::random::Random;
use proptest::prelude::*;

const DIM: usize = 8;

fn vector(row: u32, version: u64) -> Vec<f32> {
    let mut random = Random::new(u64::from(row) << 20 | version);
    (0..DIM).map(|_| random.normal()).collect()
}

fn config(seal_at: usize) -> IndexConfig {
    let mut config = IndexConfig::new(DIM);
    config.seal_at = seal_at;
    config.segment.planes = 2;
    config.segment.cells = Some(4);
    config.segment.training = crate::pq::Training::KMeans;
    config
}

fn add(index: &Index, rows: impl IntoIterator<Item = u32>, version: u64) {
    let rows: Vec<u32> = rows.into_iter().collect();
    let vectors: Vec<f32> = rows.iter().flat_map(|&row| vector(row, version)).collect();
    index.add(&rows, &vectors).unwrap();
}

/// The row whose vector answers the query best.
fn nearest(index: &Index, query: &[f32]) -> Option<u32> {
    let everything = Budget::Effort(crate::segment::Effort::ALL);
    let answer = index
        .snapshot()
        .search(query, 1, everything, Filter::ALL)
        .unwrap();
    answer.hits.first().map(|hit| hit.row)
}

/// Scoring given rows says what searching all of them says.
fn scores_are_those_of_a_search(index: &Index) {
    let query = vector(7, 3);
    let snapshot = index.snapshot();
    let everything = Budget::Effort(crate::segment::Effort::ALL);
    let answer = snapshot.search(&query, 500, everything, Filter::ALL);
    let hits = answer.unwrap().hits;
    let mut rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
    rows.extend([5, 999]);
    let scores = snapshot.scores(&query, &rows).unwrap();
    assert_eq!(
        scores[hits.len()..],
        [None, None],
        "a deleted row, an unknown one"
    );
    for (hit, score) in hits.iter().zip(&scores) {
        assert!(
            score.is_some_and(|score| (score - hit.score).abs() < 1e-5),
            "{hit:?} {score:?}"
        );
    }
    assert!(snapshot.scores(&query[1..], &rows).is_err());

    // Sums are those of the vectors one by one.
    let weighted: Vec<(u32, f32)> = (0u32..)
        .zip(&rows)
        .map(|(i, &row)| (row, 0.1 * i as f32 - 1.0))
        .collect();
    let mut sum = vec![0f32; DIM];
    for &(row, weight) in &weighted {
        let vector = snapshot.vector(row).unwrap_or(vec![0.0; DIM]);
        sum.iter_mut()
            .zip(&vector)
            .for_each(|(sum, x)| *sum += weight * x);
    }
    for (got, expected) in snapshot.weighted_sum(&weighted).iter().zip(&sum) {
        assert!((got - expected).abs() < 1e-3, "{got} {expected}");
    }
}

#[test]
fn rows_live_through_merges_and_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), config(50)).unwrap();
    add(&index, 0..100, 0);
    assert!(index.merge().unwrap());
    assert_eq!((index.snapshot().young(), index.snapshot().len()), (0, 100));
    add(&index, 90..120, 1);
    assert_eq!(index.delete(&(0..10).collect()), 10);
    assert_eq!(index.delete(&(0..10).collect()), 0);
    let check = |index: &Index| {
        assert_eq!(index.snapshot().rows(), (10..120).collect());
        assert_eq!(nearest(index, &vector(95, 1)), Some(95), "the newer vector");
        assert_eq!(nearest(index, &vector(50, 0)), Some(50));
        assert_ne!(nearest(index, &vector(5, 0)), Some(5), "deleted");
        scores_are_those_of_a_search(index);
    };
    check(&index);
    index.commit().unwrap();
    drop(index);
    let index = Index::open(folder.path(), config(50)).unwrap();
    check(&index);
    assert!(index.merge().unwrap());
    check(&index);
    assert_eq!(index.snapshot().sealed().map(Segment::len), Some(110));
    index.commit().unwrap();
    drop(index);
    check(&Index::open(folder.path(), config(50)).unwrap());
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 3, "manifest, segment, lock");
}

#[test]
fn rows_that_join_few_trained_ones_are_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), config(1)).unwrap();
    add(&index, [0], 0);
    for round in 1..5 {
        assert!(index.merge().unwrap());
        add(&index, 0..4 * round, 1);
        index.merge().unwrap();
        for row in 0..4 * round {
            assert_eq!(nearest(&index, &vector(row, 1)), Some(row));
        }
        add(&index, [0], 0);
    }
    assert!(
        index.snapshot().sealed().unwrap().trained_rows() > 1,
        "trained anew"
    );
}

#[test]
fn what_is_not_committed_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), config(50)).unwrap();
    add(&index, 0..10, 0);
    index.commit().unwrap();
    add(&index, 10..20, 0);
    drop(index);
    let index = Index::open(folder.path(), config(50)).unwrap();
    assert_eq!(index.snapshot().len(), 10);
}

#[test]
fn a_snapshot_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), config(10)).unwrap();
    add(&index, 0..20, 0);
    let before = index.snapshot();
    index.delete(&(0..20).collect());
    index.merge().unwrap();
    assert_eq!((before.len(), index.snapshot().len()), (20, 0));
    assert_eq!(
        before
            .search(&vector(3, 0), 1, Budget::Usual, Filter::ALL)
            .unwrap()
            .hits[0]
            .row,
        3
    );
}

#[test]
fn one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Index::open(folder.path(), config(10)).unwrap();
    assert!(matches!(
        Index::open(folder.path(), config(10)),
        Err(Error::Locked(_))
    ));
}

#[test]
fn the_wrong_index_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), config(10)).unwrap();
    add(&index, 0..20, 0);
    index.commit().unwrap();
    drop(index);
    let mut other = config(10);
    other.dim = 9;
    let error = Index::open(folder.path(), other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "vectors of 8 numbers where the index has 9"
    );
    let snapshot = Index::open(folder.path(), config(10)).unwrap().snapshot();
    assert!(
        snapshot
            .search(&[0.0; 3], 1, Budget::Usual, Filter::ALL)
            .is_err()
    );
    std::fs::write(folder.path().join("manifest.ann"), b"something else").unwrap();
    let error = Index::open(folder.path(), config(10))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("manifest.ann: not an index file"),
        "{error}"
    );
}

#[test]
fn budgets_choose_the_path_and_the_answer_says_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(10);
    config.segment.cells = None;
    let index = Index::open(folder.path(), config).unwrap();
    add(&index, 0..4000, 0);
    let query = vector(7, 3);
    let path = |budget, filter| {
        let answer = index.snapshot().search(&query, 10, budget, filter).unwrap();
        (answer.path, answer.spent)
    };
    assert_eq!(path(Budget::Usual, Filter::ALL).0, budget::Path::Flat);
    index.merge().unwrap();
    for limit in [20_000, 40_000] {
        let (path, spent) = path(Budget::MultiplyAdds(limit), Filter::ALL);
        assert!(matches!(path, budget::Path::Cells(_)));
        assert!(
            spent.multiply_adds < limit * 3 / 2,
            "{} within about {limit}",
            spent.multiply_adds
        );
    }
    assert_eq!(
        path(Budget::MultiplyAdds(u64::MAX), Filter::ALL).0,
        budget::Path::Everything
    );
    assert_eq!(
        path(Budget::Recall(1.1), Filter::ALL).0,
        budget::Path::Everything
    );
    let few: RoaringBitmap = (0..40).collect();
    let filter = Filter {
        allow: Some(&few),
        deny: None,
    };
    let (filtered, spent) = path(Budget::Usual, filter);
    assert_eq!((filtered, spent.refined), (budget::Path::Filtered, 40));
}

#[test]
fn readers_go_on_while_merges_and_writes_run() {
    let folder = tempfile::tempdir().unwrap();
    let index = Arc::new(Index::open(folder.path(), config(50)).unwrap());
    add(&index, 0..300, 0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let (index, done) = (&index, &done);
            scope.spawn(move || {
                let mut random = Random::new(reader);
                while !done.load(Ordering::Relaxed) {
                    // Rows below 100 are never touched: they must be found in every state.
                    let row = random.below(100) as u32;
                    assert_eq!(nearest(index, &vector(row, 0)), Some(row));
                }
            });
        }
        for round in 1..4u64 {
            let merge = index.merge_in_background();
            add(&index, 200..260, round);
            index.delete(&(260..270).collect());
            add(
                &index,
                1000 + round as u32 * 10..1010 + round as u32 * 10,
                0,
            );
            index.commit().unwrap();
            merge.join().unwrap().unwrap();
            assert_eq!(nearest(&index, &vector(230, round)), Some(230));
        }
        done.store(true, Ordering::Relaxed);
    });
    index.merge().unwrap();
    let mut expected: RoaringBitmap = (0..260).chain(270..300).collect();
    expected.insert_range(1010..1040);
    assert_eq!(index.snapshot().rows(), expected);
}

#[derive(Debug, Clone)]
enum Change {
    Add(u32, u32),
    Delete(u32, u32),
    Merge,
    Rebuild,
    Reopen,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0u32..60, 1u32..20).prop_map(|(first, n)| Change::Add(first, n)),
        2 => (0u32..60, 1u32..20).prop_map(|(first, n)| Change::Delete(first, n)),
        1 => Just(Change::Merge),
        1 => Just(Change::Rebuild),
        1 => Just(Change::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any sequence of changes leaves what a plain map would hold.
    #[test]
    fn an_index_is_a_map(changes in proptest::collection::vec(change(), 1..16)) {
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::open(folder.path(), config(15)).unwrap();
        let mut model: BTreeMap<u32, u64> = BTreeMap::new();
        for (version, change) in changes.into_iter().enumerate() {
            let version = version as u64;
            match change {
                Change::Add(first, n) => {
                    add(&index, first..first + n, version);
                    model.extend((first..first + n).map(|row| (row, version)));
                }
                Change::Delete(first, n) => {
                    index.delete(&(first..first + n).collect());
                    model.retain(|row, _| !(first..first + n).contains(row));
                }
                Change::Merge => {
                    index.merge().unwrap();
                }
                Change::Rebuild => {
                    let rows: Vec<u32> = model.keys().copied().collect();
                    let vectors: Vec<f32> = model.iter().flat_map(|(&row, &v)| vector(row, v)).collect();
                    index.rebuild(&rows, &vectors).unwrap();
                }
                Change::Reopen => {
                    index.commit().unwrap();
                    drop(index);
                    index = Index::open(folder.path(), config(15)).unwrap();
                }
            }
            prop_assert_eq!(index.snapshot().rows(), model.keys().copied().collect::<RoaringBitmap>());
            for (&row, &version) in model.iter().step_by(7) {
                prop_assert_eq!(nearest(&index, &vector(row, version)), Some(row));
            }
        }
    }
}
