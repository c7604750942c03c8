//! Nested vectors: shortlist by a short prefix, rerank by longer ones.
//!
//! With Matryoshka vectors (arXiv 2205.13147) the first `m` numbers of a vector are a vector of their own.
//! *Adaptive retrieval* takes a shortlist by `D_s` numbers and reranks it by `D_r`; *funnel retrieval* reranks
//! in several levels, each longer and shorter of list. Prefixes are kept apart, one contiguous table a length,
//! scaled to length 1 after cutting: striding over whole vectors would save no memory traffic.

use crate::budget::Spent;
use crate::exact;
use crate::kernels;
use crate::matrix::Rows;
use crate::topk::{Hit, TopK};

/// One level of a funnel: the numbers that are compared, and how many candidates are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Numbers of query and vector.
    pub dim: usize,
    /// Candidates that go on to the next level.
    pub keep: usize,
}

/// Tables of prefixes.
#[derive(Debug, Clone)]
pub struct Prefixes {
    tables: Vec<(usize, Vec<f32>)>,
    count: usize,
}

impl Prefixes {
    /// Cuts every vector to each of `dims` and scales to length 1. Panics when a prefix is longer than
    /// the vectors or empty.
    pub fn new(vectors: Rows<'_>, dims: &[usize]) -> Prefixes {
        let tables = dims
            .iter()
            .map(|&dim| (dim, unit_prefixes(vectors, dim)))
            .collect();
        Prefixes {
            tables,
            count: vectors.len(),
        }
    }

    fn table(&self, dim: usize) -> Rows<'_> {
        let found = self.tables.iter().find(|table| table.0 == dim);
        let (_, data) = found.unwrap_or_else(|| panic!("no table of {dim} dimensions"));
        Rows::new(data, dim)
    }

    /// Shortlist of `keep` by `shortlist_dim` numbers, reranked by `rerank_dim`.
    pub fn shortlist(
        &self,
        query: &[f32],
        shortlist_dim: usize,
        keep: usize,
        rerank_dim: usize,
        k: usize,
    ) -> (Vec<Hit>, Spent) {
        let levels = [
            Level {
                dim: shortlist_dim,
                keep,
            },
            Level {
                dim: rerank_dim,
                keep: k,
            },
        ];
        self.funnel(query, &levels)
    }

    /// The first level scans everything, each further one reranks what is left; the last one's list is the
    /// answer, with its scores. Panics when a level's dimension has no table, or the query is shorter.
    pub fn funnel(&self, query: &[f32], levels: &[Level]) -> (Vec<Hit>, Spent) {
        let Some((first, further)) = levels.split_first() else {
            return (Vec::new(), Spent::default());
        };
        let scaled = unit_prefix(query, first.dim);
        let (mut hits, mut spent) = exact::search(self.table(first.dim), &scaled, first.keep);
        for level in further {
            let (scaled, table) = (unit_prefix(query, level.dim), self.table(level.dim));
            let mut top = TopK::new(level.keep);
            for hit in &hits {
                let score = kernels::dot(&scaled, table.row(hit.row as usize));
                top.push(Hit {
                    row: hit.row,
                    score,
                });
            }
            spent.refined += hits.len() as u64;
            spent.multiply_adds += (hits.len() * level.dim) as u64;
            hits = top.into_sorted();
        }
        (hits, spent)
    }

    /// Vectors.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Cuts and scales every vector.
pub fn unit_prefixes(vectors: Rows<'_>, dim: usize) -> Vec<f32> {
    vectors
        .iter()
        .flat_map(|vector| unit_prefix(vector, dim))
        .collect()
}

/// The first `dim` numbers, scaled to length 1: cut first, then scale. Zeros stay zeros.
pub fn unit_prefix(vector: &[f32], dim: usize) -> Vec<f32> {
    let mut prefix = vector[..dim].to_vec();
    let norm = kernels::dot(&prefix, &prefix).sqrt();
    if norm > 0.0 && norm.is_finite() {
        prefix.iter_mut().for_each(|x| *x /= norm);
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn nested(n: usize, dim: usize) -> Vec<f32> {
        let mut random = Random::new(2);
        (0..n * dim)
            .map(|at| random.normal() / (1.0 + (at % dim) as f32))
            .collect()
    }

    #[test]
    fn a_full_shortlist_is_the_exact_search() {
        let data = nested(300, 16);
        let rows = Rows::new(&data, 16);
        let prefixes = Prefixes::new(rows, &[4, 8, 16]);
        let unit = unit_prefixes(rows, 16);
        let exact = exact::search(Rows::new(&unit, 16), &unit_prefix(rows.row(3), 16), 10).0;
        assert_eq!(prefixes.shortlist(rows.row(3), 4, 300, 16, 10).0, exact);
    }

    #[test]
    fn a_funnel_of_one_step_is_the_shortlist() {
        let data = nested(300, 16);
        let rows = Rows::new(&data, 16);
        let prefixes = Prefixes::new(rows, &[4, 8, 16]);
        let levels = [Level { dim: 4, keep: 40 }, Level { dim: 16, keep: 10 }];
        let (funnel, spent) = prefixes.funnel(rows.row(5), &levels);
        assert_eq!(funnel, prefixes.shortlist(rows.row(5), 4, 40, 16, 10).0);
        assert_eq!(spent.multiply_adds, 4 * 300 + 40 * 16, "D_s·N + k·D_r");
        assert!(prefixes.funnel(rows.row(5), &[]).0.is_empty());
    }

    #[test]
    fn prefixes_are_cut_and_then_scaled() {
        assert_eq!(unit_prefix(&[3.0, 4.0, 12.0], 2), [0.6, 0.8]);
        assert_eq!(unit_prefix(&[0.0, 0.0, 12.0], 2), [0.0, 0.0]);
    }
}
