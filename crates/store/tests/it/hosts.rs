//! Politeness that survives restarts.

use jiff::{SignedDuration, Timestamp};
use store::testing::TestStore;
use store::{Store, Validators};

use crate::helpers::*;

on_both_engines!(
    calls_keep_their_distance,
    cool_downs_hold,
    reservations_survive_a_restart,
    validators_are_remembered,
);

const HOST: &str = "export.arxiv.org";
const PAUSE: SignedDuration = SignedDuration::from_secs(3);

async fn reserve(store: &Store, seconds: i64) -> i64 {
    let start = now();
    let at = start + SignedDuration::from_secs(seconds);
    let granted = store.reserve_call(HOST, at, PAUSE).await.unwrap();
    (granted - start).total(jiff::Unit::Second).unwrap() as i64
}

fn in_seconds(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

async fn calls_keep_their_distance(store: TestStore) {
    assert_eq!(reserve(&store, 0).await, 0);
    assert_eq!(reserve(&store, 0).await, 3);
    assert_eq!(reserve(&store, 1).await, 6);
    assert_eq!(reserve(&store, 100).await, 100);
    let other = store
        .reserve_call("example.org", now(), PAUSE)
        .await
        .unwrap();
    assert_eq!(other, now());
    let negative = SignedDuration::from_secs(-5);
    assert_eq!(
        store.reserve_call(HOST, now(), negative).await.unwrap(),
        in_seconds(100)
    );
    store
        .reserve_call(HOST, now(), SignedDuration::MAX)
        .await
        .unwrap();
}

async fn cool_downs_hold(store: TestStore) {
    store
        .cool_down(HOST, in_seconds(60), "429 Too Many Requests")
        .await
        .unwrap();
    store
        .cool_down(HOST, in_seconds(30), "a shorter one")
        .await
        .unwrap();
    assert_eq!(reserve(&store, 0).await, 60);
    assert_eq!(
        store.hosts().await.unwrap(),
        [(
            HOST.to_string(),
            in_seconds(60),
            "429 Too Many Requests".to_string()
        )]
    );
    assert_eq!(reserve(&store, 0).await, 63);
    assert_eq!(reserve(&store, 70).await, 70);
    assert_eq!(store.hosts().await.unwrap()[0].2, "");
}

async fn reservations_survive_a_restart(store: TestStore) {
    assert_eq!(reserve(&store, 0).await, 0);
    store.close().await;
    let again = store.open_again().await;
    assert_eq!(reserve(&again, 1).await, 3);
    again.close().await;
}

async fn validators_are_remembered(store: TestStore) {
    let url = "https://export.arxiv.org/rss/cs.CL";
    assert_eq!(store.validators(url).await.unwrap(), Validators::default());
    let mut validators = Validators {
        etag: Some("\"abc\"".into()),
        last_modified: None,
    };
    store.set_validators(url, &validators, now()).await.unwrap();
    assert_eq!(store.validators(url).await.unwrap(), validators);
    validators.etag = Some("x".repeat(10_000));
    validators.last_modified = Some("Mon, 23 Nov 2026 00:00:00 GMT".into());
    store.set_validators(url, &validators, now()).await.unwrap();
    validators.etag = None;
    assert_eq!(store.validators(url).await.unwrap(), validators);
    let endless = format!("{url}?token={}", "x".repeat(5000));
    store
        .set_validators(&endless, &validators, now())
        .await
        .unwrap();
    assert_eq!(
        store.validators(&endless).await.unwrap(),
        Validators::default()
    );
}
