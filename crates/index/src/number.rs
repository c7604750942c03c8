//! Conditions on numbers: the listed day, and whether code is known. They have no posting lists; a document is looked
//! up and passes or not.

use tantivy::columnar::Column;
use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED};

use crate::query::Clause;
use crate::{Error, schema};

/// A condition on a number, in any segment.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    Days { first: i64, last: i64 },
    HasCode,
}

/// The condition that a clause is, if it is one.
pub(crate) fn limit_of(clause: &Clause) -> Option<Limit> {
    match clause {
        Clause::Days { first, last } => Some(Limit::Days {
            first: first.map_or(i64::MIN, schema::day_number),
            last: last.map_or(i64::MAX, schema::day_number),
        }),
        Clause::HasCode => Some(Limit::HasCode),
        _ => None,
    }
}

/// A condition on a number, in one segment.
pub(crate) enum Test {
    Days {
        days: Option<Column<i64>>,
        first: i64,
        last: i64,
    },
    HasCode(Option<Column<bool>>),
}

impl Test {
    pub(crate) fn open(plan: Limit, reader: &SegmentReader) -> Result<Test, Error> {
        let fast = reader.fast_fields();
        Ok(match plan {
            Limit::Days { first, last } => Test::Days {
                days: fast.column_opt(schema::DAY)?,
                first,
                last,
            },
            Limit::HasCode => Test::HasCode(fast.column_opt(schema::HAS_CODE)?),
        })
    }

    pub(crate) fn holds(&self, doc: DocId) -> bool {
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
pub(crate) struct Tested {
    test: Test,
    doc: DocId,
    max_doc: DocId,
}

impl Tested {
    pub(crate) fn new(test: Test, max_doc: DocId) -> Tested {
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
