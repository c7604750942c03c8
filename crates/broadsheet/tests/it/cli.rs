//! The command line on the starter shelf: what it prints, in every form, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::papers::arxiv_dump;
use crate::program::{Home, same};

/// A paper of the starter shelf.
const SHELF_ID: &str = "2402.18305";
const SHELF_TITLE: &str = "NERV++: An Enhanced Implicit Neural Video Representation";
/// Papers on the shelf.
const SHELF_LEN: usize = 99;

const COMMANDS: [&str; 27] = [
    "",
    "serve",
    "import",
    "fetch",
    "today",
    "week",
    "trending",
    "search",
    "similar",
    "duplicates",
    "paper",
    "export",
    "coverage",
    "quarantine",
    "rebuild",
    "backup",
    "restore",
    "eval",
    "eval-trending",
    "doctor",
    "config",
    "quarantine retry",
    "digest",
    "subscribers",
    "subscribers add",
    "subscribers suppress",
    "bounce",
];

#[test]
fn help_texts() {
    let home = Home::new();
    for command in COMMANDS {
        let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let help = home.ok(&args).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let name = if command.is_empty() {
            "broadsheet".to_string()
        } else {
            command.replace(' ', "-")
        };
        insta::assert_snapshot!(format!("help-{name}"), help);
    }
}

#[test]
fn usage_is_code_2_and_failure_code_1() {
    let home = Home::new();
    for wrong in [
        &["colour"][..],
        &["today", "--limit", "0"],
        &["paper"],
        &["search"],
        &["today", "--json", "--ids"],
    ] {
        assert!(home.fails(wrong, 2).contains("Usage:") || home.fails(wrong, 2).contains("--help"));
    }
    let said = home.fails(&["today", "yesterday"], 1);
    assert!(said.starts_with("broadsheet: `yesterday` is not"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn an_unknown_paper_is_named_with_its_issuers_page() {
    let home = Home::new();
    let said = home.fails(&["paper", "2101.00001"], 1);
    assert!(
        said.contains("2101.00001 is not here")
            && said.contains("https://arxiv.org/abs/2101.00001"),
        "{said}"
    );
    let said = home.fails(&["paper", "attention"], 1);
    assert!(said.contains("`attention` is not an id"), "{said}");
}

#[test]
fn the_first_day_is_the_starter_shelf() {
    let home = Home::new();
    let table = home.ok(&["today"]);
    assert!(
        table.starts_with("day 2025-08-07 (the newest with papers): 30 of 99 papers\n"),
        "{table}"
    );
    assert_eq!(
        table.lines().count(),
        32,
        "a line on the day, headings, 30 papers"
    );

    let ids = home.ok(&["today", "--limit", "1000", "--ids"]);
    assert_eq!(ids.lines().count(), SHELF_LEN);
    assert!(ids.lines().any(|id| id == SHELF_ID));

    let papers = home.json(&["week", "2025-W32", "--limit", "200", "--json"]);
    assert_eq!(papers.as_array().unwrap().len(), SHELF_LEN);
    assert_eq!(
        home.json(&["today", "2025-08-06", "--json"])
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_paper_in_every_form() {
    let home = Home::new();
    assert!(
        home.ok(&["paper", SHELF_ID])
            .starts_with(&format!("# {SHELF_TITLE}\n"))
    );
    assert_eq!(
        home.json(&["paper", "https://arxiv.org/abs/2402.18305v1", "--json"])["title"],
        SHELF_TITLE
    );
    let bibtex = home.ok(&["paper", SHELF_ID, "--bibtex"]);
    assert!(bibtex.starts_with("@misc{ghorbel2024nerv,\n"), "{bibtex}");
}

#[test]
fn search_finds_in_every_form() {
    let home = Home::new();
    assert_eq!(
        home.ok(&["search", "--ids", "\"implicit neural video\""])
            .lines()
            .next(),
        Some(SHELF_ID)
    );
    assert_eq!(
        home.ok(&["search", "--ids", SHELF_ID]).trim(),
        SHELF_ID,
        "a bare id goes straight to the paper"
    );
    let json = home.json(&["search", "--json", "--limit", "3", "video"]);
    assert!((1..=3).contains(&json.as_array().unwrap().len()));
    let table = home.ok(&["search", "neural", "video"]);
    assert!(
        table.contains("votes") && table.contains(SHELF_TITLE),
        "{table}"
    );
    assert!(
        home.ok(&["search", "--ids", "author:\"Huajun Liu\""])
            .lines()
            .any(|id| id == "2107.00782")
    );
    let nothing = home.run(&["search", "--ids", "qqqqzzzzxxxx"]);
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""));
}

#[test]
fn a_question_in_other_words_finds_the_paper() {
    let home = Home::new();
    let ids = home.ok(&[
        "search",
        "--ids",
        "--limit",
        "5",
        "compressing movies with coordinate networks",
    ]);
    assert!(ids.lines().any(|id| id == SHELF_ID), "{ids}");
    let said = home.ok(&["search", "--mode", "semantic", "--limit", "3", "video"]);
    assert!(said.contains("the 3 nearest in meaning"), "{said}");
}

#[test]
fn similar_papers_and_doubles() {
    let home = Home::new();
    let ids = home.ok(&["similar", "--ids", "--limit", "7", SHELF_ID]);
    assert_eq!(ids.lines().count(), 7);
    assert!(!ids.contains(SHELF_ID), "{ids}");
    let said = home.fails(&["similar", "2401.99999"], 1);
    assert!(said.contains("2401.99999 is not here"), "{said}");
    assert_eq!(
        home.ok(&["duplicates"]),
        "0 pairs among 99 papers may be one paper each.\n"
    );

    // The same text under another id, as a preprint and its journal version may come in.
    let paper = &home.json(&["paper", "--json", SHELF_ID]);
    let title = paper["title"].as_str().unwrap();
    let text = paper["summary"]["text"].as_str().unwrap();
    let bib = format!(
        "@article{{double, title={{{title}: Extended}}, abstract={{{text}}}, doi={{10.5555/double}}, year=2025}}\n"
    );
    let file = home.file("double.bib", &bib);
    let said = home.ok(&["import", &file]);
    assert!(
        said.contains("1 of the new papers may be here under another id"),
        "{said}"
    );
    let pairs = home.ok(&["duplicates", "--json"]);
    let pair: serde_json::Value = serde_json::from_str(pairs.trim()).unwrap();
    assert_eq!(pair["a"], SHELF_ID);
}

#[test]
fn options_may_follow_the_query() {
    let home = Home::new();
    let first = home.ok(&["search", "--ids", "--limit", "2", "neural", "video"]);
    assert_eq!(
        home.ok(&["search", "neural", "video", "--ids", "--limit", "2"]),
        first
    );
    assert_eq!(first.lines().count(), 2);
}

#[test]
fn a_strange_query_gets_an_answer() {
    let home = Home::new();
    for query in [
        "\"",
        "-",
        "(",
        "author:",
        "after:never",
        "cat:??",
        "𝒳 🙂 \u{202e}",
        ":",
        "OR AND NOT",
        "*",
    ] {
        let ran = home.run(&["search", "--ids", query]);
        assert_eq!(ran.code, 0, "{query}: {}", ran.err);
    }
}

#[test]
fn export_has_every_paper_in_both_forms() {
    let home = Home::new();
    let lines = home.ok(&["export"]);
    assert_eq!(lines.lines().count(), SHELF_LEN);
    for line in lines.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let bibtex = home.ok(&["export", "--format", "bibtex"]);
    assert_eq!(
        bibtex.lines().filter(|line| line.starts_with('@')).count(),
        SHELF_LEN
    );
}

#[test]
fn a_reader_that_stops_early_is_no_fault() {
    let home = Home::new();
    // More than a pipe holds.
    home.ok(&["import", &home.file("dump.jsonl", arxiv_dump(2_000))]);
    let mut child = home
        .command(&["export"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    drop(lines);
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn doctor_is_content_with_a_fresh_folder() {
    let home = Home::new();
    home.ok(&["today"]);
    let report = home.ok(&["doctor"]);
    assert!(report.ends_with("All well.\n"), "{report}");
    assert!(
        report.contains("99 papers") && report.contains("up to date"),
        "{report}"
    );
    assert!(report.contains("contact is empty"), "{report}");
}

#[test]
fn doctor_finds_a_damaged_database() {
    let home = Home::new();
    home.ok(&["today"]);
    // The journal may hold the whole database still, and SQLite would restore it from there.
    for name in ["broadsheet.db-wal", "broadsheet.db-shm"] {
        let _ = std::fs::remove_file(home.data().join(name));
    }
    std::fs::write(home.data().join("broadsheet.db"), "this is no database").unwrap();
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("BAD") && ran.out.ends_with("Something needs doing.\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_deleted_index_comes_back() {
    let home = Home::new();
    let before = home.ok(&["search", "--ids", "video"]);
    std::fs::remove_dir_all(home.data().join("index")).unwrap();
    assert!(home.ok(&["rebuild"]).contains("99 papers"));
    assert_eq!(home.ok(&["search", "--ids", "video"]), before);
}

#[test]
fn a_backup_restores_everything() {
    let home = Home::new();
    home.ok(&["import", &home.file("dump.jsonl", arxiv_dump(50))]);
    let before = home.ok(&["export"]);
    let copy = home.path("copy.db").to_str().unwrap().to_string();
    home.ok(&["backup", &copy]);
    assert!(
        home.fails(&["backup", &copy], 1).contains("copy.db"),
        "a backup never overwrites a file"
    );

    let other = Home::new();
    other.ok(&["restore", &copy]);
    same(&other.ok(&["export"]), &before);
    assert_eq!(
        other
            .ok(&["search", "--ids", "--limit", "1000", "title:paper"])
            .lines()
            .count(),
        50
    );

    assert!(other.fails(&["restore", &copy], 1).contains("--replace"));
    other.ok(&["restore", &copy, "--replace"]);
    same(&other.ok(&["export"]), &before);
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let home = Home::new();
    let before = home.ok(&["export"]);
    let said = home.fails(
        &[
            "restore",
            &home.file("notes.txt", "not a database"),
            "--replace",
        ],
        1,
    );
    assert!(said.contains("nothing was changed"), "{said}");
    assert!(
        home.fails(&["restore", "nowhere.db"], 1)
            .contains("there is no file nowhere.db")
    );
    same(&home.ok(&["export"]), &before);
}

#[test]
fn trending_without_readings_says_where_they_come_from() {
    let home = Home::new();
    assert!(home.ok(&["trending"]).contains("broadsheet fetch"));
    assert_eq!(home.json(&["trending", "--json"]), serde_json::json!([]));
}
