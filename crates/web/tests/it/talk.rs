//! Votes, saves, hidden papers and follows: the buttons, whose they are, and what a flood does.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::site::{Answer, TestSite, main_part, some_papers};

const PAPER: &str = "2611.10001";

async fn site() -> TestSite {
    let site = TestSite::with_accounts().await;
    site.absorb(some_papers()).await;
    site
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Sends a form and asks for JSON.
async fn post_json(site: &TestSite, cookie: &str, target: &str, form: &str) -> Answer {
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("accept", "application/json"),
        ("cookie", cookie),
    ];
    site.send(Method::POST, target, &headers, form).await
}

#[tokio::test]
async fn a_vote_works_as_a_form_and_as_json() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let form = format!("paper={PAPER}&to=1&next=/papers/date/2026-11-20");
    let answer = site.post_as(&jane, "/vote", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/papers/date/2026-11-20");
    let again = post_json(&site, &jane, "/vote", &form).await;
    let again = json(&again);
    assert_eq!(
        (&again["votes"], &again["here"], &again["on"]),
        (&98.into(), &1.into(), &true.into())
    );
    let li = site.sign_in("Li").await;
    let other = json(&post_json(&site, &li, "/vote", &form).await);
    assert_eq!((&other["votes"], &other["here"]), (&99.into(), &2.into()));
    let back = json(&post_json(&site, &li, "/vote", &format!("paper={PAPER}&to=0")).await);
    assert_eq!((&back["votes"], &back["on"]), (&98.into(), &false.into()));
    assert!(
        site.page(&format!("/papers/{PAPER}"))
            .await
            .contains("▲ 98")
    );
    let api: Value = json(&site.get(&format!("/api/papers/{PAPER}")).await);
    assert_eq!(api["upvotes"], 98);
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let check = async |form: &str, status: StatusCode, words: &str| {
        let answer = post_json(&site, &jane, "/vote", form).await;
        assert_eq!(answer.status, status, "{form}");
        let said = json(&answer)["error"].to_string();
        assert!(said.contains(words), "{said}");
    };
    check("paper=2611.10001", StatusCode::BAD_REQUEST, "1 to set").await;
    check(
        "paper=2611.99999&to=1",
        StatusCode::NOT_FOUND,
        "no such paper",
    )
    .await;
    check("paper=%00%ff&to=1", StatusCode::NOT_FOUND, "no such paper").await;
    let away = format!("paper={PAPER}&to=1&next=//evil.example.org/");
    let answer = site.post_as(&jane, "/vote", &away).await;
    assert_eq!(answer.header("location"), "/");
    let other_site = [("sec-fetch-site", "cross-site"), ("cookie", jane.as_str())];
    let forged = site.send(Method::POST, "/vote", &other_site, &away).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_is_led_to_sign_in() {
    let site = site().await;
    let form = format!("paper={PAPER}&to=1");
    for target in ["/vote", "/save", "/hide", "/follow", "/comments"] {
        let answer = site.post_as("", target, &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{target}");
        assert!(
            answer.header("location").starts_with("/sign-in"),
            "{target}"
        );
    }
    for target in [
        "/saved",
        "/hidden",
        "/following",
        "/notifications",
        "/moderation",
    ] {
        let answer = site.get(target).await;
        assert_eq!(
            answer.header("location"),
            format!("/sign-in?next={}", target.replace('/', "%2F")),
            "{target}"
        );
    }
    let program = site.get("/saved.json").await;
    assert_eq!(program.status, StatusCode::UNAUTHORIZED);
    let page = site.page("/papers/date/2026-11-20").await;
    assert!(page.contains("/sign-in?next=/papers/2611.10001"), "{page}");
}

#[tokio::test]
async fn marks_are_shown_to_their_owner_alone() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    site.post_as(&jane, "/vote", &format!("paper={PAPER}&to=1"))
        .await;
    for target in [
        "/papers/date/2026-11-20",
        "/categories/cs.CL",
        "/search?q=sparse",
        "/papers/2611.10001",
    ] {
        let anonymous = site.page(target).await;
        assert!(!anonymous.contains("aria-pressed"), "{target}");
        let own = site.get_as(&jane, target).await;
        assert!(own.text().contains("aria-pressed=\"true\""), "{target}");
        assert_eq!(own.header("cache-control"), "private, no-cache", "{target}");
        let other = site.get_as(&li, target).await.text();
        assert!(
            !other.contains("aria-pressed=\"true\"") && other.contains("aria-pressed=\"false\""),
            "{target}"
        );
        let after = site.page(target).await;
        assert!(!after.contains("aria-pressed"), "{target}");
    }
}

#[tokio::test]
async fn a_site_without_accounts_has_no_buttons() {
    let site = TestSite::with(some_papers()).await;
    for target in [
        "/papers/date/2026-11-20",
        "/papers/2611.10001",
        "/search?q=sparse",
    ] {
        let page = site.page(target).await;
        let main = main_part(&page);
        assert!(
            !main.contains("/sign-in") && !main.contains("class=\"marks\""),
            "{target}"
        );
        assert!(!main.contains("id=\"comments\""), "{target}");
    }
}

#[tokio::test]
async fn a_flood_is_one_vote_and_answered_in_words() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let (mut taken, mut refused) = (0, 0);
    for n in 0..1_000 {
        let form = format!("paper={PAPER}&to={}", u8::from(n % 2 == 0));
        let answer = post_json(&site, &jane, "/vote", &form).await;
        match answer.status {
            StatusCode::OK => taken += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                refused += 1;
                let said = json(&answer)["error"].to_string();
                assert!(said.contains("Try again in"), "{said}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!((taken, refused), (120, 880));
    site.at("2026-11-23T13:00:00Z");
    let form = format!("paper={PAPER}&to=1");
    let vote = json(&post_json(&site, &jane, "/vote", &form).await);
    assert_eq!((&vote["here"], &vote["votes"]), (&1.into(), &98.into()));
    let paper = &site
        .store
        .newest(store::Slice {
            offset: 0,
            limit: 1,
        })
        .await
        .unwrap()
        .papers[0];
    let readings = site.store.readings(paper.id).await.unwrap();
    let votes = readings
        .iter()
        .filter(|r| r.signal == domain::signal::Signal::Votes);
    assert_eq!(votes.count(), 2);
}

#[tokio::test]
async fn saved_papers_are_taken_away() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    let empty = site.get_as(&jane, "/saved").await.text();
    assert!(empty.contains("There are none"), "{empty}");
    for paper in [PAPER, "2611.10002"] {
        site.post_as(&jane, "/save", &format!("paper={paper}&to=1"))
            .await;
    }
    let page = site.get_as(&jane, "/saved").await.text();
    assert!(
        page.contains("2 papers") && page.contains("/saved.bib"),
        "{page}"
    );
    let bib = site.get_as(&jane, "/saved.bib").await;
    assert_eq!(
        bib.header("content-type"),
        "application/x-bibtex; charset=utf-8"
    );
    assert_eq!(biblatex::Bibliography::parse(&bib.text()).unwrap().len(), 2);
    let ris = site.get_as(&jane, "/saved.ris").await.text();
    assert_eq!(ris.matches("TY  - ").count(), 2);
    let papers = json(&site.get_as(&jane, "/saved.json").await);
    assert_eq!(papers.as_array().unwrap().len(), 2);
    let others = json(&site.get_as(&li, "/saved.json").await);
    assert_eq!(others, Value::Array(Vec::new()));
}

#[tokio::test]
async fn hidden_papers_leave_lists_and_come_back() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    site.post_as(&jane, "/hide", &format!("paper={PAPER}&to=1"))
        .await;
    let title = "Sparse Attention Is Enough</a></h2>";
    for target in [
        "/papers/date/2026-11-20",
        "/categories/cs.CL",
        "/tags/attention",
        "/",
    ] {
        let own = site.get_as(&jane, target).await.text();
        assert!(!own.contains(title), "{target}");
        assert!(
            own.contains("hidden, as you asked") && own.contains("Undo"),
            "{target}"
        );
        assert!(
            site.get_as(&li, target).await.text().contains(title),
            "{target}"
        );
        assert!(site.page(target).await.contains(title), "{target}");
    }
    assert!(
        site.get_as(&jane, "/search?q=sparse")
            .await
            .text()
            .contains("/papers/2611.10001")
    );
    assert!(site.get_as(&jane, "/hidden").await.text().contains(title));
    site.post_as(&jane, "/hide", &format!("paper={PAPER}&to=0"))
        .await;
    assert!(
        site.get_as(&jane, "/categories/cs.CL")
            .await
            .text()
            .contains(title)
    );
    assert!(
        site.get_as(&jane, "/hidden")
            .await
            .text()
            .contains("nothing is left out")
    );
}

#[tokio::test]
async fn follows_bring_their_newest_papers_together() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let empty = site.get_as(&jane, "/following").await.text();
    assert!(empty.contains("You follow nothing yet"), "{empty}");
    for (page, form) in [
        ("/categories/cs.CL", "kind=category&value=cs.CL&to=1"),
        ("/authors/na-li", "kind=author&value=na-li&to=1"),
        ("/tags/attention", "kind=tag&value=attention&to=1"),
        ("/search?q=old%20wine", "kind=query&value=old++wine&to=1"),
    ] {
        let before = site.get_as(&jane, page).await.text();
        assert!(before.contains(">Follow<"), "{page}");
        let answer = site.post_as(&jane, "/follow", form).await;
        assert_eq!(answer.header("location"), page, "{form}");
        let after = site.get_as(&jane, page).await.text();
        assert!(after.contains(">Following<"), "{page}");
        assert!(!site.page(page).await.contains("/follow"), "{page}");
    }
    let page = site.get_as(&jane, "/following").await.text();
    assert!(
        page.contains("Sparse Attention") && page.contains("Old Wine"),
        "{page}"
    );
    let bad = post_json(&site, &jane, "/follow", "kind=category&value=a%20b").await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
    let bad = post_json(&site, &jane, "/follow", "kind=person&value=x").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let headers = [("cookie", jane.as_str()), ("accept", "application/json")];
    let list = json(&site.ask(Method::GET, "/following", &headers).await);
    assert_eq!(list.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn leaving_takes_everything_along_and_away() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    site.post_as(&jane, "/vote", &format!("paper={PAPER}&to=1"))
        .await;
    site.post_as(&jane, "/comments", &format!("paper={PAPER}&body=Well+said"))
        .await;
    let lines = site.get_as(&jane, "/account/export.jsonl").await.text();
    assert!(
        lines.contains("\"kind\":\"vote\"") && lines.contains("Well said"),
        "{lines}"
    );
    let other = site.sign_in_as("Mo", domain::account::Role::Admin).await;
    let gone = site.post_as(&jane, "/account/delete", "name=Jane").await;
    assert_eq!(gone.status, StatusCode::OK);
    let page = site
        .get_as(&other, &format!("/papers/{PAPER}"))
        .await
        .text();
    assert!(
        page.contains(">97<") && !page.contains("Well said"),
        "{page}"
    );
}
