//! The lab: the papers' methods, and the trainers of the models that ship.
//!
//! A program of its own beside the server, which starts it as a child and works without it.

mod cli;
mod train;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
