//! The command line: what can be typed, and which file does it. Exit 0 done, 1 failed with the reason on
//! standard error, 2 wrong usage.

mod args;
mod backup;
mod bounce;
mod config;
mod coverage;
mod digest;
mod doctor;
mod duplicates;
mod eval;
mod eval_trending;
mod export;
mod json;
mod lab;
mod lists;
mod quarantine;
mod subscribers;
mod table;
mod user;

use std::io::ErrorKind;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::{fetching, importing, server, telemetry};
pub(crate) use args::LogFormat;
use args::{Args, Command};

/// Parses, runs, reports.
pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    match dispatch(args) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("broadsheet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `broadsheet export | head` closes our output early: that is the reader's wish, not a fault.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind =
        |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<std::io::Error>() {
            Some(io) => Some(io.kind()),
            None => cause
                .downcast_ref::<serde_json::Error>()
                .and_then(serde_json::Error::io_error_kind),
        };
    error
        .chain()
        .filter_map(kind)
        .any(|kind| kind == ErrorKind::BrokenPipe)
}

fn dispatch(args: Args) -> Result<ExitCode> {
    let serving = matches!(args.command, Command::Serve(_));
    telemetry::init(args.log_format, serving);
    let config = Config::load(args.config.as_deref(), args.data.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(execute(args.command, config))
}

async fn execute(command: Command, config: Config) -> Result<ExitCode> {
    match command {
        Command::Serve(a) => server::serve(config, a.listen, a.offline).await?,
        Command::Import(a) => return importing::run(&open(&config).await?, &a.options()).await,
        Command::Fetch(a) => return fetching::run(&config, &open(&config).await?, &a.only).await,
        Command::Today(a) => lists::today(&config, &open(&config).await?, &a).await?,
        Command::Week(a) => lists::week(&config, &open(&config).await?, &a).await?,
        Command::Trending(a) => lists::trending(&config, &open(&config).await?, &a).await?,
        Command::Search(a) => lists::search(&config, &open(&config).await?, &a).await?,
        Command::Similar(a) => lists::similar(&config, &open(&config).await?, &a).await?,
        Command::Duplicates(a) => duplicates::run(&open(&config).await?, &a).await?,
        Command::Paper(a) => return lists::paper(&config, &open(&config).await?, &a).await,
        Command::Export(a) => export::run(&config, &open(&config).await?, a.format).await?,
        Command::Coverage(a) => coverage::run(&open(&config).await?, &a).await?,
        Command::Quarantine(a) => return quarantine::run(&open(&config).await?, a.action).await,
        Command::Digest(a) => return digest::run(&config, &open(&config).await?, &a).await,
        Command::Subscribers(a) => {
            return subscribers::run(&config, &open(&config).await?, a.action).await;
        }
        Command::Bounce(a) => return bounce::run(&Pipeline::open(&config).await?, &a).await,
        Command::Rebuild => open(&config).await?.rebuild(true).await?,
        Command::Backup(a) => backup::backup(&config, &a.file).await?,
        Command::Restore(a) => backup::restore(&config, &a.file, a.replace).await?,
        Command::Eval(a) => {
            let json = a.json;
            eval::run(a.options(), json).await?;
        }
        Command::EvalTrending(a) => {
            let (json, days) = (a.json, a.days);
            eval_trending::run(a.options(), json, days).await?;
        }
        Command::Lab(a) => return lab::run(&config, &open(&config).await?, a.action).await,
        Command::User(a) => {
            return user::run(&Pipeline::open(&config).await?.store, a.action).await;
        }
        Command::Doctor => return doctor::run(&config).await,
        Command::Config(a) => config::run(&config, a.action)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens database and index, puts the starter shelf in where nothing has been yet, and brings the index up to date:
/// after a restore, or when an import was killed, it is behind.
async fn open(config: &Config) -> Result<Pipeline> {
    let pipeline = Pipeline::open(config).await?;
    crate::shelf::stock(&pipeline).await?;
    let bar = importing::progress::spinner("bringing the index up to date");
    pipeline
        .catch_up(|done, total| bar.set_message(format!("indexing, {done} of {total} changes")))
        .await?;
    bar.finish_and_clear();
    Ok(pipeline)
}
