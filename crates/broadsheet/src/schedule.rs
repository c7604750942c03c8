//! What the server does by itself: follow the database with the index, keep house once a night, and fetch on schedule.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use web::state::Status;

use crate::config::Config;
use crate::fetching;
use crate::housekeeping;
use crate::pipeline::Pipeline;

/// How often the server looks whether the database or the index changed. One small read.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How often the server looks whether a list is over or a night has passed. Some small reads.
const KEEP_HOUSE_EVERY: Duration = Duration::from_secs(600);
/// Behind by more changes than this, the pages say so.
const CHANGES_WORTH_SAYING: u64 = 500;

/// Keeps the index at the database's change number, whoever changes the database: this process, an import beside
/// it, or another node.
pub(crate) async fn follow(pipeline: Pipeline, status: Status, stop: CancellationToken) {
    let mut seen_seq = None;
    let mut rebuilt = false;
    while !pause(FOLLOW_EVERY, &stop).await {
        match follow_once(&pipeline, &status, &mut seen_seq).await {
            Ok(true) => status.data_changed(),
            Ok(false) => {}
            Err(error) => warn!("Cannot bring the index up to date, trying again: {error:#}"),
        }
        // Once: should it not help, words alone go on serving.
        if !rebuilt && let Some(reason) = pipeline.index.lacks_vectors() {
            rebuilt = true;
            make_vectors(&pipeline, &status, &reason).await;
        }
    }
}

/// Builds the index anew where its vectors are missing, damaged or of another model; words serve meanwhile.
async fn make_vectors(pipeline: &Pipeline, status: &Status, reason: &str) {
    info!("Building the index anew, searching by words meanwhile: {reason}");
    let say = |doing: Option<String>| {
        status.update(|a| a.doing = doing);
        status.data_changed();
    };
    say(Some("preparing search by meaning".to_string()));
    if let Err(error) = pipeline.rebuild(false).await {
        error!("Cannot build the index anew, so search is by words alone: {error:#}");
    }
    say(None);
}

/// Returns whether anything that pages show has changed.
async fn follow_once(
    pipeline: &Pipeline,
    status: &Status,
    seen_seq: &mut Option<u64>,
) -> anyhow::Result<bool> {
    let index = pipeline.index.clone();
    let refreshed = tokio::task::spawn_blocking(move || index.refresh()).await??;
    let seq = pipeline.store.seq().await?;
    let changed = refreshed || *seen_seq != Some(seq);
    *seen_seq = Some(seq);
    let behind = pipeline.index.seq() != seq;
    if behind {
        let caught_up = pipeline
            .catch_up(|done, total| {
                if total > CHANGES_WORTH_SAYING {
                    status.update(|a| a.indexing = Some((done, total)));
                }
            })
            .await;
        status.update(|a| a.indexing = None);
        let changes = caught_up?;
        if changes > CHANGES_WORTH_SAYING {
            info!(changes, "The index took in {changes} changes");
        }
        return Ok(changed || changes > 0);
    }
    Ok(changed)
}

/// Closes lists that are over and fits what is usual, when it is due.
pub(crate) async fn keep_house(pipeline: Pipeline, status: Status, stop: CancellationToken) {
    loop {
        match housekeeping::keep(&pipeline.store, Timestamp::now()).await {
            Ok(true) => status.data_changed(),
            Ok(false) => {}
            Err(error) => warn!("Cannot keep house, trying again: {error:#}"),
        }
        if pause(KEEP_HOUSE_EVERY, &stop).await {
            return;
        }
    }
}

/// Fetches from every configured source, again and again.
pub(crate) async fn fetch_regularly(
    config: Config,
    pipeline: Pipeline,
    status: Status,
    stop: CancellationToken,
) {
    let every = SignedDuration::from_mins(i64::from(config.written.sources.every_minutes));
    loop {
        let say = |doing: &str| {
            status.update(|a| a.doing = Some(doing.to_string()));
            status.data_changed();
        };
        let round = fetching::round(&config, &pipeline, &[], &say);
        let outcome = tokio::select! {
            outcome = round => outcome,
            () = stop.cancelled() => return,
        };
        let now = Timestamp::now();
        let last_error = match outcome {
            Ok(summary) => summary.first_error(),
            Err(error) => {
                error!("Fetching failed: {error:#}");
                Some(format!("{error:#}"))
            }
        };
        status.update(|a| {
            a.doing = None;
            a.last_fetch = Some(now);
            a.last_error = last_error;
            a.next_fetch = now.checked_add(every).ok();
        });
        status.data_changed();
        if pause(every.unsigned_abs(), &stop).await {
            return;
        }
    }
}

/// Waits; returns true when it is time to stop instead.
async fn pause(length: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(length) => false,
        () = stop.cancelled() => true,
    }
}
