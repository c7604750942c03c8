//! Whatever comes, in whatever order: the database stays sound, and the same again changes nothing.

use domain::ids::{ExternalId, Scheme};
use domain::paper::{Author, Link, LinkKind, Paper};
use domain::record::{Item, Record, Source};
use domain::signal::{Reading, Signal};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::testing::TestStore;
use store::{Intake, Store};

use crate::helpers::now;

const TITLES: [&str; 4] = [
    "Editorial",
    "Sparse Attention for Long Documents",
    "Long Documents and Sparse Attention",
    "sparse attention for long documents",
];

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(n).unwrap()
}

fn any_id() -> impl Strategy<Value = ExternalId> {
    prop_oneof![
        (1u8..4).prop_map(|n| ExternalId::arxiv(&format!("2305.0000{n}")).unwrap().0),
        (1u8..4).prop_map(|n| ExternalId::doi(&format!("10.1101/{n}")).unwrap()),
    ]
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let signal = prop::sample::select(Signal::ALL.to_vec());
    let value = prop::option::of(0u32..5);
    (signal, 0i64..4, value).prop_map(|(signal, at, value)| Reading {
        signal,
        at: second(at),
        value,
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    (
        prop::sample::select(Source::ALL.to_vec()),
        prop::sample::select(TITLES.to_vec()),
        prop::collection::vec(any_id(), 0..3),
        prop::sample::select(vec!["", "Ana García", "Bo Berg"]),
        prop::collection::vec(prop::sample::select(vec!["cs.CL", "cs.LG"]), 0..3),
        prop::option::of(0i64..3),
        prop::collection::vec(any_reading(), 0..3),
    )
        .prop_map(|(source, title, ids, author, categories, days, readings)| {
            let mut record = Record::titled(source, now(), title);
            record.ids = ids;
            if !author.is_empty() {
                record.authors = vec![Author::named(author)];
            }
            record.tags = categories.iter().map(|name| name.to_lowercase()).collect();
            record.categories = categories.into_iter().map(String::from).collect();
            record.times.submitted = days.map(|day| second(day * 86_400));
            record.links = days
                .and_then(|n| {
                    Link::new(
                        LinkKind::Code,
                        &format!("https://example.org/{n}"),
                        source,
                        second(n),
                    )
                })
                .into_iter()
                .collect();
            record.readings = readings;
            record
        })
}

fn any_item() -> impl Strategy<Value = Item> {
    let readings = prop::collection::vec(any_reading(), 0..4);
    prop_oneof![
        6 => any_record().prop_map(|record| Item::Paper(Box::new(record))),
        2 => (any_id(), readings).prop_map(|(id, readings)| Item::Readings {
            id,
            readings,
            source: Source::DailyPapers,
        }),
        1 => any_id().prop_map(|id| Item::Deleted { id, source: Source::ArxivOai, at: second(0) }),
    ]
}

/// Runs a property that needs a database, a few dozen times: each case makes one.
fn check<S: Strategy>(
    strategy: S,
    runs: u32,
    property: impl AsyncFn(TestStore, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: std::env::var("PROPTEST_CASES").map_or(runs, |n| n.parse().unwrap()),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&strategy, |value| {
            runtime.block_on(async { property(TestStore::new().await, value).await })
        })
        .unwrap();
}

async fn absorb(store: &Store, items: &[Item], piece: usize) {
    for items in items.chunks(piece) {
        let intake = Intake {
            items,
            ..Intake::default()
        };
        store.absorb(&intake, now()).await.unwrap();
    }
}

async fn all(store: &Store) -> Vec<Paper> {
    store.papers_after(None, 1000).await.unwrap()
}

#[test]
fn the_database_stays_sound_and_follows_its_changes() {
    let items = prop::collection::vec(any_item(), 1..25);
    check((items, 1usize..8), 48, async |store, (items, piece)| {
        let mut follower: std::collections::BTreeMap<_, Paper> = Default::default();
        for items in items.chunks(piece) {
            let intake = Intake {
                items,
                ..Intake::default()
            };
            let absorbed = store.absorb(&intake, now()).await.unwrap();
            prop_assert_eq!(absorbed.outcomes.len(), items.len());
            for gone in absorbed.gone {
                follower.remove(&gone);
            }
            follower.extend(absorbed.changed.into_iter().map(|paper| (paper.id, paper)));
        }
        prop_assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        let kept = all(&store).await;
        prop_assert_eq!(&kept, &follower.into_values().collect::<Vec<_>>());
        let (changed, _, reached) = store.changes(0, 1000).await.unwrap();
        prop_assert_eq!(changed.len(), kept.len());
        prop_assert_eq!(reached, store.seq().await.unwrap());
        Ok(())
    });
}

/// Works as they are, of which records tell a part: title, author, arXiv id, DOI.
const WORKS: [(&str, &str, &str, &str); 5] = [
    (TITLES[1], "Ana García", "2305.00001", "10.1101/1"),
    (TITLES[1], "Bo Berg", "2305.00002", "10.1101/2"),
    (TITLES[2], "Bo Berg", "2305.00003", "10.1101/3"),
    ("Editorial", "Ana García", "2305.00004", "10.1101/4"),
    ("Editorial", "Cy Card", "2305.00005", "10.1101/5"),
];

fn part_of_a_work() -> impl Strategy<Value = (usize, Record)> {
    // Of sources of equal authority the last one speaks, so a second reading could still change who spoke last.
    let mut sources = Source::ALL.to_vec();
    sources.dedup_by_key(|source| source.authority());
    let source = prop::sample::select(sources);
    let readings = prop::collection::vec(any_reading(), 0..3);
    let parts = (0..WORKS.len(), source, any::<(bool, bool)>(), readings);
    parts.prop_map(|(work, source, (has_arxiv, has_doi), readings)| {
        let (title, author, arxiv, doi) = WORKS[work];
        let ids = [(has_arxiv, arxiv), (has_doi, doi)];
        let ids = ids.into_iter().filter(|(told, _)| *told);
        let ids: Vec<&str> = ids.map(|(_, id)| id).collect();
        let mut record = crate::helpers::record(source, &ids, title);
        record.authors = vec![Author::named(author)];
        record.readings = readings;
        (work, record)
    })
}

#[test]
fn works_are_told_apart_and_a_second_reading_changes_nothing() {
    let parts = prop::collection::vec(part_of_a_work(), 1..20);
    check((parts, 1usize..8), 48, async |store, (parts, piece)| {
        let (works, records): (Vec<usize>, Vec<Record>) = parts.into_iter().unzip();
        let items = crate::helpers::papers(records);
        absorb(&store, &items, piece).await;
        let before = (all(&store).await, store.seq().await.unwrap());
        let intake = Intake {
            items: &items,
            ..Intake::default()
        };
        let again = store.absorb(&intake, now()).await.unwrap();
        prop_assert_eq!(&before, &(all(&store).await, store.seq().await.unwrap()));
        let mut work_of = std::collections::HashMap::new();
        for (outcome, work) in again.outcomes.iter().zip(works) {
            let paper = outcome.paper().unwrap();
            prop_assert_eq!(*work_of.entry(paper).or_insert(work), work);
        }
        Ok(())
    });
}

/// Two arXiv papers that claim one DOI are left out: the DOI stays with the one that came first.
#[test]
fn two_sources_meet_in_either_order() {
    let pair = (any_record(), any_record());
    let pair = pair.prop_filter("the same work by an id", |(a, b)| {
        let arxiv = |record: &Record| {
            let mut ids = record.ids.iter().cloned();
            ids.find(|id| id.scheme == Scheme::Arxiv)
        };
        let meet = a.ids.iter().any(|id| b.ids.contains(id));
        let apart = matches!((arxiv(a), arxiv(b)), (Some(a), Some(b)) if a != b);
        meet && !apart
    });
    check(pair, 48, async |store, (a, b)| {
        let other = TestStore::new().await;
        let items = crate::helpers::papers([a, b]);
        let backwards: Vec<Item> = items.iter().rev().cloned().collect();
        absorb(&store, &items, 1).await;
        absorb(&other, &backwards, 1).await;
        let facts = |papers: Vec<Paper>| {
            let mut facts: Vec<_> = papers
                .into_iter()
                .map(|p| {
                    let mut urls: Vec<_> = p.links.into_iter().map(|link| link.url).collect();
                    urls.sort();
                    (p.ids, urls, p.times, p.votes, p.comments, p.stars)
                })
                .collect();
            facts.sort_by(|x, y| x.0.cmp(&y.0));
            facts
        };
        prop_assert_eq!(facts(all(&store).await), facts(all(&other).await));
        Ok(())
    });
}
