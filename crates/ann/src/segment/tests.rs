//! Sealed segments against the exact scan, and against bytes of strangers.

use super::*;
use crate::exact;
use crate::matrix::Rows;
use crate::random::Random;
use crate::topk::Hit;
use proptest::prelude::*;

const DIM: usize = 40;

/// Unit vectors of a power-law spectrum around a few hundred weak centres, as texts have.
pub(crate) fn vectors(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(99);
    let centres: Vec<f32> = (0..200 * dim).map(|_| random.normal()).collect();
    let mut random = Random::new(seed);
    let mut data = Vec::with_capacity(count * dim);
    for _ in 0..count {
        let centre = &centres[random.below(200) * dim..][..dim];
        let mut vector: Vec<f32> = centre
            .iter()
            .enumerate()
            .map(|(d, c)| (0.7 * c + random.normal()) / (1.0 + d as f32).powf(0.4))
            .collect();
        to_unit(&mut vector);
        data.extend(vector);
    }
    data
}

fn rows(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

fn small(planes: usize) -> SegmentConfig {
    SegmentConfig {
        planes,
        training: Training::KMeans,
        ..SegmentConfig::default()
    }
}

/// Mean recall@10 over queries, against the exact scan of what `keep` lets through.
fn recall(segment: &Segment, data: &[f32], effort: Effort, keep: Keep<'_>) -> f64 {
    let dim = segment.dim();
    let queries = vectors(50, dim, 1234);
    let data = Rows::new(data, dim);
    let mut total = 0.0;
    for query in queries.chunks_exact(dim) {
        let exact = exact::search(data, query, data.len()).0;
        let kept = exact
            .iter()
            .map(|hit| hit.row)
            .filter(|&row| keep.keeps(row));
        let kept: Vec<u32> = kept.take(10).collect();
        let found = segment.search(query, 10, effort, keep).0;
        let found: Vec<u32> = found.iter().map(|hit| hit.row).collect();
        total += crate::measure::recall(&found, &kept);
    }
    total / 50.0
}

#[test]
fn recall_has_a_floor_and_rises_with_effort() {
    let data = vectors(6000, DIM, 1);
    let segment = Segment::build(&rows(6000), &data, DIM, &small(1)).unwrap();
    let at = |cells, shortlist| recall(&segment, &data, Effort { cells, shortlist }, Keep::ALL);
    let (few, some, all) = (at(10, 60), at(60, 60), at(usize::MAX, 200));
    assert!(few > 0.6 && some > 0.8 && all > 0.97, "{few} {some} {all}");
    assert!(few <= some + 0.01 && some <= all + 0.01);
    assert!(recall(&segment, &data, Effort::ALL, Keep::ALL) >= 0.97);
}

#[test]
fn a_second_plane_is_nearly_exact() {
    let data = vectors(3000, DIM, 1);
    let segment = Segment::build(&rows(3000), &data, DIM, &small(2)).unwrap();
    assert!(recall(&segment, &data, Effort::ALL, Keep::ALL) >= 0.998);
    let query = &data[..DIM];
    for hit in segment.search(query, 50, Effort::ALL, Keep::ALL).0 {
        let exact = crate::kernels::dot(query, &data[hit.row as usize * DIM..][..DIM]);
        assert!((hit.score - exact).abs() < 1e-4, "{} {exact}", hit.score);
    }
}

#[test]
fn filters_hold_their_recall() {
    let data = vectors(6000, DIM, 1);
    let segment = Segment::build(&rows(6000), &data, DIM, &small(1)).unwrap();
    let allow: RoaringBitmap = (0..6000).filter(|row| row % 100 == 7).collect();
    let keep = Keep {
        allow: Some(&allow),
        ..Keep::ALL
    };
    assert!(
        recall(&segment, &data, Effort::ALL, keep) > 0.97,
        "exact over 1 %"
    );
    let deny: RoaringBitmap = (0..6000).filter(|row| row % 2 == 0).collect();
    let keep = Keep {
        deny: Some(&deny),
        ..Keep::ALL
    };
    let effort = Effort {
        cells: 150,
        shortlist: 100,
    };
    assert!(
        recall(&segment, &data, effort, keep) > 0.9,
        "half inside the scan"
    );
    let none = RoaringBitmap::new();
    let keep = Keep {
        allow: Some(&none),
        ..Keep::ALL
    };
    assert!(segment.search(&data[..DIM], 10, effort, keep).0.is_empty());
}

#[test]
fn spent_is_the_formula() {
    let data = vectors(2000, DIM, 1);
    let segment = Segment::build(&rows(2000), &data, DIM, &small(1)).unwrap();
    let (_, spent) = segment.search(
        &data[..DIM],
        10,
        Effort {
            cells: usize::MAX,
            shortlist: 64,
        },
        Keep::ALL,
    );
    let (cells, parts) = (segment.cells() as u64, 10);
    assert_eq!(
        (spent.cells, spent.scanned, spent.refined),
        (cells, 2000, 64)
    );
    let dim = DIM as u64;
    let turning = dim * dim + 16 * dim;
    let ranking = cells * dim / 2 + cells * dim;
    let expected = turning + ranking + 2000 * parts + 64 * (dim + parts);
    assert_eq!(spent.multiply_adds, expected);
}

#[test]
fn the_file_is_the_segment() {
    let data = vectors(1500, DIM, 1);
    let built = Segment::build(&rows(1500), &data, DIM, &small(1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.ann");
    built.save(&path).unwrap();
    let opened = Segment::open(&path).unwrap();
    opened.verify().unwrap();
    assert_eq!(opened.ladder(), built.ladder());
    let effort = Effort {
        cells: 20,
        shortlist: 40,
    };
    for query in data.chunks_exact(DIM).take(20) {
        let search = |s: &Segment| s.search(query, 10, effort, Keep::ALL);
        assert_eq!(search(&opened), search(&built));
    }
}

#[test]
fn vectors_come_back_nearly() {
    let data = vectors(1500, DIM, 1);
    // Rows that lie densely are found by a table, others by searching.
    for apart in [1, 1_000_000] {
        let rows: Vec<u32> = (0..1500).map(|row| row * apart).collect();
        let segment = Segment::build(&rows, &data, DIM, &small(1)).unwrap();
        for at in [0, 7, 1499] {
            let got = segment.vector(rows[at]).unwrap();
            let error = crate::kernels::l2(&got, &data[at * DIM..][..DIM]).sqrt();
            assert!(error < 0.02, "{at}: {error}");
        }
        assert!(segment.vector(1500 * apart).is_none());
        assert!(segment.vector(u32::MAX).is_none());
        assert_eq!(segment.vector(1).is_some(), apart == 1);
    }
}

#[test]
fn merging_keeps_old_codes_and_leaves_the_dead_out() {
    let data = vectors(3000, DIM, 1);
    let (old, new) = data.split_at(2000 * DIM);
    let segment = Segment::build(&rows(2000), old, DIM, &small(1)).unwrap();
    let dead: RoaringBitmap = (0..500).collect();
    let new_rows: Vec<u32> = (2000..3000).collect();
    let merged = segment
        .merged(&dead, &new_rows, Rows::new(new, DIM))
        .unwrap();
    assert_eq!(merged.len(), 2500);
    assert!(merged.row_set().is_disjoint(&dead));
    assert_eq!(
        merged.vector(700),
        segment.vector(700),
        "codes are copied as they are"
    );
    let keep = Keep {
        dead: Some(&dead),
        ..Keep::ALL
    };
    assert!(recall(&merged, &data, Effort::ALL, keep) > 0.95);
}

#[test]
fn odd_inputs_are_built() {
    for (count, dim) in [(1, 1), (3, 2), (20, 7), (50, 33)] {
        let data = vectors(count, dim, 5);
        let segment = Segment::build(&rows(count), &data, dim, &small(1)).unwrap();
        let hits = segment
            .search(&data[..dim], count + 5, Effort::ALL, Keep::ALL)
            .0;
        assert_eq!(hits.len(), count, "{count} of {dim}");
    }
    let same = [0.6, 0.8].repeat(40);
    let segment = Segment::build(&rows(40), &same, 2, &small(2)).unwrap();
    let hits = segment.search(&[1.0, 0.0], 40, Effort::ALL, Keep::ALL).0;
    assert!(hits.len() == 40 && hits.iter().all(|hit| (hit.score - 0.6).abs() < 1e-3));
    let zeros = Segment::build(&rows(9), &[0.0; 18], 2, &small(1)).unwrap();
    let hits = zeros
        .search(
            &[1.0, 0.0],
            3,
            Effort {
                cells: 1,
                shortlist: 3,
            },
            Keep::ALL,
        )
        .0;
    assert!(hits.iter().all(|hit| hit.score.abs() < 1e-6));
}

#[test]
fn hostile_queries_find_nothing() {
    let data = vectors(100, DIM, 1);
    let segment = Segment::build(&rows(100), &data, DIM, &small(1)).unwrap();
    let effort = Effort {
        cells: 5,
        shortlist: 10,
    };
    for value in [f32::NAN, f32::INFINITY] {
        let mut query = data[..DIM].to_vec();
        query[3] = value;
        assert!(segment.search(&query, 10, effort, Keep::ALL).0.is_empty());
    }
    for value in [0.0, f32::MAX, f32::from_bits(1)] {
        let hits: Vec<Hit> = segment.search(&[value; DIM], 10, effort, Keep::ALL).0;
        assert!(hits.len() <= 10);
    }
    assert!(
        segment
            .search(&data[..DIM], 0, effort, Keep::ALL)
            .0
            .is_empty()
    );
}

#[test]
fn impossible_requests_say_why() {
    #[track_caller]
    fn check(rows: &[u32], vectors: &[f32], dim: usize, config: &SegmentConfig, reason: &str) {
        let error = Segment::build(rows, vectors, dim, config)
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
    let good = SegmentConfig::default();
    check(&[], &[], 2, &good, "no vectors");
    check(
        &[1],
        &[1.0, 0.0, 0.0],
        2,
        &good,
        "1 rows but numbers for 1 vectors",
    );
    check(
        &[1, 1],
        &[1.0, 0.0, 0.0, 1.0],
        2,
        &good,
        "row 1 is given twice",
    );
    check(
        &[1],
        &[1.0, f32::NAN],
        2,
        &good,
        "row 1 holds a number that is not finite",
    );
    check(&[1], &[1.0], 0, &good, "0 dimensions");
    check(
        &[1],
        &[1.0, 0.0],
        2,
        &SegmentConfig {
            planes: 3,
            ..good.clone()
        },
        "refining bytes",
    );
    check(
        &[1],
        &[1.0, 0.0],
        2,
        &SegmentConfig {
            cell_dim: Some(3),
            ..good.clone()
        },
        "coarse",
    );
    check(
        &[1],
        &[1.0, 0.0],
        2,
        &SegmentConfig {
            parts: Some(3),
            ..good
        },
        "parts",
    );
}

/// A small segment's file.
fn file() -> Vec<u8> {
    let data = vectors(60, 8, 1);
    let config = SegmentConfig {
        cells: Some(4),
        ..small(2)
    };
    Segment::build(&rows(60), &data, 8, &config)
        .unwrap()
        .file_bytes()
        .to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_is_refused_or_harmless(at: prop::sample::Index, bit in 0u8..8, cut: bool) {
        let mut bytes = file();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        if let Ok(segment) = Segment::from_bytes(&bytes) {
            prop_assert!(!cut);
            if segment.verify().is_ok() {
                // Only the padding between parts may change unseen.
                let good = Segment::from_bytes(&file()).unwrap();
                let search = |s: &Segment| s.search(&[0.3; 8], 5, Effort::ALL, Keep::ALL);
                prop_assert_eq!(search(&segment), search(&good));
            }
            // Damaged codes may score wrongly, never fail.
            segment.search(&[0.3; 8], 5, Effort { cells: 2, shortlist: 10 }, Keep::ALL);
            segment.search(&[0.3; 8], 5, Effort::ALL, Keep::ALL);
        }
    }

    #[test]
    fn forged_parts_are_refused_or_harmless(tag in 0usize..13, at: prop::sample::Index, value: u8) {
        // Checksums that are right do not make numbers right.
        let tags: [&[u8; 4]; 13] = [b"META", b"ROTN", b"ENER", b"ORDR", b"BOOK", b"CENT", b"CSTP", b"REAC",
            b"CELL", b"RSET", b"ROWS", b"CODE", b"LADR"];
        let container = Container::from_bytes(&file(), KIND, &BULK).unwrap();
        let mut part = container.bytes(*tags[tag]).unwrap().to_vec();
        let at = at.index(part.len());
        part[at] = value;
        let forged = container.with_part(KIND, *tags[tag], &part);
        if let Ok(segment) = Segment::from_bytes(forged.file_bytes()) {
            segment.search(&[0.3; 8], 5, Effort { cells: 2, shortlist: 10 }, Keep::ALL);
            segment.search(&[0.3; 8], 5, Effort::ALL, Keep::ALL);
            let _ = segment.vector(3);
        }
    }
}
