//! Cutting an input into chunks of records: sequential, cheap, in bounded memory.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::FileError;

/// Longest record that is read, in bytes; a longer one is set aside by its beginning and passed over.
pub const RECORD_LEN_MAX: usize = 8 * 1024 * 1024;
/// Most records of a chunk.
pub const CHUNK_RECORDS_MAX: usize = 1_000;
/// Length in bytes from which on a chunk is full; the last record may reach over it by its own length.
pub const CHUNK_LEN_MAX: usize = 4 * 1024 * 1024;
/// How much of an overlong record is kept, in bytes.
const KEPT_LEN: usize = domain::record::SET_ASIDE_LEN_MAX;

/// One record as it was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where it begins: line or item number, counted from 1.
    pub(super) at: u64,
    /// Its whole length in bytes, if that is over [`RECORD_LEN_MAX`] and only its beginning was kept.
    pub(super) cut_from: Option<u64>,
}

/// Cuts a stream into the records of one format.
pub(super) trait Cutter: Send {
    /// Appends the bytes of the next record to `out`, or says that there is none.
    ///
    /// After an error nothing of the record that was being read counts, and the cutter is not asked again.
    fn next(&mut self, input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<Option<Cut>>;

    /// What the file said so far that later records need: abbreviations, a page's date.
    fn prelude(&self) -> Arc<str> {
        Arc::from("")
    }
}

/// A run of whole records, not yet parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChunk {
    first_record: u64,
    bytes: Vec<u8>,
    /// The end of each record in `bytes`, and how it was cut.
    cuts: Vec<(usize, Cut)>,
    prelude: Arc<str>,
}

/// One record of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: u64,
    pub(super) cut_from: Option<u64>,
}

impl RawChunk {
    /// A chunk of a single record.
    pub(super) fn of_one(bytes: &[u8]) -> Self {
        let cut = Cut {
            at: 1,
            cut_from: (bytes.len() > RECORD_LEN_MAX).then_some(bytes.len() as u64),
        };
        RawChunk {
            first_record: 0,
            bytes: bytes.to_vec(),
            cuts: vec![(bytes.len(), cut)],
            prelude: Arc::from(""),
        }
    }

    /// The number of the first record here, counted from 0 over the whole input.
    pub fn first_record(&self) -> u64 {
        self.first_record
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.cuts.len() as u64
    }

    /// How many bytes there are, decompressed.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The chunk without its first `passed` records: an import that stopped within it goes on from there.
    pub fn after(&self, passed: u64) -> Self {
        let passed = passed.min(self.records());
        let count = usize::try_from(passed).unwrap_or(self.cuts.len());
        let start = count.checked_sub(1).map_or(0, |last| self.cuts[last].0);
        RawChunk {
            first_record: self.first_record + passed,
            bytes: self.bytes[start..].to_vec(),
            cuts: self.cuts[count..]
                .iter()
                .map(|(end, cut)| (end - start, *cut))
                .collect(),
            prelude: self.prelude.clone(),
        }
    }

    pub(super) fn prelude(&self) -> &str {
        &self.prelude
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let starts = std::iter::once(0).chain(self.cuts.iter().map(|(end, _)| *end));
        starts.zip(&self.cuts).map(|(start, (end, cut))| Piece {
            bytes: &self.bytes[start..*end],
            at: cut.at,
            cut_from: cut.cut_from,
        })
    }
}

/// The chunks of an input, in order. Ends after the first error.
pub struct Chunks {
    name: String,
    input: Box<dyn BufRead + Send>,
    cutter: Box<dyn Cutter>,
    records: u64,
    state: State,
}

enum State {
    Reading,
    /// Said after the chunk that was whole before it.
    Failed(io::Error),
    Ended,
}

impl Chunks {
    pub(super) fn new(
        name: String,
        input: Box<dyn BufRead + Send>,
        cutter: Box<dyn Cutter>,
    ) -> Self {
        Chunks {
            name,
            input,
            cutter,
            records: 0,
            state: State::Reading,
        }
    }

    fn fill(&mut self) -> Option<RawChunk> {
        let mut bytes = Vec::new();
        let mut cuts = Vec::new();
        while cuts.len() < CHUNK_RECORDS_MAX && bytes.len() < CHUNK_LEN_MAX {
            let start = bytes.len();
            match self.cutter.next(&mut *self.input, &mut bytes) {
                Ok(Some(cut)) => {
                    if cut.cut_from.is_some() {
                        bytes.truncate(start + KEPT_LEN);
                    }
                    cuts.push((bytes.len(), cut));
                }
                Ok(None) => {
                    self.state = State::Ended;
                    break;
                }
                Err(error) => {
                    bytes.truncate(start);
                    self.state = State::Failed(error);
                    break;
                }
            }
        }
        if cuts.is_empty() {
            return None;
        }
        let first_record = self.records;
        self.records += cuts.len() as u64;
        Some(RawChunk {
            first_record,
            bytes,
            cuts,
            prelude: self.cutter.prelude(),
        })
    }
}

impl Iterator for Chunks {
    type Item = Result<RawChunk, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Reading)
            && let Some(chunk) = self.fill()
        {
            return Some(Ok(chunk));
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(source) => Some(Err(FileError::Damaged {
                name: self.name.clone(),
                records: self.records,
                source,
            })),
            State::Reading | State::Ended => None,
        }
    }
}

/// Reads one line with its end, of which at most [`RECORD_LEN_MAX`] bytes are kept. The whole length, 0 at the end.
pub(super) fn read_line(input: &mut dyn BufRead, out: &mut Vec<u8>) -> io::Result<u64> {
    let limit = RECORD_LEN_MAX as u64 + 1;
    let start = out.len();
    let mut len = io::Read::take(&mut *input, limit).read_until(b'\n', out)? as u64;
    let mut ended = out.last() == Some(&b'\n');
    let mut passed_over = Vec::new();
    while !ended && len >= limit {
        passed_over.clear();
        let read = io::Read::take(&mut *input, limit).read_until(b'\n', &mut passed_over)?;
        len += read as u64;
        ended = read == 0 || passed_over.last() == Some(&b'\n');
    }
    out.truncate(start + RECORD_LEN_MAX);
    Ok(len)
}
