//! Authorship, links and tags on the site: who may say what, who decides, what is shown.

use axum::http::StatusCode;
use domain::account::Role;

use crate::community::{Person, community};
use crate::site::some_papers;

#[tokio::test]
async fn authorship_is_claimed_decided_and_shown() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let mo = Person::new(&site, "mo", Role::Moderator).await;
    let form = "paper=2611.10001&author=Na+Li&words=See+%3Ci%3Emy+page";
    let (status, json) = ana.call(&site, "/claims/authorship", form).await;
    assert_eq!(
        (status, json["state"].as_str()),
        (StatusCode::OK, Some("pending"))
    );
    let again = ana.post(&site, "/claims/authorship", form).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(
        again.text().contains("See &#60;i&#62;my page"),
        "what was typed is lost"
    );
    let other = ana
        .call(
            &site,
            "/claims/authorship",
            "paper=2611.10002&author=Somebody",
        )
        .await;
    assert_eq!(other.0, StatusCode::BAD_REQUEST);
    // Nobody else sees a claim that nobody has checked.
    assert!(
        !site
            .page("/claims?paper=2611.10001")
            .await
            .contains("ana as")
    );
    assert_eq!(
        ana.get(&site, "/moderation/claims").await.status,
        StatusCode::FORBIDDEN
    );
    let queue = mo.page(&site, "/moderation/claims").await;
    assert!(
        queue.contains("Na Li") && queue.contains("See &#60;i&#62;my page"),
        "{queue}"
    );
    let id = site.store.pending_authorship(1).await.unwrap()[0].id;
    let approve = format!("id={id}&decision=approve");
    assert_eq!(
        ana.call(&site, "/moderation/claims", &approve).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        mo.call(&site, "/moderation/claims", &approve).await.0,
        StatusCode::OK
    );
    assert_eq!(
        mo.call(&site, "/moderation/claims", &approve).await.0,
        StatusCode::BAD_REQUEST
    );
    let page = site.page("/papers/2611.10001").await;
    assert!(page.contains("<b>ana</b> (Na Li)"), "{page}");
    let revoke = format!("id={id}&decision=revoke");
    assert_eq!(
        mo.call(&site, "/moderation/claims", &revoke).await.0,
        StatusCode::BAD_REQUEST
    );
    let revoke = format!("{revoke}&reason=not+her");
    assert_eq!(
        mo.call(&site, "/moderation/claims", &revoke).await.0,
        StatusCode::OK
    );
    assert!(!site.page("/papers/2611.10001").await.contains("<b>ana</b>"));
    let queue = mo.page(&site, "/moderation/claims").await;
    assert!(
        queue.contains("not her") && queue.contains("mo approved"),
        "{queue}"
    );
}

#[tokio::test]
async fn links_and_tags_say_who_said_so() {
    let site = community(some_papers()).await;
    let ana = Person::reader(&site, "ana").await;
    let bo = Person::reader(&site, "bo").await;
    let mo = Person::new(&site, "mo", Role::Moderator).await;
    let link = "paper=2611.10001&kind=model&value=https%3A%2F%2Fexample.org%2Fweights";
    let said = ana.post(&site, "/claims/say", link).await;
    assert_eq!(said.header("location"), "/claims?paper=2611.10001");
    let tag = "paper=2611.10001&kind=tag&value=Long+Contexts";
    assert_eq!(ana.call(&site, "/claims/say", tag).await.0, StatusCode::OK);
    let page = site.page("/papers/2611.10001").await;
    assert!(
        page.contains("https://example.org/weights") && page.contains("says ana"),
        "{page}"
    );
    assert!(
        site.page("/tags/long%20contexts")
            .await
            .contains("Sparse Attention")
    );
    for (form, status) in [
        (
            "paper=2611.10001&kind=code&value=javascript:alert(1)",
            StatusCode::BAD_REQUEST,
        ),
        (
            "paper=2611.10001&kind=pdf&value=https://example.org/",
            StatusCode::BAD_REQUEST,
        ),
        (
            "paper=2611.10001&kind=tag&value=%3Cscript%3E",
            StatusCode::BAD_REQUEST,
        ),
        (
            "paper=2611.10001&kind=tag&value=attention",
            StatusCode::BAD_REQUEST,
        ),
        (
            "paper=2611.99999&kind=tag&value=attention",
            StatusCode::NOT_FOUND,
        ),
        (
            "paper=2611.10001&kind=tag&value=long+contexts&act=withdraw",
            StatusCode::FORBIDDEN,
        ),
        (
            "paper=2611.10001&kind=tag&value=long+contexts&act=remove&reason=x",
            StatusCode::FORBIDDEN,
        ),
    ] {
        assert_eq!(
            bo.call(&site, "/claims/say", form).await.0,
            status,
            "{form}"
        );
    }
    let refused = bo
        .post(
            &site,
            "/claims/say",
            "paper=2611.10001&kind=code&value=no+address",
        )
        .await;
    assert!(
        refused.text().contains("value=\"no address\""),
        "what was typed is lost"
    );
    let remove = format!("{link}&act=remove");
    assert_eq!(
        mo.call(&site, "/claims/say", &remove).await.0,
        StatusCode::BAD_REQUEST
    );
    let remove = format!("{remove}&reason=advertising");
    assert_eq!(
        mo.call(&site, "/claims/say", &remove).await.0,
        StatusCode::OK
    );
    assert!(
        !site
            .page("/papers/2611.10001")
            .await
            .contains("example.org/weights")
    );
    assert_eq!(
        ana.call(&site, "/claims/say", link).await.0,
        StatusCode::FORBIDDEN
    );
    let history = site.page("/claims?paper=2611.10001").await;
    assert!(
        history.contains("mo removed, as a moderator, the model")
            && history.contains("advertising"),
        "{history}"
    );
}

#[tokio::test]
async fn running_the_site_is_for_admins() {
    let site = community(some_papers()).await;
    let mo = Person::new(&site, "mo", Role::Moderator).await;
    let ada = Person::new(&site, "ada", Role::Admin).await;
    for path in ["/admin", "/admin/sources", "/admin/jobs"] {
        assert_eq!(
            mo.get(&site, path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        assert_eq!(site.get(path).await.status, StatusCode::SEE_OTHER, "{path}");
        ada.page(&site, path).await;
    }
    let job = store::NewJob {
        kind: "mail",
        payload: "<b>1",
        run_at: crate::site::MONDAY.parse().unwrap(),
        unique_key: None,
    };
    site.store.enqueue(job).await.unwrap();
    let page = ada.page(&site, "/admin/jobs").await;
    assert!(page.contains("mail &#60;b&#62;1"), "{page}");
    let (status, _) = ada.call(&site, "/admin/jobs/1/retry", "").await;
    assert_eq!(
        status,
        StatusCode::NOT_FOUND,
        "a job that waits is not tried again"
    );
}
