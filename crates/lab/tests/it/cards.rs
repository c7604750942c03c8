//! Cards say everything before a run.

use std::collections::BTreeSet;

use lab::ALL;
use lab::frame::{Better, Card, Expect};

fn each(look: impl Fn(&Card)) {
    for paper in ALL.iter() {
        look(paper.card());
    }
}

#[test]
fn names_are_unique_and_fit_an_address() {
    let ids: BTreeSet<_> = ALL.iter().map(|paper| paper.card().id).collect();
    let papers: BTreeSet<_> = ALL.iter().map(|paper| paper.card().arxiv).collect();
    assert_eq!((ids.len(), papers.len()), (ALL.len(), ALL.len()));
    each(|card| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(card.id.chars().all(fits), "{}", card.id);
        assert!(card.id.len() <= 32, "{}", card.id);
    });
}

#[test]
fn every_paper_is_on_the_starter_shelf_under_its_title() {
    each(|card| {
        let text = lab::data::shelf().iter().find(|t| t.arxiv == card.arxiv);
        let text = text.unwrap_or_else(|| panic!("{} is not on the shelf", card.arxiv));
        assert_eq!(text.title, card.title);
    });
}

#[test]
fn nothing_is_left_unsaid() {
    each(|card| {
        let texts = [
            card.claim,
            card.published,
            card.baseline,
            card.likely_reason,
        ];
        for text in texts {
            assert!(text.len() > 20, "{}: `{text}`", card.id);
        }
        assert!(
            !card.kept.is_empty() && !card.left_out.is_empty(),
            "{}",
            card.id
        );
        assert!(!card.metrics.is_empty(), "{}", card.id);
    });
}

#[test]
fn a_rule_looks_at_the_baseline_and_can_come_out_against_the_paper() {
    each(|card| {
        assert!(!card.rule.is_empty(), "{}", card.id);
        for condition in card.rule {
            let metric = card.metric(condition.metric);
            assert!(metric.is_some(), "{}: {}", card.id, condition.metric);
        }
        let compares = |e: Expect| matches!(e, Expect::BetterBy(_) | Expect::Times(_));
        assert!(
            card.rule.iter().any(|condition| compares(condition.expect)),
            "{} compares nothing with its baseline",
            card.id
        );
        let directed = |c: &lab::frame::Condition| {
            matches!(
                card.metric(c.metric).map(|m| m.better),
                Some(Better::Higher | Better::Lower)
            )
        };
        assert!(card.rule.iter().all(directed), "{}", card.id);
    });
}
