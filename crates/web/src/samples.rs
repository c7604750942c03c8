//! Papers for tests: a plain one, and a strategy for hostile ones.

use domain::ids::{ExternalId, PaperId, Scheme};
use domain::paper::{Author, Link, LinkKind, Paper, Summary, TextSources, Times, Version};
use domain::record::Source;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::lists::Entry;
use crate::state::Site;

/// A moment of a text such as `2026-11-23T07:13:34Z`.
pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A paper that has one of everything.
pub(crate) fn paper() -> Paper {
    let at = moment("2015-03-10T00:00:00Z");
    let link = |kind, url| Link::new(kind, url, Source::DailyPapers, at).unwrap();
    Paper {
        id: PaperId(7),
        ids: vec![
            ExternalId::arxiv("1503.02531").unwrap().0,
            ExternalId::doi("10.5555/distil").unwrap(),
        ],
        title: "Distilling the Knowledge in a NeRV & $K$-Network".to_string(),
        abstract_text: "A very simple way to improve <b>almost</b> any algorithm.".to_string(),
        authors: ["Geoffrey Hinton", "Oriol Vinyals", "Ludwig van Beethoven"]
            .map(Author::named)
            .to_vec(),
        authors_total: None,
        categories: vec!["stat.ML".to_string(), "cs.LG".to_string()],
        tags: vec!["distillation".to_string()],
        versions: vec![Version {
            number: 1,
            submitted: Some(moment("2015-03-09T15:44:49Z")),
        }],
        times: Times {
            submitted: Some(moment("2015-03-09T15:44:49Z")),
            announced: Some(moment("2015-03-10T00:00:00Z")),
            updated: Some(moment("2015-03-11T01:00:00Z")),
            featured: Some(moment("2015-03-12T08:00:00Z")),
        },
        links: vec![
            link(LinkKind::Code, "https://github.com/hinton/distil"),
            link(LinkKind::Project, "https://distil.example/"),
            link(
                LinkKind::Data,
                "https://huggingface.co/datasets/hinton/digits",
            ),
            link(LinkKind::Model, "https://huggingface.co/hinton/small?x=1"),
        ],
        summary: Some(Summary {
            text: "Small networks learn from large ones.".to_string(),
            by: "a reader".to_string(),
        }),
        comment: Some("NIPS 2014 workshop".to_string()),
        journal_ref: None,
        license: None,
        withdrawn: false,
        text_sources: TextSources {
            title: Source::ArxivApi,
            abstract_text: Some(Source::ArxivApi),
            authors: Some(Source::ArxivApi),
            categories: Some(Source::ArxivApi),
        },
        votes: 12,
        comments: 3,
        stars: Some(76),
    }
}

/// A paper of which hardly anything is known.
pub(crate) fn bare_paper() -> Paper {
    let title = "Untitled";
    Paper {
        id: PaperId(1),
        ids: vec![ExternalId::local(title)],
        title: title.to_string(),
        abstract_text: String::new(),
        authors: Vec::new(),
        categories: Vec::new(),
        tags: Vec::new(),
        versions: Vec::new(),
        times: Times::default(),
        links: Vec::new(),
        summary: None,
        comment: None,
        votes: 0,
        comments: 0,
        stars: None,
        ..paper()
    }
}

/// A paper as an entry of a list.
pub(crate) fn entry(paper: Paper) -> Entry {
    Entry::plain(paper)
}

/// The site of tests.
pub(crate) fn site() -> Site {
    Site {
        title: "Broadsheet".to_string(),
        base_url: Some("https://papers.example".to_string()),
        contact: None,
        time_zone: TimeZone::UTC,
        version: "0.0.0",
    }
}

/// Text as strangers send it: anything at all, or just what formats give a meaning.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,40}",
        "[\\\\${}^_%&#~a-dA-D <>\\[\\]`*|,='\".-]{0,40}",
        "[A-Za-z]{1,8}( [A-Za-z]{1,8}){0,6}",
    ]
}

/// A paper with hostile text in every field that takes free text.
pub(crate) fn hostile_paper() -> impl Strategy<Value = Paper> {
    let ids = prop_oneof![
        Just(ExternalId::arxiv("2305.19435").unwrap().0),
        Just(ExternalId::doi("10.1000/a<b>{c}&\"d\"").unwrap()),
        Just(ExternalId::plain(Scheme::Url, "https://a.example/x?y=\"<z>").unwrap()),
        Just(ExternalId::local("t")),
    ];
    let authors = proptest::collection::vec(hostile(), 0..4);
    let texts = (hostile(), hostile(), hostile(), hostile());
    let seconds = proptest::option::of(-60_000_000_000i64..200_000_000_000);
    (ids, authors, texts, seconds).prop_map(|(id, authors, texts, second)| {
        let (title, abstract_text, comment, tag) = texts;
        let mut paper = paper();
        paper.ids = vec![id];
        paper.title = title;
        paper.summary = Some(Summary {
            text: abstract_text.clone(),
            by: comment.clone(),
        });
        paper.abstract_text = abstract_text;
        paper.authors = authors.into_iter().map(Author::named).collect();
        paper.journal_ref = Some(comment.clone());
        paper.comment = Some(comment);
        paper.tags = vec![tag];
        paper.times = Times {
            submitted: second.and_then(|s| Timestamp::from_second(s).ok()),
            ..Times::default()
        };
        paper
    })
}
