//! Cutting a text into words and formulas.

/// A stretch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words, with text-mode commands.
    Text(&'a str),
    /// A formula.
    Math {
        /// Without its delimiters.
        formula: &'a str,
        /// With them.
        source: &'a str,
        /// On a line of its own.
        display: bool,
    },
}

/// Opening and closing delimiters, and whether the formula stands on its own line. `$$` comes before `$`.
const DELIMITERS: [(&str, &str, bool); 4] = [
    ("$$", "$$", true),
    ("$", "$", false),
    ("\\(", "\\)", false),
    ("\\[", "\\]", true),
];

/// Most formulas that are looked for in one text; the rest stays text.
const FORMULAS_MAX: usize = 300;

/// The pieces of a text, in order; together they are the whole text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(step) = text[at..].find(['$', '\\']) {
        at += step;
        if found.len() >= 2 * FORMULAS_MAX {
            break;
        }
        let Some(math) = formula_at(&text[at..]) else {
            at = after_escape(text, at);
            continue;
        };
        if start < at {
            found.push(Piece::Text(&text[start..at]));
        }
        let Piece::Math { source, .. } = math else {
            break;
        };
        found.push(math);
        at += source.len();
        start = at;
    }
    if start < text.len() {
        found.push(Piece::Text(&text[start..]));
    }
    found
}

/// Past a `$` that opens nothing, or past a backslash and the character it escapes.
fn after_escape(text: &str, at: usize) -> usize {
    let mut chars = text[at..].chars();
    let mut next = at;
    if chars.next().inspect(|c| next += c.len_utf8()) == Some('\\')
        && let Some(escaped) = chars.next()
    {
        next += escaped.len_utf8();
    }
    next
}

fn formula_at(text: &str) -> Option<Piece<'_>> {
    let (open, close, display) = DELIMITERS
        .into_iter()
        .find(|(open, ..)| text.starts_with(open))?;
    let body = &text[open.len()..];
    let end = find_unescaped(body, close)?;
    let formula = &body[..end];
    let after = &body[end + close.len()..];
    if formula.trim().is_empty() || open == "$" && is_money(formula, after) {
        return None;
    }
    Some(Piece::Math {
        formula,
        source: &text[..open.len() + end + close.len()],
        display,
    })
}

/// Whether two dollar signs are prices ("from $5 to $10") and not a formula's ends.
fn is_money(formula: &str, after: &str) -> bool {
    let loose = formula.starts_with(' ') || formula.ends_with(' ');
    let price_follows = after.starts_with(|c: char| c.is_ascii_digit());
    let plain = !formula.contains(['\\', '^', '_', '{', '=', '<', '>']);
    plain && (loose || price_follows)
}

/// Where the closing delimiter starts. A backslash escapes what follows, except where it begins the delimiter.
fn find_unescaped(body: &str, close: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += body[at..].find(['$', '\\'])?;
        if body[at..].starts_with(close) {
            return Some(at);
        }
        at = after_escape(body, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let got: Vec<_> = pieces(text)
            .into_iter()
            .map(|p| match p {
                Piece::Text(t) => format!("T:{t}"),
                Piece::Math {
                    formula, display, ..
                } => format!("{}:{formula}", if display { "D" } else { "M" }),
            })
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn formulas_are_found() {
        check("a $x$ b", &["T:a ", "M:x", "T: b"]);
        check("$$x$$\\(y\\)\\[z\\]", &["D:x", "M:y", "D:z"]);
        check("\\$5 and $6", &["T:\\$5 and $6"]);
        check("$a\\$b$", &["M:a\\$b"]);
        check("from $5 to $10", &["T:from $5 to $10"]);
        check("$ x = 1 $", &["M: x = 1 "]);
        check("$", &["T:$"]);
        check("$$", &["T:$$"]);
        check("a\\", &["T:a\\"]);
        check("\\\\(x", &["T:\\\\(x"]);
    }
}
