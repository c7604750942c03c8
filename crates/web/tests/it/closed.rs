//! Lists whose time is over: pages and feeds show them as they were closed.

use domain::window::Window;
use jiff::Timestamp;

use crate::site::{TestSite, featured, some_papers};

const DAY: &str = "/papers/date/2026-11-20";

async fn close(site: &TestSite, windows: &[&str]) {
    let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
    for text in windows {
        let window: Window = text.parse().unwrap();
        assert!(site.store.close_window(window, now).await.unwrap());
    }
    site.status.data_changed();
}

/// Titles' places on a page.
fn order(page: &str, words: &[&str]) -> Vec<usize> {
    words
        .iter()
        .map(|word| {
            page.find(word)
                .unwrap_or_else(|| panic!("no {word} in {page}"))
        })
        .collect()
}

#[tokio::test]
async fn a_closed_list_stands_on_pages_and_feeds() {
    let site = TestSite::with(some_papers()).await;
    let feeds = [".atom", ".rss", ".json"].map(|ending| format!("{DAY}{ending}"));
    close(&site, &["2026-11-20", "2026-W47", "2026-11"]).await;
    let page = site.page(DAY).await;
    assert!(
        page.contains(
            "2 papers, most votes first as of 23 November 2026, when this list was closed"
        ),
        "{page}"
    );
    let mut before = Vec::new();
    for feed in &feeds {
        before.push(site.page(feed).await);
    }
    let mut again = some_papers().remove(1);
    again.readings[0].at = "2026-11-23T07:00:00Z".parse().unwrap();
    again.readings[0].value = Some(9_000);
    site.absorb(vec![again]).await;
    for (feed, before) in feeds.iter().zip(before) {
        assert_eq!(site.page(feed).await, before, "{feed}");
    }
    for target in [DAY, "/papers/week/2026-W47", "/papers/month/2026-11"] {
        let page = site.page(target).await;
        let places = order(&page, &["Sparse Attention Is Enough", "2611.10002"]);
        assert!(places.is_sorted(), "{target}");
        assert!(page.contains("▲ 9000"), "votes are shown as they are");
        assert!(!page.contains("added later"));
    }
}

#[tokio::test]
async fn late_arrivals_are_marked_and_stand_at_the_end() {
    let site = TestSite::with(some_papers()).await;
    close(&site, &["2026-11-20"]).await;
    site.absorb(vec![featured(
        "2611.10009",
        "Late but Loud",
        "2026-11-20",
        5_000,
    )])
    .await;
    let page = site.page(DAY).await;
    assert!(page.contains("3 papers"));
    let places = order(
        &page,
        &["2611.10001", "2611.10002", "Late but Loud", "added later"],
    );
    assert!(places.is_sorted());
    // The paper's page goes by the same order.
    let late = site.page("/papers/2611.10009").await;
    assert!(late.contains("← On the"), "{late}");
    let api = site.page("/api/daily_papers?date=2026-11-20").await;
    let places = order(&api, &["2611.10001", "2611.10002", "2611.10009"]);
    assert!(places.is_sorted());
}
