//! `broadsheet-lab skill-mix` against a model on this machine.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::model_server::{Asked, ModelServer, Reply};

/// Five skills and three topics, as files.
struct Files {
    _folder: tempfile::TempDir,
    skills: PathBuf,
    topics: PathBuf,
}

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (skills, topics) = (
        folder.path().join("skills.jsonl"),
        folder.path().join("topics.txt"),
    );
    let names = ["irony", "metaphor", "simile", "hyperbole", "litotes"];
    let line = |name| format!("{{\"name\": \"{name}\", \"definition\": \"what {name} is\"}}\n");
    std::fs::write(&skills, names.map(line).concat()).unwrap();
    std::fs::write(&topics, "sewing\nchess\n\nbread\n").unwrap();
    Files {
        _folder: folder,
        skills,
        topics,
    }
}

fn tool(files: &Files, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_broadsheet-lab"))
        .arg("skill-mix")
        .arg("--skills")
        .arg(&files.skills)
        .arg("--topics")
        .arg(&files.topics)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Writes about anything, naming hyperbole where it should show it; grades so that litotes is never shown and chess makes
/// no sense, and forgets the grade where the topic is bread.
fn model(asked: &Asked, _: usize) -> Reply {
    let prompt = asked.body["messages"][0]["content"].as_str().unwrap();
    if !prompt.starts_with("Grade") {
        let names = if prompt.contains("hyperbole") {
            " Hyperbole!"
        } else {
            ""
        };
        return Reply::text(&format!("A thread runs through it.{names}\n"));
    }
    assert_eq!(asked.body["model"], "judge");
    if prompt.contains("topic should be: bread") {
        return Reply::text("I would rather not say.");
    }
    let skills: Vec<bool> = prompt
        .lines()
        .filter(|line| line.starts_with("- "))
        .map(|line| !line.contains("litotes"))
        .collect();
    let sense = !prompt.contains("topic should be: chess");
    let grade = serde_json::json!({"skills": skills, "topic": true, "sense": sense});
    Reply::text(&format!("Here it is: {grade}"))
}

#[test]
fn combinations_are_drawn_once_each_and_by_the_seed() {
    let files = files();
    let draw = |seed: &str| {
        lines(&tool(
            &files,
            &["-k", "2", "--count", "20", "--seed", seed, "--json"],
        ))
    };
    let drawn = draw("7");
    assert_eq!(drawn.len(), 20);
    let different: HashSet<String> = drawn.iter().map(Value::to_string).collect();
    assert_eq!(different.len(), 20);
    assert_eq!(drawn, draw("7"));
    assert_ne!(drawn, draw("8"));
    // All 10 * 3 that there are, and a word on standard error.
    let all = tool(&files, &["-k", "2", "--count", "50", "--json"]);
    assert_eq!(lines(&all).len(), 30);
    assert_eq!(
        text(&all.stderr),
        "there are only 30 combinations; all are taken\n"
    );
}

#[test]
fn texts_are_written_graded_and_counted() {
    let server = ModelServer::start(model);
    let files = files();
    let output = tool(
        &files,
        &[
            "-k",
            "3",
            "--count",
            "30",
            "--endpoint",
            &server.url,
            "--model",
            "writer",
            "--grade",
            "--grader",
            "judge",
            "--json",
        ],
    );
    let found = lines(&output);
    assert_eq!(found.len(), 31);
    let has = |entry: &Value, name: &str| {
        entry["skills"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s == name)
    };
    for entry in &found[..30] {
        if entry["topic"] == "bread" {
            assert_eq!(entry["ungraded"], "there is no JSON object in it");
            continue;
        }
        // Naming a skill forfeits it; two sentences are allowed for three skills.
        let right =
            entry["topic"] == "sewing" && !has(entry, "litotes") && !has(entry, "hyperbole");
        assert_eq!(entry["full"], right, "{entry}");
    }
    // All 10 * 3 combinations: of ten on sewing, one has neither litotes nor hyperbole.
    let summary = &found[30]["summary"];
    assert_eq!(summary["ungraded"], 10);
    assert_eq!(summary["full_marks"]["mean"], 1.0 / 20.0);
    assert_eq!(summary["all_skills"]["mean"], 2.0 / 20.0);
    let litotes = &summary["by_skill"][2];
    assert_eq!(
        (litotes["name"].as_str(), litotes["shown"].as_u64()),
        (Some("litotes"), Some(0))
    );
    assert_eq!(litotes["asked"], 12);
    let writing = &server.asked()[0].body;
    assert_eq!(writing["model"], "writer");
    assert_eq!(writing["max_tokens"], 400);
}

#[test]
fn a_dry_run_shows_the_prompts() {
    let files = files();
    let output = tool(&files, &["-k", "2", "--count", "1", "--dry-run", "--json"]);
    let entry = &lines(&output)[0];
    let skills: Vec<&str> = entry["skills"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap())
        .collect();
    let expected = format!(
        "Write a short text about {} that shows all of these skills:\n- {}: what {} is\n- {}: what {} is\nWrite at most 1 sentence, do not name the skills, and answer with the text alone.",
        entry["topic"].as_str().unwrap(),
        skills[0],
        skills[0],
        skills[1],
        skills[1]
    );
    assert_eq!(entry["prompt"], expected);
    let shown = tool(&files, &["-k", "2", "--count", "3", "--dry-run", "--grade"]);
    let shown = text(&shown.stdout);
    assert!(
        shown.ends_with("3 texts would be asked for, 3 graded; nothing was\n"),
        "{shown}"
    );
    assert_eq!(
        shown
            .matches("{\"skills\": [true, true], \"topic\": true, \"sense\": true}")
            .count(),
        3
    );
}

#[test]
fn what_is_wrong_is_named_with_the_way_out() {
    let files = files();
    let check = |arguments: &[&str], code: i32, said: &str| {
        let output = tool(&files, arguments);
        assert_eq!(output.status.code(), Some(code));
        let error = text(&output.stderr);
        assert!(error.contains(said), "{error}");
    };
    check(
        &["-k", "6"],
        1,
        "holds 5 skills: no 6 of them can be combined; choose a smaller -k",
    );
    check(
        &["--grade"],
        1,
        "texts to grade are written by a model: name its endpoint with --endpoint URL",
    );
    check(
        &["--temperature", "3"],
        1,
        "a temperature of 3 is not between 0 and 2",
    );
    std::fs::write(&files.topics, "sewing\nSewing\n").unwrap();
    check(
        &["-k", "2"],
        1,
        "topics.txt: line 2: `Sewing` stands on line 1 already",
    );
    std::fs::write(&files.topics, [0xff, 0xfe, b'\n']).unwrap();
    check(&["-k", "2"], 1, "it is no UTF-8 text");
}
