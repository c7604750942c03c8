//! Order, windows and slices of lists.

use domain::paper::LinkKind;
use domain::record::{Record, Source};
use domain::signal::Signal;
use domain::window::Window;
use store::testing::TestStore;
use store::{Slice, Store};

use crate::helpers::*;

on_both_engines!(
    windows_hold_their_days,
    votes_then_evidence_then_newest_id,
    the_order_does_not_depend_on_the_import,
    lists_follow_their_papers,
    slices_page_through,
    names_are_counted,
    site_map_pages_through,
);

fn voted(number: &str, submitted: &str, votes: u32) -> Record {
    let mut record = arxiv(number, submitted, &["cs.CL"]);
    record.readings = vec![reading(Signal::Votes, "2026-01-01", Some(votes))];
    record
}

async fn window(store: &Store, window: Window, category: Option<&str>) -> Vec<String> {
    let list = store.window(window, category, ALL).await.unwrap();
    assert_eq!(list.total as usize, list.papers.len());
    keys(&list.papers)
}

async fn windows_hold_their_days(store: TestStore) {
    let mut undated = record(Source::Feed, &["10.1101/undated"], "No day at all");
    undated.categories = vec!["cs.CL".into()];
    let mut items = papers([
        arxiv("2305.00001", "2023-05-07T23:59:59Z", &["cs.CL"]),
        arxiv("2305.00002", "2023-05-08", &["cs.LG", "cs.CL", "cs.CL"]),
        arxiv("2305.00003", "2023-05-14T23:59:59Z", &["cs.LG"]),
        arxiv("2305.00004", "2023-05-15", &["cs.CL"]),
        arxiv("2306.00005", "2023-06-01", &["cs.CL"]),
    ]);
    items.extend(papers([undated]));
    absorb_soundly(&store, &items).await;
    let week = Window::week("2023-W19").unwrap();
    assert_eq!(
        window(&store, week, None).await,
        ["2305.00003", "2305.00002"]
    );
    assert_eq!(window(&store, week, Some("cs.CL")).await, ["2305.00002"]);
    assert_eq!(
        window(&store, week, Some("cs.C")).await,
        Vec::<String>::new()
    );
    let month = Window::month("2023-05").unwrap();
    assert_eq!(window(&store, month, None).await.len(), 4);
    let one = Window::day("2023-05-08").unwrap();
    assert_eq!(window(&store, one, None).await, ["2305.00002"]);
    let all = store.newest(ALL).await.unwrap();
    assert_eq!(all.papers.last().unwrap().key(), "10.1101/undated");
    let days: Vec<String> = store
        .days()
        .await
        .unwrap()
        .iter()
        .map(|(d, n)| format!("{d}: {n}"))
        .collect();
    assert_eq!(
        days,
        [
            "2023-05-07: 1",
            "2023-05-08: 1",
            "2023-05-14: 1",
            "2023-05-15: 1",
            "2023-06-01: 1"
        ]
    );
}

async fn votes_then_evidence_then_newest_id(store: TestStore) {
    let mut with_code = arxiv("2305.00001", "2023-05-08", &["cs.CL"]);
    with_code.links = vec![link(LinkKind::Code, "https://example.org/code")];
    let items = papers([
        voted("2305.00004", "2023-05-08", 3),
        arxiv("2305.00003", "2023-05-08", &["cs.CL"]),
        with_code,
        arxiv("2305.00002", "2023-05-08", &["cs.CL"]),
        voted("2305.00005", "2023-05-08", 20),
    ]);
    absorb_soundly(&store, &items).await;
    let expected = [
        "2305.00005",
        "2305.00004",
        "2305.00001",
        "2305.00003",
        "2305.00002",
    ];
    let one = Window::day("2023-05-08").unwrap();
    assert_eq!(window(&store, one, None).await, expected);
    assert_eq!(window(&store, one, Some("cs.CL")).await, expected);
    assert_eq!(
        keys(&store.category("cs.CL", ALL).await.unwrap().papers),
        expected
    );
}

/// Rows are given out in the order of import, so they must not decide.
async fn the_order_does_not_depend_on_the_import(store: TestStore) {
    let mut other = record(Source::Feed, &["10.1101/a"], "Not on arXiv but dated");
    other.times.submitted = Some(at("2023-05-30"));
    let items = papers([
        arxiv("2305.00002", "2023-05-30", &[]),
        arxiv("2305.90001", "2023-05-30", &[]),
        other,
        arxiv("2306.00001", "2023-05-30", &[]),
        arxiv("hep-th/9901001", "2023-05-30", &[]),
    ]);
    for item in &items {
        absorb(&store, std::slice::from_ref(item)).await;
    }
    let one = Window::day("2023-05-30").unwrap();
    let expected = [
        "2306.00001",
        "2305.90001",
        "10.1101/a",
        "2305.00002",
        "hep-th/9901001",
    ];
    assert_eq!(window(&store, one, None).await, expected);
}

async fn lists_follow_their_papers(store: TestStore) {
    let mut given = arxiv("2305.00001", "2023-05-08", &["cs.CL", "cs.AI"]);
    given.tags = vec!["old".into()];
    absorb(&store, &papers([given.clone()])).await;
    given.categories = vec!["cs.LG".into()];
    given.tags = vec!["new".into()];
    given.times.featured = Some(at("2023-05-10"));
    absorb_soundly(&store, &papers([given])).await;
    let names = store.categories().await.unwrap();
    assert_eq!(names, [("cs.LG".to_string(), 1)]);
    let names = store.tags(10).await.unwrap();
    assert_eq!(names, [("new".to_string(), 1), ("old".to_string(), 1)]);
    let moved = Window::day("2023-05-10").unwrap();
    assert_eq!(window(&store, moved, Some("cs.LG")).await, ["2305.00001"]);
    assert_eq!(
        window(&store, moved.previous(), None).await,
        Vec::<String>::new()
    );
    assert_eq!(store.category("cs.CL", ALL).await.unwrap().total, 0);
}

async fn slices_page_through(store: TestStore) {
    let records = (1..=7).map(|n| voted(&format!("2305.0000{n}"), "2023-05-08", n));
    absorb(&store, &papers(records)).await;
    let mut seen = Vec::new();
    for offset in [0, 3, 6, 9] {
        let list = store.newest(Slice { offset, limit: 3 }).await.unwrap();
        assert_eq!(list.total, 7);
        seen.extend(rows(&list.papers));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let none = store
        .newest(Slice {
            offset: 0,
            limit: 0,
        })
        .await
        .unwrap();
    assert_eq!((none.papers.len(), none.total), (0, 7));
}

async fn names_are_counted(store: TestStore) {
    let mut tagged = arxiv("2305.00003", "2023-05-08", &["math.CO"]);
    tagged.tags = vec!["b".into(), "a".into()];
    let mut other = arxiv("2305.00004", "2023-05-08", &["cs.CL"]);
    other.tags = vec!["b".into()];
    let items = papers([
        arxiv("2305.00001", "2023-05-08", &["cs.CL", "cs.AI"]),
        tagged,
        other,
    ]);
    absorb(&store, &items).await;
    let count = |name: &str, n| (name.to_string(), n);
    let categories = store.categories().await.unwrap();
    assert_eq!(
        categories,
        [count("cs.CL", 2), count("cs.AI", 1), count("math.CO", 1)]
    );
    assert_eq!(store.tags(9).await.unwrap(), [count("b", 2), count("a", 1)]);
    assert_eq!(store.tags(1).await.unwrap(), [count("b", 2)]);
    assert_eq!(rows(&store.tag("b", ALL).await.unwrap().papers), [3, 2]);
}

async fn site_map_pages_through(store: TestStore) {
    let mut first = arxiv("2305.00001", "2023-05-08", &[]);
    first.ids.push(id("10.1101/a"));
    first.times.updated = Some(at("2023-06-01"));
    let items = papers([first, record(Source::Feed, &["10.1101/b"], "Without a day")]);
    absorb(&store, &items).await;
    let all = store.sitemap(None, 10).await.unwrap();
    let lines: Vec<_> = all.iter().map(|a| (a.key.as_str(), a.updated)).collect();
    assert_eq!(
        lines,
        [("2305.00001", Some(at("2023-06-01"))), ("10.1101/b", None)]
    );
    let rest = store.sitemap(Some(all[0].paper), 10).await.unwrap();
    assert_eq!(rest, all[1..]);
    assert_eq!(store.sitemap(None, 1).await.unwrap(), all[..1]);
}
