//! Recall against time on vectors of your own.
//!
//! ```text
//! cargo run --release -p ann --example bench -- BASE QUERIES [--dim 256] [--rows N] [--cells K] [--cell-dim D]
//!     [--parts M] [--planes 1|2] [--threads 1] [--save FILE | --open FILE | --exact]
//! ```
//! BASE and QUERIES are files of little-endian f32 numbers, row after row. Prints, for some targets of recall@10,
//! the quickest effort of a grid that reaches them, one query at a time. Recall counts an answer that scores as
//! well as the tenth exact one: copies of a vector are as good as it is.
//!
//! For `bench/peers/vectors.py`, which measures it in turn with others: `--save` builds, writes FILE and says as a
//! JSON object what that took. `--open` serves that file, `--exact` the exact scan of BASE: each line of standard
//! input, `THREADS CELLS SHORTLIST` or `THREADS`, is answered with a JSON object, the time that all queries took
//! and the rows that they found.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::time::Instant;

use ann::exact;
use ann::matrix::{Panels, Rows, product};
use ann::segment::{Effort, Keep, Segment, SegmentConfig};
use ann::topk::{Hit, TopK};
use rayon::prelude::*;

const K: usize = 10;

/// What the command line says.
struct Options {
    config: SegmentConfig,
    dim: usize,
    rows: usize,
    threads: usize,
    task: Task,
    base: String,
    queries: Vec<f32>,
}

/// What to do.
enum Task {
    Table,
    Save(String),
    Open(String),
    Exact,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    match &options.task {
        Task::Table => table(&options),
        Task::Save(path) => save(&options, path.as_ref()),
        Task::Open(path) => serve_segment(&options, path.as_ref()),
        Task::Exact => serve_exact(&options),
    }
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut config = SegmentConfig::default();
    let (mut dim, mut rows, mut threads, mut task) = (256, usize::MAX, 1, Task::Table);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or(format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--dim" => dim = value()?.parse()?,
            "--rows" => rows = value()?.parse()?,
            "--cells" => config.cells = Some(value()?.parse()?),
            "--cell-dim" => config.cell_dim = Some(value()?.parse()?),
            "--parts" => config.parts = Some(value()?.parse()?),
            "--planes" => config.planes = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            "--save" => task = Task::Save(value()?),
            "--open" => task = Task::Open(value()?),
            "--exact" => task = Task::Exact,
            _ => files.push(argument),
        }
    }
    let [base, queries] = files.as_slice() else {
        return Err("two files: base vectors and queries".into());
    };
    Ok(Options {
        config,
        dim,
        rows,
        threads,
        task,
        base: base.clone(),
        queries: numbers(queries, usize::MAX)?,
    })
}

impl Options {
    /// The base vectors, as many rows as wanted.
    fn base(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        numbers(&self.base, self.rows.saturating_mul(self.dim))
    }

    fn queries(&self) -> Rows<'_> {
        Rows::new(&self.queries, self.dim)
    }
}

/// The segment of these vectors, and the seconds that building took.
fn build(options: &Options, base: &[f32]) -> Result<(Segment, f64), Box<dyn Error>> {
    let started = Instant::now();
    let rows: Vec<u32> = (0..(base.len() / options.dim) as u32).collect();
    let segment = Segment::build(&rows, base, options.dim, &options.config)?;
    Ok((segment, started.elapsed().as_secs_f64()))
}

/// Measures a grid of efforts and prints the quickest for each target.
fn table(options: &Options) -> Result<(), Box<dyn Error>> {
    let base = options.base()?;
    let (segment, seconds) = build(options, &base)?;
    println!(
        "{} vectors of {}, {} cells, {:.1} bytes a vector, built in {seconds:.1} s, kernels {}",
        segment.len(),
        segment.dim(),
        segment.cells(),
        segment.bytes_per_vector(),
        ann::kernels::implementation(),
    );
    let (base, queries) = (Rows::new(&base, options.dim), options.queries());
    let floors = tenth_best(base, queries);
    let pool = pool(options.threads)?;
    let mut measured = Vec::new();
    for share in [
        0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.35, 0.5, 1.0,
    ] {
        for shortlist in [20, 40, 60, 90, 130, 200, 300] {
            let cells = ((share * segment.cells() as f64) as usize).max(1);
            let effort = Effort { cells, shortlist };
            let runs = (0..3).map(|_| {
                let started = Instant::now();
                let answers = pool.install(|| search_all(&segment, queries, effort));
                (
                    started.elapsed().as_secs_f64() / queries.len() as f64,
                    answers,
                )
            });
            let best = runs.min_by(|a, b| a.0.total_cmp(&b.0));
            let (seconds, answers) = best.ok_or("some runs")?;
            measured.push((seconds, recall(base, queries, &floors, &answers), effort));
        }
    }
    println!("recall@10  ms/query  queries/s  cells  shortlist");
    for target in [0.9, 0.95, 0.98, 0.99, 0.995, 0.999] {
        let reaching = measured.iter().filter(|m| m.1 >= target);
        match reaching.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((seconds, recall, Effort { cells, shortlist })) => println!(
                "{recall:.4}     {:.4}    {:9.0}  {cells:5}  {shortlist:5}",
                seconds * 1e3,
                1.0 / seconds,
            ),
            None => println!("{target} is not reached"),
        }
    }
    Ok(())
}

/// Builds, saves, and says what that took.
fn save(options: &Options, path: &Path) -> Result<(), Box<dyn Error>> {
    let base = options.base()?;
    let before = memory("VmRSS:");
    let (segment, seconds) = build(options, &base)?;
    let peak = memory("VmHWM:") - before;
    segment.save(path)?;
    println!(
        "{{\"build_s\": {seconds}, \"bytes\": {}, \"build_mb\": {peak}}}",
        segment.bytes_per_vector()
    );
    Ok(())
}

fn serve_segment(options: &Options, path: &Path) -> Result<(), Box<dyn Error>> {
    let (before, started) = (memory("VmRSS:"), Instant::now());
    let segment = Segment::open(path)?;
    println!(
        "{{\"open_s\": {}, \"cells\": {}, \"kernels\": \"{}\"}}",
        started.elapsed().as_secs_f64(),
        segment.cells(),
        ann::kernels::implementation(),
    );
    serve(|threads, words| {
        let [cells, shortlist] = words else {
            return Err("cells and a shortlist".into());
        };
        let (cells, shortlist) = (cells.parse()?, shortlist.parse()?);
        let effort = Effort { cells, shortlist };
        let answer = |query: &[f32]| segment.search(query, K, effort, Keep::ALL).0;
        answer_all(options.queries(), threads, before, answer)
    })
}

fn serve_exact(options: &Options) -> Result<(), Box<dyn Error>> {
    let base = options.base()?;
    let before = memory("VmRSS:") - base.len() as f64 * 4e-6;
    println!("{{\"build_s\": 0, \"bytes\": {}}}", 4 * options.dim);
    serve(|threads, _| {
        let rows = Rows::new(&base, options.dim);
        let answer = |query: &[f32]| exact::search(rows, query, K).0;
        answer_all(options.queries(), threads, before, answer)
    })
}

/// Answers the lines of standard input.
fn serve(
    answer: impl Fn(usize, &[&str]) -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let (threads, rest) = words.split_first().ok_or("threads, then an effort")?;
        println!("{}", answer(threads.parse()?, rest)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// All queries on so many threads, and as JSON what they took and found.
fn answer_all(
    queries: Rows<'_>,
    threads: usize,
    memory_before: f64,
    answer: impl Fn(&[f32]) -> Vec<Hit> + Sync,
) -> Result<String, Box<dyn Error>> {
    let pool = pool(threads)?;
    let (wall, cpu) = (Instant::now(), processor_seconds());
    let answers: Vec<Vec<Hit>> = if threads == 1 {
        queries.iter().map(&answer).collect()
    } else {
        let each = (0..queries.len()).into_par_iter();
        pool.install(|| each.map(|i| answer(queries.row(i))).collect())
    };
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), processor_seconds() - cpu);
    let numbers = |hits: &Vec<Hit>| hits.iter().map(|hit| hit.row).collect();
    let rows: Vec<Vec<u32>> = answers.iter().map(numbers).collect();
    let memory = memory("VmRSS:") - memory_before;
    Ok(format!(
        "{{\"wall_s\": {wall}, \"cpu_s\": {cpu}, \"memory_mb\": {memory}, \"rows\": {rows:?}}}"
    ))
}

fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Queries shared among the threads of the pool.
fn search_all(segment: &Segment, queries: Rows<'_>, effort: Effort) -> Vec<Vec<Hit>> {
    let answer = |i: usize| segment.search(queries.row(i), K, effort, Keep::ALL).0;
    (0..queries.len()).into_par_iter().map(answer).collect()
}

fn recall(base: Rows<'_>, queries: Rows<'_>, floors: &[f32], answers: &[Vec<Hit>]) -> f64 {
    let found = |i: usize| {
        let score = |hit: &Hit| ann::kernels::dot(queries.row(i), base.row(hit.row as usize));
        let good = answers[i]
            .iter()
            .filter(|hit| score(hit) >= floors[i] - 1e-6);
        good.count()
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

/// Processor time of this thread, where Linux tells it; 0 elsewhere.
fn processor_seconds() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = times
        .split(' ')
        .next()
        .and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or(0.0) * 1e-9
}

/// A line of the process's memory in megabytes, where Linux tells it; 0 elsewhere.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let kilobytes = found.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1.024e-3
}

/// At most so many numbers of a file.
fn numbers(path: &str, most: usize) -> Result<Vec<f32>, Box<dyn Error>> {
    let file = File::open(path).map_err(|e| format!("{path}: {e}"))?;
    let count = (usize::try_from(file.metadata()?.len())? / 4).min(most);
    let (mut file, mut four) = (BufReader::new(file), [0; 4]);
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..count {
        file.read_exact(&mut four)?;
        numbers.push(f32::from_le_bytes(four));
    }
    Ok(numbers)
}
