//! Following the change sequence, as the index does.

use store::testing::TestStore;

use crate::helpers::*;

on_both_engines!(changes_page_through, a_paper_stands_at_its_newest_change);

async fn changes_page_through(store: TestStore) {
    let records = (1..=5).map(|n| arxiv(&format!("2305.0000{n}"), "2023-05-08", &[]));
    let absorbed = absorb(&store, &papers(records)).await;
    let (mut seq, mut seen) = (0, Vec::new());
    loop {
        let (changed, gone, reached) = store.changes(seq, 2).await.unwrap();
        assert!(gone.is_empty());
        if changed.is_empty() {
            assert_eq!(reached, seq);
            break;
        }
        seen.extend(changed);
        seq = reached;
    }
    assert_eq!(seen, absorbed.changed);
    assert_eq!(seq, absorbed.seq);
    assert_eq!(
        store.changes(u64::MAX, 5).await.unwrap(),
        (vec![], vec![], u64::MAX)
    );
}

async fn a_paper_stands_at_its_newest_change(store: TestStore) {
    let records = (1..=3).map(|n| arxiv(&format!("2305.0000{n}"), "2023-05-08", &[]));
    let items = papers(records);
    absorb(&store, &items).await;
    absorb(&store, &[upvotes("2305.00001", &[("2026-01-01", Some(1))])]).await;
    let (changed, _, reached) = store.changes(0, 10).await.unwrap();
    assert_eq!((rows(&changed), reached), (vec![2, 3, 1], 4));
    let (changed, _, _) = store.changes(3, 10).await.unwrap();
    assert_eq!(rows(&changed), [1]);
}
