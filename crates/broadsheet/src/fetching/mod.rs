//! Fetching: a round of visits to the configured sources, each through the one polite gate of its host, and a line in
//! the ledger for each.
//!
//! [`plan`] says what a round does, [`keep`] stores what came. A source that fails does not keep the others out.

mod harvest;
mod keep;
mod plan;
mod stars;
pub(crate) mod submitted;
mod visiting;

use std::process::ExitCode;

use anyhow::{Result, bail};
use domain::ledger::{Batch, BatchState};
use domain::record::Source;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use sources::client::FetchError;
use tracing::{info, warn};

use crate::config::Config;
use crate::pipeline::Pipeline;
use plan::Visit;
use visiting::Visitor;

/// Lines of the ledger that a plan looks at.
const LEDGER_LINES: u32 = 10_000;

/// What a round did.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// The lines written to the ledger.
    pub(crate) batches: Vec<Batch>,
    /// Visits to which the source answered that nothing has changed.
    pub(crate) unchanged: Vec<String>,
    /// What failed, in words.
    pub(crate) errors: Vec<String>,
}

impl Summary {
    /// The first failure, for the masthead.
    pub(crate) fn first_error(&self) -> Option<String> {
        self.errors.first().cloned()
    }
}

/// `broadsheet fetch`: one round, and what came of it on the terminal.
pub(crate) async fn run(config: &Config, pipeline: &Pipeline, only: &[String]) -> Result<ExitCode> {
    let only = only
        .iter()
        .map(|name| fetchable(name))
        .collect::<Result<Vec<_>>>()?;
    let bar = crate::importing::progress::spinner("planning");
    let summary = round(config, pipeline, &only, &|doing| {
        bar.set_message(doing.to_string())
    })
    .await?;
    bar.finish_and_clear();
    for batch in &summary.batches {
        println!("{}", line(batch));
    }
    for visit in &summary.unchanged {
        println!("{visit}: nothing new");
    }
    for error in &summary.errors {
        eprintln!("broadsheet: {error}");
    }
    if summary.batches.is_empty() && summary.unchanged.is_empty() && summary.errors.is_empty() {
        println!("No source is configured for this; see `broadsheet config check`.");
    }
    Ok(if summary.errors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A source that can be fetched, by its short name.
fn fetchable(name: &str) -> Result<Source> {
    let known = [
        Source::ArxivFeed,
        Source::ArxivOai,
        Source::DailyPapers,
        Source::Biorxiv,
        Source::Feed,
        Source::CodeHost,
    ];
    match known.into_iter().find(|s| s.as_str() == name) {
        Some(source) => Ok(source),
        None => bail!(
            "`{name}` cannot be fetched; known are {}",
            known.map(Source::as_str).join(", ")
        ),
    }
}

/// One line of the ledger for people: "cs.CL 2026-11-23: 244 of 244".
fn line(batch: &Batch) -> String {
    let counts = &batch.counts;
    let numbers = match counts.expected {
        Some(n) => format!("{} of {n}", counts.stored),
        None => format!("{} stored", counts.stored),
    };
    let key = &batch.key;
    let reason = if batch.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", batch.reason)
    };
    format!(
        "{} {} {}: {numbers}, {}{reason}",
        key.source.as_str(),
        key.category,
        key.day,
        batch.state.as_str()
    )
}

/// One round over all sources, or over some. `say` hears what is being done.
pub(crate) async fn round(
    config: &Config,
    pipeline: &Pipeline,
    only: &[Source],
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<Summary> {
    let sources = &config.written.sources;
    let visitor = Visitor::new(config, pipeline)?;
    let today = visiting::today();
    let since = today.saturating_sub(i64::from(sources.look_back_days).days());
    let ledger = pipeline
        .store
        .batches(Some(since), false, LEDGER_LINES)
        .await?;
    let mut visits = plan::visits(sources, &ledger, today);
    visits.retain(|v| only.is_empty() || only.contains(&v.source()));
    let mut summary = Summary::default();
    for visit in visits {
        say(&visit.words());
        attend(&visitor, pipeline, &visit, today, &mut summary).await?;
        pipeline.catch_up(|_, _| ()).await?;
    }
    Ok(summary)
}

/// One visit. Only our own database's failures are errors here; a source's failure goes to the ledger.
async fn attend(
    visitor: &Visitor,
    pipeline: &Pipeline,
    visit: &Visit,
    today: Date,
    summary: &mut Summary,
) -> Result<()> {
    let outcome = match visit {
        Visit::Harvest { category, day } => harvest::harvest(visitor, pipeline, category, *day)
            .await
            .map(Some),
        Visit::Stars { most } => stars::snapshots(visitor, pipeline, *most, Timestamp::now()).await,
        single => bring(visitor, pipeline, single).await,
    };
    match outcome {
        Ok(None) => {
            let key = visit.key(today);
            let store = &pipeline.store;
            store
                .still_settled(key.source, &key.category, Timestamp::now())
                .await?;
            summary.unchanged.push(visit.words());
        }
        Ok(Some(batch)) => {
            report(&batch);
            summary.batches.push(batch);
        }
        Err(error) => {
            let Some(fault) = error.downcast_ref::<FetchError>() else {
                return Err(error);
            };
            let why = fault.to_string();
            warn!(source = visit.source().as_str(), "{}: {why}", visit.words());
            summary.errors.push(format!("{}: {why}", visit.words()));
            summary
                .batches
                .push(keep::fail(pipeline, visit.key(today), why, Timestamp::now()).await?);
        }
    }
    Ok(())
}

/// A single visit, stored. Nothing when the source says that nothing changed.
async fn bring(visitor: &Visitor, pipeline: &Pipeline, visit: &Visit) -> Result<Option<Batch>> {
    let Some(fetched) = visitor.visit(visit).await? else {
        return Ok(None);
    };
    let visited = fetched.visited.clone();
    let batch = keep::keep(pipeline, fetched, Timestamp::now()).await?;
    // Only what is stored whole may be answered by "not modified" next time.
    if batch.state.settled() {
        visitor.remember(&visited).await?;
    }
    Ok(Some(batch))
}

fn report(batch: &Batch) {
    let source = batch.key.source.as_str();
    match batch.state {
        BatchState::Complete | BatchState::Unverified | BatchState::Closed => {
            info!(source, "{}", line(batch))
        }
        _ => warn!(source, "{}", line(batch)),
    }
}
