//! Other people's programs as clients: huggingface_hub with its `hf papers`, feedparser, newsboat; and as receivers of
//! mail: aiosmtpd, Python's email package, dkimpy.
//!
//! The scripts are in `tests/clients`; they need Python packages, so `.ci/run clients` makes an environment for them
//! and names its Python in `BROADSHEET_TEST_PYTHON`.

use std::path::Path;
use std::process::Command;

use domain::subscription::Scope;
use serde_json::json;

use crate::mail::{home, subscribe, wish};
use crate::papers::arxiv_dump;
use crate::program::Home;

/// Runs a script of `tests/clients` against a server with the shelf, other papers and readings.
#[track_caller]
fn run(script: &str) {
    let home = Home::new();
    home.ok(&["import", &home.file("dump.jsonl", arxiv_dump(120))]);
    let now = jiff::Timestamp::now();
    let reading =
        json!({ "id": "2402.18305", "t": now.to_string(), "upvotes": 7, "numComments": 2 });
    home.ok(&[
        "import",
        &home.file("readings.jsonl", format!("{reading}\n")),
    ]);
    let server = home.serve();
    let status = script_of(&home, script).arg(&server.url).status().unwrap();
    assert!(status.success(), "{script} found a fault");
}

/// A script of `tests/clients`, to be run beside a home's data.
fn script_of(home: &Home, script: &str) -> Command {
    let python = std::env::var("BROADSHEET_TEST_PYTHON").expect(
        "BROADSHEET_TEST_PYTHON names a Python with the packages of tests/clients/requirements.txt",
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut command = Command::new(python);
    command
        .arg(folder.join(script))
        .current_dir(home.path(""))
        .env("HOME", home.path(""))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
#[ignore = "needs aiosmtpd, dkimpy and trustme from PyPI; `.ci/run clients` installs them"]
fn a_real_mail_server() {
    let home = home("", 6);
    let names: Vec<String> = (0..12).map(|n| format!("reader{n}@example.org")).collect();
    let readers: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), wish(Scope::All)))
        .collect();
    subscribe(&home, &readers);
    let program = home.command(&["digest"]).get_program().to_owned();
    let status = script_of(&home, "mail.py")
        .arg(program)
        .arg(home.data())
        .status()
        .unwrap();
    assert!(status.success(), "mail.py found a fault");
}

#[test]
#[ignore = "needs huggingface_hub from PyPI; `.ci/run clients` installs it"]
fn hugging_face_papers() {
    run("hf_papers.py");
}

#[test]
#[ignore = "needs feedparser and newsboat; `.ci/run clients` installs them"]
fn feed_readers() {
    run("feeds.py");
}
