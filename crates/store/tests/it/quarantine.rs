//! Records that could not be read are kept with their bytes, once.

use domain::record::{Source, Unreadable};
use store::testing::TestStore;
use store::{Intake, Store};

use crate::helpers::*;

on_both_engines!(records_are_set_aside_once, records_are_listed_and_released);

fn unreadable(place: &str, bytes: &[u8]) -> Unreadable {
    Unreadable::new(Source::ArxivDump, "arxiv-jsonl", place, "no title", bytes)
}

async fn set_aside(store: &Store, unreadable: &[Unreadable]) {
    let intake = Intake {
        unreadable,
        ..Intake::default()
    };
    store.absorb(&intake, now()).await.unwrap();
}

async fn records_are_set_aside_once(store: TestStore) {
    let odd = unreadable("file:7", &[0, 255, b'{', 0xc3]);
    let same_elsewhere = unreadable("file:9", &odd.bytes);
    let other_there = unreadable("file:7", b"{");
    set_aside(&store, &[odd.clone(), same_elsewhere.clone()]).await;
    set_aside(&store, &[odd.clone(), other_there.clone(), odd.clone()]).await;
    let kept = store.quarantine(None, 10).await.unwrap();
    let records: Vec<_> = kept.iter().map(|q| (q.id, q.unreadable.clone())).collect();
    assert_eq!(records, [(3, other_there), (2, same_elsewhere), (1, odd)]);
    assert_eq!(kept[0].at, now());
    assert_eq!(store.totals().await.unwrap().quarantined, 3);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn records_are_listed_and_released(store: TestStore) {
    let records: Vec<_> = (0..5)
        .map(|n| unreadable(&format!("line {n}\0"), b"x"))
        .collect();
    set_aside(&store, &records).await;
    let page = store.quarantine(Some(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|q| q.id).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(store.quarantined(2).await.unwrap().as_ref(), Some(&page[1]));
    assert!(store.release(2).await.unwrap());
    assert!(!store.release(2).await.unwrap());
    assert_eq!(store.quarantined(2).await.unwrap(), None);
}
