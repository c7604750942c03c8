//! Papers that run: finds the lab's program, runs it as a child, keeps what comes out.
//!
//! The server never links the lab. It starts `broadsheet-lab run ... --json` for one run at a time, reads progress and
//! outcome from its standard output, and ends it when it takes too long, too much, or is not wanted any more.

mod child;
mod queue;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::config::Config;

pub(crate) use queue::{Runner, work};

/// The lab's cards and the outcomes of the release, one JSON object a line.
static SHIPPED: &str = include_str!("../shelf/outcomes.jsonl");

/// The program's name beside the server.
const PROGRAM: &str = "broadsheet-lab";

/// What a run may take.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The lab's program.
    pub(crate) program: PathBuf,
    /// How long a run may take.
    pub(crate) time: Duration,
    /// Address space, in MiB.
    pub(crate) memory_mb: u32,
}

/// The lab as the site shows it, and how to run it; without the second where it is switched off or not installed.
pub(crate) fn open(config: &Config) -> Result<(web::lab::Lab, Option<Limits>)> {
    let written = &config.written.lab;
    let mut lab = web::lab::Lab::read(SHIPPED).context("the lab's shipped outcomes")?;
    lab.waiting_max = written.waiting;
    if !written.enabled {
        lab.closed = Some("Running papers' methods is switched off on this server.".to_string());
        return Ok((lab, None));
    }
    let Some(program) = find(&written.program) else {
        lab.closed = Some(format!(
            "The program {PROGRAM} was not found, so nothing can be run here. It is built with \
             `cargo build --release -p lab` and stands beside the server, or `lab.program` of the configuration names it."
        ));
        return Ok((lab, None));
    };
    let limits = Limits {
        program,
        time: Duration::from_secs(u64::from(written.seconds)),
        memory_mb: written.memory_mb,
    };
    Ok((lab, Some(limits)))
}

/// The program that the configuration names, or the one beside this program.
fn find(configured: &Path) -> Option<PathBuf> {
    if !configured.as_os_str().is_empty() {
        return Some(configured.to_path_buf()).filter(|p| p.is_file());
    }
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok()?.with_file_name(name);
    Some(beside).filter(|p| p.is_file())
}
