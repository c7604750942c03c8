//! The exact scan: the answer that every other structure is measured against.

use rayon::prelude::*;

use crate::budget::Spent;
use crate::kernels;
use crate::matrix::{Panels, Rows, product};
use crate::topk::{Hit, TopK};

/// The `k` rows with the greatest inner product, best first. Row numbers are positions.
/// Panics when the query has another dimension.
pub fn search(rows: Rows<'_>, query: &[f32], k: usize) -> (Vec<Hit>, Spent) {
    search_prefix(rows, query, rows.dim(), k)
}

/// The same over the first `prefix` numbers of rows and query, as they are (not scaled).
pub fn search_prefix(rows: Rows<'_>, query: &[f32], prefix: usize, k: usize) -> (Vec<Hit>, Spent) {
    assert_eq!(query.len(), rows.dim(), "a query of {} numbers", rows.dim());
    let mut top = TopK::new(k);
    for (row, vector) in rows.iter().enumerate() {
        let score = kernels::prefix_dot(query, vector, prefix);
        top.push(Hit {
            row: row as u32,
            score,
        });
    }
    let spent = Spent {
        multiply_adds: (rows.len() * prefix) as u64,
        refined: rows.len() as u64,
        ..Spent::default()
    };
    (top.into_sorted(), spent)
}

/// [`search`] for many queries at once, in parallel and with better use of the caches. Sums run in another
/// order than in [`search`], so scores may differ in the last bits.
pub fn search_many(rows: Rows<'_>, queries: Rows<'_>, k: usize) -> Vec<Vec<Hit>> {
    assert_eq!(
        queries.dim(),
        rows.dim(),
        "queries of {} numbers",
        rows.dim()
    );
    // Queries are the columns, so one panel of them stays in the cache while the rows stream by.
    const RUN: usize = 4096;
    let panels = Panels::new(queries, queries.dim());
    let mut tops: Vec<TopK> = (0..queries.len()).map(|_| TopK::new(k)).collect();
    for (run, part) in rows.data().chunks(RUN * rows.dim()).enumerate() {
        let scores = product(Rows::new(part, rows.dim()), &panels);
        tops.par_iter_mut().enumerate().for_each(|(query, top)| {
            let column = scores.iter().skip(query).step_by(queries.len());
            for (i, &score) in column.enumerate() {
                top.push(Hit {
                    row: (run * RUN + i) as u32,
                    score,
                });
            }
        });
    }
    tops.into_iter().map(TopK::into_sorted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn it_finds_what_sorting_finds() {
        let mut random = Random::new(1);
        let data: Vec<f32> = (0..500 * 20).map(|_| random.normal()).collect();
        let rows = Rows::new(&data, 20);
        let query = rows.row(17);
        let mut sorted: Vec<Hit> = rows
            .iter()
            .enumerate()
            .map(|(row, x)| Hit {
                row: row as u32,
                score: kernels::dot(query, x),
            })
            .collect();
        sorted.sort_by(Hit::order);
        sorted.truncate(10);
        let (hits, spent) = search(rows, query, 10);
        assert_eq!(hits, sorted);
        assert_eq!(spent.multiply_adds, 500 * 20, "D·N");
        let many = search_many(rows, Rows::new(&data[..3 * 20], 20), 10);
        for (i, hits) in many.iter().enumerate() {
            let numbers = |hits: &[Hit]| hits.iter().map(|h| h.row).collect::<Vec<_>>();
            assert_eq!(numbers(hits), numbers(&search(rows, rows.row(i), 10).0));
        }
    }

    #[test]
    fn small_and_odd_requests() {
        let rows = Rows::new(&[1.0, 0.0, 0.0, 1.0], 2);
        assert_eq!(search(rows, &[1.0, 0.0], 0).0, []);
        assert_eq!(search(rows, &[1.0, 0.0], 9).0.len(), 2);
        assert_eq!(
            search(rows, &[f32::NAN, 0.0], 9).0,
            [],
            "NaN is not a score"
        );
        assert_eq!(search(Rows::new(&[], 2), &[1.0, 0.0], 9).0, []);
        assert_eq!(
            search_prefix(rows, &[0.0, 1.0], 1, 1).0,
            [Hit { row: 0, score: 0.0 }]
        );
    }
}
