//! Where a query's time goes: the fixed part, the scan, the refinement, the filters.
//!
//! Made vectors (a power-law spectrum around weak centres), so that it needs no file; recall on vectors of your
//! own is what the example `bench` measures.

use std::hint::black_box;

use ann::pq::Training;
use ann::random::Random;
use ann::segment::{Effort, Keep, Segment, SegmentConfig};
use criterion::{Criterion, criterion_group, criterion_main};
use roaring::RoaringBitmap;

const DIM: usize = 256;
const COUNT: usize = 50_000;

fn vectors(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(9);
    let centres: Vec<f32> = (0..500 * DIM).map(|_| random.normal()).collect();
    let mut random = Random::new(seed);
    (0..count)
        .flat_map(|_| {
            let centre = random.below(500) * DIM;
            let mut number = |d: usize| {
                (0.7 * centres[centre + d] + random.normal()) / (1.0 + d as f32).powf(0.4)
            };
            (0..DIM).map(&mut number).collect::<Vec<f32>>()
        })
        .collect()
}

fn stages(c: &mut Criterion) {
    let rows: Vec<u32> = (0..COUNT as u32).collect();
    let config = SegmentConfig { training: Training::KMeans, ..SegmentConfig::default() };
    let segment = Segment::build(&rows, &vectors(COUNT, 1), DIM, &config);
    let segment = segment.expect("the configuration is a valid one");
    let queries = vectors(64, 2);
    let mut next = 0;
    let mut run = |name: &str, effort: Effort, keep: Keep<'_>| {
        c.bench_function(name, |bench| {
            bench.iter(|| {
                next = (next + 1) % 64;
                let query = &queries[next * DIM..(next + 1) * DIM];
                black_box(segment.search(query, 10, effort, keep))
            });
        });
    };
    let cells = segment.cells();
    run("turn, rank, one cell", Effort { cells: 1, shortlist: 10 }, Keep::ALL);
    run("and scan a tenth", Effort { cells: cells / 10, shortlist: 10 }, Keep::ALL);
    run("and refine 200", Effort { cells: cells / 10, shortlist: 200 }, Keep::ALL);
    run("scan all, refine 200", Effort { cells, shortlist: 200 }, Keep::ALL);
    run("refine all", Effort::ALL, Keep::ALL);
    let half: RoaringBitmap = (0..COUNT as u32).filter(|row| row % 2 == 0).collect();
    let denied = Keep { deny: Some(&half), ..Keep::ALL };
    run("scan a tenth, half denied", Effort { cells: cells / 10, shortlist: 200 }, denied);
    let few: RoaringBitmap = (0..COUNT as u32).filter(|row| row % 100 == 0).collect();
    run("exact over 1 %", Effort::ALL, Keep { allow: Some(&few), ..Keep::ALL });
}

criterion_group!(benches, stages);
criterion_main!(benches);
