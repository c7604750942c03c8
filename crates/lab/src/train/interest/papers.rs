//! The papers to learn from: Daily Papers with the votes that were read before a day.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Votes read earlier than this after a day's midnight are the first visitors', not the day's.
const DAY_READ: SignedDuration = SignedDuration::from_hours(7);

/// What is learned from a paper.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paper {
    pub(super) title: String,
    pub(super) text: String,
    /// On whose list it stood, in days since 1970-01-01.
    pub(super) day: i32,
    /// Whether that is the day of a page, and not the one on which it was first seen elsewhere.
    pub(super) featured: bool,
    pub(super) submitted_day: Option<i32>,
    /// The last total that was read.
    pub(super) votes: u32,
}

/// A line of either kind of file.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    #[serde(rename_all = "camelCase")]
    Paper {
        id: String,
        title: String,
        summary: String,
        published_at: Option<Timestamp>,
        submitted_on_daily_at: Option<Timestamp>,
        first_seen_at: Option<Timestamp>,
        upvotes: Option<u32>,
        upvotes_at: Option<Timestamp>,
    },
    Reading {
        id: String,
        t: Timestamp,
        upvotes: Option<u32>,
    },
}

/// Reads files and keeps the papers of days before `before` whose votes were read before it too.
pub(super) fn read(files: &[PathBuf], before: Date) -> Result<Vec<Paper>> {
    let end = before.to_zoned(TimeZone::UTC)?.timestamp();
    let mut papers = Vec::new();
    let mut readings: HashMap<String, (Timestamp, u32)> = HashMap::new();
    let mut note = |id: &str, at: Timestamp, votes: u32| {
        let last = readings.entry(id.to_string()).or_insert((at, votes));
        if at >= last.0 {
            *last = (at, votes);
        }
    };
    for file in files {
        each_line(file, |line| match line {
            Line::Reading { id, t, upvotes } => {
                if let Some(votes) = upvotes.filter(|_| t < end) {
                    note(&id, t, votes);
                }
            }
            Line::Paper {
                id,
                title,
                summary,
                published_at,
                submitted_on_daily_at,
                first_seen_at,
                upvotes,
                upvotes_at,
            } => {
                if let (Some(votes), Some(at)) = (upvotes, upvotes_at.filter(|at| *at < end)) {
                    note(&id, at, votes);
                }
                if let Some(at) = submitted_on_daily_at.or(first_seen_at) {
                    papers.push((
                        id,
                        Paper {
                            title: one_line(&title),
                            text: one_line(&summary),
                            day: day_number(at),
                            featured: submitted_on_daily_at.is_some(),
                            submitted_day: published_at.map(day_number),
                            votes: 0,
                        },
                    ));
                }
            }
        })?;
    }
    let mut kept: Vec<(String, Paper)> = Vec::new();
    for (id, mut paper) in papers {
        let midnight = Timestamp::from_second(i64::from(paper.day) * 86_400)?;
        let read = readings
            .get(&id)
            .filter(|(at, _)| !paper.featured || *at >= midnight + DAY_READ);
        if let Some((_, votes)) = read.filter(|_| midnight < end) {
            paper.votes = *votes;
            kept.push((id, paper));
        }
    }
    // The same whatever the order of the files, and each paper once.
    kept.sort_by(|x, y| (x.1.day, &x.0).cmp(&(y.1.day, &y.0)));
    kept.dedup_by(|x, y| x.0 == y.0);
    ensure!(
        !kept.is_empty(),
        "no paper before {before} has votes that were read before it"
    );
    Ok(kept.into_iter().map(|(_, paper)| paper).collect())
}

fn each_line(path: &Path, mut take: impl FnMut(Line)) -> Result<()> {
    let whole = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(whole)?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|e| e == "zst") {
        Box::new(zstd::Decoder::new(file).with_context(whole)?)
    } else {
        Box::new(file)
    };
    for (number, line) in (1..).zip(BufReader::new(plain).lines()) {
        let line = line.with_context(whole)?;
        if line.trim().is_empty() {
            continue;
        }
        let line = serde_json::from_str(&line).with_context(|| {
            format!(
                "{}, line {number}, is neither a paper nor a reading",
                path.display()
            )
        })?;
        take(line);
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn day_number(at: Timestamp) -> i32 {
    // Timestamps span less than 10^7 days.
    at.as_second().div_euclid(86_400) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAPERS: &str = r#"{"id":"1","title":"One","summary":"A  text.","publishedAt":"2026-01-03T10:00:00.000Z","submittedOnDailyAt":"2026-01-05T00:00:00.000Z","upvotes":90,"upvotesAt":"2026-03-09T00:00:00Z"}
{"id":"2","title":"Two","summary":"B","publishedAt":"2026-01-03T10:00:00.000Z","firstSeenAt":"2026-01-06T00:05:00Z","upvotes":4,"upvotesAt":"2026-01-06T00:05:00Z"}
{"id":"3","title":"Too late","summary":"C","publishedAt":"2026-03-01T10:00:00.000Z","submittedOnDailyAt":"2026-03-02T00:00:00.000Z","upvotes":9,"upvotesAt":"2026-03-02T10:00:00Z"}
{"id":"4","title":"Read too early only","summary":"D","submittedOnDailyAt":"2026-01-05T00:00:00.000Z","upvotes":9,"upvotesAt":"2026-01-05T00:20:00Z"}
"#;
    const READINGS: &str = r#"{"id":"1","t":"2026-01-06T00:10:00Z","upvotes":12}
{"id":"1","t":"2026-01-05T10:10:00Z","upvotes":7}
{"id":"1","t":"2026-03-01T00:00:00Z","upvotes":88}
{"id":"9","t":"2026-01-05T10:10:00Z","upvotes":7}
"#;

    #[test]
    fn nothing_from_after_the_day_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (papers, readings) = (folder.path().join("p.jsonl"), folder.path().join("r.jsonl"));
        std::fs::write(&papers, PAPERS).unwrap();
        std::fs::write(&readings, READINGS).unwrap();
        let before: Date = "2026-03-01".parse().unwrap();
        let read_in = |files: &[PathBuf]| read(files, before).unwrap();
        let got = read_in(&[papers.clone(), readings.clone()]);
        let lines: Vec<String> = got
            .iter()
            .map(|p| {
                format!(
                    "{} {} {:?} {} {}",
                    p.title, p.text, p.submitted_day, p.featured, p.votes
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "One A text. Some(20456) true 12",
                "Two B Some(20456) false 4"
            ]
        );
        assert_eq!(read_in(&[readings, papers.clone()]), got);
        assert!(read(&[papers], "2025-01-01".parse().unwrap()).is_err());
    }
}
