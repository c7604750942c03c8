//! Collections on the site: made, changed, shared, taken away; nobody sees what is not for them.

use axum::http::{Method, StatusCode};

use crate::community::{Person, community};
use crate::site::{TestSite, main_part, some_papers};

/// A collection of two papers in a known order.
async fn collected(site: &TestSite, owner: &Person, visibility: &str) {
    let form = format!("title=To+read&note=Why+%3Cb%3E&visibility={visibility}");
    let made = owner.post(site, "/collections/new", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER);
    assert_eq!(made.header("location"), "/collections/Jane/to-read");
    for key in ["2611.10001", "math/9201207"] {
        let form = format!("paper={key}&collection=Jane%2Fto-read");
        let added = owner.post(site, "/collections/add", &form).await;
        assert_eq!(added.header("location"), format!("/papers/{key}"));
    }
}

const PATHS: [&str; 5] = ["", ".atom", ".rss", ".json", ".bib"];

#[tokio::test]
async fn a_private_collection_is_not_there_for_others() {
    let site = community(some_papers()).await;
    let jane = Person::reader(&site, "Jane").await;
    let bo = Person::reader(&site, "bo").await;
    collected(&site, &jane, "private").await;
    for ending in PATHS {
        let path = format!("/collections/jane/to-read{ending}");
        assert_eq!(
            jane.get(&site, &path).await.status,
            StatusCode::OK,
            "{path}"
        );
        assert_eq!(
            bo.get(&site, &path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        assert_eq!(
            site.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let form = "paper=2611.10002&act=add";
    let items = "/collections/jane/to-read/items";
    assert_eq!(
        bo.post(&site, items, form).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!site.page("/collections").await.contains("To read"));
    assert!(!site.page("/papers/2611.10001").await.contains("To read"));
}

#[tokio::test]
async fn a_shared_one_is_for_its_members() {
    let site = community(some_papers()).await;
    let jane = Person::reader(&site, "Jane").await;
    let bo = Person::reader(&site, "bo").await;
    let cy = Person::reader(&site, "cy").await;
    collected(&site, &jane, "shared").await;
    let members = "/collections/jane/to-read/members";
    assert_eq!(
        bo.post(&site, members, "name=bo&act=add").await.status,
        StatusCode::NOT_FOUND
    );
    let shared = jane.post(&site, members, "name=BO&act=add").await;
    assert_eq!(shared.status, StatusCode::SEE_OTHER);
    let items = "/collections/jane/to-read/items";
    let added = bo
        .post(&site, items, "paper=2611.10002&act=add&note=by+bo")
        .await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    assert!(
        bo.page(&site, "/collections/jane/to-read")
            .await
            .contains("added by bo")
    );
    let settings = "/collections/jane/to-read/settings";
    let form = "title=Mine&visibility=public";
    assert_eq!(
        bo.post(&site, settings, form).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        cy.get(&site, "/collections/jane/to-read").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        site.get("/collections/jane/to-read").await.status,
        StatusCode::NOT_FOUND
    );
    // A member may leave.
    let left = bo.post(&site, members, "name=bo&act=remove").await;
    assert_eq!(left.header("location"), "/collections");
    assert_eq!(
        bo.get(&site, "/collections/jane/to-read").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_public_one_is_a_page_feeds_and_a_bibliography() {
    let site = community(some_papers()).await;
    let jane = Person::reader(&site, "Jane").await;
    assert!(!site.page("/collections").await.contains("To read"));
    collected(&site, &jane, "public").await;
    let page = site.page("/collections/jane/to-read").await;
    let main = main_part(&page);
    let (first, second) = (
        main.find("Sparse Attention").unwrap(),
        main.find("Old Wine").unwrap(),
    );
    assert!(first < second && main.contains("Why &#60;b&#62;"), "{main}");
    assert!(!main.contains("<form"), "{main}");
    assert!(page.contains("/collections/Jane/to-read.atom"));
    let bib = site.get("/collections/jane/to-read.bib").await;
    assert_eq!(
        bib.header("content-type"),
        "application/x-bibtex; charset=utf-8"
    );
    let bib = bib.text();
    assert_eq!(biblatex::Bibliography::parse(&bib).unwrap().len(), 2);
    let feed = site.page("/collections/jane/to-read.json").await;
    let feed: serde_json::Value = serde_json::from_str(&feed).unwrap();
    assert_eq!(feed["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        site.get("/collections/jane/to-read.md").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(site.page("/collections").await.contains("To read"));
    assert!(
        site.page("/papers/2611.10001")
            .await
            .contains("To read by Jane")
    );
    let json = site
        .ask(
            Method::GET,
            "/collections/jane/to-read",
            &[("accept", "application/json")],
        )
        .await;
    let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(
        (
            json["papers"].as_u64(),
            json["items"][1]["added_by"].as_str()
        ),
        (Some(2), Some("Jane"))
    );
}

#[tokio::test]
async fn papers_are_moved_annotated_and_removed_without_a_script() {
    let site = community(some_papers()).await;
    let jane = Person::reader(&site, "Jane").await;
    collected(&site, &jane, "public").await;
    let items = "/collections/jane/to-read/items";
    // The page that is kept for everyone follows.
    site.page("/collections/jane/to-read").await;
    jane.post(&site, items, "paper=math/9201207&act=up").await;
    jane.post(
        &site,
        items,
        "paper=2611.10001&act=note&note=%3Cscript%3Ealert(1)%3C/script%3E",
    )
    .await;
    let page = site.page("/collections/jane/to-read").await;
    let main = main_part(&page);
    assert!(main.find("Old Wine").unwrap() < main.find("Sparse Attention").unwrap());
    assert!(
        main.contains("&#60;script&#62;") && !main.contains("<script>"),
        "{main}"
    );
    jane.post(&site, items, "paper=math/9201207&act=remove")
        .await;
    assert!(
        !site
            .page("/collections/jane/to-read")
            .await
            .contains("Old Wine")
    );
    for (form, status) in [
        ("paper=math/9201207&act=up", StatusCode::NOT_FOUND),
        ("paper=nothing&act=up", StatusCode::NOT_FOUND),
        ("paper=2611.10001&act=to&place=0", StatusCode::BAD_REQUEST),
        ("paper=2611.10001&act=burn", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(jane.call(&site, items, form).await.0, status, "{form}");
    }
    let long = format!("paper=2611.10001&act=note&note={}", "x".repeat(2_001));
    assert_eq!(
        jane.call(&site, items, &long).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn hostile_titles_make_tame_addresses_and_nothing_typed_is_lost() {
    let site = community(some_papers()).await;
    let jane = Person::reader(&site, "Jane").await;
    for (title, slug) in [
        ("..%2F..%2Fetc%2Fpasswd", "etc-passwd"),
        ("%E2%80%AE%F0%9F%98%80x", "x"),
        ("%F0%9F%98%80", "collection"),
        ("%3Cscript%3E", "script"),
        ("a.atom", "a-atom"),
    ] {
        let form = format!("title={title}");
        let made = jane.post(&site, "/collections/new", &form).await;
        let address = format!("/collections/Jane/{slug}");
        assert_eq!(made.header("location"), address, "{title}");
        assert_eq!(jane.get(&site, &address).await.status, StatusCode::OK);
    }
    let refused = jane
        .post(&site, "/collections/new", "title=+&note=my+long+words")
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let page = refused.text();
    assert!(
        page.contains("needs a title") && page.contains("my long words"),
        "{page}"
    );
    let sure = jane
        .post(&site, "/collections/jane/script/delete", "")
        .await;
    assert_eq!(sure.status, StatusCode::BAD_REQUEST);
    let gone = jane
        .post(&site, "/collections/jane/script/delete", "sure=on")
        .await;
    assert_eq!(gone.header("location"), "/collections");
    assert_eq!(
        jane.get(&site, "/collections/jane/script").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn nobody_collects_without_signing_in() {
    let site = community(some_papers()).await;
    let ours = [("sec-fetch-site", "same-origin")];
    let answer = site
        .send(Method::POST, "/collections/new", &ours, "title=x")
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("location").starts_with("/sign-in"));
    let jane = Person::reader(&site, "Jane").await;
    let form = "paper=2611.10001&title=New+one&next=%2F%2Fevil.example.org";
    let added = jane.post(&site, "/collections/add", form).await;
    assert_eq!(added.header("location"), "/");
}
