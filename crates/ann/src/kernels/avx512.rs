//! AVX-512 twins (F, BW, VL, VNNI, VPOPCNTDQ: Ice Lake, Zen 4 and later). Lengths are checked by the callers.

use std::arch::x86_64::*;

use super::{Affine, BLOCK, Kernels, PANEL, scalar};

/// The table of this module where the processor has all the features that its functions name.
pub(super) fn kernels() -> Option<Kernels> {
    let supported = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vpopcntdq");
    // SAFETY (all of the closures): they are reachable only through this table, which exists only
    // where every feature named by a function of this module was detected.
    supported.then_some(Kernels {
        name: "avx512",
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

/// Lanes below `n` (at most 16).
fn mask16(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

/// Sixteen numbers at `at`, zeros past the end of the slice.
#[target_feature(enable = "avx512f")]
fn load_ps(a: &[f32], at: usize) -> __m512 {
    let left = (a.len() - at).min(16);
    // SAFETY: the mask keeps the load inside the slice: `at + left <= a.len()`.
    unsafe { _mm512_maskz_loadu_ps(mask16(left), a.as_ptr().add(at)) }
}

#[target_feature(enable = "avx512f")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut s0, mut s1) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    let (mut s2, mut s3) = (s0, s1);
    let whole = a.len() / 64 * 64;
    let mut at = 0;
    while at < whole {
        // SAFETY: `at + 64 <= whole <= a.len() == b.len()`.
        unsafe {
            let (p, q) = (a.as_ptr().add(at), b.as_ptr().add(at));
            s0 = _mm512_fmadd_ps(_mm512_loadu_ps(p), _mm512_loadu_ps(q), s0);
            s1 = _mm512_fmadd_ps(_mm512_loadu_ps(p.add(16)), _mm512_loadu_ps(q.add(16)), s1);
            s2 = _mm512_fmadd_ps(_mm512_loadu_ps(p.add(32)), _mm512_loadu_ps(q.add(32)), s2);
            s3 = _mm512_fmadd_ps(_mm512_loadu_ps(p.add(48)), _mm512_loadu_ps(q.add(48)), s3);
        }
        at += 64;
    }
    while at < a.len() {
        s0 = _mm512_fmadd_ps(load_ps(a, at), load_ps(b, at), s0);
        at += 16;
    }
    _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)))
}

#[target_feature(enable = "avx512f")]
fn l2(a: &[f32], b: &[f32]) -> f32 {
    let (mut s0, mut s1) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    let mut at = 0;
    while at + 16 < a.len() {
        let d0 = _mm512_sub_ps(load_ps(a, at), load_ps(b, at));
        let d1 = _mm512_sub_ps(load_ps(a, at + 16), load_ps(b, at + 16));
        s0 = _mm512_fmadd_ps(d0, d0, s0);
        s1 = _mm512_fmadd_ps(d1, d1, s1);
        at += 32;
    }
    if at < a.len() {
        let d = _mm512_sub_ps(load_ps(a, at), load_ps(b, at));
        s0 = _mm512_fmadd_ps(d, d, s0);
    }
    _mm512_reduce_add_ps(_mm512_add_ps(s0, s1))
}

#[target_feature(enable = "avx512f")]
fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    let factor = _mm512_set1_ps(scale);
    let mut at = 0;
    while at < target.len() {
        let mask = mask16((target.len() - at).min(16));
        let sum = _mm512_fmadd_ps(factor, load_ps(source, at), load_ps(target, at));
        // SAFETY: the mask keeps the store inside the slice.
        unsafe { _mm512_mask_storeu_ps(target.as_mut_ptr().add(at), mask, sum) };
        at += 16;
    }
}

/// Thirty-two bytes at `at` widened to 16 bits, zeros past the end of the slice.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load_i8_wide(a: &[i8], at: usize) -> __m512i {
    let left = (a.len() - at).min(32);
    let mask = ((1u64 << left) - 1) as __mmask32;
    // SAFETY: the mask keeps the load inside the slice: `at + left <= a.len()`.
    unsafe { _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, a.as_ptr().add(at))) }
}

/// Thirty-two 16-bit numbers at `at`, zeros past the end of the slice.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_i16(a: &[i16], at: usize) -> __m512i {
    let left = (a.len() - at).min(32);
    let mask = ((1u64 << left) - 1) as __mmask32;
    // SAFETY: the mask keeps the load inside the slice: `at + left <= a.len()`.
    unsafe { _mm512_maskz_loadu_epi16(mask, a.as_ptr().add(at)) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    let mut sum = _mm512_setzero_si512();
    for at in (0..a.len()).step_by(32) {
        sum = _mm512_dpwssd_epi32(sum, load_i8_wide(a, at), load_i8_wide(b, at));
    }
    _mm512_reduce_add_epi32(sum)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dot_i16_i8(query: &[i16], code: &[i8]) -> i32 {
    let (mut s0, mut s1) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let whole = code.len() / 64 * 64;
    let mut at = 0;
    while at < whole {
        // SAFETY: `at + 64 <= whole <= code.len() == query.len()`.
        unsafe {
            let (q, x) = (query.as_ptr().add(at), code.as_ptr().add(at));
            let x0 = _mm512_cvtepi8_epi16(_mm256_loadu_si256(x.cast()));
            let x1 = _mm512_cvtepi8_epi16(_mm256_loadu_si256(x.add(32).cast()));
            s0 = _mm512_dpwssd_epi32(s0, _mm512_loadu_si512(q.cast()), x0);
            s1 = _mm512_dpwssd_epi32(s1, _mm512_loadu_si512(q.add(32).cast()), x1);
        }
        at += 64;
    }
    while at < code.len() {
        s0 = _mm512_dpwssd_epi32(s0, load_i16(query, at), load_i8_wide(code, at));
        at += 32;
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn panel_dot_i8(query: &[i16], panel: &[i8], out: &mut [i32]) {
    let mut sums = [_mm512_setzero_si512(); PANEL / 16];
    for (pair, rows) in query.chunks_exact(2).zip(panel.chunks_exact(2 * PANEL)) {
        let both = i32::from(pair[0]) & 0xffff | i32::from(pair[1]) << 16;
        let both = _mm512_set1_epi32(both);
        for (sum, columns) in sums.iter_mut().zip(rows.chunks_exact(32)) {
            // SAFETY: `columns` has 32 bytes.
            let columns = unsafe { _mm256_loadu_si256(columns.as_ptr().cast()) };
            *sum = _mm512_dpwssd_epi32(*sum, both, _mm512_cvtepi8_epi16(columns));
        }
    }
    for (sum, out) in sums.iter().zip(out.chunks_exact_mut(16)) {
        // SAFETY: `out` has sixteen numbers.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *sum) };
    }
}

/// Eight words at `at`, zeros past the end of the slice.
#[target_feature(enable = "avx512f")]
fn load_u64(a: &[u64], at: usize) -> __m512i {
    let left = (a.len() - at).min(8);
    let mask = ((1u32 << left) - 1) as __mmask8;
    // SAFETY: the mask keeps the load inside the slice: `at + left <= a.len()`.
    unsafe { _mm512_maskz_loadu_epi64(mask, a.as_ptr().add(at).cast()) }
}

#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn hamming(a: &[u64], b: &[u64]) -> u32 {
    let mut sum = _mm512_setzero_si512();
    for at in (0..a.len()).step_by(8) {
        let differing = _mm512_xor_si512(load_u64(a, at), load_u64(b, at));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(differing));
    }
    _mm512_reduce_add_epi64(sum) as u32
}

#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn bit_planes_dot(code: &[u64], planes: &[u64]) -> u32 {
    let words = code.len();
    let mut sums = [_mm512_setzero_si512(); 4];
    for at in (0..words).step_by(8) {
        let bits = load_u64(code, at);
        for (p, sum) in sums.iter_mut().enumerate() {
            let common =
                _mm512_and_si512(bits, load_u64(&planes[..(p + 1) * words], p * words + at));
            *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(common));
        }
    }
    let high = _mm512_add_epi64(_mm512_slli_epi64::<1>(sums[3]), sums[2]);
    let low = _mm512_add_epi64(_mm512_slli_epi64::<1>(sums[1]), sums[0]);
    _mm512_reduce_add_epi64(_mm512_add_epi64(_mm512_slli_epi64::<2>(high), low)) as u32
}

#[target_feature(enable = "avx512f")]
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

/// `N` points at once: 4·N running sums stay in registers while the panel streams by.
#[target_feature(enable = "avx512f")]
fn panel_rows<const N: usize>(points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    assert!(points.len() == N * dim && panel.len() == dim * PANEL && out.len() == N * PANEL);
    let mut sums = [[_mm512_setzero_ps(); 4]; N];
    for d in 0..dim {
        // SAFETY: `d < dim`, so the row `d` of 64 columns is inside the panel.
        let columns: [__m512; 4] = std::array::from_fn(|c| unsafe {
            _mm512_loadu_ps(panel.as_ptr().add(d * PANEL + 16 * c))
        });
        for (p, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `p < N` and `d < dim`, inside `points`.
            let value = _mm512_set1_ps(unsafe { *points.get_unchecked(p * dim + d) });
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = _mm512_fmadd_ps(value, column, *sum);
            }
        }
    }
    for (sums, out) in sums.iter().zip(out.chunks_exact_mut(PANEL)) {
        for (sum, out) in sums.iter().zip(out.chunks_exact_mut(16)) {
            // SAFETY: `out` has sixteen numbers.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sum) };
        }
    }
}

/// Four pairs of sub-quantisers of sixteen vectors: 128 look-ups in two shuffles.
#[target_feature(enable = "avx512f,avx512bw")]
fn look_up(codes: __m512i, low: __m512i, high: __m512i) -> __m512i {
    let nibble = _mm512_set1_epi8(15);
    let below = _mm512_shuffle_epi8(low, _mm512_and_si512(codes, nibble));
    let above = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), nibble);
    _mm512_add_epi8(below, _mm512_shuffle_epi8(high, above))
}

#[target_feature(enable = "avx512f,avx512bw")]
fn fast_scan(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
    let size = low.len();
    let table = |t: &[u8], at: usize| {
        // SAFETY: `at` is a multiple of 64 below `size`, itself a multiple of 64 and the length of both
        // tables and of every block.
        unsafe { _mm512_loadu_si512(t.as_ptr().add(at).cast()) }
    };
    for (block, out) in codes.chunks_exact(size).zip(sums.chunks_exact_mut(BLOCK)) {
        // Each 16-bit lane of `even` gathers the sum of its low byte plus 256 times that of its high
        // byte; `odd` gathers the high bytes alone and repairs `even` at the end.
        let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        let mut at = 0;
        while at + 64 < size {
            let first = look_up(table(block, at), table(low, at), table(high, at));
            let next = at + 64;
            let second = look_up(table(block, next), table(low, next), table(high, next));
            let bytes = _mm512_add_epi8(first, second);
            even = _mm512_add_epi16(even, bytes);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16::<8>(bytes));
            at += 128;
        }
        if at < size {
            let bytes = look_up(table(block, at), table(low, at), table(high, at));
            even = _mm512_add_epi16(even, bytes);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16::<8>(bytes));
        }
        even = _mm512_sub_epi16(even, _mm512_slli_epi16::<8>(odd));
        store_lane_sums(even, odd, out);
    }
}

/// Adds the four lanes of each register and interleaves even and odd vectors.
#[target_feature(enable = "avx512f,avx512bw")]
fn store_lane_sums(even: __m512i, odd: __m512i, out: &mut [u16]) {
    // Interleaving first leaves one tree of additions for both.
    let first = _mm512_unpacklo_epi16(even, odd);
    let last = _mm512_unpackhi_epi16(even, odd);
    let halves = |x: __m512i| {
        let sum = _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x));
        _mm_add_epi16(
            _mm256_castsi256_si128(sum),
            _mm256_extracti128_si256::<1>(sum),
        )
    };
    let (first, last) = (halves(first), halves(last));
    // SAFETY: `out` is one block of sixteen sums.
    unsafe {
        _mm_storeu_si128(out.as_mut_ptr().cast(), first);
        _mm_storeu_si128(out.as_mut_ptr().add(8).cast(), last);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn select_above(
    sums: &[u16],
    factors: &[u8],
    affine: &Affine,
    floor: f32,
    out: &mut Vec<(f32, u32)>,
) {
    let floors = _mm512_set1_ps(floor);
    let whole = sums.len() / 16 * 16;
    let least = _mm256_set1_epi16(affine.least_sum(floor) as i16);
    for at in (0..whole).step_by(16) {
        // SAFETY: `at + 16 <= whole <= sums.len()`.
        let sum = unsafe { _mm256_loadu_si256(sums.as_ptr().add(at).cast()) };
        if _mm256_cmpge_epu16_mask(sum, least) == 0 {
            continue;
        }
        // SAFETY: `at + 16 <= whole <= sums.len() == factors.len()`.
        let (sum, factor) = unsafe {
            let sum = _mm256_loadu_si256(sums.as_ptr().add(at).cast());
            let factor = _mm_loadu_si128(factors.as_ptr().add(at).cast());
            (_mm512_cvtepu16_epi32(sum), _mm512_cvtepu8_epi32(factor))
        };
        let scaled = |low: f32, step: f32, x: __m512i| {
            let product = _mm512_mul_ps(_mm512_set1_ps(step), _mm512_cvtepi32_ps(x));
            _mm512_add_ps(_mm512_set1_ps(low), product)
        };
        let factor = scaled(affine.factor_low, affine.factor_step, factor);
        let product = _mm512_mul_ps(factor, scaled(affine.base, affine.step, sum));
        let score = _mm512_add_ps(_mm512_set1_ps(affine.bias), product);
        let mut hits = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(score, floors);
        if hits != 0 {
            let mut scores = [0f32; 16];
            // SAFETY: sixteen numbers fit the array.
            unsafe { _mm512_storeu_ps(scores.as_mut_ptr(), score) };
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
