//! Which crate may depend on which: the table of ARCHITECTURE.md, held against the manifests.

use crate::rules::{Kind, Member, members, none, read_toml, root};

/// Each crate with the crates of ours that it may depend on.
const MAY_DEPEND_ON: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("ann", &[]),
    ("sources", &["domain"]),
    ("store", &["domain"]),
    ("encode", &["domain", "ann"]),
    ("index", &["domain", "ann"]),
    ("search", &["domain", "ann", "encode", "index"]),
    ("web", &["domain", "store", "search"]),
    (
        "broadsheet",
        &[
            "domain", "ann", "sources", "store", "encode", "index", "search", "web",
        ],
    ),
    ("lab", &["domain", "ann", "encode", "index", "search"]),
];

/// What tests may use beyond that: `web` fills an index to search in, words and vectors.
const TESTS_MAY_ALSO_USE: [(&str, &str); 2] = [("web", "encode"), ("web", "index")];

/// Libraries that one crate alone may know, so that a decision stays in one place.
const KNOWN_TO_ONE: [(&str, &str); 21] = [
    ("ammonia", "web"),
    ("argon2", "web"),
    ("askama", "web"),
    ("atom_syndication", "web"),
    ("axum", "web"),
    ("biblatex", "sources"),
    ("burn", "lab"),
    ("feed-rs", "sources"),
    ("figment", "broadsheet"),
    ("governor", "web"),
    ("lettre", "broadsheet"),
    ("mail-parser", "broadsheet"),
    ("openidconnect", "broadsheet"),
    ("pulldown-cmark", "web"),
    ("reqwest", "sources"),
    ("rss", "web"),
    ("sqlx", "store"),
    ("tantivy", "index"),
    ("tower", "web"),
    ("tower-http", "web"),
    ("ureq", "lab"),
];

#[test]
fn crates_depend_only_on_what_lies_below_them() {
    let mut findings = Vec::new();
    for member in members() {
        let Some(allowed) = allowed(&member.name) else {
            findings.push(format!("{} has no place in the table", member.name));
            continue;
        };
        for kind in [Kind::Product, Kind::Tests] {
            for name in member
                .dependencies(kind)
                .iter()
                .filter(|name| self::allowed(name).is_some())
            {
                // A crate's own tests may ask it for its `testing` feature.
                let itself = *name == member.name;
                let for_tests = kind == Kind::Tests
                    && (itself || TESTS_MAY_ALSO_USE.contains(&(&member.name, name)));
                if !allowed.contains(&name.as_str()) && !for_tests {
                    findings.push(format!("{} may not depend on {name}", member.name));
                }
            }
        }
    }
    none(&findings, "crates depend only on what lies below them");
}

#[test]
fn the_table_has_no_circle() {
    let place = |name: &str| MAY_DEPEND_ON.iter().position(|(n, _)| *n == name).unwrap();
    for (name, below) in MAY_DEPEND_ON {
        for other in below {
            assert!(
                place(other) < place(name),
                "{name} stands above {other} in the data's way"
            );
        }
    }
}

#[test]
fn one_crate_alone_knows_each_outside_world() {
    let mut findings = Vec::new();
    for member in members() {
        for dependency in member.dependencies(Kind::Product) {
            let owner = KNOWN_TO_ONE
                .iter()
                .find(|(library, _)| *library == dependency)
                .map(|(_, owner)| *owner);
            if owner.is_some_and(|owner| owner != member.name) {
                findings.push(format!(
                    "{} uses {dependency}, which is {}'s",
                    member.name,
                    owner.unwrap()
                ));
            }
        }
    }
    none(&findings, "one crate alone knows each outside world");
}

#[test]
fn a_folder_is_named_as_its_crate_and_says_what_it_is() {
    const DRAWERS: [&str; 9] = [
        "common", "config", "core", "errors", "helpers", "macros", "shared", "types", "utils",
    ];
    for member in members() {
        assert_eq!(member.name, member.package());
        assert!(
            !DRAWERS.contains(&member.name.as_str()),
            "`{}` is a drawer without a label",
            member.name
        );
    }
}

#[test]
fn every_dependency_is_used_and_comes_from_the_workspace() {
    let members = members();
    let workspace = read_toml(&root().join("Cargo.toml"));
    let named = workspace["workspace"]["dependencies"].as_table().unwrap();
    let mut findings = Vec::new();
    for member in &members {
        for kind in [Kind::Product, Kind::Tests] {
            let dependencies = member.dependencies(kind);
            let unused = dependencies.iter().filter(|name| !uses(member, name, kind));
            findings.extend(unused.map(|name| format!("{} does not use {name}", member.name)));
            let unnamed = dependencies
                .iter()
                .filter(|name| !named.contains_key(*name));
            findings.extend(
                unnamed
                    .map(|name| format!("{}: {name} is not in the workspace's list", member.name)),
            );
        }
    }
    for name in named.keys() {
        let used = |m: &Member| {
            [Kind::Product, Kind::Tests]
                .iter()
                .any(|kind| m.dependencies(*kind).contains(name))
        };
        if !members.iter().any(used) {
            findings.push(format!("no crate uses {name}"));
        }
    }
    none(
        &findings,
        "every dependency is used and comes from the workspace",
    );
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    MAY_DEPEND_ON
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, below)| *below)
}

/// Whether a crate's own source names a dependency. Tests stand beside the code as well as in folders of their own.
fn uses(member: &Member, dependency: &str, kind: Kind) -> bool {
    let folders: &[&str] = match kind {
        Kind::Product => &["src"],
        Kind::Tests => &["src", "tests", "benches"],
    };
    let name = dependency.replace('-', "_");
    let sources = folders
        .iter()
        .flat_map(|folder| crate::rules::files(&member.folder.join(folder), &[".rs"]));
    sources.into_iter().any(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        text.match_indices(&name)
            .any(|(at, _)| is_whole_word(&text, at, name.len()))
    })
}

fn is_whole_word(text: &str, at: usize, len: usize) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let before = text[..at].chars().next_back().is_some_and(part_of_name);
    let after = text[at + len..].chars().next().is_some_and(part_of_name);
    !before && !after
}
