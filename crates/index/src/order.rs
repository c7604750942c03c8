//! The order of hits, and the best of them.
//!
//! A hit's place is one number: what it is ordered by in the upper half, its row in the lower. So no two papers
//! share a place, and the next page begins after the last place of this one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use domain::ids::PaperId;
use tantivy::columnar::{Column, ColumnValues};
use tantivy::{DocId, SegmentReader};

use crate::query::{Answer, Found, Order, Page};
use crate::{Error, schema};

/// What the order of hits is made of, in one segment.
pub(crate) struct Keys {
    rows: Arc<dyn ColumnValues<u64>>,
    major: Major,
}

enum Major {
    Score,
    Day(Option<Column<i64>>),
    Votes(Arc<dyn ColumnValues<u64>>),
}

impl Keys {
    pub(crate) fn open(reader: &SegmentReader, order: Order) -> Result<Keys, Error> {
        let fast = reader.fast_fields();
        Ok(Keys {
            rows: fast.column_first_or_default(schema::ROW)?,
            major: match order {
                Order::Relevance => Major::Score,
                Order::Newest => Major::Day(fast.column_opt(schema::DAY)?),
                Order::Votes => Major::Votes(fast.column_first_or_default(schema::VOTES)?),
            },
        })
    }

    /// The half of the key that orders; the row, which makes it unique, is the other.
    fn major(&self, doc: DocId, score: f32) -> u32 {
        match &self.major {
            // Bits of floats that are not negative order like the floats.
            Major::Score => score.max(0.0).to_bits(),
            Major::Day(days) => {
                let day = days.as_ref().and_then(|days| days.first(doc));
                day.map_or(0, |day| {
                    (day + (1 << 31)).clamp(1, i64::from(u32::MAX)) as u32
                })
            }
            Major::Votes(votes) => votes.get_val(doc).min(u64::from(u32::MAX)) as u32,
        }
    }

    /// The row of a document.
    pub(crate) fn row(&self, doc: DocId) -> u32 {
        self.rows.get_val(doc).min(u64::from(u32::MAX)) as u32
    }
}

/// The best hits so far.
pub(crate) struct Top {
    limit: usize,
    after: u64,
    total: usize,
    /// Lowest on top: the one to be pushed out.
    heap: BinaryHeap<Reverse<Candidate>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    key: u64,
    place: (u32, u32),
    score_bits: u32,
}

impl Top {
    pub(crate) fn new(page: &Page) -> Top {
        Top {
            limit: page.limit,
            after: page.after.unwrap_or(u64::MAX),
            total: 0,
            heap: BinaryHeap::with_capacity(page.limit.min(1024) + 1),
        }
    }

    pub(crate) fn offer(&mut self, place: (u32, u32), score: f32, keys: &Keys) {
        self.total += 1;
        if self.limit == 0 {
            return;
        }
        let major = u64::from(keys.major(place.1, score)) << 32;
        let full = self.heap.len() >= self.limit;
        // Most documents end here, before their row is read.
        if full
            && self
                .heap
                .peek()
                .is_some_and(|low| low.0.key > major | u64::from(u32::MAX))
        {
            return;
        }
        let key = major | u64::from(keys.row(place.1));
        if key >= self.after {
            return;
        }
        self.heap.push(Reverse(Candidate {
            key,
            place,
            score_bits: score.to_bits(),
        }));
        if full {
            self.heap.pop();
        }
    }

    /// The score that a hit must reach to be among the best; below 0 while there is room.
    pub(crate) fn floor(&self) -> f32 {
        match self.heap.peek() {
            Some(low) if self.heap.len() >= self.limit => f32::from_bits(low.0.score_bits),
            _ => -1.0,
        }
    }

    pub(crate) fn finish(self) -> Answer {
        let hits = self
            .heap
            .into_sorted_vec()
            .into_iter()
            .map(|Reverse(c)| Found {
                // The low half of the key is the row.
                paper: PaperId(c.key as u32),
                key: c.key,
                score: f32::from_bits(c.score_bits),
                place: c.place,
            });
        Answer {
            hits: hits.collect(),
            total: self.total,
        }
    }
}

impl Found {
    /// A hit that nothing was asked of.
    pub(crate) fn unscored(paper: PaperId, place: (u32, u32)) -> Found {
        Found {
            paper,
            key: u64::from(paper.0),
            score: 0.0,
            place,
        }
    }
}
