//! `broadsheet-lab run ID`.

use anyhow::{Context as _, Result};
use clap::Args;

use super::show::{self, Bar, Lines, say};
use lab::frame::{Outcome, Scale, run as run_paper};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Short name or arXiv id; `broadsheet-lab list` shows them
    id: String,
    /// How much work: tiny (2 s), small (a minute), full (minutes)
    #[arg(long, value_enum, default_value = "small")]
    scale: Scale,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print lines of JSON: progress while it runs, then the outcome with its plots
    #[arg(long)]
    json: bool,
    /// Bound the memory that it may take, in MiB
    #[arg(long, value_name = "N")]
    memory_mb: Option<u64>,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let paper = lab::find(&options.id).with_context(|| {
        format!(
            "no paper `{}` runs here; `broadsheet-lab list` shows those that do",
            options.id
        )
    })?;
    if let Some(memory_mb) = options.memory_mb {
        let bytes = memory_mb.saturating_mul(1024 * 1024);
        rlimit::setrlimit(rlimit::Resource::AS, bytes, bytes)
            .with_context(|| format!("cannot bound memory to {memory_mb} MiB"))?;
    }
    if options.json {
        let outcome = run_paper(paper, options.scale, options.seed, &Lines)?;
        return say(&serde_json::json!({ "outcome": shown(&outcome)? }).to_string());
    }
    let card = paper.card();
    say(&format!(
        "{} (arXiv {})\n{}\n",
        card.title, card.arxiv, card.claim
    ))?;
    let bar = Bar::new(card.id)?;
    let outcome = run_paper(paper, options.scale, options.seed, &bar)?;
    bar.done();
    say(&show::outcome(&outcome)?)
}

/// An outcome as programs get it: with each plot drawn, beside its data.
pub(super) fn shown(outcome: &Outcome) -> Result<serde_json::Value> {
    let mut value = serde_json::to_value(outcome)?;
    for (at, plot) in outcome.plots.iter().enumerate() {
        value["plots"][at]["svg"] = plot.svg()?.into();
    }
    Ok(value)
}
