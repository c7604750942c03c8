//! The starter shelf: papers that are there on first start, so that the first page is a real front page.
//!
//! What the fields of `shelf.jsonl` mean is said in the README beside it.

use anyhow::{Context, Result};
use domain::ids::ExternalId;
use domain::paper::{Author, Link, LinkKind, Summary, Times, category, utc_midnight};
use domain::record::{Item, Record, Source};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Deserialize;
use store::Intake;

use crate::pipeline::Pipeline;

/// One line a paper.
const SHELF: &str = include_str!("../shelf/shelf.jsonl");
/// The date on the page that the shelf was taken from: the edition on which its papers stand.
const EDITION: Date = date(2025, 8, 7);
/// Under this name the database remembers that the shelf was put in, so that nobody's deletions come back.
const STOCKED: &str = "shelf-stocked";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    arxiv: String,
    title: String,
    summary: String,
    authors: Vec<String>,
    authors_total: Option<u16>,
    month: String,
    categories: Vec<String>,
    code: Option<String>,
    family: String,
}

/// Puts the shelf into a database in which nothing has been yet.
pub(crate) async fn stock(pipeline: &Pipeline) -> Result<()> {
    let store = &pipeline.store;
    if store.meta(STOCKED).await?.is_some() {
        return Ok(());
    }
    if store.totals().await?.papers == 0 {
        let items = records()?
            .into_iter()
            .map(|r| Item::Paper(Box::new(r)))
            .collect::<Vec<_>>();
        pipeline
            .take_in(&Intake {
                items: &items,
                ..Intake::default()
            })
            .await?;
        pipeline.catch_up(|_, _| ()).await?;
    }
    store.set_meta(STOCKED, "yes").await?;
    Ok(())
}

/// The shelf's papers.
fn records() -> Result<Vec<Record>> {
    SHELF
        .lines()
        .enumerate()
        .map(|(n, line)| {
            record(line).with_context(|| format!("line {} of the starter shelf", n + 1))
        })
        .collect()
}

fn record(line: &str) -> Result<Record> {
    let line: Line = serde_json::from_str(line)?;
    let seen = utc_midnight(EDITION).context("the edition has no midnight")?;
    let mut record = Record::titled(Source::Shelf, seen, line.title);
    record.ids.push(ExternalId::arxiv(&line.arxiv)?.0);
    record.authors = line.authors.into_iter().map(Author::named).collect();
    record.authors_total = line
        .authors_total
        .filter(|n| usize::from(*n) > record.authors.len());
    record.categories = line.categories.iter().filter_map(|c| category(c)).collect();
    record.tags.push(line.family);
    record.summary = Some(Summary {
        text: line.summary,
        by: "Broadsheet".to_string(),
    });
    record.links.extend(
        line.code
            .and_then(|url| Link::new(LinkKind::Code, &url, Source::Shelf, seen)),
    );
    record.times = Times {
        submitted: first_of_month(&line.month),
        featured: Some(seen),
        ..Times::default()
    };
    Ok(record)
}

/// Only the month of submission is known; it is kept as its first day.
fn first_of_month(month: &str) -> Option<Timestamp> {
    format!("{month}-01").parse().ok().and_then(utc_midnight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shelf_reads_whole() {
        let records = records().unwrap();
        assert_eq!(records.len(), 99);
        for record in &records {
            assert!(record.times.submitted.is_some(), "{}", record.title);
            assert!(
                record.summary.as_ref().is_some_and(|s| s.text.len() > 150),
                "{}",
                record.title
            );
        }
    }
}
