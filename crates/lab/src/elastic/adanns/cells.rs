//! AdANNS-IVF: cells by one prefix, lists by another.

use ann::ivf::{NestedIvf, Probe};
use ann::kernels;
use ann::kmeans::KMeansConfig;
use ann::measure::recall;
use ann::topk::{Hit, TopK};

use super::curve::{Curve, Point};
use super::{K, Task};

/// Cells probed.
const PROBES: [usize; 12] = [1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 60];
/// Rows that are compared again by whole vectors, where lists were scanned by a prefix.
const RERANKED: usize = 50;

/// Prefixes for cells and lists, and what they came to by the number of probed cells.
struct Setting {
    cell_dim: usize,
    scan_dim: usize,
    /// On the queries that choose.
    chosen_by: Curve,
    /// On the others.
    measured: Curve,
}

/// All settings of one set of vectors.
pub(super) struct Measured(Vec<Setting>);

impl Measured {
    /// Every d_c and d_s of the task's prefixes.
    pub(super) fn all(task: &Task<'_>, cells: usize) -> Measured {
        let (choosing, others) = task.halves();
        let mut settings = Vec::new();
        for &cell_dim in &task.prefixes {
            let config = KMeansConfig::default();
            let ivf = NestedIvf::build(task.base, cells, cell_dim, &task.prefixes, config);
            for &scan_dim in &task.prefixes {
                let curve = |queries: &[usize]| {
                    let probes = PROBES.iter().filter(|&&probes| probes <= cells);
                    let point = |&cells: &usize| {
                        let probe = Probe {
                            cell_dim,
                            scan_dim,
                            cells,
                        };
                        search(&ivf, task, probe, queries)
                    };
                    Curve(probes.map(point).collect())
                };
                settings.push(Setting {
                    cell_dim,
                    scan_dim,
                    chosen_by: curve(&choosing),
                    measured: curve(&others),
                });
            }
        }
        Measured(settings)
    }

    /// The work at a recall, of the prefixes that need the least on the choosing half of the queries, measured on the other.
    pub(super) fn cheapest(&self, prefixes: &[usize], recall: f64) -> f64 {
        let within = self
            .0
            .iter()
            .filter(|s| prefixes.contains(&s.cell_dim) && prefixes.contains(&s.scan_dim));
        let by_choice = |s: &&Setting| s.chosen_by.work_at(recall);
        let cheapest = within.min_by(|a, b| by_choice(a).total_cmp(&by_choice(b)));
        cheapest.map_or(f64::INFINITY, |s| s.measured.work_at(recall))
    }

    /// The same for each of some recalls, where it is reached.
    pub(super) fn frontier(&self, prefixes: &[usize]) -> Vec<(f64, f64)> {
        [0.6, 0.7, 0.8, 0.85, 0.9, 0.95]
            .into_iter()
            .map(|recall| (recall, self.cheapest(prefixes, recall)))
            .filter(|(_, work)| work.is_finite())
            .collect()
    }
}

/// Searches for some queries; where lists are scanned by a prefix, the best are compared again by whole vectors.
fn search(ivf: &NestedIvf, task: &Task<'_>, probe: Probe, queries: &[usize]) -> Point {
    let rerank = probe.scan_dim < task.dim();
    let (mut work, mut found) = (0, 0.0);
    for &at in queries {
        let query = task.queries.row(at);
        let (mut hits, spent) = ivf.search(query, if rerank { RERANKED } else { K }, probe);
        work += spent.multiply_adds;
        if rerank {
            work += (hits.len() * task.dim()) as u64;
            let mut top = TopK::new(K);
            for Hit { row, .. } in hits {
                let score = kernels::dot(query, task.base.row(row as usize));
                top.push(Hit { row, score });
            }
            hits = top.into_sorted();
        }
        let rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
        found += recall(&rows, &task.truth[at]);
    }
    let n = queries.len() as f64;
    Point {
        work: work as f64 / n / 1e3,
        recall: found / n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(dim: usize, works: [f64; 2]) -> Setting {
        let curve = || {
            Curve(
                works
                    .iter()
                    .zip([0.8, 1.0])
                    .map(|(&work, recall)| Point { work, recall })
                    .collect(),
            )
        };
        Setting {
            cell_dim: dim,
            scan_dim: dim,
            chosen_by: curve(),
            measured: curve(),
        }
    }

    #[test]
    fn the_cheapest_prefixes_are_chosen_at_the_recall() {
        let all = Measured(vec![setting(4, [1.0, 9.0]), setting(8, [2.0, 4.0])]);
        assert_eq!(all.cheapest(&[4, 8], 0.9), 3.0);
        assert_eq!(all.cheapest(&[4, 8], 0.8), 1.0);
        assert_eq!(all.cheapest(&[4], 0.9), 5.0);
    }
}
