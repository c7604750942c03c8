//! The configuration: checked before anything is done, and documented whole.

use std::fs;

use toml::Value;

use crate::program::Home;
use crate::rules::root;

#[test]
fn check_prints_every_key() {
    let home = Home::new();
    let printed: toml::Table = home.ok(&["config", "check"]).parse().unwrap();
    assert_eq!(printed["listen"].as_str(), Some("127.0.0.1:8080"));
    assert_eq!(printed["sources"]["every_minutes"].as_integer(), Some(60));
}

/// What is said of a configuration file's text.
#[track_caller]
fn check(text: &str, expected: &str) {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::write(home.data().join("broadsheet.toml"), text).unwrap();
    let said = home.fails(&["config", "check"], 1);
    assert!(said.contains(expected), "{text}: {said}");
}

#[test]
fn what_is_misspelt_is_named() {
    check("titel = \"Ours\"", "titel");
    check("[sources]\nevry_minutes = 60", "evry_minutes");
    check("listen = \"8080\"", "listen");
    check("client_header = \"X Real\"", "client_header: `X Real`");
    check("[accounts]\nmode = \"open\"", "accounts");
    check(
        "[accounts.openid]\nissuer = \"x\"",
        "accounts.openid.issuer",
    );
    check(
        "time_zone = \"Europe/Atlantis\"",
        "time_zone `Europe/Atlantis` is not known",
    );
    check(
        "base_url = \"papers.example.org\"",
        "base_url `papers.example.org` is not an http or https address",
    );
    check(
        "[sources]\narxiv = [\"computer science\"]",
        "sources.arxiv: `computer science` is not a category",
    );
    check(
        "[sources]\nbiorxiv = [\"chemrxiv\"]",
        "sources.biorxiv: `chemrxiv`",
    );
    check(
        "[sources]\nfeeds = [\"file:///etc/passwd\"]",
        "sources.feeds",
    );
    check(
        "[sources]\nevery_minutes = 1",
        "sources.every_minutes is 1; the least is 10",
    );
    check("listen = ", "configuration");
}

#[test]
fn the_environment_comes_last() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::write(
        home.data().join("broadsheet.toml"),
        "title = \"From the file\"\ncontact = \"file@example.org\"",
    )
    .unwrap();
    let mut command = home.command(&["config", "check"]);
    let output = command
        .env("BROADSHEET_TITLE", "From outside")
        .env("BROADSHEET_SOURCES__DAILY_PAPERS", "false");
    let printed: toml::Table = String::from_utf8(output.output().unwrap().stdout)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(printed["title"].as_str(), Some("From outside"));
    assert_eq!(printed["contact"].as_str(), Some("file@example.org"));
    assert_eq!(printed["sources"]["daily_papers"].as_bool(), Some(false));
}

#[test]
fn a_password_is_never_printed() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    let file = home.data().join("broadsheet.toml");
    fs::write(
        file,
        "database = \"postgres://reader:hunter2@127.0.0.1:1/papers\"",
    )
    .unwrap();
    let ran = home.run(&["config", "check"]);
    assert!(
        ran.out.contains("postgres://reader:***@127.0.0.1"),
        "{}",
        ran.out
    );
    let failed = home.run(&["today"]);
    assert_eq!(failed.code, 1, "nothing listens there");
    for text in [ran.out, ran.err, failed.out, failed.err] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let home = Home::new();
    assert!(
        home.fails(&["--config", "nowhere.toml", "config", "check"], 1)
            .contains("nowhere.toml")
    );
}

#[test]
fn every_key_is_documented() {
    let printed: toml::Table = Home::new().ok(&["config", "check"]).parse().unwrap();
    let documented = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut missing = Vec::new();
    each_key("", &Value::Table(printed), &mut |key| {
        if !documented.contains(&format!("`{key}`")) {
            missing.push(key.to_string());
        }
    });
    crate::rules::none(&missing, "docs/configuration.md names every key");
}

/// Hands over the dotted name of every value.
fn each_key(above: &str, value: &Value, found: &mut impl FnMut(&str)) {
    let Value::Table(table) = value else {
        return found(above);
    };
    for (key, value) in table {
        let name = if above.is_empty() {
            key.clone()
        } else {
            format!("{above}.{key}")
        };
        each_key(&name, value, found);
    }
}
