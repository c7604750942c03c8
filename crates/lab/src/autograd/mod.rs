//! Small networks: matrices, gradients by reverse-mode differentiation, and Adam.
//!
//! A [`Tape`] records what is computed, node by node, and [`Tape::gradients`] walks it back. [`Weights`] holds what is
//! learned. Everything is a matrix of f32 with one example a row; a loss is a matrix of one number.
//!
//! Products are summed in one fixed order, in plain Rust and without fused multiply-adds, so that a seed trains the same
//! network on machines with other vector units.

mod attention;
mod loss;
mod ops;
mod product;
mod tape;
#[cfg(test)]
mod tests;
mod weights;

pub use attention::Attention;
pub use tape::{Gradients, Tape, Var};
pub use weights::{Adam, Slot, Weights};

/// Rows of numbers: one example a row.
pub type Matrix = ndarray::Array2<f32>;
