//! Which address leads where.

use axum::http::{Method, StatusCode};

use crate::site::{TestSite, shelved, some_papers};

async fn check(site: &TestSite, target: &str, status: u16, expected: &str) {
    let answer = site.get(target).await;
    let shown = if answer.status.is_redirection() {
        answer.header("location").to_string()
    } else {
        answer.text()
    };
    assert_eq!(answer.status.as_u16(), status, "{target}: {shown}");
    assert!(shown.contains(expected), "{target}: {shown}");
}

#[tokio::test]
async fn papers_are_found_by_any_of_their_ids() {
    let site = TestSite::with(some_papers()).await;
    let main = "/papers/2611.10001";
    check(&site, main, 200, "Sparse Attention Is Enough").await;
    check(&site, "/papers/2611.10001v3", 307, main).await;
    check(&site, "/papers/arXiv:2611.10001", 307, main).await;
    check(
        &site,
        "/papers/https://arxiv.org/abs/2611.10001v1",
        307,
        main,
    )
    .await;
    check(&site, "/papers/10.48550/arXiv.2611.10001", 307, main).await;
    check(&site, "/papers/math/9201207", 200, "Old Wine").await;
    check(
        &site,
        "/papers/math.GT/9201207",
        307,
        "/papers/math/9201207",
    )
    .await;
    check(&site, "/papers/2611.10001.bib", 200, "@").await;
    check(&site, "/papers/math/9201207.json", 200, "\"").await;
}

#[tokio::test]
async fn unknown_papers_are_said_and_linked() {
    let site = TestSite::with(some_papers()).await;
    check(
        &site,
        "/papers/2401.00001",
        404,
        "https://arxiv.org/abs/2401.00001",
    )
    .await;
    check(
        &site,
        "/papers/10.1101/2024.01.02",
        404,
        "https://doi.org/10.1101/2024.01.02",
    )
    .await;
    check(&site, "/papers/no-such-thing", 404, "is no id of a paper").await;
    check(&site, "/papers/2401.00001.bib", 404, "not known here").await;
}

#[tokio::test]
async fn empty_days_show_the_last_full_one() {
    let site = TestSite::with(some_papers()).await;
    check(
        &site,
        "/",
        200,
        "No papers on Monday 23 November yet; this is Friday 20 November 2026.",
    )
    .await;
    let sunday = site.page("/papers/date/2026-11-22").await;
    assert!(
        sunday.contains("No papers on Sunday 22 November 2026; this is Friday 20 November 2026.")
    );
    assert!(sunday.contains("<meta name=\"robots\" content=\"noindex\">"));
    assert!(sunday.contains("href=\"https://papers.example.org/papers/date/2026-11-20\""));
    let front = site.page("/").await;
    assert!(front.contains("<title>Broadsheet</title>"));
    assert!(front.contains("property=\"og:url\" content=\"https://papers.example.org/\""));
    site.at("2026-11-20T18:00:00Z");
    let friday = site.page("/").await;
    assert!(!friday.contains("No papers on"));
}

#[tokio::test]
async fn dates_lead_to_windows() {
    let site = TestSite::with(some_papers()).await;
    check(
        &site,
        "/papers?date=2026-11-20",
        307,
        "/papers/date/2026-11-20",
    )
    .await;
    check(&site, "/papers?week=2026-W47", 307, "/papers/week/2026-W47").await;
    check(&site, "/papers?date=yesterday", 400, "is not a day").await;
    check(
        &site,
        "/papers/date/2026-11-20",
        200,
        "Friday 20 November 2026",
    )
    .await;
    check(&site, "/papers/week/2026-W47", 200, "Week 47 of 2026").await;
    check(&site, "/papers/month/2026-11", 200, "November 2026").await;
    check(&site, "/papers/date/2026-02-30", 404, "is not a day").await;
    check(&site, "/papers/date/2026-1-1", 404, "is not a day").await;
}

#[tokio::test]
async fn dates_out_of_range_are_told_without_a_query() {
    let site = TestSite::with(some_papers()).await;
    site.page("/").await;
    // With the database gone, what is known of the calendar still answers.
    site.store.close().await;
    for target in [
        "/papers/date/1999-12-31",
        "/papers/date/2027-06-01",
        "/papers/week/1950-W01",
        "/papers/month/2199-12",
        "/papers/month/2199-12.atom",
    ] {
        check(
            &site,
            target,
            404,
            "from 1 October 2026 to 20 November 2026",
        )
        .await;
    }
}

#[tokio::test]
async fn lists_have_their_pages() {
    let site = TestSite::with(some_papers()).await;
    check(&site, "/categories", 200, "/categories/cs.CL").await;
    check(&site, "/categories/cs.CL", 200, "4 papers").await;
    check(
        &site,
        "/categories/hep-th",
        404,
        "No paper here is filed under hep-th",
    )
    .await;
    check(
        &site,
        "/categories/%3Cb%3E",
        404,
        "not the name of a category",
    )
    .await;
    check(&site, "/tags/attention", 200, "4 papers").await;
    check(&site, "/authors/jose-a-garcia", 200, "José A. García").await;
    check(
        &site,
        "/authors/jose-a-garcia",
        200,
        "Everybody of this name",
    )
    .await;
    check(
        &site,
        "/authors/nobody-at-all",
        404,
        "No paper here names Nobody At All",
    )
    .await;
    check(&site, "/categories/cs.CL?page=2", 404, "no page 2").await;
    check(&site, "/categories/cs.CL?page=0", 400, "no such page").await;
    check(
        &site,
        "/categories/cs.CL?page=99999999999",
        400,
        "no such page",
    )
    .await;
    check(&site, "/papers/trending?window=3", 400, "1, 7 or 30").await;
    check(&site, "/papers/trending", 200, "+55 Daily Papers up-votes").await;
}

#[tokio::test]
async fn every_list_is_a_feed() {
    let site = TestSite::with(some_papers()).await;
    for page in [
        "/papers",
        "/papers/date/2026-11-20",
        "/papers/week/2026-W47",
        "/papers/month/2026-11",
        "/papers/trending",
        "/categories/cs.CL",
        "/authors/na-li",
        "/tags/attention",
    ] {
        let html = site.page(page).await;
        for ending in ["atom", "rss", "json"] {
            let feed = format!("{page}.{ending}");
            assert!(
                html.contains(&format!("href=\"{feed}\"")),
                "{page} links {feed}"
            );
            check(&site, &feed, 200, "Sparse Attention").await;
        }
    }
    check(&site, "/search.atom?q=sparse", 200, "Sparse Attention").await;
    check(&site, "/search.atom", 400, "needs a query").await;
    check(&site, "/categories/cs.CL.bib", 404, "use .atom").await;
}

#[tokio::test]
async fn searches_are_composed_answered_and_explained() {
    let site = TestSite::with(some_papers()).await;
    check(&site, "/search", 200, "cat:cs.CL").await;
    check(&site, "/search?q=sparse", 200, "<mark>Sparse</mark>").await;
    check(&site, "/search?q=sparse", 200, "Why this paper").await;
    check(
        &site,
        "/search?q=sparse&cat=cs.CL",
        303,
        "/search?q=sparse%20cat:cs.CL",
    )
    .await;
    check(&site, "/search?q=2611.10001", 303, "/papers/2611.10001").await;
    check(&site, "/search?q=zzzzqqqq", 200, "no papers").await;
    check(&site, "/search?q=a&sort=best", 400, "sort=newest").await;
    check(
        &site,
        "/search?q=sparse&cursor=nonsense",
        400,
        "page marker",
    )
    .await;
    let long = format!("/search?q={}", "a".repeat(401));
    check(&site, &long, 400, "longer than 400 characters").await;
}

#[tokio::test]
async fn the_shelf_says_what_it_is() {
    let site = TestSite::with(vec![
        shelved("2402.18305", "NERV++"),
        shelved("2107.00782", "PSA"),
    ])
    .await;
    let page = site.page("/").await;
    assert!(page.contains("This is the starter shelf"), "{page}");
    assert!(page.contains("2 papers"));
    assert!(page.contains("Nothing has been fetched yet."));
    assert!(page.contains("broadsheet import"));
    assert!(page.contains("Summary by Broadsheet"));
    assert!(page.contains("and others"));
    site.absorb(some_papers()).await;
    assert!(!site.page("/").await.contains("starter shelf"));
}

#[tokio::test]
async fn an_empty_site_is_no_error() {
    let site = TestSite::empty().await;
    check(&site, "/", 200, "the shelves are empty").await;
    check(&site, "/papers/date/2026-11-23", 404, "no papers here yet").await;
    check(&site, "/papers/trending", 200, "No signal").await;
    check(&site, "/categories", 200, "Categories").await;
    check(&site, "/tags", 200, "No source has attached").await;
    check(&site, "/about", 200, "no papers").await;
    check(&site, "/about/coverage", 200, "None has been taken in yet").await;
    check(&site, "/feeds", 200, "Every list here is a feed").await;
    check(&site, "/search?q=anything", 200, "no papers").await;
}

#[tokio::test]
async fn failures_have_the_form_that_was_asked_for() {
    let site = TestSite::empty().await;
    let page = site.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text().contains("<h1>Not found</h1>"));
    let api = site.get("/api/papers/2401.00001").await;
    assert_eq!(api.status, StatusCode::NOT_FOUND);
    assert_eq!(api.header("content-type"), "application/json");
    let asked = site
        .ask(Method::GET, "/nowhere", &[("accept", "application/json")])
        .await;
    assert!(asked.text().starts_with("{\"error\":"));
    let posted = site.ask(Method::POST, "/about", &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.header("allow"), "GET,HEAD");
    assert!(posted.text().contains("<h1>Read only</h1>"));
}

#[tokio::test]
async fn a_dead_database_is_said_plainly() {
    let site = TestSite::with(some_papers()).await;
    site.store.close().await;
    let answer = site.get("/categories").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().contains("It has been written to the log"));
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn heads_of_requests_are_bounded() {
    let site = TestSite::empty().await;
    let long = format!("/{}", "a".repeat(5000));
    assert_eq!(site.get(&long).await.status, StatusCode::URI_TOO_LONG);
    let bad = site
        .ask(Method::GET, "/", &[("host", "a\"><script>")])
        .await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    check(&site, "/about/", 308, "/about").await;
    check(&site, "/search/?q=a", 308, "/search?q=a").await;
    let away = site.get("//evil.example/").await;
    assert_eq!(away.header("location"), "/evil.example");
}

#[tokio::test]
async fn absolute_addresses_come_from_the_request_where_none_is_configured() {
    let site = TestSite::configured(None).await;
    site.absorb(some_papers()).await;
    for host in ["papers.lan:8080", "[::1]:8080"] {
        let answer = site
            .ask(Method::GET, "/papers/2611.10001", &[("host", host)])
            .await;
        let canonical =
            format!("<link rel=\"canonical\" href=\"http://{host}/papers/2611.10001\">");
        assert!(answer.text().contains(&canonical), "{}", answer.text());
    }
}
