//! Index and search a real corpus: `BENCH_ARXIV=arxiv.jsonl cargo bench -p search --bench lexical`.
//!
//! The file holds one paper a line: `{"id", "title", "abstract", "authors", "categories", "created"}`, as arXiv
//! dumps do. Prints the rate of indexing, the size on disk and how long queries of each kind take, asked one after
//! the other. With `BENCH_SLOWEST` set it names the slowest query of each kind.
//! Without the first variable it does nothing, so that it may run anywhere.
#![expect(clippy::unwrap_used, reason = "a bench that fails should stop")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use domain::ids::{ExternalId, PaperId};
use domain::paper::{Author, Paper, TextSources, Times, category, utc_midnight};
use domain::record::Source;
use index::Index;
use search::engine::{Engine, Request, Sort};
use serde_json::Value;

const HEAP: usize = 256_000_000;
/// Papers between those whose words are asked for.
const STEP: usize = 97;

fn main() {
    let Ok(path) = std::env::var("BENCH_ARXIV") else {
        println!("BENCH_ARXIV names no file of papers; nothing to do");
        return;
    };
    let papers = read(Path::new(&path));
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    build(&index, &papers);
    println!(
        "{} papers in {} segments, {} MB on disk",
        index.papers(),
        index.snapshot().segments(),
        size(dir.path()) / 1_000_000
    );
    let engine = Engine::new(index);
    let sample: Vec<&Paper> = papers.iter().step_by(STEP).take(2000).collect();
    let words = |n: usize| {
        move |p: &Paper| -> String {
            let words: Vec<&str> = p.title.split_whitespace().take(n).collect();
            words.join(" ")
        }
    };
    ask(&engine, "two words of a title", &sample, words(2));
    ask(&engine, "four words of a title", &sample, words(4));
    ask(&engine, "a whole title", &sample, |p| p.title.clone());
    ask(&engine, "a phrase of three words", &sample, |p| {
        format!("\"{}\"", words(3)(p))
    });
    ask(&engine, "an author", &sample, |p| {
        format!(
            "author:\"{}\"",
            p.authors.first().map_or("", |a| a.name.as_str())
        )
    });
    ask(&engine, "two words, category, years", &sample, |p| {
        let cat = p.primary_category().unwrap_or("cs.CL");
        format!("{} cat:{cat} after:2015", words(2)(p))
    });
    ask(&engine, "a mistyped word", &sample, |p| {
        let word = p
            .title
            .split_whitespace()
            .max_by_key(|w| w.len())
            .unwrap_or("learning");
        word.chars()
            .enumerate()
            .filter(|(i, _)| *i != 3)
            .map(|(_, c)| c)
            .collect()
    });
    let common = [
        "learning",
        "model",
        "the",
        "neural network",
        "deep learning",
        "\"neural network\"",
    ];
    for query in common {
        ask(&engine, query, &sample[..50], |_| query.to_string());
    }
}

fn read(path: &Path) -> Vec<Paper> {
    let lines = BufReader::new(File::open(path).unwrap()).lines();
    (0..)
        .zip(lines)
        .filter_map(|(row, line)| paper(row, &line.unwrap()))
        .collect()
}

fn paper(row: u32, line: &str) -> Option<Paper> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_string();
    Some(Paper {
        id: PaperId(row),
        // Some dumps hold ids that went through a floating-point number; they are as good for a bench.
        ids: vec![
            text("id")
                .parse()
                .unwrap_or_else(|_| ExternalId::local(&text("id"))),
        ],
        title: text("title"),
        abstract_text: text("abstract"),
        authors: text("authors").split(", ").map(Author::named).collect(),
        authors_total: None,
        categories: text("categories")
            .split([',', ' '])
            .filter_map(category)
            .collect(),
        tags: Vec::new(),
        versions: Vec::new(),
        times: Times {
            submitted: text("created").parse().ok().and_then(utc_midnight),
            ..Times::default()
        },
        links: Vec::new(),
        summary: None,
        comment: None,
        journal_ref: None,
        license: None,
        withdrawn: false,
        text_sources: TextSources {
            title: Source::ArxivDump,
            abstract_text: None,
            authors: None,
            categories: None,
        },
        votes: 0,
        comments: 0,
        stars: None,
    })
}

fn build(index: &Index, papers: &[Paper]) {
    let start = Instant::now();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for paper in papers {
        writer.put(paper).unwrap();
    }
    let put = start.elapsed();
    writer.commit(1).unwrap();
    let committed = start.elapsed();
    writer.settle().unwrap();
    let seconds = |d: Duration| d.as_secs_f64();
    println!(
        "put {:.1} s, committed after {:.1} s, settled after {:.1} s",
        seconds(put),
        seconds(committed),
        seconds(start.elapsed())
    );
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

fn ask(engine: &Engine, what: &str, papers: &[&Paper], query: impl Fn(&Paper) -> String) {
    let mut times = Vec::new();
    let mut total = 0;
    for paper in papers {
        let request = Request {
            query: query(paper),
            sort: Sort::Relevance,
            limit: 20,
            ..Request::default()
        };
        let start = Instant::now();
        total += engine.search(&request).unwrap().total;
        times.push((start.elapsed(), request.query));
    }
    times.sort();
    let at = |share: f64| {
        times[((times.len() - 1) as f64 * share) as usize]
            .0
            .as_secs_f64()
            * 1000.0
    };
    println!(
        "{what:32} p50 {:7.3} ms   p99 {:7.3} ms   most {:7.3} ms   {:8} found on average",
        at(0.5),
        at(0.99),
        at(1.0),
        total / papers.len().max(1)
    );
    if std::env::var_os("BENCH_SLOWEST").is_some() {
        println!("    {}", times.last().map_or("", |(_, query)| query));
    }
}
