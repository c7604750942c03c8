//! The whole recipe on a tiny made-up corpus and a tiny teacher.

use std::fmt::Write;
use std::path::Path;

use clap::Parser;

use super::teacher::tiny;
use super::*;

const WORDS: [&str; 12] = [
    "quarks", "gluons", "galaxies", "stars", "proteins", "cells", "graphs", "trees", "we", "study",
    "of", "##s",
];

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

/// Papers of four fields, each speaking of its own two words.
fn corpus() -> String {
    let mut lines = String::new();
    let mut random = Random::new(5);
    for n in 0..120 {
        let field = n % 4;
        let mut word = || WORDS[2 * field + random.below(2)];
        let title = format!("Study {n} of {}", word());
        let mut text = String::new();
        while text.len() < 220 {
            write!(text, "We study {} and {}. ", word(), word()).unwrap();
        }
        writeln!(lines, "{{\"title\":\"{title}\",\"abstract\":\"{text}\"}}").unwrap();
    }
    lines
}

fn train_in(folder: &Path, seed: &str, out: &str) -> Vec<u8> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (papers, out) = (path("papers.jsonl"), path(out));
    let line = [
        "x",
        "--papers",
        &papers,
        "--teacher",
        &path(""),
        "--out",
        &out,
        "--seed",
        seed,
        "--steps",
        "8",
        "--batch",
        "16",
        "--held-out",
        "20",
        "--titles",
        "30",
        "--sentences",
        "30",
        "--teacher-vectors",
        &path("vectors.bin"),
    ];
    run(&Line::parse_from(line).options).unwrap();
    std::fs::read(out).unwrap()
}

#[test]
fn a_seed_decides_the_model_to_the_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), &WORDS);
    std::fs::write(folder.path().join("papers.jsonl"), corpus()).unwrap();
    let first = train_in(folder.path(), "1", "first.bin");
    let kept = std::fs::metadata(folder.path().join("vectors.bin"))
        .unwrap()
        .len();
    let again = train_in(folder.path(), "1", "again.bin");
    assert!(first == again, "the same seed made two models");
    let kept_again = std::fs::metadata(folder.path().join("vectors.bin"))
        .unwrap()
        .len();
    assert_eq!(kept, kept_again, "the teacher read again what it had read");
    assert!(first != train_in(folder.path(), "2", "other.bin"));

    let encoder = encode::Encoder::from_bytes(first).unwrap();
    assert!(
        encoder
            .tokenizer()
            .vocabulary()
            .any(|token| token == "quarks")
    );
    assert!(encoder.encode("gluons").iter().all(|x| x.is_finite()));
}

#[test]
fn too_few_papers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("papers.jsonl");
    std::fs::write(&path, "").unwrap();
    let path = path.display().to_string();
    let line = [
        "x",
        "--papers",
        &path,
        "--teacher",
        "/no/teacher",
        "--out",
        "/no/model",
    ];
    let error = run(&Line::parse_from(line).options).unwrap_err();
    assert!(error.to_string().contains("too few"), "{error:#}");
}
