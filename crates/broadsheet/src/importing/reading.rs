//! Reading and parsing beside the storing: a thread cuts and parses, bounded in what it holds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rayon::prelude::*;
use sources::files::{Context, Format, Input, Parsed, RawChunk, parse_chunk};
use tokio::sync::mpsc;

/// Chunks cut before they are parsed together, and parsed sets waiting to be stored. Bounds memory.
const CHUNKS_AT_ONCE: usize = 4;

/// An input being read in the background.
pub(crate) struct Reading {
    /// Parsed chunks in the input's order; an error ends them.
    pub(crate) chunks: mpsc::Receiver<Result<Parsed>>,
    /// What was recognised.
    pub(crate) format: Format,
    /// Length on disk, if it is a file.
    pub(crate) compressed_len: Option<u64>,
    position: Arc<AtomicU64>,
}

impl Reading {
    /// Bytes consumed of `compressed_len`.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}

/// Opens an input and starts reading it, passing over the first `skip` records.
pub(crate) fn start(
    file: &Path,
    name: &str,
    format: Option<Format>,
    seen: Timestamp,
    skip: u64,
) -> Result<Reading> {
    let input = if file.as_os_str() == "-" {
        Input::from_reader(name, Box::new(std::io::stdin()), format)
    } else {
        Input::open(file, format)
    };
    let input = input.with_context(|| format!("cannot read {name}"))?;
    let (format, compressed_len, position) =
        (input.format(), input.compressed_len(), input.position());
    let context = Context {
        seen,
        name: name.to_string(),
    };
    let (sender, chunks) = mpsc::channel(CHUNKS_AT_ONCE);
    std::thread::spawn(move || read(input, format, &context, skip, &sender));
    Ok(Reading {
        chunks,
        format,
        compressed_len,
        position,
    })
}

fn read(
    input: Input,
    format: Format,
    context: &Context,
    skip: u64,
    sender: &mpsc::Sender<Result<Parsed>>,
) {
    let mut chunks = input.chunks();
    loop {
        let cut: Vec<_> = chunks.by_ref().take(CHUNKS_AT_ONCE).collect();
        if cut.is_empty() {
            return;
        }
        let parsed: Vec<Result<Parsed>> = cut
            .into_par_iter()
            .map(|chunk| {
                chunk
                    .map_err(anyhow::Error::from)
                    .map(|c| parse_from(format, &c, context, skip))
            })
            .collect();
        for chunk in parsed {
            let last = chunk.is_err();
            if chunk.as_ref().is_ok_and(|c| c.records == 0) {
                continue;
            }
            if sender.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    }
}

/// Parses a chunk, leaving out records before `skip`.
fn parse_from(format: Format, chunk: &RawChunk, context: &Context, skip: u64) -> Parsed {
    let passed = skip.saturating_sub(chunk.first_record());
    if passed >= chunk.records() {
        return Parsed::default();
    }
    if passed > 0 {
        parse_chunk(format, &chunk.after(passed), context)
    } else {
        parse_chunk(format, chunk, context)
    }
}
