//! Papers that run: pages, runs that readers ask for, and how they are watched.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use store::LabState;

use crate::site::{Answer, TestSite, lab_outcome, main_part, some_papers};

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

async fn order(site: &TestSite, form: &str) -> Answer {
    let ours = [
        ("sec-fetch-site", "same-origin"),
        ("accept", "application/json"),
    ];
    site.send(Method::POST, "/lab/halving/runs", &ours, form)
        .await
}

#[tokio::test]
async fn the_list_is_filtered_and_says_what_holds() {
    let site = TestSite::empty().await;
    let page = site.page("/lab").await;
    assert!(
        page.contains("2 claims: 1 hold, 0 hold in part, 1 do not hold here."),
        "{page}"
    );
    assert!(page.contains("The &#60;halving&#62; method"), "{page}");
    assert!(
        page.contains("Halves the error &#38; keeps the size."),
        "{page}"
    );
    let page = site.page("/lab?family=codes").await;
    assert!(
        page.contains("/lab/halving") && !page.contains("/lab/doubling"),
        "{page}"
    );
    assert!(
        page.contains("/lab?verdict=holds&#38;family=codes"),
        "{page}"
    );
    let page = site.page("/lab?verdict=holds&family=scaling").await;
    assert!(page.contains("No paper here is of both"), "{page}");
    let answer = site.get("/lab?verdict=true").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let listed = json(&site.get("/lab.json").await);
    assert_eq!(listed[0]["address"], "/lab/halving");
}

#[tokio::test]
async fn a_method_shows_its_card_and_outcome() {
    let site = TestSite::empty().await;
    let page = site.page("/lab/halving").await;
    for text in [
        "The claim holds.",
        "Run for this release on 22 November 2026",
        "1.00 (0.900 to 1.10)",
        "/lab/halving/plots/error.svg",
        "half the error",
        "What was left out",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Likely reason"), "{page}");
    assert!(
        site.page("/lab/doubling")
            .await
            .contains("The data are small.")
    );
    let plot = site.get("/lab/halving/plots/error.svg").await;
    assert_eq!(plot.header("content-type"), "image/svg+xml");
    for missing in [
        "/lab/nothing",
        "/lab/halving/plots/other.svg",
        "/lab/halving.rss",
    ] {
        assert_eq!(
            site.get(missing).await.status,
            StatusCode::NOT_FOUND,
            "{missing}"
        );
    }
    assert_eq!(
        json(&site.get("/lab/halving.json").await)["card"]["id"],
        "halving"
    );
}

#[tokio::test]
async fn a_paper_that_runs_says_so_on_its_page() {
    let site = TestSite::with(some_papers()).await;
    let page = site.page("/papers/2611.10001").await;
    assert!(page.contains("This paper runs here"), "{page}");
    assert!(page.contains("action=\"/lab/halving/runs\""), "{page}");
    // What does not hold is said with the likely reason.
    assert!(!page.contains("Likely reason"), "{page}");
    let outcome = lab_outcome("halving", "does-not-hold-here").to_string();
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    order(&site, "").await;
    site.store.take_lab_run(now).await.unwrap();
    site.store.end_lab_run(1, Ok(&outcome), now).await.unwrap();
    site.status.data_changed();
    let page = site.page("/papers/2611.10001").await;
    assert!(page.contains("Run 1 on this server"), "{page}");
    assert!(page.contains("The data are small."), "{page}");
    let page = site.page("/papers/2611.10003").await;
    assert!(!page.contains("This paper runs here"), "{page}");
}

#[tokio::test]
async fn a_run_is_queued_watched_and_shown() {
    let site = TestSite::empty().await;
    let answer = order(&site, "scale=tiny&seed=7").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("location"), "/lab/runs/1");
    assert_eq!(json(&answer)["state"], "waiting");
    // The same button pressed again leads to the same run.
    assert_eq!(json(&order(&site, "scale=tiny&seed=7").await)["run"], 1);
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let run = site.store.take_lab_run(now).await.unwrap().unwrap();
    assert_eq!((run.scale.as_str(), run.seed), ("tiny", 7));
    site.store
        .tell_lab_run(1, 420, "seed 2 of 3", now)
        .await
        .unwrap();
    let page = site.page("/lab/runs/1").await;
    assert!(page.contains("42 %: seed 2 of 3"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    assert_eq!(
        site.get("/lab/runs/1/block").await.status,
        StatusCode::NOT_FOUND
    );

    let outcome = lab_outcome("halving", "holds-in-part").to_string();
    site.store.end_lab_run(1, Ok(&outcome), now).await.unwrap();
    site.status.data_changed();
    let page = site.page("/lab/runs/1").await;
    assert!(page.contains("The claim holds in part."), "{page}");
    assert!(page.contains("/lab/runs/1/plots/error.svg"), "{page}");
    assert!(!main_part(&page).contains("Cancel"), "{page}");
    assert!(site.page("/lab/runs/1/block").await.contains("<table>"));
    assert!(
        site.page("/lab/halving")
            .await
            .contains("Run 1 on this server")
    );
    assert_eq!(
        json(&site.get("/lab/runs/1.json").await)["outcome"]["id"],
        "halving"
    );
    assert_eq!(
        site.get("/lab/runs/1/plots/error.svg").await.status,
        StatusCode::OK
    );
    // A run that is over tells so once and ends the stream.
    let events = site.get("/lab/runs/1/events").await.text();
    assert_eq!(events.matches("data: ").count(), 1, "{events}");
    assert!(
        events.contains("\"state\":\"done\"") && !events.contains("svg"),
        "{events}"
    );
}

#[tokio::test]
async fn a_run_can_be_cancelled() {
    let site = TestSite::empty().await;
    order(&site, "").await;
    let answer = site.send(Method::POST, "/lab/runs/1/cancel", &[], "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let run = site.store.lab_run(1).await.unwrap().unwrap();
    assert_eq!(run.state, LabState::Cancelled);
    assert!(site.page("/lab/runs/1").await.contains("Cancelled."));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let site = TestSite::empty().await;
    let check = async |form: &str, words: &str| {
        let answer = order(&site, form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert!(answer.text().contains(words), "{}", answer.text());
    };
    check("scale=huge", "tiny, small or full").await;
    check("seed=minus+one", "A seed is a whole number").await;
    let foreign = [("sec-fetch-site", "cross-site")];
    for target in ["/lab/halving/runs", "/lab/runs/1/cancel"] {
        let answer = site.send(Method::POST, target, &foreign, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{target}");
    }
    for target in ["/lab/runs/99", "/lab/runs/x", "/lab/runs/99/events"] {
        assert_eq!(
            site.get(target).await.status,
            StatusCode::NOT_FOUND,
            "{target}"
        );
    }
    assert!(site.store.lab_runs(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let site = TestSite::empty().await;
    for seed in 0..20 {
        assert_eq!(
            order(&site, &format!("seed={seed}")).await.status,
            StatusCode::ACCEPTED
        );
    }
    let answer = order(&site, "seed=99").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer.text().contains("20 runs are waiting already"),
        "{}",
        answer.text()
    );
}
