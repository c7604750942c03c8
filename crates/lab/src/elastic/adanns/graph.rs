//! AdANNS-DiskANN: a graph walked by a prefix, its finds reranked by whole vectors.
//!
//! The graph is Vamana (Subramanya et al., DiskANN, 2019): every row is found by a walk over the graph so far, and linked
//! to what the walk visited, less those that a nearer neighbour already leads to (RobustPrune with α = 1.2).

use ann::kernels;
use ann::matrix::Rows;
use ann::measure::recall;
use ann::prefix::{unit_prefix, unit_prefixes};
use rand::RngExt as _;
use rand::seq::SliceRandom;

use super::curve::{Curve, Point};
use super::{K, TARGET, Task, truth};
use crate::frame::Rng;

/// Links of a row at most.
const DEGREE: usize = 16;
/// Length of the walk's list while building.
const BUILD: usize = 40;
const ALPHA: f32 = 1.2;
/// Lengths of the walk's list that are tried when searching.
const BEAMS: [usize; 8] = [10, 13, 17, 23, 32, 45, 65, 100];

/// Thousand multiply-adds at the target recall.
pub(super) struct Work {
    pub(super) rigid: f64,
    pub(super) nested: f64,
}

/// Measures graphs over the first `rows` rows: one over whole vectors, one over each prefix.
pub(super) fn measure(task: &Task<'_>, rows: usize, rng: &mut Rng) -> Work {
    let dim = task.dim();
    let rows = rows.min(task.base.len());
    let base = Rows::new(&task.base.data()[..rows * dim], dim);
    let part = Task {
        base,
        queries: task.queries,
        truth: truth(base, task.queries),
        about: task.about,
        asked: task.asked,
        prefixes: task.prefixes.clone(),
    };
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(rng);
    let seed: u64 = rng.random();
    let tried: Vec<(usize, [Curve; 2])> = part
        .prefixes
        .iter()
        .map(|&prefix| {
            let table = unit_prefixes(base, prefix);
            let graph = Graph::build(Rows::new(&table, prefix), &order, seed);
            (prefix, graph.curves(&part))
        })
        .collect();
    let cheapest = |prefixes: &[usize]| {
        let within = tried.iter().filter(|(prefix, _)| prefixes.contains(prefix));
        let curves = within.map(|(_, curves)| curves);
        let by_choice = |curves: &&[Curve; 2]| curves[0].work_at(TARGET);
        let cheapest = curves.min_by(|a, b| by_choice(a).total_cmp(&by_choice(b)));
        // Where no walk is long enough, all rows are compared.
        let all = (rows * dim) as f64 / 1e3;
        cheapest.map_or(all, |curves| curves[1].work_at(TARGET).min(all))
    };
    Work {
        rigid: cheapest(&[dim]),
        nested: cheapest(&part.prefixes),
    }
}

struct Graph<'a> {
    rows: Rows<'a>,
    links: Vec<Vec<u32>>,
    start: u32,
}

/// What a walk saw, the nearest first, and how many rows it compared.
struct Walk {
    nearest: Vec<(f32, u32)>,
    visited: Vec<(f32, u32)>,
    compared: usize,
}

impl<'a> Graph<'a> {
    fn build(rows: Rows<'a>, order: &[u32], seed: u64) -> Graph<'a> {
        let mut random = ann::random::Random::new(seed);
        let links = (0..rows.len())
            .map(|row| {
                let any = (0..DEGREE.min(rows.len() - 1)).map(|_| random.below(rows.len()) as u32);
                any.filter(|&to| to as usize != row).collect()
            })
            .collect();
        let mut graph = Graph {
            rows,
            links,
            start: middle(rows),
        };
        for &row in order {
            let walk = graph.walk(rows.row(row as usize), BUILD);
            let kept = graph.pruned(row, walk.visited);
            for &to in &kept {
                let back = &mut graph.links[to as usize];
                if !back.contains(&row) {
                    back.push(row);
                }
                if back.len() > DEGREE {
                    let candidates = std::mem::take(back);
                    let from = rows.row(to as usize);
                    let measured = candidates
                        .into_iter()
                        .map(|c| (kernels::l2(from, rows.row(c as usize)), c))
                        .collect();
                    graph.links[to as usize] = graph.pruned(to, measured);
                }
            }
            graph.links[row as usize] = kept;
        }
        graph
    }

    /// Goes from row to row towards the query, keeping the `beam` nearest rows seen, until all of them were visited.
    fn walk(&self, query: &[f32], beam: usize) -> Walk {
        let distance = |row: u32| kernels::l2(query, self.rows.row(row as usize));
        let mut seen = vec![false; self.rows.len()];
        seen[self.start as usize] = true;
        // (distance, row), with whether it was visited
        let mut list = vec![((distance(self.start), self.start), false)];
        let (mut visited, mut compared) = (Vec::new(), 1);
        while let Some(at) = list.iter().position(|(_, done)| !done) {
            list[at].1 = true;
            let row = list[at].0.1;
            visited.push(list[at].0);
            for &to in &self.links[row as usize] {
                if std::mem::replace(&mut seen[to as usize], true) {
                    continue;
                }
                compared += 1;
                list.push(((distance(to), to), false));
            }
            list.sort_by(|(a, _), (b, _)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            list.truncate(beam);
        }
        Walk {
            nearest: list.into_iter().map(|(row, _)| row).collect(),
            visited,
            compared,
        }
    }

    /// RobustPrune: the nearest candidate stays, those that it leads to go, and so on.
    fn pruned(&self, row: u32, mut candidates: Vec<(f32, u32)>) -> Vec<u32> {
        candidates.retain(|c| c.1 != row);
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        candidates.dedup_by_key(|c| c.1);
        let mut kept: Vec<u32> = Vec::with_capacity(DEGREE);
        for (distance, to) in candidates {
            let led_to = kept.iter().any(|&k| {
                let between = kernels::l2(self.rows.row(k as usize), self.rows.row(to as usize));
                // Distances are squared here, and so is the factor.
                ALPHA * ALPHA * between <= distance
            });
            if !led_to {
                kept.push(to);
            }
            if kept.len() == DEGREE {
                break;
            }
        }
        kept
    }

    /// By the length of the walk's list: on the queries that choose, and on the others.
    fn curves(&self, task: &Task<'_>) -> [Curve; 2] {
        let (choosing, others) = task.halves();
        [choosing, others].map(|queries| {
            let points = BEAMS.iter().map(|&beam| self.point(task, beam, &queries));
            Curve(points.collect())
        })
    }

    fn point(&self, task: &Task<'_>, beam: usize, queries: &[usize]) -> Point {
        let prefix = self.rows.dim();
        let (mut work, mut found) = (0, 0.0);
        for &at in queries {
            let query = task.queries.row(at);
            let walk = self.walk(&unit_prefix(query, prefix), beam);
            work += walk.compared * prefix;
            let mut rows: Vec<u32> = walk.nearest.iter().map(|n| n.1).collect();
            if prefix < task.dim() {
                work += rows.len() * task.dim();
                let score = |row: &u32| kernels::dot(query, task.base.row(*row as usize));
                rows.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
            }
            rows.truncate(K);
            found += recall(&rows, &task.truth[at]);
        }
        let n = queries.len() as f64;
        Point {
            work: work as f64 / n / 1e3,
            recall: found / n,
        }
    }
}

/// The row nearest to the mean of all.
fn middle(rows: Rows<'_>) -> u32 {
    let mut mean = vec![0.0; rows.dim()];
    for row in rows.iter() {
        kernels::add_scaled(&mut mean, 1.0 / rows.len() as f32, row);
    }
    let distance = |at: &u32| kernels::l2(&mean, rows.row(*at as usize));
    (0..rows.len() as u32)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Vec<f32> {
        (0..60).flat_map(|i| [i as f32, 0.0]).collect()
    }

    #[test]
    fn a_walk_over_a_line_finds_its_end() {
        let data = line();
        let rows = Rows::new(&data, 2);
        let order: Vec<u32> = (0..60).collect();
        let graph = Graph::build(rows, &order, 1);
        let walk = graph.walk(&[58.9, 0.0], 5);
        let rows: Vec<u32> = walk.nearest.iter().map(|n| n.1).take(3).collect();
        assert_eq!(rows, [59, 58, 57]);
        assert!(walk.compared < 60 && graph.links.iter().all(|l| l.len() <= DEGREE));
    }

    #[test]
    fn what_a_nearer_neighbour_leads_to_is_not_linked() {
        let data = line();
        let graph = Graph {
            rows: Rows::new(&data, 2),
            links: Vec::new(),
            start: 0,
        };
        // From 10: 11 leads to 12 and 13; 9 lies the other way.
        let kept = graph.pruned(
            10,
            vec![(1.0, 11), (4.0, 12), (9.0, 13), (1.0, 9), (0.0, 10)],
        );
        assert_eq!(kept, [9, 11]);
    }
}
