//! Runs of papers' methods: one queue, each run ended once.

use jiff::ToSpan;
use store::testing::TestStore;
use store::{LabOrder, LabState, Ordered};

use crate::helpers::*;

on_both_engines!(
    a_run_goes_its_way_and_keeps_its_outcome,
    the_same_run_is_not_queued_twice,
    a_long_queue_takes_no_more,
    a_cancelled_run_is_not_ended_again,
    runs_of_a_dead_server_are_given_up,
    two_runners_never_take_the_same_run,
    only_the_newest_runs_of_a_method_are_kept,
);

fn order(method: &str, seed: i64) -> LabOrder<'_> {
    LabOrder {
        method,
        scale: "small",
        seed,
    }
}

async fn taken(store: &TestStore, method: &str, seed: i64) -> i64 {
    match store.order_lab_run(order(method, seed), 100, now()).await {
        Ok(Ordered::Taken(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn a_run_goes_its_way_and_keeps_its_outcome(store: TestStore) {
    let id = taken(&store, "mrl", 1).await;
    let run = store.take_lab_run(now()).await.unwrap().unwrap();
    assert_eq!((run.id, run.state), (id, LabState::Running));
    assert_eq!(
        (run.method.as_str(), run.scale.as_str(), run.seed),
        ("mrl", "small", 1)
    );
    assert_eq!(store.take_lab_run(now()).await.unwrap(), None);
    assert!(
        store
            .tell_lab_run(id, 400, "seed 2 of 5", now())
            .await
            .unwrap()
    );
    let told = store.lab_run(id).await.unwrap().unwrap();
    assert_eq!((told.done, told.doing.as_str()), (400, "seed 2 of 5"));
    assert!(store.end_lab_run(id, Ok("{}"), now()).await.unwrap());
    let ended = store.newest_lab_outcome("mrl").await.unwrap().unwrap();
    assert_eq!((ended.state, ended.done), (LabState::Done, 1000));
    assert_eq!(ended.outcome.as_deref(), Some("{}"));
    assert_eq!(ended.ended, Some(now()));
    assert_eq!(store.newest_lab_outcome("other").await.unwrap(), None);
}

async fn the_same_run_is_not_queued_twice(store: TestStore) {
    let id = taken(&store, "mrl", 1).await;
    let again = store
        .order_lab_run(order("mrl", 1), 100, now())
        .await
        .unwrap();
    assert_eq!(again, Ordered::Already(id));
    store.take_lab_run(now()).await.unwrap();
    let again = store
        .order_lab_run(order("mrl", 1), 100, now())
        .await
        .unwrap();
    assert_eq!(again, Ordered::Already(id));
    store
        .end_lab_run(id, Err("it crashed"), now())
        .await
        .unwrap();
    assert_eq!(taken(&store, "mrl", 1).await, id + 1);
}

async fn a_long_queue_takes_no_more(store: TestStore) {
    taken(&store, "a", 1).await;
    taken(&store, "b", 1).await;
    let third = store.order_lab_run(order("c", 1), 2, now()).await.unwrap();
    assert_eq!(third, Ordered::Full);
    store.take_lab_run(now()).await.unwrap();
    assert_eq!(
        store.order_lab_run(order("c", 1), 2, now()).await.unwrap(),
        Ordered::Taken(3)
    );
    assert_eq!(store.lab_runs_before(3).await.unwrap(), 2);
}

async fn a_cancelled_run_is_not_ended_again(store: TestStore) {
    let id = taken(&store, "mrl", 1).await;
    store.take_lab_run(now()).await.unwrap();
    assert!(store.cancel_lab_run(id, now()).await.unwrap());
    assert!(!store.cancel_lab_run(id, now()).await.unwrap());
    assert!(!store.tell_lab_run(id, 900, "late", now()).await.unwrap());
    assert!(!store.end_lab_run(id, Ok("{}"), now()).await.unwrap());
    let run = store.lab_run(id).await.unwrap().unwrap();
    assert_eq!((run.state, run.outcome), (LabState::Cancelled, None));
    assert!(!store.cancel_lab_run(99, now()).await.unwrap());
}

async fn runs_of_a_dead_server_are_given_up(store: TestStore) {
    let dead = taken(&store, "a", 1).await;
    let alive = taken(&store, "b", 1).await;
    let waiting = taken(&store, "c", 1).await;
    store.take_lab_run(now()).await.unwrap();
    store.take_lab_run(now()).await.unwrap();
    let later = now() + 60.seconds();
    store.tell_lab_run(alive, 10, "", later).await.unwrap();
    let given_up = store
        .give_up_lab_runs(later, "the server stopped", later)
        .await;
    assert_eq!(given_up.unwrap(), 1);
    let states = async |id| store.lab_run(id).await.unwrap().unwrap().state;
    assert_eq!(states(dead).await, LabState::Failed);
    assert_eq!(states(alive).await, LabState::Running);
    assert_eq!(states(waiting).await, LabState::Waiting);
}

async fn two_runners_never_take_the_same_run(store: TestStore) {
    for seed in 0..6 {
        taken(&store, "mrl", seed).await;
    }
    let take = || store.take_lab_run(now());
    let (a, b, c) = tokio::join!(take(), take(), take());
    let mut ids: Vec<_> = [a, b, c]
        .into_iter()
        .flat_map(|r| r.unwrap())
        .map(|r| r.id)
        .collect();
    let found = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), found, "a run was taken twice");
    assert!(found >= 1);
}

async fn only_the_newest_runs_of_a_method_are_kept(store: TestStore) {
    let other = taken(&store, "other", 1).await;
    store.take_lab_run(now()).await.unwrap();
    store.end_lab_run(other, Ok("{}"), now()).await.unwrap();
    for seed in 0..25 {
        let id = taken(&store, "mrl", seed).await;
        store.take_lab_run(now()).await.unwrap();
        store.end_lab_run(id, Ok("{}"), now()).await.unwrap();
    }
    assert_eq!(store.lab_runs(Some("mrl"), 100).await.unwrap().len(), 20);
    assert_eq!(store.lab_runs(None, 100).await.unwrap().len(), 21);
    assert!(store.lab_run(other).await.unwrap().is_some());
}
