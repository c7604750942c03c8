//! The papers before and after a paper on its day's list. A day's order is read once per version of the data and
//! kept, for readers and crawlers go from each paper to the next.

use std::sync::Arc;

use domain::ids::PaperId;
use domain::paper::Paper;
use domain::window::Window;
use jiff::civil::Date;
use quick_cache::sync::Cache;
use store::Slice;

use crate::latex;
use crate::state::App;
use crate::view::{Anchor, cut, paper_path};

/// How many days' orders are kept.
const DAYS_KEPT: usize = 24;

/// How many papers of a day take part; the busiest days have some 2,000.
const DAY_LEN_MAX: u32 = 3_000;

/// Length of a neighbour's title, in characters.
const TITLE_CHARS: usize = 60;

/// A day's papers in order, with link and title.
type Order = Arc<Vec<(PaperId, Anchor)>>;

/// The kept orders. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Orders(Arc<Cache<(u64, Date), Order>>);

impl Default for Orders {
    fn default() -> Self {
        Orders(Arc::new(Cache::new(DAYS_KEPT)))
    }
}

/// The papers before and after `paper` on the list of `day`.
pub async fn around(
    app: &App,
    paper: &Paper,
    day: Date,
) -> store::Result<(Option<Anchor>, Option<Anchor>)> {
    let order = order(app, day).await?;
    let Some(place) = order.iter().position(|(id, _)| *id == paper.id) else {
        return Ok((None, None));
    };
    let at = |place: usize| order.get(place).map(|(_, anchor)| anchor.clone());
    Ok((place.checked_sub(1).and_then(at), at(place + 1)))
}

async fn order(app: &App, day: Date) -> store::Result<Order> {
    let key = (app.status.data_version(), day);
    app.orders
        .0
        .get_or_insert_async(&key, async {
            let slice = Slice {
                offset: 0,
                limit: DAY_LEN_MAX,
            };
            let list = app.store.window(Window::Day(day), None, slice).await?;
            Ok(Arc::new(list.papers.iter().map(anchor).collect()))
        })
        .await
}

fn anchor(paper: &Paper) -> (PaperId, Anchor) {
    let anchor = Anchor {
        text: cut(&latex::plain(&paper.title), TITLE_CHARS),
        href: paper_path(&paper.key()),
    };
    (paper.id, anchor)
}
