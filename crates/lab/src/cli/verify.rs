//! `broadsheet-lab verify`: do the outcomes that ship come out again?

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Deserialize;

use super::show::{Bar, number, say};
use lab::ALL;
use lab::frame::{Outcome, run as run_paper};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only these papers, by short name
    ids: Vec<String>,
    /// A file that `table --write` made; without it, the outcomes that ship
    #[arg(long, value_name = "FILE")]
    file: Option<std::path::PathBuf>,
}

/// The part of a shipped line that is compared.
#[derive(Deserialize)]
struct Shipped {
    outcome: Outcome,
}

/// Sums in another order (another machine's vector units) may move a number by so much of its size.
const TOLERANCE: f64 = 1e-6;

pub(super) fn run(options: &Options) -> Result<()> {
    let text = match &options.file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?,
        None => lab::SHIPPED.to_owned(),
    };
    if let Some(unknown) = options.ids.iter().find(|id| lab::find(id).is_none()) {
        bail!("no paper `{unknown}` runs here; `broadsheet-lab list` shows those that do");
    }
    let mut differ = 0;
    for paper in ALL.iter() {
        let card = paper.card();
        if !options.ids.is_empty()
            && !options
                .ids
                .iter()
                .any(|id| id == card.id || id == card.arxiv)
        {
            continue;
        }
        let shipped = text
            .lines()
            .map(|line| Ok(serde_json::from_str::<Shipped>(line)?.outcome))
            .find(|outcome: &Result<Outcome>| outcome.as_ref().map_or(true, |o| o.id == card.id))
            .with_context(|| format!("no outcome of {} is kept", card.id))?
            .context("the kept outcomes cannot be read")?;
        let bar = Bar::new(card.id)?;
        let again = run_paper(*paper, shipped.scale, shipped.seed, &bar)?;
        bar.done();
        let found = differences(&shipped, &again, card.timed);
        say(&format!(
            "{:24} {}",
            card.id,
            if found.is_empty() {
                "comes out again"
            } else {
                "DIFFERS"
            }
        ))?;
        for difference in &found {
            say(&format!("  {difference}"))?;
        }
        differ += usize::from(!found.is_empty());
    }
    if differ > 0 {
        bail!("{differ} of the kept outcomes did not come out again");
    }
    Ok(())
}

fn differences(kept: &Outcome, again: &Outcome, timed: bool) -> Vec<String> {
    let mut found = Vec::new();
    if kept.verdict != again.verdict {
        found.push(format!(
            "verdict: kept {}, now {}",
            kept.verdict.words(),
            again.verdict.words()
        ));
    }
    if timed {
        return found;
    }
    for (row, new) in kept.rows.iter().zip(&again.rows) {
        let sides = [
            ("baseline", row.baseline.mean, new.baseline.mean),
            ("method", row.method.mean, new.method.mean),
        ];
        for (side, kept, now) in sides {
            if (kept - now).abs() > TOLERANCE * kept.abs().max(1e-9) {
                let (kept, now) = (number(kept), number(now));
                found.push(format!("{}, {side}: kept {kept}, now {now}", row.name));
            }
        }
    }
    found
}
