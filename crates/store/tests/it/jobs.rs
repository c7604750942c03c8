//! Jobs are taken once, come back when they fail or their taker dies, and end.

use jiff::SignedDuration;
use store::testing::TestStore;
use store::{ATTEMPTS_MAX, NewJob};

use crate::helpers::*;

on_both_engines!(
    jobs_are_taken_in_order_of_time,
    a_lease_ends,
    failures_wait_longer_and_are_given_up,
    keys_are_unique_while_a_job_waits,
    every_job_is_taken_by_one,
);

const LEASE: SignedDuration = SignedDuration::from_mins(5);

fn job<'a>(kind: &'a str, run_at: &str) -> NewJob<'a> {
    NewJob {
        kind,
        payload: "{}",
        run_at: at(run_at),
        unique_key: None,
    }
}

async fn jobs_are_taken_in_order_of_time(store: TestStore) {
    for (kind, run_at) in [
        ("b", "2026-11-02"),
        ("a", "2026-11-01"),
        ("later", "2026-12-01"),
    ] {
        assert!(store.enqueue(job(kind, run_at)).await.unwrap());
    }
    let mut taken = Vec::new();
    while let Some(job) = store.take_job(now(), LEASE).await.unwrap() {
        assert!(store.finish_job(&job).await.unwrap());
        taken.push(job.kind);
    }
    assert_eq!(taken, ["a", "b"]);
    let waiting = store.jobs(10).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].kind.as_str()), (1, "later"));
}

async fn a_lease_ends(store: TestStore) {
    store.enqueue(job("a", "2026-11-01")).await.unwrap();
    let first = store.take_job(now(), LEASE).await.unwrap().unwrap();
    assert_eq!(store.take_job(now(), LEASE).await.unwrap(), None);
    let second = store.take_job(now() + LEASE, LEASE).await.unwrap().unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(!store.finish_job(&first).await.unwrap());
    assert_eq!(store.fail_job(&first, "late", now()).await.unwrap(), None);
    assert!(store.finish_job(&second).await.unwrap());
}

async fn failures_wait_longer_and_are_given_up(store: TestStore) {
    store.enqueue(job("a", "2026-11-01")).await.unwrap();
    let mut clock = now();
    for attempt in 1..ATTEMPTS_MAX {
        let taken = store.take_job(clock, LEASE).await.unwrap().unwrap();
        assert_eq!(taken.attempts, attempt);
        let again = store
            .fail_job(&taken, "no answer", clock)
            .await
            .unwrap()
            .unwrap();
        assert!(again > clock);
        assert_eq!(store.take_job(clock, LEASE).await.unwrap(), None);
        clock = again;
    }
    let last = store.take_job(clock, LEASE).await.unwrap().unwrap();
    assert_eq!(
        store.fail_job(&last, "no answer", clock).await.unwrap(),
        None
    );
    let kept = store.jobs(10).await.unwrap();
    assert_eq!(
        (kept[0].run_at, kept[0].last_error.as_str()),
        (None, "no answer")
    );
    assert_eq!(store.take_job(at("2030-01-01"), LEASE).await.unwrap(), None);
}

async fn keys_are_unique_while_a_job_waits(store: TestStore) {
    let keyed = NewJob {
        unique_key: Some("fetch cs.CL"),
        ..job("fetch", "2026-11-01")
    };
    assert!(store.enqueue(keyed).await.unwrap());
    assert!(!store.enqueue(keyed).await.unwrap());
    let taken = store.take_job(now(), LEASE).await.unwrap().unwrap();
    assert!(!store.enqueue(keyed).await.unwrap());
    store.finish_job(&taken).await.unwrap();
    assert!(store.enqueue(keyed).await.unwrap());
    let mut clock = now();
    while let Some(taken) = store.take_job(clock, LEASE).await.unwrap() {
        clock = store
            .fail_job(&taken, "", clock)
            .await
            .unwrap()
            .unwrap_or(clock);
    }
    assert!(store.enqueue(keyed).await.unwrap());
    assert_eq!(store.jobs(10).await.unwrap().len(), 1);
}

async fn every_job_is_taken_by_one(store: TestStore) {
    for _ in 0..12 {
        store.enqueue(job("a", "2026-11-01")).await.unwrap();
    }
    let other = store.open_again().await;
    let drain = async |store: &store::Store| {
        let mut ids = Vec::new();
        while let Some(job) = store.take_job(now(), LEASE).await.unwrap() {
            ids.push(job.id);
        }
        ids
    };
    let (mut ids, more) = tokio::join!(drain(&store), drain(&other));
    ids.extend(more);
    ids.sort_unstable();
    assert_eq!(ids, (1..=12).collect::<Vec<_>>());
    other.close().await;
}
