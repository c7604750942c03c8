//! Papers that people ask for: once each, some a day, fetched as jobs.

use domain::account::UserId;
use jiff::{SignedDuration, ToSpan};
use store::testing::TestStore;
use store::{Submission, SubmissionOrder, SubmissionState, Submitted};

use crate::helpers::*;

on_both_engines!(
    a_submission_is_fetched_once,
    a_day_has_its_bound,
    a_paper_that_is_here_is_not_submitted,
    a_submission_ends_once,
    a_given_up_job_is_tried_again,
);

async fn submit(store: &TestStore, account: UserId, key: &str) -> Submitted {
    let order = SubmissionOrder {
        account,
        typed: key,
        external: &id(key),
        fetch: true,
        per_day: 2,
    };
    store.submit(order, now()).await.unwrap()
}

async fn a_submission_is_fetched_once(store: TestStore) {
    let people = people(&store, &["Ana", "Bo"]).await;
    assert_eq!(
        submit(&store, people[0], "2401.00001").await,
        Submitted::Taken(1)
    );
    assert_eq!(
        submit(&store, people[1], "2401.00001").await,
        Submitted::Waits(1)
    );
    let lease = SignedDuration::from_mins(1);
    assert_eq!(store.take_job_of("mail", now(), lease).await.unwrap(), None);
    let job = store
        .take_job_of(Submission::JOB, now(), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (job.kind.as_str(), job.payload.as_str()),
        ("submission", "1")
    );
    assert_eq!(store.take_job(now(), lease).await.unwrap(), None);
    some_papers(&store, 1).await;
    store
        .explain_submission(1, "waits for arXiv")
        .await
        .unwrap();
    assert_eq!(
        store.submission(1).await.unwrap().unwrap().reason,
        "waits for arXiv"
    );
    assert!(store.settle_submission(1, Ok(row(1)), now()).await.unwrap());
    let all = store.submissions_of(people[0], 10).await.unwrap();
    assert_eq!(
        (all[0].state, all[0].paper, all[0].ended),
        (SubmissionState::Taken, Some(row(1)), Some(now()))
    );
    assert_eq!(store.submissions_of(people[1], 10).await.unwrap(), []);
}

async fn a_day_has_its_bound(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    assert_eq!(submit(&store, ana, "2401.00001").await, Submitted::Taken(1));
    assert_eq!(submit(&store, ana, "2401.00002").await, Submitted::Taken(2));
    assert_eq!(submit(&store, ana, "2401.00003").await, Submitted::TooMany);
    let order = SubmissionOrder {
        account: ana,
        typed: "",
        external: &id("2401.00003"),
        fetch: false,
        per_day: 2,
    };
    assert_eq!(
        store.submit(order, now() + 24.hours()).await.unwrap(),
        Submitted::Taken(3)
    );
    assert_eq!(store.submissions_since(ana, now()).await.unwrap(), 1);
    assert_eq!(store.jobs(10).await.unwrap().len(), 2);
}

async fn a_paper_that_is_here_is_not_submitted(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    assert_eq!(
        submit(&store, ana, "2305.00001").await,
        Submitted::Here(row(1))
    );
    assert_eq!(
        store
            .submissions_since(ana, at("2020-01-01"))
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.jobs(10).await.unwrap(), []);
}

async fn a_submission_ends_once(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    submit(&store, ana, "2401.00001").await;
    assert!(
        store
            .settle_submission(1, Err("arXiv does not know it"), now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .settle_submission(1, Err("again"), now())
            .await
            .unwrap()
    );
    let ended = store.submission(1).await.unwrap().unwrap();
    assert_eq!(
        (ended.state, ended.reason.as_str()),
        (SubmissionState::Refused, "arXiv does not know it")
    );
    // What was refused may be submitted again.
    assert_eq!(submit(&store, ana, "2401.00001").await, Submitted::Taken(2));
}

async fn a_given_up_job_is_tried_again(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    submit(&store, ana, "2401.00001").await;
    let lease = SignedDuration::from_mins(1);
    let mut time = now();
    for _ in 0..store::ATTEMPTS_MAX {
        let job = store.take_job(time, lease).await.unwrap().unwrap();
        store.fail_job(&job, "no answer", time).await.unwrap();
        time += 12.hours();
    }
    let given_up = store.jobs(10).await.unwrap().remove(0);
    assert_eq!(given_up.run_at, None);
    assert!(store.retry_job(given_up.id, time).await.unwrap());
    assert!(!store.retry_job(given_up.id, time).await.unwrap());
    let job = store.take_job(time, lease).await.unwrap().unwrap();
    assert_eq!((job.id, job.attempts), (given_up.id, 1));
}
