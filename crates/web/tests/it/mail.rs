//! Subscribing, saying yes, changing and ending, over the site's own pages.

use axum::http::{Method, StatusCode};
use domain::account::Role;
use domain::address::MailAddress;
use domain::subscription::{Scope, State, Subscription};
use jiff::{SignedDuration, Timestamp};
use store::{Lane, Letter, LetterKind, Subscriber, Why};
use web::mail::desk::{BOUNDS, Desk, REQUESTS_MAX};
use web::mail::token::{Keys, Purpose};

use crate::site::{Answer, MONDAY, TestSite, main_part};

const FORM: &str = "scope=query&query=cat%3Acs.CL+attention&rhythm=daily&day=mon&day=tue&hour=7&zone=Europe%2FBerlin&most=20";

fn keys() -> Keys {
    Keys::from_hex(&"ab".repeat(32)).unwrap()
}

pub(crate) async fn site() -> TestSite {
    TestSite::with_mail(Desk::new(true, keys())).await
}

fn now() -> Timestamp {
    MONDAY.parse().unwrap()
}

pub(crate) async fn subscribe(site: &TestSite, address: &str) -> Answer {
    let form = format!("address={address}&{FORM}");
    site.post("/subscribe", "192.0.2.1", &form).await
}

pub(crate) async fn letters(site: &TestSite) -> Vec<Letter> {
    let lease = SignedDuration::from_mins(1);
    site.store
        .take_letters(Lane::Asked, now(), lease, 10_000)
        .await
        .unwrap()
}

async fn subscriber(site: &TestSite, address: &str) -> Option<Subscriber> {
    let address = MailAddress::parse(address).unwrap();
    site.store.subscriber_at(&address).await.unwrap()
}

/// A reader who has said yes.
async fn confirmed(site: &TestSite, address: &str) -> Subscription {
    assert_eq!(subscribe(site, address).await.status, StatusCode::OK);
    let jane = subscriber(site, address).await.unwrap();
    let id = jane.subscriptions[0].id;
    let link = link(Purpose::Confirm, id.0, None);
    assert_eq!(
        site.post(&link, "192.0.2.1", "answer=yes").await.status,
        StatusCode::OK
    );
    site.store.subscription(id).await.unwrap().unwrap()
}

fn link(purpose: Purpose, id: i64, expires: Option<Timestamp>) -> String {
    let place = match purpose {
        Purpose::Confirm => "confirm",
        Purpose::Manage => "manage",
        _ => "unsubscribe",
    };
    format!("/mail/{place}/{}", keys().sign(purpose, id, expires))
}

#[track_caller]
fn check(name: &str, page: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, main_part(page));
    });
}

#[tokio::test]
async fn a_reader_subscribes_and_says_yes() {
    let site = site().await;
    let asked = subscribe(&site, "jane%40m%C3%BCnchen.example").await;
    assert_eq!(asked.status, StatusCode::OK);
    check("mail-asked", &asked.text());
    let jane = subscriber(&site, "jane@münchen.example").await.unwrap();
    assert_eq!(jane.reader.address.as_str(), "jane@xn--mnchen-3ya.example");
    let pending = jane.subscriptions[0].clone();
    assert_eq!(
        (pending.state, &pending.wish.scope),
        (State::Pending, &Scope::Query("cat:cs.CL attention".into()))
    );
    let sent = letters(&site).await;
    assert_eq!((sent.len(), sent[0].kind), (1, LetterKind::Confirm));

    // Following the link, as programs do too, changes nothing.
    let link = link(
        Purpose::Confirm,
        pending.id.0,
        Some("2026-11-25T12:00:00Z".parse().unwrap()),
    );
    let question = site.page(&link).await;
    check("mail-confirm", &question);
    assert_eq!(
        site.store
            .subscription(pending.id)
            .await
            .unwrap()
            .unwrap()
            .state,
        State::Pending
    );
    let yes = site.post(&link, "192.0.2.1", "answer=yes").await;
    assert_eq!(yes.status, StatusCode::OK);
    check("mail-confirmed", &yes.text());
    let active = site.store.subscription(pending.id).await.unwrap().unwrap();
    assert_eq!(
        active.next_at,
        Some("2026-11-24T06:00:00Z".parse().unwrap())
    );
    assert_eq!(active.since.to_string(), "2026-11-22");
    // Again, later: the same page, and nothing is moved.
    site.at("2026-11-24T12:00:00Z");
    assert_eq!(
        site.post(&link, "192.0.2.1", "").await.status,
        StatusCode::OK
    );
    assert_eq!(
        site.store.subscription(pending.id).await.unwrap(),
        Some(active)
    );
}

#[tokio::test]
async fn the_form_is_a_page() {
    let site = site().await;
    check(
        "mail-subscribe",
        &without_zones(&site.page("/subscribe?cat=cs.CL").await),
    );
    let page = site.page("/subscribe?q=%22state+space%22+-survey").await;
    assert!(
        page.contains("value=\"&#34;state space&#34; -survey\""),
        "{page}"
    );
    assert!(page.contains("name=\"scope\" value=\"query\" checked"));
    assert!(page.len() < 60_000, "{} bytes", page.len());
}

fn without_zones(page: &str) -> String {
    let (head, rest) = page.split_once("<datalist").unwrap();
    let (_, tail) = rest.split_once("</datalist>").unwrap();
    format!("{head}{tail}")
}

async fn refused(form: &str, words: &str) {
    let site = site().await;
    let answer = site.post("/subscribe", "192.0.2.1", form).await;
    let text = answer.text();
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    assert!(
        text.contains("role=\"alert\"") && text.contains(words),
        "{form}: {}",
        main_part(&text)
    );
    assert_eq!(letters(&site).await, []);
    assert_eq!(site.store.subscribers(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_cannot_be_is_said_in_words() {
    refused("", "No mail address was given").await;
    refused("address=jane", "one @").await;
    refused(
        &format!("address=jane%40example.org%0D%0ABcc%3A+all%40example.org&{FORM}"),
        "line break",
    )
    .await;
    refused(
        &format!("address=jane%40example.org%0A&{FORM}"),
        "line break",
    )
    .await;
    refused(
        &format!("address=jane%E2%80%AE%40example.org&{FORM}"),
        "U+202E",
    )
    .await;
    refused(
        &format!("address=jane%E2%80%8B%40example.org&{FORM}"),
        "U+200B",
    )
    .await;
    refused(
        &format!("address=a%40example.org%2Cb%40example.org&{FORM}"),
        "cannot stand",
    )
    .await;
    refused(
        "address=jane%40example.org&scope=query&query=2305.19435&day=mon&hour=7&zone=UTC&most=20",
        "is one paper",
    )
    .await;
    refused(
        "address=jane%40example.org&scope=query&query=%22%22&day=mon&hour=7&zone=UTC&most=20",
        "search",
    )
    .await;
    refused(
        "address=jane%40example.org&scope=all&day=mon&hour=7&zone=Nowhere%2FAtAll&most=20",
        "time zone",
    )
    .await;
    refused(
        "address=%3Cscript%3Ealert(1)%3C/script%3E%40x&scope=all",
        "cannot stand",
    )
    .await;
}

#[tokio::test]
async fn what_was_typed_is_kept_and_escaped() {
    let site = site().await;
    let form = "address=%22%3E%3Cscript%3E&scope=query&query=%22%3E%3Cb%3E&rhythm=weekly&weekday=sun&hour=23&zone=%3Ci%3E&most=5&nothing=yes";
    let page = site.post("/subscribe", "192.0.2.1", form).await.text();
    for tag in ["<script>alert", "\"><script", "<b>", "<i>"] {
        assert!(
            !without_zones(&page).contains(tag) || tag == "<b>" && page.contains("<b>Not yet:</b>"),
            "{tag}"
        );
    }
    for kept in [
        "value=\"sun\" selected",
        "value=\"23\" selected",
        "name=\"nothing\" value=\"yes\" checked",
        "value=\"weekly\" checked",
    ] {
        assert!(page.contains(kept), "{kept}");
    }
}

#[tokio::test]
async fn the_answer_tells_nobody_who_is_known() {
    let site = site().await;
    confirmed(&site, "jane@example.org").await;
    let known = subscribe(&site, "jane@example.org").await;
    let unknown = subscribe(&site, "john@example.org").await;
    let suppressed = MailAddress::parse("jill@example.org").unwrap();
    site.store
        .suppress(&suppressed, store::Why::Operator, "", now())
        .await
        .unwrap();
    let refused = subscribe(&site, "jill@example.org").await;
    for other in [&unknown, &refused] {
        assert_eq!((known.status, known.text()), (other.status, other.text()));
        assert_eq!(known.headers, other.headers);
    }
    let known = site
        .post("/subscribe/link", "192.0.2.1", "address=jane%40example.org")
        .await;
    let unknown = site
        .post(
            "/subscribe/link",
            "192.0.2.1",
            "address=nobody%40example.org",
        )
        .await;
    assert_eq!(
        (known.status, known.text()),
        (unknown.status, unknown.text())
    );
    let kinds: Vec<_> = letters(&site)
        .await
        .iter()
        .map(|l| l.kind.as_str())
        .collect();
    assert_eq!(kinds, ["confirm", "manage", "confirm", "manage"]);
    assert_eq!(subscriber(&site, "nobody@example.org").await, None);
}

#[tokio::test]
async fn a_thousand_requests_for_one_address_are_three_letters() {
    let site = site().await;
    let mut first = None;
    for n in 0..1000 {
        let client = format!("192.0.{}.{}", n / 250, n % 250);
        let form = format!(
            "address=victim%40example.org&scope=query&query=word{n}&day=mon&hour=7&zone=UTC&most=20"
        );
        let answer = site.post("/subscribe", &client, &form).await;
        assert_eq!(answer.status, StatusCode::OK);
        // Nor does the answer say that the address has had enough.
        let text = answer.text();
        assert_eq!(first.get_or_insert(text.clone()), &text);
    }
    assert_eq!(letters(&site).await.len(), BOUNDS.letters_a_day as usize);
    let victim = subscriber(&site, "victim@example.org").await.unwrap();
    assert_eq!(victim.subscriptions.len(), BOUNDS.letters_a_day as usize);
}

#[tokio::test]
async fn a_client_that_asks_for_everybody_is_stopped() {
    let site = site().await;
    for n in 0..REQUESTS_MAX {
        let form = format!("address=reader{n}%40example.org&{FORM}");
        assert_eq!(
            site.post("/subscribe", "192.0.2.1", &form).await.status,
            StatusCode::OK
        );
    }
    let one_more = subscribe(&site, "reader99@example.org").await;
    assert_eq!(one_more.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(one_more.text().contains("Try again later"));
    let link = site
        .post(
            "/subscribe/link",
            "192.0.2.1",
            "address=reader1%40example.org",
        )
        .await;
    assert_eq!(link.status, StatusCode::TOO_MANY_REQUESTS);
    // What is mistyped is answered all the same: it sends nothing.
    assert_eq!(
        subscribe(&site, "typo").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let other = site
        .post(
            "/subscribe",
            "192.0.2.2",
            &format!("address=a%40example.org&{FORM}"),
        )
        .await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn one_click_ends_a_subscription_and_a_look_does_not() {
    let site = site().await;
    let mine = confirmed(&site, "jane@example.org").await;
    let link = link(Purpose::Unsubscribe, mine.id.0, None);
    check("mail-unsubscribe", &site.page(&link).await);
    assert_eq!(
        site.ask(Method::HEAD, &link, &[]).await.status,
        StatusCode::OK
    );
    assert!(site.store.subscription(mine.id).await.unwrap().is_some());
    // As Gmail does it: no cookie, no referrer, this body.
    let done = site
        .post(&link, "192.0.2.9", "List-Unsubscribe=One-Click")
        .await;
    assert_eq!(done.status, StatusCode::OK);
    check("mail-unsubscribed", &done.text());
    assert_eq!(site.store.subscription(mine.id).await.unwrap(), None);
    // The same link again, by POST and by GET: no error, and nothing left to end.
    assert_eq!(
        site.post(&link, "192.0.2.9", "List-Unsubscribe=One-Click")
            .await
            .text(),
        done.text()
    );
    assert_eq!(site.page(&link).await, done.text());
}

#[tokio::test]
async fn forged_and_expired_links_do_nothing() {
    let site = site().await;
    let mine = confirmed(&site, "jane@example.org").await;
    let strangers = Keys::from_hex(&"cd".repeat(32)).unwrap();
    let own = keys();
    let past = Some("2026-11-23T11:59:59Z".parse().unwrap());
    for token in [
        strangers.sign(Purpose::Unsubscribe, mine.id.0, None),
        own.sign(Purpose::Confirm, mine.id.0, None),
        own.sign(Purpose::Manage, mine.id.0, None),
        own.sign(Purpose::Unsubscribe, mine.id.0, past),
        own.sign(Purpose::Unsubscribe, mine.id.0 + 1, None)
            .replace(&format!("{}-", mine.id.0 + 1), &format!("{}-", mine.id.0)),
        format!("{}-0-", mine.id.0),
        "x".repeat(3000),
        "%00".to_string(),
        "..%2f..%2fsubscribe".to_string(),
    ] {
        let link = format!("/mail/unsubscribe/{token}");
        let answer = site
            .post(&link, "192.0.2.1", "List-Unsubscribe=One-Click")
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{link}");
        let text = answer.text();
        assert!(
            text.contains("This link") && text.contains("/subscribe"),
            "{}",
            main_part(&text)
        );
        assert_eq!(site.get(&link).await.status, StatusCode::NOT_FOUND);
    }
    assert!(site.store.subscription(mine.id).await.unwrap().is_some());
    // A yes that comes too late, and one to what was ended.
    let john = subscribe(&site, "john@example.org").await;
    assert_eq!(john.status, StatusCode::OK);
    let id = subscriber(&site, "john@example.org")
        .await
        .unwrap()
        .subscriptions[0]
        .id;
    let late = self::link(Purpose::Confirm, id.0, None);
    site.at("2026-11-25T12:00:01Z");
    assert_eq!(
        site.post(&late, "192.0.2.1", "answer=yes").await.status,
        StatusCode::NOT_FOUND
    );
    site.store.end_subscription(id, now()).await.unwrap();
    assert_eq!(
        site.post(&late, "192.0.2.1", "answer=yes").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn subscriptions_are_changed_paused_and_ended() {
    let site = site().await;
    let mine = confirmed(&site, "jane@example.org").await;
    let others = confirmed(&site, "john@example.org").await;
    let link = link(Purpose::Manage, mine.reader.0, None);
    check("mail-manage", &without_zones(&site.page(&link).await));
    let act = async |form: String| {
        let answer = site.post(&link, "192.0.2.1", &form).await;
        (
            answer.status.as_u16(),
            main_part(&answer.text()).to_string(),
        )
    };
    let id = mine.id.0;
    let (status, said) = act(format!("subscription={id}&do=pause")).await;
    assert!(status == 200 && said.contains("(paused)"), "{said}");
    assert_eq!(
        site.store
            .subscription(mine.id)
            .await
            .unwrap()
            .unwrap()
            .next_at,
        None
    );
    let (_, said) = act(format!("subscription={id}&do=resume")).await;
    assert!(!said.contains("(paused)"), "{said}");
    let weekly = "scope=categories&categories=cs.LG&rhythm=weekly&weekday=fri&hour=9&zone=UTC&most=5&nothing=yes";
    let (status, said) = act(format!("subscription={id}&do=change&{weekly}")).await;
    assert!(
        status == 200 && said.contains("every Friday from 09:00 (UTC), at most 5 papers"),
        "{said}"
    );
    let changed = site.store.subscription(mine.id).await.unwrap().unwrap();
    assert_eq!(
        changed.next_at,
        Some("2026-11-27T09:00:00Z".parse().unwrap())
    );
    assert_eq!(
        (changed.since.to_string().as_str(), changed.edition),
        ("2026-11-17", -1)
    );
    // What is wrong changes nothing; what is another's is out of reach.
    let (status, said) = act(format!(
        "subscription={id}&do=change&scope=all&hour=9&zone=UTC&most=5"
    ))
    .await;
    assert!(status == 422 && said.contains("at least one day"), "{said}");
    for form in [
        format!("subscription={}&do=end", others.id.0),
        "do=end".to_string(),
        format!("subscription={id}&do=fly"),
    ] {
        assert_eq!(act(form).await.0, 422);
    }
    assert!(site.store.subscription(others.id).await.unwrap().is_some());
    let (_, said) = act(format!("subscription={id}&do=end")).await;
    assert!(said.contains("there is no subscription"), "{said}");
    let (status, said) = act("do=forget".to_string()).await;
    assert!(
        status == 200 && said.contains("Everything is deleted"),
        "{said}"
    );
    assert_eq!(subscriber(&site, "jane@example.org").await, None);
    assert_eq!(site.get(&link).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_about_a_reader_is_kept() {
    let site = site().await;
    let mine = confirmed(&site, "jane@example.org").await;
    let manage = link(Purpose::Manage, mine.reader.0, None);
    let targets = [
        "/subscribe".to_string(),
        manage.clone(),
        link(Purpose::Confirm, mine.id.0, None),
        link(Purpose::Unsubscribe, mine.id.0, None),
        "/mail/manage/1-0-00".to_string(),
    ];
    for target in &targets {
        let answer = site.get(target).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{target}");
        assert_eq!(answer.header("etag"), "", "{target}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("form-action 'self'"),
            "{target}"
        );
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{target}");
        assert!(
            answer
                .text()
                .contains("name=\"robots\" content=\"noindex\"")
                || target == "/subscribe"
        );
    }
    // A change is seen at once, and a page of before is not served should the database fail.
    assert!(site.page(&manage).await.contains("attention"));
    site.store.end_subscription(mine.id, now()).await.unwrap();
    assert!(!site.page(&manage).await.contains("attention"));
    let answer = site.post("/subscribe", "192.0.2.1", "address=x").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    site.store.close().await;
    assert_eq!(
        site.get(&manage).await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn switched_off_it_says_so() {
    let off = TestSite::empty().await;
    let page = off.page("/subscribe").await;
    check("mail-off", &page);
    let posted = off
        .post(
            "/subscribe",
            "192.0.2.1",
            &format!("address=jane%40example.org&{FORM}"),
        )
        .await;
    assert_eq!(posted.status, StatusCode::NOT_FOUND);
    assert!(posted.text().contains("Mail is switched off"));
    assert_eq!(
        off.get("/mail/unsubscribe/1-0-00").await.status,
        StatusCode::NOT_FOUND
    );
    // Switched off after it was on: nobody new, but links in older mails still end subscriptions.
    let site = TestSite::with_mail(Desk::new(false, keys())).await;
    assert!(site.page("/subscribe").await.contains("switched off"));
    assert_eq!(
        subscribe(&site, "jane@example.org").await.status,
        StatusCode::NOT_FOUND
    );
    let link = link(Purpose::Unsubscribe, 1, None);
    assert_eq!(
        site.post(&link, "192.0.2.1", "").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_body_of_any_size_is_bounded() {
    let site = site().await;
    let form = format!(
        "address=jane%40example.org&{FORM}&padding={}",
        "x".repeat(70_000)
    );
    let answer = site.post("/subscribe", "192.0.2.1", &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let many = format!("{}address=jane%40example.org&{FORM}", "x=y&".repeat(1000));
    let answer = site.post("/subscribe", "192.0.2.1", &many).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn whoever_runs_the_site_sees_what_waits() {
    let site = TestSite::with_accounts().await;
    let boss = site.sign_in_as("boss", Role::Admin).await;
    let reader = site.sign_in("jane").await;
    let refused = site.get_as(&reader, "/admin/mail").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    subscribe(&site, "john@example.org").await;
    let jane = MailAddress::parse("jane@example.org").unwrap();
    let suppressed = site
        .store
        .suppress(&jane, Why::Operator, "asked <us>", now());
    suppressed.await.unwrap();
    let page = site.get_as(&boss, "/admin/mail").await.text();
    assert!(page.contains("Letter 1, confirm"), "{page}");
    assert!(
        page.contains("jane@example.org") && page.contains("asked &#60;us&#62;"),
        "{page}"
    );
    // Who reads is nobody's business.
    assert!(!page.contains("john@example.org"), "{page}");
    let form = "allow=jane%40example.org";
    let allowed = site.post_as(&boss, "/admin/mail", form).await;
    assert_eq!(allowed.status, StatusCode::SEE_OTHER);
    assert_eq!(site.store.suppression(&jane).await.unwrap(), None);
    let again = site.post_as(&boss, "/admin/mail", form).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}
