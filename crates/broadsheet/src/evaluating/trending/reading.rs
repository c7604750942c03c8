//! The files of an evaluation: papers with the day on which they were featured, up-votes over time, and lists that
//! another site called trending.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use domain::ids::{ExternalId, PaperId};
use domain::merge::paper_from;
use domain::paper::{Paper, utc_day};
use domain::record::{Item, Record};
use domain::signal::{Reading, Signal};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use sources::files::{Context, Input, parse_chunk};

/// A featured paper with its up-votes over time.
#[derive(Debug)]
pub(super) struct Featured {
    /// Its row is its place in [`Files::papers`].
    pub(super) paper: Paper,
    pub(super) at: Timestamp,
    pub(super) day: Date,
    /// Readings that succeeded, oldest first.
    pub(super) points: Vec<(Timestamp, u32)>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Papers that were featured on a day.
    pub(super) papers: Vec<Featured>,
    /// How many papers were not: on no day's list, so left out.
    pub(super) without_day: usize,
    /// The first list of each day that another site called trending: ids, best first.
    pub(super) trending: BTreeMap<Date, Vec<String>>,
}

/// Reads all files, each by its content.
pub(super) fn read(files: &[PathBuf]) -> Result<Files> {
    let mut records: BTreeMap<ExternalId, Record> = BTreeMap::new();
    let mut readings: HashMap<ExternalId, Vec<Reading>> = HashMap::new();
    let mut all = Files::default();
    for path in files {
        if is_trending_list(path)? {
            read_trending(path, &mut all.trending)?;
            continue;
        }
        let input = Input::open(path, None)?;
        let format = input.format();
        let context = Context {
            seen: Timestamp::UNIX_EPOCH,
            name: path.display().to_string(),
        };
        for chunk in input.chunks() {
            let parsed = parse_chunk(format, &chunk?, &context);
            for item in parsed.items {
                match item {
                    Item::Paper(record) => {
                        if let Some(id) = record.ids.first() {
                            records.insert(id.clone(), *record);
                        }
                    }
                    Item::Readings {
                        id, readings: read, ..
                    } => {
                        readings.entry(id).or_default().extend(read);
                    }
                    Item::Deleted { .. } => {}
                }
            }
        }
    }
    for (id, record) in records {
        let read = readings.remove(&id).unwrap_or_default();
        all.take(record, read);
    }
    ensure!(
        !all.papers.is_empty(),
        "none of the files holds papers with the day on which they were featured; \
         Daily Papers JSON with `submittedOnDailyAt` does"
    );
    Ok(all)
}

impl Files {
    fn take(&mut self, record: Record, mut readings: Vec<Reading>) {
        let Some(at) = record.times.featured else {
            self.without_day += 1;
            return;
        };
        // What an item without its own time brings is dated at the beginning of time: it tells nothing.
        readings.extend(record.readings.iter().cloned());
        let mut points: Vec<(Timestamp, u32)> = readings
            .iter()
            .filter(|r| r.signal == Signal::DailyUpvotes && r.at > Timestamp::UNIX_EPOCH)
            .filter_map(|r| Some((r.at, r.value?)))
            .collect();
        points.sort_unstable();
        points.dedup_by_key(|point| point.0);
        let row = PaperId(u32::try_from(self.papers.len()).unwrap_or(u32::MAX));
        self.papers.push(Featured {
            paper: paper_from(row, &record),
            at,
            day: utc_day(at),
            points,
        });
    }
}

/// A line of a list that a site called trending.
#[derive(Debug, Deserialize)]
struct Place {
    t: Timestamp,
    rank: u32,
    id: String,
}

/// Whether a file's first line is a place on a trending list. Such files are small, and not packed.
fn is_trending_list(path: &Path) -> Result<bool> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut first = Vec::new();
    BufReader::new(file.take(64 * 1024)).read_until(b'\n', &mut first)?;
    Ok(serde_json::from_slice::<Place>(&first).is_ok())
}

/// Of several lists of a day the first counts.
fn read_trending(path: &Path, lists: &mut BTreeMap<Date, Vec<String>>) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let mut by_moment: BTreeMap<Timestamp, Vec<(u32, String)>> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place: Place = serde_json::from_str(line)
            .with_context(|| format!("{}, line {number}", path.display()))?;
        by_moment
            .entry(place.t)
            .or_default()
            .push((place.rank, place.id));
    }
    for (at, mut places) in by_moment {
        places.sort_unstable();
        lists
            .entry(utc_day(at))
            .or_insert_with(|| places.into_iter().map(|(_, id)| id).collect());
    }
    Ok(())
}
