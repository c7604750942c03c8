//! Runs a reproduction over its seeds and judges it.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use rayon::prelude::*;

use super::card::Card;
use super::context::{Context, Scale};
use super::outcome::{Outcome, Row};
use super::progress::{Board, Progress};
use super::rule::Verdict;
use super::trial::Trial;
use super::{Reproduction, machine, plot};

/// Runs a paper at a scale, over the seeds from `seed` on, and applies its rule.
///
/// # Errors
/// When a trial fails, leaves out a metric of its card, measures one twice or gives a value that is no finite number.
pub fn run(
    paper: &dyn Reproduction,
    scale: Scale,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Outcome> {
    let card = paper.card();
    let started = Instant::now();
    let seeds = scale.seeds();
    let board = Board::new(progress, seeds as usize);
    let trial = |number: u64| -> Result<Trial> {
        let context = Context {
            scale,
            seed: seed.wrapping_add(number),
            report: board.report(number as usize),
        };
        let trial = paper
            .trial(&context)
            .with_context(|| format!("{} with seed {}", card.id, context.seed))?;
        context.progress(1.0, &format!("seed {} of {seeds}", number + 1));
        Ok(trial)
    };
    // Times measured beside another trial would measure that trial too.
    let trials: Vec<Trial> = if card.timed {
        (0..seeds).map(trial).collect::<Result<_>>()?
    } else {
        (0..seeds)
            .into_par_iter()
            .map(trial)
            .collect::<Result<_>>()?
    };

    let rows = rows(card, &trials)?;
    let conditions = card
        .rule
        .iter()
        .map(|condition| {
            let at = card.metrics.iter().position(|m| m.id == condition.metric);
            let at = at.with_context(|| format!("{} judges no metric of its card", card.id))?;
            Ok(condition.judge(&card.metrics[at], &rows[at]))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Outcome {
        id: card.id.to_owned(),
        scale,
        seed,
        seeds,
        verdict: Verdict::of(&conditions),
        rows,
        conditions,
        plots: plot::mean(trials.into_iter().map(|trial| trial.plots).collect()),
        seconds: started.elapsed().as_secs_f64(),
        machine: machine(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
    })
}

fn rows(card: &Card, trials: &[Trial]) -> Result<Vec<Row>> {
    let known = |id: &str| card.metric(id).is_some();
    if let Some(stray) = trials
        .iter()
        .flat_map(|trial| &trial.measured)
        .find(|measured| !known(measured.metric))
    {
        bail!(
            "{} measured `{}`, which its card does not name",
            card.id,
            stray.metric
        );
    }
    card.metrics
        .iter()
        .map(|metric| {
            let mut baseline = Vec::with_capacity(trials.len());
            let mut method = Vec::with_capacity(trials.len());
            for trial in trials {
                let mut found = trial.measured.iter().filter(|m| m.metric == metric.id);
                let measured = found
                    .next()
                    .with_context(|| format!("{} did not measure `{}`", card.id, metric.id))?;
                ensure!(
                    found.next().is_none(),
                    "{} measured `{}` twice",
                    card.id,
                    metric.id
                );
                ensure!(
                    measured.baseline.is_finite() && measured.method.is_finite(),
                    "{}: `{}` is no number",
                    card.id,
                    metric.id
                );
                baseline.push(measured.baseline);
                method.push(measured.method);
            }
            Ok(Row::of(metric, &baseline, &method))
        })
        .collect()
}
