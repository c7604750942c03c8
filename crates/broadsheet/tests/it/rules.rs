//! What the tests of the house rules read: the workspace's manifests and files.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    crates.parent().unwrap().to_path_buf()
}

/// A crate of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name, which is its folder's.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    manifest: Table,
}

/// Which of a manifest's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the crate is built with, on any platform.
    Product,
    /// What only its tests and benches use.
    Tests,
}

/// Every crate, by name.
pub(crate) fn members() -> Vec<Member> {
    let mut members: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| Member {
            name: folder.file_name().unwrap().to_str().unwrap().to_string(),
            manifest: read_toml(&folder.join("Cargo.toml")),
            folder,
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(members.len() >= 7, "found only {} crates", members.len());
    members
}

impl Member {
    /// The package's name as its manifest says it.
    pub(crate) fn package(&self) -> &str {
        self.manifest["package"]["name"].as_str().unwrap()
    }

    /// Names of the dependencies of a kind, of all platforms.
    pub(crate) fn dependencies(&self, kind: Kind) -> Vec<String> {
        let keys: &[&str] = match kind {
            Kind::Product => &["dependencies", "build-dependencies"],
            Kind::Tests => &["dev-dependencies"],
        };
        let platforms = self.manifest.get("target").and_then(|t| t.as_table());
        let tables = platforms
            .into_iter()
            .flat_map(|p| p.values())
            .filter_map(|t| t.as_table());
        tables
            .chain([&self.manifest])
            .flat_map(|table| keys.iter().filter_map(|key| table.get(*key)))
            .filter_map(|table| table.as_table())
            .flat_map(|table| table.keys().cloned())
            .collect()
    }
}

/// A TOML file.
pub(crate) fn read_toml(file: &Path) -> Table {
    let text = fs::read_to_string(file).unwrap();
    text.parse()
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Files below a folder whose names end so, sorted; build outputs and hidden folders are passed over.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A file's path as people write it: below the workspace's folder, with slashes.
pub(crate) fn short(file: &Path) -> String {
    let below = file.strip_prefix(root()).unwrap_or(file);
    below.to_string_lossy().replace('\\', "/")
}

/// Fails with every finding on a line of its own.
#[track_caller]
pub(crate) fn none(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
