//! Comments from the form to the log: written, looked at, answered, edited, reported, removed; and what hostile ones do.

use axum::http::{Method, StatusCode};
use domain::account::Role;
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

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn say(site: &TestSite, cookie: &str, body: &str) -> Answer {
    let form = format!("paper={PAPER}&body={}", encoded(body));
    site.post_as(cookie, "/comments", &form).await
}

async fn paper(site: &TestSite) -> String {
    main_part(&site.page(&format!("/papers/{PAPER}")).await).to_string()
}

#[tokio::test]
async fn a_comment_goes_its_way() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    assert!(paper(&site).await.contains("No comments yet"));
    let preview = format!("paper={PAPER}&body=So+%2Afine%2A&preview=1");
    let looked = site.post_as(&jane, "/comments", &preview).await;
    assert_eq!(looked.status, StatusCode::OK);
    assert!(
        looked.text().contains("So <em>fine</em>")
            && looked.text().contains("So *fine*</textarea>")
    );
    assert!(paper(&site).await.contains("No comments yet"));

    let said = say(&site, &jane, "So *fine*, with $x^2$").await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    assert_eq!(said.header("location"), "/papers/2611.10001#c1");
    let page = paper(&site).await;
    assert!(
        page.contains("<em>fine</em>") && page.contains("<math"),
        "{page}"
    );
    assert!(
        page.contains("1 comment<") && page.contains("/users/Jane"),
        "{page}"
    );
    assert!(
        page.contains("Sign in to comment") && !page.contains("<textarea"),
        "{page}"
    );

    let answer = format!("paper={PAPER}&parent=1&body=Why%3F");
    let answer = site.post_as(&li, "/comments", &answer).await;
    assert_eq!(answer.header("location"), "/papers/2611.10001#c2");
    assert!(paper(&site).await.contains("comment d1\" id=\"c2"));
    let edited = site
        .post_as(&jane, "/comments/1/edit", "body=So+good")
        .await;
    assert_eq!(edited.status, StatusCode::SEE_OTHER);
    let one = site.page("/comments/1").await;
    assert!(
        one.contains("So good") && one.contains("Earlier texts") && one.contains("<em>fine</em>"),
        "{one}"
    );
    let foreign = site.post_as(&li, "/comments/1/edit", "body=Mine").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let foreign = site.post_as(&li, "/comments/1/delete", "").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let deleted = site.post_as(&jane, "/comments/1/delete", "").await;
    assert_eq!(deleted.header("location"), "/papers/2611.10001#comments");
    let page = paper(&site).await;
    assert!(
        page.contains("Deleted by the one who wrote it") && !page.contains("/users/Jane"),
        "{page}"
    );
    let one = site.page("/comments/1").await;
    assert!(!one.contains("fine") && !one.contains("So good"), "{one}");
    let api = json(&site.get(&format!("/api/papers/{PAPER}")).await);
    assert_eq!(
        api["numComments"]
            .as_u64()
            .or(api["paper"]["numComments"].as_u64())
            .unwrap_or(1),
        1
    );
}

#[tokio::test]
async fn programs_comment_too() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("accept", "application/json"),
        ("cookie", jane.as_str()),
    ];
    let form = format!("paper={PAPER}&body=By+hand");
    let said = site.send(Method::POST, "/comments", &headers, &form).await;
    assert_eq!(said.status, StatusCode::CREATED);
    assert_eq!(json(&said)["html"], "<p>By hand</p>");
    let list = json(&site.get(&format!("/comments?paper={PAPER}")).await);
    assert_eq!(
        (&list["total"], &list["comments"][0]["by"]),
        (&1.into(), &"Jane".into())
    );
    let empty = site
        .send(
            Method::POST,
            "/comments",
            &headers,
            &format!("paper={PAPER}&body="),
        )
        .await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    assert!(
        json(&empty)["error"]
            .to_string()
            .contains("Write something")
    );
}

#[tokio::test]
async fn nothing_typed_is_lost_when_it_is_refused() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let long = format!("Begins here {}", "é".repeat(10_000));
    let refused = say(&site, &jane, &long).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text();
    assert!(
        page.contains("role=\"alert\"") && page.contains("Begins here é"),
        "{page}"
    );
    let longest = "漢".repeat(10_000);
    assert_eq!(
        say(&site, &jane, &longest).await.status,
        StatusCode::SEE_OTHER
    );
    for _ in 0..8 {
        say(&site, &jane, "more").await;
    }
    let refused = say(&site, &jane, "one too many").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let page = refused.text();
    assert!(
        page.contains("Too many comments") && page.contains("one too many</textarea>"),
        "{page}"
    );
}

#[tokio::test]
async fn a_megabyte_is_refused_and_nothing_else_harmed() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let answer = say(&site, &jane, &"a".repeat(1 << 20)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        answer.text().contains("larger than is accepted here"),
        "{}",
        answer.text()
    );
    let form = format!("paper={PAPER}&to=1&x={}", "a".repeat(1 << 20));
    let answer = site.post_as(&jane, "/vote", &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(paper(&site).await.contains("No comments yet"));
    assert_eq!(
        say(&site, &jane, "small").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn hostile_markdown_is_harmless() {
    let site = site().await;
    let mo = site.sign_in_as("Mo", Role::Moderator).await;
    let hostile = [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "[x](javascript:alert(1)) [y](data:text/html,<b>) ![z](https://evil.example.org/p.png)",
        "&lt;script&gt;alert(2)&lt;/script&gt; &#60;b&#62;",
        "\u{202e}evil\u{200b}\u{2066}\u{feff}",
        "</div></article></main><form action=/sign-out>",
        "</textarea><script>alert(3)</script>",
    ];
    for (n, body) in hostile.into_iter().enumerate() {
        let looked = format!("paper={PAPER}&preview=1&body={}", encoded(body));
        harmless(&site.post_as(&mo, "/comments", &looked).await.text());
        assert_eq!(
            say(&site, &mo, body).await.status,
            StatusCode::SEE_OTHER,
            "{body}"
        );
        harmless(
            &site
                .get_as(&mo, &format!("/comments/{}", n + 1))
                .await
                .text(),
        );
    }
    let deep = say(&site, &mo, &">".repeat(1_000)).await;
    assert_eq!(deep.status, StatusCode::SEE_OTHER);
    let page = paper(&site).await;
    let comments = &page[page.find("id=\"comments\"").unwrap()..];
    harmless(&format!("<main>{comments}</main>"));
    for gone in ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}'] {
        assert!(!page.contains(gone), "{gone:?}");
    }
    let report = site
        .post_as(
            &site.sign_in("Li").await,
            "/comments/1/report",
            "reason=%3Cscript%3E",
        )
        .await;
    assert_eq!(report.status, StatusCode::OK);
    harmless(&site.get_as(&mo, "/moderation").await.text());
}

#[track_caller]
fn harmless(page: &str) {
    let main = main_part(page);
    assert!(
        !main.contains("<script") && !main.contains("<img"),
        "{main}"
    );
    assert!(
        !main.contains("href=\"javascript:") && !main.contains("href=\"data:"),
        "{main}"
    );
    assert!(
        !main.contains("action=/sign-out")
            || main.contains("&lt;form")
            || main.contains("&#60;form"),
        "{main}"
    );
    assert_eq!(page.matches("</main>").count(), 1);
}

#[tokio::test]
async fn reports_are_settled_in_the_open() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    let mo = site.sign_in_as("Mo", Role::Moderator).await;
    say(&site, &jane, "Something rude").await;
    for target in ["/moderation"] {
        assert_eq!(
            site.get_as(&jane, target).await.status,
            StatusCode::FORBIDDEN
        );
    }
    let no = site
        .post_as(&li, "/comments/1/judge", "verdict=remove&reason=x")
        .await;
    assert_eq!(no.status, StatusCode::FORBIDDEN);
    let reported = site
        .post_as(&li, "/comments/1/report", "reason=It+is+rude")
        .await;
    assert!(reported.text().contains("Thank you"));
    let twice = site
        .post_as(&li, "/comments/1/report", "reason=It+is+rude")
        .await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let queue = site.get_as(&mo, "/moderation").await.text();
    assert!(
        queue.contains("It is rude") && queue.contains("Something rude"),
        "{queue}"
    );
    let removed = site
        .post_as(&mo, "/comments/1/judge", "verdict=remove&reason=An+insult")
        .await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER);
    let page = paper(&site).await;
    assert!(
        page.contains("Removed by a moderator") && !page.contains("Something rude"),
        "{page}"
    );
    assert!(!site.page("/comments/1").await.contains("Something rude"));
    let other = json(&site.get(&format!("/comments?paper={PAPER}")).await);
    assert_eq!(other["comments"][0]["markdown"], Value::Null);
    assert!(
        site.get_as(&jane, "/comments/1")
            .await
            .text()
            .contains("Something rude")
    );
    let log = site.page("/moderation/log").await;
    assert!(
        log.contains("removed comment 1 on 2611.10001") && log.contains("An insult"),
        "{log}"
    );
    assert!(
        site.get_as(&mo, "/moderation")
            .await
            .text()
            .contains("Nobody has reported")
    );
    let news = site.get_as(&jane, "/notifications").await.text();
    assert!(
        news.contains("A moderator removed your comment: An insult"),
        "{news}"
    );
}

#[tokio::test]
async fn a_locked_thread_says_why() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let mo = site.sign_in_as("Mo", Role::Moderator).await;
    let lock = format!("paper={PAPER}&to=1&reason=It+got+heated");
    assert_eq!(
        site.post_as(&jane, "/moderation/lock", &lock).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        site.post_as(&mo, "/moderation/lock", &lock).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(
        paper(&site)
            .await
            .contains("The comments are locked: It got heated")
    );
    let refused = say(&site, &jane, "But still").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("But still</textarea>"));
    let open = format!("paper={PAPER}&to=0&reason=Calm+again");
    site.post_as(&mo, "/moderation/lock", &open).await;
    assert_eq!(say(&site, &jane, "Now").await.status, StatusCode::SEE_OTHER);
    assert!(
        site.page("/moderation/log")
            .await
            .contains("opened again comments on 2611.10001")
    );
}

#[tokio::test]
async fn news_is_counted_on_the_masthead_and_read() {
    let site = site().await;
    let (jane, li) = (site.sign_in("Jane").await, site.sign_in("Li").await);
    let empty = site.get_as(&jane, "/notifications").await.text();
    assert!(empty.contains("There is no news for you"), "{empty}");
    say(&site, &li, "What do you think, @jane?").await;
    let front = site.get_as(&jane, "/").await.text();
    assert!(front.contains("News <b>1<"), "{front}");
    assert!(!site.page("/").await.contains("News"));
    let page = site.get_as(&jane, "/notifications").await.text();
    assert!(
        page.contains("Li named you in a comment") && page.contains("/comments/1"),
        "{page}"
    );
    site.post_as(&jane, "/notifications/read", "").await;
    assert!(!site.get_as(&jane, "/").await.text().contains("News <b>"));
    site.post_as(&jane, "/notifications/kinds", "reply=1").await;
    say(&site, &li, "@jane again").await;
    assert!(!site.get_as(&jane, "/").await.text().contains("News <b>"));
    let headers = [("cookie", jane.as_str()), ("accept", "application/json")];
    let list = json(&site.ask(Method::GET, "/notifications", &headers).await);
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["kind"]),
        (1, &"mention".into())
    );
}

#[tokio::test]
async fn long_threads_have_pages() {
    let site = site().await;
    let jane = site.sign_in("Jane").await;
    let row = site
        .store
        .newest(store::Slice {
            offset: 0,
            limit: 1,
        })
        .await
        .unwrap()
        .papers[0]
        .id;
    let li = site.store.person("Li").await;
    let mo = site.store.person("Mo").await;
    let at = |n: i64| crate::site::day("2026-11-01") + jiff::SignedDuration::from_secs(n);
    for n in 0..101 {
        let who = if n % 2 == 0 { li } else { mo };
        let said = site
            .store
            .add_comment(who, row, None, &format!("number {n}"), at(n))
            .await;
        said.unwrap().unwrap();
    }
    let said = say(&site, &jane, "the last one").await;
    assert_eq!(said.header("location"), "/papers/2611.10001?page=2#c102");
    let first = paper(&site).await;
    assert!(
        first.contains("102 comments") && first.contains("?page=2#comments"),
        "{first}"
    );
    assert!(!first.contains("the last one"));
    let second = site.page("/papers/2611.10001?page=2").await;
    assert!(
        second.contains("the last one") && second.contains("Earlier"),
        "{second}"
    );
    assert_eq!(
        site.get("/comments/999").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(site.get("/comments/x").await.status, StatusCode::NOT_FOUND);
}
