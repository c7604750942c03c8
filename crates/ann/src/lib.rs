//! A vector index for tens of thousands to tens of millions of vectors on a few cores.
//!
//! It knows rows (u32 numbers that the caller gives) and vectors (f32 slices), and nothing else.
//!
//! - [`index`] is what most callers want: a folder to which vectors are added, from which they are deleted, and
//!   that is searched by inner product or cosine, with filters and a budget.
//! - [`segment`] is its sealed part: nested-prefix cells, four-bit codes scanned in registers, eight-bit codes
//!   that refine; one mapped file, about 300 bytes a vector of 256 dimensions.
//! - [`exact`], [`prefix`] and [`ivf`] are the plain structures of the literature (exact scan, funnel, AdANNS-IVF),
//!   [`pq`], [`opq`], [`rabitq`] and [`simvq`] its quantisers, [`measure`] its measures.
//! - [`kernels`] are the inner loops, each in plain Rust and for AVX2, AVX-512 and NEON.
//!
//! The same seed and the same input give the same index on every machine up to the rounding of float sums.
//! The only `unsafe` code is in the kernels' loads and stores and in mapping files.
//!
//! ```
//! use ann::index::{Filter, Index, IndexConfig};
//! use ann::budget::Budget;
//!
//! let folder = tempfile::tempdir()?;
//! let index = Index::open(folder.path(), IndexConfig::new(2))?;
//! index.add(&[10, 20, 30], &[1.0, 0.0, 0.0, 1.0, 0.8, 0.6])?;
//! let answer = index.snapshot().search(&[1.0, 0.1], 2, Budget::Usual, Filter::ALL)?;
//! let rows: Vec<u32> = answer.hits.iter().map(|hit| hit.row).collect();
//! assert_eq!(rows, [10, 30]);
//! index.commit()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod budget;
pub mod error;
pub mod exact;
pub mod fastscan;
pub mod format;
pub mod index;
pub mod ivf;
pub mod kernels;
pub mod kmeans;
pub mod matrix;
pub mod measure;
pub mod opq;
pub mod pq;
pub mod prefix;
pub mod rabitq;
pub mod random;
pub mod rotation;
pub mod scalar;
pub mod segment;
pub mod simvq;
pub mod topk;

pub use error::Error;
