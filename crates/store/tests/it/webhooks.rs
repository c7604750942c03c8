//! Webhooks: what is queued, taken, tried again and given up; each paper told once.

use domain::account::UserId;
use jiff::{SignedDuration, Timestamp, ToSpan};
use store::testing::TestStore;
use store::{
    DELIVERY_ATTEMPTS_MAX, DeliveryState, DueDelivery, NewDelivery, NewWebhook, WEBHOOKS_MAX,
};

use crate::helpers::*;

on_both_engines!(
    each_paper_is_told_once,
    a_failed_delivery_waits_and_is_given_up,
    a_hopeless_one_pauses_at_once,
    a_paused_webhook_is_left_alone_and_goes_on,
    a_lease_that_ended_is_taken_again,
    webhooks_follow_the_changes_by_themselves,
    a_united_paper_stays_told,
    webhooks_are_bounded_and_theirs,
);

const LEASE: SignedDuration = SignedDuration::from_mins(2);

async fn hook(store: &TestStore, account: UserId) -> i64 {
    let new = NewWebhook {
        account,
        url: "https://example.org/hook",
        secret: "whsec_c2VjcmV0",
        query: "cat:cs.CL",
    };
    store.make_webhook(new, now()).await.unwrap().unwrap()
}

fn telling(webhook: i64, papers: &[u32]) -> NewDelivery {
    NewDelivery {
        webhook,
        papers: papers.iter().copied().map(row).collect(),
        payload: format!("{papers:?}"),
    }
}

async fn queue(store: &TestStore, webhook: i64, papers: &[u32]) -> u32 {
    let deliveries = [telling(webhook, papers)];
    store
        .queue_deliveries(&[webhook], 1, &deliveries, now())
        .await
        .unwrap()
}

async fn taken(store: &TestStore, time: Timestamp) -> Option<DueDelivery> {
    store.take_delivery(time, LEASE).await.unwrap()
}

async fn each_paper_is_told_once(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 3).await;
    let id = hook(&store, ana).await;
    assert_eq!(queue(&store, id, &[1, 2]).await, 1);
    assert_eq!(queue(&store, id, &[2, 1]).await, 0);
    assert_eq!(store.untold(id, &[row(3), row(1)]).await.unwrap(), [row(3)]);
    let due = taken(&store, now()).await.unwrap();
    assert_eq!(
        (due.payload.as_str(), due.url.as_str(), due.attempts),
        ("[1, 2]", "https://example.org/hook", 1)
    );
    assert_eq!(taken(&store, now()).await, None);
    store.delivery_sent(&due, "200", now()).await.unwrap();
    let all = store.deliveries_of(id, 10).await.unwrap();
    assert_eq!(
        (all[0].state, all[0].papers, all[0].ended),
        (DeliveryState::Sent, 2, Some(now()))
    );
    // A test tells of no paper, and may be sent again and again.
    assert_eq!(
        (queue(&store, id, &[]).await, queue(&store, id, &[]).await),
        (1, 1)
    );
}

async fn a_failed_delivery_waits_and_is_given_up(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let id = hook(&store, ana).await;
    queue(&store, id, &[1]).await;
    let mut time = now();
    let mut numbers = Vec::new();
    for attempt in 1..=DELIVERY_ATTEMPTS_MAX {
        let due = taken(&store, time).await.unwrap();
        numbers.push(due.id);
        assert_eq!(due.attempts, attempt);
        let given_up = store
            .delivery_failed(&due, "status 500", false, time)
            .await
            .unwrap();
        assert_eq!(given_up, attempt == DELIVERY_ATTEMPTS_MAX);
        assert_eq!(taken(&store, time + 29.seconds()).await, None);
        time += 8.hours();
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 1, "the number changed between attempts");
    let webhook = store.webhook(id, ana).await.unwrap().unwrap();
    assert_eq!((webhook.paused.is_some(), webhook.failures), (true, 8));
    assert_eq!(webhook.last_status, "paused after 8 attempts: status 500");
    let all = store.deliveries_of(id, 10).await.unwrap();
    assert_eq!(
        (all[0].state, all[0].last_error.as_str()),
        (DeliveryState::Failed, "status 500")
    );
    assert_eq!(taken(&store, time).await, None);
}

async fn a_hopeless_one_pauses_at_once(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let id = hook(&store, ana).await;
    queue(&store, id, &[1]).await;
    let due = taken(&store, now()).await.unwrap();
    assert!(
        store
            .delivery_failed(&due, "gone", true, now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .delivery_failed(&due, "gone", true, now())
            .await
            .unwrap()
    );
    assert!(
        store
            .webhook(id, ana)
            .await
            .unwrap()
            .unwrap()
            .paused
            .is_some()
    );
}

async fn a_paused_webhook_is_left_alone_and_goes_on(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let id = hook(&store, ana).await;
    queue(&store, id, &[1]).await;
    let due = taken(&store, now()).await.unwrap();
    store
        .delivery_failed(&due, "status 500", false, now())
        .await
        .unwrap();
    assert!(store.pause_webhook(id, true, now()).await.unwrap());
    assert!(!store.pause_webhook(id, true, now()).await.unwrap());
    assert_eq!(taken(&store, now() + 1.hours()).await, None);
    assert!(store.pause_webhook(id, false, now()).await.unwrap());
    let due = taken(&store, now()).await.unwrap();
    assert_eq!(due.attempts, 1);
    store.delivery_sent(&due, "204", now()).await.unwrap();
    let webhook = store.webhook(id, ana).await.unwrap().unwrap();
    assert_eq!((webhook.failures, webhook.last_status.as_str()), (0, "204"));
}

async fn a_lease_that_ended_is_taken_again(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let id = hook(&store, ana).await;
    queue(&store, id, &[1]).await;
    let first = taken(&store, now()).await.unwrap();
    let second = taken(&store, now() + 3.minutes()).await.unwrap();
    assert_eq!(
        (first.id, first.payload.clone(), second.attempts),
        (second.id, second.payload.clone(), 2)
    );
    // The first taker comes too late to say that it failed.
    store
        .delivery_failed(&first, "late", true, now())
        .await
        .unwrap();
    store.delivery_sent(&second, "200", now()).await.unwrap();
    assert_eq!(
        store.deliveries_of(id, 1).await.unwrap()[0].state,
        DeliveryState::Sent
    );
}

async fn webhooks_follow_the_changes_by_themselves(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 2).await;
    let early = hook(&store, ana).await;
    some_papers(&store, 3).await;
    let late = hook(&store, ana).await;
    let seq = store.seq().await.unwrap();
    let behind = store.webhooks_behind(seq, 10).await.unwrap();
    assert_eq!(
        behind.iter().map(|w| (w.id, w.seq)).collect::<Vec<_>>(),
        [(early, 2)]
    );
    store
        .queue_deliveries(&[early], seq, &[], now())
        .await
        .unwrap();
    assert_eq!(store.webhooks_behind(seq, 10).await.unwrap(), []);
    assert_eq!(store.webhooks_behind(seq + 1, 10).await.unwrap().len(), 2);
    // Whoever has much waiting is told no more until some is through.
    for _ in 0..store::WAITING_MAX {
        queue(&store, late, &[]).await;
    }
    assert_eq!(store.webhooks_behind(seq + 1, 10).await.unwrap().len(), 1);
}

async fn a_united_paper_stays_told(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers_to_unite(&store).await;
    let id = hook(&store, ana).await;
    queue(&store, id, &[2]).await;
    unite(&store).await;
    assert_eq!(store.untold(id, &[row(1)]).await.unwrap(), []);
}

async fn webhooks_are_bounded_and_theirs(store: TestStore) {
    let people = people(&store, &["Ana", "Bo"]).await;
    let mut last = 0;
    for _ in 0..WEBHOOKS_MAX {
        last = hook(&store, people[0]).await;
    }
    let one_more = NewWebhook {
        account: people[0],
        url: "https://example.org/",
        secret: "",
        query: "",
    };
    assert_eq!(store.make_webhook(one_more, now()).await.unwrap(), None);
    assert_eq!(store.webhook(last, people[1]).await.unwrap(), None);
    queue(&store, last, &[]).await;
    assert!(store.delete_webhook(last).await.unwrap());
    assert_eq!(store.webhooks_of(people[0]).await.unwrap().len(), 19);
    assert_eq!(taken(&store, now()).await, None);
}
