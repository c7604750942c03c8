//! `broadsheet eval`: how well the engine finds what people judged relevant.
//!
//! The papers of a test collection go into an index of their own, in a folder that is thrown away; then every judged
//! query is asked of the same engine that answers the site's searches, as plain words, and the first hits are held
//! against the judgements.

mod beir;
pub(crate) mod trending;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use domain::ids::{ExternalId, PaperId};
use domain::merge::paper_from;
use domain::paper::Paper;
use domain::record::{Record, Source};
use encode::Encoder;
use index::Index;
use jiff::Timestamp;
use search::engine::{Engine, Mode, Request};
use search::measure::{self, Estimate};
use search::query;

use crate::importing::progress;
use crate::pipeline;
use beir::{Collection, Document};

/// So many hits of each query are looked at.
const DEPTH: usize = 100;
/// nDCG looks at so many.
const NDCG_DEPTH: usize = 10;
/// Memory of the index's writer, in bytes.
const WRITER_HEAP_BYTES: usize = 200 << 20;
/// Papers made and indexed together, which bounds memory.
const PAPERS_AT_ONCE: usize = 1_000;
/// Where the resampling begins; any number does, as long as it stays.
const SEED: u64 = 20_261_123;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Folder of the collection.
    pub(crate) folder: PathBuf,
    pub(crate) mode: Mode,
    /// Name of the file of queries, without its ending.
    pub(crate) queries: String,
    /// Name of the file of judgements, without its ending.
    pub(crate) qrels: String,
    /// A file for the rankings, in trec_eval's form.
    pub(crate) run: Option<PathBuf>,
}

/// What came out, each figure with its interval over queries.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The collection's name.
    pub(crate) set: String,
    pub(crate) mode: Mode,
    /// How many queries were asked.
    pub(crate) queries: usize,
    pub(crate) papers: usize,
    pub(crate) ndcg_at_10: Estimate,
    pub(crate) recall_at_100: Estimate,
    pub(crate) mrr: Estimate,
    /// Milliseconds from a query's text to its first 100 hits with their reasons, one query after the other.
    pub(crate) p50_ms: Estimate,
    pub(crate) p99_ms: Estimate,
}

/// Evaluates the engine on a collection.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let names = beir::Names {
        queries: options.queries.clone(),
        qrels: options.qrels.clone(),
    };
    let collection = beir::read(&options.folder, &names)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the index")?;
    let engine = engine_over(folder.path(), &collection.documents, options.mode)?;
    let rankings = ask_all(&engine, &collection, options.mode)?;
    if let Some(path) = &options.run {
        let text = run_file(&collection, &rankings, options.mode);
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(measured(&collection, &rankings, options.mode))
}

/// The engine over an index of these papers: what the pipeline does with papers of the database. Search by words does
/// without vectors.
fn engine_over(folder: &Path, documents: &[Document], mode: Mode) -> Result<Engine> {
    let encoder = (mode != Mode::Lexical).then(Encoder::shipped);
    let index = match &encoder {
        Some(encoder) => Index::open_with(folder, pipeline::model_of(encoder))?,
        None => Index::open(folder)?,
    };
    let mut writer = index
        .try_writer(WRITER_HEAP_BYTES)?
        .context("the new index is being written by another process")?;
    let bar = progress::papers("indexing", documents.len() as u64);
    let mut rows = 1..;
    for chunk in documents.chunks(PAPERS_AT_ONCE) {
        let papers: Vec<Paper> = rows
            .by_ref()
            .zip(chunk)
            .map(|(row, d)| paper(row, d))
            .collect();
        match &encoder {
            Some(encoder) => pipeline::put_all(&mut writer, encoder, &papers)?,
            None => papers.iter().try_for_each(|paper| writer.put(paper))?,
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    writer.commit(1)?;
    writer.settle()?;
    let engine = Engine::new(index);
    Ok(match encoder {
        Some(encoder) => engine.with_encoder(encoder),
        None => engine,
    })
}

/// A document as the paper it would be, were it imported: nothing but its texts is known.
fn paper(row: u32, document: &Document) -> Paper {
    let mut record = Record::titled(Source::Shelf, Timestamp::UNIX_EPOCH, &document.title);
    record.ids = vec![ExternalId::local(&document.id)];
    record.abstract_text = Some(document.text.clone());
    paper_from(PaperId(row), &record)
}

/// One query's hits.
struct Ranking<'a> {
    topic: &'a str,
    /// Ids of papers, best first.
    hits: Vec<&'a str>,
    milliseconds: f64,
}

fn ask_all<'a>(
    engine: &Engine,
    collection: &'a Collection,
    mode: Mode,
) -> Result<Vec<Ranking<'a>>> {
    let bar = progress::papers("asking", collection.topics.len() as u64);
    // What is read at first use (words for corrections) is no part of a search's time.
    if let Some(topic) = collection.topics.first() {
        engine.search(&request(&topic.text, mode))?;
    }
    let mut rankings = Vec::with_capacity(collection.topics.len());
    for topic in &collection.topics {
        let request = request(&topic.text, mode);
        let started = Instant::now();
        let answer = engine.search(&request)?;
        let milliseconds = started.elapsed().as_secs_f64() * 1_000.0;
        let rows = answer.hits.iter().map(|hit| hit.paper.0 as usize);
        let documents = rows.filter_map(|row| collection.documents.get(row.checked_sub(1)?));
        rankings.push(Ranking {
            topic: &topic.id,
            hits: documents.map(|document| document.id.as_str()).collect(),
            milliseconds,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rankings)
}

/// The query as the site would be asked it, but with its signs taken as plain text.
fn request(text: &str, mode: Mode) -> Request {
    Request {
        query: query::plain(text),
        mode,
        limit: DEPTH,
        ..Request::default()
    }
}

fn measured(collection: &Collection, rankings: &[Ranking<'_>], mode: Mode) -> Outcome {
    let mut values = [const { Vec::new() }; 3];
    for ranking in rankings {
        let Some(judged) = collection.grades.get(ranking.topic) else {
            continue;
        };
        let grade = |id: &&str| judged.get(*id).copied().unwrap_or(0);
        let grades: Vec<u32> = ranking.hits.iter().map(grade).collect();
        let judged: Vec<u32> = judged.values().copied().collect();
        values[0].push(measure::ndcg(&grades, &judged, NDCG_DEPTH));
        values[1].push(measure::recall(&grades, &judged, DEPTH));
        values[2].push(measure::reciprocal_rank(&grades));
    }
    let [ndcg, recall, mrr] = values.map(|values| measure::bootstrap(&values, measure::mean, SEED));
    let times: Vec<f64> = rankings
        .iter()
        .map(|ranking| ranking.milliseconds)
        .collect();
    let time = |share| measure::bootstrap(&times, |draw| measure::quantile(draw, share), SEED);
    Outcome {
        set: collection.name.clone(),
        mode,
        queries: rankings.len(),
        papers: collection.documents.len(),
        ndcg_at_10: ndcg,
        recall_at_100: recall,
        mrr,
        p50_ms: time(0.5),
        p99_ms: time(0.99),
    }
}

/// The rankings as trec_eval reads them. It orders by score, so the score is one that falls with the rank.
fn run_file(collection: &Collection, rankings: &[Ranking<'_>], mode: Mode) -> String {
    let mut text = String::new();
    for ranking in rankings {
        for (rank, id) in (1..).zip(&ranking.hits) {
            let score = DEPTH + 1 - rank;
            let _never_fails = writeln!(
                text,
                "{} Q0 {id} {rank} {score} broadsheet-{}-{}",
                ranking.topic,
                collection.name,
                mode_name(mode)
            );
        }
    }
    text
}

/// A mode as it is typed.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "hybrid",
        Mode::Lexical => "lexical",
        Mode::Semantic => "semantic",
    }
}
