//! Feeds are read back by other readers of the formats.

use domain::window::Window;
use proptest::prelude::*;
use quick_xml::events::Event;
use serde_json::Value;

use super::*;
use crate::samples::{bare_paper, entry, hostile_paper, paper, site};

fn base() -> BaseUrl {
    BaseUrl("https://papers.example".to_string())
}

fn day() -> ListRef {
    ListRef::Window(Window::day("2015-03-12").unwrap())
}

fn bytes(list: &ListRef, format: FeedFormat, papers: Vec<domain::paper::Paper>) -> Vec<u8> {
    let entries: Vec<_> = papers.into_iter().map(entry).collect();
    let feed = Feed::new(&site(), list, format, &entries, &base());
    write(&feed, format).unwrap()
}

fn atom_of(list: &ListRef, papers: Vec<domain::paper::Paper>) -> atom_syndication::Feed {
    atom_syndication::Feed::read_from(&bytes(list, FeedFormat::Atom, papers)[..]).unwrap()
}

/// Reads a document to its end, so that any error in it shows.
#[track_caller]
fn check_well_formed(xml: &[u8]) {
    let text = std::str::from_utf8(xml).unwrap();
    let forbidden = |c: char| {
        c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    assert!(!text.contains(forbidden), "a character that XML forbids");
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
}

#[test]
fn atom_says_who_what_when_where() {
    let feed = atom_of(&day(), vec![paper()]);
    assert_eq!(feed.id, "urn:broadsheet:list:day:2015-03-12");
    assert_eq!(feed.title.value, "Broadsheet: Thursday 12 March 2015");
    assert_eq!(feed.updated.to_rfc3339(), "2015-03-12T08:00:00+00:00");
    let links: Vec<_> = feed
        .links
        .iter()
        .map(|l| (l.rel.as_str(), l.href.as_str()))
        .collect();
    assert_eq!(
        links,
        [
            ("self", "https://papers.example/papers/date/2015-03-12.atom"),
            ("alternate", "https://papers.example/papers/date/2015-03-12"),
        ]
    );
    let item = &feed.entries[0];
    assert_eq!(item.id, "urn:broadsheet:entered-day:1503.02531");
    assert_eq!(
        item.title.value,
        "Distilling the Knowledge in a NeRV & K-Network"
    );
    assert_eq!(item.authors.len(), 3);
    assert_eq!(item.categories[0].term, "stat.ML");
    assert_eq!(
        item.published.unwrap().to_rfc3339(),
        "2015-03-12T08:00:00+00:00"
    );
    let html = item.content.as_ref().unwrap().value.as_deref().unwrap();
    assert!(
        html.contains("improve &lt;b&gt;almost&lt;/b&gt; any"),
        "{html}"
    );
    assert!(
        html.contains("href=\"https://arxiv.org/pdf/1503.02531\""),
        "{html}"
    );
    assert!(
        item.links
            .iter()
            .any(|l| l.href == "https://github.com/hinton/distil")
    );
}

#[test]
fn rss_says_the_same() {
    let text = bytes(&day(), FeedFormat::Rss, vec![paper()]);
    let channel = ::rss::Channel::read_from(&text[..]).unwrap();
    let item = &channel.items[0];
    let guid = item.guid.as_ref().unwrap();
    assert_eq!(
        (guid.value.as_str(), guid.permalink),
        ("urn:broadsheet:entered-day:1503.02531", false)
    );
    assert_eq!(
        item.pub_date.as_deref(),
        Some("Thu, 12 Mar 2015 08:00:00 GMT")
    );
    let creators = &item.dublin_core_ext.as_ref().unwrap().creators;
    assert_eq!(
        creators[0],
        "Geoffrey Hinton, Oriol Vinyals, Ludwig van Beethoven"
    );
    assert_eq!(
        item.description.as_deref(),
        Some("A very simple way to improve &lt;b&gt;almost&lt;/b&gt; any algorithm.")
    );
    assert!(item.content.is_some());
    let text = String::from_utf8(text).unwrap();
    let myself =
        "<atom:link href=\"https://papers.example/papers/date/2015-03-12.rss\" rel=\"self\"";
    assert!(text.contains(myself), "{text}");
}

#[test]
fn json_feed_says_the_same() {
    let feed: Value =
        serde_json::from_slice(&bytes(&day(), FeedFormat::Json, vec![paper()])).unwrap();
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(
        feed["feed_url"],
        "https://papers.example/papers/date/2015-03-12.json"
    );
    let item = &feed["items"][0];
    assert_eq!(item["id"], "urn:broadsheet:entered-day:1503.02531");
    assert_eq!(item["external_url"], "https://arxiv.org/abs/1503.02531");
    assert_eq!(item["date_published"], "2015-03-12T08:00:00.000Z");
    assert_eq!(item["tags"][1], "cs.LG");
}

#[test]
fn ids_do_not_follow_the_address() {
    let entries = [entry(paper())];
    let elsewhere = BaseUrl("http://localhost:8080".to_string());
    let here = Feed::new(&site(), &day(), FeedFormat::Atom, &entries, &base());
    let there = Feed::new(&site(), &day(), FeedFormat::Atom, &entries, &elsewhere);
    assert_eq!(
        (&here.id, &here.items[0].id),
        (&there.id, &there.items[0].id)
    );
}

#[test]
fn ranked_lists_have_items_of_their_own() {
    let id = |list| atom_of(&list, vec![paper()]).entries[0].id.clone();
    let ids = [
        id(ListRef::Newest),
        id(ListRef::Window(Window::week("2015-W11").unwrap())),
        id(ListRef::Trending { days: 7 }),
        id(ListRef::Trending { days: 30 }),
    ];
    assert_eq!(
        ids,
        [
            "urn:broadsheet:paper:1503.02531",
            "urn:broadsheet:entered-week:1503.02531",
            "urn:broadsheet:entered-trending-7:1503.02531",
            "urn:broadsheet:entered-trending-30:1503.02531",
        ]
    );
    assert_eq!(
        id(ListRef::Search("a".into())),
        id(ListRef::Category("cs.LG".into()))
    );
}

#[test]
fn an_empty_feed_is_a_feed() {
    let feed = atom_of(&ListRef::Search("no such <thing>".into()), Vec::new());
    assert_eq!(
        feed.id,
        "urn:broadsheet:list:search:no%20such%20%3Cthing%3E"
    );
    assert_eq!(feed.updated.to_rfc3339(), "1970-01-01T00:00:00+00:00");
    assert!(feed.subtitle.unwrap().value.contains("nothing so far"));
    assert_eq!(
        atom_of(&day(), Vec::new()).updated.to_rfc3339(),
        "2015-03-12T00:00:00+00:00"
    );
}

#[test]
fn a_paper_without_anything_is_an_item() {
    let feed = atom_of(&ListRef::Newest, vec![bare_paper()]);
    assert!(feed.entries[0].summary.is_none());
    assert_eq!(feed.entries[0].title.value, "Untitled");
}

#[test]
fn equal_papers_give_equal_bytes() {
    for format in FeedFormat::ALL {
        let papers = || vec![paper(), bare_paper()];
        assert_eq!(
            bytes(&day(), format, papers()),
            bytes(&day(), format, papers())
        );
    }
}

proptest! {
    #[test]
    fn any_paper_makes_a_feed(paper in hostile_paper(), query in "(?s).{0,20}") {
        let list = ListRef::search(&query).unwrap();
        let atom = bytes(&list, FeedFormat::Atom, vec![paper.clone()]);
        check_well_formed(&atom);
        let atom = atom_syndication::Feed::read_from(&atom[..]).unwrap();
        let rss = bytes(&list, FeedFormat::Rss, vec![paper.clone()]);
        check_well_formed(&rss);
        let rss = ::rss::Channel::read_from(&rss[..]).unwrap();
        let json: Value = serde_json::from_slice(&bytes(&list, FeedFormat::Json, vec![paper])).unwrap();
        prop_assert_eq!(&atom.entries[0].id, &rss.items[0].guid.as_ref().unwrap().value);
        prop_assert_eq!(json["items"][0]["id"].as_str(), Some(atom.entries[0].id.as_str()));
        prop_assert!(!atom.entries[0].title.value.trim().is_empty());
    }
}
