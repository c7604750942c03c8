//! A Daily Papers page as text: copied from a browser, or dumped by a program.
//!
//! Such texts carry no marks. Titles and abstracts are told by their looks: an abstract is long, a title is the last
//! short text before it. What the page puts between (votes, author counts, who submitted) is known by its wording.
//! Lines that belong together stand together, so a block of short lines is one text that was wrapped, while a block
//! with a long line holds one text a line.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use domain::paper::{utc_day, utc_midnight};
use domain::record::{Record, Source};
use domain::text::one_line;
use jiff::Timestamp;

use super::chunks::{Cut, Cutter};
use super::{Parsed, encoding};
use crate::bounds;
use crate::dates::{newest_not_after, parse_date, parse_month_day};
use crate::unfit::Unfit;

/// Largest page that is read, in bytes. A month's page with all its data is under 10 MB.
const PAGE_LEN_MAX: usize = 32 * 1024 * 1024;
/// Most lines that are taken to belong together.
const BLOCK_LINES_MAX: usize = 1_000;
/// From how many characters on a text is an abstract whatever it ends with. The longest titles have fewer.
const ABSTRACT_LEN_SURE: usize = 300;
/// The same in words.
const ABSTRACT_WORDS_SURE: usize = 40;
/// From how many words on a text that ends like a sentence is an abstract.
const ABSTRACT_WORDS_MIN: usize = 25;
/// A block in which no line is longer than this, in characters, may have been wrapped by hand.
const WRAPPED_LEN_MAX: usize = 200;
/// Longest reader's name, in words.
const NAME_WORDS_MAX: usize = 3;
/// From how many lines on a wrapped block can hold a title and its abstract.
const WRAPPED_LINES_MIN: usize = 3;

/// A paper as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PagePaper {
    title: String,
    /// Empty if the page shows none.
    abstract_text: String,
    authors: Option<u16>,
    /// Where the title stands, counted from 1.
    line: u64,
}

/// Cuts a page into its papers. A record is written out again with nothing of the page's furniture: title, abstract
/// and number of authors, with empty lines between; [`recognise`] finds in it what it found in the page.
#[derive(Debug, Default)]
pub(super) struct PageTextCutter {
    page: Option<Page>,
}

#[derive(Debug)]
struct Page {
    papers: std::vec::IntoIter<PagePaper>,
    day: Arc<str>,
}

impl Cutter for PageTextCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        let page = match &mut self.page {
            Some(page) => page,
            empty => empty.insert(Page::read(input)?),
        };
        let Some(paper) = page.papers.next() else {
            return Ok(None);
        };
        out.extend_from_slice(paper.title.as_bytes());
        out.extend_from_slice(b"\n\n");
        out.extend_from_slice(paper.abstract_text.as_bytes());
        if let Some(authors) = paper.authors {
            out.extend_from_slice(format!("\n\n{authors} authors").as_bytes());
        }
        Ok(Some(Cut {
            at: paper.line,
            cut_from: None,
        }))
    }

    fn prelude(&self) -> Arc<str> {
        self.page
            .as_ref()
            .map_or_else(|| Arc::from(""), |page| page.day.clone())
    }
}

impl Page {
    fn read(input: &mut dyn BufRead) -> io::Result<Self> {
        let bytes = read_whole(input)?;
        let (papers, day) = recognise(&encoding::decode(&bytes));
        if papers.is_empty() {
            let why = "no paper can be recognised on the page";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Page {
            papers: papers.into_iter(),
            day: Arc::from(day.unwrap_or_default()),
        })
    }
}

/// A whole page, if it is within bounds.
pub(super) fn read_whole(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input
        .take(PAGE_LEN_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > PAGE_LEN_MAX {
        let why = format!("it is over {PAGE_LEN_MAX} bytes long, which no page is");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(bytes)
}

/// Reads the piece of a page that holds one paper. `day` is the page's heading, as it stands there.
pub(super) fn read(
    bytes: &[u8],
    day: &str,
    seen: Timestamp,
    parsed: &mut Parsed,
) -> Result<(), Unfit> {
    let text = encoding::decode(bytes);
    let (papers, _) = recognise(&text);
    let paper = papers
        .into_iter()
        .next()
        .ok_or(Unfit::Missing("title with an abstract"))?;
    let title = bounds::title(&paper.title).ok_or(Unfit::Missing("title"))?;
    let mut record = Record::titled(Source::SavedPage, seen, title);
    record.abstract_text = bounds::abstract_text(&paper.abstract_text);
    record.authors_total = paper.authors;
    record.times.featured = featured(day, seen);
    parsed.paper(record);
    Ok(())
}

/// The day of a page's heading. Without a year it is the newest such day that is not in the future.
pub(super) fn featured(day: &str, seen: Timestamp) -> Option<Timestamp> {
    let without_year = || newest_not_after(parse_month_day(day)?, utc_day(seen));
    utc_midnight(without_year().or_else(|| parse_date(day))?)
}

/// What a line is, by its wording.
enum Line {
    Blank,
    /// Of the page's furniture.
    Furniture,
    /// The line after it is a reader's name.
    SubmittedBy,
    Authors(u16),
    Day,
    Text(String),
}

fn classify(line: &str) -> Line {
    let line = one_line(line);
    let lower = line.to_lowercase();
    let bare = lower
        .trim_start_matches(['·', '•', '|', '-', '*', ' '])
        .trim_end();
    if line.is_empty() {
        return Line::Blank;
    }
    if bare == "submitted by" {
        return Line::SubmittedBy;
    }
    if let Some((count, "author" | "authors")) = bare.split_once(' ')
        && let Ok(count) = count.parse()
    {
        return Line::Authors(count);
    }
    if is_day(&line) {
        return Line::Day;
    }
    if is_furniture(bare) {
        return Line::Furniture;
    }
    Line::Text(line)
}

fn is_day(line: &str) -> bool {
    let words = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .count();
    parse_month_day(line).is_some()
        || (words == 3 && line.len() <= 20 && parse_date(line).is_some())
}

/// Texts of the page that are no paper's.
fn is_furniture(line: &str) -> bool {
    const WHOLE: &[&str] = &[
        "",
        "new",
        "subscribe",
        "daily papers",
        "daily",
        "weekly",
        "monthly",
        "trending papers",
        "trending",
        "previous",
        "next",
        "upvote",
        "view all",
        "community",
        "comments",
        "log in",
        "sign up",
        "models",
        "datasets",
        "spaces",
        "docs",
        "pricing",
        "papers",
        "search",
        "share",
        "github",
        "arxiv",
        "pdf",
        "get trending papers in your email inbox!",
        "get trending papers in your email inbox once a day!",
    ];
    const BEGINNINGS: &[&str] = &[
        "submitted by ",
        "published on ",
        "byak",
        "by ak",
        "upvote ",
        "view arxiv",
        "view pdf",
    ];
    let is_count = |text: &str| {
        let digits = text
            .trim_start_matches('+')
            .trim_end_matches(['k', 'm', '%']);
        !digits.is_empty()
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' '))
    };
    WHOLE.contains(&line)
        || BEGINNINGS
            .iter()
            .any(|beginning| line.starts_with(beginning) && line.len() < 80)
        || is_count(line)
        || line.split_once(' ').is_some_and(|(count, noun)| {
            is_count(count) && ["comment", "comments", "upvotes", "votes", "likes"].contains(&noun)
        })
}

/// The papers of a page and its day.
fn recognise(text: &str) -> (Vec<PagePaper>, Option<String>) {
    let mut reader = PageReader::default();
    let mut name_follows = false;
    for (line, number) in text.lines().zip(1..) {
        let class = match classify(line) {
            // A reader's name may look like anything, but it is short.
            Line::Text(text) if name_follows && text.split(' ').count() <= NAME_WORDS_MAX => {
                Line::Furniture
            }
            class => class,
        };
        name_follows =
            matches!(class, Line::SubmittedBy) || (name_follows && matches!(class, Line::Blank));
        match class {
            Line::Text(text) => reader.line(text, number),
            Line::Authors(count) => reader.authors(count),
            other => {
                reader.end_block();
                if matches!(other, Line::Day) && reader.day.is_none() {
                    reader.day = Some(one_line(line));
                }
            }
        }
    }
    reader.end_block();
    reader.give_up_title();
    (reader.papers, reader.day)
}

#[derive(Debug, Default)]
struct PageReader {
    papers: Vec<PagePaper>,
    day: Option<String>,
    /// Lines of text that stand together, with their numbers.
    block: Vec<(String, u64)>,
    /// The last short text, which is a title if an abstract follows.
    title: Option<PagePaper>,
}

impl PageReader {
    fn line(&mut self, text: String, number: u64) {
        if self.block.len() >= BLOCK_LINES_MAX {
            self.end_block();
        }
        self.block.push((text, number));
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        let is_wrapped = block
            .iter()
            .all(|(line, _)| line.chars().count() <= WRAPPED_LEN_MAX);
        if !is_wrapped {
            let texts = block.into_iter().fold(Vec::new(), join_broken);
            texts
                .into_iter()
                .for_each(|(text, line)| self.text(text, line));
            return;
        }
        let mut lines = block.as_slice();
        if lines.len() >= WRAPPED_LINES_MIN
            && self.title.is_none()
            && is_abstract(&join(lines))
            && let Some(((title, line), rest)) = lines.split_first()
        {
            self.text(title.clone(), *line);
            lines = rest;
        }
        if let Some((_, line)) = lines.first() {
            self.text(join(lines), *line);
        }
    }

    fn text(&mut self, text: String, line: u64) {
        if !is_abstract(&text) {
            self.give_up_title();
            self.title = Some(PagePaper {
                title: text,
                abstract_text: String::new(),
                authors: None,
                line,
            });
        } else if let Some(mut paper) = self.title.take() {
            paper.abstract_text = text;
            self.papers.push(paper);
        } else if let Some(paper) = self.papers.last_mut() {
            // A second paragraph.
            paper.abstract_text.push(' ');
            paper.abstract_text.push_str(&text);
        }
    }

    fn authors(&mut self, count: u16) {
        self.end_block();
        if let Some(paper) = self.title.as_mut().or(self.papers.last_mut()) {
            paper.authors = paper.authors.or(Some(count));
        }
    }

    /// A title without abstract counts only if the page names its authors' number.
    fn give_up_title(&mut self) {
        let with_authors = self.title.take().filter(|title| title.authors.is_some());
        self.papers.extend(with_authors);
    }
}

fn join(block: &[(String, u64)]) -> String {
    let lines: Vec<&str> = block.iter().map(|(line, _)| line.as_str()).collect();
    lines.join(" ")
}

/// Adds a line to the texts of its block: to the last one, if that was broken off in the middle of a sentence.
fn join_broken(mut texts: Vec<(String, u64)>, (line, number): (String, u64)) -> Vec<(String, u64)> {
    let goes_on = line.starts_with(char::is_lowercase);
    match texts.last_mut() {
        Some((text, _)) if goes_on && !text.ends_with(['.', '!', '?', ':', '…']) => {
            text.push(' ');
            text.push_str(&line);
        }
        _ => texts.push((line, number)),
    }
    texts
}

fn is_abstract(text: &str) -> bool {
    let words = text.split(' ').count();
    text.chars().count() > ABSTRACT_LEN_SURE
        || words > ABSTRACT_WORDS_SURE
        || (words >= ABSTRACT_WORDS_MIN && text.ends_with(['.', '!', '?', '…']))
}
