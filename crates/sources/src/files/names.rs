//! Authors as sources print them: lists in one string, names turned around, affiliations in brackets.

use domain::paper::Author;

use super::latex;
use crate::bounds;
use crate::lenient::{Field, List};

/// The authors of a list in one string, as arXiv prints it: `A. One, B. Two (Somewhere) and the X Collaboration`.
/// Also how many there were, should that be over the [bound](bounds::AUTHORS_MAX).
pub(crate) fn split(text: &str) -> (Vec<Author>, usize) {
    let mut authors: Vec<Author> = Vec::new();
    let mut total = 0;
    for piece in pieces(text) {
        let (name, affiliation) = without_brackets(&piece);
        let name = name.trim();
        if is_suffix(name) {
            if let Some(last) = authors.last_mut() {
                last.name = format!("{} {name}", last.name);
            }
            continue;
        }
        let name = latex::name(name.strip_prefix("for ").unwrap_or(name));
        let name = name.strip_prefix("the ").unwrap_or(&name);
        match bounds::name(name.trim_matches([' ', ',', ';', ':'])) {
            // A bracket alone says where the ones before it work; which of them, nobody can tell.
            None => continue,
            Some(name) if is_nobody(&name) => continue,
            Some(name) => {
                total += 1;
                if authors.len() < bounds::AUTHORS_MAX {
                    let affiliation = affiliation.and_then(|a| bounds::name(&latex::name(&a)));
                    authors.push(Author { name, affiliation });
                }
            }
        }
    }
    (authors, total)
}

/// The authors of a JSON field: a list of names, or all of them in one text.
pub(crate) fn of_list(list: &List<Field<'_>>) -> (Vec<Author>, usize) {
    if let [lone] = list.kept.as_slice() {
        return split(lone.text().unwrap_or_default());
    }
    let names = list.kept.iter().filter_map(Field::text);
    let authors = names.filter_map(|name| bounds::name(&latex::name(name)).map(Author::named));
    (authors.collect(), list.total)
}

/// A name given as `Family, Given` or `Family, Jr, Given`, in reading order. A name without comma is left as it is.
pub(crate) fn in_reading_order(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, ',').map(str::trim);
    let family = parts.next()?;
    let turned = match (parts.next(), parts.next()) {
        (None, _) => family.to_string(),
        (Some(given), None) => format!("{given} {family}"),
        // BibTeX writes the suffix in the middle, RIS at the end.
        (Some(a), Some(b)) if is_suffix(a) => format!("{b} {family} {a}"),
        (Some(a), Some(b)) => format!("{a} {family} {b}"),
    };
    bounds::name(&turned)
}

fn is_suffix(text: &str) -> bool {
    matches!(
        text.trim_end_matches('.'),
        "Jr" | "Sr" | "jr" | "sr" | "II" | "III" | "IV" | "Ph.D" | "PhD" | "M.D" | "MD"
    )
}

/// Words in an author list that name no one.
fn is_nobody(name: &str) -> bool {
    let name = name.trim_matches(['.', ' ']);
    name.is_empty()
        || ["et al", "others", "and others", "authors"].contains(&name.to_lowercase().as_str())
        || !name.chars().any(char::is_alphabetic)
}

/// Cuts at commas, semicolons and `and` outside of brackets, and after `Collaboration:`.
fn pieces(text: &str) -> Vec<String> {
    let text = text.replace("\\and", " and ");
    // A bracket that is never closed must not swallow the people after it.
    let balanced = text.matches(['(', '{']).count() == text.matches([')', '}']).count();
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut depth = 0_u32;
    for word in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':')) {
        let bare = word.trim();
        let at_border = depth == 0 && bare.eq_ignore_ascii_case("and");
        if !at_border {
            piece.push_str(word);
        }
        // A stray closing bracket closes nothing.
        depth = word.chars().fold(depth, |depth, c| match c {
            '(' | '{' if balanced => depth.saturating_add(1),
            ')' | '}' => depth.saturating_sub(1),
            _ => depth,
        });
        let ends = bare.ends_with([',', ';']) || bare == "Collaboration:";
        if at_border || (depth == 0 && ends) {
            let whole = std::mem::take(&mut piece);
            pieces.push(
                whole
                    .trim_end_matches([',', ';', ':', ' ', '\n'])
                    .to_string(),
            );
        }
    }
    pieces.push(piece);
    pieces
}

/// The text outside of round brackets, and the first bracket's content unless it is only a mark (`1`, `2 and 3`, `a`).
fn without_brackets(piece: &str) -> (String, Option<String>) {
    let Some((before, rest)) = piece.split_once('(') else {
        return (piece.to_string(), None);
    };
    let mut outside = before.to_string();
    let mut inside = String::new();
    let mut depth = 1_u32;
    let mut is_first = true;
    for c in rest.chars() {
        depth = match c {
            '(' => depth.saturating_add(1),
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        is_first &= depth > 0;
        match c {
            '(' | ')' => {}
            _ if depth == 0 => outside.push(c),
            _ if is_first => inside.push(c),
            _ => {}
        }
    }
    let letters = inside.chars().filter(|c| c.is_alphabetic()).count();
    let is_mark = letters < 2 || (letters <= 3 && inside.chars().any(|c| c.is_ascii_digit()));
    let affiliation = (!is_mark && !outside.trim().is_empty()).then(|| inside.trim().to_string());
    (outside, affiliation)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(list: &str, expected: &str) {
        let authors = split(list)
            .0
            .into_iter()
            .map(|author| match author.affiliation {
                Some(place) => format!("{} <{place}>", author.name),
                None => author.name,
            });
        assert_eq!(authors.collect::<Vec<_>>().join(" | "), expected);
    }

    #[test]
    fn lists_are_split_between_names() {
        check("Paul One, Sheldon Two", "Paul One | Sheldon Two");
        check(
            "A. One, B. Two and C. Anders",
            "A. One | B. Two | C. Anders",
        );
        check("A. One, B. Two, and C. Three", "A. One | B. Two | C. Three");
        check("A. One and\n  B. Sandman", "A. One | B. Sandman");
        check(
            r#"J\"urgen One, Sammy Davis, Jr., C. D\'{\i}az"#,
            "Jürgen One | Sammy Davis Jr. | C. Díaz",
        );
        check("", "");
    }

    #[test]
    fn groups_and_places_are_told_from_people() {
        check(
            "A. One (MIT, Cambridge), B. Two (1 and 2)",
            "A. One <MIT, Cambridge> | B. Two",
        );
        check(
            "A. One (1), B. Two (2) ((1) Here, (2) There)",
            "A. One | B. Two",
        );
        check(
            "The X Collaboration: A. One, B. Two",
            "The X Collaboration | A. One | B. Two",
        );
        check(
            "A. One, for the Y Collaboration, et al.",
            "A. One | Y Collaboration",
        );
        check("A. One (x, B. Two", "A. One | B. Two");
        check("A. One), B. Two", "A. One) | B. Two");
    }

    #[test]
    fn names_are_turned_around() {
        let check = |text: &str, expected: &str| {
            assert_eq!(in_reading_order(text).as_deref(), Some(expected))
        };
        check("Lovelace, Ada", "Ada Lovelace");
        check("Ada Lovelace", "Ada Lovelace");
        check("King, Jr., Martin Luther", "Martin Luther King Jr.");
        check("King, Martin Luther, Jr.", "Martin Luther King Jr.");
        check("van der Berg, A.", "A. van der Berg");
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "([A-C .,;:(){}]|and |\\\\){0,60}|\\PC{0,60}") {
            let (authors, total) = split(&text);
            prop_assert!(authors.len() <= total);
            let _ = in_reading_order(&text);
        }
    }
}
