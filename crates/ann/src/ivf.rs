//! Cells by one prefix, scans by another: AdANNS-IVF (Rege et al., arXiv 2305.19435).
//!
//! k-means over the first `d_c` numbers makes the cells; a query ranks them by its own first `d_c` numbers and
//! scans the vectors of the nearest by `d_s` numbers. Both are chosen per query, also smaller than what
//! the index was built with (AdANNS-IVF-D). Every prefix is scaled to length 1 after cutting, centroids too.
//! Vectors stay f32: this is the structure of the paper, for measuring; [`crate::segment`] is the one to use.

use crate::budget::Spent;
use crate::kernels;
use crate::kmeans::{KMeans, KMeansConfig, assign};
use crate::matrix::Rows;
use crate::prefix::{unit_prefix, unit_prefixes};
use crate::topk::{Hit, TopK};

/// Cells over one prefix, vectors for scanning by several.
#[derive(Debug, Clone)]
pub struct NestedIvf {
    dim: usize,
    count: usize,
    /// Centroids over the prefix that the cells were built with.
    centroids: Vec<f32>,
    cell_dim: usize,
    /// Rows cell by cell.
    rows: Vec<u32>,
    starts: Vec<usize>,
    /// Vectors in the order of `rows`, one table a scan dimension.
    tables: Vec<(usize, Vec<f32>)>,
}

/// What a query chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Numbers compared with centroids: d_c, at most that of building.
    pub cell_dim: usize,
    /// Numbers compared with vectors: d_s, one of those of building.
    pub scan_dim: usize,
    /// Cells scanned.
    pub cells: usize,
}

impl NestedIvf {
    /// Builds `cells` cells over the first `cell_dim` numbers, and tables for scanning by each of
    /// `scan_dims`. Panics when a prefix is longer than the vectors.
    pub fn build(
        vectors: Rows<'_>,
        cells: usize,
        cell_dim: usize,
        scan_dims: &[usize],
        config: KMeansConfig,
    ) -> NestedIvf {
        let prefixes = unit_prefixes(vectors, cell_dim);
        let prefixes = Rows::new(&prefixes, cell_dim);
        let centroids = KMeans::fit(prefixes, cells, config).centroids;
        let nearest = assign(prefixes, Rows::new(&centroids, cell_dim));
        let mut rows: Vec<u32> = (0..vectors.len() as u32).collect();
        rows.sort_by_key(|&row| (nearest[row as usize].0, row));
        let first =
            |cell: usize| rows.partition_point(|&row| (nearest[row as usize].0 as usize) < cell);
        let starts = (0..=cells).map(first).collect();
        let table = |dim: usize| {
            let ordered = rows
                .iter()
                .flat_map(|&row| unit_prefix(vectors.row(row as usize), dim));
            (dim, ordered.collect())
        };
        let tables = scan_dims.iter().map(|&dim| table(dim)).collect();
        NestedIvf {
            dim: vectors.dim(),
            count: vectors.len(),
            centroids,
            cell_dim,
            rows,
            starts,
            tables,
        }
    }

    /// Cells.
    pub fn cells(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows of a cell.
    pub fn cell(&self, cell: usize) -> &[u32] {
        &self.rows[self.starts[cell]..self.starts[cell + 1]]
    }

    /// The best `k` rows of the probed cells, by the cosine over `scan_dim` numbers.
    /// Panics when the probe asks for a prefix that was not built.
    pub fn search(&self, query: &[f32], k: usize, probe: Probe) -> (Vec<Hit>, Spent) {
        assert_eq!(query.len(), self.dim, "a query of {} numbers", self.dim);
        assert!(
            (1..=self.cell_dim).contains(&probe.cell_dim),
            "cells have {} numbers",
            self.cell_dim
        );
        let table = self.tables.iter().find(|table| table.0 == probe.scan_dim);
        let (_, table) =
            table.unwrap_or_else(|| panic!("no table of {} dimensions", probe.scan_dim));
        let coarse = unit_prefix(query, probe.cell_dim);
        let mut nearest = TopK::new(probe.cells);
        for (cell, centroid) in self.centroids.chunks_exact(self.cell_dim).enumerate() {
            // With all numbers the true distance to the centroid, as in plain IVF; with fewer, the sliced
            // centroid is scaled like everything else.
            let distance = if probe.cell_dim == self.cell_dim {
                kernels::l2(&coarse, centroid)
            } else {
                kernels::l2(&coarse, &unit_prefix(centroid, probe.cell_dim))
            };
            nearest.push(Hit {
                row: cell as u32,
                score: -distance,
            });
        }
        let fine = unit_prefix(query, probe.scan_dim);
        let mut top = TopK::new(k);
        let mut spent = Spent::default();
        for cell in nearest.into_sorted() {
            let slots = self.starts[cell.row as usize]..self.starts[cell.row as usize + 1];
            let vectors = &table[slots.start * probe.scan_dim..slots.end * probe.scan_dim];
            for (vector, slot) in vectors.chunks_exact(probe.scan_dim).zip(slots.clone()) {
                top.push(Hit {
                    row: self.rows[slot],
                    score: kernels::dot(&fine, vector),
                });
            }
            spent.cells += 1;
            spent.refined += slots.len() as u64;
        }
        spent.multiply_adds =
            (self.cells() * probe.cell_dim) as u64 + spent.refined * probe.scan_dim as u64;
        (top.into_sorted(), spent)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::random::Random;

    fn nested(n: usize, dim: usize) -> Vec<f32> {
        let mut random = Random::new(2);
        (0..n * dim)
            .map(|at| random.normal() / (1.0 + (at % dim) as f32).sqrt())
            .collect()
    }

    fn built(data: &[f32]) -> NestedIvf {
        NestedIvf::build(
            Rows::new(data, 16),
            20,
            16,
            &[4, 16],
            KMeansConfig::default(),
        )
    }

    #[test]
    fn every_row_is_in_one_cell() {
        let data = nested(500, 16);
        let ivf = built(&data);
        let mut rows: Vec<u32> = (0..20).flat_map(|cell| ivf.cell(cell)).copied().collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..500).collect::<Vec<u32>>());
    }

    #[test]
    fn all_cells_are_the_exact_search_at_the_scan_dimension() {
        let data = nested(500, 16);
        let ivf = built(&data);
        for scan_dim in [4, 16] {
            let unit = unit_prefixes(Rows::new(&data, 16), scan_dim);
            let query = &data[3 * 16..4 * 16];
            let exact = exact::search(
                Rows::new(&unit, scan_dim),
                &unit_prefix(query, scan_dim),
                10,
            )
            .0;
            let (hits, spent) = ivf.search(
                query,
                10,
                Probe {
                    cell_dim: 8,
                    scan_dim,
                    cells: 20,
                },
            );
            assert_eq!(hits, exact);
            assert_eq!(spent.multiply_adds, (20 * 8 + 500 * scan_dim) as u64);
        }
    }

    #[test]
    fn a_full_prefix_at_query_time_is_the_plain_index() {
        let data = nested(500, 16);
        let ivf = built(&data);
        let query = &data[9 * 16..10 * 16];
        let (hits, _) = ivf.search(
            query,
            5,
            Probe {
                cell_dim: 16,
                scan_dim: 16,
                cells: 3,
            },
        );
        let unit = unit_prefix(query, 16);
        let mut cells: Vec<usize> = (0..20).collect();
        let distance = |cell: usize| kernels::l2(&unit, &ivf.centroids[cell * 16..(cell + 1) * 16]);
        cells.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        let mut top = TopK::new(5);
        for row in cells[..3].iter().flat_map(|&cell| ivf.cell(cell)) {
            let vector = unit_prefix(&data[*row as usize * 16..][..16], 16);
            top.push(Hit {
                row: *row,
                score: kernels::dot(&unit, &vector),
            });
        }
        assert_eq!(hits, top.into_sorted());
    }
}
