//! `broadsheet-lab table`: every paper, one line each.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::run::shown;
use super::show::{Bar, estimate, say};
use lab::ALL;
use lab::frame::{Family, Outcome, Reproduction, Scale, Silent, Verdict, run as run_paper};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// How much work: tiny, small (under 40 minutes on two cores), full
    #[arg(long, value_enum, default_value = "small")]
    scale: Scale,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this family
    #[arg(long, value_parser = family)]
    family: Option<Family>,
    /// Print one JSON object a paper: card, outcome with plots, and the verdict at scale tiny
    #[arg(long)]
    json: bool,
    /// Write these objects into this file, which replaces it when all is done
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn family(text: &str) -> Result<Family, String> {
    let named = |family: &Family| serde_json::to_value(family).is_ok_and(|name| name == text);
    Family::ALL.into_iter().find(named).ok_or_else(|| {
        let names = Family::ALL.map(|f| serde_json::to_value(f).unwrap_or_default());
        let names: Vec<_> = names.iter().filter_map(|name| name.as_str()).collect();
        format!("families are {}", names.join(", "))
    })
}

pub(super) fn run(options: &Options) -> Result<()> {
    let mut lines = Vec::new();
    let mut outcomes = Vec::new();
    let chosen = ALL
        .iter()
        .filter(|paper| options.family.is_none_or(|f| f == paper.card().family));
    for paper in chosen {
        let card = paper.card();
        let bar = Bar::new(card.id)?;
        let outcome = run_paper(*paper, options.scale, options.seed, &bar)?;
        bar.done();
        if options.json || options.write.is_some() {
            let line = line(*paper, &outcome, options.seed)?;
            if options.json {
                say(&line)?;
            }
            lines.push(line);
        }
        if !options.json {
            say(&one(&outcome))?;
        }
        outcomes.push(outcome);
    }
    if !options.json {
        say(&summary(&outcomes))?;
    }
    if let Some(file) = &options.write {
        let folder = file.parent().filter(|f| !f.as_os_str().is_empty());
        let mut kept = tempfile::NamedTempFile::new_in(folder.unwrap_or(".".as_ref()))
            .with_context(|| format!("cannot write beside {}", file.display()))?;
        for line in &lines {
            writeln!(kept, "{line}")?;
        }
        let kept = kept.persist(file);
        let kept = kept.with_context(|| format!("cannot write {}", file.display()))?;
        readable(&kept)?;
    }
    Ok(())
}

/// A temporary file is its maker's alone; what ships is everybody's to read.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.set_permissions(std::fs::Permissions::from_mode(0o644))?)
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> Result<()> {
    Ok(())
}

/// What ships of a paper: its card, its outcome, and the verdict that a tiny run must give.
fn line(paper: &dyn Reproduction, outcome: &Outcome, seed: u64) -> Result<String> {
    let tiny = run_paper(paper, Scale::Tiny, seed, &Silent)?;
    let object = serde_json::json!({
        "card": paper.card(),
        "outcome": shown(outcome)?,
        "tiny": tiny.verdict,
    });
    Ok(object.to_string())
}

fn one(outcome: &Outcome) -> String {
    let central = outcome.rows.first();
    let values = central.map_or(String::new(), |row| {
        format!(
            "{}: {} -> {} {}",
            row.name,
            estimate(&row.baseline),
            estimate(&row.method),
            row.unit
        )
    });
    format!(
        "{:24} {:18} {:6.1} s  {values}",
        outcome.id,
        outcome.verdict.words(),
        outcome.seconds
    )
}

fn summary(outcomes: &[Outcome]) -> String {
    let count = |verdict| outcomes.iter().filter(|o| o.verdict == verdict).count();
    format!(
        "\n{} papers in {:.0} s: {} hold, {} hold in part, {} do not hold here",
        outcomes.len(),
        outcomes.iter().map(|o| o.seconds).sum::<f64>(),
        count(Verdict::Holds),
        count(Verdict::HoldsInPart),
        count(Verdict::DoesNotHoldHere)
    )
}
