//! `broadsheet quarantine`: records that could not be read, with everything needed to try again.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use domain::record::{Item, Unreadable};
use jiff::Timestamp;
use sources::files::{Context, Format, parse_one};
use sources::reread::reread;
use store::{Intake, Outcome, Quarantined};

use super::args::QuarantineAction;
use super::table::Table;
use crate::pipeline::Pipeline;

/// Records read at a time by a retry of all.
const PER_READ: u32 = 200;

pub(crate) async fn run(pipeline: &Pipeline, action: QuarantineAction) -> Result<ExitCode> {
    match action {
        QuarantineAction::List { limit, json } => list(pipeline, limit, json).await?,
        QuarantineAction::Show { id } => show(&get(pipeline, id).await?),
        QuarantineAction::Retry { id: Some(id) } => return retry_one(pipeline, id).await,
        QuarantineAction::Retry { id: None } => retry_all(pipeline).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn get(pipeline: &Pipeline, id: i64) -> Result<Quarantined> {
    let record = pipeline.store.quarantined(id).await?;
    record.with_context(|| {
        format!("there is no record {id} in quarantine; `broadsheet quarantine list` shows all")
    })
}

async fn list(pipeline: &Pipeline, limit: u32, json: bool) -> Result<()> {
    let records = pipeline.store.quarantine(None, limit).await?;
    if json {
        let values: Vec<_> = records
            .iter()
            .map(|r| serde_json::json!({ "id": r.id, "at": r.at, "unreadable": r.unreadable }))
            .collect();
        println!("{}", serde_json::to_string_pretty(&values)?);
        return Ok(());
    }
    if records.is_empty() {
        println!("Nothing is set aside.");
        return Ok(());
    }
    let mut table = Table::new(&["number", "source", "place", "why"]);
    for record in &records {
        let what = &record.unreadable;
        let source = what.source.as_str().to_string();
        table.row(vec![
            record.id.to_string(),
            source,
            what.place.clone(),
            what.reason.clone(),
        ]);
    }
    table.print()
}

fn show(record: &Quarantined) {
    let what = &record.unreadable;
    println!("record   {}", record.id);
    println!("source   {} ({})", what.source.as_str(), what.format);
    println!("place    {}", what.place);
    println!("why      {}", what.reason);
    println!("set aside at {}", record.at);
    println!();
    // Strangers' bytes: control characters could command the terminal.
    println!("{}", String::from_utf8_lossy(&what.bytes).escape_debug());
}

async fn retry_one(pipeline: &Pipeline, id: i64) -> Result<ExitCode> {
    let record = get(pipeline, id).await?;
    match retry(pipeline, &record).await? {
        Ok(()) => println!("Record {id} is read and stored."),
        Err(reason) => {
            eprintln!("broadsheet: record {id} still cannot be read: {reason}");
            return Ok(ExitCode::FAILURE);
        }
    }
    pipeline.catch_up(|_, _| ()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn retry_all(pipeline: &Pipeline) -> Result<()> {
    let (mut read, mut left) = (0u64, 0u64);
    let mut below = None;
    loop {
        let records = pipeline.store.quarantine(below, PER_READ).await?;
        let Some(last) = records.last() else { break };
        below = Some(last.id);
        for record in &records {
            match retry(pipeline, record).await? {
                Ok(()) => read += 1,
                Err(_) => left += 1,
            }
        }
    }
    pipeline.catch_up(|_, _| ()).await?;
    println!("{read} read and stored, {left} still set aside.");
    Ok(())
}

/// Reads a record again and stores it. The inner error says why it stays where it is.
async fn retry(pipeline: &Pipeline, record: &Quarantined) -> Result<Result<(), String>> {
    let items = match read_again(&record.unreadable, Timestamp::now()) {
        Ok(items) => items,
        Err(reason) => return Ok(Err(reason)),
    };
    let absorbed = pipeline
        .take_in(&Intake {
            items: &items,
            ..Intake::default()
        })
        .await?;
    if absorbed.outcomes.is_empty() || absorbed.outcomes.contains(&Outcome::UnknownPaper) {
        return Ok(Err("the paper it speaks of is not here".to_string()));
    }
    pipeline.store.release(record.id).await?;
    Ok(Ok(()))
}

/// Goes by the name of the format to the reader that refused the record before: a file's or a network source's.
fn read_again(what: &Unreadable, seen: Timestamp) -> Result<Vec<Item>, String> {
    if let Some(format) = Format::from_short(&what.format) {
        let context = Context {
            seen,
            name: what.place.clone(),
        };
        let parsed = parse_one(format, &what.bytes, &context);
        return match parsed.unreadable.first() {
            Some(still) => Err(still.reason.clone()),
            None => Ok(parsed.items),
        };
    }
    match reread(&what.format, &what.bytes, &what.place, seen) {
        Some(Ok(item)) => Ok(vec![item]),
        Some(Err(unfit)) => Err(unfit.to_string()),
        None => Err(format!("this program knows no format {}", what.format)),
    }
}
