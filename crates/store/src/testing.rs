//! A database per test, isolated and migrated, gone when the test is over.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::account::UserId;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

use crate::Store;

/// The variable that names a PostgreSQL server for tests, as `postgres://...`. Without it only SQLite is tested.
pub const POSTGRES_VARIABLE: &str = "BROADSHEET_TEST_POSTGRES";

/// A [`Store`] of its own for one test.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    url: String,
    place: Place,
}

/// Where the database is, kept until the test is over.
#[derive(Debug)]
enum Place {
    Folder { _removed_when_dropped: TempDir },
    Schema { server: String, name: String },
}

impl TestStore {
    /// An empty SQLite database in a folder of its own.
    ///
    /// # Panics
    /// When it cannot be made: a test can go no further then.
    pub async fn new() -> TestStore {
        let folder = tempfile::tempdir().expect("a temporary folder for the test");
        let url = folder.path().join("test.db").display().to_string();
        let store = Store::open(&url)
            .await
            .expect("a new database for the test");
        TestStore {
            store,
            url,
            place: Place::Folder {
                _removed_when_dropped: folder,
            },
        }
    }

    /// An empty schema of its own on the server that [`POSTGRES_VARIABLE`] names; nothing when it names none.
    ///
    /// # Panics
    /// When the server is named but refuses.
    pub async fn postgres() -> Option<TestStore> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var(POSTGRES_VARIABLE).ok()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        run(&server, format!("CREATE SCHEMA {name}")).await;
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{mark}options=-c%20search_path%3D{name}");
        let store = Store::open(&url).await.expect("a new schema for the test");
        Some(TestStore {
            store,
            url,
            place: Place::Schema { server, name },
        })
    }

    /// The address, to open the same database again.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A person with an account, of the role of a reader.
    ///
    /// # Panics
    /// When there is one of that name.
    pub async fn person(&self, name: &str) -> UserId {
        const NUMBER: &str =
            "UPDATE counters SET value = value + 1 WHERE name = 'user' RETURNING value";
        const PUT: &str = "INSERT INTO users (id, name, name_key, role, about, created, seen, lock_reason) \
            VALUES ($1, $2, $3, 'reader', '', 0, 0, '')";
        let row = sqlx::query(NUMBER).fetch_one(self.store.writers()).await;
        let row = row.expect("accounts are numbered");
        let id: i64 = row.try_get(0).expect("a number");
        sqlx::query(PUT)
            .bind(id)
            .bind(name)
            .bind(name.to_ascii_lowercase())
            .execute(self.store.writers())
            .await
            .expect("a new name");
        UserId(id)
    }

    /// Another independent set of connections to the same database, as another process would have.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open_again(&self) -> Store {
        let store = Store::open(&self.url).await;
        store.expect("the test's database opens twice")
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        let Place::Schema { server, name } = &self.place else {
            return;
        };
        // This blocks the test's runtime, which may be of one thread: a transaction that the test has just dropped is
        // not rolled back then, and would keep its locks. So whoever still holds one is sent away first.
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation IN (SELECT pg_class.oid FROM pg_class \
             JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = '{name}'); \
             DROP SCHEMA {name} CASCADE"
        );
        let server = server.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime to clean up with")
                .block_on(run(&server, sql));
        });
        if dropped.join().is_err() {
            eprintln!("the schema {name} of a test was left behind");
        }
    }
}

async fn run(server: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let conn = AnyConnection::connect(server).await;
    let mut conn = conn.expect("the server of BROADSHEET_TEST_POSTGRES answers");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut conn)
        .await
        .expect("schemas can be made and dropped on that server");
}
