//! Numbers in other places: windows of pictures, other shapes, rotary positions.

use std::sync::Arc;

use super::Matrix;
use super::product::{matrix, slice};
use super::tape::{Tape, Var};

/// The place of a number that is always zero: what lies beyond a picture's edge.
pub const NOWHERE: u32 = u32::MAX;

/// Angles of rotary positions (Su et al., "RoFormer", 2021): sine and cosine for each row and each pair of columns.
#[derive(Debug, Clone)]
pub struct Angles {
    pairs: usize,
    // (cosine, sine), row after row.
    turns: Vec<(f32, f32)>,
}

impl Angles {
    /// Position `p` turns pair `k` of `width / 2` by `p * base^(-2k / width)`.
    pub fn new(positions: impl IntoIterator<Item = usize>, width: usize, base: f64) -> Angles {
        let pairs = width / 2;
        let speed = |k: usize| base.powf(-2.0 * k as f64 / width as f64);
        let turns = positions.into_iter().flat_map(|position| {
            (0..pairs).map(move |k| {
                let (sine, cosine) = (position as f64 * speed(k)).sin_cos();
                (cosine as f32, sine as f32)
            })
        });
        Angles {
            pairs,
            turns: turns.collect(),
        }
    }

    /// Turns the rows of a matrix; `way` is 1 for turning and -1 for turning back. There may be more rows than positions:
    /// texts of one length one after another.
    pub fn turn(&self, rows: &Matrix, way: f32) -> Matrix {
        let mut out = rows.clone();
        let turns = self.turns.chunks_exact(self.pairs).cycle();
        for (mut row, turns) in out.rows_mut().into_iter().zip(turns) {
            for (pair, &(cosine, sine)) in turns.iter().enumerate() {
                let (x, y) = (row[2 * pair], row[2 * pair + 1]);
                row[2 * pair] = x * cosine - way * y * sine;
                row[2 * pair + 1] = x * way * sine + y * cosine;
            }
        }
        out
    }
}

impl Tape {
    /// The same numbers, row after row, in rows of another length.
    pub fn reshaped(&mut self, a: Var, columns: usize) -> Var {
        let numbers = slice(self.value(a)).to_vec();
        let (rows, before) = (numbers.len() / columns, self.value(a).dim());
        let value = matrix(rows, columns, numbers);
        self.computed(value, move |seen, sums| {
            let back = slice(seen.gradient).to_vec();
            sums.add(a, matrix(before.0, before.1, back));
        })
    }

    /// From every row the numbers at these places, which may repeat; [`NOWHERE`] gives zero.
    pub fn gathered(&mut self, a: Var, places: &Arc<[u32]>) -> Var {
        let from = self.value(a);
        let (rows, width) = from.dim();
        let mut picked = Vec::with_capacity(rows * places.len());
        for row in slice(from).chunks_exact(width) {
            let each = places.iter();
            picked.extend(each.map(|&at| row.get(at as usize).copied().unwrap_or(0.0)));
        }
        let value = matrix(rows, places.len(), picked);
        let places = Arc::clone(places);
        self.computed(value, move |seen, sums| {
            let mut whole = vec![0.0; rows * width];
            let parts = slice(seen.gradient).chunks_exact(places.len());
            for (row, part) in whole.chunks_exact_mut(width).zip(parts) {
                for (&at, g) in places.iter().zip(part) {
                    if let Some(sum) = row.get_mut(at as usize) {
                        *sum += g;
                    }
                }
            }
            sums.add(a, matrix(rows, width, whole));
        })
    }

    /// Every row turned by its position's angles.
    pub fn turned(&mut self, a: Var, angles: &Arc<Angles>) -> Var {
        let value = angles.turn(self.value(a), 1.0);
        let angles = Arc::clone(angles);
        self.computed(value, move |seen, sums| {
            sums.add(a, angles.turn(seen.gradient, -1.0));
        })
    }
}
