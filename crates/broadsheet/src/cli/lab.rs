//! `broadsheet lab`: the lab's papers and runs, from the command line.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde_json::Value;
use store::{LabOrder, LabRun, LabState, Ordered};
use tokio_util::sync::CancellationToken;
use web::lab::{Outcome, run_json, state_words};

use super::args::LabAction;
use super::table::Table;
use crate::config::Config;
use crate::importing::progress;
use crate::lab::{self, Runner};
use crate::pipeline::Pipeline;

/// How often a waiting command looks how far its run is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn run(
    config: &Config,
    pipeline: &Pipeline,
    action: LabAction,
) -> Result<ExitCode> {
    match action {
        LabAction::List { json } => list(config, json)?,
        LabAction::Run {
            id,
            scale,
            seed,
            json,
        } => return run_one(config, pipeline, &id, &scale, seed, json).await,
        LabAction::Runs { limit, json } => runs(pipeline, limit, json).await?,
        LabAction::Cancel { run } => {
            if !pipeline.store.cancel_lab_run(run, Timestamp::now()).await? {
                bail!("run {run} is not there, or over already");
            }
            println!("Run {run} is cancelled.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(config: &Config, json: bool) -> Result<()> {
    let (site, _) = lab::open(config)?;
    if json {
        let all: Vec<&Value> = site.methods().iter().map(|m| &m.json["card"]).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let mut table = Table::new(&["id", "arXiv", "verdict", "title"]);
    for method in site.methods() {
        let card = &method.card;
        table.row(vec![
            card.id.clone(),
            card.arxiv.clone(),
            method.outcome.verdict_words().to_string(),
            card.title.clone(),
        ]);
    }
    table.print()
}

async fn runs(pipeline: &Pipeline, limit: u32, json: bool) -> Result<()> {
    let runs = pipeline.store.lab_runs(None, limit).await?;
    if json {
        let all: Vec<Value> = runs.iter().map(|run| run_json(run, None)).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if runs.is_empty() {
        println!("Nothing was run here yet; `broadsheet lab run ID` runs a paper's method.");
        return Ok(());
    }
    let mut table = Table::new(&["run", "method", "scale", "seed", "state"]);
    for run in &runs {
        table.row(vec![
            run.id.to_string(),
            run.method.clone(),
            run.scale.clone(),
            run.seed.to_string(),
            state_words(run, None),
        ]);
    }
    table.print()
}

/// Queues a run and takes part in working the queue off until that run is over.
async fn run_one(
    config: &Config,
    pipeline: &Pipeline,
    id: &str,
    scale: &str,
    seed: u32,
    json: bool,
) -> Result<ExitCode> {
    let (site, limits) = lab::open(config)?;
    let Some(limits) = limits else {
        bail!("{}", site.closed.unwrap_or_default());
    };
    let method = site.method(id).or_else(|| site.of_paper(id));
    let method = method.with_context(|| {
        format!("no paper `{id}` runs here; `broadsheet lab list` shows those that do")
    })?;
    let order = LabOrder {
        method: &method.card.id,
        scale,
        seed: i64::from(seed),
    };
    let ordered = pipeline
        .store
        .order_lab_run(order, site.waiting_max, Timestamp::now())
        .await?;
    let number = match ordered {
        Ordered::Taken(run) | Ordered::Already(run) => run,
        Ordered::Full => bail!("{} runs are waiting already", site.waiting_max),
    };
    let runner = Runner {
        store: pipeline.store.clone(),
        limits,
    };
    let run = finish(pipeline, &runner, number).await?;
    show(&run, json)
}

async fn finish(pipeline: &Pipeline, runner: &Runner, number: i64) -> Result<LabRun> {
    let bar = progress::spinner("waiting");
    let stop = CancellationToken::new();
    let working = async {
        loop {
            if !runner.step(&stop).await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    };
    let watching = async {
        loop {
            let run = pipeline.store.lab_run(number).await?;
            let run = run.context("the run was deleted while it was waited for")?;
            if run.state.is_over() {
                return anyhow::Ok(run);
            }
            bar.set_message(state_words(&run, None));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let run = tokio::select! {
        run = watching => run,
        ended = working => {
            let never: Result<std::convert::Infallible> = ended;
            match never {
                Ok(never) => match never {},
                Err(error) => Err(error),
            }
        }
    };
    bar.finish_and_clear();
    run
}

fn show(run: &LabRun, json: bool) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(&run_json(run, None))?);
    }
    let outcome = run.outcome.as_deref().map(serde_json::from_str::<Outcome>);
    let Some(outcome) = outcome.transpose()?.filter(|_| run.state == LabState::Done) else {
        bail!("run {}: {}", run.id, state_words(run, None));
    };
    if json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["metric", "baseline", "method", "unit"]);
    for row in &outcome.rows {
        table.row(vec![
            row.name.clone(),
            row.baseline.to_string(),
            row.method.to_string(),
            row.unit.clone(),
        ]);
    }
    table.print()?;
    println!("\nThe claim {}.", outcome.verdict_words());
    Ok(ExitCode::SUCCESS)
}
