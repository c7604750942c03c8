//! A test collection in BEIR's form: papers, queries, and which paper a judge found relevant to which query.
//!
//! ```text
//! corpus.jsonl[.zst]    {"_id": "4983", "title": "...", "text": "..."}        one paper a line
//! queries.jsonl[.zst]   {"_id": "1", "text": "..."}                           one query a line
//! qrels.tsv             query-id TAB corpus-id TAB score                      with or without these headings
//! ```
//!
//! Ids are strings. Other keys of a line are passed over. `qrels/test.tsv`, where BEIR itself has it, is found too.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest line that is read, in bytes.
const LINE_LEN_MAX: u64 = 16 << 20;

/// A paper of the collection.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) text: String,
}

/// A query of the collection, as it is asked.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Topic {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    pub(crate) text: String,
}

/// A test collection.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The folder's name.
    pub(crate) name: String,
    /// Papers; no two share an id.
    pub(crate) documents: Vec<Document>,
    /// Queries that have at least one relevant paper.
    pub(crate) topics: Vec<Topic>,
    /// Grades by query and paper, 0 for judged as not relevant.
    pub(crate) grades: HashMap<String, HashMap<String, u32>>,
}

/// Which files of the folder are read.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// `queries` for `queries.jsonl` or `queries.jsonl.zst`.
    pub(crate) queries: String,
    /// `qrels` for `qrels.tsv`; where that is not there, `qrels/test.tsv`.
    pub(crate) qrels: String,
}

/// Reads a collection.
pub(crate) fn read(folder: &Path, names: &Names) -> Result<Collection> {
    ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    let grades = read_grades(&grades_file(folder, &names.qrels)?)?;
    let queries = json_lines_file(folder, &names.queries)?;
    let mut topics: Vec<Topic> = read_json_lines(&queries, |topic: &Topic| &topic.id)?;
    topics.retain(|topic| has_relevant(&grades, &topic.id));
    if topics.is_empty() {
        bail!(
            "no query of {} has a relevant paper in the judgements",
            queries.display()
        );
    }
    let corpus = json_lines_file(folder, "corpus")?;
    let documents = read_json_lines(&corpus, |document: &Document| &document.id)?;
    ensure!(!documents.is_empty(), "{} has no papers", corpus.display());
    Ok(Collection {
        name: name_of(folder),
        documents,
        topics,
        grades,
    })
}

fn has_relevant(grades: &HashMap<String, HashMap<String, u32>>, topic: &str) -> bool {
    grades
        .get(topic)
        .is_some_and(|judged| judged.values().any(|grade| *grade > 0))
}

fn name_of(folder: &Path) -> String {
    let absolute = folder.canonicalize();
    let path = absolute.as_deref().unwrap_or(folder);
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn json_lines_file(folder: &Path, name: &str) -> Result<PathBuf> {
    first_there(
        folder,
        &[format!("{name}.jsonl"), format!("{name}.jsonl.zst")],
    )
}

fn grades_file(folder: &Path, name: &str) -> Result<PathBuf> {
    first_there(folder, &[format!("{name}.tsv"), format!("{name}/test.tsv")])
}

fn first_there(folder: &Path, names: &[String]) -> Result<PathBuf> {
    let mut paths = names.iter().map(|name| folder.join(name));
    paths
        .find(|path| path.is_file())
        .with_context(|| format!("{} has no {}", folder.display(), names.join(" or ")))
}

/// One value a line; empty lines are passed over.
fn read_json_lines<T: DeserializeOwned>(path: &Path, id: impl Fn(&T) -> &String) -> Result<Vec<T>> {
    let mut values: Vec<T> = Vec::new();
    let mut seen = HashSet::new();
    for_each_line(path, |line| {
        let value: T = serde_json::from_str(line)?;
        ensure!(!id(&value).is_empty(), "the id is empty");
        ensure!(
            seen.insert(id(&value).clone()),
            "`{}` is there twice",
            id(&value)
        );
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

fn read_grades(path: &Path) -> Result<HashMap<String, HashMap<String, u32>>> {
    let mut grades: HashMap<String, HashMap<String, u32>> = HashMap::new();
    let mut first = true;
    for_each_line(path, |line| {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [topic, document, score] = cells[..] else {
            bail!("expected query, paper and score between tabs");
        };
        let heads = std::mem::replace(&mut first, false) && score.parse::<f64>().is_err();
        if heads {
            return Ok(());
        }
        let grade = score
            .parse::<i64>()
            .ok()
            .with_context(|| format!("`{score}` is not a whole number"))?;
        // trec_eval knows negative grades, for spam: they are not relevant.
        let grade = u32::try_from(grade.max(0)).context("the score is too large")?;
        let judged = grades.entry(topic.to_string()).or_default();
        if let Some(other) = judged.insert(document.to_string(), grade)
            && other != grade
        {
            bail!("paper `{document}` was judged otherwise for query `{topic}` before");
        }
        Ok(())
    })?;
    Ok(grades)
}

/// Calls `take` with every line that is not empty; what it finds wrong is told with file and line.
fn for_each_line(path: &Path, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut lines = open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut line = Vec::new();
    for number in 1u64.. {
        let place = || format!("{}, line {number}", path.display());
        line.clear();
        let read = lines
            .by_ref()
            .take(LINE_LEN_MAX)
            .read_until(b'\n', &mut line);
        if read.with_context(place)? == 0 {
            return Ok(());
        }
        if line.len() as u64 >= LINE_LEN_MAX {
            return Err(anyhow::anyhow!("longer than {LINE_LEN_MAX} bytes")).with_context(place);
        }
        let text = std::str::from_utf8(&line).with_context(place)?;
        let text = text
            .trim_start_matches('\u{feff}')
            .trim_end_matches(['\n', '\r']);
        if !text.trim().is_empty() {
            take(text).with_context(place)?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path)?;
    Ok(if path.extension().is_some_and(|ending| ending == "zst") {
        Box::new(BufReader::new(zstd::stream::read::Decoder::new(file)?))
    } else {
        Box::new(BufReader::new(file))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[track_caller]
    fn check_grades(text: &str, expected: Result<&[(&str, &str, u32)], &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qrels.tsv");
        fs::write(&path, text).unwrap();
        match (read_grades(&path), expected) {
            (Ok(grades), Ok(expected)) => {
                let mut got: Vec<(&str, &str, u32)> = Vec::new();
                for (topic, judged) in &grades {
                    got.extend(
                        judged
                            .iter()
                            .map(|(paper, grade)| (topic.as_str(), paper.as_str(), *grade)),
                    );
                }
                got.sort_unstable();
                assert_eq!(got, expected);
            }
            (Err(error), Err(expected)) => {
                let said = format!("{error:#}");
                assert!(said.ends_with(expected), "{said}");
            }
            (got, expected) => panic!("{got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn judgements() {
        check_grades(
            "query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n",
            Ok(&[("1", "a", 2), ("1", "b", 0)]),
        );
        check_grades(
            "1\ta\t1\r\n\r\n2\ta\t-1",
            Ok(&[("1", "a", 1), ("2", "a", 0)]),
        );
        check_grades("1\ta\t1\n1\ta\t1\n", Ok(&[("1", "a", 1)]));
        check_grades(
            "1\ta\t1\n1\ta\t2\n",
            Err("line 2: paper `a` was judged otherwise for query `1` before"),
        );
        check_grades(
            "1\ta\t1\n1 b 1\n",
            Err("line 2: expected query, paper and score between tabs"),
        );
        check_grades(
            "1\ta\t1\n1\tb\tyes\n",
            Err("line 2: `yes` is not a whole number"),
        );
        check_grades(
            "1\ta\t1\n1\tb\t99999999999\n",
            Err("line 2: the score is too large: out of range integral type conversion attempted"),
        );
    }
}
