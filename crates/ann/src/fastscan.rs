//! Four-bit codes scanned sixteen vectors at a time with tables that live in registers.
//! (André, Kermarrec and Le Scouarnec 2015.) The layout is told at [`crate::kernels::fast_scan`].

use crate::kernels::{BLOCK, LUT_MAX};

/// Bytes of one block of `parts` four-bit codes: pairs come in fours.
pub fn block_bytes(parts: usize) -> usize {
    parts.div_ceil(8) * 4 * BLOCK
}

/// Packs codes (rows of `parts` bytes below 16) into whole blocks; the last one is filled with zeros.
pub fn pack(codes: &[u8], parts: usize) -> Vec<u8> {
    let count = codes.len() / parts;
    let mut blocks = vec![0; count.div_ceil(BLOCK) * block_bytes(parts)];
    for (i, row) in codes.chunks_exact(parts).enumerate() {
        put(&mut blocks, i, row);
    }
    blocks
}

/// Writes the codes of vector `i` into blocks that hold zeros there.
pub fn put(blocks: &mut [u8], i: usize, codes: &[u8]) {
    let block = &mut blocks[i / BLOCK * block_bytes(codes.len())..];
    for (part, code) in codes.iter().enumerate() {
        block[part / 2 * BLOCK + i % BLOCK] |= (code & 15) << (4 * (part % 2));
    }
}

/// The codes of vector `i`, one a part.
pub fn get(blocks: &[u8], i: usize, codes: &mut [u8]) {
    let block = &blocks[i / BLOCK * block_bytes(codes.len())..];
    for (part, code) in codes.iter_mut().enumerate() {
        *code = (block[part / 2 * BLOCK + i % BLOCK] >> (4 * (part % 2))) & 15;
    }
}

/// The sum of full-precision table entries (16 a part) over the codes of vector `i`.
pub fn exact_sum(blocks: &[u8], i: usize, table: &[f32]) -> f32 {
    let block = &blocks[i / BLOCK * block_bytes(table.len() / 16)..];
    let mut sums = [0f32; 2];
    for (pair, tables) in table.chunks_exact(32).enumerate() {
        let code = usize::from(block[pair * BLOCK + i % BLOCK]);
        sums[0] += tables[code & 15];
        sums[1] += tables[16 + (code >> 4)];
    }
    if table.len() % 32 == 16 {
        let last = table.len() / 16 - 1;
        let code = usize::from(block[last / 2 * BLOCK + i % BLOCK]);
        sums[0] += table[last * 16 + (code & 15)];
    }
    sums[0] + sums[1]
}

/// Tables of one query in six bits: `entry ≈ base_part + step·byte`.
#[derive(Debug, Clone, Default)]
pub struct Lut {
    /// Tables of even parts.
    pub low: Vec<u8>,
    /// Tables of odd parts.
    pub high: Vec<u8>,
    /// Sum of the smallest entries.
    pub base: f32,
    /// What one unit of a sum is worth.
    pub step: f32,
}

impl Lut {
    /// Quantises full-precision tables (16 entries a part) with one step for all parts. The error of a
    /// sum is at most half a step a part.
    pub fn set(&mut self, table: &[f32]) {
        let parts = table.len() / 16;
        let bytes = block_bytes(parts);
        for side in [&mut self.low, &mut self.high] {
            side.clear();
            side.resize(bytes, 0);
        }
        let bounds = |row: &[f32]| {
            row.iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &x| {
                    (a.min(x), b.max(x))
                })
        };
        let (mut base, mut range) = (0.0, 0f32);
        for row in table.chunks_exact(16) {
            let (least, greatest) = bounds(row);
            base += least;
            range = range.max(greatest - least);
        }
        (self.base, self.step) = (base, range / f32::from(LUT_MAX));
        let inverse = if range > 0.0 {
            f32::from(LUT_MAX) / range
        } else {
            0.0
        };
        for (part, row) in table.chunks_exact(16).enumerate() {
            let side = if part % 2 == 0 {
                &mut self.low
            } else {
                &mut self.high
            };
            let least = bounds(row).0;
            for (entry, x) in side[part / 2 * 16..].iter_mut().zip(row) {
                // Conversion clamps; the bound is kept even for NaN (0) and rounding up.
                *entry = (((x - least) * inverse + 0.5) as u8).min(LUT_MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels;
    use crate::random::Random;
    use proptest::prelude::*;

    fn codes(parts: usize, count: usize, seed: u64) -> Vec<u8> {
        let mut random = Random::new(seed);
        (0..parts * count)
            .map(|_| (random.next() % 16) as u8)
            .collect()
    }

    proptest! {
        #[test]
        fn packed_codes_come_back(parts in 1usize..40, count in 0usize..40, seed: u64) {
            let codes = codes(parts, count, seed);
            let blocks = pack(&codes, parts);
            let mut row = vec![0; parts];
            for (i, expected) in codes.chunks_exact(parts).enumerate() {
                get(&blocks, i, &mut row);
                prop_assert_eq!(&row[..], expected);
            }
        }

        #[test]
        fn scanned_sums_are_within_half_a_step_a_part(parts in 1usize..70, seed: u64) {
            let mut random = Random::new(seed);
            let table: Vec<f32> = (0..parts * 16).map(|_| random.normal()).collect();
            let blocks = pack(&codes(parts, 20, seed), parts);
            let mut lut = Lut::default();
            lut.set(&table);
            let mut sums = vec![0; 32];
            kernels::fast_scan(&blocks, &lut.low, &lut.high, &mut sums);
            for (i, &sum) in sums[..20].iter().enumerate() {
                let exact = exact_sum(&blocks, i, &table);
                let got = lut.base + lut.step * f32::from(sum);
                let bound = 0.5 * lut.step * parts as f32 + 1e-3;
                prop_assert!((got - exact).abs() <= bound, "{} {} {}", got, exact, bound);
            }
        }
    }

    #[test]
    fn hostile_tables_stay_in_bounds() {
        let mut lut = Lut::default();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            let mut table = vec![-f32::MAX; 16 * 9];
            table[7] = value;
            lut.set(&table);
            assert!(lut.low.iter().chain(&lut.high).all(|&x| x <= LUT_MAX));
        }
    }
}
