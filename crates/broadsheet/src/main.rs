//! Broadsheet: your own Daily Papers.
//!
//! The process: command line, configuration, and the wiring of the crates. Read [`pipeline`] first: it is the
//! way of the data from a source to a reader in one file.

mod cli;
mod config;
mod duplicates;
mod evaluating;
mod fetching;
mod housekeeping;
mod importing;
mod lab;
mod mail;
mod memory;
mod people;
mod pipeline;
mod schedule;
mod server;
mod shelf;
mod sign_on;
mod telemetry;
mod webhooks;

use std::process::ExitCode;

/// Import and rendering allocate many small strings; measured faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
