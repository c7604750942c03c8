//! The lab's program as a child of the server: what it prints, how it ends, what is left of it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::Home;

/// What the made-up programs print in the end.
fn outcome() -> String {
    let estimate = json!({"mean": 1.0, "low": 1.0, "high": 1.0});
    json!({ "outcome": {
        "id": "any", "scale": "tiny", "seed": 1, "seeds": 3, "verdict": "holds",
        "rows": [{"metric": "m", "name": "gain", "unit": "", "baseline": estimate, "method": estimate,
            "difference": estimate}],
        "conditions": [], "plots": [], "seconds": 0.1, "machine": "m", "date": "2026-11-23",
    }})
    .to_string()
}

/// A home whose lab is a shell script of this text.
fn home(script: &str, more: &str) -> Home {
    let home = Home::new();
    let program = home.file("lab.sh", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(home.data()).unwrap();
    let config = format!("[lab]\nprogram = \"{program}\"\n{more}\n");
    fs::write(home.data().join("broadsheet.toml"), config).unwrap();
    home
}

/// The first paper that runs.
fn some_method(home: &Home) -> String {
    let cards = home.json(&["lab", "list", "--json"]);
    cards[0]["id"].as_str().unwrap().to_string()
}

#[test]
fn an_outcome_is_kept() {
    let script = format!(
        "echo '{{\"progress\":{{\"done\":0.5,\"what\":\"half\"}}}}'\necho '{}'",
        outcome()
    );
    let home = home(&script, "");
    let method = some_method(&home);
    let out = home.ok(&["lab", "run", &method, "--scale", "tiny"]);
    assert!(out.contains("The claim holds."), "{out}");
    let runs = home.json(&["lab", "runs", "--json"]);
    assert_eq!(
        (&runs[0]["method"], &runs[0]["state"]),
        (&json!(method), &json!("done"))
    );
}

/// What is said of a lab whose program is this script.
#[track_caller]
fn check(script: &str, more: &str, expected: &str) {
    let home = home(script, more);
    let method = some_method(&home);
    let said = home.fails(&["lab", "run", &method], 1);
    assert!(said.contains(expected), "{script}: {said}");
    let runs = home.json(&["lab", "runs", "--json"]);
    assert_eq!(runs[0]["state"], "failed");
}

#[test]
fn every_other_end_is_told_as_it_is() {
    check("exit 3", "", "the program ended with exit status: 3");
    check(
        "echo 'error: no memory' >&2; exit 1",
        "",
        "and said: error: no memory",
    );
    check("kill -9 $$", "", "signal: 9");
    check("exit 0", "", "the program ended without an outcome");
    check("echo hello", "", "it wrote what cannot be read: hello");
    check(
        "head -c 5000000 /dev/zero",
        "",
        "it wrote a line of more than 4 MiB",
    );
    check(
        "exec sleep 600",
        "seconds = 1",
        "it took longer than 1 s, which is the limit here",
    );
}

#[test]
fn the_child_is_told_its_limits() {
    let script = format!("echo \"$@\" > arguments\necho '{}'", outcome());
    let home = home(&script, "memory_mb = 512");
    let method = some_method(&home);
    home.ok(&["lab", "run", &method, "--scale", "tiny", "--seed", "9"]);
    let told = fs::read_to_string(home.path("arguments")).unwrap();
    assert_eq!(
        told.trim(),
        format!("run {method} --scale tiny --seed 9 --memory-mb 512 --json")
    );
}

#[test]
fn a_missing_program_is_named_with_the_way_out() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::write(
        home.data().join("broadsheet.toml"),
        "[lab]\nenabled = false\n",
    )
    .unwrap();
    let said = home.fails(&["lab", "run", "mrl"], 1);
    assert!(said.contains("switched off"), "{said}");
    fs::write(
        home.data().join("broadsheet.toml"),
        "[lab]\nprogram = \"nowhere\"\n",
    )
    .unwrap();
    let said = home.fails(&["lab", "run", "mrl"], 1);
    assert!(
        said.contains("lab.program: there is no file nowhere"),
        "{said}"
    );
}

/// Asks until the answer is as wanted; each asking is a whole request, so this ends soon or with the test's time.
fn until(mut asked: impl FnMut() -> Value, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..20_000 {
        let value = asked();
        if wanted(&value) {
            return value;
        }
        std::thread::yield_now();
    }
    panic!("it never came to that: {}", asked());
}

#[test]
fn a_child_killed_or_cancelled_leaves_a_clear_state_and_the_queue_goes_on() {
    let script = format!(
        "case $6 in 1|2) echo $$ > pid$6; echo '{{\"progress\":{{\"done\":0.5,\"what\":\"half\"}}}}'; exec sleep 600;; esac\necho '{}'",
        outcome()
    );
    let home = home(&script, "");
    let method = some_method(&home);
    let server = home.serve();
    let order = |seed: &str| {
        let answer = server.post(&format!("/lab/{method}/runs"), &format!("seed={seed}"));
        assert_eq!(answer.status, 303);
        answer.header("location").to_string()
    };
    let state = |address: &str| server.get(&format!("{address}.json")).body;
    let seen = |address: &str| serde_json::from_str::<Value>(&state(address)).unwrap();
    let (killed, cancelled, well) = (order("1"), order("2"), order("3"));

    until(|| seen(&killed), |run| run["done"] == 0.5);
    let pid = fs::read_to_string(home.path("pid1")).unwrap();
    assert!(
        Command::new("kill")
            .args(["-9", pid.trim()])
            .status()
            .unwrap()
            .success()
    );
    let end = until(|| seen(&killed), |run| run["state"] == "failed");
    assert!(
        end["words"].as_str().unwrap().contains("signal: 9"),
        "{end}"
    );

    until(|| seen(&cancelled), |run| run["done"] == 0.5);
    server.post(&format!("{cancelled}/cancel"), "");
    assert_eq!(seen(&cancelled)["state"], "cancelled");
    let end = until(|| seen(&well), |run| run["state"] == "done");
    assert_eq!(end["outcome"]["verdict"], "holds");
    // The cancelled child is gone, too.
    let pid = fs::read_to_string(home.path("pid2")).unwrap();
    let alive = Command::new("kill")
        .args(["-0", pid.trim()])
        .output()
        .unwrap();
    assert!(!alive.status.success());
}
