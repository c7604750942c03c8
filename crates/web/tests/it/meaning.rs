//! Pages of search by meaning: modes, similar papers, suggestions.

use axum::http::StatusCode;

use crate::site::{TestSite, some_papers};

#[tokio::test]
async fn other_words_for_the_same_find_a_paper_and_say_why() {
    let site = TestSite::with(some_papers()).await;
    let page = site.page("/search?q=grape").await;
    assert!(page.contains("Old Wine in New Bottles"), "{page}");
    assert!(page.contains("No. 1 by meaning"), "{page}");
    assert!(page.contains("No paper has all of these words"), "{page}");
    let page = site.page("/search?q=grape&mode=lexical").await;
    assert!(!page.contains("Old Wine"), "{page}");
    let page = site.page("/search?q=overview&mode=semantic").await;
    assert!(page.contains("A Survey of Surveys"), "{page}");
    let page = site.page("/search?q=grape+cat:math.GT").await;
    assert!(!page.contains("A Survey of Surveys"), "{page}");
    let answer = site.get("/search?q=grape&mode=psychic").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("mode=hybrid"));
}

#[tokio::test]
async fn a_paper_shows_its_neighbours() {
    let site = TestSite::with(some_papers()).await;
    let page = site.page("/papers/2611.10001").await;
    assert!(page.contains("Similar papers"), "{page}");
    assert!(page.contains("/similar?to=2611.10001"), "{page}");
}

#[tokio::test]
async fn sets_of_papers_have_neighbours_too() {
    let site = TestSite::with(some_papers()).await;
    let page = site.page("/similar?to=2611.10001,2611.10003").await;
    assert!(page.contains("Old Wine"), "{page}");
    let page = site
        .page("/similar?to=2611.10001,2401.00001,nonsense")
        .await;
    assert!(page.contains("Not here: 2401.00001, nonsense."), "{page}");
    assert!(site.page("/similar").await.contains("Name one paper"));

    let answer = site.get("/similar.json?to=2611.10001").await;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["to"][0], "2611.10001");
    let first = &json["papers"][0];
    assert!(
        first["similarity"].as_f64().is_some_and(|s| s > 0.0),
        "{json}"
    );
    assert_eq!(
        site.get("/similar.json").await.status,
        StatusCode::BAD_REQUEST
    );
    // Of a very long list the first are taken, and each only once.
    let many = "2611.10001,".repeat(300);
    assert!(
        site.page(&format!("/similar?to={many}"))
            .await
            .contains("A Survey of Surveys")
    );
}

#[tokio::test]
async fn what_is_being_typed_is_completed() {
    let site = TestSite::with(some_papers()).await;
    let check = async |typed: &str, expected: &str| {
        let answer = site.get(&format!("/suggest?q={typed}")).await;
        assert_eq!(
            answer.header("content-type"),
            "application/x-suggestions+json; charset=utf-8"
        );
        assert_eq!(answer.text(), expected);
    };
    check("", r#"["",[]]"#).await;
    check("spar", r#"["spar",["sparse"]]"#).await;
    check("zzz", r#"["zzz",[]]"#).await;
    let answer = site.get("/suggest?q=sparse+att").await;
    let (typed, found): (String, Vec<String>) = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (typed.as_str(), found[0].as_str()),
        ("sparse att", "sparse attention")
    );
    assert!(
        found.contains(&"Sparse Attention Is Enough".to_string()),
        "{found:?}"
    );
}
