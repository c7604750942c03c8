//! AdANNS' own claims on vectors of your own (Rege et al., arXiv 2305.19435).
//!
//! ```text
//! cargo run --release -p ann --example adanns -- BASE QUERIES [--dim 256] [--rows N] [--queries 300]
//! ```
//! Files as in the example `bench`. Two tables:
//!
//! 1. Cells: k-means cells over d_c numbers, scanned by d_s, the best 100 reranked by all numbers where d_s is short.
//!    For each recall@10 (of the exact search over all numbers) the setting that needs the fewest multiply-adds,
//!    of: *rigid* (d_c = d_s = all), *nested* (prefixes of the vectors), and two controls that take prefixes of
//!    the same vectors after a rotation, at random and to principal axes.
//! 2. Codes: product codes of m bytes (8-bit parts) after the parametric rotation of OPQ, over the first d numbers.
//!    *Rigid* codes all numbers, *nested* the best prefix. Recall@10, and the tenth exact ones among the first 100.
//!
//! **What rigid means here.** The paper's rigid vectors come from an encoder trained for each size alone. With one
//! encoder's vectors only the full size can stand for it; a rigid short vector is not available, and the two
//! rotated controls show what prefixes are worth without training for them: at random, as in a vector that was
//! never meant to be cut, and by principal axes, the best that is possible after training.

use std::error::Error;
use std::time::Instant;

use ann::exact;
use ann::ivf::{NestedIvf, Probe};
use ann::kernels;
use ann::kmeans::KMeansConfig;
use ann::matrix::Rows;
use ann::measure::{k_recall_at_n, recall};
use ann::opq::OptimisedQuantizer;
use ann::pq::{Bits, Training};
use ann::prefix::unit_prefixes;
use ann::random::Random;
use ann::rotation::{Hadamard, Rotation};
use ann::topk::{Hit, TopK};

const K: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut dim, mut wanted, mut asked, mut files) = (256, usize::MAX, 300, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--dim" => dim = value()?.parse()?,
            "--queries" => asked = value()?.parse()?,
            "--rows" => wanted = value()?.parse()?,
            _ => files.push(argument),
        }
    }
    let [base, queries] = files.as_slice() else {
        return Err("two files: base vectors and queries".into());
    };
    let (mut base, mut queries) = (numbers(base)?, numbers(queries)?);
    base.truncate(wanted.saturating_mul(dim));
    queries.truncate(asked.saturating_mul(dim));
    let base = unit_prefixes(Rows::new(&base, dim), dim);
    let queries = unit_prefixes(Rows::new(&queries, dim), dim);
    let (base, queries) = (Rows::new(&base, dim), Rows::new(&queries, dim));
    let truth: Vec<Vec<u32>> = exact::search_many(base, queries, K)
        .iter()
        .map(|h| rows(h))
        .collect();
    cells(base, queries, &truth);
    codes(base, queries, &truth);
    Ok(())
}

/// One setting of cells and what it came to.
struct Measured {
    probe: Probe,
    rerank: usize,
    recall: f64,
    /// Millions of multiply-adds a query.
    work: f64,
    milliseconds: f64,
}

/// The cheapest settings of rigid, nested and rotated prefixes for some recalls.
fn cells(base: Rows<'_>, queries: Rows<'_>, truth: &[Vec<u32>]) {
    let dim = base.dim();
    let random = Hadamard::new(dim, 1);
    let turned = |rows: Rows<'_>| {
        let mut turned = rows.data().to_vec();
        turned.chunks_exact_mut(dim).for_each(|x| random.apply(x));
        turned
    };
    let sample = base.pick(&Random::new(1).sample(base.len(), 30_000));
    let axes = Rotation::principal(Rows::new(&sample, dim)).0;
    let short = [dim / 8, dim / 4, dim / 2, dim];
    println!("vectors               recall@10  MFLOP/query  ms/query   d_c  d_s  probes  rerank");
    best("rigid", &measured(base, queries, truth, &[dim], &[dim]));
    best("nested", &measured(base, queries, truth, &short, &short));
    for (name, base, queries) in [
        ("rotated at random", turned(base), turned(queries)),
        (
            "principal axes",
            axes.apply_all(base),
            axes.apply_all(queries),
        ),
    ] {
        let (base, queries) = (Rows::new(&base, dim), Rows::new(&queries, dim));
        best(name, &measured(base, queries, truth, &short, &short));
    }
}

/// Prints for each target the setting of fewest multiply-adds, and the quickest one.
fn best(name: &str, measured: &[Measured]) {
    for target in [0.8, 0.9, 0.95, 0.98, 0.99] {
        let reaching = || measured.iter().filter(|m| m.recall >= target);
        let least = reaching().min_by(|a, b| a.work.total_cmp(&b.work));
        let quickest = reaching().min_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
        for (what, m) in [("least work", least), ("quickest", quickest)] {
            let Some(m) = m else {
                println!("{name:17} {target}  not reached");
                break;
            };
            println!(
                "{name:17} {target:4}  {:.4}     {:8.3}  {:8.4}   {:3}  {:3}  {:6}  {:6}  {what}",
                m.recall,
                m.work,
                m.milliseconds,
                m.probe.cell_dim,
                m.probe.scan_dim,
                m.probe.cells,
                m.rerank,
            );
        }
    }
}

fn measured(
    base: Rows<'_>,
    queries: Rows<'_>,
    truth: &[Vec<u32>],
    cell_dims: &[usize],
    scan_dims: &[usize],
) -> Vec<Measured> {
    let count = ((base.len() as f64).sqrt() as usize).next_power_of_two();
    let mut all = Vec::new();
    for &cell_dim in cell_dims {
        let ivf = NestedIvf::build(base, count, cell_dim, scan_dims, KMeansConfig::default());
        for &scan_dim in scan_dims {
            let rerank = if scan_dim == base.dim() { 0 } else { 100 };
            for cells in [2, 4, 8, 16, 32, 64, 96, 128, 192, 256] {
                let probe = Probe {
                    cell_dim,
                    scan_dim,
                    cells,
                };
                all.push(measure(&ivf, base, queries, truth, probe, rerank));
            }
        }
    }
    all
}

fn measure(
    ivf: &NestedIvf,
    base: Rows<'_>,
    queries: Rows<'_>,
    truth: &[Vec<u32>],
    probe: Probe,
    rerank: usize,
) -> Measured {
    let (mut found, mut work) = (0.0, 0);
    let started = Instant::now();
    for (query, truth) in queries.iter().zip(truth) {
        let (mut hits, spent) = ivf.search(query, K.max(rerank), probe);
        work += spent.multiply_adds;
        if rerank > 0 {
            work += (hits.len() * base.dim()) as u64;
            let mut top = TopK::new(K);
            for Hit { row, .. } in hits {
                let score = kernels::dot(query, base.row(row as usize));
                top.push(Hit { row, score });
            }
            hits = top.into_sorted();
        }
        found += recall(&rows(&hits), truth);
    }
    let n = queries.len() as f64;
    Measured {
        probe,
        rerank,
        recall: found / n,
        work: work as f64 / n / 1e6,
        milliseconds: started.elapsed().as_secs_f64() * 1e3 / n,
    }
}

/// Recall of product codes over prefixes.
fn codes(base: Rows<'_>, queries: Rows<'_>, truth: &[Vec<u32>]) {
    println!("bytes  prefix  recall@10  10-recall@100");
    let mut random = Random::new(1);
    let sample = random.sample(base.len(), 20_000);
    for bytes in [16, 32, 64] {
        for prefix in [64, 128, 256]
            .into_iter()
            .filter(|&d| d <= base.dim() && d >= bytes)
        {
            let (cut, asked) = (unit_prefixes(base, prefix), unit_prefixes(queries, prefix));
            let cut = Rows::new(&cut, prefix);
            let training = cut.pick(&sample);
            let config = KMeansConfig {
                iterations: 8,
                ..KMeansConfig::default()
            };
            let model = OptimisedQuantizer::train(
                Rows::new(&training, prefix),
                bytes,
                Bits::Eight,
                Training::KMeans,
                0,
                config,
            );
            let (at_10, at_100) = code_recalls(&model, cut, Rows::new(&asked, prefix), truth);
            println!("{bytes:5}  {prefix:6}     {at_10:.4}         {at_100:.4}");
        }
    }
}

fn code_recalls(
    model: &OptimisedQuantizer,
    base: Rows<'_>,
    queries: Rows<'_>,
    truth: &[Vec<u32>],
) -> (f64, f64) {
    let parts = model.quantizer.parts();
    let turned = model.rotation.apply_all(base);
    let mut codes = vec![0; base.len() * parts];
    for (vector, code) in turned
        .chunks_exact(base.dim())
        .zip(codes.chunks_exact_mut(parts))
    {
        model.quantizer.encode(vector, code);
    }
    let (mut table, mut query) = (Vec::new(), vec![0.0; base.dim()]);
    let (mut at_10, mut at_100) = (0.0, 0.0);
    // Reading codes one by one is slow: half of the queries is enough here.
    let few: Vec<usize> = (0..queries.len()).step_by(2).collect();
    for &i in &few {
        model.rotation.apply(queries.row(i), &mut query);
        model.quantizer.table(&query, &mut table);
        let mut top = TopK::new(100);
        for (row, code) in codes.chunks_exact(parts).enumerate() {
            top.push(Hit {
                row: row as u32,
                score: model.quantizer.score(&table, code),
            });
        }
        let found = rows(&top.into_sorted());
        at_10 += k_recall_at_n(&found, &truth[i], K, K);
        at_100 += k_recall_at_n(&found, &truth[i], K, 100);
    }
    (at_10 / few.len() as f64, at_100 / few.len() as f64)
}

fn rows(hits: &[Hit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.row).collect()
}

fn numbers(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}
