//! Generations on disk: commits, locks, swaps, damage.

use std::fs;
use std::path::Path;

use domain::ids::PaperId;
use index::{Error, Index};

use crate::{HEAP, found, paper};

fn generations(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("gen-"))
        .collect();
    names.sort();
    names
}

/// An index of papers 1 and 2 at change number 7.
fn filled(folder: &Path) -> Index {
    let index = Index::open(folder).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(1, "Attention heads", "")).unwrap();
    writer.put(&paper(2, "Attention spans", "")).unwrap();
    writer.commit(7).unwrap();
    index
}

#[test]
fn commits_are_seen_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    assert_eq!((index.seq(), index.papers()), (7, 2));
    assert_eq!(found(&index, "attention"), [1, 2]);
    let again = Index::open(dir.path()).unwrap();
    assert_eq!((again.seq(), again.papers()), (7, 2));
}

#[test]
fn papers_are_replaced_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(2, "Memory spans", "")).unwrap();
    writer.remove(PaperId(1)).unwrap();
    // Twice in one commit, and new rows after old ones.
    writer.put(&paper(3, "First thoughts", "")).unwrap();
    writer.put(&paper(3, "Second thoughts", "")).unwrap();
    writer.commit(8).unwrap();
    assert_eq!(found(&index, "attention"), [0u32; 0]);
    assert_eq!(found(&index, "memory"), [2]);
    assert_eq!(found(&index, "first"), [0u32; 0]);
    assert_eq!(found(&index, "second"), [3]);
    assert_eq!(index.papers(), 2);
}

#[test]
fn what_was_not_committed_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(3, "Attention lost", "")).unwrap();
    drop(writer);
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(3, "Attention kept", "")).unwrap();
    writer.commit(8).unwrap();
    assert_eq!(found(&index, "attention"), [1, 2, 3]);
    assert_eq!(found(&index, "lost"), [0u32; 0]);
}

#[test]
fn one_writer_at_a_time_and_others_see_its_commits() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    // A second handle stands for a second process: it shares nothing but the folder.
    let other = Index::open(dir.path()).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    assert!(other.try_writer(HEAP).unwrap().is_none());
    writer.put(&paper(3, "Attention again", "")).unwrap();
    writer.commit(9).unwrap();
    assert!(other.refresh().unwrap());
    assert!(!other.refresh().unwrap());
    assert_eq!(
        (other.seq(), found(&other, "attention")),
        (9, vec![1, 2, 3])
    );
    writer.settle().unwrap();
    assert!(other.try_writer(HEAP).unwrap().is_some());
}

#[test]
fn a_snapshot_outlives_a_rebuild() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let other = Index::open(dir.path()).unwrap();
    let held = index.snapshot();
    let mut rebuild = index.rebuild(HEAP).unwrap();
    rebuild
        .writer()
        .put(&paper(5, "Attention rebuilt", ""))
        .unwrap();
    assert_eq!(
        found(&index, "attention"),
        [1, 2],
        "the old one serves until the swap"
    );
    rebuild.finish(11).unwrap();
    assert_eq!((index.seq(), found(&index, "attention")), (11, vec![5]));
    assert_eq!((held.seq(), held.papers()), (7, 2));
    assert_eq!(
        found(&other, "attention"),
        [1, 2],
        "files that are mapped stay readable"
    );
    assert!(other.refresh().unwrap());
    assert_eq!(found(&other, "attention"), [5]);
    assert_eq!(generations(dir.path()), ["gen-000002"]);
}

#[test]
fn a_writer_learns_that_it_was_superseded() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    index.rebuild(HEAP).unwrap().finish(12).unwrap();
    writer.put(&paper(3, "Too late", "")).unwrap();
    assert!(matches!(writer.commit(13), Err(Error::Superseded)));
    drop(writer);
    assert_eq!((index.seq(), index.papers()), (12, 0));
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(3, "In time", "")).unwrap();
    writer.commit(13).unwrap();
    assert_eq!(found(&index, "time"), [3]);
    drop(writer);
    Index::open(dir.path()).unwrap();
    assert_eq!(
        generations(dir.path()),
        ["gen-000002"],
        "the old one is cleared away at last"
    );
}

#[test]
fn an_unfinished_rebuild_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    let mut rebuild = index.rebuild(HEAP).unwrap();
    rebuild
        .writer()
        .put(&paper(5, "Attention rebuilt", ""))
        .unwrap();
    Index::open(dir.path()).unwrap();
    assert_eq!(
        generations(dir.path()),
        ["gen-000001", "gen-000002"],
        "it is being written"
    );
    drop(rebuild);
    let again = Index::open(dir.path()).unwrap();
    assert_eq!((again.seq(), again.papers()), (7, 2));
    assert_eq!(generations(dir.path()), ["gen-000001"]);
}

#[track_caller]
fn check_starts_empty(damage: impl Fn(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    damage(dir.path());
    let index = Index::open(dir.path()).unwrap();
    assert_eq!((index.seq(), index.papers()), (0, 0));
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    writer.put(&paper(1, "Attention anew", "")).unwrap();
    writer.commit(1).unwrap();
    assert_eq!(found(&index, "attention"), [1]);
    assert_eq!(generations(dir.path()).len(), 1);
}

#[test]
fn a_damaged_folder_starts_empty() {
    let file = |folder: &Path, end: &str| {
        let entries = fs::read_dir(folder.join("gen-000001")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths
            .find(|path| path.to_str().unwrap().ends_with(end))
            .unwrap()
    };
    check_starts_empty(|folder| fs::remove_dir_all(folder.join("gen-000001")).unwrap());
    check_starts_empty(|folder| fs::remove_file(folder.join("current")).unwrap());
    check_starts_empty(|folder| fs::write(folder.join("current"), "{").unwrap());
    check_starts_empty(|folder| {
        fs::write(
            folder.join("current"),
            r#"{"generation":1,"schema":999999}"#,
        )
        .unwrap();
    });
    check_starts_empty(|folder| fs::write(file(folder, "meta.json"), "{}").unwrap());
    check_starts_empty(|folder| fs::remove_file(file(folder, ".term")).unwrap());
    check_starts_empty(|folder| fs::write(file(folder, ".fast"), "").unwrap());
    check_starts_empty(|folder| fs::write(file(folder, ".term"), [0; 100]).unwrap());
}

#[test]
fn damage_is_found_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let index = filled(dir.path());
    assert!(index.damaged_files().unwrap().is_empty());
    for entry in fs::read_dir(dir.path().join("gen-000001")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "pos") {
            let mut bytes = fs::read(&path).unwrap();
            bytes[0] ^= 0xff;
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        }
    }
    let again = Index::open(dir.path()).unwrap();
    assert_eq!(again.damaged_files().unwrap().len(), 1);
}

#[test]
fn segments_stay_few() {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut rebuild = index.rebuild(HEAP).unwrap();
    for row in 0..30 {
        rebuild
            .writer()
            .put(&paper(row, "One a commit", ""))
            .unwrap();
        rebuild.writer().commit(u64::from(row)).unwrap();
    }
    rebuild.finish(30).unwrap();
    assert_eq!(index.papers(), 30);
    assert!(index.snapshot().segments() <= 3);
}
