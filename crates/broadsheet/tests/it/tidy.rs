//! House rules that no lint knows. Each test says its rule; each finding says where.

use std::fs;
use std::path::Path;

use crate::rules::{files, none, root, short};

/// Folders in which `unsafe` may be allowed: vector kernels and file mapping.
const MAY_BE_UNSAFE: [&str; 1] = ["crates/ann/src/"];
/// Files longer than this hold more than one idea. In lines, tests included.
const FILE_LINES_MAX: usize = 600;

/// This file names what it forbids.
const THIS: &str = "crates/broadsheet/tests/it/tidy.rs";

#[test]
fn sql_stands_in_the_store_alone() {
    const VERBS: [&str; 7] = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "ALTER TABLE ",
        "PRAGMA ",
    ];
    let mut findings = Vec::new();
    each_line(&[".rs"], |file, number, line| {
        if file.starts_with("crates/store/") {
            return;
        }
        // A literal begins after a quote; one of several lines goes on at a line's start.
        if line
            .split('"')
            .map(str::trim_start)
            .any(|text| VERBS.iter().any(|verb| text.starts_with(verb)))
        {
            findings.push(format!("{file}:{number}: {}", line.trim()));
        }
    });
    none(&findings, "SQL text stands in `store` alone");
}

#[test]
fn unsafe_code_is_allowed_only_where_it_must_be() {
    let mut findings = Vec::new();
    each_line(&[".rs"], |file, number, line| {
        let lifts = line.contains("(unsafe_code")
            || line.contains("unsafe {")
            || line.contains("unsafe fn");
        if lifts && !MAY_BE_UNSAFE.iter().any(|folder| file.starts_with(folder)) {
            findings.push(format!("{file}:{number}"));
        }
    });
    none(
        &findings,
        "`unsafe` stands in vector kernels and file mapping alone",
    );
}

#[test]
fn nothing_is_left_for_later() {
    const MARKS: [&str; 6] = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("];
    let mut findings = Vec::new();
    each_line(
        &[".rs", ".html", ".css", ".js", ".py", ".sh", ".toml"],
        |file, number, line| {
            if MARKS.iter().any(|mark| line.contains(mark)) {
                findings.push(format!("{file}:{number}: {}", line.trim()));
            }
        },
    );
    none(&findings, "nothing is left for later");
}

#[test]
fn an_ignored_test_says_why() {
    let mut findings = Vec::new();
    each_line(&[".rs"], |file, number, line| {
        if line.trim() == "#[ignore]" {
            findings.push(format!("{file}:{number}"));
        }
    });
    none(&findings, "an ignored test says why");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut table = "";
    let mut findings = Vec::new();
    let mut seen = 0;
    for line in manifest
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with('[') {
            table = line;
        } else if table == "[workspace.dependencies]" {
            seen += 1;
            let reason = line
                .rsplit_once(" # ")
                .map_or(0, |(_, reason)| reason.trim().len());
            if reason < 5 && !line.contains("path = \"crates/") {
                findings.push(line.to_string());
            }
        }
    }
    assert!(seen > 20, "the list of dependencies was not found");
    none(&findings, "every dependency has its reason on its line");
}

#[test]
fn every_template_and_static_file_is_used() {
    let web = root().join("crates/web");
    let readers = files(&web, &[".rs", ".html", ".css", ".js"]);
    let texts: Vec<_> = readers
        .iter()
        .map(|file| (file, fs::read_to_string(file).unwrap()))
        .collect();
    let mut findings = Vec::new();
    for file in files(&web.join("templates"), &[""])
        .into_iter()
        .chain(files(&web.join("static"), &[""]))
    {
        let name = file.file_name().unwrap().to_str().unwrap();
        if !texts
            .iter()
            .any(|(reader, text)| **reader != file && text.contains(name))
        {
            findings.push(short(&file));
        }
    }
    none(&findings, "every template and static file is used");
}

#[test]
fn a_file_holds_one_idea() {
    let mut findings = Vec::new();
    for file in files(&root().join("crates"), &[".rs"]) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}: {lines} lines", short(&file)));
        }
    }
    none(&findings, "a source file holds one idea");
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut findings = Vec::new();
    for file in files(&root(), &[".md"]) {
        let text = fs::read_to_string(&file).unwrap();
        for target in link_targets(&text).filter(|target| is_local(target)) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !file.parent().unwrap().join(path).exists() {
                findings.push(format!("{}: {target}", short(&file)));
            }
        }
    }
    none(&findings, "links in documents lead somewhere");
}

/// The targets of `[text](target)`.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn is_local(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("mailto:") && !target.contains(' ')
}

/// Hands over every line of our own files of these endings: short path, line number from 1, text.
fn each_line(endings: &[&str], mut look: impl FnMut(&str, usize, &str)) {
    let mut lines = 0;
    for folder in ["crates", "fuzz", "bench", ".ci"] {
        for file in files(&root().join(folder), endings) {
            let name = short(&file);
            if name == THIS || is_strangers(&file) {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            for (at, line) in text.lines().enumerate() {
                lines += 1;
                look(&name, at + 1, line);
            }
        }
    }
    assert!(lines > 1000, "only {lines} lines were looked at");
}

/// Whether a file holds what others wrote: fixtures are kept as they came.
fn is_strangers(file: &Path) -> bool {
    file.components()
        .any(|part| part.as_os_str() == "fixtures" || part.as_os_str() == "corpus")
}
