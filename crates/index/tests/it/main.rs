//! The index as its users meet it: a folder, a writer, a rebuild, other processes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod best;
mod folder;
mod vectors;
mod words;

use domain::ids::{ExternalId, PaperId};
use domain::paper::{Author, Paper, TextSources, Times};
use domain::record::Source;
use index::Index;
use index::query::{Clause, Order, Page, Query, Scope, Words};
use index::tokens;

/// Least memory of a writer.
const HEAP: usize = 15_000_000;

fn paper(row: u32, title: &str, abstract_text: &str) -> Paper {
    Paper {
        id: PaperId(row),
        ids: vec![ExternalId::local(&format!("{row} {title}"))],
        title: title.to_string(),
        abstract_text: abstract_text.to_string(),
        authors: vec![
            Author::named("Ada Lovelace"),
            Author::named("José A. García"),
        ],
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

/// One word or phrase, as the search crate would ask for it.
fn words(text: &str, scope: Scope) -> Clause {
    let parts = tokens::words(text).into_iter().filter(|word| !word.joined);
    Clause::Words(Words {
        label: 0,
        scope,
        spellings: vec![parts.collect()],
        slop: 0,
    })
}

const PAGE: Page = Page {
    order: Order::Newest,
    limit: 100,
    after: None,
};

/// Rows of the papers for which a clause holds, ascending.
fn rows(index: &Index, clause: Clause) -> Vec<u32> {
    let query = Query {
        all: vec![clause],
        ..Query::default()
    };
    let answer = index.snapshot().search(&query, &PAGE).unwrap();
    assert_eq!(answer.hits.len(), answer.total);
    let mut rows: Vec<u32> = answer.hits.iter().map(|hit| hit.paper.0).collect();
    rows.sort_unstable();
    rows
}

/// Rows of the papers with a word or phrase anywhere.
fn found(index: &Index, text: &str) -> Vec<u32> {
    rows(index, words(text, Scope::Everywhere))
}
