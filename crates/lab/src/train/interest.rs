//! The trainer of predicted interest. Read [`run`] first: it is the whole recipe.
//!
//! 1. Papers of the Daily Papers and their up-votes over time are read, up to a day; nothing later is looked at.
//! 2. What is learned is how many votes a paper got beside the others of its day: the logarithm of one more than its
//!    votes, less the mean of that over the day. Days differ in readers, not in taste.
//! 3. A ridge regression on the paper's vector and a few traits of its text. What was long ago counts less.
//! 4. The regression's numbers for papers that it did not learn from, fold by fold, are set beside the places at which
//!    those papers stood: that gives the interval that is shown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use encode::Encoder;
use jiff::civil::Date;
use rayon::prelude::*;
use search::interest::{Knot, Learned, Parts, traits, write};

use super::random::Random;

mod papers;
mod places;
mod ridge;
#[cfg(test)]
mod tests;

use papers::Paper;
use traits::TRAITS;

/// What `train interest` can be told. The defaults are those of the model that ships, chosen on days before it ends.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Daily Papers as JSON lines, and up-votes over time, plain or .zst
    #[arg(long, required = true, num_args = 1..)]
    papers: Vec<PathBuf>,
    /// Where the model goes
    #[arg(long)]
    out: PathBuf,
    /// Papers and readings from this day on are not looked at
    #[arg(long, default_value = "2026-03-01")]
    before: Date,
    /// Decides which weeks are held out together
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much large weights cost
    #[arg(long, default_value_t = 20.0)]
    penalty: f64,
    /// How far one standard deviation of a trait reaches, beside vectors of length 1
    #[arg(long, default_value_t = 0.07)]
    trait_scale: f64,
    /// Days after which a paper counts half
    #[arg(long, default_value_t = 365.0)]
    half_life_days: f64,
}

/// Days of fewer papers say nothing of their order.
const GROUP_MIN: usize = 5;
/// Parts of the weeks that are held out in turn.
const FOLDS: usize = 10;
/// Of those learned from, this share counts as unlike the rest.
const UNFAMILIAR_SHARE: f64 = 0.01;

/// A paper as the regression sees it.
#[derive(Debug)]
struct Example {
    /// Days since 1970-01-01.
    day: i32,
    /// Whether it stood on a day's page, and not only in the archive.
    featured: bool,
    votes: u32,
    vector: Vec<f32>,
    traits: [Option<f64>; TRAITS],
}

/// Learns, reports how well, and writes the model.
pub(crate) fn run(options: &Options) -> Result<()> {
    let papers = papers::read(&options.papers, options.before)?;
    let encoder = Encoder::shipped();
    let examples = examples(&encoder, &papers);
    let parts = learn(&encoder, &examples, options)?;
    let bytes = write(&parts);
    std::fs::write(&options.out, &bytes)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    println!("{} bytes in {}", bytes.len(), options.out.display());
    Ok(())
}

/// Everything but reading and writing: the same examples and options give the same parts.
fn learn(encoder: &Encoder, examples: &[Example], options: &Options) -> Result<Parts> {
    let (examples, targets) = targets(examples);
    ensure!(
        examples.len() > 2 * FOLDS * GROUP_MIN,
        "only {} papers stand on days with at least {GROUP_MIN}: too few to learn from",
        examples.len()
    );
    let scales = scales(&examples);
    let rows: Vec<Vec<f64>> = examples
        .iter()
        .map(|example| row(example, &scales, options.trait_scale))
        .collect();
    let last_day = examples.iter().map(|e| e.day).max().unwrap_or_default();
    let first_day = examples.iter().map(|e| e.day).min().unwrap_or_default();
    let weights: Vec<f64> = examples
        .iter()
        .map(|e| 0.5f64.powf(f64::from(last_day - e.day) / options.half_life_days))
        .collect();
    let whole = ridge::fit(&rows, &targets, &weights, options.penalty)?;
    let numbers = held_out_numbers(&examples, &rows, &targets, &weights, &whole, options)?;
    let standings = places::standings(&examples, &numbers);
    let knots = places::knots(&standings)?;
    report(&examples, &standings, &knots);
    let dim = encoder.dim();
    let (centre, familiar_min) = familiar(&examples, dim);
    let mut learned = [Learned {
        mean: 0.0,
        deviation: 1.0,
        weight: 0.0,
    }; TRAITS];
    for (i, learned) in learned.iter_mut().enumerate() {
        *learned = Learned {
            mean: scales[i].0 as f32,
            deviation: scales[i].1 as f32,
            weight: (whole.weights[dim + i] * options.trait_scale) as f32,
        };
    }
    Ok(Parts {
        encoder: encoder.id().to_string(),
        papers: u32::try_from(examples.len())?,
        first_day,
        last_day,
        weights: whole.weights[..dim].iter().map(|w| *w as f32).collect(),
        centre,
        familiar_min,
        traits: learned,
        knots,
    })
}

fn examples(encoder: &Encoder, papers: &[Paper]) -> Vec<Example> {
    papers
        .par_iter()
        .map(|paper| {
            let mut vector = vec![0.0; encoder.dim()];
            encoder.encode_paper(&paper.title, &paper.text, &mut vector);
            let waited = paper.submitted_day.map(|day| f64::from(paper.day - day));
            Example {
                day: paper.day,
                featured: paper.featured,
                votes: paper.votes,
                vector,
                traits: traits::of(&paper.title, &paper.text, waited),
            }
        })
        .collect()
}

/// The examples of days with enough papers, each with its target.
fn targets(examples: &[Example]) -> (Vec<&Example>, Vec<f64>) {
    let mut groups: BTreeMap<(i32, bool), Vec<&Example>> = BTreeMap::new();
    for example in examples {
        let group = groups.entry((example.day, example.featured)).or_default();
        group.push(example);
    }
    let mut kept = Vec::new();
    let mut targets = Vec::new();
    for group in groups.into_values().filter(|g| g.len() >= GROUP_MIN) {
        let logs: Vec<f64> = group.iter().map(|e| f64::from(e.votes).ln_1p()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        targets.extend(logs.iter().map(|log| log - mean));
        kept.extend(group);
    }
    (kept, targets)
}

/// Mean and standard deviation of each trait where it is known.
fn scales(examples: &[&Example]) -> [(f64, f64); TRAITS] {
    std::array::from_fn(|i| {
        let known: Vec<f64> = examples.iter().filter_map(|e| e.traits[i]).collect();
        let count = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / count;
        let variance = known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        // A trait that is the same everywhere weighs nothing, whatever it is divided by.
        (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
    })
}

/// The vector, and the traits in standard deviations.
fn row(example: &Example, scales: &[(f64, f64); TRAITS], trait_scale: f64) -> Vec<f64> {
    let vector = example.vector.iter().map(|x| f64::from(*x));
    let traits = example
        .traits
        .iter()
        .zip(scales)
        .map(|(value, (mean, deviation))| {
            value.map_or(0.0, |value| (value - mean) / deviation * trait_scale)
        });
    vector.chain(traits).collect()
}

/// For each example the number of a regression that did not see its week. All are brought to the whole one's level.
fn held_out_numbers(
    examples: &[&Example],
    rows: &[Vec<f64>],
    targets: &[f64],
    weights: &[f64],
    whole: &ridge::Fit,
    options: &Options,
) -> Result<Vec<f64>> {
    let folds = folds(examples, options.seed);
    let fits: Vec<ridge::Fit> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let seen: Vec<f64> = weights
                .iter()
                .zip(&folds)
                .map(|(weight, of)| if *of == fold { 0.0 } else { *weight })
                .collect();
            ridge::fit(rows, targets, &seen, options.penalty)
        })
        .collect::<Result<_>>()?;
    let number = |(row, fold): (&Vec<f64>, &usize)| {
        fits[*fold].number(row) - fits[*fold].level + whole.level
    };
    Ok(rows.iter().zip(&folds).map(number).collect())
}

/// Which fold each example's week is in: neighbouring days share papers' topics, so weeks go together.
fn folds(examples: &[&Example], seed: u64) -> Vec<usize> {
    let week = |example: &Example| example.day.div_euclid(7);
    let mut weeks: Vec<i32> = examples.iter().map(|e| week(e)).collect();
    weeks.sort_unstable();
    weeks.dedup();
    let mut random = Random::new(seed);
    for end in (1..weeks.len()).rev() {
        weeks.swap(end, random.below(end + 1));
    }
    let fold: BTreeMap<i32, usize> = weeks
        .iter()
        .enumerate()
        .map(|(i, w)| (*w, i % FOLDS))
        .collect();
    examples.iter().map(|e| fold[&week(e)]).collect()
}

/// The mean direction of the vectors, and the cosine below which a text is unlike them.
fn familiar(examples: &[&Example], dim: usize) -> (Vec<f32>, f32) {
    let mut sum = vec![0.0f64; dim];
    for example in examples {
        for (sum, x) in sum.iter_mut().zip(&example.vector) {
            *sum += f64::from(*x);
        }
    }
    let length = sum
        .iter()
        .map(|x| x * x)
        .sum::<f64>()
        .sqrt()
        .max(f64::MIN_POSITIVE);
    let centre: Vec<f32> = sum.iter().map(|x| (x / length) as f32).collect();
    let cosine = |example: &&Example| -> f64 {
        let pairs = centre.iter().zip(&example.vector);
        pairs.map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    };
    let mut cosines: Vec<f64> = examples.iter().map(cosine).collect();
    cosines.sort_unstable_by(f64::total_cmp);
    let place = (cosines.len() as f64 * UNFAMILIAR_SHARE) as usize;
    (centre, cosines[place.min(cosines.len() - 1)] as f32)
}

fn report(examples: &[&Example], standings: &[places::Standing], knots: &[Knot]) {
    println!("{} papers learned from", examples.len());
    println!(
        "held out by week: rank correlation within days {:.3}, four in five places meant hold {:.1} % of {} papers",
        places::correlation(standings),
        100.0 * places::coverage(standings, knots),
        standings.len()
    );
    for knot in knots {
        println!(
            "number {:+.3}: places {:.0} to {:.0}, middle {:.0}",
            knot.number, knot.low, knot.high, knot.middle
        );
    }
}
