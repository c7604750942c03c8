//! The query language: what a reader types, taken apart. Every text is a query; what cannot be understood becomes a
//! hint, never an error.
//!
//! ```text
//! query   = item*                     all items must hold
//! item    = ["-"] atom ("OR" atom)*   "-" leaves papers out; OR binds its two neighbours
//! atom    = [field ":"] value
//! value   = '"' phrase '"' | word
//! field   = author | title | abstract | cat | tag | id | has | after | before | date | year | month | week
//! ```
//!
//! - `after:2024-01` means from 1 January 2024 on, `before:2024-01` the days before it: together they are all days.
//! - Round brackets and `AND` are read over; `OR` is a word where it stands first or last.
//! - A whole query that is an arXiv id, a DOI or the address of one is [`Parsed::direct`].

use std::ops::Range;

use domain::ids::{ExternalId, Scheme};
use domain::paper::category;
use domain::text::is_invisible;
use domain::window::{Window, YEARS};
use index::query::Scope;
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Longest query that is read, in characters.
pub const CHARS_MAX: usize = 3000;

/// A query, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The text that was read: bounded, on one line, with plain quotes.
    pub text: String,
    /// What must hold, and what must not.
    pub items: Vec<Item>,
    /// What was not understood, in words for the reader.
    pub hints: Vec<String>,
    /// The text is nothing but a paper's id.
    pub direct: Option<ExternalId>,
}

/// Atoms of which one must hold, or, negated, none may.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Whether it began with `-`.
    pub negated: bool,
    /// More than one where they were joined by `OR`.
    pub any: Vec<Atom>,
}

/// One thing asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    /// A word or phrase.
    Text {
        /// Its place in [`Parsed::text`], without quotes.
        range: Range<usize>,
        /// Whether it stood in quotes.
        phrase: bool,
        /// Where to look.
        scope: Scope,
    },
    /// `cat:cs.CL`
    Category(String),
    /// `tag:robotics`
    Tag(String),
    /// `id:2305.19435`; the paper's key.
    Id(String),
    /// Listed on or between these days.
    Days {
        /// First day.
        first: Option<Date>,
        /// Last day, inclusive.
        last: Option<Date>,
    },
    /// `has:code`
    HasCode,
}

/// A text as a query of plain words: what the language would read as its own signs is taken out, so that a question
/// or a sentence with colons, quotes and dashes asks for all of its words and nothing else.
///
/// ```
/// assert_eq!(search::query::plain("\"RNA:\" is not -DNA OR (both)"), "RNA is not DNA or both");
/// ```
pub fn plain(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| match c {
            '"' | '“' | '”' | '„' | '«' | '»' | ':' | '(' | ')' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .filter(|c| !is_invisible(*c))
        .collect();
    let words = spaced
        .split_whitespace()
        .map(|word| match word.trim_start_matches('-') {
            "OR" => "or",
            "AND" => "and",
            word => word,
        });
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

impl Parsed {
    /// What the query is about, in its own words: its words and phrases, without names, filters and what is to be
    /// left out.
    pub fn free_text(&self) -> String {
        let about = self
            .items
            .iter()
            .filter(|item| !item.negated)
            .flat_map(|item| &item.any);
        let texts = about.filter_map(|atom| match atom {
            Atom::Text { range, scope, .. } if *scope != Scope::Authors => {
                self.text.get(range.clone())
            }
            _ => None,
        });
        texts.collect::<Vec<_>>().join(" ")
    }
}

/// Takes a query apart.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    parsed.text = cleaned(text, &mut parsed.hints);
    parsed.direct = direct(&parsed.text);
    let tokens = lex(&parsed.text);
    if tokens.iter().any(|token| token.open) {
        parsed
            .hints
            .push("A quotation mark is not closed; the phrase was read to the end.".to_string());
    }
    let mut joined = false;
    for (i, token) in tokens.iter().enumerate() {
        let connective = token.connective(&parsed.text);
        let inner = i > 0 && i + 1 < tokens.len();
        if connective == Some("AND") && inner {
            continue;
        }
        if connective == Some("OR") && inner {
            joined = !parsed.items.is_empty();
            continue;
        }
        let from = parsed.items.len();
        read_item(token, &mut parsed);
        if joined && parsed.items.len() > from {
            join(&mut parsed, from);
        }
        joined = false;
    }
    parsed.hints.dedup();
    parsed
}

/// Puts the item at `from` to the one before it, as alternatives.
fn join(parsed: &mut Parsed, from: usize) {
    if parsed.items[from - 1].negated || parsed.items[from].negated {
        parsed
            .hints
            .push("`OR` joins things to find; it was ignored beside `-`.".to_string());
        return;
    }
    let alternatives = parsed.items.remove(from).any;
    parsed.items[from - 1].any.extend(alternatives);
}

/// Bounded, without control and invisible characters, with one kind of quotation mark.
fn cleaned(text: &str, hints: &mut Vec<String>) -> String {
    let mut chars = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '“' | '”' | '„' | '«' | '»' => '"',
            c if c.is_control() || c.is_whitespace() => ' ',
            c => c,
        })
        .skip_while(|c| *c == ' ');
    let clean: String = chars.by_ref().take(CHARS_MAX).collect();
    if chars.next().is_some() {
        hints.push(format!(
            "Only the first {CHARS_MAX} characters of the query were read."
        ));
    }
    clean.trim_end().to_string()
}

/// The id that the whole text is.
fn direct(text: &str) -> Option<ExternalId> {
    let id: ExternalId = text.parse().ok()?;
    let whole = match id.scheme {
        Scheme::Arxiv | Scheme::Doi => true,
        Scheme::OpenReview | Scheme::Acl | Scheme::Pubmed => !text.contains(' '),
        // `url:something` and `local:something` are words unless they are keys that this product gave.
        Scheme::Url => id.value.starts_with("http"),
        Scheme::Local => id.value.len() == 16 && id.value.bytes().all(|b| b.is_ascii_hexdigit()),
    };
    whole.then_some(id)
}

/// A stretch of the query between spaces, not yet understood.
#[derive(Debug)]
struct Token {
    negated: bool,
    /// The word before a colon.
    field: Option<Range<usize>>,
    /// The rest, without quotes.
    value: Range<usize>,
    quoted: bool,
    /// A quotation mark was opened and not closed.
    open: bool,
}

impl Token {
    fn connective<'a>(&self, text: &'a str) -> Option<&'a str> {
        let bare = !self.negated && !self.quoted && self.field.is_none();
        let word = text.get(self.value.clone())?;
        (bare && matches!(word, "OR" | "AND")).then_some(word)
    }
}

fn lex(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        while bytes
            .get(at)
            .is_some_and(|b| matches!(b, b' ' | b'(' | b')'))
        {
            at += 1;
        }
        if at >= bytes.len() {
            return tokens;
        }
        let negated =
            bytes[at] == b'-' && bytes.get(at + 1).is_some_and(|b| !matches!(b, b' ' | b'-'));
        at += usize::from(negated);
        let letters = bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let colon = at + letters;
        let is_field =
            letters > 0 && bytes.get(colon) == Some(&b':') && !bytes[colon..].starts_with(b"://");
        let field = is_field.then_some(at..colon);
        if is_field {
            at = colon + 1;
        }
        let quoted = bytes.get(at) == Some(&b'"');
        let from = at + usize::from(quoted);
        let end_mark = if quoted { b'"' } else { b' ' };
        let len = bytes[from..].iter().position(|b| *b == end_mark);
        let end = len.map_or(bytes.len(), |len| from + len);
        let mut value = from..end;
        if !quoted {
            let word = text[value.clone()].trim_end_matches([')', ',', ';']);
            value.end = from + word.len();
        }
        tokens.push(Token {
            negated,
            field,
            value,
            quoted,
            open: quoted && len.is_none(),
        });
        at = end + usize::from(quoted);
    }
}

/// Understands one token, as an item or a hint.
fn read_item(token: &Token, parsed: &mut Parsed) {
    let text = |scope| Atom::Text {
        range: token.value.clone(),
        phrase: token.quoted,
        scope,
    };
    let Some(field) = &token.field else {
        push(parsed, token.negated, text(Scope::Everywhere));
        return;
    };
    let name = parsed.text[field.clone()].to_ascii_lowercase();
    let value = parsed.text[token.value.clone()].trim().to_string();
    let known = FIELDS
        .iter()
        .any(|(names, _)| names.contains(&name.as_str()));
    if !known {
        read_unknown(token, field, parsed);
        return;
    }
    if value.is_empty() {
        let example = example_of(&name);
        parsed.hints.push(format!(
            "`{name}:` needs a value right after the colon, as in `{example}`."
        ));
        return;
    }
    let atom = match name.as_str() {
        "author" | "au" => Some(text(Scope::Authors)),
        "title" | "ti" => Some(text(Scope::Title)),
        "abstract" | "abs" => Some(text(Scope::Abstract)),
        "cat" | "category" => category(&value).map(Atom::Category),
        "tag" => Some(Atom::Tag(value.clone())),
        "id" | "arxiv" | "doi" => value
            .parse::<ExternalId>()
            .ok()
            .map(|id| Atom::Id(id.key())),
        "has" => (value == "code").then_some(Atom::HasCode),
        "after" | "since" => days(&value).map(|(first, _)| Atom::Days {
            first: Some(first),
            last: None,
        }),
        "before" => days(&value).map(|(first, _)| Atom::Days {
            first: None,
            last: Some(first.saturating_sub(1.days())),
        }),
        _ => days(&value).map(|(first, last)| Atom::Days {
            first: Some(first),
            last: Some(last),
        }),
    };
    match atom {
        Some(atom) => push(parsed, token.negated, atom),
        None => {
            let shown: String = value.chars().take(40).collect();
            let example = example_of(&name);
            parsed.hints.push(format!(
                "`{name}:{shown}` was not understood and is left out; it looks like `{example}`."
            ));
        }
    }
}

/// `foo:bar` with no such field: words of a title, as a rule.
fn read_unknown(token: &Token, field: &Range<usize>, parsed: &mut Parsed) {
    let word = |range: Range<usize>, phrase| Atom::Text {
        range,
        phrase,
        scope: Scope::Everywhere,
    };
    push(parsed, token.negated, word(field.clone(), false));
    if !token.value.is_empty() {
        let name = &parsed.text[field.clone()];
        let hint = format!(
            "`{name}:` is not a field, so it was searched as words. Fields are {}.",
            field_names()
        );
        parsed.hints.push(hint);
        push(
            parsed,
            token.negated,
            word(token.value.clone(), token.quoted),
        );
    }
}

fn push(parsed: &mut Parsed, negated: bool, atom: Atom) {
    parsed.items.push(Item {
        negated,
        any: vec![atom],
    });
}

/// First and last day of `2024`, `2024-01`, `2024-W05` or `2024-01-31`.
fn days(text: &str) -> Option<(Date, Date)> {
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        let year: i16 = text.parse().ok()?;
        return YEARS
            .contains(&year)
            .then(|| (date(year, 1, 1), date(year, 12, 31)));
    }
    let window: Window = text.parse().ok()?;
    Some((window.first(), window.last()))
}

/// Names of each field, and an example.
const FIELDS: &[(&[&str], &str)] = &[
    (&["author", "au"], "author:\"Geoffrey Hinton\""),
    (&["title", "ti"], "title:transformer"),
    (&["abstract", "abs"], "abstract:benchmark"),
    (&["cat", "category"], "cat:cs.CL"),
    (&["tag"], "tag:robotics"),
    (&["id", "arxiv", "doi"], "id:2305.19435"),
    (&["has"], "has:code"),
    (&["after", "since"], "after:2024-01"),
    (&["before"], "before:2024-06-30"),
    (&["date", "day", "on"], "date:2024-05-01"),
    (&["week"], "week:2024-W05"),
    (&["month"], "month:2024-05"),
    (&["year"], "year:2024"),
];

fn example_of(name: &str) -> &'static str {
    FIELDS
        .iter()
        .find(|(names, _)| names.contains(&name))
        .map_or("", |(_, example)| example)
}

fn field_names() -> String {
    let names: Vec<String> = FIELDS
        .iter()
        .map(|(names, _)| format!("`{}:`", names[0]))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(parsed: &Parsed) -> String {
        let atom = |atom: &Atom| match atom {
            Atom::Text {
                range,
                phrase,
                scope,
            } => {
                let quote = if *phrase { "\"" } else { "" };
                let scope = match scope {
                    Scope::Everywhere => String::new(),
                    other => format!("{other:?}:"),
                };
                format!("{scope}{quote}{}{quote}", &parsed.text[range.clone()])
            }
            Atom::Days { first, last } => {
                let day = |d: &Option<Date>| d.map_or("*".to_string(), |d| d.to_string());
                format!("{}..{}", day(first), day(last))
            }
            other => format!("{other:?}"),
        };
        let items = parsed.items.iter().map(|item| {
            let any: Vec<String> = item.any.iter().map(atom).collect();
            format!("{}{}", if item.negated { "-" } else { "" }, any.join("|"))
        });
        items.collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let parsed = parse(text);
        assert_eq!(
            (show(&parsed).as_str(), parsed.hints.as_slice()),
            (expected, [].as_slice()),
            "{text:?}"
        );
    }

    #[track_caller]
    fn check_hint(text: &str, expected: &str, hint: &str) {
        let parsed = parse(text);
        assert_eq!(show(&parsed), expected, "{text:?}");
        let hints = parsed.hints.join(" ");
        assert!(hints.contains(hint), "{hints:?} should say {hint:?}");
    }

    #[test]
    fn words_phrases_and_negation() {
        check("neural  scaling\tlaws", "neural scaling laws");
        check(
            "\"chain of thought\" -survey -\"large language\"",
            "\"chain of thought\" -survey -\"large language\"",
        );
        check("“smart quotes”", "\"smart quotes\"");
        check("a - b --c", "a - b --c");
        check("self-attention", "self-attention");
    }

    #[test]
    fn fields() {
        check(
            "author:\"Geoffrey Hinton\" au:bengio",
            "Authors:\"Geoffrey Hinton\" Authors:bengio",
        );
        check("title:mamba -cat:cs.CV", "Title:mamba -Category(\"cs.CV\")");
        check(
            "category:hep-th TAG:robotics has:code",
            "Category(\"hep-th\") Tag(\"robotics\") HasCode",
        );
        check("id:arXiv:2305.19435v2 x", "Id(\"2305.19435\") x");
    }

    #[test]
    fn days_are_half_open() {
        check(
            "after:2024-01 before:2024-06-30",
            "2024-01-01..* *..2024-06-29",
        );
        check(
            "year:2024 month:2024-02",
            "2024-01-01..2024-12-31 2024-02-01..2024-02-29",
        );
        check(
            "week:2024-W05 date:2024-05-01",
            "2024-01-29..2024-02-04 2024-05-01..2024-05-01",
        );
    }

    #[test]
    fn either_or() {
        check("mamba OR transformer vision", "mamba|transformer vision");
        check("(a OR b OR cat:cs.CL) AND c", "a|b|Category(\"cs.CL\") c");
        check("OR", "OR");
        check("a OR", "a OR");
        check_hint("a OR -b", "a -b", "ignored beside");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        check_hint("\"open phrase", "\"open phrase\"", "not closed");
        check_hint("foo:bar baz", "foo bar baz", "`foo:` is not a field");
        check_hint("after:2024-13 x", "x", "`after:2024-13` was not understood");
        check_hint("before:2024-02-30 x", "x", "looks like `before:2024-06-30`");
        check_hint("author: hinton", "hinton", "`author:` needs a value");
        check_hint("author:\"\"", "", "`author:` needs a value");
        check_hint("has:wings", "", "`has:wings`");
        check_hint("id:nonsense", "", "`id:nonsense`");
        check_hint(
            &"x ".repeat(600_000),
            &vec!["x"; 1500].join(" "),
            "first 3000 characters",
        );
    }

    #[test]
    fn titles_pasted_whole_are_words() {
        check(
            "NeRF: Scenes, (re)visited",
            "NeRF Scenes (re)visited".replace("(re)", "re)").as_str(),
        );
        check("https://example.org/a b", "https://example.org/a b");
        check("a\u{0000}b\u{202e}c", "a bc");
    }

    #[test]
    fn bare_ids_go_straight() {
        let direct = |text: &str| parse(text).direct.map(|id| id.to_string());
        assert_eq!(direct(" 2305.19435v2 ").as_deref(), Some("2305.19435"));
        assert_eq!(
            direct("https://arxiv.org/pdf/2305.19435").as_deref(),
            Some("2305.19435")
        );
        assert_eq!(
            direct("https://doi.org/10.1101/2024.01.02.573939").as_deref(),
            Some("10.1101/2024.01.02.573939")
        );
        assert_eq!(direct("local:attention"), None);
        assert_eq!(direct("2305.19435 review"), None);
        assert_eq!(direct("attention"), None);
    }

    proptest! {
        #[test]
        fn plain_words_are_nothing_else(text in r#"([-"(): ]|OR|AND|author:|after:|[a-z]{1,4}|\PC|\u{0})*"#) {
            let parsed = parse(&plain(&text));
            for item in &parsed.items {
                prop_assert!(!item.negated && item.any.len() == 1);
                let Atom::Text { phrase: false, scope: Scope::Everywhere, .. } = &item.any[0] else {
                    return Err(TestCaseError::fail(format!("{item:?}")));
                };
            }
            prop_assert_eq!(&parsed.hints, &Vec::<String>::new());
        }

        #[test]
        fn any_text_parses(text in r#"([-"(): ]|OR|AND|author:|after:|cat:|[a-z]{1,4}|2024-0[0-9]|\PC|\u{0})*"#) {
            let parsed = parse(&text);
            prop_assert!(parsed.text.chars().count() <= CHARS_MAX);
            for atom in parsed.items.iter().flat_map(|item| &item.any) {
                if let Atom::Text { range, .. } = atom {
                    prop_assert!(parsed.text.get(range.clone()).is_some());
                }
            }
            // Reading what was read changes nothing.
            prop_assert_eq!(&parse(&parsed.text).items, &parsed.items);
        }
    }
}
