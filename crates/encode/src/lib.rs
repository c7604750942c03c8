//! Text to nested vectors.
//!
//! The encoder is *static*: every token of the vocabulary has one row of numbers, and a text is the sum of its
//! tokens' rows, brought to unit length. There is no network to run, so one core encodes tens of thousands of
//! abstracts a second. The rows are learned so that each prefix of a vector (32, 64, 128 numbers) is a good
//! vector by itself once it is brought to unit length again (Matryoshka representation learning).
//!
//! - [`Encoder`] is the way in: the shipped model, or one from a file.
//! - [`tokenizer`] cuts a text into tokens: words, pieces of rare words, and frequent phrases.
//! - [`model`] is the file that holds vocabulary and rows; the trainer writes it.
//!
//! How the shipped model was made, from what, and how good it is: `docs/encoder.md`.

mod encoder;
mod error;
pub mod model;
pub mod tokenizer;

pub use encoder::Encoder;
pub use error::Error;
