//! AdANNS' own claims on vectors of your own (Rege et al., arXiv 2305.19435).
//!
//! ```text
//! cargo run --release -p ann --example adanns -- BASE QUERIES [--dim 256] [--rows N]
//! ```
//! Files as in the example `bench`. Two tables:
//!
//! 1. Cells: k-means cells over d_c numbers, scanned by d_s. *Rigid* is d_c = d_s = all; *nested* takes prefixes.
//!    Recall@10 counts rows of the exact search over all numbers, so a short d_s pays for what it drops; with
//!    a rerank of 100 by all numbers it does not.
//! 2. Codes: product codes of m bytes after a rotation (8-bit parts), over the first d numbers. *Rigid* codes all
//!    numbers, *nested* the best prefix. Recall@10, and the tenth exact ones among the first hundred.
//!
//! The paper's rigid vectors come from encoders trained for each size; ours are one encoder's whole vector.

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
use ann::topk::{Hit, TopK};

const K: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut dim, mut wanted, mut files) = (256, usize::MAX, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--dim" => dim = value()?.parse()?,
            "--rows" => wanted = value()?.parse()?,
            _ => files.push(argument),
        }
    }
    let [base, queries] = files.as_slice() else {
        return Err("two files: base vectors and queries".into());
    };
    let (mut base, queries) = (numbers(base)?, numbers(queries)?);
    base.truncate(wanted.saturating_mul(dim));
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

/// Recall against multiply-adds and time of nested and rigid cells.
fn cells(base: Rows<'_>, queries: Rows<'_>, truth: &[Vec<u32>]) {
    let dim = base.dim();
    let count = ((base.len() as f64).sqrt() as usize).next_power_of_two();
    println!("d_c  d_s  probes  rerank  recall@10  MFLOP/query  ms/query");
    for cell_dim in [dim / 8, dim / 4, dim / 2, dim] {
        let scans = [dim / 8, dim / 4, dim / 2, dim];
        let ivf = NestedIvf::build(base, count, cell_dim, &scans, KMeansConfig::default());
        for scan_dim in scans {
            for probes in [4, 16, 64, 128] {
                for rerank in [0, 100] {
                    if rerank > 0 && scan_dim == dim {
                        continue;
                    }
                    let probe = Probe {
                        cell_dim,
                        scan_dim,
                        cells: probes,
                    };
                    report_cells(&ivf, base, queries, truth, probe, rerank);
                }
            }
        }
    }
}

fn report_cells(
    ivf: &NestedIvf,
    base: Rows<'_>,
    queries: Rows<'_>,
    truth: &[Vec<u32>],
    probe: Probe,
    rerank: usize,
) {
    let (mut found, mut work) = (0.0, 0);
    let started = Instant::now();
    for (query, truth) in queries.iter().zip(truth) {
        let (mut hits, spent) = ivf.search(query, K.max(rerank), probe);
        work += spent.multiply_adds;
        if rerank > 0 {
            work += (hits.len() * base.dim()) as u64;
            let mut top = TopK::new(K);
            for hit in hits {
                top.push(Hit {
                    row: hit.row,
                    score: kernels::dot(query, base.row(hit.row as usize)),
                });
            }
            hits = top.into_sorted();
        }
        found += recall(&rows(&hits), truth);
    }
    let n = queries.len() as f64;
    println!(
        "{:3}  {:3}  {:6}  {rerank:6}     {:.4}     {:8.3}  {:8.4}",
        probe.cell_dim,
        probe.scan_dim,
        probe.cells,
        found / n,
        work as f64 / n / 1e6,
        started.elapsed().as_secs_f64() * 1e3 / n,
    );
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
    // Reading codes one by one is slow: a fifth of the queries is enough here.
    let few: Vec<usize> = (0..queries.len()).step_by(5).collect();
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
