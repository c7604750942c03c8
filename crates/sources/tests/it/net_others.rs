//! The Daily Papers API, bioRxiv, and anybody's feeds.

use domain::record::{Item, Record};
use sources::biorxiv::{self, Server};
use sources::client::{Trust, Visit};
use sources::code_host::{self, Repository, Stars};
use sources::reread::reread;
use sources::{daily_api, feed};
use url::Url;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::net_support::{Net, described, ok, start};

#[tokio::test]
async fn stars_are_asked_for_with_what_the_host_gave_last() {
    let mut net = Net::start().await;
    let unchanged = Mock::given(method("GET"))
        .and(path("/repos/example/attention"))
        .and(header("if-none-match", "\"monday\""))
        .respond_with(ResponseTemplate::new(304));
    unchanged.mount(&net.server).await;
    let whole = ok("{\"stargazers_count\":42}").insert_header("etag", "\"monday\"");
    net.serve("/repos/example/attention", whole).await;
    net.serve("/repos/example/gone", ResponseTemplate::new(404))
        .await;
    net.serve("/repos/example/odd", ok("{\"stars\":1}")).await;
    let stars = async |net: &Net, link: &str, visit| {
        let repository = Repository::of(link).unwrap();
        code_host::fetch(&net.client, &net.endpoints(), &repository, visit).await
    };
    let link = "https://github.com/Example/Attention/tree/main";
    let first = stars(&net, link, Visit::IfChanged).await.unwrap();
    let Stars::Counted {
        stars: 42,
        visited: Some(visited),
        ..
    } = first
    else {
        panic!("{first:?}");
    };
    net.client.remember(&[visited]).await.unwrap();
    net.restart();
    let again = stars(&net, link, Visit::IfChanged).await.unwrap();
    assert_eq!(again, Stars::Unchanged);
    let anew = stars(&net, link, Visit::Anew).await.unwrap();
    assert!(matches!(anew, Stars::Counted { stars: 42, .. }));
    let gone = stars(&net, "https://github.com/example/gone", Visit::Anew).await;
    assert_eq!(gone.unwrap(), Stars::Gone);
    let odd = stars(&net, "https://github.com/example/odd", Visit::Anew).await;
    let said = odd.unwrap_err().to_string();
    assert!(said.contains("it has no number of stars"), "{said}");
    // One after the other, a second apart.
    assert_eq!(net.call_seconds(), [0, 1, 2, 3, 4]);
}

fn daily_item(n: u32) -> String {
    format!(
        "{{\"paper\":{{\"id\":\"2611.{n:05}\",\"title\":\"Paper {n}\",\"summary\":\"About {n}.\",\"upvotes\":{n},\
         \"authors\":[{{\"name\":\"Ada Writer\"}}],\"publishedAt\":\"2026-11-20T00:00:00.000Z\"}},\
         \"title\":\"Paper {n}\"}}"
    )
}

fn daily_page(from: u32, to: u32) -> String {
    let items: Vec<String> = (from..to).map(daily_item).collect();
    format!("[{}]", items.join(","))
}

#[tokio::test]
async fn daily_pages_are_walked_while_the_source_links_on() {
    let net = Net::start().await;
    let linked =
        ok(&daily_page(0, 3)).insert_header("link", "<http://elsewhere/?p=1>; rel=\"next\"");
    net.serve_times("/api/daily_papers", 1, linked).await;
    let last = format!(
        "{},{}]",
        daily_page(3, 5).trim_end_matches(']'),
        "{\"paper\":7}"
    );
    net.serve("/api/daily_papers", ok(&last)).await;
    let day = "2026-11-23".parse().unwrap();
    let fetched = daily_api::fetch(&net.client, &net.endpoints(), day)
        .await
        .unwrap();
    assert_eq!(
        (
            fetched.entries.len(),
            fetched.unreadable.len(),
            fetched.expected
        ),
        (5, 1, None)
    );
    assert_eq!(
        net.call_paths(),
        [
            "/api/daily_papers?date=2026-11-23&p=0&limit=100",
            "/api/daily_papers?date=2026-11-23&p=1&limit=100"
        ]
    );
    let Item::Paper(paper) = &fetched.entries[0].1 else {
        panic!("a paper");
    };
    assert_eq!(
        paper.times.featured.unwrap().to_string(),
        "2026-11-23T00:00:00Z"
    );
}

#[tokio::test]
async fn daily_pages_that_repeat_or_are_no_list_stop_the_walk() {
    let net = Net::start().await;
    net.serve("/api/daily_papers", ok(&daily_page(0, 100)))
        .await;
    let day = "2026-11-23".parse().unwrap();
    let fetched = daily_api::fetch(&net.client, &net.endpoints(), day)
        .await
        .unwrap();
    assert_eq!((fetched.entries.len(), fetched.duplicates), (100, 100));
    assert_eq!(
        fetched.notes,
        ["the source sent a page that it had sent before"]
    );
    let net = Net::start().await;
    net.serve("/api/daily_papers", ok("{\"error\":\"down\"}"))
        .await;
    let error = daily_api::fetch(&net.client, &net.endpoints(), day)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the answer is not a list of papers"),
        "{error}"
    );
}

fn row(doi: u32, version: u32) -> String {
    format!(
        "{{\"doi\":\"10.1101/2026.11.01.{doi}\",\"title\":\"Cells {doi}\",\"authors\":\"Writer, A. B.; Other, C.\",\
         \"author_corresponding\":\"Ada B. Writer\",\"author_corresponding_institution\":\"Lab & Co\",\
         \"date\":\"2026-11-{:02}\",\"version\":\"{version}\",\"type\":\"new results\",\"license\":\"cc_by\",\
         \"category\":\"cell biology\",\"jatsxml\":\"https://x\",\"abstract\":\"Of cells, v{version}.\",\
         \"published\":\"NA\",\"server\":\"bioRxiv\"}}",
        10 + version
    )
}

fn rows(total: &str, rows: &[String]) -> String {
    format!(
        "{{\"messages\":[{{\"status\":\"ok\",\"cursor\":\"0\",\"count\":{},\"total\":{total}}}],\"collection\":[{}]}}",
        rows.len(),
        rows.join(",")
    )
}

async fn fetch_biorxiv(net: &Net) -> sources::fetched::Fetched {
    let (from, to) = ("2026-11-01".parse().unwrap(), "2026-11-20".parse().unwrap());
    biorxiv::fetch(&net.client, &net.endpoints(), Server::Biorxiv, from, to)
        .await
        .unwrap()
}

#[tokio::test]
async fn versions_of_one_preprint_are_folded() {
    let net = Net::start().await;
    let path = |cursor: u32| format!("/details/biorxiv/2026-11-01/2026-11-20/{cursor}/json");
    net.serve(
        &path(0),
        ok(&rows("\"4\"", &[row(1, 2), row(2, 1), row(1, 1)])),
    )
    .await;
    net.serve(&path(3), ok(&rows("4", &[row(3, 2)]))).await;
    let fetched = fetch_biorxiv(&net).await;
    assert_eq!((fetched.entries.len(), fetched.expected), (3, Some(3)));
    assert_eq!(
        fetched.notes,
        ["1 further versions were folded into their papers"]
    );
    let kinds: Vec<_> = fetched
        .entries
        .iter()
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert_eq!(kinds, ["new", "new", "replacement"]);
    let Item::Paper(paper) = &fetched.entries[0].1 else {
        panic!("a paper");
    };
    assert_eq!(
        described(paper),
        "\
abstract_text: Of cells, v2.
authors: [{affiliation:Lab & Co,name:A. B. Writer},{name:C. Other}]
categories: [cell-biology]
ids: [{scheme:doi,value:10.1101/2026.11.01.1}]
license: https://creativecommons.org/licenses/by/4.0/
times: {announced:2026-11-11T00:00:00Z,featured:null,submitted:2026-11-11T00:00:00Z,updated:2026-11-12T00:00:00Z}
title: Cells 1
versions: [{number:1,submitted:2026-11-11T00:00:00Z},{number:2,submitted:2026-11-12T00:00:00Z}]"
    );
}

#[tokio::test]
async fn no_preprints_is_an_answer_and_wrong_totals_stay_open() {
    let path = "/details/biorxiv/2026-11-01/2026-11-20/0/json";
    let net = Net::start().await;
    net.serve(
        path,
        ok("{\"messages\":[{\"status\":\"no posts found\"}],\"collection\":[]}"),
    )
    .await;
    let fetched = fetch_biorxiv(&net).await;
    assert_eq!((fetched.entries.len(), fetched.expected), (0, Some(0)));

    let net = Net::start().await;
    net.serve(
        path,
        ok(&rows("9", &[row(1, 1), "{\"doi\":7}".to_string()])),
    )
    .await;
    let empty = "/details/biorxiv/2026-11-01/2026-11-20/2/json";
    net.serve(empty, ok(&rows("9", &[]))).await;
    let fetched = fetch_biorxiv(&net).await;
    assert_eq!(
        (
            fetched.entries.len(),
            fetched.unreadable.len(),
            fetched.expected
        ),
        (1, 1, Some(9))
    );
    assert_eq!(fetched.unreadable[0].reason, "it has no doi");
    assert_eq!(
        fetched.notes,
        ["the source sent empty pages before its own total was reached"]
    );
}

#[test]
fn a_truncated_answer_keeps_its_whole_rows() {
    let body = rows("2", &[row(1, 1), row(2, 1)]);
    let cut = body.rfind("\"abstract\"").unwrap();
    let answer = biorxiv::parse(&body.as_bytes()[..cut], start(), "x");
    assert_eq!((answer.records.len(), answer.unreadable.len()), (1, 1));
}

fn read(body: &[u8]) -> feed::Feed {
    let base: Url = "https://blog.example.org/feeds/all.xml".parse().unwrap();
    feed::parse(body, &base, start())
}

/// One post in one line.
fn line(record: &Record) -> String {
    let names: Vec<&str> = record.authors.iter().map(|a| a.name.as_str()).collect();
    format!(
        "{} | {} | {} | {} | {} | {}",
        record.ids.first().map_or("-".to_string(), |id| id.key()),
        record.title,
        record.abstract_text.as_deref().unwrap_or("-"),
        names.join("+"),
        record.tags.join("+"),
        record.times.announced.unwrap(),
    )
}

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let feed = read(body.as_bytes());
    assert!(feed.is_feed);
    let got: Vec<String> = feed.records.iter().map(line).collect();
    assert_eq!(got, expected);
    assert!(feed.unreadable.is_empty(), "{:?}", feed.unreadable);
}

#[test]
fn every_kind_of_feed_is_read() {
    check(
        "<rss version=\"2.0\"><channel><title>Lab</title><item><title>&lt;b&gt;One&lt;/b&gt; &amp;amp; two</title>\
         <link>/posts/1</link><description><![CDATA[<p>Hi <a href=x>there</a></p><script>x()</script>]]></description>\
         <author>a@b.org (Ada Writer)</author><category>AI</category><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>\
         </item></channel></rss>",
        &[
            "url:https://blog.example.org/posts/1 | One & two | Hi there | Ada Writer | AI | 2026-11-20T10:00:00Z",
        ],
    );
    check(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Lab</title><entry><title>Our paper</title><id>tag:x,1</id>\
         <link rel=\"enclosure\" href=\"https://x.org/a.mp3\"/><link href=\"https://arxiv.org/abs/2611.00001v2\"/>\
         <updated>2026-11-20T10:00:00Z</updated><author><name>Ada</name></author><category term=\"ml\"/></entry></feed>",
        &["2611.00001 | Our paper | - | Ada | ml | 2026-11-20T10:00:00Z"],
    );
    check(
        "<rdf:RDF><channel><title>Old</title></channel><item rdf:about=\"https://doi.org/10.1000/x.1\"><title>T</title>\
         <dc:creator>Ada</dc:creator><dc:date>2026-11-20</dc:date><dc:subject>s</dc:subject></item></rdf:RDF>",
        &["10.1000/x.1 | T | - | Ada | s | 2026-11-20T00:00:00Z"],
    );
    check(
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Lab\",\"items\":[{\"id\":7,\"url\":\"https://x.org/7\",\
         \"content_html\":\"<p>Just a note</p>\",\"authors\":[{\"name\":\"Ada\"}],\"tags\":[\"t\"],\
         \"date_published\":\"2026-11-20T10:00:00+02:00\"}]}",
        &["url:https://x.org/7 | Just a note | Just a note | Ada | t | 2026-11-20T08:00:00Z"],
    );
}

#[test]
fn odd_dates_and_missing_ids_are_borne() {
    let item = |date: &str| {
        format!(
            "<rss version=\"2.0\"><channel><item><title>T</title><pubDate>{date}</pubDate></item></channel></rss>"
        )
    };
    for date in ["3 days ago", "", "Mon, 01 Jan 2125 00:00:00 GMT"] {
        check(&item(date), &["- | T | - |  |  | 2026-11-23T07:00:00Z"]);
    }
    check(
        &item("20 Nov 2026"),
        &["- | T | - |  |  | 2026-11-20T00:00:00Z"],
    );
}

#[test]
fn hostile_entries_cost_no_other() {
    let body = b"<rss><channel><item><title>\xff\xfe Bad <b></item><item><title>Good</title>\
        <link>javascript:alert(1)</link><guid>https://u:p@x.org/</guid></item><item><title>  </title></item>\
        <item><title>Cut off";
    let feed = read(body);
    let got: Vec<String> = feed.records.iter().map(line).collect();
    assert_eq!(got, ["- | Good | - |  |  | 2026-11-23T07:00:00Z"]);
    assert!(feed.records[0].links.is_empty(), "no script, no password");
    let reasons: Vec<&str> = feed.unreadable.iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert_eq!(
        reasons[1..],
        ["it has no title", "the XML breaks off inside `entry`"]
    );
    assert_eq!(
        feed.unreadable[2].place,
        "https://blog.example.org/feeds/all.xml, entry 4"
    );
    let deep = format!(
        "<rss><channel><item>{}</item></channel></rss>",
        "<a>".repeat(100_000)
    );
    assert_eq!(read(deep.as_bytes()).unreadable.len(), 1);
}

#[test]
fn other_encodings_are_read() {
    let body = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss><channel><item><title>Caf\xe9</title></item></channel></rss>";
    assert_eq!(read(body).records[0].title, "Café");
}

#[tokio::test]
async fn a_feed_is_fetched_under_its_name() {
    let net = Net::start().await;
    let body = "<rss><channel><item><title>T</title><link>https://x.org/1</link></item>\
                <item><title>T</title><link>https://x.org/1</link></item></channel></rss>";
    net.serve("/feed", ok(body).insert_header("etag", "\"1\""))
        .await;
    let url = format!("{}/feed", net.server.uri());
    let fetched = feed::fetch(
        &net.client,
        "x blog",
        &url,
        Trust::Configured,
        Visit::IfChanged,
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(
        (
            fetched.entries.len(),
            fetched.duplicates,
            fetched.visited.len()
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (
            fetched.key.category.as_str(),
            fetched.key.day.to_string().as_str()
        ),
        ("x blog", "2026-11-23")
    );
}

#[test]
fn what_was_set_aside_can_be_read_again() {
    let body = "<rss><channel><item><title></title><link>/1</link></item></channel></rss>";
    let aside = read(body.as_bytes()).unreadable.swap_remove(0);
    let again = |bytes: &[u8]| reread(&aside.format, bytes, &aside.place, start()).unwrap();
    assert_eq!(
        again(&aside.bytes).unwrap_err().to_string(),
        "it has no title"
    );
    let mended = String::from_utf8(aside.bytes.clone())
        .unwrap()
        .replace("<title>", "<title>T");
    let Item::Paper(paper) = again(mended.as_bytes()).unwrap() else {
        panic!("a paper");
    };
    assert_eq!(
        paper.ids[0].key(),
        "url:https://blog.example.org/1",
        "relative to the feed it came from"
    );
    assert!(
        reread("bibtex", b"@x{}", "x", start()).is_none(),
        "files have their own reader"
    );
}
