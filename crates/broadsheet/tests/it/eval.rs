//! `broadsheet eval` on a tiny collection: what it prints, and what it says about files that are not in order.

use std::fs;

use crate::program::Home;

const CORPUS: &str = r#"{"_id": "sky", "title": "Why the sky is blue", "text": "Light is scattered by air."}
{"_id": "sea", "title": "Why the sea is blue", "text": "Water takes the red out of light."}
{"_id": "bee", "title": "The dance of bees", "text": "Bees tell each other where flowers are.", "url": "passed over"}
{"_id": "ant", "title": "", "text": "Ants lay trails of scent to food and follow them home."}
{"_id": "owl", "title": "Silent flight", "text": "The feathers of owls break up the air."}
"#;

/// Signs of the query language are words here: nothing is excluded, no field is asked.
const QUERIES: &str = r#"{"_id": "1", "text": "text: -scattered \"light\" (sky)"}
{"_id": "2", "text": "how do ants find their food -home"}
{"_id": "3", "text": "nobody judged this"}
{"_id": "4", "text": "what do bees dance about OR why is the sea blue in the light?"}
"#;

const QRELS: &str = "query-id\tcorpus-id\tscore\n1\tsky\t2\n1\towl\t0\n2\tant\t1\n4\tsea\t1\n4\tbee\t2\n5\tsky\t1\n";

/// A collection's folder; each argument is the content of a file.
fn collection(home: &Home, corpus: &str, queries: &str, qrels: &str) -> String {
    let folder = home.path("tiny");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("corpus.jsonl"), corpus).unwrap();
    let packed = zstd::encode_all(queries.as_bytes(), 3).unwrap();
    fs::write(folder.join("queries.jsonl.zst"), packed).unwrap();
    fs::write(folder.join("qrels.tsv"), qrels).unwrap();
    folder.to_str().unwrap().to_string()
}

#[test]
fn every_mode_is_measured() {
    let home = Home::new();
    let folder = collection(&home, CORPUS, QUERIES, QRELS);
    for mode in ["lexical", "hybrid", "semantic"] {
        let outcome = home.json(&["eval", &folder, "--mode", mode, "--json"]);
        assert_eq!(outcome["set"], "tiny");
        assert_eq!(outcome["mode"], mode);
        assert_eq!(
            (&outcome["queries"], &outcome["papers"]),
            (&3.into(), &5.into())
        );
        for figure in ["ndcg@10", "recall@100", "mrr", "p50_ms", "p99_ms"] {
            let value = outcome[figure].as_f64().unwrap();
            let ends = &outcome["intervals"][figure];
            let (low, high) = (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap());
            assert!(low <= value && value <= high, "{mode} {figure}: {outcome}");
        }
    }
    let by_words = home.json(&["eval", &folder, "--mode", "lexical", "--json"]);
    assert_eq!(by_words["mrr"], 1.0, "{by_words}");
    assert_eq!(by_words["recall@100"], 1.0, "{by_words}");
    let kept = fs::read_dir(home.data()).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "an evaluation keeps nothing");
}

#[test]
fn the_table_and_the_run_file() {
    let home = Home::new();
    let folder = collection(&home, CORPUS, QUERIES, QRELS);
    let run = home.path("run.txt");
    let out = home.ok(&[
        "eval",
        &folder,
        "--mode",
        "lexical",
        "--run",
        run.to_str().unwrap(),
    ]);
    assert!(
        out.starts_with("tiny, lexical: 3 queries, 5 papers\n"),
        "{out}"
    );
    for word in ["ndcg@10", "recall@100", "mrr", "p50_ms", "p99_ms", " to "] {
        assert!(out.contains(word), "{out}");
    }
    let run = fs::read_to_string(run).unwrap();
    let first = run.lines().next().unwrap();
    assert_eq!(first, "1 Q0 sky 1 100 broadsheet-tiny-lexical");
}

#[test]
fn other_queries_of_the_folder() {
    let home = Home::new();
    let folder = collection(&home, CORPUS, QUERIES, QRELS);
    fs::write(
        home.path("tiny/few.jsonl"),
        r#"{"_id": "2", "text": "ants"}"#,
    )
    .unwrap();
    fs::create_dir_all(home.path("tiny/judged")).unwrap();
    fs::write(home.path("tiny/judged/test.tsv"), "2\tant\t1\n").unwrap();
    let args = [
        "eval",
        &folder,
        "--mode",
        "lexical",
        "--queries",
        "few",
        "--qrels",
        "judged",
        "--json",
    ];
    assert_eq!(home.json(&args)["queries"], 1);
}

#[test]
fn what_is_not_in_order_is_named_with_its_line() {
    let home = Home::new();
    let check = |corpus: &str, queries: &str, qrels: &str, expected: &str| {
        let folder = collection(&home, corpus, queries, qrels);
        let said = home.fails(&["eval", &folder, "--mode", "lexical"], 1);
        assert!(said.contains(expected), "{said}");
    };
    let twice = format!("{CORPUS}\n{}", CORPUS.lines().next().unwrap());
    check(
        &twice,
        QUERIES,
        QRELS,
        "corpus.jsonl, line 7: `sky` is there twice",
    );
    check(
        "{\"_id\": 1, \"text\": \"\"}",
        QUERIES,
        QRELS,
        "corpus.jsonl, line 1: invalid type: integer",
    );
    check("", QUERIES, QRELS, "corpus.jsonl has no papers");
    check(
        CORPUS,
        "{\"_id\": \"1\"",
        QRELS,
        "queries.jsonl.zst, line 1: ",
    );
    check(
        CORPUS,
        QUERIES,
        "1\tsky\n",
        "qrels.tsv, line 1: expected query, paper and score between tabs",
    );
    check(CORPUS, QUERIES, "3\tsky\t0\n", "no query of ");
    let said = home.fails(&["eval", "nowhere"], 1);
    assert!(said.contains("nowhere is not a folder"), "{said}");
    let empty = home.path("empty");
    fs::create_dir_all(&empty).unwrap();
    let said = home.fails(&["eval", empty.to_str().unwrap()], 1);
    assert!(
        said.contains("has no qrels.tsv or qrels/test.tsv"),
        "{said}"
    );
}
