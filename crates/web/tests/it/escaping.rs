//! Strangers' titles, names and links cannot bring markup or code into a page.

use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Summary};
use domain::record::Source;

use crate::site::{TestSite, day, featured};

const MARKUP: &str = "<script>alert(1)</script><b onmouseover=\"x\">'&amp;";

async fn hostile() -> TestSite {
    let mut record = featured("2611.66666", MARKUP, "2026-11-20", 5);
    record.abstract_text = Some(format!(
        "{MARKUP} $\\text{{{MARKUP}}}$ \\emph{{{MARKUP}}} \"quoted\""
    ));
    record.authors = vec![Author {
        name: MARKUP.to_string(),
        affiliation: Some(MARKUP.to_string()),
    }];
    record.tags = vec![MARKUP.to_string(), "\" onclick=\"x".to_string()];
    record.comment = Some(MARKUP.to_string());
    record.journal_ref = Some(MARKUP.to_string());
    record.license = Some("javascript:alert(1)".to_string());
    record.summary = Some(Summary {
        text: MARKUP.to_string(),
        by: MARKUP.to_string(),
    });
    record
        .ids
        .push(ExternalId::doi("10.1000/<b>\"onclick=x").unwrap());
    // The store takes what it is given: what `Link::new` would refuse is put there past it.
    let at = day("2026-11-20");
    for url in [
        "javascript:alert(1)",
        "https://example.org/\"onmouseover=\"x",
    ] {
        record.links.push(Link {
            kind: LinkKind::Code,
            url: url.to_string(),
            source: Source::Feed,
            at,
        });
    }
    TestSite::with(vec![record]).await
}

/// Every page that shows the paper.
const PAGES: [&str; 9] = [
    "/",
    "/papers/date/2026-11-20",
    "/papers/month/2026-11",
    "/papers/2611.66666",
    "/search?q=alert",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/categories/cs.CL",
    "/tags",
    "/papers/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
];

#[tokio::test]
async fn markup_stays_text() {
    let site = hostile().await;
    for target in PAGES {
        let page = site.get(target).await.text();
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, 1, "the page's own script only: {target}\n{page}");
        assert!(!page.contains("<b onmouseover"), "{target}");
        assert!(!page.contains("\" onclick=\""), "{target}");
        assert!(!page.contains(" style="), "{target}");
    }
}

#[tokio::test]
async fn attributes_hold_only_addresses_of_the_web() {
    let site = hostile().await;
    for target in PAGES {
        let page = site.get(target).await.text();
        for value in page.split("href=\"").skip(1) {
            let value = value.split('"').next().unwrap();
            let safe = ["/", "http://", "https://", "#"]
                .iter()
                .any(|s| value.starts_with(s));
            assert!(safe, "{target}: {value}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_content_policy() {
    let site = hostile().await;
    for target in PAGES.into_iter().chain([
        "/about",
        "/papers.atom",
        "/papers/2611.66666.md",
        "/api/daily_papers",
        "/nowhere",
        "/about/",
        "/healthz",
        "/robots.txt",
    ]) {
        let answer = site.get(target).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"),
            "{target}"
        );
        assert!(!policy.contains("unsafe"), "{target}");
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{target}"
        );
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{target}");
    }
}
