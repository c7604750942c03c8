//! When a claim holds: written in the card, applied by nobody's judgement.

use serde::{Deserialize, Serialize};

use super::card::{Better, Metric};
use super::estimate::Estimate;
use super::outcome::Row;

/// One thing that must be so for the claim to hold.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Condition {
    /// The condition in words.
    pub text: &'static str,
    /// The id of the metric that it looks at.
    pub metric: &'static str,
    /// What the metric must be.
    pub expect: Expect,
}

/// What a metric must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "bound")]
pub enum Expect {
    /// The method is better than the baseline by at least this, in the metric's unit and its better direction. A
    /// negative bound allows it to be worse by as much.
    BetterBy(f64),
    /// The better side's advantage as a factor: method / baseline where higher is better, baseline / method where
    /// lower is better, is at least this.
    Times(f64),
    /// The method's own value is at least this.
    AtLeast(f64),
    /// The method's own value is at most this.
    AtMost(f64),
}

/// How well a condition is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// The whole interval over seeds meets it.
    Clearly,
    /// The mean meets it, the interval does not.
    OnAverage,
    /// The mean does not meet it.
    Not,
}

/// A condition, and how it came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The condition in words.
    pub text: String,
    /// The quantity that was compared with the bound: difference, factor or value.
    pub quantity: Estimate,
    /// The bound.
    pub bound: f64,
    /// How it came out.
    pub met: Met,
}

/// What is said of a claim after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every condition is clearly met.
    Holds,
    /// The central condition is met at least on average.
    HoldsInPart,
    /// The central condition is not met.
    DoesNotHoldHere,
}

impl Verdict {
    /// The verdict in words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::HoldsInPart => "holds in part",
            Verdict::DoesNotHoldHere => "does not hold here",
        }
    }

    /// The verdict on judged conditions, the central one first.
    pub fn of(judged: &[Judged]) -> Verdict {
        match judged.first().map(|central| central.met) {
            None | Some(Met::Not) => Verdict::DoesNotHoldHere,
            Some(_) if judged.iter().all(|j| j.met == Met::Clearly) => Verdict::Holds,
            Some(_) => Verdict::HoldsInPart,
        }
    }
}

impl Condition {
    /// Looks at a metric's row.
    pub fn judge(&self, metric: &Metric, row: &Row) -> Judged {
        let pairs = row.baseline_values.iter().zip(&row.method_values);
        let (values, bound, at_most): (Vec<f64>, f64, bool) = match self.expect {
            Expect::BetterBy(by) => {
                let sign = match metric.better {
                    Better::Higher => 1.0,
                    Better::Lower => -1.0,
                };
                (pairs.map(|(b, m)| sign * (m - b)).collect(), by, false)
            }
            Expect::Times(factor) => {
                let advantage = |(b, m): (&f64, &f64)| match metric.better {
                    Better::Higher => m / b,
                    Better::Lower => b / m,
                };
                (pairs.map(advantage).collect(), factor, false)
            }
            Expect::AtLeast(bound) => (row.method_values.clone(), bound, false),
            Expect::AtMost(bound) => (row.method_values.clone(), bound, true),
        };
        let quantity = Estimate::of(&values);
        let (mean_ok, all_ok) = if at_most {
            (quantity.mean <= bound, quantity.high <= bound)
        } else {
            (quantity.mean >= bound, quantity.low >= bound)
        };
        let met = match (mean_ok, all_ok) {
            (_, true) => Met::Clearly,
            (true, false) => Met::OnAverage,
            _ => Met::Not,
        };
        Judged {
            text: self.text.to_owned(),
            quantity,
            bound,
            met,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: Metric = Metric {
        id: "error",
        name: "error",
        unit: "",
        better: Better::Lower,
    };

    fn judge(expect: Expect, baseline: &[f64], method: &[f64]) -> Met {
        let condition = Condition {
            text: "less error",
            metric: "error",
            expect,
        };
        condition
            .judge(&ERROR, &Row::of(&ERROR, baseline, method))
            .met
    }

    #[test]
    fn a_clear_gain_is_clearly_met_and_a_loss_is_not() {
        let (worse, better) = ([0.5, 0.51, 0.49], [0.3, 0.31, 0.29]);
        assert_eq!(judge(Expect::BetterBy(0.1), &worse, &better), Met::Clearly);
        assert_eq!(judge(Expect::Times(1.5), &worse, &better), Met::Clearly);
        assert_eq!(judge(Expect::BetterBy(0.1), &better, &worse), Met::Not);
        assert_eq!(judge(Expect::Times(1.5), &better, &worse), Met::Not);
    }

    #[test]
    fn an_unsure_gain_is_met_on_average_only() {
        assert_eq!(
            judge(Expect::BetterBy(0.0), &[0.5, 0.5, 0.5], &[0.3, 0.6, 0.4]),
            Met::OnAverage
        );
    }

    #[test]
    fn what_is_no_number_is_not_met() {
        assert_eq!(
            judge(Expect::BetterBy(0.0), &[0.5, 0.5], &[f64::NAN, 0.1]),
            Met::Not
        );
    }

    #[test]
    fn the_central_condition_decides() {
        let judged = |met| Judged {
            text: String::new(),
            quantity: Estimate::of(&[0.0]),
            bound: 0.0,
            met,
        };
        let verdict =
            |mets: &[Met]| Verdict::of(&mets.iter().map(|&m| judged(m)).collect::<Vec<_>>());
        assert_eq!(verdict(&[Met::Clearly, Met::Clearly]), Verdict::Holds);
        assert_eq!(verdict(&[Met::Clearly, Met::Not]), Verdict::HoldsInPart);
        assert_eq!(verdict(&[Met::OnAverage]), Verdict::HoldsInPart);
        assert_eq!(verdict(&[Met::Not, Met::Clearly]), Verdict::DoesNotHoldHere);
        assert_eq!(verdict(&[]), Verdict::DoesNotHoldHere);
    }
}
