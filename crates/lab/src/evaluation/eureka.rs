//! Eureka (Balachandran and others 2024, arXiv 2409.10566).
//!
//! **Claim.** One score a model hides where it fails. Results kept by item and reported by slice show weaknesses of single
//! models that the score does not, and an update that scores better still loses items that were right before, which a
//! report must tell apart from answers that change between runs of the same model.
//!
//! **Mechanism** (the paper's sections 3 and 5). Per-item results of all models; a table of models by slices; repeated runs
//! for non-determinism; items gained and lost at an update.
//!
//! **Real and generated.** (1) Six classifiers are trained on 300 pictures of digits, and their items are sliced by digit.
//! Half of the held-out pictures make the report, the other half is what came later. (2) An update of a classifier that
//! answers differently in every run, as its input is noisy: the truth is the majority of 101 runs. (3) Eight simulated
//! systems on twelve slices with eight planted weaknesses, to count what is found and what is alarm without cause.
//!
//! **Controls.** The single score is helped as far as it goes: it knows how hard every slice is for all systems together
//! (`score + difficulty`), so only what is particular to a system is left for the slices. In (3) both reports see slices, and the
//! baseline compares a system's slice with its own mean: that takes hard slices for weaknesses.

mod classifiers;

use anyhow::Result;
use rand::RngExt as _;
use rand::seq::SliceRandom;
use rand_distr::{Distribution as _, Normal};

use super::bradley_terry::chance;
use super::items::{Results, changes, mean};
use super::ridge::{Linear, matrix, one_hot};
use crate::data::{Digits, digits};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "eureka",
    arxiv: "2409.10566",
    title: "Eureka: Evaluating and Understanding Large Foundation Models",
    family: Family::Evaluation,
    claim: "A single score hides where a model fails: reports by slice foretell its weak places, and repeated runs tell \
            what an update broke from what changes by itself.",
    published: "12 models on benchmarks of language and vision: no model is best overall, and updated models lose items \
                that earlier versions had right.",
    baseline: "Each model's single score, corrected for how hard each slice is for all models; losses at an update \
               counted run against run.",
    kept: &[
        "Results by item, tables by slice",
        "Repeated runs for non-determinism",
        "Items gained and lost at an update",
    ],
    left_out: &[
        "The benchmarks and the twelve models: small classifiers of digits, and simulated systems",
        "Judging free text",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "slice-error",
            name: "error in foretelling a classifier's accuracy on a slice",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "found",
            name: "planted weaknesses: F1 of what is reported",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "regressions",
            name: "error of the share of items lost at an update",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "not-best",
            name: "slices not led by the model with the best score (chance: all models equal)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "Slices foretell later slices better than the single score, the error smaller by a factor of 1.2",
            metric: "slice-error",
            expect: Expect::Times(1.2),
        },
        Condition {
            text: "Comparison by slice with the other systems finds planted weaknesses better, F1 by 0.2",
            metric: "found",
            expect: Expect::BetterBy(0.2),
        },
        Condition {
            text: "Less what changes by itself, the count of lost items is nearer the truth, by a factor of 1.5",
            metric: "regressions",
            expect: Expect::Times(1.5),
        },
        Condition {
            text: "The best model by score does not lead one slice in five",
            metric: "not-best",
            expect: Expect::AtLeast(0.2),
        },
    ],
    likely_reason: "A slice of some sixty items is known to four points only; where systems differ less than that between \
                    slices, the single score with the slice's difficulty foretells as well.",
    timed: false,
};

/// Reports by slice, against the single score.
pub(super) struct Eureka;

impl Reproduction for Eureka {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let (report, later) = classified(context);
        let [by_score, by_slice] = foretell(&report, &later);
        context.progress(0.2, "planted weaknesses");
        let [own, peers] = planted(context)?;
        context.progress(0.5, "an update");
        let lost = update(context)?;
        let table = report.table();
        let best = leader(
            &(0..table.len())
                .map(|m| report.overall(m))
                .collect::<Vec<_>>(),
        );
        let led = |slice: usize| leader(&table.iter().map(|row| row[slice]).collect::<Vec<_>>());
        let not_led = (0..report.slices)
            .filter(|&slice| led(slice) != best)
            .count();
        let plot = Plot::new(
            "slices",
            "Accuracy by digit: one score each, many weaknesses",
            Axis::named("digit", (0..10).map(|digit| digit.to_string())),
            Axis::linear("accuracy"),
        );
        let plot = classifiers::NAMES
            .iter()
            .zip(&table)
            .fold(plot, |plot, (name, row)| {
                plot.line(*name, row.iter().enumerate().map(|(s, &y)| (s as f64, y)))
            });
        Ok(Trial::new()
            .measured("slice-error", by_score, by_slice)
            .measured("found", own, peers)
            .measured("regressions", lost.naive, lost.corrected)
            .measured(
                "not-best",
                1.0 - 1.0 / table.len() as f64,
                not_led as f64 / report.slices as f64,
            )
            .plot(plot))
    }
}

/// The first of the greatest values.
fn leader(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

/// All classifiers' results on two halves of pictures that none was trained on.
fn classified(context: &Context<'_>) -> (Results, Results) {
    let (train, held_out) = split(300, &mut context.rng(1));
    let points = classifiers::answers(&train, &held_out)
        .iter()
        .map(|answers| {
            let right = answers.iter().zip(&held_out.labels).map(|(a, l)| a == l);
            right.map(|right| f64::from(u8::from(right))).collect()
        })
        .collect();
    let all = Results {
        slice: held_out.labels.clone(),
        slices: 10,
        points,
    };
    let half = |odd| -> Vec<usize> { (0..held_out.len()).filter(|i| i % 2 == odd).collect() };
    (all.on(&half(0)), all.on(&half(1)))
}

/// So many pictures to train on, and all others.
fn split(train: usize, rng: &mut Rng) -> (Digits, Digits) {
    let mut places: Vec<usize> = (0..digits().len()).collect();
    places.shuffle(rng);
    (digits().at(&places[..train]), digits().at(&places[train..]))
}

/// Mean errors of what the report says of later slices: by score and difficulty, and by the slice itself.
fn foretell(report: &Results, later: &Results) -> [f64; 2] {
    let (seen, truth) = (report.table(), later.table());
    let expected = additive(&seen);
    let error = |said: &[Vec<f64>]| {
        let pairs = said.iter().flatten().zip(truth.iter().flatten());
        mean(pairs.map(|(said, true_)| (said - true_).abs()))
    };
    [error(&expected), error(&seen)]
}

/// What a table would be if systems and slices did not interact: system's mean + slice's mean - mean of all.
fn additive(table: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let slices = table.first().map_or(0, Vec::len);
    let rows: Vec<f64> = table.iter().map(|row| mean(row.iter().copied())).collect();
    let columns: Vec<f64> = (0..slices)
        .map(|slice| mean(table.iter().map(|row| row[slice])))
        .collect();
    let all = mean(rows.iter().copied());
    rows.iter()
        .map(|row| columns.iter().map(|column| row + column - all).collect())
        .collect()
}

const SYSTEMS: usize = 8;
const SLICES: usize = 12;
const ITEMS: usize = 60;
const WEAKNESSES: usize = 8;
/// Below it lie 0.05 % of a normal: one world in twenty has a cell of its 96 reported by chance.
const Z: f64 = -3.29;

/// F1 over many worlds of planted weaknesses: slices against a system's own mean, and against its peers.
fn planted(context: &Context<'_>) -> Result<[f64; 2]> {
    let mut rng = context.rng(2);
    // Hits, reports without cause, of each way.
    let mut counts = [[0.0; 2]; 2];
    let worlds = context.pick(10, 100, 400);
    for _ in 0..worlds {
        let (table, weak) = world(&mut rng)?;
        let peers = additive(&table);
        for (system, row) in table.iter().enumerate() {
            let own = mean(row.iter().copied());
            for (slice, &score) in row.iter().enumerate() {
                let is_weak = usize::from(!weak.contains(&(system, slice)));
                for (way, expected) in [own, peers[system][slice]].into_iter().enumerate() {
                    let p = expected.clamp(0.02, 0.98);
                    let z = (score - p) / (p * (1.0 - p) / ITEMS as f64).sqrt();
                    counts[way][is_weak] += f64::from(u8::from(z < Z));
                }
            }
        }
    }
    let all = (worlds * WEAKNESSES) as f64;
    Ok(counts.map(|[hits, false_]| 2.0 * hits / (hits + false_ + all)))
}

/// A system and a slice.
type Cell = (usize, usize);

/// A table of scores with planted weaknesses: each takes 1.5 from the log odds of being right.
fn world(rng: &mut Rng) -> Result<(Vec<Vec<f64>>, Vec<Cell>)> {
    let ability = Normal::new(1.0, 0.4)?;
    let difficulty = Normal::new(0.0, 0.7)?;
    let abilities: Vec<f64> = (0..SYSTEMS).map(|_| ability.sample(rng)).collect();
    let ease: Vec<f64> = (0..SLICES).map(|_| difficulty.sample(rng)).collect();
    let mut cells: Vec<(usize, usize)> = (0..SYSTEMS)
        .flat_map(|system| (0..SLICES).map(move |slice| (system, slice)))
        .collect();
    cells.shuffle(rng);
    cells.truncate(WEAKNESSES);
    let table = (0..SYSTEMS)
        .map(|system| {
            (0..SLICES)
                .map(|slice| {
                    let weak = f64::from(u8::from(cells.contains(&(system, slice))));
                    let p = chance(abilities[system] + ease[slice] - 1.5 * weak);
                    let right = (0..ITEMS).filter(|_| rng.random_bool(p)).count();
                    right as f64 / ITEMS as f64
                })
                .collect()
        })
        .collect();
    Ok((table, cells))
}

/// How far two counts of lost items are from the truth.
struct Lost {
    naive: f64,
    corrected: f64,
}

/// A classifier that sees its pictures through noise, new in every run, and its update by one trained on more.
fn update(context: &Context<'_>) -> Result<Lost> {
    let mut rng = context.rng(3);
    let (train, held_out) = split(600, &mut rng);
    let few: Vec<usize> = (0..150).collect();
    let fit = |data: &Digits| {
        let aims = one_hot(&data.labels, 10);
        Linear::fit(&matrix(&data.pixels), &aims, 1.0)
    };
    let models = [fit(&train.at(&few)), fit(&train)];
    let items = matrix(&held_out.pixels);
    let noise = Normal::new(0.0, 0.15)?;
    let mut runs = |model: &Linear, times: usize| -> Vec<Vec<f64>> {
        let run = |_| {
            let seen = items.map(|pixel| pixel + noise.sample(&mut rng));
            let answers = model.classes(&seen);
            let right = answers.iter().zip(&held_out.labels).map(|(a, l)| a == l);
            right.map(|right| f64::from(u8::from(right))).collect()
        };
        (0..times).map(run).collect()
    };
    let truth = models
        .each_ref()
        .map(|model| majority(&runs(model, context.pick(21, 101, 301))));
    let truth = changes(&truth[0], &truth[1]).lost;
    // What an evaluation can afford: five runs each.
    let [before, after] = models.each_ref().map(|model| runs(model, 5));
    let naive = mean(before.iter().zip(&after).map(|(b, a)| changes(b, a).lost));
    // A run against the next of the same model: what is lost there was not lost by the update.
    let itself = |runs: &[Vec<f64>]| mean(runs.windows(2).map(|w| changes(&w[0], &w[1]).lost));
    let corrected = naive - (itself(&before) + itself(&after)) / 2.0;
    Ok(Lost {
        naive: (naive - truth).abs(),
        corrected: (corrected - truth).abs(),
    })
}

/// Right or wrong in most runs.
fn majority(runs: &[Vec<f64>]) -> Vec<f64> {
    let items = runs.first().map_or(0, Vec::len);
    (0..items)
        .map(|item| mean(runs.iter().map(|run| run[item])).round())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_interaction_a_table_is_its_own_expectation() {
        let table = vec![vec![0.9, 0.7, 0.5], vec![0.8, 0.6, 0.4]];
        for (found, row) in additive(&table).iter().zip(&table) {
            for (f, v) in found.iter().zip(row) {
                assert!((f - v).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_weakness_is_what_is_particular() {
        // Means 0.8, 0.6 and 0.8, 0.6, all 0.7: the odd cell should have been 0.7.
        let expected = additive(&[vec![0.8, 0.8], vec![0.8, 0.4]]);
        assert!((expected[1][1] - 0.5).abs() < 1e-12);
        assert_eq!(leader(&[0.1, 0.3, 0.3]), 1);
    }

    #[test]
    fn the_majority_of_runs_decides() {
        let runs = [vec![1.0, 0.0], vec![1.0, 1.0], vec![0.0, 0.0]];
        assert_eq!(majority(&runs), [1.0, 0.0]);
    }
}
