//! Why a model is refused.

use std::path::PathBuf;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the model {}", path.display())]
    Read {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes do not start as a model does.
    #[error("not a model of the encoder: it does not begin with its mark")]
    Foreign,
    /// Made by a program that writes another form of the file.
    #[error("the model has format {found}, this program reads format {expected}", expected = crate::model::FORMAT)]
    Format {
        /// The format that the file names.
        found: u32,
    },
    /// Fewer or more bytes than the header promises.
    #[error("the model has {found} bytes where its header promises {expected}")]
    Length {
        /// Bytes that the header's numbers add up to.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The bytes are not those that were written.
    #[error("the model is damaged: its checksum is {found:08x}, not {expected:08x}")]
    Checksum {
        /// What the file says.
        expected: u32,
        /// What its bytes come to.
        found: u32,
    },
    /// Whole, but not sensible.
    #[error("the model makes no sense: {0}")]
    Content(String),
}
