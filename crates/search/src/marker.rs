//! Highlighting: which stretches of a title or an abstract match the query, and which piece of an abstract to show.
//!
//! Texts carry LaTeX, and a reader's page turns it into formulas: a mark or a cut must never fall inside `$...$`,
//! `\(...\)` or `\command{...}`. Such stretches are *atoms* here: marked, shown and cut as a whole.

use std::collections::HashMap;
use std::ops::Range;

use domain::hit::Segment;
use index::tokens::{self, Word};

/// Longest text that is looked at, in bytes; what is beyond stays unmarked. Abstracts are under 10 KB.
const TEXT_LEN_MAX: usize = 64 * 1024;
/// Longest atom, in bytes: a lone dollar sign must not swallow a page.
const ATOM_LEN_MAX: usize = 400;
/// A stretch without spaces is cut after so many characters if it must be cut at all.
const PIECE_CHARS_MAX: usize = 80;
/// Longest snippet, in characters.
const SNIPPET_CHARS_MAX: usize = 2000;

/// Knows a query's words in all their stems and marks them in texts of papers.
#[derive(Debug, Clone, Default)]
pub struct Marker {
    /// Stems of each word or phrase, by first stem.
    sequences: HashMap<String, Vec<(usize, Vec<String>)>>,
    /// How many sequences there are.
    count: usize,
}

/// A matching stretch, and the number of the word or phrase it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    range: Range<usize>,
    sequence: usize,
}

impl Marker {
    /// Adds a word, or a phrase whose words must follow each other.
    pub(crate) fn add(&mut self, words: &[Word]) {
        let stems: Vec<String> = words.iter().map(|word| word.stem.clone()).collect();
        let Some(first) = stems.first().cloned() else {
            return;
        };
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
        let (joined, words): (Vec<Word>, Vec<Word>) = tokens::words(text)
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

/// The stretches that must stay whole, ascending, not overlapping.
fn atoms(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'$' => dollar_end(bytes, at),
            b'\\' => Some(command_end(bytes, at)),
            _ => None,
        };
        match end {
            // Ends lie behind ASCII characters, so they never cut a character; a backslash before another
            // character is widened by it.
            Some(end) => {
                let end = text.ceil_char_boundary(end);
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The end of `$...$` or `$$...$$` that begins here. Prices are told from formulas as Pandoc does it: no space
/// after the opening sign or before the closing one, and no digit after that.
fn dollar_end(bytes: &[u8], at: usize) -> Option<usize> {
    let double = bytes.get(at + 1) == Some(&b'$');
    let width = if double { 2 } else { 1 };
    let from = at + width;
    if bytes.get(from).is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let stop = bytes.len().min(at + ATOM_LEN_MAX);
    let mut i = from;
    while i < stop {
        match bytes[i] {
            b'\\' => i += 1,
            b'$' if double && bytes.get(i + 1) != Some(&b'$') => {}
            b'$' => {
                let spaced = bytes[i - 1].is_ascii_whitespace();
                let digit = bytes.get(i + width).is_some_and(u8::is_ascii_digit);
                if double || !(spaced || digit) {
                    return Some((i + width).min(bytes.len()));
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// The end of a command that begins here, with its arguments in braces; of `\(...\)` and `\[...\]`.
fn command_end(bytes: &[u8], at: usize) -> usize {
    let closing: Option<&[u8]> = match bytes.get(at + 1) {
        Some(b'(') => Some(b"\\)"),
        Some(b'[') => Some(b"\\]"),
        _ => None,
    };
    let stop = bytes.len().min(at + ATOM_LEN_MAX);
    if let Some(closing) = closing {
        let inside = &bytes[at..stop];
        let close = inside.windows(2).skip(2).position(|pair| pair == closing);
        return close.map_or(at + 2, |close| at + 2 + close + 2);
    }
    let letters = bytes[at + 1..]
        .iter()
        .take(60)
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    let mut end = (at + 1 + letters.max(1)).min(bytes.len());
    while bytes.get(end) == Some(&b'{') {
        match brace_end(&bytes[end..stop.max(end)]) {
            Some(len) => end += len,
            None => break,
        }
    }
    end
}

/// Length of a `{...}` group, with the groups inside.
fn brace_end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// A stretch that is shown or not as a whole: a word with its punctuation, and the atoms in it.
struct Piece {
    range: Range<usize>,
    chars: usize,
}

fn pieces(text: &str, atoms: &[Range<usize>]) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut atoms = atoms.iter().peekable();
    let mut open: Option<Piece> = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let step = match atoms.next_if(|atom| atom.start == at) {
            Some(atom) => &text[atom.clone()],
            None if c.is_whitespace() => {
                found.extend(open.take());
                at += c.len_utf8();
                continue;
            }
            None => &text[at..at + c.len_utf8()],
        };
        if open
            .as_ref()
            .is_some_and(|piece| piece.chars >= PIECE_CHARS_MAX)
        {
            found.extend(open.take());
        }
        let piece = open.get_or_insert(Piece {
            range: at..at,
            chars: 0,
        });
        at += step.len();
        piece.range.end = at;
        piece.chars += step.chars().count();
    }
    found.extend(open);
    found
}

/// The stretch to show: the one with the most different words of the query, then the most marks, then the earliest,
/// with some text around it.
fn window(pieces: &[Piece], marks: &[Mark], chars_max: usize) -> Range<usize> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return 0..0;
    };
    // Characters before each piece, one counted for each space.
    let mut before = Vec::with_capacity(pieces.len() + 1);
    let mut sum = 0;
    for piece in pieces {
        before.push(sum);
        sum += piece.chars + 1;
    }
    before.push(sum);
    let chars = |from: usize, to: usize| (before[to] - before[from]).saturating_sub(1);
    if chars(0, pieces.len()) <= chars_max {
        return first.range.start..last.range.end;
    }
    let places: Vec<(usize, usize, usize)> = marks
        .iter()
        .map(|mark| {
            let from = pieces.partition_point(|piece| piece.range.end <= mark.range.start);
            let to = pieces.partition_point(|piece| piece.range.start < mark.range.end);
            (from, to.max(from + 1).min(pieces.len()), mark.sequence)
        })
        .filter(|(from, _, _)| *from < pieces.len())
        .collect();
    let (mut from, mut to) = best_run(&places, |from, to| chars(from, to) <= chars_max);
    // A third of what is left goes before the marks, unless the text's beginning is near enough.
    let lead = if chars(0, to) <= chars_max {
        chars_max
    } else {
        chars_max.saturating_sub(chars(from, to)) / 3
    };
    let target = chars(from, to) + lead;
    while from > 0 && chars(from - 1, to) <= target.min(chars_max) {
        from -= 1;
    }
    while to < pieces.len() && (to == from || chars(from, to + 1) <= chars_max) {
        to += 1;
    }
    while from > 0 && chars(from - 1, to) <= chars_max {
        from -= 1;
    }
    pieces[from].range.start..pieces[to - 1].range.end
}

/// The run of marks that fits and covers most; an empty run at the beginning if there are no marks.
fn best_run(
    places: &[(usize, usize, usize)],
    fits: impl Fn(usize, usize) -> bool,
) -> (usize, usize) {
    let mut best = (0, 0);
    let mut best_value = (0, 0);
    for (i, &(from, end, _)) in places.iter().enumerate() {
        let mut seen: u128 = 0;
        let mut to = end;
        let mut count = 0;
        for &(_, end, sequence) in &places[i..] {
            if count > 0 && !fits(from, end.max(to)) {
                break;
            }
            to = to.max(end);
            // A query has at most 32 words, and so fewer than 128 sequences.
            seen |= 1 << (sequence % 128);
            count += 1;
        }
        let value = (seen.count_ones(), count);
        if value > best_value {
            best_value = value;
            best = (from, to);
        }
    }
    best
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
