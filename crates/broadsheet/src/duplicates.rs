//! Papers that may be one paper under two ids. Only suggestions: papers are united by ids and titles alone, never
//! because their texts are near.

use std::collections::HashMap;

use anyhow::Result;
use domain::ids::PaperId;
use domain::paper::Paper;
use rayon::prelude::*;
use search::engine::Engine;
use search::similar::{Near, SAME_COSINE, may_be_same};

use crate::pipeline::Pipeline;

/// Neighbours looked at for each paper.
const NEIGHBOURS: usize = 4;

/// Two papers and the cosine of their vectors.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) paper: Paper,
    pub(crate) other: Paper,
    pub(crate) similarity: f32,
}

/// Which neighbours of a paper are of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// All of them.
    All,
    /// Those of later rows, so that going through all papers meets each pair once.
    Later,
}

/// The pairs that these papers make with any paper of the index.
pub(crate) async fn pairs(
    pipeline: &Pipeline,
    papers: Vec<Paper>,
    among: Among,
) -> Result<Vec<Pair>> {
    let engine = pipeline.engine();
    let (papers, near) =
        tokio::task::spawn_blocking(move || neighbours(&engine, papers, among)).await??;
    let rows: Vec<PaperId> = near.iter().map(|(_, near)| near.paper).collect();
    let others = pipeline.store.papers(&rows).await?;
    let others: HashMap<PaperId, Paper> = others.into_iter().map(|p| (p.id, p)).collect();
    let pairs = near.into_iter().filter_map(|(at, near)| {
        let (paper, other) = (&papers[at], others.get(&near.paper)?);
        may_be_same(paper, other, near.similarity).then(|| Pair {
            paper: paper.clone(),
            other: other.clone(),
            similarity: near.similarity,
        })
    });
    Ok(pairs.collect())
}

/// Papers, and by place among them those that are very near.
type Neighbours = (Vec<Paper>, Vec<(usize, Near)>);

fn neighbours(engine: &Engine, papers: Vec<Paper>, among: Among) -> Result<Neighbours> {
    let found: Vec<Vec<Near>> = papers
        .par_iter()
        .map(|paper| engine.similar(&[paper], NEIGHBOURS))
        .collect::<Result<_, _>>()?;
    let mut near = Vec::new();
    for (at, found) in found.into_iter().enumerate() {
        let wanted = |n: &Near| {
            n.similarity >= SAME_COSINE && (among == Among::All || n.paper > papers[at].id)
        };
        near.extend(found.into_iter().filter(wanted).map(|n| (at, n)));
    }
    Ok((papers, near))
}
