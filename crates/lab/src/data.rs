//! Small data that ships with the lab.

mod digits;
mod shelf;

pub use digits::{Digits, digits};
pub use shelf::{Text, shelf};
