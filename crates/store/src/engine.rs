//! The two engines: how each is addressed, opened and locked. The only place, beside backup and check, where the SQL
//! differs.
//!
//! SQLite: one connection writes, several read beside it (WAL), so a page never waits for an import. A second process
//! that writes waits for the file's lock. PostgreSQL: one pool for both.
//!
//! Transactions that give out numbers exclude each other, on SQLite by `BEGIN IMMEDIATE`, on PostgreSQL by a lock on
//! the table of counters. So two nodes that take in the same paper at once agree on its row, and neither engine can
//! end in a deadlock or a serialisation failure that would have to be retried.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{Any, AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Transaction};

use crate::error::{Error, Result, is_busy, is_no_database};
use crate::migrate;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    /// The engine's address, for connections beside the pools.
    url: String,
    writers: AnyPool,
    readers: AnyPool,
}

/// Without the address, which may hold a password.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = &mut f.debug_struct("Store");
        store.field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Which engine an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Connections that read beside the writer.
const READERS_MAX: u32 = 8;
/// Connections to a PostgreSQL server.
const POSTGRES_MAX: u32 = 16;
/// How long a caller waits for a free connection: longer than the longest transaction of an import.
const ACQUIRE_MAX: Duration = Duration::from_secs(60);
/// How often opening is tried while another process holds the file's lock.
const OPEN_TRIES: u32 = 20;
/// The pause between these tries.
const OPEN_PAUSE: Duration = Duration::from_millis(250);

/// Of the writer. The page size counts only while the file is empty: pages of 8 KiB waste less on rows of 1 to 2 KiB
/// than the usual 4. `NORMAL` loses nothing when the process dies, and at most the last commits when power fails.
const WRITER_PRAGMAS: &str = "PRAGMA busy_timeout = 30000; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
    PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864";

/// Of those who read: beside the system's cache their own can be small. The file is not mapped: every connection's
/// mapping would count as the process's memory, and an error of the disk would kill the process.
const READER_PRAGMAS: &str = "PRAGMA busy_timeout = 30000; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; \
    PRAGMA cache_size = -8192";

impl Engine {
    fn of(url: &str) -> Engine {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Engine::Postgres
        } else {
            Engine::Sqlite
        }
    }

    /// Begins a transaction that writes.
    fn begin_write(self) -> &'static str {
        match self {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        }
    }

    /// Begins a transaction that sees one state of the database throughout.
    fn begin_read(self) -> &'static str {
        match self {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Excludes other transactions that give out numbers, where `begin_write` has not done so.
    fn lock_writers(self) -> Option<&'static str> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some("LOCK TABLE counters IN EXCLUSIVE MODE"),
        }
    }

    /// Excludes other processes that migrate. The number is arbitrary, and ours.
    pub(crate) fn lock_migrations(self) -> Option<&'static str> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some("SELECT pg_advisory_xact_lock(4711230501)"),
        }
    }

    /// Counts tables, to tell an empty database from somebody else's.
    pub(crate) fn count_tables(self) -> &'static str {
        match self {
            Engine::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table'",
            Engine::Postgres => {
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        }
    }

    /// Size on disk in bytes.
    pub(crate) fn size(self) -> &'static str {
        match self {
            Engine::Sqlite => {
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            }
            Engine::Postgres => "SELECT pg_database_size(current_database())",
        }
    }
}

impl Store {
    /// Opens (and creates, and migrates) `postgres://...`, `sqlite:PATH` or a bare path.
    pub async fn open(url: &str) -> Result<Store> {
        sqlx::any::install_default_drivers();
        let engine = Engine::of(url);
        let name = display_name(url);
        let address = match engine {
            Engine::Sqlite => sqlite_address(url)?,
            Engine::Postgres => url.to_string(),
        };
        let writers = connect_patiently(engine, &address, &name).await?;
        let readers = match engine {
            Engine::Postgres => writers.clone(),
            Engine::Sqlite => file_pool(READERS_MAX, READER_PRAGMAS)
                .connect_with(options(&address, &name)?)
                .await
                .map_err(|source| open_error(name, source))?,
        };
        Ok(Store {
            engine,
            url: address,
            writers,
            readers,
        })
    }

    /// Waits for connections to finish and closes.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    /// Takes the database back to an older format, throwing away what that format cannot hold. 0 removes everything.
    /// For tests of the migrations, and for going back to an older program after a backup.
    pub async fn migrate_down(&self, to: i64) -> Result<()> {
        let mut conn = self.writers.acquire().await?;
        migrate::down(&mut conn, self.engine, to).await
    }

    /// Brings the database up to the newest format. [`Store::open`] has done it already.
    pub async fn migrate_up(&self) -> Result<()> {
        let mut conn = self.writers.acquire().await?;
        migrate::up(&mut conn, self.engine).await
    }

    /// A transaction that may give out numbers: no other such transaction runs beside it, in no process.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Any>> {
        let mut tx = self.writers.begin_with(self.engine.begin_write()).await?;
        if let Some(lock) = self.engine.lock_writers() {
            sqlx::query(lock).execute(&mut *tx).await?;
        }
        Ok(tx)
    }

    /// A transaction that sees one state of the database throughout. It ends when it is dropped.
    pub(crate) async fn begin_read(&self) -> Result<Transaction<'static, Any>> {
        Ok(self.readers.begin_with(self.engine.begin_read()).await?)
    }

    /// For single statements that write.
    pub(crate) fn writers(&self) -> &AnyPool {
        &self.writers
    }

    /// For single statements that read.
    pub(crate) fn readers(&self) -> &AnyPool {
        &self.readers
    }

    /// A connection beside the pools, for long work that must not keep others waiting.
    pub(crate) async fn connection_apart(&self) -> Result<AnyConnection> {
        Ok(AnyConnection::connect(&self.url).await?)
    }
}

/// The writers' pool of a migrated database. While another process creates or converts the same file, SQLite refuses
/// at once instead of waiting; so we wait here.
async fn connect_patiently(engine: Engine, address: &str, name: &str) -> Result<AnyPool> {
    let mut tries = 1;
    loop {
        match connect(engine, address, name).await {
            Err(Error::Busy) if tries < OPEN_TRIES => tokio::time::sleep(OPEN_PAUSE).await,
            done => return done,
        }
        tries += 1;
    }
}

async fn connect(engine: Engine, address: &str, name: &str) -> Result<AnyPool> {
    let options = options(address, name)?;
    // Looked at over a plain connection first: the writer's settings would already change somebody else's file.
    let mut conn = AnyConnection::connect_with(&options)
        .await
        .map_err(|source| open_error(name.to_string(), source))?;
    migrate::refuse_strangers(&mut conn, engine, name).await?;
    conn.close().await?;
    let writers = match engine {
        Engine::Sqlite => file_pool(1, WRITER_PRAGMAS),
        Engine::Postgres => server_pool(),
    };
    let writers = writers
        .connect_with(options)
        .await
        .map_err(|source| open_error(name.to_string(), source))?;
    let mut conn = writers.acquire().await?;
    migrate::up(&mut conn, engine).await?;
    Ok(writers)
}

fn options(address: &str, name: &str) -> Result<AnyConnectOptions> {
    AnyConnectOptions::from_str(address).map_err(|source| open_error(name.to_string(), source))
}

/// Connections to a file: set up by `pragmas` and kept for good, for nothing can happen to them.
fn file_pool(connections_max: u32, pragmas: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                sqlx::raw_sql(pragmas).execute(conn).await?;
                Ok(())
            })
        })
}

/// Connections to a server: tried before each use, for the server may have been restarted since the last.
fn server_pool() -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(POSTGRES_MAX)
        .acquire_timeout(ACQUIRE_MAX)
}

fn open_error(name: String, source: sqlx::Error) -> Error {
    if is_busy(&source) {
        Error::Busy
    } else if is_no_database(&source) {
        Error::NotADatabase { name }
    } else {
        Error::Open { name, source }
    }
}

/// The file of a SQLite address: what follows `sqlite:`, or the whole.
pub(crate) fn sqlite_file(url: &str) -> &Path {
    let bare = url.strip_prefix("sqlite:").unwrap_or(url);
    Path::new(bare.strip_prefix("//").unwrap_or(bare))
}

/// The driver's address of a file: absolute and percent-encoded, for file names may hold anything.
fn sqlite_address(url: &str) -> Result<String> {
    let file = sqlite_file(url);
    let absolute = std::path::absolute(file).map_err(|source| Error::File {
        path: file.to_path_buf(),
        source,
    })?;
    let text = absolute.to_str().ok_or_else(|| {
        Error::Other(format!(
            "the database's path {} is not valid UTF-8",
            absolute.display()
        ))
    })?;
    let mut address = String::from("sqlite://");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address.push_str("?mode=rwc");
    Ok(address)
}

/// The address as it may be shown: without a password, and without parameters, which may hold one.
fn display_name(url: &str) -> String {
    if Engine::of(url) == Engine::Sqlite {
        return sqlite_file(url).display().to_string();
    }
    let bare = url.split('?').next().unwrap_or(url);
    match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => bare.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(url: &str, expected: &str) {
        assert_eq!(display_name(url), expected);
    }

    #[test]
    fn passwords_are_never_shown() {
        check_name(
            "postgres://me:s3cr@t@db.example/papers",
            "postgres://db.example/papers",
        );
        check_name(
            "postgres://db/papers?password=s3cret",
            "postgres://db/papers",
        );
        check_name("sqlite:/srv/papers.db", "/srv/papers.db");
        check_name("papers.db", "papers.db");
    }

    #[test]
    fn any_file_name_makes_an_address() {
        let address = sqlite_address("/tmp/100% päper?.db").unwrap();
        assert_eq!(address, "sqlite:///tmp/100%25%20p%C3%A4per%3F.db?mode=rwc");
    }
}
