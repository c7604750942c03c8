//! How a query runs: one pass over each segment, document by document.
//!
//! A clause becomes a *leg*: a union of posting lists. The cheapest leg leads, the others are only asked whether
//! they have the led document. Scores are summed in the order of the query, never in the order of cost, so that
//! equal texts get equal scores in every segment and the order of hits does not depend on how papers came in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use domain::ids::PaperId;
use tantivy::columnar::{Column, ColumnValues};
use tantivy::query::{
    AllScorer, EnableScoring, PhraseQuery, Query as _, Scorer, TermQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Searcher, SeekDangerResult, SegmentReader, TERMINATED, Term};

use crate::Error;
use crate::query::{Answer, Clause, Found, Order, Page, Part, Query, Scope, Words};
use crate::schema::{self, Fields};
use crate::tokens::{self, Word};

/// A query with its words looked up in all segments; opened once per segment.
pub(crate) struct Plan {
    /// In query order; `Query::all`, then `Query::some`.
    legs: Vec<LegPlan>,
    /// How many of the optional legs must match.
    need: usize,
    none: Vec<LegPlan>,
    bonus: Option<LegPlan>,
    /// Conditions on numbers, and whether they must hold or must not.
    tests: Vec<(TestPlan, bool)>,
}

struct LegPlan {
    lists: Vec<ListPlan>,
    /// Must match; the others are counted against `need`.
    required: bool,
}

enum ListPlan {
    /// A word or phrase in a field, or an exact key.
    Postings {
        weight: Box<dyn Weight>,
        factor: f32,
        part: Part,
        label: Option<usize>,
    },
    /// A number, tested document by document; only within `Clause::Any`.
    Tested(TestPlan),
}

#[derive(Clone, Copy)]
enum TestPlan {
    Days { first: i64, last: i64 },
    HasCode,
}

impl Plan {
    /// Looks up a query's words.
    pub(crate) fn new(query: &Query, fields: &Fields, searcher: &Searcher) -> Result<Plan, Error> {
        let planner = Planner {
            query,
            fields,
            searcher,
        };
        // Where all of `some` are needed, each is simply required.
        let all_needed = query.need >= query.some.len();
        let mut plan = Plan {
            legs: Vec::new(),
            need: if all_needed { 0 } else { query.need.max(1) },
            none: Vec::new(),
            bonus: None,
            tests: Vec::new(),
        };
        for clause in &query.all {
            match test_of(clause) {
                Some(test) => plan.tests.push((test, true)),
                None => plan.legs.push(planner.leg(clause, true)?),
            }
        }
        for clause in &query.some {
            plan.legs.push(planner.leg(clause, all_needed)?);
        }
        for clause in &query.none {
            match test_of(clause) {
                Some(test) => plan.tests.push((test, false)),
                None => plan.none.push(planner.leg(clause, true)?),
            }
        }
        if let Some(words) = &query.bonus {
            let mut leg = LegPlan {
                lists: Vec::new(),
                required: false,
            };
            planner.words(words, true, &mut leg.lists)?;
            plan.bonus = Some(leg);
        }
        Ok(plan)
    }

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
}

fn test_of(clause: &Clause) -> Option<TestPlan> {
    match clause {
        Clause::Days { first, last } => Some(TestPlan::Days {
            first: first.map_or(i64::MIN, schema::day_number),
            last: last.map_or(i64::MAX, schema::day_number),
        }),
        Clause::HasCode => Some(TestPlan::HasCode),
        _ => None,
    }
}

struct Planner<'a> {
    query: &'a Query,
    fields: &'a Fields,
    searcher: &'a Searcher,
}

impl Planner<'_> {
    fn leg(&self, clause: &Clause, required: bool) -> Result<LegPlan, Error> {
        let mut lists = Vec::new();
        self.lists(clause, &mut lists)?;
        Ok(LegPlan { lists, required })
    }

    fn lists(&self, clause: &Clause, lists: &mut Vec<ListPlan>) -> Result<(), Error> {
        let exact = |field: Field, value: &str| Term::from_field_text(field, value);
        let term = match clause {
            Clause::Words(words) => return self.words(words, false, lists),
            Clause::Any(clauses) => {
                return clauses
                    .iter()
                    .try_for_each(|clause| self.lists(clause, lists));
            }
            Clause::Days { .. } | Clause::HasCode => {
                lists.extend(test_of(clause).map(ListPlan::Tested));
                return Ok(());
            }
            Clause::Category(name) => exact(self.fields.category, &name.to_lowercase()),
            Clause::Tag(name) => exact(self.fields.tag, &tokens::folded(name)),
            Clause::Id(key) => exact(self.fields.id, key),
            Clause::AuthorKey(key) => exact(self.fields.author_key, key),
        };
        let scoring = EnableScoring::disabled_from_searcher(self.searcher);
        lists.push(ListPlan::Postings {
            weight: TermQuery::new(term, IndexRecordOption::Basic).weight(scoring)?,
            factor: 0.0,
            part: Part::Filter,
            label: None,
        });
        Ok(())
    }

    /// One list for each spelling in each field of the scope.
    fn words(&self, words: &Words, bonus: bool, lists: &mut Vec<ListPlan>) -> Result<(), Error> {
        let weights = &self.query.weights;
        for &(field, part) in fields_of(self.fields, words.scope) {
            let factor = match part {
                _ if bonus => weights.bonus,
                Part::Title => weights.title,
                Part::Authors => weights.authors,
                _ => weights.abstract_text,
            };
            for spelling in words.spellings.iter().filter(|s| !s.is_empty()) {
                let terms: Vec<(usize, Term)> = spelling
                    .iter()
                    .map(|word| (word.position, term_of(self.fields, field, word)))
                    .collect();
                let scoring = EnableScoring::enabled_from_searcher(self.searcher);
                let weight = if let [(_, term)] = terms.as_slice() {
                    TermQuery::new(term.clone(), IndexRecordOption::WithFreqs).weight(scoring)?
                } else {
                    PhraseQuery::new_with_offset_and_slop(terms, words.slop).weight(scoring)?
                };
                lists.push(ListPlan::Postings {
                    weight,
                    factor,
                    part: if bonus { Part::Bonus } else { part },
                    label: (!bonus).then_some(words.label),
                });
            }
        }
        Ok(())
    }
}

/// The fields of a scope, by the place they stand for.
pub(crate) fn fields_of(fields: &Fields, scope: Scope) -> &[(Field, Part)] {
    let all = &fields.text;
    match scope {
        Scope::Everywhere => all,
        Scope::Title => &all[0..1],
        Scope::Abstract => &all[1..2],
        Scope::Authors => &all[2..3],
    }
}

/// A word as a field holds it: names are not stemmed.
pub(crate) fn term_of(fields: &Fields, field: Field, word: &Word) -> Term {
    let text = if field == fields.authors {
        &word.surface
    } else {
        &word.stem
    };
    Term::from_field_text(field, text)
}

/// A posting list being walked. It is either led (`doc`, `advance`, `seek`) or asked (`has`), never both.
struct List {
    scorer: Box<dyn Scorer>,
    part: Part,
    label: Option<usize>,
    /// The document it stands on if `exact`, else a lower bound of the next one it may have.
    at: DocId,
    exact: bool,
}

impl List {
    fn new(scorer: Box<dyn Scorer>, part: Part, label: Option<usize>) -> List {
        let at = scorer.doc();
        List {
            scorer,
            part,
            label,
            at,
            exact: true,
        }
    }

    fn has(&mut self, doc: DocId) -> bool {
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
        let mut sum = 0.0;
        self.each_score(doc, |_, _, score| sum += score);
        sum
    }

    /// Score by list, of the lists that stand on the document.
    pub(crate) fn each_score(
        &mut self,
        doc: DocId,
        mut take: impl FnMut(Part, Option<usize>, f32),
    ) {
        for list in &mut self.lists {
            if list.part != Part::Filter && list.is_at(doc) {
                take(list.part, list.label, list.scorer.score());
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
    }

    /// Calls `accept` for each document that the query matches, ascending.
    fn run(&mut self, mut accept: impl FnMut(DocId, &mut Pass<'a>)) {
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
        let mut optional = 0;
        for leader in &self.leaders {
            let leg = &self.legs[*leader];
            optional += usize::from(!leg.required && leg.is_at(doc));
        }
        for follower in &self.followers {
            let leg = &mut self.legs[*follower];
            match leg.ask(doc) {
                Ok(()) => optional += usize::from(!leg.required),
                Err(bound) if leg.required => return Err(bound),
                Err(_) => {}
            }
        }
        if optional < self.need {
            return Err(next);
        }
        if self.none.iter_mut().any(|leg| leg.ask(doc).is_ok()) {
            return Err(next);
        }
        Ok(())
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

/// A condition on a number, in one segment.
enum Test {
    Days {
        days: Option<Column<i64>>,
        first: i64,
        last: i64,
    },
    HasCode(Option<Column<bool>>),
}

impl Test {
    fn open(plan: TestPlan, reader: &SegmentReader) -> Result<Test, Error> {
        let fast = reader.fast_fields();
        Ok(match plan {
            TestPlan::Days { first, last } => Test::Days {
                days: fast.column_opt(schema::DAY)?,
                first,
                last,
            },
            TestPlan::HasCode => Test::HasCode(fast.column_opt(schema::HAS_CODE)?),
        })
    }

    fn holds(&self, doc: DocId) -> bool {
        match self {
            Test::Days { days, first, last } => days
                .as_ref()
                .and_then(|days| days.first(doc))
                .is_some_and(|day| (*first..=*last).contains(&day)),
            Test::HasCode(has) => has.as_ref().and_then(|has| has.first(doc)).unwrap_or(false),
        }
    }
}

/// The documents for which a test holds, found by trying each.
struct Tested {
    test: Test,
    doc: DocId,
    max_doc: DocId,
}

impl Tested {
    fn new(test: Test, max_doc: DocId) -> Tested {
        let mut tested = Tested {
            test,
            doc: 0,
            max_doc,
        };
        tested.settle();
        tested
    }

    /// Moves on from the present document to the first that passes.
    fn settle(&mut self) -> DocId {
        while self.doc < self.max_doc && !self.test.holds(self.doc) {
            self.doc += 1;
        }
        if self.doc >= self.max_doc {
            self.doc = TERMINATED;
        }
        self.doc
    }
}

impl DocSet for Tested {
    fn advance(&mut self) -> DocId {
        self.doc = self.doc.saturating_add(1);
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.doc = self.doc.max(target);
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.max_doc
    }
}

impl Scorer for Tested {
    fn score(&mut self) -> f32 {
        0.0
    }
}

/// What the order of hits is made of, in one segment.
struct Keys {
    rows: Arc<dyn ColumnValues<u64>>,
    major: Major,
}

enum Major {
    Score,
    Day(Option<Column<i64>>),
    Votes(Arc<dyn ColumnValues<u64>>),
}

impl Keys {
    fn open(reader: &SegmentReader, order: Order) -> Result<Keys, Error> {
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

    fn row(&self, doc: DocId) -> u32 {
        self.rows.get_val(doc).min(u64::from(u32::MAX)) as u32
    }
}

/// The best hits so far.
struct Top {
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
    fn new(page: &Page) -> Top {
        Top {
            limit: page.limit,
            after: page.after.unwrap_or(u64::MAX),
            total: 0,
            heap: BinaryHeap::with_capacity(page.limit.min(1024) + 1),
        }
    }

    fn offer(&mut self, place: (u32, u32), score: f32, keys: &Keys) {
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

    fn finish(self) -> Answer {
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
