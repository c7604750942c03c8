//! The command `arena`: ratings of a file, and tournaments judged by a server on this machine.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::model_server::{Asked, ModelServer, Reply};

fn arena(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_broadsheet-lab"))
        .arg("arena")
        .args(arguments)
        .env("ARENA_TEST_KEY", "s3cret")
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn names(table: &Value) -> Vec<&str> {
    let players = table["players"].as_array().unwrap();
    players
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect()
}

/// Prompts, and answers that say how good they are.
fn entries(folder: &Path, prompts: usize, models: usize) -> [String; 2] {
    let prompt =
        |p| json!({ "id": format!("p{p}"), "prompt": format!("question {p}") }).to_string();
    let answer = |(p, m)| {
        let answer = format!("quality={m}");
        json!({ "id": format!("p{p}"), "model": format!("m{m}"), "answer": answer }).to_string()
    };
    let all = (0..prompts).flat_map(|p| (0..models).map(move |m| (p, m)));
    let files = [
        (
            "prompts.jsonl",
            (0..prompts).map(prompt).collect::<Vec<_>>(),
        ),
        ("answers.jsonl", all.map(answer).collect()),
    ];
    files.map(|(name, lines)| {
        let path = folder.join(name);
        std::fs::write(&path, lines.join("\n")).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// The qualities of the two answers that a question shows.
fn qualities(asked: &Asked) -> [u32; 2] {
    let text = asked.body["messages"][1]["content"].as_str().unwrap();
    let mut found = text.split("quality=").skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    });
    [found.next().unwrap(), found.next().unwrap()]
}

fn better(asked: &Asked) -> Reply {
    let [a, b] = qualities(asked);
    Reply::text(if a > b { "A" } else { "B" })
}

#[test]
fn a_file_becomes_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outcomes.csv");
    let mut text = "a,b,winner\n".to_owned();
    text.push_str(&"x,y,a\n".repeat(30));
    text.push_str(&"x,y,b\n".repeat(10));
    text.push_str(&"y,z,tie\n".repeat(20));
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();

    let output = arena(&[file, "--json", "--draws", "100"]);
    assert_eq!(said(&output.stderr), "");
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(names(&table)[0], "x");
    assert_eq!(table["matches"], 60);
    let x = &table["players"][0];
    assert_eq!(
        (&x["won"], &x["tied"], &x["lost"]),
        (&json!(30), &json!(0), &json!(10))
    );
    assert!(x["bradley_terry"]["low"].as_f64() < x["bradley_terry"]["rating"].as_f64());

    let shown = said(&arena(&[file, "--draws", "100", "--anchor", "z"]).stdout);
    assert!(shown.contains("z stands at 1500"), "{shown}");
    assert!(shown.contains("1500 (1500 to 1500)"), "{shown}");
    assert!(
        shown.contains("Elo goes by the order of matches"),
        "{shown}"
    );
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.jsonl");
    std::fs::write(&file, "{\"a\":\"x\",\"b\":\"y\",\"winner\":\"c\"}\n").unwrap();
    let output = arena(&[file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said(&output.stderr),
        format!(
            "error: {}, line 1: the winner `c` is neither `a`, `b` nor `tie`\n",
            file.display()
        )
    );
    assert_eq!(arena(&[]).status.code(), Some(2));
}

#[test]
fn a_judge_finds_the_order_in_brackets() {
    let server = ModelServer::start(|asked, _| better(asked));
    let folder = tempfile::tempdir().unwrap();
    let [prompts, answers] = entries(folder.path(), 12, 5);
    let matches = folder.path().join("matches.jsonl");
    let matches = matches.to_str().unwrap();
    let judged = [
        "--endpoint",
        &server.url,
        "--model",
        "judge",
        "--key-env",
        "ARENA_TEST_KEY",
        "--prompts",
        &prompts,
        "--answers",
        &answers,
        "--matches",
        matches,
        "--json",
        "--draws",
        "50",
    ];
    let output = arena(&judged);
    assert_eq!(said(&output.stderr), "");
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(names(&table)[0], "m4");
    assert_eq!(table["matches"], 12 * 4);
    // Both orders of every match.
    assert_eq!(
        table["judge"],
        json!({ "model": "judge", "calls": 96, "unreadable": 0 })
    );
    assert_eq!(server.asked().len(), 96);
    assert!(server.asked().iter().all(|asked| {
        asked
            .headers
            .contains(&"authorization: Bearer s3cret".to_owned())
    }));
    // The best never lost, and what was written is read back to the same table.
    assert_eq!(table["players"][0]["lost"], 0);
    let again = arena(&[matches, "--json", "--draws", "50"]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(names(&again), names(&table));
    let points = |table: &Value| {
        table["players"][0]["bradley_terry"]["rating"]
            .as_f64()
            .unwrap()
    };
    assert!((points(&again) - points(&table)).abs() < 1e-6);
}

#[test]
fn a_judge_that_favours_a_place_calls_ties() {
    let server = ModelServer::start(|_, _| Reply::text("A."));
    let folder = tempfile::tempdir().unwrap();
    let [prompts, answers] = entries(folder.path(), 3, 4);
    let common = [
        "--endpoint",
        &server.url,
        "--model",
        "judge",
        "--prompts",
        &prompts,
        "--answers",
        &answers,
        "--json",
        "--draws",
        "10",
    ];
    let table: Value = serde_json::from_slice(&arena(&common).stdout).unwrap();
    let tied = |table: &Value| -> u64 {
        let players = table["players"].as_array().unwrap();
        players.iter().map(|p| p["tied"].as_u64().unwrap()).sum()
    };
    assert_eq!(tied(&table), 2 * 9);
    let once = arena(&[&common[..], &["--once"]].concat());
    let table: Value = serde_json::from_slice(&once.stdout).unwrap();
    assert_eq!((tied(&table), &table["judge"]["calls"]), (0, &json!(9)));
}

#[test]
fn a_judge_without_verdicts_or_a_refusal_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let [prompts, answers] = entries(folder.path(), 2, 3);
    let check = |reply: fn() -> Reply, says: &str| {
        let server = ModelServer::start(move |_, _| reply());
        let output = arena(&[
            "--endpoint",
            &server.url,
            "--model",
            "judge",
            "--prompts",
            &prompts,
            "--answers",
            &answers,
        ]);
        assert_eq!(output.status.code(), Some(1));
        let error = said(&output.stderr);
        assert!(error.contains(says), "{error}");
    };
    check(
        || Reply::text("I cannot say."),
        "none of the judge's 8 replies was A, B or TIE",
    );
    check(|| Reply::status(401, "{}"), "status 401");
}
