//! The engine against a scan that tries every paper: the same papers must be found.

use std::sync::OnceLock;

use domain::paper::{Author, Paper, utc_midnight};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use search::engine::{Engine, Sort};
use tempfile::TempDir;

use crate::{ask_sorted, engine_of, paper, rows};

/// Words that are their own stems and far from each other.
const WORDS: [&str; 8] = ["ant", "bear", "crow", "dodo", "eel", "fox", "gnu", "hen"];
const NAMES: [&str; 4] = ["Kim Novak", "Lee Marvin", "Kim Marvin", "Ray Novak"];
const CATEGORIES: [&str; 3] = ["cs.CL", "cs.CV", "hep-th"];

/// 300 papers of pseudo-random words, in eight commits, with a few replaced.
fn corpus() -> &'static (TempDir, Engine, Vec<Paper>) {
    static CORPUS: OnceLock<(TempDir, Engine, Vec<Paper>)> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let mut state = 1u64;
        let mut pick = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let mut papers = Vec::new();
        for row in 0..300 {
            let mut text = |len: usize| {
                let words: Vec<&str> = (0..len).map(|_| WORDS[pick(WORDS.len())]).collect();
                words.join(" ")
            };
            let mut paper = paper(row, &text(3), &text(5));
            paper.authors = vec![Author::named(NAMES[pick(4)]), Author::named(NAMES[pick(4)])];
            paper.categories = vec![CATEGORIES[pick(3)].to_string()];
            paper.times.submitted = utc_midnight(date(2024, 1, 1 + pick(28) as i8));
            papers.push(paper);
        }
        let mut versions = papers.clone();
        for paper in versions.iter_mut().step_by(50) {
            paper.title = "replaced later".to_string();
        }
        versions.extend(papers.iter().step_by(50).cloned());
        let (dir, engine) = engine_of(&versions, 40);
        (dir, engine, papers)
    })
}

/// What is asked, in a form that both sides understand.
#[derive(Debug, Clone)]
enum Ask {
    Word(&'static str),
    Phrase(&'static str, &'static str),
    Title(&'static str),
    Either(&'static str, &'static str),
    Author(&'static str),
    Category(&'static str),
    After(i8),
    Before(i8),
}

impl Ask {
    fn text(&self) -> String {
        match self {
            Ask::Word(w) => (*w).to_string(),
            Ask::Phrase(a, b) => format!("\"{a} {b}\""),
            Ask::Title(w) => format!("title:{w}"),
            Ask::Either(a, b) => format!("{a} OR {b}"),
            Ask::Author(name) => format!("author:\"{name}\""),
            Ask::Category(name) => format!("cat:{name}"),
            Ask::After(day) => format!("after:2024-01-{day:02}"),
            Ask::Before(day) => format!("before:2024-01-{day:02}"),
        }
    }

    fn holds(&self, paper: &Paper) -> bool {
        let texts = [&paper.title, &paper.abstract_text];
        let has = |word: &str| texts.iter().any(|text| text.split(' ').any(|w| w == word));
        let day = |d: i8| -> Date { date(2024, 1, d) };
        let listed = paper.times.listed_day().unwrap();
        match self {
            Ask::Word(w) => has(w),
            Ask::Phrase(a, b) => texts.iter().any(|text| {
                let words: Vec<&str> = text.split(' ').collect();
                words.windows(2).any(|pair| pair == [*a, *b])
            }),
            Ask::Title(w) => paper.title.split(' ').any(|word| word == *w),
            Ask::Either(a, b) => has(a) || has(b),
            Ask::Author(name) => paper.authors.iter().any(|author| author.name == *name),
            Ask::Category(name) => paper
                .categories
                .iter()
                .any(|c| c == name || c.starts_with(&format!("{name}."))),
            Ask::After(d) => listed >= day(*d),
            Ask::Before(d) => listed < day(*d),
        }
    }
}

fn ask() -> impl Strategy<Value = Ask> {
    let word = || prop::sample::select(WORDS.to_vec());
    prop_oneof![
        6 => word().prop_map(Ask::Word),
        2 => (word(), word()).prop_map(|(a, b)| Ask::Phrase(a, b)),
        1 => word().prop_map(Ask::Title),
        1 => (word(), word()).prop_map(|(a, b)| Ask::Either(a, b)),
        1 => prop::sample::select(NAMES.to_vec()).prop_map(Ask::Author),
        1 => prop::sample::select(vec!["cs.CL", "cs.CV", "hep-th", "cs"]).prop_map(Ask::Category),
        1 => (1i8..29).prop_map(Ask::After),
        1 => (1i8..29).prop_map(Ask::Before),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_same_papers_are_found(
        wanted in prop::collection::vec(ask(), 1..5),
        unwanted in prop::collection::vec(ask(), 0..3),
        newest: bool,
    ) {
        let (_dir, engine, papers) = corpus();
        let mut text: Vec<String> = wanted.iter().map(Ask::text).collect();
        // `a OR b` cannot be left out as one.
        let unwanted: Vec<Ask> = unwanted.into_iter().filter(|ask| !matches!(ask, Ask::Either(..))).collect();
        text.extend(unwanted.iter().map(|ask| format!("-{}", ask.text())));
        let holds = |paper: &&Paper| {
            wanted.iter().all(|ask| ask.holds(paper)) && !unwanted.iter().any(|ask| ask.holds(paper))
        };
        let mut expected: Vec<&Paper> = papers.iter().filter(holds).collect();
        expected.sort_by_key(|paper| std::cmp::Reverse((paper.times.listed_day(), paper.id)));
        let expected: Vec<u32> = expected.iter().map(|paper| paper.id.0).collect();
        let sort = if newest { Sort::Newest } else { Sort::Votes };
        let answer = ask_sorted(engine, &text.join(" "), sort);
        if expected.is_empty() {
            // Then fewer words are demanded, and it is said so.
            prop_assert!(answer.total == 0 || answer.hint.is_some());
        } else {
            prop_assert_eq!(answer.total, expected.len(), "{}", text.join(" "));
            if newest {
                let shown = expected.len().min(120);
                prop_assert_eq!(rows(&answer), &expected[..shown]);
            }
        }
    }
}
