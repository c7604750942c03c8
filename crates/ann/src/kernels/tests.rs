//! Every SIMD twin against the plain kernel: odd lengths, unaligned starts, denormals, infinities and NaN.

use super::*;
use crate::random::Random;

/// Lengths around every register width in use.
const LENGTHS: [usize; 19] = [
    0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 256, 300,
];

/// Runs `test` for every twin, length and alignment.
#[track_caller]
fn each(test: impl Fn(&Kernels, usize, usize, &mut Random)) {
    for kernels in available() {
        let mut random = Random::new(7);
        for length in LENGTHS {
            for offset in [0, 1, 3] {
                test(&kernels, length, offset, &mut random);
            }
        }
    }
}

fn floats(random: &mut Random, n: usize) -> Vec<f32> {
    (0..n).map(|_| random.normal()).collect()
}

#[track_caller]
fn check_close(name: &str, got: f32, expected: f32, terms: usize, magnitude: f32) {
    let tolerance = terms.max(1) as f32 * f32::EPSILON * magnitude;
    assert!(
        (got - expected).abs() <= tolerance,
        "{name}: {got} is not {expected} ± {tolerance}"
    );
}

#[test]
fn float_sums_stay_within_the_stated_bound() {
    each(|kernels, n, offset, random| {
        let (a, b) = (floats(random, n + offset), floats(random, n + offset));
        let (a, b) = (&a[offset..], &b[offset..]);
        let products: f32 = a.iter().zip(b).map(|(x, y)| (x * y).abs()).sum();
        check_close(
            kernels.name,
            kernels.dot(a, b),
            SCALAR.dot(a, b),
            n,
            products,
        );
        let distance = SCALAR.l2(a, b);
        check_close(kernels.name, kernels.l2(a, b), distance, n, distance);
        let (mut got, mut expected) = (a.to_vec(), a.to_vec());
        kernels.add_scaled(&mut got, 0.3, b);
        SCALAR.add_scaled(&mut expected, 0.3, b);
        for (got, expected) in got.iter().zip(&expected) {
            check_close(kernels.name, *got, *expected, 2, 4.0);
        }
    });
}

#[test]
fn integer_kernels_are_exact() {
    each(|kernels, n, offset, random| {
        let bytes = |random: &mut Random| -> Vec<i8> {
            (0..n + offset).map(|_| random.next() as i8).collect()
        };
        let (a, b) = (bytes(random), bytes(random));
        let wide: Vec<i16> = (0..n + offset).map(|_| random.next() as i16).collect();
        let (a, b, wide) = (&a[offset..], &b[offset..], &wide[offset..]);
        assert_eq!(
            kernels.dot_i8(a, b),
            SCALAR.dot_i8(a, b),
            "{} {n}",
            kernels.name
        );
        assert_eq!(
            kernels.dot_i16_i8(wide, b),
            SCALAR.dot_i16_i8(wide, b),
            "{} {n}",
            kernels.name
        );
        let even = n / 2 * 2;
        let panel: Vec<i8> = (0..even * PANEL).map(|_| random.next() as i8).collect();
        let (mut got, mut expected) = ([1; PANEL], [2; PANEL]);
        kernels.panel_dot_i8(&wide[..even], &panel, &mut got);
        SCALAR.panel_dot_i8(&wide[..even], &panel, &mut expected);
        assert_eq!(got, expected, "{} {even}", kernels.name);
        let words =
            |random: &mut Random, n| -> Vec<u64> { (0..n).map(|_| random.next()).collect() };
        let (x, y, planes) = (words(random, n), words(random, n), words(random, 4 * n));
        assert_eq!(
            kernels.hamming(&x, &y),
            SCALAR.hamming(&x, &y),
            "{} {n}",
            kernels.name
        );
        let expected = SCALAR.bit_planes_dot(&x, &planes);
        assert_eq!(
            kernels.bit_planes_dot(&x, &planes),
            expected,
            "{} {n}",
            kernels.name
        );
    });
}

#[test]
fn the_extreme_bytes_do_not_overflow() {
    for kernels in available() {
        let (low, high) = (vec![-128i8; 300], vec![127i8; 300]);
        assert_eq!(kernels.dot_i8(&low, &low), 128 * 128 * 300);
        assert_eq!(kernels.dot_i8(&low, &high), -128 * 127 * 300);
        let query = vec![i16::MIN; 300];
        assert_eq!(kernels.dot_i16_i8(&query, &low), 32_768 * 128 * 300);
    }
}

#[test]
fn panels_agree_to_the_bit() {
    each(|kernels, dim, _, random| {
        if dim == 0 {
            return;
        }
        for points in [1, 5, 6, 13] {
            let p = floats(random, points * dim);
            let panel = floats(random, dim * PANEL);
            let (mut got, mut expected) = (vec![1.0; points * PANEL], vec![2.0; points * PANEL]);
            kernels.panel_dot(&p, dim, &panel, &mut got);
            SCALAR.panel_dot(&p, dim, &panel, &mut expected);
            assert_eq!(got, expected, "{} {dim} {points}", kernels.name);
        }
    });
}

#[test]
fn scanned_sums_are_exact() {
    for kernels in available() {
        let mut random = Random::new(3);
        for pairs in [4, 8, 12, 32, 36, 512] {
            for blocks in [0, 1, 2, 5] {
                let table = |random: &mut Random| -> Vec<u8> {
                    (0..pairs * 16)
                        .map(|_| (random.next() % 64) as u8)
                        .collect()
                };
                let (low, high) = (table(&mut random), table(&mut random));
                let codes: Vec<u8> = (0..blocks * pairs * BLOCK)
                    .map(|_| random.next() as u8)
                    .collect();
                let (mut got, mut expected) = (vec![9; blocks * BLOCK], vec![1; blocks * BLOCK]);
                kernels.fast_scan(&codes, &low, &high, &mut got);
                SCALAR.fast_scan(&codes, &low, &high, &mut expected);
                assert_eq!(
                    got, expected,
                    "{} {pairs} pairs {blocks} blocks",
                    kernels.name
                );
            }
        }
    }
}

#[test]
fn full_tables_do_not_overflow() {
    for kernels in available() {
        let table = vec![LUT_MAX; 512 * 16];
        let mut sums = [0; BLOCK];
        kernels.fast_scan(&vec![255; 512 * BLOCK], &table, &table, &mut sums);
        assert_eq!(sums, [1024 * u16::from(LUT_MAX); BLOCK], "{}", kernels.name);
    }
}

#[test]
fn selection_agrees_to_the_bit() {
    let affine = Affine {
        bias: 0.3,
        base: -0.41,
        step: 0.000_7,
        factor_low: 0.9,
        factor_step: 0.004_3,
    };
    each(|kernels, n, _, random| {
        let sums: Vec<u16> = (0..n).map(|_| (random.next() % 1200) as u16).collect();
        let factors: Vec<u8> = (0..n).map(|_| random.next() as u8).collect();
        for floor in [f32::NEG_INFINITY, 0.2, 0.5, f32::INFINITY, f32::NAN] {
            let (mut got, mut expected) = (vec![(0.0, 0)], vec![(0.0, 0)]);
            kernels.select_above(&sums, &factors, &affine, floor, &mut got);
            SCALAR.select_above(&sums, &factors, &affine, floor, &mut expected);
            assert_eq!(got, expected, "{} {n} {floor}", kernels.name);
        }
        let nan = Affine {
            bias: f32::NAN,
            ..affine
        };
        let mut none = Vec::new();
        kernels.select_above(&sums, &factors, &nan, f32::NEG_INFINITY, &mut none);
        assert!(none.is_empty(), "{}: NaN is never selected", kernels.name);
    });
}

#[test]
fn odd_numbers_are_numbers() {
    for kernels in available() {
        let denormal = vec![f32::from_bits(3); 40];
        let ones = vec![1.0; 40];
        assert_eq!(
            kernels.dot(&denormal, &ones),
            f32::from_bits(120),
            "{}",
            kernels.name
        );
        for at in [0, 17, 39] {
            let mut broken = ones.clone();
            broken[at] = f32::NAN;
            assert!(kernels.dot(&broken, &ones).is_nan(), "{}", kernels.name);
            assert!(kernels.l2(&broken, &ones).is_nan(), "{}", kernels.name);
            broken[at] = f32::INFINITY;
            assert_eq!(
                kernels.dot(&broken, &ones),
                f32::INFINITY,
                "{}",
                kernels.name
            );
        }
    }
}
