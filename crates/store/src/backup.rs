//! A consistent copy of the whole database, made while others read and write.

use std::path::{Path, PathBuf};

use sqlx::Connection;

use crate::Store;
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Store {
    /// Writes a consistent copy of the whole database into a new file while others read and write. It appears under
    /// its name only when it is whole and on the disk; a file that exists is never overwritten. SQLite only; for
    /// PostgreSQL it says which tool to use. To restore, put the copy in the database's place while nothing runs.
    pub async fn backup(&self, file: &Path) -> Result<()> {
        if self.engine == Engine::Postgres {
            return Err(Error::Other(
                "a PostgreSQL database is backed up with `pg_dump --format=custom` and restored with `pg_restore`"
                    .to_string(),
            ));
        }
        refuse_existing(file)?;
        let part = part_beside(file)?;
        let copied = self.copy_to(&part).await;
        let done = match copied {
            Ok(()) => put_in_place(&part, file).await,
            failed => failed,
        };
        if done.is_err() {
            // Already failing: what matters is the first error. A missing file is no news either.
            let _ = tokio::fs::remove_file(&part).await;
        }
        done
    }

    async fn copy_to(&self, part: &Path) -> Result<()> {
        let name = part
            .to_str()
            .ok_or_else(|| Error::Other(format!("{} is not valid UTF-8", part.display())))?;
        // A connection of its own: the copy takes seconds, and the only writer must stay free.
        let mut conn = self.connection_apart().await?;
        sqlx::query("VACUUM INTO $1")
            .bind(name)
            .execute(&mut conn)
            .await?;
        conn.close().await?;
        Ok(())
    }
}

fn refuse_existing(file: &Path) -> Result<()> {
    if file.exists() {
        return Err(Error::Other(format!(
            "{} is there already; name a new file",
            file.display()
        )));
    }
    Ok(())
}

/// The name under which the copy grows, in the same folder so that it can be renamed. With the process's number, so
/// that what a killed backup left behind is in nobody's way.
fn part_beside(file: &Path) -> Result<PathBuf> {
    let name = file
        .file_name()
        .ok_or_else(|| Error::Other(format!("{} names no file", file.display())))?;
    let mut part = name.to_os_string();
    part.push(format!(".{}.part", std::process::id()));
    Ok(file.with_file_name(part))
}

async fn put_in_place(part: &Path, file: &Path) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| Error::File { path, source }
    };
    let copy = tokio::fs::File::open(part).await.map_err(failed(part))?;
    copy.sync_all().await.map_err(failed(part))?;
    refuse_existing(file)?;
    tokio::fs::rename(part, file).await.map_err(failed(file))?;
    // The name itself is on the disk only after its folder is.
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder_file = tokio::fs::File::open(folder)
        .await
        .map_err(failed(folder))?;
    folder_file.sync_all().await.map_err(failed(folder))
}
