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
            Piece::Text(text) => push_text(&mut out, text, grouping, keep_case, &mut depth),
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
    // BibTeX counts `\{` for a brace, other readers of its format do not: the formula has to please both.
    let balanced = balance(inner.chars()) == Some(0) && balance(unescaped(inner)) == Some(0);
    balanced && !inner.trim().is_empty() && !inner.ends_with('\\')
}

/// The characters that stand for themselves: no backslash, nor what follows one.
fn unescaped(text: &str) -> impl Iterator<Item = char> {
    let mut after_backslash = false;
    text.chars().filter(move |c| {
        let stands = !after_backslash && *c != '\\';
        after_backslash = !after_backslash && *c == '\\';
        stands
    })
}

/// The depth at the end, or `None` if a brace closes what was never opened.
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
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(*text),
        Piece::Math(_) => None,
    });
    balance(texts.flat_map(unescaped)) == Some(0)
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

fn push_text(out: &mut String, text: &str, grouping: bool, keep_case: bool, depth: &mut usize) {
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        push_word(out, word, grouping, keep_case, depth);
        // `\H o` is an accent and its letter. Else a command at the end of a word would take whatever comes next, be it
        // the next field, for its argument.
        let is_argument = |c: char| c.is_ascii_alphabetic() || c == '{' && grouping;
        let has_argument = after
            .strip_prefix(' ')
            .is_some_and(|next| next.starts_with(is_argument));
        if ends_in_command(out) && !has_argument {
            out.push_str("{}");
        }
        rest = after.strip_prefix(' ').unwrap_or_default();
        if !after.is_empty() {
            out.push(' ');
        }
    }
}

fn push_word(out: &mut String, word: &str, grouping: bool, keep_case: bool, depth: &mut usize) {
    let has_markup = word.contains(['\\', '{', '}']);
    let guard = keep_case && has_inner_capital(word) && !has_markup && *depth == 0;
    if guard {
        out.push('{');
    }
    push_escaped(out, word, grouping, depth);
    if guard {
        out.push('}');
    }
}

fn ends_in_command(latex: &str) -> bool {
    let before = latex.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    before.len() < latex.len() && before.ends_with('\\')
}

/// A capital right after a letter or digit: `NeRV`, `GPT-4`, but not `K-Means`.
fn has_inner_capital(word: &str) -> bool {
    let next = word.chars().skip(1);
    word.chars()
        .zip(next)
        .any(|(before, c)| c.is_uppercase() && before.is_alphanumeric())
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
        Some(c) if c.is_ascii_alphabetic() => push_command(out, chars),
        Some(c @ ('&' | '%' | '#' | '_' | '$')) => {
            chars.next();
            out.push('\\');
            out.push(c);
        }
        // A line break, and titles have one line.
        Some('\\') => {
            chars.next();
            out.push(' ');
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
            push_accent(out, accent, chars)
        }
        _ => out.push_str("\\textbackslash{}"),
    }
}

/// An accent with the dotless letter under it; other letters and groups follow by themselves. An accent over nothing
/// is a backslash that somebody meant as one.
fn push_accent(
    out: &mut String,
    accent: char,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
) {
    let mut ahead = chars.clone().skip(1);
    match (ahead.next(), ahead.next()) {
        (Some('\\'), Some(letter @ ('i' | 'j')))
            if !ahead.next().is_some_and(char::is_alphabetic) =>
        {
            chars.nth(2);
            // Readers of BibTeX take one character or a group for what an accent stands on.
            out.extend(['\\', accent, '{', '\\', letter, '}']);
        }
        (Some(c), _) if c.is_ascii_alphabetic() || c == '{' => {
            chars.next();
            out.extend(['\\', accent]);
        }
        _ => out.push_str("\\textbackslash{}"),
    }
}

/// A command with its name. Where something other than a letter, a space or a brace follows, TeX knows where the name
/// ends but readers of BibTeX do not all, so an empty group says it.
fn push_command(out: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    out.push('\\');
    while let Some(letter) = chars.next_if(char::is_ascii_alphabetic) {
        out.push(letter);
    }
    if chars.peek().is_some_and(|c| !matches!(c, '{' | '}')) {
        out.push_str("{}");
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
        check(
            "2^10 is ~1000",
            "2\\textasciicircum{}10 is \\textasciitilde{}1000",
        );
        check(
            "C:\\ and \\ 1",
            "C:\\textbackslash{} and \\textbackslash{} 1",
        );
    }

    #[test]
    fn latex_stays_latex() {
        check(
            "Na\\\"ive $\\ell_1$ in Fig.~1",
            "Na\\\"ive {$\\ell_1$} in Fig.~1",
        );
        check(
            "Mart\\'\\inez Garc\\'\\i a",
            "Mart\\textbackslash{}'\\inez Garc\\'{\\i} a",
        );
        check("{\\em On} \\& off", "{\\em On} \\& off");
        check("50\\% of $50%$", "50\\% of {$50\\%$}");
    }

    #[test]
    fn capitals_are_kept() {
        check("NeRV and BERT at K", "{NeRV} and {BERT} at K");
        check("An {NeRV BERT} GPT", "An {NeRV BERT} {GPT}");
        check("(Non-Linear) K-Means", "(Non-Linear) K-Means");
        assert_eq!(latex("McCoy", false), "McCoy");
    }

    #[test]
    fn nothing_ends_the_field_early() {
        check("a } b", "a \\textbraceright{} b");
        check("a \\} b", "a \\textbraceright{} b");
        check("}{", "\\textbraceright{}\\textbraceleft{}");
        check("{a \\\\} b", "{a  } b");
        check("$}{$", "\\$\\textbraceright{}\\textbraceleft{}\\$");
        check("ends in \\", "ends in \\textbackslash{}");
        check("\\'}", "\\textbackslash{}'\\textbraceright{}");
        check("$ $", "\\$ \\$");
        check("ends in \\H", "ends in \\H{}");
        check(
            "\\LaTeX-based \\H o \\db$x$",
            "\\LaTeX{}-based \\H o \\db{}{$x$}",
        );
    }
}
