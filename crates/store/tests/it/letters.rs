//! Letters: what is new to whom, taken once, never lost.

use domain::record::{Item, Record, Source};
use domain::subscription::{Scope, Topic};
use jiff::SignedDuration;
use store::testing::TestStore;
use store::{About, Asked, Draft, Lane, LetterKind, LetterState, NoteBounds, Store};

use crate::helpers::*;
use crate::mail::{LEASE, address, draft, query, subscribed, take, todays, wish};

on_both_engines!(
    late_papers_are_new_and_newer_versions_are_not,
    a_slot_makes_one_letter,
    a_paper_is_sent_once,
    letters_are_taken_by_one,
    a_lease_that_ended_hands_nothing_over,
    what_was_not_sent_is_new_again,
    what_was_refused_or_ended_is_new_again,
    what_may_have_been_sent_is_not_dropped,
    united_papers_stay_sent,
    who_waits_goes_first,
    notes_are_bounded_and_forgotten,
    what_a_subscription_is_about,
);

async fn new_to(store: &Store, after: i64) -> Vec<u32> {
    let edition = store
        .note_listings(day("2026-09-01"), day("2026-11-23"))
        .await
        .unwrap();
    let found = store
        .candidates(after, Some(edition), day("2026-11-20"), day("2026-11-23"))
        .await;
    found.unwrap().into_iter().map(|c| c.paper.0).collect()
}

async fn late_papers_are_new_and_newer_versions_are_not(store: TestStore) {
    let first = todays(&store, &["2611.00001", "2611.00002"]).await;
    assert_eq!(new_to(&store, -1).await, [2, 1]);
    let seen = store
        .note_listings(day("2026-09-01"), day("2026-11-23"))
        .await
        .unwrap();
    assert_eq!(new_to(&store, seen).await, [0u32; 0]);
    // A newer version, votes, another category: the paper stands on the same list, so it is not new.
    let mut newer = arxiv("2611.00001", "2026-11-23", &["cs.CL", "cs.LG"]);
    newer.title = "The same with a better title".into();
    newer.times.updated = Some(at("2026-11-23T07:00:00Z"));
    absorb(&store, &papers([newer])).await;
    absorb(
        &store,
        &[upvotes("2611.00002", &[("2026-11-23T07:30:00Z", Some(9))])],
    )
    .await;
    assert_eq!(new_to(&store, seen).await, [0u32; 0]);
    // One that arrives late for Friday's list is new, and one that comes to stand on another day's list is again.
    absorb(
        &store,
        &papers([arxiv("2611.00003", "2026-11-20", &["cs.CL"])]),
    )
    .await;
    let mut featured: Record = record(
        Source::DailyPapers,
        &["2611.00003"],
        "What the paper 2611.00003 is about",
    );
    featured.times.featured = Some(at("2026-11-23"));
    assert_eq!(new_to(&store, seen).await, [3]);
    let seen = store
        .note_listings(day("2026-09-01"), day("2026-11-23"))
        .await
        .unwrap();
    absorb(&store, &[Item::Paper(Box::new(featured))]).await;
    assert_eq!(new_to(&store, seen).await, [3]);
    // Old papers and those of tomorrow are not.
    let seen = store
        .note_listings(day("2026-09-01"), day("2026-11-23"))
        .await
        .unwrap();
    absorb(
        &store,
        &papers([
            arxiv("2401.00001", "2024-01-02", &["cs.CL"]),
            arxiv("2611.00009", "2026-11-24", &["cs.CL"]),
        ]),
    )
    .await;
    assert_eq!(new_to(&store, seen).await, [0u32; 0]);
    let unnoted = store
        .candidates(seen, None, day("2026-11-20"), day("2026-11-24"))
        .await
        .unwrap();
    assert_eq!(
        unnoted.len(),
        1,
        "what no edition has noted yet counts for a preview"
    );
    assert_eq!(unnoted[0].categories, ["cs.CL"]);
    assert_eq!(first.len(), 2);
}

async fn a_slot_makes_one_letter(store: TestStore) {
    let found = todays(&store, &["2611.00001", "2611.00002"]).await;
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    let other = store.open_again().await;
    let drafts = [draft(&mine, 1, &found)];
    let (one, two) = tokio::join!(store.compose(&drafts, now()), other.compose(&drafts, now()));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    let letters = take(&store, now()).await;
    assert_eq!(letters.len(), 1);
    let addressed = store.addressed(&letters[0]).await.unwrap().unwrap();
    assert_eq!((addressed.papers, addressed.suppressed), (found, false));
    let moved = addressed.subscription.unwrap();
    assert_eq!(
        (moved.edition, moved.next_at),
        (1, Some(at("2026-11-24T06:00:00Z")))
    );
    assert_eq!(store.due_subscriptions(now(), None, 10).await.unwrap(), []);
    // A slot without anything to say makes no letter and is over all the same.
    let quiet = subscribed(&store, "john@example.org", &query("a")).await;
    let silent = Draft {
        letter: false,
        ..draft(&quiet, 1, &[])
    };
    assert_eq!(store.compose(&[silent], now()).await.unwrap(), 0);
    assert_eq!(store.due_subscriptions(now(), None, 10).await.unwrap(), []);
    other.close().await;
}

async fn a_paper_is_sent_once(store: TestStore) {
    let found = todays(&store, &["2611.00001", "2611.00002", "2611.00003"]).await;
    let a = subscribed(&store, "jane@example.org", &query("a")).await;
    let b = subscribed(&store, "jane@example.org", &query("b")).await;
    let drafts = [draft(&a, 1, &found[..2]), draft(&b, 1, &found)];
    assert_eq!(store.compose(&drafts, now()).await.unwrap(), 2);
    let letters = take(&store, now()).await;
    let second = store.addressed(&letters[1]).await.unwrap().unwrap();
    assert_eq!(
        second.papers,
        [found[2]],
        "two subscriptions of one reader do not bring a paper twice"
    );
    assert_eq!(store.sent_to(a.reader, found[0]).await.unwrap().len(), 3);
}

async fn letters_are_taken_by_one(store: TestStore) {
    for n in 0..30 {
        let mine = subscribed(&store, &format!("reader{n}@example.org"), &query("a")).await;
        store.compose(&[draft(&mine, 1, &[])], now()).await.unwrap();
    }
    let other = store.open_again().await;
    let drain = async |store: &Store| {
        let mut ids = Vec::new();
        loop {
            let letters = store
                .take_letters(Lane::Digests, now(), LEASE, 4)
                .await
                .unwrap();
            if letters.is_empty() {
                return ids;
            }
            ids.extend(letters.into_iter().map(|letter| letter.id.0));
        }
    };
    let (mut ids, more) = tokio::join!(drain(&store), drain(&other));
    ids.extend(more);
    ids.sort_unstable();
    assert_eq!(ids, (1..=30).collect::<Vec<_>>());
    other.close().await;
}

async fn a_lease_that_ended_hands_nothing_over(store: TestStore) {
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store.compose(&[draft(&mine, 1, &[])], now()).await.unwrap();
    let first = take(&store, now()).await.remove(0);
    assert_eq!(take(&store, now()).await, []);
    let later = now() + LEASE;
    assert!(!store.hand_over(&first, later, LEASE).await.unwrap());
    let second = take(&store, later).await.remove(0);
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(!store.hand_over(&first, later, LEASE).await.unwrap());
    assert!(
        !store
            .settle(&first, LetterState::Sent, "", later)
            .await
            .unwrap()
    );
    assert!(store.hand_over(&second, later, LEASE).await.unwrap());
    assert!(
        store
            .settle(&second, LetterState::Sent, "", later)
            .await
            .unwrap()
    );
    assert!(
        !store.hand_over(&second, later, LEASE).await.unwrap(),
        "settled for good"
    );
    assert_eq!(take(&store, at("2027-01-01")).await, []);
    // What was only taken can be given back, by its taker or by who knows that they are dead.
    let other = subscribed(&store, "john@example.org", &query("a")).await;
    store
        .compose(&[draft(&other, 1, &[])], now())
        .await
        .unwrap();
    let third = take(&store, now()).await.remove(0);
    store.give_back(&third).await.unwrap();
    assert_eq!(take(&store, now()).await.len(), 1);
    store.end_leases().await.unwrap();
    assert_eq!(take(&store, now()).await.len(), 1);
}

async fn what_was_not_sent_is_new_again(store: TestStore) {
    let found = todays(&store, &["2611.00001", "2611.00002"]).await;
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 7, &found)], now())
        .await
        .unwrap();
    let letter = take(&store, now()).await.remove(0);
    // Put off before the text was handed over: it waits, and may still be dropped.
    let until = now() + SignedDuration::from_mins(5);
    assert!(store.hand_over(&letter, now(), LEASE).await.unwrap());
    assert!(
        store
            .postpone(&letter, until, true, "450 later")
            .await
            .unwrap()
    );
    assert_eq!(take(&store, now()).await, []);
    let again = take(&store, until).await.remove(0);
    assert_eq!(
        (again.state, again.refusals, again.last_error.as_str()),
        (LetterState::Waiting, 1, "450 later")
    );
    store.give_back(&again).await.unwrap();
    assert!(store.drop_unsent(mine.id, until).await.unwrap());
    assert!(
        store
            .sent_to(mine.reader, found[0])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.subscription(mine.id).await.unwrap().unwrap().edition,
        -1
    );
    assert_eq!(
        store.letter(letter.id).await.unwrap().unwrap().state,
        LetterState::Dropped
    );
    assert_eq!(take(&store, at("2027-01-01")).await, []);
}

async fn what_was_refused_or_ended_is_new_again(store: TestStore) {
    let found = todays(&store, &["2611.00001", "2611.00002"]).await;
    let mine = subscribed(&store, "jill@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 7, &found)], now())
        .await
        .unwrap();
    let letter = take(&store, now()).await.remove(0);
    store
        .settle(&letter, LetterState::Refused, "550", now())
        .await
        .unwrap();
    assert!(
        store
            .sent_to(mine.reader, found[0])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.subscription(mine.id).await.unwrap().unwrap().edition,
        -1
    );
    // A subscription that ends takes what was not sent with it.
    let mine = subscribed(&store, "jack@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 7, &found)], now())
        .await
        .unwrap();
    store.end_subscription(mine.id, now()).await.unwrap();
    assert_eq!(take(&store, now()).await, []);
    assert!(
        store
            .sent_to(mine.reader, found[0])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_may_have_been_sent_is_not_dropped(store: TestStore) {
    let found = todays(&store, &["2611.00001"]).await;
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store
        .compose(&[draft(&mine, 7, &found)], now())
        .await
        .unwrap();
    let letter = take(&store, now()).await.remove(0);
    assert!(
        !store.drop_unsent(mine.id, now()).await.unwrap(),
        "somebody has it in hand"
    );
    assert!(store.hand_over(&letter, now(), LEASE).await.unwrap());
    // The taker dies here.
    let later = now() + LEASE + LEASE;
    assert!(!store.drop_unsent(mine.id, later).await.unwrap());
    let again = take(&store, later).await.remove(0);
    assert_eq!((again.id, again.state), (letter.id, LetterState::Handing));
    // Once a server may have it, no later refusal makes it unsent.
    assert!(store.postpone(&again, later, true, "450").await.unwrap());
    let again = take(&store, later).await.remove(0);
    assert_eq!(again.state, LetterState::Handing);
    store
        .settle(&again, LetterState::Failed, "554", later)
        .await
        .unwrap();
    assert_eq!(store.sent_to(mine.reader, found[0]).await.unwrap().len(), 1);
    assert_eq!(
        store.subscription(mine.id).await.unwrap().unwrap().edition,
        7
    );
    assert!(store.drop_unsent(mine.id, later).await.unwrap());
}

async fn united_papers_stay_sent(store: TestStore) {
    let mut by_doi = record(
        Source::Bibliography,
        &["10.1000/x"],
        "One paper under two ids",
    );
    by_doi.times.submitted = Some(at("2026-11-23"));
    let mut by_arxiv = record(
        Source::ArxivOai,
        &["2611.00001"],
        "Quite another title as it seems",
    );
    by_arxiv.times.submitted = Some(at("2026-11-23"));
    absorb(&store, &papers([by_doi, by_arxiv])).await;
    let (a, b) = (
        paper(&store, "10.1000/x").await.id,
        paper(&store, "2611.00001").await.id,
    );
    assert_ne!(a, b);
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    let edition = store
        .note_listings(day("2026-09-01"), day("2026-11-23"))
        .await
        .unwrap();
    store
        .compose(&[draft(&mine, edition, &[a])], now())
        .await
        .unwrap();
    let yours = subscribed(&store, "john@example.org", &query("a")).await;
    store
        .compose(&[draft(&yours, edition, &[a, b])], now())
        .await
        .unwrap();
    let both = record(
        Source::ArxivOai,
        &["2611.00001", "10.1000/x"],
        "Quite another title as it seems",
    );
    absorb(&store, &papers([both])).await;
    let kept = paper(&store, "10.1000/x").await.id;
    assert_eq!(paper(&store, "2611.00001").await.id, kept);
    for reader in [mine.reader, yours.reader] {
        assert_eq!(store.sent_to(reader, kept).await.unwrap().len(), 1);
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

const NOTES: NoteBounds = NoteBounds {
    a_day: 2,
    an_hour: 3,
};

async fn who_waits_goes_first(store: TestStore) {
    for n in 0..20 {
        let mine = subscribed(&store, &format!("reader{n}@example.org"), &query("a")).await;
        store.compose(&[draft(&mine, 1, &[])], now()).await.unwrap();
    }
    let jane = address("jane@example.org");
    let later = now() + SignedDuration::from_mins(1);
    store
        .queue_note(&jane, "hello", NOTES, later)
        .await
        .unwrap();
    let waiting = store
        .take_letters(Lane::Asked, later, LEASE, 8)
        .await
        .unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].kind, waiting[0].content.as_str()),
        (LetterKind::Note, "hello")
    );
    let digests = store
        .take_letters(Lane::Digests, later, LEASE, 100)
        .await
        .unwrap();
    assert_eq!(digests.len(), 20);
    assert!(digests.iter().all(|l| l.kind == LetterKind::Digest));
}

async fn notes_are_bounded_and_forgotten(store: TestStore) {
    let (jane, john) = (address("jane@example.org"), address("john@example.org"));
    let ask = async |who, when| store.queue_note(who, "secret", NOTES, when).await.unwrap();
    let letter = Asked::Letter(LetterKind::Note);
    assert_eq!(ask(&jane, now()).await, letter);
    assert_eq!(ask(&jane, now()).await, letter);
    assert_eq!(ask(&jane, now()).await, Asked::Enough);
    assert_eq!(ask(&john, now()).await, letter);
    assert_eq!(ask(&john, now()).await, Asked::Busy);
    let later = now() + SignedDuration::from_hours(2);
    assert_eq!(ask(&john, later).await, letter);
    assert_eq!(ask(&jane, later).await, Asked::Enough);
    let tomorrow = now() + SignedDuration::from_hours(25);
    assert_eq!(ask(&jane, tomorrow).await, letter);

    let taken = take(&store, now()).await;
    assert_eq!(taken.len(), 3);
    for (taken, state) in
        taken
            .iter()
            .zip([LetterState::Sent, LetterState::Failed, LetterState::Dropped])
    {
        assert!(store.settle(taken, state, "", now()).await.unwrap());
        let settled = store.letter(taken.id).await.unwrap().unwrap();
        assert_eq!((settled.state, settled.content.as_str()), (state, ""));
    }
    // What a digest says of the sources is no secret and stays.
    let mine = subscribed(&store, "jane@example.org", &query("a")).await;
    store.compose(&[draft(&mine, 1, &[])], now()).await.unwrap();
    let digest = &take(&store, now()).await[0];
    store
        .settle(digest, LetterState::Sent, "", now())
        .await
        .unwrap();
    let settled = store.letter(digest.id).await.unwrap().unwrap();
    assert_eq!(settled.content, "{}");
    store
        .suppress(&john, store::Why::Operator, "", now())
        .await
        .unwrap();
    assert_eq!(ask(&john, tomorrow).await, Asked::Suppressed);
}

async fn what_a_subscription_is_about(store: TestStore) {
    for (who, scope, expected) in [
        ("a@example.org", Scope::All, About::Everything),
        (
            "b@example.org",
            Scope::categories("cs.CL math").unwrap(),
            About::Topics(vec![
                Topic::Category("cs.CL".to_string()),
                Topic::Category("math".to_string()),
            ]),
        ),
        (
            "c@example.org",
            Scope::query("cat:cs.CL x").unwrap(),
            About::Topics(vec![Topic::Query("cat:cs.CL x".to_string())]),
        ),
    ] {
        let mine = subscribed(&store, who, &wish(scope)).await;
        assert_eq!(store.about(&mine).await.unwrap(), expected);
    }
}
