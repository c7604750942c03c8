//! What is found by which words, keys and numbers.

use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Paper, Summary, utc_midnight};
use domain::record::Source;
use index::Index;
use index::query::{Clause, Order, Page, Query, Scope, Words};
use index::spelling::Dictionary;
use jiff::civil::date;

use crate::{HEAP, PAGE, found, paper, rows, words};

fn index_of(papers: &[Paper]) -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.try_writer(HEAP).unwrap().unwrap();
    for paper in papers {
        writer.put(paper).unwrap();
    }
    writer.commit(1).unwrap();
    (dir, index)
}

#[test]
fn spellings_find_each_other() {
    let (_dir, index) = index_of(&[
        paper(1, "Self-Attention without end", ""),
        paper(2, "Self attention, twice", ""),
        paper(3, "Pretraining of models", ""),
        paper(4, "Pre-training a model", ""),
        paper(
            5,
            r"On \textit{synchronized} $\ell_1$ minimisation by Erd\H{o}s",
            "",
        ),
    ]);
    assert_eq!(found(&index, "self-attention"), [1, 2]);
    assert_eq!(found(&index, "self attention"), [1, 2]);
    assert_eq!(found(&index, "pretraining"), [3, 4]);
    assert_eq!(found(&index, "model"), [3, 4]);
    assert_eq!(found(&index, "synchronized"), [5]);
    assert_eq!(found(&index, "L1 minimisation"), [5]);
    assert_eq!(found(&index, "Erdős"), [5]);
    assert_eq!(found(&index, "attention end"), [0u32; 0]);
    assert_eq!(found(&index, "attention without end"), [1]);
}

#[test]
fn places_are_told_apart() {
    let mut one = paper(1, "Titles", "about abstracts");
    one.authors = vec![
        Author::named("Geoffrey E. Hinton"),
        Author::named("Yann LeCun"),
    ];
    let (_dir, index) = index_of(&[one]);
    let names = |text: &str, slop| {
        let Clause::Words(asked) = words(text, Scope::Authors) else {
            panic!("words are words")
        };
        rows(&index, Clause::Words(Words { slop, ..asked }))
    };
    assert_eq!(rows(&index, words("titles", Scope::Title)), [1]);
    assert_eq!(rows(&index, words("titles", Scope::Abstract)), [0u32; 0]);
    assert_eq!(rows(&index, words("abstract", Scope::Abstract)), [1]);
    assert_eq!(names("geoffrey hinton", 0), [0u32; 0]);
    assert_eq!(names("geoffrey hinton", 2), [1]);
    assert_eq!(
        names("hinton yann", 2),
        [0u32; 0],
        "no phrase spans two people"
    );
    assert_eq!(
        rows(&index, Clause::AuthorKey("yann-lecun".to_string())),
        [1]
    );
    assert_eq!(
        rows(&index, Clause::AuthorKey("lecun".to_string())),
        [0u32; 0]
    );
}

#[test]
fn a_summary_stands_in_for_a_missing_abstract() {
    let summary = |text: &str| {
        Some(Summary {
            text: text.to_string(),
            by: "us".to_string(),
        })
    };
    let mut without = paper(1, "One", "");
    without.summary = summary("in our words");
    let mut with = paper(2, "Two", "the abstract");
    with.summary = summary("in our words");
    let (_dir, index) = index_of(&[without, with]);
    assert_eq!(found(&index, "words"), [1]);
}

#[test]
fn filters_hold() {
    let day = |y, m, d| utc_midnight(date(y, m, d));
    let mut one = paper(1, "One", "");
    one.times.submitted = day(2024, 1, 31);
    one.tags = vec!["Machine  Learning".to_string()];
    let mut two = paper(2, "Two", "");
    two.times.submitted = day(2024, 2, 1);
    two.categories = vec!["hep-th".to_string(), "cs.CV".to_string()];
    two.ids.push(ExternalId::arxiv("2402.00001").unwrap().0);
    let mut three = paper(3, "Three", "");
    let seen = jiff::Timestamp::UNIX_EPOCH;
    three.links = Link::new(LinkKind::Code, "https://example.org/x", Source::Feed, seen)
        .into_iter()
        .collect();
    let (_dir, index) = index_of(&[one, two, three]);
    let days = |first, last| rows(&index, Clause::Days { first, last });
    assert_eq!(days(Some(date(2024, 1, 31)), None), [1, 2]);
    assert_eq!(days(Some(date(2024, 2, 1)), None), [2]);
    assert_eq!(days(None, Some(date(2024, 1, 31))), [1]);
    assert_eq!(days(None, None), [1, 2], "a paper without a day is on none");
    let category = |name: &str| rows(&index, Clause::Category(name.to_string()));
    assert_eq!(category("cs.cl"), [1, 3]);
    assert_eq!(category("cs"), [1, 2, 3]);
    assert_eq!(category("hep-th"), [2]);
    assert_eq!(category("c"), [0u32; 0]);
    assert_eq!(
        rows(&index, Clause::Tag("machine learning".to_string())),
        [1]
    );
    assert_eq!(rows(&index, Clause::Id("2402.00001".to_string())), [2]);
    assert_eq!(rows(&index, Clause::HasCode), [3]);
    let any = vec![Clause::HasCode, Clause::Category("hep-th".to_string())];
    assert_eq!(rows(&index, Clause::Any(any)), [2, 3]);
}

#[test]
fn some_of_the_words_may_do() {
    let (_dir, index) = index_of(&[
        paper(1, "red green", ""),
        paper(2, "red green blue", ""),
        paper(3, "blue", ""),
        paper(4, "red blue white", ""),
    ]);
    let ask = |need, none: &[&str]| {
        let clauses = |texts: &[&str]| texts.iter().map(|t| words(t, Scope::Everywhere)).collect();
        let query = Query {
            some: clauses(&["red", "green", "blue"]),
            none: clauses(none),
            need,
            ..Query::default()
        };
        let answer = index
            .snapshot()
            .search(
                &query,
                &Page {
                    order: Order::Relevance,
                    ..PAGE
                },
            )
            .unwrap();
        answer
            .hits
            .iter()
            .map(|hit| hit.paper.0)
            .collect::<Vec<u32>>()
    };
    assert_eq!(ask(3, &[]), [2]);
    assert_eq!(ask(2, &[])[0], 2, "the more words, the better");
    assert_eq!(ask(2, &[]).len(), 3);
    assert_eq!(ask(1, &[]).len(), 4);
    assert_eq!(ask(2, &["white"]).len(), 2);
    assert_eq!(ask(9, &[]), [2], "more than there are means all");
}

#[test]
fn misspelt_words_have_neighbours() {
    let (_dir, index) = index_of(&[
        paper(1, "Transformers and transformations", ""),
        paper(2, "Transformers again", ""),
        paper(3, "Tokens, token", ""),
    ]);
    let snapshot = index.snapshot();
    let spelling = snapshot.spelling().unwrap();
    let nearest = |word: &str, from| {
        spelling
            .nearest(word, from)
            .map(|entry| entry.word.as_str())
    };
    assert_eq!(
        nearest("trasnformers", Dictionary::Titles),
        Some("transformers")
    );
    assert_eq!(nearest("tokns", Dictionary::Titles), Some("tokens"));
    assert_eq!(nearest("toks", Dictionary::Titles), None);
    assert_eq!(nearest("lovelase", Dictionary::Names), Some("lovelace"));
    assert_eq!(nearest("", Dictionary::Names), None);
    let begun = spelling.beginning("trans", Dictionary::Titles, 9);
    let begun: Vec<&str> = begun.iter().map(|entry| entry.word.as_str()).collect();
    assert_eq!(begun, ["transformers", "transformations"]);
}

#[test]
fn explanations_add_up() {
    let (_dir, index) = index_of(&[
        paper(1, "Neural nets", "neural nets by others"),
        paper(2, "Nets", ""),
    ]);
    let query = Query {
        some: vec![
            words("neural", Scope::Everywhere),
            words("nets", Scope::Everywhere),
        ],
        need: 1,
        ..Query::default()
    };
    let snapshot = index.snapshot();
    let answer = snapshot
        .search(
            &query,
            &Page {
                order: Order::Relevance,
                ..PAGE
            },
        )
        .unwrap();
    let why = snapshot.explain(&query, &answer.hits).unwrap();
    assert_eq!(answer.total, 2);
    for (hit, why) in answer.hits.iter().zip(why) {
        let sum: f32 = why.parts.iter().map(|(_, score)| score).sum();
        assert!((sum - hit.score).abs() < 1e-4, "{why:?} of {hit:?}");
    }
}
