//! Which papers a digest holds: new to the subscription, about what it is about, not sent to the reader before, the
//! best first, so many at most.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use domain::ids::PaperId;
use domain::paper::utc_day;
use domain::subscription::{Rhythm, Subscription, Topic};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use search::engine::Engine;
use store::{About, Candidate, Store};
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

/// By edition and first day, each read by whoever needs it first.
type Pools = HashMap<(i64, Date), Arc<OnceCell<Pool>>>;

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
    pools: Mutex<Pools>,
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
        let mut papers = match self.store.about(subscription).await? {
            About::Everything => pool.candidates.iter().map(|c| c.paper).collect(),
            About::Topics(topics) => self.of_topics(pool, &topics, first).await?,
        };
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

    /// The candidates that fit any topic: of one search the best match first, otherwise in the order of lists.
    async fn of_topics(&self, pool: &Pool, topics: &[Topic], first: Date) -> Result<Vec<PaperId>> {
        if let [Topic::Query(text)] = topics {
            let matching = self.matching(text.clone(), first).await?;
            let new = matching.into_iter().filter(|row| pool.rows.contains(row));
            return Ok(new.collect());
        }
        let mut categories: Vec<&str> = Vec::new();
        let mut found: HashSet<PaperId> = HashSet::new();
        for topic in topics {
            match topic {
                Topic::Category(name) => categories.push(name),
                other => found.extend(self.matching(other.query(), first).await?),
            }
        }
        let fits = |c: &&Candidate| {
            found.contains(&c.paper) || c.categories.iter().any(|own| is_of(own, &categories))
        };
        let fitting = pool.candidates.iter().filter(fits);
        Ok(fitting.map(|c| c.paper).collect())
    }

    async fn matching(&self, query: String, first: Date) -> Result<Vec<PaperId>> {
        let engine = self.engine.clone();
        let search = move || engine.standing(&query, first);
        Ok(tokio::task::spawn_blocking(search).await??)
    }
}

/// Whether a category is one of these or of an archive among them (`cs` for `cs.CL`), in any case, as in searches.
fn is_of(category: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        let head = category.get(..name.len());
        let rest = category.get(name.len()..);
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use domain::ids::ExternalId;
    use domain::paper::Author;
    use domain::record::{Item, Record, Source};
    use encode::Encoder;
    use index::Index;
    use index::vectors::Model;
    use store::Intake;
    use store::testing::TestStore;

    use super::*;
    use crate::pipeline::Pipeline;

    #[track_caller]
    fn check(category: &str, names: &[&str], expected: bool) {
        assert_eq!(is_of(category, names), expected, "{category} of {names:?}");
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

    /// Number, category, author, tag, title.
    const PAPERS: [(&str, &str, &str, &str, &str); 4] = [
        ("2611.00001", "cs.CL", "Ana García", "retrieval", "Search"),
        ("2611.00002", "cs.CV", "Na Li", "robotics", "Arms"),
        (
            "2611.00003",
            "math.CO",
            "José Díaz",
            "open problems",
            "Graphs",
        ),
        ("2611.00004", "cs.RO", "Ana Lindqvist", "robotics", "Legs"),
    ];

    fn records(now: Timestamp) -> Vec<Item> {
        let record = |(number, category, author, tag, title): (&str, &str, &str, &str, &str)| {
            let mut record = Record::titled(Source::ArxivOai, now, title);
            record.ids = vec![ExternalId::arxiv(number).unwrap().0];
            record.authors = vec![Author::named(author)];
            record.categories = vec![category.to_string()];
            record.tags = vec![tag.to_string()];
            record.times.submitted = Some(now);
            Item::Paper(Box::new(record))
        };
        PAPERS.into_iter().map(record).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn any_of_several_topics_is_enough() {
        let (store, folder) = (TestStore::new().await, tempfile::tempdir().unwrap());
        let encoder = Encoder::shipped();
        let model = Model {
            id: encoder.id().to_string(),
            dim: encoder.dim(),
        };
        let pipeline = Pipeline {
            store: store.clone(),
            index: Index::open_with(folder.path(), model).unwrap(),
            encoder,
        };
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let items = records(now);
        let intake = Intake {
            items: &items,
            ..Intake::default()
        };
        store.absorb(&intake, now).await.unwrap();
        pipeline.catch_up(|_, _| ()).await.unwrap();
        let picker = Picker::new(store.clone(), pipeline.engine(), None, now);
        let pool = picker.pool(-1, picker.today).await.unwrap();
        let pool = pool.get().unwrap();
        let category = |name: &str| Topic::Category(name.to_string());
        let author = |name: &str| Topic::Author(name.to_string());
        let tag = |name: &str| Topic::Tag(name.to_string());
        let query = |text: &str| Topic::Query(text.to_string());
        for (topics, expected) in [
            (vec![], vec![]),
            (vec![category("cs")], vec![4, 2, 1]),
            (vec![author("Ana García")], vec![1]),
            (vec![author("\"Ana\" García")], vec![1]),
            (vec![tag("robotics")], vec![4, 2]),
            (vec![tag("open problems")], vec![3]),
            (vec![tag("robotics"), category("math")], vec![4, 3, 2]),
            (vec![author("Na Li"), query("cat:cs.RO legs")], vec![4, 2]),
            (vec![query("search"), query("cat:cs.CL")], vec![1]),
            (vec![author("Nobody")], vec![]),
        ] {
            let found = picker.of_topics(pool, &topics, picker.today).await.unwrap();
            let found: Vec<u32> = found.into_iter().map(|paper| paper.0).collect();
            assert_eq!(found, expected, "{topics:?}");
        }
    }
}
