//! Comments: threads, edits, taking back, reports, locks, the log, and who is told.

use domain::account::UserId;
use jiff::ToSpan;
use proptest::prelude::*;
use store::talk::{
    COMMENT_CHARS_MAX, COMMENTS_A_DAY, CommentState, Done, EARLIER_MAX, NOTICES_MAX, NoticeKind,
    Refusal, Verdict,
};
use store::testing::TestStore;
use store::{Slice, Store};

use crate::helpers::*;

on_both_engines!(
    threads_are_in_order_and_as_deep_as_they_may_be,
    texts_are_bounded,
    nobody_answers_what_is_not_there,
    edits_keep_what_was_said,
    what_has_replies_keeps_its_place,
    a_day_has_so_many_comments,
    pages_of_a_thread,
    reports_are_settled_once,
    a_removed_comment_comes_back,
    locked_threads_take_nothing_more,
    everybody_concerned_is_told_once,
    notices_are_bounded_and_read,
    the_log_is_read_in_pages,
);

async fn people(store: &TestStore) -> (UserId, UserId) {
    absorb(
        store,
        &papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]),
    )
    .await;
    (store.person("Jane").await, store.person("Li").await)
}

async fn say(store: &Store, who: UserId, parent: Option<i64>, text: &str) -> Done<i64> {
    let said = store.add_comment(who, row(1), parent, text, now()).await;
    said.unwrap().map(|comment| comment.id)
}

/// The thread in a line: each comment's depth and number, and what became of it.
async fn thread(store: &Store) -> String {
    let page = store.comments(row(1), ALL).await.unwrap();
    let words = page.comments.iter().map(|c| match c.state {
        CommentState::Shown => format!("{}:{}", c.depth, c.id),
        state => format!("{}:{} {}", c.depth, c.id, state.as_str()),
    });
    words.collect::<Vec<_>>().join(", ")
}

async fn threads_are_in_order_and_as_deep_as_they_may_be(store: TestStore) {
    let (jane, li) = people(&store).await;
    assert_eq!(say(&store, jane, None, "one").await, Ok(1));
    assert_eq!(say(&store, li, None, "two").await, Ok(2));
    assert_eq!(say(&store, jane, Some(1), "to one").await, Ok(3));
    assert_eq!(say(&store, jane, Some(2), "to two").await, Ok(4));
    assert_eq!(say(&store, li, Some(1), "to one, later").await, Ok(5));
    assert_eq!(thread(&store).await, "0:1, 1:3, 1:5, 0:2, 1:4");
    let mut last = 4;
    for _ in 0..8 {
        last = say(&store, li, Some(last), "deeper").await.unwrap();
    }
    assert_eq!(
        thread(&store).await,
        "0:1, 1:3, 1:5, 0:2, 1:4, 2:6, 3:7, 4:8, 5:9, 6:10, 6:11, 6:12, 6:13"
    );
    let deepest = store.comment(13).await.unwrap().unwrap();
    assert_eq!(deepest.parent, Some(12));
    assert_eq!(paper(&store, "2305.00001").await.comments, 13);
}

async fn texts_are_bounded(store: TestStore) {
    let (jane, _) = people(&store).await;
    for nothing in ["", " \n\t ", "\u{200b}\u{202e}\u{feff}", "\0"] {
        assert_eq!(say(&store, jane, None, nothing).await, Err(Refusal::Empty));
    }
    let longest = "é".repeat(COMMENT_CHARS_MAX);
    assert_eq!(say(&store, jane, None, &longest).await, Ok(1));
    let longer = format!("{longest}x");
    let refused = say(&store, jane, None, &longer).await;
    assert_eq!(refused, Err(Refusal::TooLong(COMMENT_CHARS_MAX + 1)));
    let megabyte = "a".repeat(1 << 20);
    let refused = say(&store, jane, None, &megabyte).await;
    assert_eq!(refused, Err(Refusal::TooLong(1 << 20)));
    assert_eq!(say(&store, jane, None, "\r\n  a\0b\r\nc  \n").await, Ok(2));
    let kept = store.comment(2).await.unwrap().unwrap();
    assert_eq!(kept.body, "  ab\nc");
}

async fn nobody_answers_what_is_not_there(store: TestStore) {
    let (jane, li) = people(&store).await;
    let another = arxiv("2305.00002", "2023-05-01", &["cs.CL"]);
    absorb(&store, &papers([another])).await;
    assert_eq!(
        say(&store, jane, Some(7), "x").await,
        Err(Refusal::NoComment)
    );
    assert_eq!(say(&store, jane, None, "x").await, Ok(1));
    let elsewhere = store.add_comment(li, row(2), Some(1), "x", now()).await;
    assert_eq!(elsewhere.unwrap(), Err(Refusal::NoComment));
    let nowhere = store.add_comment(li, row(9), None, "x", now()).await;
    assert_eq!(nowhere.unwrap(), Err(Refusal::NoPaper));
}

async fn edits_keep_what_was_said(store: TestStore) {
    let (jane, li) = people(&store).await;
    say(&store, jane, None, "first").await.unwrap();
    let edit = async |who, text: &str, hours: i64| {
        let edited = store
            .edit_comment(who, 1, text, now() + hours.hours())
            .await;
        edited.unwrap().map(|comment| comment.body)
    };
    assert_eq!(edit(li, "mine", 1).await, Err(Refusal::NotYours));
    assert_eq!(edit(jane, " ", 1).await, Err(Refusal::Empty));
    assert_eq!(edit(jane, "second", 1).await, Ok("second".to_string()));
    assert_eq!(edit(jane, "second", 2).await, Ok("second".to_string()));
    assert_eq!(edit(jane, "third", 3).await, Ok("third".to_string()));
    let history = store.comment_history(1).await.unwrap();
    let history: Vec<_> = history.iter().map(|e| (e.at, e.body.as_str())).collect();
    assert_eq!(history, [(now(), "first"), (now() + 1.hour(), "second")]);
    let comment = store.comment(1).await.unwrap().unwrap();
    assert_eq!(
        (comment.at, comment.edited),
        (now(), Some(now() + 3.hours()))
    );
    for n in 3..=EARLIER_MAX {
        edit(jane, &format!("text {n}"), 4).await.unwrap();
    }
    assert_eq!(edit(jane, "one more", 5).await, Err(Refusal::EditedOut));
}

async fn what_has_replies_keeps_its_place(store: TestStore) {
    let (jane, li) = people(&store).await;
    say(&store, jane, None, "one").await.unwrap();
    say(&store, li, Some(1), "answer").await.unwrap();
    say(&store, jane, None, "alone").await.unwrap();
    let delete = async |who, id| {
        store
            .delete_comment(who, id, now())
            .await
            .unwrap()
            .map(|c| c.id)
    };
    assert_eq!(delete(li, 1).await, Err(Refusal::NotYours));
    assert_eq!(delete(jane, 1).await, Ok(1));
    assert_eq!(delete(jane, 1).await, Err(Refusal::NoComment));
    assert_eq!(delete(jane, 3).await, Ok(3));
    assert_eq!(thread(&store).await, "0:1 deleted, 1:2");
    let place = store.comment(1).await.unwrap().unwrap();
    assert_eq!(
        (place.account, place.name, place.body.as_str()),
        (None, None, "")
    );
    assert_eq!(paper(&store, "2305.00001").await.comments, 1);
    assert_eq!(delete(li, 2).await, Ok(2));
    assert_eq!(thread(&store).await, "");
    assert_eq!(paper(&store, "2305.00001").await.comments, 0);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn a_day_has_so_many_comments(store: TestStore) {
    let (jane, li) = people(&store).await;
    for n in 0..COMMENTS_A_DAY {
        say(&store, jane, None, &format!("number {n}"))
            .await
            .unwrap();
    }
    assert_eq!(say(&store, jane, None, "more").await, Err(Refusal::TooMany));
    assert!(say(&store, li, None, "mine").await.is_ok());
    let tomorrow = now() + 25.hours();
    let said = store
        .add_comment(jane, row(1), None, "more", tomorrow)
        .await;
    assert!(said.unwrap().is_ok());
}

async fn pages_of_a_thread(store: TestStore) {
    let (jane, li) = people(&store).await;
    for n in 0..5 {
        say(&store, jane, None, &format!("number {n}"))
            .await
            .unwrap();
    }
    let reply = say(&store, li, Some(2), "answer").await.unwrap();
    let slice = Slice {
        offset: 2,
        limit: 2,
    };
    let page = store.comments(row(1), slice).await.unwrap();
    let ids: Vec<i64> = page.comments.iter().map(|c| c.id).collect();
    assert_eq!((ids, page.total), (vec![6, 3], 6));
    let comment = store.comment(reply).await.unwrap().unwrap();
    assert_eq!(store.comments_before(&comment).await.unwrap(), 2);
}

async fn reports_are_settled_once(store: TestStore) {
    let (jane, li) = people(&store).await;
    let moderator = store.person("Mo").await;
    say(&store, jane, None, "rude").await.unwrap();
    let report = async |who, why: &str| store.report_comment(who, 1, why, now()).await.unwrap();
    assert_eq!(report(li, " ").await, Err(Refusal::NoReason));
    assert_eq!(report(li, &"x".repeat(501)).await, Err(Refusal::NoReason));
    assert_eq!(report(li, "It is\nrude").await, Ok(()));
    assert_eq!(report(li, "Still").await, Err(Refusal::Reported));
    assert_eq!(report(moderator, "I think so too").await, Ok(()));
    let (open, total) = store.open_reports(ALL).await.unwrap();
    assert_eq!((open.len(), total), (2, 2));
    assert_eq!(
        (open[0].by.as_deref(), open[0].reason.as_str()),
        (Some("Li"), "It is rude")
    );
    assert_eq!(
        (open[0].comment.id, open[0].key.as_str()),
        (1, "2305.00001")
    );

    let judge = async |verdict, why: &str| {
        let judged = store.judge_comment(moderator, 1, verdict, why, now()).await;
        judged.unwrap().map(|comment| comment.state)
    };
    assert_eq!(judge(Verdict::Remove, "").await, Err(Refusal::NoReason));
    assert_eq!(
        judge(Verdict::Remove, "An insult").await,
        Ok(CommentState::Removed)
    );
    assert_eq!(
        judge(Verdict::Remove, "Again").await,
        Ok(CommentState::Removed)
    );
    assert_eq!(store.open_reports(ALL).await.unwrap().1, 0);
    assert_eq!(paper(&store, "2305.00001").await.comments, 0);
    assert_eq!(report(jane, "x").await, Err(Refusal::NoComment));
    let log = store.moderation_log(None, 10).await.unwrap();
    let line = &log[0];
    assert_eq!(log.len(), 1);
    assert_eq!(
        (
            line.action.as_str(),
            line.what.as_str(),
            line.reason.as_str()
        ),
        ("comment-removed", "comment 1 on 2305.00001", "An insult")
    );
    assert_eq!(line.moderator.as_deref(), Some("Mo"));
    let notices = store.notices(jane, 10).await.unwrap();
    assert_eq!(notices[0].kind, NoticeKind::Moderation);
    assert!(notices[0].text.ends_with("An insult"));
    assert_eq!(
        store.talk_of(li).await.unwrap().reports[0]
            .outcome
            .as_deref(),
        Some("removed")
    );
}

async fn a_removed_comment_comes_back(store: TestStore) {
    let (jane, li) = people(&store).await;
    say(&store, jane, None, "fine").await.unwrap();
    let judge = async |verdict| {
        let judged = store.judge_comment(li, 1, verdict, "A reason", now()).await;
        judged.unwrap().map(|comment| comment.state)
    };
    assert_eq!(judge(Verdict::Remove).await, Ok(CommentState::Removed));
    let edit = store.edit_comment(jane, 1, "y", now()).await.unwrap();
    assert_eq!(edit.map(|c| c.id), Err(Refusal::NoComment));
    assert_eq!(
        say(&store, jane, Some(1), "x").await,
        Err(Refusal::NoComment)
    );
    assert_eq!(judge(Verdict::Keep).await, Ok(CommentState::Shown));
    assert_eq!(paper(&store, "2305.00001").await.comments, 1);
    assert_eq!(store.comment(1).await.unwrap().unwrap().body, "fine");
    let actions: Vec<String> = store
        .moderation_log(None, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions, ["comment-restored", "comment-removed"]);
    assert_eq!(store.notices(jane, 10).await.unwrap().len(), 1);
    store.delete_comment(jane, 1, now()).await.unwrap().unwrap();
    assert_eq!(judge(Verdict::Keep).await, Err(Refusal::NoComment));
}

async fn locked_threads_take_nothing_more(store: TestStore) {
    let (jane, li) = people(&store).await;
    say(&store, jane, None, "before").await.unwrap();
    let lock = async |on, why: &str| store.lock_thread(li, row(1), on, why, now()).await.unwrap();
    assert_eq!(lock(true, "Enough").await, Ok(true));
    assert_eq!(lock(true, "Enough").await, Ok(false));
    let locked = Refusal::Locked("Enough".to_string());
    assert_eq!(say(&store, jane, None, "after").await, Err(locked.clone()));
    let edit = store.edit_comment(jane, 1, "y", now()).await.unwrap();
    assert_eq!(edit.map(|c| c.id), Err(locked));
    assert_eq!(
        store
            .comments(row(1), ALL)
            .await
            .unwrap()
            .locked
            .unwrap()
            .reason,
        "Enough"
    );
    assert_eq!(lock(false, "Go on").await, Ok(true));
    assert!(say(&store, jane, None, "after").await.is_ok());
    let nowhere = store.lock_thread(li, row(9), true, "x", now()).await;
    assert_eq!(nowhere.unwrap(), Err(Refusal::NoPaper));
}

async fn everybody_concerned_is_told_once(store: TestStore) {
    let (jane, li) = people(&store).await;
    let (bo, cy) = (store.person("Bo").await, store.person("Cy").await);
    for who in [jane, bo] {
        let saved = store.mark(who, store::talk::MarkKind::Save, row(1), true, now());
        assert!(saved.await.unwrap().unwrap().changed);
    }
    say(&store, jane, None, "What do you think, @Jane and @bo?")
        .await
        .unwrap();
    say(&store, li, Some(1), "@jane, @BO: ask @cy and @nobody-here")
        .await
        .unwrap();
    let kinds = async |who| {
        let notices = store.notices(who, 10).await.unwrap();
        let of = |n: &store::talk::Notice| (n.comment.unwrap(), n.kind);
        let mut kinds: Vec<_> = notices.iter().map(of).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(jane).await, [(2, NoticeKind::Reply)]);
    assert_eq!(
        kinds(bo).await,
        [(1, NoticeKind::Mention), (2, NoticeKind::Mention)]
    );
    assert_eq!(kinds(cy).await, [(2, NoticeKind::Mention)]);
    assert_eq!(kinds(li).await, []);
    store
        .set_notices_off(bo, &[NoticeKind::Mention])
        .await
        .unwrap();
    say(&store, li, None, "@bo once more").await.unwrap();
    assert_eq!(kinds(bo).await.len(), 2);
    let news = store.notices(jane, 10).await.unwrap();
    assert_eq!(
        (news[0].key.as_deref(), news[0].by.as_deref()),
        (Some("2305.00001"), Some("Li"))
    );
}

async fn notices_are_bounded_and_read(store: TestStore) {
    let (jane, li) = people(&store).await;
    say(&store, jane, None, "ask me").await.unwrap();
    for n in 0..NOTICES_MAX + 5 {
        let day = now() + (25 * i64::from(n / 90)).hours() + i64::from(n).seconds();
        let said = store.add_comment(li, row(1), Some(1), "answer", day).await;
        said.unwrap().unwrap();
    }
    let notices = store.notices(jane, 1000).await.unwrap();
    assert_eq!(notices.len(), NOTICES_MAX as usize);
    assert_eq!(notices[0].comment, Some(i64::from(NOTICES_MAX) + 6));
    let oldest = notices.last().unwrap();
    assert_eq!(
        store
            .read_notices(jane, Some(oldest.id), now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .read_notices(li, Some(notices[0].id), now())
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.notices_unread(jane).await.unwrap(), NOTICES_MAX - 1);
    let newest = notices[0].at;
    let before = newest - 1.second();
    assert_eq!(
        store.read_notices(jane, None, before).await.unwrap(),
        u64::from(NOTICES_MAX) - 2
    );
    assert_eq!(store.notices_unread(jane).await.unwrap(), 1);
}

async fn the_log_is_read_in_pages(store: TestStore) {
    let (jane, _) = people(&store).await;
    for n in 1..=5 {
        let what = format!("thing {n}");
        let logged = store.log_moderation(jane, "claim-approved", &what, "Checked", now());
        assert_eq!(logged.await.unwrap(), Ok(()));
    }
    let page = store.moderation_log(None, 2).await.unwrap();
    assert_eq!(page.iter().map(|e| e.id).collect::<Vec<_>>(), [5, 4]);
    let next = store.moderation_log(Some(4), 10).await.unwrap();
    assert_eq!(next.iter().map(|e| e.id).collect::<Vec<_>>(), [3, 2, 1]);
}

/// One step of a thread that grows and shrinks: who, and an answer to which comment (counted from the newest), or the
/// taking back of one.
#[derive(Debug, Clone)]
enum Step {
    Say(usize, Option<usize>),
    Delete(usize),
    Judge(usize, bool),
    Forget(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..3, prop::option::of(0usize..6)).prop_map(|(who, to)| Step::Say(who, to)),
        3 => (0usize..8).prop_map(Step::Delete),
        1 => ((0usize..8), any::<bool>()).prop_map(|(n, keep)| Step::Judge(n, keep)),
        1 => (0usize..3).prop_map(Step::Forget),
    ]
}

async fn take(store: &Store, people: &[UserId], step: &Step) {
    let page = store.comments(row(1), ALL).await.unwrap().comments;
    let pick = |n: usize| page.iter().rev().nth(n).cloned();
    match step {
        Step::Say(who, to) => {
            let parent = to.and_then(pick).map(|c| c.id);
            let _refused_or_said = say(store, people[*who], parent, "text").await;
        }
        Step::Delete(n) => {
            if let Some(comment) = pick(*n)
                && let Some(who) = comment.account
            {
                let _removed_ones_stay =
                    store.delete_comment(who, comment.id, now()).await.unwrap();
            }
        }
        Step::Judge(n, keep) => {
            let verdict = if *keep {
                Verdict::Keep
            } else {
                Verdict::Remove
            };
            if let Some(comment) = pick(*n) {
                let judged = store.judge_comment(people[0], comment.id, verdict, "why", now());
                let _deleted_ones_stay = judged.await.unwrap();
            }
        }
        Step::Forget(who) => {
            store.forget_talk(people[*who], now()).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_thread_is_always_whole(steps in prop::collection::vec(any_step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = TestStore::new().await;
            let (jane, li) = people(&store).await;
            let all = [jane, li, store.person("Bo").await];
            for step in &steps {
                take(&store, &all, step).await;
            }
            let page = store.comments(row(1), ALL).await.unwrap();
            let mut above: Vec<i64> = Vec::new();
            for comment in &page.comments {
                let depth = comment.depth as usize;
                above.truncate(depth);
                assert_eq!(above.len(), depth, "a comment stands right below what it answers");
                if (1..6).contains(&depth) {
                    assert_eq!(comment.parent, above.last().copied());
                }
                if comment.state == CommentState::Deleted {
                    let replies = page.comments.iter().filter(|c| c.parent == Some(comment.id));
                    assert!(replies.count() > 0, "a place without replies is gone");
                    assert_eq!((comment.account, comment.body.as_str()), (None, ""));
                }
                above.push(comment.id);
            }
            let shown = page.comments.iter().filter(|c| c.state == CommentState::Shown).count();
            assert_eq!(paper(&store, "2305.00001").await.comments as usize, shown);
            assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        });
    }
}
