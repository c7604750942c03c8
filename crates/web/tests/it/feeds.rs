//! Feeds over HTTP: types, validators, order, and that a reader who comes back misses nothing.

use atom_syndication::Feed;
use axum::http::{Method, StatusCode};

use crate::site::{TestSite, featured, some_papers};

async fn ids(site: &TestSite, target: &str) -> Vec<String> {
    let feed = Feed::read_from(&site.get(target).await.body[..]).unwrap();
    feed.entries.into_iter().map(|e| e.id).collect()
}

#[tokio::test]
async fn types_name_the_character_set() {
    let site = TestSite::with(some_papers()).await;
    for (ending, expected) in [
        ("atom", "application/atom+xml; charset=utf-8"),
        ("rss", "application/rss+xml; charset=utf-8"),
        ("json", "application/feed+json; charset=utf-8"),
    ] {
        let answer = site.get(&format!("/papers.{ending}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), expected);
    }
}

#[tokio::test]
async fn ranked_lists_tell_of_events() {
    let site = TestSite::with(some_papers()).await;
    assert_eq!(
        ids(&site, "/papers/date/2026-11-20.atom").await,
        [
            "urn:broadsheet:entered-day:2611.10001",
            "urn:broadsheet:entered-day:2611.10002"
        ]
    );
    assert_eq!(
        ids(&site, "/papers/trending.atom").await,
        ["urn:broadsheet:entered-trending-7:2611.10001"]
    );
    assert_eq!(
        ids(&site, "/papers.atom").await[3],
        "urn:broadsheet:paper:math/9201207"
    );
}

#[tokio::test]
async fn votes_change_the_order_but_no_id() {
    let site = TestSite::with(some_papers()).await;
    let target = "/papers/date/2026-11-20.atom";
    let mut before = ids(&site, target).await;
    let mut again = featured(
        "2611.10002",
        "On the $\\ell_1$-Norm of State Spaces",
        "2026-11-20",
        7,
    );
    again.readings[0].at = "2026-11-23T00:00:00Z".parse().unwrap();
    again.readings[0].value = Some(300);
    site.absorb(vec![again]).await;
    let after = ids(&site, target).await;
    before.reverse();
    assert_eq!(after, before);
}

/// All papers of a day may carry the same time, so that time must not decide what is new.
#[tokio::test]
async fn a_paper_that_joins_its_day_late_is_not_missed() {
    let site = TestSite::with(some_papers()).await;
    let target = "/papers/week/2026-W47.rss";
    let first = site.get(target).await;
    let seen = [("if-modified-since", first.header("last-modified"))];
    assert_eq!(
        site.ask(Method::GET, target, &seen).await.status,
        StatusCode::NOT_MODIFIED
    );
    site.at("2026-11-23T12:05:00Z");
    site.absorb(vec![featured(
        "2611.10009",
        "Late but Welcome",
        "2026-11-20",
        1,
    )])
    .await;
    let then = site.ask(Method::GET, target, &seen).await;
    assert_eq!(then.status, StatusCode::OK);
    assert!(then.text().contains("Late but Welcome"));
}

#[tokio::test]
async fn feeds_are_bounded() {
    let papers = (0..130)
        .map(|n| {
            featured(
                &format!("2611.3{n:04}"),
                &format!("Paper {n}"),
                "2026-11-20",
                n,
            )
        })
        .collect();
    let site = TestSite::with(papers).await;
    for target in [
        "/papers.atom",
        "/search.atom?q=paper",
        "/categories/cs.CL.atom",
    ] {
        assert_eq!(ids(&site, target).await.len(), 100, "{target}");
    }
    let top = ids(&site, "/papers/date/2026-11-20.atom").await;
    assert_eq!(top[0], "urn:broadsheet:entered-day:2611.30129");
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_an_empty_feed() {
    let site = TestSite::with(some_papers()).await;
    let feed = site.page("/search.atom?q=zzzzqqqq").await;
    assert!(feed.contains("finds nothing so far"), "{feed}");
    site.page("/search.rss?q=%22(%22").await;
}
