//! Crashes and damage: the index is as of its last commit, or refuses with a reason. Never something else.

use std::fs;
use std::path::Path;

use ann::Error;
use ann::budget::Budget;
use ann::index::{Filter, Index, Reader};
use ann::segment::Effort;
use ann::topk::Hit;

use crate::made::{add, config, open, vector};

/// Everything that an index answers to some queries.
fn answers(index: &Index) -> Vec<Vec<Hit>> {
    let snapshot = index.snapshot();
    let everything = Budget::Effort(Effort::ALL);
    let ask = |row| {
        let answer = snapshot.search(&vector(row, 9), 20, everything, Filter::ALL);
        answer.unwrap().hits
    };
    (0..5).map(ask).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A committed index of a segment, young rows and dead rows.
fn committed(folder: &Path) -> Index {
    let index = open(folder, 40);
    add(&index, 0..60, 0);
    index.merge().unwrap();
    add(&index, 50..80, 1);
    index.delete(&(0..5).collect());
    index.commit().unwrap();
    index
}

#[test]
fn a_commit_that_stopped_anywhere_is_not_there() {
    let parent = tempfile::tempdir().unwrap();
    let (whole, next) = (parent.path().join("whole"), parent.path().join("next"));
    let index = committed(&whole);
    let expected = answers(&index);
    let before = parent.path().join("before");
    copy(&whole, &before);
    add(&index, 80..120, 0);
    index.merge().unwrap();
    index.commit().unwrap();
    drop(index);
    copy(&whole, &next);
    // The new files are there, whole or in part, the manifest is still the old one.
    for length in [0, 1, 100, usize::MAX] {
        let folder = parent.path().join(format!("stopped-{length}"));
        copy(&before, &folder);
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let bytes = fs::read(entry.path()).unwrap();
            let part = &bytes[..length.min(bytes.len())];
            if name == "manifest.ann" {
                fs::write(folder.join("manifest.tmp"), part).unwrap();
            } else if !folder.join(&name).exists() {
                fs::write(folder.join(&name), part).unwrap();
                fs::write(folder.join(&name).with_extension("tmp"), part).unwrap();
            }
        }
        let index = open(&folder, 40);
        assert_eq!(answers(&index), expected, "{length} bytes were written");
        // The next commit overwrites and removes what was left.
        add(&index, 200..210, 0);
        index.commit().unwrap();
        let rows = index.snapshot().rows();
        drop(index);
        assert_eq!(open(&folder, 40).snapshot().rows(), rows);
        let names = fs::read_dir(&folder).unwrap().flatten();
        let names = names.map(|entry| entry.file_name().into_string().unwrap());
        let left: Vec<String> = names
            .filter(|name| name.ends_with(".tmp") && name != "manifest.tmp")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn every_damaged_file_is_refused_or_verified_away() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    let index = committed(&whole);
    let expected = answers(&index);
    drop(index);
    let damaged = parent.path().join("damaged");
    for entry in fs::read_dir(&whole).unwrap() {
        let name = entry.unwrap().file_name();
        let bytes = fs::read(whole.join(&name)).unwrap();
        // Places all over the file, first and last byte among them.
        for step in 0..40.min(bytes.len()) {
            let at = (bytes.len() - 1) * step / 39;
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            copy(&whole, &damaged);
            fs::write(damaged.join(&name), changed).unwrap();
            let opened = Reader::open(&damaged, config(40));
            let verified = opened.and_then(|reader| reader.snapshot().verify());
            if verified.is_ok() {
                let index = open(&damaged, 40);
                assert_eq!(answers(&index), expected, "{name:?} at {at}: padding");
            }
        }
    }
}

#[test]
fn a_short_file_is_named() {
    let parent = tempfile::tempdir().unwrap();
    drop(committed(parent.path()));
    for entry in fs::read_dir(parent.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "lock" {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for length in [0, 20, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            match Index::open(parent.path(), config(40)) {
                Err(Error::Refused { name: named, .. }) => assert!(named.ends_with(&name)),
                other => panic!("{name} of {length} bytes: {:?}", other.map(|_| ())),
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
    open(parent.path(), 40);
}
