//! What comes in is kept whole, once, and comes back as it was.

use domain::paper::{Author, LinkKind, Summary, Version};
use domain::record::{Item, Source};
use domain::signal::Signal;
use store::testing::TestStore;
use store::{Checkpoint, Intake};

use crate::helpers::*;

on_both_engines!(
    a_record_comes_back_whole,
    known_records_change_nothing,
    a_second_source_adds,
    deletions_mark,
    nothing_is_known_of_strangers,
    dirty_records_settle,
    a_checkpoint_stands_with_its_items,
    a_failed_intake_leaves_nothing,
    provenance_is_kept,
    large_batches_are_kept_whole,
);

async fn a_record_comes_back_whole(store: TestStore) {
    let mut given = arxiv("2305.19435", "2023-05-30", &["cs.CL", "cs.LG"]);
    given.ids.push(id("10.1101/2024.01.02"));
    given.authors.push(Author {
        name: "Łukasz \"L\" Nowak".into(),
        affiliation: Some("Somewhere, Inc.".into()),
    });
    given.authors_total = Some(7);
    given.tags = vec!["Vision and more".into(), "text".into()];
    given.versions = vec![
        Version {
            number: 1,
            submitted: Some(at("2023-05-30")),
        },
        Version {
            number: 3,
            submitted: None,
        },
    ];
    given.times.announced = Some(at("2023-05-31"));
    given.times.updated = Some("2023-06-01T01:02:03.456789Z".parse().unwrap());
    given.times.featured = Some(at("2023-06-02"));
    given.links = vec![
        link(LinkKind::Project, "https://example.org/p"),
        link(LinkKind::Code, "https://example.org/c"),
    ];
    given.summary = Some(Summary {
        text: "Short.".into(),
        by: "somebody".into(),
    });
    given.comment = Some("12 pages".into());
    given.journal_ref = Some("J. 1".into());
    given.license = Some("https://example.org/by".into());
    given.readings = vec![
        reading(Signal::DailyUpvotes, "2023-06-03", Some(8)),
        reading(Signal::Votes, "2023-06-03", Some(2)),
        reading(Signal::DailyComments, "2023-06-03", Some(3)),
        reading(Signal::Stars, "2023-06-03", Some(99)),
    ];
    let absorbed = absorb_soundly(&store, &papers([given.clone()])).await;
    assert_eq!(words(&absorbed.outcomes), ["new 1"]);
    let kept = paper(&store, "10.1101/2024.01.02").await;
    assert_eq!(absorbed.changed, std::slice::from_ref(&kept));
    assert_eq!((kept.votes, kept.comments, kept.stars), (10, 3, Some(99)));
    let mut expected = domain::merge::paper_from(row(1), &given);
    (expected.votes, expected.comments, expected.stars) = (10, 3, Some(99));
    assert_eq!(kept, expected);
    let by_row = store.papers(&[row(9), row(1)]).await.unwrap();
    assert_eq!(by_row, std::slice::from_ref(&kept));
    assert_eq!(store.papers_after(None, 10).await.unwrap(), [kept]);
}

async fn known_records_change_nothing(store: TestStore) {
    let items = papers([
        arxiv("2305.00001", "2023-05-01", &["cs.CL"]),
        arxiv("2305.00002", "2023-05-01", &["cs.CL"]),
        arxiv("2305.00001", "2023-05-01", &["cs.CL"]),
    ]);
    let first = absorb(&store, &items).await;
    assert_eq!(words(&first.outcomes), ["new 1", "new 2", "same 1"]);
    assert_eq!(rows(&first.changed), [1, 2]);
    assert_eq!(first.seq, 2);
    let second = absorb(&store, &items).await;
    assert_eq!(words(&second.outcomes), ["same 1", "same 2", "same 1"]);
    assert!(second.changed.is_empty());
    assert_eq!(second.seq, 2);
}

async fn a_second_source_adds(store: TestStore) {
    absorb(
        &store,
        &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
    )
    .await;
    let mut daily = record(Source::DailyPapers, &["2305.00001"], "Another spelling");
    daily.tags = vec!["nlp".into()];
    daily.times.featured = Some(at("2023-05-04"));
    daily.links = vec![link(LinkKind::Code, "https://example.org/code")];
    daily.readings = vec![reading(Signal::DailyUpvotes, "2023-05-05", Some(5))];
    let absorbed = absorb_soundly(&store, &papers([daily])).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1"]);
    assert_eq!(absorbed.seq, 2);
    let kept = paper(&store, "2305.00001").await;
    assert_eq!(kept.title, "What the paper 2305.00001 is about");
    assert_eq!(kept.tags, ["nlp"]);
    assert_eq!((kept.votes, kept.evidence()), (5, 1));
    assert_eq!(store.days().await.unwrap(), [(day("2023-05-04"), 1)]);
    assert_eq!(store.tags(9).await.unwrap(), [("nlp".to_string(), 1)]);
}

async fn deletions_mark(store: TestStore) {
    absorb(
        &store,
        &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
    )
    .await;
    let deleted = |number: &str| Item::Deleted {
        id: id(number),
        source: Source::ArxivOai,
        at: now(),
    };
    let items = [deleted("2305.00001"), deleted("2305.00002")];
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1", "unknown"]);
    assert!(paper(&store, "2305.00001").await.withdrawn);
}

async fn nothing_is_known_of_strangers(store: TestStore) {
    assert_eq!(store.paper(&id("2305.00001")).await.unwrap(), None);
    assert_eq!(store.papers(&[row(1), row(u32::MAX)]).await.unwrap(), []);
    assert_eq!(store.papers_after(Some(row(3)), 5).await.unwrap(), []);
    assert_eq!(store.totals().await.unwrap().papers, 0);
    let absorbed = absorb(&store, &[upvotes("2305.00001", &[("2026-01-01", Some(1))])]).await;
    assert_eq!(words(&absorbed.outcomes), ["unknown"]);
    assert_eq!(store.totals().await.unwrap().readings, 0);
}

async fn dirty_records_settle(store: TestStore) {
    let mut dirty = arxiv("2305.00001", "2023-05-01", &["cs.CL", "a b"]);
    dirty.title = "A title with a \0 in it".into();
    dirty.abstract_text = Some("\0".into());
    dirty.times.updated = Some("2023-06-01T01:02:03.456789123Z".parse().unwrap());
    dirty.tags = vec!["t".repeat(5000), "fine".into()];
    dirty.authors = vec![Author::named("N\0ul")];
    absorb_soundly(&store, &papers([dirty])).await;
    let kept = paper(&store, "2305.00001").await;
    assert_eq!(kept.title, "A title with a  in it");
    assert_eq!(
        (kept.categories, kept.tags),
        (vec!["cs.CL".into()], vec!["fine".into()])
    );
}

async fn a_checkpoint_stands_with_its_items(store: TestStore) {
    let items = papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]);
    assert_eq!(store.checkpoint("f00d").await.unwrap(), None);
    let mut checkpoint = Checkpoint {
        file: "f00d".into(),
        name: "arxiv.jsonl".into(),
        records: 1000,
        done: false,
    };
    for _ in 0..2 {
        let intake = Intake {
            items: &items,
            checkpoint: Some(&checkpoint),
            ..Intake::default()
        };
        store.absorb(&intake, now()).await.unwrap();
        assert_eq!(
            store.checkpoint("f00d").await.unwrap().as_ref(),
            Some(&checkpoint)
        );
        checkpoint.records = 2000;
        checkpoint.done = true;
    }
}

async fn a_failed_intake_leaves_nothing(store: TestStore) {
    let key = domain::ledger::BatchKey {
        source: Source::ArxivFeed,
        category: "cs.CL".into(),
        day: day("2026-11-23"),
    };
    let intake = Intake {
        items: &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
        announcement: Some((&key, &[])),
        ..Intake::default()
    };
    let error = store.absorb(&intake, now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 items came with 0 kinds of announcement"
    );
    assert_eq!(store.totals().await.unwrap().papers, 0);
    assert_eq!(store.seq().await.unwrap(), 0);
}

async fn provenance_is_kept(store: TestStore) {
    let first = papers([
        record(Source::Shelf, &["2305.00001"], "First on the shelf"),
        record(Source::Shelf, &["2305.00002"], "Second on the shelf"),
    ]);
    absorb(&store, &first).await;
    assert_eq!(store.totals().await.unwrap().shelf_only, 2);
    let second = papers([
        arxiv("2305.00001", "2023-05-01", &["cs.CL"]),
        record(Source::SavedPage, &["2305.00001"], "First on the shelf"),
    ]);
    let intake = Intake {
        items: &second,
        ..Intake::default()
    };
    let later = at("2026-11-24");
    store.absorb(&intake, later).await.unwrap();
    assert_eq!(store.totals().await.unwrap().shelf_only, 1);
    let provenance = store.provenance(row(1)).await.unwrap();
    let lines: Vec<_> = provenance
        .iter()
        .map(|p| (p.source, p.first_seen, p.last_changed))
        .collect();
    assert_eq!(
        lines,
        [
            (Source::Shelf, now(), now()),
            (Source::ArxivOai, later, later),
            (Source::SavedPage, later, later),
        ]
    );
}

/// Past every size of statement, with leftovers of each.
async fn large_batches_are_kept_whole(store: TestStore) {
    let records = (0..333).map(|n| {
        let mut record = arxiv(&format!("2305.{n:05}"), "2023-05-01", &["cs.CL", "cs.LG"]);
        record.readings = vec![reading(Signal::DailyUpvotes, "2023-05-02", Some(n))];
        record
    });
    let items = papers(records);
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(absorbed.changed.len(), 333);
    let page = store.papers_after(Some(row(300)), 100).await.unwrap();
    assert_eq!(rows(&page), (301..=333).collect::<Vec<_>>());
    assert_eq!(page[0], absorbed.changed[300]);
    assert_eq!(store.totals().await.unwrap().readings, 333);
}
