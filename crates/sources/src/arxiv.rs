//! What arXiv's services have in common: how they write categories, authors and withdrawals.

use domain::paper::Author;
use unicode_normalization::UnicodeNormalization;

use crate::bounds;

/// A category, if the text is one of arXiv's own (`cs.CL`, `hep-th`), and not a class of MSC or ACM, which arXiv puts
/// in the same places.
pub fn category(text: &str) -> Option<String> {
    domain::paper::category(text).filter(|c| {
        let archive = c.split('.').next().unwrap_or(c);
        archive.len() >= 2 && archive.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    })
}

/// Whether the authors or arXiv took the paper back, which arXiv says in words only: "This paper has been withdrawn".
pub fn is_withdrawn(comment: Option<&str>, abstract_text: Option<&str>) -> bool {
    let says = |text: &str| {
        let start = bounds::prefix(text.trim_start(), 160).to_lowercase();
        ["withdrawn", "been removed by arxiv"]
            .iter()
            .any(|word| start.contains(word))
            && [
                "paper",
                "article",
                "submission",
                "manuscript",
                "work",
                "withdrawn by",
            ]
            .iter()
            .any(|word| start.contains(word))
    };
    // An abstract may speak of withdrawn drugs; only one that opens with the paper itself counts.
    let opens = |text: &str| {
        let start = bounds::prefix(text.trim_start(), 60).to_lowercase();
        start.starts_with("this ") && says(text)
    };
    comment.is_some_and(says) || abstract_text.is_some_and(opens)
}

/// The authors of a line `A. Author, B. Author (MIT) and C. Author (1) ((1) CERN)`. Numbers in brackets, which refer
/// to a list at the end, are dropped, and that list too. Returns also how many there are.
pub fn authors(line: &str) -> (Vec<Author>, usize) {
    let mut authors: Vec<Author> = Vec::new();
    let mut total = 0;
    let mut pending = String::new();
    let mut affiliation = None;
    let mut finish = |name: &mut String, affiliation: &mut Option<String>| {
        let (name, affiliation) = (std::mem::take(name), affiliation.take());
        let Some(name) = bounds::name(&unaccented_tex(&name)) else {
            return;
        };
        if let Some(last) = authors.last_mut()
            && is_suffix(&name)
        {
            last.name = format!("{}, {name}", last.name);
            return;
        }
        total += 1;
        if authors.len() < bounds::AUTHORS_MAX {
            authors.push(Author { name, affiliation });
        }
    };
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if c == '(' {
            let (inside, after) = bracket(rest);
            let is_reference = !inside.chars().any(char::is_alphabetic) || inside.starts_with('(');
            if !is_reference {
                affiliation = affiliation.or_else(|| bounds::name(&unaccented_tex(inside)));
            }
            rest = after;
        } else if let Some(after) = separator(rest, pending.is_empty()) {
            finish(&mut pending, &mut affiliation);
            rest = after;
        } else {
            pending.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    finish(&mut pending, &mut affiliation);
    (authors, total)
}

/// What is inside the bracket that opens the text, and what follows it. An unclosed one reaches to the end.
fn bracket(text: &str) -> (&str, &str) {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], &text[at + 1..]);
        }
    }
    (&text[1..], "")
}

/// What follows a comma, a semicolon or the word "and".
fn separator(text: &str, at_start: bool) -> Option<&str> {
    if let Some(after) = text.strip_prefix([',', ';']) {
        return Some(after);
    }
    let word = text
        .strip_prefix(char::is_whitespace)
        .or(at_start.then_some(text))?;
    let after = word.strip_prefix("and")?;
    after.starts_with(char::is_whitespace).then_some(after)
}

fn is_suffix(name: &str) -> bool {
    matches!(
        name.trim_end_matches('.'),
        "Jr" | "Sr" | "jr" | "II" | "III" | "IV" | "PhD" | "MD"
    )
}

/// TeX's accents as letters: `Bal\'azs` and `Bal{\'a}zs` become `Balázs`. What is not known stays as it is.
pub fn unaccented_tex(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = match accent(&rest[at + 1..]) {
            Some((letter, after)) => {
                out.push_str(&letter);
                after
            }
            None => {
                out.push('\\');
                &rest[at + 1..]
            }
        };
    }
    out.push_str(rest);
    // Braces only held the accents together.
    out.chars()
        .filter(|c| !matches!(c, '{' | '}'))
        .nfc()
        .collect()
}

/// The letter that a TeX command stands for, and what follows it.
fn accent(text: &str) -> Option<(String, &str)> {
    const LETTERS: [(&str, &str); 14] = [
        ("aa", "å"),
        ("AA", "Å"),
        ("ae", "æ"),
        ("AE", "Æ"),
        ("oe", "œ"),
        ("OE", "Œ"),
        ("ss", "ß"),
        ("o", "ø"),
        ("O", "Ø"),
        ("l", "ł"),
        ("L", "Ł"),
        ("i", "i"),
        ("j", "j"),
        ("-", ""),
    ];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphabetic());
    for (command, letter) in LETTERS {
        if let Some(rest) = text.strip_prefix(command)
            && (command == "-" || ends(rest))
        {
            return Some((letter.to_string(), rest.strip_prefix(' ').unwrap_or(rest)));
        }
    }
    let mut chars = text.chars();
    let command = chars.next()?;
    let mark = combining(command)?;
    let mut rest = chars.as_str();
    if command.is_ascii_alphabetic() && !rest.starts_with([' ', '{', '\\']) {
        return None;
    }
    rest = rest.trim_start_matches([' ', '{']);
    // `\'{\i}` is an accent on a dotless i, which Unicode composes from the plain one.
    rest = rest.strip_prefix("\\").unwrap_or(rest);
    let letter = rest.chars().next().filter(|c| c.is_alphabetic())?;
    let after = &rest[letter.len_utf8()..];
    Some((
        format!("{letter}{mark}"),
        after.strip_prefix('}').unwrap_or(after),
    ))
}

/// The combining character of a TeX accent.
fn combining(command: char) -> Option<char> {
    Some(match command {
        '`' => '\u{300}',
        '\'' => '\u{301}',
        '^' => '\u{302}',
        '~' => '\u{303}',
        '=' | 'b' => '\u{304}',
        'u' => '\u{306}',
        '.' => '\u{307}',
        '"' => '\u{308}',
        'r' => '\u{30a}',
        'H' => '\u{30b}',
        'v' => '\u{30c}',
        'd' => '\u{323}',
        'c' => '\u{327}',
        'k' => '\u{328}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let got: Vec<String> = authors(line)
            .0
            .into_iter()
            .map(|a| match a.affiliation {
                Some(affiliation) => format!("{} [{affiliation}]", a.name),
                None => a.name,
            })
            .collect();
        assert_eq!(got.join(" | "), expected);
    }

    #[test]
    fn author_lines_come_apart() {
        check(
            "C. Bal\\'azs, E. L. Berger and C.-P. Yuan",
            "C. Balázs | E. L. Berger | C.-P. Yuan",
        );
        check(
            "Ada Lovelace (MIT), Alan Turing (1) ((1) CERN, (2) ETH)",
            "Ada Lovelace [MIT] | Alan Turing",
        );
        check(
            "Sammy Davis, Jr., Sandy Anders",
            "Sammy Davis, Jr. | Sandy Anders",
        );
        check("A, and B;C,", "A | B | C");
        check("Ferdinand Anderson", "Ferdinand Anderson");
        check("A (unclosed, B", "A [unclosed, B]");
        check("", "");
    }

    #[test]
    fn tex_accents_become_letters() {
        for (tex, expected) in [
            ("K\\\"ahler", "Kähler"),
            ("Erd{\\H o}s", "Erdős"),
            ("Erd\\H{o}s", "Erdős"),
            ("{\\L}ukasz \\.Zak", "Łukasz Żak"),
            ("Garc\\'{\\i}a", "García"),
            ("\\v{S}\\c{c}", "Šç"),
            ("S\\o ren", "Søren"),
            ("\\unknown x", "\\unknown x"),
            ("\\", "\\"),
            ("plain {x}", "plain {x}"),
        ] {
            assert_eq!(unaccented_tex(tex), expected);
        }
    }

    #[test]
    fn withdrawals_are_told() {
        assert!(is_withdrawn(
            Some("This paper has been withdrawn by the authors"),
            None
        ));
        assert!(is_withdrawn(
            Some("Withdrawn by the author due to an error"),
            None
        ));
        assert!(is_withdrawn(
            None,
            Some("This submission has been withdrawn.")
        ));
        assert!(!is_withdrawn(
            Some("12 pages"),
            Some("We study withdrawn drugs in this paper.")
        ));
    }

    #[test]
    fn classes_are_no_categories() {
        let got: Vec<_> = ["cs.CL", "hep-th", "68T50", "I.2.7", "cond-mat.str-el"]
            .into_iter()
            .filter_map(category)
            .collect();
        assert_eq!(got, ["cs.CL", "hep-th", "cond-mat.str-el"]);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "[A-Za-zé(),;\\\\{}' and\"^~]{0,80}") {
            let (list, total) = authors(&line);
            prop_assert!(list.len() <= total);
        }
    }
}
