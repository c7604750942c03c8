//! `broadsheet eval-trending`: prints how well rankings foretell what readers turn to.

use anyhow::Result;
use search::measure::Estimate;
use serde_json::{Map, Value, json};

use super::table::Table;
use crate::evaluating::trending::{self, DEPTH, GOAL, Options, OtherSite, Outcome, Set, Sureness};

/// Evaluates and prints; needs no data folder.
pub(crate) async fn run(options: Options, json: bool, by_day: bool) -> Result<()> {
    let outcome = tokio::task::spawn_blocking(move || trending::run(&options)).await??;
    if json {
        println!("{}", serde_json::to_string_pretty(&as_json(&outcome))?);
        return Ok(());
    }
    println!(
        "{} featured papers; test days from {} to before {}",
        outcome.papers, outcome.split, outcome.until
    );
    if outcome.without_day > 0 {
        println!(
            "{} papers were featured on no day, so they stand on no day's list and are left out",
            outcome.without_day
        );
    }
    for set in &outcome.sets {
        print_set(set)?;
        if let Some(sureness) = outcome.sureness.as_ref().filter(|_| set.name == "none") {
            print_sureness(sureness);
        }
        if by_day {
            print_days(set)?;
        }
    }
    if let Some(other) = &outcome.other_site {
        print_other_site(other);
    }
    Ok(())
}

fn print_set(set: &Set) -> Result<()> {
    println!("\n{}: {}", set.name, set.what);
    println!("{}", extent(set));
    let mut table = Table::new(&[
        "ranking",
        "nDCG@5",
        "95 % interval",
        "Spearman",
        "95 % interval",
    ]);
    for method in &set.methods {
        let interval = |e: &Estimate| format!("{:.3} to {:.3}", e.low, e.high);
        table.row(vec![
            method.name.to_string(),
            format!("{:.3}", method.ndcg.value),
            interval(&method.ndcg),
            format!("{:.3}", method.spearman.value),
            interval(&method.spearman),
        ]);
    }
    table.print()?;
    println!("{}", verdict(set));
    Ok(())
}

/// "98 days, 1,234 papers; on 20 more days fewer than eight papers were read before and after the evening".
fn extent(set: &Set) -> String {
    let left_out = match set.days_left_out {
        0 => String::new(),
        days => format!(
            "; {days} more days are left out, for too few of their papers were read {}",
            match set.name {
                "none" => "later",
                _ => "both by the evening and later",
            }
        ),
    };
    format!(
        "{} days, {} papers ranked{left_out}",
        set.days.len(),
        set.papers
    )
}

fn verdict(set: &Set) -> String {
    let lead = &set.lead;
    let figures = format!(
        "{:+.1} % against the best other, {} (95 % interval {:+.1} to {:+.1} %)",
        100.0 * lead.value,
        set.best_other,
        100.0 * lead.low,
        100.0 * lead.high
    );
    if set.name == "none" {
        let apart = match set.apart() {
            true => "the intervals lie apart from random's and recency's",
            false => "the intervals do not lie apart from random's and recency's",
        };
        return format!("ours: {figures}; {apart}");
    }
    let goal = match lead.value >= GOAL {
        true => "reached",
        false => "missed",
    };
    format!(
        "ours: {figures}; the goal of {:+.0} % is {goal}",
        100.0 * GOAL
    )
}

fn print_days(set: &Set) -> Result<()> {
    let other = set.methods.iter().position(|m| m.name == set.best_other);
    let mut table = Table::new(&[
        "day",
        "papers",
        "ours",
        set.best_other,
        "our first five",
        "the five that were",
    ]);
    for day in &set.days {
        let figure = |i: usize| format!("{:.3}", day.figures[i].0);
        table.row(vec![
            day.day.to_string(),
            day.papers.to_string(),
            figure(0),
            other.map_or(String::new(), figure),
            day.ours.join(" "),
            day.truth.join(" "),
        ]);
    }
    table.print()
}

fn print_sureness(sureness: &Sureness) {
    println!(
        "predicted places, meant to hold for 80 % of papers, hold for {:.1} % ({:.1} to {:.1} %) of {}; no prediction \
         for {} unlike those that were learned from",
        100.0 * sureness.held.value,
        100.0 * sureness.held.low,
        100.0 * sureness.held.high,
        sureness.papers,
        sureness.unfamiliar
    );
}

fn print_other_site(other: &OtherSite) {
    println!(
        "\nThe lists given as trending elsewhere, on {} days of `week`: {:.0} % of their first {DEPTH} are among the \
         papers of the week; nDCG@5 {:.3} ({:.3} to {:.3}), ours on the same days {:.3} ({:.3} to {:.3})",
        other.days,
        100.0 * other.among_candidates,
        other.theirs.value,
        other.theirs.low,
        other.theirs.high,
        other.ours.value,
        other.ours.low,
        other.ours.high
    );
}

fn as_json(outcome: &Outcome) -> Value {
    let mut sets = Map::new();
    for set in &outcome.sets {
        sets.insert(set.name.to_string(), set_as_json(set));
    }
    let mut object = json!({
        "split": outcome.split.to_string(),
        "until": outcome.until.to_string(),
        "papers": outcome.papers,
        "without_day": outcome.without_day,
        "sets": sets,
    });
    if let Some(sureness) = &outcome.sureness {
        object["predicted_intervals"] = json!({
            "meant": 0.8,
            "held": figure(&sureness.held),
            "papers": sureness.papers,
            "unfamiliar": sureness.unfamiliar,
        });
    }
    if let Some(other) = &outcome.other_site {
        object["given_lists"] = json!({
            "days": other.days,
            "among_candidates": rounded(other.among_candidates),
            "ndcg@5": figure(&other.theirs),
            "ours_ndcg@5": figure(&other.ours),
        });
    }
    object
}

fn set_as_json(set: &Set) -> Value {
    let mut methods = Map::new();
    for method in &set.methods {
        let figures = json!({
            "ndcg@5": rounded(method.ndcg.value),
            "spearman": rounded(method.spearman.value),
            "intervals": {
                "ndcg@5": [rounded(method.ndcg.low), rounded(method.ndcg.high)],
                "spearman": [rounded(method.spearman.low), rounded(method.spearman.high)],
            },
        });
        methods.insert(method.name.to_string(), figures);
    }
    let days = set.days.iter().map(|day| {
        let of = |i: usize| {
            json!({ "ndcg@5": rounded(day.figures[i].0), "spearman": rounded(day.figures[i].1) })
        };
        let mut figures = Map::new();
        for (i, method) in set.methods.iter().enumerate() {
            figures.insert(method.name.to_string(), of(i));
        }
        json!({
            "day": day.day.to_string(),
            "papers": day.papers,
            "methods": figures,
            "ours": day.ours,
            "truth": day.truth,
        })
    });
    let mut object = json!({
        "what": set.what,
        "days": set.days.len(),
        "days_left_out": set.days_left_out,
        "papers": set.papers,
        "methods": methods,
        "best_other": set.best_other,
        "lead": figure(&set.lead),
        "by_day": days.collect::<Vec<_>>(),
    });
    if set.name == "none" {
        object["apart"] = json!(set.apart());
    } else {
        object["goal"] = json!(GOAL);
        object["reached"] = json!(set.lead.value >= GOAL);
    }
    object
}

fn figure(estimate: &Estimate) -> Value {
    json!({
        "value": rounded(estimate.value),
        "interval": [rounded(estimate.low), rounded(estimate.high)],
    })
}

/// Six digits: more would be noise that differs between machines.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
