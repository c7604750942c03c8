//! What an answer may cost, the plan that follows from it, and what it did cost.
//!
//! One index serves every budget: how many cells are scanned and how many candidates are refined is chosen per
//! query (AdANNS-D), from a ladder of efforts whose recall was measured when the segment was built.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::segment::{Effort, Keep, Segment};

/// What a request may cost, or must reach.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Budget {
    /// The cheapest effort that reached a recall@10 of .99 when the segment was built.
    #[default]
    Usual,
    /// The cheapest effort that reached this recall@10 (0 to 1) then; everything, when none did.
    Recall(f32),
    /// At most so many multiply-adds, as [`Spent`] counts them; at least one cell is scanned.
    MultiplyAdds(u64),
    /// About so many microseconds, by the pace of the searches before.
    Micros(u64),
    /// Exactly this.
    Effort(Effort),
}

/// How the sealed part of an index was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// There was none: every vector was compared exactly.
    Flat,
    /// Cells were ranked, scanned, and a shortlist refined.
    Cells(Effort),
    /// Every row that the filter left was scored by its fine code.
    Filtered,
    /// Every row was.
    Everything,
}

/// What finding an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Multiply-adds, as the literature counts them; a table look-up counts as one.
    pub multiply_adds: u64,
    /// Cells looked into.
    pub cells: u64,
    /// Codes scanned.
    pub scanned: u64,
    /// Vectors scored by their fine codes or exactly.
    pub refined: u64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        self.multiply_adds += other.multiply_adds;
        self.cells += other.cells;
        self.scanned += other.scanned;
        self.refined += other.refined;
    }
}

/// Nanoseconds a multiply-add, learned from the searches themselves: a mean that forgets slowly.
#[derive(Debug)]
pub struct Pace {
    /// Bits of the f64.
    nanos: AtomicU64,
}

impl Default for Pace {
    /// A slow machine's pace, so that the first answers are rather quick than late.
    fn default() -> Pace {
        Pace {
            nanos: AtomicU64::new(0.1f64.to_bits()),
        }
    }
}

impl Pace {
    /// Nanoseconds a multiply-add.
    pub fn nanos(&self) -> f64 {
        f64::from_bits(self.nanos.load(Ordering::Relaxed))
    }

    /// Learns from one search. Concurrent observations may be lost; the mean does not care.
    pub fn observe(&self, multiply_adds: u64, elapsed: Duration) {
        if multiply_adds > 0 {
            let seen = elapsed.as_nanos() as f64 / multiply_adds as f64;
            let mean = self.nanos() + (seen - self.nanos()) / 16.0;
            self.nanos.store(mean.to_bits(), Ordering::Relaxed);
        }
    }
}

/// A rung of the ladder: an effort and the recall@10 that it reached when the segment was built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Cells and shortlist for ten hits.
    pub effort: Effort,
    /// Measured recall@10.
    pub recall: f32,
}

/// What a search will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) effort: Effort,
    pub(crate) path: Path,
}

/// Look-ups that cost about as much time as refining one candidate at a random place, over its own
/// multiply-adds: measured 15 to 20 ns against 1 ns a code of 64 look-ups.
const RANDOM_ACCESS: u64 = 3;
/// Look-ups that cost about as much time as testing one row of a walk over all rows.
const WALK: u64 = 32;

impl Plan {
    /// Chooses the effort for a request against this segment.
    pub(crate) fn make(
        segment: &Segment,
        budget: Budget,
        k: usize,
        keep: Keep<'_>,
        pace: &Pace,
    ) -> Plan {
        let mut effort = match budget {
            Budget::Usual => at_recall(segment, 0.99, k),
            Budget::Recall(wanted) => at_recall(segment, wanted, k),
            Budget::MultiplyAdds(limit) => within(segment, limit, k),
            Budget::Micros(limit) => within(segment, (limit as f64 * 1e3 / pace.nanos()) as u64, k),
            Budget::Effort(effort) => effort,
        };
        if let Some(allow) = keep.allow {
            let left = segment.row_set().intersection_len(allow);
            // Near rows that the filter keeps lie in further cells: look into more of them.
            let share = left as f64 / segment.len().max(1) as f64;
            let wider = effort.cells as f64 / share.sqrt().max(1e-3);
            effort.cells = (wider as usize).max(effort.cells);
            let cells = effort.cells.min(segment.cells()) as u64;
            let scanning = segment.ranking_cost() + cells * segment.cell_cost();
            let walking =
                left * RANDOM_ACCESS * segment.refining_cost() + WALK * segment.len() as u64;
            if walking <= scanning || left <= effort.shortlist as u64 {
                return Plan {
                    effort: Effort::ALL,
                    path: Path::Filtered,
                };
            }
        }
        let path = if effort == Effort::ALL {
            Path::Everything
        } else {
            Path::Cells(effort)
        };
        Plan { effort, path }
    }
}

/// The cheapest measured effort that reached `wanted`, for `k` hits.
fn at_recall(segment: &Segment, wanted: f32, k: usize) -> Effort {
    let rung = segment.ladder().iter().find(|rung| rung.recall >= wanted);
    rung.map_or(Effort::ALL, |rung| Effort {
        shortlist: longer(rung.effort.shortlist, k),
        ..rung.effort
    })
}

/// The greatest effort within so many multiply-adds: the shortlist of the rung that fits, cells for the rest.
fn within(segment: &Segment, limit: u64, k: usize) -> Effort {
    let fixed = segment.preparing_cost() + segment.ranking_cost();
    let cost = |effort: &Effort| {
        let cells = effort.cells.min(segment.cells()) as u64 * segment.cell_cost();
        fixed + cells + longer(effort.shortlist, k) as u64 * segment.refining_cost()
    };
    let everything = segment.len() as u64 * segment.refining_cost() * RANDOM_ACCESS;
    if limit >= everything {
        return Effort::ALL;
    }
    let ladder = segment.ladder();
    let fitting = ladder.iter().rev().find(|rung| cost(&rung.effort) <= limit);
    let shortlist = fitting
        .or(ladder.first())
        .map_or(k, |rung| rung.effort.shortlist);
    let shortlist = longer(shortlist, k);
    let left = limit.saturating_sub(fixed + shortlist as u64 * segment.refining_cost());
    Effort {
        cells: ((left / segment.cell_cost().max(1)) as usize).max(1),
        shortlist,
    }
}

/// The ladder was measured for ten hits; more need a longer shortlist.
fn longer(shortlist: usize, k: usize) -> usize {
    shortlist.saturating_mul(k.max(10)).div_ceil(10).max(k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_it_sees() {
        let pace = Pace::default();
        for _ in 0..200 {
            pace.observe(1000, Duration::from_nanos(40));
        }
        assert!((pace.nanos() - 0.04).abs() < 1e-3, "{}", pace.nanos());
        pace.observe(0, Duration::from_secs(1));
        assert!(
            pace.nanos() < 0.05,
            "a search that computed nothing teaches nothing"
        );
    }

    #[test]
    fn more_hits_need_a_longer_shortlist() {
        assert_eq!(longer(100, 1), 100);
        assert_eq!(longer(100, 10), 100);
        assert_eq!(longer(100, 25), 250);
        assert_eq!(longer(0, 25), 25);
    }
}
