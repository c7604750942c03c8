//! `broadsheet-lab format-spread` against a model on this machine.

use std::process::{Command, Output};

use serde_json::Value;

use crate::model_server::{Asked, ModelServer, Reply};

fn tool(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_broadsheet-lab"))
        .arg("format-spread")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Thirty sums with the options yes and no, in a file.
fn items() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = |n: usize| {
        let answer = if n.is_multiple_of(2) { "yes" } else { "no" };
        format!(
            "{{\"fields\": {{\"Number\": \"{n}\", \"Question\": \"Is it even?\"}}, \"options\": [\"yes\", \"no\"], \"answer\": \"{answer}\"}}\n"
        )
    };
    std::fs::write(file.path(), (0..30).map(line).collect::<String>()).unwrap();
    file
}

fn prompt(asked: &Asked) -> String {
    let messages = asked.body["messages"].as_array().unwrap();
    messages.last().unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A model that knows parity, but says yes to everything where names are in capitals.
fn model(asked: &Asked, _: usize) -> Reply {
    let prompt = prompt(asked);
    if prompt.contains("NUMBER") {
        return Reply::text("yes");
    }
    let lower = prompt.to_lowercase();
    let start = lower.rfind("number").unwrap() + "number".len();
    let digits = lower[start..].chars().skip_while(|c| !c.is_ascii_digit());
    let number: String = digits.take_while(char::is_ascii_digit).collect();
    let even = number.parse::<usize>().unwrap().is_multiple_of(2);
    Reply::text(if even { "Yes." } else { "No." })
}

#[test]
fn a_format_that_confuses_the_model_is_found() {
    let server = ModelServer::start(model);
    let file = items();
    let path = file.path().to_str().unwrap();
    let output = tool(&[
        path,
        "--endpoint",
        &server.url,
        "--model",
        "m",
        "--formats",
        "12",
        "--calls",
        "240",
        "--batch",
        "5",
        "--json",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["best"]["accuracy"], 1.0);
    assert_eq!(report["worst"]["accuracy"], 0.5);
    assert_eq!(report["range"], 0.5);
    assert!(
        report["worst"]["prompt"]
            .as_str()
            .unwrap()
            .contains("NUMBER")
    );
    let interval = &report["range_interval"];
    assert!(interval["low"].as_f64().unwrap() > 0.2 && interval["high"].as_f64().unwrap() < 0.8);
    // No question is asked twice, and none in vain.
    let asked = server.asked();
    let mut prompts: Vec<String> = asked.iter().map(prompt).collect();
    prompts.sort();
    prompts.dedup();
    assert_eq!(prompts.len(), asked.len());
    assert_eq!(report["asked"], asked.len());
    assert!(asked.len() <= 240 + 3 * 30);
    let system = asked[0].body["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("marker"), "{system}");
}

#[test]
fn a_run_that_breaks_off_goes_on_where_it_was() {
    let file = items();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("answers.jsonl");
    let run = |url: &str| {
        let (path, kept) = (file.path().to_str().unwrap(), kept.to_str().unwrap());
        tool(&[
            path,
            "--endpoint",
            url,
            "--model",
            "m",
            "--formats",
            "4",
            "--calls",
            "40",
            "--parallel",
            "1",
            "--keep",
            kept,
        ])
    };
    let failing = ModelServer::start(|asked, before| {
        if before < 25 {
            model(asked, before)
        } else {
            Reply::status(500, "out of memory")
        }
    });
    let broken = run(&failing.url);
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        text(&broken.stderr).contains("status 500: out of memory"),
        "{}",
        text(&broken.stderr)
    );
    // Killed in the middle of a line.
    let mut lines = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(lines.lines().count(), 25);
    lines.push_str("{\"question\": \"ha");
    std::fs::write(&kept, &lines).unwrap();
    let server = ModelServer::start(model);
    let whole = run(&server.url);
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let first: Vec<String> = failing.asked().iter().take(25).map(prompt).collect();
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| !first.contains(&prompt(asked)))
    );
    // And once more nothing is left to ask, with the same words at the end but for their number.
    let again = run(&server.url);
    let rest = |output: &Output| text(&output.stdout).split_once('\n').unwrap().1.to_owned();
    assert_eq!(rest(&again), rest(&whole));
    assert!(text(&again.stdout).starts_with("m: 4 formats on 30 items, 0 questions asked"));
}

#[test]
fn a_dry_run_asks_nothing_and_shows_everything() {
    let file = items();
    let path = file.path().to_str().unwrap();
    let output = tool(&[path, "--dry-run", "--formats", "3", "--shots", "2"]);
    assert!(output.status.success());
    let shown = text(&output.stdout);
    let plain = "--- format 1 of 3\nNumber: 0\nQuestion: Is it even?\nOptions:\nA. yes\nB. no\nAnswer: A.\n\nNumber: 1\nQuestion: Is it even?\nOptions:\nA. yes\nB. no\nAnswer: B.\n\nNumber: 2\nQuestion: Is it even?\nOptions:\nA. yes\nB. no\nAnswer:\n";
    assert!(shown.starts_with(plain), "{shown}");
    assert!(
        shown.ends_with("28 items, 3 formats: at most 84 questions would be asked; nothing was\n"),
        "{shown}"
    );
    let json = tool(&[path, "--dry-run", "--formats", "3", "--json"]);
    let plan: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(plan["formats"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_wrong_is_named_with_the_way_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"fields\": {}, \"answer\": \"a\"}\n").unwrap();
    let path = file.path().to_str().unwrap();
    let check = |arguments: &[&str], said: &str| {
        let output = tool(arguments);
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output.stderr);
        assert!(error.contains(said), "{error}");
    };
    check(
        &[path, "--dry-run"],
        &format!("{path}: line 1: `fields` is empty"),
    );
    check(&["/no/such/file", "--dry-run"], "cannot read /no/such/file");
    let good = items();
    let good = good.path().to_str().unwrap();
    check(&[good], "name its endpoint with --endpoint URL");
    check(
        &[good, "--shots", "30", "--dry-run"],
        "holds 30 items: too few to show 30",
    );
    assert_eq!(tool(&[good, "--formats", "1"]).status.code(), Some(2));
}
