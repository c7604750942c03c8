//! Vectors beside the words: committed together, rebuilt together, refused alone.

use std::fs;
use std::path::Path;

use index::vectors::Model;
use roaring::RoaringBitmap;

use super::*;

fn model(id: &str) -> Model {
    Model {
        id: id.to_string(),
        dim: 4,
    }
}

fn open(folder: &Path) -> Index {
    Index::open_with(folder, model("first")).unwrap()
}

/// Papers 1 to 3 along three axes.
fn filled(folder: &Path) -> Index {
    let index = open(folder);
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for row in 1..=3 {
        writer.put(&paper(row, "Attention", "")).unwrap();
        writer.put_vector(PaperId(row), &axis(row)).unwrap();
    }
    writer.commit(7).unwrap();
    index
}

/// Mostly along one axis, a little along the last.
fn axis(row: u32) -> Vec<f32> {
    let mut vector = vec![0.0, 0.0, 0.0, 0.2];
    vector[row as usize - 1] = 1.0;
    vector
}

#[track_caller]
fn nearest(index: &Index, vector: &[f32], allowed: Option<&[u32]>) -> Vec<u32> {
    let allowed = allowed.map(|rows| rows.iter().copied().collect::<RoaringBitmap>());
    let snapshot = index.snapshot();
    let near = snapshot
        .vectors()
        .unwrap()
        .nearest(vector, 10, allowed.as_ref())
        .unwrap();
    near.iter().map(|(paper, _)| paper.0).collect()
}

#[test]
fn the_nearest_come_first_and_filters_hold() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    assert_eq!(nearest(&index, &[0.1, 1.0, 0.5, 0.0], None), [2, 3, 1]);
    assert_eq!(
        nearest(&index, &[0.1, 1.0, 0.5, 0.0], Some(&[1, 3])),
        [3, 1]
    );
    assert_eq!(nearest(&index, &[0.1, 1.0, 0.5, 0.0], Some(&[])), [0; 0]);
    assert_eq!(index.lacks_vectors(), None);
    assert_eq!(open(dir.path()).snapshot().vectors().unwrap().len(), 3);
}

#[test]
fn vectors_are_replaced_and_removed_with_their_papers() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let other = open(dir.path());
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put_vector(PaperId(1), &axis(2)).unwrap();
    writer.put_vector(PaperId(1), &axis(3)).unwrap();
    writer.remove(PaperId(3)).unwrap();
    writer.put_vector(PaperId(2), &[0.0; 4]).unwrap();
    assert_eq!(
        nearest(&index, &axis(3), None),
        [3, 1, 2],
        "nobody sees what is not committed"
    );
    writer.commit(8).unwrap();
    assert_eq!(nearest(&index, &axis(3), None), [1]);
    assert!(other.refresh().unwrap(), "another process sees the commit");
    assert_eq!(nearest(&other, &axis(3), None), [1]);
    assert!(!other.refresh().unwrap());
}

#[test]
fn a_rebuild_makes_new_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut rebuild = index.rebuild(HEAP).unwrap();
    rebuild
        .writer()
        .put(&paper(5, "Attention rebuilt", ""))
        .unwrap();
    rebuild.writer().put_vector(PaperId(5), &axis(1)).unwrap();
    rebuild.finish(9).unwrap();
    assert_eq!(nearest(&index, &axis(1), None), [5]);
}

/// What words and vectors do when the vectors cannot be used: words serve, the reason is named, a rebuild helps.
#[track_caller]
fn check_unusable(index: &Index, reason: &str) {
    assert_eq!(found(index, "attention"), [1, 2, 3]);
    assert!(index.snapshot().vectors().is_none());
    let lacks = index.lacks_vectors().unwrap();
    assert!(lacks.contains(reason), "{lacks}");
    // Words can be written meanwhile.
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(4, "Attention", "")).unwrap();
    writer.put_vector(PaperId(4), &axis(1)).unwrap();
    writer.commit(8).unwrap();
    assert_eq!(found(index, "attention"), [1, 2, 3, 4]);
    drop(writer);
    let mut rebuild = index.rebuild(HEAP).unwrap();
    rebuild.writer().put_vector(PaperId(4), &axis(1)).unwrap();
    rebuild.finish(9).unwrap();
    assert_eq!(index.lacks_vectors(), None);
    assert_eq!(nearest(index, &axis(1), None), [4]);
}

#[test]
fn vectors_of_another_model_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let index = Index::open_with(dir.path(), model("second")).unwrap();
    check_unusable(&index, "first");
}

#[test]
fn damaged_vectors_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let vectors = dir.path().join("gen-000001").join("vectors");
    for entry in fs::read_dir(&vectors).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "ann") {
            fs::write(&path, b"not vectors").unwrap();
        }
    }
    check_unusable(&open(dir.path()), "not an index file");
}

#[test]
fn an_index_of_words_alone_lacks_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let words = Index::open(dir.path()).unwrap();
    let mut writer = words.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(1, "Attention", "")).unwrap();
    writer.commit(7).unwrap();
    drop(writer);
    assert_eq!(words.lacks_vectors(), None, "none were asked for");
    assert!(
        open(dir.path())
            .lacks_vectors()
            .unwrap()
            .contains("no vectors yet")
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        open(empty.path()).lacks_vectors(),
        None,
        "nothing is lacking where nothing is"
    );
}
