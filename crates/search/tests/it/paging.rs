//! Pages join to the whole, whatever the index looks like inside.

use domain::ids::PaperId;
use domain::paper::{Paper, utc_midnight};
use jiff::civil::date;
use search::engine::{Engine, Error, Request, Sort};

use crate::{ask_sorted, engine_of, paper, rows};

const SORTS: [Sort; 3] = [Sort::Relevance, Sort::Newest, Sort::Votes];

/// Many equal papers, so that ties are the rule.
fn papers() -> Vec<Paper> {
    let titles = ["red green", "red", "red green blue", "blue"];
    let make = |row: u32| {
        let mut paper = paper(row, titles[row as usize % 4], "some words about red things");
        paper.votes = row % 3;
        if !row.is_multiple_of(5) {
            paper.times.submitted = utc_midnight(date(2024, 1, 1 + (row % 5) as i8));
        }
        paper
    };
    (0..60).map(make).collect()
}

fn pages(engine: &Engine, query: &str, sort: Sort, limit: usize) -> Vec<u32> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let request = Request {
            query: query.to_string(),
            sort,
            limit,
            cursor,
            ..Request::default()
        };
        let answer = engine.search(&request).unwrap();
        assert!(answer.hits.len() <= limit);
        all.extend(rows(&answer));
        cursor = answer.next;
        if cursor.is_none() {
            assert_eq!(
                all.len(),
                answer.total,
                "the total is the same on every page"
            );
            return all;
        }
    }
}

#[test]
fn pages_join_to_the_whole() {
    let (_dir, engine) = engine_of(&papers(), 25);
    for query in [
        "red",
        "green red",
        "cat:cs -blue",
        "rad green",
        "red green blue white",
    ] {
        for sort in SORTS {
            let whole = rows(&ask_sorted(&engine, query, sort));
            assert!(whole.len() > 10);
            for limit in [1, 7, whole.len()] {
                assert_eq!(
                    pages(&engine, query, sort, limit),
                    whole,
                    "{query} by {sort:?}, {limit} a page"
                );
            }
        }
    }
}

#[test]
fn order_does_not_depend_on_segments() {
    let papers = papers();
    let (_dir, whole) = engine_of(&papers, papers.len());
    let mut mixed: Vec<Paper> = papers;
    mixed.sort_by_key(|paper| (paper.id.0 * 37) % 61);
    for commit_after in [1, 7, 60] {
        let (_dir, parts) = engine_of(&mixed, commit_after);
        for query in ["red", "red green blue", "some words about red things"] {
            for sort in SORTS {
                let scores = |engine: &Engine| -> Vec<(PaperId, u32)> {
                    let hits = ask_sorted(engine, query, sort).hits;
                    hits.iter()
                        .map(|hit| (hit.paper, hit.score.to_bits()))
                        .collect()
                };
                assert_eq!(
                    scores(&parts),
                    scores(&whole),
                    "{query} by {sort:?}, {commit_after} a commit"
                );
            }
        }
    }
}

#[test]
fn foreign_and_damaged_cursors_are_refused() {
    let (_dir, engine) = engine_of(&papers(), 60);
    let search = |query: &str, sort, cursor: Option<&str>| {
        engine.search(&Request {
            query: query.to_string(),
            sort,
            limit: 5,
            cursor: cursor.map(str::to_string),
            ..Request::default()
        })
    };
    let next = search("red", Sort::Newest, None).unwrap().next.unwrap();
    assert!(search(" red ", Sort::Newest, Some(&next)).is_ok());
    let refused = [
        search("blue", Sort::Newest, Some(&next)),
        search("red", Sort::Votes, Some(&next)),
        search("red", Sort::Newest, Some(&next[2..])),
        search("red", Sort::Newest, Some("")),
        search("red", Sort::Newest, Some(&"é".repeat(26))),
        search(
            "red",
            Sort::Newest,
            Some(&next.replace(|c: char| c.is_ascii_digit(), "0")),
        ),
    ];
    for answer in refused {
        assert!(matches!(answer, Err(Error::Cursor)));
    }
}

#[test]
fn limits_are_clamped() {
    let (_dir, engine) = engine_of(&papers(), 60);
    for (limit, expected) in [(0, 1), (3, 3), (usize::MAX, 60)] {
        let request = Request {
            query: "cat:cs".to_string(),
            limit,
            ..Request::default()
        };
        assert_eq!(engine.search(&request).unwrap().hits.len(), expected);
    }
}
