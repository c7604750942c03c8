//! Records and stores to test with.

use domain::account::UserId;
use domain::ids::{ExternalId, PaperId};
use domain::paper::{Author, Link, LinkKind, Paper};
use domain::record::{Item, Record, Source};
use domain::signal::{Reading, Signal};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::Connection;
use store::testing::TestStore;
use store::{Absorbed, Intake, Outcome, Slice, Store};

/// Makes two tests of each function that takes a [`TestStore`](store::testing::TestStore): one per engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(store::testing::TestStore::new().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                match store::testing::TestStore::postgres().await {
                    Some(store) => super::$name(store).await,
                    None => eprintln!("not run: {} names no server", store::testing::POSTGRES_VARIABLE),
                }
            })*
        }
    };
}
pub(crate) use on_both_engines;

pub(crate) const ALL: Slice = Slice {
    offset: 0,
    limit: 100,
};

/// A moment: `2026-11-23T08:00:00Z`, or a bare day for its midnight.
pub(crate) fn at(text: &str) -> Timestamp {
    match text.contains('T') {
        true => text.parse().unwrap(),
        false => format!("{text}T00:00:00Z").parse().unwrap(),
    }
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-23T08:00:00Z")
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> ExternalId {
    text.parse().unwrap()
}

/// A record with ids, a telling title made from the first id (or `title`), one author, and a submission day.
pub(crate) fn record(source: Source, ids: &[&str], title: &str) -> Record {
    let mut record = Record::titled(source, now(), title);
    record.ids = ids.iter().map(|text| id(text)).collect();
    record.authors = vec![Author::named("Ana García")];
    record
}

/// An arXiv record, submitted on a day, in categories.
pub(crate) fn arxiv(number: &str, submitted: &str, categories: &[&str]) -> Record {
    let title = format!("What the paper {number} is about");
    let mut record = record(Source::ArxivOai, &[number], &title);
    record.abstract_text = Some(format!("The abstract of {number}."));
    record.categories = categories.iter().map(|name| name.to_string()).collect();
    record.times.submitted = Some(at(submitted));
    record
}

pub(crate) fn link(kind: LinkKind, url: &str) -> Link {
    Link::new(kind, url, Source::DailyPapers, now()).unwrap()
}

pub(crate) fn reading(signal: Signal, when: &str, value: Option<u32>) -> Reading {
    Reading {
        signal,
        at: at(when),
        value,
    }
}

pub(crate) fn upvotes(number: &str, readings: &[(&str, Option<u32>)]) -> Item {
    Item::Readings {
        id: id(number),
        readings: readings
            .iter()
            .map(|(when, value)| reading(Signal::DailyUpvotes, when, *value))
            .collect(),
        source: Source::DailyPapers,
    }
}

pub(crate) fn papers(records: impl IntoIterator<Item = Record>) -> Vec<Item> {
    records
        .into_iter()
        .map(|record| Item::Paper(Box::new(record)))
        .collect()
}

pub(crate) async fn absorb(store: &Store, items: &[Item]) -> Absorbed {
    let intake = Intake {
        items,
        ..Intake::default()
    };
    let absorbed = store.absorb(&intake, now()).await.unwrap();
    assert_eq!(store.seq().await.unwrap(), absorbed.seq);
    absorbed
}

/// Absorbs records, and checks that the database is sound and that the same again changes nothing.
pub(crate) async fn absorb_soundly(store: &Store, items: &[Item]) -> Absorbed {
    let absorbed = absorb(store, items).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let again = absorb(store, items).await;
    assert_eq!((again.changed, again.gone), (vec![], vec![]));
    assert_eq!(again.seq, absorbed.seq);
    absorbed
}

/// What became of items, in words: `new 1`, `changed 1`, `same 1`, `unknown`.
pub(crate) fn words(outcomes: &[Outcome]) -> Vec<String> {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Inserted(id) => format!("new {}", id.0),
            Outcome::Changed(id) => format!("changed {}", id.0),
            Outcome::Unchanged(id) => format!("same {}", id.0),
            Outcome::UnknownPaper => "unknown".to_string(),
        })
        .collect()
}

pub(crate) fn rows(papers: &[Paper]) -> Vec<u32> {
    papers.iter().map(|paper| paper.id.0).collect()
}

pub(crate) fn keys(papers: &[Paper]) -> Vec<String> {
    papers.iter().map(Paper::key).collect()
}

pub(crate) async fn paper(store: &Store, key: &str) -> Paper {
    store.paper(&id(key)).await.unwrap().unwrap()
}

pub(crate) fn row(number: u32) -> PaperId {
    PaperId(number)
}

/// A connection of its own to a test's database.
pub(crate) async fn connect(store: &TestStore) -> sqlx::AnyConnection {
    let url = match store.url().starts_with("postgres") {
        true => store.url().to_string(),
        false => format!("sqlite://{}", store.url()),
    };
    sqlx::AnyConnection::connect(&url).await.unwrap()
}

/// People with these names, in order, numbered from 1.
pub(crate) async fn people(store: &TestStore, names: &[&str]) -> Vec<UserId> {
    const SQL: &str = "INSERT INTO users (id, name, name_key, role, about, created, seen, lock_reason) \
        VALUES ($1, $2, $3, 'reader', '', 0, 0, '')";
    let mut conn = connect(store).await;
    let mut ids = Vec::new();
    for (id, name) in (1_i64..).zip(names) {
        sqlx::query(SQL)
            .bind(id)
            .bind(*name)
            .bind(name.to_ascii_lowercase())
            .execute(&mut conn)
            .await
            .unwrap();
        ids.push(UserId(id));
    }
    ids
}

/// Numbered papers, enough to choose from: rows 1 to `count`.
pub(crate) async fn some_papers(store: &Store, count: u32) {
    let records = (1..=count).map(|n| arxiv(&format!("2305.{n:05}"), "2023-05-08", &["cs.CL"]));
    let items = papers(records);
    for some in items.chunks(500) {
        absorb(store, some).await;
    }
}

/// Makes one paper of rows 1 and 2 of [`some_papers_to_unite`].
pub(crate) async fn unite(store: &Store) {
    let mut both = arxiv("2305.00001", "2023-05-08", &["cs.CL"]);
    both.ids.push(id("10.1101/2024.01"));
    let absorbed = absorb(store, &papers([both])).await;
    assert_eq!(absorbed.gone, [row(2)]);
}

/// Two papers that [`unite`] makes one.
pub(crate) async fn some_papers_to_unite(store: &Store) {
    let items = papers([
        arxiv("2305.00001", "2023-05-08", &["cs.CL"]),
        record(Source::Bibliography, &["10.1101/2024.01"], "A preprint"),
    ]);
    absorb(store, &items).await;
}
