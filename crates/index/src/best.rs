//! The best by score among the papers that have any of a query's words: MaxScore (Turtle and Flood, "Query
//! evaluation: strategies and optimizations", 1995).
//!
//! Every list has a bound that no score of it exceeds. Once enough hits are known, the lists whose bounds together
//! stay below the worst of them can bring no further hit by themselves: they no longer propose documents and are
//! only asked about those that the others propose. The long lists of common words drop out first, so that a whole
//! abstract may be asked for. Nothing is counted: that would need all documents.

use tantivy::{DocId, Searcher, SegmentReader, TERMINATED};

use crate::Error;
use crate::lookup::{ListPlan, Plan};
use crate::order::{Keys, Top};
use crate::query::{Found, Order, Page, Part};
use crate::scan::{List, Pass};

/// Sums of the same floats in another order differ by less than this part.
const ROUNDING: f32 = 1e-5;
/// So many documents are gone through at a time, list by list: a list is then read in one go, and many lists need not
/// be compared for each document. Their sums fit into the processor's first cache.
const WINDOW: u32 = 2048;

impl Plan {
    /// At most `limit` hits, best first: those with the highest plain sums of scores among the papers that have any
    /// scoring word and fulfil all conditions.
    pub(crate) fn best(&self, searcher: &Searcher, limit: usize) -> Result<Vec<Found>, Error> {
        let mut top = Top::new(&Page {
            order: Order::Relevance,
            limit,
            after: None,
        });
        if limit > 0 {
            for (number, reader) in (0u32..).zip(searcher.segment_readers()) {
                Race::open(self, reader)?.run(number, &mut top);
            }
        }
        Ok(top.finish().hits)
    }

    /// Whether anything but words is asked, so that documents must be looked at one by one.
    fn has_conditions(&self) -> bool {
        !self.tests.is_empty() || !self.none.is_empty() || self.legs.iter().any(|leg| leg.required)
    }
}

/// A list and the bound of its scores.
struct Runner {
    list: List,
    bound: f32,
}

/// One query on one segment.
struct Race<'a> {
    reader: &'a SegmentReader,
    keys: Keys,
    conditions: Option<Pass<'a>>,
    /// In the query's order.
    runners: Vec<Runner>,
    /// Numbers of runners, by rising bound.
    order: Vec<usize>,
    /// Sum of the bounds up to each place of `order`, that place counted in.
    reach: Vec<f32>,
    /// The places of `order` from here on propose documents; those before are only asked.
    leading: usize,
    /// What the leading lists give to each document of the window. In double precision, so that equal texts get equal
    /// scores whatever the order in which the lists of their segments are added.
    sums: Vec<f64>,
    /// A bit for each document of the window that a leading list has.
    proposed: [u64; WINDOW as usize / 64],
}

impl<'a> Race<'a> {
    fn open(plan: &Plan, reader: &'a SegmentReader) -> Result<Race<'a>, Error> {
        let mut runners = Vec::new();
        for list in plan
            .legs
            .iter()
            .chain(&plan.bonus)
            .flat_map(|leg| &leg.lists)
        {
            if let ListPlan::Postings {
                weight,
                factor,
                bound,
                part,
                label,
            } = list
                && *part != Part::Filter
                && *bound > 0.0
            {
                let list = List::new(weight.scorer(reader, *factor)?, *part, *label);
                runners.push(Runner {
                    list,
                    bound: *bound,
                });
            }
        }
        runners.retain(|runner| runner.list.doc() != TERMINATED);
        let mut order: Vec<usize> = (0..runners.len()).collect();
        order.sort_by(|a, b| runners[*a].bound.total_cmp(&runners[*b].bound));
        let mut sum = 0.0;
        let mut reach = Vec::with_capacity(order.len());
        for runner in &order {
            sum += runners[*runner].bound;
            reach.push(sum * (1.0 + ROUNDING));
        }
        let conditions = plan.has_conditions();
        Ok(Race {
            reader,
            keys: Keys::open(reader, Order::Relevance)?,
            conditions: conditions.then(|| Pass::open(plan, reader)).transpose()?,
            sums: vec![0.0; WINDOW as usize],
            proposed: [0; WINDOW as usize / 64],
            runners,
            order,
            reach,
            leading: 0,
        })
    }

    fn run(mut self, number: u32, top: &mut Top) {
        self.drop_out(top.floor());
        loop {
            let leaders = self.order[self.leading..].iter();
            let first = leaders.map(|runner| self.runners[*runner].list.doc()).min();
            let Some(first) = first.filter(|doc| *doc < TERMINATED) else {
                return;
            };
            self.add_up(first);
            for word in 0..self.proposed.len() {
                let mut bits = std::mem::take(&mut self.proposed[word]);
                while bits != 0 {
                    let place = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let sum = std::mem::take(&mut self.sums[place]);
                    self.consider((number, first + place as u32), sum, top);
                }
            }
            self.drop_out(top.floor());
        }
    }

    /// Adds the scores of the leading lists in the window that begins with this document.
    fn add_up(&mut self, first: DocId) {
        let end = first.saturating_add(WINDOW).min(TERMINATED);
        for runner in &self.order[self.leading..] {
            let list = &mut self.runners[*runner].list;
            while list.doc() < end {
                let doc = list.doc();
                let place = (doc - first) as usize;
                self.sums[place] += f64::from(list.score());
                self.proposed[place / 64] |= 1 << (place % 64);
                list.pass(doc);
            }
        }
    }

    /// Offers a document that the leading lists give this much, if it can reach the floor.
    fn consider(&mut self, place: (u32, DocId), sum: f64, top: &mut Top) {
        let (_, doc) = place;
        let floor = top.floor();
        if self.may_reach(sum, self.leading, floor)
            && self.admits(doc)
            && let Some(score) = self.score(doc, sum, floor)
        {
            top.offer(place, score, &self.keys);
        }
    }

    /// Whether a sum reaches the floor if all lists before this place of `order` add as much as they can.
    fn may_reach(&self, sum: f64, place: usize, floor: f32) -> bool {
        let rest = place.checked_sub(1).map_or(0.0, |last| self.reach[last]);
        sum as f32 * (1.0 + ROUNDING) + rest >= floor
    }

    fn admits(&mut self, doc: DocId) -> bool {
        match &mut self.conditions {
            Some(conditions) => conditions.admits(doc),
            None => self
                .reader
                .alive_bitset()
                .is_none_or(|alive| alive.is_alive(doc)),
        }
    }

    /// Lists that cannot reach the floor together propose nothing any more.
    fn drop_out(&mut self, floor: f32) {
        while self
            .reach
            .get(self.leading)
            .is_some_and(|reach| *reach < floor)
        {
            // Those that stood on the document at hand are asked about later ones only.
            self.leading += 1;
        }
    }

    /// The document's score, begun with what the leading lists give, or `None` as soon as it cannot reach the floor.
    fn score(&mut self, doc: DocId, mut sum: f64, floor: f32) -> Option<f32> {
        for place in (0..self.leading).rev() {
            if !self.may_reach(sum, place + 1, floor) {
                return None;
            }
            let list = &mut self.runners[self.order[place]].list;
            if list.has(doc) {
                sum += f64::from(list.score());
            }
        }
        Some(sum as f32)
    }
}
