//! `broadsheet eval-trending` on made-up weeks: what it prints, what it refuses, and that it can tell good from bad.

use serde_json::{Value, json};

use crate::program::Home;

/// From Monday the 1st of June 2026 on: day and month.
fn day(n: i64) -> jiff::civil::Date {
    let first: jiff::civil::Date = "2026-06-01".parse().unwrap();
    first.saturating_add(jiff::Span::new().days(n))
}

/// Ten papers on each weekday of four weeks. A paper's votes on its day foretell those of the next ten days, which
/// come ever more slowly; old papers have many votes and gain few.
fn files(home: &Home) -> Vec<String> {
    let (mut papers, mut readings) = (String::new(), String::new());
    for n in (0..28).filter(|n| n % 7 < 5) {
        for place in 0..10_i64 {
            let id = format!("2606.{:05}", 1_000 + n * 10 + place);
            let strength = 1 + (place * 7 + n * 3) % 10;
            let paper = json!({
                "id": id,
                "title": format!("Paper {place} of day {n}"),
                "summary": "We show what is to be shown, and measure what can be measured.",
                "authors": ["Ada Lovelace"],
                "publishedAt": format!("{}T08:00:00.000Z", day(n - 1)),
                "submittedOnDailyAt": format!("{}T00:00:00.000Z", day(n)),
            });
            papers.push_str(&format!("{paper}\n"));
            for later in 0..10 {
                let votes = strength * 40 * (later + 1) / (later + 2);
                let reading = json!({
                    "id": id,
                    "t": format!("{}T00:15:00Z", day(n + later + 1)),
                    "upvotes": votes,
                });
                readings.push_str(&format!("{reading}\n"));
            }
        }
    }
    let packed = zstd::encode_all(papers.as_bytes(), 3).unwrap();
    vec![
        home.file("papers.jsonl.zst", packed),
        home.file("readings.jsonl", readings),
    ]
}

fn args<'a>(files: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["eval-trending"];
    args.extend(files.iter().map(String::as_str));
    args.extend(more);
    args
}

fn ndcg(outcome: &Value, set: &str, method: &str) -> f64 {
    let value = &outcome["sets"][set]["methods"][method]["ndcg@5"];
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no {set} {method}: {outcome}"))
}

#[test]
fn what_foretells_is_told_from_what_does_not() {
    let home = Home::new();
    let files = files(&home);
    let outcome = home.json(&args(&files, &["--split", "2026-06-08", "--json"]));
    assert_eq!(outcome["papers"], 200);
    // Within a day votes foretell all; old papers with many votes mislead in a window.
    assert!(ndcg(&outcome, "early", "ours") > 0.99);
    assert!(ndcg(&outcome, "early", "random") < 0.8);
    assert!(ndcg(&outcome, "week", "ours") > ndcg(&outcome, "week", "votes"));
    assert!(ndcg(&outcome, "month", "ours") > ndcg(&outcome, "month", "votes"));
    assert_eq!(outcome["sets"]["week"]["goal"], 0.1);
    for (name, set) in outcome["sets"].as_object().unwrap() {
        let days = set["by_day"].as_array().unwrap();
        assert_eq!(set["days"], days.len(), "{name}");
        for (method, figures) in set["methods"].as_object().unwrap() {
            for measure in ["ndcg@5", "spearman"] {
                let value = figures[measure].as_f64().unwrap();
                let ends = &figures["intervals"][measure];
                let (low, high) = (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap());
                assert!(
                    low <= value && value <= high,
                    "{name} {method} {measure}: {figures}"
                );
                // The mean is that of the days.
                let sum: f64 = days
                    .iter()
                    .map(|day| day["methods"][method][measure].as_f64().unwrap())
                    .sum();
                assert!((sum / days.len() as f64 - value).abs() < 1e-5);
            }
        }
        assert_eq!(days[0]["ours"].as_array().unwrap().len(), 5);
    }
    let again = home.json(&args(&files, &["--split", "2026-06-08", "--json"]));
    assert_eq!(again, outcome, "the same files give the same figures");
}

#[test]
fn the_table_says_what_was_left_out() {
    let home = Home::new();
    let mut files = files(&home);
    let other = json!({ "id": "2606.00001", "title": "Never featured", "summary": "Nothing.", "publishedAt": "2026-06-02T00:00:00Z" });
    files.push(home.file("more.jsonl", format!("{other}\n")));
    let list: String = (1..=5)
        .map(|rank| {
            let line = json!({ "t": "2026-06-10T10:00:00Z", "rank": rank, "id": format!("2606.{:05}", 1_090 + rank), "upvotes": 0 });
            format!("{line}\n")
        })
        .collect();
    files.push(home.file("given.jsonl", list));
    let out = home.ok(&args(
        &files,
        &["--split", "2026-06-08", "--until", "2026-07-03", "--days"],
    ));
    for words in [
        "200 featured papers; test days from 2026-06-08 to before 2026-06-27",
        "1 papers were featured on no day",
        "early: papers of the day, by its own votes",
        "15 days, 150 papers ranked",
        "hacker-news",
        "the goal of +10 % is ",
        "on 1 days of `week`: 100 % of their first 5 are among",
        "predicted places, meant to hold for 80 % of papers",
        "the five that were",
    ] {
        assert!(out.contains(words), "no `{words}` in {out}");
    }
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let home = Home::new();
    let all = files(&home);
    let check = |files: &[String], more: &[&str], expected: &str| {
        let said = home.fails(&args(files, more), 1);
        assert!(said.contains(expected), "{said}");
    };
    check(
        &all,
        &["--split", "2027-01-01"],
        "--split takes another day",
    );
    check(
        &all[1..],
        &[],
        "none of the files holds papers with the day",
    );
    check(
        &["nowhere.jsonl".to_string()],
        &[],
        "cannot read nowhere.jsonl",
    );
    check(
        &all[..1],
        &["--split", "2026-06-08"],
        "enough papers with readings",
    );
    let said = home.fails(&args(&all, &["--split", "yesterday"]), 2);
    assert!(said.contains("--split"), "{said}");
}
