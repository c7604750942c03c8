//! Webhooks on the site: made, tested, paused, deleted by whoever they belong to; the secret is shown once.

use axum::http::StatusCode;

use crate::community::{Person, community, community_under};
use crate::site::some_papers;

#[tokio::test]
async fn a_secret_is_shown_once() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let form = "url=https%3A%2F%2Fexample.org%2Fhook&query=cat%3Acs.CL";
    let made = ana.post(&site, "/account/webhooks", form).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(made.text().contains("whsec_"));
    let page = ana.page(&site, "/account/webhooks").await;
    assert!(
        page.contains("https://example.org/hook") && !page.contains("whsec_"),
        "{page}"
    );
    let (status, json) = ana.call(&site, "/account/webhooks", form).await;
    assert_eq!(status, StatusCode::CREATED);
    let secret = json["secret"].as_str().unwrap();
    assert_eq!(secret.len(), "whsec_".len() + 44);
    let export = ana.page(&site, "/account/export.jsonl").await;
    assert!(
        export.contains("\"kind\":\"webhook\"") && !export.contains("whsec_"),
        "{export}"
    );
}

#[tokio::test]
async fn webhooks_are_their_owners_own() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let bo = Person::reader(&site, "bo").await;
    ana.post(&site, "/account/webhooks", "url=https://example.org/hook")
        .await;
    let one = "/account/webhooks/1";
    for act in ["test", "pause", "resume", "delete"] {
        let (status, _) = bo.call(&site, one, &format!("act={act}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{act}");
    }
    assert_eq!(ana.call(&site, one, "act=test").await.0, StatusCode::OK);
    assert_eq!(
        ana.call(&site, one, "act=test").await.0,
        StatusCode::BAD_REQUEST
    );
    let waiting = site.store.deliveries_of(1, 9).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].papers), (1, 0));
    assert_eq!(ana.call(&site, one, "act=pause").await.0, StatusCode::OK);
    assert!(
        ana.page(&site, "/account/webhooks")
            .await
            .contains("Nothing is sent: paused")
    );
    assert_eq!(ana.call(&site, one, "act=resume").await.0, StatusCode::OK);
    assert_eq!(ana.call(&site, one, "act=delete").await.0, StatusCode::OK);
    assert!(
        ana.page(&site, "/account/webhooks")
            .await
            .contains("You have none yet")
    );
    assert_eq!(
        site.get("/account/webhooks").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn an_unfit_address_is_refused_beside_what_was_typed() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let form = "url=http%3A%2F%2Fexample.org%2F%22%3E&query=my+words";
    let refused = ana.post(&site, "/account/webhooks", form).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let page = refused.text();
    assert!(
        page.contains("must begin with https") && page.contains("value=\"my words\""),
        "{page}"
    );
    assert!(page.contains("http://example.org/&#34;&#62;"), "{page}");
    let closed = community_under(some_papers(), |policy| policy.webhooks = None).await;
    let ana = Person::reader(&closed, "ana").await;
    let (status, _) = ana
        .call(&closed, "/account/webhooks", "url=https://example.org/")
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
