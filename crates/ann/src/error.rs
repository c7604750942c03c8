//! What can go wrong, in words that name the thing.

use std::path::PathBuf;

/// Failures of building, opening and changing indexes. Searching a well-formed index cannot fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{name}: {fault}")]
    Refused {
        /// The file, or where the bytes came from.
        name: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Vectors of another dimension than the index.
    #[error("vectors of {got} numbers where the index has {expected}")]
    Dimension {
        /// The index's.
        expected: usize,
        /// The caller's.
        got: usize,
    },
    /// Rows and vectors do not come in equal number.
    #[error("{rows} rows but numbers for {vectors} vectors")]
    Count {
        /// Row numbers given.
        rows: usize,
        /// Vectors given.
        vectors: usize,
    },
    /// A vector holds NaN or an infinity.
    #[error("the vector of row {row} holds a number that is not finite")]
    NotFinite {
        /// Its row.
        row: u32,
    },
    /// A row is given twice in one batch.
    #[error("row {row} is given twice")]
    Repeated {
        /// The row.
        row: u32,
    },
    /// A configuration that cannot be built.
    #[error("{0}")]
    Configuration(String),
    /// The vectors in the files were made by something else: another model, or another version of it.
    #[error("an index of vectors from {found:?}, this program makes vectors with {expected:?}")]
    Label {
        /// The label of the configuration.
        expected: String,
        /// The label in the files.
        found: String,
    },
    /// Another process writes this index.
    #[error("{0}: another process writes this index")]
    Locked(PathBuf),
}

/// Why bytes are refused as an index file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first bytes are not ours.
    #[error("not an index file")]
    Foreign,
    /// Written by another version of the format.
    #[error("format version {found}, this program reads version {expected}")]
    Version {
        /// In the file.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// An index file of another kind.
    #[error("an index file of kind {found:?}, expected {expected:?}")]
    Kind {
        /// In the file.
        found: String,
        /// Wanted.
        expected: String,
    },
    /// Shorter or longer than it says.
    #[error("{found} bytes long, its header says {expected}")]
    Length {
        /// In the header.
        expected: u64,
        /// On disk.
        found: u64,
    },
    /// A checksum differs.
    #[error("the checksum of {0} differs: the file is damaged")]
    Checksum(String),
    /// A part is missing.
    #[error("part {0:?} is missing")]
    Missing(String),
    /// The parts contradict each other or the format.
    #[error("part {part:?}: {reason}")]
    Inconsistent {
        /// The part.
        part: String,
        /// The contradiction.
        reason: String,
    },
}

impl Error {
    /// Whether a file or folder is not there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

impl Fault {
    pub(crate) fn inconsistent(part: [u8; 4], reason: impl Into<String>) -> Fault {
        Fault::Inconsistent {
            part: tag_name(part),
            reason: reason.into(),
        }
    }
}

/// A four-letter tag as text.
pub(crate) fn tag_name(tag: [u8; 4]) -> String {
    tag.iter()
        .map(|&b| {
            if b.is_ascii_graphic() {
                char::from(b)
            } else {
                '?'
            }
        })
        .collect()
}

/// Adds the path to the system's reason.
pub(crate) fn io<T>(path: &std::path::Path, result: std::io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}
