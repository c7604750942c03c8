//! Why a stranger's record cannot be kept: the words that stand beside it in quarantine.

use domain::ids::IdError;

/// What is wrong with one record.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The text breaks off or breaks JSON's rules.
    #[error("not readable as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field without which there is no paper.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// The id is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// An id damaged on its way in more than one possible manner.
    #[error("the id `{id}` may stand for {guess}, but {why}")]
    UnsureId {
        /// As it came.
        id: String,
        /// What it would be.
        guess: String,
        /// What speaks against it.
        why: String,
    },
    /// A time that cannot be read, where nothing makes sense without it.
    #[error("`{0}` is not a time")]
    Time(String),
    /// Longer than any record is.
    #[error("the record is {0} bytes long, more than is read; only its beginning is kept")]
    TooLong(u64),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}
