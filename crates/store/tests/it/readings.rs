//! Signals as series, and the numbers that follow from them.

use domain::paper::LinkKind;
use domain::record::Item;
use domain::signal::Signal;
use store::testing::TestStore;

use crate::helpers::*;

on_both_engines!(
    the_newest_reading_counts,
    failed_readings_are_no_zeros,
    both_kinds_of_votes_add_up,
    histories_begin_with_the_last_reading_before,
    histories_are_bounded,
    repositories_are_due_once_a_day,
);

async fn the_newest_reading_counts(store: TestStore) {
    let mut items = papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]);
    items.push(upvotes(
        "2305.00001",
        &[("2026-01-03", Some(9)), ("2026-01-01", Some(4))],
    ));
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(words(&absorbed.outcomes), ["new 1", "changed 1"]);
    assert_eq!(rows(&absorbed.changed), [1]);
    assert_eq!(paper(&store, "2305.00001").await.votes, 9);

    let late = [upvotes("2305.00001", &[("2026-01-02", Some(5))])];
    let absorbed = absorb(&store, &late).await;
    assert_eq!(words(&absorbed.outcomes), ["same 1"]);
    let fewer = [upvotes("2305.00001", &[("2026-01-04", Some(8))])];
    let absorbed = absorb_soundly(&store, &fewer).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1"]);
    assert_eq!(paper(&store, "2305.00001").await.votes, 8);
    let values: Vec<_> = store.readings(row(1)).await.unwrap();
    let values: Vec<_> = values.iter().map(|reading| reading.value).collect();
    assert_eq!(values, [Some(4), Some(5), Some(9), Some(8)]);
}

async fn failed_readings_are_no_zeros(store: TestStore) {
    let mut items = papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]);
    items.push(upvotes(
        "2305.00001",
        &[("2026-01-01", Some(4)), ("2026-01-02", None)],
    ));
    absorb_soundly(&store, &items).await;
    assert_eq!(paper(&store, "2305.00001").await.votes, 4);
    let made_good = [upvotes(
        "2305.00001",
        &[("2026-01-02", Some(6)), ("2026-01-01", Some(3))],
    )];
    absorb_soundly(&store, &made_good).await;
    assert_eq!(paper(&store, "2305.00001").await.votes, 6);
    let values: Vec<_> = store.readings(row(1)).await.unwrap();
    let values: Vec<_> = values.iter().map(|reading| reading.value).collect();
    assert_eq!(values, [Some(4), Some(6)]);
}

async fn both_kinds_of_votes_add_up(store: TestStore) {
    let mut given = arxiv("2305.00001", "2023-05-01", &["cs.CL"]);
    given.readings = vec![
        reading(Signal::DailyUpvotes, "2026-01-01", Some(4)),
        reading(Signal::Votes, "2026-01-01", Some(u32::MAX)),
        reading(Signal::Comments, "2026-01-01", Some(1)),
        reading(Signal::DailyComments, "2026-01-01", Some(2)),
        reading(Signal::Saves, "2026-01-01", Some(100)),
    ];
    let absorbed = absorb(&store, &papers([given])).await;
    let kept = &absorbed.changed[0];
    assert_eq!((kept.votes, kept.comments, kept.stars), (u32::MAX, 3, None));
}

async fn histories_begin_with_the_last_reading_before(store: TestStore) {
    let mut items = papers([
        arxiv("2305.00001", "2023-05-01", &["cs.CL", "cs.LG"]),
        arxiv("2305.00002", "2023-05-02", &[]),
    ]);
    let series = [
        ("2026-01-01", Some(1)),
        ("2026-01-02", Some(2)),
        ("2026-01-03", None),
        ("2026-01-10", Some(5)),
        ("2026-01-11", None),
    ];
    items.push(upvotes("2305.00001", &series));
    items.push(upvotes("2305.00002", &[("2026-01-01", Some(1))]));
    absorb(&store, &items).await;
    let histories = store.signal_histories(at("2026-01-05"), 10).await.unwrap();
    let [history] = histories.as_slice() else {
        panic!("one paper was read since, not {}", histories.len());
    };
    assert_eq!((history.paper, history.field.as_str()), (row(1), "cs.CL"));
    assert_eq!(history.listed, day("2023-05-01"));
    let got: Vec<_> = history.readings.iter().map(|r| (r.at, r.value)).collect();
    assert_eq!(
        got,
        [
            (at("2026-01-02"), Some(2)),
            (at("2026-01-10"), Some(5)),
            (at("2026-01-11"), None),
        ]
    );
}

async fn histories_are_bounded(store: TestStore) {
    let mut items: Vec<Item> = papers((1..=9).map(|n| {
        let mut record = arxiv(
            &format!("2305.0000{n}"),
            &format!("2023-05-0{n}"),
            &["cs.CL"],
        );
        record.readings = vec![reading(Signal::Stars, "2026-01-01", Some(n))];
        record
    }));
    let mut undated = record(
        domain::record::Source::Feed,
        &["10.1101/undated"],
        "No day at all",
    );
    undated.readings = vec![reading(Signal::Votes, "2026-01-02", Some(1))];
    items.extend(papers([undated]));
    absorb_soundly(&store, &items).await;
    let newest = store.signal_histories(at("2026-01-01"), 3).await.unwrap();
    let papers: Vec<u32> = newest.iter().map(|history| history.paper.0).collect();
    assert_eq!(papers, [9, 8, 7]);
    let all = store.signal_histories(at("2026-01-01"), 100).await.unwrap();
    assert_eq!((all.len(), all[9].listed), (10, day("2026-01-02")));
}

async fn repositories_are_due_once_a_day(store: TestStore) {
    let with = |number: &str, listed: &str, url: &str, votes: u32| {
        let mut record = arxiv(number, listed, &["cs.CL"]);
        record.links = vec![link(LinkKind::Code, url)];
        record.readings = vec![reading(Signal::Votes, listed, Some(votes))];
        record
    };
    let mut read = with("2611.00004", "2026-11-20", "https://github.com/d/d", 9);
    read.readings
        .push(reading(Signal::Stars, "2026-11-22", None));
    let records = [
        with("2611.00001", "2026-11-20", "https://github.com/a/a", 1),
        with("2611.00002", "2026-11-20", "https://github.com/b/b", 2),
        with("2609.00003", "2026-09-01", "https://github.com/c/c", 9),
        read,
        with("2611.00005", "2026-11-20", "https://example.org/e/e", 9),
        with("2611.00006", "2026-11-20", "https://github.com/owner", 9),
    ];
    absorb_soundly(&store, &papers(records)).await;
    let due = async |before: &str, limit| {
        let since = day("2026-10-01");
        let address = "https://github.com/";
        let papers = store.papers_to_star(since, at(before), address, limit);
        let papers = papers.await.unwrap();
        papers.iter().map(|p| p.key()).collect::<Vec<_>>()
    };
    // A failed reading is a reading here: it was tried.
    assert_eq!(due("2026-11-22", 9).await, ["2611.00002", "2611.00001"]);
    assert_eq!(due("2026-11-22", 1).await, ["2611.00002"]);
    let tomorrow = ["2611.00004", "2611.00002", "2611.00001"];
    assert_eq!(due("2026-11-23", 9).await, tomorrow);
}
