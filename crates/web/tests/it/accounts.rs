//! Accounts: signing up, in and out, who may do what, and what strangers try.

use axum::http::{Method, StatusCode};
use domain::account::{Role, UserName};
use web::account::{Mode, SignUp, TrustedProxy};

use crate::site::{Answer, TestSite, main_part, some_papers};

/// The cookies that an answer sets, as the next request sends them.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie");
    let pairs: Vec<&str> = set
        .iter()
        .filter_map(|h| h.to_str().unwrap().split(';').next())
        .collect();
    pairs.join("; ")
}

const PASSWORD: &str = "correct horse battery";

/// Signs up with name, address and password, and gives the cookies of the browser that followed the link.
async fn join(site: &TestSite, name: &str) -> String {
    let form = format!("name={name}&address={name}%40example.org&password={PASSWORD}");
    let asked = site.post_as("", "/sign-up", &form).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    let joined = site
        .post_as("", &site.mailed_path().await, &format!("name={name}"))
        .await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.text());
    cookies(&joined)
}

#[tokio::test]
async fn an_account_is_made_by_the_mailed_link() {
    let site = TestSite::with_accounts().await;
    let asked = site
        .post_as(
            "",
            "/sign-up",
            "name=jane&address=Jane%40Example.org&password=",
        )
        .await;
    assert!(
        asked
            .text()
            .contains("A mail is on its way to Jane@example.org")
    );
    let path = site.mailed_path().await;
    // Programs that check mails open links: nothing happens by that.
    let page = site.page(&path).await;
    assert!(page.contains("Make the account"), "{page}");
    assert_eq!(site.store.count_users().await.unwrap(), 0);
    let joined = site.post_as("", &path, "name=jane").await;
    let cookie = cookies(&joined);
    assert!(cookie.contains("__Host-broadsheet="), "{cookie}");
    let page = site.get_as(&cookie, "/account").await.text();
    assert!(page.contains("Jane@example.org"), "{page}");
    // Good once.
    let again = site.post_as("", &path, "name=jane2").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(
        again.text().contains("was used already"),
        "{}",
        again.text()
    );
    assert_eq!(site.store.count_users().await.unwrap(), 1);
}

#[tokio::test]
async fn a_link_ends_after_two_hours() {
    let site = TestSite::with_accounts().await;
    site.post_as(
        "",
        "/sign-up",
        "name=jane&address=jane%40example.org&password=",
    )
    .await;
    let path = site.mailed_path().await;
    site.at("2026-11-23T14:00:00Z");
    let late = site.post_as("", &path, "name=jane").await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn signing_up_does_not_tell_who_is_here() {
    let site = TestSite::with_accounts().await;
    join(&site, "jane").await;
    let there = site
        .post_as(
            "",
            "/sign-up",
            "name=other&address=jane%40example.org&password=",
        )
        .await;
    let new = site
        .post_as(
            "",
            "/sign-up",
            "name=other&address=john%40example.org&password=",
        )
        .await;
    let same = |answer: &Answer, who: &str| main_part(&answer.text()).replace(who, "WHO");
    assert_eq!(same(&there, "jane"), same(&new, "john"));
    assert_eq!(there.status, new.status);
    let notes = site.notes().await;
    assert!(notes[1].lines[0].contains("You have an account already"));
    // Nor does asking for a link.
    let before = site.notes().await.len();
    let known = site.post_as("", "/sign-in/link", "who=jane").await;
    let unknown = site.post_as("", "/sign-in/link", "who=nobody-here").await;
    assert_eq!(main_part(&known.text()), main_part(&unknown.text()));
    assert_eq!(site.notes().await.len(), before + 1);
}

#[tokio::test]
async fn one_signs_in_by_password_or_link_and_out_again() {
    let site = TestSite::with_accounts().await;
    join(&site, "jane").await;
    for who in ["jane", "JANE", "jane@example.org", "Jane@EXAMPLE.org"] {
        let form = format!("who={who}&password={PASSWORD}&next=/papers/trending");
        let answer = site.post_as("", "/sign-in", &form).await;
        assert_eq!(answer.header("location"), "/papers/trending", "{who}");
        let cookie = cookies(&answer);
        assert_eq!(
            site.get_as(&cookie, "/account").await.status,
            StatusCode::OK
        );
        site.post_as(&cookie, "/sign-out", "").await;
        let gone = site.get_as(&cookie, "/account").await;
        assert_eq!(gone.header("location"), "/sign-in?next=%2Faccount");
    }
    site.post_as("", "/sign-in/link", "who=jane").await;
    let path = site.mailed_path().await;
    let entered = site.post_as("", &path, "").await;
    assert!(cookies(&entered).contains("__Host-broadsheet="));
    assert_eq!(
        site.post_as("", &path, "").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_wrong_password_says_the_same_for_everybody() {
    let site = TestSite::with_accounts().await;
    join(&site, "jane").await;
    let known = site
        .post_as("", "/sign-in", "who=jane&password=wrong")
        .await;
    let unknown = site
        .post_as("", "/sign-in", "who=nope&password=wrong")
        .await;
    assert_eq!(known.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        known
            .text()
            .contains("No account has this name and password.")
    );
    let same = |answer: &Answer, who: &str| main_part(&answer.text()).replace(who, "WHO");
    assert_eq!(same(&known, "jane"), same(&unknown, "nope"));
}

#[tokio::test]
async fn guessing_is_slowed_down_and_keeps_nobody_out() {
    let site = TestSite::with_accounts().await;
    let own = join(&site, "jane").await;
    for _ in 0..10 {
        let answer = site
            .post_as("", "/sign-in", "who=jane&password=wrong")
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // By name or by address, it is the same account.
    for who in ["jane", "jane%40example.org"] {
        let form = format!("who={who}&password={PASSWORD}");
        let answer = site.post_as("", "/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(
            answer.text().contains("A mailed link still works"),
            "{}",
            answer.text()
        );
    }
    // The owner's own browser is not affected, nor is the link.
    let form = format!("who=jane&password={PASSWORD}");
    let answer = site.post_as(&own, "/sign-in", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    site.post_as("", "/sign-in/link", "who=jane").await;
    let entered = site.post_as("", &site.mailed_path().await, "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_mailbox_is_not_filled_by_strangers() {
    let site = TestSite::with_accounts().await;
    join(&site, "jane").await;
    let before = site.notes().await.len();
    for _ in 0..30 {
        site.post_as("", "/sign-in/link", "who=jane").await;
    }
    assert!(site.notes().await.len() <= before + 5);
}

#[tokio::test]
async fn what_is_typed_wrongly_is_shown_again_with_the_reason() {
    let site = TestSite::with_accounts().await;
    join(&site, "jane").await;
    let check = async |form: &str, words: &str| {
        let answer = site.post_as("", "/sign-up", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let text = answer.text();
        assert!(text.contains(words), "{form}: {text}");
        assert!(!text.contains(PASSWORD), "{text}");
    };
    check(
        "name=j&address=a%40example.org&password=",
        "2 to 30 characters",
    )
    .await;
    check(
        "name=a%20b&address=a%40example.org&password=",
        "letters a to z",
    )
    .await;
    check(
        "name=admin&address=a%40example.org&password=",
        "kept for the site",
    )
    .await;
    check("name=JANE&address=a%40example.org&password=", "is taken").await;
    check(
        "name=ann&address=a%0D%0ABcc%3Ab%40example.org&password=",
        "value=\"ann\"",
    )
    .await;
    check("name=ann&address=&password=", "value=\"ann\"").await;
    check(
        "name=ann&address=a%40example.org&password=short",
        "at least 10 characters",
    )
    .await;
    check(
        "name=ann&address=a%40example.org&password=aaaaaaaaaaaa",
        "first that are guessed",
    )
    .await;
}

#[tokio::test]
async fn other_sites_cannot_act_for_a_reader() {
    let site = TestSite::with_accounts().await;
    let cookie = site.sign_in("jane").await;
    for origin in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example.org"),
        ("origin", "null"),
    ] {
        let headers = [("cookie", cookie.as_str()), origin];
        let answer = site
            .send(
                Method::POST,
                "/account/profile",
                &headers,
                "name=eve&about=",
            )
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let jane = UserName::parse("jane").unwrap();
    assert!(site.store.user_named(&jane).await.unwrap().is_some());
    // Where to go afterwards is never another site.
    let elsewhere = site
        .get_as(&cookie, "/sign-in?next=//evil.example.org")
        .await;
    assert_eq!(elsewhere.header("location"), "/");
}

#[tokio::test]
async fn pages_of_one_are_not_kept_for_others() {
    let site = TestSite::with_accounts().await;
    site.absorb(some_papers()).await;
    let cookie = site.sign_in("jane").await;
    let own = site.get_as(&cookie, "/").await;
    assert!(own.text().contains(">jane</a>"));
    assert_eq!(own.header("cache-control"), "private, no-cache");
    let anyones = site.get("/").await;
    assert!(!anyones.text().contains("jane</a>") && anyones.text().contains("Sign in"));
    assert!(anyones.header("cache-control").starts_with("public"));
    let vary = anyones.headers.get_all("vary");
    assert_eq!(vary.iter().filter(|v| *v == "Cookie").count(), 1);
    assert!(site.get_as(&cookie, "/").await.text().contains(">jane</a>"));
}

#[tokio::test]
async fn a_token_does_what_it_is_for_until_it_is_revoked() {
    let site = TestSite::with_accounts().await;
    let cookie = site.sign_in("jane").await;
    let made = site
        .post_as(&cookie, "/account/tokens", "name=script&scope=read&days=1")
        .await;
    let text = made.text();
    let token = text
        .split("bsp_")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let bearer = format!("Bearer bsp_{token}");
    let with = [("authorization", bearer.as_str())];
    let export = site.ask(Method::GET, "/account/export.jsonl", &with).await;
    assert_eq!(export.status, StatusCode::OK);
    assert!(!export.text().contains(token), "{}", export.text());
    // It is shown once, and changes no account.
    assert!(
        !site
            .get_as(&cookie, "/account")
            .await
            .text()
            .contains(token)
    );
    let refused = site
        .send(Method::POST, "/account/profile", &with, "name=eve")
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    // Its day is over.
    site.at("2026-11-24T12:00:01Z");
    let late = site.ask(Method::GET, "/account/export.jsonl", &with).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    site.at("2026-11-23T12:00:00Z");
    let jane = UserName::parse("jane").unwrap();
    let id = site.store.user_named(&jane).await.unwrap().unwrap().id;
    let number = site.store.tokens(id).await.unwrap()[0].id;
    // Somebody else cannot revoke it; its owner can.
    let eve = site.sign_in("eve").await;
    let path = format!("/account/tokens/{number}/revoke");
    assert_eq!(
        site.post_as(&eve, &path, "").await.status,
        StatusCode::NOT_FOUND
    );
    site.post_as(&cookie, &path, "").await;
    let revoked = site.ask(Method::GET, "/account/export.jsonl", &with).await;
    assert_eq!(revoked.status, StatusCode::UNAUTHORIZED);
    // Other sites' tokens are no business of ours: the read-only clients send theirs along.
    let foreign = [("authorization", "Bearer hf_abcdef")];
    let page = site.ask(Method::GET, "/", &foreign).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_signs_other_browsers_out() {
    let site = TestSite::with_accounts().await;
    let here = join(&site, "jane").await;
    let form = format!("who=jane&password={PASSWORD}");
    let there = cookies(&site.post_as("", "/sign-in", &form).await);
    let wrong = site
        .post_as(&here, "/account/password", "old=wrong&new=another+long+one")
        .await;
    assert!(wrong.text().contains("The old password is not right."));
    let form = format!("old={PASSWORD}&new=another+long+one");
    let changed = site.post_as(&here, "/account/password", &form).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get_as(&here, "/account").await.status, StatusCode::OK);
    assert_eq!(
        site.get_as(&there, "/account").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn another_address_counts_once_its_link_is_followed() {
    let site = TestSite::with_accounts().await;
    let cookie = join(&site, "jane").await;
    let eve = join(&site, "eve").await;
    site.post_as(&cookie, "/account/address", "address=new%40example.org")
        .await;
    let path = site.mailed_path().await;
    assert_eq!(
        site.post_as(&eve, &path, "").await.status,
        StatusCode::NOT_FOUND
    );
    site.post_as(&cookie, &path, "").await;
    let page = site.get_as(&cookie, "/account").await.text();
    assert!(page.contains("new@example.org"), "{page}");
    // Somebody else's address: the answer is the same, and no mail goes out.
    let before = site.notes().await.len();
    let asked = site
        .post_as(&cookie, "/account/address", "address=eve%40example.org")
        .await;
    assert!(asked.text().contains("A mail is on its way"));
    assert_eq!(site.notes().await.len(), before);
}

#[tokio::test]
async fn one_can_take_everything_away_and_leave() {
    let site = TestSite::with_accounts().await;
    site.sign_in_as("boss", Role::Admin).await;
    let cookie = join(&site, "jane").await;
    let export = site.get_as(&cookie, "/account/export.jsonl").await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let first: serde_json::Value =
        serde_json::from_str(export.text().lines().next().unwrap()).unwrap();
    assert_eq!(first["address"], "jane@example.org");
    let wrong = site.post_as(&cookie, "/account/delete", "name=john").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let left = site.post_as(&cookie, "/account/delete", "name=Jane").await;
    assert!(left.text().contains("are deleted"), "{}", left.text());
    assert_eq!(
        site.get_as(&cookie, "/account").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(site.get("/users/jane").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_are_an_admins_business() {
    let site = TestSite::with_accounts().await;
    let boss = site.sign_in_as("boss", Role::Admin).await;
    let jane = site.sign_in("jane").await;
    assert_eq!(
        site.get_as(&jane, "/admin/people").await.status,
        StatusCode::FORBIDDEN
    );
    let page = site.get_as(&boss, "/admin/people").await.text();
    assert!(
        page.contains("2 accounts") && page.contains("/users/jane"),
        "{page}"
    );
    let lock = site
        .post_as(
            &boss,
            "/admin/people",
            "account=2&lock=1&reason=spam+%3Cb%3E",
        )
        .await;
    assert_eq!(lock.status, StatusCode::SEE_OTHER, "{}", lock.text());
    assert_eq!(
        site.get_as(&jane, "/account").await.status,
        StatusCode::SEE_OTHER
    );
    assert!(
        site.get_as(&boss, "/admin/people")
            .await
            .text()
            .contains("spam &#60;b&#62;")
    );
    site.post_as(&boss, "/admin/people", "account=2&unlock=1")
        .await;
    site.post_as(&boss, "/admin/people", "account=2&role=moderator")
        .await;
    assert!(site.page("/users/jane").await.contains("moderator"));
    // The last admin stays one.
    for form in ["account=1&role=reader", "account=1&lock=1&reason=x"] {
        let answer = site.post_as(&boss, "/admin/people", form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
    }
    for form in [
        "account=99&role=reader",
        "account=x",
        "account=2&role=king",
        "account=2&lock=1",
    ] {
        let status = site.post_as(&boss, "/admin/people", form).await.status;
        assert!(status.is_client_error(), "{form}");
    }
}

#[tokio::test]
async fn the_first_admin_shows_the_code() {
    let site = TestSite::made(None, |people| {
        people.mode = Mode::SignIn;
        people.setup_code = Some("abc123".into());
    })
    .await;
    assert!(site.page("/sign-in").await.contains("/set-up"));
    assert!(
        site.page("/set-up?code=abc123")
            .await
            .contains("value=\"abc123\"")
    );
    let form = |code: &str| format!("code={code}&name=boss&address=&password={PASSWORD}");
    let wrong = site.post_as("", "/set-up", &form("guess")).await;
    assert!(wrong.text().contains("not the code"), "{}", wrong.text());
    let made = site.post_as("", "/set-up", &form("abc123")).await;
    assert_eq!(made.header("location"), "/account");
    let page = site.get_as(&cookies(&made), "/account").await.text();
    assert!(page.contains("admin since"), "{page}");
    let again = site.post_as("", "/set-up", &form("abc123")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    // Accounts are made by the admin here.
    assert_eq!(site.get("/sign-up").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn without_mail_a_name_and_a_password_are_enough() {
    let site = TestSite::made(None, |people| {
        people.mode = Mode::SignIn;
        people.sign_up = SignUp::Open;
    })
    .await;
    let page = site.page("/sign-up").await;
    assert!(!page.contains("Mail address"), "{page}");
    let joined = site
        .post_as("", "/sign-up", &format!("name=jane&password={PASSWORD}"))
        .await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER);
    let no_link = site.post_as("", "/sign-in/link", "who=jane").await;
    assert_eq!(no_link.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn on_ones_own_machine_nobody_signs_in() {
    let site = TestSite::made(None, |_| {}).await;
    site.sign_in_as("owner-1", Role::Admin).await;
    let owner = site.store.first_admin().await.unwrap().unwrap().id;
    let site = site.again(|people| people.mode = Mode::Single(owner)).await;
    let here = [("host", "localhost:8080")];
    let page = site.ask(Method::GET, "/", &here).await.text();
    assert!(
        page.contains(">Yours</a>") && !page.contains("Sign"),
        "{page}"
    );
    let renamed = site
        .send(Method::POST, "/account/profile", &here, "name=ada&about=")
        .await;
    assert_eq!(renamed.status, StatusCode::SEE_OTHER);
    // Under a name that others can give this machine, the same request is a stranger's.
    let elsewhere = [("host", "evil.example.org")];
    let page = site.ask(Method::GET, "/", &elsewhere).await.text();
    assert!(!page.contains("Yours"), "{page}");
    let refused = site
        .send(
            Method::POST,
            "/account/profile",
            &elsewhere,
            "name=eve&about=",
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(site.get("/sign-in").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_trusted_proxy_names_people_and_nobody_else_can() {
    let proxy = TrustedProxy {
        name_header: "remote-user".parse().unwrap(),
        address_header: Some("remote-email".parse().unwrap()),
        from: vec!["192.0.2.7".parse().unwrap()],
    };
    let site = TestSite::made(None, |people| people.mode = Mode::Proxy(proxy)).await;
    let named = [
        ("remote-user", "Jane Doe"),
        ("remote-email", "jane@example.org"),
    ];
    let stranger = site.ask(Method::GET, "/account", &named).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    let page = site.ask_from("192.0.2.7", "/account", &named).await.text();
    assert!(
        page.contains("Jane-Doe") && page.contains("Tokens"),
        "{page}"
    );
    assert!(!page.contains("Sign out"), "{page}");
    let forged = site.ask_from("192.0.2.8", "/account", &named).await;
    assert_eq!(forged.status, StatusCode::UNAUTHORIZED);
    assert_eq!(site.store.count_users().await.unwrap(), 1);
    let nameless = [("remote-user", "李雷")];
    let answer = site.ask_from("192.0.2.7", "/account", &nameless).await;
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn rubbish_cookies_are_nobody() {
    let site = TestSite::with_accounts().await;
    let long = format!("__Host-broadsheet={}", "a".repeat(10_000));
    for cookie in ["__Host-broadsheet=", "__Host-broadsheet=zz", "=;=;;", &long] {
        assert_eq!(site.get_as(cookie, "/").await.status, StatusCode::OK);
        assert_eq!(
            site.get_as(cookie, "/account").await.status,
            StatusCode::SEE_OTHER
        );
    }
}
