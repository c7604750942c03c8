//! A paper as a BibTeX entry.
//!
//! arXiv papers are `@misc` with `eprint`, `archivePrefix` and `primaryClass`, as arXiv itself writes them; papers
//! with a journal are `@article`; the rest is `@misc` with a DOI or an address.

use std::collections::HashMap;
use std::fmt::Write;

use domain::paper::Paper;
use domain::text::{folded, one_line};
use jiff::tz::TimeZone;

use super::latex::latex;
use super::names::Name;
use crate::times;

/// The entry under its own [`citation_key`], with a line feed at the end.
pub fn bibtex(paper: &Paper) -> String {
    entry(paper, &citation_key(paper))
}

/// `hinton2015distilling`: first author's family name, year, first telling word of the title; lower-case ASCII.
pub(super) fn citation_key(paper: &Paper) -> String {
    let author = paper.authors.first().map(|a| Name::parse(&a.name));
    let author = author.as_ref().map(Name::key_word).unwrap_or_default();
    let mut key = ascii_word(author);
    if key.is_empty() {
        key.push_str("anon");
    }
    match times::known_published(paper) {
        Some(at) => _ = write!(key, "{}", at.to_zoned(TimeZone::UTC).year()),
        None => key.push_str("nd"),
    }
    let telling = folded(&paper.title)
        .split(' ')
        .map(ascii_word)
        .find(|w| !w.is_empty() && !STOP_WORDS.contains(&w.as_str()));
    key.push_str(&telling.unwrap_or_default());
    key
}

/// Gives the second paper of a key another one, over a whole bibliography: `li2024learning`, `li2024learninga`, ...
#[derive(Debug, Default)]
pub struct CitationKeys {
    seen: HashMap<String, u32>,
}

impl CitationKeys {
    /// The entry, under a key that this bibliography has not had.
    pub fn bibtex(&mut self, paper: &Paper) -> String {
        let base = citation_key(paper);
        let before = self.seen.entry(base.clone()).or_insert(0);
        let key = format!("{base}{}", letters(*before));
        *before = before.saturating_add(1);
        // Keys end in a letter of the title or a digit, so `li2024learninga` could be a paper's own key as well.
        match self.seen.contains_key(&key) && key != base {
            true => entry(paper, &format!("{key}-{}", paper.id.0)),
            false => {
                self.seen.entry(key.clone()).or_insert(1);
                entry(paper, &key)
            }
        }
    }
}

/// Words that say nothing about a paper.
const STOP_WORDS: [&str; 24] = [
    "a", "an", "the", "on", "of", "for", "in", "to", "and", "with", "from", "by", "at", "as", "is",
    "are", "do", "does", "how", "what", "why", "towards", "toward", "via",
];

/// Longest part of a key, in characters: titles can be one endless word.
const KEY_PART_LEN_MAX: usize = 40;

fn ascii_word(text: &str) -> String {
    folded(text)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(KEY_PART_LEN_MAX)
        .collect()
}

/// 0 is nothing, 1 is `a`, 26 is `z`, 27 is `aa`.
fn letters(mut number: u32) -> String {
    let mut out = Vec::new();
    while number > 0 {
        number -= 1;
        // The remainder is under 26, so it fits a byte.
        out.push(b'a' + (number % 26) as u8);
        number /= 26;
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}

fn entry(paper: &Paper, key: &str) -> String {
    let journal = paper.journal_ref.as_deref().map(one_line);
    let is_article = paper.arxiv().is_none() && journal.is_some();
    let kind = if is_article { "article" } else { "misc" };
    let mut out = format!("@{kind}{{{key},\n");
    field(&mut out, "title", &latex(&one_line(&paper.title), true));
    let authors = authors(paper);
    if !authors.is_empty() {
        field(&mut out, "author", &authors);
    }
    if let Some(at) = times::known_published(paper) {
        let date = at.to_zoned(TimeZone::UTC).date();
        field(&mut out, "year", &date.year().to_string());
        field(&mut out, "month", &date.month().to_string());
    }
    match journal {
        Some(journal) if is_article => field(&mut out, "journal", &latex(&journal, false)),
        Some(journal) => field(&mut out, "note", &latex(&journal, false)),
        None => {}
    }
    if let Some(id) = paper.arxiv() {
        field(&mut out, "eprint", id);
        field(&mut out, "archivePrefix", "arXiv");
        if let Some(class) = paper.primary_category() {
            field(&mut out, "primaryClass", class);
        }
    }
    if let Some(doi) = paper.doi() {
        field(&mut out, "doi", &verbatim(doi));
    }
    if let Some(url) = paper.main_id().url() {
        field(&mut out, "url", &verbatim(&url));
    }
    out.push_str("}\n");
    out
}

fn field(out: &mut String, name: &str, value: &str) {
    out.push_str("  ");
    out.push_str(name);
    out.push_str(" = {");
    out.push_str(value);
    out.push_str("},\n");
}

/// Addresses and DOIs are read raw by styles, so nothing is escaped in them; what would break the field is encoded
/// as addresses allow.
fn verbatim(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '{' => out.push_str("%7B"),
            '}' => out.push_str("%7D"),
            '\\' => out.push_str("%5C"),
            c if c.is_control() || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// All authors in their order, `and` between them; `and others` where the source named only some.
fn authors(paper: &Paper) -> String {
    let mut names: Vec<String> = paper
        .authors
        .iter()
        .map(|a| person(&Name::parse(&a.name)))
        .filter(|name| !name.is_empty())
        .collect();
    let more = paper
        .authors_total
        .is_some_and(|total| usize::from(total) > paper.authors.len());
    if more && !names.is_empty() {
        names.push("others".to_string());
    }
    names.join(" and ")
}

fn person(name: &Name) -> String {
    match name {
        Name::Whole(name) if name.is_empty() => String::new(),
        // Braces keep the name in one piece, whatever words and commas it has.
        Name::Whole(name) => format!("{{{}}}", latex(name, false)),
        Name::Person {
            given,
            family,
            suffix,
        } => {
            let (given, family) = (latex(given, false), latex(family, false));
            if suffix.is_empty() {
                format!("{family}, {given}")
            } else {
                format!("{family}, {suffix}, {given}")
            }
        }
    }
}
