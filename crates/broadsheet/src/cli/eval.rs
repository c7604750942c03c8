//! `broadsheet eval`: prints how well the engine does on a test collection.

use anyhow::Result;
use search::measure::Estimate;
use serde_json::{Map, Value, json};

use super::table::Table;
use crate::evaluating::{self, Options, Outcome};

/// Evaluates and prints; needs no data folder.
pub(crate) async fn run(options: Options, json: bool) -> Result<()> {
    let outcome = tokio::task::spawn_blocking(move || evaluating::run(&options)).await??;
    if json {
        println!("{}", serde_json::to_string_pretty(&as_json(&outcome))?);
        return Ok(());
    }
    println!(
        "{}, {}: {} queries, {} papers",
        outcome.set,
        evaluating::mode_name(outcome.mode),
        outcome.queries,
        outcome.papers
    );
    let mut table = Table::new(&["measure", "value", "95 % interval"]);
    for (name, figure, digits) in figures(&outcome) {
        table.row(vec![
            name.to_string(),
            format!("{:.digits$}", figure.value),
            format!("{:.digits$} to {:.digits$}", figure.low, figure.high),
        ]);
    }
    table.print()
}

/// The figures by name, with the digits that mean something.
fn figures(outcome: &Outcome) -> [(&'static str, Estimate, usize); 5] {
    [
        ("ndcg@10", outcome.ndcg_at_10, 4),
        ("recall@100", outcome.recall_at_100, 4),
        ("mrr", outcome.mrr, 4),
        ("p50_ms", outcome.p50_ms, 3),
        ("p99_ms", outcome.p99_ms, 3),
    ]
}

/// One object: the figures under their names, and their intervals under the same names in `intervals`.
fn as_json(outcome: &Outcome) -> Value {
    let mut object = Map::new();
    object.insert("set".to_string(), json!(outcome.set));
    object.insert(
        "mode".to_string(),
        json!(evaluating::mode_name(outcome.mode)),
    );
    object.insert("queries".to_string(), json!(outcome.queries));
    object.insert("papers".to_string(), json!(outcome.papers));
    let mut intervals = Map::new();
    for (name, figure, digits) in figures(outcome) {
        let rounded = |value: f64| {
            let unit = 10f64.powi(i32::try_from(digits + 2).unwrap_or(6));
            (value * unit).round() / unit
        };
        object.insert(name.to_string(), json!(rounded(figure.value)));
        intervals.insert(
            name.to_string(),
            json!([rounded(figure.low), rounded(figure.high)]),
        );
    }
    object.insert("intervals".to_string(), Value::Object(intervals));
    Value::Object(object)
}
