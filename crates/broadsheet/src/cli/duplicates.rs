//! `broadsheet duplicates`: pairs of papers that may be one paper under two ids.

use std::io::Write;

use anyhow::Result;
use serde_json::json;

use super::args::DuplicatesArgs;
use crate::duplicates::{Among, Pair, pairs};
use crate::pipeline::Pipeline;

/// Papers read from the database at a time.
const PAPERS_PER_READ: u32 = 1_000;

/// Prints the pairs as they are found.
pub(crate) async fn run(pipeline: &Pipeline, args: &DuplicatesArgs) -> Result<()> {
    let total = pipeline.store.totals().await?.papers;
    let bar = crate::importing::progress::papers("comparing", total);
    let mut after = None;
    let mut found = 0_usize;
    loop {
        let papers = pipeline.store.papers_after(after, PAPERS_PER_READ).await?;
        let Some(last) = papers.last() else { break };
        after = Some(last.id);
        let compared = papers.len() as u64;
        let pairs = pairs(pipeline, papers, Among::Later).await?;
        found += pairs.len();
        bar.suspend(|| pairs.iter().try_for_each(|pair| print(pair, args.json)))?;
        bar.inc(compared);
    }
    bar.finish_and_clear();
    if !args.json {
        println!("{found} pairs among {total} papers may be one paper each.");
    }
    Ok(())
}

fn print(pair: &Pair, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (a, b) = (pair.paper.key(), pair.other.key());
    if as_json {
        let pair =
            json!({ "a": a, "b": b, "similarity": pair.similarity, "title": pair.paper.title });
        return writeln!(out, "{pair}");
    }
    writeln!(out, "{:.3}  {a}  {}", pair.similarity, pair.paper.title)?;
    writeln!(out, "       {b}  {}", pair.other.title)
}
