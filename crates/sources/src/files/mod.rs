//! Files of papers: recognised by content, read as a stream, cut into records, parsed apart from the reading.
//!
//! [`Input`] opens a file or standard input and undoes compression. [`Input::chunks`] cuts it, one record after the
//! other, into [`RawChunk`]s. [`parse_chunk`] turns a chunk into records; it is pure, so chunks can be parsed on many
//! cores. Records are counted by the cutting alone, so an interrupted import resumes by passing over as many as it
//! had ([`RawChunk::after`]). A record that cannot be read is set aside, and reading goes on after it.

mod arxiv_id;
mod arxiv_jsonl;
mod bibtex;
mod bibtex_cut;
mod chunks;
mod csl_json;
mod detect;
mod encoding;
mod html;
mod input;
mod json_cut;
mod latex;
mod line_cut;
pub(crate) mod names;
mod page_cut;
mod published;
mod ris;
mod saved_page;
mod upvotes;

use std::fmt;

use domain::ids::ExternalId;
use domain::record::{Item, Record, Source, Unreadable};
use domain::signal::Reading;
use jiff::Timestamp;

use crate::daily_json;
use crate::unfit::Unfit;
pub use chunks::{CHUNK_LEN_MAX, CHUNK_RECORDS_MAX, Chunks, RECORD_LEN_MAX, RawChunk};
pub use input::{Compression, Input};

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A Daily Papers page copied or dumped as text.
    SavedPageText,
    /// The same page saved as HTML, with the data embedded in it.
    SavedPageHtml,
    /// arXiv metadata, one JSON object a line, in either of the two shapes in use.
    ArxivJsonl,
    /// Daily Papers items: the API's list, or lines.
    DailyJson,
    /// Up-votes over time, one JSON reading a line.
    UpvotesJsonl,
    /// BibTeX and BibLaTeX.
    Bibtex,
    /// RIS, as reference managers export it.
    Ris,
    /// CSL-JSON: a list, or lines.
    CslJson,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 8] = [
        Format::SavedPageText,
        Format::SavedPageHtml,
        Format::ArxivJsonl,
        Format::DailyJson,
        Format::UpvotesJsonl,
        Format::Bibtex,
        Format::Ris,
        Format::CslJson,
    ];

    /// The short name on the command line and in quarantine.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::SavedPageText => "saved-page",
            Format::SavedPageHtml => "saved-page-html",
            Format::ArxivJsonl => "arxiv-jsonl",
            Format::DailyJson => daily_json::FORMAT,
            Format::UpvotesJsonl => "daily-upvotes",
            Format::Bibtex => "bibtex",
            Format::Ris => "ris",
            Format::CslJson => "csl-json",
        }
    }

    /// The format of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Who speaks in such a file.
    pub fn source(self) -> Source {
        match self {
            Format::SavedPageText | Format::SavedPageHtml => Source::SavedPage,
            Format::ArxivJsonl => Source::ArxivDump,
            Format::DailyJson | Format::UpvotesJsonl => Source::DailyPapers,
            Format::Bibtex | Format::Ris | Format::CslJson => Source::Bibliography,
        }
    }

    /// How a place in such a file is counted, for people.
    fn unit(self) -> &'static str {
        match self {
            Format::SavedPageHtml => "item",
            _ => "line",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be opened or read at all.
    #[error("cannot read {name}: {source}")]
    Io {
        /// The file.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is nothing in it.
    #[error("{name} is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// Nothing that is known here.
    #[error(
        "{name} is in no known format; known are a saved Daily Papers page (text or HTML), Daily Papers JSON, \
         arXiv metadata as JSON lines, up-votes over time, BibTeX, RIS and CSL-JSON, plain or as gzip or zstd"
    )]
    Unrecognised {
        /// The file.
        name: String,
    },
    /// Reading broke off; every whole record before that was delivered.
    #[error(
        "{name} is damaged after record {records}: {source}; the records before that are sound"
    )]
    Damaged {
        /// The file.
        name: String,
        /// How many records were delivered.
        records: u64,
        /// What is wrong.
        source: std::io::Error,
    },
}

/// What the reader of a record needs to know beside its bytes.
#[derive(Debug, Clone)]
pub struct Context {
    /// When the import began; dates what carries no time of its own.
    pub seen: Timestamp,
    /// The file's name, for the place of what is set aside.
    pub name: String,
}

/// What a chunk yields.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Papers and readings, in the file's order.
    pub items: Vec<Item>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Records consumed, unreadable ones included. Readings of one paper that follow each other are one item, so
    /// this is no count of items.
    pub records: u64,
    /// arXiv ids among them that had gone through a number and were put right.
    pub repaired_ids: u64,
}

impl Parsed {
    fn paper(&mut self, record: Record) {
        self.items.push(Item::Paper(Box::new(record)));
    }

    /// Adds a reading, to the item before if that is of the same paper.
    fn reading(&mut self, paper: ExternalId, source: Source, reading: Reading) {
        if let Some(Item::Readings { id, readings, .. }) = self.items.last_mut()
            && *id == paper
        {
            readings.push(reading);
            return;
        }
        self.items.push(Item::Readings {
            id: paper,
            readings: vec![reading],
            source,
        });
    }
}

/// Parses a chunk. Pure: the same chunk and context give the same answer, on any thread.
pub fn parse_chunk(format: Format, chunk: &RawChunk, context: &Context) -> Parsed {
    let reader = Reader::new(format, chunk.prelude(), context.seen);
    let mut parsed = Parsed::default();
    for piece in chunk.pieces() {
        parsed.records += 1;
        let outcome = match piece.cut_from {
            Some(len) => Err(Unfit::TooLong(len)),
            None => reader.read(piece.bytes, &mut parsed),
        };
        if let Err(why) = outcome {
            let place = format!("{}, {} {}", context.name, format.unit(), piece.at);
            let reason = why.to_string();
            let (source, name) = (format.source(), format.as_str());
            parsed
                .unreadable
                .push(Unreadable::new(source, name, place, reason, piece.bytes));
        }
    }
    parsed
}

/// Reads one record that was set aside once more.
pub fn parse_one(format: Format, bytes: &[u8], context: &Context) -> Parsed {
    parse_chunk(format, &RawChunk::of_one(bytes), context)
}

/// A format's reader, with what the file said before the chunk.
struct Reader<'a> {
    format: Format,
    seen: Timestamp,
    prelude: &'a str,
    abbreviations: bibtex::Abbreviations,
}

impl<'a> Reader<'a> {
    fn new(format: Format, prelude: &'a str, seen: Timestamp) -> Self {
        let abbreviations = match format {
            Format::Bibtex => bibtex::Abbreviations::read(prelude),
            _ => bibtex::Abbreviations::default(),
        };
        Reader {
            format,
            seen,
            prelude,
            abbreviations,
        }
    }

    fn read(&self, bytes: &[u8], parsed: &mut Parsed) -> Result<(), Unfit> {
        match self.format {
            Format::SavedPageText => saved_page::read(bytes, self.prelude, self.seen, parsed),
            Format::SavedPageHtml => page_cut::read_item(bytes, self.prelude, self.seen, parsed),
            Format::ArxivJsonl => arxiv_jsonl::read(bytes, self.seen, parsed),
            Format::DailyJson => {
                parsed.paper(daily_json::parse_item(
                    bytes,
                    Source::DailyPapers,
                    self.seen,
                )?);
                Ok(())
            }
            Format::UpvotesJsonl => upvotes::read(bytes, parsed),
            Format::Bibtex => bibtex::read(bytes, &self.abbreviations, self.seen, parsed),
            Format::Ris => ris::read(bytes, self.seen, parsed),
            Format::CslJson => csl_json::read(bytes, self.seen, parsed),
        }
    }
}
