//! Every kernel at the sizes that searching 256 dimensions has.

use std::hint::black_box;

use ann::kernels::{self, Affine, BLOCK, PANEL};
use ann::random::Random;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const DIM: usize = 256;

fn floats(random: &mut Random, n: usize) -> Vec<f32> {
    (0..n).map(|_| random.normal()).collect()
}

fn bytes(random: &mut Random, n: usize) -> Vec<u8> {
    (0..n).map(|_| random.next() as u8).collect()
}

fn pairs(c: &mut Criterion) {
    let mut random = Random::new(1);
    let (a, b) = (floats(&mut random, DIM), floats(&mut random, DIM));
    c.bench_function("dot 256 f32", |bench| {
        bench.iter(|| kernels::dot(black_box(&a), &b))
    });
    c.bench_function("prefix dot 64 of 256 f32", |bench| {
        bench.iter(|| kernels::prefix_dot(black_box(&a), &b, 64));
    });
    c.bench_function("l2 256 f32", |bench| {
        bench.iter(|| kernels::l2(black_box(&a), &b))
    });
    let x: Vec<i8> = bytes(&mut random, DIM).iter().map(|&x| x as i8).collect();
    let y: Vec<i8> = bytes(&mut random, DIM).iter().map(|&x| x as i8).collect();
    c.bench_function("dot 256 i8", |bench| {
        bench.iter(|| kernels::dot_i8(black_box(&x), &y))
    });
    let q: Vec<i16> = (0..DIM).map(|_| random.next() as i16 / 8).collect();
    c.bench_function("dot 256 i16 by i8", |bench| {
        bench.iter(|| kernels::dot_i16_i8(black_box(&q), &x));
    });
    let words: Vec<u64> = (0..20).map(|_| random.next()).collect();
    let (code, planes) = words.split_at(4);
    c.bench_function("hamming 256 bits", |bench| {
        bench.iter(|| kernels::hamming(black_box(code), &planes[..4]));
    });
    c.bench_function("1 bit by 4 bits, 256", |bench| {
        bench.iter(|| kernels::bit_planes_dot(black_box(code), planes));
    });
}

fn panels(c: &mut Criterion) {
    let mut random = Random::new(2);
    let (points, panel) = (
        floats(&mut random, 6 * DIM),
        floats(&mut random, DIM * PANEL),
    );
    let mut out = vec![0.0; 6 * PANEL];
    let mut group = c.benchmark_group("panels");
    group.throughput(Throughput::Elements((6 * PANEL * DIM) as u64));
    group.bench_function("6 points by 64 columns of 256 f32", |bench| {
        bench.iter(|| kernels::panel_dot(black_box(&points), DIM, &panel, &mut out));
    });
    let query: Vec<i16> = (0..128).map(|_| random.next() as i16 / 8).collect();
    let panel: Vec<i8> = bytes(&mut random, 128 * PANEL)
        .iter()
        .map(|&x| x as i8)
        .collect();
    let mut out = vec![0; PANEL];
    group.throughput(Throughput::Elements((PANEL * 128) as u64));
    group.bench_function("1 query by 64 byte columns of 128", |bench| {
        bench.iter(|| kernels::panel_dot_i8(black_box(&query), &panel, &mut out));
    });
    group.finish();
}

fn scans(c: &mut Criterion) {
    let mut random = Random::new(3);
    let (count, pairs) = (4096, 32);
    let codes = bytes(&mut random, count / BLOCK * pairs * BLOCK);
    let table: Vec<u8> = bytes(&mut random, pairs * 16)
        .iter()
        .map(|x| x % 64)
        .collect();
    let mut sums = vec![0u16; count];
    let mut group = c.benchmark_group("scans");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("fast scan of 64 four-bit parts", |bench| {
        bench.iter(|| kernels::fast_scan(black_box(&codes), &table, &table, &mut sums));
    });
    let factors = bytes(&mut random, count);
    let affine = Affine {
        bias: 0.1,
        base: -0.5,
        step: 2e-4,
        factor_low: 1.0,
        factor_step: 2e-3,
    };
    let mut hits = Vec::new();
    group.bench_function("selection of few", |bench| {
        bench.iter(|| {
            hits.clear();
            kernels::select_above(black_box(&sums), &factors, &affine, 0.6, &mut hits);
        });
    });
    group.finish();
}

criterion_group!(benches, pairs, panels, scans);
criterion_main!(benches);
