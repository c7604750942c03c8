//! The starter shelf's papers as texts: titles and summaries in our own words.

use std::sync::LazyLock;

use serde::Deserialize;

/// A paper of the starter shelf.
#[derive(Debug, Clone, Deserialize)]
pub struct Text {
    /// Its arXiv id.
    pub arxiv: String,
    /// Its title.
    pub title: String,
    /// What it says, in a few sentences.
    pub summary: String,
    /// The kind of its method.
    pub family: String,
}

/// All papers of the starter shelf, in its order.
pub fn shelf() -> &'static [Text] {
    static SHELF: LazyLock<Vec<Text>> = LazyLock::new(|| {
        include_str!("../../../broadsheet/shelf/shelf.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("the shelf that ships is whole"))
            .collect()
    });
    &SHELF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_is_there() {
        assert_eq!(shelf().len(), 99);
        assert!(shelf().iter().all(|text| text.summary.len() > 100));
    }
}
