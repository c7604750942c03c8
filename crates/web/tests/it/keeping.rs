//! Kept answers: validators, compression, and when they are made anew.

use axum::http::{Method, StatusCode};

use crate::site::{TestSite, featured, some_papers};

#[tokio::test]
async fn unchanged_pages_are_not_sent_again() {
    let site = TestSite::with(some_papers()).await;
    let first = site.get("/").await;
    let tag = first.header("etag").to_string();
    assert!(tag.starts_with('"') && tag.len() == 18, "{tag}");
    let again = site.ask(Method::GET, "/", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    let weak = format!("\"other\", W/{tag}");
    let again = site
        .ask(Method::GET, "/", &[("if-none-match", &weak)])
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    let modified = first.header("last-modified").to_string();
    assert_eq!(modified, "Mon, 23 Nov 2026 12:00:00 GMT");
    let again = site
        .ask(Method::GET, "/", &[("if-modified-since", &modified)])
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    let other = site
        .ask(Method::GET, "/", &[("if-none-match", "\"other\"")])
        .await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn new_papers_are_seen_at_once() {
    let site = TestSite::with(some_papers()).await;
    let before = site.get("/").await;
    site.at("2026-11-23T13:00:00Z");
    let paper = featured("2611.10009", "Fresh From the Press", "2026-11-23", 1);
    site.absorb(vec![paper]).await;
    let tag = before.header("etag");
    let after = site.ask(Method::GET, "/", &[("if-none-match", tag)]).await;
    assert_eq!(after.status, StatusCode::OK);
    assert!(after.text().contains("Fresh From the Press"));
    assert_eq!(
        after.header("last-modified"),
        "Mon, 23 Nov 2026 13:00:00 GMT"
    );
}

#[tokio::test]
async fn the_same_content_keeps_its_date() {
    let site = TestSite::with(some_papers()).await;
    let before = site.get("/categories").await;
    site.at("2026-11-23T15:00:00Z");
    site.status.data_changed();
    let after = site.get("/categories").await;
    assert_eq!(
        before.header("last-modified"),
        after.header("last-modified")
    );
    assert_eq!(before.header("etag"), after.header("etag"));
}

#[tokio::test]
async fn a_dead_database_leaves_the_last_good_pages() {
    let site = TestSite::with(some_papers()).await;
    let good = site.page("/categories").await;
    site.store.close().await;
    site.status.data_changed();
    assert_eq!(site.page("/categories").await, good);
    assert_eq!(
        site.get("/tags").await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn pages_are_compressed_as_asked() {
    let site = TestSite::with(some_papers()).await;
    let plain = site.get("/").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.header("vary").contains("Accept-Encoding"));
    let zstd = site
        .ask(Method::GET, "/", &[("accept-encoding", "gzip, zstd")])
        .await;
    assert_eq!(zstd.header("content-encoding"), "zstd");
    assert_eq!(zstd::decode_all(&zstd.body[..]).unwrap(), plain.body);
    let gzip = site
        .ask(
            Method::GET,
            "/",
            &[("accept-encoding", "gzip, deflate, br")],
        )
        .await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&gzip.body[..]);
    std::io::copy(&mut decoder, &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert_ne!(gzip.header("etag"), plain.header("etag"));
    assert_eq!(gzip.header("content-length"), gzip.body.len().to_string());
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let site = TestSite::with(some_papers()).await;
    for target in [
        "/",
        "/papers/2611.10001",
        "/papers.atom",
        "/nowhere",
        "/healthz",
    ] {
        let get = site.get(target).await;
        let head = site.ask(Method::HEAD, target, &[]).await;
        assert_eq!(head.status, get.status, "{target}");
        assert!(head.body.is_empty(), "{target}");
        assert_eq!(head.header("etag"), get.header("etag"), "{target}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{target}"
        );
        assert_eq!(
            head.header("content-length"),
            get.body.len().to_string(),
            "{target}"
        );
    }
}

async fn check_policy(site: &TestSite, target: &str, expected: &str) {
    let answer = site.get(target).await;
    assert_eq!(answer.header("cache-control"), expected, "{target}");
}

#[tokio::test]
async fn policies_follow_what_an_answer_is() {
    let site = TestSite::with(some_papers()).await;
    let living = "public, max-age=60, must-revalidate";
    check_policy(&site, "/", living).await;
    check_policy(&site, "/papers/date/2026-11-20", "public, max-age=3600").await;
    check_policy(&site, "/papers/month/2026-11", living).await;
    check_policy(&site, "/about/coverage", "no-cache").await;
    check_policy(&site, "/nowhere", "no-store").await;
    let page = site.page("/").await;
    let css = page.split("href=\"/static/").nth(1).unwrap();
    let css = css.split('"').next().unwrap();
    // The icon comes first in the head.
    check_policy(
        &site,
        &format!("/static/{css}"),
        "public, max-age=31536000, immutable",
    )
    .await;
    check_policy(&site, "/static/app.0000.css", "no-store").await;
}

#[tokio::test]
async fn a_new_day_is_a_new_edition() {
    let site = TestSite::with(some_papers()).await;
    assert!(site.page("/").await.contains("Monday 23 November 2026"));
    site.at("2026-11-24T00:00:01Z");
    assert!(site.page("/").await.contains("Tuesday 24 November 2026"));
}

#[tokio::test]
async fn parameters_in_disguise_do_not_share_an_answer() {
    let site = TestSite::with(some_papers()).await;
    assert!(site.page("/search?%71=sparse").await.contains("<mark>"));
    assert!(!site.page("/search").await.contains("<mark>"));
    assert!(!site.page("/search?utm_source=x").await.contains("<mark>"));
}
