//! How a query runs: one pass over each segment, document by document.
//!
//! A clause becomes a *leg*: a union of posting lists. The cheapest leg leads, the others are only asked whether
//! they have the led document. Scores are summed in the order of the query, never in the order of cost, so that
//! equal texts get equal scores in every segment and the order of hits does not depend on how papers came in.

use roaring::RoaringBitmap;
use tantivy::query::{AllScorer, Scorer};
use tantivy::{DocId, DocSet, Searcher, SeekDangerResult, SegmentReader, TERMINATED};

use crate::Error;
use crate::bm25f::TextScorer;
use crate::lookup::{LegPlan, ListPlan, Plan};
use crate::number::{Test, Tested};
use crate::order::{Keys, Top};
use crate::query::{Answer, Order, Page, Part};

impl Plan {
    /// One pass over all segments.
    pub(crate) fn run(&self, searcher: &Searcher, page: &Page) -> Result<Answer, Error> {
        let mut top = Top::new(page);
        for (number, reader) in (0u32..).zip(searcher.segment_readers()) {
            let keys = Keys::open(reader, page.order)?;
            let mut pass = Pass::open(self, reader)?;
            pass.run(|doc, pass| {
                let score = match page.order {
                    Order::Relevance => pass.score(doc),
                    Order::Newest | Order::Votes => 0.0,
                };
                top.offer((number, doc), score, &keys);
            });
        }
        Ok(top.finish())
    }

    /// The rows of all papers that match.
    pub(crate) fn rows(&self, searcher: &Searcher) -> Result<RoaringBitmap, Error> {
        let mut rows = Vec::new();
        for reader in searcher.segment_readers() {
            let keys = Keys::open(reader, Order::Relevance)?;
            Pass::open(self, reader)?.run(|doc, _| rows.push(keys.row(doc)));
        }
        // Sorted first, they are appended without searching their place.
        rows.sort_unstable();
        rows.dedup();
        RoaringBitmap::from_sorted_iter(rows).map_err(|e| Error::Other(e.to_string()))
    }
}

/// A posting list being walked. It is either led (`doc`, `advance`, `seek`) or asked (`has`); once asked, it is never
/// led again.
pub(crate) struct List {
    scorer: Box<dyn Scorer>,
    part: Part,
    label: Option<usize>,
    /// The document it stands on if `exact`, else a lower bound of the next one it may have.
    at: DocId,
    exact: bool,
}

impl List {
    pub(crate) fn new(scorer: Box<dyn Scorer>, part: Part, label: Option<usize>) -> List {
        let at = scorer.doc();
        List {
            scorer,
            part,
            label,
            at,
            exact: true,
        }
    }

    /// Of a led list: the document it stands on.
    pub(crate) fn doc(&self) -> DocId {
        self.at
    }

    /// Of a led list: goes on if it stands on this document.
    pub(crate) fn pass(&mut self, doc: DocId) {
        if self.at == doc {
            self.at = self.scorer.advance();
        }
    }

    /// The score of the document that it was led to or has just said it has.
    pub(crate) fn score(&mut self) -> f32 {
        self.scorer.score()
    }

    /// Of an asked list: whether it has the document. Documents must ascend.
    pub(crate) fn has(&mut self, doc: DocId) -> bool {
        if self.at < doc || (self.at == doc && !self.exact) {
            match self.scorer.seek_danger(doc) {
                SeekDangerResult::Found => (self.at, self.exact) = (doc, true),
                SeekDangerResult::SeekLowerBound(bound) => (self.at, self.exact) = (bound, false),
            }
        }
        self.is_at(doc)
    }

    fn is_at(&self, doc: DocId) -> bool {
        self.at == doc && self.exact
    }
}

/// The lists of one clause in one segment.
pub(crate) struct Leg {
    lists: Vec<List>,
    required: bool,
}

impl Leg {
    fn open(plan: &LegPlan, reader: &SegmentReader) -> Result<Leg, Error> {
        let mut lists = Vec::with_capacity(plan.lists.len());
        for list in &plan.lists {
            let list = match list {
                ListPlan::Postings {
                    weight,
                    factor,
                    part,
                    label,
                    ..
                } => List::new(weight.scorer(reader, *factor)?, *part, *label),
                ListPlan::Tested(test) => {
                    let scorer = Tested::new(Test::open(*test, reader)?, reader.max_doc());
                    List::new(Box::new(scorer), Part::Filter, None)
                }
            };
            if list.at != TERMINATED {
                lists.push(list);
            }
        }
        Ok(Leg {
            lists,
            required: plan.required,
        })
    }

    fn everything(reader: &SegmentReader) -> Leg {
        let all = Box::new(AllScorer::new(reader.max_doc()));
        Leg {
            lists: vec![List::new(all, Part::Filter, None)],
            required: true,
        }
    }

    fn cost(&self) -> u64 {
        self.lists.iter().map(|list| list.scorer.cost()).sum()
    }

    /// Of a leading leg: the document it stands on.
    fn doc(&self) -> DocId {
        self.lists
            .iter()
            .map(|list| list.at)
            .min()
            .unwrap_or(TERMINATED)
    }

    /// Of a leading leg: goes to the first document at or after the target.
    fn seek(&mut self, target: DocId) {
        for list in self.lists.iter_mut().filter(|list| list.at < target) {
            // One step is the usual case, and cheaper than a search.
            list.at = if list.at + 1 == target {
                list.scorer.advance()
            } else {
                list.scorer.seek(target)
            };
        }
    }

    /// Of a following leg: whether it has the document; else the earliest that it may have.
    fn ask(&mut self, doc: DocId) -> Result<(), DocId> {
        let mut bound = TERMINATED;
        let mut found = false;
        for list in &mut self.lists {
            found |= list.has(doc);
            bound = bound.min(list.at);
        }
        if found {
            Ok(())
        } else {
            Err(bound.max(doc + 1))
        }
    }

    /// Whether the last asked or led document is there.
    fn is_at(&self, doc: DocId) -> bool {
        self.lists.iter().any(|list| list.is_at(doc))
    }

    fn score(&mut self, doc: DocId) -> f32 {
        let scoring = self.lists.iter_mut();
        scoring
            .filter(|list| list.part != Part::Filter && list.is_at(doc))
            .map(|list| list.scorer.score())
            .sum()
    }

    /// Score by place, of the lists that stand on the document.
    pub(crate) fn each_score(
        &mut self,
        doc: DocId,
        mut take: impl FnMut(Part, Option<usize>, f32),
    ) {
        for list in &mut self.lists {
            if list.part == Part::Filter || !list.is_at(doc) {
                continue;
            }
            let score = list.scorer.score();
            match list.scorer.downcast_ref::<TextScorer>() {
                Some(text) => {
                    let title = score * text.title_share();
                    take(Part::Title, list.label, title);
                    take(Part::Abstract, list.label, score - title);
                }
                None => take(list.part, list.label, score),
            }
        }
    }
}

/// One query on one segment.
pub(crate) struct Pass<'a> {
    reader: &'a SegmentReader,
    legs: Vec<Leg>,
    need: usize,
    none: Vec<Leg>,
    bonus: Option<Leg>,
    tests: Vec<(Test, bool)>,
    /// Numbers of the legs that propose documents; the others are asked, in `followers`' order.
    leaders: Vec<usize>,
    followers: Vec<usize>,
    /// How many of the followers are optional.
    optional_followers: usize,
}

impl<'a> Pass<'a> {
    pub(crate) fn open(plan: &Plan, reader: &'a SegmentReader) -> Result<Pass<'a>, Error> {
        let open_all = |plans: &[LegPlan]| -> Result<Vec<Leg>, Error> {
            plans.iter().map(|plan| Leg::open(plan, reader)).collect()
        };
        let mut legs = open_all(&plan.legs)?;
        if legs.is_empty() {
            legs.push(Leg::everything(reader));
        }
        let mut tests = Vec::new();
        for (test, wanted) in &plan.tests {
            tests.push((Test::open(*test, reader)?, *wanted));
        }
        let bonus = plan
            .bonus
            .as_ref()
            .map(|plan| Leg::open(plan, reader))
            .transpose()?;
        let mut pass = Pass {
            reader,
            need: plan.need,
            none: open_all(&plan.none)?,
            bonus,
            tests,
            leaders: Vec::new(),
            followers: Vec::new(),
            optional_followers: 0,
            legs,
        };
        pass.choose_leaders();
        Ok(pass)
    }

    /// The cheapest required leg leads. Or, where `need` of n optional legs must match, the n - need + 1 cheapest
    /// ones together: a document that has `need` of them has at least one of these.
    fn choose_leaders(&mut self) {
        let mut by_cost: Vec<usize> = (0..self.legs.len()).collect();
        by_cost.sort_by_key(|i| self.legs[*i].cost());
        let (required, optional): (Vec<usize>, Vec<usize>) =
            by_cost.iter().partition(|i| self.legs[**i].required);
        let enough = (optional.len() + 1)
            .saturating_sub(self.need)
            .min(optional.len());
        let cost_of = |legs: &[usize]| legs.iter().map(|i| self.legs[*i].cost()).sum::<u64>();
        let optional_leads = match required.first() {
            Some(cheapest) => {
                self.need > 0 && cost_of(&optional[..enough]) < self.legs[*cheapest].cost()
            }
            None => true,
        };
        self.leaders = if optional_leads {
            optional[..enough].to_vec()
        } else {
            required[..1].to_vec()
        };
        self.followers = by_cost;
        self.followers.retain(|i| !self.leaders.contains(i));
        let optional = self.followers.iter().filter(|i| !self.legs[**i].required);
        self.optional_followers = optional.count();
    }

    /// Calls `accept` for each document that the query matches, ascending.
    pub(crate) fn run(&mut self, mut accept: impl FnMut(DocId, &mut Pass<'a>)) {
        let mut doc = self.led();
        while doc < TERMINATED {
            let next = match self.check(doc) {
                Ok(()) => {
                    accept(doc, self);
                    doc + 1
                }
                Err(next) => next,
            };
            for leader in &self.leaders {
                self.legs[*leader].seek(next);
            }
            doc = self.led();
        }
    }

    fn led(&self) -> DocId {
        let docs = self.leaders.iter().map(|i| self.legs[*i].doc());
        docs.min().unwrap_or(TERMINATED)
    }

    /// Whether the document matches; else the next that may.
    fn check(&mut self, doc: DocId) -> Result<(), DocId> {
        let next = doc + 1;
        let alive = self
            .reader
            .alive_bitset()
            .is_none_or(|alive| alive.is_alive(doc));
        if !alive
            || self
                .tests
                .iter()
                .any(|(test, wanted)| test.holds(doc) != *wanted)
        {
            return Err(next);
        }
        let mut matched = 0;
        for leader in &self.leaders {
            let leg = &self.legs[*leader];
            matched += usize::from(!leg.required && leg.is_at(doc));
        }
        let mut left = self.optional_followers;
        for follower in &self.followers {
            let leg = &mut self.legs[*follower];
            match leg.ask(doc) {
                Ok(()) if leg.required => {}
                Ok(()) => (matched, left) = (matched + 1, left - 1),
                Err(bound) if leg.required => return Err(bound),
                Err(_) => left -= 1,
            }
            // Not even all of the rest would be enough.
            if matched + left < self.need {
                return Err(next);
            }
        }
        if matched < self.need {
            return Err(next);
        }
        if self.none.iter_mut().any(|leg| leg.ask(doc).is_ok()) {
            return Err(next);
        }
        Ok(())
    }

    /// Of a pass that leads nothing: whether the document lives and no condition forbids it. Optional legs are not
    /// asked. Documents must ascend.
    pub(crate) fn admits(&mut self, doc: DocId) -> bool {
        let alive = self.reader.alive_bitset();
        alive.is_none_or(|alive| alive.is_alive(doc))
            && self
                .tests
                .iter()
                .all(|(test, wanted)| test.holds(doc) == *wanted)
            && self
                .legs
                .iter_mut()
                .filter(|leg| leg.required)
                .all(|leg| leg.ask(doc).is_ok())
            && !self.none.iter_mut().any(|leg| leg.ask(doc).is_ok())
    }

    /// The score of a document that was just accepted: the sum over legs in query order, times the share of the
    /// optional legs that match, plus the bonus.
    fn score(&mut self, doc: DocId) -> f32 {
        let share = self.share(doc);
        let mut sum = 0.0;
        for leg in &mut self.legs {
            sum += leg.score(doc);
        }
        sum *= share;
        if let Some(bonus) = &mut self.bonus
            && bonus.ask(doc).is_ok()
        {
            sum += bonus.score(doc);
        }
        sum
    }

    fn share(&self, doc: DocId) -> f32 {
        if self.need == 0 {
            return 1.0;
        }
        let optional = self.legs.iter().filter(|leg| !leg.required);
        let (matched, all) = optional.fold((0u16, 0u16), |(matched, all), leg| {
            (matched + u16::from(leg.is_at(doc)), all + 1)
        });
        if all == 0 {
            1.0
        } else {
            f32::from(matched) / f32::from(all)
        }
    }

    /// For explanations: asks all legs about one document, and gives each part of its score. Documents must ascend.
    pub(crate) fn explain(&mut self, doc: DocId, mut take: impl FnMut(Part, Option<usize>, f32)) {
        for leg in &mut self.legs {
            let _absent_is_fine = leg.ask(doc);
        }
        let share = self.share(doc);
        for leg in &mut self.legs {
            leg.each_score(doc, |part, label, score| take(part, label, score * share));
        }
        if let Some(bonus) = &mut self.bonus
            && bonus.ask(doc).is_ok()
        {
            bonus.each_score(doc, take);
        }
    }
}
