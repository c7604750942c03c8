//! Inner loops: plain Rust, AVX2, AVX-512 and NEON twins, chosen once when first used.
//!
//! Integer kernels are exact in every twin. `panel_dot` and `select_above` fix the order and the rounding of
//! their arithmetic and agree to the bit. `dot`, `l2` and `add_scaled` may sum in another order or fuse, so
//! twins differ by at most `n · ε · Σ|aᵢ·bᵢ|` (ε = 2⁻²³): the usual bound of f32 summation.
//!
//! A NaN in the input gives a NaN (or a score that no floor admits), never a panic. Denormals are ordinary numbers.

mod scalar;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // vector intrinsics load through pointers
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // vector intrinsics load through pointers
mod avx512;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)] // vector intrinsics load through pointers
mod neon;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// Vectors in one block of four-bit codes.
pub const BLOCK: usize = 16;

/// Columns in one panel of [`panel_dot`].
pub const PANEL: usize = 64;

/// Largest entry of a quantised table: four entries must add up in one byte.
pub const LUT_MAX: u8 = 63;

/// How scanned sums become scores: `bias + (f_low + f_step·factor) · (base + step·sum)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// Added to every score: the cell's own share.
    pub bias: f32,
    /// Sum of the tables' smallest entries.
    pub base: f32,
    /// Score of one step of the quantised tables.
    pub step: f32,
    /// Correction factor of the stored byte 0.
    pub factor_low: f32,
    /// Growth of the correction factor per step of the stored byte.
    pub factor_step: f32,
}

impl Affine {
    /// The score of one scanned sum; every product and sum is rounded apart, as in the SIMD twins.
    #[inline]
    pub fn score(&self, sum: u16, factor: u8) -> f32 {
        let factor = self.factor_low + self.factor_step * f32::from(factor);
        self.bias + factor * (self.base + self.step * f32::from(sum))
    }

    /// A sum below which no factor reaches `floor`: most codes need no more than this one comparison.
    pub(crate) fn least_sum(&self, floor: f32) -> u16 {
        let (low, high) = (self.factor_low, self.factor_low + 255.0 * self.factor_step);
        // Score − bias = factor · share. When it must be positive, the greatest factor asks least of the
        // share; when it may be negative, the least factor does.
        let wanted = floor - self.bias;
        let factor = if wanted > 0.0 { high } else { low };
        if !(low > 0.0 && high >= low && self.step > 0.0 && factor.is_finite()) {
            return 0;
        }
        // A little less than the bound, for the rounding of the full computation; the conversion clamps,
        // and makes NaN 0.
        let sum = (wanted / factor - self.base) / self.step;
        (sum - 1.0 - 1e-4 * sum.abs()) as u16
    }
}

type FastScan = fn(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]);
type SelectAbove = fn(&[u16], &[u8], &Affine, floor: f32, out: &mut Vec<(f32, u32)>);

/// One implementation of every kernel.
#[derive(Clone, Copy)]
pub(crate) struct Kernels {
    pub(crate) name: &'static str,
    dot: fn(&[f32], &[f32]) -> f32,
    l2: fn(&[f32], &[f32]) -> f32,
    add_scaled: fn(&mut [f32], f32, &[f32]),
    dot_i8: fn(&[i8], &[i8]) -> i32,
    dot_i16_i8: fn(&[i16], &[i8]) -> i32,
    panel_dot_i8: fn(&[i16], &[i8], &mut [i32]),
    hamming: fn(&[u64], &[u64]) -> u32,
    bit_planes_dot: fn(&[u64], &[u64]) -> u32,
    panel_dot: fn(&[f32], usize, &[f32], &mut [f32]),
    fast_scan: FastScan,
    select_above: SelectAbove,
}

pub(crate) const SCALAR: Kernels = Kernels {
    name: "scalar",
    dot: scalar::dot,
    l2: scalar::l2,
    add_scaled: scalar::add_scaled,
    dot_i8: scalar::dot_i8,
    dot_i16_i8: scalar::dot_i16_i8,
    panel_dot_i8: scalar::panel_dot_i8,
    hamming: scalar::hamming,
    bit_planes_dot: scalar::bit_planes_dot,
    panel_dot: scalar::panel_dot,
    fast_scan: scalar::fast_scan,
    select_above: scalar::select_above,
};

/// Every implementation that this machine can run, the plain one first, the fastest last.
pub(crate) fn available() -> Vec<Kernels> {
    let mut found = vec![SCALAR];
    #[cfg(target_arch = "x86_64")]
    {
        found.extend(avx2::kernels());
        found.extend(avx512::kernels());
    }
    #[cfg(target_arch = "aarch64")]
    found.extend(neon::kernels());
    found
}

/// The implementation in use.
fn chosen() -> &'static Kernels {
    static CHOSEN: OnceLock<Kernels> = OnceLock::new();
    CHOSEN.get_or_init(|| available().pop().unwrap_or(SCALAR))
}

/// The name of the implementation in use: `scalar`, `avx2`, `avx512` or `neon`.
pub fn implementation() -> &'static str {
    chosen().name
}

impl Kernels {
    pub(crate) fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "dot of different lengths");
        (self.dot)(a, b)
    }

    pub(crate) fn l2(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "distance of different lengths");
        (self.l2)(a, b)
    }

    pub(crate) fn add_scaled(&self, target: &mut [f32], scale: f32, source: &[f32]) {
        assert_eq!(target.len(), source.len(), "sum of different lengths");
        (self.add_scaled)(target, scale, source);
    }

    pub(crate) fn dot_i8(&self, a: &[i8], b: &[i8]) -> i32 {
        assert_eq!(a.len(), b.len(), "dot of different lengths");
        (self.dot_i8)(a, b)
    }

    pub(crate) fn dot_i16_i8(&self, query: &[i16], code: &[i8]) -> i32 {
        assert_eq!(query.len(), code.len(), "dot of different lengths");
        (self.dot_i16_i8)(query, code)
    }

    pub(crate) fn panel_dot_i8(&self, query: &[i16], panel: &[i8], out: &mut [i32]) {
        assert!(query.len().is_multiple_of(2), "dimensions in pairs");
        assert_eq!(
            panel.len(),
            query.len() * PANEL,
            "a panel has {PANEL} columns"
        );
        assert_eq!(out.len(), PANEL, "one product a column");
        (self.panel_dot_i8)(query, panel, out);
    }

    pub(crate) fn hamming(&self, a: &[u64], b: &[u64]) -> u32 {
        assert_eq!(a.len(), b.len(), "distance of different lengths");
        (self.hamming)(a, b)
    }

    pub(crate) fn bit_planes_dot(&self, code: &[u64], planes: &[u64]) -> u32 {
        assert_eq!(code.len() * 4, planes.len(), "a query has four planes");
        (self.bit_planes_dot)(code, planes)
    }

    pub(crate) fn panel_dot(&self, points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
        assert!(
            dim > 0 && points.len().is_multiple_of(dim),
            "points of {dim} numbers"
        );
        assert_eq!(panel.len(), dim * PANEL, "a panel has {PANEL} columns");
        assert_eq!(
            out.len(),
            points.len() / dim * PANEL,
            "one row of scores a point"
        );
        (self.panel_dot)(points, dim, panel, out);
    }

    pub(crate) fn fast_scan(&self, codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
        assert_eq!(low.len(), high.len(), "two tables a pair");
        assert!(
            !low.is_empty() && low.len().is_multiple_of(64),
            "pairs come in fours"
        );
        assert!(low.len() <= 512 * 16, "sums fit 16 bits");
        assert!(codes.len().is_multiple_of(low.len()), "whole blocks");
        assert_eq!(
            sums.len(),
            codes.len() / low.len() * BLOCK,
            "one sum a code"
        );
        (self.fast_scan)(codes, low, high, sums);
    }

    pub(crate) fn select_above(
        &self,
        sums: &[u16],
        factors: &[u8],
        affine: &Affine,
        floor: f32,
        out: &mut Vec<(f32, u32)>,
    ) {
        assert_eq!(sums.len(), factors.len(), "one factor a sum");
        (self.select_above)(sums, factors, affine, floor, out);
    }
}

/// Inner product. Panics when the lengths differ.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    chosen().dot(a, b)
}

/// Inner product of the first `prefix` numbers. Panics when either slice is shorter.
#[inline]
pub fn prefix_dot(a: &[f32], b: &[f32], prefix: usize) -> f32 {
    chosen().dot(&a[..prefix], &b[..prefix])
}

/// Squared Euclidean distance. Panics when the lengths differ.
#[inline]
pub fn l2(a: &[f32], b: &[f32]) -> f32 {
    chosen().l2(a, b)
}

/// `target += scale · source`. Panics when the lengths differ.
#[inline]
pub fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    chosen().add_scaled(target, scale, source);
}

/// Exact inner product of bytes. Exact up to 131,072 numbers. Panics when the lengths differ.
#[inline]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    chosen().dot_i8(a, b)
}

/// Exact inner product of a 16-bit query and an 8-bit code; the caller scales the query so that
/// `127 · Σ|qᵢ| < 2³¹` (see [`crate::scalar::Query16`]). Panics when the lengths differ.
#[inline]
pub fn dot_i16_i8(query: &[i16], code: &[i8]) -> i32 {
    chosen().dot_i16_i8(query, code)
}

/// A 16-bit query against a panel of [`PANEL`] byte columns, exact: `out[c] = Σ_d query[d]·column_c[d]`.
///
/// The panel holds two dimensions at a time: `byte[d/2][c][d%2]`. The same limit on the query as in
/// [`dot_i16_i8`]. Panics when the lengths do not fit.
#[inline]
pub fn panel_dot_i8(query: &[i16], panel: &[i8], out: &mut [i32]) {
    chosen().panel_dot_i8(query, panel, out);
}

/// Bits that differ. Panics when the lengths differ.
#[inline]
pub fn hamming(a: &[u64], b: &[u64]) -> u32 {
    chosen().hamming(a, b)
}

/// A one-bit code against a query quantised to four bits, given as four bit planes one after another (lowest
/// first): `Σₚ 2ᵖ·|code ∧ planeₚ|`. Panics unless `planes` is four times as long.
#[inline]
pub fn bit_planes_dot(code: &[u64], planes: &[u64]) -> u32 {
    chosen().bit_planes_dot(code, planes)
}

/// Points against a panel of [`PANEL`] columns stored dimension by dimension:
/// `out[p][c] = Σ_d points[p][d]·panel[d][c]`. Panics when the lengths do not fit.
#[inline]
pub fn panel_dot(points: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    chosen().panel_dot(points, dim, panel, out);
}

/// Sums of table entries for blocks of [`BLOCK`] four-bit codes.
///
/// ```text
/// block = pair*          pair = byte[16]      byte v of pair p = code(2p, v) | code(2p+1, v) << 4
/// low   = table(0), table(2), ...            high = table(1), table(3), ...    table = byte[16], ≤ LUT_MAX
/// ```
/// `sums[16·b + v] = Σₚ low[p][code(2p, v)] + high[p][code(2p+1, v)]`. Pairs come in fours (pad with codes and
/// tables of 0). Table entries above [`LUT_MAX`] give unspecified sums. Panics when the lengths do not fit.
#[inline]
pub fn fast_scan(codes: &[u8], low: &[u8], high: &[u8], sums: &mut [u16]) {
    chosen().fast_scan(codes, low, high, sums);
}

/// Appends (score, position) of every sum whose score is at least `floor`, in the order of positions.
/// A score of NaN is never appended. Panics when there is not one factor a sum.
#[inline]
pub fn select_above(
    sums: &[u16],
    factors: &[u8],
    affine: &Affine,
    floor: f32,
    out: &mut Vec<(f32, u32)>,
) {
    chosen().select_above(sums, factors, affine, floor, out);
}

/// Asks the processor to fetch these bytes: a hint, for codes that are needed a little later.
#[inline]
pub fn prefetch(bytes: &[i8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        #[allow(unsafe_code)] // an intrinsic over a pointer
        // SAFETY: a prefetch reads nothing and cannot fault; the pointer comes from a slice.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
