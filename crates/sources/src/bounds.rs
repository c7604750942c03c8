//! How long strangers' texts may be, and how they are cut: at a character's border, never losing the record.

use domain::text::one_line;

/// Longest title kept, in characters. arXiv's longest is under 400.
pub const TITLE_LEN_MAX: usize = 2_000;
/// Longest abstract kept, in characters. arXiv's longest is under 7,000.
pub const ABSTRACT_LEN_MAX: usize = 50_000;
/// Most authors kept of one paper; the total is kept beside them.
pub const AUTHORS_MAX: usize = 5_000;
/// Longest name or affiliation kept, in characters.
pub const NAME_LEN_MAX: usize = 300;
/// Longest note kept (comment, journal reference), in characters.
pub const NOTE_LEN_MAX: usize = 2_000;
/// Most free words kept of one paper.
pub const TAGS_MAX: usize = 60;
/// Longest free word kept, in characters; longer ones are not words and are left out.
pub const TAG_LEN_MAX: usize = 100;
/// Most links of one kind that one record may claim.
pub const LINKS_MAX: usize = 20;

/// One line of at most `chars_max` characters, or `None` if nothing visible is left.
pub fn line(text: &str, chars_max: usize) -> Option<String> {
    // A character has at most four bytes; twice that leaves room for white space that will collapse.
    let mut line = one_line(prefix(text, chars_max.saturating_mul(8)));
    if line.len() > chars_max
        && let Some((end, _)) = line.char_indices().nth(chars_max)
    {
        line.truncate(end);
        line.truncate(line.trim_end().len());
    }
    (!line.is_empty()).then_some(line)
}

/// A title.
pub fn title(text: &str) -> Option<String> {
    line(text, TITLE_LEN_MAX)
}

/// An abstract. Hard wraps become spaces.
pub fn abstract_text(text: &str) -> Option<String> {
    line(text, ABSTRACT_LEN_MAX)
}

/// A person's name or an affiliation.
pub fn name(text: &str) -> Option<String> {
    line(text, NAME_LEN_MAX)
}

/// A comment or journal reference.
pub fn note(text: &str) -> Option<String> {
    line(text, NOTE_LEN_MAX)
}

/// Free words, each once (case apart), in the order given.
pub fn tags<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    words
        .into_iter()
        .filter(|word| word.len() <= TAG_LEN_MAX * 4)
        .filter_map(|word| line(word, TAG_LEN_MAX + 1))
        .filter(|word| word.chars().count() <= TAG_LEN_MAX && seen.insert(word.to_lowercase()))
        .take(TAGS_MAX)
        .collect()
}

/// At most the first `len_max` bytes of a text, cut at a character's border.
pub fn prefix(text: &str, len_max: usize) -> &str {
    &text[..text.floor_char_boundary(len_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(line(" á\n á á ", 3), Some("á á".into()));
        assert_eq!(line("ééé", 2), Some("éé".into()));
        assert_eq!(line("\u{200b}\n", 5), None);
        assert_eq!(prefix("é", 1), "");
        let long = "é".repeat(TITLE_LEN_MAX + 7);
        assert_eq!(title(&long).unwrap().chars().count(), TITLE_LEN_MAX);
    }

    #[test]
    fn tags_come_once() {
        let long = "x".repeat(TAG_LEN_MAX + 1);
        assert_eq!(
            tags(["Vision", " vision ", "", &long, "a b"]),
            ["Vision", "a b"]
        );
    }
}
