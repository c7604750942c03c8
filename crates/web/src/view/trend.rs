//! A place on the trending list in words: what was gained, and how that makes the score.

use domain::hit::{TrendPart, Trending};
use domain::signal::Signal;

use super::number;

/// Why a paper stands where it stands on the trending list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendView {
    /// "Trend 2.3: +55 Daily Papers up-votes, +3 stars".
    pub summary: String,
    /// How each signal counts, and the paper's place in its field.
    pub lines: Vec<String>,
}

impl TrendView {
    /// Of a place.
    pub fn new(trending: &Trending) -> Self {
        let gained = trending.parts.iter().filter(|part| part.gain > 0);
        let gains: Vec<String> = gained.clone().map(gain).collect();
        let mut lines: Vec<String> = gained.map(arithmetic).collect();
        lines.push(place(trending));
        if trending.held_back {
            lines.push(
                "Held back: one signal from elsewhere alone takes none of the first places."
                    .to_string(),
            );
        }
        TrendView {
            summary: format!("Trend {:.2}: {}", trending.score, gains.join(", ")),
            lines,
        }
    }

    /// About how many bytes its markup takes.
    pub fn bytes(&self) -> usize {
        /// `<details>`, `<summary>` and `<ul>` with their ends.
        const FRAME: usize = 70;
        let lines: usize = self.lines.iter().map(|line| line.len() + 9).sum();
        FRAME + self.summary.len() + lines
    }
}

/// "+12 stars".
fn gain(part: &TrendPart) -> String {
    format!(
        "+{} {}",
        number(u64::from(part.gain)),
        signal_name(part.signal)
    )
}

/// "1.84 × 0.80: stars over 2.5, 2.1 now, 0.5 usual": evidence, weight, announcements read, rates. The page says what
/// is what, once.
fn arithmetic(part: &TrendPart) -> String {
    format!(
        "{:.2} × {:.2}: {} over {:.1}, {} now, {} usual",
        part.evidence,
        part.weight,
        signal_name(part.signal),
        part.batches,
        short(part.rate),
        short(part.usual),
    )
}

fn place(trending: &Trending) -> String {
    let field = match trending.field.as_str() {
        "" => "papers without a category",
        field => field,
    };
    format!(
        "Place {} of {} in {field}, age {:.1}",
        trending.place_in_field, trending.field_papers, trending.age_batches
    )
}

/// Two digits that mean something.
pub fn short(rate: f64) -> String {
    match rate {
        r if r >= 9.95 => format!("{r:.0}"),
        r if r >= 0.995 => format!("{r:.1}"),
        r => format!("{r:.2}"),
    }
}

/// A signal's name for people.
pub fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::DailyUpvotes => "Daily Papers up-votes",
        Signal::DailyComments => "Daily Papers comments",
        Signal::Stars => "stars",
        Signal::Votes => "votes here",
        Signal::Saves => "saves here",
        Signal::Comments => "comments here",
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::PaperId;

    use super::*;

    #[test]
    fn a_place_is_told_in_words() {
        let part = |signal, gain, evidence| TrendPart {
            signal,
            gain,
            batches: 2.5,
            rate: 12.3,
            usual: 0.456,
            evidence,
            weight: 0.8,
        };
        let view = TrendView::new(&Trending {
            paper: PaperId(1),
            field: "cs.CL".to_string(),
            score: 1.944,
            parts: vec![
                part(Signal::DailyUpvotes, 1_234, 2.43),
                part(Signal::Stars, 0, 0.0),
            ],
            age_batches: 3.0,
            place_in_field: 2,
            field_papers: 40,
            held_back: true,
        });
        assert_eq!(view.summary, "Trend 1.94: +1,234 Daily Papers up-votes");
        assert_eq!(
            view.lines,
            [
                "2.43 × 0.80: Daily Papers up-votes over 2.5, 12 now, 0.46 usual",
                "Place 2 of 40 in cs.CL, age 3.0",
                "Held back: one signal from elsewhere alone takes none of the first places.",
            ]
        );
    }
}
