//! The command line: one file a command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod arena;
mod asking;
mod endpoint;
mod fit;
mod format_spread;
mod list;
mod markdown;
mod run;
mod show;
mod skill_mix;
mod table;
mod train;
mod verify;

/// The lab of Broadsheet: papers' methods tested against their baselines, and trainers of the models that ship.
#[derive(Debug, Parser)]
#[command(name = "broadsheet-lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the papers that run, one a line
    List(list::Options),
    /// Run one paper: its claim against its baseline, over several seeds
    Run(run::Options),
    /// Run all papers and print their verdicts
    Table(table::Options),
    /// Run the papers again that were run for this release and compare what comes out
    Verify(verify::Options),
    Arena(Box<arena::Options>),
    /// Fit a scaling law to your own runs, in a CSV file
    Fit(fit::Options),
    /// Measure how much a model's accuracy depends on the format of the prompt, on your own items
    FormatSpread(Box<format_spread::Options>),
    /// Draw combinations of your own skills and topics, have a model write texts for them, and grade these
    SkillMix(Box<skill_mix::Options>),
    /// Train a model that ships with the program
    #[command(subcommand)]
    Train(Box<train::What>),
}

/// Does what the command line says; a failure goes to standard error with its reasons.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::List(options) => list::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Table(options) => table::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Arena(options) => arena::run(&options),
        Command::Fit(options) => fit::run(&options),
        Command::FormatSpread(options) => format_spread::run(&options),
        Command::SkillMix(options) => skill_mix::run(*options),
        Command::Train(what) => train::run(*what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
