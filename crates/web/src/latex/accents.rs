//! Accents: `\'e`, `\"{o}`, `\c{c}`, `\v s`.

use std::borrow::Cow;

/// The letter, if what follows a backslash is an accent over one, and the text after it.
///
/// The accent becomes a combining mark, composed with the letter where Unicode has the pair.
pub(super) fn accented(rest: &str) -> Option<(Cow<'static, str>, &str)> {
    let mut chars = rest.chars();
    let accent = chars.next()?;
    let mark = mark(accent)?;
    let mut after = chars.as_str();
    if accent.is_ascii_alphabetic() {
        // `\c{c}` or `\c c`; `\cite` is another command.
        if !after.starts_with(['{', ' ']) {
            return None;
        }
        after = after.trim_start();
    }
    let braced = after.strip_prefix('{');
    let inside = braced.unwrap_or(after);
    let (base, tail) = base(inside)?;
    let tail = match braced {
        Some(_) => tail.strip_prefix('}')?,
        None => tail,
    };
    Some((Cow::Owned(composed(base, mark)), tail))
}

/// The letter under the accent: one letter, or a dotless `\i` or `\j`, which gets its dot's place back.
fn base(text: &str) -> Option<(char, &str)> {
    if let Some(tail) = text.strip_prefix('\\') {
        let letter = tail.chars().next().filter(|c| matches!(c, 'i' | 'j'))?;
        let tail = &tail[1..];
        if tail.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        return Some((letter, tail.strip_prefix(' ').unwrap_or(tail)));
    }
    let letter = text.chars().next().filter(|c| c.is_alphabetic())?;
    Some((letter, &text[letter.len_utf8()..]))
}

fn mark(accent: char) -> Option<char> {
    Some(match accent {
        '\'' => '\u{301}',
        '`' => '\u{300}',
        '^' => '\u{302}',
        '"' => '\u{308}',
        '~' => '\u{303}',
        '=' => '\u{304}',
        '.' => '\u{307}',
        'u' => '\u{306}',
        'v' => '\u{30c}',
        'H' => '\u{30b}',
        'c' => '\u{327}',
        'k' => '\u{328}',
        'r' => '\u{30a}',
        'd' => '\u{323}',
        'b' => '\u{331}',
        _ => return None,
    })
}

fn composed(base: char, mark: char) -> String {
    domain::text::composed(&format!("{base}{mark}"))
}
