//! The kernels in plain Rust: the meaning of every SIMD twin, and the fallback where there is none.
//!
//! Written for clarity first; the compiler vectorises most of them well enough for small indexes.

use super::{Affine, BLOCK, PANEL};

/// `Σ aᵢ·bᵢ`, summed left to right in f32.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `Σ (aᵢ − bᵢ)²`, summed left to right in f32.
pub(super) fn l2(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// `target += scale · source`, each product rounded before it is added.
pub(super) fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += scale * s;
    }
}

/// Exact `Σ aᵢ·bᵢ` of bytes.
pub(super) fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}

/// Exact `Σ qᵢ·xᵢ` of a 16-bit query and an 8-bit code.
pub(super) fn dot_i16_i8(query: &[i16], code: &[i8]) -> i32 {
    query
        .iter()
        .zip(code)
        .map(|(&q, &x)| i32::from(q) * i32::from(x))
        .sum()
}

/// A 16-bit query against one panel of [`PANEL`] byte columns; see [`super::panel_dot_i8`].
pub(super) fn panel_dot_i8(query: &[i16], panel: &[i8], out: &mut [i32]) {
    out.fill(0);
    for (pair, rows) in query.chunks_exact(2).zip(panel.chunks_exact(2 * PANEL)) {
        for (sum, column) in out.iter_mut().zip(rows.chunks_exact(2)) {
            *sum += i32::from(pair[0]) * i32::from(column[0]);
            *sum += i32::from(pair[1]) * i32::from(column[1]);
        }
    }
}

/// Bits that differ.
pub(super) fn hamming(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum()
}

/// `Σₚ 2ᵖ · |code ∧ planeₚ|`: a one-bit code against a query of four bit planes, one after another.
pub(super) fn bit_planes_dot(code: &[u64], planes: &[u64]) -> u32 {
    let words = code.len();
    (0..4)
        .map(|p| {
            let plane = &planes[p * words..(p + 1) * words];
            code.iter()
                .zip(plane)
                .map(|(c, q)| (c & q).count_ones() << p)
                .sum::<u32>()
        })
        .sum()
}

/// Points against one panel of [`PANEL`] columns: `out[p][c] = Σ_d points[p][d] · panel[d][c]`.
///
/// Every sum is a chain of fused multiply-adds in the order of `d`, so that all twins agree to the bit.
pub(super) fn panel_dot(points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    for (point, sums) in points.chunks_exact(dim).zip(out.chunks_exact_mut(PANEL)) {
        sums.fill(0.0);
        for (&value, row) in point.iter().zip(panel.chunks_exact(PANEL)) {
            for (sum, &column) in sums.iter_mut().zip(row) {
                *sum = value.mul_add(column, *sum);
            }
        }
    }
}

/// Sums of table entries for whole blocks of 16 four-bit codes; see [`super::fast_scan`].
pub(super) fn fast_scan(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
    for (block, out) in codes
        .chunks_exact(low.len())
        .zip(sums.chunks_exact_mut(BLOCK))
    {
        out.fill(0);
        let tables = low.chunks_exact(16).zip(high.chunks_exact(16));
        for (pair, (low, high)) in block.chunks_exact(BLOCK).zip(tables) {
            for (sum, &code) in out.iter_mut().zip(pair) {
                let entries = low[usize::from(code & 15)] + high[usize::from(code >> 4)];
                *sum += u16::from(entries);
            }
        }
    }
}

/// Scores of scanned sums that reach `floor`, appended as (score, position); see [`super::select_above`].
pub(super) fn select_above(
    sums: &[u16],
    factors: &[u8],
    affine: &Affine,
    floor: f32,
    out: &mut Vec<(f32, u32)>,
) {
    for (position, (&sum, &factor)) in sums.iter().zip(factors).enumerate() {
        let score = affine.score(sum, factor);
        if score >= floor {
            out.push((score, position as u32));
        }
    }
}
