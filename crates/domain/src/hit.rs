//! What a search or a ranking answers with: papers by row, a score, and why.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::PaperId;
use crate::signal::{Reading, Signal};

/// One found paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// Which paper.
    pub paper: PaperId,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Why it is here.
    pub explanation: Explanation,
}

/// Why a paper was found, in parts that a page can show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Share of the score by field: (`title`, 7.2), (`abstract`, 3.1), ...
    pub parts: Vec<(String, f32)>,
    /// The words of the query that this paper contains, as they were typed.
    pub matched: Vec<String>,
    /// How near the paper's vector is to the query's: their cosine, -1 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f32>,
    /// Its place among the papers with the query's words, from 1, where it is among the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lexical_rank: Option<u32>,
    /// Its place among the papers nearest in meaning, from 1, where it is among the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_rank: Option<u32>,
}

/// A stretch of text, marked or not: how highlighted titles and snippets cross crate borders without markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The text, unescaped.
    pub text: String,
    /// Whether it matched the query.
    pub marked: bool,
}

/// The signals of one paper, as trending needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalHistory {
    /// Which paper.
    pub paper: PaperId,
    /// The field in which it competes: its primary category, or empty.
    pub field: String,
    /// The day on whose list it stands.
    pub listed: Date,
    /// Oldest first.
    pub readings: Vec<Reading>,
}

/// A place on the trending list, opened into its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trending {
    /// Which paper.
    pub paper: PaperId,
    /// The field in which it competes: its primary category, or empty.
    pub field: String,
    /// The weighted sum of evidence. Higher is better; comparable within a field.
    pub score: f64,
    /// One part per signal that was read.
    pub parts: Vec<TrendPart>,
    /// How many announcements have passed since the paper was listed. Weekends are none.
    pub age_batches: f64,
    /// Its place in its field, from 1.
    pub place_in_field: u32,
    /// How many papers of its field are ranked.
    pub field_papers: u32,
    /// Carried by one signal from elsewhere alone, and therefore placed below papers that more than that speaks for.
    pub held_back: bool,
}

/// What one signal adds to a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendPart {
    /// Which signal.
    pub signal: Signal,
    /// What was gained in the window.
    pub gain: u32,
    /// Over how many announcements of the window readings tell anything.
    pub batches: f64,
    /// The rate that the paper has now with 90 % certainty, in gains an announcement.
    pub rate: f64,
    /// The rate that is usual in its field, in gains an announcement.
    pub usual: f64,
    /// The evidence that follows, before its weight.
    pub evidence: f64,
    /// The weight in the sum.
    pub weight: f64,
}
