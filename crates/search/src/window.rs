//! Which stretch of a long text to show: the one with most of the query.

use std::ops::Range;

/// A stretch without spaces is cut after so many characters if it must be cut at all.
const PIECE_CHARS_MAX: usize = 80;

/// A matching stretch, and the number of the word or phrase it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) range: Range<usize>,
    pub(crate) sequence: usize,
}

/// A stretch that is shown or not as a whole: a word with its punctuation, and the atoms in it.
pub(crate) struct Piece {
    range: Range<usize>,
    chars: usize,
}

/// A text's pieces, ascending.
pub(crate) fn pieces(text: &str, atoms: &[Range<usize>]) -> Vec<Piece> {
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
pub(crate) fn window(pieces: &[Piece], marks: &[Mark], chars_max: usize) -> Range<usize> {
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
