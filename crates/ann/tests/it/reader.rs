//! Readers beside a writer: they follow commits, take no lock, and survive files that go.

use std::sync::atomic::{AtomicBool, Ordering};

use ann::Error;
use ann::budget::Budget;
use ann::index::{Filter, Index, Reader};
use ann::segment::Effort;

use crate::made::{add, config, open, vector};

/// The row that a reader finds for a vector.
fn nearest(reader: &Reader, query: &[f32]) -> Option<u32> {
    let everything = Budget::Effort(Effort::ALL);
    let answer = reader
        .snapshot()
        .search(query, 1, everything, Filter::ALL)
        .unwrap();
    answer.hits.first().map(|hit| hit.row)
}

#[test]
fn an_absent_folder_reads_as_empty_until_it_is_there() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("vectors");
    let reader = Reader::open(&folder, config(50)).unwrap();
    assert!(reader.snapshot().is_empty() && !folder.exists());
    assert!(!reader.refresh().unwrap());
    let index = open(&folder, 50);
    add(&index, 0..30, 0);
    assert!(!reader.refresh().unwrap(), "nothing is committed");
    index.commit().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.snapshot().rows(), (0..30).collect());
    assert!(!reader.refresh().unwrap());
    drop(index);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(reader.refresh().unwrap());
    assert!(reader.snapshot().is_empty());
}

#[test]
fn a_reader_follows_additions_deletions_and_merges() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 50);
    let reader = Reader::open(folder.path(), config(50)).unwrap();
    add(&index, 0..100, 0);
    index.merge().unwrap();
    index.commit().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(nearest(&reader, &vector(70, 0)), Some(70));
    let before = reader.snapshot();
    index.delete(&(70..80).collect());
    add(&index, 90..110, 1);
    index.commit().unwrap();
    assert!(reader.refresh().unwrap());
    assert_ne!(nearest(&reader, &vector(70, 0)), Some(70));
    assert_eq!(nearest(&reader, &vector(95, 1)), Some(95));
    assert_eq!(before.len(), 100, "a snapshot never changes");
    index.merge().unwrap();
    index.commit().unwrap();
    assert_eq!(
        nearest(&reader, &vector(95, 1)),
        Some(95),
        "files are gone, maps stay"
    );
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.snapshot().rows(), index.snapshot().rows());
}

#[test]
fn an_index_made_anew_under_the_same_names_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    let index = open(&path, 50);
    add(&index, 0..10, 0);
    index.commit().unwrap();
    let reader = Reader::open(&path, config(50)).unwrap();
    drop(index);
    std::fs::remove_dir_all(&path).unwrap();
    let index = open(&path, 50);
    add(&index, 5..15, 1);
    index.commit().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.snapshot().rows(), (5..15).collect());
    assert_eq!(nearest(&reader, &vector(7, 1)), Some(7));
}

#[test]
fn readers_never_fail_while_another_commits() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 40);
    add(&index, 0..60, 0);
    index.commit().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let reader = Reader::open(folder.path(), config(40)).unwrap();
            while !done.load(Ordering::Relaxed) {
                reader.refresh().unwrap();
                assert_eq!(nearest(&reader, &vector(3, 0)), Some(3));
            }
            reader.refresh().unwrap();
            reader.snapshot().rows()
        });
        for round in 0..40 {
            add(&index, 100 + round..103 + round, u64::from(round));
            if round % 3 == 0 {
                index.merge().unwrap();
            }
            index.commit().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert_eq!(reading.join().unwrap(), index.snapshot().rows());
    });
}

#[test]
fn another_label_is_refused_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 20);
    add(&index, 0..30, 0);
    index.merge().unwrap();
    add(&index, 40..50, 0);
    index.commit().unwrap();
    drop(index);
    let mut newer = config(20);
    newer.label = "model 2".into();
    newer.dim = 16;
    for error in [
        Index::open(folder.path(), newer.clone()).unwrap_err(),
        Reader::open(folder.path(), newer).unwrap_err(),
    ] {
        match error {
            Error::Label { expected, found } => {
                assert_eq!((&*expected, &*found), ("model 2", "model 1"));
            }
            other => panic!("{other}"),
        }
    }
    let mut endless = config(20);
    endless.label = "x".repeat(1000);
    assert!(matches!(
        Reader::open(folder.path(), endless),
        Err(Error::Configuration(_))
    ));
}

#[test]
fn a_file_of_another_label_under_a_right_name_is_refused() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let index = open(folder.path(), 20);
    add(&index, 0..30, 0);
    index.merge().unwrap();
    index.commit().unwrap();
    let mut newer = config(20);
    newer.label = "model 2".into();
    let foreign = Index::open(other.path(), newer).unwrap();
    add(&foreign, 0..30, 0);
    foreign.merge().unwrap();
    foreign.commit().unwrap();
    let name = "sealed-1.ann";
    std::fs::copy(other.path().join(name), folder.path().join(name)).unwrap();
    drop(index);
    let error = Index::open(folder.path(), config(20)).unwrap_err();
    assert!(matches!(error, Error::Label { .. }), "{error}");
}

#[test]
fn a_file_that_stays_away_is_an_error_and_the_old_state_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 20);
    add(&index, 0..10, 0);
    index.commit().unwrap();
    let reader = Reader::open(folder.path(), config(20)).unwrap();
    add(&index, 10..40, 0);
    index.merge().unwrap();
    index.commit().unwrap();
    let lost = std::fs::read_dir(folder.path()).unwrap().flatten();
    let lost = lost.map(|entry| entry.path());
    let is_sealed = |path: &std::path::PathBuf| path.to_string_lossy().contains("sealed-");
    lost.filter(is_sealed)
        .for_each(|path| std::fs::remove_file(path).unwrap());
    let error = reader.refresh().unwrap_err().to_string();
    assert!(error.contains("sealed-"), "{error}");
    assert_eq!(reader.snapshot().rows(), (0..10).collect());
}
