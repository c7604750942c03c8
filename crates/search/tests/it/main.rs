//! The engine over a real index in a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod meaning;
mod oracle;
mod paging;
mod searching;

use domain::ids::PaperId;
use domain::paper::{Author, Paper, TextSources, Times};
use domain::record::Source;
use index::Index;
use search::engine::{Answer, Engine, Request, Sort};
use tempfile::TempDir;

/// Least memory of a writer.
const HEAP: usize = 15_000_000;

fn paper(row: u32, title: &str, abstract_text: &str) -> Paper {
    let id = format!("2401.{row:05}");
    Paper {
        id: PaperId(row),
        ids: vec![id.parse().unwrap()],
        title: title.to_string(),
        abstract_text: abstract_text.to_string(),
        authors: vec![Author::named("Ada Lovelace")],
        authors_total: None,
        categories: vec!["cs.CL".to_string()],
        tags: Vec::new(),
        versions: Vec::new(),
        times: Times::default(),
        links: Vec::new(),
        summary: None,
        comment: None,
        journal_ref: None,
        license: None,
        withdrawn: false,
        text_sources: TextSources {
            title: Source::Shelf,
            abstract_text: None,
            authors: None,
            categories: None,
        },
        votes: 0,
        comments: 0,
        stars: None,
    }
}

/// An engine over these papers, put in with a commit after every so many.
fn engine_of(papers: &[Paper], commit_after: usize) -> (TempDir, Engine) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for (seq, some) in (1..).zip(papers.chunks(commit_after)) {
        for paper in some {
            writer.put(paper).unwrap();
        }
        writer.commit(seq).unwrap();
    }
    drop(writer);
    (dir, Engine::new(index))
}

fn ask(engine: &Engine, query: &str) -> Answer {
    ask_sorted(engine, query, Sort::Relevance)
}

fn ask_sorted(engine: &Engine, query: &str, sort: Sort) -> Answer {
    let request = Request {
        query: query.to_string(),
        sort,
        limit: 120,
        ..Request::default()
    };
    engine.search(&request).unwrap()
}

fn rows(answer: &Answer) -> Vec<u32> {
    answer.hits.iter().map(|hit| hit.paper.0).collect()
}
