//! One BibTeX or BibLaTeX entry.
//!
//! Read by hand, in one pass without recursion: published readers of the format follow nested commands and
//! abbreviations that name themselves until the stack is gone, which a file from a stranger may not do to a server.
//! Abbreviations are written out where they are defined, within bounds, so that none can refer to itself.

use std::collections::HashMap;

use jiff::Timestamp;

use super::published::Published;
use super::{Parsed, encoding, latex, names};
use crate::unfit::Unfit;

/// Longest text that an abbreviation may stand for, in bytes.
const ABBREVIATION_LEN_MAX: usize = 4 * 1024;
/// Most bytes that all abbreviations of a file may stand for together.
const ABBREVIATIONS_LEN_MAX: usize = 4 * 1024 * 1024;
/// Most bytes that one entry may take from abbreviations. Beyond that they are left unwritten.
const WRITTEN_OUT_LEN_MAX: usize = 64 * 1024;

/// What `@string` defined so far, by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Abbreviations(HashMap<String, String>);

impl Abbreviations {
    /// Reads definitions that follow each other.
    pub(super) fn read(text: &str) -> Self {
        let mut known = Abbreviations::default();
        let mut len = 0;
        let mut rest = text;
        while let Some((_, definition)) = rest.split_once('@') {
            let mut scanner = Scanner::new(definition);
            scanner.word();
            if scanner.open() {
                while let Some((name, mut value)) = scanner.field(&known) {
                    value.truncate(value.floor_char_boundary(ABBREVIATION_LEN_MAX));
                    len += value.len();
                    if len <= ABBREVIATIONS_LEN_MAX {
                        known.0.insert(name, value);
                    }
                }
            }
            rest = scanner.rest;
        }
        known
    }
}

/// Reads one entry.
pub(super) fn read(
    bytes: &[u8],
    abbreviations: &Abbreviations,
    seen: Timestamp,
    parsed: &mut Parsed,
) -> Result<(), Unfit> {
    let text = encoding::decode(bytes);
    let entry = Entry::read(&text, abbreviations)?;
    let record = entry.published().into_record(seen)?;
    parsed.paper(record);
    Ok(())
}

/// An entry's fields by name in lower case.
struct Entry {
    fields: HashMap<String, String>,
}

impl Entry {
    fn read(text: &str, abbreviations: &Abbreviations) -> Result<Self, Unfit> {
        let broken = |what: &str| Unfit::Other(format!("the BibTeX entry {what}"));
        let mut scanner = Scanner::new(text);
        if !scanner.skip_past('@') || scanner.word().is_empty() || !scanner.open() {
            return Err(broken("has no beginning such as `@article{`"));
        }
        if !scanner.skip_past(',') {
            return Err(broken("has no fields after its key"));
        }
        let mut fields = HashMap::new();
        while let Some((name, value)) = scanner.field(abbreviations) {
            fields.entry(name).or_insert(value);
        }
        if !scanner.is_closed() {
            let place: String = scanner.rest.chars().take(40).collect();
            return Err(broken(&format!(
                "breaks off at `{}`",
                domain::text::one_line(&place)
            )));
        }
        Ok(Entry { fields })
    }

    fn get(&self, names: &[&str]) -> Option<String> {
        let found = names.iter().find_map(|name| {
            self.fields
                .get(*name)
                .filter(|text| !text.trim().is_empty())
        });
        found.map(|text| latex::text(text).into_owned())
    }

    /// As it stands, for ids and addresses, in which a backslash only protects a sign from TeX.
    fn raw(&self, name: &str) -> Option<String> {
        self.fields
            .get(name)
            .map(|text| text.replace(['\\', '{', '}'], "").trim().to_string())
    }

    fn published(&self) -> Published {
        let urls = [self.raw("url"), self.raw("howpublished"), self.raw("ee")];
        let urls = urls
            .into_iter()
            .flatten()
            .map(|url| url.strip_prefix("url").unwrap_or(&url).to_string());
        let words = |text: Option<String>| -> Vec<String> {
            let text = text.unwrap_or_default();
            text.split([',', ';'])
                .map(|word| word.trim().to_string())
                .collect()
        };
        Published {
            title: self.title(),
            abstract_text: self.get(&["abstract"]),
            authors: self
                .fields
                .get("author")
                .map(|list| authors(list))
                .unwrap_or_default(),
            container: self.get(&[
                "journal",
                "journaltitle",
                "booktitle",
                "school",
                "institution",
                "publisher",
            ]),
            volume: self.get(&["volume"]),
            issue: self.get(&["number", "issue"]),
            pages: self.get(&["pages"]),
            dates: self.dates(),
            doi: self.raw("doi"),
            arxiv: self.arxiv(),
            pubmed: self.raw("pmid"),
            urls: urls.collect(),
            keywords: words(self.get(&["keywords", "keyword"])),
            categories: [self.raw("primaryclass"), self.raw("eprintclass")]
                .into_iter()
                .flatten()
                .collect(),
            note: self.get(&["note", "comment", "annote"]),
        }
    }

    fn title(&self) -> Option<String> {
        let title = self.get(&["title"])?;
        Some(match self.get(&["subtitle"]) {
            Some(subtitle) => format!("{title}: {subtitle}"),
            None => title,
        })
    }

    /// The full date if there is one, else year and month.
    fn dates(&self) -> Vec<String> {
        let year = self.raw("year").unwrap_or_default();
        let month = self.raw("month").unwrap_or_default();
        let day = self.raw("day").unwrap_or_default();
        let is_number = month.bytes().all(|b| b.is_ascii_digit()) && !month.is_empty();
        let written = if is_number {
            format!("{year}-{month}-{day}")
        } else {
            format!("{day} {month} {year}")
        };
        let written = written.trim_matches([' ', '-']).to_string();
        [self.raw("date"), Some(written), Some(year)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// `eprint`, unless the entry says that another archive issued it.
    fn arxiv(&self) -> Vec<String> {
        let archive = self.raw("archiveprefix").or(self.raw("eprinttype"));
        let is_arxiv = archive.is_none_or(|archive| archive.eq_ignore_ascii_case("arxiv"));
        let eprint = self.raw("eprint").filter(|_| is_arxiv);
        eprint.into_iter().chain(self.raw("arxivid")).collect()
    }
}

/// Names between ` and `, outside of braces; a name wholly in braces is a body's and is not turned around.
fn authors(list: &str) -> Vec<String> {
    let mut authors = Vec::new();
    let mut name = String::new();
    let mut depth = 0_u64;
    let mut add = |name: &mut String| {
        let raw = std::mem::take(name);
        let raw = raw.trim();
        let body = raw
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .filter(|body| !body.contains(['{', '}']));
        let name = match body {
            Some(body) => crate::bounds::name(&latex::name(body)),
            None => names::in_reading_order(&latex::name(raw)),
        };
        authors.extend(name.filter(|name| !name.eq_ignore_ascii_case("others")));
    };
    for word in list.split_inclusive(char::is_whitespace) {
        if depth == 0 && word.trim().eq_ignore_ascii_case("and") {
            add(&mut name);
            continue;
        }
        name.push_str(word);
        for c in word.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    add(&mut name);
    authors
}

/// Walks through an entry.
struct Scanner<'a> {
    rest: &'a str,
    /// How many bytes abbreviations may still add.
    room: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Scanner {
            rest: text,
            room: WRITTEN_OUT_LEN_MAX,
        }
    }

    fn skip_past(&mut self, c: char) -> bool {
        let found = self.rest.split_once(c);
        self.rest = found.map_or("", |(_, after)| after);
        found.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }

    fn word(&mut self) -> &'a str {
        let is_end = |c: char| {
            c.is_whitespace() || matches!(c, '{' | '}' | '(' | ')' | '"' | ',' | '=' | '#')
        };
        let (word, rest) = self
            .rest
            .split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn open(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let opened = self.rest.strip_prefix(['{', '(']);
        self.rest = opened.unwrap_or(self.rest);
        opened.is_some()
    }

    fn is_closed(&mut self) -> bool {
        self.skip_space();
        self.rest.starts_with(['}', ')'])
    }

    /// `name = value`, or nothing at the entry's end or where it breaks.
    fn field(&mut self, abbreviations: &Abbreviations) -> Option<(String, String)> {
        self.skip_space();
        let before = self.rest;
        let name = self.word();
        self.rest = self.rest.trim_start();
        let Some(after) = self.rest.strip_prefix('=').filter(|_| !name.is_empty()) else {
            self.rest = before;
            return None;
        };
        self.rest = after;
        let Some(value) = self.value(abbreviations) else {
            self.rest = before;
            return None;
        };
        Some((name.to_lowercase(), value))
    }

    /// Parts joined by `#`.
    fn value(&mut self, abbreviations: &Abbreviations) -> Option<String> {
        let mut value = String::new();
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next()? {
                '{' => value.push_str(self.enclosed('}')?),
                '"' => value.push_str(self.enclosed('"')?),
                _ => {
                    let word = self.word();
                    if word.is_empty() {
                        return None;
                    }
                    value.push_str(self.written_out(word, abbreviations));
                }
            }
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix('#') {
                Some(after) => self.rest = after,
                None => return Some(value),
            }
        }
    }

    /// What an abbreviation stands for. An unknown one stands for itself, which says more than nothing: journals are
    /// often abbreviated by a telling word, and months by their names.
    fn written_out<'b>(&mut self, word: &'b str, abbreviations: &'b Abbreviations) -> &'b str {
        let known = abbreviations
            .0
            .get(&word.to_lowercase())
            .filter(|text| text.len() <= self.room);
        let Some(text) = known else { return word };
        self.room -= text.len();
        text
    }

    /// What stands between the sign here and the closing one that is outside of inner braces.
    fn enclosed(&mut self, close: char) -> Option<&'a str> {
        let inner = &self.rest[1..];
        let mut depth = 0_u64;
        for (index, c) in inner.char_indices() {
            match c {
                _ if c == close && depth == 0 => {
                    self.rest = &inner[index + 1..];
                    return Some(&inner[..index]);
                }
                '{' => depth += 1,
                '}' => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }
}
