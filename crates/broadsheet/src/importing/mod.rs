//! `broadsheet import`: files of papers, through the pipeline, as fast as two cores allow.
//!
//! One thread cuts the input into chunks, all cores parse chunks, and this task stores them in order: items, what
//! could not be read and the checkpoint in one transaction each. Killed anywhere, a second run goes on after the last
//! checkpoint.

pub(crate) mod fingerprint;
pub(crate) mod progress;
mod reading;
pub(crate) mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use domain::ledger::{Batch, BatchKey, BatchState, Counts, judge};
use domain::paper::utc_day;
use jiff::Timestamp;
use sources::files::{Format, Parsed};
use store::{Checkpoint, Intake};

use crate::duplicates::{Among, pairs};
use crate::pipeline::{BulkIndexer, Pipeline};
use fingerprint::Fingerprint;
use report::{FileReport, Report};

/// New papers compared with all others at a time.
const PAPERS_PER_COMPARISON: usize = 1_000;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Files; `-` is standard input.
    pub(crate) files: Vec<PathBuf>,
    /// A format's short name, instead of recognising it.
    pub(crate) format: Option<String>,
    /// Also files that were imported completely before.
    pub(crate) again: bool,
    /// Report as JSON.
    pub(crate) json: bool,
}

/// Imports every file. A file that cannot be read does not keep the others out; the exit code then is 1.
pub(crate) async fn run(pipeline: &Pipeline, options: &Options) -> Result<ExitCode> {
    let format = options.format.as_deref().map(parse_format).transpose()?;
    pipeline.catch_up(|_, _| ()).await?;
    let mut indexer = BulkIndexer::start(pipeline).await?;
    let mut report = Report::default();
    for file in &options.files {
        let outcome = import_file(pipeline, &mut indexer, file, format, options.again).await;
        match outcome {
            Ok(file_report) => report.add(file_report, options.json),
            Err(error) => report.fail(file, &error, options.json),
        }
    }
    let bar = progress::spinner("making the papers searchable");
    if let Some(indexer) = indexer {
        indexer.finish()?;
        pipeline.index.refresh()?;
    }
    pipeline
        .catch_up(|done, total| bar.set_message(format!("indexing, {done} of {total} changes")))
        .await?;
    bar.finish_and_clear();
    compare(pipeline, &mut report).await?;
    report.print(
        options.json,
        pipeline.index.seq() < pipeline.store.seq().await?,
    )?;
    Ok(if report.failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Looks whether new papers may be ones that are here already, under other ids.
async fn compare(pipeline: &Pipeline, report: &mut Report) -> Result<()> {
    let Some(rows) = report.comparable() else {
        return Ok(());
    };
    let mut found = 0;
    for rows in rows.chunks(PAPERS_PER_COMPARISON) {
        let papers = pipeline.store.papers(rows).await?;
        let mut pairs = pairs(pipeline, papers, Among::All).await?;
        // A paper with two doubles is one paper to look at.
        pairs.dedup_by_key(|pair| pair.paper.id);
        found += pairs.len();
    }
    report.compared(found);
    Ok(())
}

fn parse_format(name: &str) -> Result<Format> {
    Format::from_short(name).with_context(|| {
        let known: Vec<_> = Format::ALL.iter().map(|f| f.as_str()).collect();
        format!("`{name}` is no format; known are {}", known.join(", "))
    })
}

async fn import_file(
    pipeline: &Pipeline,
    indexer: &mut Option<BulkIndexer>,
    file: &Path,
    format: Option<Format>,
    again: bool,
) -> Result<FileReport> {
    let started = Instant::now();
    let name = display_name(file);
    let fingerprint = fingerprint::of(file, format)?;
    let before = match &fingerprint {
        Fingerprint::Content(hex) => pipeline.store.checkpoint(hex).await?,
        Fingerprint::Stream => None,
    };
    let mut report = FileReport::new(&name);
    if let Some(done) = before.as_ref().filter(|c| c.done && !again) {
        report.already = Some(done.records);
        return Ok(report);
    }
    let resume_at = before.filter(|c| !c.done).map_or(0, |c| c.records);
    report.resumed_at = resume_at;
    let now = Timestamp::now();
    let seen = last_changed(file).map_or(now, |at| at.min(now));
    let mut reading = reading::start(file, &name, format, seen, resume_at)?;
    report.format = reading.format.as_str();
    let bar = progress::file(&name, reading.compressed_len);
    let mut run = FileRun {
        pipeline,
        indexer,
        report: &mut report,
        fingerprint: &fingerprint,
        records: resume_at,
    };
    let result = async {
        while let Some(parsed) = reading.chunks.recv().await {
            run.store_chunk(&parsed?, false).await?;
            bar.set_position(reading.position());
            bar.set_message(run.report.line());
        }
        run.store_chunk(&Parsed::default(), true).await
    }
    .await;
    bar.finish_and_clear();
    report.seconds = started.elapsed().as_secs_f64();
    write_ledger(
        pipeline,
        &report,
        reading.format,
        now,
        result.as_ref().err(),
    )
    .await?;
    result
        .map(|()| report)
        .with_context(|| format!("reading {name}"))
}

/// One file's passage: what each stored chunk needs.
struct FileRun<'a> {
    pipeline: &'a Pipeline,
    indexer: &'a mut Option<BulkIndexer>,
    report: &'a mut FileReport,
    fingerprint: &'a Fingerprint,
    records: u64,
}

impl FileRun<'_> {
    async fn store_chunk(&mut self, parsed: &Parsed, done: bool) -> Result<()> {
        self.records += parsed.records;
        let checkpoint = match self.fingerprint {
            Fingerprint::Content(hex) => Some(Checkpoint {
                file: hex.clone(),
                name: self.report.name.clone(),
                records: self.records,
                done,
            }),
            Fingerprint::Stream => None,
        };
        let intake = Intake {
            items: &parsed.items,
            unreadable: &parsed.unreadable,
            checkpoint: checkpoint.as_ref(),
            announcement: None,
        };
        let absorbed = self.pipeline.take_in(&intake).await?;
        self.report.count(parsed, &absorbed.outcomes);
        if let Some(indexer) = self.indexer {
            indexer.put(absorbed);
        }
        Ok(())
    }
}

/// An imported file is a line of the ledger like any other batch: it says how many records it has by having them.
async fn write_ledger(
    pipeline: &Pipeline,
    report: &FileReport,
    format: Format,
    now: Timestamp,
    error: Option<&anyhow::Error>,
) -> Result<()> {
    let received = report.papers() + report.reading_sets;
    let counts = Counts {
        expected: error
            .is_none()
            .then_some(clamp(received + report.set_aside)),
        received: clamp(received),
        stored: clamp(received - report.unknown.min(received)),
        set_aside: clamp(report.set_aside),
        duplicates: 0,
    };
    let (mut state, mut reason) = judge(&counts, None);
    if report.unknown > 0 {
        state = BatchState::Complete;
        reason = format!("{} readings name papers that are not here", report.unknown);
    }
    if let Some(error) = error {
        state = BatchState::Failed;
        reason = format!("{error:#}");
    }
    let key = BatchKey {
        source: format.source(),
        category: report.name.clone(),
        day: utc_day(now),
    };
    let attempts = pipeline
        .store
        .batch(&key)
        .await?
        .map_or(1, |b| b.attempts + 1);
    pipeline
        .store
        .put_batch(&Batch {
            key,
            counts,
            state,
            reason,
            attempts,
            checked: now,
        })
        .await?;
    Ok(())
}

/// When a file's content is from: counts without a time of their own were read no later than the file was written.
/// It does not move with the moment of import, so reading a file again adds no readings.
fn last_changed(file: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(file)
        .ok()
        .filter(|m| m.is_file())?
        .modified()
        .ok()?;
    Timestamp::try_from(modified).ok()
}

fn clamp(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn display_name(file: &Path) -> String {
    if file.as_os_str() == "-" {
        return "standard input".to_string();
    }
    file.file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned()
}
