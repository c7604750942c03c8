//! Keeping the best: an exact bounded heap, and a cheaper pool for long streams of candidates.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One answer: a row and its score, an inner product (greater is nearer).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The caller's row number.
    pub row: u32,
    /// Inner product of query and vector, exact or estimated.
    pub score: f32,
}

impl Hit {
    /// Best first: by score, then by row. NaN is worse than everything.
    pub fn order(&self, other: &Hit) -> Ordering {
        let rank = |score: f32| {
            if score.is_nan() {
                f32::NEG_INFINITY
            } else {
                score
            }
        };
        rank(other.score)
            .total_cmp(&rank(self.score))
            .then(self.row.cmp(&other.row))
    }
}

/// A hit ordered so that the heap's greatest is the worst.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Worst(Hit);

impl Eq for Worst {}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Worst) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Worst {
    fn cmp(&self, other: &Worst) -> Ordering {
        self.0.order(&other.0)
    }
}

/// The `k` best hits of a stream, exactly; ties go to the smaller row.
#[derive(Debug, Clone)]
pub struct TopK {
    heap: BinaryHeap<Worst>,
    k: usize,
}

impl TopK {
    /// Room for `k`.
    pub fn new(k: usize) -> TopK {
        TopK {
            heap: BinaryHeap::with_capacity(k.min(4096) + 1),
            k,
        }
    }

    /// Offers a hit. NaN is never kept.
    pub fn push(&mut self, hit: Hit) {
        if self.k == 0 || hit.score.is_nan() {
            return;
        }
        if self.heap.len() < self.k {
            self.heap.push(Worst(hit));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit.order(&worst.0).is_lt()
        {
            *worst = Worst(hit);
        }
    }

    /// The score that a new hit must reach; −∞ while there is room.
    pub fn floor(&self) -> f32 {
        if self.heap.len() < self.k {
            return f32::NEG_INFINITY;
        }
        self.heap
            .peek()
            .map_or(f32::INFINITY, |worst| worst.0.score)
    }

    /// The kept hits, best first.
    pub fn into_sorted(self) -> Vec<Hit> {
        self.heap
            .into_sorted_vec()
            .into_iter()
            .map(|worst| worst.0)
            .collect()
    }
}

/// A pool of candidates from which about the best `keep` are wanted: entries are appended, and when the pool
/// is twice full it is cut at the `keep`-th best, which becomes the floor. Amortised O(1) a candidate.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    entries: Vec<(f32, u32)>,
    keep: usize,
    floor: f32,
}

impl Pool {
    /// Empties the pool and sets how many to keep (at least one).
    pub fn reset(&mut self, keep: usize) {
        self.entries.clear();
        self.keep = keep.max(1);
        self.floor = f32::NEG_INFINITY;
    }

    /// The score that a candidate must reach to matter.
    pub fn floor(&self) -> f32 {
        self.floor
    }

    /// The entries, for appending candidates at or above the floor; call [`Pool::settle`] afterwards.
    pub fn entries(&mut self) -> &mut Vec<(f32, u32)> {
        &mut self.entries
    }

    /// Cuts the pool when it has grown to twice what is kept.
    pub fn settle(&mut self) {
        if self.entries.len() >= 2 * self.keep {
            self.cut(self.keep);
            self.floor = self.entries[self.keep - 1].0;
        }
    }

    /// The best `n` entries, in no order.
    pub fn best(&mut self, n: usize) -> &[(f32, u32)] {
        if self.entries.len() > n {
            self.cut(n);
        }
        &self.entries
    }

    fn cut(&mut self, n: usize) {
        if n == 0 {
            return self.entries.clear();
        }
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        self.entries.select_nth_unstable_by(n - 1, order);
        self.entries.truncate(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_heap_keeps_what_sorting_keeps() {
        let mut random = Random::new(1);
        for k in [0, 1, 3, 10, 50] {
            let hits: Vec<Hit> = (0..40)
                .map(|row| Hit {
                    row,
                    score: random.below(8) as f32,
                })
                .collect();
            let mut top = TopK::new(k);
            hits.iter().for_each(|&hit| top.push(hit));
            let mut sorted = hits.clone();
            sorted.sort_by(Hit::order);
            sorted.truncate(k);
            assert_eq!(top.into_sorted(), sorted);
        }
    }

    #[test]
    fn nan_is_never_kept() {
        let mut top = TopK::new(2);
        top.push(Hit {
            row: 1,
            score: f32::NAN,
        });
        top.push(Hit {
            row: 2,
            score: f32::NEG_INFINITY,
        });
        assert_eq!(
            top.into_sorted(),
            [Hit {
                row: 2,
                score: f32::NEG_INFINITY
            }]
        );
    }

    #[test]
    fn the_pool_loses_none_of_the_best() {
        let mut random = Random::new(2);
        let scores: Vec<f32> = (0..1000).map(|_| random.normal()).collect();
        let mut pool = Pool::default();
        pool.reset(30);
        for (i, &score) in scores.iter().enumerate() {
            if score >= pool.floor() {
                pool.entries().push((score, i as u32));
            }
            pool.settle();
        }
        let mut got: Vec<f32> = pool.best(30).iter().map(|x| x.0).collect();
        got.sort_by(|a, b| b.total_cmp(a));
        let mut expected = scores;
        expected.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(got, expected[..30]);
        assert!(pool.best(0).is_empty());
    }
}
