//! Predictions for papers that nobody has voted on yet: shown as such, where there is one, and nowhere else.

use domain::record::Record;

use crate::site::{TestSite, featured};

const DAY: &str = "2026-11-20";

/// A paper about one thing, on which so many have voted.
fn about(id: &str, words: &str, votes: u32) -> Record {
    let mut record = featured(id, words, DAY, votes);
    record.abstract_text = Some(format!("{words} {words}."));
    record
}

async fn site() -> TestSite {
    TestSite::with(vec![
        about("2611.10001", "Sparse thin", 0),
        about("2611.10002", "Attention focus", 0),
        about("2611.10003", "Wine bottles grape", 0),
        about("2611.10004", "Sparse votes", 3),
    ])
    .await
}

/// The prediction on a card of a page.
fn of<'p>(page: &'p str, id: &str) -> Option<&'p str> {
    let begin = page.find(&format!("href=\"/papers/{id}\"")).unwrap();
    let card = &page[begin..];
    let card = &card[..card.find("</article>").unwrap()];
    let prediction = card.find("Prediction from the text: ")?;
    Some(card[prediction..].split('<').next().unwrap())
}

#[tokio::test]
async fn cards_say_what_is_likely_where_nobody_voted() {
    let site = site().await;
    for target in [
        "/",
        "/papers/date/2026-11-20",
        "/papers/week/2026-W47",
        "/categories/cs.CL",
        "/tags/attention",
    ] {
        let page = site.page(target).await;
        assert_eq!(
            of(&page, "2611.10001"),
            Some(
                "Prediction from the text: likely above the middle, place 65 of 100 (4 in 5 such papers: 25 to 100)"
            ),
            "{target}"
        );
        assert_eq!(
            of(&page, "2611.10002"),
            Some(
                "Prediction from the text: about the middle, place 45 of 100 (4 in 5 such papers: 5 to 85)"
            )
        );
        assert_eq!(
            of(&page, "2611.10003"),
            None,
            "unlike what was learned from"
        );
        assert_eq!(of(&page, "2611.10004"), None, "somebody voted");
    }
}

#[tokio::test]
async fn a_prediction_decides_no_order() {
    let site = site().await;
    let page = site.page("/papers/date/2026-11-20").await;
    let place = |id: &str| page.find(&format!("href=\"/papers/{id}\"")).unwrap();
    let order = ["2611.10004", "2611.10003", "2611.10002", "2611.10001"].map(place);
    assert!(order.is_sorted(), "votes, then the newest id");
}

#[tokio::test]
async fn a_papers_page_explains_it() {
    let site = site().await;
    let page = site.page("/papers/2611.10001").await;
    assert!(
        page.contains(
            "Nobody has voted on it yet. Prediction from the text: likely above the middle"
        )
    );
    assert!(page.contains("href=\"/about/ranking#interest\""));
    let ranking = site.page("/about/ranking").await;
    assert!(ranking.contains("<h2 id=\"interest\">"));
    for id in ["2611.10003", "2611.10004"] {
        let page = site.page(&format!("/papers/{id}")).await;
        assert!(!page.contains("Prediction"), "{id}");
    }
}
