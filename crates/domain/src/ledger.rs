//! The completeness ledger: per source, category and announcement, what was expected, what came, what was kept,
//! and why they differ. Stale or empty is a state, never success.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::record::Source;

/// How a paper stands in an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnounceKind {
    /// For the first time.
    New,
    /// Listed in another category first.
    Cross,
    /// A newer version of a known paper.
    Replacement,
}

impl AnnounceKind {
    /// The short name in the database and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            AnnounceKind::New => "new",
            AnnounceKind::Cross => "cross",
            AnnounceKind::Replacement => "replacement",
        }
    }

    /// The kind of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        [
            AnnounceKind::New,
            AnnounceKind::Cross,
            AnnounceKind::Replacement,
        ]
        .into_iter()
        .find(|k| k.as_str() == name)
    }
}

/// One announcement of one category by one source. For sources without categories the category is `*`;
/// for an imported file it is the file's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchKey {
    /// Who announced.
    pub source: Source,
    /// Which category.
    pub category: String,
    /// The day that the source gives the announcement, or the first day of a harvested range.
    pub day: Date,
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchState {
    /// Begun, not yet judged.
    Pending,
    /// Everything expected was received and is stored (or set aside with a reason).
    Complete,
    /// The source gave no number to check against; what came is stored.
    Unverified,
    /// Less was received or stored than expected; backfill is due.
    Short,
    /// The source repeated an earlier announcement.
    Stale,
    /// The source gave nothing at all where something was due.
    Empty,
    /// The source could not be read.
    Failed,
    /// The source announces nothing on this day (weekend, holiday), and says so.
    Closed,
}

impl BatchState {
    /// All states.
    pub const ALL: [BatchState; 8] = [
        BatchState::Pending,
        BatchState::Complete,
        BatchState::Unverified,
        BatchState::Short,
        BatchState::Stale,
        BatchState::Empty,
        BatchState::Failed,
        BatchState::Closed,
    ];

    /// The short name in the database and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            BatchState::Pending => "pending",
            BatchState::Complete => "complete",
            BatchState::Unverified => "unverified",
            BatchState::Short => "short",
            BatchState::Stale => "stale",
            BatchState::Empty => "empty",
            BatchState::Failed => "failed",
            BatchState::Closed => "closed",
        }
    }

    /// The state of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Whether backfill has nothing more to do here.
    pub fn settled(self) -> bool {
        matches!(
            self,
            BatchState::Complete | BatchState::Unverified | BatchState::Closed
        )
    }
}

/// What was counted for a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The source's own number, if it gives one.
    pub expected: Option<u32>,
    /// Distinct records that came.
    pub received: u32,
    /// Of these, how many papers are in the database now.
    pub stored: u32,
    /// Of these, how many were set aside as unreadable.
    pub set_aside: u32,
    /// Records that came more than once.
    pub duplicates: u32,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Which announcement.
    pub key: BatchKey,
    /// What was counted.
    pub counts: Counts,
    /// How it stands.
    pub state: BatchState,
    /// Why expected, received and stored differ, in words for people; empty when they do not.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was last looked at.
    pub checked: Timestamp,
}

/// Judges counts. `repeats` is the day of an earlier batch that had exactly the same ids, if any.
/// Returns the state and the reason for people.
pub fn judge(counts: &Counts, repeats: Option<Date>) -> (BatchState, String) {
    if let Some(day) = repeats
        && counts.received > 0
    {
        let reason =
            format!("the source repeated its announcement of {day}; nothing new was published yet");
        return (BatchState::Stale, reason);
    }
    if counts.received == 0 && counts.set_aside == 0 {
        return match counts.expected {
            Some(0) => (
                BatchState::Closed,
                "the source says that it announced nothing".to_string(),
            ),
            Some(n) => (
                BatchState::Empty,
                format!("the source announced {n} but sent none"),
            ),
            None => (
                BatchState::Empty,
                "the source sent nothing and gave no number".to_string(),
            ),
        };
    }
    let mut reasons = Vec::new();
    let came = counts.received + counts.set_aside;
    let missing = counts.expected.map_or(0, |n| n.saturating_sub(came));
    if missing > 0 {
        reasons.push(format!("{missing} announced but not received"));
    }
    let lost = counts.received.saturating_sub(counts.stored);
    if lost > 0 {
        reasons.push(format!("{lost} received but not stored"));
    }
    if counts.set_aside > 0 {
        reasons.push(format!(
            "{} could not be read and are in quarantine",
            counts.set_aside
        ));
    }
    if counts.duplicates > 0 {
        reasons.push(format!("{} came twice", counts.duplicates));
    }
    if let Some(n) = counts.expected
        && came > n
    {
        reasons.push(format!("{} more came than announced", came - n));
    }
    let state = match counts.expected {
        _ if missing > 0 || lost > 0 => BatchState::Short,
        None => BatchState::Unverified,
        Some(_) => BatchState::Complete,
    };
    (state, reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        expected: Option<u32>,
        received: u32,
        stored: u32,
        set_aside: u32,
        repeats: Option<&str>,
        want: &str,
    ) {
        let counts = Counts {
            expected,
            received,
            stored,
            set_aside,
            duplicates: 0,
        };
        let (state, reason) = judge(&counts, repeats.map(|d| d.parse().unwrap()));
        assert_eq!(format!("{}: {reason}", state.as_str()), want);
    }

    #[test]
    fn batches_are_judged() {
        check(Some(244), 244, 244, 0, None, "complete: ");
        check(
            Some(244),
            240,
            240,
            4,
            None,
            "complete: 4 could not be read and are in quarantine",
        );
        check(
            Some(244),
            69,
            69,
            0,
            None,
            "short: 175 announced but not received",
        );
        check(Some(10), 10, 9, 0, None, "short: 1 received but not stored");
        check(None, 17, 17, 0, None, "unverified: ");
        check(
            Some(10),
            12,
            12,
            0,
            None,
            "complete: 2 more came than announced",
        );
        check(
            Some(0),
            0,
            0,
            0,
            None,
            "closed: the source says that it announced nothing",
        );
        check(
            None,
            0,
            0,
            0,
            None,
            "empty: the source sent nothing and gave no number",
        );
        check(
            Some(132),
            0,
            0,
            0,
            None,
            "empty: the source announced 132 but sent none",
        );
        check(
            Some(16),
            16,
            16,
            0,
            Some("2026-11-20"),
            "stale: the source repeated its announcement of 2026-11-20; nothing new was published yet",
        );
    }
}
