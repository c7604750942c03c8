//! `/about/coverage`: the completeness ledger. For each source, category and announcement what was expected, received
//! and stored, and why they differ.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::ledger::{Batch, BatchState};

use super::html;
use super::paper::source_name;
use crate::base_url::BaseUrl;
use crate::cache::Policy;
use crate::error::Error;
use crate::state::App;
use crate::view::{Layout, cut, number, short_date};

/// How many lines that need something are shown.
const OPEN_MAX: u32 = 60;

/// How many of the newest lines are shown.
const NEWEST_MAX: u32 = 120;

/// Length of a reason, in characters.
const REASON_CHARS: usize = 140;

#[derive(Debug, Template)]
#[template(path = "coverage.html")]
struct CoveragePage {
    layout: Layout,
    doing: String,
    totals: Vec<(&'static str, String)>,
    /// What needs something, then the newest of all.
    tables: Vec<Table>,
    hosts: Vec<HostView>,
}

#[derive(Debug)]
struct Table {
    heading: &'static str,
    empty: &'static str,
    lines: Vec<Line>,
}

/// One line of the ledger.
#[derive(Debug)]
struct Line {
    day: String,
    source: &'static str,
    category: String,
    expected: String,
    received: String,
    stored: String,
    state: &'static str,
    settled: bool,
    reason: String,
}

#[derive(Debug)]
struct HostView {
    name: String,
    next: String,
    reason: String,
}

/// `GET /about/coverage`.
pub async fn show(State(app): State<App>, base: BaseUrl) -> Result<Response, Error> {
    let totals = app.store.totals().await?;
    let open = app.store.batches(None, true, OPEN_MAX).await?;
    let newest = app.store.batches(None, false, NEWEST_MAX).await?;
    let now = app.clock.now();
    let hosts = app.store.hosts().await?;
    let mut layout = Layout::new(&app, "Coverage");
    layout.canonical = base.join("/about/coverage");
    layout.description =
        "What was expected, what came in, what is kept, and why they differ.".to_string();
    let mut numbers = vec![
        ("Papers", number(totals.papers)),
        ("Readings of signals", number(totals.readings)),
        (
            "Records set aside as unreadable",
            number(totals.quarantined),
        ),
        (
            "Known from the starter shelf only",
            number(totals.shelf_only),
        ),
    ];
    if let Some(bytes) = totals.bytes {
        numbers.push(("Database", format!("{} MB", number(bytes / 1_000_000))));
    }
    let page = CoveragePage {
        layout,
        doing: super::today::doing(&app.status.activity()),
        totals: numbers,
        tables: vec![
            Table {
                heading: "What is open",
                empty: "Nothing: every announcement that was taken in is settled.",
                lines: open.iter().map(line).collect(),
            },
            Table {
                heading: "The newest announcements",
                empty: "None has been taken in yet.",
                lines: newest.iter().map(line).collect(),
            },
        ],
        hosts: hosts
            .into_iter()
            .map(|(name, next, reason)| HostView {
                name: cut(&name, 80),
                next: if next > now {
                    next.strftime("not before %Y-%m-%d %H:%M:%S UTC")
                        .to_string()
                } else {
                    "at any time".to_string()
                },
                reason: if next > now {
                    cut(&reason, REASON_CHARS)
                } else {
                    String::new()
                },
            })
            .collect(),
    };
    html(&page, Policy::Momentary)
}

fn line(batch: &Batch) -> Line {
    let counts = &batch.counts;
    let count = |n: u32| number(u64::from(n));
    Line {
        day: short_date(batch.key.day),
        source: source_name(batch.key.source),
        category: if batch.key.category == "*" {
            "all".to_string()
        } else {
            cut(&batch.key.category, 40)
        },
        expected: counts.expected.map_or("not said".to_string(), count),
        received: count(counts.received),
        stored: count(counts.stored),
        state: batch.state.as_str(),
        settled: batch.state.settled() && batch.state != BatchState::Unverified,
        reason: cut(&batch.reason, REASON_CHARS),
    }
}
