//! Stars of the repositories that papers link to: a daily snapshot of each, a bounded number a round.
//!
//! A repository that is gone or cannot be read gives a failed reading, which counts as no exposure and keeps it from
//! being asked again on the same day. Each snapshot is stored before its validators are remembered.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::ledger::{Batch, BatchKey, BatchState, Counts};
use domain::paper::{LinkKind, Paper, utc_day};
use domain::record::{Item, Source};
use domain::signal::{Reading, Signal};
use jiff::{SignedDuration, Timestamp, ToSpan};
use sources::client::{self, FetchError};
use sources::code_host::{self, Repository, Stars};
use store::Intake;

use super::keep;
use super::visiting::Visitor;
use crate::pipeline::Pipeline;

/// Papers that were listed longer ago are no news.
const LISTED_DAYS: i64 = 60;
/// A snapshot a day, a little less so that the hour does not wander.
const SNAPSHOT_EVERY: SignedDuration = SignedDuration::from_hours(22);

/// A repository with the papers that link to it.
type Linked = (Repository, Vec<Paper>);

/// Takes at most so many snapshots, of the most voted papers' repositories first. Nothing when none is due.
///
/// # Errors
/// When the host wants no calls and none was made, or when our own database fails.
pub(super) async fn snapshots(
    visitor: &Visitor,
    pipeline: &Pipeline,
    most: u32,
    now: Timestamp,
) -> Result<Option<Batch>> {
    let today = utc_day(now);
    let since = today.saturating_sub(LISTED_DAYS.days());
    let before = now.checked_sub(SNAPSHOT_EVERY).unwrap_or(now);
    let papers = pipeline
        .store
        .papers_to_star(since, before, code_host::ADDRESS, most)
        .await?;
    let (due, without) = by_repository(papers);
    // A link that leads into no repository is not looked at again on this day either.
    take_in(pipeline, &without, None, now).await?;
    if due.is_empty() {
        return Ok(None);
    }
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for (repository, papers) in &due {
        match snapshot(visitor, pipeline, repository, papers).await {
            Ok(true) => counts.received += 1,
            Ok(false) => failed.push(repository.key()),
            Err(error) => {
                let source_failed = error.downcast_ref::<FetchError>().is_some();
                if !source_failed || counts.received == 0 && failed.is_empty() {
                    return Err(error);
                }
                // What was read stays read; the rest is due in the next round.
                tracing::info!("Reading stars stops early: {error}");
                break;
            }
        }
    }
    counts.stored = counts.received;
    let key = BatchKey {
        source: Source::CodeHost,
        category: "stars".to_string(),
        day: today,
    };
    let batch = keep::write(
        pipeline,
        key,
        counts,
        BatchState::Unverified,
        reason(&failed),
        now,
    )
    .await?;
    Ok(Some(batch))
}

/// One repository's stars, stored for each of its papers. Whether there was a number.
async fn snapshot(
    visitor: &Visitor,
    pipeline: &Pipeline,
    repository: &Repository,
    papers: &[Paper],
) -> Result<bool> {
    // "As before" says something only where it is known what was before.
    let visit = match papers.iter().all(|paper| paper.stars.is_some()) {
        true => client::Visit::IfChanged,
        false => client::Visit::Anew,
    };
    let answer = code_host::fetch(&visitor.client, &visitor.endpoints, repository, visit).await;
    let now = visitor.client.now();
    let (stars, at, visited) = match answer {
        Ok(Stars::Counted { stars, at, visited }) => (Some(stars), at, visited),
        Ok(Stars::Unchanged) => (newest(papers), now, None),
        Ok(Stars::Gone) => (None, now, None),
        Err(
            FetchError::Unreadable { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Redirects { .. }
            | FetchError::Forbidden { .. }
            | FetchError::Refused { .. },
        ) => (None, now, None),
        Err(error) => return Err(error.into()),
    };
    take_in(pipeline, papers, stars, at).await?;
    visitor.remember(visited.as_slice()).await?;
    Ok(stars.is_some())
}

/// Stores one reading for each of these papers.
async fn take_in(
    pipeline: &Pipeline,
    papers: &[Paper],
    stars: Option<u32>,
    at: Timestamp,
) -> Result<()> {
    let readings = papers.iter().filter_map(|paper| reading(paper, stars, at));
    let items: Vec<Item> = readings.collect();
    if items.is_empty() {
        return Ok(());
    }
    let intake = Intake {
        items: &items,
        ..Intake::default()
    };
    pipeline.take_in(&intake).await?;
    Ok(())
}

/// What was read of a repository last.
fn newest(papers: &[Paper]) -> Option<u32> {
    papers.iter().filter_map(|paper| paper.stars).max()
}

fn reading(paper: &Paper, value: Option<u32>, at: Timestamp) -> Option<Item> {
    Some(Item::Readings {
        id: paper.ids.first()?.clone(),
        readings: vec![Reading {
            signal: Signal::Stars,
            at,
            value,
        }],
        source: Source::CodeHost,
    })
}

/// Repositories in the order of their first papers, and the papers whose links lead into none. Of a paper with several
/// the first counts.
fn by_repository(papers: Vec<Paper>) -> (Vec<Linked>, Vec<Paper>) {
    let mut places: BTreeMap<Repository, usize> = BTreeMap::new();
    let mut linked: Vec<Linked> = Vec::new();
    let mut without = Vec::new();
    for paper in papers {
        let repository = paper
            .links_of(LinkKind::Code)
            .find_map(|link| Repository::of(&link.url));
        let Some(repository) = repository else {
            without.push(paper);
            continue;
        };
        let place = *places.entry(repository.clone()).or_insert_with(|| {
            linked.push((repository, Vec::new()));
            linked.len() - 1
        });
        linked[place].1.push(paper);
    }
    (linked, without)
}

/// "2 gone or not readable: a/b, c/d".
fn reason(failed: &[String]) -> String {
    /// More would be a list that nobody reads.
    const NAMED: usize = 5;
    if failed.is_empty() {
        return String::new();
    }
    let named = failed.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let more = if failed.len() > NAMED { ", ..." } else { "" };
    format!(
        "{} gone or not readable: {}{more}",
        failed.len(),
        named.join(", ")
    )
}
