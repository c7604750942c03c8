//! `kill -9` at ten moments of an import: nothing is lost, nothing is there twice, and the import goes on.
//!
//! A moment is a number of bytes that the program has written, wherever they went, so that a kill falls anywhere:
//! into the first start, between transactions, into the middle of one, into a commit of the index.

#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::papers::{Numbers, arxiv_dump};
use crate::program::Home;

const PAPERS: u32 = 20_000;
const KILLS: u64 = 10;
const SEED: u64 = 20_261_123;
/// Queries whose counts stand for the index's completeness.
const QUERIES: [&str; 5] = [
    "transformer",
    "\"neural sampling\"",
    "author:\"Ada Nwosu\"",
    "cat:quant-ph",
    "paper -graph",
];

#[test]
fn kill_9_loses_nothing_and_duplicates_nothing() {
    let undisturbed = Home::new();
    let dump = arxiv_dump(PAPERS);
    let file = undisturbed.file("dump.jsonl", &dump);
    let mut child = start_import(&undisturbed, &file);
    let written = wait_writing(&mut child, u64::MAX);
    assert!(child.wait().unwrap().success());

    let home = Home::new();
    let mut numbers = Numbers(SEED);
    for kill in 0..KILLS {
        let mut child = start_import(&home, &file);
        // A twelfth at most each time: ten kills end before the import does.
        let moment = 1 + numbers.below(written / (KILLS + 2));
        let reached = wait_writing(&mut child, moment);
        assert!(
            reached >= moment,
            "import {kill} ended before it could be killed at {moment} bytes"
        );
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        let report = home.run(&["doctor"]);
        assert_eq!(
            report.code, 0,
            "after kill {kill} at {moment} bytes: {}",
            report.out
        );
    }
    let last = home.ok(&["import", &file]);
    assert!(last.contains("went on after record"), "{last}");

    let expected = facts(&undisturbed.ok(&["export"]));
    let kept = facts(&home.ok(&["export"]));
    assert_eq!(kept.len(), expected.len(), "papers lost or there twice");
    assert!(kept == expected, "the exports differ");
    for query in QUERIES {
        assert_eq!(
            home.ok(&["search", query]),
            undisturbed.ok(&["search", query]),
            "{query}"
        );
    }
    assert!(home.ok(&["import", &file]).contains("imported before"));
}

fn start_import(home: &Home, file: &str) -> Child {
    home.command(&["import", file])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the child has written so many bytes or has ended; returns how many it had written when last seen.
fn wait_writing(child: &mut Child, bytes: u64) -> u64 {
    let counts = format!("/proc/{}/io", child.id());
    let mut written = 0;
    while written < bytes && child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&counts).unwrap_or_default();
        let now = text
            .lines()
            .find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
        written = now.unwrap_or(written);
        std::thread::yield_now();
    }
    written
}

/// The exported papers, without the times at which each run learned of them.
fn facts(export: &str) -> Vec<Value> {
    export
        .lines()
        .map(|line| {
            let mut paper: Value = serde_json::from_str(line).unwrap();
            let fields = paper.as_object_mut().unwrap();
            fields.remove("sources");
            for link in fields
                .get_mut("links")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                link.as_object_mut().unwrap().remove("at");
            }
            paper
        })
        .collect()
}
