//! Mail: who is asked, what is new to whom, and letters that are taken once and never lost.

use domain::account::{Role, UserName};
use domain::address::MailAddress;
use domain::ids::PaperId;
use domain::subscription::{Days, Rhythm, Schedule, Scope, State, Subscription, Topic, Wish};
use jiff::{SignedDuration, Timestamp};
use store::talk::FollowKind;
use store::testing::TestStore;
use store::{
    About, Asked, Draft, Join, Lane, Letter, LetterKind, LetterState, MailBounds, NewUser,
    REFUSALS_MAX, Store, Why,
};

use crate::helpers::*;

on_both_engines!(
    a_subscription_waits_for_a_yes,
    a_yes_comes_in_time_or_not_at_all,
    an_address_is_not_bombed,
    nobody_learns_who_is_known,
    everybody_together_is_bounded,
    wishes_change_pause_and_end,
    a_reader_is_forgotten,
    what_is_gone_is_cleared_away,
    the_secret_is_made_once,
    suppressed_addresses_get_nothing,
    refusals_count_by_day,
    a_second_complaint_is_the_last,
    a_digest_of_follows_is_about_what_its_reader_follows_now,
);

pub(crate) const LEASE: SignedDuration = SignedDuration::from_mins(20);
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);
const BOUNDS: MailBounds = MailBounds {
    subscriptions: 3,
    letters_a_day: 3,
    letters_an_hour: 40,
    patience: PATIENCE,
};

pub(crate) fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

pub(crate) fn wish(scope: Scope) -> Wish {
    Wish {
        scope,
        schedule: Schedule::new(Rhythm::Daily, Days::WEEKDAYS, 7, "Europe/Berlin").unwrap(),
        papers_max: 20,
        say_nothing: false,
    }
}

pub(crate) fn query(text: &str) -> Wish {
    wish(Scope::query(text).unwrap())
}

async fn ask(store: &Store, who: &str, wish: &Wish) -> Asked {
    let asked = store
        .ask_for_mail(&address(who), Some(wish), BOUNDS, now())
        .await;
    asked.unwrap()
}

/// A running subscription whose letter is due now.
pub(crate) async fn subscribed(store: &Store, who: &str, wish: &Wish) -> Subscription {
    let since = day("2026-11-22");
    let id = store
        .add_subscription(&address(who), wish, now(), since, now())
        .await
        .unwrap();
    store.subscription(id.unwrap()).await.unwrap().unwrap()
}

/// Papers of today's list.
pub(crate) async fn todays(store: &Store, numbers: &[&str]) -> Vec<PaperId> {
    let records = numbers.iter().map(|n| arxiv(n, "2026-11-23", &["cs.CL"]));
    absorb(store, &papers(records)).await;
    let mut found = Vec::new();
    for number in numbers {
        found.push(paper(store, number).await.id);
    }
    found
}

pub(crate) fn draft(subscription: &Subscription, edition: i64, papers: &[PaperId]) -> Draft {
    Draft {
        slot: now(),
        subscription: subscription.clone(),
        next_at: subscription.wish.schedule.next_after(now()),
        edition,
        papers: papers.to_vec(),
        found: papers.len() as u32,
        coverage: "{}".into(),
        letter: true,
    }
}

pub(crate) async fn take(store: &Store, when: Timestamp) -> Vec<Letter> {
    let lane = async |lane| store.take_letters(lane, when, LEASE, 100).await.unwrap();
    let mut letters = lane(Lane::Asked).await;
    letters.extend(lane(Lane::Digests).await);
    letters.sort_by_key(|letter| letter.id);
    letters
}

async fn a_subscription_waits_for_a_yes(store: TestStore) {
    let asked = ask(&store, "Jane@Example.org", &query("attention")).await;
    assert_eq!(asked, Asked::Letter(LetterKind::Confirm));
    let jane = store
        .subscriber_at(&address("jane@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(jane.reader.address.as_str(), "Jane@example.org");
    let pending = &jane.subscriptions[0];
    assert_eq!((pending.state, pending.next_at), (State::Pending, None));
    assert_eq!(pending.wish, query("attention"));
    let letters = take(&store, now()).await;
    assert_eq!(
        (letters.len(), letters[0].kind, letters[0].subscription),
        (1, LetterKind::Confirm, Some(pending.id))
    );
    // The same again asks the same question and makes no second subscription.
    ask(&store, "jane@example.org", &query("attention")).await;
    let next = at("2026-11-24T06:00:00Z");
    let yes = store
        .confirm_subscription(pending.id, PATIENCE, next, day("2026-11-22"), now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (yes.state, yes.next_at, yes.since),
        (State::Active, Some(next), day("2026-11-22"))
    );
    // Saying yes again later moves nothing.
    let later = at("2026-11-30");
    let again = store
        .confirm_subscription(pending.id, PATIENCE, later, day("2026-11-30"), later)
        .await
        .unwrap();
    assert_eq!(again, Some(yes));
    let jane = store.subscriber(jane.reader.id).await.unwrap().unwrap();
    assert_eq!(jane.subscriptions.len(), 1);
    // Who asks for what they have is sent the way to change it.
    assert_eq!(
        ask(&store, "jane@example.org", &query("attention")).await,
        Asked::Letter(LetterKind::Manage)
    );
}

async fn a_yes_comes_in_time_or_not_at_all(store: TestStore) {
    ask(&store, "jane@example.org", &query("attention")).await;
    let jane = store
        .subscriber_at(&address("jane@example.org"))
        .await
        .unwrap()
        .unwrap();
    let id = jane.subscriptions[0].id;
    let late = now() + PATIENCE;
    let next = at("2026-12-01");
    assert_eq!(
        store
            .confirm_subscription(id, PATIENCE, next, day("2026-11-25"), late)
            .await
            .unwrap(),
        None
    );
    store
        .tidy_mail(PATIENCE, late + SignedDuration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(store.subscription(id).await.unwrap(), None);
}

async fn an_address_is_not_bombed(store: TestStore) {
    let mut letters = 0;
    for n in 0..1000 {
        let asked = ask(&store, "victim@example.org", &query(&format!("word{n}"))).await;
        letters += u32::from(matches!(asked, Asked::Letter(_)));
        if n >= 3 {
            assert_eq!(asked, Asked::Enough);
        }
    }
    assert_eq!(letters, BOUNDS.letters_a_day);
    assert_eq!(take(&store, now()).await.len(), 3);
    let victim = store
        .subscriber_at(&address("victim@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(victim.subscriptions.len(), 3);
    // A day later there is room again.
    let tomorrow = now() + SignedDuration::from_hours(24);
    let asked = store
        .ask_for_mail(
            &address("victim@example.org"),
            Some(&query("x")),
            BOUNDS,
            tomorrow,
        )
        .await;
    assert_eq!(asked.unwrap(), Asked::Letter(LetterKind::Confirm));
}

async fn nobody_learns_who_is_known(store: TestStore) {
    let asked = store
        .ask_for_mail(&address("nobody@example.org"), None, BOUNDS, now())
        .await;
    assert_eq!(asked.unwrap(), Asked::Unknown);
    // Nothing is written down of an address that only somebody else has typed.
    assert_eq!(
        store
            .subscriber_at(&address("nobody@example.org"))
            .await
            .unwrap(),
        None
    );
    ask(&store, "jane@example.org", &query("a")).await;
    let asked = store
        .ask_for_mail(&address("jane@example.org"), None, BOUNDS, now())
        .await;
    assert_eq!(
        asked.unwrap(),
        Asked::Unknown,
        "nothing to manage before a yes"
    );
    subscribed(&store, "john@example.org", &query("a")).await;
    let asked = store
        .ask_for_mail(&address("john@example.org"), None, BOUNDS, now())
        .await;
    assert_eq!(asked.unwrap(), Asked::Letter(LetterKind::Manage));
    for text in ["b", "c"] {
        subscribed(&store, "john@example.org", &query(text)).await;
    }
    // Beyond the bound the letter brings the way to make room.
    assert_eq!(
        ask(&store, "john@example.org", &query("d")).await,
        Asked::Letter(LetterKind::Manage)
    );
}

async fn everybody_together_is_bounded(store: TestStore) {
    for n in 0..BOUNDS.letters_an_hour {
        let asked = ask(&store, &format!("reader{n}@example.org"), &query("a")).await;
        assert_eq!(asked, Asked::Letter(LetterKind::Confirm));
    }
    assert_eq!(
        ask(&store, "late@example.org", &query("a")).await,
        Asked::Busy
    );
    let later = now() + SignedDuration::from_hours(1);
    let asked = store
        .ask_for_mail(
            &address("late@example.org"),
            Some(&query("a")),
            BOUNDS,
            later,
        )
        .await;
    assert_eq!(asked.unwrap(), Asked::Letter(LetterKind::Confirm));
}

async fn wishes_change_pause_and_end(store: TestStore) {
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    let other = subscribed(&store, "john@example.org", &query("a")).await;
    let weekly = Wish {
        schedule: Schedule::new(
            Rhythm::Weekly,
            Days::of([jiff::civil::Weekday::Friday]),
            9,
            "UTC",
        )
        .unwrap(),
        say_nothing: true,
        papers_max: 5,
        ..wish(Scope::categories("cs.CL cs.LG").unwrap())
    };
    let next = at("2026-11-27T09:00:00Z");
    let since = day("2026-11-20");
    let changed = store
        .change_subscription(mine.id, mine.reader, &weekly, next, since, now())
        .await;
    assert!(changed.unwrap());
    let now_mine = store.subscription(mine.id).await.unwrap().unwrap();
    assert_eq!(
        (&now_mine.wish, now_mine.next_at, now_mine.since),
        (&weekly, Some(next), since)
    );
    // Another reader's is out of reach.
    let foreign = store
        .change_subscription(other.id, mine.reader, &weekly, next, since, now())
        .await;
    assert!(!foreign.unwrap());
    assert!(
        !store
            .pause_subscription(other.id, mine.reader, None, since, now())
            .await
            .unwrap()
    );
    assert!(
        store
            .pause_subscription(mine.id, mine.reader, None, since, now())
            .await
            .unwrap()
    );
    let paused = store.subscription(mine.id).await.unwrap().unwrap();
    assert_eq!((paused.state, paused.next_at), (State::Paused, None));
    // A change of what is paused does not set it going.
    store
        .change_subscription(mine.id, mine.reader, &query("b"), next, since, now())
        .await
        .unwrap();
    assert_eq!(
        store.subscription(mine.id).await.unwrap().unwrap().next_at,
        None
    );
    assert!(
        store
            .pause_subscription(mine.id, mine.reader, Some(next), since, now())
            .await
            .unwrap()
    );
    assert_eq!(
        store.subscription(mine.id).await.unwrap().unwrap().next_at,
        Some(next)
    );
    assert!(store.end_subscription(mine.id, now()).await.unwrap());
    assert!(!store.end_subscription(mine.id, now()).await.unwrap());
    let totals = store.mail_totals().await.unwrap();
    assert_eq!((totals.active, totals.paused), (1, 0));
    // Numbers are not given out again: an old link never reaches a new subscription.
    let newer = subscribed(&store, "jane@example.org", &query("c")).await;
    assert!(newer.id > mine.id && newer.id > other.id);
}

async fn a_reader_is_forgotten(store: TestStore) {
    let found = todays(&store, &["2611.00001"]).await;
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 1, &found)], now())
        .await
        .unwrap();
    assert!(store.forget_reader(mine.reader).await.unwrap());
    assert!(!store.forget_reader(mine.reader).await.unwrap());
    assert_eq!(
        store
            .subscriber_at(&address("jane@example.org"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(take(&store, now()).await, []);
    assert!(
        store
            .sent_to(mine.reader, found[0])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn what_is_gone_is_cleared_away(store: TestStore) {
    let found = todays(&store, &["2611.00001"]).await;
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 1, &found)], now())
        .await
        .unwrap();
    let letter = take(&store, now()).await.remove(0);
    store
        .settle(&letter, LetterState::Sent, "", now())
        .await
        .unwrap();
    store.end_subscription(mine.id, now()).await.unwrap();
    let days = |n: i64| now() + SignedDuration::from_hours(n * 24);
    // Who comes back within a month is still known to have had the paper.
    store.tidy_mail(PATIENCE, days(29)).await.unwrap();
    assert_eq!(store.sent_to(mine.reader, found[0]).await.unwrap().len(), 1);
    assert!(store.letter(letter.id).await.unwrap().is_some());
    store.tidy_mail(PATIENCE, days(31)).await.unwrap();
    assert_eq!(store.subscriber(mine.reader).await.unwrap(), None);
    assert!(
        store
            .sent_to(mine.reader, found[0])
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.letter(letter.id).await.unwrap().is_none());
}

async fn the_secret_is_made_once(store: TestStore) {
    let other = store.open_again().await;
    let (first, second) = tokio::join!(store.mail_secret("aa"), other.mail_secret("bb"));
    assert_eq!(first.unwrap(), second.unwrap());
    other.close().await;
}

async fn suppressed_addresses_get_nothing(store: TestStore) {
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    let due = async || {
        store
            .due_subscriptions(now(), None, 10)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(due().await, 1);
    store
        .suppress(
            &address("JANE@example.org"),
            Why::Operator,
            "asked by phone",
            now(),
        )
        .await
        .unwrap();
    assert_eq!(due().await, 0);
    assert_eq!(
        ask(&store, "jane@example.org", &query("b")).await,
        Asked::Suppressed
    );
    let added = store
        .add_subscription(
            &address("jane@example.org"),
            &query("b"),
            now(),
            day("2026-11-22"),
            now(),
        )
        .await;
    assert_eq!(added.unwrap(), None);
    // A letter on its way is known to be unwanted when it is written.
    store.compose(&[draft(&mine, 1, &[])], now()).await.unwrap();
    let letter = take(&store, now()).await.remove(0);
    assert!(store.addressed(&letter).await.unwrap().unwrap().suppressed);
    let listed = store.suppressions("", 10).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].address_key.as_str(), listed[0].why),
        (1, "jane@example.org", Why::Operator)
    );
    // The first reason stands; forgetting the reader does not lift it.
    store
        .suppress(&address("jane@example.org"), Why::Bounce, "", now())
        .await
        .unwrap();
    store.forget_reader(mine.reader).await.unwrap();
    assert_eq!(
        ask(&store, "jane@example.org", &query("b")).await,
        Asked::Suppressed
    );
    assert!(
        store
            .unsuppress(&address("jane@example.org"), now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .unsuppress(&address("jane@example.org"), now())
            .await
            .unwrap()
    );
    assert_eq!(
        ask(&store, "jane@example.org", &query("b")).await,
        Asked::Letter(LetterKind::Confirm)
    );
}

async fn refusals_count_by_day(store: TestStore) {
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    let refuse = async |day: i64, hour: i64| {
        let when = now() + SignedDuration::from_hours(day * 24 + hour);
        let counted = store
            .count_refusal(mine.reader, "550 5.1.1 no such user", when)
            .await;
        let counted = counted.unwrap().unwrap();
        (counted.refusals, counted.suppressed)
    };
    assert_eq!(refuse(0, 0).await, (1, false));
    assert_eq!(refuse(0, 3).await, (1, false), "the same day");
    assert_eq!(refuse(1, 0).await, (2, false));
    assert_eq!(refuse(40, 0).await, (1, false), "long forgotten");
    assert_eq!(refuse(41, 0).await, (2, false));
    assert_eq!(refuse(48, 0).await, (REFUSALS_MAX, true));
    let why = store
        .suppression(&address("jane@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (why.why, why.note.as_str()),
        (Why::Bounce, "550 5.1.1 no such user")
    );
    store
        .unsuppress(&address("jane@example.org"), now())
        .await
        .unwrap();
    assert_eq!(refuse(49, 0).await, (1, false), "forgiven");
    store.forget_reader(mine.reader).await.unwrap();
    assert_eq!(
        store.count_refusal(mine.reader, "", now()).await.unwrap(),
        None
    );
}

async fn a_second_complaint_is_the_last(store: TestStore) {
    let first = subscribed(&store, "jane@example.org", &query("a")).await;
    let second = subscribed(&store, "jane@example.org", &query("b")).await;
    let complain = async |of: &Subscription| {
        store
            .count_complaint(of.reader, Some(of.id), "abuse", now())
            .await
            .unwrap()
    };
    assert_eq!(complain(&first).await, Some(false));
    assert_eq!(store.subscription(first.id).await.unwrap(), None);
    assert!(
        store.subscription(second.id).await.unwrap().is_some(),
        "the other list goes on"
    );
    assert_eq!(complain(&second).await, Some(true));
    let why = store
        .suppression(&address("jane@example.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(why.why, Why::Complaint);
}

async fn a_digest_of_follows_is_about_what_its_reader_follows_now(store: TestStore) {
    let jane = address("jane@example.org");
    let name = UserName::parse("jane").unwrap();
    let subscription = subscribed(&store, "jane@example.org", &wish(Scope::Follows)).await;
    let about = async || store.about(&subscription).await.unwrap();
    assert_eq!(about().await, About::Topics(Vec::new()));
    let new = NewUser {
        name: &name,
        address: Some(&jane),
        password: None,
        role: Role::Reader,
    };
    let Join::Joined(account) = store.add_user(&new, now()).await.unwrap() else {
        panic!("a free name");
    };
    for (kind, value) in [
        (FollowKind::Category, "cs.CL"),
        (FollowKind::Author, "ana-garcia"),
        (FollowKind::Query, "state space"),
    ] {
        store
            .follow(account, kind, value, true, now())
            .await
            .unwrap()
            .unwrap();
    }
    let expected = [
        Topic::Author("ana garcia".to_string()),
        Topic::Category("cs.CL".to_string()),
        Topic::Query("state space".to_string()),
    ];
    assert_eq!(about().await, About::Topics(expected.to_vec()));
}
