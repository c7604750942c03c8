//! Whatever strangers send, no reader panics, and nothing comes out that is over its bounds.

use proptest::prelude::*;
use sources::{arxiv_api, arxiv_feed, arxiv_listing, arxiv_oai, biorxiv, feed};
use url::Url;

use crate::net_arxiv_text::{
    atom, atom_entries, listing, listing_section, oai, oai_record, rss, rss_item,
};
use crate::net_support::start;

/// All readers on one body.
fn read_all(body: &[u8]) {
    let base: Url = "https://blog.example.org/feed".parse().unwrap();
    arxiv_api::parse(body, start(), "x");
    arxiv_oai::parse(body, start(), "x");
    arxiv_feed::parse(body, start(), "x");
    let _ = arxiv_listing::parse(body);
    biorxiv::parse(body, start(), "x");
    let feed = feed::parse(body, &base, start());
    assert!(
        feed.records
            .iter()
            .all(|r| !r.title.is_empty() && r.title.chars().count() <= 2_000)
    );
}

/// Good bodies of all kinds, to be damaged.
fn samples() -> Vec<Vec<u8>> {
    let section = listing_section("New submissions", &["2611.00001"], 1);
    [
        atom(3, 0, &atom_entries(0, 3)),
        oai(&[oai_record("2611.00001", "2026-11-20")], Some(("cursor=\"0\"", "t"))),
        rss("Mon, 23 Nov 2026", &[rss_item("2611.00001", "new"), rss_item("2611.00002", "cross")]),
        listing("Monday, 23 November 2026", 1, &[section]),
        "{\"messages\":[{\"total\":1}],\"collection\":[{\"doi\":\"10.1101/1\",\"title\":\"T\",\"date\":\"2026-1-1\"}]}".to_string(),
        "{\"items\":[{\"id\":1,\"title\":\"T\",\"content_html\":\"<p>x &amp; y\"}]}".to_string(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

proptest! {
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&body);
    }

    #[test]
    fn damaged_bodies(
        which in 0usize..6,
        cut in any::<prop::sample::Index>(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut body = samples().swap_remove(which);
        for (at, byte) in hits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        read_all(&body);
        body.truncate(cut.index(body.len() + 1));
        read_all(&body);
    }

    #[test]
    fn markup_soup(parts in proptest::collection::vec(prop::sample::select(vec![
        "<item>", "</item>", "<entry>", "</entry>", "<record>", "</record>", "<rss>", "<feed>", "<title>", "</title>",
        "<link href='", "'>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&#", ";", "<dt>", "<h3>", "</h3>", "/abs/",
        "2611.00001", "Total of ", "é", "<?xml", "encoding=", "\"", "{\"items\":[", "{", "}", "]", "<id>", "</id>",
    ]), 0..60)) {
        read_all(parts.concat().as_bytes());
    }
}
