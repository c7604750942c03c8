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

fn segment() -> Segment {
    let rows: Vec<u32> = (0..COUNT as u32).collect();
    let config = SegmentConfig {
        training: Training::KMeans,
        ..SegmentConfig::default()
    };
    let built = Segment::build(&rows, &vectors(COUNT, 1), DIM, &config);
    built.expect("the configuration is a valid one")
}

fn stages(c: &mut Criterion) {
    let segment = segment();
    let queries = vectors(64, 2);
    let mut next = 0;
    let mut run = |name: &str, cells: usize, shortlist: usize, keep: Keep<'_>| {
        let effort = Effort { cells, shortlist };
        c.bench_function(name, |bench| {
            bench.iter(|| {
                next = (next + 1) % 64;
                let query = &queries[next * DIM..(next + 1) * DIM];
                black_box(segment.search(query, 10, effort, keep))
            });
        });
    };
    let (all, tenth) = (segment.cells(), segment.cells() / 10);
    run("turn, rank, one cell", 1, 10, Keep::ALL);
    run("and scan a tenth", tenth, 10, Keep::ALL);
    run("and refine 200", tenth, 200, Keep::ALL);
    run("scan all, refine 200", all, 200, Keep::ALL);
    run("refine all", usize::MAX, usize::MAX, Keep::ALL);
    let every = |n: u32| -> RoaringBitmap { (0..COUNT as u32).step_by(n as usize).collect() };
    let (half, few) = (every(2), every(100));
    let denied = Keep {
        deny: Some(&half),
        ..Keep::ALL
    };
    run("scan a tenth, half denied", tenth, 200, denied);
    let allowed = Keep {
        allow: Some(&few),
        ..Keep::ALL
    };
    run("exact over 1 %", usize::MAX, usize::MAX, allowed);
}

criterion_group!(benches, stages);
criterion_main!(benches);
