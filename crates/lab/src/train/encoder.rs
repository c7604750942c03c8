//! The trainer of the static encoder. Read [`run`] first: it is the whole recipe.
//!
//! 1. Papers are read, and some held out to measure with.
//! 2. The vocabulary is the teacher's, and the papers' own frequent words and phrases.
//! 3. The teacher reads every token by itself, and some titles and sentences. Its vectors are turned so that their
//!    first numbers say most, and cut to the encoder's length. Each row starts as its token's vector, frequent
//!    tokens shorter.
//! 4. Rows are trained, at all nested prefixes at once, so that a title finds its abstract, and so that a
//!    sentence's vector finds the teacher's vector of the same sentence.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array2, Axis};

use encode::model::{self, DIM};
use encode::tokenizer::Tokenizer;

use super::random::Random;

mod basis;
mod batches;
mod glosses;
mod loss;
mod math;
mod papers;
mod report;
mod sentences;
mod table;
mod teacher;
#[cfg(test)]
mod tests;
mod vocabulary;

use batches::{Batches, Kinds};
use loss::Prefix;
use papers::Papers;
use table::Table;
use teacher::{Kept, Teacher};

/// What `train encoder` can be told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Papers as JSON lines with `title` and `abstract`, plain or .zst; of the first file some are held out
    #[arg(long, required = true, num_args = 1..)]
    papers: Vec<PathBuf>,
    /// The teacher's folder, with model.safetensors and tokenizer.json (all-MiniLM-L6-v2)
    #[arg(long)]
    teacher: PathBuf,
    /// Keeps the teacher's vectors in this file, so that another run need not compute them again
    #[arg(long)]
    teacher_vectors: Option<PathBuf>,
    /// Titles that the teacher reads
    #[arg(long, default_value_t = 40_000)]
    titles: usize,
    /// Sentences of abstracts that the teacher reads
    #[arg(long, default_value_t = 0)]
    sentences: usize,
    /// WordNet's data files (data.noun and its like): the teacher reads their definitions too
    #[arg(long, num_args = 0..)]
    glosses: Vec<PathBuf>,
    /// Where the model goes
    #[arg(long)]
    out: PathBuf,
    /// The model's name; its id is this and a checksum
    #[arg(long, default_value = "broadsheet-static-1")]
    name: String,
    /// Decides every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps of training
    #[arg(long, default_value_t = 1700)]
    steps: usize,
    /// Pairs of title and abstract in a step
    #[arg(long, default_value_t = 1024)]
    batch: usize,
    /// Texts with the teacher's vectors in a step
    #[arg(long, default_value_t = 512)]
    taught_batch: usize,
    /// Adam's rate at the beginning; it falls along a cosine to a twentieth
    #[arg(long, default_value_t = 0.01)]
    rate: f32,
    /// Words added to the teacher's own
    #[arg(long, default_value_t = 14_000)]
    words: usize,
    /// Phrases added
    #[arg(long, default_value_t = 20_000)]
    phrases: usize,
    /// Papers held out
    #[arg(long, default_value_t = 5000)]
    held_out: usize,
    /// How sharply a text has to find its partner: what cosines are multiplied with
    #[arg(long, default_value_t = 20.0)]
    scale: f32,
    /// Share of the tokens of titles and abstracts that a step leaves out
    #[arg(long, default_value_t = 0.25)]
    dropout: f64,
    /// How much the plain distance from the teacher's vectors counts
    #[arg(long, default_value_t = 5.0)]
    distance_weight: f32,
    /// Length of the rows at the beginning
    #[arg(long, default_value_t = 4.0)]
    start_length: f32,
    /// How much a title's token counts beside an abstract's when a paper is encoded
    #[arg(long, default_value_t = 3.0)]
    title_weight: f32,
    /// How much the loss at each prefix counts, the shortest first
    #[arg(long, value_delimiter = ',', default_value = "1,1,1,1")]
    prefix_weights: Vec<f32>,
}

/// Trains an encoder, writes it, and reports how well it finds the abstracts of titles it never saw.
pub(crate) fn run(options: &Options) -> Result<()> {
    let papers = papers::read(&options.papers, options.held_out)?;
    println!(
        "{} papers to learn from, {} held out",
        papers.train.len(),
        papers.held_out.len()
    );
    let teacher = Teacher::open(&options.teacher)?;
    let tokens = vocabulary(&teacher, &papers, options);
    let taught = taught(&papers, options)?;
    let (token_vectors, taught_vectors) = teach(&teacher, &tokens, &taught, options)?;
    drop(teacher);

    let spelled: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let tokenizer = Tokenizer::new(&spelled)?;
    let batches = Batches::new(&tokenizer, tokens.len(), &papers.train, &taught);
    let start = start(&token_vectors, &batches.frequencies(), options.start_length);
    let mut table = Table::new(start.view());
    train(&mut table, &batches, &taught_vectors, options);

    let bytes = model::write(
        &options.name,
        options.title_weight,
        &tokens,
        &table.numbers(),
    )?;
    std::fs::write(&options.out, &bytes)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    report::print(bytes, &papers.held_out)
}

/// The teacher's plain tokens, and the papers' frequent words and phrases.
fn vocabulary(teacher: &Teacher, papers: &Papers, options: &Options) -> Vec<String> {
    let plain = |token: &String| {
        let letters = token.strip_prefix("##").unwrap_or(token);
        !letters.is_empty()
            && letters
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let known = teacher.vocabulary().into_iter().filter(plain).collect();
    let both = |paper: &'_ papers::Paper| [paper.title.clone(), paper.abstract_text.clone()];
    let texts: Vec<String> = papers.train.iter().flat_map(both).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let sizes = vocabulary::Sizes {
        words: options.words,
        phrases: options.phrases,
    };
    let tokens = vocabulary::choose(known, &texts, sizes);
    println!("{} tokens", tokens.len());
    tokens
}

/// The texts that the teacher reads.
fn taught(papers: &Papers, options: &Options) -> Result<Vec<String>> {
    let mut texts = sentences::choose(
        &papers.train,
        options.titles,
        options.sentences,
        options.seed,
    );
    for path in &options.glosses {
        texts.extend(glosses::read(path)?);
    }
    println!("{} texts for the teacher", texts.len());
    Ok(texts)
}

/// The teacher's vectors of all tokens and all texts, turned into their own principal directions and cut.
fn teach(
    teacher: &Teacher,
    tokens: &[String],
    taught: &[String],
    options: &Options,
) -> Result<(Array2<f32>, Array2<f32>)> {
    let mut kept = Kept::open(options.teacher_vectors.as_deref(), teacher.dim())?;
    let mut read = |what: &'static str, texts: &[String]| {
        let bar = bar(what);
        let vectors = teacher.encode(texts, &mut kept, &bar);
        bar.finish();
        vectors
    };
    let token_vectors = read("teacher: tokens", tokens)?;
    let text_vectors = read("teacher: texts", taught)?;
    let basis = basis::principal(text_vectors.view(), DIM);
    Ok((token_vectors.dot(&basis), text_vectors.dot(&basis)))
}

/// Rows to begin with: the tokens' vectors, shortened as a token is frequent (smooth inverse frequency, Arora et al. 2017).
fn start(vectors: &Array2<f32>, frequencies: &[f32], length: f32) -> Array2<f32> {
    const RARE: f32 = 1e-3;
    let mut rows = vectors.clone();
    for (mut row, frequency) in rows.axis_iter_mut(Axis(0)).zip(frequencies) {
        row *= length * RARE / (RARE + frequency);
    }
    rows
}

fn train(table: &mut Table, batches: &Batches, taught: &Array2<f32>, options: &Options) {
    let prefixes: Vec<Prefix> = (model::PREFIXES.iter().zip(&options.prefix_weights))
        .map(|(dim, weight)| Prefix {
            dim: *dim,
            weight: *weight,
        })
        .collect();
    let kinds = Kinds {
        pairs: options.batch,
        taught: options.taught_batch,
        dropout: options.dropout,
    };
    let mut random = Random::new(options.seed);
    let bar = bar("training");
    bar.set_length(options.steps as u64);
    for step in 0..options.steps {
        let batch = batches.draw(kinds, &mut random);
        let bags: Vec<_> = batch.bags.iter().collect();
        let sums = table.forward(&bags);
        let (anchors, rest) = sums.view().split_at(Axis(0), batch.pairs);
        let (positives, pupils) = rest.split_at(Axis(0), batch.pairs);
        let pairs = loss::info_nce(anchors, positives, &prefixes, options.scale);
        let targets = taught.select(Axis(0), &batch.taught);
        let lessons = loss::info_nce(pupils, targets.view(), &prefixes, options.scale);
        let distance = loss::cosine_distance(pupils, targets.view(), &prefixes);
        let taught = lessons.anchors + distance.anchors * options.distance_weight;
        let gradients = ndarray::concatenate![Axis(0), pairs.anchors, pairs.positives, taught];
        table.step(&bags, &gradients, rate(step, options));
        let losses = [&pairs.losses, &lessons.losses, &distance.losses];
        let losses = losses.map(|losses| format!("{:.3}", losses.iter().sum::<f64>()));
        bar.set_message(losses.join(" "));
        bar.inc(1);
        if step % 100 == 0 && bar.is_hidden() {
            eprintln!("{step} {:.0?} {}", bar.elapsed(), bar.message());
        }
    }
    bar.finish();
}

/// Adam's rate at a step: a cosine from the whole rate to a twentieth of it.
fn rate(step: usize, options: &Options) -> f32 {
    const LAST: f32 = 0.05;
    let done = step as f32 / options.steps as f32;
    options.rate * (LAST + (1.0 - LAST) * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
}

fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:16} {wide_bar} {pos}/{len} {eta} {msg}")
        .expect("the template is right");
    ProgressBar::no_length().with_style(style).with_prefix(what)
}

/// FNV-1a of 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
