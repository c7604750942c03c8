//! Words of general English with what they mean, from WordNet's data files.
//!
//! Papers of one field do not say what the words of another mean; a dictionary says it of all.

use std::path::Path;

use anyhow::{Context, Result};

/// WordNet's numbers for the kinds of nouns that abstracts speak of and papers of one field do not explain: acts,
/// bodies, cognition, phenomena, processes, states (diseases among them) and substances.
const NOTIONS: [&str; 7] = ["04", "08", "09", "19", "22", "26", "27"];

/// Each meaning in a `data.*` file as a text: its words, and its definition without examples.
pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Lines that begin with a space are the licence.
    let lines = text.lines().filter(|line| !line.starts_with(' '));
    Ok(lines.filter_map(meaning).collect())
}

/// `offset file type count word id ... | definition; "example"`, the count in hexadecimal.
fn meaning(line: &str) -> Option<String> {
    let (data, gloss) = line.split_once(" | ")?;
    let mut fields = data.split(' ');
    let (file, count) = (fields.nth(1)?, fields.nth(1)?);
    if !NOTIONS.contains(&file) {
        return None;
    }
    let count = usize::from_str_radix(count, 16).ok()?;
    let words: Vec<String> = fields
        .step_by(2)
        .take(count)
        .map(|word| word.replace('_', " "))
        .collect();
    let definition = gloss.split("; \"").next().unwrap_or(gloss).trim();
    Some(format!("{}: {definition}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_is_its_words_and_definition() {
        let line = "14132880 26 n 02 kidney_disease 0 renal_disorder 0 003 @ 14085287 n 0000 | a disease \
            affecting the kidneys; \"he suffers from it\"  ";
        let expected = "kidney disease, renal disorder: a disease affecting the kidneys";
        assert_eq!(meaning(line).as_deref(), Some(expected));
        assert_eq!(
            meaning("00015568 05 n 01 animal 0 000 | a living organism"),
            None
        );
        assert_eq!(meaning("nonsense"), None);
    }
}
