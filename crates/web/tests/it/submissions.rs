//! Papers that readers ask for: what is here leads to it, what must be fetched waits, the rest is told by hand.

use axum::http::StatusCode;
use domain::record::Source;

use crate::community::{Person, community, community_under};
use crate::site::some_papers;

#[tokio::test]
async fn what_is_here_is_shown_and_not_counted() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let form = "paper=https%3A%2F%2Farxiv.org%2Fabs%2F2611.10001v3";
    for _ in 0..3 {
        let answer = ana.post(&site, "/submit", form).await;
        assert_eq!(answer.status, StatusCode::OK);
        let page = answer.text();
        assert!(
            page.contains("is here already") && page.contains("href=\"/papers/2611.10001\""),
            "{page}"
        );
    }
    let (_, json) = ana.call(&site, "/submit", form).await;
    assert_eq!(json["address"], "/papers/2611.10001");
    assert!(
        ana.page(&site, "/submit")
            .await
            .contains("2 of them are left")
    );
}

#[tokio::test]
async fn what_must_be_fetched_waits_and_a_day_has_its_bound() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let bo = Person::reader(&site, "bo").await;
    let (_, json) = ana.call(&site, "/submit", "paper=2401.00001").await;
    assert_eq!(json["state"], "waiting");
    assert_eq!(site.store.jobs(9).await.unwrap().len(), 1);
    site.status.update(|activity| activity.offline = true);
    let page = ana.page(&site, "/submit").await;
    assert!(
        page.contains("waits until this server may call out"),
        "{page}"
    );
    let (status, json) = bo.call(&site, "/submit", "paper=2401.00001").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        json["error"].as_str().unwrap().contains("already"),
        "{json}"
    );
    ana.call(&site, "/submit", "paper=2401.00002").await;
    let full = ana
        .post(&site, "/submit", "paper=2401.00003&title=Kept")
        .await;
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
    let page = full.text();
    assert!(
        page.contains("value=\"2401.00003\"") && page.contains("value=\"Kept\""),
        "{page}"
    );
    site.at("2026-11-24T12:00:01Z");
    let (status, _) = ana.call(&site, "/submit", "paper=2401.00003").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn what_nobody_can_fetch_is_told_by_hand() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let (status, json) = ana.call(&site, "/submit", "paper=10.1234/by.hand").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(json["error"].as_str().unwrap().contains("title"), "{json}");
    let form = "paper=10.1234/by.hand&title=A+Work+Told+%3Cb%3Eby+Hand&authors=Jane+Doe,+Bo+Li&abstract=It+says.";
    let (_, json) = ana.call(&site, "/submit", form).await;
    assert_eq!(json["address"], "/papers/10.1234/by.hand");
    let page = site.page("/papers/10.1234/by.hand").await;
    assert!(
        page.contains("Source: a reader") && page.contains("Bo Li"),
        "{page}"
    );
    assert!(!page.contains("<b>by Hand"), "{page}");
    let id = "10.1234/by.hand".parse().unwrap();
    let paper = site.store.paper(&id).await.unwrap().unwrap();
    assert_eq!(paper.text_sources.title, Source::Reader);
    let (_, json) = ana
        .call(
            &site,
            "/submit",
            "paper=https://example.org/post&title=A+Post+About+It",
        )
        .await;
    assert_eq!(json["state"], "taken");
}

#[tokio::test]
async fn the_policy_holds() {
    let site = community_under(some_papers(), |policy| policy.allow_links = false).await;
    let ana = Person::reader(&site, "ana").await;
    let (status, _) = ana
        .call(
            &site,
            "/submit",
            "paper=https://example.org/post&title=A+Post+About+It",
        )
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for typed in ["", "hello", "javascript:alert(1)", "local:0123456789abcdef"] {
        let form = format!("paper={typed}&title=Some+title");
        assert_eq!(
            ana.call(&site, "/submit", &form).await.0,
            StatusCode::BAD_REQUEST,
            "{typed}"
        );
    }
    let closed = community_under(some_papers(), |policy| policy.submissions = false).await;
    let ana = Person::reader(&closed, "ana").await;
    assert_eq!(
        ana.call(&closed, "/submit", "paper=2401.00001").await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(closed.get("/submit").await.status, StatusCode::SEE_OTHER);
}
