//! The ladder: what recall each effort reaches, measured once when a segment is built, so that a request can name
//! a recall or a budget instead of cells and shortlists.

use crate::budget::Rung;
use crate::error::{Error, Fault};
use crate::exact;
use crate::format::Container;
use crate::matrix::Rows;
use crate::random::Random;
use crate::topk::Hit;

use super::{Effort, KIND, Keep, Segment, to_unit};

const TAG: [u8; 4] = *b"LADR";
/// Queries that are measured, at most.
const QUERIES: usize = 192;
/// Hits of a measurement.
const K: usize = 10;
/// Part of the cells, and shortlist, of each rung.
const RUNGS: [(f64, usize); 14] = [
    (0.003, 30),
    (0.006, 40),
    (0.012, 40),
    (0.02, 50),
    (0.035, 60),
    (0.05, 60),
    (0.07, 80),
    (0.1, 100),
    (0.13, 120),
    (0.17, 150),
    (0.22, 180),
    (0.3, 220),
    (0.5, 260),
    (1.0, 300),
];

impl Segment {
    /// Measures the ladder with these queries, or with mixtures of two vectors each, which lie off the vectors
    /// much as queries do.
    pub(super) fn calibrated(
        self,
        rows: &[u32],
        vectors: Rows<'_>,
        queries: &[f32],
        seed: u64,
    ) -> Result<Segment, Error> {
        let dim = vectors.dim();
        let mut random = Random::new(seed ^ 0x6c61_6464);
        let mut queries = if queries.is_empty() {
            mixtures(vectors, &mut random)
        } else {
            let queries = Rows::new(queries, dim);
            queries.pick(&random.sample(queries.len(), QUERIES))
        };
        if self.metric() == super::Metric::Cosine {
            queries.chunks_exact_mut(dim).for_each(to_unit);
        }
        let queries = Rows::new(&queries, dim);
        // More than K, so that copies of the last one are known as its equals.
        let truth = exact::search_many(vectors, queries, 3 * K);
        let equals: Vec<Vec<u32>> = truth.iter().map(|hits| good_rows(hits, rows)).collect();
        let ladder: Vec<Rung> = RUNGS
            .iter()
            .map(|&(share, shortlist)| {
                let cells = ((share * self.cells() as f64).ceil() as usize).max(1);
                let effort = Effort { cells, shortlist };
                Rung {
                    effort,
                    recall: self.measured(queries, &equals, effort),
                }
            })
            .collect();
        self.with_ladder(&ladder)
    }

    fn measured(&self, queries: Rows<'_>, good: &[Vec<u32>], effort: Effort) -> f32 {
        let recall = |(query, good): (&[f32], &Vec<u32>)| {
            let hits = self.search(query, K, effort, Keep::ALL).0;
            let found = hits.iter().filter(|hit| good.contains(&hit.row)).count();
            found as f32 / K.min(self.len()).max(1) as f32
        };
        queries.iter().zip(good).map(recall).sum::<f32>() / queries.len().max(1) as f32
    }

    /// The same segment with this ladder.
    pub(super) fn with_ladder(self, ladder: &[Rung]) -> Result<Segment, Error> {
        let mut bytes = Vec::new();
        for rung in ladder {
            bytes.extend_from_slice(&(rung.effort.cells as u32).to_le_bytes());
            bytes.extend_from_slice(&(rung.effort.shortlist as u32).to_le_bytes());
            bytes.extend_from_slice(&rung.recall.to_le_bytes());
        }
        let reparameterised = self.reparameterised_parts();
        let mut segment = Segment::from_container(self.container.with_part(KIND, TAG, &bytes))?;
        segment.model.quantizer.set_reparameterised(reparameterised);
        Ok(segment)
    }
}

/// Rows among the exact hits that score as well as the tenth.
fn good_rows(hits: &[Hit], rows: &[u32]) -> Vec<u32> {
    let floor = hits
        .get(K - 1)
        .or(hits.last())
        .map_or(f32::INFINITY, |hit| hit.score - 1e-6);
    hits.iter()
        .filter(|hit| hit.score >= floor)
        .map(|hit| rows[hit.row as usize])
        .collect()
}

fn mixtures(vectors: Rows<'_>, random: &mut Random) -> Vec<f32> {
    let mut queries = Vec::new();
    for _ in 0..QUERIES.min(vectors.len()) {
        let (a, b) = (random.below(vectors.len()), random.below(vectors.len()));
        queries.extend(
            vectors
                .row(a)
                .iter()
                .zip(vectors.row(b))
                .map(|(x, y)| x + 0.8 * y),
        );
    }
    queries
}

/// The ladder of a file; none when the part is missing (a segment being built).
pub(super) fn read(container: &Container) -> Result<Vec<Rung>, Error> {
    if !container.has(TAG) {
        return Ok(Vec::new());
    }
    let words = container.numbers::<u32>(TAG, container.bytes(TAG)?.len() / 4)?;
    let rung = |w: &[u32]| Rung {
        effort: Effort {
            cells: w[0].max(1) as usize,
            shortlist: w[1] as usize,
        },
        recall: f32::from_bits(w[2]),
    };
    let ladder: Vec<Rung> = words.chunks_exact(3).map(rung).collect();
    let rising = ladder
        .windows(2)
        .all(|w| w[0].effort.cells <= w[1].effort.cells);
    if ladder.len() > 64 || !words.len().is_multiple_of(3) || !rising {
        return Err(container.refuse(Fault::inconsistent(TAG, "not a ladder")));
    }
    Ok(ladder)
}
