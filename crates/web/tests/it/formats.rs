//! One paper in the forms in which it is taken away, over HTTP.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::site::{TestSite, some_papers};

async fn check(site: &TestSite, ending: &str, media_type: &str, expected: &str) {
    let answer = site.get(&format!("/papers/2611.10001.{ending}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{ending}");
    assert_eq!(answer.header("content-type"), media_type);
    assert!(answer.text().contains(expected), "{}", answer.text());
}

#[tokio::test]
async fn a_paper_in_every_form() {
    let site = TestSite::with(some_papers()).await;
    check(
        &site,
        "bib",
        "application/x-bibtex; charset=utf-8",
        "@misc{garcia2026sparse,",
    )
    .await;
    check(
        &site,
        "ris",
        "application/x-research-info-systems; charset=utf-8",
        "AU  - García, José A.\r\n",
    )
    .await;
    check(
        &site,
        "md",
        "text/markdown; charset=utf-8",
        "# Sparse Attention Is Enough\n",
    )
    .await;
    check(&site, "json", "application/json", "\"key\":\"2611.10001\"").await;
    for target in [
        "/papers/2401.99999.bib",
        "/papers/2401.99999.md",
        "/papers/2611.10001.atom",
    ] {
        let missing = site.get(target).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{target}");
        assert!(
            missing.header("content-type").starts_with("text/plain"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn markdown_is_the_page_for_those_who_ask_for_it() {
    let site = TestSite::with(some_papers()).await;
    let target = "/papers/math/9201207";
    let asked = site
        .ask(Method::GET, target, &[("accept", "text/markdown")])
        .await;
    assert_eq!(asked.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(asked.text(), site.page("/papers/math/9201207.md").await);
    // The browser that comes next gets its page all the same.
    assert!(site.page(target).await.starts_with("<!doctype html>"));
}

#[tokio::test]
async fn json_tells_who_said_what() {
    let site = TestSite::with(some_papers()).await;
    let paper: Value = serde_json::from_str(&site.page("/papers/2611.10001.json").await).unwrap();
    assert_eq!(paper["url"], "https://papers.example.org/papers/2611.10001");
    assert_eq!(paper["sources"][0]["source"], "daily-papers");
    assert_eq!(paper["links"][0]["source"], "daily-papers");
    assert_eq!(paper["times"]["featured"], "2026-11-20T00:00:00Z");
    let readings = paper["readings"].as_array().unwrap();
    let values: Vec<_> = readings
        .iter()
        .map(|r| r["value"].as_u64().unwrap())
        .collect();
    assert_eq!(values, [42, 97]);
}
