//! Brings a database up to the format that this program knows, and back down.
//!
//! Ours instead of sqlx's, for sqlx does not lock SQLite: the server and an import that start at the same moment would
//! both create the tables. Here everything is one transaction under the writers' lock.

use sqlx::{AnyConnection, Connection};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::sql::number;
use crate::time::micros;

/// One step up and the same step down.
struct Step {
    version: i64,
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! step {
    ($version:literal, $name:literal) => {
        Step {
            version: $version,
            name: $name,
            up: include_str!(concat!("../migrations/", $name, ".up.sql")),
            down: include_str!(concat!("../migrations/", $name, ".down.sql")),
        }
    };
}

const STEPS: [Step; 9] = [
    step!(1, "0001_papers"),
    step!(2, "0002_ledger"),
    step!(3, "0003_service"),
    step!(4, "0004_lab"),
    step!(5, "0005_trending"),
    step!(6, "0006_accounts"),
    step!(7, "0007_talk"),
    step!(8, "0008_claims"),
    step!(9, "0009_mail"),
];

const CREATE_VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Refuses a database with tables of somebody else's, without changing it. On PostgreSQL a schema may be shared, so
/// there only our own tables count.
pub(crate) async fn refuse_strangers(
    conn: &mut AnyConnection,
    engine: Engine,
    name: &str,
) -> Result<()> {
    if engine == Engine::Postgres {
        return Ok(());
    }
    let refused = |error| match error {
        Error::Database(e) if crate::error::is_no_database(&e) => Error::NotADatabase {
            name: name.to_string(),
        },
        other => other,
    };
    let tables = number(conn, engine.count_tables()).await.map_err(refused)?;
    const OURS: &str = "SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'";
    if tables > 0 && number(conn, OURS).await? == 0 {
        return Err(Error::NotADatabase {
            name: name.to_string(),
        });
    }
    Ok(())
}

/// Applies what is missing. Refuses a database of a newer program.
pub(crate) async fn up(conn: &mut AnyConnection, engine: Engine) -> Result<()> {
    let mut tx = conn.begin_with(begin(engine)).await?;
    let version = locked_version(&mut tx, engine).await?;
    let known = STEPS[STEPS.len() - 1].version;
    if version > known {
        return Err(Error::NewerSchema {
            found: version,
            known,
        });
    }
    for step in STEPS.iter().filter(|step| step.version > version) {
        sqlx::raw_sql(step.up).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO schema_versions (version, name, applied_at) VALUES ($1, $2, $3)")
            .bind(step.version)
            .bind(step.name)
            .bind(micros(jiff::Timestamp::now()))
            .execute(&mut *tx)
            .await?;
        tracing::info!(migration = step.name, "Applied migration {}", step.name);
    }
    tx.commit().await?;
    Ok(())
}

/// Takes steps back, newest first, until `to` is the newest one applied.
pub(crate) async fn down(conn: &mut AnyConnection, engine: Engine, to: i64) -> Result<()> {
    let mut tx = conn.begin_with(begin(engine)).await?;
    let version = locked_version(&mut tx, engine).await?;
    let undone = |step: &&Step| step.version <= version && step.version > to;
    for step in STEPS.iter().rev().filter(undone) {
        sqlx::raw_sql(step.down).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM schema_versions WHERE version = $1")
            .bind(step.version)
            .execute(&mut *tx)
            .await?;
        tracing::info!(migration = step.name, "Took migration {} back", step.name);
    }
    tx.commit().await?;
    Ok(())
}

fn begin(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    }
}

/// The newest step applied, or 0; read after the lock is held.
async fn locked_version(conn: &mut AnyConnection, engine: Engine) -> Result<i64> {
    if let Some(lock) = engine.lock_migrations() {
        sqlx::query(lock).execute(&mut *conn).await?;
    }
    sqlx::raw_sql(CREATE_VERSIONS).execute(&mut *conn).await?;
    number(
        conn,
        "SELECT COALESCE(MAX(version), 0) FROM schema_versions",
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_upwards() {
        assert!(STEPS.is_sorted_by(|a, b| a.version < b.version));
        for step in &STEPS {
            assert!(step.name.starts_with(&format!("{:04}_", step.version)));
        }
    }
}
