//! Authorship, links and tags that people claim; their history, and who decides.

use domain::account::UserId;
use domain::ids::PaperId;
use domain::paper::{LinkKind, Paper};
use domain::record::Source;
use store::testing::TestStore;
use store::{
    AuthorshipClaim, AuthorshipOrder, AuthorshipState, ClaimAct, ClaimKind, Claimed, Said, TAGS_MAX,
};

use crate::helpers::*;

on_both_engines!(
    authorship_waits_for_a_moderator,
    at_most_twenty_claims_wait,
    a_link_counts_and_leaves_again,
    only_its_sayer_or_a_moderator_takes_it_away,
    a_source_that_says_so_too_keeps_the_link,
    tags_stand_in_lists_and_are_bounded,
    what_is_no_address_is_refused,
    a_united_paper_keeps_its_claims,
    a_person_takes_all_away_and_is_forgotten,
);

const CODE: ClaimKind = ClaimKind::Link(LinkKind::Code);

/// Whether a moderator agreed that somebody is an author of a paper.
async fn is_author(store: &TestStore, account: UserId, paper: PaperId) -> bool {
    let claims = store.authorship_of(account, 100).await.unwrap();
    let approved = |c: &AuthorshipClaim| c.paper == paper && c.state == AuthorshipState::Approved;
    claims.iter().any(approved)
}

async fn claim(store: &TestStore, account: UserId, paper: u32) -> Claimed {
    let order = AuthorshipOrder {
        account,
        paper: row(paper),
        author: "Ana García",
        words: "See https://example.org/ana",
    };
    store.claim_authorship(order, now()).await.unwrap()
}

async fn first(store: &TestStore) -> Paper {
    store.papers(&[row(1)]).await.unwrap().remove(0)
}

async fn authorship_waits_for_a_moderator(store: TestStore) {
    let people = people(&store, &["Ana", "Mo", "Bo"]).await;
    let (ana, mo) = (people[0], people[1]);
    some_papers(&store, 2).await;
    let Claimed::Pending(id) = claim(&store, ana, 1).await else {
        panic!()
    };
    assert_eq!(claim(&store, ana, 1).await, Claimed::Already);
    assert_eq!(claim(&store, ana, 9).await, Claimed::UnknownPaper);
    assert!(!is_author(&store, ana, row(1)).await);
    assert_eq!(store.pending_authorship(9).await.unwrap()[0].name, "Ana");
    assert!(
        store
            .decide_authorship(id, true, mo, "the page names her", now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .decide_authorship(id, true, mo, "", now())
            .await
            .unwrap()
    );
    assert!(is_author(&store, ana, row(1)).await);
    assert!(!is_author(&store, ana, row(2)).await);
    assert_eq!(claim(&store, ana, 1).await, Claimed::Already);
    assert!(
        store
            .decide_authorship(id, false, mo, "another Ana", now())
            .await
            .unwrap()
    );
    assert!(!is_author(&store, ana, row(1)).await);
    // Whoever was refused may claim again, and may take that back.
    let Claimed::Pending(again) = claim(&store, ana, 1).await else {
        panic!()
    };
    assert!(!store.withdraw_authorship(again, people[2]).await.unwrap());
    assert!(store.withdraw_authorship(again, ana).await.unwrap());
    let all = store.authorship_of(ana, 10).await.unwrap();
    assert_eq!(
        (all.len(), all[0].state, all[0].decided_by.as_deref()),
        (1, AuthorshipState::Refused, Some("Mo"))
    );
    let public = store.moderation_log(None, 10).await.unwrap();
    assert_eq!(
        public.len(),
        2,
        "each decision has its line in the public log"
    );
    let log = store.decisions(10).await.unwrap();
    let acts: Vec<_> = log
        .iter()
        .map(|d| (d.act.as_str(), d.reason.as_str()))
        .collect();
    assert_eq!(
        acts,
        [
            ("revoked", "another Ana"),
            ("approved", "the page names her")
        ]
    );
    assert_eq!(
        (log[0].moderator.as_deref(), log[0].about.as_str()),
        (Some("Mo"), "author: Ana García")
    );
}

async fn at_most_twenty_claims_wait(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 21).await;
    for n in 1..=20 {
        assert!(
            matches!(claim(&store, ana, n).await, Claimed::Pending(_)),
            "{n}"
        );
    }
    assert_eq!(claim(&store, ana, 21).await, Claimed::TooMany);
}

async fn a_link_counts_and_leaves_again(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let seq = store.seq().await.unwrap();
    let said = store
        .add_claim(row(1), CODE, " HTTPS://Example.org/code ", ana, now())
        .await
        .unwrap();
    assert_eq!(said, Said::Done);
    let paper = first(&store).await;
    let link = &paper.links[0];
    assert_eq!(
        (link.url.as_str(), link.source),
        ("https://example.org/code", Source::Reader)
    );
    assert_eq!(paper.evidence(), 1);
    let (changed, _, reached) = store.changes(seq, 10).await.unwrap();
    assert_eq!((rows(&changed), reached), (vec![1], seq + 1));
    let again = store
        .add_claim(row(1), CODE, "https://example.org/code", ana, now())
        .await
        .unwrap();
    assert_eq!(again, Said::Already);
    let gone = store
        .withdraw_claim(row(1), CODE, "https://example.org/code", ana, now())
        .await
        .unwrap();
    assert_eq!(gone, Said::Done);
    let paper = first(&store).await;
    assert_eq!((paper.links.len(), paper.evidence()), (0, 0));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let acts: Vec<_> = store
        .claim_history(row(1))
        .await
        .unwrap()
        .iter()
        .map(|e| e.act)
        .collect();
    assert_eq!(acts, [ClaimAct::Added, ClaimAct::Withdrawn]);
    assert_eq!(store.standing_claims(row(1)).await.unwrap(), []);
    // What was withdrawn may be said again; the same record changes nothing about it.
    store
        .add_claim(row(1), CODE, "https://example.org/code", ana, now())
        .await
        .unwrap();
    absorb_soundly(
        &store,
        &papers([arxiv("2305.00001", "2023-05-08", &["cs.CL"])]),
    )
    .await;
    assert_eq!(first(&store).await.links.len(), 1);
}

async fn only_its_sayer_or_a_moderator_takes_it_away(store: TestStore) {
    let people = people(&store, &["Ana", "Bo", "Mo"]).await;
    some_papers(&store, 1).await;
    let url = "https://example.org/spam";
    store
        .add_claim(row(1), CODE, url, people[0], now())
        .await
        .unwrap();
    let theirs = store
        .withdraw_claim(row(1), CODE, url, people[1], now())
        .await
        .unwrap();
    assert_eq!(theirs, Said::NotTheirs);
    let newest = store.newest_claims(10).await.unwrap();
    assert_eq!((newest.len(), newest[0].1.value.as_str()), (1, url));
    let removed = store
        .remove_claim(row(1), CODE, url, people[2], "advertising", now())
        .await
        .unwrap();
    assert_eq!(removed, Said::Done);
    assert_eq!(first(&store).await.links, []);
    let again = store
        .add_claim(row(1), CODE, url, people[0], now())
        .await
        .unwrap();
    assert_eq!(again, Said::Barred);
    let last = store.claim_history(row(1)).await.unwrap().pop().unwrap();
    assert_eq!(
        (last.act, last.reason.as_str(), last.name.as_deref()),
        (ClaimAct::Removed, "advertising", Some("Mo"))
    );
    let log = store.decisions(1).await.unwrap();
    assert_eq!(
        (log[0].act.as_str(), log[0].account.as_deref()),
        ("removed", Some("Ana"))
    );
    assert_eq!(store.newest_claims(10).await.unwrap(), []);
}

async fn a_source_that_says_so_too_keeps_the_link(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let url = "https://example.org/code";
    store
        .add_claim(row(1), CODE, url, ana, now())
        .await
        .unwrap();
    let mut same = record(
        Source::DailyPapers,
        &["2305.00001"],
        "What the paper 2305.00001 is about",
    );
    same.links = vec![link(LinkKind::Code, url)];
    absorb_soundly(&store, &papers([same])).await;
    assert_eq!(first(&store).await.links[0].source, Source::DailyPapers);
    store
        .withdraw_claim(row(1), CODE, url, ana, now())
        .await
        .unwrap();
    assert_eq!(first(&store).await.links.len(), 1);
}

async fn tags_stand_in_lists_and_are_bounded(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let add = async |text: &str| {
        store
            .add_claim(row(1), ClaimKind::Tag, text, ana, now())
            .await
            .unwrap()
    };
    assert_eq!(add("#Graph  Networks").await, Said::Done);
    assert_eq!(
        rows(&store.tag("graph networks", ALL).await.unwrap().papers),
        [1]
    );
    assert_eq!(add("graph networks").await, Said::Already);
    assert_eq!(add("x").await, Said::Unfit);
    for n in 1..TAGS_MAX {
        assert_eq!(add(&format!("tag {n}")).await, Said::Done);
    }
    assert_eq!(add("one more").await, Said::Full);
    store
        .withdraw_claim(row(1), ClaimKind::Tag, "graph networks", ana, now())
        .await
        .unwrap();
    assert_eq!(store.tag("graph networks", ALL).await.unwrap().total, 0);
    assert_eq!(add("one more").await, Said::Done);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(
        store
            .add_claim(row(7), ClaimKind::Tag, "abc", ana, now())
            .await
            .unwrap(),
        Said::UnknownPaper
    );
}

async fn what_is_no_address_is_refused(store: TestStore) {
    let ana = people(&store, &["Ana"]).await[0];
    some_papers(&store, 1).await;
    let long = format!("https://example.org/{}", "x".repeat(3_000));
    for text in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://user:secret@example.org/",
        "//example.org",
        "",
        &long,
    ] {
        let said = store
            .add_claim(row(1), CODE, text, ana, now())
            .await
            .unwrap();
        assert_eq!(said, Said::Unfit, "{text}");
    }
    assert_eq!(ClaimKind::from_short("pdf"), None);
    assert_eq!(store.claim_history(row(1)).await.unwrap(), []);
    for n in 0..60 {
        // A person's day is bounded over all papers and kinds; most of these were withdrawn again.
        let url = format!("https://example.org/{n}");
        assert_eq!(
            store
                .add_claim(row(1), CODE, &url, ana, now())
                .await
                .unwrap(),
            Said::Done,
            "{n}"
        );
        store
            .withdraw_claim(row(1), CODE, &url, ana, now())
            .await
            .unwrap();
    }
    let said = store
        .add_claim(row(1), CODE, "https://example.org/x", ana, now())
        .await
        .unwrap();
    assert_eq!(said, Said::TooMany);
}

async fn a_united_paper_keeps_its_claims(store: TestStore) {
    let people = people(&store, &["Ana", "Mo"]).await;
    some_papers_to_unite(&store).await;
    let Claimed::Pending(id) = claim(&store, people[0], 2).await else {
        panic!()
    };
    store
        .decide_authorship(id, true, people[1], "", now())
        .await
        .unwrap();
    store
        .add_claim(row(2), CODE, "https://example.org/code", people[0], now())
        .await
        .unwrap();
    store
        .add_claim(row(2), ClaimKind::Tag, "preprints", people[0], now())
        .await
        .unwrap();
    unite(&store).await;
    assert!(is_author(&store, people[0], row(1)).await);
    assert_eq!(store.standing_claims(row(1)).await.unwrap().len(), 2);
    let paper = first(&store).await;
    assert_eq!(
        (paper.links.len(), paper.tags.as_slice()),
        (1, &["preprints".to_string()][..])
    );
    assert_eq!(store.decisions(1).await.unwrap()[0].paper, row(1));
    let gone = store
        .withdraw_claim(row(1), ClaimKind::Tag, "preprints", people[0], now())
        .await
        .unwrap();
    assert_eq!(gone, Said::Done);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn a_person_takes_all_away_and_is_forgotten(store: TestStore) {
    let people = people(&store, &["Ana", "Bo"]).await;
    let (ana, bo) = (people[0], people[1]);
    some_papers(&store, 2).await;
    for (owner, title) in [(ana, "Ana's"), (bo, "Bo's")] {
        let new = store::NewCollection {
            owner,
            title,
            note: "",
            visibility: store::Visibility::Public,
        };
        let made = store.make_collection(new, now()).await.unwrap().unwrap();
        store
            .collect(made.id, row(1), "why", ana, now())
            .await
            .unwrap();
    }
    let Claimed::Pending(claim) = claim(&store, ana, 1).await else {
        panic!()
    };
    store
        .decide_authorship(claim, false, bo, "no", now())
        .await
        .unwrap();
    store
        .add_claim(row(1), CODE, "https://example.org/code", ana, now())
        .await
        .unwrap();
    let order = store::SubmissionOrder {
        account: ana,
        typed: "x",
        external: &id("2401.00001"),
        fetch: true,
        per_day: 5,
    };
    store.submit(order, now()).await.unwrap();
    let hook = store::NewWebhook {
        account: ana,
        url: "https://example.org/hook",
        secret: "whsec_x",
        query: "",
    };
    store.make_webhook(hook, now()).await.unwrap();
    all_taken_away(&store, ana).await;
    store.forget_claims(ana).await.unwrap();
    assert_eq!(
        store.claims_of(ana).await.unwrap(),
        Vec::<serde_json::Value>::new()
    );
    let theirs = store.collection("bo", "bos", None).await.unwrap().unwrap();
    assert_eq!(store.collected(theirs.id, ALL).await.unwrap()[0].by, None);
    assert_eq!(store.standing_claims(row(1)).await.unwrap()[0].name, None);
    // Nothing names the account any more, so its row may go; so it may where nobody forgot them first.
    assert!(store.remove_user(ana).await.unwrap());
    assert!(store.remove_user(bo).await.unwrap());
    assert_eq!(store.public_collections(0, 9).await.unwrap(), []);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn all_taken_away(store: &TestStore, ana: UserId) {
    let kinds: Vec<String> = store
        .claims_of(ana)
        .await
        .unwrap()
        .iter()
        .map(|line| line["kind"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(
        kinds,
        [
            "collection",
            "collected",
            "collected",
            "submission",
            "authorship",
            "claim",
            "webhook"
        ]
    );
    let lines = store.claims_of(ana).await.unwrap();
    assert_eq!(
        (lines[1]["paper"].as_str(), lines[1]["position"].as_i64()),
        (Some("2305.00001"), Some(0))
    );
    assert!(!serde_json::to_string(&lines).unwrap().contains("whsec"));
}
