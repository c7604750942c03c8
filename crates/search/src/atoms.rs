//! The stretches of a text that stay whole because a page makes formulas or type of them: `$...$`, `\(...\)`,
//! `\[...\]` and commands with their arguments in braces.

use std::ops::Range;

/// Longest atom, in bytes: a lone dollar sign must not swallow a page.
const ATOM_LEN_MAX: usize = 400;

/// The stretches that must stay whole, ascending, not overlapping.
pub(crate) fn atoms(text: &str) -> Vec<Range<usize>> {
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
