//! Readers' signals as readings over time: never a bare counter, for a failed reading is not a zero.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Up-votes on the Daily Papers page that this product reads.
    DailyUpvotes,
    /// Comments on that page.
    DailyComments,
    /// Stars of the linked code repository.
    Stars,
    /// Up-votes given here.
    Votes,
    /// Saves made here.
    Saves,
    /// Comments written here.
    Comments,
}

impl Signal {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Signal; 6] = [
        Signal::Votes,
        Signal::Saves,
        Signal::Comments,
        Signal::DailyUpvotes,
        Signal::DailyComments,
        Signal::Stars,
    ];

    /// The short name in the database, exports and pages' anchors.
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::DailyUpvotes => "daily-upvotes",
            Signal::DailyComments => "daily-comments",
            Signal::Stars => "stars",
            Signal::Votes => "votes",
            Signal::Saves => "saves",
            Signal::Comments => "comments",
        }
    }

    /// The signal of a short name.
    pub fn from_short(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// One reading of one signal of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What was counted.
    pub signal: Signal,
    /// When.
    pub at: Timestamp,
    /// The running total, or `None` when the reading failed: it then counts as no exposure, never as zero.
    pub value: Option<u32>,
}
