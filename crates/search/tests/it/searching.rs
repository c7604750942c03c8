//! What a reader types and gets.

use domain::ids::PaperId;
use domain::paper::{Author, Paper, utc_midnight};
use jiff::civil::date;
use search::engine::{Engine, Sort};
use tempfile::TempDir;

use crate::{ask, ask_sorted, engine_of, paper, rows};

fn shelf() -> (TempDir, Engine) {
    let mut papers: Vec<Paper> = vec![
        paper(
            1,
            "Attention Is All You Need",
            "The Transformer is based solely on attention mechanisms.",
        ),
        paper(
            2,
            "A Survey of Transformers",
            "We survey pre-training and attention.",
        ),
        paper(
            3,
            "Mamba: Linear-Time Sequence Modeling",
            "A state space model without attention.",
        ),
        paper(
            4,
            r"Compressed $\ell_1$ Sensing",
            r"Sparse recovery of \textit{synchronized} signals.",
        ),
        paper(
            5,
            "Reinforcement Learning from Human Feedback",
            "Reward models for large language models.",
        ),
        paper(
            6,
            "Deep Reinforcement Learning",
            "Playing games with a reward.",
        ),
        paper(7, "Reinforcement by games", "Of learning and feedback."),
    ];
    for (paper, day) in papers.iter_mut().zip(1..) {
        paper.times.submitted = utc_midnight(date(2024, 1, day));
        paper.votes = 10 - paper.id.0;
    }
    papers[2].categories = vec!["cs.LG".to_string(), "stat.ML".to_string()];
    papers[0].authors = vec![
        Author::named("Ashish Vaswani"),
        Author::named("Noam M. Shazeer"),
    ];
    engine_of(&papers, 3)
}

#[track_caller]
fn check(query: &str, expected: &[u32]) {
    let (_dir, engine) = shelf();
    let answer = ask(&engine, query);
    assert_eq!(rows(&answer), expected, "{query:?}: {:?}", answer.hint);
    assert_eq!(answer.total, expected.len());
}

#[test]
fn titles_weigh_more_than_abstracts() {
    check("transformer", &[2, 1]);
    check("title:transformer", &[2]);
    check("\"state space\"", &[3]);
    check("reward -games", &[5]);
    check("cat:stat mamba", &[3]);
    check("reward OR mamba OR ell", &[3, 6, 5]);
}

#[test]
fn filters_alone_and_together() {
    let (_dir, engine) = shelf();
    let newest = |query: &str| rows(&ask_sorted(&engine, query, Sort::Newest));
    assert_eq!(newest("after:2024-01-06"), [7, 6]);
    assert_eq!(newest("before:2024-01-03 cat:cs"), [2, 1]);
    assert_eq!(newest("author:\"Noam Shazeer\""), [1]);
    assert_eq!(newest("author:vaswani -cat:cs.LG"), [1]);
    assert_eq!(newest("author:lovelace learning"), [7, 6, 5]);
    assert_eq!(newest("id:2401.00004"), [4]);
    assert_eq!(newest("-attention"), [7, 6, 5, 4]);
    assert_eq!(
        rows(&ask_sorted(&engine, "cat:cs.cl", Sort::Votes)),
        [1, 2, 4, 5, 6, 7]
    );
}

#[test]
fn the_author_page_is_newest_first() {
    let (_dir, engine) = shelf();
    let page = |key: &str, offset, limit| {
        let (papers, total) = engine.author(key, offset, limit).unwrap();
        (papers.iter().map(|p| p.0).collect::<Vec<u32>>(), total)
    };
    assert_eq!(page("ada-lovelace", 0, 2), (vec![7, 6], 6));
    assert_eq!(page("ada-lovelace", 4, 9), (vec![3, 2], 6));
    assert_eq!(page("ada-lovelace", 99, 9), (vec![], 6));
    assert_eq!(page("nobody", 0, 9), (vec![], 0));
    assert_eq!(page("ada-lovelace", usize::MAX, usize::MAX), (vec![], 6));
}

#[test]
fn typing_errors_are_forgiven() {
    let (_dir, engine) = shelf();
    let answer = ask(&engine, "reinforcememt \"human fedback\"");
    assert_eq!(
        answer.corrected.as_deref(),
        Some("reinforcement \"human feedback\"")
    );
    assert_eq!(rows(&answer)[0], 5);
    assert_eq!(
        ask(&engine, "author:vaswanni").corrected.as_deref(),
        Some("author:vaswani")
    );
    assert_eq!(ask(&engine, "attention").corrected, None);
    assert_eq!(ask(&engine, "zzzzzzzzz").corrected, None);
    assert_eq!(engine.suggest("deep rein", 5).unwrap(), ["reinforcement"]);
    assert_eq!(engine.suggest("", 5).unwrap(), Vec::<String>::new());
}

#[test]
fn too_many_words_are_not_all_needed() {
    let (_dir, engine) = shelf();
    let answer = ask(&engine, "reinforcement learning human mamba");
    assert_eq!(rows(&answer)[0], 5, "three of four words");
    assert_eq!(answer.total, 3, "two of four words");
    assert_eq!(
        answer.hint.as_deref(),
        Some("No paper has all of these words; papers with at least 2 of the 4 are shown too.")
    );
}

#[test]
fn every_query_gets_an_answer() {
    let (_dir, engine) = shelf();
    let hint = |query: &str| ask(&engine, query).hint.unwrap_or_default();
    assert!(hint("").starts_with("Type words"));
    assert!(hint("+++").starts_with("Type words"));
    assert!(hint("is all you need").is_empty());
    assert!(hint("the of").contains("nearly every paper"));
    assert!(hint("-attention").contains("everything else"));
    assert!(hint("author:").contains("needs a value"));
    assert!(hint("before:2024-02-31 attention").contains("not understood"));
    assert!(hint(&"model ".repeat(200_000)).contains("first 3000 characters"));
    let different: Vec<String> = (0..100).map(|n| format!("model{n}")).collect();
    assert!(hint(&different.join(" ")).contains("first 64 words"));
    assert!(hint("\"unbalanced").contains("not closed"));
    assert!(hint("nonsenseword").is_empty());
}

#[test]
fn ids_go_straight_to_their_paper() {
    let (_dir, engine) = shelf();
    let answer = ask(&engine, "https://arxiv.org/abs/2401.00003v2");
    assert_eq!(
        answer.direct.as_ref().map(ToString::to_string).as_deref(),
        Some("2401.00003")
    );
    assert_eq!(rows(&answer), [3]);
    let answer = ask(&engine, "2401.99999");
    assert_eq!(
        (answer.total, answer.hint.as_deref()),
        (0, Some("2401.99999 is not here."))
    );
}

#[test]
fn hits_say_why() {
    let (_dir, engine) = shelf();
    let answer = ask(&engine, "attention need -survey");
    let why = &answer.hits[0].explanation;
    assert_eq!(why.matched, ["attention", "need"]);
    let parts: Vec<&str> = why.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(parts, ["title", "abstract"]);
    let sum: f32 = why.parts.iter().map(|(_, score)| score).sum();
    assert!((sum - answer.hits[0].score).abs() < 1e-4);
    let marked = answer.marker.mark("Attention Is All You Need");
    let marked: Vec<&str> = marked
        .iter()
        .filter(|s| s.marked)
        .map(|s| s.text.as_str())
        .collect();
    assert_eq!(marked, ["Attention", "Need"]);
}

#[test]
fn news_match_a_kept_query_whole_or_not_at_all() {
    let (_dir, engine) = shelf();
    let check = |query: &str, among: &[u32], expected: &[u32]| {
        let among: Vec<PaperId> = among.iter().copied().map(PaperId).collect();
        let found = engine.matching(query, &among).unwrap();
        let found: Vec<u32> = found.iter().map(|paper| paper.0).collect();
        assert_eq!(found, expected, "{query:?}");
    };
    let all = [7, 6, 5, 4, 3, 2, 1];
    check("reinforcement", &all, &[7, 6, 5]);
    check("reinforcement", &[1, 5], &[5]);
    check("cat:stat.ML", &all, &[3]);
    check("", &all, &all);
    check("2401.00004", &all, &[4]);
    // A reader who searches is shown what is near; news that lack a word are no news.
    check("reinforcement attention", &all, &[]);
    check("reinfrocement", &all, &[]);
    check("reinforcement", &[99], &[]);
}

#[track_caller]
fn check_standing(query: &str, since: i8, expected: &[u32]) {
    let (_dir, engine) = shelf();
    let found = engine.standing(query, date(2024, 1, since)).unwrap();
    let rows: Vec<u32> = found.iter().map(|paper| paper.0).collect();
    assert_eq!(rows, expected, "{query:?} since {since}");
}

#[test]
fn standing_queries_are_taken_to_the_letter() {
    check_standing("transformer", 1, &[2, 1]);
    check_standing("transformer", 2, &[2]);
    check_standing("cat:stat mamba", 3, &[3]);
    check_standing("cat:cs.CL", 6, &[7, 6]);
    check_standing("reward -games", 1, &[5]);
    check_standing("author:shazeer", 1, &[1]);
    // A search would correct the first and find papers with most of the words of the others.
    assert_eq!(rows(&ask(&shelf().1, "transfromer")).len(), 2);
    check_standing("transfromer", 1, &[]);
    assert!(
        !rows(&ask(
            &shelf().1,
            "reinforcement learning from human feedback zebra"
        ))
        .is_empty()
    );
    check_standing("reinforcement learning from human feedback zebra", 1, &[]);
    check_standing("reinforcement learning from human feedback models", 1, &[5]);
    check_standing("2401.00004", 1, &[4]);
    check_standing("2401.00004", 5, &[]);
    check_standing("", 1, &[]);
    check_standing("...", 1, &[]);
}
