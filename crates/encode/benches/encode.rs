//! `cargo bench -p encode`: abstracts a second on one core, and a query's time.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use encode::Encoder;

const TITLE: &str =
    "Matryoshka representations of scientific abstracts for retrieval at many scales";
/// About as long as the mean abstract of arXiv: 1,000 bytes.
const ABSTRACT: &str = "Learned representations are a central component in modern machine-learning systems, serving a \
    multitude of downstream tasks. When training such representations, it is often the case that computational and \
    statistical constraints for each downstream task are unknown. In this context, rigid fixed-capacity \
    representations can be either over- or under-accommodating to the task at hand. This leads us to ask: can we \
    design a flexible representation that can adapt to multiple tasks with varying resources? We answer with nested \
    vectors whose $L_2$-normalised prefixes are themselves useful, and prove that for any $\\epsilon > 0$ the error \
    of the prefix of length $O(\\log n / \\epsilon^2)$ is bounded. Experiments on 220,000 abstracts of physics, \
    mathematics, quantitative biology and computer science show that the first sixty-four numbers keep 95\\% of the \
    accuracy at a quarter of the cost, including Schr\\\"odinger operators, immunohistochemistry and \
    electroencephalography, which no word list foresees.";

fn encode(c: &mut Criterion) {
    let encoder = Encoder::shipped();
    let mut out = vec![0.0; encoder.dim()];
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function("abstract", |b| {
        b.iter(|| encoder.encode_paper(black_box(TITLE), black_box(ABSTRACT), &mut out));
    });
    group.bench_function("query", |b| {
        b.iter(|| encoder.encode_into(black_box(TITLE), &mut out));
    });
    group.bench_function("tokens only", |b| {
        b.iter(|| {
            let mut sum = 0;
            encoder
                .tokenizer()
                .for_each(black_box(ABSTRACT), |row, _| sum += row);
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
