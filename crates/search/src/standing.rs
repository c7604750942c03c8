//! Standing queries: what of the newest papers a subscription's or a webhook's query asks for.
//!
//! A reader who looks at results can pass over what does not fit, so a search forgives: it corrects, and shows papers
//! with most of the words where few have all. Nobody asked for a message about what nearly fits. So here everything
//! asked for must hold: all words, in any form that their stems have, every phrase, field and date; and what is to be
//! left out is.

use domain::ids::PaperId;
use index::query::{Clause, Order, Page, Query};
use jiff::civil::Date;

use crate::engine::{Engine, Error};
use crate::plan;
use crate::query;

/// Most papers that one query is answered with: more than a few weeks of announcements in all fields.
const MATCHES_MAX: usize = 50_000;

impl Engine {
    /// All papers listed on `first` or later that have everything that a query asks for, best match first. A query
    /// that asks for nothing finds nothing.
    pub fn standing(&self, text: &str, first: Date) -> Result<Vec<PaperId>, Error> {
        let Some(mut query) = to_the_letter(text) else {
            return Ok(Vec::new());
        };
        query.all.push(Clause::Days {
            first: Some(first),
            last: None,
        });
        let page = Page {
            order: Order::Relevance,
            limit: MATCHES_MAX,
            after: None,
        };
        let found = self.index.snapshot().search(&query, &page)?;
        Ok(found.hits.iter().map(|hit| hit.paper).collect())
    }

    /// Of these papers those that have everything that a query asks for, in the same order. An empty query is one for
    /// all; one that asks for nothing else finds nothing.
    pub fn matching(&self, text: &str, papers: &[PaperId]) -> Result<Vec<PaperId>, Error> {
        if text.trim().is_empty() {
            return Ok(papers.to_vec());
        }
        let Some(query) = to_the_letter(text) else {
            return Ok(Vec::new());
        };
        let rows = self.index.snapshot().rows(&query)?;
        let found = papers.iter().filter(|paper| rows.contains(paper.0));
        Ok(found.copied().collect())
    }
}

/// What a query asks for with nothing forgiven; `None` where it asks for nothing.
fn to_the_letter(text: &str) -> Option<Query> {
    let parsed = query::parse(text);
    let mut planned = match &parsed.direct {
        Some(id) => plan::for_id(id),
        None => plan::plan(&parsed),
    };
    planned.query.need = planned.loose_parts();
    planned.asks.then_some(planned.query)
}
