//! Opening a file or standard input: compression undone, format recognised, bytes counted.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::chunks::{Chunks, Cutter};
use super::json_cut::JsonCutter;
use super::line_cut::LineCutter;
use super::{FileError, Format, bibtex_cut, detect, page_cut, ris, saved_page};

/// How much of the beginning is looked at to recognise the format, in bytes.
const HEAD_LEN: u64 = 64 * 1024;
/// Size of the buffer before the cutting, in bytes.
const BUFFER_LEN: usize = 256 * 1024;
/// Most bytes that a compressed file may unfold to. arXiv's whole metadata is under 6 GB.
const UNFOLDED_LEN_MAX: u64 = 64 << 30;
/// Most times its own size that a compressed file may unfold to. Metadata stays under 30.
const RATIO_MAX: u64 = 500;
/// Unfolded length in bytes up to which the ratio is not looked at.
const RATIO_FREE_LEN: u64 = 64 << 20;

/// How an input was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, one or more members.
    Gzip,
    /// Zstandard, one or more frames.
    Zstd,
}

impl Compression {
    fn of(magic: &[u8]) -> Self {
        if magic.starts_with(&[0x1f, 0x8b]) {
            Compression::Gzip
        } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Compression::Zstd
        } else {
            Compression::None
        }
    }
}

/// A file or standard input, recognised, not yet cut.
pub struct Input {
    name: String,
    format: Format,
    compression: Compression,
    compressed_len: Option<u64>,
    position: Arc<AtomicU64>,
    reader: Box<dyn Read + Send>,
    cutter: Box<dyn Cutter>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Input");
        out.field("name", &self.name).field("format", &self.format);
        out.field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl Input {
    /// Opens a file, or standard input for the path `-`. Recognises the format unless one is given.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Self, FileError> {
        if path == Path::new("-") {
            return Self::from_reader("standard input", Box::new(io::stdin()), format);
        }
        let name = path.display().to_string();
        let failed = |source| FileError::Io {
            name: name.clone(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mut input = Self::from_reader(&name, Box::new(file), format)?;
        input.compressed_len = metadata.is_file().then_some(metadata.len());
        Ok(input)
    }

    /// Takes any stream of bytes.
    pub fn from_reader(
        name: &str,
        reader: Box<dyn Read + Send>,
        format: Option<Format>,
    ) -> Result<Self, FileError> {
        let failed = |source| FileError::Io {
            name: name.to_string(),
            source,
        };
        let position = Arc::<AtomicU64>::default();
        let mut metered = BufReader::with_capacity(
            BUFFER_LEN,
            Metered {
                inner: reader,
                position: position.clone(),
            },
        );
        let mut magic = Vec::new();
        metered
            .by_ref()
            .take(4)
            .read_to_end(&mut magic)
            .map_err(failed)?;
        let compression = Compression::of(&magic);
        let whole = Cursor::new(magic).chain(metered);
        let unfolded = unfold(compression, whole, &position).map_err(failed)?;
        let (head, reader) = peek(unfolded).map_err(failed)?;
        let format = match format {
            Some(format) => format,
            None => recognise(name, &head)?,
        };
        Ok(Input {
            name: name.to_string(),
            format,
            compression,
            compressed_len: None,
            position,
            reader,
            cutter: cutter(format, &head),
        })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The format, recognised or given.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The compression that is undone.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The size on disk in bytes, of a file.
    pub fn compressed_len(&self) -> Option<u64> {
        self.compressed_len
    }

    /// How many bytes, as they lie on disk, were read so far. Goes on counting while the chunks are read.
    pub fn position(&self) -> Arc<AtomicU64> {
        self.position.clone()
    }

    /// The records, in chunks.
    pub fn chunks(self) -> Chunks {
        let reader = BufReader::with_capacity(BUFFER_LEN, self.reader);
        Chunks::new(self.name, Box::new(reader), self.cutter)
    }
}

fn recognise(name: &str, head: &[u8]) -> Result<Format, FileError> {
    let name = name.to_string();
    if detect::is_empty(head) {
        return Err(FileError::Empty { name });
    }
    detect::format(head).ok_or(FileError::Unrecognised { name })
}

fn cutter(format: Format, head: &[u8]) -> Box<dyn Cutter> {
    match format {
        Format::SavedPageText => Box::new(saved_page::PageTextCutter::default()),
        Format::SavedPageHtml => Box::new(page_cut::PageHtmlCutter::default()),
        Format::Bibtex => Box::new(bibtex_cut::BibtexCutter::default()),
        Format::Ris => Box::new(ris::RisCutter::default()),
        Format::ArxivJsonl | Format::DailyJson | Format::UpvotesJsonl | Format::CslJson => {
            if detect::is_lines(head) {
                Box::new(LineCutter::default())
            } else {
                Box::new(JsonCutter::default())
            }
        }
    }
}

fn unfold(
    compression: Compression,
    inner: impl Read + Send + 'static,
    position: &Arc<AtomicU64>,
) -> io::Result<Box<dyn Read + Send>> {
    let bounded = |decoder: Box<dyn Read + Send>| Bounded {
        decoder,
        position: position.clone(),
        len: 0,
    };
    Ok(match compression {
        Compression::None => Box::new(inner),
        Compression::Gzip => Box::new(bounded(Box::new(MultiGzDecoder::new(inner)))),
        // The decoder refuses windows over 128 MiB, which bounds its memory.
        Compression::Zstd => Box::new(bounded(Box::new(zstd::stream::read::Decoder::new(inner)?))),
    })
}

/// The beginning of a stream, and the stream as if it had not been read.
/// If reading breaks off already there, it breaks off again at the same place.
fn peek(mut reader: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut head = Vec::new();
    let outcome = reader.by_ref().take(HEAD_LEN).read_to_end(&mut head);
    let rest: Box<dyn Read + Send> = match outcome {
        Ok(_) => reader,
        Err(error) if head.is_empty() => return Err(error),
        Err(error) => Box::new(Broken(Some(error))),
    };
    let whole = Cursor::new(head.clone()).chain(rest);
    Ok((head, Box::new(whole)))
}

/// Counts what is read.
struct Metered {
    inner: Box<dyn Read + Send>,
    position: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.position.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

/// Stops what unfolds beyond all measure.
struct Bounded {
    decoder: Box<dyn Read + Send>,
    position: Arc<AtomicU64>,
    len: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.decoder.read(buffer)?;
        self.len = self.len.saturating_add(len as u64);
        let allowed = self
            .position
            .load(Ordering::Relaxed)
            .saturating_mul(RATIO_MAX)
            .max(RATIO_FREE_LEN);
        if self.len > allowed.min(UNFOLDED_LEN_MAX) {
            let why = "it unfolds to so many times its size that it cannot be metadata";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(len)
    }
}

/// A stream that fails once and then is at its end.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
