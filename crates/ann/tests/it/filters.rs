//! Filters: recall is held however little they keep, young and dead rows included.

use ann::budget::{Budget, Path};
use ann::index::{Filter, Index, IndexConfig};
use ann::measure::recall;
use ann::pq::Training;
use ann::random::Random;
use roaring::RoaringBitmap;

const DIM: usize = 32;
const ROWS: u32 = 6000;

/// Vectors of a falling spectrum around weak centres, as texts have.
fn vectors(count: u32, seed: u64) -> Vec<f32> {
    let mut random = Random::new(99);
    let centres: Vec<f32> = (0..100 * DIM).map(|_| random.normal()).collect();
    let mut random = Random::new(seed);
    let mut one = |_| {
        let centre = random.below(100) * DIM;
        let mut number =
            |d: usize| (0.7 * centres[centre + d] + random.normal()) / (1.0 + d as f32).powf(0.4);
        (0..DIM).map(&mut number).collect::<Vec<f32>>()
    };
    (0..count).flat_map(&mut one).collect()
}

/// An index whose rows are sealed but for some young ones, with every 50th row deleted.
fn filled(folder: &std::path::Path, data: &[f32]) -> Index {
    let mut config = IndexConfig::new(DIM);
    config.seal_at = 1000;
    config.segment.training = Training::KMeans;
    let index = Index::open(folder, config).unwrap();
    let sealed = ROWS - 300;
    let rows: Vec<u32> = (0..ROWS).collect();
    let (old, young) = data.split_at(sealed as usize * DIM);
    index.rebuild(&rows[..sealed as usize], old).unwrap();
    index.add(&rows[sealed as usize..], young).unwrap();
    index.delete(&(0..ROWS).step_by(50).collect());
    index
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Mean recall@10 under a filter against the exact scan of what it keeps, and the path of the last answer.
fn measured(index: &Index, data: &[f32], budget: Budget, filter: Filter<'_>) -> (f64, Path) {
    let snapshot = index.snapshot();
    let living = snapshot.rows();
    let keeps = |row: &u32| {
        filter.allow.is_none_or(|set| set.contains(*row))
            && filter.deny.is_none_or(|set| !set.contains(*row))
    };
    let queries = vectors(40, 5);
    let (mut total, mut path) = (0.0, Path::Flat);
    for query in queries.chunks_exact(DIM) {
        let mut exact: Vec<u32> = living.iter().filter(keeps).collect();
        let score = |row: u32| cosine(query, &data[row as usize * DIM..][..DIM]);
        exact.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        exact.truncate(10);
        let answer = snapshot.search(query, 10, budget, filter).unwrap();
        let found: Vec<u32> = answer.hits.iter().map(|hit| hit.row).collect();
        assert!(found.iter().all(|row| keeps(row) && living.contains(*row)));
        total += recall(&found, &exact);
        path = answer.path;
    }
    (total / 40.0, path)
}

#[test]
fn recall_is_held_whatever_a_filter_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let data = vectors(ROWS, 1);
    let index = filled(folder.path(), &data);
    let (unfiltered, path) = measured(&index, &data, Budget::Recall(0.9), Filter::ALL);
    assert!(unfiltered > 0.85, "{unfiltered}");
    assert!(matches!(path, Path::Cells(_)));
    // 50 %, 10 %, 2 %, 1 % and almost nothing, spread over the rows and in one run of them.
    for every in [2, 10, 50, 100, 3000] {
        for allow in [
            (0..ROWS).filter(|row| row % every == 1).collect(),
            (100..100 + ROWS / every).collect::<RoaringBitmap>(),
        ] {
            let filter = Filter {
                allow: Some(&allow),
                deny: None,
            };
            let (found, path) = measured(&index, &data, Budget::Recall(0.9), filter);
            assert!(
                found > unfiltered - 0.03,
                "1 of {every}: {found} by {path:?}"
            );
        }
    }
}

#[test]
fn denied_rows_are_left_out_inside_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let data = vectors(ROWS, 1);
    let index = filled(folder.path(), &data);
    let deny: RoaringBitmap = (0..ROWS).filter(|row| row % 3 != 0).collect();
    let filter = Filter {
        allow: None,
        deny: Some(&deny),
    };
    let (found, path) = measured(&index, &data, Budget::Recall(0.95), filter);
    assert!(found > 0.85, "{found}");
    assert!(matches!(path, Path::Cells(_)), "{path:?}");
}

#[test]
fn a_filter_that_keeps_nothing_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = vectors(ROWS, 1);
    let index = filled(folder.path(), &data);
    let unknown: RoaringBitmap = (10 * ROWS..11 * ROWS).collect();
    let dead: RoaringBitmap = (0..ROWS).step_by(50).collect();
    for allow in [RoaringBitmap::new(), unknown, dead] {
        let filter = Filter {
            allow: Some(&allow),
            deny: None,
        };
        for budget in [Budget::Usual, Budget::MultiplyAdds(1), Budget::Micros(1)] {
            let snapshot = index.snapshot();
            let answer = snapshot.search(&data[..DIM], 10, budget, filter).unwrap();
            assert!(answer.hits.is_empty(), "{answer:?}");
        }
    }
}
