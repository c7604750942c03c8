//! The way of the data, in one file. Read this first.
//!
//! ```text
//!  sources -----> store -----> encode -----> index -----> search -----> web, cli
//! ```
//!
//! 1. A source yields items ([`importing`](crate::importing) for files, [`fetching`](crate::fetching) for the network).
//! 2. [`Pipeline::take_in`] puts them into the database, in one transaction with whatever must stand or fall with
//!    them. The database is the truth, and numbers every change.
//! 3. [`Pipeline::catch_up`] brings the index, words and vectors, to the database's change number. It may be killed anywhere: the index
//!    remembers the number it stands at, and the next call goes on from there.
//! 4. Searches read the index's newest snapshot; pages read the database.

use anyhow::{Context, Result};
use domain::paper::Paper;
use encode::Encoder;
use index::vectors::Model;
use index::{Index, Writer};
use jiff::Timestamp;
use rayon::prelude::*;
use search::engine::Engine;
use search::similar::about;
use store::{Absorbed, Intake, Store};
use tracing::{info, warn};

use crate::config::{Config, without_password};

/// Memory that the index writer may fill before it flushes a segment, in bytes.
const WRITER_HEAP_BYTES: usize = 200 << 20;
/// The same for the small batches that a running server indexes.
const FOLLOWER_HEAP_BYTES: usize = 32 << 20;
/// Changes read from the database at a time, which bounds memory.
const CHANGES_PER_READ: u32 = 1_000;
/// Changes after which catching up commits, so that a killed run does not start over.
const CHANGES_PER_COMMIT: u64 = 100_000;

/// The open database and index, and the only ways to change them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    /// The truth.
    pub(crate) store: Store,
    /// Derived from it.
    pub(crate) index: Index,
    /// Makes the index's vectors, and those of queries.
    pub(crate) encoder: Encoder,
}

impl Pipeline {
    /// Opens both, making what is not there.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let url = config.database_url();
        let store = Store::open(&url)
            .await
            .with_context(|| format!("cannot open the database {}", without_password(&url)))?;
        let folder = config.index_folder();
        let encoder = Encoder::shipped();
        let model = model_of(&encoder);
        let index = tokio::task::spawn_blocking(move || Index::open_with(&folder, model)).await??;
        Ok(Pipeline {
            store,
            index,
            encoder,
        })
    }

    /// The search engine over this index.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.index.clone()).with_encoder(self.encoder.clone())
    }

    /// Takes in what came, in one transaction. The index follows later.
    pub(crate) async fn take_in(&self, intake: &Intake<'_>) -> Result<Absorbed> {
        Ok(self.store.absorb(intake, Timestamp::now()).await?)
    }

    /// Brings the index to the database's newest change. Returns how many changes it took, 0 when another process is
    /// at it. `progress` hears (done, total).
    pub(crate) async fn catch_up(&self, progress: impl Fn(u64, u64)) -> Result<u64> {
        let from = self.index.seq();
        let to = self.store.seq().await?;
        if from > to {
            warn!(
                index.seq = from,
                store.seq = to,
                "The index is ahead of the database: building it anew"
            );
            self.rebuild(false).await?;
            return Ok(to);
        }
        let heap = if to - from > CHANGES_PER_COMMIT {
            WRITER_HEAP_BYTES
        } else {
            FOLLOWER_HEAP_BYTES
        };
        if from == to {
            return Ok(0);
        }
        let Some(mut writer) = self.index.try_writer(heap)? else {
            return Ok(0);
        };
        let mut at = from;
        let mut committed = from;
        while at < to {
            let (papers, gone, reached) = self.store.changes(at, CHANGES_PER_READ).await?;
            if reached <= at {
                break;
            }
            at = reached;
            let encoder = self.encoder.clone();
            let commit = (at >= to || at - committed >= CHANGES_PER_COMMIT).then_some(at);
            writer = tokio::task::spawn_blocking(move || -> Result<Writer> {
                put_all(&mut writer, &encoder, &papers)?;
                gone.iter().try_for_each(|paper| writer.remove(*paper))?;
                commit.map_or(Ok(()), |seq| writer.commit(seq))?;
                Ok(writer)
            })
            .await??;
            committed = commit.unwrap_or(committed);
            progress(at - from, to - from);
        }
        drop(writer);
        self.index.refresh()?;
        Ok(at - from)
    }

    /// Builds a new generation of the index from the database alone, then swaps it in. Readers never wait.
    pub(crate) async fn rebuild(&self, speak: bool) -> Result<()> {
        let total = self.store.totals().await?.papers;
        let seq = self.store.seq().await?;
        let bar = if speak {
            crate::importing::progress::papers("indexing", total)
        } else {
            indicatif::ProgressBar::hidden()
        };
        let mut rebuild = self.index.rebuild(WRITER_HEAP_BYTES)?;
        let mut after = None;
        loop {
            let papers = self.store.papers_after(after, CHANGES_PER_READ).await?;
            let Some(last) = papers.last() else { break };
            after = Some(last.id);
            bar.inc(papers.len() as u64);
            let encoder = self.encoder.clone();
            rebuild = tokio::task::spawn_blocking(move || -> Result<_> {
                put_all(rebuild.writer(), &encoder, &papers)?;
                Ok(rebuild)
            })
            .await??;
        }
        tokio::task::spawn_blocking(move || rebuild.finish(seq)).await??;
        self.index.refresh()?;
        bar.finish_and_clear();
        info!(
            papers = total,
            seq, "Built a new generation of the index: {total} papers"
        );
        if speak {
            println!("The index holds {} papers.", self.index.papers());
        }
        Ok(())
    }
}

/// What the index is told of the encoder.
pub(crate) fn model_of(encoder: &Encoder) -> Model {
    Model {
        id: encoder.id().to_string(),
        dim: encoder.dim(),
    }
}

/// Puts words and vectors of papers into the index.
pub(crate) fn put_all(
    writer: &mut Writer,
    encoder: &Encoder,
    papers: &[Paper],
) -> Result<(), index::Error> {
    let vectors: Vec<Vec<f32>> = papers
        .par_iter()
        .map(|paper| {
            let mut vector = vec![0.0; encoder.dim()];
            encoder.encode_paper(&paper.title, about(paper), &mut vector);
            vector
        })
        .collect();
    for (paper, vector) in papers.iter().zip(&vectors) {
        writer.put(paper)?;
        writer.put_vector(paper.id, vector)?;
    }
    Ok(())
}

/// Feeds the index while a bulk import runs, so that searching needs no second pass over the database.
///
/// The database may be changed by another process at the same time; its changes are not seen here. So the index is
/// committed at the last change number up to which nothing was missed, and [`Pipeline::catch_up`] does the rest.
pub(crate) struct BulkIndexer {
    papers: Option<std::sync::mpsc::SyncSender<Vec<Paper>>>,
    thread: Option<std::thread::JoinHandle<Result<Writer, index::Error>>>,
    /// Everything up to this change number was handed over.
    covered: u64,
    gap: bool,
}

impl BulkIndexer {
    /// Starts, if the index is up to date and nobody else writes it; otherwise the index follows afterwards.
    pub(crate) async fn start(pipeline: &Pipeline) -> Result<Option<Self>> {
        let covered = pipeline.store.seq().await?;
        if pipeline.index.seq() != covered {
            return Ok(None);
        }
        let Some(mut writer) = pipeline.index.try_writer(WRITER_HEAP_BYTES)? else {
            return Ok(None);
        };
        // Few in flight: each holds a chunk's papers in memory.
        let encoder = pipeline.encoder.clone();
        let (papers, inbox) = std::sync::mpsc::sync_channel::<Vec<Paper>>(2);
        let thread = std::thread::spawn(move || {
            for batch in inbox {
                put_all(&mut writer, &encoder, &batch)?;
            }
            Ok(writer)
        });
        Ok(Some(BulkIndexer {
            papers: Some(papers),
            thread: Some(thread),
            covered,
            gap: false,
        }))
    }

    /// Hands over what an intake changed. Blocks while the index is behind.
    pub(crate) fn put(&mut self, absorbed: Absorbed) {
        self.gap |= absorbed.seq_before != self.covered || !absorbed.gone.is_empty();
        if !self.gap {
            self.covered = absorbed.seq;
        }
        if let Some(papers) = &self.papers
            && !absorbed.changed.is_empty()
            && tokio::task::block_in_place(|| papers.send(absorbed.changed)).is_err()
        {
            self.gap = true;
        }
    }

    /// Commits. What was missed is left to [`Pipeline::catch_up`].
    pub(crate) fn finish(mut self) -> Result<()> {
        drop(self.papers.take());
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        tokio::task::block_in_place(|| {
            let mut writer = thread
                .join()
                .map_err(|_| anyhow::anyhow!("the indexing thread failed"))??;
            writer.commit(self.covered)?;
            Ok(())
        })
    }
}
