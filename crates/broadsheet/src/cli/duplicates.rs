//! `broadsheet duplicates`: pairs of papers that may be one paper under two ids. Only a suggestion: papers are united
//! by ids and titles alone, never because their texts are near.

use std::collections::HashMap;
use std::io::Write;

use anyhow::Result;
use domain::ids::PaperId;
use domain::paper::Paper;
use rayon::prelude::*;
use search::engine::Engine;
use search::similar::{Near, SAME_COSINE, may_be_same};
use serde_json::json;

use super::args::DuplicatesArgs;
use crate::pipeline::Pipeline;

/// Papers read from the database at a time.
const PAPERS_PER_READ: u32 = 1_000;
/// Neighbours looked at for each paper.
const NEIGHBOURS: usize = 4;

/// Prints the pairs as they are found.
pub(crate) async fn run(pipeline: &Pipeline, args: &DuplicatesArgs) -> Result<()> {
    let total = pipeline.store.totals().await?.papers;
    let bar = crate::importing::progress::papers("comparing", total);
    let mut after = None;
    let mut pairs = 0_usize;
    loop {
        let papers = pipeline.store.papers_after(after, PAPERS_PER_READ).await?;
        let Some(last) = papers.last() else { break };
        after = Some(last.id);
        let engine = pipeline.engine();
        let (papers, near) =
            tokio::task::spawn_blocking(move || neighbours(&engine, papers)).await??;
        let rows: Vec<PaperId> = near.iter().map(|(_, near)| near.paper).collect();
        let others = pipeline.store.papers(&rows).await?;
        let others: HashMap<PaperId, Paper> = others.into_iter().map(|p| (p.id, p)).collect();
        for (at, near) in near {
            let paper = &papers[at];
            if let Some(other) = others.get(&near.paper)
                && may_be_same(paper, other, near.similarity)
            {
                pairs += 1;
                bar.suspend(|| print(paper, other, near.similarity, args.json))?;
            }
        }
        bar.inc(papers.len() as u64);
    }
    bar.finish_and_clear();
    if !args.json {
        println!("{pairs} pairs among {total} papers may be one paper each.");
    }
    Ok(())
}

/// Papers, and those of later rows that are very near to one of them.
type Neighbours = (Vec<Paper>, Vec<(usize, Near)>);

fn neighbours(engine: &Engine, papers: Vec<Paper>) -> Result<Neighbours> {
    let found: Vec<Vec<Near>> = papers
        .par_iter()
        .map(|paper| engine.similar(&[paper], NEIGHBOURS))
        .collect::<Result<_, _>>()?;
    let mut near = Vec::new();
    for (at, found) in found.into_iter().enumerate() {
        // Each pair once, from its older row.
        let later = |n: &Near| n.paper > papers[at].id && n.similarity >= SAME_COSINE;
        near.extend(found.into_iter().filter(later).map(|n| (at, n)));
    }
    Ok((papers, near))
}

fn print(a: &Paper, b: &Paper, similarity: f32, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let pair =
            json!({ "a": a.key(), "b": b.key(), "similarity": similarity, "title": a.title });
        writeln!(out, "{pair}")
    } else {
        writeln!(
            out,
            "{similarity:.3}  {}  {}\n       {}\n       {}",
            a.key(),
            b.key(),
            a.title,
            b.title
        )
    }
}
