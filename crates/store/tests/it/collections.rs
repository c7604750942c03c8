//! Collections: order, notes, bounds, who may see and change them.

use domain::account::UserId;
use store::testing::TestStore;
use store::{Collected, Collection, CollectionChange, MoveTo, NewCollection, Slice, Visibility};

use crate::helpers::*;

on_both_engines!(
    a_collection_keeps_its_order_and_notes,
    slugs_are_the_owners_own,
    who_may_see_and_change,
    a_thousand_papers_and_no_more,
    a_united_paper_keeps_its_places,
    two_hundred_collections_and_no_more,
    public_ones_are_listed_once_they_hold_something,
    a_deleted_collection_leaves_nothing,
);

async fn made(store: &TestStore, owner: UserId, title: &str, visibility: Visibility) -> Collection {
    let new = NewCollection {
        owner,
        title,
        note: "",
        visibility,
    };
    let made = store.make_collection(new, now()).await.unwrap();
    made.unwrap()
}

async fn order(store: &TestStore, collection: i64) -> Vec<u32> {
    let items = store.collected(collection, ALL).await.unwrap();
    items.iter().map(|item| item.paper.0).collect()
}

async fn a_collection_keeps_its_order_and_notes(store: TestStore) {
    let jane = people(&store, &["Jane"]).await[0];
    some_papers(&store, 5).await;
    let c = made(&store, jane, "To read", Visibility::Private).await.id;
    for n in 1..=4 {
        let done = store.collect(c, row(n), "", jane, now()).await.unwrap();
        assert_eq!(done, Collected::Done);
    }
    let again = store.collect(c, row(2), "", jane, now()).await.unwrap();
    assert_eq!(again, Collected::Already);
    let unknown = store.collect(c, row(99), "", jane, now()).await.unwrap();
    assert_eq!(unknown, Collected::Unknown);
    for (paper, to, expected) in [
        (3, MoveTo::Up, [1, 3, 2, 4]),
        (1, MoveTo::Down, [3, 1, 2, 4]),
        (4, MoveTo::Place(0), [4, 3, 1, 2]),
        (4, MoveTo::Place(99), [3, 1, 2, 4]),
        (3, MoveTo::Up, [3, 1, 2, 4]),
    ] {
        store.move_item(c, row(paper), to, now()).await.unwrap();
        assert_eq!(order(&store, c).await, expected, "{paper} {to:?}");
    }
    store
        .annotate(c, row(1), "Read\0 it\nfirst", now())
        .await
        .unwrap();
    let items = store.collected(c, ALL).await.unwrap();
    assert_eq!(
        (items[1].note.as_str(), items[1].by.as_deref()),
        ("Read it\nfirst", Some("Jane"))
    );
    assert!(store.uncollect(c, row(1), now()).await.unwrap());
    assert!(!store.uncollect(c, row(1), now()).await.unwrap());
    store.collect(c, row(5), "", jane, now()).await.unwrap();
    assert_eq!(order(&store, c).await, [3, 2, 4, 5]);
    let slice = Slice {
        offset: 1,
        limit: 2,
    };
    let some = store.collected(c, slice).await.unwrap();
    assert_eq!(some.iter().map(|i| i.paper.0).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(store.collections_holding(jane, row(5)).await.unwrap(), [c]);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn slugs_are_the_owners_own(store: TestStore) {
    let people = people(&store, &["Jane", "Bo"]).await;
    let first = made(&store, people[0], "To read!", Visibility::Private).await;
    let second = made(&store, people[0], "to READ", Visibility::Private).await;
    let other = made(&store, people[1], "To read", Visibility::Private).await;
    assert_eq!(
        (
            first.slug.as_str(),
            second.slug.as_str(),
            other.slug.as_str()
        ),
        ("to-read", "to-read-2", "to-read")
    );
    let mut change = CollectionChange {
        title: "Read\u{202e} later",
        note: "n",
        slug: "to read",
        visibility: Visibility::Public,
    };
    let taken = store
        .change_collection(second.id, change, now())
        .await
        .unwrap();
    assert_eq!(taken, Collected::SlugTaken);
    change.slug = "later";
    store
        .change_collection(second.id, change, now())
        .await
        .unwrap();
    let found = store
        .collection("JANE", "later", None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.title.as_str(), found.visibility),
        ("Read later", Visibility::Public)
    );
    assert_eq!(
        store.collection("jane", "to-read-2", None).await.unwrap(),
        None
    );
    let unknown = store.change_collection(99, change, now()).await.unwrap();
    assert_eq!(unknown, Collected::Unknown);
}

async fn who_may_see_and_change(store: TestStore) {
    let people = people(&store, &["Jane", "Bo", "Cy"]).await;
    let (jane, bo, cy) = (people[0], people[1], people[2]);
    let made = made(&store, jane, "Ours", Visibility::Private).await;
    assert_eq!(
        store.add_member(made.id, " bo ", now()).await.unwrap(),
        Collected::Done
    );
    assert_eq!(
        store.add_member(made.id, "BO", now()).await.unwrap(),
        Collected::Already
    );
    assert_eq!(
        store.add_member(made.id, "jane", now()).await.unwrap(),
        Collected::Unknown
    );
    assert_eq!(
        store
            .add_member(made.id, "nobody-here", now())
            .await
            .unwrap(),
        Collected::Unknown
    );
    let mut seen = Vec::new();
    for visibility in Visibility::ALL {
        let change = CollectionChange {
            title: "Ours",
            note: "",
            slug: "ours",
            visibility,
        };
        store
            .change_collection(made.id, change, now())
            .await
            .unwrap();
        for reader in [Some(jane), Some(bo), Some(cy), None] {
            let c = store
                .collection("jane", "ours", reader)
                .await
                .unwrap()
                .unwrap();
            seen.push((c.may_see(reader), c.may_edit(reader)));
        }
    }
    let (no, see, edit) = ((false, false), (true, false), (true, true));
    assert_eq!(
        seen,
        [edit, no, no, no, edit, edit, no, no, edit, edit, see, see]
    );
    assert_eq!(store.collections_of(bo).await.unwrap().len(), 1);
    assert_eq!(store.members(made.id).await.unwrap(), ["Bo"]);
    assert!(store.remove_member(made.id, "bo").await.unwrap());
    assert_eq!(store.collections_of(bo).await.unwrap(), []);
}

async fn a_thousand_papers_and_no_more(store: TestStore) {
    let jane = people(&store, &["Jane"]).await[0];
    some_papers(&store, 1_001).await;
    let c = made(&store, jane, "All", Visibility::Public).await.id;
    // Filled directly: a thousand transactions would test nothing more.
    let mut conn = connect(&store).await;
    sqlx::query(
        "INSERT INTO collection_items (collection, paper, position, note, account, at) \
         SELECT 1, id, id - 1, '', 1, 0 FROM papers WHERE id <= 999",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    assert_eq!(
        store.collect(c, row(1000), "", jane, now()).await.unwrap(),
        Collected::Done
    );
    assert_eq!(
        store.collect(c, row(1001), "", jane, now()).await.unwrap(),
        Collected::Full
    );
    store
        .move_item(c, row(1000), MoveTo::Place(0), now())
        .await
        .unwrap();
    let slice = Slice {
        offset: 998,
        limit: 10,
    };
    let last = store.collected(c, slice).await.unwrap();
    assert_eq!(
        last.iter().map(|i| i.paper.0).collect::<Vec<_>>(),
        [998, 999]
    );
    assert_eq!(order(&store, c).await[..2], [1000, 1]);
}

async fn a_united_paper_keeps_its_places(store: TestStore) {
    let jane = people(&store, &["Jane"]).await[0];
    some_papers_to_unite(&store).await;
    let both = made(&store, jane, "Both", Visibility::Private).await.id;
    let lost = made(&store, jane, "Lost", Visibility::Private).await.id;
    store.collect(both, row(1), "", jane, now()).await.unwrap();
    store
        .collect(both, row(2), "of the second", jane, now())
        .await
        .unwrap();
    store
        .collect(lost, row(2), "alone", jane, now())
        .await
        .unwrap();
    unite(&store).await;
    assert_eq!(
        (order(&store, both).await, order(&store, lost).await),
        (vec![1], vec![1])
    );
    let items = store.collected(both, ALL).await.unwrap();
    assert_eq!(items[0].note, "of the second");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn two_hundred_collections_and_no_more(store: TestStore) {
    let jane = people(&store, &["Jane"]).await[0];
    let mut conn = connect(&store).await;
    for n in 0..199 {
        sqlx::query(
            "INSERT INTO collections (id, account, slug, title, note, visibility, created, changed) \
             VALUES ($1, 1, $2, '', '', 'private', 0, 0)",
        )
        .bind(1000_i64 + n)
        .bind(format!("c{n}"))
        .execute(&mut conn)
        .await
        .unwrap();
    }
    made(&store, jane, "The last", Visibility::Private).await;
    let new = NewCollection {
        owner: jane,
        title: "One more",
        note: "",
        visibility: Visibility::Private,
    };
    assert_eq!(store.make_collection(new, now()).await.unwrap(), None);
}

async fn public_ones_are_listed_once_they_hold_something(store: TestStore) {
    let jane = people(&store, &["Jane"]).await[0];
    some_papers(&store, 1).await;
    let public = made(&store, jane, "Public", Visibility::Public).await.id;
    made(&store, jane, "Empty", Visibility::Public).await;
    let hidden = made(&store, jane, "Hidden", Visibility::Private).await.id;
    for c in [public, hidden] {
        store.collect(c, row(1), "", jane, now()).await.unwrap();
    }
    let titles = |list: Vec<Collection>| list.into_iter().map(|c| c.title).collect::<Vec<_>>();
    assert_eq!(
        titles(store.public_collections(0, 10).await.unwrap()),
        ["Public"]
    );
    assert_eq!(
        titles(store.collections_with(row(1), 10).await.unwrap()),
        ["Public"]
    );
    assert_eq!(store.public_collections(1, 10).await.unwrap(), []);
}

async fn a_deleted_collection_leaves_nothing(store: TestStore) {
    let people = people(&store, &["Jane", "Bo"]).await;
    some_papers(&store, 1).await;
    let c = made(&store, people[0], "Gone", Visibility::Shared).await.id;
    store
        .collect(c, row(1), "", people[0], now())
        .await
        .unwrap();
    store.add_member(c, "bo", now()).await.unwrap();
    assert!(store.delete_collection(c).await.unwrap());
    assert!(!store.delete_collection(c).await.unwrap());
    assert_eq!(order(&store, c).await, Vec::<u32>::new());
    assert_eq!(store.members(c).await.unwrap(), Vec::<String>::new());
}
