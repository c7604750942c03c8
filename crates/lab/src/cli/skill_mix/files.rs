//! A reader's own skills and topics.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

use crate::cli::asking::read_file;

/// Most skills, and most topics.
const ENTRIES_MAX: usize = 10_000;
/// Longest name, definition or example, in bytes.
const TEXT_MAX: usize = 20_000;
const EXAMPLE: &str = r#"{"name": "metaphor", "definition": "speaks of one thing as of another", "example": "Time is a thief."}"#;

/// A skill, as its line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skill {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) definition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) example: String,
}

/// Reads skills, a JSON object a line.
pub(super) fn skills(path: &Path) -> Result<Vec<Skill>> {
    let text = read_file(path)?;
    let skills = entries(&text, |line| {
        let skill: Skill = serde_json::from_str(line).map_err(|error| {
            // The parser's own line is always the first.
            let said = error.to_string().replace(" at line 1 column", ", column");
            anyhow!("it is no skill ({said}); one looks like {EXAMPLE}")
        })?;
        let name = skill.name.trim().to_owned();
        Ok((name.clone(), Skill { name, ..skill }))
    });
    skills.with_context(|| path.display().to_string())
}

/// Reads topics, one a line.
pub(super) fn topics(path: &Path) -> Result<Vec<String>> {
    let text = read_file(path)?;
    let topics = entries(&text, |line| {
        let topic = line.trim().to_owned();
        Ok((topic.clone(), topic))
    });
    topics.with_context(|| path.display().to_string())
}

/// Reads what stands on lines that are not empty; names are there once.
fn entries<T>(text: &str, read: impl Fn(&str) -> Result<(String, T)>) -> Result<Vec<T>> {
    let mut lines: HashMap<String, usize> = HashMap::new();
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let number = at + 1;
        ensure!(
            line.len() <= TEXT_MAX,
            "line {number}: it is over {TEXT_MAX} bytes"
        );
        let (name, entry) = read(line).with_context(|| format!("line {number}"))?;
        ensure!(!name.is_empty(), "line {number}: the name is empty");
        if let Some(first) = lines.insert(name.to_lowercase(), number) {
            return Err(anyhow!(
                "line {number}: `{name}` stands on line {first} already"
            ));
        }
        all.push(entry);
        ensure!(all.len() <= ENTRIES_MAX, "more than {ENTRIES_MAX} lines");
    }
    ensure!(!all.is_empty(), "it holds nothing");
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, error: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let found = format!("{:#}", skills(file.path()).unwrap_err());
        let found = found.split_once(": ").unwrap().1;
        assert!(found.starts_with(error), "{found}");
    }

    #[test]
    fn skills_are_read_or_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            format!("\u{feff}{EXAMPLE}\r\n\n{{\"name\":\" irony \"}}"),
        )
        .unwrap();
        let skills = skills(file.path()).unwrap();
        assert_eq!(skills[0].name, "metaphor");
        assert_eq!(skills[1].name, "irony");
        check("", "it holds nothing");
        check(
            "irony\n",
            "line 1: it is no skill (expected value, column 1); one looks like",
        );
        check(
            "{\"name\":\"a\"}\n\n{\"name\":\"A\"}",
            "line 3: `A` stands on line 1 already",
        );
        check("{\"name\":\" \"}", "line 1: the name is empty");
        check(
            "{\"name\":\"a\",\"defintion\":\"b\"}",
            "line 1: it is no skill (unknown field",
        );
    }
}
