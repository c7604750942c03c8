//! `broadsheet coverage`: the ledger on the terminal.

use anyhow::{Context, Result};
use domain::ledger::Batch;

use super::args::CoverageArgs;
use super::table::Table;
use crate::pipeline::Pipeline;

pub(crate) async fn run(pipeline: &Pipeline, args: &CoverageArgs) -> Result<()> {
    let since = args
        .since
        .as_deref()
        .map(|day| {
            day.parse()
                .with_context(|| format!("`{day}` is not a day such as 2026-11-23"))
        })
        .transpose()?;
    let batches = pipeline.store.batches(since, args.open, args.limit).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&batches)?);
        return Ok(());
    }
    if batches.is_empty() {
        let what = if args.open {
            "Nothing is open."
        } else {
            "Nothing was fetched or imported yet."
        };
        println!("{what}");
        return Ok(());
    }
    let mut table = Table::new(&[
        "day", "source", "category", "expected", "received", "stored", "state", "why",
    ]);
    batches.iter().for_each(|batch| table.row(cells(batch)));
    table.print()
}

fn cells(batch: &Batch) -> Vec<String> {
    let counts = &batch.counts;
    vec![
        batch.key.day.to_string(),
        batch.key.source.as_str().to_string(),
        batch.key.category.clone(),
        counts
            .expected
            .map_or_else(|| "?".to_string(), |n| n.to_string()),
        counts.received.to_string(),
        counts.stored.to_string(),
        batch.state.as_str().to_string(),
        batch.reason.clone(),
    ]
}
