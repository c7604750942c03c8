//! `broadsheet backup` and `restore`: the database file, whole, while the server runs; the index is derived and stays out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use store::Store;

use crate::config::Config;

/// Writes a consistent copy of the database into a new file.
pub(crate) async fn backup(config: &Config, file: &Path) -> Result<()> {
    let store = Store::open(&config.database_url()).await?;
    store.backup(file).await?;
    let bytes = fs::metadata(file)?.len();
    println!("Wrote {} ({:.1} MB).", file.display(), bytes as f64 / 1e6);
    Ok(())
}

/// Puts a backup in the database's place. The index is deleted: it is built anew at the next start.
pub(crate) async fn restore(config: &Config, file: &Path, replace: bool) -> Result<()> {
    if !config.uses_file() {
        bail!(
            "the database is PostgreSQL; restore it with pg_restore, then run `broadsheet rebuild`"
        );
    }
    if !file.is_file() {
        bail!("there is no file {}", file.display());
    }
    let target = config.database_file();
    let fresh = with_suffix(&target, "restoring");
    fs::copy(file, &fresh).with_context(|| format!("cannot copy {}", file.display()))?;
    let papers = match check(&fresh).await {
        Ok(papers) => papers,
        Err(error) => {
            remove_database(&fresh)?;
            return Err(error.context(format!(
                "{} is no sound backup; nothing was changed",
                file.display()
            )));
        }
    };
    if target.exists() {
        if !replace {
            remove_database(&fresh)?;
            bail!("{} exists; --replace moves it aside", target.display());
        }
        let aside = with_suffix(&target, &format!("before-{}", Timestamp::now().as_second()));
        for end in ["", "-wal", "-shm"] {
            let (from, to) = (with_end(&target, end), with_end(&aside, end));
            if from.exists() {
                fs::rename(&from, &to)
                    .with_context(|| format!("cannot move {} aside", from.display()))?;
            }
        }
        println!("The former database is {}.", aside.display());
    }
    fs::rename(&fresh, &target)?;
    let index = config.index_folder();
    if index.exists() {
        fs::remove_dir_all(&index).with_context(|| format!("cannot delete {}", index.display()))?;
    }
    println!("Restored {papers} papers. The index is built anew at the next start.");
    Ok(())
}

/// Opens a database, checks it through, and closes it with everything in the one file.
async fn check(file: &Path) -> Result<u64> {
    let store = Store::open(&format!("sqlite:{}", file.display())).await?;
    let findings = store.check().await?;
    let papers = store.totals().await?.papers;
    store.close().await;
    if let Some(first) = findings.first() {
        bail!("{first}");
    }
    Ok(papers)
}

fn remove_database(file: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm"] {
        let path = with_end(file, end);
        if path.exists() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    with_end(file, &format!(".{suffix}"))
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_os_string();
    name.push(end);
    PathBuf::from(name)
}
