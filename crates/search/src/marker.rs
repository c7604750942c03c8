//! Highlighting: which stretches of a title or an abstract match the query, and which piece of an abstract to show.
//!
//! Texts carry LaTeX, and a reader's page turns it into formulas: a mark or a cut must never fall inside `$...$`,
//! `\(...\)` or `\command{...}`. Such stretches are *atoms* here: marked, shown and cut as a whole.

use std::collections::HashMap;
use std::ops::Range;

use domain::hit::Segment;
use index::tokens::{self, Word};

use crate::atoms::atoms;
use crate::plan;
use crate::query;
use crate::window::{Mark, pieces, window};

/// Longest text that is looked at, in bytes; what is beyond stays unmarked. Abstracts are under 10 KB.
const TEXT_LEN_MAX: usize = 64 * 1024;
/// Longest snippet, in characters.
const SNIPPET_CHARS_MAX: usize = 2000;

/// Knows a query's words in all their stems and marks them in texts of papers.
#[derive(Debug, Clone, Default)]
pub struct Marker {
    /// Stems of each word or phrase, by first stem.
    sequences: HashMap<String, Vec<(usize, Vec<String>)>>,
    /// First characters of all stems: no other word of a text can match.
    beginnings: Vec<char>,
    /// How many sequences there are.
    count: usize,
}

impl Marker {
    /// A marker of a query's words, as a search for it would give.
    pub fn for_query(text: &str) -> Marker {
        plan::plan(&query::parse(text)).marker
    }

    /// Adds a word, or a phrase whose words must follow each other.
    pub(crate) fn add(&mut self, words: &[Word]) {
        let stems: Vec<String> = words.iter().map(|word| word.stem.clone()).collect();
        let Some(first) = stems.first().cloned() else {
            return;
        };
        for beginning in stems.iter().filter_map(|stem| stem.chars().next()) {
            if !self.beginnings.contains(&beginning) {
                self.beginnings.push(beginning);
            }
        }
        let known = self.sequences.entry(first).or_default();
        if !known.iter().any(|(_, sequence)| *sequence == stems) {
            known.push((self.count, stems));
            self.count += 1;
        }
    }

    /// The whole text, cut into marked and unmarked segments. Used for titles.
    pub fn mark(&self, text: &str) -> Vec<Segment> {
        let looked_at = &text[..text.floor_char_boundary(TEXT_LEN_MAX)];
        let marks = self.marks(looked_at, &atoms(looked_at));
        segments(text, 0..text.len(), &marks)
    }

    /// The best stretch of about `chars_max` characters, cut at words and never inside `$...$`, marked. Used for
    /// abstracts. `…` stands where the text goes on.
    pub fn snippet(&self, text: &str, chars_max: usize) -> Vec<Segment> {
        let chars_max = chars_max.clamp(1, SNIPPET_CHARS_MAX);
        let looked_at = &text[..text.floor_char_boundary(TEXT_LEN_MAX)];
        let atoms = atoms(looked_at);
        let marks = self.marks(looked_at, &atoms);
        let pieces = pieces(looked_at, &atoms);
        let shown = window(&pieces, &marks, chars_max);
        let mut cut = segments(text, shown.clone(), &marks);
        let dots = |text: &str| Segment {
            text: text.to_string(),
            marked: false,
        };
        if !text[..shown.start].trim().is_empty() {
            cut.insert(0, dots("… "));
        }
        if !text[shown.end..].trim().is_empty() {
            cut.push(dots(" …"));
        }
        cut
    }

    /// All matching stretches, ascending, widened to whole atoms; they may overlap.
    fn marks(&self, text: &str, atoms: &[Range<usize>]) -> Vec<Mark> {
        if self.count == 0 {
            return Vec::new();
        }
        let (joined, words): (Vec<Word>, Vec<Word>) =
            tokens::words_beginning(text, &self.beginnings)
                .into_iter()
                .partition(|word| word.joined);
        let mut marks = Vec::new();
        for list in [&joined, &words] {
            for (i, word) in list.iter().enumerate() {
                for (sequence, stems) in self.sequences.get(&word.stem).into_iter().flatten() {
                    if let Some(range) = matched(&list[i..], stems) {
                        marks.push(Mark {
                            range: widened(range, atoms),
                            sequence: *sequence,
                        });
                    }
                }
            }
        }
        marks.sort_by_key(|mark| (mark.range.start, mark.range.end, mark.sequence));
        marks
    }
}

/// Where a sequence of stems stands at the beginning of a list of words.
fn matched(words: &[Word], stems: &[String]) -> Option<Range<usize>> {
    let run = words.get(..stems.len())?;
    let (first, last) = (run.first()?, run.last()?);
    let same = run.iter().zip(stems).all(|(word, stem)| word.stem == *stem);
    same.then_some(first.range.start..last.range.end)
}

/// The range together with the atoms it touches.
fn widened(range: Range<usize>, atoms: &[Range<usize>]) -> Range<usize> {
    let from = atoms.partition_point(|atom| atom.end <= range.start);
    let mut wide = range.clone();
    for atom in atoms[from..]
        .iter()
        .take_while(|atom| atom.start < range.end)
    {
        wide.start = wide.start.min(atom.start);
        wide.end = wide.end.max(atom.end);
    }
    wide
}

/// A stretch of a text as segments; marks that stick out are left out.
fn segments(text: &str, shown: Range<usize>, marks: &[Mark]) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    let mut push = |range: Range<usize>, marked: bool| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            found.push(Segment {
                text: text.to_string(),
                marked,
            });
        }
    };
    let mut at = shown.start;
    let mut marks = marks
        .iter()
        .map(|mark| mark.range.clone())
        .filter(|range| range.start >= shown.start && range.end <= shown.end)
        .peekable();
    while let Some(mut range) = marks.next() {
        // Overlapping marks are one.
        while let Some(next) = marks.next_if(|next| next.start < range.end) {
            range.end = range.end.max(next.end);
        }
        push(at..range.start, false);
        at = range.end;
        push(range, true);
    }
    push(at..shown.end, false);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(words: &[&str]) -> Marker {
        let mut marker = Marker::default();
        for text in words {
            let words: Vec<Word> = tokens::words(text)
                .into_iter()
                .filter(|w| !w.joined)
                .collect();
            marker.add(&words);
        }
        marker
    }

    fn show(segments: &[Segment]) -> String {
        let show = |s: &Segment| {
            if s.marked {
                format!("[{}]", s.text)
            } else {
                s.text.clone()
            }
        };
        segments.iter().map(show).collect()
    }

    #[track_caller]
    fn check(words: &[&str], text: &str, expected: &str) {
        assert_eq!(show(&marker(words).mark(text)), expected);
    }

    #[track_caller]
    fn check_snippet(words: &[&str], chars_max: usize, text: &str, expected: &str) {
        assert_eq!(show(&marker(words).snippet(text, chars_max)), expected);
    }

    #[test]
    fn words_are_marked_in_all_forms() {
        check(
            &["transformers"],
            "A Transformer is transformed",
            "A [Transformer] is [transformed]",
        );
        check(&["naïve"], "Naive \"naïve\"", "[Naive] \"[naïve]\"");
        check(&[], "Nothing here", "Nothing here");
        check(&["x"], "", "");
    }

    #[test]
    fn phrases_are_marked_as_a_whole() {
        check(
            &["neural network"],
            "Neural networks, neural nets",
            "[Neural networks], neural nets",
        );
        check(
            &["self-attention"],
            "self-attention; self attention; self",
            "[self-attention]; [self attention]; self",
        );
    }

    #[test]
    fn formulas_are_marked_as_a_whole() {
        check(
            &["synchronized"],
            r"a \textit{synchronized} one",
            r"a [\textit{synchronized}] one",
        );
        check(
            &["l1"],
            r"the $\ell_1 + x$-norm",
            r"the [$\ell_1 + x$]-norm",
        );
        check(
            &["dollars"],
            "costs $5 dollars or $10 dollars",
            "costs $5 [dollars] or $10 [dollars]",
        );
    }

    #[test]
    fn snippets_show_what_matched() {
        let text = "One two three four five six seven eight nine ten eleven twelve.";
        check_snippet(&["ten"], 24, text, "… nine [ten] eleven twelve.");
        check_snippet(&["two"], 24, text, "One [two] three four five …");
        check_snippet(
            &["four", "eight", "nine"],
            24,
            text,
            "… [eight] [nine] ten eleven …",
        );
        check_snippet(&["absent"], 12, text, "One two …");
        check_snippet(
            &["ten"],
            200,
            text,
            "One two three four five six seven eight nine [ten] eleven twelve.",
        );
        check_snippet(&["ten"], 24, "", "");
    }

    #[test]
    fn formulas_are_not_cut() {
        let text = r"alpha beta $x + y + z + w$ gamma \textbf{delta epsilon zeta} eta theta";
        check_snippet(&["gamma"], 20, text, "… [gamma] …");
        check_snippet(&["delta"], 10, text, r"… [\textbf{delta epsilon zeta}] …");
        check_snippet(&["beta"], 30, text, "alpha [beta] $x + y + z + w$ …");
    }

    #[test]
    fn long_texts_take_bounded_time() {
        let texts = [
            "$a ".repeat(30_000),
            "\\(".repeat(30_000),
            "\\x{".repeat(20_000),
            "a".repeat(90_000),
            "a ".repeat(40_000),
        ];
        for text in texts {
            let cut = marker(&["a"]).snippet(&text, 300);
            assert!(show(&cut).chars().count() < 1000);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_cut_badly(
            text in r#"([a-c]{1,3}|[ \n]|\$|\$a\+b\$|\\(textit|x)\{|\}|\\|[äß深]|-|\PC){0,60}"#,
            chars_max in 1usize..80,
        ) {
            let marker = marker(&["a", "b c", "深"]);
            let whole: String = marker.mark(&text).iter().map(|s| s.text.as_str()).collect();
            prop_assert_eq!(&whole, &text);
            let snippet = marker.snippet(&text, chars_max);
            let plain: String = snippet.iter().map(|s| s.text.as_str()).collect();
            let inner = plain.strip_prefix("… ").filter(|_| !text.starts_with("… ")).unwrap_or(&plain);
            let inner = inner.strip_suffix(" …").filter(|_| !text.ends_with(" …")).unwrap_or(inner);
            let at = text.find(inner);
            prop_assert!(at.is_some(), "{:?} is not of {:?}", inner, text);
            // No border of any occurrence-independent cut lies within an atom: balanced by construction of `atoms`.
            let known = atoms(&text);
            for range in known {
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
