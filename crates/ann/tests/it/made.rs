//! Made vectors and small indexes of them.

use std::path::Path;

use ann::index::{Index, IndexConfig};
use ann::pq::Training;
use ann::random::Random;

/// Dimensions of all vectors here.
pub(crate) const DIM: usize = 8;

/// The vector of a row in a version.
pub(crate) fn vector(row: u32, version: u64) -> Vec<f32> {
    let mut random = Random::new((u64::from(row) << 20) | version);
    (0..DIM).map(|_| random.normal()).collect()
}

/// A small index's configuration: sealed from `seal_at` rows on.
pub(crate) fn config(seal_at: usize) -> IndexConfig {
    let mut config = IndexConfig::new(DIM);
    config.label = "model 1".into();
    config.seal_at = seal_at;
    config.segment.planes = 2;
    config.segment.cells = Some(4);
    config.segment.training = Training::KMeans;
    config
}

/// Opens an index for writing.
#[track_caller]
pub(crate) fn open(folder: &Path, seal_at: usize) -> Index {
    Index::open(folder, config(seal_at)).unwrap()
}

/// Adds rows in a version.
#[track_caller]
pub(crate) fn add(index: &Index, rows: impl IntoIterator<Item = u32>, version: u64) {
    let rows: Vec<u32> = rows.into_iter().collect();
    let vectors: Vec<f32> = rows.iter().flat_map(|&row| vector(row, version)).collect();
    index.add(&rows, &vectors).unwrap();
}
