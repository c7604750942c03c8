//! Lists of windows that are over: their order stands, and what comes late stands at the end.

use domain::ledger::{Batch, BatchKey, BatchState, Counts};
use domain::record::{Item, Record, Source};
use domain::signal::Signal;
use domain::window::Window;
use store::testing::TestStore;
use store::{Checkpoint, Intake, List, Slice, Store};

use crate::helpers::*;

on_both_engines!(
    a_closed_list_stands_whatever_comes,
    late_arrivals_stand_at_the_end_in_order_of_arrival,
    only_what_is_over_is_closed,
    an_import_and_an_awaited_announcement_hold_a_closing_back,
    closing_twice_changes_nothing,
    a_list_of_the_shelf_alone_stays_open,
    united_papers_keep_one_place,
    closed_lists_are_sliced_and_filtered,
    migrations_forget_and_close_again,
);

const DAY: &str = "2026-11-18";

fn voted(number: &str, votes: u32) -> Record {
    let mut record = arxiv(number, DAY, &["cs.CL"]);
    record.readings = vec![reading(Signal::Votes, DAY, Some(votes))];
    record
}

fn more_votes(number: &str, votes: u32) -> Item {
    Item::Readings {
        id: id(number),
        readings: vec![reading(Signal::Votes, "2026-11-22", Some(votes))],
        source: Source::DailyPapers,
    }
}

fn windows() -> [Window; 3] {
    ["2026-11-18", "2026-W47", "2026-11"].map(|text| text.parse().unwrap())
}

async fn close_all(store: &Store) {
    for window in windows() {
        assert!(store.close_window(window, now()).await.unwrap());
    }
}

async fn list(store: &Store, window: Window) -> List {
    store.window(window, None, ALL).await.unwrap()
}

/// The list's papers, late ones in brackets.
async fn shown(store: &Store, window: Window) -> Vec<String> {
    let list = list(store, window).await;
    assert_eq!(list.total as usize, list.papers.len());
    let name = |paper: &domain::paper::Paper| match list.late.contains(&paper.id) {
        true => format!("({})", paper.key()),
        false => paper.key(),
    };
    list.papers.iter().map(name).collect()
}

async fn a_closed_list_stands_whatever_comes(store: TestStore) {
    let first = [voted("2611.00001", 3), voted("2611.00002", 2)];
    absorb_soundly(&store, &papers(first)).await;
    assert_eq!(list(&store, windows()[0]).await.closed, None);
    close_all(&store).await;
    absorb_soundly(&store, &[more_votes("2611.00002", 900)]).await;
    // Featured on another day since: it stands on both lists.
    let mut featured = arxiv("2611.00001", DAY, &["cs.CL"]);
    featured.times.featured = Some(at("2026-11-20"));
    absorb_soundly(&store, &papers([featured])).await;
    for window in windows() {
        assert_eq!(shown(&store, window).await, ["2611.00001", "2611.00002"]);
        assert_eq!(list(&store, window).await.closed, Some(now()));
    }
    let other = Window::day("2026-11-20").unwrap();
    assert_eq!(shown(&store, other).await, ["2611.00001"]);
    assert_eq!(list(&store, other).await.closed, None);
    let days = store.days().await.unwrap();
    assert_eq!(days, [(day(DAY), 2), (day("2026-11-20"), 1)]);
}

async fn late_arrivals_stand_at_the_end_in_order_of_arrival(store: TestStore) {
    absorb(&store, &papers([voted("2611.00001", 1)])).await;
    close_all(&store).await;
    // Together: in the order of lists. One after the other: in the order of arrival.
    absorb(
        &store,
        &papers([voted("2611.00002", 5), voted("2611.00003", 9)]),
    )
    .await;
    absorb(&store, &papers([voted("2611.00004", 99)])).await;
    let moved = arxiv("2611.00005", "2026-11-01", &["cs.CL"]);
    absorb(&store, &papers([moved.clone()])).await;
    let mut featured = moved;
    featured.times.featured = Some(at(DAY));
    absorb_soundly(&store, &papers([featured])).await;
    absorb_soundly(&store, &[more_votes("2611.00002", 1000)]).await;
    let expected = [
        "2611.00001",
        "(2611.00003)",
        "(2611.00002)",
        "(2611.00004)",
        "(2611.00005)",
    ];
    for window in windows() {
        assert_eq!(shown(&store, window).await, expected, "{window}");
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn a_list_of_the_shelf_alone_stays_open(store: TestStore) {
    let mut shelved = voted("2611.00001", 3);
    shelved.source = Source::Shelf;
    absorb(&store, &papers([shelved])).await;
    for window in windows() {
        assert!(!store.close_window(window, now()).await.unwrap());
    }
    // What is imported afterwards takes the place that its votes give it.
    absorb(&store, &papers([voted("2611.00002", 5)])).await;
    close_all(&store).await;
    for window in windows() {
        assert_eq!(shown(&store, window).await, ["2611.00002", "2611.00001"]);
    }
}

async fn only_what_is_over_is_closed(store: TestStore) {
    let records = ["2026-11-18", "2026-11-22", "2026-11-23", "2026-10-05"].map(|listed| {
        let number = format!("26{}.000{}", &listed[5..7], &listed[8..]);
        arxiv(&number, listed, &["cs.CL"])
    });
    absorb(&store, &papers(records)).await;
    let names = |windows: Vec<Window>| -> Vec<String> {
        windows.iter().map(|window| window.to_string()).collect()
    };
    // It is Monday the 23rd: its week has begun, its month is not over.
    let open = store.windows_to_close(now()).await.unwrap();
    assert_eq!(
        names(open.clone()),
        [
            "2026-10-05",
            "2026-11-18",
            "2026-11-22",
            "2026-W41",
            "2026-W47",
            "2026-10"
        ]
    );
    for window in open {
        assert!(store.close_window(window, now()).await.unwrap());
    }
    assert_eq!(
        names(store.windows_to_close(now()).await.unwrap()),
        Vec::<String>::new()
    );
    let later = at("2026-12-01T08:00:00Z");
    assert_eq!(
        names(store.windows_to_close(later).await.unwrap()),
        ["2026-11-23", "2026-W48", "2026-11"]
    );
    let empty = Window::day("2026-11-17").unwrap();
    assert!(!store.close_window(empty, now()).await.unwrap());
    assert_eq!(list(&store, empty).await.closed, None);
}

async fn an_import_and_an_awaited_announcement_hold_a_closing_back(store: TestStore) {
    let items = papers([voted("2611.00001", 1)]);
    let checkpoint = |done| Checkpoint {
        file: "f".to_string(),
        name: "dump.jsonl".to_string(),
        records: 1,
        done,
    };
    let take_in = async |items: &[Item], done| {
        let checkpoint = checkpoint(done);
        let intake = Intake {
            items,
            checkpoint: Some(&checkpoint),
            ..Intake::default()
        };
        store.absorb(&intake, now()).await.unwrap();
    };
    let to_close = async |at| store.windows_to_close(at).await.unwrap().len();
    take_in(&items, false).await;
    assert_eq!(to_close(at("2026-11-23T08:30:00Z")).await, 0);
    // Killed, by the look of it.
    assert_eq!(to_close(at("2026-11-23T10:00:00Z")).await, 2);
    take_in(&[], true).await;
    assert_eq!(to_close(at("2026-11-23T08:30:00Z")).await, 2);
    let batch = Batch {
        key: BatchKey {
            source: Source::ArxivFeed,
            category: "cs.CV".to_string(),
            day: day("2026-11-20"),
        },
        counts: Counts::default(),
        state: BatchState::Failed,
        reason: "no network".to_string(),
        attempts: 1,
        checked: now(),
    };
    store.put_batch(&batch).await.unwrap();
    // The day is not concerned, the week waits: until four days after it.
    let names = async |at| {
        let windows = store.windows_to_close(at).await.unwrap();
        windows.iter().map(Window::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(at("2026-11-23T08:30:00Z")).await, [DAY]);
    assert_eq!(names(at("2026-11-27T08:30:00Z")).await, [DAY, "2026-W47"]);
}

async fn closing_twice_changes_nothing(store: TestStore) {
    absorb(
        &store,
        &papers([voted("2611.00001", 1), voted("2611.00002", 2)]),
    )
    .await;
    close_all(&store).await;
    absorb(&store, &[more_votes("2611.00001", 50)]).await;
    for window in windows() {
        assert!(!store.close_window(window, at("2026-12-24")).await.unwrap());
        assert_eq!(shown(&store, window).await, ["2611.00002", "2611.00001"]);
        assert_eq!(list(&store, window).await.closed, Some(now()));
    }
}

async fn united_papers_keep_one_place(store: TestStore) {
    let other = |doi: &str, title: &str| {
        let mut record = record(Source::Feed, &[doi], title);
        record.times.submitted = Some(at(DAY));
        record
    };
    let records = [
        voted("2611.00001", 9),
        voted("2611.00002", 8),
        other("10.1101/a", "First under another id"),
        other("10.1101/b", "Third under another id"),
    ];
    absorb(&store, &papers(records)).await;
    close_all(&store).await;
    // One that stands on the list is united with another one that does.
    let mut both = arxiv("2611.00001", DAY, &["cs.CL"]);
    both.ids.push(id("10.1101/a"));
    absorb_soundly(&store, &papers([both])).await;
    // One that does not stand on the list takes the place of one that does.
    let mut third = arxiv("2611.00003", "2026-10-01", &["cs.CL"]);
    absorb(&store, &papers([third.clone()])).await;
    third.ids.push(id("10.1101/b"));
    absorb_soundly(&store, &papers([third])).await;
    for window in windows() {
        let keys = shown(&store, window).await;
        assert_eq!(keys, ["2611.00001", "2611.00002", "2611.00003"], "{window}");
    }
}

async fn closed_lists_are_sliced_and_filtered(store: TestStore) {
    let mut records: Vec<Record> = (1..=6)
        .map(|n| voted(&format!("2611.0000{n}"), n))
        .collect();
    records[1].categories = vec!["cs.LG".into(), "cs.CLX".into()];
    records[3].categories = vec!["cs.LG".into(), "cs.CL".into()];
    absorb(&store, &papers(records)).await;
    close_all(&store).await;
    let slice = Slice {
        offset: 2,
        limit: 2,
    };
    let part = store.window(windows()[0], None, slice).await.unwrap();
    assert_eq!(
        (keys(&part.papers), part.total),
        (vec!["2611.00004".to_string(), "2611.00003".to_string()], 6)
    );
    let of = async |category| {
        let list = store
            .window(windows()[1], Some(category), ALL)
            .await
            .unwrap();
        assert_eq!(list.total as usize, list.papers.len());
        rows(&list.papers)
    };
    assert_eq!(of("cs.CL").await, [6, 5, 4, 3, 1]);
    assert_eq!(of("cs.LG").await, [4, 2]);
    assert_eq!(of("cs.cl").await, Vec::<u32>::new());
    assert_eq!(of("cs.C%").await, Vec::<u32>::new());
}

async fn migrations_forget_and_close_again(store: TestStore) {
    absorb(&store, &papers([voted("2611.00001", 1)])).await;
    close_all(&store).await;
    store.migrate_down(3).await.unwrap();
    store.migrate_up().await.unwrap();
    assert_eq!(list(&store, windows()[0]).await.closed, None);
    close_all(&store).await;
}
