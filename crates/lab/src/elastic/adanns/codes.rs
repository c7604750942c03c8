//! AdANNS-OPQ and AdANNS-IVFOPQ: codes of a prefix, alone and within cells.

use ann::exact;
use ann::kernels;
use ann::kmeans::{KMeans, KMeansConfig, assign};
use ann::matrix::Rows;
use ann::opq::OptimisedQuantizer;
use ann::pq::{Bits, Training};
use ann::prefix::unit_prefixes;

use super::Task;
use crate::frame::{Axis, Plot};

/// Right paper first, by kind of codes.
pub(super) struct Codes {
    /// Whole vectors.
    pub(super) rigid: f64,
    /// Whole vectors with twice the bytes.
    pub(super) rigid_twice: f64,
    /// The best prefix.
    pub(super) nested: f64,
    /// Whole vectors, cells by whole vectors.
    pub(super) rigid_cells: f64,
    /// The best prefix, cells by a quarter of the numbers.
    pub(super) nested_cells: f64,
    bytes: usize,
    /// Accuracy of each prefix, on the measured queries.
    by_prefix: Vec<f64>,
    /// That of the vectors themselves, cut to each prefix.
    uncoded: Vec<f64>,
}

/// Measures codes of so many bytes.
pub(super) fn measure(task: &Task<'_>, bytes: usize, cells: usize) -> Codes {
    let coded = |prefix: usize, bytes: usize| Coded::new(task, prefix, bytes);
    let (choosing, others) = task.halves();
    let every = |from: usize| vec![(0..from as u32).collect::<Vec<u32>>()];
    let flat = every(task.base.len());
    let alone = |coded: &Coded, queries: &[usize]| coded.accuracy(task, queries, |_| &flat);

    let all: Vec<Coded> = task.prefixes.iter().map(|&p| coded(p, bytes)).collect();
    let best = (0..all.len())
        .max_by(|&a, &b| {
            let value = |at: usize| alone(&all[at], &choosing);
            // The shorter prefix where both are as good.
            value(a).total_cmp(&value(b)).then(b.cmp(&a))
        })
        .unwrap_or(0);
    let whole = &all[all.len() - 1];
    let by_prefix: Vec<f64> = all.iter().map(|coded| alone(coded, &others)).collect();
    let uncoded = task
        .prefixes
        .iter()
        .map(|&p| uncoded(task, p, &others))
        .collect();

    let within = |coded: &Coded, cell_dim: usize| {
        let lists = Cells::new(task, cells, cell_dim);
        let probed: Vec<Vec<Vec<u32>>> = (0..task.queries.len())
            .map(|query| lists.probed(query))
            .collect();
        coded.accuracy(task, &others, |query| &probed[query])
    };
    Codes {
        rigid: by_prefix[all.len() - 1],
        rigid_twice: alone(&coded(task.dim(), 2 * bytes), &others),
        nested: by_prefix[best],
        rigid_cells: within(whole, task.dim()),
        nested_cells: within(&all[best], task.dim() / 4),
        bytes,
        by_prefix,
        uncoded,
    }
}

/// Right paper first when vectors are cut, but not coded.
fn uncoded(task: &Task<'_>, prefix: usize, queries: &[usize]) -> f64 {
    let cut = unit_prefixes(task.base, prefix);
    let asked = unit_prefixes(task.queries, prefix);
    let (cut, asked) = (Rows::new(&cut, prefix), Rows::new(&asked, prefix));
    let right = queries.iter().filter(|&&at| {
        let best = exact::search(cut, asked.row(at), 1).0;
        best.first()
            .is_some_and(|hit| task.about[hit.row as usize] == task.asked[at])
    });
    right.count() as f64 / queries.len() as f64
}

impl Codes {
    /// Accuracy by the prefix that is coded.
    pub(super) fn plot(&self, prefixes: &[usize]) -> Plot {
        let line = |values: &[f64]| -> Vec<(f64, f64)> {
            let points = prefixes.iter().zip(values);
            points
                .map(|(&prefix, &value)| (prefix as f64, value))
                .collect()
        };
        Plot::new(
            "codes",
            "Right paper first, by the prefix that is coded (the last is the whole vector)",
            Axis::log("Numbers coded"),
            Axis::linear("Right paper first"),
        )
        .line("As they are", line(&self.uncoded))
        .line(
            format!("As codes of {} bytes", self.bytes),
            line(&self.by_prefix),
        )
    }
}

/// All rows as codes of a prefix.
struct Coded {
    prefix: usize,
    model: OptimisedQuantizer,
    codes: Vec<u8>,
    /// Queries cut and turned.
    queries: Vec<f32>,
}

impl Coded {
    fn new(task: &Task<'_>, prefix: usize, bytes: usize) -> Coded {
        let cut = unit_prefixes(task.base, prefix);
        let cut = Rows::new(&cut, prefix);
        let config = KMeansConfig {
            points_per_centroid: 16,
            ..KMeansConfig::default()
        };
        // Parts must divide the prefix; a short one has fewer numbers than bytes at most once.
        let parts = bytes.min(prefix);
        let model = OptimisedQuantizer::train(cut, parts, Bits::Eight, Training::KMeans, 0, config);
        let mut codes = vec![0; cut.len() * parts];
        let turned = model.rotation.apply_all(cut);
        for (row, code) in turned
            .chunks_exact(prefix)
            .zip(codes.chunks_exact_mut(parts))
        {
            model.quantizer.encode(row, code);
        }
        let asked = unit_prefixes(task.queries, prefix);
        let queries = model.rotation.apply_all(Rows::new(&asked, prefix));
        Coded {
            prefix,
            model,
            codes,
            queries,
        }
    }

    /// How often the row of the best estimated score, among the lists of a query, is about what the query is about.
    fn accuracy<'a>(
        &self,
        task: &Task<'_>,
        queries: &[usize],
        lists: impl Fn(usize) -> &'a Vec<Vec<u32>>,
    ) -> f64 {
        let parts = self.model.quantizer.parts();
        let mut table = Vec::new();
        let mut right = 0;
        for &at in queries {
            let query = &self.queries[at * self.prefix..(at + 1) * self.prefix];
            self.model.quantizer.table(query, &mut table);
            let score = |row: u32| {
                let from = row as usize * parts;
                self.model
                    .quantizer
                    .score(&table, &self.codes[from..from + parts])
            };
            let mut best = (f32::NEG_INFINITY, 0);
            for &row in lists(at).iter().flatten() {
                let score = score(row);
                if score > best.0 {
                    best = (score, row);
                }
            }
            right += usize::from(task.about[best.1 as usize] == task.asked[at]);
        }
        right as f64 / queries.len() as f64
    }
}

/// Cells over a prefix, with the lists that queries probe.
struct Cells {
    lists: Vec<Vec<u32>>,
    centroids: Vec<f32>,
    dim: usize,
    queries: Vec<f32>,
}

/// Cells probed where codes are searched within cells.
const PROBED: usize = 8;

impl Cells {
    fn new(task: &Task<'_>, cells: usize, dim: usize) -> Cells {
        let cut = unit_prefixes(task.base, dim);
        let cut = Rows::new(&cut, dim);
        let centroids = KMeans::fit(cut, cells, KMeansConfig::default()).centroids;
        let mut lists = vec![Vec::new(); cells];
        let nearest = assign(cut, Rows::new(&centroids, dim));
        for (row, (cell, _)) in nearest.iter().enumerate() {
            lists[*cell as usize].push(row as u32);
        }
        Cells {
            lists,
            centroids,
            dim,
            queries: unit_prefixes(task.queries, dim),
        }
    }

    fn probed(&self, query: usize) -> Vec<Vec<u32>> {
        let query = &self.queries[query * self.dim..(query + 1) * self.dim];
        let mut order: Vec<(f32, usize)> = self
            .centroids
            .chunks_exact(self.dim)
            .map(|centroid| kernels::l2(query, centroid))
            .zip(0..)
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let near = order.iter().take(PROBED);
        near.map(|&(_, cell)| self.lists[cell].clone()).collect()
    }
}
