//! arXiv's API and OAI-PMH: parsing, paging, resuming.

use domain::record::{Item, Source};
use sources::arxiv_oai::{Harvest, HarvestEnd, Question};
use sources::{arxiv_api, arxiv_oai};

use crate::net_arxiv_text::{atom, atom_entries, atom_entry, oai, oai_error, oai_record};
use crate::net_support::{Net, described, ok, start};

#[test]
fn an_entry_becomes_a_record() {
    let body = atom(
        1,
        0,
        &[atom_entry("2611.00001v3", "On &lt;Things&gt;\n  and\nMore")],
    );
    let answer = arxiv_api::parse(body.as_bytes(), start(), "x");
    assert_eq!(
        (answer.total, answer.start, answer.per_page),
        (Some(1), Some(0), Some(200))
    );
    assert_eq!(
        described(&answer.records[0]),
        "\
abstract_text: We do things.
authors: [{affiliation:Lab & Co,name:Ada Writer},{name:Ben Other}]
categories: [cs.CL,cs.AI]
comment: 5 pages
ids: [{scheme:arxiv,value:2611.00001},{scheme:doi,value:10.1000/j.1}]
journal_ref: J. 1 (2026)
times: {announced:null,featured:null,submitted:2026-11-19T09:00:00Z,updated:2026-11-20T10:00:00Z}
title: On <Things> and More
versions: [{number:1,submitted:2026-11-19T09:00:00Z},{number:3,submitted:2026-11-20T10:00:00Z}]"
    );
}

#[test]
fn what_is_whole_is_kept_and_the_rest_is_named() {
    let body = atom(3, 0, &atom_entries(1, 4));
    let cut = body.rfind("<category").unwrap();
    let answer = arxiv_api::parse(&body.as_bytes()[..cut], start(), "page");
    assert_eq!(answer.records.len(), 2);
    assert!(answer.breaks_off);
    assert_eq!(answer.total, Some(3));
    let torn = &answer.unreadable[0];
    assert_eq!(
        (torn.place.as_str(), torn.reason.as_str()),
        ("page, entry 3", "the XML breaks off inside `entry`")
    );
    assert!(
        torn.bytes
            .starts_with(b"<entry><id>http://arxiv.org/abs/2611.00003v1</id>")
    );

    let bad = atom_entry("2611.0000", "Bad id")
        + "<entry><id>http://arxiv.org/abs/2611.00008</id></entry>";
    let mangled = atom_entry("2611.00009", "a <b> c");
    let body = atom(4, 0, &[bad, mangled, atom_entry("2611.00010", "Good")]);
    let answer = arxiv_api::parse(body.as_bytes(), start(), "page");
    assert_eq!(answer.records.len(), 1, "one broken entry costs no other");
    let reasons: Vec<&str> = answer
        .unreadable
        .iter()
        .map(|u| u.reason.as_str())
        .collect();
    assert!(reasons[0].contains("is not an arXiv id"), "{reasons:?}");
    assert_eq!(reasons[1], "it has no title");
    assert!(reasons[2].starts_with("not well-formed XML"), "{reasons:?}");
}

#[test]
fn errors_sent_as_entries_are_errors() {
    let entry = "<entry><id>http://arxiv.org/api/errors#bad</id><title>Error</title>\
                 <summary>incorrect id format for 1</summary></entry>";
    let answer = arxiv_api::parse(atom(1, 0, &[entry.to_string()]).as_bytes(), start(), "x");
    assert_eq!(answer.error.as_deref(), Some("incorrect id format for 1"));
    assert!(answer.records.is_empty());
}

/// Pages by their first row; what came, in one line, and the rows asked for.
async fn paged(pages: &[(&str, String)]) -> (String, Vec<String>) {
    let net = Net::start().await;
    for (start, body) in pages {
        net.serve_query("/api/query", ("start", start), body).await;
    }
    let day = "2026-11-19".parse().unwrap();
    let fetched = arxiv_api::submitted(&net.client, &net.endpoints(), "cs.CL", day, day)
        .await
        .unwrap();
    let starts = net
        .call_paths()
        .iter()
        .map(|p| {
            p.split(['?', '&'])
                .find(|q| q.starts_with("start="))
                .unwrap_or_default()
                .to_string()
        })
        .collect();
    let line = format!(
        "{} of {:?}, {} unreadable, {} twice: {}",
        fetched.entries.len(),
        fetched.expected,
        fetched.unreadable.len(),
        fetched.duplicates,
        fetched.notes.join("; ")
    );
    (line, starts)
}

#[tokio::test]
async fn a_short_page_ends_cleanly() {
    let (got, starts) = paged(&[("0", atom(37, 0, &atom_entries(0, 37)))]).await;
    assert_eq!(got, "37 of Some(37), 0 unreadable, 0 twice: ");
    assert_eq!(starts, ["start=0"]);
}

#[tokio::test]
async fn short_pages_lose_no_row_between_them() {
    let (got, starts) = paged(&[
        ("0", atom(300, 0, &atom_entries(0, 150))),
        ("150", atom(300, 150, &atom_entries(150, 300))),
    ])
    .await;
    assert_eq!(got, "300 of Some(300), 0 unreadable, 0 twice: ");
    assert_eq!(starts, ["start=0", "start=150"]);
}

#[tokio::test]
async fn an_empty_page_before_the_total_is_asked_for_again_and_then_named() {
    let (got, starts) = paged(&[
        ("0", atom(300, 0, &atom_entries(0, 200))),
        ("200", atom(300, 200, &[])),
    ])
    .await;
    assert_eq!(
        got,
        "200 of Some(300), 0 unreadable, 0 twice: the source sent empty pages before its own total was reached"
    );
    assert_eq!(starts.len(), 4);
}

#[tokio::test]
async fn totals_that_change_and_rows_that_repeat_are_named() {
    let (got, _) = paged(&[
        ("0", atom(300, 0, &atom_entries(0, 200))),
        ("200", atom(301, 200, &atom_entries(199, 300))),
    ])
    .await;
    assert_eq!(
        got,
        "300 of Some(301), 0 unreadable, 1 twice: the source changed its total while it was read"
    );
}

#[tokio::test]
async fn a_repeated_page_stops_the_walk() {
    let page = || atom(9000, 0, &atom_entries(0, 200));
    let (got, starts) = paged(&[("0", page()), ("200", page())]).await;
    assert_eq!(
        got,
        "200 of Some(9000), 0 unreadable, 200 twice: the source sent a page that it had sent before"
    );
    assert_eq!(starts.len(), 2);
}

#[tokio::test]
async fn a_torn_page_is_asked_for_again_from_there() {
    let mut torn = atom(3, 0, &atom_entries(0, 3));
    torn.truncate(torn.rfind("<category").unwrap());
    let (got, starts) = paged(&[("0", torn), ("2", atom(3, 2, &atom_entries(2, 3)))]).await;
    assert_eq!(
        got,
        "3 of Some(3), 0 unreadable, 0 twice: a page broke off in the middle and was asked for again from there"
    );
    assert_eq!(starts, ["start=0", "start=2"]);
}

#[tokio::test]
async fn ids_bring_only_what_was_asked_for() {
    let net = Net::start().await;
    net.serve("/api/query", ok(&atom(3, 0, &atom_entries(1, 4))))
        .await;
    let ids: Vec<_> = ["2611.00001", "2611.00003"]
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let (records, unreadable) = arxiv_api::by_ids(&net.client, &net.endpoints(), &ids)
        .await
        .unwrap();
    assert_eq!((records.len(), unreadable.len()), (2, 0));
    assert_eq!(
        net.call_paths(),
        ["/api/query?id_list=2611.00001%2C2611.00003&max_results=2"]
    );
}

#[test]
fn a_harvested_record_has_all_versions() {
    let deleted = "<record><header status=\"deleted\"><identifier>oai:arXiv.org:2611.00009</identifier>\
                   <datestamp>2026-11-21</datestamp></header></record>";
    let records = [oai_record("2611.00001", "2026-11-20"), deleted.to_string()];
    let body = oai(
        &records,
        Some(("cursor=\"0\" completeListSize=\"2\"", "tok|1")),
    );
    let page = arxiv_oai::parse(body.as_bytes(), start(), "x");
    assert_eq!(page.token.as_deref(), Some("tok|1"));
    assert_eq!((page.complete_list_size, page.cursor), (Some(2), Some(0)));
    let Item::Paper(paper) = &page.items[0] else {
        panic!("a paper");
    };
    assert_eq!(
        described(paper),
        "\
abstract_text: About things.
authors: [{name:C. Balázs},{affiliation:ETH,name:Ben Other}]
categories: [cs.CL,stat.ML]
ids: [{scheme:arxiv,value:2611.00001}]
license: http://arxiv.org/licenses/nonexclusive-distrib/1.0/
times: {announced:null,featured:null,submitted:2026-11-02T19:18:42Z,updated:2026-11-03T20:00:00Z}
title: Title of 2611.00001
versions: [{number:1,submitted:2026-11-02T19:18:42Z},{number:2,submitted:2026-11-03T20:00:00Z}]"
    );
    let deletion = Item::Deleted {
        id: "2611.00009".parse().unwrap(),
        source: Source::ArxivOai,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
    };
    assert_eq!(page.items[1], deletion);
}

#[test]
fn the_other_metadata_format_is_understood() {
    let record = "<record><header><identifier>oai:arXiv.org:math/0309136</identifier><datestamp>2026-11-20</datestamp>\
        </header><metadata><arXiv><id>math/0309136</id><created>2003-09-08</created><updated>2004-01-02</updated>\
        <authors><author><keyname>Writer</keyname><forenames>Ada</forenames><suffix>Jr.</suffix>\
        <affiliation>MIT</affiliation></author></authors><title>Knots</title><categories>math.GT</categories>\
        <abstract>Of knots.</abstract></arXiv></metadata></record>";
    let Item::Paper(paper) = arxiv_oai::parse_record(record.as_bytes(), start()).unwrap() else {
        panic!("a paper");
    };
    assert_eq!(paper.authors[0].name, "Ada Writer Jr.");
    assert_eq!(paper.authors[0].affiliation.as_deref(), Some("MIT"));
    assert_eq!(
        paper.times.submitted.unwrap().to_string(),
        "2003-09-08T00:00:00Z"
    );
    assert_eq!(
        paper.times.updated.unwrap().to_string(),
        "2004-01-02T00:00:00Z"
    );
}

fn since(day: &str) -> Question {
    Question::since(day.parse().unwrap(), Some("cs"))
}

/// Pulls until the end; the number of pages, what came, and how it ended.
async fn pulled(net: &Net, harvest: &mut Harvest) -> String {
    let mut pages = 0;
    while harvest
        .next(&net.client, &net.endpoints())
        .await
        .unwrap()
        .is_some()
    {
        pages += 1;
    }
    let progress = harvest.progress();
    format!(
        "{pages} pages, {} of {:?}, {:?}",
        progress.received, progress.expected, progress.end
    )
}

#[tokio::test]
async fn a_harvest_follows_its_tokens_and_goes_on_after_a_restart() {
    let net = Net::start().await;
    let size = "completeListSize=\"3\"";
    let first = oai(
        &[oai_record("2611.00001", "2026-11-20")],
        Some((size, "two")),
    );
    let second = oai(
        &[oai_record("2611.00002", "2026-11-20")],
        Some((size, "three")),
    );
    let third = oai(&[oai_record("2611.00003", "2026-11-21")], Some((size, "")));
    net.serve_query("/oai", ("metadataPrefix", "arXivRaw"), &first)
        .await;
    net.serve_query("/oai", ("resumptionToken", "two"), &second)
        .await;
    net.serve_query("/oai", ("resumptionToken", "three"), &third)
        .await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "3 pages, 3 of Some(3), Some(Whole)"
    );

    let mut killed = Harvest::new(since("2026-11-20"));
    killed
        .next(&net.client, &net.endpoints())
        .await
        .unwrap()
        .unwrap();
    let kept = serde_json::to_string(killed.progress()).unwrap();
    drop(killed);
    let mut resumed = Harvest::resume(serde_json::from_str(&kept).unwrap());
    assert_eq!(
        pulled(&net, &mut resumed).await,
        "2 pages, 3 of Some(3), Some(Whole)"
    );
    let paths = net.call_paths();
    assert_eq!(
        paths[0],
        "/oai?verb=ListRecords&metadataPrefix=arXivRaw&from=2026-11-20&set=cs"
    );
    assert_eq!(paths[4], "/oai?verb=ListRecords&resumptionToken=two");
}

#[tokio::test]
async fn nothing_changed_is_a_proper_end() {
    let net = Net::start().await;
    net.serve("/oai", ok(&oai_error("noRecordsMatch"))).await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "0 pages, 0 of None, Some(NothingChanged)"
    );
    let net = Net::start().await;
    net.serve("/oai", ok(&oai_error("badArgument"))).await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    let error = harvest
        .next(&net.client, &net.endpoints())
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("badArgument: No."), "{error}");
}

#[tokio::test]
async fn a_refused_token_starts_over_from_the_last_day() {
    let net = Net::start().await;
    let first = oai(&[oai_record("2611.00001", "2026-11-21")], Some(("", "old")));
    net.serve_query("/oai", ("from", "2026-11-20"), &first)
        .await;
    net.serve_query(
        "/oai",
        ("resumptionToken", "old"),
        &oai_error("badResumptionToken"),
    )
    .await;
    let rest = oai(
        &[
            oai_record("2611.00001", "2026-11-21"),
            oai_record("2611.00002", "2026-11-22"),
        ],
        None,
    );
    net.serve_query("/oai", ("from", "2026-11-21"), &rest).await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "2 pages, 3 of None, Some(Whole)"
    );
    assert_eq!(
        harvest.progress().day.to_string(),
        "2026-11-20",
        "the ledger's line stays the same"
    );

    let net = Net::start().await;
    net.serve_query("/oai", ("from", "2026-11-20"), &first)
        .await;
    net.serve_query("/oai", ("from", "2026-11-21"), &first)
        .await;
    net.serve_query(
        "/oai",
        ("resumptionToken", "old"),
        &oai_error("badResumptionToken"),
    )
    .await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    let got = pulled(&net, &mut harvest).await;
    assert!(got.ends_with("Some(TokenRefused)"), "{got}");
}

#[tokio::test]
async fn endless_resumption_ends() {
    // The same token for ever.
    let net = Net::start().await;
    let page = oai(
        &[oai_record("2611.00001", "2026-11-20")],
        Some(("", "same")),
    );
    net.serve("/oai", ok(&page)).await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "2 pages, 2 of None, Some(GoesRound)"
    );

    // New tokens, the same records.
    let net = Net::start().await;
    for step in 0..9 {
        let next = format!("t{}", step + 1);
        let page = oai(&[oai_record("2611.00001", "2026-11-20")], Some(("", &next)));
        net.serve_query("/oai", ("resumptionToken", &format!("t{step}")), &page)
            .await;
    }
    let first = oai(&[oai_record("2611.00002", "2026-11-20")], Some(("", "t0")));
    net.serve_query("/oai", ("metadataPrefix", "arXivRaw"), &first)
        .await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "3 pages, 3 of None, Some(GoesRound)"
    );

    // New tokens, no records.
    let net = Net::start().await;
    for step in 0..9 {
        let next = format!("t{}", step + 1);
        net.serve_query(
            "/oai",
            ("resumptionToken", &format!("t{step}")),
            &oai(&[], Some(("", &next))),
        )
        .await;
    }
    net.serve_query(
        "/oai",
        ("metadataPrefix", "arXivRaw"),
        &oai(&[], Some(("", "t0"))),
    )
    .await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "3 pages, 0 of None, Some(EmptyPages)"
    );
    assert_eq!(harvest.progress().end, Some(HarvestEnd::EmptyPages));
}

#[tokio::test]
async fn a_page_that_breaks_off_is_no_end() {
    let net = Net::start().await;
    let whole = oai(
        &[
            oai_record("2611.00001", "2026-11-21"),
            oai_record("2611.00002", "2026-11-22"),
        ],
        None,
    );
    let torn = &whole[..whole.rfind("<title>").unwrap()];
    net.serve_times("/oai", 1, ok(torn)).await;
    net.serve("/oai", ok(&whole)).await;
    let mut harvest = Harvest::new(since("2026-11-20"));
    let first = harvest
        .next(&net.client, &net.endpoints())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.entries.len(), first.unreadable.len()), (1, 1));
    assert_eq!(
        pulled(&net, &mut harvest).await,
        "1 pages, 3 of None, Some(Whole)"
    );
    assert!(net.call_paths()[1].contains("from=2026-11-21"));
}
