//! AVX2 and FMA twins (Haswell, Zen and later). Lengths are checked by the callers.

use std::arch::x86_64::*;

use super::{Affine, BLOCK, Kernels, PANEL, scalar};

/// The table of this module where the processor has all the features that its functions name.
pub(super) fn kernels() -> Option<Kernels> {
    let supported = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("popcnt");
    // SAFETY (all of the closures): they are reachable only through this table, which exists only
    // where every feature named by a function of this module was detected.
    supported.then_some(Kernels {
        name: "avx2",
        // SAFETY: as above.
        dot: |a, b| unsafe { dot(a, b) },
        // SAFETY: as above.
        l2: |a, b| unsafe { l2(a, b) },
        // SAFETY: as above.
        add_scaled: |t, s, x| unsafe { add_scaled(t, s, x) },
        // SAFETY: as above.
        dot_i8: |a, b| unsafe { dot_i8(a, b) },
        // SAFETY: as above.
        dot_i16_i8: |q, x| unsafe { dot_i16_i8(q, x) },
        // SAFETY: as above.
        panel_dot_i8: |q, p, o| unsafe { panel_dot_i8(q, p, o) },
        // SAFETY: as above.
        hamming: |a, b| unsafe { hamming(a, b) },
        // SAFETY: as above.
        bit_planes_dot: |c, p| unsafe { bit_planes_dot(c, p) },
        // SAFETY: as above.
        panel_dot: |p, d, m, o| unsafe { panel_dot(p, d, m, o) },
        // SAFETY: as above.
        fast_scan: |c, l, h, s| unsafe { fast_scan(c, l, h, s) },
        // SAFETY: as above.
        select_above: |s, f, a, t, o| unsafe { select_above(s, f, a, t, o) },
    })
}

#[target_feature(enable = "avx2,fma")]
fn sum_ps(x: __m256) -> f32 {
    let half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
}

#[target_feature(enable = "avx2,fma")]
fn sum_epi32(x: __m256i) -> i32 {
    let half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
    let pair = _mm_add_epi32(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
    _mm_cvtsi128_si32(_mm_add_epi32(
        pair,
        _mm_shuffle_epi32::<0b00_00_00_01>(pair),
    ))
}

#[target_feature(enable = "avx2,fma")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [_mm256_setzero_ps(); 4];
    let whole = a.len() / 32 * 32;
    for at in (0..whole).step_by(32) {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `at + 32 <= whole <= a.len() == b.len()`.
            let (x, y) = unsafe {
                let at = at + 8 * i;
                (
                    _mm256_loadu_ps(a.as_ptr().add(at)),
                    _mm256_loadu_ps(b.as_ptr().add(at)),
                )
            };
            *sum = _mm256_fmadd_ps(x, y, *sum);
        }
    }
    let [s0, s1, s2, s3] = sums;
    let sum = sum_ps(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    sum + scalar::dot(&a[whole..], &b[whole..])
}

#[target_feature(enable = "avx2,fma")]
fn l2(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [_mm256_setzero_ps(); 2];
    let whole = a.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `at + 16 <= whole <= a.len() == b.len()`.
            let (x, y) = unsafe {
                let at = at + 8 * i;
                (
                    _mm256_loadu_ps(a.as_ptr().add(at)),
                    _mm256_loadu_ps(b.as_ptr().add(at)),
                )
            };
            let difference = _mm256_sub_ps(x, y);
            *sum = _mm256_fmadd_ps(difference, difference, *sum);
        }
    }
    sum_ps(_mm256_add_ps(sums[0], sums[1])) + scalar::l2(&a[whole..], &b[whole..])
}

#[target_feature(enable = "avx2,fma")]
fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    let factor = _mm256_set1_ps(scale);
    let whole = target.len() / 8 * 8;
    for at in (0..whole).step_by(8) {
        // SAFETY: `at + 8 <= whole <= target.len() == source.len()`.
        unsafe {
            let sum = _mm256_loadu_ps(target.as_ptr().add(at));
            let sum = _mm256_fmadd_ps(factor, _mm256_loadu_ps(source.as_ptr().add(at)), sum);
            _mm256_storeu_ps(target.as_mut_ptr().add(at), sum);
        }
    }
    scalar::add_scaled(&mut target[whole..], scale, &source[whole..]);
}

#[target_feature(enable = "avx2,fma")]
fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    let mut sum = _mm256_setzero_si256();
    let whole = a.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        // SAFETY: `at + 16 <= whole <= a.len() == b.len()`.
        let (x, y) = unsafe {
            (
                _mm256_cvtepi8_epi16(_mm_loadu_si128(a.as_ptr().add(at).cast())),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(b.as_ptr().add(at).cast())),
            )
        };
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, y));
    }
    sum_epi32(sum) + scalar::dot_i8(&a[whole..], &b[whole..])
}

#[target_feature(enable = "avx2,fma")]
fn dot_i16_i8(query: &[i16], code: &[i8]) -> i32 {
    let mut sum = _mm256_setzero_si256();
    let whole = code.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        // SAFETY: `at + 16 <= whole <= code.len() == query.len()`.
        let (q, x) = unsafe {
            (
                _mm256_loadu_si256(query.as_ptr().add(at).cast()),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(code.as_ptr().add(at).cast())),
            )
        };
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(q, x));
    }
    sum_epi32(sum) + scalar::dot_i16_i8(&query[whole..], &code[whole..])
}

#[target_feature(enable = "avx2,fma")]
fn panel_dot_i8(query: &[i16], panel: &[i8], out: &mut [i32]) {
    let mut sums = [_mm256_setzero_si256(); PANEL / 8];
    for (pair, rows) in query.chunks_exact(2).zip(panel.chunks_exact(2 * PANEL)) {
        let both = i32::from(pair[0]) & 0xffff | i32::from(pair[1]) << 16;
        let both = _mm256_set1_epi32(both);
        for (sum, columns) in sums.iter_mut().zip(rows.chunks_exact(16)) {
            // SAFETY: `columns` has 16 bytes.
            let columns = unsafe { _mm_loadu_si128(columns.as_ptr().cast()) };
            let products = _mm256_madd_epi16(both, _mm256_cvtepi8_epi16(columns));
            *sum = _mm256_add_epi32(*sum, products);
        }
    }
    for (sum, out) in sums.iter().zip(out.chunks_exact_mut(8)) {
        // SAFETY: `out` has eight numbers.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), *sum) };
    }
}

#[target_feature(enable = "avx2,popcnt")]
fn hamming(a: &[u64], b: &[u64]) -> u32 {
    scalar::hamming(a, b)
}

#[target_feature(enable = "avx2,popcnt")]
fn bit_planes_dot(code: &[u64], planes: &[u64]) -> u32 {
    scalar::bit_planes_dot(code, planes)
}

#[target_feature(enable = "avx2,fma")]
fn panel_dot(points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    let mut points = points;
    let mut out = out;
    while points.len() >= 6 * dim {
        panel_rows::<6>(&points[..6 * dim], dim, panel, &mut out[..6 * PANEL]);
        (points, out) = (&points[6 * dim..], &mut out[6 * PANEL..]);
    }
    for (point, sums) in points.chunks_exact(dim).zip(out.chunks_exact_mut(PANEL)) {
        panel_rows::<1>(point, dim, panel, sums);
    }
}

/// `N` points at once against sixteen columns at a time: 2·N running sums stay in registers.
#[target_feature(enable = "avx2,fma")]
fn panel_rows<const N: usize>(points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    assert!(points.len() == N * dim && panel.len() == dim * PANEL && out.len() == N * PANEL);
    for first in (0..PANEL).step_by(16) {
        let mut sums = [[_mm256_setzero_ps(); 2]; N];
        for d in 0..dim {
            // SAFETY: `d < dim` and `first + 16 <= PANEL`: inside row `d` of the panel.
            let columns: [__m256; 2] = std::array::from_fn(|c| unsafe {
                _mm256_loadu_ps(panel.as_ptr().add(d * PANEL + first + 8 * c))
            });
            for (p, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `p < N` and `d < dim`, inside `points`.
                let value = _mm256_set1_ps(unsafe { *points.get_unchecked(p * dim + d) });
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = _mm256_fmadd_ps(value, column, *sum);
                }
            }
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(PANEL)) {
            for (sum, out) in sums.iter().zip(out[first..first + 16].chunks_exact_mut(8)) {
                // SAFETY: `out` has eight numbers.
                unsafe { _mm256_storeu_ps(out.as_mut_ptr(), *sum) };
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn fast_scan(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
    let nibble = _mm256_set1_epi8(15);
    let size = low.len();
    // SAFETY: `at` is a multiple of 32 below `size`, the length of both tables and of every block.
    let table = |t: &[u8], at: usize| unsafe { _mm256_loadu_si256(t.as_ptr().add(at).cast()) };
    for (block, out) in codes.chunks_exact(size).zip(sums.chunks_exact_mut(BLOCK)) {
        // Even and odd bytes are summed apart in 16 bits; see the AVX-512 twin.
        let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for at in (0..size).step_by(32) {
            let code = table(block, at);
            let below = _mm256_shuffle_epi8(table(low, at), _mm256_and_si256(code, nibble));
            let above = _mm256_and_si256(_mm256_srli_epi16::<4>(code), nibble);
            let bytes = _mm256_add_epi8(below, _mm256_shuffle_epi8(table(high, at), above));
            even = _mm256_add_epi16(even, bytes);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(bytes));
        }
        even = _mm256_sub_epi16(even, _mm256_slli_epi16::<8>(odd));
        let lanes =
            |x: __m256i| _mm_add_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
        let first = lanes(_mm256_unpacklo_epi16(even, odd));
        let last = lanes(_mm256_unpackhi_epi16(even, odd));
        // SAFETY: `out` is one block of sixteen sums.
        unsafe {
            _mm_storeu_si128(out.as_mut_ptr().cast(), first);
            _mm_storeu_si128(out.as_mut_ptr().add(8).cast(), last);
        }
    }
}

#[target_feature(enable = "avx2")]
fn select_above(
    sums: &[u16],
    factors: &[u8],
    affine: &Affine,
    floor: f32,
    out: &mut Vec<(f32, u32)>,
) {
    let floors = _mm256_set1_ps(floor);
    let whole = sums.len() / 8 * 8;
    for at in (0..whole).step_by(8) {
        // SAFETY: `at + 8 <= whole <= sums.len() == factors.len()`.
        let (sum, factor) = unsafe {
            let sum = _mm_loadu_si128(sums.as_ptr().add(at).cast());
            let factor = _mm_loadl_epi64(factors.as_ptr().add(at).cast());
            (_mm256_cvtepu16_epi32(sum), _mm256_cvtepu8_epi32(factor))
        };
        let scaled = |low: f32, step: f32, x: __m256i| {
            let product = _mm256_mul_ps(_mm256_set1_ps(step), _mm256_cvtepi32_ps(x));
            _mm256_add_ps(_mm256_set1_ps(low), product)
        };
        let factor = scaled(affine.factor_low, affine.factor_step, factor);
        let product = _mm256_mul_ps(factor, scaled(affine.base, affine.step, sum));
        let score = _mm256_add_ps(_mm256_set1_ps(affine.bias), product);
        let mut hits = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(score, floors));
        if hits != 0 {
            let mut scores = [0f32; 8];
            // SAFETY: eight numbers fit the array.
            unsafe { _mm256_storeu_ps(scores.as_mut_ptr(), score) };
            while hits != 0 {
                let lane = hits.trailing_zeros() as usize;
                out.push((scores[lane], (at + lane) as u32));
                hits &= hits - 1;
            }
        }
    }
    let before = out.len();
    scalar::select_above(&sums[whole..], &factors[whole..], affine, floor, out);
    for hit in &mut out[before..] {
        hit.1 += whole as u32;
    }
}
