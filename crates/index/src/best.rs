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
    /// In the query's order, in which scores are summed.
    runners: Vec<Runner>,
    /// Numbers of runners, by rising bound.
    order: Vec<usize>,
    /// Sum of the bounds up to each place of `order`, that place counted in.
    reach: Vec<f32>,
    /// The places of `order` from here on propose documents; those before are only asked.
    leading: usize,
    /// Scores of the document at hand, by runner.
    scores: Vec<f32>,
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
            scores: vec![0.0; runners.len()],
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
            let doc = leaders.map(|runner| self.runners[*runner].list.doc()).min();
            let Some(doc) = doc.filter(|doc| *doc < TERMINATED) else {
                return;
            };
            if self.admits(doc)
                && let Some(score) = self.score(doc, top.floor())
            {
                top.offer((number, doc), score, &self.keys);
                self.drop_out(top.floor());
            }
            for runner in &self.order[self.leading..] {
                self.runners[*runner].list.pass(doc);
            }
        }
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

    /// The document's score, or `None` as soon as it cannot reach the floor.
    fn score(&mut self, doc: DocId, floor: f32) -> Option<f32> {
        self.scores.fill(0.0);
        let mut sum = 0.0;
        for &runner in &self.order[self.leading..] {
            let list = &mut self.runners[runner].list;
            if list.doc() == doc {
                self.scores[runner] = list.score();
                sum += self.scores[runner];
            }
        }
        for place in (0..self.leading).rev() {
            if sum + self.reach[place] < floor {
                return None;
            }
            let runner = self.order[place];
            let list = &mut self.runners[runner].list;
            if list.has(doc) {
                self.scores[runner] = list.score();
                sum += self.scores[runner];
            }
        }
        // In the query's order, so that equal texts get equal scores in every segment.
        Some(self.scores.iter().sum())
    }
}
