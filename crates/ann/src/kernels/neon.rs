//! NEON twins (every aarch64 processor). Kernels without a twin here use the plain one, which the compiler
//! vectorises for aarch64. Lengths are checked by the callers.

use std::arch::aarch64::*;

use super::{BLOCK, Kernels, SCALAR, scalar};

/// The table of this module where the processor has NEON.
pub(super) fn kernels() -> Option<Kernels> {
    // SAFETY (all of the closures): they are reachable only through this table, which exists only
    // where NEON was detected.
    std::arch::is_aarch64_feature_detected!("neon").then_some(Kernels {
        name: "neon",
        // SAFETY: as above.
        dot: |a, b| unsafe { dot(a, b) },
        // SAFETY: as above.
        l2: |a, b| unsafe { l2(a, b) },
        // SAFETY: as above.
        dot_i16_i8: |q, x| unsafe { dot_i16_i8(q, x) },
        // SAFETY: as above.
        fast_scan: |c, l, h, s| unsafe { fast_scan(c, l, h, s) },
        ..SCALAR
    })
}

#[target_feature(enable = "neon")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [vdupq_n_f32(0.0); 4];
    let whole = a.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `at + 16 <= whole <= a.len() == b.len()`.
            let (x, y) = unsafe {
                let at = at + 4 * i;
                (vld1q_f32(a.as_ptr().add(at)), vld1q_f32(b.as_ptr().add(at)))
            };
            *sum = vfmaq_f32(*sum, x, y);
        }
    }
    let [s0, s1, s2, s3] = sums;
    let sum = vaddvq_f32(vaddq_f32(vaddq_f32(s0, s1), vaddq_f32(s2, s3)));
    sum + scalar::dot(&a[whole..], &b[whole..])
}

#[target_feature(enable = "neon")]
fn l2(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = vdupq_n_f32(0.0);
    let whole = a.len() / 4 * 4;
    for at in (0..whole).step_by(4) {
        // SAFETY: `at + 4 <= whole <= a.len() == b.len()`.
        let (x, y) = unsafe { (vld1q_f32(a.as_ptr().add(at)), vld1q_f32(b.as_ptr().add(at))) };
        let difference = vsubq_f32(x, y);
        sum = vfmaq_f32(sum, difference, difference);
    }
    vaddvq_f32(sum) + scalar::l2(&a[whole..], &b[whole..])
}

#[target_feature(enable = "neon")]
fn dot_i16_i8(query: &[i16], code: &[i8]) -> i32 {
    let mut sum = vdupq_n_s32(0);
    let whole = code.len() / 8 * 8;
    for at in (0..whole).step_by(8) {
        // SAFETY: `at + 8 <= whole <= code.len() == query.len()`.
        let (q, x) = unsafe {
            (
                vld1q_s16(query.as_ptr().add(at)),
                vmovl_s8(vld1_s8(code.as_ptr().add(at))),
            )
        };
        sum = vmlal_s16(sum, vget_low_s16(q), vget_low_s16(x));
        sum = vmlal_high_s16(sum, q, x);
    }
    vaddvq_s32(sum) + scalar::dot_i16_i8(&query[whole..], &code[whole..])
}

#[target_feature(enable = "neon")]
fn fast_scan(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
    let nibble = vdupq_n_u8(15);
    let size = low.len();
    // SAFETY: `at` is a multiple of 16 below `size`, the length of both tables and of every block.
    let table = |t: &[u8], at: usize| unsafe { vld1q_u8(t.as_ptr().add(at)) };
    for (block, out) in codes.chunks_exact(size).zip(sums.chunks_exact_mut(BLOCK)) {
        let (mut first, mut last) = (vdupq_n_u16(0), vdupq_n_u16(0));
        for at in (0..size).step_by(BLOCK) {
            let code = table(block, at);
            let below = vqtbl1q_u8(table(low, at), vandq_u8(code, nibble));
            let bytes = vaddq_u8(below, vqtbl1q_u8(table(high, at), vshrq_n_u8::<4>(code)));
            first = vaddw_u8(first, vget_low_u8(bytes));
            last = vaddw_high_u8(last, bytes);
        }
        // SAFETY: `out` is one block of sixteen sums.
        unsafe {
            vst1q_u16(out.as_mut_ptr(), first);
            vst1q_u16(out.as_mut_ptr().add(8), last);
        }
    }
}
