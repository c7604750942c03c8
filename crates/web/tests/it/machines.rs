//! What crawlers, browsers' address bars and operators ask.

use axum::http::StatusCode;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::site::{TestSite, some_papers};

/// The texts of all elements of a name; the document must be well-formed.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut inside, mut found) = (false, Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => inside = tag.name().as_ref() == name,
            Event::Text(text) if inside => found.push(text.to_string()),
            Event::End(_) => inside = false,
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_sitemap_leads_to_every_paper() {
    let site = TestSite::with(some_papers()).await;
    let robots = site.page("/robots.txt").await;
    assert!(
        robots.contains("Sitemap: https://papers.example.org/sitemap.xml\n"),
        "{robots}"
    );
    let parts = texts(&site.page("/sitemap.xml").await, "loc");
    let mut pages = Vec::new();
    for part in &parts {
        let target = part.strip_prefix("https://papers.example.org").unwrap();
        pages.extend(texts(&site.page(target).await, "loc"));
    }
    for page in &pages {
        let target = page.strip_prefix("https://papers.example.org").unwrap();
        assert_eq!(site.get(target).await.status, StatusCode::OK, "{target}");
    }
    for key in ["2611.10001", "2611.10002", "2611.10003", "math/9201207"] {
        let page = format!("https://papers.example.org/papers/{key}");
        assert_eq!(pages.iter().filter(|p| **p == page).count(), 1, "{key}");
    }
    assert!(pages.contains(&"https://papers.example.org/categories/cs.CL".to_string()));
    let days = texts(&site.page("/sitemap/0.xml").await, "lastmod");
    assert_eq!(
        days,
        ["2026-11-20", "2026-11-20", "2026-11-19", "2026-10-01"]
    );
}

#[tokio::test]
async fn the_sitemap_has_no_other_parts() {
    let site = TestSite::with(some_papers()).await;
    for part in [
        "1.xml",
        "4294967295.xml",
        "-1.xml",
        "0",
        "other.xml",
        "99999999999.xml",
    ] {
        let target = format!("/sitemap/{part}");
        assert_eq!(
            site.get(&target).await.status,
            StatusCode::NOT_FOUND,
            "{target}"
        );
    }
    let empty = TestSite::empty().await;
    assert_eq!(texts(&empty.page("/sitemap.xml").await, "loc").len(), 1);
}

#[tokio::test]
async fn browsers_learn_to_search() {
    let site = TestSite::empty().await;
    let answer = site.get("/opensearch.xml").await;
    assert_eq!(
        answer.header("content-type"),
        "application/opensearchdescription+xml; charset=utf-8"
    );
    let text = answer.text();
    assert_eq!(texts(&text, "ShortName"), ["Broadsheet"]);
    let template = "template=\"https://papers.example.org/search?q={searchTerms}\"";
    assert!(text.contains(template), "{text}");
}

#[tokio::test]
async fn readiness_names_what_is_missing() {
    let site = TestSite::with(some_papers()).await;
    assert_eq!(site.page("/healthz").await, "ok\n");
    assert_eq!(site.page("/readyz").await, "{\"ready\":true}");

    site.status
        .update(|activity| activity.indexing = Some((10, 500)));
    assert_eq!(site.get("/readyz").await.status, StatusCode::OK);
    site.status
        .update(|activity| activity.indexing = Some((10, 30_010)));
    let behind = site.get("/readyz").await;
    assert_eq!(behind.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(behind.header("cache-control"), "no-store");
    let reason: Value = serde_json::from_slice(&behind.body).unwrap();
    assert_eq!(reason["reason"], "the index is 30000 changes behind");

    site.status.update(|activity| activity.indexing = None);
    site.store.close().await;
    let dead = site.get("/readyz").await;
    assert_eq!(dead.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        dead.text().contains("the database does not answer"),
        "{}",
        dead.text()
    );
    assert_eq!(site.page("/healthz").await, "ok\n");
}

#[tokio::test]
async fn metrics_are_not_there_unless_switched_on() {
    let site = TestSite::empty().await;
    assert_eq!(site.get("/metrics").await.status, StatusCode::NOT_FOUND);
}
