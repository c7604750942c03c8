//! The index from outside: what a program that uses it relies on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod filters;
mod made;
mod reader;
