//! Recall against time on vectors of your own.
//!
//! ```text
//! cargo run --release -p ann --example bench -- BASE QUERIES [--dim 256] [--rows N] [--cells K] [--cell-dim D]
//!     [--parts M] [--planes 1|2] [--threads 1] [--save FILE]
//! ```
//! BASE and QUERIES are files of little-endian f32 numbers, row after row. Prints, for the targets .90, .95,
//! .99 and .999 of recall@10, the quickest effort of a grid that reaches them, one query at a time.
//! Recall counts an answer that scores as well as the tenth exact one: copies of a vector are as good as it is.

use std::error::Error;
use std::time::Instant;

use ann::matrix::{Panels, Rows, product};
use ann::segment::{Effort, Keep, Segment, SegmentConfig};
use ann::topk::{Hit, TopK};

const K: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    let mut config = SegmentConfig::default();
    let (mut dim, mut wanted, mut threads, mut save) = (256, usize::MAX, 1, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--dim" => dim = value()?.parse()?,
            "--rows" => wanted = value()?.parse()?,
            "--cells" => config.cells = Some(value()?.parse()?),
            "--cell-dim" => config.cell_dim = Some(value()?.parse()?),
            "--parts" => config.parts = Some(value()?.parse()?),
            "--planes" => config.planes = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            "--save" => save = Some(value()?),
            _ => files.push(argument),
        }
    }
    let [base, queries] = files.as_slice() else {
        return Err("two files: base vectors and queries".into());
    };
    let (mut base, queries) = (numbers(base)?, numbers(queries)?);
    base.truncate(wanted.saturating_mul(dim));
    let (base, queries) = (Rows::new(&base, dim), Rows::new(&queries, dim));
    let floors = tenth_best(base, queries);

    let started = Instant::now();
    let rows: Vec<u32> = (0..base.len() as u32).collect();
    let segment = Segment::build(&rows, base.data(), dim, &config)?;
    println!(
        "{} vectors of {dim}, {} cells, {:.1} bytes a vector, built in {:.1?}, kernels {}",
        segment.len(),
        segment.cells(),
        segment.bytes_per_vector(),
        started.elapsed(),
        ann::kernels::implementation(),
    );
    if let Some(path) = save {
        segment.save(path.as_ref())?;
    }
    report(&segment, base, queries, &floors, threads)
}

/// Measures a grid of efforts and prints the best for each target.
fn report(
    segment: &Segment,
    base: Rows<'_>,
    queries: Rows<'_>,
    floors: &[f32],
    threads: usize,
) -> Result<(), Box<dyn Error>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let mut measured = Vec::new();
    for share in [
        0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.35, 0.5, 1.0,
    ] {
        for shortlist in [20, 40, 60, 90, 130, 200, 300] {
            let cells = ((share * segment.cells() as f64) as usize).max(1);
            let effort = Effort { cells, shortlist };
            let mut best = f64::INFINITY;
            let mut answers = Vec::new();
            for _ in 0..3 {
                let started = Instant::now();
                answers = pool.install(|| search_all(segment, queries, effort, threads));
                best = best.min(started.elapsed().as_secs_f64() / queries.len() as f64);
            }
            measured.push((best, recall(base, queries, floors, &answers), effort));
        }
    }
    println!("recall@10  ms/query  queries/s  cells  shortlist");
    for target in [0.9, 0.95, 0.98, 0.99, 0.995, 0.999] {
        let reaching = measured.iter().filter(|m| m.1 >= target);
        match reaching.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((seconds, recall, effort)) => println!(
                "{recall:.4}     {:.4}    {:9.0}  {:5}  {:5}",
                seconds * 1e3,
                1.0 / seconds,
                effort.cells,
                effort.shortlist
            ),
            None => println!("{target} is not reached"),
        }
    }
    Ok(())
}

fn search_all(
    segment: &Segment,
    queries: Rows<'_>,
    effort: Effort,
    threads: usize,
) -> Vec<Vec<Hit>> {
    use rayon::prelude::*;
    let answer = |i: usize| segment.search(queries.row(i), K, effort, Keep::ALL).0;
    if threads > 1 {
        (0..queries.len()).into_par_iter().map(answer).collect()
    } else {
        (0..queries.len()).map(answer).collect()
    }
}

fn recall(base: Rows<'_>, queries: Rows<'_>, floors: &[f32], answers: &[Vec<Hit>]) -> f64 {
    let found = |i: usize| {
        let score = |hit: &Hit| ann::kernels::dot(queries.row(i), base.row(hit.row as usize));
        answers[i]
            .iter()
            .filter(|hit| score(hit) >= floors[i] - 1e-6)
            .count()
    };
    (0..queries.len()).map(found).sum::<usize>() as f64 / (K * queries.len()) as f64
}

/// The exact score of the tenth best vector of every query.
fn tenth_best(base: Rows<'_>, queries: Rows<'_>) -> Vec<f32> {
    let panels = Panels::new(queries, queries.dim());
    let mut best: Vec<TopK> = (0..queries.len()).map(|_| TopK::new(K)).collect();
    for run in base.data().chunks(4096 * base.dim()) {
        for scores in product(Rows::new(run, base.dim()), &panels).chunks_exact(queries.len()) {
            for (top, &score) in best.iter_mut().zip(scores) {
                top.push(Hit { row: 0, score });
            }
        }
    }
    best.iter().map(TopK::floor).collect()
}

fn numbers(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}
