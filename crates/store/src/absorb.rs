//! The one door: what sources yield becomes rows, in one transaction.
//!
//! In four steps. [`clean()`] brings items into a form that can be kept. [`Working::load`] fetches every paper that the
//! items may speak of, in a few statements for all of them. [`Working::take`] then decides in memory, item by item,
//! which paper each one means (`identity.rs`) and what changes (`domain::merge`). [`write()`] brings the rows up to
//! date, again in a few statements. So a batch of a thousand new records costs some dozens of statements.

mod amend;
mod clean;
mod here;
mod identity;
mod working;
mod write;

use std::borrow::Cow;

use domain::ids::PaperId;
use domain::ledger::{AnnounceKind, BatchKey};
use domain::paper::Paper;
use domain::record::{Item, Unreadable};
use jiff::Timestamp;

use crate::Store;
use crate::error::{Error, Result};
use crate::ledger::{Checkpoint, announce, put_checkpoint};
use crate::quarantine::set_aside;

pub(crate) use amend::amend;
use clean::clean;
pub(crate) use here::count_here;
use working::Working;
use write::{Counters, write};

/// One transaction's worth of what came in.
#[derive(Debug, Default)]
pub struct Intake<'a> {
    /// Papers, readings, deletions.
    pub items: &'a [Item],
    /// What could not be read.
    pub unreadable: &'a [Unreadable],
    /// Written in the same transaction, so that a killed import resumes exactly here.
    pub checkpoint: Option<&'a Checkpoint>,
    /// The announcement the items belong to, with each item's kind (same length and order as `items`).
    pub announcement: Option<(&'a BatchKey, &'a [AnnounceKind])>,
}

/// What became of each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new paper.
    Inserted(PaperId),
    /// A known paper that changed.
    Changed(PaperId),
    /// A known paper; nothing new in it, or only readings that leave its numbers as they are.
    Unchanged(PaperId),
    /// Readings or a deletion of a paper that is not here.
    UnknownPaper,
}

impl Outcome {
    /// The paper, if there is one.
    pub fn paper(self) -> Option<PaperId> {
        match self {
            Outcome::Inserted(id) | Outcome::Changed(id) | Outcome::Unchanged(id) => Some(id),
            Outcome::UnknownPaper => None,
        }
    }
}

/// The result of an [`Intake`].
#[derive(Debug, Default)]
pub struct Absorbed {
    /// One per item, in order.
    pub outcomes: Vec<Outcome>,
    /// The inserted and changed papers, whole, for the index. A paper changed twice is here once.
    pub changed: Vec<Paper>,
    /// Papers that were merged into others: to be taken out of the index.
    pub gone: Vec<PaperId>,
    /// The change sequence before this intake: whoever had seen everything up to here has missed nothing.
    pub seq_before: u64,
    /// The change sequence after this intake.
    pub seq: u64,
}

impl Store {
    /// Takes in what came, in one transaction: all of it or nothing.
    ///
    /// Taking in the same again changes nothing and does not advance the change sequence.
    #[tracing::instrument(skip_all, fields(items = intake.items.len(), unreadable = intake.unreadable.len()))]
    pub async fn absorb(&self, intake: &Intake<'_>, now: Timestamp) -> Result<Absorbed> {
        if let Some((_, kinds)) = intake.announcement
            && kinds.len() != intake.items.len()
        {
            return Err(Error::Other(format!(
                "{} items came with {} kinds of announcement",
                intake.items.len(),
                kinds.len()
            )));
        }
        let items: Vec<Cow<'_, Item>> = intake.items.iter().map(clean).collect();
        let mut tx = self.begin_write().await?;
        let before = Counters::read(&mut tx).await?;
        let mut working = Working::load(&mut tx, &items, before.paper).await?;
        let outcomes: Vec<Outcome> = items.iter().map(|item| working.take(item)).collect();
        let outcomes = working.settle(outcomes);
        let mut counters = Counters {
            paper: working.newest_paper(),
            ..before
        };
        let (changed, gone) = write(&mut tx, working, &mut counters, now).await?;
        if let Some((key, kinds)) = intake.announcement {
            announce(&mut tx, key, &announced(&outcomes, kinds)).await?;
        }
        counters.quarantine = set_aside(&mut tx, intake.unreadable, before.quarantine, now).await?;
        if let Some(checkpoint) = intake.checkpoint {
            put_checkpoint(&mut tx, checkpoint, now).await?;
        }
        counters.write(&mut tx, &before).await?;
        tx.commit().await?;
        tracing::debug!(
            changed = changed.len(),
            gone = gone.len(),
            seq = counters.seq,
            "Absorbed"
        );
        Ok(Absorbed {
            outcomes,
            changed,
            gone,
            seq_before: crate::sql::total(before.seq),
            seq: crate::sql::total(counters.seq),
        })
    }
}

/// The papers of an announcement, each once, with the kind of its first mention.
fn announced(outcomes: &[Outcome], kinds: &[AnnounceKind]) -> Vec<(PaperId, AnnounceKind)> {
    let papers = outcomes.iter().zip(kinds);
    let mut papers: Vec<_> = papers
        .filter_map(|(outcome, kind)| Some((outcome.paper()?, *kind)))
        .collect();
    papers.sort_by_key(|(paper, _)| *paper);
    papers.dedup_by_key(|(paper, _)| *paper);
    papers
}
