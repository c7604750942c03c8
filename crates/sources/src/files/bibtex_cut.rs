//! Cutting BibTeX into entries, so that one broken entry costs only itself.
//!
//! An entry ends where its braces close. One that never closes ends where the next begins at the start of a line.
//! `@string` is remembered for the entries after it; `@comment` and `@preamble` are no records.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX, read_line};
use super::detect::is_bibtex_start;

/// Most bytes of abbreviations that are remembered. Lists of journals are under 100 KB.
const ABBREVIATIONS_LEN_MAX: usize = 512 * 1024;

/// Cuts at the ends of entries.
#[derive(Debug, Default)]
pub(super) struct BibtexCutter {
    /// What was read but belongs to the next entry.
    rest: Vec<u8>,
    /// The line that `rest` stands in, counted from 1.
    line: u64,
    abbreviations: String,
}

impl BibtexCutter {
    /// The next line, or what is left of the last one.
    fn take_line(&mut self, input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        let mut line = Vec::new();
        let len = read_line(input, &mut line)?;
        self.line += 1;
        Ok((len > 0).then_some(line))
    }

    /// Reads up to the beginning of an entry and returns the line from there on.
    fn seek(&mut self, input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
        while let Some(line) = self.take_line(input)? {
            let start = (0..line.len())
                .find(|start| line[*start] == b'@' && is_bibtex_start(&line[*start..]));
            if let Some(start) = start {
                return Ok(Some(line[start..].to_vec()));
            }
        }
        Ok(None)
    }

    /// Reads one entry of any kind into `out`: the line it begins in and its whole length.
    fn entry(
        &mut self,
        input: &mut dyn BufRead,
        out: &mut Vec<u8>,
    ) -> io::Result<Option<(u64, u64)>> {
        let Some(mut line) = self.seek(input)? else {
            return Ok(None);
        };
        let at = self.line;
        let mut braces = Braces::default();
        let mut len = 0_u64;
        loop {
            let end = braces.feed(&line);
            let taken = &line[..end.unwrap_or(line.len())];
            let room = RECORD_LEN_MAX.saturating_sub(usize::try_from(len).unwrap_or(usize::MAX));
            out.extend_from_slice(&taken[..taken.len().min(room)]);
            len += taken.len() as u64;
            if let Some(end) = end {
                self.rest = line.split_off(end);
                return Ok(Some((at, len)));
            }
            match self.take_line(input)? {
                None => return Ok(Some((at, len))),
                Some(next) if is_bibtex_start(&next) => {
                    self.rest = next;
                    return Ok(Some((at, len)));
                }
                Some(next) => line = next,
            }
        }
    }

    fn remember(&mut self, abbreviation: &[u8]) {
        if self.abbreviations.len() + abbreviation.len() <= ABBREVIATIONS_LEN_MAX {
            self.abbreviations
                .push_str(&super::encoding::decode(abbreviation));
            self.abbreviations.push('\n');
        }
    }
}

impl Cutter for BibtexCutter {
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>> {
        let start = out.len();
        while let Some((at, len)) = self.entry(input, out)? {
            match Kind::of(&out[start..]) {
                Kind::Abbreviation => self.remember(&out[start..]),
                Kind::Aside => {}
                Kind::Paper => {
                    return Ok(Some(Cut {
                        at,
                        cut_from: (len > RECORD_LEN_MAX as u64).then_some(len),
                    }));
                }
            }
            out.truncate(start);
        }
        Ok(None)
    }

    fn prelude(&self) -> Arc<str> {
        Arc::from(self.abbreviations.as_str())
    }
}

/// What an entry is for.
enum Kind {
    Paper,
    Abbreviation,
    Aside,
}

impl Kind {
    fn of(entry: &[u8]) -> Self {
        let word = entry[1..].iter().take_while(|b| b.is_ascii_alphabetic());
        let word: Vec<u8> = word.take(10).map(u8::to_ascii_lowercase).collect();
        match word.as_slice() {
            b"string" => Kind::Abbreviation,
            b"comment" | b"preamble" => Kind::Aside,
            _ => Kind::Paper,
        }
    }
}

/// Feels for the end of an entry. As BibTeX itself does, it counts braces even behind a backslash.
#[derive(Debug, Default)]
struct Braces {
    depth: u64,
    /// The entry stands in round brackets.
    is_round: bool,
}

impl Braces {
    fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'{' => self.depth += 1,
                b'(' if self.depth == 0 => {
                    self.depth = 1;
                    self.is_round = true;
                }
                b'}' if self.depth > 1 || !self.is_round => {
                    self.depth = self.depth.saturating_sub(1)
                }
                b')' if self.is_round && self.depth == 1 => self.depth = 0,
                _ => continue,
            }
            if self.depth == 0 {
                return Some(index + 1);
            }
        }
        None
    }
}
