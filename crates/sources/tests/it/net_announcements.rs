//! A day's announcement: the feed, the listing page, and both together.

use domain::ledger::{AnnounceKind, Counts, judge};
use sources::announcements::announcements;
use sources::client::Visit;
use sources::fetched::Fetched;
use sources::{arxiv_feed, arxiv_listing};
use wiremock::ResponseTemplate;

use crate::net_arxiv_text::{atom, atom_entry, listing, listing_section, rss, rss_item};
use crate::net_support::{Net, described, ok, start};

const MONDAY: &str = "Monday, 23 November 2026";

#[test]
fn a_feed_item_becomes_a_record() {
    let body = rss("Mon, 23 Nov 2026", &[rss_item("2611.00001", "new")]);
    let feed = arxiv_feed::parse(body.as_bytes(), start(), "x");
    assert_eq!(feed.day.unwrap().to_string(), "2026-11-23");
    assert_eq!(
        described(&feed.entries[0].1),
        "\
abstract_text: About $x < y$ of 2611.00001.
authors: [{name:Ada Writer},{name:Ben Other}]
categories: [cs.CL,cs.LG]
ids: [{scheme:arxiv,value:2611.00001}]
license: http://creativecommons.org/licenses/by/4.0/
times: {announced:2026-11-23T05:00:00Z,featured:null,submitted:null,updated:null}
title: Title of 2611.00001
versions: [{number:1}]"
    );
}

#[test]
fn kinds_are_kept_apart() {
    let kinds = ["new", "cross", "replace", "replace-cross", "retracted"];
    let items: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(n, kind)| rss_item(&format!("2611.0000{n}"), kind))
        .collect();
    let feed = arxiv_feed::parse(rss("Mon, 23 Nov 2026", &items).as_bytes(), start(), "feed");
    let got: Vec<_> = feed.entries.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(got, ["new", "cross", "replacement", "replacement"]);
    assert_eq!(
        feed.unreadable[0].reason,
        "its announce type `retracted` is not known"
    );
    let announced: Vec<bool> = feed
        .entries
        .iter()
        .map(|(_, r)| r.times.announced.is_some())
        .collect();
    assert_eq!(
        announced,
        [true, true, false, false],
        "a replacement is not announced again"
    );
}

#[test]
fn the_atom_feed_says_the_same() {
    let entry = "<entry><id>oai:arXiv.org:2611.00001v2</id><title>T</title><updated>2026-11-23T05:00:00+00:00</updated>\
        <link href=\"https://arxiv.org/abs/2611.00001\" rel=\"alternate\"/>\
        <summary>arXiv:2611.00001v2 Announce Type: replace \nAbstract: A.</summary><category term=\"cs.CL\"/>\
        <published>2026-11-23T00:00:00-05:00</published><arxiv:announce_type>replace</arxiv:announce_type>\
        <dc:creator>Ada Writer</dc:creator></entry>";
    let body = format!("<feed><updated>2026-11-23T05:00:00+00:00</updated>{entry}</feed>");
    let feed = arxiv_feed::parse(body.as_bytes(), start(), "x");
    assert_eq!(feed.day.unwrap().to_string(), "2026-11-23");
    let (kind, record) = &feed.entries[0];
    assert_eq!(*kind, AnnounceKind::Replacement);
    assert_eq!(record.versions[0].number, 2);
    assert_eq!(record.abstract_text.as_deref(), Some("A."));
}

#[test]
fn a_closed_day_says_so_and_a_full_feed_is_suspect() {
    let feed = arxiv_feed::parse(rss("Sat, 21 Nov 2026", &[]).as_bytes(), start(), "x");
    assert!(feed.closed && feed.is_feed);
    let items = vec![rss_item("2611.00001", "new"); arxiv_feed::CUT_AT];
    let feed = arxiv_feed::parse(rss("Mon, 23 Nov 2026", &items).as_bytes(), start(), "x");
    assert_eq!(
        feed.notes,
        ["arXiv cuts its feeds at 2000 entries, and this one is that long"]
    );
}

fn monday() -> String {
    listing(
        MONDAY,
        4,
        &[
            listing_section("New submissions", &["2611.00001", "2611.00002"], 2),
            listing_section("Cross submissions", &["2611.00003"], 1),
            listing_section("Replacement submissions", &["math/0309136"], 1),
        ],
    )
}

#[test]
fn a_listing_page_gives_day_numbers_and_ids() {
    let page = arxiv_listing::parse(monday().as_bytes()).unwrap();
    assert_eq!(
        (page.day.to_string().as_str(), page.total),
        ("2026-11-23", 4)
    );
    let ids: Vec<String> = page
        .ids
        .iter()
        .map(|(k, id)| format!("{} {id}", k.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            "new 2611.00001",
            "new 2611.00002",
            "cross 2611.00003",
            "replacement math/0309136"
        ]
    );
}

#[test]
fn a_listing_page_that_does_not_add_up_is_refused() {
    #[track_caller]
    fn check(html: &str, expected: &str) {
        let got = match arxiv_listing::parse(html.as_bytes()) {
            Ok(page) => format!("{} papers", page.total),
            Err(e) => e.to_string(),
        };
        assert_eq!(got, expected);
    }
    let lost = monday().replacen("/abs/2611.00002", "/", 1);
    check(
        &lost,
        "the listing page's section of new papers says 2 and holds 1",
    );
    let total = monday().replace("Total of 4", "Total of 3");
    check(
        &total,
        "the listing page says 3 papers in all, but its sections have 4",
    );
    check(
        "<h3>Hello</h3>",
        "the listing page names no day; is it a page of new submissions?",
    );
    check(
        &listing(MONDAY, 0, &[]).replace("Total", "No"),
        "the listing page says nowhere how many papers it holds",
    );
    check(
        &format!("<h3>Showing new listings for {MONDAY}</h3><p>No updates today.</p>"),
        "0 papers",
    );
    let first_page = listing(
        MONDAY,
        60,
        &["<h3>New submissions (showing first 1 of 60 entries)</h3><dt><a href=\"/abs/2611.00001\">x</a></dt>".to_string()],
    );
    check(&first_page, "60 papers");
}

/// What an announcement comes to, and what the ledger says of it.
async fn outcome(net: &Net) -> (Fetched, String) {
    let fetched = announcements(&net.client, &net.endpoints(), "cs.CL", Visit::Anew)
        .await
        .unwrap()
        .unwrap();
    let counts = Counts {
        expected: fetched.expected,
        received: u32::try_from(fetched.entries.len()).unwrap(),
        stored: u32::try_from(fetched.entries.len()).unwrap(),
        set_aside: u32::try_from(fetched.unreadable.len()).unwrap(),
        duplicates: fetched.duplicates,
    };
    let (state, reason) = judge(&counts, None);
    let notes = fetched.notes.join("; ");
    let line = format!("{}: {}: {reason}: {notes}", fetched.key.day, state.as_str());
    (fetched, line)
}

#[tokio::test]
async fn the_feed_is_made_complete_from_the_api() {
    let net = Net::start().await;
    let items = [
        rss_item("2611.00001", "new"),
        rss_item("2611.00001", "new"),
        rss_item("2611.00003", "cross").replace("Announce", "<b>Announce"),
    ];
    net.serve("/rss/cs.CL", ok(&rss("Mon, 23 Nov 2026", &items)))
        .await;
    net.serve("/list/cs.CL/new", ok(&monday())).await;
    let missing =
        ["2611.00002v1", "2611.00003v1", "math/0309136v4"].map(|id| atom_entry(id, "From the API"));
    net.serve("/api/query", ok(&atom(3, 0, &missing))).await;
    let (fetched, line) = outcome(&net).await;
    assert!(
        line.starts_with("2026-11-23: complete: 1 came twice: 3 of 3 papers that the feed lacks came from the API"),
        "{line}"
    );
    assert_eq!(fetched.expected, Some(4));
    let kinds: Vec<_> = fetched
        .entries
        .iter()
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert_eq!(kinds, ["new", "new", "cross", "replacement"]);
    let digest = fetched.digest();
    let (again, _) = outcome(&net).await;
    assert_eq!(
        again.digest(),
        digest,
        "the same announcement has the same fingerprint"
    );
}

#[tokio::test]
async fn what_nobody_has_stays_missing() {
    let net = Net::start().await;
    net.serve(
        "/rss/cs.CL",
        ok(&rss("Mon, 23 Nov 2026", &[rss_item("2611.00001", "new")])),
    )
    .await;
    net.serve("/list/cs.CL/new", ok(&monday())).await;
    net.serve("/api/query", ok(&atom(0, 0, &[]))).await;
    let (_, line) = outcome(&net).await;
    assert_eq!(
        line,
        "2026-11-23: short: 3 announced but not received: 0 of 3 papers that the feed lacks came from the API"
    );
}

#[tokio::test]
async fn without_the_listing_nothing_is_promised() {
    let net = Net::start().await;
    net.serve(
        "/rss/cs.CL",
        ok(&rss("Mon, 23 Nov 2026", &[rss_item("2611.00001", "new")])),
    )
    .await;
    let (_, line) = outcome(&net).await;
    assert!(
        line.starts_with("2026-11-23: unverified: : the listing page could not be used"),
        "{line}"
    );
}

#[tokio::test]
async fn a_feed_that_lags_gives_way_to_the_listing() {
    let net = Net::start().await;
    // Compared as text, "2026-6-30" would come after "2026-07-15".
    let stale = rss("Tue, 30 Jun 2026", &[]);
    net.serve("/rss/cs.CL", ok(&stale)).await;
    let section = listing_section("New submissions", &["2611.00001"], 1);
    net.serve(
        "/list/cs.CL/new",
        ok(&listing("Wednesday, 15 July 2026", 1, &[section])),
    )
    .await;
    net.serve(
        "/api/query",
        ok(&atom(1, 0, &[atom_entry("2611.00001v1", "T")])),
    )
    .await;
    let (fetched, line) = outcome(&net).await;
    assert!(
        line.starts_with("2026-07-15: complete: : the feed is still that of 2026-06-30"),
        "{line}"
    );
    let domain::record::Item::Paper(paper) = &fetched.entries[0].1 else {
        panic!("a paper");
    };
    assert_eq!(
        paper.times.announced.unwrap().to_string(),
        "2026-07-15T00:00:00Z"
    );
}

#[tokio::test]
async fn weekends_are_closed_and_empty_weekdays_are_not() {
    let net = Net::start().await;
    net.serve("/rss/cs.CL", ok(&rss("Sat, 28 Nov 2026", &[])))
        .await;
    net.serve("/list/cs.CL/new", ok(&monday())).await;
    let (_, line) = outcome(&net).await;
    assert!(line.starts_with("2026-11-28: closed: "), "{line}");
    let net = Net::start().await;
    net.serve("/rss/cs.CL", ok(&rss("Tue, 24 Nov 2026", &[])))
        .await;
    net.serve("/list/cs.CL/new", ok(&monday())).await;
    let (_, line) = outcome(&net).await;
    assert!(line.starts_with("2026-11-24: empty: "), "{line}");
}

#[tokio::test]
async fn an_unchanged_feed_ends_the_visit_and_a_refusal_is_passed_on() {
    let net = Net::start().await;
    let feed = ok(&rss("Mon, 23 Nov 2026", &[rss_item("2611.00001", "new")]));
    net.serve_times("/rss/cs.CL", 1, feed.insert_header("etag", "\"1\""))
        .await;
    net.serve("/list/cs.CL/new", ok(&monday())).await;
    net.serve("/api/query", ok(&atom(0, 0, &[]))).await;
    let (fetched, _) = outcome(&net).await;
    net.client.remember(&fetched.visited).await.unwrap();
    net.serve("/rss/cs.CL", ResponseTemplate::new(304)).await;
    let visit = announcements(&net.client, &net.endpoints(), "cs.CL", Visit::IfChanged).await;
    assert_eq!(visit, Ok(None));

    let net = Net::start().await;
    net.serve("/rss/cs.CL", ResponseTemplate::new(403)).await;
    let error = announcements(&net.client, &net.endpoints(), "cs.CL", Visit::Anew)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "arxiv.org wants no calls before 2026-11-23T07:10:00Z"
    );
    assert_eq!(net.call_paths(), ["/rss/cs.CL"]);
    let error = announcements(&net.client, &net.endpoints(), "../x", Visit::Anew)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`../x` is not a category; categories look like cs.CL or hep-th"
    );
}
