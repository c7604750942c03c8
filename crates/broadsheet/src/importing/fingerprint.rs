//! By what an import recognises a file that it has seen: its content, not its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use sources::files::Format;

/// How an input is recognised later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    /// SHA-256 of the file's bytes and of the format that was asked for, hexadecimal.
    Content(String),
    /// Standard input cannot be read twice, so it is never resumed.
    Stream,
}

/// The fingerprint of a file.
pub(crate) fn of(file: &Path, format: Option<Format>) -> Result<Fingerprint> {
    if file.as_os_str() == "-" {
        return Ok(Fingerprint::Stream);
    }
    let mut input = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut hash = Sha256::new();
    hash.update(format.map_or("", Format::as_str));
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = input
            .read(&mut buffer)
            .with_context(|| format!("cannot read {}", file.display()))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
    }
    let hex = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Fingerprint::Content(hex))
}
