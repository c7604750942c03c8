//! Cutting BibTeX into entries, so that one broken entry costs only itself.
//!
//! An entry ends where its braces close. One that never closes ends where the next begins at the start of a line.
//! `@string` is remembered for the entries after it; `@comment` and `@preamble` are no records.

use std::io::{self, BufRead, Read as _};
use std::sync::Arc;

use super::chunks::{Cut, Cutter, RECORD_LEN_MAX};
use super::detect::is_bibtex_start;

/// Most bytes of abbreviations that are remembered. Lists of journals are under 100 KB.
const ABBREVIATIONS_LEN_MAX: usize = 512 * 1024;

/// How much is read at once of a file that has no line ends, in bytes.
const PART_LEN: u64 = 256 * 1024;
/// Longest beginning of an entry that may lie across two such parts, in bytes.
const BEGINNING_LEN_MAX: usize = 100;

/// Cuts at the ends of entries.
#[derive(Debug, Default)]
pub(super) struct BibtexCutter {
    /// A line, or a part of an endless one.
    part: Vec<u8>,
    /// How much of it belongs to entries that were cut.
    taken: usize,
    /// The line that the part stands in, counted from 1.
    line: u64,
    /// Whether the part begins a line.
    begins_line: bool,
    abbreviations: String,
}

impl BibtexCutter {
    /// Whether anything is left, after reading on if need be.
    fn more(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        if self.taken < self.part.len() {
            return Ok(true);
        }
        self.begins_line = self.line == 0 || self.part.ends_with(b"\n");
        self.part.clear();
        self.taken = 0;
        self.read_on(input)
    }

    /// Appends the next line or part. False at the end.
    fn read_on(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        let len = input.take(PART_LEN).read_until(b'\n', &mut self.part)?;
        self.line += u64::from(self.begins_line);
        Ok(len > 0)
    }

    /// Goes to the beginning of the next entry, if there is one.
    fn seek(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        while self.more(input)? {
            let rest = &self.part[self.taken..];
            let mut signs = (0..rest.len()).filter(|at| rest[*at] == b'@');
            if let Some(start) = signs.find(|at| is_bibtex_start(&rest[*at..])) {
                self.taken += start;
                return Ok(true);
            }
            // A beginning that lies across two parts is seen whole when the second is there.
            let cut_short = rest.iter().rposition(|byte| *byte == b'@');
            let cut_short = cut_short
                .filter(|at| rest.len() - at <= BEGINNING_LEN_MAX && !rest.ends_with(b"\n"));
            let Some(start) = cut_short else {
                self.taken = self.part.len();
                continue;
            };
            self.part.drain(..self.taken + start);
            self.taken = 0;
            self.begins_line = false;
            if !self.read_on(input)? {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Reads one entry of any kind into `out`: the line it begins in and its whole length.
    fn entry(
        &mut self,
        input: &mut dyn BufRead,
        out: &mut Vec<u8>,
    ) -> io::Result<Option<(u64, u64)>> {
        if !self.seek(input)? {
            return Ok(None);
        }
        let at = self.line;
        let mut braces = Braces::default();
        let mut len = 0_u64;
        loop {
            let rest = &self.part[self.taken..];
            let end = braces.feed(rest);
            let taken = &rest[..end.unwrap_or(rest.len())];
            let room = RECORD_LEN_MAX.saturating_sub(usize::try_from(len).unwrap_or(usize::MAX));
            out.extend_from_slice(&taken[..taken.len().min(room)]);
            len += taken.len() as u64;
            self.taken += taken.len();
            let is_over = end.is_some()
                || !self.more(input)?
                || (self.begins_line && is_bibtex_start(&self.part));
            if is_over {
                return Ok(Some((at, len)));
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
