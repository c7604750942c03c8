//! Which papers a digest holds: new to the subscription, about what it is about, not sent to the reader before, the
//! best first, so many at most.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use domain::ids::PaperId;
use domain::paper::utc_day;
use domain::subscription::{Rhythm, Scope, Subscription};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use search::engine::Engine;
use store::{Candidate, Store};
use tokio::sync::{Mutex, OnceCell};

/// How many days before today a paper's list may lie for it to be news in a daily mail: a holiday, an outage, a source
/// that is late. In a weekly one, a week more.
const LATE_DAYS: i64 = 14;

/// The candidates of one edition and first day, in the order of lists.
#[derive(Debug)]
struct Pool {
    candidates: Vec<Candidate>,
    rows: HashSet<PaperId>,
    lowest: PaperId,
}

/// Picks papers for many subscriptions at one moment. What they share is read once.
#[derive(Debug)]
pub(super) struct Picker {
    store: Store,
    engine: Engine,
    /// Only papers of editions up to this one; `None` for a preview, which notes nothing.
    until: Option<i64>,
    today: Date,
    /// Looks back to each subscription's own first day, however old its list is.
    old_too: bool,
    pools: Mutex<HashMap<(i64, Date), Arc<OnceCell<Pool>>>>,
}

/// What a digest would hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picked {
    /// In order.
    pub(super) papers: Vec<PaperId>,
    /// How many there were to choose from.
    pub(super) found: u32,
}

/// The first day whose list can bring news at this moment.
pub(super) fn first_day(rhythm: Rhythm, today: Date) -> Date {
    let days = match rhythm {
        Rhythm::Daily => LATE_DAYS,
        Rhythm::Weekly => LATE_DAYS + 7,
    };
    today.saturating_sub(days.days())
}

impl Picker {
    pub(super) fn new(store: Store, engine: Engine, until: Option<i64>, now: Timestamp) -> Self {
        Picker {
            store,
            engine,
            until,
            today: utc_day(now),
            old_too: false,
            pools: Mutex::default(),
        }
    }

    /// A picker for which old lists are news as well: for who wants to see a mail where there is nothing new.
    pub(super) fn old_too(self) -> Self {
        Picker {
            old_too: true,
            ..self
        }
    }

    /// Picks for one subscription.
    pub(super) async fn pick(&self, subscription: &Subscription) -> Result<Picked> {
        let wish = &subscription.wish;
        let first = match self.old_too {
            true => subscription.since,
            false => first_day(wish.schedule.rhythm, self.today).max(subscription.since),
        };
        let pool = self.pool(subscription.edition, first).await?;
        let pool = pool.get().expect("the pool was just filled");
        if pool.candidates.is_empty() {
            return Ok(Picked::default());
        }
        let mut papers = self.about(pool, &wish.scope, first).await?;
        if papers.is_empty() {
            return Ok(Picked::default());
        }
        let sent = self.store.sent_to(subscription.reader, pool.lowest).await?;
        papers.retain(|paper| !sent.contains(paper));
        let found = u32::try_from(papers.len()).unwrap_or(u32::MAX);
        papers.truncate(usize::from(wish.papers_max));
        Ok(Picked { papers, found })
    }

    async fn pool(&self, edition: i64, first: Date) -> Result<Arc<OnceCell<Pool>>> {
        let cell = Arc::clone(self.pools.lock().await.entry((edition, first)).or_default());
        cell.get_or_try_init(|| async {
            let candidates = self
                .store
                .candidates(edition, self.until, first, self.today)
                .await?;
            let rows: HashSet<PaperId> = candidates.iter().map(|c| c.paper).collect();
            let lowest = rows.iter().min().copied().unwrap_or(PaperId(0));
            anyhow::Ok(Pool {
                candidates,
                rows,
                lowest,
            })
        })
        .await?;
        Ok(cell)
    }

    /// The candidates that a scope is about: of the page and of categories in the order of lists, of a search the
    /// best match first.
    async fn about(&self, pool: &Pool, scope: &Scope, first: Date) -> Result<Vec<PaperId>> {
        Ok(match scope {
            Scope::All => pool.candidates.iter().map(|c| c.paper).collect(),
            Scope::Categories(names) => {
                let fits = |c: &&Candidate| c.categories.iter().any(|own| is_of(own, names));
                let fitting = pool.candidates.iter().filter(fits);
                fitting.map(|c| c.paper).collect()
            }
            Scope::Query(text) => {
                let (engine, text) = (self.engine.clone(), text.clone());
                let search = move || engine.standing(&text, first);
                let matching = tokio::task::spawn_blocking(search).await??;
                let new = matching.into_iter().filter(|row| pool.rows.contains(row));
                new.collect()
            }
        })
    }
}

/// Whether a category is one of these or of an archive among them (`cs` for `cs.CL`), in any case, as in searches.
fn is_of(category: &str, names: &[String]) -> bool {
    names.iter().any(|name| {
        let head = category.get(..name.len());
        let rest = category.get(name.len()..);
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(category: &str, names: &[&str], expected: bool) {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        assert_eq!(is_of(category, &names), expected, "{category} of {names:?}");
    }

    #[test]
    fn archives_stand_for_their_categories() {
        check("cs.CL", &["cs.CL"], true);
        check("cs.CL", &["math", "cs"], true);
        check("cs.CL", &["CS.cl"], true);
        check("cs.CL", &["cs.C"], false);
        check("cs", &["cs.CL"], false);
        check("csx.CL", &["cs"], false);
        check("hep-th", &["hep"], false);
        check("é", &["cs"], false);
    }
}
