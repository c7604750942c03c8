//! Batches, announcements and digests.

use domain::ledger::{AnnounceKind, Batch, BatchKey, BatchState, Counts};
use domain::record::Source;
use store::testing::TestStore;
use store::{Intake, Store};

use crate::helpers::*;

on_both_engines!(
    lines_are_replaced_and_listed,
    an_unchanged_answer_is_a_look,
    announcements_keep_the_first_word,
    announcements_move_when_papers_unite,
    repeats_are_found_by_digest,
    small_values_are_kept,
);

fn key(source: Source, category: &str, on: &str) -> BatchKey {
    BatchKey {
        source,
        category: category.into(),
        day: day(on),
    }
}

fn batch(key: BatchKey, state: BatchState) -> Batch {
    Batch {
        key,
        counts: Counts {
            expected: Some(244),
            received: 240,
            stored: 239,
            set_aside: 4,
            duplicates: 1,
        },
        state,
        reason: "1 received but not stored".into(),
        attempts: 2,
        checked: now(),
    }
}

async fn lines_are_replaced_and_listed(store: TestStore) {
    let monday = key(Source::ArxivFeed, "cs.CL", "2026-11-23");
    assert_eq!(store.batch(&monday).await.unwrap(), None);
    let mut first = batch(monday.clone(), BatchState::Short);
    store.put_batch(&first).await.unwrap();
    assert_eq!(store.batch(&monday).await.unwrap().as_ref(), Some(&first));
    first.state = BatchState::Complete;
    first.counts.expected = None;
    first.reason.clear();
    store.put_batch(&first).await.unwrap();
    let other = batch(key(Source::ArxivApi, "*", "2026-11-23"), BatchState::Failed);
    let older = batch(
        key(Source::ArxivFeed, "cs.CL", "2026-11-20"),
        BatchState::Pending,
    );
    store.put_batch(&older).await.unwrap();
    store.put_batch(&other).await.unwrap();
    let all = store.batches(None, false, 10).await.unwrap();
    assert_eq!(all, [other.clone(), first.clone(), older.clone()]);
    assert_eq!(
        store.batches(None, true, 10).await.unwrap(),
        [other.clone(), older]
    );
    let since = Some(day("2026-11-21"));
    assert_eq!(
        store.batches(since, false, 10).await.unwrap(),
        [other.clone(), first]
    );
    assert_eq!(store.batches(None, false, 1).await.unwrap(), [other]);
}

async fn absorb_announced(store: &Store, key: &BatchKey, lines: &[(&str, AnnounceKind)]) {
    let records = lines
        .iter()
        .map(|(number, _)| arxiv(number, "2026-11-20", &["cs.CL"]));
    let items = papers(records);
    let kinds: Vec<AnnounceKind> = lines.iter().map(|(_, kind)| *kind).collect();
    let intake = Intake {
        items: &items,
        announcement: Some((key, &kinds)),
        ..Intake::default()
    };
    store.absorb(&intake, now()).await.unwrap();
}

async fn an_unchanged_answer_is_a_look(store: TestStore) {
    let url = "https://blog.example.org/atom.xml";
    let later = at("2026-11-25T09:00:00Z");
    let checked = async |on: &str| {
        let line = store
            .batch(&key(Source::Feed, url, on))
            .await
            .unwrap()
            .unwrap();
        line.checked
    };
    for (on, state) in [
        ("2026-11-20", BatchState::Unverified),
        ("2026-11-23", BatchState::Unverified),
    ] {
        store
            .put_batch(&batch(key(Source::Feed, url, on), state))
            .await
            .unwrap();
    }
    store.still_settled(Source::Feed, url, later).await.unwrap();
    assert_eq!(
        (checked("2026-11-20").await, checked("2026-11-23").await),
        (now(), later)
    );
    // What was open stays as it was looked at last.
    store
        .put_batch(&batch(
            key(Source::Feed, url, "2026-11-24"),
            BatchState::Failed,
        ))
        .await
        .unwrap();
    store
        .still_settled(Source::Feed, url, at("2026-11-26"))
        .await
        .unwrap();
    assert_eq!(
        (checked("2026-11-23").await, checked("2026-11-24").await),
        (later, now())
    );
    store
        .still_settled(Source::Feed, "https://other.example.org/", later)
        .await
        .unwrap();
}

async fn announcements_keep_the_first_word(store: TestStore) {
    use AnnounceKind::{Cross, New, Replacement};
    let key = key(Source::ArxivFeed, "cs.CL", "2026-11-23");
    absorb_announced(&store, &key, &[("2611.00002", New), ("2611.00001", Cross)]).await;
    absorb_announced(
        &store,
        &key,
        &[("2611.00003", New), ("2611.00001", Replacement)],
    )
    .await;
    let announced = store.announced(&key).await.unwrap();
    assert_eq!(announced, [(row(1), New), (row(2), Cross), (row(3), New)]);
    let tomorrow = BatchKey {
        day: day("2026-11-24"),
        ..key
    };
    assert_eq!(store.announced(&tomorrow).await.unwrap(), []);
}

async fn announcements_move_when_papers_unite(store: TestStore) {
    let key = key(Source::Biorxiv, "*", "2026-11-23");
    absorb(&store, &papers([arxiv("2611.00001", "2026-11-20", &[])])).await;
    let items = papers([record(
        Source::Biorxiv,
        &["10.1101/a"],
        "On bioRxiv it has a title",
    )]);
    let intake = Intake {
        items: &items,
        announcement: Some((&key, &[AnnounceKind::New])),
        ..Intake::default()
    };
    store.absorb(&intake, now()).await.unwrap();
    assert_eq!(
        store.announced(&key).await.unwrap(),
        [(row(2), AnnounceKind::New)]
    );
    let both = record(Source::Bibliography, &["2611.00001", "10.1101/a"], "Both");
    absorb_soundly(&store, &papers([both])).await;
    assert_eq!(
        store.announced(&key).await.unwrap(),
        [(row(1), AnnounceKind::New)]
    );
}

async fn repeats_are_found_by_digest(store: TestStore) {
    let on = |text: &str| key(Source::ArxivFeed, "cs.CL", text);
    for (text, digest) in [
        ("2026-11-18", "aa"),
        ("2026-11-19", "aa"),
        ("2026-11-20", "bb"),
    ] {
        store.set_batch_digest(&on(text), "replaced").await.unwrap();
        store.set_batch_digest(&on(text), digest).await.unwrap();
    }
    let monday = on("2026-11-23");
    let found = store.batch_with_digest(&monday, "aa").await.unwrap();
    assert_eq!(found, Some(day("2026-11-19")));
    let itself = store
        .batch_with_digest(&on("2026-11-19"), "aa")
        .await
        .unwrap();
    assert_eq!(itself, Some(day("2026-11-18")));
    assert_eq!(store.batch_with_digest(&monday, "cc").await.unwrap(), None);
    let other = key(Source::ArxivFeed, "cs.LG", "2026-11-23");
    assert_eq!(store.batch_with_digest(&other, "aa").await.unwrap(), None);
}

async fn small_values_are_kept(store: TestStore) {
    assert_eq!(store.meta("shelf").await.unwrap(), None);
    store.set_meta("shelf", "1").await.unwrap();
    store.set_meta("shelf", "2").await.unwrap();
    assert_eq!(store.meta("shelf").await.unwrap().as_deref(), Some("2"));
}
