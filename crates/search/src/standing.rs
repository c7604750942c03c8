//! Standing queries: what of the newest papers a subscription's query asks for.
//!
//! A reader who looks at results can pass over what does not fit, so a search forgives: it corrects, and shows papers
//! with most of the words where few have all. Nobody asked for a mail about what nearly fits. So here everything
//! asked for must hold: all words, in any form that their stems have, every phrase, field and date; and what is to be
//! left out is.

use domain::ids::PaperId;
use index::query::{Clause, Order, Page};
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
        let parsed = query::parse(text);
        let mut planned = match &parsed.direct {
            Some(id) => plan::for_id(id),
            None => plan::plan(&parsed),
        };
        if !planned.asks {
            return Ok(Vec::new());
        }
        planned.query.need = planned.loose_parts();
        planned.query.all.push(Clause::Days {
            first: Some(first),
            last: None,
        });
        let page = Page {
            order: Order::Relevance,
            limit: MATCHES_MAX,
            after: None,
        };
        let found = self.index.snapshot().search(&planned.query, &page)?;
        Ok(found.hits.iter().map(|hit| hit.paper).collect())
    }
}
