//! Votes, saves, hidden papers and follows; how they become a paper's numbers, move when papers are united, and go.

use domain::account::UserId;
use domain::paper::LinkKind;
use domain::record::Source;
use domain::signal::Signal;
use jiff::ToSpan;
use store::talk::{Done, FOLLOWS_MAX, FollowKind, MarkKind, Marks, NoticeKind, Refusal};
use store::testing::TestStore;
use store::{Slice, Store};

use crate::helpers::*;

on_both_engines!(
    a_vote_counts_once_and_is_taken_back,
    votes_here_add_to_those_from_elsewhere,
    a_flood_leaves_one_reading_a_minute,
    a_reading_from_the_future_does_not_stop_counting,
    saves_are_a_signal_and_hides_are_nobodys_business,
    marks_are_of_one_person,
    marked_papers_come_newest_first,
    united_papers_keep_what_was_done_with_both,
    papers_united_twice_in_a_batch_count_once,
    follows_are_kept_and_bounded,
    newest_papers_of_follows,
    followers_hear_of_new_papers_once_a_day,
    a_person_is_taken_out_and_forgotten,
);

const PAPER: &str = "2305.00001";

async fn one_paper(store: &Store) {
    absorb(store, &papers([arxiv(PAPER, "2023-05-01", &["cs.CL"])])).await;
}

async fn vote(store: &Store, who: UserId, on: bool) -> (bool, u32) {
    let marked = store.mark(who, MarkKind::Vote, row(1), on, now()).await;
    let marked = marked.unwrap().unwrap();
    (marked.changed, marked.total)
}

async fn values(store: &Store, signal: Signal) -> Vec<Option<u32>> {
    let readings = store.readings(row(1)).await.unwrap();
    let of_signal = readings.iter().filter(|r| r.signal == signal);
    of_signal.map(|r| r.value).collect()
}

async fn sound(store: &Store) {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn a_vote_counts_once_and_is_taken_back(store: TestStore) {
    one_paper(&store).await;
    let (jane, li) = (store.person("Jane").await, store.person("Li").await);
    let before = store.seq().await.unwrap();
    assert_eq!(vote(&store, jane, true).await, (true, 1));
    assert_eq!(vote(&store, jane, true).await, (false, 1));
    assert_eq!(vote(&store, li, true).await, (true, 2));
    assert_eq!(paper(&store, PAPER).await.votes, 2);
    assert_eq!(store.seq().await.unwrap(), before + 2);
    let (changed, _, _) = store.changes(before, 10).await.unwrap();
    assert_eq!((rows(&changed), changed[0].votes), (vec![1], 2));
    assert_eq!(vote(&store, jane, false).await, (true, 1));
    assert_eq!(vote(&store, jane, false).await, (false, 1));
    assert_eq!(paper(&store, PAPER).await.votes, 1);
    sound(&store).await;
    let nowhere = store.mark(jane, MarkKind::Vote, row(9), true, now()).await;
    assert_eq!(nowhere.unwrap(), Err(Refusal::NoPaper));
}

async fn votes_here_add_to_those_from_elsewhere(store: TestStore) {
    one_paper(&store).await;
    let jane = store.person("Jane").await;
    absorb(&store, &[upvotes(PAPER, &[("2026-01-01", Some(40))])]).await;
    vote(&store, jane, true).await;
    assert_eq!(paper(&store, PAPER).await.votes, 41);
    absorb_soundly(&store, &[upvotes(PAPER, &[("2026-11-24", Some(50))])]).await;
    assert_eq!(paper(&store, PAPER).await.votes, 51);
    assert_eq!(store.votes_here(&[row(1)]).await.unwrap()[&row(1)], 1);
    let listed = store.category("cs.CL", ALL).await.unwrap().papers;
    assert_eq!(listed[0].votes, 51);
}

async fn a_flood_leaves_one_reading_a_minute(store: TestStore) {
    one_paper(&store).await;
    let jane = store.person("Jane").await;
    for n in 0..60 {
        vote(&store, jane, n % 2 == 0).await;
    }
    assert_eq!(values(&store, Signal::Votes).await, [Some(0)]);
    let later = now() + 61.seconds();
    let marked = store.mark(jane, MarkKind::Vote, row(1), true, later).await;
    assert_eq!(marked.unwrap().unwrap().total, 1);
    assert_eq!(values(&store, Signal::Votes).await, [Some(0), Some(1)]);
    assert_eq!(paper(&store, PAPER).await.votes, 1);
    sound(&store).await;
}

async fn a_reading_from_the_future_does_not_stop_counting(store: TestStore) {
    let mut given = arxiv(PAPER, "2023-05-01", &["cs.CL"]);
    given.readings = vec![reading(Signal::Votes, "2030-01-01", Some(7))];
    absorb(&store, &papers([given])).await;
    let jane = store.person("Jane").await;
    vote(&store, jane, true).await;
    assert_eq!(paper(&store, PAPER).await.votes, 1);
    assert_eq!(values(&store, Signal::Votes).await, [Some(1)]);
    sound(&store).await;
}

async fn saves_are_a_signal_and_hides_are_nobodys_business(store: TestStore) {
    one_paper(&store).await;
    let jane = store.person("Jane").await;
    let before = store.seq().await.unwrap();
    for kind in [MarkKind::Save, MarkKind::Hide] {
        let marked = store.mark(jane, kind, row(1), true, now()).await;
        assert_eq!(marked.unwrap().unwrap().total, 1);
    }
    assert_eq!(values(&store, Signal::Saves).await, [Some(1)]);
    assert_eq!(store.readings(row(1)).await.unwrap().len(), 1);
    assert_eq!(store.seq().await.unwrap(), before);
}

async fn marks_are_of_one_person(store: TestStore) {
    let two = [PAPER, "2305.00002"].map(|id| arxiv(id, "2023-05-01", &["cs.CL"]));
    absorb(&store, &papers(two)).await;
    let (jane, li) = (store.person("Jane").await, store.person("Li").await);
    for kind in [MarkKind::Vote, MarkKind::Hide] {
        let set = store.mark(jane, kind, row(2), true, now()).await;
        assert!(set.unwrap().unwrap().changed);
    }
    let marks = store.marks_of(jane, &[row(1), row(2)]).await.unwrap();
    let expected = Marks {
        voted: true,
        saved: false,
        hidden: true,
    };
    assert_eq!((marks.len(), marks[&row(2)]), (1, expected));
    let marks = store.marks_of(li, &[row(1), row(2)]).await.unwrap();
    assert!(marks.is_empty());
}

async fn marked_papers_come_newest_first(store: TestStore) {
    let three = (1..=3).map(|n| arxiv(&format!("2305.0000{n}"), "2023-05-01", &["cs.CL"]));
    absorb(&store, &papers(three)).await;
    let jane = store.person("Jane").await;
    for (minute, paper) in [(0, 2), (1, 3), (2, 1)] {
        let when = now() + minute.minutes();
        let set = store.mark(jane, MarkKind::Save, row(paper), true, when);
        assert!(set.await.unwrap().unwrap().changed);
    }
    let saved = store.marked(jane, MarkKind::Save, ALL).await.unwrap();
    assert_eq!((rows(&saved.papers), saved.total), (vec![1, 3, 2], 3));
    let second = Slice {
        offset: 1,
        limit: 1,
    };
    let saved = store.marked(jane, MarkKind::Save, second).await.unwrap();
    assert_eq!((rows(&saved.papers), saved.total), (vec![3], 3));
    let voted = store.marked(jane, MarkKind::Vote, ALL).await.unwrap();
    assert_eq!(voted.total, 0);
}

async fn united_papers_keep_what_was_done_with_both(store: TestStore) {
    let by_doi = record(Source::Bibliography, &["10.1101/2024.01"], "A preprint");
    let mut by_arxiv = arxiv(PAPER, "2023-05-01", &["q-bio.NC"]);
    by_arxiv.links = vec![link(LinkKind::Code, "https://example.org/code")];
    by_arxiv.readings = vec![reading(Signal::DailyUpvotes, "2026-01-01", Some(3))];
    absorb(&store, &papers([by_doi, by_arxiv])).await;
    let (jane, li) = (store.person("Jane").await, store.person("Li").await);
    for (who, paper, kind) in [
        (jane, 1, MarkKind::Vote),
        (jane, 2, MarkKind::Vote),
        (li, 2, MarkKind::Vote),
        (li, 2, MarkKind::Save),
        (jane, 2, MarkKind::Hide),
    ] {
        let set = store.mark(who, kind, row(paper), true, now()).await;
        assert!(set.unwrap().unwrap().changed);
    }
    let said = store.add_comment(li, row(2), None, "On the lost one.", now());
    let said = said.await.unwrap().unwrap();
    let lock = store.lock_thread(jane, row(2), true, "Enough.", now());
    assert_eq!(lock.await.unwrap(), Ok(true));

    let mut both = arxiv(PAPER, "2023-05-01", &["q-bio.NC"]);
    both.ids.push(id("10.1101/2024.01"));
    let absorbed = absorb_soundly(&store, &papers([both])).await;
    assert_eq!(absorbed.gone, [row(2)]);
    let kept = paper(&store, PAPER).await;
    assert_eq!((kept.id, kept.votes, kept.comments), (row(1), 5, 1));
    assert_eq!(absorbed.changed[0].votes, 5);
    assert_eq!(store.votes_here(&[row(1)]).await.unwrap()[&row(1)], 2);
    assert_eq!(values(&store, Signal::Saves).await.last(), Some(&Some(1)));
    let marks = store.marks_of(jane, &[row(1)]).await.unwrap();
    assert!(marks[&row(1)].voted && marks[&row(1)].hidden);
    let thread = store.comments(row(1), ALL).await.unwrap();
    assert_eq!((thread.total, thread.comments[0].id), (1, said.id));
    assert_eq!(thread.locked.unwrap().reason, "Enough.");
}

async fn papers_united_twice_in_a_batch_count_once(store: TestStore) {
    let three = ["10.1101/2024.01", "10.1101/2024.02", "10.1101/2024.03"];
    let titles = [
        "The first of three",
        "The second of three",
        "The third of three",
    ];
    let records = three.iter().zip(titles);
    let records = records.map(|(doi, title)| record(Source::Bibliography, &[doi], title));
    absorb(&store, &papers(records)).await;
    let jane = store.person("Jane").await;
    for n in 1..=3 {
        let set = store.mark(jane, MarkKind::Vote, row(n), true, now()).await;
        assert!(set.unwrap().unwrap().changed);
    }
    let joins = [
        record(Source::Bibliography, &[three[1], three[2]], titles[1]),
        record(Source::Bibliography, &[three[0], three[1]], titles[0]),
    ];
    let absorbed = absorb_soundly(&store, &papers(joins)).await;
    assert_eq!(absorbed.gone, [row(3), row(2)]);
    assert_eq!(paper(&store, three[2]).await.votes, 1);
}

async fn follow(store: &Store, who: UserId, kind: FollowKind, value: &str) -> Done<bool> {
    store.follow(who, kind, value, true, now()).await.unwrap()
}

async fn follows_are_kept_and_bounded(store: TestStore) {
    let jane = store.person("Jane").await;
    assert_eq!(
        follow(&store, jane, FollowKind::Category, "cs.CL").await,
        Ok(true)
    );
    assert_eq!(
        follow(&store, jane, FollowKind::Category, "cs.CL").await,
        Ok(false)
    );
    assert!(
        store
            .follows(jane, FollowKind::Category, "cs.CL")
            .await
            .unwrap()
    );
    assert!(!store.follows(jane, FollowKind::Tag, "cs.CL").await.unwrap());
    for bad in ["", "a\0b", &"x".repeat(401)] {
        let refused = follow(&store, jane, FollowKind::Query, bad).await;
        assert_eq!(refused, Err(Refusal::NoValue));
    }
    for n in 1..FOLLOWS_MAX {
        let name = format!("tag {n}");
        assert_eq!(follow(&store, jane, FollowKind::Tag, &name).await, Ok(true));
    }
    let more = follow(&store, jane, FollowKind::Tag, "one more").await;
    assert_eq!(more, Err(Refusal::FollowsFull));
    assert_eq!(
        follow(&store, jane, FollowKind::Tag, "tag 1").await,
        Ok(false)
    );
    let stop = store.follow(jane, FollowKind::Category, "cs.CL", false, now());
    assert_eq!(stop.await.unwrap(), Ok(true));
    assert_eq!(store.follows_of(jane).await.unwrap().len(), 199);
}

async fn newest_papers_of_follows(store: TestStore) {
    let mut tagged = arxiv("2305.00003", "2023-05-03", &["math.AG"]);
    tagged.tags = vec!["attention".into()];
    let records = [
        arxiv(PAPER, "2023-05-01", &["cs.CL", "cs.LG"]),
        arxiv("2305.00002", "2023-05-02", &["math.AG"]),
        tagged,
    ];
    absorb(&store, &papers(records)).await;
    let jane = store.person("Jane").await;
    for (kind, value) in [
        (FollowKind::Category, "cs.CL"),
        (FollowKind::Category, "cs.LG"),
        (FollowKind::Tag, "attention"),
        (FollowKind::Author, "ana-garcia"),
    ] {
        assert_eq!(follow(&store, jane, kind, value).await, Ok(true));
    }
    assert_eq!(
        rows(&store.newest_followed(jane, 10).await.unwrap()),
        [3, 1]
    );
    assert_eq!(rows(&store.newest_followed(jane, 1).await.unwrap()), [3]);
}

async fn followers_hear_of_new_papers_once_a_day(store: TestStore) {
    let (jane, li) = (store.person("Jane").await, store.person("Li").await);
    for (who, kind, value) in [
        (jane, FollowKind::Category, "cs.CL"),
        (jane, FollowKind::Author, "ana-garcia"),
        (jane, FollowKind::Tag, "cs.CL"),
        (li, FollowKind::Category, "cs.CL"),
    ] {
        assert_eq!(follow(&store, who, kind, value).await, Ok(true));
    }
    store
        .set_notices_off(li, &[NoticeKind::Paper])
        .await
        .unwrap();
    let two = [PAPER, "2305.00002"].map(|id| arxiv(id, "2023-05-01", &["cs.CL"]));
    absorb(&store, &papers(two)).await;
    assert_eq!(store.tell_followers(&[row(1)], now()).await.unwrap(), 2);
    store
        .tell_followers(&[row(2)], now() + 1.hour())
        .await
        .unwrap();
    let notices = store.notices(jane, 10).await.unwrap();
    let got: Vec<_> = notices.iter().map(|n| (n.text.as_str(), n.tally)).collect();
    assert_eq!(got.len(), 2);
    assert!(got.contains(&("category:cs.CL", 2)) && got.contains(&("author:ana-garcia", 2)));
    assert_eq!(store.notices(li, 10).await.unwrap(), []);
    store
        .tell_followers(&[row(1)], now() + 24.hours())
        .await
        .unwrap();
    assert_eq!(store.notices(jane, 10).await.unwrap().len(), 4);
    assert_eq!(store.notices_unread(jane).await.unwrap(), 4);
}

async fn a_person_is_taken_out_and_forgotten(store: TestStore) {
    one_paper(&store).await;
    let (jane, li) = (store.person("Jane").await, store.person("Li").await);
    for kind in MarkKind::ALL {
        let set = store.mark(jane, kind, row(1), true, now()).await;
        assert!(set.unwrap().unwrap().changed);
    }
    vote(&store, li, true).await;
    assert_eq!(follow(&store, jane, FollowKind::Tag, "x").await, Ok(true));
    let say = async |who, parent, text: &str| {
        let said = store.add_comment(who, row(1), parent, text, now()).await;
        said.unwrap().unwrap().id
    };
    let answered = say(jane, None, "Mine, answered").await;
    let reply = say(li, Some(answered), "An answer").await;
    let alone = say(jane, None, "Mine, alone").await;
    say(jane, Some(alone), "To myself").await;
    let edited = store
        .edit_comment(jane, answered, "Edited", now() + 1.hour())
        .await;
    assert_eq!(edited.unwrap().unwrap().body, "Edited");
    let report = store.report_comment(jane, reply, "rude", now()).await;
    assert_eq!(report.unwrap(), Ok(()));

    let talk = store.talk_of(jane).await.unwrap();
    assert_eq!(talk.votes[0].paper, PAPER);
    assert_eq!(
        (talk.saves.len(), talk.hides.len(), talk.follows.len()),
        (1, 1, 1)
    );
    assert_eq!(
        (talk.comments.len(), talk.reports.len(), talk.notices.len()),
        (3, 1, 1)
    );
    assert_eq!(talk.comments[0].body, "Edited");
    assert_eq!(
        talk.comments[0].earlier,
        [(now(), "Mine, answered".to_string())]
    );
    assert_eq!(talk.notices[0].kind, "reply");

    let changed = store.forget_talk(jane, now() + 2.hours()).await.unwrap();
    assert_eq!(rows(&changed), [1]);
    let after = paper(&store, PAPER).await;
    assert_eq!((after.votes, after.comments), (1, 1));
    assert_eq!(values(&store, Signal::Saves).await, [Some(1), Some(0)]);
    let thread = store.comments(row(1), ALL).await.unwrap().comments;
    let left: Vec<_> = thread
        .iter()
        .map(|c| (c.id, c.name.as_deref(), c.body.as_str()))
        .collect();
    assert_eq!(
        left,
        [(answered, None, ""), (reply, Some("Li"), "An answer")]
    );
    assert_eq!(store.comment_history(answered).await.unwrap(), []);
    assert_eq!(
        store.talk_of(jane).await.unwrap(),
        store::talk::Talk::default()
    );
    sound(&store).await;
}
