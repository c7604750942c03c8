//! A vector index.
mod budget;
pub mod error;
pub mod fastscan;
pub mod format;
pub mod kernels;
pub mod kmeans;
pub mod matrix;
pub mod opq;
pub mod pq;
pub mod random;
pub mod rotation;
pub mod scalar;
pub mod segment;
pub mod simvq;
pub mod topk;
