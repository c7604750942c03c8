//! General-Level (Fei and others 2025, arXiv 2505.04620).
//!
//! **Claim.** Doing many things well is not yet being a generalist: what counts is synergy, that one ability helps
//! another. Levels that give credit only where a generalist beats a task's best specialist tell synergy from coverage.
//!
//! **Mechanism** (the paper's section 3, `scores` below). With task scores in 0..1, comprehension `C` and generation `G`:
//! level 2 is the mean of both groups' means over all tasks, level 3 the same with a task's score kept only where it
//! reaches the specialist's, level 4 the harmonic mean of level 3's two groups. Level 5 weighs level 4 by language tasks.
//!
//! **Real, on a small scale.** Eight tasks on digits, five of comprehension and three of generation. A generalist is a
//! linear encoder, learnt from all tasks together, that shows most clearly the few directions they need, with a head a
//! task; generalists differ in how many directions that are and in how much they saw. Some are coverage only: an encoder a
//! task, nothing shared. The truth that the paper cannot have is measured here: the same generalist trained anew on each
//! task alone. What it gains from the other tasks is its synergy.
//!
//! **Controls.** The specialists are fixed, as in the paper, trained on one task each with all pixels. The generalists of
//! pure coverage have no synergy by construction. A generalist's heads have the same examples alone and together.

mod generalists;
mod scores;

use anyhow::Result;

use super::agreement::spearman;
use super::items::mean;
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};
use generalists::{COMPREHENSION, TASKS, Workshop};
use scores::{Levels, levels};

static CARD: Card = Card {
    id: "general-level",
    arxiv: "2505.04620",
    title: "On Path to Multimodal Generalist: General-Level and General-Bench",
    family: Family::Evaluation,
    claim: "Giving credit only where a generalist beats the specialists ranks generalists by how much their abilities help \
            one another, better than the average score does.",
    published: "Over 100 multimodal models on 700 tasks: most show no synergy, very few reach level 4, none level 5.",
    baseline: "Level 2: the average score over all tasks.",
    kept: &[
        "Levels 2, 3 and 4: averages, credit against specialists, harmonic mean of comprehension and generation",
        "Fixed specialists, one a task",
    ],
    left_out: &[
        "Multimodal models and General-Bench: eight tasks on digits",
        "Level 5, which weighs by language tasks: there is one kind of data here",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "synergy",
            name: "Spearman with the measured synergy: level 2, level 4",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "wins",
            name: "tasks that sharing helped: of all, of those won against the specialist",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "coverage",
            name: "level 4 of generalists: coverage only, shared",
            unit: "points of 100",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "Level 4 agrees with the measured synergy better than the average does, by 0.2 of Spearman's correlation",
            metric: "synergy",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "A task won against the specialist is a task that sharing helped, more often than any task, by a tenth",
            metric: "wins",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "Generalists that share stand above those that only cover",
            metric: "coverage",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "To beat a specialist a generalist may simply have seen more of the task: winning shows strength, and \
                    synergy only where both learnt from as much.",
    timed: false,
};

/// Levels of small generalists, beside their measured synergy.
pub(super) struct GeneralLevel;

impl Reproduction for GeneralLevel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let workshop = Workshop::open(&mut context.rng(1))?;
        let specialists = workshop.specialists(&mut context.rng(2));
        let count = context.pick(8, 30, 80);
        let (mut found, mut gains, mut helped) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..count {
            context.progress(number as f64 / count as f64, "generalists");
            let shared = number % 3 != 0;
            let made = workshop.generalist(shared, &mut context.rng(100 + number));
            let gain: Vec<f64> = (0..TASKS).map(|t| made.scores[t] - made.alone[t]).collect();
            for task in 0..TASKS {
                helped.push((gain[task] > 0.0, made.scores[task] >= specialists[task]));
            }
            found.push((shared, levels(&made.scores, &specialists, COMPREHENSION)));
            gains.push(mean(gain));
        }
        let of =
            |level: fn(&Levels) -> f64| found.iter().map(|(_, l)| level(l)).collect::<Vec<_>>();
        let level4_of = |kind: bool| {
            let kept = found.iter().filter(|(shared, _)| *shared == kind);
            100.0 * mean(kept.map(|(_, levels)| levels.four))
        };
        let helped_of = |won: bool| {
            let kept = helped.iter().filter(|(_, wins)| *wins || !won);
            mean(kept.map(|(help, _)| f64::from(u8::from(*help))))
        };
        let against = |level: fn(&Levels) -> f64| -> Vec<(f64, f64)> {
            gains.iter().copied().zip(of(level)).collect()
        };
        let plot = Plot::new(
            "synergy",
            "Levels of generalists, and what their tasks gained from each other",
            Axis::linear("measured gain over learning each task alone, in score"),
            Axis::linear("level score, 0 to 1"),
        )
        .points("level 2 (average)", against(|levels| levels.two))
        .points("level 4", against(|levels| levels.four));
        Ok(Trial::new()
            .measured(
                "synergy",
                spearman(&of(|levels| levels.two), &gains),
                spearman(&of(|levels| levels.four), &gains),
            )
            .measured("wins", helped_of(false), helped_of(true))
            .measured("coverage", level4_of(false), level4_of(true))
            .plot(plot))
    }
}
