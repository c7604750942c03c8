//! The Hugging Face Papers API, from request to answer. What its own clients make of it, `tests/clients` of the
//! program shows.

use axum::http::StatusCode;
use serde_json::Value;

use crate::site::{TestSite, featured, some_papers};

async fn json(site: &TestSite, target: &str) -> Value {
    let answer = site.get(target).await;
    assert_eq!(answer.status, StatusCode::OK, "{target}");
    assert_eq!(
        answer.header("content-type"),
        "application/json",
        "{target}"
    );
    serde_json::from_slice(&answer.body).unwrap()
}

/// The ids that an address lists, in order.
async fn check(site: &TestSite, target: &str, expected: &[&str]) {
    let items = json(site, target).await;
    let ids: Vec<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["paper"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, expected, "{target}");
}

async fn check_refused(site: &TestSite, target: &str, status: u16, expected: &str) {
    let answer = site.get(target).await;
    assert_eq!(answer.status.as_u16(), status, "{target}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let message = body["error"].as_str().unwrap();
    assert!(message.contains(expected), "{target}: {message}");
    assert_eq!(answer.header("x-error-message"), message, "{target}");
    assert_eq!(answer.header("x-error-code"), "", "{target}");
}

const ALL: [&str; 4] = ["2611.10001", "2611.10002", "2611.10003", "math/9201207"];

#[tokio::test]
async fn lists_by_day_week_month_and_age() {
    let site = TestSite::with(some_papers()).await;
    check(&site, "/api/daily_papers", &ALL).await;
    check(&site, "/api/daily_papers?date=2026-11-20", &ALL[..2]).await;
    check(
        &site,
        "/api/daily_papers?date=2026-11-20T23:59:59.999Z",
        &ALL[..2],
    )
    .await;
    check(&site, "/api/daily_papers?week=2026-W47", &ALL[..3]).await;
    check(&site, "/api/daily_papers?month=2026-10", &ALL[3..]).await;
    check(&site, "/api/daily_papers?date=2026-11-21", &[]).await;
    check(
        &site,
        "/api/daily_papers?sort=publishedAt&period=weekly&date=",
        &ALL,
    )
    .await;
    check(&site, "/api/daily_papers?sort=trending&limit=1", &ALL[..1]).await;
    check(&site, "/api/daily_papers?submitter=broadsheet", &ALL).await;
    check(&site, "/api/daily_papers?submitter=somebody", &[]).await;
}

#[tokio::test]
async fn most_votes_come_first_on_a_day() {
    let mut papers = some_papers();
    papers.push(featured("2611.20000", "Later but Loved", "2026-11-20", 500));
    let site = TestSite::with(papers).await;
    let expected = ["2611.20000", "2611.10001", "2611.10002"];
    check(&site, "/api/daily_papers?date=2026-11-20", &expected).await;
}

#[tokio::test]
async fn pages_lead_to_each_other() {
    let site = TestSite::with(some_papers()).await;
    let mut target = "/api/daily_papers?limit=3&month=2026-11&utm=x&p=0".to_string();
    check(&site, &target, &ALL[..3]).await;
    assert_eq!(site.get(&target).await.header("link"), "");

    target = "/api/daily_papers?limit=3".to_string();
    let link = site.get(&target).await.header("link").to_string();
    let next = "<https://papers.example.org/api/daily_papers?limit=3&p=1>; rel=\"next\"";
    assert_eq!(link, next);
    check(&site, "/api/daily_papers?limit=3&p=1", &ALL[3..]).await;
    check(&site, "/api/daily_papers?limit=3&p=2", &[]).await;
    let link = site
        .get("/api/daily_papers?limit=1&week=2026-W47&sort=trending")
        .await;
    assert_eq!(
        link.header("link"),
        "<https://papers.example.org/api/daily_papers?week=2026-W47&sort=trending&limit=1&p=1>; rel=\"next\""
    );
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let site = TestSite::with(some_papers()).await;
    let daily = |query: &str| format!("/api/daily_papers?{query}");
    for (query, expected) in [
        ("date=2026-13-01", "`2026-13-01` is not a day"),
        ("date=today", "is not a day"),
        ("week=2026-W60", "is not a week"),
        ("month=11", "is not a month"),
        ("limit=0", "`limit` must be a whole number from 1 to 100"),
        ("limit=101", "from 1 to 100"),
        ("p=-1", "`p` must be"),
        ("p=99999999999", "`p` must be"),
        ("sort=best", "`sort` must be"),
    ] {
        check_refused(&site, &daily(query), 400, expected).await;
    }
    let long = format!("/api/papers/search?q={}", "a".repeat(251));
    check_refused(&site, &long, 400, "at most 250 characters").await;
    check_refused(
        &site,
        "/api/papers/search?q=a&limit=121",
        400,
        "from 1 to 120",
    )
    .await;
    check_refused(&site, "/api/papers/2401.99999", 404, "Paper not found").await;
    check_refused(&site, "/api/papers/no-id", 404, "Paper not found").await;
    check_refused(&site, "/api/nothing", 404, "no such address").await;
    check_refused(&site, "/api", 404, "no such address").await;
    check_refused(&site, "/api/whoami-v2", 401, "Invalid user token").await;
}

#[tokio::test]
async fn searches_find_by_words_and_ids() {
    let site = TestSite::with(some_papers()).await;
    check(
        &site,
        "/api/papers/search?q=sparse+attention&limit=1",
        &ALL[..1],
    )
    .await;
    check(
        &site,
        "/api/papers/search?q=2611.10003v2&limit=1",
        &ALL[2..3],
    )
    .await;
    check(&site, "/api/papers/search?q=math/9201207", &ALL[3..]).await;
    check(&site, "/api/papers/search?q=qqqqzzzz", &[]).await;
    check(&site, "/api/papers/search", &ALL).await;
    check(&site, "/api/papers/search?q=%20&limit=2", &ALL[..2]).await;
    // A query that makes no sense is answered, whatever it finds.
    json(&site, "/api/papers/search?q=%22unbalanced%20(and%20author:").await;
}

#[tokio::test]
async fn a_paper_by_any_of_its_ids() {
    let site = TestSite::with(some_papers()).await;
    for id in ["2611.10001", "2611.10001v7", "arXiv:2611.10001"] {
        let paper = json(&site, &format!("/api/papers/{id}")).await;
        assert_eq!(paper["id"], "2611.10001", "{id}");
        assert_eq!(paper["upvotes"], 97);
        assert_eq!(paper["linkedModels"], Value::Array(Vec::new()));
    }
    let old = json(&site, "/api/papers/math/9201207").await;
    assert_eq!(old["title"], "Old Wine in New Bottles");
}

#[tokio::test]
async fn the_picture_of_an_item_is_there() {
    let site = TestSite::with(some_papers()).await;
    let items = json(&site, "/api/daily_papers").await;
    for item in items.as_array().unwrap() {
        let address = item["thumbnail"].as_str().unwrap();
        let target = address.strip_prefix("https://papers.example.org").unwrap();
        let picture = site.get(target).await;
        assert_eq!(
            picture.header("content-type"),
            "image/svg+xml; charset=utf-8",
            "{target}"
        );
        assert!(picture.text().starts_with("<svg"), "{target}");
        let avatar = item["submittedBy"]["avatarUrl"].as_str().unwrap();
        let avatar = avatar.strip_prefix("https://papers.example.org").unwrap();
        assert_eq!(site.get(avatar).await.status, StatusCode::OK);
    }
    assert_eq!(
        site.get("/thumbnails/2401.99999.svg").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.get("/thumbnails/2611.10001.png").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_registry_that_hf_asks_for_is_empty() {
    let site = TestSite::empty().await;
    let registry = json(&site, "/api/agent-harnesses").await;
    assert_eq!(
        registry,
        serde_json::json!({ "standardEnvVars": [], "harnesses": {} })
    );
}
