//! The encoder from outside: tokens, model files, vectors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod tokens;
mod vectors;

use encode::Encoder;
use encode::model::{self, DIM};

/// A small vocabulary with words, pieces and phrases.
const TOKENS: [&str; 14] = [
    "neural",
    "network",
    "networks",
    "deep",
    "magnetic",
    "resonance",
    "imaging",
    "un",
    "##believ",
    "##able",
    "l2",
    "neural network",
    "magnetic resonance",
    "magnetic resonance imaging",
];

/// A model with [`TOKENS`], whose numbers are sines.
fn small_model() -> Vec<u8> {
    let tokens = TOKENS.map(String::from);
    let rows: Vec<f32> = (0..tokens.len() * DIM).map(|n| (n as f32).sin()).collect();
    model::write("small", 2.0, &tokens, &rows).unwrap()
}

fn small() -> Encoder {
    Encoder::from_bytes(small_model()).unwrap()
}
