//! The program `broadsheet-lab`, driven from outside.

use std::process::{Command, Output};

fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_broadsheet-lab"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_unknown_paper_is_named_with_the_way_out() {
    let output = lab(&["run", "no-such-paper"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: no paper `no-such-paper` runs here; `broadsheet-lab list` shows those that do\n"
    );
}

#[test]
fn the_page_of_papers_is_made_from_the_cards() {
    let made = text(&lab(&["list", "--markdown"]).stdout);
    let kept = include_str!("../../../../docs/papers.md");
    assert!(
        made == kept,
        "run `broadsheet-lab list --markdown > docs/papers.md`"
    );
}

#[test]
fn wrong_usage_exits_with_two() {
    assert_eq!(lab(&["run"]).status.code(), Some(2));
    assert_eq!(
        lab(&["run", "mrl", "--scale", "huge"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_law_is_fitted_to_a_readers_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (file, svg) = (
        folder.path().join("runs.csv"),
        folder.path().join("fit.svg"),
    );
    let rows = (0..12).map(|i| {
        let n = 1e5 * 3f64.powi(i);
        format!("run {i},{n},{}\n", 1.5 + 60.0 * n.powf(-0.3))
    });
    let table = format!("name,params,loss\n{}", rows.collect::<String>());
    std::fs::write(&file, table).unwrap();
    let (file, drawn) = (file.to_str().unwrap(), svg.to_str().unwrap());
    let options = [
        "--form",
        "floor",
        "--x",
        "params",
        "--holdout",
        "params>1e9",
        "--json",
    ];
    let more = ["--predict", "1e11", "--bootstrap", "20", "--svg", drawn];
    let output = lab(&[&["fit", file], &options[..], &more[..]].concat());
    let found: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let alpha = found["parameters"][2]["value"].as_f64().unwrap();
    assert!((alpha - 0.3).abs() < 1e-4, "{found}");
    assert_eq!(
        (&found["runs"], &found["held_out"]["runs"]),
        (&9.into(), &3.into())
    );
    let predicted = found["predictions"][0]["value"].as_f64().unwrap();
    assert!((predicted - 1.5 - 60.0 * 1e11f64.powf(-0.3)).abs() < 1e-4);
    assert!(std::fs::read_to_string(&svg).unwrap().contains("held out"));

    let output = lab(&["fit", file, "--form", "floor", "--x", "tokens"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        format!("error: {file} has no column `tokens`; it has name, params, loss\n")
    );
    let output = lab(&["fit", "no-such-file.csv", "--form", "power"]);
    assert!(text(&output.stderr).starts_with("error: cannot read no-such-file.csv: "));
    assert_eq!(
        lab(&["fit", file, "--form", "cubic"]).status.code(),
        Some(2)
    );
}
