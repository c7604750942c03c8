//! What can go wrong with the database, sorted by what a caller can do about it.

use std::path::PathBuf;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be opened or reached at all.
    #[error("cannot open the database {name}: {source}")]
    Open {
        /// The file, or the server's address without its password.
        name: String,
        /// What the engine said.
        source: sqlx::Error,
    },
    /// The file is something else than a database of this program.
    #[error("{name} is not a Broadsheet database; name another file, or move this one away")]
    NotADatabase {
        /// The file.
        name: String,
    },
    /// A newer program wrote it.
    #[error(
        "the database has format {found}, but this program knows only formats up to {known}; use the newer program"
    )]
    NewerSchema {
        /// The database's format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// Somebody kept the database locked, or every connection to it in use, for longer than we wait.
    #[error("the database is busy: another task has been using it for too long; try again")]
    Busy,
    /// A row holds what this program never wrote.
    #[error("the database is damaged: {0}; run `broadsheet doctor`")]
    Damaged(String),
    /// A file beside the database could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database refused or was lost.
    #[error("database: {0}")]
    Database(sqlx::Error),
    /// Anything else, said in words.
    #[error("{0}")]
    Other(String),
}

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// SQLite's primary result codes that have a variant of their own.
const SQLITE_BUSY: i64 = 5;
const SQLITE_NOTADB: i64 = 26;

/// SQLite's primary result code of an error, if it is one of SQLite's.
fn sqlite_code(error: &sqlx::Error) -> Option<i64> {
    let code = error.as_database_error()?.code()?;
    // PostgreSQL's codes have five characters, SQLite's extended ones at most four.
    if code.len() > 4 {
        return None;
    }
    code.parse().ok().map(|extended: i64| extended & 0xff)
}

/// Whether SQLite says that the file is no database.
pub(crate) fn is_no_database(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(SQLITE_NOTADB)
}

/// Whether another process holds the lock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(SQLITE_BUSY)
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Error::Damaged(format!("column {index}: {source}"))
            }
            sqlx::Error::PoolTimedOut => Error::Busy,
            error if is_busy(&error) => Error::Busy,
            error => Error::Database(error),
        }
    }
}
