//! Text of titles and names as a BibTeX value: LaTeX that is there stays, everything else is escaped, and braces
//! always balance, so that no title can end its field early.

/// A stretch of text between or within `$...$`.
enum Piece<'a> {
    Text(&'a str),
    Math(&'a str),
}

/// Escapes a text. With `keep_case`, words with inner capitals and formulas are put in braces, so that styles which
/// lower titles leave them alone (`{NeRV}`, `{$K$}`).
pub(super) fn latex(text: &str, keep_case: bool) -> String {
    let pieces = pieces(text);
    let grouping = braces_balance(&pieces);
    let mut out = String::with_capacity(text.len() + 16);
    let mut depth = 0;
    for piece in &pieces {
        match piece {
            Piece::Math(formula) if keep_case => push_math(&mut out, formula, "{$", "$}"),
            Piece::Math(formula) => push_math(&mut out, formula, "$", "$"),
            Piece::Text(text) => {
                for word in text.split_inclusive(' ') {
                    push_word(&mut out, word, grouping, keep_case, &mut depth);
                }
            }
        }
    }
    out
}

/// Cuts out formulas: `$`, something, `$`, with braces in order inside. Any other `$` is a dollar sign.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text_from = 0;
    let mut at = 0;
    while let Some(open) = find_from(text, at, '$') {
        let escaped = text[..open].ends_with('\\');
        let close = find_from(text, open + 1, '$');
        match close {
            Some(close) if !escaped && is_formula(&text[open + 1..close]) => {
                pieces.push(Piece::Text(&text[text_from..open]));
                pieces.push(Piece::Math(&text[open + 1..close]));
                text_from = close + 1;
                at = close + 1;
            }
            _ => at = open + 1,
        }
    }
    pieces.push(Piece::Text(&text[text_from..]));
    pieces
}

fn find_from(text: &str, from: usize, wanted: char) -> Option<usize> {
    text.get(from..)?.find(wanted).map(|at| from + at)
}

fn is_formula(inner: &str) -> bool {
    !inner.trim().is_empty() && !inner.ends_with('\\') && balance(inner.chars()) == Some(0)
}

/// The depth at the end, or `None` if a brace closes what was never opened. BibTeX counts `\{` as well.
fn balance(chars: impl Iterator<Item = char>) -> Option<usize> {
    let mut depth = 0usize;
    for c in chars {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    Some(depth)
}

/// Whether the braces outside formulas, escaped ones left aside, group anything.
fn braces_balance(pieces: &[Piece<'_>]) -> bool {
    let mut unescaped = String::new();
    for piece in pieces {
        if let Piece::Text(text) = piece {
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => _ = chars.next(),
                    c => unescaped.push(c),
                }
            }
        }
    }
    balance(unescaped.chars()) == Some(0)
}

fn push_math(out: &mut String, formula: &str, open: &str, close: &str) {
    out.push_str(open);
    let mut before = ' ';
    for c in formula.chars() {
        // A comment sign would swallow the rest of the line when the bibliography is typeset.
        if matches!(c, '%' | '#') && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out.push_str(close);
}

/// One word with the space after it.
fn push_word(out: &mut String, word: &str, grouping: bool, keep_case: bool, depth: &mut usize) {
    let body = word.trim_end_matches(' ');
    let has_markup = body.contains(['\\', '{', '}']);
    let capital_inside = body.chars().skip(1).any(char::is_uppercase);
    let guard = keep_case && capital_inside && !has_markup && *depth == 0;
    if guard {
        out.push('{');
    }
    push_escaped(out, body, grouping, depth);
    if guard {
        out.push('}');
    }
    out.push_str(&word[body.len()..]);
}

fn push_escaped(out: &mut String, word: &str, grouping: bool, depth: &mut usize) {
    let mut before = None;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => push_backslash(out, &mut chars),
            '{' if grouping => {
                *depth += 1;
                out.push('{');
            }
            '}' if grouping => {
                *depth = depth.saturating_sub(1);
                out.push('}');
            }
            '{' => out.push_str("\\textbraceleft{}"),
            '}' => out.push_str("\\textbraceright{}"),
            '&' | '%' | '#' | '_' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str("\\textasciicircum{}"),
            // Inside a word it is LaTeX's tie (`Fig.~1`); elsewhere somebody means "about".
            '~' if before.is_some() && chars.peek().is_some() => out.push('~'),
            '~' => out.push_str("\\textasciitilde{}"),
            c => out.push(c),
        }
        before = Some(c);
    }
}

/// A backslash and, where they belong together, the character after it.
fn push_backslash(out: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let next = chars.peek().copied();
    match next {
        Some(c) if c.is_ascii_alphabetic() => out.push('\\'),
        Some(c @ ('&' | '%' | '#' | '_' | '$')) => {
            chars.next();
            out.push('\\');
            out.push(c);
        }
        Some('{') => {
            chars.next();
            out.push_str("\\textbraceleft{}");
        }
        Some('}') => {
            chars.next();
            out.push_str("\\textbraceright{}");
        }
        Some(accent @ ('\'' | '`' | '"' | '^' | '~' | '=' | '.')) => {
            let mut after = chars.clone();
            after.next();
            let letter = after
                .peek()
                .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '{' | '\\'));
            if letter {
                chars.next();
                out.push('\\');
                out.push(accent);
            } else {
                out.push_str("\\textbackslash{}");
            }
        }
        _ => out.push_str("\\textbackslash{}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(latex(text, true), expected);
    }

    #[test]
    fn plain_text_is_escaped() {
        check("Profit & loss: 50% of #1", "Profit \\& loss: 50\\% of \\#1");
        check("snake_case costs 5$", "snake\\_case costs 5\\$");
        check("2^10 is ~1000", "2\\textasciicircum{}10 is \\textasciitilde{}1000");
        check("C:\\ and \\ 1", "C:\\textbackslash{} and \\textbackslash{} 1");
    }

    #[test]
    fn latex_stays_latex() {
        check("Na\\\"ive $\\ell_1$ in Fig.~1", "Na\\\"ive {$\\ell_1$} in Fig.~1");
        check("{\\em On} \\& off", "{\\em On} \\& off");
        check("50\\% of $50%$", "50\\% of {$50\\%$}");
    }

    #[test]
    fn capitals_are_kept() {
        check("NeRV and BERT at K", "{NeRV} and {BERT} at K");
        check("An {NeRV BERT} GPT", "An {NeRV BERT} {GPT}");
        assert_eq!(latex("McCoy", false), "McCoy");
    }

    #[test]
    fn nothing_ends_the_field_early() {
        check("a } b", "a \\textbraceright{} b");
        check("a \\} b", "a \\textbraceright{} b");
        check("}{", "\\textbraceright{}\\textbraceleft{}");
        check("$}{$", "\\$\\textbraceright{}\\textbraceleft{}\\$");
        check("ends in \\", "ends in \\textbackslash{}");
        check("\\'}", "\\textbackslash{}'\\textbraceright{}");
        check("$ $", "\\$ \\$");
    }
}
