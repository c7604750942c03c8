//! What is usual, kept from one night to the next.

use std::collections::BTreeMap;

use domain::ledger::{Batch, BatchKey, BatchState, Counts};
use domain::prior::{Fitted, Prior, Priors};
use domain::record::Source;
use domain::signal::Signal;
use store::testing::TestStore;

use crate::helpers::*;

on_both_engines!(
    priors_are_kept_and_replaced,
    announced_days_are_those_of_announcements,
);

fn fitted(alpha: f64, papers: u32) -> Fitted {
    Fitted {
        prior: Prior {
            alpha,
            beta: alpha / 3.0,
            unit: 1.5,
        },
        papers,
    }
}

async fn priors_are_kept_and_replaced(store: TestStore) {
    assert_eq!(store.priors().await.unwrap(), Priors::default());
    let key = |signal, field: &str| (signal, field.to_string());
    let first = Priors {
        at: Some(now()),
        fitted: BTreeMap::from([
            (key(Signal::Stars, ""), fitted(0.1 + 0.2, 40)),
            (key(Signal::DailyUpvotes, "cs.CL"), fitted(2.0, u32::MAX)),
        ]),
    };
    store.put_priors(&first).await.unwrap();
    assert_eq!(store.priors().await.unwrap(), first);
    let second = Priors {
        at: Some(at("2026-11-24")),
        fitted: BTreeMap::from([(key(Signal::Stars, ""), fitted(1.0, 50))]),
    };
    store.put_priors(&second).await.unwrap();
    assert_eq!(store.priors().await.unwrap(), second);
    // A night without readings is no reason to forget.
    let none = Priors {
        at: Some(at("2026-11-25")),
        ..Priors::default()
    };
    store.put_priors(&none).await.unwrap();
    assert_eq!(store.priors().await.unwrap(), second);
}

async fn announced_days_are_those_of_announcements(store: TestStore) {
    for (source, listed, received) in [
        (Source::ArxivFeed, "2026-11-18", 5),
        (Source::ArxivFeed, "2026-11-19", 0),
        (Source::ArxivFeed, "2026-11-20", 7),
        (Source::ArxivDump, "2026-11-21", 9),
        (Source::ArxivFeed, "2026-10-01", 7),
    ] {
        let batch = Batch {
            key: BatchKey {
                source,
                category: "cs.CL".to_string(),
                day: day(listed),
            },
            counts: Counts {
                received,
                ..Counts::default()
            },
            state: BatchState::Complete,
            reason: String::new(),
            attempts: 1,
            checked: now(),
        };
        store.put_batch(&batch).await.unwrap();
    }
    let days = store.announced_days(day("2026-11-01")).await.unwrap();
    assert_eq!(days, [day("2026-11-18"), day("2026-11-20")]);
}
