//! The papers to learn from, and those held out.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Shorter abstracts are notes ("This paper has been withdrawn"), not abstracts.
const MIN_ABSTRACT_BYTES: usize = 200;

/// What is learned from a paper.
#[derive(Debug, Clone)]
pub(crate) struct Paper {
    pub(crate) title: String,
    pub(crate) abstract_text: String,
}

/// Papers to learn from, and papers to measure with.
#[derive(Debug)]
pub(crate) struct Papers {
    pub(crate) train: Vec<Paper>,
    pub(crate) held_out: Vec<Paper>,
}

/// A line of the file: arXiv's own dump says `abstract`, Daily Papers say `summary`, test collections `text`.
#[derive(Debug, Deserialize)]
struct Line {
    title: String,
    #[serde(rename = "abstract", alias = "summary", alias = "text")]
    abstract_text: String,
}

/// Reads JSON lines (plain or zstd) and holds out `held_out` papers of the first file, chosen by a hash of their titles: whatever is
/// added to the files, a paper keeps its side as long as the number stays. Of papers with the same title one is kept.
pub(crate) fn read(files: &[impl AsRef<Path>], held_out: usize) -> Result<Papers> {
    let mut seen = HashSet::new();
    let mut first = Vec::new();
    let mut others = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let into = if n == 0 { &mut first } else { &mut others };
        read_file(file.as_ref(), &mut seen, into)
            .with_context(|| format!("cannot read {}", file.as_ref().display()))?;
    }
    ensure!(
        first.len() > held_out,
        "{} different papers are too few to hold {held_out} out",
        first.len()
    );
    first.sort_unstable_by_key(|(hash, _)| *hash);
    let mut sorted = first.into_iter().map(|(_, paper)| paper);
    let held_out = sorted.by_ref().take(held_out).collect();
    let train = sorted
        .chain(others.into_iter().map(|(_, paper)| paper))
        .collect();
    Ok(Papers { train, held_out })
}

fn read_file(path: &Path, seen: &mut HashSet<u64>, into: &mut Vec<(u64, Paper)>) -> Result<()> {
    let file = File::open(path)?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|e| e == "zst") {
        Box::new(zstd::Decoder::new(file)?)
    } else {
        Box::new(file)
    };
    for (n, line) in BufReader::new(plain).lines().enumerate() {
        let line: Line =
            serde_json::from_str(&line?).with_context(|| format!("line {} is no paper", n + 1))?;
        let paper = Paper {
            title: one_line(&line.title),
            abstract_text: one_line(&line.abstract_text),
        };
        let hash = title_hash(&paper.title);
        let too_short = paper.abstract_text.len() < MIN_ABSTRACT_BYTES;
        if !too_short && seen.insert(hash) {
            into.push((hash, paper));
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// FNV-1a of the title's ASCII letters and digits in lower case, runs of anything else counting as one space.
fn title_hash(title: &str) -> u64 {
    let lower = title.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    super::fnv(words.join(" ").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_print_alike_are_the_same_paper() {
        assert_eq!(title_hash("On  L_2-Norms."), title_hash("on l 2 norms"));
        assert_ne!(title_hash("On L_2 norms"), title_hash("On L_3 norms"));
    }

    #[test]
    fn papers_are_held_out_by_title_and_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("papers.jsonl");
        let line = |n: usize| {
            let text = "word ".repeat(50);
            format!(
                "{{\"title\":\"Paper {}\",\"abstract\":\"{text}\"}}\n",
                n % 20
            )
        };
        std::fs::write(&path, (0..40).map(line).collect::<String>()).unwrap();
        let papers = read(&[&path], 5).unwrap();
        assert_eq!((papers.train.len(), papers.held_out.len()), (15, 5));
        assert!(read(&[&path], 20).is_err());
    }
}
