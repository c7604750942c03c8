//! `broadsheet eval-trending`: how well rankings foretell what readers will turn to.
//!
//! On each evening of the test days papers are ranked by what was known, and the order is held against what came of
//! it. Three kinds of cases: the day's papers before anybody voted, the day's papers by the votes of the day, and,
//! as the trending page has it, the papers of the last week or month by all votes so far. Nothing of the test days
//! decides how is ranked: what is usual is fitted each evening from readings before it, as the server does each
//! night, and the model of predicted interest learned from earlier days alone.

mod cases;
mod rankers;
mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use domain::hit::SignalHistory;
use encode::Encoder;
use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate};
use search::interest::Model;
use search::measure::{self, Estimate};

use cases::{Case, Kind, cases, history};
use rankers::{OURS, RANDOM};
use reading::Files;

/// nDCG looks at so many.
pub(crate) const DEPTH: usize = 5;
/// By how much ours is meant to be better than the best other, with signals.
pub(crate) const GOAL: f64 = 0.10;
/// Random orders of each day, whose mean is what knowing nothing is worth.
const RANDOM_ORDERS: u64 = 20;
/// Where the resampling begins; any number does, as long as it stays.
const SEED: u64 = 20_261_123;
/// Readings before the evening from which is fitted what is usual, with a weekend's slack.
const KNOWN_DAYS: i64 = 100;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) files: Vec<PathBuf>,
    /// The first test day.
    pub(crate) split: Date,
    /// The day after the last test day.
    pub(crate) until: Option<Date>,
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) split: Date,
    pub(crate) until: Date,
    /// Papers with a day.
    pub(crate) papers: usize,
    /// Papers without, left out.
    pub(crate) without_day: usize,
    pub(crate) sets: Vec<Set>,
    pub(crate) sureness: Option<Sureness>,
    pub(crate) other_site: Option<OtherSite>,
}

/// How far the intervals of predicted interest hold.
#[derive(Debug)]
pub(crate) struct Sureness {
    /// Papers of the test days for which there is a prediction.
    pub(crate) papers: usize,
    /// Papers unlike those that were learned from.
    pub(crate) unfamiliar: usize,
    /// The share of the papers that stood within their interval, which is meant for four in five.
    pub(crate) held: Estimate,
}

/// One kind of cases.
#[derive(Debug)]
pub(crate) struct Set {
    /// `none`, `early`, `week`, `month`.
    pub(crate) name: &'static str,
    /// What it is, in words.
    pub(crate) what: &'static str,
    /// Days with papers on which too few had a known outcome.
    pub(crate) days_left_out: usize,
    /// Papers ranked, over all days.
    pub(crate) papers: usize,
    pub(crate) days: Vec<Day>,
    pub(crate) methods: Vec<Method>,
    /// The best other ranker by nDCG.
    pub(crate) best_other: &'static str,
    /// By how much ours is better than the best other: a share of the other's nDCG.
    pub(crate) lead: Estimate,
}

impl Set {
    /// Whether our interval of nDCG lies above those of knowing nothing and of recency.
    pub(crate) fn apart(&self) -> bool {
        let below = |name: &str| {
            let method = self.methods.iter().find(|method| method.name == name);
            method.is_none_or(|method| method.ndcg.high < self.methods[0].ndcg.low)
        };
        below(RANDOM) && below("recency") && below("submitted")
    }
}

/// One ranker over all days.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) ndcg: Estimate,
    pub(crate) spearman: Estimate,
}

/// One day.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) day: Date,
    pub(crate) papers: usize,
    /// nDCG and Spearman of each ranker, in the order of the set's methods.
    pub(crate) figures: Vec<(f64, f64)>,
    /// Ids of our first five, and of the five that were.
    pub(crate) ours: Vec<String>,
    pub(crate) truth: Vec<String>,
}

/// How another site's trending list does on the same days.
#[derive(Debug)]
pub(crate) struct OtherSite {
    /// Days on which there is such a list and a case of the week.
    pub(crate) days: usize,
    /// Of its first five, how many were among the week's papers at all, as a share.
    pub(crate) among_candidates: f64,
    pub(crate) theirs: Estimate,
    pub(crate) ours: Estimate,
}

/// Evaluates.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let files = reading::read(&options.files)?;
    let last = files.papers.iter().map(|paper| paper.day).max();
    let end = last.map_or(options.split, |day| day.saturating_add(1.day()));
    let until = options.until.map_or(end, |until| until.min(end));
    if options.split >= until {
        bail!(
            "there are no test days: papers end before {}; --split takes another day",
            options.split
        );
    }
    let kinds = [
        (
            "none",
            "papers of the day before anybody voted, by their text",
            Kind::None,
        ),
        ("early", "papers of the day, by its own votes", Kind::Early),
        (
            "week",
            "papers of the last 7 days, by all votes so far",
            Kind::Window(7),
        ),
        (
            "month",
            "papers of the last 30 days, by all votes so far",
            Kind::Window(30),
        ),
    ];
    let histories: Vec<SignalHistory> = files.papers.iter().map(history).collect();
    let unlearned = first_unlearned_day();
    let mut sets = Vec::new();
    let mut other_site = None;
    let mut sureness = None;
    for (name, what, kind) in kinds {
        // What the model learned from is no test of it.
        let first = match kind {
            Kind::None => options.split.max(unlearned),
            Kind::Early | Kind::Window(_) => options.split,
        };
        let (cases, left_out) = cases(&files.papers, first..until, kind);
        if cases.is_empty() {
            continue;
        }
        let set = evaluate(name, what, kind, &cases, &histories, left_out);
        match kind {
            Kind::None => sureness = Some(how_sure(&cases)),
            Kind::Early | Kind::Window(_) => {}
        }
        if kind == Kind::Window(7) {
            other_site = compare(&files, &cases, &set);
        }
        sets.push(set);
    }
    if sets.is_empty() {
        bail!(
            "no day from {} to {until} has enough papers with readings before and after its evening",
            options.split
        );
    }
    Ok(Outcome {
        split: options.split,
        until,
        papers: files.papers.len(),
        without_day: files.without_day,
        sets,
        sureness,
        other_site,
    })
}

/// The first day that the shipped model of predicted interest did not learn from.
fn first_unlearned_day() -> Date {
    let last = i64::from(Model::shipped().parts().last_day);
    Date::constant(1970, 1, 1).saturating_add((last + 1).days())
}

fn evaluate(
    name: &'static str,
    what: &'static str,
    kind: Kind,
    cases: &[Case<'_>],
    histories: &[SignalHistory],
    days_left_out: usize,
) -> Set {
    let names = rankers::names(kind);
    let days: Vec<Day> = cases
        .iter()
        .map(|case| day(case, kind, names, histories))
        .collect();
    let blocks = blocks(&days, kind);
    let estimate = |statistic: &dyn Fn(&[&Day]) -> f64| {
        let blocks: Vec<&[&Day]> = blocks.iter().map(Vec::as_slice).collect();
        measure::bootstrap_blocks(&blocks, statistic, SEED)
    };
    let mean = |days: &[&Day], figure: &dyn Fn(&Day) -> f64| {
        days.iter().map(|day| figure(day)).sum::<f64>() / days.len() as f64
    };
    let methods: Vec<Method> = (0..names.len())
        .map(|i| Method {
            name: names[i],
            ndcg: estimate(&|days| mean(days, &|day| day.figures[i].0)),
            spearman: estimate(&|days| mean(days, &|day| day.figures[i].1)),
        })
        .collect();
    let others = (0..names.len()).filter(|i| names[*i] != OURS);
    let best = others
        .max_by(|i, j| methods[*i].ndcg.value.total_cmp(&methods[*j].ndcg.value))
        .unwrap_or(0);
    let lead = estimate(&|days| {
        mean(days, &|day| day.figures[0].0) / mean(days, &|day| day.figures[best].0) - 1.0
    });
    Set {
        name,
        what,
        days_left_out,
        papers: days.iter().map(|day| day.papers).sum(),
        best_other: names[best],
        lead,
        methods,
        days,
    }
}

/// Holds the intervals of predicted interest against the places at which papers stood.
fn how_sure(cases: &[Case<'_>]) -> Sureness {
    let (model, encoder) = (Model::shipped(), Encoder::shipped());
    let mut held = Vec::new();
    let mut unfamiliar = 0;
    for case in cases {
        for (paper, votes) in case.papers.iter().zip(&case.truth) {
            let Some(interest) = model.of(&encoder, &paper.paper) else {
                unfamiliar += 1;
                continue;
            };
            let below = case.truth.iter().filter(|other| *other < votes).count() as f64;
            let equal = case.truth.iter().filter(|other| *other == votes).count() as f64;
            let place = 100.0 * (below + equal / 2.0) / case.truth.len() as f64;
            let within = (interest.low..=interest.high).contains(&place);
            held.push(f64::from(u8::from(within)));
        }
    }
    Sureness {
        papers: held.len(),
        unfamiliar,
        held: measure::bootstrap(&held, measure::mean, SEED),
    }
}

/// Days that are drawn together: each by itself, or, where neighbouring days rank the same papers, those of a week.
fn blocks(days: &[Day], kind: Kind) -> Vec<Vec<&Day>> {
    let week = |day: &&Day| -> ISOWeekDate { day.day.iso_week_date() };
    let all: Vec<&Day> = days.iter().collect();
    let together = |x: &&Day, y: &&Day| {
        matches!(kind, Kind::Window(_))
            && (week(x).year(), week(x).week()) == (week(y).year(), week(y).week())
    };
    all.chunk_by(together).map(<[&Day]>::to_vec).collect()
}

fn day(case: &Case<'_>, kind: Kind, names: &[&str], histories: &[SignalHistory]) -> Day {
    let mut figures = Vec::with_capacity(names.len());
    let mut ours = Vec::new();
    for name in names {
        figures.push(match *name {
            OURS => {
                let numbers = our_numbers(case, kind, histories);
                ours = first_ids(case, &numbers);
                figure(case, &numbers, 0)
            }
            RANDOM => random(case),
            name => figure(case, &rankers::peer(name, case), 0),
        });
    }
    let truth: Vec<f64> = case.truth.iter().map(|gain| f64::from(*gain)).collect();
    Day {
        day: case.day,
        papers: case.papers.len(),
        figures,
        ours,
        truth: first_ids(case, &truth),
    }
}

fn our_numbers(case: &Case<'_>, kind: Kind, histories: &[SignalHistory]) -> Vec<f64> {
    let days = match kind {
        Kind::None => return rankers::interest(case),
        Kind::Early => 1,
        Kind::Window(days) => days,
    };
    let since = case.day.saturating_sub(KNOWN_DAYS.days());
    let known: Vec<SignalHistory> = histories
        .iter()
        .filter(|h| h.listed >= since && h.listed <= case.day)
        .cloned()
        .collect();
    let ranked: Vec<SignalHistory> = case.papers.iter().map(|paper| history(paper)).collect();
    rankers::trending(case, &known, &ranked, days)
}

/// nDCG and Spearman of an order. Equal numbers come in an order that the day and `seed` draw.
fn figure(case: &Case<'_>, numbers: &[f64], seed: u64) -> (f64, f64) {
    let grades: Vec<u32> = order(case, numbers, seed)
        .into_iter()
        .map(|i| case.truth[i])
        .collect();
    let truth: Vec<f64> = case.truth.iter().map(|gain| f64::from(*gain)).collect();
    (
        measure::ndcg(&grades, &case.truth, DEPTH),
        measure::spearman(numbers, &truth),
    )
}

/// The mean over random orders.
fn random(case: &Case<'_>) -> (f64, f64) {
    let all_equal = vec![0.0; case.papers.len()];
    let orders = 1..=RANDOM_ORDERS;
    let ndcg = orders
        .map(|seed| figure(case, &all_equal, seed).0)
        .sum::<f64>();
    (ndcg / RANDOM_ORDERS as f64, 0.0)
}

fn order(case: &Case<'_>, numbers: &[f64], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    let lot = |i: usize| lot(&case.papers[i].paper.key(), case.day, seed);
    order.sort_by(|i, j| {
        numbers[*j]
            .total_cmp(&numbers[*i])
            .then_with(|| lot(*i).cmp(&lot(*j)))
    });
    order
}

fn first_ids(case: &Case<'_>, numbers: &[f64]) -> Vec<String> {
    let order = order(case, numbers, 0);
    let first = order.into_iter().take(DEPTH);
    first.map(|i| case.papers[i].paper.key()).collect()
}

/// A paper's lot on a day: FNV-1a with SplitMix64's finish, the same on every machine.
fn lot(key: &str, day: Date, seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in key.bytes().chain(day.to_string().bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The other site's lists on the days of the week's cases. Of a paper that is not among the candidates nothing is
/// known, so it gains nothing here.
fn compare(files: &Files, cases: &[Case<'_>], set: &Set) -> Option<OtherSite> {
    let mut theirs = Vec::new();
    let mut ours = Vec::new();
    let (mut among, mut listed) = (0, 0);
    for (case, day) in cases.iter().zip(&set.days) {
        let Some(list) = files.trending.get(&case.day) else {
            continue;
        };
        let truth: BTreeMap<String, u32> = case
            .papers
            .iter()
            .zip(&case.truth)
            .map(|(paper, truth)| (paper.paper.key(), *truth))
            .collect();
        let first = list.iter().take(DEPTH);
        let grades: Vec<u32> = first
            .clone()
            .map(|id| truth.get(id).copied().unwrap_or(0))
            .collect();
        among += first.clone().filter(|id| truth.contains_key(*id)).count();
        listed += first.count();
        theirs.push(measure::ndcg(&grades, &case.truth, DEPTH));
        ours.push(day.figures[0].0);
    }
    (!theirs.is_empty()).then(|| OtherSite {
        days: theirs.len(),
        among_candidates: among as f64 / f64::from(u32::try_from(listed).unwrap_or(1).max(1)),
        theirs: measure::bootstrap(&theirs, measure::mean, SEED),
        ours: measure::bootstrap(&ours, measure::mean, SEED),
    })
}
