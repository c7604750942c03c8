//! The index from outside: what a program that uses it relies on.

mod made;
mod reader;
