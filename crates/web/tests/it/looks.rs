//! What pages look like, by their source; and that they stay small.

use std::collections::BTreeMap;

use domain::paper::Author;
use domain::prior::{Fitted, Prior, Priors};
use domain::record::Source;
use domain::signal::{Reading, Signal};

use crate::site::{TestSite, day, featured, main_part, some_papers};

/// Largest page, in bytes.
const PAGE_LEN_MAX: usize = 60_000;

#[track_caller]
fn check(name: &str, page: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, main_part(page));
    });
}

#[tokio::test]
async fn a_day() {
    let site = TestSite::with(some_papers()).await;
    check("day", &site.page("/papers/date/2026-11-20").await);
}

#[tokio::test]
async fn a_paper() {
    let mut record = some_papers().remove(0);
    record.readings.push(Reading {
        signal: Signal::Stars,
        at: day("2026-11-21"),
        value: Some(1_234),
    });
    let site = TestSite::with(vec![record, some_papers().remove(1)]).await;
    check("paper", &site.page("/papers/2611.10001").await);
}

#[tokio::test]
async fn a_search() {
    let site = TestSite::with(some_papers()).await;
    check("search", &site.page("/search?q=sparse").await);
}

#[tokio::test]
async fn similar_papers() {
    let site = TestSite::with(some_papers()).await;
    check("similar", &site.page("/similar?to=2611.10001").await);
}

#[tokio::test]
async fn the_ranking() {
    let site = TestSite::empty().await;
    check("ranking", &site.page("/about/ranking").await);
}

#[tokio::test]
async fn the_numbers_in_force() {
    let site = TestSite::empty().await;
    let fitted = |alpha, papers| Fitted {
        prior: Prior {
            alpha,
            beta: 0.0625,
            unit: 2.5,
        },
        papers,
    };
    let key = |field: &str| (Signal::DailyUpvotes, field.to_string());
    let priors = Priors {
        at: Some(day("2026-11-21")),
        fitted: BTreeMap::from([
            (key(""), fitted(0.5, 1_240)),
            (key("cs.CL"), fitted(0.25, 31)),
        ]),
    };
    site.store.put_priors(&priors).await.unwrap();
    let page = site.page("/about/ranking").await;
    let begin = page.find("<caption>In force").unwrap();
    let end = begin + page[begin..].find("</table>").unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("ranking_in_force", &page[begin..end]);
    });
}

#[tokio::test]
async fn what_is_trending() {
    let mut papers = some_papers();
    papers[1].readings.push(Reading {
        signal: Signal::DailyUpvotes,
        at: "2026-11-22T00:00:00Z".parse().unwrap(),
        value: Some(47),
    });
    papers[1]
        .readings
        .extend(
            [("2026-11-20", 10), ("2026-11-22", 14)].map(|(on, stars)| Reading {
                signal: Signal::Stars,
                at: day(on),
                value: Some(stars),
            }),
        );
    let site = TestSite::with(papers).await;
    check("trending", &site.page("/papers/trending?window=30").await);
}

#[tokio::test]
async fn full_pages_stay_small() {
    let title = "A Rather Long Title of a Paper on Retrieval-Augmented Generation With $\\alpha$-Divergences";
    let papers = (0..120)
        .map(|n| {
            let mut record = featured(
                &format!("2611.{:05}", 10_000 + n),
                &format!("{title}, Part {n}"),
                "2026-11-20",
                n,
            );
            record.categories = ["cs.CL", "cs.LG", "stat.ML", "cs.AI"]
                .map(str::to_string)
                .to_vec();
            record.authors = (0..30)
                .map(|i| Author::named(format!("Maximiliane Konstantinopolitanski {i}")))
                .collect();
            record.readings.push(Reading {
                signal: Signal::Stars,
                at: day("2026-11-20"),
                value: Some(12_345),
            });
            record.readings.push(Reading {
                signal: Signal::DailyComments,
                at: day("2026-11-20"),
                value: Some(17),
            });
            record.readings.push(Reading {
                signal: Signal::DailyUpvotes,
                at: "2026-11-22T10:00:00Z".parse().unwrap(),
                value: Some(n + 3_000),
            });
            record
        })
        .collect();
    let site = TestSite::with(papers).await;
    for target in [
        "/",
        "/papers/month/2026-11",
        "/papers/trending",
        "/categories/cs.CL",
        "/search?q=retrieval",
        "/papers/2611.10007",
        "/about/coverage",
        "/about/ranking",
        "/feeds",
    ] {
        let page = site.page(target).await;
        let cards = page.matches("<article class=\"card\">").count();
        println!("{target}: {} bytes, {cards} cards", page.len());
        assert!(
            page.len() < PAGE_LEN_MAX,
            "{target} has {} bytes",
            page.len()
        );
    }
    assert_eq!(
        site.page("/")
            .await
            .matches("<article class=\"card\">")
            .count(),
        50
    );
}

#[tokio::test]
async fn an_abstract_is_never_passed_off_as_a_summary() {
    let mut record = some_papers().remove(0);
    record.source = Source::DailyPapers;
    let site = TestSite::with(vec![record]).await;
    let page = site.page("/papers/2611.10001").await;
    assert!(!page.contains("Summary</h2>"));
    assert!(site.page("/").await.contains("<i>Abstract</i>"));
}
