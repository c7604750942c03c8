//! The same work from several sources becomes one paper; different works never do.

use domain::ids::ExternalId;
use domain::paper::LinkKind;
use domain::record::{Record, Source};
use domain::signal::Signal;
use store::testing::TestStore;

use crate::helpers::*;

on_both_engines!(
    titles_lead_to_the_paper,
    an_address_made_from_the_title_stays,
    editorials_stay_apart_and_settle,
    a_record_unites_two_papers,
    uniting_within_a_batch,
    a_shared_doi_does_not_unite_two_arxiv_papers,
    retitled_papers_are_found_by_their_old_address,
);

const TITLE: &str = "Sparse Attention for Long Documents";

fn bare(title: &str, author: &str) -> Record {
    let mut bare = record(Source::SavedPage, &[], title);
    bare.authors = vec![domain::paper::Author::named(author)];
    bare
}

async fn titles_lead_to_the_paper(store: TestStore) {
    let items = papers([
        record(Source::ArxivOai, &["2305.00001"], TITLE),
        bare("sparse attention for LONG documents", "A. Garcia"),
        record(Source::Bibliography, &["10.1101/2024.01"], TITLE),
        record(Source::ArxivOai, &["2305.00002"], TITLE),
        bare(TITLE, "Somebody Else"),
    ]);
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(
        words(&absorbed.outcomes),
        ["new 1", "changed 1", "changed 1", "new 2", "new 3"]
    );
    assert_eq!(paper(&store, "10.1101/2024.01").await.key(), "2305.00001");
}

async fn an_address_made_from_the_title_stays(store: TestStore) {
    absorb(&store, &papers([bare(TITLE, "Ana García")])).await;
    let address = ExternalId::local(TITLE);
    assert_eq!(paper(&store, &address.key()).await.key(), address.key());
    let items = papers([record(Source::ArxivOai, &["2305.00001"], TITLE)]);
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1"]);
    assert_eq!(paper(&store, &address.key()).await.key(), "2305.00001");
}

async fn editorials_stay_apart_and_settle(store: TestStore) {
    let items = papers([
        bare("Editorial", "Ana García"),
        bare("Editorial", "Bo Berg"),
        bare("Editorial", "Ana García"),
        record(Source::ArxivOai, &["2305.00001"], "Editorial"),
        bare("Editorial", "Cy Card"),
    ]);
    let absorbed = absorb(&store, &items).await;
    let expected = ["new 1", "new 2", "same 1", "new 3", "new 4"];
    assert_eq!(words(&absorbed.outcomes), expected);
    let again = absorb_soundly(&store, &items).await;
    let expected = ["same 1", "same 2", "same 1", "same 3", "same 4"];
    assert_eq!(words(&again.outcomes), expected);
}

async fn a_record_unites_two_papers(store: TestStore) {
    let mut by_doi = record(Source::Bibliography, &["10.1101/2024.01"], "A preprint");
    by_doi.tags = vec!["biology".into()];
    by_doi.links = vec![link(LinkKind::Code, "https://example.org/code")];
    by_doi.readings = vec![reading(Signal::Votes, "2026-01-01", Some(2))];
    let mut by_arxiv = arxiv("2305.00001", "2023-05-01", &["q-bio.NC"]);
    by_arxiv.readings = vec![reading(Signal::DailyUpvotes, "2026-01-01", Some(3))];
    absorb(&store, &papers([by_doi, by_arxiv])).await;

    let mut both = arxiv("2305.00001", "2023-05-01", &["q-bio.NC"]);
    both.ids.push(id("10.1101/2024.01"));
    let absorbed = absorb_soundly(&store, &papers([both])).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1"]);
    assert_eq!(absorbed.gone, [row(2)]);
    let kept = paper(&store, "10.1101/2024.01").await;
    assert_eq!(kept, paper(&store, "2305.00001").await);
    assert_eq!(absorbed.changed, std::slice::from_ref(&kept));
    assert_eq!(kept.title, "What the paper 2305.00001 is about");
    assert_eq!((kept.votes, kept.links.len()), (5, 1));
    assert_eq!(store.readings(kept.id).await.unwrap().len(), 2);
    assert_eq!(store.provenance(kept.id).await.unwrap().len(), 2);
    assert_eq!(rows(&store.tag("biology", ALL).await.unwrap().papers), [1]);
    let (changed, gone, reached) = store.changes(2, 10).await.unwrap();
    assert_eq!((rows(&changed), gone, reached), (vec![1], vec![row(2)], 4));
    assert_eq!(store.papers(&[row(2)]).await.unwrap(), []);
}

async fn uniting_within_a_batch(store: TestStore) {
    let mut both = record(
        Source::Bibliography,
        &["2305.00001", "10.1101/2024.01"],
        "Both",
    );
    both.readings = vec![reading(Signal::Votes, "2026-01-02", Some(7))];
    let mut by_doi = record(Source::Bibliography, &["10.1101/2024.01"], "Journal");
    by_doi.readings = vec![reading(Signal::Votes, "2026-01-01", Some(2))];
    let items = papers([
        record(Source::ArxivOai, &["2305.00001"], "Preprint"),
        by_doi,
        both,
    ]);
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(
        words(&absorbed.outcomes),
        ["new 1", "changed 1", "changed 1"]
    );
    assert_eq!(absorbed.gone, []);
    assert_eq!(rows(&absorbed.changed), [1]);
    assert_eq!(absorbed.changed[0].votes, 7);
}

async fn a_shared_doi_does_not_unite_two_arxiv_papers(store: TestStore) {
    let items = papers([
        record(
            Source::ArxivOai,
            &["2305.00001", "10.1101/2024.01"],
            "Part one of the work",
        ),
        record(
            Source::ArxivOai,
            &["2305.00002", "10.1101/2024.01"],
            "Part two of the work",
        ),
        record(Source::ArxivOai, &["2305.00002"], "Part two of the work"),
    ]);
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(words(&absorbed.outcomes), ["new 1", "new 2", "same 2"]);
    assert_eq!(paper(&store, "10.1101/2024.01").await.key(), "2305.00001");
    assert_eq!(paper(&store, "2305.00002").await.ids.len(), 1);
}

async fn retitled_papers_are_found_by_their_old_address(store: TestStore) {
    let page = papers([bare(TITLE, "Ana García")]);
    absorb(&store, &page).await;
    let mut issued = record(Source::ArxivOai, &["2305.00001"], TITLE);
    absorb(&store, &papers([issued.clone()])).await;
    issued.title = "An Entirely Different Title of Version Two".into();
    let absorbed = absorb(&store, &papers([issued])).await;
    assert_eq!(words(&absorbed.outcomes), ["changed 1"]);
    let again = absorb_soundly(&store, &page).await;
    assert_eq!(words(&again.outcomes), ["same 1"]);
}
