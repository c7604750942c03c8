//! Two processes on one database, as far as the database can tell: two sets of connections.

use domain::record::Item;
use store::testing::TestStore;
use store::{Intake, Store};

use crate::helpers::*;

on_both_engines!(
    two_writers_agree,
    readers_see_what_others_wrote,
    two_open_at_once
);

async fn absorb_in_pieces(store: &Store, items: &[Item]) {
    for piece in items.chunks(3) {
        let intake = Intake {
            items: piece,
            ..Intake::default()
        };
        store.absorb(&intake, now()).await.unwrap();
    }
}

async fn two_writers_agree(store: TestStore) {
    let records = (0..60).map(|n| arxiv(&format!("2305.{n:05}"), "2023-05-01", &["cs.CL"]));
    let items = papers(records);
    let backwards: Vec<Item> = items.iter().rev().cloned().collect();
    let other = store.open_again().await;
    tokio::join!(
        absorb_in_pieces(&store, &items),
        absorb_in_pieces(&other, &backwards)
    );
    assert_eq!(store.totals().await.unwrap().papers, 60);
    assert_eq!(store.seq().await.unwrap(), 60);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    other.close().await;
}

async fn readers_see_what_others_wrote(store: TestStore) {
    let other = store.open_again().await;
    absorb(
        &other,
        &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
    )
    .await;
    assert_eq!(paper(&store, "2305.00001").await.id, row(1));
    other.close().await;
}

async fn two_open_at_once(store: TestStore) {
    store.migrate_down(0).await.unwrap();
    let (one, two) = tokio::join!(store.open_again(), store.open_again());
    absorb(
        &one,
        &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
    )
    .await;
    assert_eq!(two.totals().await.unwrap().papers, 1);
    one.close().await;
    two.close().await;
}
