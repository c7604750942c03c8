//! RIS, as reference managers and publishers export it: a tag of two letters a line, from `TY` to `ER`.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX, read_line};
use super::detect::is_ris_start;
use super::published::Published;
use super::{Parsed, encoding, names};
use crate::unfit::Unfit;

/// Cuts after `ER`, and before a `TY` that comes too early.
#[derive(Debug, Default)]
pub(super) struct RisCutter {
    line: u64,
    /// A first line that was read too early.
    ahead: Option<Vec<u8>>,
}

impl RisCutter {
    fn take_line(&mut self, input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let len = read_line(input, &mut line)?;
        self.line += 1;
        Ok((len > 0).then_some(line))
    }
}

impl Cutter for RisCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        let first = loop {
            match self.take_line(input)? {
                None => return Ok(None),
                Some(line) if is_ris_start(without_mark(&line)) => break line,
                Some(_) => {}
            }
        };
        let at = self.line;
        let mut len = 0_u64;
        let mut line = first;
        loop {
            let room = RECORD_LEN_MAX.saturating_sub(usize::try_from(len).unwrap_or(usize::MAX));
            out.extend_from_slice(&line[..line.len().min(room)]);
            len += line.len() as u64;
            let is_end = tag(&line).is_some_and(|(tag, _)| tag == b"ER");
            let next = if is_end { None } else { self.take_line(input)? };
            match next {
                Some(next) if !is_ris_start(&next) => line = next,
                next => {
                    self.ahead = next;
                    let cut_from = (len > RECORD_LEN_MAX as u64).then_some(len);
                    return Ok(Some(Cut { at, cut_from }));
                }
            }
        }
    }
}

fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(line)
        .trim_ascii_start()
}

/// The tag of a line and what follows its dash.
fn tag(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = without_mark(line).split_at_checked(2)?;
    let is_tag =
        tag[0].is_ascii_uppercase() && (tag[1].is_ascii_uppercase() || tag[1].is_ascii_digit());
    let value = rest
        .strip_prefix(b" ")?
        .trim_ascii_start()
        .strip_prefix(b"-")?;
    is_tag.then(|| (tag, value.trim_ascii()))
}

/// Reads one entry.
pub(super) fn read(bytes: &[u8], seen: Timestamp, parsed: &mut Parsed) -> Result<(), Unfit> {
    let text = encoding::decode(bytes);
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match tag(line.as_bytes()) {
            Some((tag, _)) => {
                let tag = std::str::from_utf8(tag).unwrap_or_default();
                let value = line.split_once('-').map_or("", |(_, value)| value.trim());
                fields.push((tag, value.to_string()));
            }
            // A line without tag goes on with the one before.
            None => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            }
        }
    }
    let record = published(&fields).into_record(seen)?;
    parsed.paper(record);
    Ok(())
}

fn published(fields: &[(&str, String)]) -> Published {
    let all = |tags: &[&str]| -> Vec<String> {
        let with_tag = fields
            .iter()
            .filter(|(tag, value)| tags.contains(tag) && !value.is_empty());
        with_tag.map(|(_, value)| value.clone()).collect()
    };
    // In the order of the tags, for a later one only stands in for an earlier.
    let one = |tags: &[&str]| tags.iter().find_map(|tag| all(&[tag]).into_iter().next());
    let authors = all(&["AU", "A1"]);
    let pages = match (one(&["SP"]), one(&["EP"])) {
        (Some(first), Some(last)) => Some(format!("{first}–{last}")),
        (first, last) => first.or(last),
    };
    let dates = ["DA", "PY", "Y1"].iter().flat_map(|tag| all(&[tag]));
    Published {
        title: one(&["TI", "T1", "CT"]),
        abstract_text: one(&["AB", "N2"]),
        authors: authors
            .iter()
            .filter_map(|name| names::in_reading_order(name))
            .collect(),
        container: one(&["JO", "JF", "JA", "T2", "BT", "PB"]),
        volume: one(&["VL"]),
        issue: one(&["IS"]),
        pages,
        dates: dates
            .map(|date| date.trim_end_matches('/').to_string())
            .collect(),
        doi: one(&["DO"]),
        arxiv: Vec::new(),
        pubmed: one(&["AN"])
            .filter(|_| one(&["DB"]).is_some_and(|base| base.to_lowercase().contains("pubmed"))),
        urls: all(&["UR", "LK"]),
        keywords: all(&["KW"]),
        categories: Vec::new(),
        note: one(&["N1"]),
    }
}
