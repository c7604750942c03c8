//! What an import says when it is done.

use std::path::Path;

use anyhow::Result;
use domain::ids::PaperId;
use serde::Serialize;
use sources::files::Parsed;
use store::Outcome;

/// One file's outcome.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FileReport {
    /// The file's name.
    pub(crate) name: String,
    /// The format recognised.
    pub(crate) format: &'static str,
    /// Papers that were not here before.
    pub(crate) new: u64,
    /// Papers that were here and gained something.
    pub(crate) changed: u64,
    /// Papers that were here and gained nothing.
    pub(crate) unchanged: u64,
    /// Sets of readings of papers known by id.
    pub(crate) reading_sets: u64,
    /// Of these, sets of papers that are not here.
    pub(crate) unknown: u64,
    /// Records that could not be read.
    pub(crate) set_aside: u64,
    /// Ids that were damaged in the file and could be repaired with certainty.
    pub(crate) repaired_ids: u64,
    /// Seconds.
    pub(crate) seconds: f64,
    /// The file was imported completely before: this many records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) already: Option<u64>,
    /// An earlier run stopped after this many records; this one went on from there.
    pub(crate) resumed_at: u64,
    /// Rows of the new papers, up to [`COMPARED_MAX`] and one more.
    #[serde(skip)]
    pub(crate) new_rows: Vec<PaperId>,
}

/// With more new papers than this they are not compared with those that were here; `broadsheet duplicates` does it.
pub(crate) const COMPARED_MAX: usize = 20_000;

impl FileReport {
    pub(crate) fn new(name: &str) -> Self {
        FileReport {
            name: name.to_string(),
            ..FileReport::default()
        }
    }

    /// Counts a stored chunk.
    pub(crate) fn count(&mut self, parsed: &Parsed, outcomes: &[Outcome]) {
        for (item, outcome) in parsed.items.iter().zip(outcomes) {
            let readings = matches!(item, domain::record::Item::Readings { .. });
            self.reading_sets += u64::from(readings);
            match outcome {
                Outcome::UnknownPaper => self.unknown += 1,
                _ if readings => {}
                Outcome::Inserted(row) => {
                    self.new += 1;
                    if self.new_rows.len() <= COMPARED_MAX {
                        self.new_rows.push(*row);
                    }
                }
                Outcome::Changed(_) => self.changed += 1,
                Outcome::Unchanged(_) => self.unchanged += 1,
            }
        }
        self.set_aside += parsed.unreadable.len() as u64;
        self.repaired_ids += parsed.repaired_ids;
    }

    /// Papers read, new or not.
    pub(crate) fn papers(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }

    /// The counts on one line.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![
            format!("{} new", self.new),
            format!("{} changed", self.changed),
            format!("{} unchanged", self.unchanged),
        ];
        let rest = [
            (self.reading_sets, "sets of readings"),
            (self.unknown, "of papers not here"),
            (self.repaired_ids, "damaged ids repaired"),
            (
                self.set_aside,
                "set aside (see `broadsheet quarantine list`)",
            ),
        ];
        parts.extend(
            rest.into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!("{n} {what}")),
        );
        parts.join(", ")
    }
}

/// All files' outcomes.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    files: Vec<FileReport>,
    errors: Vec<String>,
    /// New papers that may be ones that are here under another id; `None` where they were not compared.
    may_be_same: Option<usize>,
}

impl Report {
    /// Takes a file's outcome and, for people, prints it at once.
    pub(crate) fn add(&mut self, file: FileReport, json: bool) {
        if !json {
            match file.already {
                Some(n) => println!(
                    "{}: imported before, all {n} records; nothing to do (--again reads it once more)",
                    file.name
                ),
                None => println!(
                    "{} ({}): {}, in {:.1} s",
                    file.name,
                    file.format,
                    file.line(),
                    file.seconds
                ),
            }
            if file.resumed_at > 0 {
                println!(
                    "  went on after record {}, where an earlier run had stopped",
                    file.resumed_at
                );
            }
        }
        self.files.push(file);
    }

    /// Takes a file's failure.
    pub(crate) fn fail(&mut self, file: &Path, error: &anyhow::Error, json: bool) {
        let text = format!("{}: {error:#}", file.display());
        if !json {
            eprintln!("broadsheet: {text}");
        }
        self.errors.push(text);
    }

    /// Rows of all new papers, if they are few enough to be compared with all others.
    pub(crate) fn comparable(&self) -> Option<Vec<PaperId>> {
        let rows: Vec<PaperId> = self
            .files
            .iter()
            .flat_map(|f| &f.new_rows)
            .copied()
            .collect();
        (rows.len() <= COMPARED_MAX).then_some(rows)
    }

    /// Takes what comparing the new papers came to.
    pub(crate) fn compared(&mut self, may_be_same: usize) {
        self.may_be_same = Some(may_be_same);
    }

    /// Whether a file could not be read.
    pub(crate) fn failed(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Prints what concerns all files.
    pub(crate) fn print(&self, json: bool, index_behind: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        if index_behind {
            println!(
                "Another process writes the index; these papers become searchable when it catches up."
            );
        }
        if let Some(n) = self.may_be_same.filter(|n| *n > 0) {
            println!(
                "{n} of the new papers may be here under another id; `broadsheet duplicates` lists such pairs."
            );
        }
        Ok(())
    }
}
