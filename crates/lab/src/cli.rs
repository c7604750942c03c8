//! The command line: one file a command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod train;

/// The lab of Broadsheet: trainers of the models that ship.
#[derive(Debug, Parser)]
#[command(name = "broadsheet-lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model that ships with the program
    #[command(subcommand)]
    Train(train::What),
}

/// Does what the command line says; a failure goes to standard error with its reasons.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Train(what) => train::run(what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
