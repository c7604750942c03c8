//! What a visit brought, into the database and the ledger.
//!
//! Records and what could not be read go in together in one transaction; then the ledger is judged from what the
//! database holds, not from what we meant to write.

use anyhow::Result;
use domain::ids::PaperId;
use domain::ledger::{Batch, BatchKey, BatchState, Counts, judge};
use domain::record::Item;
use jiff::Timestamp;
use sources::fetched::Fetched;
use store::{Intake, Outcome};

use crate::pipeline::Pipeline;

/// Stores a visit and writes its line of the ledger, which is returned.
pub(super) async fn keep(pipeline: &Pipeline, fetched: Fetched, now: Timestamp) -> Result<Batch> {
    let store = &pipeline.store;
    let key = fetched.key.clone();
    let digest = fetched.digest();
    let repeats = match fetched.entries.is_empty() {
        true => None,
        false => store.batch_with_digest(&key, &digest).await?,
    };
    let (expected, duplicates) = (fetched.expected, fetched.duplicates);
    let notes = fetched.notes.join("; ");
    let unreadable = fetched.unreadable.clone();
    let (kinds, items) = fetched.split();
    let intake = Intake {
        items: &items,
        unreadable: &unreadable,
        checkpoint: None,
        announcement: repeats.is_none().then_some((&key, kinds.as_slice())),
    };
    let absorbed = pipeline.take_in(&intake).await?;
    store.set_batch_digest(&key, &digest).await?;
    let new: Vec<PaperId> = absorbed.outcomes.iter().filter_map(inserted).collect();
    store.tell_followers(&new, now).await?;
    let counts = Counts {
        expected,
        received: count(items.len()),
        stored: count(stored(&items, &absorbed.outcomes)),
        set_aside: count(unreadable.len()),
        duplicates,
    };
    let (state, mut reason) = judge(&counts, repeats);
    if !notes.is_empty() {
        reason = if reason.is_empty() {
            notes
        } else {
            format!("{reason}; {notes}")
        };
    }
    write(pipeline, key, counts, state, reason, now).await
}

fn inserted(outcome: &Outcome) -> Option<PaperId> {
    match outcome {
        Outcome::Inserted(paper) => Some(*paper),
        _ => None,
    }
}

/// Items that the database holds now. To a deletion of a paper that was never here there is nothing to hold.
fn stored(items: &[Item], outcomes: &[Outcome]) -> usize {
    let held = |(item, outcome): &(&Item, &Outcome)| {
        !matches!(outcome, Outcome::UnknownPaper) || matches!(item, Item::Deleted { .. })
    };
    items.iter().zip(outcomes).filter(held).count()
}

/// Writes that a visit failed. Counts of an earlier visit of the same batch stay: what was stored is not forgotten.
pub(super) async fn fail(
    pipeline: &Pipeline,
    key: BatchKey,
    why: String,
    now: Timestamp,
) -> Result<Batch> {
    let before = pipeline.store.batch(&key).await?;
    if let Some(batch) = before.filter(|b| b.counts.received > 0) {
        let reason = format!("the newest visit failed: {why}");
        let state = if batch.state.settled() {
            batch.state
        } else {
            BatchState::Failed
        };
        return write(pipeline, key, batch.counts, state, reason, now).await;
    }
    write(
        pipeline,
        key,
        Counts::default(),
        BatchState::Failed,
        why,
        now,
    )
    .await
}

pub(super) async fn write(
    pipeline: &Pipeline,
    key: BatchKey,
    counts: Counts,
    state: BatchState,
    reason: String,
    checked: Timestamp,
) -> Result<Batch> {
    let attempts = pipeline
        .store
        .batch(&key)
        .await?
        .map_or(1, |b| b.attempts.saturating_add(1));
    let batch = Batch {
        key,
        counts,
        state,
        reason,
        attempts,
        checked,
    };
    pipeline.store.put_batch(&batch).await?;
    Ok(batch)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
